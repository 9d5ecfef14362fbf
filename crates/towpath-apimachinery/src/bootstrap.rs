//! What a fresh cluster has: namespaces, the roles and bindings that clients count on, and little more.
//!
//! Made once for all clusters of a minor, which share the objects; only the namespace `kube-system` is a cluster's own,
//! because its uid is what clients know a cluster by. Uids of the others follow from their names.
//!
//! Next: `bootstrap/roles.txt` and `bootstrap/objects.yaml`, which are the facts.

mod roles;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::access::{Authority, Policy};
use crate::control;
use crate::deletion::{self, NAMESPACES};
use crate::fields::{self, Writer};
use crate::machine::Machine;
use crate::object;
use crate::resource::Resource;
use crate::serve::uid;
use crate::store::{Change, Draft, Expected, Key, State, What};
use crate::strategy;
use crate::surface::Surface;

/// Namespaces that all clusters have alike.
const SHARED: [&str; 3] = ["default", "kube-node-lease", "kube-public"];

/// The namespace whose uid tells clusters apart.
const OWN: &str = "kube-system";

/// Fresh clusters of one minor.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    surface: Arc<Surface>,
    state: State,
    policy: Arc<Policy>,
}

impl Bootstrap {
    /// Makes what all fresh clusters of a minor have. It is as old as `now`.
    #[must_use]
    pub fn new(surface: Arc<Surface>, now: Timestamp) -> Self {
        let mut machine = Machine::new(Arc::clone(&surface), State::new(0));
        let mut objects: Vec<Value> = SHARED.iter().map(|name| namespace(name)).collect();
        objects.extend(roles::objects());
        objects.extend(others());
        // A cluster of an old minor has not all of the kinds.
        let changes = objects.into_iter().filter_map(|object| create(&machine, object, now));
        let changes: Vec<Change> = changes.collect();
        // All are looked at together when all are there: half of them change what follows from the others.
        machine.commit(changes).expect("nothing was there before");
        control::resume(&mut machine, now);
        let own = account(&machine, now);
        settle(&mut machine, own, now);
        let policy = Arc::new(machine.policy().clone());
        Self { surface, state: machine.state().clone().without_history(), policy }
    }

    /// A cluster that nothing has happened in yet. `entropy` is what no other cluster has.
    #[must_use]
    pub fn cluster(&self, authority: Arc<Authority>, now: Timestamp, entropy: u128) -> Machine {
        let (surface, state) = (Arc::clone(&self.surface), self.state.clone());
        let machine = Machine::with_policy(surface, state, Arc::clone(&self.policy));
        let mut machine = machine.believing(authority);
        let mut own = namespace(OWN);
        object::metadata(&mut own).insert("uid".into(), uid(entropy).into());
        let change = create(&machine, own, now);
        settle(&mut machine, change.into_iter().collect(), now);
        // What they have may depend on the authority.
        for name in SHARED {
            let found = machine.state().find(NAMESPACES, "", name).cloned();
            let todo = found.map(|found| control::furnish(&machine, &found, now));
            for changes in todo.into_iter().flatten() {
                settle(&mut machine, changes, now);
            }
        }
        machine
    }
}

/// Commits, and lets the cluster do what it does by itself.
fn settle(machine: &mut Machine, changes: Vec<Change>, now: Timestamp) {
    let mut all = vec![changes];
    while let Some(changes) = all.pop() {
        // What another reaction has overtaken is asked for again by its own event.
        for event in machine.commit(changes).unwrap_or_default() {
            all.extend(control::react(machine, &event, now));
        }
    }
}

fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    })
}

/// The account `default` of the namespace that is not there yet.
fn account(machine: &Machine, now: Timestamp) -> Vec<Change> {
    let account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": OWN},
    });
    create(machine, account, now).into_iter().collect()
}

fn others() -> Vec<Value> {
    let text = include_bytes!("bootstrap/objects.yaml");
    let documents = towpath_yaml::parse(text).expect("the file is part of this crate");
    documents.iter().map(|document| document.root.to_json()).collect()
}

/// The change that creates an object, if the cluster has its kind.
fn create(machine: &Machine, mut object: Value, now: Timestamp) -> Option<Change> {
    let text = |field| object::text(&object, &[field]).unwrap_or_default();
    let (group, version) = text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
    let resource = Arc::clone(machine.kind(group, version, text("kind"))?);
    let (namespace, name) =
        (object::namespace(&object).to_owned(), object::name(&object).to_owned());
    let key = Key::new(&resource.id, &namespace, &name);
    let time = deletion::time(now);
    let identity = uid_of(&key);
    let metadata = object::metadata(&mut object);
    metadata.entry("uid").or_insert_with(|| identity.into());
    metadata.insert("creationTimestamp".into(), time.as_str().into());
    sort(metadata);
    let writer = Writer {
        manager: "kube-apiserver",
        api_version: &resource.api_version,
        subresource: "",
        time: &time,
        ignored: &[],
    };
    fields::update(None, &mut object, &machine.shape(&resource), &writer);
    Some(Change { key, expected: Expected::Absent, what: What::Put(draft(&resource, object)) })
}

fn draft(resource: &Resource, mut object: Value) -> Draft {
    if resource.is_converted() {
        strategy::convert(&mut object, &resource.gvk(), &resource.storage_gvk());
    }
    Draft::of(&object, &resource.selectable)
}

/// A uid that follows from where an object lies.
fn uid_of(key: &Key) -> String {
    let seed = format!("{}/{}/{}", key.resource, key.namespace, key.name);
    let mut bits = [0; 16];
    bits.copy_from_slice(&Sha256::digest(seed)[..16]);
    uid(u128::from_be_bytes(bits))
}

/// Puts metadata into the order in which the server tells it.
fn sort(metadata: &mut Map<String, Value>) {
    const ORDER: [&str; 7] =
        ["name", "namespace", "uid", "generation", "creationTimestamp", "labels", "annotations"];
    let mut sorted = Map::new();
    for field in ORDER {
        if let Some(value) = metadata.shift_remove(field) {
            sorted.insert(field.into(), value);
        }
    }
    sorted.append(metadata);
    *metadata = sorted;
}
