//! What a cluster does by itself after something was written: the controllers that every cluster has.
//!
//! [`react`] looks at one event and says what has to be written because of it; whoever commits runs it for every event,
//! those that it causes included, until nothing more happens. A controller looks at what the cluster holds now and
//! never at what it remembers, so that a cluster that is started anew goes on with [`begin`].
//!
//! Where to go next: a file for each controller below `control/`.

mod accounts;
mod aggregation;
mod definitions;
mod garbage;
mod namespaces;

use jiff::Timestamp;

use crate::machine::Machine;
use crate::store::{Change, Event, Stored};

/// What has to be written because of an event, each list all or nothing.
#[must_use]
pub fn react(machine: &Machine, event: &Event, now: Timestamp) -> Vec<Vec<Change>> {
    let mut todo = Vec::new();
    garbage::react(machine, event, now, &mut todo);
    namespaces::react(machine, event, now, &mut todo);
    definitions::react(machine, event, now, &mut todo);
    aggregation::react(machine, event, now, &mut todo);
    accounts::react(machine, event, now, &mut todo);
    todo
}

/// What has to be written when a cluster goes on that was stopped in the middle.
#[must_use]
pub fn begin(machine: &Machine, now: Timestamp) -> Vec<Vec<Change>> {
    let mut todo = Vec::new();
    for (resource, table) in machine.state().tables() {
        for stored in table.values() {
            garbage::look(machine, resource, stored, now, &mut todo);
            namespaces::look(machine, resource, stored, now, &mut todo);
            definitions::look(machine, resource, stored, now, &mut todo);
            aggregation::look(machine, resource, stored, now, &mut todo);
            accounts::look(machine, resource, stored, now, &mut todo);
        }
    }
    todo
}

/// What a namespace still has to be given that every namespace has.
pub(crate) fn furnish(machine: &Machine, namespace: &Stored, now: Timestamp) -> Vec<Vec<Change>> {
    let mut todo = Vec::new();
    accounts::furnish(machine, namespace, now, &mut todo);
    todo
}

/// An object of a resource as a value.
fn value(resource: &crate::resource::Resource, stored: &Stored) -> serde_json::Value {
    stored.value(Some(resource.type_meta()))
}
