//! An object as a server writes it after it has decoded it.
//!
//! What is empty goes or stays as the tags of the fields say, unknown fields go, and numbers, amounts and times are
//! written in one way. Nothing is filled in that has a meaning: that is what [`defaults`](super::defaults) is for.

use jiff::Timestamp;
use serde_json::{Map, Value};
use towpath_catalog::{Catalog, GroupVersionKind, SchemaRef, Type};

use super::quantity;
use super::written::{self, How, Of};
use crate::object;

/// Brings an object of a built-in kind into the form in which the server of that minor answers. Kinds that the minor
/// does not have stay as they are. Values of a wrong type stay as well: the validator refuses them.
pub fn normalise(catalog: &Catalog, gvk: &GroupVersionKind<'_>, object: &mut Value) {
    if let Some(schema) = catalog.schema(gvk) {
        structure(schema, Of::kind(gvk), object::map(object));
    }
}

fn structure(schema: SchemaRef<'_>, of: Of<'_>, fields: &mut Map<String, Value>) {
    let row = written::row(of);
    fields.retain(|name, value| {
        let Some(field) = schema.field(name) else { return false };
        place(field.schema, value);
        let how = row.map(|row| written::how(row, name));
        match (how, value.is_null()) {
            (Some(Some(How::Structure | How::Zero)), true) => false,
            (Some(Some(How::Null)), _) => true,
            (_, true) => false,
            (Some(Some(_)), false) => true,
            (Some(None), false) => !is_zero(&field.schema, value),
            // Of a type that no known server has, its schema has to say it.
            (None, false) => field.required || !is_empty(&field.schema, value),
        }
    });
    for (name, how) in row.into_iter().flatten() {
        let Some(field) = schema.field(name).filter(|_| !fields.contains_key(*name)) else {
            continue;
        };
        match how {
            How::Structure => {
                let mut below = Map::new();
                structure(field.schema, Of::place(&field.schema), &mut below);
                fields.insert((*name).to_owned(), Value::Object(below));
            }
            How::Zero => {
                fields.insert((*name).to_owned(), written::zero(&field.schema));
            }
            How::Null => {
                fields.insert((*name).to_owned(), Value::Null);
            }
            How::Pointer => {}
        }
    }
}

fn place(schema: SchemaRef<'_>, value: &mut Value) {
    match (schema.types(), &mut *value) {
        (Type::Object, Value::Object(fields)) => match schema.additional() {
            Some(entry) => {
                for value in fields.values_mut() {
                    item(entry, value, entry.types() == Type::Quantity);
                }
            }
            // Without a known field it is a raw object, of which nothing is known.
            None if schema.fields().len() > 0 => structure(schema, Of::place(&schema), fields),
            None => {}
        },
        (Type::Array, Value::Array(items)) => {
            let Some(of) = schema.items() else { return };
            items.iter_mut().for_each(|value| item(of, value, false));
        }
        (Type::Integer | Type::Number | Type::IntOrString, Value::Number(_)) => whole(value),
        (Type::Quantity, _) => amount(value, false),
        (Type::String, Value::String(text)) => match schema.format() {
            Some("date-time") => {
                let is_fine = schema.reference().is_some_and(|name| name.ends_with(".MicroTime"));
                if let Some(written) = time(text, is_fine) {
                    *text = written;
                }
            }
            Some("byte") => text.retain(|c| c != '\n' && c != '\r'),
            _ => {}
        },
        _ => {}
    }
}

/// An entry of a mapping or an item of a list: nothing is zero there.
fn item(schema: SchemaRef<'_>, value: &mut Value, is_resource: bool) {
    if value.is_null() {
        *value = match schema.types() {
            Type::Object if schema.additional().is_none() => Value::Object(Map::new()),
            _ => written::zero(&schema),
        };
    }
    match schema.types() {
        Type::Quantity => amount(value, is_resource),
        _ => place(schema, value),
    }
}

/// A number without a fraction has no point.
fn whole(value: &mut Value) {
    /// Up to here every whole number is one.
    const MOST: f64 = 9_007_199_254_740_992.0;
    if value.is_f64()
        && let Some(number) = value.as_f64()
        && number.fract() == 0.0
        && number.abs() <= MOST
    {
        *value = Value::from(number as i64);
    }
}

fn amount(value: &mut Value, is_resource: bool) {
    let text = match &*value {
        Value::String(text) => quantity::canonical(text, is_resource),
        Value::Number(number) => quantity::canonical(&number.to_string(), is_resource),
        _ => None,
    };
    if let Some(text) = text {
        *value = Value::from(text);
    }
}

/// A time in UTC, without what is finer than a second or a millionth of one.
fn time(text: &str, is_fine: bool) -> Option<String> {
    let is_written = text.len() == 20 && text.ends_with('Z') && !is_fine;
    if is_written {
        return None;
    }
    let time: Timestamp = text.parse().ok()?;
    let form = if is_fine { "%Y-%m-%dT%H:%M:%S.%6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
    Some(time.strftime(form).to_string())
}

fn is_zero(schema: &SchemaRef<'_>, value: &Value) -> bool {
    match value {
        // A value of any kind lies behind a pointer: the default of a field can be `false`.
        value if schema.types() == Type::Any => value.is_null(),
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Bool(is_set) => !is_set,
        value => is_empty(schema, value),
    }
}

fn is_empty(schema: &SchemaRef<'_>, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty() && schema.additional().is_some(),
        _ => false,
    }
}
