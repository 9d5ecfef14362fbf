//! `towpath explain`.

use crate::support::{GRACE, PATH_FILE, World, assert_transcript, path_file_with_approval};

#[test]
fn every_reason_is_said() {
    let world = World::two_releases_with(&path_file_with_approval());
    assert_eq!(world.run(&["explain", "production"]), 1);
    assert_eq!(world.run(&["explain", "staging"]), 0);
    assert_eq!(world.run(&["explain", "development"]), 0);
    assert_eq!(world.run(&["explain", "production", "--component", "platform"]), 1);
    let hash = world.plan_hash("production");
    world.ok_as(GRACE, &["approve", "production", &hash]);
    assert_eq!(world.run(&["explain", "production"]), 1);
    world.ok(&["promote", "production"]);
    assert_eq!(world.run(&["explain", "production"]), 0);
    world.refused(&["explain", "nowhere"]);
    assert_transcript!(world);
}

#[test]
fn the_planner_s_own_values_are_in_the_json() {
    let world = World::two_releases_with(&path_file_with_approval());
    assert_eq!(world.run(&["explain", "production", "-o", "json"]), 1);
    assert_transcript!(world);
}

#[test]
fn gates_that_git_cannot_judge_say_what_they_wait_for() {
    let gates = "    after: [staging]\n    gates:\n    - soak: 48h\n    - verified: [staging]\n    - order: {component: platform, range: '>=1.0.0'}\n";
    let world = World::two_releases_with(&PATH_FILE.replace("    after: [staging]\n", gates));
    assert_eq!(world.run(&["explain", "production"]), 1);
    assert_eq!(world.run(&["plan", "production"]), 1);
    assert_transcript!(world);
}

#[test]
fn without_a_release_there_is_nothing_to_explain() {
    let world = World::stated();
    assert_eq!(world.run(&["explain", "production"]), 1);
    assert_eq!(world.run(&["explain", "staging"]), 0);
    assert_eq!(world.run(&["plan", "production"]), 1);
    assert_transcript!(world);
}

#[test]
fn what_is_not_committed_is_not_planned_and_said() {
    let world = World::two_releases();
    world.repo.file("notes.txt", "x\n");
    assert_eq!(world.run(&["explain", "production"]), 1);
    assert_eq!(world.run(&["explain", "production", "--quiet"]), 1);
    assert_transcript!(world);
}

#[test]
fn what_to_do_about_an_older_release_names_it() {
    let world = World::two_releases_with(&path_file_with_approval());
    world.ok(&["release", "0.0.9"]);
    assert_eq!(world.run(&["explain", "production", "--to", "0.0.8"]), 1);
    assert_transcript!(world);
}
