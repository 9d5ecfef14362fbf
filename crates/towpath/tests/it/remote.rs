//! A remote over HTTP, and what remotes do: ask for a password, go away, hang up in the middle.

use std::thread;

use towpath_testkit::http_backend::{Fault, HttpBackend, Login};

use crate::support::{ADA, GRACE, PRODUCTION, World, assert_transcript};

fn over_http(login: Option<Login>) -> (World, HttpBackend) {
    let world = World::two_releases();
    let server = HttpBackend::start(&world.repo, login.clone());
    let url = match &login {
        Some(login) => server.url_with_login(&world.remote, login),
        None => server.url(&world.remote),
    };
    world.repo.git(&["remote", "set-url", "origin", &url]);
    (world, server)
}

#[test]
fn a_promotion_over_http() {
    let (world, _server) = over_http(None);
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_eq!(world.run(&["history", "verify"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_password_is_used_and_never_shown() {
    let login = Login { user: "ada".to_owned(), password: "open-sesame-4711".to_owned() };
    let (world, server) = over_http(Some(login));
    assert_eq!(world.run(&["promote", "production"]), 0);
    server.set_fault(Some(Fault::Status(403)));
    world.refused_unfetched(&["rollback", "production"]);
    let url = server.url_with_login(
        &world.remote,
        &Login { user: "ada".to_owned(), password: "wrong-sesame".to_owned() },
    );
    server.set_fault(None);
    world.repo.git(&["remote", "set-url", "origin", &url]);
    world.refused_unfetched(&["rollback", "production"]);
    assert!(!world.transcript().contains("sesame"), "{}", world.transcript());
    assert_transcript!(world);
}

#[test]
fn nobody_is_let_in_without_a_password() {
    let login = Login { user: "ada".to_owned(), password: "open-sesame-4711".to_owned() };
    let (world, server) = over_http(Some(login));
    world.repo.git(&["remote", "set-url", "origin", &server.url(&world.remote)]);
    for args in [
        &["promote", "production"][..],
        &["plan", "production"],
        &["history"],
        &["release", "0.0.9"],
        &["sandbox", "list"],
    ] {
        world.refused_unfetched(args);
    }
    assert_eq!(world.run(&["plan", "production", "--offline"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_remote_that_is_gone() {
    let (world, server) = over_http(None);
    world.hide(
        server.url(&world.remote).trim_start_matches("http://").split('/').next().expect("a host"),
    );
    drop(server);
    world.refused_unfetched(&["promote", "production"]);
    assert_eq!(world.run(&["status"]), 0);
    std::fs::remove_dir_all(world.remote.path()).expect("is there");
    world.repo.git(&["remote", "set-url", "origin", &world.remote.path().to_string_lossy()]);
    assert_eq!(world.run(&["promote", "production"]), 2);
    assert_transcript!(world);
}

/// The network is lost in the middle of a push: nothing moves here, and the next run finishes.
#[test]
fn a_push_that_never_arrives() {
    let (world, server) = over_http(None);
    server.set_fault(Some(Fault::HangUpBeforePush));
    for args in [
        &["promote", "production"][..],
        &["promote", "production", "--branch", "promote-0.0.8"],
        &["override", "production", "checks", "--reason", "x"],
        &["sandbox", "create", "a", "--from", "development", "--ticket", "T-1", "--summary", "x"],
    ] {
        world.refused_unfetched(args);
    }
    server.set_fault(None);
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_eq!(world.run(&["history", "verify"]), 0);
    assert_transcript!(world);
}

/// The push arrives and its answer does not: what came of it is found out, not guessed.
#[test]
fn a_push_whose_answer_is_lost() {
    let (world, server) = over_http(None);
    server.set_fault(Some(Fault::HangUpAfterPush));
    world.run(&["promote", "production"]);
    server.set_fault(None);
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_eq!(world.run(&["history", "--environment", "production"]), 0);
    assert_eq!(world.run(&["history", "verify"]), 0);
    assert_eq!(world.repo.git(&["status", "--porcelain"]), "");
    assert!(world.read(PRODUCTION).contains("tag: 0.0.8"));
    assert_transcript!(world);
}

/// A release is in the registry before it is in the ledger; a lost push leaves that to the next run.
#[test]
fn a_release_whose_record_is_lost_is_finished_by_the_next_run() {
    let (world, server) = over_http(None);
    world.repo.git(&["tag", "v0.0.9", "HEAD~1"]);
    server.set_fault(Some(Fault::HangUpBeforePush));
    world.refused_unfetched(&["release", "0.0.9"]);
    server.set_fault(None);
    assert_eq!(world.run(&["release", "0.0.9"]), 0);
    assert_eq!(world.run(&["release", "list"]), 0);
    assert_transcript!(world);
}

#[test]
fn writers_at_once_lose_no_record() {
    let (world, server) = over_http(None);
    let url = server.url(&world.remote);
    let clones: Vec<_> = (0..4).map(|_| world.repo.clone_with(&url, &[])).collect();
    thread::scope(|scope| {
        for (number, clone) in clones.iter().enumerate() {
            let world = &world;
            let ticket = format!("T-{number}");
            let name = format!("sandbox-{number}");
            let who = if number % 2 == 0 { ADA } else { GRACE };
            let mut command = world.command_in(
                clone,
                who,
                &[
                    "sandbox",
                    "create",
                    &name,
                    "--from",
                    "development",
                    "--ticket",
                    &ticket,
                    "--summary",
                    "race",
                ],
            );
            scope.spawn(move || {
                let output = command.output().expect("runs");
                let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
                assert_eq!(output.status.code(), Some(0), "{stderr}");
            });
        }
    });
    let list = world.json(&["sandbox", "list"]);
    assert_eq!(list["sandboxes"].as_array().map(Vec::len), Some(4));
    let verified = world.json(&["history", "verify"]);
    assert_eq!(
        (&verified["whole"], &verified["records"]),
        (&true.into(), &6.into()),
        "{verified:#}"
    );
}
