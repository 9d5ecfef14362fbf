//! Fields of a definition as the API server reads them: null is not there, and neither is what has a wrong type,
//! which is told before anything else is.

use serde_json::{Map, Value};

pub(super) type Fields = Map<String, Value>;

pub(super) fn get<'a>(fields: &'a Fields, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

/// A text; empty where there is none.
pub(super) fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn flag(fields: &Fields, name: &str) -> bool {
    fields.get(name) == Some(&Value::Bool(true))
}

pub(super) fn object<'a>(fields: &'a Fields, name: &str) -> Option<&'a Fields> {
    fields.get(name).and_then(Value::as_object)
}

pub(super) fn items<'a>(fields: &'a Fields, name: &str) -> &'a [Value] {
    fields.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of a list.
pub(super) fn texts<'a>(fields: &'a Fields, name: &str) -> Vec<&'a str> {
    items(fields, name).iter().filter_map(Value::as_str).collect()
}

/// The schemas of a list, each with its index.
pub(super) fn schemas<'a>(
    fields: &'a Fields,
    name: &str,
) -> impl Iterator<Item = (usize, &'a Fields)> + use<'a> {
    let schemas = items(fields, name).iter().enumerate();
    schemas.filter_map(|(index, one)| Some((index, one.as_object()?)))
}

/// The schemas of named fields.
pub(super) fn properties(fields: &Fields) -> impl Iterator<Item = (&String, &Fields)> {
    let properties = object(fields, "properties").into_iter().flatten();
    properties.filter_map(|(name, one)| Some((name, one.as_object()?)))
}

/// The schema of one named field.
pub(super) fn property<'a>(fields: &'a Fields, name: &str) -> Option<&'a Fields> {
    object(object(fields, "properties")?, name)
}
