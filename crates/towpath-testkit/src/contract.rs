//! The words of [`Repository`] as assertions, for every implementation of it.
//!
//! Only the port is used, so the real adapter and its in-memory twin are held to the same. What only real
//! Git has (work trees, HTTP, hooks) is tested with the adapter.

use towpath_core::id::{BranchName, CommitId, RepoPath};
use towpath_core::record::Signature;
use towpath_engine::ports::{
    BranchUpdate, FileMode, NewCommit, Published, Repository, RepositoryError, SignedBy, TreeChange,
};
use towpath_engine::signers::Keys;

/// Makes the repositories that the contract is tried on; each call makes new ones, all without a commit.
pub trait Bench {
    /// What is held to the contract.
    type Repo: Repository;

    /// A repository without a remote.
    fn alone(&self) -> Self::Repo;

    /// Two clones of one remote.
    fn two_clones(&self) -> (Self::Repo, Self::Repo);
}

type Outcome = Result<(), RepositoryError>;

/// All clauses, one after the other.
///
/// # Errors
/// Those of the implementation.
///
/// # Panics
/// Where the implementation does not hold.
pub fn run<B: Bench>(bench: &B) -> Outcome {
    nothing_yet(bench)?;
    what_is_written_is_read(bench)?;
    changes_that_make_no_sense_are_refused(bench)?;
    history_is_newest_first(bench)?;
    ancestors(bench)?;
    branches_move_by_compare_and_set(bench)?;
    the_first_of_two_clones_wins(bench)?;
    several_branches_move_together_or_not_at_all(bench)?;
    branches_come_and_go(bench)?;
    what_nobody_signed_has_no_signature(bench)?;
    merges(bench)
}

/// A branch of the contract.
///
/// # Panics
/// When it is no branch name.
#[must_use]
pub fn branch(name: &str) -> BranchName {
    BranchName::parse(name).expect("the test names a branch")
}

/// Writes a file.
///
/// # Panics
/// When `path` is no path.
#[must_use]
pub fn put(path: &str, content: impl AsRef<[u8]>) -> TreeChange {
    let path = RepoPath::parse(path).expect("the test names a path");
    TreeChange::Put { path, mode: FileMode::Regular, bytes: content.as_ref().to_vec() }
}

/// Removes a file or folder.
///
/// # Panics
/// When `path` is no path.
#[must_use]
pub fn remove(path: &str) -> TreeChange {
    TreeChange::Remove { path: RepoPath::parse(path).expect("the test names a path") }
}

/// Writes a commit on top of another one.
///
/// # Errors
/// Those of the implementation.
pub fn commit_on(
    repo: &impl Repository,
    parent: Option<&CommitId>,
    message: &str,
    changes: Vec<TreeChange>,
) -> Result<CommitId, RepositoryError> {
    repo.write(&NewCommit {
        parents: parent.cloned().into_iter().collect(),
        base: parent.cloned(),
        changes,
        message: message.to_owned(),
    })
}

/// The move of one branch.
#[must_use]
pub fn update(name: &str, expected: Option<&CommitId>, new: Option<&CommitId>) -> BranchUpdate {
    BranchUpdate { branch: branch(name), expected: expected.cloned(), new: new.cloned() }
}

/// All files of a commit with their contents.
///
/// # Errors
/// Those of the implementation.
pub fn files(
    repo: &impl Repository,
    commit: &CommitId,
) -> Result<Vec<(String, FileMode, Vec<u8>)>, RepositoryError> {
    let entries = repo.entries(commit)?;
    let names: Vec<String> = entries.iter().map(|entry| entry.blob.clone()).collect();
    let blobs = repo.blobs(&names)?;
    let files = entries.into_iter().zip(blobs);
    Ok(files.map(|(entry, bytes)| (entry.path.to_string(), entry.mode, bytes)).collect())
}

fn absent() -> CommitId {
    CommitId::parse(&"1".repeat(40)).expect("forty digits")
}

fn nothing_yet<B: Bench>(bench: &B) -> Outcome {
    let repo = bench.alone();
    assert_eq!(repo.remote_url()?, None);
    let head = repo.head()?;
    assert_eq!((head.branch, head.commit), (Some(branch("main")), None));
    assert_eq!(repo.tip(&branch("main"))?, None);
    assert_eq!(repo.local_tip(&branch("main"))?, None);
    assert_eq!(repo.branches()?, []);
    assert_eq!(repo.tags()?, []);
    assert_eq!(repo.resolve("main")?, None);
    assert_eq!(repo.resolve("--all")?, None);
    assert_eq!(repo.resolve("")?, None);
    assert_eq!(repo.dirty()?, Vec::<String>::new());
    repo.fetch()?;
    assert!(repo.entries(&absent()).is_err());
    assert!(repo.history(&absent(), None).is_err());
    assert_eq!(repo.blobs(&[])?, Vec::<Vec<u8>>::new());
    assert!(repo.blobs(&["1".repeat(40)]).is_err());
    assert!(repo.blobs(&["--batch-all-objects".to_owned()]).is_err());
    assert!(!repo.user()?.name.is_empty());
    let (clone, _) = bench.two_clones();
    assert!(clone.remote_url()?.is_some());
    Ok(())
}

fn what_is_written_is_read<B: Bench>(bench: &B) -> Outcome {
    let repo = bench.alone();
    let link = TreeChange::Put {
        path: RepoPath::parse("a/link").expect("a path"),
        mode: FileMode::Symlink,
        bytes: b"../x".to_vec(),
    };
    let script = TreeChange::Put {
        path: RepoPath::parse("a.sh").expect("a path"),
        mode: FileMode::Executable,
        bytes: b"#!/bin/sh\n".to_vec(),
    };
    let all: Vec<u8> = (0..=255).collect();
    let first = commit_on(
        &repo,
        None,
        "first\n\nbody\n",
        vec![
            put("a/crlf.yaml", "a: 1\r\nb: 2\r\n"),
            put("a/ü \"quoted\" name.yaml", "x"),
            put("empty", ""),
            put("all", &all),
            put(".gitattributes", "* text=auto eol=lf\n"),
            link,
            script,
        ],
    )?;
    let paths: Vec<(String, FileMode, Vec<u8>)> = files(&repo, &first)?;
    let mut sorted = paths.clone();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(paths, sorted);
    let find = |path: &str| paths.iter().find(|file| file.0 == path).cloned();
    let file = |path: &str, mode, bytes: &[u8]| Some((path.to_owned(), mode, bytes.to_vec()));
    assert_eq!(paths.len(), 7);
    assert_eq!(find("a/crlf.yaml"), file("a/crlf.yaml", FileMode::Regular, b"a: 1\r\nb: 2\r\n"));
    assert_eq!(find("a/link"), file("a/link", FileMode::Symlink, b"../x"));
    assert_eq!(find("a.sh"), file("a.sh", FileMode::Executable, b"#!/bin/sh\n"));
    assert_eq!(find("all"), file("all", FileMode::Regular, &all));
    assert_eq!(find("empty"), file("empty", FileMode::Regular, b""));
    assert!(find("a/ü \"quoted\" name.yaml").is_some());

    let second = commit_on(
        &repo,
        Some(&first),
        "second",
        vec![remove("a"), put("a", "now a file"), put("empty", "full"), remove("all")],
    )?;
    let names: Vec<String> = files(&repo, &second)?.into_iter().map(|file| file.0).collect();
    assert_eq!(names, [".gitattributes", "a", "a.sh", "empty"]);
    assert_eq!(files(&repo, &first)?.len(), 7, "a commit stays what it is");

    let other = repo.write(&NewCommit {
        parents: vec![second.clone()],
        base: None,
        changes: vec![put("only", "x")],
        message: "from nothing".to_owned(),
    })?;
    assert_eq!(files(&repo, &other)?.len(), 1);
    assert_eq!(repo.branches()?, [], "writing moves nothing");
    assert_eq!(repo.resolve(first.as_str())?.as_ref(), Some(&first));
    Ok(())
}

fn changes_that_make_no_sense_are_refused<B: Bench>(bench: &B) -> Outcome {
    let repo = bench.alone();
    let first = commit_on(&repo, None, "first", vec![put("a/b", "x"), put("c", "y")])?;
    for changes in [
        vec![remove("nowhere")],
        vec![put("a", "a folder")],
        vec![put("c/d", "in a file")],
        vec![put("A/b", "differs in case")],
        vec![put("C", "differs in case")],
        vec![TreeChange::Put {
            path: RepoPath::parse("m").expect("a path"),
            mode: FileMode::Submodule,
            bytes: Vec::new(),
        }],
    ] {
        assert!(commit_on(&repo, Some(&first), "no", changes.clone()).is_err(), "{changes:?}");
    }
    assert!(commit_on(&repo, Some(&absent()), "no", vec![put("x", "y")]).is_err());
    Ok(())
}

fn history_is_newest_first<B: Bench>(bench: &B) -> Outcome {
    let repo = bench.alone();
    let odd = "third: – ünïcode\n\nTrailer: \"x\"\n\tkept\n";
    let first = commit_on(&repo, None, "first\n", vec![put("a", "1")])?;
    let second = commit_on(&repo, Some(&first), "second\n", vec![put("a", "2")])?;
    let third = commit_on(&repo, Some(&second), odd, vec![put("a", "3")])?;
    let whole = repo.history(&third, None)?;
    let messages: Vec<&str> = whole.iter().map(|commit| commit.message.as_str()).collect();
    assert_eq!(messages, [odd, "second\n", "first\n"]);
    assert_eq!(whole[0].id, third);
    assert_eq!(whole[0].parents, std::slice::from_ref(&second));
    assert_eq!(whole[2].parents, []);
    assert_eq!(whole[0].author, repo.user()?);
    let part: Vec<CommitId> =
        repo.history(&third, Some(&first))?.into_iter().map(|commit| commit.id).collect();
    assert_eq!(part, [third.clone(), second]);
    assert_eq!(repo.history(&third, Some(&third))?, []);
    assert!(repo.history(&third, Some(&absent())).is_err());
    Ok(())
}

fn ancestors<B: Bench>(bench: &B) -> Outcome {
    let repo = bench.alone();
    let first = commit_on(&repo, None, "first", vec![put("a", "1")])?;
    let second = commit_on(&repo, Some(&first), "second", vec![put("a", "2")])?;
    assert!(repo.is_ancestor(&first, &second)?);
    assert!(repo.is_ancestor(&first, &first)?);
    assert!(!repo.is_ancestor(&second, &first)?);
    assert!(!repo.is_ancestor(&absent(), &first)?);
    assert!(repo.is_ancestor(&first, &absent()).is_err());
    Ok(())
}

fn branches_move_by_compare_and_set<B: Bench>(bench: &B) -> Outcome {
    let (clone, _) = bench.two_clones();
    for repo in [bench.alone(), clone] {
        let first = commit_on(&repo, None, "first", vec![put("a", "1")])?;
        let second = commit_on(&repo, Some(&first), "second", vec![put("a", "2")])?;
        assert_eq!(repo.publish(&[])?, Published::Done);
        let stale = |found: Option<&CommitId>| Published::Stale {
            branch: branch("main"),
            found: found.cloned(),
        };
        let publish = |expected, new| repo.publish(&[update("main", expected, new)]);
        assert_eq!(publish(Some(&first), Some(&second))?, stale(None));
        assert_eq!(publish(None, Some(&first))?, Published::Done);
        assert_eq!(repo.head()?.commit.as_ref(), Some(&first));
        assert_eq!(publish(None, Some(&second))?, stale(Some(&first)));
        assert_eq!(publish(Some(&first), Some(&second))?, Published::Done);
        assert_eq!(publish(Some(&first), Some(&second))?, Published::Done, "it is there");
        assert_eq!(publish(Some(&second), Some(&second))?, Published::Done);
        let third = commit_on(&repo, Some(&first), "third", vec![put("a", "3")])?;
        assert_eq!(publish(Some(&first), Some(&third))?, stale(Some(&second)));
        assert_eq!(repo.tip(&branch("main"))?.as_ref(), Some(&second));
        assert_eq!(repo.local_tip(&branch("main"))?.as_ref(), Some(&second));
        assert_eq!(repo.branches()?, [(branch("main"), second.clone())]);
        assert_eq!(repo.resolve("main")?.as_ref(), Some(&second));
        assert_eq!(repo.resolve("HEAD")?.as_ref(), Some(&second));
        assert_eq!(repo.dirty()?, Vec::<String>::new(), "the work tree follows");
        let twice = [update("x", None, Some(&first)), update("x", None, Some(&second))];
        assert!(repo.publish(&twice).is_err());
        assert!(publish(Some(&second), Some(&absent())).is_err());
        assert_eq!(repo.tip(&branch("main"))?.as_ref(), Some(&second));
    }
    Ok(())
}

fn the_first_of_two_clones_wins<B: Bench>(bench: &B) -> Outcome {
    let (ours, theirs) = bench.two_clones();
    let ledger = branch("towpath/ledger");
    let move_to = |repo: &B::Repo, expected: Option<&CommitId>, new: &CommitId| {
        repo.publish(&[update("towpath/ledger", expected, Some(new))])
    };
    let mut last: Option<CommitId> = None;
    for round in 0..4 {
        // Both read the same world; one of them is first, by turns.
        ours.fetch()?;
        theirs.fetch()?;
        assert_eq!(ours.tip(&ledger)?, last);
        assert_eq!(theirs.tip(&ledger)?, last);
        let entry = |repo, who: &str| {
            let name = format!("{round}-{who}.json");
            commit_on(repo, last.as_ref(), &format!("{who} {round}"), vec![put(&name, who)])
        };
        let (by_us, by_them) = (entry(&ours, "ours")?, entry(&theirs, "theirs")?);
        let (first, first_new, second, second_new) = if round % 2 == 0 {
            (&ours, &by_us, &theirs, &by_them)
        } else {
            (&theirs, &by_them, &ours, &by_us)
        };
        assert_eq!(move_to(first, last.as_ref(), first_new)?, Published::Done);
        let lost = move_to(second, last.as_ref(), second_new)?;
        let found = Some(first_new.clone());
        assert_eq!(lost, Published::Stale { branch: ledger.clone(), found });
        // Read the world again, and record on top.
        second.fetch()?;
        assert_eq!(second.tip(&ledger)?.as_ref(), Some(first_new));
        let name = format!("{round}-again.json");
        let again = commit_on(second, Some(first_new), "again", vec![put(&name, "again")])?;
        assert_eq!(move_to(second, Some(first_new), &again)?, Published::Done);
        last = Some(again);
    }
    ours.fetch()?;
    let tip = ours.tip(&ledger)?.expect("the ledger is there");
    assert_eq!(ours.history(&tip, None)?.len(), 8, "nothing is lost");
    assert_eq!(ours.entries(&tip)?.len(), 8);
    Ok(())
}

fn several_branches_move_together_or_not_at_all<B: Bench>(bench: &B) -> Outcome {
    let (clone, _) = bench.two_clones();
    for repo in [bench.alone(), clone] {
        let first = commit_on(&repo, None, "first", vec![put("a", "1")])?;
        let second = commit_on(&repo, Some(&first), "second", vec![put("a", "2")])?;
        let both = [update("main", None, Some(&first)), update("ledger", None, Some(&first))];
        assert_eq!(repo.publish(&both)?, Published::Done);
        let one_stale =
            [update("main", Some(&first), Some(&second)), update("ledger", None, Some(&second))];
        assert_eq!(
            repo.publish(&one_stale)?,
            Published::Stale { branch: branch("ledger"), found: Some(first.clone()) }
        );
        for name in ["main", "ledger"] {
            assert_eq!(repo.tip(&branch(name))?.as_ref(), Some(&first));
            assert_eq!(repo.local_tip(&branch(name))?.as_ref(), Some(&first));
        }
        assert_eq!(repo.dirty()?, Vec::<String>::new());
        let mixed = [
            update("main", Some(&first), Some(&second)),
            update("ledger", Some(&first), None),
            update("new", None, Some(&second)),
        ];
        assert_eq!(repo.publish(&mixed)?, Published::Done);
        assert_eq!(
            repo.branches()?,
            [(branch("main"), second.clone()), (branch("new"), second.clone())]
        );
    }
    Ok(())
}

fn branches_come_and_go<B: Bench>(bench: &B) -> Outcome {
    let (ours, theirs) = bench.two_clones();
    let first = commit_on(&ours, None, "first", vec![put("a", "1")])?;
    let both = [update("main", None, Some(&first)), update("sandbox", None, Some(&first))];
    assert_eq!(ours.publish(&both)?, Published::Done);
    assert_eq!(ours.local_tip(&branch("sandbox"))?.as_ref(), Some(&first), "ours is here too");
    assert_eq!(theirs.tip(&branch("sandbox"))?, None, "not before a fetch");
    theirs.fetch()?;
    assert_eq!(theirs.tip(&branch("sandbox"))?.as_ref(), Some(&first));
    assert_eq!(theirs.local_tip(&branch("sandbox"))?, None, "theirs need not be here");
    let second = commit_on(&theirs, Some(&first), "second", vec![put("a", "2")])?;
    let forward = [update("sandbox", Some(&first), Some(&second))];
    assert_eq!(theirs.publish(&forward)?, Published::Done);
    assert_eq!(theirs.local_tip(&branch("sandbox"))?, None, "nor after a move");
    assert_eq!(theirs.tip(&branch("sandbox"))?.as_ref(), Some(&second));
    assert_eq!(theirs.publish(&[update("sandbox", Some(&second), None)])?, Published::Done);
    assert_eq!(theirs.tip(&branch("sandbox"))?, None);
    let again = [update("sandbox", Some(&first), None), update("late", None, Some(&first))];
    assert_eq!(ours.publish(&again[..1])?, Published::Done, "it is gone");
    assert_eq!(ours.tip(&branch("sandbox"))?, None);
    ours.fetch()?;
    assert_eq!(ours.publish(&again)?, Published::Done, "what is left to do is done");
    theirs.fetch()?;
    assert_eq!(theirs.publish(&[update("late", Some(&first), None)])?, Published::Done);
    let left: Vec<BranchName> = theirs.branches()?.into_iter().map(|(name, _)| name).collect();
    assert_eq!(left, [branch("main")]);
    Ok(())
}

fn what_nobody_signed_has_no_signature<B: Bench>(bench: &B) -> Outcome {
    let repo = bench.alone();
    let one = commit_on(&repo, None, "one", vec![put("a", "1")])?;
    let two = commit_on(&repo, Some(&one), "two", vec![put("a", "2")])?;
    let asked = |commit: &CommitId| SignedBy {
        commit: commit.clone(),
        email: "ada@example.org".to_owned(),
    };
    let keys = Keys::default();
    assert_eq!(repo.signatures(&[], &keys)?, []);
    let found = repo.signatures(&[asked(&two), asked(&one), asked(&two)], &keys)?;
    assert_eq!(found, vec![Signature::Missing; 3]);
    assert!(repo.signatures(&[asked(&one), asked(&absent())], &keys).is_err());
    Ok(())
}

fn merges<B: Bench>(bench: &B) -> Outcome {
    let repo = bench.alone();
    let base = commit_on(&repo, None, "base", vec![put("a", "1"), put("b", "1"), put("c/d", "1")])?;
    let ours = commit_on(&repo, Some(&base), "ours", vec![put("a", "ours"), put("new", "x")])?;
    let theirs = commit_on(
        &repo,
        Some(&base),
        "theirs",
        vec![put("b", "theirs"), remove("c"), put("c", "f")],
    )?;
    let merge = repo.merge(&ours, &theirs)?;
    assert_eq!(merge.conflicts, Vec::<String>::new());
    let merged = repo.write(&NewCommit {
        parents: vec![ours.clone(), theirs.clone()],
        base: Some(ours.clone()),
        changes: merge.changes,
        message: "merge".to_owned(),
    })?;
    let contents: Vec<(String, Vec<u8>)> =
        files(&repo, &merged)?.into_iter().map(|(path, _, bytes)| (path, bytes)).collect();
    let want = [("a", "ours"), ("b", "theirs"), ("c", "f"), ("new", "x")];
    assert_eq!(contents, want.map(|(p, c)| (p.to_owned(), c.as_bytes().to_vec())));
    assert_eq!(repo.history(&merged, Some(&base))?.len(), 3);
    assert!(repo.is_ancestor(&theirs, &merged)?);

    let against =
        commit_on(&repo, Some(&base), "against", vec![put("a", "against"), put("b", "2")])?;
    let merge = repo.merge(&ours, &against)?;
    assert_eq!(merge.conflicts, ["a"]);
    assert_eq!(merge.changes, [put("b", "2")], "what is in conflict is no change");
    let behind = repo.merge(&ours, &base)?;
    assert_eq!((behind.changes, behind.conflicts), (vec![], vec![]));
    let stranger = commit_on(&repo, None, "stranger", vec![put("z", "z")])?;
    assert!(repo.merge(&ours, &stranger).is_err());
    assert!(repo.merge(&ours, &absent()).is_err());
    Ok(())
}
