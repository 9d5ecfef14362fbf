//! How long a cluster takes to decide and commit, without sockets: what bounds the writes of a second.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion};
use jiff::Timestamp;
use serde_json::json;
use towpath_apimachinery::access::{Credentials, User};
use towpath_apimachinery::control;
use towpath_apimachinery::decision::{Answer, Decision};
use towpath_apimachinery::machine::Machine;
use towpath_apimachinery::request::{Method, Request};
use towpath_apimachinery::store::State;
use towpath_apimachinery::surface::Surface;
use towpath_catalog::Minor;

fn ask(machine: &mut Machine, method: Method, path: &str, body: &[u8], number: u128) -> Answer {
    let user = User::named("admin", &["system:masters"]);
    let request = Request {
        method,
        path,
        query: "",
        content_type: "application/json",
        accept: "application/json",
        agent: "bench/1.0",
        credentials: Credentials::identity(&user),
        body,
        now: Timestamp::from_second(1_800_000_000).expect("a time"),
        entropy: number << 64 | number,
    };
    match machine.decide(&request).expect("it is accepted") {
        Decision::Answer(answer) => answer,
        Decision::List(list) => list.answer(),
        Decision::Write { changes, reply } => {
            let events = machine.commit(changes).expect("nobody else writes");
            let answer = reply.answer(machine, &events);
            for event in &events {
                for changes in control::react(machine, event, request.now) {
                    machine.commit(changes).expect("nobody else writes");
                }
            }
            answer
        }
        Decision::Watch(_) | Decision::Ask(_) => unreachable!("nothing is watched, nobody asked"),
    }
}

fn fresh(surface: &Arc<Surface>) -> Machine {
    let mut machine = Machine::new(Arc::clone(surface), State::new(1));
    let namespace = json!({"metadata": {"name": "n"}}).to_string();
    ask(&mut machine, Method::Post, "/api/v1/namespaces", namespace.as_bytes(), 1);
    machine
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let criterion = &mut criterion;
    criterion.bench_function("surface of one minor", |bench| {
        bench.iter(|| Surface::load(black_box(Minor::NEWEST)).expect("it is known"));
    });
    let surface = Arc::new(Surface::load(Minor::NEWEST).expect("it is known"));
    criterion.bench_function("a further cluster", |bench| bench.iter(|| fresh(&surface)));

    let path = "/api/v1/namespaces/n/configmaps";
    let mut machine = fresh(&surface);
    let mut number = 1;
    criterion.bench_function("create a ConfigMap", |bench| {
        bench.iter_batched(
            || {
                number += 1;
                let body = json!({
                    "apiVersion": "v1", "kind": "ConfigMap",
                    "metadata": {"name": format!("c{number}")},
                    "data": {"key": "value", "other": "a value that is somewhat longer"},
                });
                (body.to_string(), number)
            },
            |(body, number)| ask(&mut machine, Method::Post, path, body.as_bytes(), number),
            BatchSize::SmallInput,
        );
    });
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "spec": {
            "selector": {"matchLabels": {"app": "d"}},
            "template": {
                "metadata": {"labels": {"app": "d"}},
                "spec": {"containers": [{
                    "name": "c", "image": "registry.example.com/c:1",
                    "ports": [{"containerPort": 80}], "env": [{"name": "A", "value": "b"}],
                }]},
            },
        },
    });
    let mut replicas = 0;
    let deployments = "/apis/apps/v1/namespaces/n/deployments";
    let mut apps = fresh(&surface);
    ask(&mut apps, Method::Post, deployments, deployment.to_string().as_bytes(), 2);
    criterion.bench_function("replace a Deployment", |bench| {
        bench.iter(|| {
            replicas += 1;
            let mut new = deployment.clone();
            new["spec"]["replicas"] = (replicas % 7).into();
            let path = format!("{deployments}/d");
            ask(&mut apps, Method::Put, &path, new.to_string().as_bytes(), 3)
        });
    });

    let mut full = fresh(&surface);
    for number in 0..2_000_u128 {
        let body = json!({"metadata": {"name": format!("c{number}")}, "data": {"key": "value"}});
        ask(&mut full, Method::Post, path, body.to_string().as_bytes(), number + 10);
    }
    criterion.bench_function("get a ConfigMap", |bench| {
        let path = format!("{path}/c17");
        bench.iter(|| ask(&mut full, Method::Get, &path, b"", 1));
    });
    criterion.bench_function("list 2,000 ConfigMaps", |bench| {
        bench.iter(|| ask(&mut full, Method::Get, path, b"", 1));
    });
    criterion.final_summary();
}
