//! The compare-and-set on branches: at the remote by a push with lease, then here.
//!
//! The remote's answer is what counts. When a push fails, the remote is asked where its branches are, and
//! that decides: somebody else was first, or the branches are where they were to go (the answer was lost,
//! or an earlier run did it), or it refused.
//! Nothing moves here unless the remote has moved. Next: [`super::local`].

use towpath_core::id::CommitId;
use towpath_engine::ports::{BranchUpdate, Published, Repository as _, RepositoryError};

use super::error::GitSaid;
use super::{Git, error, local, read};

const RUN_AGAIN: &str =
    "the remote may have taken it all the same; run again: it is safe, and finds out";

/// Brings branches and tags here. A tag that is here already stays: tags are created and never moved.
pub(super) fn fetch(git: &Git) -> Result<(), RepositoryError> {
    let Some(remote) = &git.remote else { return Ok(()) };
    let what = format!("cannot fetch from {}", git.remote_words(remote));
    // All branches, whatever the clone was configured for: the ledger must not be missed.
    let refspec = format!("+refs/heads/*:refs/remotes/{remote}/*");
    let output = git
        .program
        .remote_call(["fetch", "--no-write-fetch-head", "--no-recurse-submodules", "--prune"])
        .args(["--tags", "--", remote, &refspec])
        .finish(&what)?;
    if output.status.success() || only_tags_kept(&String::from_utf8_lossy(&output.stderr)) {
        return Ok(());
    }
    Err(error::failure(what, &output.stderr))
}

/// Whether all that a fetch refused is to move tags that are here already.
fn only_tags_kept(stderr: &str) -> bool {
    let rejected: Vec<&str> =
        stderr.lines().map(str::trim).filter(|line| line.starts_with("! ")).collect();
    !rejected.is_empty()
        && rejected.iter().all(|line| line.contains("would clobber existing tag"))
        && !stderr.lines().any(|line| line.starts_with("fatal:") || line.starts_with("error:"))
}

pub(super) fn publish(git: &Git, updates: &[BranchUpdate]) -> Result<Published, RepositoryError> {
    for (at, update) in updates.iter().enumerate() {
        if updates[..at].iter().any(|other| other.branch == update.branch) {
            return Err(error::refusal(format!("`{}` is to move twice", update.branch), None));
        }
    }
    if updates.is_empty() {
        return Ok(Published::Done);
    }
    let Some(remote) = &git.remote else { return local::move_branches(git, updates) };
    let published = push(git, remote, updates, TRIES)?;
    if published == Published::Done {
        for update in updates {
            // The remote has moved, and that is the state of record; what cannot follow here stays
            // behind, as after anybody else's push, and the next fetch brings it.
            let _ = track(git, remote, update);
            let _ = follow(git, remote, update);
        }
    }
    Ok(published)
}

/// How long a server's Git may hold the lock of a branch before it is worth asking again.
const LOCKED: std::time::Duration = std::time::Duration::from_millis(200);

/// How often a push is tried while somebody else's holds the lock of a branch.
const TRIES: u32 = 5;

fn push(
    git: &Git,
    remote: &str,
    updates: &[BranchUpdate],
    tries: u32,
) -> Result<Published, RepositoryError> {
    let names: Vec<String> = updates.iter().map(|u| format!("`{}`", u.branch)).collect();
    let what = format!("cannot push {} to {}", names.join(", "), git.remote_words(remote));
    let mut call = git.program.remote_call([
        "push",
        "--porcelain",
        "--no-follow-tags",
        "--recurse-submodules=no",
    ]);
    // One branch is atomic by itself, also at a server that does not know the word.
    if updates.len() > 1 {
        call = call.args(["--atomic"]);
    }
    for BranchUpdate { branch, expected, .. } in updates {
        let expected = expected.as_ref().map_or("", CommitId::as_str);
        call = call.args([format!("--force-with-lease=refs/heads/{branch}:{expected}")]);
    }
    call = call.args(["--", remote]);
    for BranchUpdate { branch, new, .. } in updates {
        let new = new.as_ref().map_or("", CommitId::as_str);
        call = call.args([format!("{new}:refs/heads/{branch}")]);
    }
    let output = call.finish(&what)?;
    if output.status.success() {
        return Ok(Published::Done);
    }
    if error::nothing_was_sent(&output.stderr) {
        return Err(error::failure(what, &output.stderr));
    }

    let report = String::from_utf8_lossy(&output.stdout);
    let rejections = rejections(&report);
    if let Ok(found) = look(git, remote, updates) {
        let mut missing = Vec::new();
        for (update, found) in updates.iter().zip(found) {
            if found == update.new {
                continue;
            }
            if found != update.expected {
                return Ok(Published::Stale { branch: update.branch.clone(), found });
            }
            missing.push(update.clone());
        }
        if missing.is_empty() {
            return Ok(Published::Done);
        }
        if missing.len() < updates.len() {
            return push(git, remote, &missing, tries);
        }
        // Somebody else is at it, and not yet through: what comes of it is not to be guessed.
        if tries > 1 && rejections.iter().any(Rejection::is_a_lock) {
            std::thread::sleep(LOCKED);
            return push(git, remote, updates, tries - 1);
        }
    }
    if let Some(branch) = rejections.iter().find(|r| r.reason == "stale info").and_then(|stale| {
        updates.iter().map(|u| &u.branch).find(|b| stale.to == format!("refs/heads/{b}"))
    }) {
        return Ok(Published::Stale { branch: branch.clone(), found: None });
    }
    Err(refused(what, &rejections, &output.stderr))
}

/// One line of `push --porcelain` about a branch that did not move.
#[derive(Debug, PartialEq, Eq)]
struct Rejection<'a> {
    to: &'a str,
    reason: &'a str,
}

impl Rejection<'_> {
    /// Whether the branch was only locked at that moment.
    fn is_a_lock(&self) -> bool {
        ["failed to update ref", "cannot lock ref", "incorrect old value"]
            .iter()
            .any(|words| self.reason.contains(words))
    }
}

fn rejections(report: &str) -> Vec<Rejection<'_>> {
    let lines = report.lines().filter_map(|line| line.strip_prefix("!\t"));
    lines
        .filter_map(|line| {
            let (refs, summary) = line.split_once('\t')?;
            let (_, to) = refs.rsplit_once(':')?;
            let reason = summary
                .split_once("] (")
                .and_then(|(_, reason)| reason.strip_suffix(')'))
                .unwrap_or(summary);
            Some(Rejection { to, reason })
        })
        .collect()
}

/// Where the remote's branches are, in the order of the updates.
fn look(
    git: &Git,
    remote: &str,
    updates: &[BranchUpdate],
) -> Result<Vec<Option<CommitId>>, RepositoryError> {
    let what = format!("cannot read the branches of {}", git.remote_words(remote));
    let names: Vec<String> = updates.iter().map(|u| format!("refs/heads/{}", u.branch)).collect();
    let listed = git.program.remote_call(["ls-remote", "--", remote]).args(&names).run(&what)?;
    let listed = String::from_utf8_lossy(&listed);
    let find = |name: &String| {
        let line = listed
            .lines()
            .find_map(|line| line.split_once('\t').filter(|(_, found)| found == name));
        line.map(|(id, _)| read::commit_id(id.as_bytes())).transpose()
    };
    names.iter().map(find).collect()
}

/// The error of a push that the remote did not take: its words, and what to do.
fn refused(what: String, rejections: &[Rejection<'_>], stderr: &[u8]) -> RepositoryError {
    let own = rejections.iter().find(|r| !r.reason.starts_with("atomic "));
    let Some(rejection) = own.or(rejections.first()) else {
        let mut error = error::failure(what, stderr);
        error.hint.get_or_insert_with(|| RUN_AGAIN.to_owned());
        return error;
    };
    let reason = rejection.reason;
    let hint = if reason.contains("currently checked out") {
        "the remote has a work tree with this branch checked out: push to a bare repository"
    } else if reason.contains("non-fast-forward") || reason.contains("deletion prohibited") {
        "the remote forbids this kind of move for this branch"
    } else if reason.contains("declined") || reason.contains("protected") {
        "the remote's rules do not let you push here: propose the change as a pull request, or ask for the right"
    } else if rejection.is_a_lock() {
        "another push holds the branch at the remote, or left its lock there; run again"
    } else {
        "see what the remote says, and its log"
    };
    let stderr = String::from_utf8_lossy(stderr);
    let said = stderr
        .lines()
        .filter_map(|line| line.strip_prefix("remote:"))
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(5);
    let said: Vec<&str> = std::iter::once(reason).chain(said).collect();
    RepositoryError {
        message: what,
        hint: Some(hint.to_owned()),
        source: Some(GitSaid(error::redact(&said.join("; "))).into()),
    }
}

/// Notes where the remote's branch is now. Git does so by itself where the clone is configured for it.
fn track(git: &Git, remote: &str, update: &BranchUpdate) -> Result<(), RepositoryError> {
    let name = format!("refs/remotes/{remote}/{}", update.branch);
    let found = read::reference(git, &name)?;
    if found == update.new {
        return Ok(());
    }
    let what = format!("cannot move {name}");
    let old = found.as_ref().map_or("", CommitId::as_str);
    let call = match &update.new {
        Some(new) => git.program.call(["update-ref", "--", &name, new.as_str(), old]),
        None => git.program.call(["update-ref", "-d", "--", &name, old]),
    };
    call.run(&what).map(drop)
}

/// Brings the local branch along where that loses nothing.
fn follow(git: &Git, remote: &str, update: &BranchUpdate) -> Result<(), RepositoryError> {
    let branch = &update.branch;
    let here = git.local_tip(branch)?;
    let checked_out = local::is_checked_out(git, branch)?;
    let moves = match (&here, &update.new) {
        (Some(here), Some(new)) => {
            here != new
                && (git.is_ancestor(here, new)?
                    || (!checked_out && Some(here) == update.expected.as_ref()))
        }
        // A branch of somebody else's that was never here is not needed here either.
        (None, Some(_)) => update.expected.is_none(),
        (Some(here), None) => Some(here) == update.expected.as_ref() && !checked_out,
        (None, None) => false,
    };
    if !moves {
        return Ok(());
    }
    let step = BranchUpdate { branch: branch.clone(), expected: here, new: update.new.clone() };
    if local::move_branches(git, std::slice::from_ref(&step))? != Published::Done {
        return Ok(());
    }
    let section = format!("branch.{branch}");
    match (&step.expected, &step.new) {
        (None, Some(_)) => {
            let what = format!("cannot set the upstream of `{branch}`");
            let set = |key: &str, value: &str| {
                git.program.call(["config", &format!("{section}.{key}"), value]).run(&what)
            };
            set("remote", remote)?;
            set("merge", &format!("refs/heads/{branch}"))?;
        }
        (_, None) => {
            let what = format!("cannot forget the upstream of `{branch}`");
            git.program.call(["config", "--remove-section", &section]).finish(&what)?;
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_of_a_push_is_read() {
        let report = "To /srv/x.git\n!\t1:refs/heads/a\t[rejected] (stale info)\n!\t:refs/heads/b\t[remote rejected] (pre-receive hook declined)\n=\t2:refs/heads/c\t[up to date]\nDone\n";
        let found = rejections(report);
        let found: Vec<(&str, &str)> = found.iter().map(|r| (r.to, r.reason)).collect();
        assert_eq!(
            found,
            [("refs/heads/a", "stale info"), ("refs/heads/b", "pre-receive hook declined")]
        );
    }

    #[test]
    fn a_tag_that_would_move_does_not_fail_a_fetch() {
        let kept = " ! [rejected]        v1         -> v1  (would clobber existing tag)\n";
        assert!(only_tags_kept(&format!("From /srv/x\n{kept}")));
        assert!(!only_tags_kept(&format!("{kept} ! [rejected] main -> main (non-fast-forward)\n")));
        assert!(!only_tags_kept(&format!("{kept}fatal: early EOF\n")));
        assert!(!only_tags_kept(""));
    }
}
