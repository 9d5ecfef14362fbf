//! What `kubectl get` prints: the columns of a kind, and the cells of an object.
//!
//! Where to go next: `built_in.rs` for the columns of built-in kinds, `cells.rs` for those cells that are more than a
//! field, `path.rs` for the columns that a definition gives by a path, `words.rs` for ages.

mod built_in;
mod cells;
mod path;
mod words;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::object;
use crate::resource::{Column, Resource};

pub use words::age;

/// Whether the name comes last, and in wide tables only: what an event is about says more than what it is called.
///
/// Source of the contract: `kubernetes/kubernetes:pkg/printers/internalversion/printers.go`.
fn is_name_last(resource: &Resource) -> bool {
    matches!((&*resource.group, &*resource.kind), ("" | "events.k8s.io", "Event"))
}

/// The columns of a resource.
#[must_use]
pub fn columns(resource: &Resource) -> Value {
    let name = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated.";
    let mut columns = vec![column("Name", "string", "name", name, 0)];
    match &resource.custom {
        Some(custom) => columns.extend(custom.columns.iter().map(|one: &Column| {
            let description = if one.description.is_empty() {
                format!("Custom resource definition column (in JSONPath format): {}", one.path)
            } else {
                one.description.to_string()
            };
            column(&one.name, &one.of_type, &one.format, &description, one.priority)
        })),
        None => columns.extend(
            built_in::of(&resource.group, &resource.kind)
                .iter()
                .map(|one| column(one.name, one.of_type, "", "", i64::from(one.is_wide))),
        ),
    }
    if is_name_last(resource) {
        columns[0]["priority"] = 1.into();
        columns.rotate_left(1);
    }
    columns.into()
}

fn column(name: &str, of_type: &str, format: &str, description: &str, priority: i64) -> Value {
    json!({
        "name": name,
        "type": of_type,
        "format": format,
        "description": description,
        "priority": priority,
    })
}

/// The cells of an object.
#[must_use]
pub fn cells(resource: &Resource, object: &Value, now: Timestamp) -> Value {
    let mut cells = vec![Value::from(object::name(object))];
    match &resource.custom {
        Some(custom) => {
            cells.extend(custom.columns.iter().map(|column| custom_cell(column, object, now)));
        }
        None => {
            let columns = built_in::of(&resource.group, &resource.kind);
            cells.extend(columns.iter().map(|column| (column.cell)(object, now)));
        }
    }
    if is_name_last(resource) {
        cells.rotate_left(1);
    }
    cells.into()
}

/// Source of the contract:
/// `kubernetes/apiextensions-apiserver:pkg/registry/customresource/tableconvertor/tableconvertor.go`.
fn custom_cell(column: &Column, object: &Value, now: Timestamp) -> Value {
    let found = path::find(&column.path, object);
    let Some(first) = found.first() else { return Value::Null };
    match &*column.of_type {
        "integer" => match first.as_i64() {
            Some(number) => number.into(),
            None => first.as_f64().map_or(Value::Null, |number| (number as i64).into()),
        },
        "number" => first.as_f64().map_or(Value::Null, Value::from),
        "boolean" => first.as_bool().map_or(Value::Null, Value::from),
        "date" => first.as_str().map_or(Value::Null, |text| words::age(text, now).into()),
        _ => {
            let texts = found.iter().map(|value| match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            });
            texts.collect::<Vec<_>>().join(" ").into()
        }
    }
}
