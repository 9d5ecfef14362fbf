//! Looking into an object as JSON, and changing its metadata, without a type for every kind.
//!
//! Only what every object has. What a kind does with its own fields is [`strategy`](crate::strategy)'s.

use serde_json::{Map, Value};

/// How many objects and lists an object may have one in another. What is kept is read as JSON again, and readers of JSON
/// go no deeper than 127.
pub const DEEPEST: usize = 120;

/// Whether a value has no more than so many objects and lists one in another.
#[must_use]
pub fn is_within(value: &Value, depth: usize) -> bool {
    match value {
        Value::Object(fields) => {
            depth > 0 && fields.values().all(|value| is_within(value, depth - 1))
        }
        Value::Array(items) => depth > 0 && items.iter().all(|value| is_within(value, depth - 1)),
        _ => true,
    }
}

/// The text at a path of fields; `None` if there is none.
#[must_use]
pub fn text<'a>(object: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(object, path)?.as_str()
}

/// The value at a path of fields.
#[must_use]
pub fn at<'a>(object: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, field| value.get(field))
}

/// `metadata.name`, empty if there is none.
#[must_use]
pub fn name(object: &Value) -> &str {
    text(object, &["metadata", "name"]).unwrap_or_default()
}

/// `metadata.namespace`, empty if there is none.
#[must_use]
pub fn namespace(object: &Value) -> &str {
    text(object, &["metadata", "namespace"]).unwrap_or_default()
}

/// The metadata, made if there is none. What is no object is replaced by one.
pub fn metadata(object: &mut Value) -> &mut Map<String, Value> {
    child(map(object), "metadata")
}

/// The object as fields. What is no object is replaced by an empty one.
pub fn map(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it has just been made one"),
    }
}

/// A field that is an object, made if there is none.
pub fn child<'a>(object: &'a mut Map<String, Value>, field: &str) -> &'a mut Map<String, Value> {
    map(object.entry(field).or_insert(Value::Null))
}
