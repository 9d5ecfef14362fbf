//! `towpath report`: what other programs say of a release, and the gates that wait for it.

use crate::support::{GRACE, PATH_FILE, World, assert_transcript};

fn path_file() -> String {
    let after = "    after: [staging]\n";
    PATH_FILE.replace(after, &format!("{after}    gates:\n    - status: ci/build\n"))
}

#[test]
fn a_status_closes_and_opens_a_gate() {
    let world = World::two_releases_with(&path_file());
    world.say("the gate waits");
    assert_eq!(world.run(&["explain", "production"]), 1);
    world.say("the release that waits is meant");
    assert_eq!(world.run(&["report", "ci/build", "failure", "--detail", "3 of 40\ntests"]), 0);
    assert_eq!(world.run(&["promote", "production"]), 1);
    world.say("what is good now counts; said again it is no news");
    let good = ["report", "ci/build", "success", "--url", "https://ci.example.com/4711"];
    assert_eq!(world.run_as(GRACE, &good), 0);
    assert_eq!(world.run(&good), 0);
    assert_eq!(world.run(&["promote", "production"]), 0);
    world.say("another release has another status");
    assert_eq!(world.run(&["report", "ci/build", "success", "--version", "v0.0.7"]), 0);
    assert_eq!(world.run(&["report", "scan", "success", "--component", "platform"]), 0);
    assert_eq!(world.run(&["history", "--limit", "3"]), 0);
    assert_transcript!(world);
}

#[test]
fn the_same_as_json() {
    let world = World::two_releases();
    assert_eq!(world.run(&["report", "scan", "failure", "--detail", "bad", "-o", "json"]), 0);
    assert_transcript!(world);
}

#[test]
fn what_nobody_can_mean_is_refused() {
    let world = World::two_releases();
    world.refused(&["report", "ci/build", "success", "--version", "9.9.9"]);
    world.refused(&["report", "ci/build", "success", "--version", "latest"]);
    world.refused(&["report", "ci/build", "success", "--component", "moon"]);
    world.refused(&["report", " ", "success"]);
    world.refused(&["report", "ci/build", "good"]);
    world.refused(&["report", "ci/build"]);
    world.refused(&["report", "ci/build", "success", "--url", "ftp://example.com"]);
    world.refused(&["report", "ci/build", "success", "--url", "https://me:secret@example.com/1"]);
    assert_transcript!(world);
}
