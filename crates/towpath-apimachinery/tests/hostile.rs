//! Requests that are made to hurt: each is refused or served, and the cluster goes on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::{Value, json};
use towpath_apimachinery::access::{Authority, Credentials, User};
use towpath_apimachinery::bootstrap::Bootstrap;
use towpath_apimachinery::control;
use towpath_apimachinery::decision::{Answer, Decision};
use towpath_apimachinery::machine::Machine;
use towpath_apimachinery::request::{Method, Request};
use towpath_apimachinery::store::Token;
use towpath_apimachinery::surface::Surface;
use towpath_catalog::Minor;

const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";

static FRESH: LazyLock<Machine> = LazyLock::new(|| {
    let surface = Surface::load(Minor::NEWEST).unwrap();
    let fresh = Bootstrap::new(Arc::new(surface), Timestamp::UNIX_EPOCH);
    fresh.cluster(Arc::new(Authority::default()), Timestamp::UNIX_EPOCH, 7)
});

/// What a cluster answers its administrator.
fn ask(machine: &mut Machine, method: Method, at: &str, content_type: &str, body: &str) -> Answer {
    let user = User::named("kubernetes-admin", &["system:masters"]);
    let (path, query) = at.split_once('?').unwrap_or((at, ""));
    let request = Request {
        method,
        path,
        query,
        content_type,
        accept: "",
        agent: "test",
        credentials: Credentials::identity(&user),
        body: body.as_bytes(),
        now: Timestamp::UNIX_EPOCH,
        entropy: u128::from(machine.state().revision()),
    };
    match machine.decide(&request) {
        Err(refusal) => Answer::from(&refusal),
        Ok(Decision::Answer(answer)) => answer,
        Ok(Decision::List(list)) => list.answer(),
        Ok(Decision::Write { changes, reply }) => {
            let events = machine.commit(changes).unwrap();
            let answer = reply.answer(machine, &events);
            control::settle(machine, events, Timestamp::UNIX_EPOCH);
            answer
        }
        Ok(Decision::Watch(_) | Decision::Ask(_)) => unreachable!("nobody watches or is asked"),
    }
}

/// A cluster with widgets, of which anything may be said, scaled by the number at `replicas`.
fn with_widgets(replicas: &str) -> Machine {
    let mut machine = FRESH.clone();
    let definition = json!({
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                }},
                "subresources": {
                    "scale": {"specReplicasPath": replicas, "statusReplicasPath": ".status.replicas"},
                },
            }],
        },
    });
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let told = ask(&mut machine, Method::Post, path, "application/json", &definition.to_string());
    assert_eq!(told.code, 201, "{}", String::from_utf8_lossy(&told.body));
    machine
}

/// A widget with so many objects one in another below `spec`.
fn nested(depth: usize) -> String {
    let (open, close) = (r#"{"k":"#.repeat(depth), "}".repeat(depth));
    let head = r#""apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"}"#;
    format!(r#"{{{head},"spec":{open}1{close}}}"#)
}

#[test]
fn objects_are_written_only_as_deep_as_they_can_be_read() {
    let machine = with_widgets(".spec.replicas");
    let at = format!("{WIDGETS}/w?fieldManager=m");
    for depth in 100..140 {
        for (method, path, content_type) in [
            (Method::Post, WIDGETS, "application/json"),
            (Method::Post, WIDGETS, "application/yaml"),
            (Method::Patch, at.as_str(), "application/apply-patch+yaml"),
        ] {
            let mut machine = machine.clone();
            let told = ask(&mut machine, method, path, content_type, &nested(depth));
            let is_there = if depth < 110 { vec![201] } else { vec![201, 400] };
            assert!(is_there.contains(&told.code), "{depth} {content_type}: {}", told.code);
            let found = ask(&mut machine, Method::Get, &format!("{WIDGETS}/w"), "", "");
            assert_eq!(found.code == 200, told.code == 201, "{depth} {content_type}");
            for stored in machine.state().list("widgets.example.com", None) {
                assert!(stored.value(None).is_object());
            }
        }
    }
}

#[test]
fn a_scale_lies_no_deeper_than_an_object_can_be() {
    for (path, wanted) in
        [(".spec.replicas".to_owned(), 200), (format!(".spec{}", ".a".repeat(100_000)), 422)]
    {
        let mut machine = with_widgets(&path);
        let told = ask(&mut machine, Method::Post, WIDGETS, "application/json", &nested(1));
        assert_eq!(told.code, 201);
        let scale: Value = json!({"spec": {"replicas": 2}});
        let (at, kind) = (format!("{WIDGETS}/w/scale"), "application/merge-patch+json");
        let told = ask(&mut machine, Method::Patch, &at, kind, &scale.to_string());
        assert_eq!(told.code, wanted);
        assert_eq!(ask(&mut machine, Method::Get, &at, "", "").code, 200);
    }
}

#[test]
fn a_list_goes_on_at_no_revision_that_is_still_to_come() {
    let mut machine = FRESH.clone();
    let newest = machine.state().revision();
    for (revision, code) in [(newest, 200), (newest + 1, 504), (u64::MAX, 504)] {
        let token = Token { revision, after: ("".into(), "a".into()), behind: usize::MAX };
        let at = format!("/api/v1/namespaces?limit=1&continue={}", token.text());
        assert_eq!(ask(&mut machine, Method::Get, &at, "", "").code, code, "{revision}");
    }
}
