//! What a patch makes of an object: JSON patch, merge patch, strategic merge patch.
//!
//! Functions of values; whether the result is accepted is asked elsewhere. Server-side apply is in
//! [`fields`](crate::fields). All are bounded: by the size of what they are given, and [`json`] by limits of its own,
//! as its operations can multiply what is there. Source of the contract:
//! `kubernetes/apiserver:pkg/endpoints/handlers/patch.go`, RFC 6902, RFC 7386.
//!
//! Where to go next: [`strategic`] for the patch that knows how items of lists are told apart.

mod operations;
mod order;
mod strategic;

use serde_json::{Map, Value};

pub use operations::json;
pub use strategic::strategic;

use crate::refusal::Refusal;

/// What a merge patch and a strategic merge patch have to be.
///
/// # Errors
///
/// A bad request for anything but an object.
pub fn fields(patch: &Value) -> Result<&Map<String, Value>, Refusal> {
    patch.as_object().ok_or_else(|| {
        let found = go_name(patch);
        Refusal::bad_request(format!(
            "error decoding patch: json: cannot unmarshal {found} into Go value of type map[string]interface {{}}"
        ))
    })
}

/// What a merge patch makes of an object. Null in the patch removes, all else that is no object replaces.
#[must_use]
pub fn merge(object: &Value, patch: &Value) -> Value {
    let mut merged = match (object, patch) {
        (Value::Object(_), Value::Object(_)) => object.clone(),
        _ => Value::Null,
    };
    merge_into(&mut merged, patch);
    merged
}

fn merge_into(object: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *object = patch.clone();
        return;
    };
    let fields = crate::object::map(object);
    for (name, value) in patch {
        if value.is_null() {
            fields.shift_remove(name);
        } else {
            merge_into(fields.entry(name.as_str()).or_insert(Value::Null), value);
        }
    }
}

/// What a value is called in the words of the server's JSON reader.
fn go_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
