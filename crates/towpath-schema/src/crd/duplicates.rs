//! Items that must not stand in one list: equal ones in a set, ones with equal keys in a map.
//!
//! Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apiserver/schema/listtype/validation.go`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::at::At;
use super::definition::values;
use super::schema::{Entries, Fault, ListType, Node, Ratchet, Run, Violation};
use super::words;

pub(super) fn validate(node: &Node, object: &Value, run: &mut Run) {
    visit(node, object, &At::ROOT, run);
}

fn visit(node: &Node, value: &Value, at: &At<'_>, run: &mut Run) {
    if !run.spend(1) {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match (node.fields.get(name), &node.entries) {
                    (Some(below), _) => visit(below, value, &at.field(name), run),
                    (None, Entries::Described(below)) => visit(below, value, &at.key(name), run),
                    _ => {}
                }
            }
        }
        Value::Array(items) => {
            match &node.list {
                ListType::Atomic => {}
                ListType::Set => collide(items.iter().cloned(), at, run),
                ListType::Map(keys) => map(keys, items, at, run),
            }
            let Some(below) = &node.items else { return };
            for (index, item) in items.iter().enumerate() {
                visit(below, item, &at.item(index), run);
            }
        }
        _ => {}
    }
}

fn map(keys: &[String], items: &[Value], at: &At<'_>, run: &mut Run) {
    let odd = items.iter().position(|item| !item.is_object() && !item.is_null());
    if let Some(index) = odd {
        let message = format!(
            "Invalid value: {}: must be an object for an array of list-type map",
            words::value(&items[index])
        );
        add(Fault::Type, message, &at.item(index), run);
        return;
    }
    let identity = |item: &Value| {
        let chosen = keys.iter().filter_map(|key| Some((key.clone(), item.get(key)?.clone())));
        Value::Object(chosen.collect::<Map<String, Value>>())
    };
    collide(items.iter().map(identity), at, run);
}

/// Reports the first item again that stood before, and it once.
fn collide(identities: impl Iterator<Item = Value>, at: &At<'_>, run: &mut Run) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (index, mut identity) in identities.enumerate() {
        if !run.spend(values(&identity)) {
            return;
        }
        identity.sort_all_objects();
        let times = seen.entry(identity.to_string()).or_default();
        *times += 1;
        if *times == 2 {
            let message = format!("Duplicate value: {}", words::value(&identity));
            add(Fault::Duplicate, message, &at.item(index), run);
        }
    }
}

fn add(fault: Fault, message: String, at: &At<'_>, run: &mut Run) {
    // Not judged at all where the object that is updated has such a fault already.
    run.found.push(Violation { path: at.to_string(), fault, message, ratchet: Ratchet::Always });
}
