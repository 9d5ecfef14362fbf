//! Sandbox clusters: started, found, stopped, killed and deleted.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, ChildStdout, Stdio};

use crate::support::{World, assert_transcript};

const START: [&str; 4] = ["cluster", "start", "--kubernetes", "1.36"];

/// A cluster that listens. It is killed if a test fails before it has stopped it.
pub(crate) struct Running {
    child: Child,
    said: String,
    /// Kept open: a command that nobody listens to ends.
    _says: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(world: &World, args: &[&str]) -> Self {
        Self::of(world, &[&START[..], args].concat(), "")
    }

    /// One that any command serves, with the access of a kubeconfig.
    fn of(world: &World, args: &[&str], kubeconfig: &str) -> Self {
        let mut command = world.command(args);
        command.env("KUBECONFIG", kubeconfig);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut said = String::new();
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped"));
        // Its line comes when the cluster can be reached.
        while !said.contains("  data ") {
            assert!(lines.read_line(&mut said).expect("it is text") > 0, "it ended: {said}");
        }
        world.say(&format!("towpath {} says\n{}", args.join(" "), said.trim_end()));
        Self { child, said, _says: lines }
    }

    /// What stands behind a word, up to the end of its line.
    pub(crate) fn after(&self, word: &str) -> &str {
        let (_, rest) = self.said.split_once(word).expect("it says so");
        rest.lines().next().expect("there is a line").trim()
    }

    pub(crate) fn ends(mut self) -> Option<i32> {
        self.child.wait().expect("it is ours").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Objects that a live cluster is given, each with the path that it is sent to.
const LIVE: [(&str, &str); 6] = [
    ("/api/v1/namespaces", r#"{"metadata":{"name":"shop"}}"#),
    (
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        r#"{"metadata":{"name":"orders.acme.io"},"spec":{"group":"acme.io","scope":"Namespaced",
            "names":{"plural":"orders","singular":"order","kind":"Order","listKind":"OrderList"},
            "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
            "schema":{"openAPIV3Schema":{"type":"object","properties":{
            "spec":{"type":"object","properties":{"size":{"type":"integer"}}},
            "status":{"type":"object","properties":{"phase":{"type":"string"}}}}}}}]}}"#,
    ),
    (
        "/apis/acme.io/v1/namespaces/shop/orders",
        r#"{"apiVersion":"acme.io/v1","kind":"Order","metadata":{"name":"one"},"spec":{"size":3}}"#,
    ),
    (
        "/api/v1/namespaces/shop/secrets",
        r#"{"metadata":{"name":"password"},"data":{"password":"aHVudGVyMg=="}}"#,
    ),
    (
        "/apis/policy/v1beta1/podsecuritypolicies",
        r#"{"metadata":{"name":"restricted"},"spec":{"seLinux":{"rule":"RunAsAny"},
            "runAsUser":{"rule":"RunAsAny"},"supplementalGroups":{"rule":"RunAsAny"},
            "fsGroup":{"rule":"RunAsAny"}}}"#,
    ),
    (
        "/apis/apps/v1/namespaces/shop/deployments",
        r#"{"metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},
            "template":{"metadata":{"labels":{"app":"web"}},
            "spec":{"containers":[{"name":"web","image":"web:1"}]}}}}"#,
    ),
];

#[test]
fn a_live_cluster_is_rehearsed_in_a_newer_version() {
    let world = world();
    let live = ["cluster", "start", "--kubernetes", "1.21", "--name", "live", "--plain-http"];
    let live = Running::of(&world, &live, "");
    for (path, body) in LIVE {
        let answer = ask(&live, &format!("POST {path}"), body);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    let order = r#"{"status":{"phase":"Paid"}}"#;
    let status = "PATCH /apis/acme.io/v1/namespaces/shop/orders/one/status";
    let answer = send(&live, status, "application/merge-patch+json", order);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let kubeconfig = live.after("kubeconfig").to_owned();

    let clone = ["cluster", "clone", "--context", "live", "--kubernetes", "1.25"];
    let tried = [&clone[..], &["--dry-run"]].concat();
    assert_eq!(world.run_with(&tried, &kubeconfig), 1);
    // What serves nothing takes no name, not even one that is in use.
    let same = ["cluster", "clone", "--context", "live", "--name", "live", "--dry-run"];
    assert_eq!(world.run_with(&same, &kubeconfig), 0);

    let next = Running::of(
        &world,
        &[&clone[..], &["--name", "next", "--plain-http"]].concat(),
        &kubeconfig,
    );
    let shop = |path: &str| ask(&next, &format!("GET {path}"), "");
    let secret = shop("/api/v1/namespaces/shop/secrets/password");
    assert!(
        secret.contains("dG93cGF0aC1wbGFjZWhvbGRlcg==") && !secret.contains("aHVudGVyMg"),
        "{secret}"
    );
    assert!(shop("/apis/acme.io/v1/namespaces/shop/orders/one").contains(r#""phase":"Paid""#));
    assert!(shop("/apis/apps/v1/namespaces/shop/deployments/web").contains(r#""replicas":2"#));
    assert_eq!(world.run(&["cluster", "stop", "next"]), 0);
    assert_eq!(next.ends(), Some(0));
    assert_eq!(world.run(&["cluster", "stop", "live"]), 0);
    assert_eq!(live.ends(), Some(0));
    assert_eq!(world.run_with(&same, &kubeconfig), 2);
    assert_transcript!(world);
}

/// Before the live cluster is asked: there is none.
#[test]
fn a_clone_begins_with_an_empty_folder_or_with_none() {
    let world = world();
    let clone = ["cluster", "clone", "--context", "live", "--data", "../kept"];
    world.refused(&[&clone[..], &["--dry-run"]].concat());
    let kept = Running::start(&world, &["--data", "../kept"]);
    world.refused(&clone);
    assert_eq!(world.run(&["cluster", "stop"]), 0);
    assert_eq!(kept.ends(), Some(0));
    world.refused(&clone);
    assert_transcript!(world);
}

fn world() -> World {
    World::of([("README.md", b"".as_slice())])
}

#[test]
fn a_cluster_is_started_listed_stopped_and_gone() {
    let world = world();
    assert_eq!(world.run(&["cluster", "list"]), 0);
    assert_eq!(world.run(&["cluster", "stop"]), 2);
    let running = Running::start(&world, &[]);
    let kubeconfig = running.after("kubeconfig").to_owned();
    let text = std::fs::read_to_string(&kubeconfig).expect("it is written");
    let mode = std::fs::metadata(&kubeconfig).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    for part in ["server: https://127.0.0.1:", "certificate-authority-data: ", "token: "] {
        assert_eq!(text.matches(part).count(), 1, "{part}");
    }
    assert_eq!(world.run(&["cluster", "list"]), 0);
    assert_eq!(world.run(&START), 2);
    assert_eq!(world.run(&["cluster", "stop"]), 0);
    assert_eq!(running.ends(), Some(0));
    assert!(!std::path::Path::new(&kubeconfig).exists());
    assert_eq!(world.run(&["cluster", "list"]), 0);
    assert_transcript!(world);
}

/// What a request on plain HTTP is answered.
pub(crate) fn ask(running: &Running, request: &str, body: &str) -> String {
    send(running, request, "application/json", body)
}

pub(crate) fn send(running: &Running, request: &str, content_type: &str, body: &str) -> String {
    let address = running.after("on http://").to_owned();
    let mut stream = TcpStream::connect(address).expect("it listens");
    let length = body.len();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {content_type}\r\n\
        Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn a_cluster_that_is_kept_survives_being_killed() {
    let world = world();
    let kept = ["--name", "kept", "--data", "../kept", "--plain-http"];
    let path = "/api/v1/namespaces/default/configmaps";
    let mut running = Running::start(&world, &kept);
    let body = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}"#;
    let answer = ask(&running, &format!("POST {path}"), body);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    running.child.kill().expect("it is ours");
    running.child.wait().expect("it is ours");
    assert_eq!(world.run(&["cluster", "list"]), 0);

    let running = Running::start(&world, &kept);
    let answer = ask(&running, &format!("GET {path}/a"), "");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    world.refused(&[&START[..], &["--data", "../kept"]].concat());
    assert_eq!(world.run(&["cluster", "stop", "kept"]), 0);
    assert_eq!(running.ends(), Some(0));
    assert_eq!(world.run(&["cluster", "stop", "kept"]), 0);
    let other = ["cluster", "start", "--kubernetes", "1.35", "--data", "../kept"];
    world.refused(&other);
    assert_eq!(world.run(&["cluster", "delete", "kept"]), 0);
    assert_eq!(world.run(&["cluster", "list"]), 0);
    assert_transcript!(world);
}

#[test]
fn what_cannot_be_started_says_why() {
    let world = world();
    world.refused(&["cluster", "start", "--kubernetes", "1.2"]);
    world.refused(&["cluster", "start", "--kubernetes", "latest"]);
    world.refused(&[&START[..], &["--name", "../a"]].concat());
    world.refused(&[&START[..], &["--plain-http", "--listen", "0.0.0.0:0"]].concat());
    world.refused(&[&START[..], &["--listen", "nowhere"]].concat());
    world.repo.file("mine", "apiVersion: v1\nkind: Config\n");
    world.refused(&[&START[..], &["--kubeconfig", "mine"]].concat());
    assert_eq!(world.read("mine"), "apiVersion: v1\nkind: Config\n");
    assert_transcript!(world);
}
