//! Whole objects inside of objects: they must say what they are. Their metadata is looked at only as far
//! as its types go.
//!
//! Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apiserver/schema/objectmeta/validation.go`.

use serde_json::Value;

use super::at::At;
use super::schema::{Entries, Fault, Node, Ratchet, Run, Violation};
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
            if node.is_resource {
                resource(value, at, run);
            }
            for (name, value) in fields {
                match (node.fields.get(name), &node.entries) {
                    (Some(below), _) => visit(below, value, &at.field(name), run),
                    (None, Entries::Described(below)) => visit(below, value, &at.key(name), run),
                    _ => {}
                }
            }
        }
        Value::Array(items) => {
            let Some(below) = &node.items else { return };
            for (index, item) in items.iter().enumerate() {
                visit(below, item, &at.item(index), run);
            }
        }
        _ => {}
    }
}

fn resource(value: &Value, at: &At<'_>, run: &mut Run) {
    let mut add = |fault, message: String, name: &str| {
        let path = at.field(name).to_string();
        run.found.push(Violation { path, fault, message, ratchet: Ratchet::Never });
    };
    for name in ["apiVersion", "kind"] {
        match value.get(name) {
            None => add(Fault::Required, "Required value".to_owned(), name),
            Some(Value::String(text)) if text.is_empty() => {
                add(Fault::Embedded, "Invalid value: \"\": must not be empty".to_owned(), name);
            }
            Some(Value::String(_)) => {}
            Some(other) => {
                let message = format!("Invalid value: {}: must be a string", words::value(other));
                add(Fault::Embedded, message, name);
            }
        }
    }
    if let Some(metadata) = value.get("metadata").filter(|metadata| !metadata.is_object()) {
        let message = format!("Invalid value: {}: must be an object", words::value(metadata));
        add(Fault::Embedded, message, "metadata");
    }
}
