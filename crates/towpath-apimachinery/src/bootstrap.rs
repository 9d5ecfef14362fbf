//! What a fresh cluster has: namespaces, the roles and bindings that clients count on, and little more.
//!
//! Made once for all clusters of a minor, which share the objects; only the namespace `kube-system` is a cluster's own,
//! because its uid is what clients know a cluster by. Uids of the others follow from their names.
//!
//! Next: `bootstrap/roles.txt` and `bootstrap/objects.yaml`, which are the facts; `bootstrap/prepare.rs`, which makes of
//! them what is read here.

mod prepare;
mod roles;

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use towpath_catalog::Minor;

pub use self::prepare::prepare;
use crate::access::{Authority, Policy};
use crate::control;
use crate::deletion::{self, NAMESPACES};
use crate::fields::{self, Writer};
use crate::machine::Machine;
use crate::object;
use crate::resource::Resource;
use crate::serve::uid;
use crate::store::{Change, Draft, Expected, Head, Key, State, What};
use crate::strategy;
use crate::surface::Surface;

/// What all fresh clusters of a minor have, as it lies in the store.
const PREPARED: &str = include_str!("bootstrap/prepared.tsv");

/// How old it says it is.
const OLD: &str = "1970-01-01T00:00:00Z";

/// Namespaces that all clusters have alike.
const SHARED: [&str; 3] = ["default", "kube-node-lease", "kube-public"];

/// The namespace whose uid tells clusters apart.
const OWN: &str = "kube-system";

/// Fresh clusters of one minor.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    surface: Arc<Surface>,
    state: State,
    /// What the roles and bindings among the objects grant, once somebody has asked for it.
    policy: Arc<OnceLock<Policy>>,
}

impl Bootstrap {
    /// Makes what all fresh clusters of a minor have. It is as old as `now`.
    #[must_use]
    pub fn new(surface: Arc<Surface>, now: Timestamp) -> Self {
        let time = deletion::time(now);
        let lines = PREPARED.lines().filter(|line| !line.starts_with('#'));
        let changes = lines.filter_map(|line| prepared(&surface, line, &time));
        let mut state = State::new(0);
        state.commit(changes.collect()).expect("nothing was there before");
        Self { surface, state: state.without_history(), policy: Arc::default() }
    }

    /// A cluster that nothing has happened in yet. `entropy` is what no other cluster has.
    #[must_use]
    pub fn cluster(&self, authority: Arc<Authority>, now: Timestamp, entropy: u128) -> Machine {
        let (surface, state) = (Arc::clone(&self.surface), self.state.clone());
        let machine = Machine::with_policy(surface, state, Arc::clone(&self.policy));
        let mut machine = machine.believing(authority);
        let mut own = namespace(OWN);
        object::metadata(&mut own).insert("uid".into(), uid(entropy).into());
        let change = created(&machine, own, now);
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

/// The change that creates an object that was prepared, if clusters of this minor have it.
fn prepared(surface: &Surface, line: &str, time: &str) -> Option<Change> {
    let mut columns = line.split('\t');
    let mut next = || columns.next().unwrap_or_default();
    let minor = surface.catalog().minor();
    let (oldest, newest) = (next().parse().ok()?, next().parse().ok()?);
    if !(Minor::new(oldest)..=Minor::new(newest)).contains(&minor) {
        return None;
    }
    let (api_version, plural) = (next(), next());
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = surface.resource(group, version, plural)?;
    let head = Head {
        namespace: next().into(),
        name: next().into(),
        uid: next().into(),
        labels: pairs(next()),
        fields: pairs(next()),
        ..Head::default()
    };
    let key = Key::new(&resource.id, &head.namespace, &head.name);
    let draft = Draft::prepared(head, next().replace(OLD, time));
    Some(Change { key, expected: Expected::Absent, what: What::Put(draft) })
}

fn pairs(text: &str) -> Box<[(Box<str>, Box<str>)]> {
    let pairs = text.split_terminator(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.into(), value.into())).collect()
}

/// The change that creates an object, if the cluster has its kind.
fn created(machine: &Machine, mut object: Value, now: Timestamp) -> Option<Change> {
    let text = |field| object::text(&object, &[field]).unwrap_or_default();
    let (group, version) = text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
    let resource = Arc::clone(machine.kind(group, version, text("kind"))?);
    let key = Key::new(&resource.id, object::namespace(&object), object::name(&object));
    let time = deletion::time(now);
    let metadata = object::metadata(&mut object);
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
