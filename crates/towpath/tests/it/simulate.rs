//! `towpath simulate`: a scenario and what the ledger recorded, played; two policies side by side.

use crate::support::{PATH_FILE, World, assert_transcript};

/// [`PATH_FILE`] in which production moves by itself after a soak.
fn soaking(long: &str) -> String {
    let gates = format!("    after: [staging]\n    auto: true\n    gates:\n    - soak: {long}\n");
    PATH_FILE.replace("    after: [staging]\n", &gates)
}

const SCENARIO: &str = "\
apiVersion: towpath.dev/v1alpha1
kind: Scenario
spec:
  start: 2026-03-02T08:00:00Z
  for: 14d
  releases:
  - at: 2026-03-02T10:00:00Z
  - at: 2026-03-05T10:00:00Z
    fails:
    - after: 30h
  - at: 2026-03-09T10:00:00Z
";

fn world() -> World {
    let world = World::with_path_file(&soaking("24h"));
    world.edit(crate::support::PRODUCTION, "semver: 0.0.x", "tag: 0.0.7");
    world.publish("production is exact");
    world.repo.file("quarter.yaml", SCENARIO.as_bytes());
    world.repo.file("stricter.yaml", soaking("48h").as_bytes());
    world
}

#[test]
fn a_scenario_is_played_and_two_policies_are_compared() {
    let world = world();
    assert_eq!(world.run(&["simulate", "quarter.yaml"]), 0);
    assert_eq!(world.run(&["simulate", "quarter.yaml", "--against", "stricter.yaml"]), 1);
    assert_eq!(world.run(&["simulate", "quarter.yaml", "--against", "towpath.yaml"]), 0);
    assert_transcript!(world);
}

#[test]
fn programs_read_the_same() {
    let world = world();
    let json = world.json(&["simulate", "quarter.yaml", "--path-file", "stricter.yaml"]);
    assert_eq!(json["kind"], "Simulate");
    let policy = &json["policies"][0];
    assert_eq!(policy["file"], "stricter.yaml");
    assert_eq!(policy["failedInProduction"], 0);
    let production = &policy["environments"][2];
    assert_eq!(production["arrived"], 2);
    assert_eq!(production["skipped"], 1);
    assert_eq!(production["waited"][0]["what"], "soak");
}

#[test]
fn what_cannot_be_played_is_told_at_its_place() {
    let world = world();
    let text = SCENARIO.replace("for: 14d", "for: two weeks");
    world.repo.file("wrong.yaml", text.as_bytes());
    let text = SCENARIO.replace("after: 30h", "in: [moon]");
    world.repo.file("stranger.yaml", text.as_bytes());
    world.repo.file("broken.yaml", soaking("soon").as_bytes());
    world.refused(&["simulate", "wrong.yaml"]);
    world.refused(&["simulate", "stranger.yaml"]);
    world.refused(&["simulate", "nowhere.yaml"]);
    world.refused(&["simulate", "quarter.yaml", "--path-file", "broken.yaml"]);
    world.refused(&["simulate", "--history"]);
    assert_transcript!(world);
}

#[test]
fn what_was_recorded_is_played_again() {
    let world = World::two_releases();
    world.ok(&["promote", "production"]);
    let json = world.json(&["simulate", "--history"]);
    let policy = &json["policies"][0];
    let released: Vec<&str> = policy["releases"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|release| release["version"].as_str())
        .collect();
    assert_eq!(released, ["0.0.7", "0.0.8"]);
    let assumptions = policy["assumptions"].to_string();
    assert!(assumptions.contains("where nobody is recorded"), "{assumptions}");
}
