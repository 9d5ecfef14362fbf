//! JSON patch, with bounds: operations can copy what is there into itself, over and over.
//!
//! Source of the contract: RFC 6902, `kubernetes/apiserver:pkg/endpoints/handlers/patch.go`.

use json_patch::jsonptr::Pointer;
use json_patch::{PatchOperation, patch_unsafe};
use serde_json::Value;

use super::go_name;
use crate::refusal::Refusal;

/// The most operations of a patch.
const MOST_OPERATIONS: usize = 10_000;
/// The most bytes, as JSON, that all copies of a patch add together.
const MOST_COPIED: usize = 3 * 1024 * 1024;
/// The deepest place that an operation may reach or make. Readers of JSON go no deeper.
const DEEPEST: usize = 120;
/// The most values that are looked at or moved before the patch is given up.
const MOST_WORK: usize = 100_000_000;

/// What a JSON patch makes of an object.
///
/// # Errors
///
/// A bad request for what is no list of operations, too large for too many, unprocessable if an operation fails: a
/// test, or a place that is not there.
pub fn json(object: &Value, patch: &Value) -> Result<Value, Refusal> {
    let operations = match patch {
        Value::Null => return Ok(object.clone()),
        Value::Array(operations) => operations,
        other => {
            let found = go_name(other);
            return Err(Refusal::bad_request(format!(
                "error decoding patch: json: cannot unmarshal {found} into Go value of type []interface {{}}"
            )));
        }
    };
    if operations.len() > MOST_OPERATIONS {
        return Err(Refusal::too_large(format!(
            "The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}, got {}",
            operations.len()
        )));
    }
    if let Some(other) = operations.iter().find(|operation| !operation.is_object()) {
        let found = go_name(other);
        return Err(Refusal::bad_request(format!(
            "json: cannot unmarshal {found} into Go value of type jsonpatch.Operation"
        )));
    }
    let mut patched = object.clone();
    let mut bounds = Bounds { copied: 0, work: 0 };
    for operation in operations {
        let operation: PatchOperation =
            serde_json::from_value(operation.clone()).map_err(|_| Refusal::unprocessable())?;
        bounds.admit(&patched, &operation)?;
        patch_unsafe(&mut patched, std::slice::from_ref(&operation))
            .map_err(|_| Refusal::unprocessable())?;
    }
    Ok(patched)
}

struct Bounds {
    copied: usize,
    work: usize,
}

impl Bounds {
    fn admit(&mut self, object: &Value, operation: &PatchOperation) -> Result<(), Refusal> {
        let path = operation.path();
        let value = match operation {
            PatchOperation::Add(add) => Some(&add.value),
            PatchOperation::Replace(replace) => Some(&replace.value),
            PatchOperation::Copy(copy) => object.pointer(copy.from.as_str()),
            PatchOperation::Move(moved) => object.pointer(moved.from.as_str()),
            PatchOperation::Remove(_) | PatchOperation::Test(_) => None,
        };
        let mut size = Size::default();
        if let Some(value) = value {
            size.add(value, 1);
        }
        if matches!(operation, PatchOperation::Copy(_)) {
            self.copied += size.bytes;
        }
        // What comes behind a place that is put in or taken out moves on.
        let beside = |path: &Pointer| {
            let parent = path.parent().and_then(|parent| object.pointer(parent.as_str()));
            parent.map_or(0, |parent| match parent {
                Value::Array(items) => items.len(),
                Value::Object(fields) => fields.len(),
                _ => 0,
            })
        };
        self.work += size.values + beside(path);
        if let PatchOperation::Move(moved) = operation {
            self.work += beside(&moved.from);
        }
        let depth = path.tokens().count() + size.depth;
        if self.copied > MOST_COPIED || self.work > MOST_WORK || depth > DEEPEST {
            return Err(Refusal::unprocessable());
        }
        Ok(())
    }
}

/// How large a value is.
#[derive(Default)]
struct Size {
    /// As JSON, nearly.
    bytes: usize,
    values: usize,
    depth: usize,
}

impl Size {
    fn add(&mut self, value: &Value, depth: usize) {
        self.values += 1;
        self.depth = self.depth.max(depth);
        self.bytes += match value {
            Value::String(text) => text.len() + 3,
            Value::Number(_) | Value::Bool(_) | Value::Null => 5,
            Value::Array(items) => {
                items.iter().for_each(|item| self.add(item, depth + 1));
                3
            }
            Value::Object(fields) => {
                for (name, value) in fields {
                    self.bytes += name.len() + 3;
                    self.add(value, depth + 1);
                }
                3
            }
        };
    }
}
