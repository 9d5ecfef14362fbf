//! What a cluster does by itself after something was written: the controllers that every cluster has.
//!
//! [`react`] looks at one event and says what has to be written because of it; whoever commits runs it for every event,
//! those that it causes included, until nothing more happens. A controller looks at what the cluster holds now and
//! never at what it remembers, so that a cluster that is started anew goes on with [`begin`].
//!
//! What happens only because time passes is [`due`]'s; [`settle`] and [`tick`] commit what both of them say until nothing
//! more happens.
//!
//! Where to go next: a file for each controller below `control/`, and [`living`] for those that give workloads a status.

mod accounts;
mod aggregation;
mod definitions;
mod garbage;
pub mod living;
mod namespaces;

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use self::living::Script;
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
    living::react(machine, event, now, &mut todo);
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
    living::begin(machine, now, &mut todo);
    todo
}

/// Lets a cluster that is at rest begin to live. Gives what happened.
pub fn awaken(machine: &mut Machine, script: Arc<Script>, now: Timestamp) -> Vec<Arc<Event>> {
    machine.live_by(script);
    let mut todo = Vec::new();
    living::begin(machine, now, &mut todo);
    commit_all(machine, todo, now)
}

/// What a namespace still has to be given that every namespace has.
pub(crate) fn furnish(machine: &Machine, namespace: &Stored, now: Timestamp) -> Vec<Vec<Change>> {
    let mut todo = Vec::new();
    accounts::furnish(machine, namespace, now, &mut todo);
    todo
}

/// What has to be written because time has passed, and when to look again; never, if no time is given.
#[must_use]
pub fn due(machine: &Machine, now: Timestamp) -> (Vec<Vec<Change>>, Option<Timestamp>) {
    living::due(machine, now)
}

/// The most events that one commit may cause. A cluster comes to rest long before: what does not is cut short, and goes
/// on with the next commit.
const MOST: usize = 1_000_000;

/// How often time is asked for at one instant what it brings.
const ROUNDS: usize = 16;

/// Lets a cluster do what it does by itself because of events, until nothing more happens. Gives these events and those
/// that they caused, in order.
pub fn settle(machine: &mut Machine, events: Vec<Arc<Event>>, now: Timestamp) -> Vec<Arc<Event>> {
    let mut queue = VecDeque::from(events);
    let mut all = Vec::new();
    while let Some(event) = queue.pop_front() {
        if all.len() < MOST {
            for changes in react(machine, &event, now) {
                // What an earlier reaction to the same event has overtaken, its own event asks for again.
                if let Ok(caused) = machine.commit(changes) {
                    queue.extend(caused);
                }
            }
        }
        all.push(event);
    }
    all
}

/// Lets a cluster do what time asks of it. Gives what happened, and when to look again.
pub fn tick(machine: &mut Machine, now: Timestamp) -> (Vec<Arc<Event>>, Option<Timestamp>) {
    let mut all = Vec::new();
    for _ in 0..ROUNDS {
        let (todo, wake) = due(machine, now);
        let events: Vec<Arc<Event>> =
            todo.into_iter().filter_map(|changes| machine.commit(changes).ok()).flatten().collect();
        if events.is_empty() {
            return (all, wake);
        }
        all.extend(settle(machine, events, now));
    }
    (all, Some(now))
}

/// Lets a cluster go on that was stopped in the middle. Gives what happened.
pub fn resume(machine: &mut Machine, now: Timestamp) -> Vec<Arc<Event>> {
    let todo = begin(machine, now);
    commit_all(machine, todo, now)
}

fn commit_all(machine: &mut Machine, todo: Vec<Vec<Change>>, now: Timestamp) -> Vec<Arc<Event>> {
    let events: Vec<Arc<Event>> =
        todo.into_iter().filter_map(|changes| machine.commit(changes).ok()).flatten().collect();
    settle(machine, events, now)
}

/// An object of a resource as a value.
fn value(resource: &crate::resource::Resource, stored: &Stored) -> serde_json::Value {
    stored.value(Some(resource.type_meta()))
}
