//! `towpath abort`: a promotion is given up before it is at its end, and nothing moves on by itself.

use crate::support::{PATH_FILE, World, assert_transcript};

#[test]
fn what_is_given_up_goes_no_further() {
    let world = World::two_releases();
    world.say("nothing was promoted yet");
    world.refused(&["abort", "production", "--reason", "too early"]);
    assert_eq!(world.run(&["promote", "production"]), 0);
    world.refused(&["abort", "production", "--reason", " "]);
    world.refused(&["abort", "moon", "--reason", "x"]);
    world.refused(&["abort", "production", "--component", "moon", "--reason", "x"]);
    assert_eq!(world.run(&["abort", "production", "--reason", "errors\nsince 9:00"]), 0);
    world.say("it has ended");
    world.refused(&["abort", "production", "--reason", "again"]);
    assert_eq!(world.run(&["rollback", "production"]), 0);
    world.say("a way back is not given up");
    world.refused(&["abort", "production", "--reason", "no"]);
    world.say("a person may begin it again");
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_eq!(world.run(&["abort", "production", "--reason", "still", "-o", "json"]), 0);
    assert_eq!(world.run(&["history"]), 0);
    assert_transcript!(world);
}

#[test]
fn the_next_wave_does_not_come() {
    let stated = "    clusters:\n    - {name: eu, path: clusters/production}\n    \
         - {name: us, path: clusters/production-us}\n    waves:\n    - {name: canary, clusters: [eu]}\n";
    let after = "    after: [staging]\n";
    let world = World::two_releases();
    for file in ["platform.yaml", "flux-system/gotk-sync.yaml", "flux-system/kustomization.yaml"] {
        let text = world.read(&format!("clusters/production/{file}"));
        let text = text.replace("clusters/production", "clusters/production-us");
        world.repo.file(&format!("clusters/production-us/{file}"), text);
    }
    world.repo.file("towpath.yaml", PATH_FILE.replace(after, &format!("{after}{stated}")));
    world.publish("another cluster");
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_eq!(world.run(&["abort", "production", "--reason", "the canary is ill"]), 0);
    world.say("what was begun does not go on; who promotes now begins anew");
    assert_eq!(world.run(&["explain", "production"]), 1);
    assert_transcript!(world);
}

#[test]
fn of_a_pull_request_nothing_has_begun() {
    let world = World::two_releases();
    assert_eq!(world.run(&["promote", "production", "--branch", "promote-0.0.8"]), 0);
    assert_eq!(world.run(&["abort", "production", "--reason", "not this one"]), 0);
    assert_transcript!(world);
}
