//! Trees, blobs and commits, read through one `cat-file --batch` each time.

use std::io::{Read as _, Write as _};
use std::sync::PoisonError;

use towpath_core::id::{CommitId, RepoPath};
use towpath_engine::ports::{Commit, FileMode, Person, RepositoryError, TreeEntry};

use super::command::{Running, cannot_run};
use super::{Git, error, read};

/// The largest object that is read into memory, in bytes.
const LARGEST: u64 = 64 << 20;

/// So many blobs are asked for in one conversation that stays open; more are worth a process that buffers.
const FEW: usize = 16;

/// A file of a tree as Git lists it, its name not yet checked.
#[derive(Debug)]
pub(super) struct RawEntry<'a> {
    pub(super) mode: &'a str,
    pub(super) object: &'a str,
    pub(super) path: &'a [u8],
}

/// The output of `ls-tree -r -z --full-tree`, which is sorted by path.
pub(super) fn list_tree(git: &Git, commit: &CommitId) -> Result<Vec<u8>, RepositoryError> {
    let what = format!("cannot list the files of commit {}", commit.short());
    git.program.call(["ls-tree", "-r", "-z", "--full-tree", commit.as_str()]).run(&what)
}

/// Reads what [`list_tree`] gave.
pub(super) fn raw_entries(
    listed: &[u8],
) -> impl Iterator<Item = Result<RawEntry<'_>, RepositoryError>> {
    listed.split(|b| *b == 0).filter(|record| !record.is_empty()).map(|record| {
        let read = || {
            let tab = record.iter().position(|b| *b == b'\t')?;
            let mut fields = std::str::from_utf8(&record[..tab]).ok()?.split(' ');
            let (mode, _kind, object) = (fields.next()?, fields.next()?, fields.next()?);
            Some(RawEntry { mode, object, path: &record[tab + 1..] })
        };
        read().ok_or_else(|| error::refusal("git lists a tree in a way that makes no sense", None))
    })
}

pub(super) fn file_mode(mode: &str) -> FileMode {
    match mode {
        "120000" => FileMode::Symlink,
        "160000" => FileMode::Submodule,
        "100755" => FileMode::Executable,
        _ => FileMode::Regular,
    }
}

pub(super) fn repo_path(bytes: &[u8]) -> Result<RepoPath, RepositoryError> {
    let text = String::from_utf8_lossy(bytes);
    let refused = |source: Option<_>| RepositoryError {
        message: format!("the repository has a file name that cannot be used: {text:?}"),
        hint: Some("rename it: names are UTF-8 without back slashes and control characters".into()),
        source,
    };
    if std::str::from_utf8(bytes).is_err() {
        return Err(refused(None));
    }
    RepoPath::parse(&text).map_err(|source| refused(Some(source.into())))
}

pub(super) fn entries(git: &Git, commit: &CommitId) -> Result<Vec<TreeEntry>, RepositoryError> {
    let listed = list_tree(git, commit)?;
    raw_entries(&listed)
        .map(|entry| {
            let entry = entry?;
            Ok(TreeEntry {
                path: repo_path(entry.path)?,
                mode: file_mode(entry.mode),
                blob: entry.object.to_owned(),
            })
        })
        .collect()
}

/// The next object of a `cat-file --batch`: its name and content.
fn next_object(
    reader: &mut impl std::io::BufRead,
    kind: &str,
    what: &str,
) -> Result<Option<(String, Vec<u8>)>, RepositoryError> {
    let broken = |source| cannot_run(what, source);
    let mut header = String::new();
    if reader.read_line(&mut header).map_err(broken)? == 0 {
        return Ok(None);
    }
    let fields: Vec<&str> = header.trim_end().split(' ').collect();
    let [name, found, size] = fields.as_slice() else {
        let name = fields.first().unwrap_or(&"?");
        return Err(error::refusal(format!("{what}: {name} is not here"), None));
    };
    if *found != kind {
        return Err(error::refusal(format!("{what}: {name} is a {found}, not a {kind}"), None));
    }
    let size: u64 = size.parse().unwrap_or(u64::MAX);
    if size > LARGEST {
        return Err(error::refusal(
            format!("{what}: {name} is larger than {} MiB", LARGEST >> 20),
            Some("keep large files out of the repository, or in Git LFS"),
        ));
    }
    let mut content = Vec::new();
    reader.take(size).read_to_end(&mut content).map_err(broken)?;
    let mut end = [0];
    let whole = content.len() as u64 == size && reader.read_exact(&mut end).is_ok();
    if !whole {
        return Err(error::refusal(format!("{what}: {name} came cut short"), None));
    }
    Ok(Some(((*name).to_owned(), content)))
}

fn reader(
    running: &mut Running,
) -> Result<&mut std::io::BufReader<std::process::ChildStdout>, RepositoryError> {
    running.output().ok_or_else(|| error::refusal("git gives no output", None))
}

pub(super) fn each_blob(
    git: &Git,
    names: &[String],
    take: &mut dyn FnMut(Vec<u8>),
) -> Result<(), RepositoryError> {
    let what = "cannot read the files";
    if names.is_empty() {
        return Ok(());
    }
    if let Some(odd) = names.iter().find(|name| CommitId::parse(name).is_err()) {
        return Err(error::refusal(format!("{what}: {odd:?} is not the name of a blob"), None));
    }
    if names.len() > FEW {
        return each_object(git, names, "blob", what, take);
    }
    let mut kept = git.objects.lock().unwrap_or_else(PoisonError::into_inner);
    let mut running = match kept.take() {
        Some(running) => running,
        None => git.program.call(["cat-file", "--batch"]).input([]).start(what)?,
    };
    for name in names {
        // After a failure the conversation is out of step: it is dropped, and the next question begins anew.
        let asked = running.stdin.as_mut().map(|stdin| writeln!(stdin, "{name}"));
        if !matches!(asked, Some(Ok(()))) {
            return Err(error::refusal(format!("{what}: git does not listen"), None));
        }
        match next_object(reader(&mut running)?, "blob", what)? {
            Some((_, content)) => take(content),
            None => return Err(error::refusal(format!("{what}: {name} did not come"), None)),
        }
    }
    *kept = Some(running);
    Ok(())
}

/// Hands on the contents of objects of one kind, in the order asked.
pub(super) fn each_object(
    git: &Git,
    names: &[String],
    kind: &str,
    what: &str,
    take: &mut dyn FnMut(Vec<u8>),
) -> Result<(), RepositoryError> {
    let asked = names.join("\n") + "\n";
    // Unbuffered, Git writes each object by itself, which costs more than finding it.
    let mut running =
        git.program.call(["cat-file", "--batch", "--buffer"]).input([]).start(what)?;
    let stdin = running.stdin.take();
    let came = std::thread::scope(|scope| {
        // A thread of its own: Git answers while it is still being asked, and pipes are small.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(asked.as_bytes())));
        let mut came = 0;
        let reading = (|| {
            let reader = reader(&mut running)?;
            while let Some((_, content)) = next_object(reader, kind, what)? {
                came += 1;
                take(content);
            }
            Ok(())
        })();
        // Whatever was wrong, Git must end, or the writer would wait for ever.
        let ended = running.end(what);
        reading.and_then(|()| ended.map(|()| came))
    })?;
    if came != names.len() {
        return Err(error::refusal(format!("{what}: not all of them came"), None));
    }
    Ok(())
}

pub(super) fn history(
    git: &Git,
    tip: &CommitId,
    without: Option<&CommitId>,
) -> Result<Vec<Commit>, RepositoryError> {
    let what = format!("cannot read the history of commit {}", tip.short());
    let excluded = without.map(|commit| format!("^{commit}"));
    let mut list = git
        .program
        .call(["rev-list", "--date-order", tip.as_str()])
        .args(excluded)
        .args(["--"])
        .start(&what)?;
    let names = list.take_output().ok_or_else(|| error::refusal("git gives no output", None))?;
    let mut objects =
        git.program.call(["cat-file", "--batch", "--buffer"]).input_from(names).start(&what)?;
    let cuts = read::shallow_cuts(git)?;
    let mut commits = Vec::new();
    while let Some((name, content)) = next_object(reader(&mut objects)?, "commit", &what)? {
        if cuts.contains(&name) {
            return Err(error::refusal(
                format!("{what}: it is cut at {}", &name[..8]),
                Some(read::UNSHALLOW),
            ));
        }
        commits.push(parse_commit(&name, &content)?);
    }
    // The list ends first; what it has to say explains why the objects stopped.
    list.end(&what)?;
    objects.end(&what)?;
    Ok(commits)
}

/// The commits of these names that are here.
pub(super) fn commits(git: &Git, names: &[CommitId]) -> Result<Vec<Commit>, RepositoryError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let what = "cannot read commits";
    let asked: String = names.iter().map(|name| format!("{name}\n")).collect();
    let here = git
        .program
        .call(["rev-list", "--no-walk=unsorted", "--ignore-missing", "--stdin"])
        .input(asked)
        .run(what)?;
    let here: Vec<String> = String::from_utf8_lossy(&here).lines().map(str::to_owned).collect();
    let mut contents = Vec::with_capacity(here.len());
    each_object(git, &here, "commit", what, &mut |content| contents.push(content))?;
    here.iter().zip(contents).map(|(name, content)| parse_commit(name, &content)).collect()
}

/// Reads a commit object. Text that is no UTF-8 is read as well as it goes.
fn parse_commit(name: &str, content: &[u8]) -> Result<Commit, RepositoryError> {
    let end = content.windows(2).position(|w| w == b"\n\n").unwrap_or(content.len());
    let header = String::from_utf8_lossy(&content[..end]);
    let message = String::from_utf8_lossy(content.get(end + 2..).unwrap_or_default()).into_owned();
    let mut commit = Commit {
        id: read::commit_id(name.as_bytes())?,
        parents: Vec::new(),
        author: Person { name: String::new(), email: String::new() },
        time: jiff::Timestamp::UNIX_EPOCH,
        message,
    };
    // Lines that go on, as of signatures, begin with a space and match nothing here.
    for line in header.lines() {
        match line.split_once(' ') {
            Some(("parent", id)) => commit.parents.push(read::commit_id(id.as_bytes())?),
            Some(("author", ident)) => commit.author = person(ident).0,
            Some(("committer", ident)) => commit.time = person(ident).1,
            _ => {}
        }
    }
    Ok(commit)
}

/// Reads `Name <email> seconds zone`. A time that makes no sense is the epoch, as Git shows it.
pub(super) fn person(ident: &str) -> (Person, jiff::Timestamp) {
    let (before, after) = ident.rsplit_once('>').unwrap_or((ident, ""));
    let (name, email) = before.split_once('<').unwrap_or((before, ""));
    let time = after
        .split_whitespace()
        .next()
        .and_then(|seconds| seconds.parse().ok())
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    (Person { name: name.trim().to_owned(), email: email.trim().to_owned() }, time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_commit_object_is_read() {
        let id = "1".repeat(40);
        let object = format!(
            "tree {id}\nparent {id}\nauthor A <b> C <a@b> 1700000000 +0100\ncommitter D <d@e> 1700000001 -0500\ngpgsig -----BEGIN\n author evil <x@y> 1 +0000\n -----END\n\ntitle\n\nauthor body\n"
        );
        let mut bytes = object.into_bytes();
        bytes.extend_from_slice(b"caf\xe9");
        let commit = parse_commit(&id, &bytes).expect("a commit");
        assert_eq!(commit.author.email, "b> C <a@b");
        assert_eq!(commit.time.as_second(), 1_700_000_001);
        assert_eq!(commit.parents.len(), 1);
        assert_eq!(commit.message, "title\n\nauthor body\ncaf\u{fffd}");

        let bare =
            parse_commit(&id, b"tree x\nauthor nobody\ncommitter x <y> 99999999999999999999 +0\n")
                .expect("a commit");
        assert_eq!((bare.author.name.as_str(), bare.message.as_str()), ("nobody", ""));
        assert_eq!(bare.time, jiff::Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn objects_that_lie_are_refused() {
        for (answer, want) in [
            (&b"abc missing\n"[..], "w: abc is not here"),
            (b"abc tree 3\nxyz\n", "w: abc is a tree, not a blob"),
            (b"abc blob 9999999999\n", "w: abc is larger than 64 MiB"),
            (b"abc blob 5\nxy", "w: abc came cut short"),
        ] {
            let error = next_object(&mut &answer[..], "blob", "w").expect_err("refused");
            assert_eq!(error.to_string(), want);
        }
    }
}
