//! `towpath approve` and `towpath override`.

use crate::support::{GRACE, PRODUCTION, World, assert_transcript, path_file_with_approval};

fn world() -> World {
    World::two_releases_with(&path_file_with_approval())
}

#[test]
fn only_the_plan_that_was_seen_is_approved() {
    let world = world();
    let hash = world.plan_hash("production");
    world.refused(&["approve", "production", "0123456789ab"]);
    world.refused(&["approve", "production", &hash[..7]]);
    world.refused(&["approve", "production", ""]);
    world.refused(&["approve", "staging", &hash]);
    assert_eq!(world.run_as(GRACE, &["approve", "production", &hash]), 0);
    assert_eq!(world.run_as(GRACE, &["approve", "production", &hash]), 0);
    assert_eq!(world.run(&["plan", "production"]), 0);
    assert_eq!(world.run(&["history"]), 0);
    assert_transcript!(world);
}

#[test]
fn who_made_the_release_does_not_count() {
    let world = world();
    let hash = world.plan_hash("production");
    assert_eq!(world.run(&["approve", "production", &hash]), 0);
    assert_eq!(world.run(&["plan", "production"]), 1);
    assert_eq!(world.run(&["promote", "production"]), 1);
    assert_transcript!(world);
}

#[test]
fn only_those_named_count() {
    let text =
        path_file_with_approval().replace("{count: 1}", "{count: 1, by: [linus@example.org]}");
    let world = World::two_releases_with(&text);
    let hash = world.plan_hash("production");
    assert_eq!(world.run_as(GRACE, &["approve", "production", &hash]), 0);
    assert_eq!(world.run(&["promote", "production"]), 1);
    assert_transcript!(world);
}

/// An approval is of one plan: a newer release, or another pin, makes it void.
#[test]
fn a_changed_plan_voids_the_approval() {
    let world = world();
    let hash = world.plan_hash("production");
    world.ok_as(GRACE, &["approve", "production", &hash]);
    world.edit(PRODUCTION, "tag: 0.0.7", "tag: 0.0.6");
    world.publish("another pin");
    assert_ne!(world.plan_hash("production"), hash);
    assert_eq!(world.run(&["promote", "production"]), 1);
    world.refused(&["approve", "production", &hash]);
    assert_transcript!(world);
}

#[test]
fn a_commit_elsewhere_does_not_void_the_approval() {
    let world = world();
    let hash = world.plan_hash("production");
    world.ok_as(GRACE, &["approve", "production", &hash]);
    world.push_file("notes.md", "about something else\n", "notes");
    assert_eq!(world.plan_hash("production"), hash);
    assert_eq!(world.run(&["promote", "production"]), 0);
}

#[test]
fn an_override_has_a_reason_an_expiry_and_is_seen() {
    let world = world();
    world.refused(&["override", "production", "approval"]);
    world.refused(&["override", "production", "approval", "--reason", "  "]);
    world.refused(&["override", "production", "lunch", "--reason", "hungry"]);
    world.refused(&["override", "production", "path", "--reason", "it passes anyway"]);
    world.refused(&["override", "production", "approval", "--reason", "x", "--for", "never"]);
    world.refused(&["override", "production", "approval", "--reason", "x", "--for", "0s"]);
    let args =
        ["override", "production", "approval", "--reason", "fixes the outage", "--for", "2h"];
    assert_eq!(world.run_as(GRACE, &args), 0);
    assert_eq!(world.run(&["plan", "production"]), 0);
    assert_eq!(world.run(&["explain", "production"]), 1);
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_eq!(world.run(&["history"]), 0);
    assert_eq!(world.run(&["history", "--overrides"]), 0);
    assert_eq!(world.run(&["history", "verify"]), 0);
    assert_transcript!(world);
}

#[test]
fn an_override_that_is_over_does_not_count() {
    let world = world();
    let args =
        ["override", "production", "approval", "--reason", "fixes the outage", "--for", "1s"];
    world.ok(&args);
    // Its expiry is in the record; when it is over is tested with another clock, in core.
    let history = world.json(&["history", "--overrides"]);
    let record = &history["records"][0];
    assert!(record.to_string().contains("expires"), "{record:#}");
}

#[test]
fn a_release_in_doubt_is_never_overridden() {
    let world = world();
    // Somebody pushes something else to the same tag, past Towpath.
    let place = "oci-layout:../other/platform";
    world.push_file("platform/services/more.yaml", "kind: More\n", "more");
    world.ok(&["release", "0.0.8", "--work-tree", "--to", place]);
    let registry = world.repo.outside().join("registry/platform");
    std::fs::remove_dir_all(&registry).expect("is there");
    std::fs::rename(world.repo.outside().join("other/platform"), &registry).expect("is there");
    assert_eq!(world.run(&["plan", "production"]), 1);
    world.refused(&["override", "production", "release", "--reason", "trust me"]);
    assert_eq!(world.run(&["promote", "production"]), 1);
    assert_transcript!(world);
}
