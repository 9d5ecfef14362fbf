//! `towpath history` and `towpath history verify`.

use crate::support::{GRACE, World, assert_transcript, path_file_with_approval};

/// A world with four records: two releases, an approval, a promotion.
fn world() -> World {
    let world = World::two_releases_with(&path_file_with_approval());
    let hash = world.plan_hash("production");
    world.ok_as(GRACE, &["approve", "production", &hash]);
    world.ok(&["promote", "production"]);
    world
}

#[test]
fn filters_choose_records() {
    let world = world();
    for args in [
        &["history"][..],
        &["history", "--environment", "production"],
        &["history", "--component", "platform", "--limit", "1"],
        &["history", "--limit", "0"],
        &["history", "--overrides"],
        &["history", "--environment", "nowhere"],
        &["history", "verify"],
        &["history", "verify", "-o", "json"],
    ] {
        assert_eq!(world.run(args), 0);
    }
    assert_eq!(world.run(&["history", "--limit", "few"]), 2);
    assert_transcript!(world);
}

#[test]
fn json_has_the_whole_record() {
    let world = world();
    assert_eq!(world.run(&["history", "-o", "json"]), 0);
    assert_transcript!(world);
}

#[test]
fn an_empty_ledger_is_whole() {
    let world = World::stated();
    assert_eq!(world.run(&["history"]), 0);
    assert_eq!(world.run(&["history", "verify"]), 0);
    assert_transcript!(world);
}

/// Moves the ledger of the remote, and forgets the clone's.
fn tamper(world: &World, work: impl FnOnce(&towpath_testkit::git::TestRepo)) {
    let url = world.remote.path().to_string_lossy().into_owned();
    let theirs = world.repo.clone_with(&url, &["--branch", "towpath/ledger"]);
    work(&theirs);
    theirs.git(&["push", "--quiet", "--force", "origin", "HEAD:towpath/ledger"]);
    for name in ["refs/heads/towpath/ledger", "refs/remotes/origin/towpath/ledger"] {
        world.repo.try_git(&["update-ref", "-d", name]);
    }
}

/// Writes the last record anew with one text replaced.
fn amend(theirs: &towpath_testkit::git::TestRepo, old: &str, new: &str) {
    let message = theirs.git(&["log", "-1", "--format=%B"]);
    assert!(message.contains(old), "{message}");
    theirs.git(&[
        "commit",
        "--quiet",
        "--amend",
        "--allow-empty",
        "--message",
        &message.replace(old, new),
    ]);
}

#[test]
fn an_amended_record_is_found() {
    let world = world();
    tamper(&world, |theirs| amend(theirs, "0.0.8", "0.0.9"));
    assert_eq!(world.run(&["history", "verify"]), 1);
    assert_eq!(world.run(&["history", "verify", "-o", "json"]), 1);
    assert_transcript!(world);
}

#[test]
fn a_merged_ledger_is_found() {
    let world = world();
    tamper(&world, |theirs| {
        theirs.git(&["switch", "--quiet", "--create", "aside", "HEAD~1"]);
        theirs.git(&["commit", "--quiet", "--allow-empty", "--message", "aside"]);
        theirs.git(&["merge", "--quiet", "--no-edit", "towpath/ledger"]);
    });
    assert_eq!(world.run(&["history", "verify"]), 1);
    assert_eq!(world.run(&["history"]), 2);
    assert_eq!(world.run(&["plan", "production"]), 2);
    assert_transcript!(world);
}

/// A record of a promotion that names a commit which moved nothing.
#[test]
fn a_forged_record_is_found() {
    let world = world();
    let promotion = world.remote.commit_id("main").to_string();
    let other = world.remote.commit_id("main~1").to_string();
    tamper(&world, |theirs| amend(theirs, &promotion, &other));
    assert_eq!(world.run(&["history", "verify"]), 1);
    assert_transcript!(world);
}

/// Grace's approval, written by Ada.
#[test]
fn a_record_in_somebody_else_s_name_is_found() {
    let world = world();
    tamper(&world, |theirs| {
        let message = theirs.git(&["log", "-1", "--format=%B", "HEAD~1"]);
        theirs.git(&["commit", "--quiet", "--allow-empty", "--message", &message]);
    });
    assert_eq!(world.run(&["history", "verify"]), 1);
    // It is no evidence for anything either.
    world.refused(&["promote", "production"]);
    assert_transcript!(world);
}

#[test]
fn a_record_in_the_middle_that_is_taken_out_is_found() {
    let world = world();
    // The approval goes; the promotion stands without it, on a chain that looks whole by itself.
    tamper(&world, |theirs| {
        let message = theirs.git(&["log", "-1", "--format=%B"]);
        theirs.git(&["reset", "--quiet", "--hard", "HEAD~2"]);
        theirs.git(&["commit", "--quiet", "--allow-empty", "--message", &message]);
    });
    assert_eq!(world.run(&["history", "verify"]), 1);
    assert_transcript!(world);
}

#[test]
fn a_rewritten_ledger_is_not_taken_over_in_silence() {
    let world = world();
    let url = world.remote.path().to_string_lossy().into_owned();
    let theirs = world.repo.clone_with(&url, &["--branch", "towpath/ledger"]);
    theirs.git(&["reset", "--quiet", "--hard", "HEAD~2"]);
    theirs.git(&["push", "--quiet", "--force", "origin", "HEAD:towpath/ledger"]);
    world.run(&["history", "verify"]);
    world.run(&["history"]);
    assert_transcript!(world);
}
