//! How an object goes: at once, or by a time stamp and finalizers that others take away.
//!
//! The same whoever wants it gone: a client, or a controller that cleans up after another deletion.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/registry/generic/registry/store.go`,
//! `pkg/registry/rest/delete.go`.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::custom::{self, DEFINITIONS};
use crate::object;
use crate::request::Propagation;
use crate::resource::Resource;
use crate::store::{Change, Draft, Expected, Key, Stored, What};
use crate::strategy;

/// What namespaces are called in the store.
pub const NAMESPACES: &str = "namespaces";

/// Holds an object until nothing names it as an owner any more.
pub const ORPHAN: &str = "orphan";

/// Holds an object until what it owns is gone.
pub const FOREGROUND: &str = "foregroundDeletion";

/// What a deletion of one object comes to.
#[derive(Debug)]
pub enum Outcome {
    /// It is removed.
    Gone(Change),
    /// It is marked, and goes when those who wait for it let it go. No change, if it was marked before.
    Marked(Option<Change>, Value),
}

impl Outcome {
    /// What is to be written, if anything.
    #[must_use]
    pub fn change(self) -> Option<Change> {
        match self {
            Outcome::Gone(change) => Some(change),
            Outcome::Marked(change, _) => change,
        }
    }
}

/// How an object is to go.
#[derive(Debug, Clone, Copy, Default)]
pub struct How {
    /// What becomes of what it owns; by its finalizers, if not said.
    pub propagation: Option<Propagation>,
    /// How long it may take to stop, in seconds; as it says itself, if not said.
    pub grace: Option<i64>,
}

/// The key of an object of a resource.
#[must_use]
pub fn key(resource: &Resource, stored: &Stored) -> Key {
    Key::new(&resource.id, &stored.head.namespace, &stored.head.name)
}

/// The change that removes an object.
#[must_use]
pub fn remove(key: Key, stored: &Stored) -> Change {
    Change { key, expected: Expected::Revision(stored.revision), what: What::Remove }
}

/// The change that writes an object of a resource in the place of another. `value` is of the resource's version.
#[must_use]
pub fn replace(resource: &Resource, stored: &Stored, mut value: Value) -> Change {
    if resource.is_converted() && resource.custom.is_none() {
        strategy::convert(&mut value, &resource.gvk(), &resource.storage_gvk());
    }
    Change {
        key: key(resource, stored),
        expected: Expected::Revision(stored.revision),
        what: What::Put(Draft::of(&value, &resource.selectable)),
    }
}

/// Whether nobody waits any more for an object that is being deleted: it goes with the write that let it go.
#[must_use]
pub fn is_let_go(resource: &Resource, object: &Value) -> bool {
    let is_deleted = object.pointer("/metadata/deletionTimestamp").is_some_and(Value::is_string);
    let grace = object.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64);
    is_deleted
        && grace.unwrap_or_default() == 0
        && finalizers(object).is_empty()
        && !is_held_namespace(resource, object)
}

fn is_held_namespace(resource: &Resource, object: &Value) -> bool {
    let finalizers = object.pointer("/spec/finalizers").and_then(Value::as_array);
    &*resource.id == NAMESPACES && finalizers.is_some_and(|list| !list.is_empty())
}

/// The finalizers of an object.
#[must_use]
pub fn finalizers(object: &Value) -> Vec<String> {
    let finalizers = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    let texts = finalizers.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// Sets the finalizers of an object; an empty list is left out.
pub fn set_finalizers(object: &mut Value, finalizers: &[String]) {
    let metadata = object::metadata(object);
    if finalizers.is_empty() {
        metadata.shift_remove("finalizers");
    } else {
        metadata.insert("finalizers".into(), json!(finalizers));
    }
}

/// What deleting an object comes to. `value` is the object, of the resource's version.
#[must_use]
pub fn delete(
    resource: &Resource,
    stored: &Stored,
    mut value: Value,
    how: How,
    now: Timestamp,
) -> Outcome {
    let had = finalizers(&value);
    let mut holds = had.clone();
    match how.propagation {
        Some(Propagation::Foreground) => hold(&mut holds, FOREGROUND, ORPHAN),
        Some(Propagation::Orphan) => hold(&mut holds, ORPHAN, FOREGROUND),
        Some(Propagation::Background) => holds.retain(|one| one != FOREGROUND && one != ORPHAN),
        None => {}
    }
    let is_definition = &*resource.id == DEFINITIONS;
    if is_definition && !stored.head.is_deleted {
        hold(&mut holds, custom::CLEANUP, "");
    }
    let is_namespace = is_held_namespace(resource, &value);
    let grace = grace(resource, &value, how.grace);
    if holds.is_empty() && !is_namespace && grace == 0 {
        return Outcome::Gone(remove(key(resource, stored), stored));
    }
    let was = value.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64);
    let is_sooner = was.is_some_and(|was| grace < was);
    if stored.head.is_deleted && holds == had && !is_sooner {
        return Outcome::Marked(None, value);
    }
    set_finalizers(&mut value, &holds);
    let metadata = object::metadata(&mut value);
    if !stored.head.is_deleted || is_sooner {
        let then = now.checked_add(SignedDuration::from_secs(grace)).unwrap_or(now);
        metadata.insert("deletionTimestamp".into(), time(then).into());
        metadata.insert("deletionGracePeriodSeconds".into(), grace.into());
    }
    if let Some(generation) = metadata.get("generation").and_then(Value::as_i64)
        && !stored.head.is_deleted
    {
        metadata.insert("generation".into(), (generation + 1).into());
    }
    if is_namespace {
        metadata.shift_remove("deletionGracePeriodSeconds");
        object::child(object::map(&mut value), "status")
            .insert("phase".into(), "Terminating".into());
    }
    if is_definition {
        custom::terminate(&mut value, &time(now));
    }
    Outcome::Marked(Some(replace(resource, stored, value.clone())), value)
}

fn hold(finalizers: &mut Vec<String>, wanted: &str, other: &str) {
    finalizers.retain(|one| one != other);
    if !finalizers.iter().any(|one| one == wanted) {
        finalizers.push(wanted.to_owned());
    }
}

/// How long an object may take to stop, in seconds; only pods that run somewhere take any time.
fn grace(resource: &Resource, value: &Value, asked: Option<i64>) -> i64 {
    let is_running = &*resource.id == "pods"
        && value.pointer("/spec/nodeName").is_some_and(|node| node != "")
        && !matches!(object::text(value, &["status", "phase"]), Some("Succeeded" | "Failed"));
    if !is_running {
        return 0;
    }
    let own = value.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64);
    asked.or(own).unwrap_or(30).max(0)
}

/// A time as objects have it: in seconds.
#[must_use]
pub fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
