//! `towpath freeze`: nothing is promoted while it holds, nothing overrides it, and a person may go back all the same.

use crate::support::{World, assert_transcript};

#[test]
fn nothing_is_promoted_while_something_is_frozen() {
    let world = World::two_releases();
    assert_eq!(world.run(&["freeze", "list"]), 0);
    world.refused(&["freeze", "on", "moon", "--reason", "outage"]);
    world.refused(&["freeze", "on", "--reason", " "]);
    world.refused(&["freeze", "off", "production", "--reason", "over"]);
    assert_eq!(world.run(&["freeze", "on", "--reason", "the registry is being moved"]), 0);
    assert_eq!(world.run(&["freeze", "on", "production", "--reason", "an outage"]), 0);
    world.refused(&["freeze", "off", "staging", "--reason", "over"]);
    assert_eq!(world.run(&["plan", "production"]), 1);
    assert_eq!(world.run(&["promote", "production"]), 1);
    world.refused(&["override", "production", "freeze", "--reason", "mine is small"]);
    assert_eq!(world.run(&["freeze", "off", "production", "--reason", "it is over"]), 0);
    assert_eq!(world.run(&["freeze", "list"]), 0);
    assert_eq!(world.run(&["freeze", "list", "-o", "json"]), 0);
    assert_eq!(world.run(&["promote", "production"]), 1);
    assert_eq!(world.run(&["freeze", "off", "--reason", "it has moved"]), 0);
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_eq!(world.run(&["freeze", "on", "--reason", "0.0.8 is broken"]), 0);
    assert_eq!(world.run(&["rollback", "production"]), 0);
    assert_eq!(world.run(&["history"]), 0);
    assert_transcript!(world);
}
