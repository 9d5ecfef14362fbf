//! Namespaces that are being deleted: what is in them goes first.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/namespace/deletion`.

use jiff::Timestamp;

use super::value;
use crate::deletion::{self, How, NAMESPACES};
use crate::machine::Machine;
use crate::object;
use crate::request::Propagation;
use crate::resource::Resource;
use crate::store::{Change, Event, Happened, Stored};

pub(super) fn react(machine: &Machine, event: &Event, now: Timestamp, todo: &mut Vec<Vec<Change>>) {
    if &*event.key.resource == NAMESPACES {
        if event.happened != Happened::Deleted {
            look(machine, NAMESPACES, &event.object, now, todo);
        }
        return;
    }
    // The last object of a namespace lets it go.
    if event.happened == Happened::Deleted
        && !event.key.namespace.is_empty()
        && let Some(namespace) = machine.state().find(NAMESPACES, "", &event.key.namespace)
    {
        let_go(machine, namespace, todo);
    }
}

pub(super) fn look(
    machine: &Machine,
    resource: &str,
    namespace: &Stored,
    now: Timestamp,
    todo: &mut Vec<Vec<Change>>,
) {
    if resource != NAMESPACES || !namespace.head.is_deleted {
        return;
    }
    let how = How { propagation: Some(Propagation::Background), grace: Some(0) };
    for (resource, stored) in inside(machine, &namespace.head.name) {
        let outcome = deletion::delete(resource, stored, value(resource, stored), how, now);
        todo.extend(outcome.change().map(|change| vec![change]));
    }
    let_go(machine, namespace, todo);
}

/// The objects in a namespace.
fn inside<'m>(
    machine: &'m Machine,
    namespace: &'m str,
) -> impl Iterator<Item = (&'m Resource, &'m Stored)> {
    machine.state().tables().flat_map(move |(resource, table)| {
        let resource = machine.stored(resource).filter(|resource| resource.is_namespaced());
        resource.into_iter().flat_map(move |resource| {
            let range = table.range((namespace.into(), "".into())..);
            range
                .take_while(move |((space, _), _)| **space == *namespace)
                .map(move |(_, stored)| (&**resource, &**stored))
        })
    })
}

/// Lets a namespace go that is being deleted, if nothing is in it any more.
fn let_go(machine: &Machine, namespace: &Stored, todo: &mut Vec<Vec<Change>>) {
    if !namespace.head.is_deleted || inside(machine, &namespace.head.name).next().is_some() {
        return;
    }
    let Some(resource) = machine.stored(NAMESPACES) else { return };
    let mut object = value(resource, namespace);
    let spec = object::child(object::map(&mut object), "spec");
    let held = spec.get_mut("finalizers").and_then(serde_json::Value::as_array_mut);
    let Some(held) = held else { return };
    let before = held.len();
    held.retain(|one| one != "kubernetes");
    if held.len() == before {
        return;
    }
    let change = if deletion::is_let_go(resource, &object) {
        deletion::remove(deletion::key(resource, namespace), namespace)
    } else {
        deletion::replace(resource, namespace, object)
    };
    todo.push(vec![change]);
}
