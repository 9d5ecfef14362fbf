//! What only real Git has: work trees, remotes over HTTP, hooks, configuration; and that a failure leaves
//! the repository as it was. What every implementation of the port must do is in `git_contract`.

use towpath_adapters::git::Git;
use towpath_core::id::CommitId;
use towpath_engine::ports::{FileMode, NewCommit, Published, Repository as _, RepositoryError};
use towpath_testkit::contract::{branch, commit_on, files, put, remove, update};
use towpath_testkit::git::TestRepo;
use towpath_testkit::http_backend::{Fault, HttpBackend, Login};

fn open(repo: &TestRepo) -> Git {
    Git::open_with(repo.path(), repo.env()).expect("it opens").expect("it is a repository")
}

fn words(error: &RepositoryError) -> String {
    let mut words = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        words.push_str(": ");
        words.push_str(&source.to_string());
        next = source.source();
    }
    words
}

/// A repository with one commit, and its bare remote.
fn with_remote() -> (TestRepo, TestRepo, CommitId) {
    let repo = TestRepo::new();
    let first = repo.file("a.yaml", "a: 1\n").file("dir/b.yaml", "b: 1\n").commit("first");
    let remote = repo.bare_remote();
    (repo, remote, first)
}

fn change(git: &Git, parent: &CommitId, content: &str) -> CommitId {
    commit_on(git, Some(parent), content, vec![put("a.yaml", content)]).expect("it is written")
}

#[test]
fn a_folder_without_a_repository_is_none() {
    let repo = TestRepo::new();
    let opened = Git::open_with(repo.outside(), repo.env()).expect("no error");
    assert!(opened.is_none());
    let error = Git::open_with(&repo.outside().join("nowhere"), repo.env()).expect_err("no folder");
    assert!(error.to_string().ends_with("there is no such folder"), "{error}");
}

#[test]
fn a_missing_git_is_told() {
    let repo = TestRepo::new();
    let mut env = repo.env();
    env.push(("PATH".into(), repo.outside().join("nothing").into()));
    let error = Git::open_with(repo.path(), env).expect_err("no git");
    assert!(error.hint.expect("a hint").contains("install Git"));
}

#[test]
fn a_subfolder_and_a_linked_work_tree_are_the_repository() -> Result<(), RepositoryError> {
    let repo = TestRepo::new();
    let first = repo.file("dir/b.yaml", "b: 1\n").commit("first");
    let git = Git::open_with(&repo.path().join("dir"), repo.env())?.expect("a repository");
    assert_eq!(
        git.top_level().map(|path| path.canonicalize().ok()),
        Some(repo.path().canonicalize().ok())
    );
    assert_eq!(git.entries(&first)?[0].path.as_str(), "dir/b.yaml");
    repo.file("dir/new", "x");
    assert_eq!(git.dirty()?, ["dir/new"]);

    repo.git(&["worktree", "add", "--quiet", "-b", "side", "../linked"]);
    let linked = repo.at(&repo.outside().join("linked"));
    let git = open(&linked);
    assert_eq!(git.head()?.branch, Some(branch("side")));
    let second = commit_on(&git, Some(&first), "second", vec![put("dir/b.yaml", "b: 2\n")])?;
    assert_eq!(
        open(&repo).publish(&[update("side", Some(&first), Some(&second))])?,
        Published::Done
    );
    assert_eq!(git.dirty()?, Vec::<String>::new());
    assert_eq!(
        std::fs::read(linked.path().join("dir/b.yaml")).ok().as_deref(),
        Some(&b"b: 2\n"[..])
    );
    Ok(())
}

#[test]
fn the_remote_is_the_followed_one_else_origin_else_the_only_one() -> Result<(), RepositoryError> {
    let repo = TestRepo::new();
    repo.file("a", "1").commit("first");
    assert_eq!(open(&repo).remote(), None);
    repo.git(&["remote", "add", "upstream", "https://u:secret@git.example/fleet"]);
    assert_eq!(open(&repo).remote(), Some("upstream"));
    assert_eq!(open(&repo).remote_url()?.as_deref(), Some("https://git.example/fleet"));
    repo.git(&["remote", "add", "fork", "git@git.example:fork"]);
    let error = Git::open_with(repo.path(), repo.env()).expect_err("two remotes");
    assert_eq!(error.to_string(), "there are several remotes and none is followed: fork, upstream");
    repo.git(&["remote", "add", "origin", "git@git.example:origin"]);
    assert_eq!(open(&repo).remote(), Some("origin"));
    repo.git(&["config", "branch.main.remote", "upstream"]);
    assert_eq!(open(&repo).remote(), Some("upstream"));
    repo.git(&["checkout", "--quiet", "-b", "ticket"]);
    assert_eq!(open(&repo).remote(), Some("origin"));
    assert_eq!(open(&repo).with_trunk(&branch("main"))?.remote(), Some("upstream"));
    Ok(())
}

#[test]
fn odd_names_and_line_ends_survive_and_bad_names_are_told() -> Result<(), RepositoryError> {
    let repo = TestRepo::new();
    repo.configure("core.autocrlf", "true");
    repo.configure("core.quotePath", "true");
    let git = open(&repo);
    let odd = " -x \"q\" 'é' #1 $(x)";
    let first = commit_on(&git, None, "x", vec![put(odd, "a\r\nb\n"), put("-n", "x")])?;
    git.publish(&[update("main", None, Some(&first))])?;
    let found = files(&git, &first)?;
    assert_eq!(found[0], (odd.to_owned(), FileMode::Regular, b"a\r\nb\n".to_vec()));
    repo.file(odd, "changed").file("-n", "changed");
    assert_eq!(git.dirty()?, [odd, "-n"]);

    repo.file("back\\slash", "x");
    let second = repo.commit("a name that cannot be used");
    let error = git.entries(&second).expect_err("refused");
    assert!(error.to_string().contains("\"back\\\\slash\""), "{error}");
    let third = commit_on(&git, Some(&second), "renamed", vec![put("slash", "x")])?;
    assert_eq!(git.history(&third, None)?.len(), 3, "what is not asked for its names works");
    Ok(())
}

#[test]
fn what_is_dirty_is_listed() -> Result<(), RepositoryError> {
    let repo = TestRepo::new();
    repo.file("a", "1").file("moved", "long enough to be found\n".repeat(9)).file("gone", "1");
    repo.file(".gitignore", "ignored\n").commit("first");
    repo.git(&["mv", "moved", "to"]);
    std::fs::remove_file(repo.path().join("gone")).expect("removes");
    repo.file("a", "2").file("ignored", "x").file("new/x", "x").file("new/y", "y");
    assert_eq!(open(&repo).dirty()?, ["a", "gone", "moved", "new/", "to"]);
    Ok(())
}

#[test]
fn tags_are_peeled_and_stay_where_they_were_first_seen() -> Result<(), RepositoryError> {
    let (repo, remote, first) = with_remote();
    repo.git(&["tag", "0.0.1"]);
    repo.git(&["tag", "-a", "-m", "x", "0.0.2"]);
    repo.git(&["tag", "-a", "-m", "x", "nested", "0.0.2"]);
    repo.git(&["tag", "blob", "HEAD:a.yaml"]);
    repo.git(&["push", "--quiet", "origin", "--tags"]);
    let clone = remote.clone_here();
    let git = open(&clone);
    let all = git.tags()?;
    let names: Vec<&str> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["0.0.1", "0.0.2", "nested"]);
    assert!(all.iter().all(|(_, commit)| *commit == first));
    clone.git(&["tag", "mine"]);

    let second = repo.file("a.yaml", "a: 2\n").commit("second");
    repo.git(&["tag", "--force", "0.0.1"]);
    repo.git(&["tag", "0.0.3"]);
    repo.git(&["push", "--quiet", "--force", "origin", "main", "--tags"]);
    git.fetch()?;
    let at = |name: &str| git.resolve(&format!("refs/tags/{name}"));
    assert_eq!(at("0.0.1")?, Some(first.clone()), "tags never move");
    assert_eq!(at("0.0.3")?, Some(second.clone()));
    assert_eq!(at("mine")?, Some(first), "a fetch removes no tag");
    assert_eq!(git.tip(&branch("main"))?, Some(second));
    Ok(())
}

#[test]
fn writing_and_reading_touch_nothing_of_the_users() -> Result<(), RepositoryError> {
    let (repo, _remote, first) = with_remote();
    repo.file("a.yaml", "a: mine\n").file("untracked", "x");
    repo.git(&["add", "a.yaml"]);
    repo.file("a.yaml", "a: mine again\n");
    let before = repo.snapshot();
    let git = open(&repo);
    let second = commit_on(&git, Some(&first), "x", vec![put("a.yaml", "z"), remove("dir")])?;
    git.fetch()?;
    git.dirty()?;
    git.merge(&first, &second)?;
    git.history(&second, None)?;
    assert_eq!(repo.snapshot(), before);
    let error = commit_on(&git, Some(&second), "x", vec![remove("dir")]).expect_err("refused");
    assert_eq!(error.to_string(), "cannot write a commit: dir is to be removed and is not there");
    assert_eq!(repo.snapshot(), before);
    Ok(())
}

#[test]
fn without_a_name_nothing_is_written() {
    let (repo, ..) = with_remote();
    let git = Git::open_with(repo.path(), repo.env_without_identity())
        .expect("it opens")
        .expect("it is a repository");
    let objects = || repo.git(&["count-objects"]);
    let (before, objects_before) = (repo.snapshot(), objects());
    let commit = NewCommit {
        parents: vec![],
        base: None,
        changes: vec![put("new", "content")],
        message: "x".to_owned(),
    };
    let error = git.write(&commit).expect_err("no name");
    assert!(error.hint.as_ref().is_some_and(|hint| hint.contains("user.name")), "{error:?}");
    assert!(git.user().is_err());
    assert_eq!((repo.snapshot(), objects()), (before, objects_before));
}

#[test]
fn a_checked_out_branch_takes_its_files_along_and_keeps_other_changes()
-> Result<(), RepositoryError> {
    let alone = TestRepo::new();
    alone.file("a.yaml", "a: 1\n").file("dir/b.yaml", "b: 1\n").commit("first");
    let (followed, ..) = with_remote();
    for repo in [alone, followed] {
        let first = repo.commit_id("HEAD");
        let git = open(&repo);
        repo.file("dir/b.yaml", "b: mine\n").file("note", "mine");
        let second = change(&git, &first, "a: 2\n");
        assert_eq!(git.publish(&[update("main", Some(&first), Some(&second))])?, Published::Done);
        assert_eq!(git.head()?.commit, Some(second));
        assert_eq!(git.dirty()?, ["dir/b.yaml", "note"]);
        let read = |name: &str| std::fs::read_to_string(repo.path().join(name)).ok();
        assert_eq!(read("a.yaml").as_deref(), Some("a: 2\n"));
        assert_eq!(read("dir/b.yaml").as_deref(), Some("b: mine\n"));
    }
    Ok(())
}

#[test]
fn changes_in_the_way_stop_the_move_before_it_begins() -> Result<(), RepositoryError> {
    let repo = TestRepo::new();
    let first = repo.file("a.yaml", "a: 1\n").commit("first");
    let git = open(&repo);
    let second = commit_on(&git, Some(&first), "x", vec![put("a.yaml", "a: 2\n"), put("n", "1")])?;
    let both = [update("ledger", None, Some(&second)), update("main", Some(&first), Some(&second))];
    let refused = |why: &str| {
        let before = repo.snapshot();
        let error = git.publish(&both).expect_err("refused");
        assert!(words(&error).contains(why), "{}", words(&error));
        assert_eq!(repo.snapshot(), before);
    };
    repo.file("a.yaml", "a: mine\n");
    refused("has changes of yours in a.yaml");
    repo.git(&["checkout", "--quiet", "--", "a.yaml"]);
    repo.file("n", "mine");
    refused("has changes of yours in n");
    repo.file(".git/info/exclude", "n\n");
    refused("has changes of yours in n");
    std::fs::remove_file(repo.path().join("n")).expect("removes");
    repo.file(".git/index.lock", "");
    refused("cannot bring the work tree");
    std::fs::remove_file(repo.path().join(".git/index.lock")).expect("removes");
    repo.hook("reference-transaction", "test \"$1\" != prepared");
    refused("cannot move the branches");
    std::fs::remove_file(repo.path().join(".git/hooks/reference-transaction")).expect("removes");
    let error = git.publish(&[update("main", Some(&first), None)]).expect_err("checked out");
    assert!(error.to_string().contains("it is checked out in"), "{error}");
    assert_eq!(git.publish(&both)?, Published::Done);
    assert_eq!(git.dirty()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn a_local_branch_that_is_elsewhere_is_left_alone() -> Result<(), RepositoryError> {
    let (repo, remote, first) = with_remote();
    let git = open(&repo);
    let theirs = change(&git, &first, "a: theirs\n");
    let mine = repo.file("mine", "x").commit("mine, not pushed");
    assert_eq!(git.tip(&branch("main"))?, Some(first.clone()), "the remote's state counts");
    assert_eq!(git.publish(&[update("main", Some(&first), Some(&theirs))])?, Published::Done);
    assert_eq!(git.tip(&branch("main"))?, Some(theirs.clone()));
    assert_eq!(git.local_tip(&branch("main"))?, Some(mine));
    assert_eq!(remote.commit_id("main"), theirs);
    assert_eq!(git.dirty()?, Vec::<String>::new());

    let (repo, remote, first) = with_remote();
    let git = open(&repo);
    let second = change(&git, &first, "a: 2\n");
    repo.file("a.yaml", "a: mine\n");
    assert_eq!(git.publish(&[update("main", Some(&first), Some(&second))])?, Published::Done);
    assert_eq!(git.local_tip(&branch("main"))?, Some(first), "changes are in the way");
    assert_eq!(remote.commit_id("main"), second);
    assert_eq!(git.dirty()?, ["a.yaml"]);
    Ok(())
}

#[test]
fn a_new_branch_gets_its_upstream_and_a_deleted_one_loses_it() -> Result<(), RepositoryError> {
    let (repo, remote, first) = with_remote();
    let git = open(&repo);
    let name = "PLAT-123-add-keda";
    git.publish(&[update(name, None, Some(&first))])?;
    let upstream = format!("{name}@{{upstream}}");
    assert_eq!(repo.git(&["rev-parse", "--abbrev-ref", &upstream]), format!("origin/{name}"));
    git.publish(&[update(name, Some(&first), None)])?;
    assert_eq!(git.local_tip(&branch(name))?, None);
    assert!(!repo.try_git(&["config", "--get-regexp", name]).0);
    assert!(!remote.try_git(&["rev-parse", "--verify", "--quiet", name]).0);
    Ok(())
}

#[test]
fn bare_and_detached_and_single_branch_clones_publish() -> Result<(), RepositoryError> {
    let (_repo, remote, first) = with_remote();
    let url = remote.path().to_string_lossy().into_owned();
    let file_url = format!("file://{url}");
    let bare = remote.clone_with(&url, &["--bare"]);
    let single = remote.clone_with(&file_url, &["--single-branch", "--branch=main"]);
    let detached = remote.clone_with(&url, &[]);
    detached.git(&["checkout", "--quiet", "--detach"]);
    let mut tip = first;
    for clone in [&bare, &single, &detached] {
        let git = open(clone);
        git.fetch()?;
        assert_eq!(git.head()?.branch.is_none(), clone.path() == detached.path());
        let next = change(&git, &tip, &clone.path().to_string_lossy());
        let updates = [update("main", Some(&tip), Some(&next)), update("x", None, Some(&next))];
        assert_eq!(git.publish(&updates)?, Published::Done);
        assert_eq!(git.tip(&branch("main"))?.as_ref(), Some(&next));
        assert_eq!(git.dirty()?, Vec::<String>::new());
        assert_eq!(git.publish(&[update("x", Some(&next), None)])?, Published::Done);
        tip = next;
    }
    assert_eq!(remote.commit_id("main"), tip);
    Ok(())
}

#[test]
fn a_shallow_clone_says_what_it_cannot_know() -> Result<(), RepositoryError> {
    let (repo, remote, first) = with_remote();
    let second = repo.file("a.yaml", "a: 2\n").commit("second");
    let third = repo.file("a.yaml", "a: 3\n").commit("third");
    repo.git(&["push", "--quiet", "origin", "main"]);
    let url = format!("file://{}", remote.path().display());
    let git = open(&remote.clone_with(&url, &["--depth=2"]));
    assert!(git.is_ancestor(&second, &third)?);
    for error in [
        git.is_ancestor(&first, &third).map(drop).expect_err("cut"),
        git.history(&third, None).map(drop).expect_err("cut"),
    ] {
        assert!(
            error.hint.as_deref().is_some_and(|hint| hint.contains("--unshallow")),
            "{error:?}"
        );
    }
    assert_eq!(git.history(&third, Some(&second))?.len(), 1);
    let fourth = change(&git, &third, "a: 4\n");
    assert_eq!(git.publish(&[update("main", Some(&third), Some(&fourth))])?, Published::Done);
    Ok(())
}

#[test]
fn a_hook_that_declines_is_told_in_the_remotes_words() {
    let (repo, remote, first) = with_remote();
    let git = open(&repo);
    let second = change(&git, &first, "a: 2\n");
    remote.hook("pre-receive", "echo 'main is for the merge queue' >&2; exit 1");
    let before = (repo.snapshot(), remote.snapshot());
    let both = [update("main", Some(&first), Some(&second)), update("x", None, Some(&second))];
    for updates in [&both[..], &both[..1]] {
        let error = git.publish(updates).expect_err("declined");
        let words = words(&error);
        assert!(words.contains("pre-receive hook declined"), "{words}");
        assert!(words.contains("main is for the merge queue"), "{words}");
        assert!(error.hint.is_some_and(|hint| hint.contains("pull request")));
    }
    assert_eq!((repo.snapshot(), remote.snapshot()), before);
}

#[test]
fn a_lock_at_the_remote_is_waited_for_and_told() -> Result<(), RepositoryError> {
    let (repo, remote, first) = with_remote();
    let git = open(&repo);
    let second = change(&git, &first, "a: 2\n");
    let step = [update("main", Some(&first), Some(&second))];
    let lock = remote.path().join("refs/heads/main.lock");
    std::fs::write(&lock, "").expect("a lock file is written");
    let before = (repo.snapshot(), remote.snapshot());
    let error = git.publish(&step).expect_err("locked");
    assert!(error.hint.is_some_and(|hint| hint.contains("lock")));
    assert_eq!((repo.snapshot(), remote.snapshot()), before);
    std::fs::remove_file(lock).expect("a lock file is removed");
    assert_eq!(git.publish(&step)?, Published::Done);
    Ok(())
}

#[test]
fn hooks_and_signing_of_the_user_hold() {
    let (repo, _remote, first) = with_remote();
    let git = open(&repo);
    let second = change(&git, &first, "a: 2\n");
    repo.hook("pre-push", "echo 'not on a Friday' >&2; exit 1");
    let error = git.publish(&[update("main", Some(&first), Some(&second))]).expect_err("declined");
    assert!(words(&error).contains("not on a Friday"), "{}", words(&error));
    repo.git(&["config", "commit.gpgSign", "true"]);
    repo.git(&["config", "gpg.program", "/nonexistent/gpg"]);
    let error = commit_on(&git, Some(&first), "x", vec![put("a.yaml", "x")]).expect_err("no key");
    assert!(error.hint.is_some_and(|hint| hint.contains("`gpg` with GnuPG")));
}

#[test]
fn a_merge_knows_renames_and_refuses_submodules() -> Result<(), RepositoryError> {
    let repo = TestRepo::new();
    let text = (0..20).map(|n| format!("line{n}: x\n")).collect::<String>();
    let base = repo.file("old.yaml", &text).commit("base");
    repo.git(&["mv", "old.yaml", "new.yaml"]);
    let ours = repo.commit("moved");
    repo.git(&["checkout", "--quiet", "--detach", base.as_str()]);
    let theirs = repo.file("old.yaml", text.replace("line9: x", "line9: y")).commit("edited");
    let git = open(&repo);
    let merge = git.merge(&ours, &theirs)?;
    assert_eq!(merge.conflicts, Vec::<String>::new());
    assert_eq!(merge.changes, [put("new.yaml", text.replace("line9: x", "line9: y"))]);

    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{base},sub")]);
    repo.git(&["commit", "--quiet", "-m", "a submodule"]);
    let with_sub = repo.commit_id("HEAD");
    let entries = git.entries(&with_sub)?;
    assert!(entries.iter().any(|e| e.mode == FileMode::Submodule && e.path.as_str() == "sub"));
    let error = git.merge(&ours, &with_sub).expect_err("refused");
    assert!(error.to_string().ends_with("it changes the submodule sub"), "{error}");
    Ok(())
}

#[test]
fn a_thousand_files_go_in_and_come_out() -> Result<(), RepositoryError> {
    let repo = TestRepo::new();
    let git = open(&repo);
    let body = "key: value\n".repeat(200);
    let changes =
        (0..1000).map(|n| put(&format!("d{}/f{n}.yaml", n % 50), format!("# {n}\n{body}")));
    let first = commit_on(&git, None, "many", changes.collect())?;
    let found = files(&git, &first)?;
    assert_eq!(found.len(), 1000);
    assert!(found.iter().all(|(_, _, bytes)| bytes.ends_with(body.as_bytes())));
    Ok(())
}

fn login() -> Login {
    Login { user: "ada".to_owned(), password: "s3cret-t0ken".to_owned() }
}

/// A clone over HTTP, its server and the bare repository behind it.
fn over_http(login: Option<&Login>) -> (TestRepo, HttpBackend, TestRepo, CommitId) {
    let (_repo, remote, first) = with_remote();
    let server = HttpBackend::start(&remote, login.cloned());
    let url = match login {
        Some(login) => server.url_with_login(&remote, login),
        None => server.url(&remote),
    };
    let clone = remote.clone_with(&url, &[]);
    (clone, server, remote, first)
}

#[test]
fn over_http_with_a_password_all_is_the_same() -> Result<(), RepositoryError> {
    let (clone, server, remote, first) = over_http(Some(&login()));
    let git = open(&clone);
    assert_eq!(git.remote_url()?, Some(server.url(&remote)), "without the password");
    let second = change(&git, &first, "a: 2\n");
    let both = [update("main", Some(&first), Some(&second)), update("x", None, Some(&second))];
    assert_eq!(git.publish(&both)?, Published::Done);
    assert_eq!(remote.commit_id("x"), second);
    let late = change(&git, &first, "a: late\n");
    let stale = git.publish(&[update("main", Some(&first), Some(&late))])?;
    assert_eq!(stale, Published::Stale { branch: branch("main"), found: Some(second) });
    Ok(())
}

#[test]
fn a_fetch_of_nothing_new_transfers_no_object() -> Result<(), RepositoryError> {
    let (clone, server, remote, first) = over_http(None);
    let git = open(&clone);
    git.fetch()?;
    let asked = |of: &dyn Fn() -> Result<(), RepositoryError>| {
        let before = server.requests().len();
        of().map(|()| server.requests().split_off(before))
    };
    let idle = asked(&|| git.fetch())?;
    // What the server can do, and where its branches are.
    assert_eq!(idle.len(), 2, "{idle:?}");
    assert!(idle[0].contains("/info/refs?") && idle[1].starts_with("POST "), "{idle:?}");

    let other = remote.clone_with(&server.url(&remote), &[]);
    let second = change(&open(&other), &first, "a: 2\n");
    open(&other).publish(&[update("main", Some(&first), Some(&second))])?;
    let moved = asked(&|| git.fetch())?;
    assert_eq!(moved.len(), 3, "{moved:?}");
    assert_eq!(git.tip(&branch("main"))?, Some(second));
    Ok(())
}

#[test]
fn faults_of_a_server_leave_all_as_it_was_and_say_no_secret() -> Result<(), RepositoryError> {
    let (clone, server, remote, first) = over_http(Some(&login()));
    let git = open(&clone);
    let second = change(&git, &first, "a: 2\n");
    let both = [update("main", Some(&first), Some(&second)), update("x", None, Some(&second))];
    let before = (clone.snapshot(), remote.snapshot());
    for fault in [
        Fault::Status(401),
        Fault::Status(403),
        Fault::Status(404),
        Fault::Status(500),
        Fault::HangUpBeforePush,
    ] {
        server.set_fault(Some(fault));
        let error = git.publish(&both).expect_err("a fault");
        let words = format!("{} {:?}", words(&error), error.hint);
        assert!(!words.contains(&login().password), "{fault:?}: {words}");
        assert!(error.hint.is_some(), "{fault:?}: {words}");
        assert_eq!((clone.snapshot(), remote.snapshot()), before, "{fault:?}");
        if fault != Fault::HangUpBeforePush {
            assert!(git.fetch().is_err(), "{fault:?}");
        }
    }
    server.set_fault(None);
    assert_eq!(git.publish(&both)?, Published::Done);
    Ok(())
}

#[test]
fn a_push_whose_answer_is_lost_is_found_to_be_done() -> Result<(), RepositoryError> {
    let (clone, server, remote, first) = over_http(None);
    let git = open(&clone);
    let second = change(&git, &first, "a: 2\n");
    server.set_fault(Some(Fault::HangUpAfterPush));
    assert_eq!(git.publish(&[update("main", Some(&first), Some(&second))])?, Published::Done);
    assert_eq!(remote.commit_id("main"), second);
    assert_eq!(git.tip(&branch("main"))?, Some(second.clone()));
    assert_eq!(git.local_tip(&branch("main"))?, Some(second));
    assert_eq!(git.dirty()?, Vec::<String>::new());
    Ok(())
}

#[test]
fn nobody_there_is_told() {
    let (clone, server, ..) = over_http(None);
    let git = open(&clone);
    drop(server);
    let error = git.fetch().expect_err("nobody there");
    assert!(error.hint.is_some_and(|hint| hint.contains("reaches it")));
    let head = git.head().expect("reads need no remote").commit.expect("a commit");
    let second = change(&git, &head, "a: 2\n");
    let before = clone.snapshot();
    assert!(git.publish(&[update("main", Some(&head), Some(&second))]).is_err());
    assert_eq!(clone.snapshot(), before);
}

#[test]
fn writers_at_the_same_time_lose_nothing() -> Result<(), RepositoryError> {
    let (_repo, remote, first) = with_remote();
    let writers = 4;
    let entries = 3;
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let clone = remote.clone_here();
            scope.spawn(move || {
                let git = open(&clone);
                for entry in 0..entries {
                    loop {
                        git.fetch().expect("fetches");
                        let tip = git.tip(&branch("ledger")).expect("reads");
                        let name = format!("{writer}-{entry}");
                        let new = commit_on(&git, tip.as_ref(), &name, vec![put(&name, &name)])
                            .expect("writes");
                        let step = update("ledger", tip.as_ref(), Some(&new));
                        if git.publish(&[step]).expect("publishes") == Published::Done {
                            break;
                        }
                    }
                }
            });
        }
    });
    let git = open(&remote);
    let tip = git.tip(&branch("ledger"))?.expect("the ledger");
    assert_eq!(git.history(&tip, None)?.len(), writers * entries);
    assert_eq!(git.entries(&tip)?.len(), writers * entries);
    assert_eq!(remote.commit_id("main"), first);
    Ok(())
}
