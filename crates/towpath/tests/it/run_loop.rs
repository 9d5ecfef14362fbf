//! `towpath run`: what gates let pass moves by itself, once; and what clusters report wakes the loop.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cluster::{Running, send};
use crate::status_connected::{applied, with_flux};
use crate::support::{PATH_FILE, World, assert_transcript};

/// Production by itself, with these lines besides.
fn automatic(more: &str) -> String {
    let after = "    after: [staging]\n";
    PATH_FILE.replace(after, &format!("{after}    auto: true\n{more}"))
}

#[test]
fn a_turn_moves_what_nothing_holds_and_the_next_one_nothing() {
    let world = World::two_releases_with(&automatic(""));
    assert_eq!(world.run(&["run", "--once", "--offline"]), 2);
    assert_eq!(world.run(&["run", "--once", "--interval", "0s"]), 2);
    world.ok(&["freeze", "on", "production", "--reason", "an outage"]);
    assert_eq!(world.run(&["run", "--once"]), 0);
    world.ok(&["freeze", "off", "production", "--reason", "it is over"]);
    assert_eq!(world.run(&["run", "--once"]), 0);
    assert_eq!(world.run(&["run", "--once", "-o", "json"]), 0);
    assert_eq!(world.run(&["history"]), 0);
    assert_transcript!(world);
}

/// The loop as a process, which ends with the test.
pub(crate) struct Process {
    pub(crate) child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// A process whose lines are heard.
    pub(crate) fn of(mut child: Child) -> Self {
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, lines }
    }

    /// Interrupts it, as Ctrl-C does, and waits for its end.
    pub(crate) fn interrupt(&mut self) -> Option<i32> {
        self.send(Signal::INT);
        self.code()
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is ours");
    }

    /// The next event that this holds for; those before it are passed over.
    pub(crate) fn until(&mut self, what: impl Fn(&Value) -> bool) -> Value {
        let events = self.lines.by_ref().map(|line| {
            let line = line.expect("the loop tells");
            serde_json::from_str::<Value>(&line).expect("each line is JSON")
        });
        events.into_iter().find(|event| what(event)).expect("the loop has not ended")
    }

    /// Waits for its end; its exit code.
    pub(crate) fn code(&mut self) -> Option<i32> {
        self.child.wait().expect("it can be waited for").code()
    }
}

/// Starts the loop, to be ended with the test.
pub(crate) fn start(mut command: Command) -> Process {
    Process::of(command.stdout(Stdio::piped()).spawn().expect("the loop starts"))
}

/// Says one request and hears the whole answer.
fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it hears");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn a_webhook_wakes_the_loop_and_the_metrics_tell_what_came_of_it() {
    let world = World::two_releases_with(&automatic(""));
    world.ok(&["freeze", "on", "production", "--reason", "an outage"]);
    let args = ["run", "--interval", "1h", "--listen", "127.0.0.1:0", "-o", "json"];
    let secret = ["--webhook-secret-env", "HOOK_SECRET"];
    let mut command = world.command(&[&args[..], &secret].concat());
    command.env("HOOK_SECRET", "Jefe");
    let mut process = start(command);
    let listening = process.until(|event| event["event"] == "listening");
    let address = listening["message"].as_str().and_then(|it| it.split("http://").nth(1));
    let address = address.expect("it says where").to_owned();
    let of_production = |event: &Value| event["environment"] == "production";
    process.until(|event| event["event"] == "state" && of_production(event));

    world.ok(&["freeze", "off", "production", "--reason", "it is over"]);
    let body = "what do ya want for nothing?";
    let signed = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let post = |signature: &str| {
        format!(
            "POST /hooks/github HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\
             X-Hub-Signature-256: sha256={signature}\r\n\r\n{body}",
            body.len()
        )
    };
    assert!(ask(&address, &post(&"0".repeat(64))).starts_with("HTTP/1.1 401 "));
    assert!(ask(&address, &post(signed)).starts_with("HTTP/1.1 202 "));
    let promoted = process.until(|event| event["event"] == "promoted");
    assert_eq!((promoted["version"].as_str(), of_production(&promoted)), (Some("0.0.8"), true));
    let metrics = ask(&address, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    let of = r#"environment="production",component="platform""#;
    for line in [
        format!("towpath_promotions_total{{{of}}} 1"),
        format!("towpath_has{{{of},version=\"0.0.8\"}} 1"),
        "towpath_turns_total 2".to_owned(),
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line}\n{metrics}");
    }
}

#[test]
fn what_a_cluster_reports_wakes_the_loop() {
    let verified = automatic("    gates:\n    - verified: [staging]\n");
    let staging = "  - name: staging\n    clusters: [{path: clusters/staging, context: live}]\n";
    let world = World::two_releases_with(&verified.replace("  - name: staging\n", staging));
    let status = world.json(&["status", "--offline"]);
    let revision = status.pointer("/environments/1/desired/revision").and_then(Value::as_str);
    let revision = revision.expect("it is known").to_owned();
    let live = Running::start(&world, &["--name", "live", "--plain-http"]);
    with_flux(&live);
    let args = ["run", "--interval", "1h", "-o", "json"];
    let mut command = world.command(&args);
    command.env("KUBECONFIG", live.after("kubeconfig"));
    let mut process = start(command);
    let of_production = |event: &Value| event["environment"] == "production";
    let waiting = process.until(|event| event["event"] == "state" && of_production(event));
    assert_eq!(waiting["reasons"][0], "not-verified", "{waiting}");

    applied(&live, &revision);
    let recorded = process.until(|event| event["event"] == "recorded");
    assert_eq!(recorded["message"], "verify platform 0.0.8 in staging");
    let promoted = process.until(|event| event["event"] == "promoted");
    assert_eq!((promoted["version"].as_str(), of_production(&promoted)), (Some("0.0.8"), true));
}

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases/towpath";

#[test]
fn of_two_loops_one_acts_and_the_other_takes_over() {
    let world = World::two_releases_with(&automatic(""));
    world.ok(&["freeze", "on", "production", "--reason", "an outage"]);
    let live = Running::start(&world, &["--name", "live", "--plain-http"]);
    let lease = ["--lease", "default/towpath", "--lease-context", "live", "--lease-duration", "3s"];
    let args = ["run", "--interval", "1h", "--listen", "127.0.0.1:0", "-o", "json"];
    let begin = || {
        let mut command = world.command(&[&args[..], &lease].concat());
        command.env("KUBECONFIG", live.after("kubeconfig"));
        let mut process = start(command);
        let listening = process.until(|event| event["event"] == "listening");
        let address = listening["message"].as_str().and_then(|it| it.split("http://").nth(1));
        (process, address.expect("it says where").to_owned())
    };
    let leader = |address: &str| {
        let metrics = ask(address, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
        metrics.lines().find_map(|line| line.strip_prefix("towpath_leader ").map(str::to_owned))
    };
    let holder = || {
        let answer = send(&live, &format!("GET {LEASE}"), "application/json", "");
        let (_, body) = answer.split_once("\r\n\r\n").expect("it answers");
        let body =
            &body[body.find('{').expect("it is JSON")..=body.rfind('}').expect("it is JSON")];
        let lease: Value = serde_json::from_str(body).expect("it is JSON");
        lease["spec"]["holderIdentity"].as_str().map(str::to_owned)
    };
    let is = |what: &'static str| move |event: &Value| event["event"] == what;

    let (mut first, address) = begin();
    first.until(is("leading"));
    first.until(|event| event["event"] == "state" && event["environment"] == "production");
    assert_eq!(leader(&address).as_deref(), Some("1"));
    // The first one looks again in an hour.
    world.ok(&["freeze", "off", "production", "--reason", "it is over"]);
    let (mut second, address) = begin();
    let following = second.until(|event| {
        assert_ne!(event["event"], "promoted", "{event}");
        event["event"] == "following" && event["message"].to_string().contains('_')
    });
    let of_first = holder().expect("the first one holds it");
    assert!(following["message"].to_string().contains(&of_first), "{following}");
    assert_eq!(leader(&address).as_deref(), Some("0"));

    first.child.kill().expect("it is ours");
    second.until(|event| {
        assert_ne!(event["event"], "promoted", "{event}");
        event["event"] == "leading"
    });
    let promoted = second.until(is("promoted"));
    assert_eq!(promoted["version"], "0.0.8");
    assert_ne!(holder(), Some(of_first));
    second.send(Signal::TERM);
    assert_eq!(second.code(), Some(0));
    assert_eq!(holder(), None);
}
