//! Values of an object as the language has them: typed by their place in the schema.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/cel/common/values.go`.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube_cel::cel::objects::{Key, Map, Value};
use serde_json::{Number, Value as Json};

use super::{Cannot, context, escape};
use crate::crd::formats::Format;
use crate::crd::schema::{Check, Entries, ListType, Node};

/// What was seen of the values that were read.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) has_null: bool,
    /// Whether there is a list of two items or more whose order does not count.
    pub(super) is_unordered: bool,
    /// Whether there is a map of two entries or more; the library goes through it in any order.
    pub(super) has_map: bool,
}

impl Reading {
    pub(super) fn value(&mut self, json: &Json, node: Option<&Node>) -> Result<Value, Cannot> {
        Ok(match json {
            Json::Null => {
                self.has_null = true;
                Value::Null
            }
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(value) => number(value, node),
            Json::String(text) => return formatted(text, node),
            Json::Array(items) => {
                let is_atomic = node.is_none_or(|node| matches!(node.list, ListType::Atomic));
                self.is_unordered |= !is_atomic && items.len() > 1;
                let below = node.and_then(|node| node.items.as_deref());
                let items: Result<Vec<Value>, Cannot> =
                    items.iter().map(|item| self.value(item, below)).collect();
                Value::List(Arc::new(items?))
            }
            Json::Object(fields) => {
                let is_object = node.is_some_and(|node| !node.fields.is_empty());
                self.has_map |= !is_object && fields.len() > 1;
                let mut entries = Vec::with_capacity(fields.len());
                for (name, value) in fields {
                    let value = self.value(value, below(node, name))?;
                    let escaped = if is_object { escape::escape(name) } else { None };
                    let key = escaped.unwrap_or_else(|| name.clone());
                    entries.push((Key::String(Arc::new(key)), value));
                }
                Value::Map(Map { map: Arc::new(entries.into_iter().collect()) })
            }
        })
    }
}

fn number(number: &Number, node: Option<&Node>) -> Value {
    let is = |kind: &str| node.is_some_and(|node| node.types.contains(&kind));
    let is_double = is("number") && !is("integer");
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) if !is_double => Value::Int(whole),
        (_, Some(double)) if is("integer") && double.fract() == 0.0 => Value::Int(double as i64),
        (_, double) => Value::Float(double.unwrap_or_default()),
    }
}

/// A string, or what its format makes of it.
fn formatted(text: &str, node: Option<&Node>) -> Result<Value, Cannot> {
    let format = node.into_iter().flat_map(|node| &node.checks).find_map(|check| match check {
        Check::Format(Format::Text(name), _) => Some(*name),
        _ => None,
    });
    let owned = |text: &str| Arc::new(text.to_owned());
    let typed = match format {
        Some("date") => context::timestamp(Arc::new(format!("{text}T00:00:00Z"))).ok(),
        Some("datetime") => context::timestamp(owned(text)).ok(),
        Some("duration") => context::duration(owned(text)).ok(),
        Some("byte") => STANDARD.decode(text).ok().map(|bytes| Value::Bytes(Arc::new(bytes))),
        _ => Some(Value::String(owned(text))),
    };
    typed.ok_or(Cannot::Unsure("a value that is not of its format"))
}

fn below<'a>(node: Option<&'a Node>, name: &str) -> Option<&'a Node> {
    let node = node?;
    node.fields.get(name).or(match &node.entries {
        Entries::Described(entry) => Some(entry),
        _ => None,
    })
}
