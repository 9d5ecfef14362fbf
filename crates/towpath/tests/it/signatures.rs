//! Approvals that must be signed, with real keys, from one clone to another over HTTP.

use std::process::Output;

use towpath_testkit::git::TestRepo;
use towpath_testkit::http_backend::HttpBackend;
use towpath_testkit::signing::SshKey;

use crate::support::{ADA, Actor, GRACE, World, assert_transcript, path_file_with_approval};

const SIGNERS: &str = ".towpath/allowed_signers";

/// Production asks for one signed approval, and the trunk lists Grace's key.
fn world() -> (World, SshKey) {
    let path = path_file_with_approval().replace("{count: 1}", "{count: 1, signed: true}")
        + "  signers:\n    ssh: .towpath/allowed_signers\n";
    let world = World::two_releases_with(&path);
    let key = SshKey::new(&world.repo, "grace");
    world.push_file(SIGNERS, &format!("grace@example.org {}\n", key.public), "who may sign");
    (world, key)
}

/// Runs a command as somebody whose Git is configured so, and adds it to the transcript; gives its exit code.
fn run_with(
    world: &World,
    repo: &TestRepo,
    who: Actor,
    args: &[&str],
    key: &SshKey,
    more: &[&str],
) -> i32 {
    let mut all: Vec<(String, String)> =
        key.configuration().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    all.extend(more.iter().map(|key| ((*key).to_owned(), "true".to_owned())));
    let mut command = world.command_in(repo, who, args);
    command.env("GIT_CONFIG_COUNT", all.len().to_string());
    for (i, (key, value)) in all.iter().enumerate() {
        command.env(format!("GIT_CONFIG_KEY_{i}"), key).env(format!("GIT_CONFIG_VALUE_{i}"), value);
    }
    let output: Output = command.output().expect("the binary can be started");
    world.tell(&format!("$ towpath {}    # with a key", args.join(" ")), &output)
}

#[test]
fn a_gate_that_wants_signatures_opens_after_a_signed_approval() {
    let (world, key) = world();
    let server = HttpBackend::start(&world.repo, None);
    let url = server.url(&world.remote);
    world.repo.git(&["remote", "set-url", "origin", &url]);
    let (graces, another) = (world.repo.clone_with(&url, &[]), world.repo.clone_with(&url, &[]));
    let hash = world.plan_hash("production");

    world.say("Grace approves without a signature: that is recorded, and does not count");
    assert_eq!(world.run_in(&graces, GRACE, &["approve", "production", &hash]), 0);
    assert_eq!(world.run_in(&another, ADA, &["plan", "production"]), 1);
    assert_eq!(world.run_in(&another, ADA, &["status"]), 0);

    world.say("Ada's own Git trusts herself in Grace's name; the trunk does not");
    let own = SshKey::new(&world.repo, "ada");
    let trusted = world.repo.outside().join("trusted");
    std::fs::write(&trusted, format!("grace@example.org {}\n", own.public)).expect("written");
    another.git(&["config", "gpg.ssh.allowedSignersFile", &trusted.to_string_lossy()]);
    another.file(SIGNERS, format!("grace@example.org {}\n", own.public));
    let forged = ["approve", "production", &hash, "--sign"];
    assert_eq!(run_with(&world, &another, GRACE, &forged, &own, &[]), 0);
    another.git(&["checkout", "--quiet", "--", SIGNERS]);

    world.say("Grace approves with her key");
    assert_eq!(run_with(&world, &graces, GRACE, &forged, &key, &[]), 0);
    assert_eq!(run_with(&world, &graces, GRACE, &forged, &key, &[]), 0);
    assert_eq!(world.run_in(&another, ADA, &["plan", "production"]), 0);
    assert_eq!(world.run_in(&another, ADA, &["explain", "production"]), 1);
    assert_eq!(world.run_in(&another, ADA, &["promote", "production"]), 0);
    assert_eq!(world.run_in(&another, ADA, &["history"]), 0);
    assert_eq!(world.run_in(&another, ADA, &["history", "verify"]), 0);
    assert_transcript!(world);
}

#[test]
fn what_git_is_configured_to_sign_is_signed() {
    let (world, key) = world();
    let hash = world.plan_hash("production");
    let approve = ["approve", "production", &hash];
    assert_eq!(run_with(&world, &world.repo, GRACE, &approve, &key, &["commit.gpgSign"]), 0);
    let promote = ["promote", "production"];
    assert_eq!(run_with(&world, &world.repo, GRACE, &promote, &key, &["commit.gpgSign"]), 0);
    for branch in ["main", "towpath/ledger"] {
        let commit = world.remote.git(&["cat-file", "commit", branch]);
        assert!(commit.contains("gpgsig -----BEGIN SSH SIGNATURE-----"), "{branch}: {commit}");
    }
    let history = world.json(&["history"]);
    let approval = &history["records"][1];
    assert_eq!(approval["signature"]["verdict"], "good", "{approval:#}");
    assert_eq!(approval["signature"]["by"], "grace@example.org");
    let evidence = history["records"][0]["record"]["event"]["gates"].as_array().cloned();
    let given = evidence.into_iter().flatten().find_map(|gate| {
        gate["inputs"]["given"].as_array().and_then(|given| given.first().cloned())
    });
    assert_eq!(given.map(|given| given["signature"].clone()), Some("good".into()));
}

#[test]
fn without_a_key_nothing_is_written() {
    let (world, _) = world();
    let hash = world.plan_hash("production");
    world.repo.git(&["config", "gpg.format", "ssh"]);
    world.refused(&["approve", "production", &hash, "--sign"]);
    world.repo.git(&["config", "commit.gpgSign", "true"]);
    world.refused(&["approve", "production", &hash]);
    world.refused(&["freeze", "on", "--reason", "the registry is being moved"]);
    assert_transcript!(world);
}

#[test]
fn an_override_of_signed_approvals_is_signed() {
    let (world, key) = world();
    let reason = ["override", "production", "approval", "--reason", "an outage"];
    assert_eq!(world.run_as(GRACE, &reason), 0);
    assert_eq!(world.run(&["promote", "production"]), 1);
    let signed = [&reason[..], &["--sign"]].concat();
    assert_eq!(run_with(&world, &world.repo, GRACE, &signed, &key, &[]), 0);
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_signed_gate_without_signers_is_a_mistake() {
    let path = path_file_with_approval().replace("{count: 1}", "{count: 1, signed: true}");
    let world = World::with_path_file(&path);
    world.refused(&["status"]);
    world.push_file("towpath.yaml", &(path + "  signers:\n    ssh: ../keys\n"), "elsewhere");
    world.refused(&["status"]);
    assert_transcript!(world);
}
