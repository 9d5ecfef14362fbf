//! Definitions that are being deleted: their objects go first.
//!
//! Source of the contract: `kubernetes/apiextensions-apiserver:pkg/controller/finalizer/crd_finalizer.go`.

use jiff::Timestamp;

use super::value;
use crate::custom::{CLEANUP, DEFINITIONS};
use crate::deletion::{self, How};
use crate::machine::Machine;
use crate::store::{Change, Event, Happened, Stored};

pub(super) fn react(machine: &Machine, event: &Event, now: Timestamp, todo: &mut Vec<Vec<Change>>) {
    if &*event.key.resource == DEFINITIONS {
        if event.happened != Happened::Deleted {
            look(machine, DEFINITIONS, &event.object, now, todo);
        }
        return;
    }
    // A definition is named as the resource is that it defines.
    if event.happened == Happened::Deleted
        && let Some(definition) = machine.state().find(DEFINITIONS, "", &event.key.resource)
    {
        let_go(machine, definition, todo);
    }
}

pub(super) fn look(
    machine: &Machine,
    resource: &str,
    definition: &Stored,
    now: Timestamp,
    todo: &mut Vec<Vec<Change>>,
) {
    if resource != DEFINITIONS || !definition.head.is_deleted {
        return;
    }
    let how = How { propagation: None, grace: Some(0) };
    let defined = machine.stored(&definition.head.name);
    for stored in machine.state().list(&definition.head.name, None) {
        let Some(defined) = defined else { break };
        let outcome = deletion::delete(defined, stored, value(defined, stored), how, now);
        todo.extend(outcome.change().map(|change| vec![change]));
    }
    let_go(machine, definition, todo);
}

/// Lets a definition go that is being deleted, if nothing that it defines is there any more.
fn let_go(machine: &Machine, definition: &Stored, todo: &mut Vec<Vec<Change>>) {
    let mut objects = machine.state().list(&definition.head.name, None);
    if !definition.head.is_deleted || objects.next().is_some() {
        return;
    }
    let Some(resource) = machine.stored(DEFINITIONS) else { return };
    let mut object = value(resource, definition);
    let mut holds = deletion::finalizers(&object);
    let before = holds.len();
    holds.retain(|one| one != CLEANUP);
    if holds.len() == before {
        return;
    }
    deletion::set_finalizers(&mut object, &holds);
    let change = if deletion::is_let_go(resource, &object) {
        deletion::remove(deletion::key(resource, definition), definition)
    } else {
        deletion::replace(resource, definition, object)
    };
    todo.push(vec![change]);
}
