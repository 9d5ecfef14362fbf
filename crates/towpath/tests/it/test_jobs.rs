//! Tests that are Jobs, on the API of a cluster whose Jobs do as its faults say; and tests that the loop runs by itself.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::cluster::{Running, ask};
use crate::run_loop::{Process, start};
use crate::status_connected::{applied, with_flux};
use crate::support::{PATH_FILE, World, assert_transcript};

const JOB: &str = "\
apiVersion: batch/v1
kind: Job
spec:
  template:
    spec:
      containers:
      - {name: e2e, image: e2e:1}
";

/// Which Jobs fail, by their names.
const FAULTS: &str = "\
finish: 100ms
rules:
- {workload: Job/towpath-flaky-*-1, failures: 1}
- {workload: Job/towpath-bad-*, failures: 9}
- {workload: Job/towpath-late-*, staysPending: true}
";

const TESTS: &str = "  tests:
  - {name: e2e, job: tests/job.yaml}
  - {name: flaky, job: tests/job.yaml, retries: 2}
  - {name: bad, job: tests/job.yaml, retries: 1}
  - {name: late, job: tests/job.yaml, timeout: 2s}
  - {name: gone, job: tests/gone.yaml}
  - {name: none, job: tests/none.yaml}
  - {name: smoke, command: [sh, -c, 'echo \"$TOWPATH_VERSION is there\"']}
";

/// Staging on a cluster of this context; production by itself, behind these gates.
fn world(context: &str, gates: &str) -> World {
    let after = "    after: [staging]\n";
    let staging =
        format!("  - name: staging\n    clusters: [{{path: clusters/staging{context}}}]\n");
    let path = PATH_FILE
        .replace("  - name: staging\n", &staging)
        .replace(after, &format!("{after}    auto: true\n    gates: {gates}\n"));
    let world = World::two_releases_with(&format!("{path}{TESTS}"));
    world.repo.file("tests/job.yaml", JOB);
    world.repo.file("tests/none.yaml", "apiVersion: batch/v1\nkind: CronJob\n");
    world.publish("tests");
    world
}

const LIVE: &str = ", context: live";

/// The cluster of staging, which runs Jobs.
fn cluster(world: &World) -> Running {
    let live = Running::start(world, &["--name", "live", "--plain-http"]);
    with_flux(&live);
    let faults = json!({"metadata": {"name": "towpath-faults"}, "data": {"faults.yaml": FAULTS}});
    let path = "POST /api/v1/namespaces/kube-system/configmaps";
    let answer = ask(&live, path, &faults.to_string());
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    live
}

fn jobs_of(live: &Running) -> Vec<Value> {
    let answer = ask(live, "GET /apis/batch/v1/namespaces/default/jobs", "");
    let (_, body) = answer.split_once("\r\n\r\n").expect("there is a body");
    let list: Value = serde_json::from_str(body).expect("JSON");
    list["items"].as_array().expect("a list").clone()
}

#[test]
fn a_job_is_followed_to_its_end_and_what_came_of_it_is_recorded() {
    let world = world(LIVE, "[{test: {name: e2e}}]");
    let live = cluster(&world);
    let kubeconfig = live.after("kubeconfig").to_owned();
    let run = |args: &[&str]| world.run_with(args, &kubeconfig);
    assert_eq!(run(&["test", "staging", "e2e"]), 0);
    world.say("a pass after a retry says so");
    assert_eq!(run(&["test", "staging", "flaky"]), 0);
    assert_eq!(run(&["test", "staging", "bad"]), 1);
    assert_eq!(run(&["test", "staging", "late"]), 1);
    world.say("another run is another Job");
    assert_eq!(run(&["test", "staging", "e2e", "-o", "json"]), 0);
    assert_eq!(run(&["history", "--limit", "5"]), 0);
    assert_eq!(jobs_of(&live), [] as [Value; 0], "what is recorded is deleted");
    assert_eq!(world.run(&["cluster", "stop", "live"]), 0);
    assert_eq!(live.ends(), Some(0));
    assert_transcript!(world);
}

#[test]
fn a_job_that_cannot_be_run_is_not_recorded() {
    let world = world(LIVE, "[]");
    world.refused(&["test", "staging", "e2e"]);
    world.refused(&["test", "staging", "gone"]);
    world.refused(&["test", "staging", "none"]);
    world.refused(&["test", "staging", "e2e", "--offline"]);
    world.say("a Job is run where the release is, on every cluster");
    world.refused(&["test", "staging", "e2e", "--version", "0.0.7"]);
    world.refused(&["test", "production", "e2e"]);
    assert_transcript!(world);
}

/// The revision that staging should get.
fn revision(world: &World) -> String {
    let status = world.json(&["status", "--offline"]);
    let at = "/environments/1/desired/revision";
    status.pointer(at).and_then(Value::as_str).expect("it is known").to_owned()
}

#[test]
fn the_loop_runs_a_test_that_is_due_and_the_gate_opens() {
    let world = world(LIVE, "[{test: {name: flaky}}]");
    let revision = revision(&world);
    let live = cluster(&world);
    let args = ["run", "--interval", "1h", "-o", "json"];
    let mut command = world.command(&args);
    command.env("KUBECONFIG", live.after("kubeconfig"));
    let mut process = start(command);
    let of_production = |event: &Value| event["environment"] == "production";
    let waiting = process.until(|event| event["event"] == "state" && of_production(event));
    assert_eq!(waiting["reasons"][0], "test-not-run", "{waiting}");
    assert_eq!(jobs_of(&live), [] as [Value; 0], "the release is not healthy yet");

    applied(&live, &revision);
    let testing = process.until(|event| event["event"] == "testing");
    assert_eq!(testing["message"], "platform 0.0.8 in staging with flaky");
    let is_result = |event: &Value| {
        let message = event["message"].as_str().unwrap_or_default();
        event["event"] == "recorded" && message.starts_with("test ")
    };
    let recorded = process.until(is_result);
    let result = "test platform 0.0.8 in staging with flaky: passed after one retry";
    assert_eq!(recorded["message"], result);
    let promoted = process.until(|event| event["event"] == "promoted");
    assert_eq!((promoted["version"].as_str(), of_production(&promoted)), (Some("0.0.8"), true));
}

#[test]
fn commands_are_run_by_the_loop_only_where_it_is_told_so() {
    let world = world(LIVE, "[{test: {name: e2e}}, {test: {name: smoke}}]");
    let revision = revision(&world);
    let live = cluster(&world);
    applied(&live, &revision);
    let kubeconfig = live.after("kubeconfig").to_owned();
    for tests in [&["--tests", "none"][..], &[], &["--tests", "all"], &["--tests", "none"]] {
        assert_eq!(world.run_with(&[&["run", "--once"], tests].concat(), &kubeconfig), 0);
    }
    assert_eq!(world.run(&["cluster", "stop", "live"]), 0);
    assert_eq!(live.ends(), Some(0));
    assert_transcript!(world);
}

#[test]
fn what_the_loop_cannot_run_is_told_and_stops_nothing() {
    let world = world(LIVE, "[{test: {name: gone}}]");
    let revision = revision(&world);
    let live = cluster(&world);
    applied(&live, &revision);
    let kubeconfig = live.after("kubeconfig").to_owned();
    assert_eq!(world.run_with(&["run", "--once"], &kubeconfig), 0);
    assert_transcript!(world);
}

/// Waits until a command with this pipe open for writing has begun; its end is the end of what is read.
fn begun(world: &World) -> BufReader<std::fs::File> {
    let pipe = std::fs::File::open(world.repo.path().join("../pipe")).expect("it is there");
    let mut lines = BufReader::new(pipe);
    let mut line = String::new();
    lines.read_line(&mut line).expect("it says so");
    assert_eq!(line, "begun\n");
    lines
}

#[test]
fn whoever_interrupts_a_test_ends_its_command() {
    let after = "    after: [staging]\n";
    let test = "  tests:\n  - {name: slow, command: [sh, -c, 'exec > ../pipe; echo begun; sleep 600; echo on']}\n";
    let path = PATH_FILE.replace(after, &format!("{after}    gates: [{{test: {{name: slow}}}}]\n"));
    let world = World::two_releases_with(&format!("{path}{test}"));
    let made = Command::new("mkfifo").arg(world.repo.path().join("../pipe")).status();
    assert!(made.expect("mkfifo is there").success());
    let mut command = world.command(&["test", "staging", "slow"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut process = Process::of(child);
    let mut lines = begun(&world);
    assert_eq!(process.interrupt(), Some(130));
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("it ends");
    assert_eq!(rest, "", "the command is killed");
    assert!(!world.ok(&["history"]).contains("slow"), "nothing is recorded");
}
