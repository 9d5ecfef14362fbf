//! Cluster roles that are made of others: their rules are gathered whenever one of those changes.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/clusterroleaggregation`.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::value;
use crate::access::{CLUSTER_ROLES, Rule};
use crate::deletion;
use crate::fields::{self, Writer};
use crate::machine::Machine;
use crate::object;
use crate::selector::Selector;
use crate::store::{Change, Event, Stored};

pub(super) fn react(machine: &Machine, event: &Event, now: Timestamp, todo: &mut Vec<Vec<Change>>) {
    if &*event.key.resource != CLUSTER_ROLES {
        return;
    }
    for stored in machine.state().list(CLUSTER_ROLES, None) {
        let is_concerned = |selector: &Selector| {
            let before = event.previous.as_ref();
            selector.matches(&event.object)
                || before.is_some_and(|before| selector.matches(before))
                || event.object.head.name == stored.head.name
        };
        gather(machine, stored, now, is_concerned, todo);
    }
}

pub(super) fn look(
    machine: &Machine,
    resource: &str,
    stored: &Stored,
    now: Timestamp,
    todo: &mut Vec<Vec<Change>>,
) {
    if resource == CLUSTER_ROLES {
        gather(machine, stored, now, |_| true, todo);
    }
}

/// Gathers the rules of a role, if one of its selectors is concerned.
fn gather(
    machine: &Machine,
    stored: &Stored,
    now: Timestamp,
    is_concerned: impl Fn(&Selector) -> bool,
    todo: &mut Vec<Vec<Change>>,
) {
    // Few roles gather, and the others need not be read.
    if stored.head.is_deleted || !stored.tail().contains("\"aggregationRule\"") {
        return;
    }
    let Some(resource) = machine.stored(CLUSTER_ROLES) else { return };
    let old = value(resource, stored);
    let selectors = object::at(&old, &["aggregationRule", "clusterRoleSelectors"]);
    let selectors = selectors.and_then(Value::as_array).into_iter().flatten();
    let selectors: Vec<Selector> = selectors.map(Selector::of_labels).collect();
    if !selectors.iter().any(is_concerned) {
        return;
    }
    let others: Vec<&Arc<Stored>> = selectors
        .iter()
        .flat_map(|selector| {
            let others = machine.state().list(CLUSTER_ROLES, None);
            others.filter(|other| other.head.name != stored.head.name && selector.matches(other))
        })
        .collect();
    // The policy has the rules of all roles ready: where they are the same, no other role is read.
    let known = |stored: &Stored| machine.policy().role(true, &stored.head.name, "");
    let mut gathered: Vec<&Rule> = Vec::new();
    for rule in others.iter().filter_map(|other| known(other).ok()).flatten() {
        if !gathered.contains(&rule) {
            gathered.push(rule);
        }
    }
    if known(stored).is_ok_and(|held| held.iter().eq(gathered)) {
        return;
    }
    let mut rules: Vec<Value> = Vec::new();
    for other in others {
        let other = value(resource, other);
        for rule in other.get("rules").and_then(Value::as_array).into_iter().flatten() {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    let mut new = old.clone();
    object::map(&mut new).insert("rules".into(), rules.into());
    let writer = Writer {
        manager: "clusterrole-aggregation-controller",
        api_version: &resource.api_version,
        subresource: "",
        time: &deletion::time(now),
        ignored: &[],
    };
    fields::update(Some(&old), &mut new, &machine.shape(resource), &writer);
    todo.push(vec![deletion::replace(resource, stored, new)]);
}
