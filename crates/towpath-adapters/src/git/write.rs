//! Writes objects that no reference names yet: a commit, and the tree of a merge.
//!
//! A commit is built in an index of its own, in a temporary folder; the user's index, work tree and
//! references stay as they are. Contents are stored byte by byte: no filter, no line-end conversion.

use std::collections::{BTreeMap, BTreeSet};

use towpath_core::id::{CommitId, RepoPath};
use towpath_engine::ports::{FileMode, Merge, NewCommit, Repository, RepositoryError, TreeChange};

use super::command::{Call, cannot_run};
use super::{Git, error, objects, read};

/// The first Git that merges without a work tree.
const MERGE_TREE_SINCE: (u32, u32) = (2, 38);

/// What becomes of one path: the change that writes it, or nothing.
type Outcome = BTreeMap<Vec<u8>, Option<usize>>;

pub(super) fn write(git: &Git, commit: &NewCommit) -> Result<CommitId, RepositoryError> {
    let what = "cannot write a commit";
    // Asked first, so that a user without a name leaves no loose objects behind.
    git.program.call(["var", "GIT_COMMITTER_IDENT"]).run(what)?;

    let listed = match &commit.base {
        Some(base) => objects::list_tree(git, base)?,
        None => Vec::new(),
    };
    let before: BTreeSet<&[u8]> = objects::raw_entries(&listed)
        .map(|entry| entry.map(|entry| entry.path))
        .collect::<Result<_, _>>()?;
    let outcome = outcome(&before, &commit.changes)?;
    refuse_case_clashes(&before, &outcome)?;

    let scratch = tempfile::Builder::new()
        .prefix("towpath-")
        .tempdir()
        .map_err(|source| cannot_run("cannot make a temporary folder", source))?;
    let index = scratch.path().join("index");
    let in_index = |args: &[&str]| -> Call {
        git.program
            .call(["-c", "core.splitIndex=false", "-c", "core.sparseCheckout=false"])
            .args(args)
            .env("GIT_INDEX_FILE", &index)
    };
    match &commit.base {
        Some(base) => in_index(&["read-tree", base.as_str()]).run(what)?,
        None => in_index(&["read-tree", "--empty"]).run(what)?,
    };
    let blobs = write_blobs(git, &commit.changes, &outcome, scratch.path())?;
    let info = index_info(&commit.changes, &outcome, &blobs, object_name_length(git)?);
    if !info.is_empty() {
        in_index(&["update-index", "-z", "--add", "--index-info"]).input(info).run(what)?;
    }
    let tree = in_index(&["write-tree"]).run(what)?;
    let tree = read::commit_id(&tree)?;

    let mut call = git.program.call(["-c", "i18n.commitEncoding=UTF-8", "commit-tree"]);
    let signed = git.signs || signs(git)?;
    if signed {
        call = call.args(["-S"]);
    }
    for parent in &commit.parents {
        call = call.args(["-p", parent.as_str()]);
    }
    let call = call.args(["-F", "-", tree.as_str()]).input(commit.message.as_str());
    let output = call.finish(what)?;
    if output.status.success() {
        return read::commit_id(&output.stdout);
    }
    Err(if signed {
        error::signing_failure(&output.stderr)
    } else {
        error::failure(what, &output.stderr)
    })
}

/// Whether the user wants commits signed; `commit-tree` does not look by itself.
fn signs(git: &Git) -> Result<bool, RepositoryError> {
    let output = git
        .program
        .call(["config", "--type=bool", "--get", "commit.gpgSign"])
        .finish("cannot read `commit.gpgSign`")?;
    match output.status.code() {
        Some(0) => Ok(output.stdout == b"true\n"),
        Some(1) => Ok(false),
        _ => Err(error::failure("cannot read `commit.gpgSign`", &output.stderr)),
    }
}

fn object_name_length(git: &Git) -> Result<usize, RepositoryError> {
    let what = "cannot read the object format";
    let format = git.program.call(["rev-parse", "--show-object-format"]).run(what)?;
    Ok(if format == b"sha256\n" { 64 } else { 40 })
}

/// Applies the changes in their order, and says what becomes of every path that one of them touches.
fn outcome(before: &BTreeSet<&[u8]>, changes: &[TreeChange]) -> Result<Outcome, RepositoryError> {
    let mut outcome = Outcome::new();
    let refuse = |path: &RepoPath, why: &str| {
        Err(error::refusal(format!("cannot write a commit: {path} {why}"), None))
    };
    for (number, change) in changes.iter().enumerate() {
        match change {
            TreeChange::Put { path, mode, .. } => {
                if *mode == FileMode::Submodule {
                    return refuse(path, "would be a submodule");
                }
                if !below(before, &outcome, path).is_empty() {
                    return refuse(path, "is a folder");
                }
                let mut folder = path.parent();
                while !folder.is_root() {
                    if is_file(before, &outcome, folder.as_str().as_bytes()) {
                        return refuse(path, "would be inside of a file");
                    }
                    folder = folder.parent();
                }
                outcome.insert(path.as_str().into(), Some(number));
            }
            TreeChange::Remove { path } => {
                let mut gone = below(before, &outcome, path);
                if is_file(before, &outcome, path.as_str().as_bytes()) {
                    gone.push(path.as_str().into());
                }
                if gone.is_empty() {
                    return refuse(path, "is to be removed and is not there");
                }
                outcome.extend(gone.into_iter().map(|path| (path, None)));
            }
        }
    }
    outcome.retain(|path, change| change.is_some() || before.contains(path.as_slice()));
    Ok(outcome)
}

fn is_file(before: &BTreeSet<&[u8]>, outcome: &Outcome, path: &[u8]) -> bool {
    outcome.get(path).map_or_else(|| before.contains(path), Option::is_some)
}

/// The files below a folder as of now.
fn below(before: &BTreeSet<&[u8]>, outcome: &Outcome, folder: &RepoPath) -> Vec<Vec<u8>> {
    let prefix = format!("{folder}/").into_bytes();
    let old = before
        .range(prefix.as_slice()..)
        .take_while(|path| path.starts_with(&prefix))
        .filter(|path| !outcome.contains_key(**path))
        .map(|path| path.to_vec());
    let new = outcome
        .range(prefix.clone()..)
        .take_while(|(path, _)| path.starts_with(&prefix))
        .filter(|(_, change)| change.is_some())
        .map(|(path, _)| path.clone());
    old.chain(new).collect()
}

/// Refuses a new name that differs only in case from another one: on some machines they are one file.
fn refuse_case_clashes(before: &BTreeSet<&[u8]>, outcome: &Outcome) -> Result<(), RepositoryError> {
    let added = outcome
        .iter()
        .filter(|(path, change)| change.is_some() && !before.contains(path.as_slice()));
    let added: Vec<&[u8]> = added.map(|(path, _)| path.as_slice()).collect();
    if added.is_empty() {
        return Ok(());
    }
    let kept = before.iter().copied().filter(|path| outcome.get(*path) != Some(&None));
    let kept: BTreeSet<&[u8]> = kept.flat_map(with_folders).collect();
    let fold = |name: &[u8]| String::from_utf8_lossy(name).to_lowercase();
    let mut folded: BTreeMap<String, &[u8]> = kept.iter().map(|name| (fold(name), *name)).collect();
    for name in added.into_iter().flat_map(with_folders) {
        if kept.contains(name) {
            continue;
        }
        if let Some(other) = folded.insert(fold(name), name).filter(|other| *other != name) {
            return Err(error::refusal(
                format!(
                    "cannot write a commit: {} differs from {} only in case",
                    String::from_utf8_lossy(name),
                    String::from_utf8_lossy(other)
                ),
                Some("use one spelling: where file names have no case, these are one file"),
            ));
        }
    }
    Ok(())
}

/// A path and the folders that it is in.
fn with_folders(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let slashes = path.iter().enumerate().filter(|(_, b)| **b == b'/').map(|(at, _)| at);
    slashes.chain([path.len()]).map(move |end| &path[..end])
}

/// Stores the contents that stay; each with the number of its change.
///
/// By `fast-import`, which moves nothing when it is given blobs only: many of them become one pack with
/// one sync to disk, where `hash-object` would sync every file.
fn write_blobs(
    git: &Git,
    changes: &[TreeChange],
    outcome: &Outcome,
    scratch: &std::path::Path,
) -> Result<BTreeMap<usize, String>, RepositoryError> {
    let what = "cannot store the files of a commit";
    let mut stream = Vec::new();
    let mut wanted = 0;
    for number in outcome.values().copied().flatten() {
        if let TreeChange::Put { bytes, .. } = &changes[number] {
            // Marks count from one.
            let head = format!("blob\nmark :{}\ndata {}\n", number + 1, bytes.len());
            stream.extend_from_slice(head.as_bytes());
            stream.extend_from_slice(bytes);
            stream.push(b'\n');
            wanted += 1;
        }
    }
    if wanted == 0 {
        return Ok(BTreeMap::new());
    }
    stream.extend_from_slice(b"done\n");
    let file = scratch.join("marks");
    let mut export = std::ffi::OsString::from("--export-marks=");
    export.push(&file);
    git.program
        .call(["fast-import", "--quiet", "--done"])
        .args([export])
        .input(stream)
        .run(what)?;
    let marks = std::fs::read_to_string(&file).map_err(|source| cannot_run(what, source))?;
    let read = |line: &str| {
        let (mark, blob) = line.strip_prefix(':')?.split_once(' ')?;
        Some((mark.parse::<usize>().ok()?.checked_sub(1)?, blob.to_owned()))
    };
    let blobs: BTreeMap<usize, String> = marks.lines().filter_map(read).collect();
    if blobs.len() == wanted {
        Ok(blobs)
    } else {
        Err(error::refusal(format!("{what}: git did not store all of them"), None))
    }
}

/// The input of `update-index --index-info`: removals first, so that a file can take a folder's place.
fn index_info(
    changes: &[TreeChange],
    outcome: &Outcome,
    blobs: &BTreeMap<usize, String>,
    name_length: usize,
) -> Vec<u8> {
    let mut info = Vec::new();
    let mut line = |mode: &str, object: &str, path: &[u8]| {
        info.extend_from_slice(format!("{mode} {object}\t").as_bytes());
        info.extend_from_slice(path);
        info.push(0);
    };
    let nothing = "0".repeat(name_length);
    for path in outcome.iter().filter(|(_, change)| change.is_none()).map(|(path, _)| path) {
        line("0", &nothing, path);
    }
    for (path, number) in outcome.iter().filter_map(|(path, change)| Some((path, (*change)?))) {
        if let (TreeChange::Put { mode, .. }, Some(blob)) = (&changes[number], blobs.get(&number)) {
            let mode = match mode {
                FileMode::Executable => "100755",
                FileMode::Symlink => "120000",
                FileMode::Regular | FileMode::Submodule => "100644",
            };
            line(mode, blob, path);
        }
    }
    info
}

pub(super) fn merge(
    git: &Git,
    ours: &CommitId,
    theirs: &CommitId,
) -> Result<Merge, RepositoryError> {
    let what = format!("cannot merge {} into {}", theirs.short(), ours.short());
    require_version(git, &what)?;
    let output = git
        .program
        .call(["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages"])
        .args([ours.as_str(), theirs.as_str()])
        .finish(&what)?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err(error::failure(what, &output.stderr));
    }
    let mut fields = output.stdout.split(|b| *b == 0);
    let Some(tree) = fields.next().filter(|tree| !tree.is_empty()) else {
        // Exit code 1 without a tree: a commit that is not here, as old versions put it.
        return Err(error::failure(what, &output.stderr));
    };
    let tree = read::commit_id(tree)?;
    let conflicts: BTreeSet<String> = fields
        .filter(|path| !path.is_empty())
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect();
    let changes = tree_changes(git, ours, &tree, &conflicts, &what)?;
    Ok(Merge { changes, conflicts: conflicts.into_iter().collect() })
}

/// The changes from one tree to another, without the paths in conflict: those hold conflict markers.
fn tree_changes(
    git: &Git,
    from: &CommitId,
    to: &CommitId,
    conflicts: &BTreeSet<String>,
    what: &str,
) -> Result<Vec<TreeChange>, RepositoryError> {
    let listed = git
        .program
        .call(["diff-tree", "-r", "-z", "--no-renames", from.as_str(), to.as_str()])
        .run(what)?;
    let mut removed = Vec::new();
    let mut written = Vec::new();
    let mut fields = listed.split(|b| *b == 0);
    while let (Some(info), Some(path)) = (fields.next(), fields.next()) {
        let info = String::from_utf8_lossy(info);
        let info: Vec<&str> = info.trim_start_matches(':').split(' ').collect();
        let [old_mode, mode, _, object, _] = info.as_slice() else {
            return Err(error::refusal(format!("{what}: an answer that makes no sense"), None));
        };
        let path = objects::repo_path(path)?;
        if conflicts.contains(path.as_str()) {
            continue;
        }
        if *mode == "160000" || *old_mode == "160000" {
            return Err(error::refusal(format!("{what}: it changes the submodule {path}"), None));
        }
        if *mode == "000000" {
            removed.push(TreeChange::Remove { path });
        } else {
            written.push((path, objects::file_mode(mode), (*object).to_owned()));
        }
    }
    let names: Vec<String> = written.iter().map(|(_, _, object)| object.clone()).collect();
    let contents = Repository::blobs(git, &names)?;
    let puts = written.into_iter().zip(contents).map(|((path, mode, _), bytes)| TreeChange::Put {
        path,
        mode,
        bytes,
    });
    Ok(removed.into_iter().chain(puts).collect())
}

fn require_version(git: &Git, what: &str) -> Result<(), RepositoryError> {
    let said = git.program.call(["version"]).run(what)?;
    let said = String::from_utf8_lossy(&said);
    match parse_version(&said) {
        Some(version) if version < MERGE_TREE_SINCE => Err(error::refusal(
            format!("{what}: this is {}", said.trim()),
            Some("merging without a work tree needs Git 2.38 or later"),
        )),
        _ => Ok(()),
    }
}

/// Major and minor of `git version 2.47.3 (Apple Git-1)`.
fn parse_version(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.split_whitespace().nth(2)?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("git version 2.47.3\n"), Some((2, 47)));
        assert_eq!(parse_version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(parse_version("hub version"), None);
    }

    fn put(path: &str) -> TreeChange {
        TreeChange::Put {
            path: RepoPath::parse(path).expect("a path"),
            mode: FileMode::Regular,
            bytes: Vec::new(),
        }
    }

    fn remove(path: &str) -> TreeChange {
        TreeChange::Remove { path: RepoPath::parse(path).expect("a path") }
    }

    #[test]
    fn changes_apply_in_their_order() {
        let before: BTreeSet<&[u8]> = [&b"a/b"[..], b"a/c", b"d"].into();
        for (changes, want) in [
            (vec![put("a")], Err("cannot write a commit: a is a folder")),
            (vec![remove("a"), put("a")], Ok("+a -a/b -a/c")),
            (vec![put("d/e")], Err("cannot write a commit: d/e would be inside of a file")),
            (vec![remove("d"), put("d/e")], Ok("-d +d/e")),
            (vec![put("x/y"), remove("x")], Ok("")),
            (vec![remove("x")], Err("cannot write a commit: x is to be removed and is not there")),
            (vec![remove("a/b"), remove("a")], Ok("-a/b -a/c")),
            (vec![remove("d"), put("d")], Ok("+d")),
        ] {
            let got = outcome(&before, &changes)
                .map(|outcome| {
                    let sign = |change: &Option<usize>| if change.is_some() { '+' } else { '-' };
                    let words = outcome.iter().map(|(path, change)| {
                        format!("{}{}", sign(change), String::from_utf8_lossy(path))
                    });
                    words.collect::<Vec<_>>().join(" ")
                })
                .map_err(|error| error.to_string());
            assert_eq!(got.as_deref().map_err(String::as_str), want, "{changes:?}");
        }
    }

    #[test]
    fn names_that_differ_only_in_case_are_refused() {
        let before: BTreeSet<&[u8]> = [&b"Dir/a"[..], b"dir/b", b"x"].into();
        for (changes, fine) in [
            (vec![put("X")], false),
            (vec![remove("x"), put("X")], true),
            (vec![put("dir/new"), put("Dir/other")], true),
            (vec![put("DIR/new")], false),
            (vec![put("Ä"), put("ä")], false),
            (vec![put("x")], true),
        ] {
            let outcome = outcome(&before, &changes).expect("an outcome");
            assert_eq!(refuse_case_clashes(&before, &outcome).is_ok(), fine, "{changes:?}");
        }
    }
}
