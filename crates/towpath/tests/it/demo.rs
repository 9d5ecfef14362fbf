//! `towpath demo`.

use crate::support::{World, assert_transcript};

#[test]
fn carries_the_change_to_production() {
    let world = World::of([("README.md", b"".as_slice())]);
    let before = world.repo.snapshot();
    assert_eq!(world.run(&["demo", "--into", "../demo"]), 0);
    assert!(before == world.repo.snapshot(), "the demo stays in its folder");
    world.refused(&["demo", "--into", "../demo"]);
    assert_transcript!(world);
}
