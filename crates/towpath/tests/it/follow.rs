//! `towpath promote --follow`: stays until the release is verified, failed or was given up.

use std::io::Read as _;
use std::process::Stdio;

use serde_json::Value;

use crate::cluster::Running;
use crate::run_loop::{Process, start};
use crate::status_connected::{applied, with_flux};
use crate::support::{ADA, PATH_FILE, World, assert_transcript, path_file_with_approval};

fn of(event: &'static str) -> impl Fn(&Value) -> bool {
    move |told| told["event"] == event
}

/// Follows in a process of its own, which tells a line for each event.
fn follow(world: &World, more: &[&str]) -> Process {
    let args = ["promote", "production", "--follow", "-o", "json"];
    start(world.command(&[&args[..], more].concat()))
}

#[test]
fn a_cluster_that_reports_the_release_ends_it_with_yes() {
    let production =
        "  - name: production\n    clusters: [{path: clusters/production, context: live}]\n";
    let world = World::two_releases_with(&PATH_FILE.replace("  - name: production\n", production));
    let status = world.json(&["status", "--offline"]);
    let revision = |environment: usize| {
        let at = format!("/environments/{environment}/desired/revision");
        status.pointer(&at).and_then(Value::as_str).expect("it is known").to_owned()
    };
    let live = Running::start(&world, &["--name", "live", "--plain-http"]);
    with_flux(&live);
    applied(&live, &revision(2));
    let args = ["promote", "production", "--follow", "--interval", "1h", "-o", "json"];
    let mut command = world.command_in(&world.repo, ADA, &args);
    command.env("KUBECONFIG", live.after("kubeconfig"));
    let mut process = start(command);
    let promoted = process.until(of("promoted"));
    assert_eq!(promoted["version"], "0.0.8", "{promoted}");
    let state = process.until(of("state"));
    assert_eq!(state["message"], "0 of 1 healthy, 1 on the way", "{state}");

    applied(&live, &revision(1));
    let recorded = process.until(of("recorded"));
    assert_eq!(recorded["message"], "verify platform 0.0.8 in production");
    let state = process.until(of("state"));
    assert_eq!(state["message"], "1 of 1 healthy", "{state}");
    let ended = process.until(of("ended"));
    assert_eq!((&ended["outcome"], process.code()), (&"verified".into(), Some(0)));
}

#[test]
fn what_somebody_gives_up_ends_it_with_no() {
    let world = World::two_releases();
    let mut process = follow(&world, &["--interval", "1s"]);
    let state = process.until(of("state"));
    assert_eq!(state["message"], "0 of 1 healthy, 1 not connected", "{state}");
    world.ok(&["abort", "production", "--reason", "errors"]);
    let ended = process.until(of("ended"));
    assert_eq!((&ended["outcome"], process.code()), (&"given-up".into(), Some(1)));

    world.say("who asks again is told how it ended");
    assert_eq!(world.run(&["promote", "production", "--follow"]), 1);
    assert_transcript!(world);
}

#[test]
fn whoever_stops_looking_stops_nothing() {
    let world = World::two_releases();
    let args = ["promote", "production", "--follow", "--interval", "1h", "-o", "json"];
    let mut command = world.command(&args);
    command.stderr(Stdio::piped());
    let mut process = start(command);
    process.until(of("state"));
    assert_eq!(process.interrupt(), Some(2));
    let mut said = String::new();
    let mut stderr = process.child.stderr.take().expect("it is piped");
    stderr.read_to_string(&mut said).expect("it is text");
    world.say(&said);
    assert_eq!(world.run(&["promote", "production", "--follow", "--timeout", "0s"]), 2);
    assert_eq!(world.run(&["history", "verify"]), 0);
    assert_transcript!(world);
}

#[test]
fn what_has_not_begun_is_not_followed() {
    let world = World::two_releases_with(&path_file_with_approval());
    assert_eq!(world.run(&["promote", "production", "--follow"]), 1);
    world.refused(&["promote", "production", "--follow", "--branch", "review"]);
    world.refused(&["promote", "production", "--follow", "--interval", "0s"]);
    world.refused(&["promote", "production", "--timeout", "1h"]);
    assert_transcript!(world);
}
