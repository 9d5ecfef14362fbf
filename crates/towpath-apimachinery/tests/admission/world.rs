//! A cluster that is asked one request after the other by its administrator.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::{Value, json};
use towpath_apimachinery::access::{Authority, Credentials, User};
use towpath_apimachinery::admission::{Ask, Asked};
use towpath_apimachinery::bootstrap::Bootstrap;
use towpath_apimachinery::control;
use towpath_apimachinery::decision::{Answer, Decision};
use towpath_apimachinery::machine::Machine;
use towpath_apimachinery::request::{Method, Request};
use towpath_apimachinery::store::{Kept, Key};
use towpath_apimachinery::surface::Surface;
use towpath_catalog::Minor;

static FRESH: LazyLock<Bootstrap> = LazyLock::new(|| {
    let surface = Surface::load(Minor::new(36)).expect("the catalog has this minor");
    Bootstrap::new(Arc::new(surface), Timestamp::UNIX_EPOCH)
});

pub(crate) struct World {
    pub(crate) machine: Machine,
    now: Timestamp,
    asked: u128,
    /// What webhooks say, by name.
    pub(crate) hooks: BTreeMap<&'static str, Hook>,
    /// Who was asked, and what.
    pub(crate) calls: Vec<(String, Value)>,
}

/// What a webhook says to the request of a review: a response without its uid, or why there is none.
pub(crate) type Hook = Box<dyn Fn(&Value) -> Result<Value, String>>;

/// What a client is told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: u16,
    pub(crate) body: Value,
    pub(crate) warnings: Vec<String>,
}

impl Told {
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

impl World {
    pub(crate) fn new() -> Self {
        let now = Timestamp::from_second(1_000_000).expect("it is a time");
        let machine = FRESH.cluster(Arc::new(Authority::default()), now, 7);
        Self { machine, now, asked: 0, hooks: BTreeMap::new(), calls: Vec::new() }
    }

    /// The same cluster, started anew from what was kept of it.
    pub(crate) fn restored(self) -> Self {
        let state = self.machine.state();
        let kept = state.tables().flat_map(|(resource, table)| {
            table.values().map(|stored| Kept {
                key: Key::new(resource, &stored.head.namespace, &stored.head.name),
                revision: stored.revision,
                tail: stored.tail().into(),
            })
        });
        let surface = Surface::load(Minor::new(36)).expect("the catalog has this minor");
        let machine = Machine::restore(Arc::new(surface), state.revision(), kept);
        Self { machine: machine.expect("it is as it was written"), ..Self::new() }
    }

    pub(crate) fn ask(&mut self, method: Method, path: &str, body: &Value) -> Told {
        self.asked += 1;
        let user = User::named("kubernetes-admin", &["system:masters"]);
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
            credentials: Credentials { identity: Some(&user), ..Credentials::default() },
            body: body.as_bytes(),
            now: self.now,
            entropy: self.asked << 64 | self.asked,
        };
        let mut said = Vec::new();
        let decision = loop {
            match self.machine.decide_with(&request, &said) {
                Ok(Decision::Ask(asks)) => said.extend(asks.iter().map(|ask| self.call(ask))),
                decision => break decision,
            }
        };
        let answer = match decision {
            Ok(Decision::Ask(_)) => unreachable!("they have been asked"),
            Err(refusal) => Answer::from(&refusal),
            Ok(Decision::Answer(answer)) => answer,
            Ok(Decision::List(list)) => list.answer(),
            Ok(Decision::Watch(_)) => Answer::text(200, "watching"),
            Ok(Decision::Write { changes, reply }) => {
                let events = self.machine.commit(changes).expect("nobody else writes");
                let answer = reply.answer(&self.machine, &events);
                control::settle(&mut self.machine, events, self.now);
                answer
            }
        };
        let text = String::from_utf8(answer.body).expect("answers are texts");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Told { code: answer.code, body, warnings: answer.warnings }
    }

    fn call(&mut self, ask: &Ask) -> Asked {
        let review: Value = serde_json::from_slice(&ask.body).expect("reviews are JSON");
        let request = review["request"].clone();
        let said = self.hooks[ask.webhook.as_str()](&request).map(|mut response| {
            response["uid"] = request["uid"].clone();
            let (kind, version) = (&review["kind"], &review["apiVersion"]);
            json!({"kind": kind, "apiVersion": version, "response": response}).to_string().into()
        });
        self.calls.push((ask.webhook.clone(), request));
        Asked { id: ask.id, said: said.map_err(|why| format!("Post {:?}: {why}", ask.url)) }
    }

    pub(crate) fn post(&mut self, path: &str, body: &Value) -> Told {
        self.ask(Method::Post, path, body)
    }

    pub(crate) fn create(&mut self, path: &str, body: &Value) -> Value {
        let told = self.post(path, body);
        assert_eq!(told.code, 201, "{path}: {}", told.body);
        told.body
    }
}
