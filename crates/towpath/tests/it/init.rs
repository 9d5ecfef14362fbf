//! `towpath init`.

use serde_json::Value;

use crate::support::{World, assert_transcript};

#[test]
fn writes_the_path_once() {
    let world = World::example();
    assert_eq!(world.run(&["init", "--dry-run"]), 0);
    assert!(!world.repo.path().join("towpath.yaml").exists());
    assert_eq!(world.run(&["init"]), 0);
    let written = world.read("towpath.yaml");
    assert_eq!(world.ok(&["init", "--dry-run"]), written);
    world.refused(&["init"]);
    world.repo.file("towpath.yaml", "# mine\n");
    world.refused(&["init"]);
    assert_transcript!(world);
}

#[test]
fn json_names_what_was_found() {
    let world = World::example();
    assert_eq!(world.run(&["init", "-o", "json"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_file_that_is_a_link_is_not_written_through() {
    let world = World::example();
    std::os::unix::fs::symlink("elsewhere.yaml", world.repo.path().join("towpath.yaml"))
        .expect("a link can be made");
    world.refused(&["init"]);
    assert!(!world.repo.path().join("elsewhere.yaml").exists());
}

/// What `init` writes changes nothing but what it states of production.
#[test]
fn status_is_the_same_after_init() {
    let world = World::example();
    let before = world.json(&["status", "--offline"]);
    world.ok(&["init"]);
    world.publish("state the path");
    let after = world.json(&["status", "--offline"]);
    let environments = after["environments"].as_array().expect("a list");
    let production = environments.last().expect("production is last");
    assert_eq!(production["name"], "production");
    assert_eq!(production["tracks"]["policy"], "exact", "{production:#}");
    assert_eq!(production["tracks"]["actual"]["policy"], "semver", "{production:#}");
    let findings = |status: &Value| -> Vec<String> {
        let list = status["findings"].as_array().expect("a list");
        list.iter().map(|f| f["rule"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let new: Vec<String> =
        findings(&after).into_iter().filter(|rule| !findings(&before).contains(rule)).collect();
    assert_eq!(new, ["tracking-differs-from-stated"]);
    for (old, new) in before["environments"]
        .as_array()
        .expect("a list")
        .iter()
        .zip(after["environments"].as_array().expect("a list"))
    {
        for key in ["name", "clusters", "after", "sandbox", "production"] {
            assert_eq!(old[key], new[key], "{key}");
        }
        if old["name"] != "production" {
            let revision = |e: &Value| e["desired"]["revision"].clone();
            let (mut old, mut new) = (old.clone(), new.clone());
            // The commit that states the path is the head of the trunk now.
            if old["tracks"]["policy"] == "branch" {
                assert_ne!(revision(&old), revision(&new));
                for side in [&mut old, &mut new] {
                    side["desired"] = Value::Null;
                    side["components"] = Value::Null;
                }
            }
            assert_eq!(old, new);
        }
    }
}
