//! What the API server does to an object before it validates it: it drops fields that no schema names,
//! removes nulls that are not accepted, and fills in defaults.
//!
//! Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apiserver/schema/pruning` and
//! `pkg/apiserver/schema/defaulting`.

use serde_json::Value;

use super::at::At;
use super::schema::{Entries, Fault, Node, Ratchet, Run, Schema, Violation};

pub(super) fn prepare(schema: &Schema, object: &mut Value, run: &mut Run) {
    if !schema.preserve {
        prune(Some(&schema.root), object, &At::ROOT, run);
    }
    drop_nulls(&schema.root, object, run);
    fill(&schema.root, object, run);
}

/// What every Kubernetes object has.
fn is_meta(name: &str) -> bool {
    matches!(name, "apiVersion" | "kind" | "metadata")
}

fn field<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    node.fields.get(name).or(match &node.entries {
        Entries::Described(entry) => Some(entry),
        _ => None,
    })
}

pub(super) fn prune(node: Option<&Node>, value: &mut Value, at: &At<'_>, run: &mut Run) {
    if !run.spend(1) {
        return;
    }
    let keeps = node.is_some_and(|node| node.preserve);
    match value {
        Value::Object(fields) => fields.retain(|name, value| {
            let here = at.field(name);
            let known = node.and_then(|node| field(node, name));
            let is_open = node.is_some_and(|node| matches!(node.entries, Entries::Anything));
            let is_refused = node.is_some_and(|node| matches!(node.entries, Entries::Refused));
            if node.is_some_and(|node| node.is_resource) && is_meta(name) {
                true
            } else if let Some(known) = known {
                prune(Some(known), value, &here, run);
                true
            } else if keeps || is_refused {
                true
            } else if is_open {
                // Entries may be anything, and a thing without a schema keeps no fields.
                prune(None, value, &here, run);
                true
            } else {
                unknown(&here, run);
                false
            }
        }),
        Value::Array(items) => {
            let below = node.and_then(|node| node.items.as_deref());
            if below.is_none() && keeps {
                return;
            }
            for (index, item) in items.iter_mut().enumerate() {
                prune(below, item, &at.item(index), run);
            }
        }
        _ => {}
    }
}

fn unknown(at: &At<'_>, run: &mut Run) {
    let path = at.to_string();
    let message = format!("unknown field {path:?}");
    run.found.push(Violation {
        path,
        fault: Fault::UnknownField,
        message,
        ratchet: Ratchet::Always,
    });
}

fn drop_nulls(node: &Node, value: &mut Value, run: &mut Run) {
    if !run.spend(1) {
        return;
    }
    match value {
        Value::Object(fields) => fields.retain(|name, value| match field(node, name) {
            Some(below) if value.is_null() => below.nullable || below.default.is_some(),
            Some(below) => {
                drop_nulls(below, value, run);
                true
            }
            None => true,
        }),
        Value::Array(items) => {
            let Some(below) = &node.items else { return };
            items.iter_mut().for_each(|item| drop_nulls(below, item, run));
        }
        _ => {}
    }
}

fn fill(node: &Node, value: &mut Value, run: &mut Run) {
    if !run.spend(1) {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, below) in &node.fields {
                let Some(default) = &below.default else { continue };
                let missing = fields.get(name).is_none_or(|v| v.is_null() && !below.nullable);
                if missing && run.spend(default.1) {
                    fields.insert(name.clone(), default.0.clone());
                }
            }
            for (name, value) in fields.iter_mut() {
                if let Some(below) = field(node, name) {
                    fill_null(below, value, run);
                    fill(below, value, run);
                }
            }
        }
        Value::Array(items) => {
            let Some(below) = &node.items else { return };
            for item in items {
                fill_null(below, item, run);
                fill(below, item, run);
            }
        }
        _ => {}
    }
}

/// The default in place of a null that is not accepted.
fn fill_null(node: &Node, value: &mut Value, run: &mut Run) {
    if let Some(default) = &node.default
        && value.is_null()
        && !node.nullable
        && run.spend(default.1)
    {
        *value = default.0.clone();
    }
}
