//! `towpath gate replay`: what a record says of its gates, judged again.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use crate::support::{GRACE, PATH_FILE, World, assert_transcript};

const GATES: &str = "    gates:\n    - approval: {count: 1}\n    - soak: 48h\n    - status: ci/build\n    \
    - window: {allow: [{cron: \"0 0 * * *\", for: 24h, zone: Europe/Berlin}]}\n";

/// Production was promoted with an approval, an override and a report.
fn promoted() -> World {
    let after = "    after: [staging]\n";
    let world = World::two_releases_with(&PATH_FILE.replace(after, &format!("{after}{GATES}")));
    world.ok(&["report", "ci/build", "success"]);
    let hash = world.plan_hash("production");
    world.ok_as(GRACE, &["approve", "production", &hash]);
    world.ok_as(GRACE, &["override", "production", "soak", "--reason", "an outage"]);
    world.ok(&["promote", "production"]);
    world
}

/// The entry of the newest record, and the record.
fn newest(world: &World) -> (String, String) {
    let history = world.json(&["history", "--limit", "1"]);
    let newest = &history["records"][0];
    let commit = newest["commit"].as_str().expect("it has one")[..8].to_owned();
    (commit, format!("{:#}\n", newest["record"]))
}

#[test]
fn a_record_bears_out_its_gates() {
    let world = promoted();
    let (commit, record) = newest(&world);
    assert_eq!(world.run(&["gate", "replay", &commit]), 0);
    assert_eq!(world.run(&["gate", "replay", &commit, "--gate", "status"]), 0);
    world.say("a copy says the same, wherever it is");
    world.repo.file("../record.json", &record);
    assert_eq!(world.run(&["gate", "replay", "../record.json", "--offline"]), 0);
    assert_eq!(world.run(&["gate", "replay", "../record.json", "-C", ".."]), 0);
    world.say("and so does what Git shows");
    let message = world.repo.git(&["log", "-1", "--format=%B", "origin/towpath/ledger"]);
    world.repo.file("../message", &message);
    assert_eq!(world.run(&["gate", "replay", "../message", "--gate", "soak", "-o", "json"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_record_that_was_changed_does_not() {
    let world = promoted();
    let (_, record) = newest(&world);
    let mut changed = Vec::new();
    for (what, old, new) in [
        ("the report was no success", "\"success\": true", "\"success\": false"),
        (
            "nobody approved it",
            "\"by\": \"Grace Weir <grace@example.org>\"",
            "\"by\": \"Ada Lock <ada@example.org>\"",
        ),
        ("the soak was short enough", "\"need\": 172800", "\"need\": 3600"),
        ("it was open", "\"verdict\": \"overridden\"", "\"verdict\": \"open\""),
        ("another plan was approved", "\"plan\": \"", "\"plan\": \"0"),
    ] {
        assert!(record.contains(old), "{old} is in {record}");
        changed.push((what, record.replacen(old, new, 1)));
    }
    for (what, record) in changed {
        world.say(what);
        let mut child = world
            .command(&["gate", "replay", "-", "-C", ".."])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(record.as_bytes()).expect("it reads");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        let code = world.tell("$ towpath gate replay - -C ..", &output);
        assert_ne!(code, 0, "{what}");
    }
    world.say("the ledger knows who overrode it");
    world.repo.file(
        "../record.json",
        record.replace("overridden by Grace Weir", "overridden by Ada Lock"),
    );
    assert_eq!(world.run(&["gate", "replay", "../record.json", "--offline"]), 1);
    world.say("there is no evidence");
    let mut value: serde_json::Value = serde_json::from_str(&record).expect("it is JSON");
    value["event"]["gates"] = serde_json::json!([]);
    let mut text = String::new();
    let _ = write!(text, "{value:#}");
    world.repo.file("../record.json", &text);
    assert_eq!(world.run(&["gate", "replay", "../record.json", "-C", ".."]), 1);
    assert_transcript!(world);
}

#[test]
fn what_is_no_record_of_a_promotion_is_refused() {
    let world = World::two_releases();
    let (commit, _) = newest(&world);
    world.refused(&["gate", "replay", &commit]);
    world.refused(&["gate", "replay", "00000000"]);
    world.refused(&["gate", "replay", "towpath.yaml"]);
    world.refused(&["gate", "replay", "nowhere.json"]);
    world.refused(&["gate", "replay", "-"]);
    world.refused(&["gate"]);
    world.ok(&["promote", "production"]);
    let (commit, _) = newest(&world);
    world.refused(&["gate", "replay", &commit, "--gate", "soak"]);
    assert_transcript!(world);
}
