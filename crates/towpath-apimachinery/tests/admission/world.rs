//! A cluster that is asked one request after the other by its administrator.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use towpath_apimachinery::access::{Authority, Credentials, User};
use towpath_apimachinery::admission::{Ask, Asked};
use towpath_apimachinery::machine::Machine;
use towpath_apimachinery::request::Method;
use towpath_apimachinery::store::{Kept, Key};
use towpath_apimachinery::surface::Surface;
use towpath_catalog::Minor;

use crate::asked::Cluster;

pub(crate) struct World {
    pub(crate) cluster: Cluster,
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
        let cluster = Cluster::new(Authority::default());
        Self { cluster, hooks: BTreeMap::new(), calls: Vec::new() }
    }

    /// The same cluster, started anew from what was kept of it.
    pub(crate) fn restored(self) -> Self {
        let state = self.cluster.machine.state();
        let kept = state.tables().flat_map(|(resource, table)| {
            table.values().map(|stored| Kept {
                key: Key::new(resource, &stored.head.namespace, &stored.head.name),
                revision: stored.revision,
                tail: stored.tail().into(),
            })
        });
        let surface = Surface::load(Minor::new(36)).expect("the catalog has this minor");
        let machine = Machine::restore(Arc::new(surface), state.revision(), kept);
        let machine = machine.expect("it is as it was written");
        Self { cluster: Cluster { machine, ..self.cluster }, ..Self::new() }
    }

    pub(crate) fn ask(&mut self, method: Method, path: &str, body: &Value) -> Told {
        let user = User::named("kubernetes-admin", &["system:masters"]);
        let credentials = Credentials { identity: Some(&user), ..Credentials::default() };
        let Self { cluster, hooks, calls } = self;
        let (answer, body) =
            cluster.send(credentials, method, path, body, |ask| call(hooks, calls, ask));
        Told { code: answer.code, body, warnings: answer.warnings }
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

fn call(
    hooks: &BTreeMap<&'static str, Hook>,
    calls: &mut Vec<(String, Value)>,
    ask: &Ask,
) -> Asked {
    let review: Value = serde_json::from_slice(&ask.body).expect("reviews are JSON");
    let request = review["request"].clone();
    let said = hooks[ask.webhook.as_str()](&request).map(|mut response| {
        response["uid"] = request["uid"].clone();
        let (kind, version) = (&review["kind"], &review["apiVersion"]);
        json!({"kind": kind, "apiVersion": version, "response": response}).to_string().into()
    });
    calls.push((ask.webhook.clone(), request));
    Asked { id: ask.id, said: said.map_err(|why| format!("Post {:?}: {why}", ask.url)) }
}
