//! Moves branches of this repository, all or none, and takes along the work trees that have them.
//!
//! References are locked first (`update-ref` in its prepared state), then the files follow, then the
//! references move: at no moment does another Git see a branch whose files do not match. Changes of the
//! user's in a file that would be written stop the move before it begins.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::PathBuf;

use towpath_core::id::{BranchName, CommitId};
use towpath_engine::ports::{BranchUpdate, Published, RepositoryError};

use super::command::{Running, cannot_run};
use super::{Git, error, read};

const WHAT: &str = "cannot move the branches of this repository";

/// A work tree that must follow its branch.
struct Follower<'a> {
    folder: PathBuf,
    from: Option<&'a CommitId>,
    to: &'a CommitId,
}

/// Moves local branches as compare-and-set.
pub(super) fn move_branches(
    git: &Git,
    updates: &[BranchUpdate],
) -> Result<Published, RepositoryError> {
    let steps = match steps(git, updates)? {
        Ok(steps) => steps,
        Err(stale) => return Ok(stale),
    };
    let followers = followers(git, &steps)?;
    let transaction = match prepare(git, &steps) {
        Ok(transaction) => transaction,
        // Somebody may have moved one since we looked; that is not a failure.
        Err(error) => return self::steps(git, updates)?.map_or_else(Ok, |_| Err(error)),
    };
    let mut done: Vec<&Follower<'_>> = Vec::new();
    for follower in &followers {
        if let Err(error) = follow(git, follower, false) {
            undo(git, &done);
            return Err(error);
        }
        done.push(follower);
    }
    if let Err(error) = commit(transaction) {
        undo(git, &done);
        return Err(error);
    }
    Ok(Published::Done)
}

/// The moves that are left to be made, or the first branch that is neither where it must be nor where it
/// goes. A branch that has arrived stays among the steps, to be held there.
fn steps(
    git: &Git,
    updates: &[BranchUpdate],
) -> Result<Result<Vec<BranchUpdate>, Published>, RepositoryError> {
    let mut steps = Vec::with_capacity(updates.len());
    for BranchUpdate { branch, expected, new } in updates {
        let found = read::reference(git, &format!("refs/heads/{branch}"))?;
        if found != *expected && found != *new {
            return Ok(Err(Published::Stale { branch: branch.clone(), found }));
        }
        steps.push(BranchUpdate { branch: branch.clone(), expected: found, new: new.clone() });
    }
    Ok(Ok(steps))
}

/// The work trees of this repository that have a branch checked out, born or not.
fn work_trees(git: &Git) -> Result<Vec<(PathBuf, String)>, RepositoryError> {
    let listed =
        git.program.call(["worktree", "list", "--porcelain"]).run("cannot list the work trees")?;
    let mut trees = Vec::new();
    let mut folder = None;
    for line in listed.split(|b| *b == b'\n') {
        if let Some(path) = line.strip_prefix(b"worktree ") {
            folder = Some(super::os_path(path));
        } else if let Some(branch) = line.strip_prefix(b"branch refs/heads/")
            && let Some(folder) = folder.take().filter(|folder| folder.is_dir())
        {
            trees.push((folder, String::from_utf8_lossy(branch).into_owned()));
        }
    }
    Ok(trees)
}

/// Whether any work tree has the branch checked out.
pub(super) fn is_checked_out(git: &Git, branch: &BranchName) -> Result<bool, RepositoryError> {
    Ok(work_trees(git)?.iter().any(|(_, name)| name == branch.as_str()))
}

/// Which work trees must follow; an error where one cannot.
fn followers<'a>(
    git: &Git,
    updates: &'a [BranchUpdate],
) -> Result<Vec<Follower<'a>>, RepositoryError> {
    let mut followers = Vec::new();
    for (folder, branch) in work_trees(git)? {
        let Some(update) = updates
            .iter()
            .find(|update| update.branch.as_str() == branch && update.expected != update.new)
        else {
            continue;
        };
        let Some(to) = &update.new else {
            return Err(error::refusal(
                format!("cannot delete `{branch}`: it is checked out in {}", folder.display()),
                Some("check out another branch there first"),
            ));
        };
        let follower = Follower { folder, from: update.expected.as_ref(), to };
        let blocking = in_the_way(git, &follower)?;
        if !blocking.is_empty() {
            return Err(error::refusal(
                format!(
                    "cannot move `{branch}`: {} has changes of yours in {}",
                    follower.folder.display(),
                    blocking.join(", ")
                ),
                Some("commit or stash them, then run again"),
            ));
        }
        followers.push(follower);
    }
    Ok(followers)
}

/// The tree that a branch without a commit starts from.
fn start(git: &Git, from: Option<&CommitId>) -> Result<String, RepositoryError> {
    match from {
        Some(commit) => Ok(commit.as_str().to_owned()),
        None => {
            let empty = git.program.call(["mktree"]).input([]).run(WHAT)?;
            Ok(read::commit_id(&empty)?.as_str().to_owned())
        }
    }
}

/// The files of the user's that the move would write over: changed, staged, untracked or ignored.
fn in_the_way(git: &Git, follower: &Follower<'_>) -> Result<Vec<String>, RepositoryError> {
    let from = start(git, follower.from)?;
    let listed = git
        .program
        .call(["diff-tree", "-r", "-z", "--no-renames", "--name-status"])
        .args([from.as_str(), follower.to.as_str()])
        .run(WHAT)?;
    let listed = String::from_utf8_lossy(&listed);
    let mut touched = BTreeSet::new();
    let mut added = Vec::new();
    let mut fields = listed.split('\0');
    while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
        touched.insert(path);
        if status == "A" {
            added.push(path);
        }
    }
    let dirty = read::dirty(git, &follower.folder, "all")?;
    let mut blocking: BTreeSet<String> =
        dirty.into_iter().filter(|path| touched.contains(path.as_str())).collect();
    // Git itself would write over an ignored file without a word.
    for path in added {
        let mut names = path.match_indices('/').map(|(at, _)| &path[..at]);
        let is_no_folder = |name: &str| {
            let found = follower.folder.join(name).symlink_metadata();
            found.is_ok_and(|found| !found.is_dir())
        };
        let above = names.find(|name| !touched.contains(name) && is_no_folder(name));
        let there = above.or_else(|| is_no_folder(path).then_some(path));
        blocking.extend(there.map(str::to_owned));
    }
    Ok(blocking.into_iter().collect())
}

/// Brings index and files of a work tree from one commit to the other, or back.
/// Git checks everything before it writes anything, and keeps changes in other files.
fn follow(git: &Git, follower: &Follower<'_>, back: bool) -> Result<(), RepositoryError> {
    let what = format!("cannot bring the work tree {} along", follower.folder.display());
    let (mut from, mut to) = (start(git, follower.from)?, follower.to.as_str().to_owned());
    if back {
        std::mem::swap(&mut from, &mut to);
    }
    // Files that were touched and are the same must not count as changed; how many were is no matter.
    git.program.call(["update-index", "-q", "--refresh"]).dir(&follower.folder).finish(&what)?;
    git.program
        .call(["read-tree", "-m", "-u", from.as_str(), to.as_str()])
        .dir(&follower.folder)
        .run(&what)?;
    Ok(())
}

fn undo(git: &Git, done: &[&Follower<'_>]) {
    for follower in done {
        // The first error is the one to report; what cannot be undone shows as a change of the user's.
        let _ = follow(git, follower, true);
    }
}

/// Locks the references and checks them, without moving any.
fn prepare(git: &Git, updates: &[BranchUpdate]) -> Result<Running, RepositoryError> {
    let mut input = b"start\0".to_vec();
    for BranchUpdate { branch, expected, new } in updates {
        let text = match (expected, new) {
            (Some(old), Some(new)) => format!("update refs/heads/{branch}\0{new}\0{old}\0"),
            (None, Some(new)) => format!("create refs/heads/{branch}\0{new}\0"),
            (Some(old), None) => format!("delete refs/heads/{branch}\0{old}\0"),
            (None, None) => format!("verify refs/heads/{branch}\0\0"),
        };
        input.extend_from_slice(text.as_bytes());
    }
    input.extend_from_slice(b"prepare\0");
    let mut running = git
        .program
        .call(["update-ref", "-m", "towpath: publish", "-z", "--stdin"])
        .input([])
        .start(WHAT)?;
    say(&mut running, &input)?;
    match (running.line().as_deref(), running.line().as_deref()) {
        (Some("start: ok"), Some("prepare: ok")) => Ok(running),
        _ => {
            running.end(WHAT)?;
            Err(error::refusal(format!("{WHAT}: git would not lock them"), None))
        }
    }
}

fn commit(mut running: Running) -> Result<(), RepositoryError> {
    say(&mut running, b"commit\0")?;
    let answer = running.line();
    running.end(WHAT)?;
    match answer.as_deref() {
        Some("commit: ok") => Ok(()),
        _ => Err(error::refusal(format!("{WHAT}: git did not say that it has"), None)),
    }
}

fn say(running: &mut Running, words: &[u8]) -> Result<(), RepositoryError> {
    match &mut running.stdin {
        // When Git has ended early, its own words are better than "broken pipe"; they come with the answer.
        Some(stdin) => match stdin.write_all(words).and_then(|()| stdin.flush()) {
            Err(source) if source.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(cannot_run(WHAT, source))
            }
            _ => Ok(()),
        },
        None => Ok(()),
    }
}
