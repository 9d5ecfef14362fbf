//! Real registries on the loopback, and registries as they should never be.

use std::fs;

use towpath_testkit::faulty_registry::{Answer, FaultyRegistry, Rule};
use towpath_testkit::registry::{PASSWORD, TestRegistry, USER};

use crate::support::{KEDA, PATH_FILE, World, assert_transcript};

/// A path file whose registry is at this host, over plain HTTP.
fn at(host: &str) -> String {
    PATH_FILE.replace(
        "to: oci-layout:../registry",
        &format!("to: oci://{host}/acme\n    insecure: true"),
    )
}

#[test]
fn the_path_of_a_release_through_a_real_registry() {
    let registry = TestRegistry::start().expect("docker-registry is installed");
    let world = World::with_path_file(&at(&registry.host()));
    world.hide(&registry.host());
    assert_eq!(world.run(&["status"]), 0);
    assert_eq!(world.run(&["release", "0.0.7"]), 0);
    assert_eq!(world.run(&["release", "0.0.7"]), 0);
    world.push_file("platform/services/keda.yaml", KEDA, "add keda");
    world.refused(&["release", "0.0.7"]);
    assert_eq!(world.run(&["release", "0.0.8"]), 0);
    assert_eq!(world.run(&["release", "list"]), 0);
    assert_eq!(world.run(&["release", "diff", "0.0.7", "0.0.8"]), 1);
    assert_eq!(world.run(&["promote", "production"]), 0);
    assert_transcript!(world);
}

#[test]
fn a_registry_by_hand_wants_insecure_for_plain_http() {
    let registry = TestRegistry::start().expect("docker-registry is installed");
    let world = World::stated();
    world.hide(&registry.host());
    let place = format!("oci://{}/other/platform", registry.host());
    let args = ["release", "0.0.7", "--to", &place];
    let insecure = [&args[..], &["--insecure"]].concat();
    assert_eq!(world.run(&insecure), 0);
    assert_eq!(world.run(&["release", "list", "--to", &place, "--insecure"]), 0);
    let layout = world.json(&["release", "0.0.7"]);
    let again = world.json(&insecure);
    assert_eq!((&layout["digest"], &again["outcome"]), (&again["digest"], &"already-there".into()));
    assert_transcript!(world);
}

#[test]
fn the_docker_configuration_logs_in_and_is_never_printed() {
    let registry = TestRegistry::start_with_login().expect("docker-registry is installed");
    let world = World::with_path_file(&at(&registry.host()));
    world.hide(&registry.host());
    world.refused(&["release", "0.0.7"]);
    let docker = world.repo.outside().join(".docker");
    fs::create_dir_all(&docker).expect("can be made");
    fs::write(docker.join("config.json"), registry.docker_config(USER, "wrong-4712"))
        .expect("can be written");
    world.refused(&["release", "0.0.7"]);
    fs::write(docker.join("config.json"), registry.docker_config(USER, PASSWORD))
        .expect("can be written");
    assert_eq!(world.run(&["release", "0.0.7"]), 0);
    fs::write(docker.join("config.json"), "{").expect("can be written");
    world.refused(&["release", "0.0.7"]);
    let transcript = world.transcript();
    assert!(!transcript.contains(PASSWORD) && !transcript.contains("4712"), "{transcript}");
    assert_transcript!(world);
}

#[test]
fn a_registry_that_is_gone() {
    let registry = TestRegistry::start().expect("docker-registry is installed");
    let world = World::with_path_file(&at(&registry.host()));
    world.hide(&registry.host());
    world.ok(&["release", "0.0.7"]);
    drop(registry);
    world.refused(&["release", "0.0.8"]);
    assert_eq!(world.run(&["release", "list"]), 0);
    world.refused(&["release", "diff", "0.0.7", "0.0.7"]);
    assert_eq!(world.run(&["plan", "production"]), 0);
    assert_eq!(world.run(&["status", "--quiet"]), 0);
    world.refused(&["release", "0.0.8", "--offline"]);
    assert_transcript!(world);
}

#[test]
fn registries_as_they_should_never_be() {
    let answers = [
        ("401", Answer::status(401, "{}").header("WWW-Authenticate", "Basic realm=\"x\"")),
        ("403", Answer::status(403, r#"{"errors":[{"code":"DENIED","message":"not you"}]}"#)),
        ("404", Answer::status(404, r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no such"}]}"#)),
        ("429", Answer::status(429, "slow down").header("Retry-After", "0")),
        ("500", Answer::status(500, "<html>oops</html>")),
        ("hang-up", Answer::HangUp),
        (
            "half",
            Answer::Half(
                br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}"#
                    .to_vec(),
            ),
        ),
        ("not JSON", Answer::ok("<html>hotel wifi</html>")),
    ];
    let world = World::stated();
    for (name, answer) in answers {
        let server =
            FaultyRegistry::start([Rule::new("", [answer])]).expect("the loopback can be used");
        world.say(name);
        world.hide(&server.host());
        let place = format!("oci://{}/acme/platform", server.host());
        world.refused(&["release", "diff", "0.0.7", "0.0.8", "--insecure", "--to", &place]);
        assert_eq!(world.run(&["release", "list", "--insecure", "--to", &place]), 0);
        world.refused(&["release", "0.0.9", "--insecure", "--to", &place]);
    }
    assert_transcript!(world);
}
