//! A cluster that is asked one request after the other.

use std::collections::VecDeque;
use std::sync::{Arc, LazyLock};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use towpath_apimachinery::access::{Authority, Credentials, Impersonation, User};
use towpath_apimachinery::bootstrap::Bootstrap;
use towpath_apimachinery::control;
use towpath_apimachinery::decision::{Answer, Decision};
use towpath_apimachinery::machine::Machine;
use towpath_apimachinery::request::{Method, Request};
use towpath_apimachinery::surface::Surface;
use towpath_catalog::Minor;

/// The one token that the cluster was given.
pub(crate) const TOKEN: &str = "let-me-in";

static FRESH: LazyLock<Bootstrap> = LazyLock::new(|| {
    let surface = Surface::load(Minor::new(36)).expect("the catalog has this minor");
    Bootstrap::new(Arc::new(surface), Timestamp::UNIX_EPOCH)
});

pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) now: Timestamp,
    asked: u128,
}

/// Who asks.
#[derive(Default)]
pub(crate) struct By<'a> {
    pub(crate) identity: Option<User>,
    pub(crate) authorization: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

pub(crate) fn admin() -> By<'static> {
    By { identity: Some(User::named("kubernetes-admin", &["system:masters"])), ..By::default() }
}

pub(crate) fn user(name: &str) -> By<'static> {
    By { identity: Some(User::named(name, &[])), ..By::default() }
}

impl World {
    pub(crate) fn new() -> Self {
        let admin = User::named("root", &["system:masters"]);
        let authority = Authority::default()
            .token(Authority::digest(TOKEN), admin)
            .key([42; 32])
            .certificate("-----BEGIN CERTIFICATE-----\n");
        let now = Timestamp::from_second(1_000_000).expect("it is a time");
        let machine = FRESH.cluster(Arc::new(authority), now, 7);
        Self { machine, now, asked: 0 }
    }

    pub(crate) fn later(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn ask(
        &mut self,
        by: &By<'_>,
        method: Method,
        path: &str,
        body: &Value,
    ) -> (u16, Value) {
        self.asked += 1;
        let impersonation = Impersonation::of(by.headers.iter().copied());
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = Request {
            method,
            path,
            query,
            content_type: match method {
                Method::Patch => "application/merge-patch+json",
                _ => "application/json",
            },
            accept: "application/json",
            agent: "test",
            credentials: Credentials {
                identity: by.identity.as_ref(),
                authorization: by.authorization,
                impersonation: impersonation.as_ref(),
            },
            body: body.as_bytes(),
            now: self.now,
            entropy: self.asked << 64 | self.asked,
        };
        let answer = match self.machine.decide(&request) {
            Err(refusal) => Answer::from(&refusal),
            Ok(Decision::Answer(answer)) => answer,
            Ok(Decision::List(list)) => list.answer(),
            Ok(Decision::Watch(_)) => Answer::text(200, "watching"),
            Ok(Decision::Ask(_)) => unreachable!("there are no webhooks"),
            Ok(Decision::Write { changes, reply }) => {
                let events = self.machine.commit(changes).expect("nobody else writes");
                let answer = reply.answer(&self.machine, &events);
                let mut events = VecDeque::from(events);
                while let Some(event) = events.pop_front() {
                    for changes in control::react(&self.machine, &event, self.now) {
                        events.extend(self.machine.commit(changes).unwrap_or_default());
                    }
                }
                answer
            }
        };
        let text = String::from_utf8(answer.body).expect("answers are texts");
        (answer.code, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub(crate) fn get(&mut self, by: &By<'_>, path: &str) -> (u16, Value) {
        self.ask(by, Method::Get, path, &Value::Null)
    }

    pub(crate) fn post(&mut self, by: &By<'_>, path: &str, body: &Value) -> (u16, Value) {
        self.ask(by, Method::Post, path, body)
    }

    /// Creates an object as somebody who may do everything.
    pub(crate) fn create(&mut self, path: &str, body: &Value) -> Value {
        let (code, value) = self.post(&admin(), path, body);
        assert_eq!(code, 201, "{path}: {value}");
        value
    }

    /// A role and its binding to users, in a namespace or everywhere.
    pub(crate) fn grant(&mut self, namespace: &str, name: &str, rules: &Value, subjects: &Value) {
        let (prefix, kind) = match namespace {
            "" => (RBAC.to_owned(), "ClusterRole"),
            namespace => (format!("{RBAC}/namespaces/{namespace}"), "Role"),
        };
        let plural = kind.to_lowercase();
        let metadata = serde_json::json!({"name": name});
        self.create(
            &format!("{prefix}/{plural}s"),
            &serde_json::json!({"metadata": metadata, "rules": rules}),
        );
        self.create(
            &format!("{prefix}/{plural}bindings"),
            &serde_json::json!({
                "metadata": metadata,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
                "subjects": subjects,
            }),
        );
    }
}

pub(crate) const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// A subject of a binding.
pub(crate) fn named(kind: &str, name: &str) -> Value {
    serde_json::json!({"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"})
}
