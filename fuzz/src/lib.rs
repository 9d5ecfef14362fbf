//! What the targets of the sandbox cluster share: a cluster that holds a little of everything, and what has to be so
//! after any request.
//!
//! Nothing here is random, so that an input that broke a law breaks it again.

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use serde_json::{Value, json};
use towpath_apimachinery::access::{Authority, Credentials, User};
use towpath_apimachinery::admission::Asked;
use towpath_apimachinery::control;
use towpath_apimachinery::decision::{Answer, Decision};
use towpath_apimachinery::machine::Machine;
use towpath_apimachinery::request::{Method, Request};
use towpath_apimachinery::store::{Event, Happened, Kept, Key, State};
use towpath_apimachinery::surface::Surface;
use towpath_catalog::Minor;

/// Where [`World::holding`] keeps objects of the core group.
pub const CORE: &str = "/api/v1/namespaces/shop";
/// Where it keeps workloads.
pub const APPS: &str = "/apis/apps/v1/namespaces/shop";
/// Where it keeps custom objects.
pub const WIDGETS: &str = "/apis/example.com/v1/namespaces/shop/widgets";

static SURFACE: LazyLock<Arc<Surface>> =
    LazyLock::new(|| Arc::new(Surface::load(Minor::NEWEST).expect("the newest minor is known")));

// Without the roles and bindings of fresh clusters, which its administrator does not need: an input has a copy of all
// that a world holds.
static HOLDING: LazyLock<World> = LazyLock::new(|| {
    let cluster = |state| {
        let authority = Authority::default().key([42; 32]);
        Machine::new(Arc::clone(&SURFACE), state).believing(Arc::new(authority))
    };
    let mut world = World { machine: cluster(State::new(1)), asked: 0 };
    for (path, object) in objects() {
        let answer =
            world.ask(Method::Post, path, "application/json", object.to_string().as_bytes());
        assert_eq!(answer.code, 201, "{path}: {}", String::from_utf8_lossy(&answer.body));
    }
    let state = world.machine.state().clone().without_history();
    World { machine: cluster(state), ..world }
});

fn now() -> Timestamp {
    Timestamp::from_second(1_000_000).expect("it is a time")
}

/// A cluster and its administrator.
#[derive(Clone)]
pub struct World {
    /// The cluster.
    pub machine: Machine,
    asked: u128,
}

impl World {
    /// A cluster with a namespace, objects of built-in kinds in it, and a custom one with its definition.
    pub fn holding() -> Self {
        HOLDING.clone()
    }

    /// Asks, commits what is decided and lets the cluster come to rest. Webhooks cannot be reached.
    pub fn ask(&mut self, method: Method, at: &str, content_type: &str, body: &[u8]) -> Answer {
        self.asked += 1;
        let user = User::named("kubernetes-admin", &["system:masters"]);
        let (path, query) = at.split_once('?').unwrap_or((at, ""));
        let request = Request {
            method,
            path,
            query,
            content_type,
            accept: if self.asked.is_multiple_of(3) { "application/yaml" } else { "" },
            agent: "fuzz",
            credentials: Credentials::identity(&user),
            body,
            now: now(),
            entropy: (self.asked << 64) | self.asked,
        };
        let mut said: Vec<Asked> = Vec::new();
        let decision = loop {
            match self.machine.decide_with(&request, &said) {
                Ok(Decision::Ask(asks)) => said.extend(
                    asks.iter().map(|ask| Asked { id: ask.id, said: Err("no such host".into()) }),
                ),
                decision => break decision,
            }
        };
        let answer = match decision {
            Err(refusal) => {
                assert!((400..600).contains(&refusal.code), "{refusal:?}");
                Answer::from(&refusal)
            }
            Ok(Decision::Ask(_)) => unreachable!("they have been asked"),
            Ok(Decision::Answer(answer)) => answer,
            Ok(Decision::List(list)) => {
                assert!(list.page.revision <= self.machine.state().revision());
                list.answer()
            }
            Ok(Decision::Watch(mut watch)) => {
                let mut told = watch.beginning(now());
                if let Ok(events) = self.machine.state().history().since(watch.from) {
                    events.for_each(|event| watch.tell(now(), event, &mut told));
                }
                Answer::json(200, told)
            }
            Ok(Decision::Write { changes, reply }) => {
                let before = self.machine.state().revision();
                let events = self.machine.commit(changes).expect("nobody else writes");
                let answer = reply.answer(&self.machine, &events);
                let events = control::settle(&mut self.machine, events, now());
                self.check(before, &events);
                answer
            }
        };
        assert!((200..600).contains(&answer.code), "{answer:?}");
        if answer.content_type == "application/json" && !query.contains("watch") {
            let body: Result<Value, _> = serde_json::from_slice(&answer.body);
            assert!(body.is_ok(), "{}", String::from_utf8_lossy(&answer.body));
        }
        answer
    }

    /// Every write has a revision of its own, lies where it says, and can be read back by a cluster that starts anew.
    fn check(&self, before: u64, events: &[Arc<Event>]) {
        let state = self.machine.state();
        assert_eq!(state.revision(), before + events.len() as u64);
        let mut revisions: Vec<u64> = events.iter().map(|event| event.revision).collect();
        revisions.sort_unstable();
        assert!(revisions.into_iter().eq(before + 1..=state.revision()));
        let mut kept = Vec::new();
        for event in events {
            let (key, object) = (&event.key, &event.object);
            assert_eq!(object.revision, event.revision);
            assert_eq!((&object.head.namespace, &object.head.name), (&key.namespace, &key.name));
            assert!(!object.head.name.is_empty() && !object.head.uid.is_empty(), "{key:?}");
            let value = object.value(None);
            assert_eq!(value["metadata"]["resourceVersion"], event.revision.to_string());
            let found = state.get(key);
            if event.happened != Happened::Deleted
                && found.is_some_and(|found| found.revision == event.revision)
            {
                let (key, tail) = (key.clone(), object.tail().into());
                kept.push(Kept { key, revision: object.revision, tail });
            }
        }
        // Definitions are known before what they define.
        let definitions =
            state.tables().filter(|(id, _)| id.starts_with("customresourcedefinitions"));
        let definitions = definitions.flat_map(|(id, table)| {
            table.values().map(|stored| Kept {
                key: Key::new(id, "", &stored.head.name),
                revision: stored.revision,
                tail: stored.tail().into(),
            })
        });
        let kept = definitions.chain(kept);
        let restored = Machine::restore(Arc::clone(&SURFACE), state.revision(), kept);
        assert!(restored.is_ok(), "{:?}", restored.err());
    }

    /// All that the cluster holds, as text.
    pub fn tails(&self) -> Vec<String> {
        let tables = self.machine.state().tables();
        tables.flat_map(|(_, table)| table.values().map(|one| one.tail().to_owned())).collect()
    }
}

fn objects() -> Vec<(&'static str, Value)> {
    let pod = json!({
        "containers": [
            {"name": "a", "image": "a:1", "ports": [{"containerPort": 80}, {"containerPort": 81}],
             "env": [{"name": "X", "value": "1"}]},
            {"name": "b", "image": "b:1"},
        ],
        "tolerations": [{"key": "k", "operator": "Exists"}],
    });
    let widget = json!({
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer", "minimum": 0, "default": 1},
                    "replicas": {"type": "integer"},
                    "parts": {
                        "type": "array",
                        "maxItems": 8,
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"],
                        "items": {
                            "type": "object",
                            "required": ["name"],
                            "properties": {"name": {"type": "string", "maxLength": 20}, "n": {"type": "integer"}},
                        },
                    },
                    "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                    "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                    "port": {"x-kubernetes-int-or-string": true},
                },
                "x-kubernetes-validations": [{"rule": "!has(self.size) || self.size < 100"}],
            },
            "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
        },
    });
    vec![
        ("/api/v1/namespaces", json!({"metadata": {"name": "default"}})),
        ("/api/v1/namespaces", json!({"metadata": {"name": "shop"}})),
        (
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            json!({
                "metadata": {"name": "reader", "labels": {"app": "shop"}},
                "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}],
            }),
        ),
        (
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            json!({
                "metadata": {"name": "widgets.example.com"},
                "spec": {
                    "group": "example.com",
                    "scope": "Namespaced",
                    "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
                    "versions": [{
                        "name": "v1", "served": true, "storage": true,
                        "schema": {"openAPIV3Schema": widget},
                        "selectableFields": [{"jsonPath": ".spec.size"}],
                        "subresources": {
                            "status": {},
                            "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"},
                        },
                    }],
                },
            }),
        ),
        (
            "/api/v1/namespaces/shop/configmaps",
            json!({"metadata": {"name": "one", "labels": {"app": "shop", "tier": "1"}}, "data": {"a": "1"}}),
        ),
        (
            "/api/v1/namespaces/shop/configmaps",
            json!({"metadata": {"name": "two", "labels": {"app": "shop", "tier": "2"}, "finalizers": ["example.com/f"]}}),
        ),
        (
            "/api/v1/namespaces/shop/secrets",
            json!({"metadata": {"name": "key"}, "type": "Opaque", "stringData": {"k": "v"}}),
        ),
        (
            "/api/v1/namespaces/shop/services",
            json!({
                "metadata": {"name": "web"},
                "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80}, {"name": "tls", "port": 443}]},
            }),
        ),
        (
            "/api/v1/namespaces/shop/pods",
            json!({"metadata": {"name": "p", "labels": {"app": "web"}}, "spec": pod}),
        ),
        (
            "/apis/apps/v1/namespaces/shop/deployments",
            json!({
                "metadata": {"name": "web", "labels": {"app": "web"}},
                "spec": {
                    "selector": {"matchLabels": {"app": "web"}},
                    "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod},
                },
            }),
        ),
        (
            "/apis/example.com/v1/namespaces/shop/widgets",
            json!({
                "apiVersion": "example.com/v1", "kind": "Widget",
                "metadata": {"name": "w", "labels": {"app": "shop"}},
                "spec": {"parts": [{"name": "x", "n": 1}, {"name": "y"}], "tags": ["a", "b"], "any": {"k": [1, {}]}},
            }),
        ),
    ]
}
