//! The garbage collector: what has no owner any more goes, and owners that wait for what they own.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/garbagecollector`.

use jiff::Timestamp;
use serde_json::Value;

use super::value;
use crate::deletion::{self, FOREGROUND, How, ORPHAN};
use crate::machine::Machine;
use crate::object;
use crate::request::Propagation;
use crate::store::{Change, Event, Happened, Key, Stored};

pub(super) fn react(machine: &Machine, event: &Event, now: Timestamp, todo: &mut Vec<Vec<Change>>) {
    let head = &event.object.head;
    match event.happened {
        Happened::Deleted => {
            for key in machine.state().dependents(&head.uid) {
                dependent(machine, key, now, todo);
            }
            // Owners may wait for what was blocked by this one.
            for owner in &head.owners {
                owner_of(machine, event, owner, now, todo);
            }
        }
        Happened::Added | Happened::Modified => {
            look(machine, &event.key.resource, &event.object, now, todo);
            let before = event.previous.as_ref().map(|before| &before.head.owners);
            if !head.owners.is_empty() && before != Some(&head.owners) {
                dependent(machine, &event.key, now, todo);
            }
            for owner in before.into_iter().flat_map(|owners| owners.iter()) {
                if !head.owners.contains(owner) {
                    owner_of(machine, event, owner, now, todo);
                }
            }
        }
    }
}

/// An object that is being deleted may wait for what it owns, or for nothing more.
pub(super) fn look(
    machine: &Machine,
    resource: &str,
    stored: &Stored,
    now: Timestamp,
    todo: &mut Vec<Vec<Change>>,
) {
    if !stored.head.is_deleted {
        return;
    }
    let Some(resource) = machine.stored(resource) else { return };
    let mut owner = value(resource, stored);
    let holds = deletion::finalizers(&owner);
    let is_orphaning = holds.iter().any(|one| one == ORPHAN);
    if !is_orphaning && !holds.iter().any(|one| one == FOREGROUND) {
        return;
    }
    let keys: Vec<Key> = machine.state().dependents(&stored.head.uid).cloned().collect();
    let mut waits = false;
    let mut changes = Vec::new();
    for key in &keys {
        let Some((resource, dependent)) = find(machine, key) else { continue };
        let mut value = value(resource, dependent);
        if is_orphaning {
            forget(&mut value, &stored.head.uid);
            changes.push(deletion::replace(resource, dependent, value));
            continue;
        }
        waits |= blocks(&value, &stored.head.uid);
        if !dependent.head.is_deleted {
            let how = How { propagation: foreground_below(machine, dependent), grace: None };
            changes.extend(deletion::delete(resource, dependent, value, how, now).change());
        }
    }
    if !waits || is_orphaning {
        let holds: Vec<String> =
            holds.into_iter().filter(|one| one != FOREGROUND && one != ORPHAN).collect();
        deletion::set_finalizers(&mut owner, &holds);
        changes.push(if deletion::is_let_go(resource, &owner) {
            deletion::remove(deletion::key(resource, stored), stored)
        } else {
            deletion::replace(resource, stored, owner)
        });
    }
    if !changes.is_empty() {
        todo.push(changes);
    }
}

/// What is deleted before its owner waits for what it owns itself.
fn foreground_below(machine: &Machine, dependent: &Stored) -> Option<Propagation> {
    let has_dependents = machine.state().dependents(&dependent.head.uid).next().is_some();
    has_dependents.then_some(Propagation::Foreground)
}

/// The owner of what went or was let go looks again.
fn owner_of(
    machine: &Machine,
    event: &Event,
    uid: &str,
    now: Timestamp,
    todo: &mut Vec<Vec<Change>>,
) {
    let before = event.previous.as_ref().unwrap_or(&event.object);
    let Some(resource) = machine.stored(&event.key.resource) else { return };
    let before = value(resource, before);
    let reference = references(&before).find(|one| object::text(one, &["uid"]) == Some(uid));
    let owner = reference.and_then(|reference| {
        owner(machine, reference, &event.key.namespace).filter(|(_, o)| *o.head.uid == *uid)
    });
    if let Some((resource, owner)) = owner {
        look(machine, &resource.id, owner, now, todo);
    }
}

/// Deletes an object whose owners are all gone; forgets those that are, if others are not.
fn dependent(machine: &Machine, key: &Key, now: Timestamp, todo: &mut Vec<Vec<Change>>) {
    let Some((resource, stored)) = find(machine, key) else { return };
    let mut object = value(resource, stored);
    let mut has_owner = false;
    let mut gone = Vec::new();
    for reference in references(&object) {
        let uid = object::text(reference, &["uid"]).unwrap_or_default();
        match owner(machine, reference, &key.namespace) {
            Some((_, owner)) if *owner.head.uid == *uid => has_owner = true,
            _ => gone.push(uid.to_owned()),
        }
    }
    if gone.is_empty() || stored.head.is_deleted {
        return;
    }
    let change = if has_owner {
        for uid in &gone {
            forget(&mut object, uid);
        }
        Some(deletion::replace(resource, stored, object))
    } else {
        let how = How { propagation: Some(Propagation::Background), grace: None };
        deletion::delete(resource, stored, object, how, now).change()
    };
    todo.extend(change.map(|change| vec![change]));
}

fn find<'m>(
    machine: &'m Machine,
    key: &Key,
) -> Option<(&'m crate::resource::Resource, &'m Stored)> {
    Some((machine.stored(&key.resource)?, machine.state().get(key)?))
}

fn references(object: &Value) -> impl Iterator<Item = &Value> {
    let references = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    references.into_iter().flatten()
}

/// The object that a reference names, of whatever uid. An owner lies in no namespace or in that of what it owns.
fn owner<'m>(
    machine: &'m Machine,
    reference: &Value,
    namespace: &str,
) -> Option<(&'m crate::resource::Resource, &'m Stored)> {
    let text = |field: &str| object::text(reference, &[field]).unwrap_or_default();
    let (api_version, kind, name) = (text("apiVersion"), text("kind"), text("name"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = machine.kind(group, version, kind)?;
    let namespace = if resource.is_namespaced() { namespace } else { "" };
    Some((resource, machine.state().find(&resource.id, namespace, name)?))
}

fn forget(object: &mut Value, uid: &str) {
    let metadata = object::metadata(object);
    let Some(references) = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut) else {
        return;
    };
    references.retain(|one| object::text(one, &["uid"]) != Some(uid));
    if references.is_empty() {
        metadata.shift_remove("ownerReferences");
    }
}

fn blocks(object: &Value, uid: &str) -> bool {
    references(object).any(|one| {
        object::text(one, &["uid"]) == Some(uid)
            && one.get("blockOwnerDeletion") == Some(&Value::Bool(true))
    })
}
