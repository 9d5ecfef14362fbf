//! `towpath status`.

use serde_json::Value;

use crate::support::{PATH_FILE, PRODUCTION, World, assert_transcript, example};

#[test]
fn a_repository_without_configuration() {
    let world = World::example();
    assert_eq!(world.run(&["status", "--offline"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_plain_folder_is_enough() {
    let world = World::example();
    let folder = world.repo.outside().join("plain");
    for (path, bytes) in example() {
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().expect("in a folder")).expect("can be made");
        std::fs::write(file, bytes).expect("can be written");
    }
    assert_eq!(world.run(&["status", "-C", &folder.to_string_lossy(), "--offline"]), 0);
    assert_eq!(world.run(&["plan", "production", "-C", &folder.to_string_lossy()]), 2);
    assert_transcript!(world);
}

#[test]
fn what_is_stated_wins_and_its_difference_to_git_is_a_finding() {
    let world = World::stated();
    assert_eq!(world.run(&["status"]), 0);
    assert_transcript!(world);
}

#[test]
fn from_below_the_top_and_from_a_bare_repository() {
    let world = World::two_releases();
    let below = world.repo.path().join("clusters/staging");
    let top = world.ok(&["status"]);
    assert_eq!(world.ok(&["status", "-C", &below.to_string_lossy()]), top);
    assert_eq!(world.ok(&["status", "-C", &world.remote.path().to_string_lossy()]), top);
}

#[test]
fn json_has_what_programs_were_promised() {
    let world = World::two_releases();
    let status = world.json(&["status"]);
    assert_eq!(status["kind"], "Status");
    let environments = status["environments"].as_array().expect("a list");
    let of = |pointer: &str| -> Vec<&Value> {
        environments.iter().map(|e| e.pointer(pointer).unwrap_or(&Value::Null)).collect()
    };
    assert_eq!(of("/name"), ["development", "staging", "production"]);
    assert_eq!(of("/tracks/policy"), ["branch", "semver", "exact"]);
    assert_eq!(of("/tracks/value"), ["main", "0.0.x", "0.0.7"]);
    assert_eq!(of("/desired/version")[1..], ["0.0.8", "0.0.7"]);
    let head = world.repo.commit_id("main");
    assert_eq!(of("/desired/revision")[0], &Value::from(format!("main@sha1:{head}")));
    assert!(
        of("/desired/revision")[1..]
            .iter()
            .all(|r| r.as_str().is_some_and(|r| r.contains("@sha256:"))),
        "{status:#}"
    );
    assert_eq!(of("/clusters/0/name"), ["development", "staging", "production"]);
    assert_eq!(of("/clusters/0/path")[2], "clusters/production");
    assert!(of("/next").iter().all(|next| !next.is_null()), "{status:#}");
    for finding in status["findings"].as_array().expect("a list") {
        for key in ["rule", "severity", "file", "line", "message"] {
            assert!(!finding[key].is_null(), "{key} in {finding:#}");
        }
    }
    assert_eq!(world.run(&["status", "-o", "json"]), 0);
    assert_transcript!(world);
}

#[test]
fn yaml_says_the_same_as_json() {
    let world = World::two_releases();
    let yaml = world.ok(&["status", "-o", "yaml"]);
    let documents = towpath_yaml::parse(yaml.as_bytes()).expect("YAML");
    assert_eq!(documents[0].root.to_json(), world.json(&["status"]));
}

#[test]
fn a_second_look_at_an_edited_file_sees_the_edit() {
    let world = World::example();
    let before = world.ok(&["status", "--offline"]);
    assert!(before.contains("semver 0.0.x"));
    // The same length, so that only the content tells.
    world.edit(PRODUCTION, "0.0.x", "0.1.x");
    let after = world.ok(&["status", "--offline"]);
    assert!(after.contains("semver 0.1.x"), "{after}");
}

#[test]
fn an_unreachable_registry_is_said_and_the_ledger_still_counts() {
    let world = World::two_releases();
    std::fs::remove_dir_all(world.repo.outside().join("registry")).expect("the folder is there");
    assert_eq!(world.run(&["status"]), 0);
    assert_eq!(world.run(&["release", "list"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_folder_without_clusters_is_no_path() {
    let world = World::of([("README.md", b"nothing here\n".as_slice())]);
    world.refused(&["status"]);
    world.refused(&["status", "-C", "nowhere"]);
    assert_transcript!(world);
}

#[test]
fn a_cluster_that_differs_from_the_rest_of_its_environment_is_named() {
    let mut files = example();
    let production: Vec<_> = files
        .iter()
        .filter(|(path, _)| path.starts_with("clusters/production/"))
        .map(|(path, bytes)| {
            let text = String::from_utf8_lossy(bytes)
                .replace("./clusters/production", "./clusters/production-east")
                .replace("semver: 0.0.x", "tag: 0.0.6");
            (path.replace("clusters/production", "clusters/production-east"), text.into_bytes())
        })
        .collect();
    files.extend(production);
    let stated = PATH_FILE.replace(
        "    tracks: exact\n",
        "    tracks: exact\n    clusters:\n    - path: clusters/production\n    - path: clusters/production-east\n",
    );
    files.push(("towpath.yaml".to_owned(), stated.into_bytes()));
    let world = World::of(files.iter().map(|(p, b)| (p.as_str(), b.as_slice())));
    assert_eq!(world.run(&["status", "--offline"]), 0);
    assert_transcript!(world);
}
