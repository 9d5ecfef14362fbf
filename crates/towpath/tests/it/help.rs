//! What the program says about itself.

use crate::support::{World, assert_transcript};

#[test]
fn help_of_every_command() {
    let world = World::of([("README.md", b"".as_slice())]);
    for args in [
        &["-h"][..],
        &["init", "-h"],
        &["status", "-h"],
        &["explain", "-h"],
        &["plan", "-h"],
        &["diff", "-h"],
        &["promote", "-h"],
        &["rollback", "-h"],
        &["abort", "-h"],
        &["approve", "-h"],
        &["override", "-h"],
        &["report", "-h"],
        &["test", "-h"],
        &["history", "-h"],
        &["history", "verify", "-h"],
        &["gate", "replay", "-h"],
        &["release", "-h"],
        &["release", "list", "-h"],
        &["release", "diff", "-h"],
        &["sandbox", "-h"],
        &["sandbox", "create", "-h"],
        &["sandbox", "list", "-h"],
        &["sandbox", "promote", "-h"],
        &["sandbox", "delete", "-h"],
        &["cluster", "-h"],
        &["cluster", "start", "-h"],
        &["cluster", "list", "-h"],
        &["cluster", "stop", "-h"],
        &["cluster", "delete", "-h"],
        &["demo", "-h"],
        &["completion", "-h"],
    ] {
        assert_eq!(world.run(args), 0);
    }
    assert_transcript!(world);
}

#[test]
fn the_version_is_one_line() {
    let world = World::of([("README.md", b"".as_slice())]);
    assert_eq!(world.ok(&["--version"]), format!("towpath {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn completion_is_a_script() {
    let world = World::of([("README.md", b"".as_slice())]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(world.ok(&["completion", shell]).contains("towpath"), "{shell}");
    }
}
