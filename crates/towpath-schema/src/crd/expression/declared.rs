//! Schemas as the types of expressions, with the most that a request can hold of each.
//!
//! Source of the contract: `kubernetes/apiserver:pkg/cel/common/schemas.go`, `pkg/cel/limits.go`, `pkg/cel/types.go`.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::escape;

/// The largest request that a server takes, in bytes.
pub(in crate::crd) const MAX_REQUEST: u64 = 3 * 1024 * 1024;

/// The longest name of an object.
const MAX_NAME: u64 = 253;

/// What a declaration is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Dyn,
    Bool,
    Int,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List,
    Map,
    Object,
}

/// The type of a place of a schema.
#[derive(Debug, PartialEq)]
pub(in crate::crd) struct Declared {
    pub(super) kind: Kind,
    /// The most items, entries or bytes; zero for what has no size.
    pub(super) most: u64,
    /// The fewest bytes that it takes as JSON.
    pub(in crate::crd) least_bytes: u64,
    /// By the names that expressions use.
    pub(super) fields: BTreeMap<String, Rc<Declared>>,
    pub(super) element: Option<Rc<Declared>>,
}

type Fields = Map<String, Value>;

fn simple(kind: Kind, most: u64, least_bytes: u64) -> Declared {
    Declared { kind, most, least_bytes, fields: BTreeMap::new(), element: None }
}

fn text<'a>(schema: &'a Fields, name: &str) -> &'a str {
    schema.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn flag(schema: &Fields, name: &str) -> bool {
    schema.get(name) == Some(&Value::Bool(true))
}

fn bound(schema: &Fields, name: &str) -> Option<u64> {
    schema.get(name).and_then(Value::as_f64).map(|bound| bound.max(0.0) as u64)
}

/// The type of a schema; none where expressions cannot see it.
pub(in crate::crd) fn declare(schema: &Fields, is_resource: bool) -> Option<Rc<Declared>> {
    let below = |schema: &Fields| declare(schema, flag(schema, "x-kubernetes-embedded-resource"));
    if flag(schema, "x-kubernetes-int-or-string") {
        let most =
            bound(schema, "maxLength").map_or(MAX_REQUEST - 2, |most| most.saturating_mul(4));
        return Some(Rc::new(simple(Kind::Dyn, most, 1)));
    }
    Some(Rc::new(match text(schema, "type") {
        "array" => {
            let element = below(schema.get("items")?.as_object()?)?;
            let most = (MAX_REQUEST - 2) / (element.least_bytes + 1);
            let most = bound(schema, "maxItems").unwrap_or(most);
            Declared { element: Some(element), ..simple(Kind::List, most, 2) }
        }
        "object" => {
            let entry = schema.get("additionalProperties").and_then(Value::as_object);
            if let Some(entry) =
                entry.filter(|_| !is_resource || !schema.contains_key("properties"))
            {
                let element = below(entry)?;
                let most = (MAX_REQUEST - 2) / (element.least_bytes + 6);
                let most = bound(schema, "maxProperties").unwrap_or(most);
                return Some(Rc::new(Declared {
                    element: Some(element),
                    ..simple(Kind::Map, most, 2)
                }));
            }
            object(schema, is_resource, below)
        }
        "string" => string(schema),
        "boolean" => simple(Kind::Bool, 0, 4),
        "number" => simple(Kind::Double, 0, 1),
        "integer" => simple(Kind::Int, 0, 1),
        _ => return None,
    }))
}

fn string(schema: &Fields) -> Declared {
    let most = bound(schema, "maxLength");
    match text(schema, "format") {
        "byte" => simple(Kind::Bytes, most.unwrap_or(MAX_REQUEST - 2), 2),
        "duration" => simple(Kind::Duration, 32, 3),
        "date" => simple(Kind::Timestamp, 12, 12),
        "date-time" => simple(Kind::Timestamp, 32, 21),
        _ => {
            let listed = schema.get("enum").and_then(Value::as_array).filter(|l| !l.is_empty());
            let longest = listed.map(|listed| {
                listed.iter().filter_map(Value::as_str).map(str::len).max().unwrap_or(0) as u64
            });
            let most = most.map(|most| most.saturating_mul(4)).or(longest);
            simple(Kind::String, most.unwrap_or(MAX_REQUEST - 2), 2)
        }
    }
}

fn object(
    schema: &Fields,
    is_resource: bool,
    below: impl Fn(&Fields) -> Option<Rc<Declared>>,
) -> Declared {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut least_bytes = 2;
    let mut fields = BTreeMap::new();
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, field) in properties.into_iter().flatten() {
        let Some(field) = field.as_object() else { continue };
        let Some(declared) = below(field) else { continue };
        if required.contains(&name.as_str()) && field.get("default").is_none_or(Value::is_null) {
            least_bytes += name.len() as u64 + declared.least_bytes + 4;
        }
        if let Some(name) = escape::name(name) {
            fields.insert(name, declared);
        }
    }
    if is_resource {
        let any = || Rc::new(simple(Kind::String, MAX_REQUEST - 2, 2));
        let metadata = properties.and_then(|p| p.get("metadata")?.get("properties")?.as_object());
        let capped = |name: &str, most: u64| {
            let own =
                metadata.and_then(|fields| bound(fields.get(name)?.as_object()?, "maxLength"));
            let most = own.map_or(most, |own| own.min(most));
            (name.to_owned(), Rc::new(simple(Kind::String, most.saturating_mul(4), 2)))
        };
        let inner = [capped("name", MAX_NAME), capped("generateName", MAX_NAME - 1)];
        let metadata = Declared { fields: inner.into(), ..simple(Kind::Object, 0, 2) };
        fields.insert("apiVersion".to_owned(), any());
        fields.insert("kind".to_owned(), any());
        fields.insert("metadata".to_owned(), Rc::new(metadata));
    }
    Declared { fields, ..simple(Kind::Object, 0, least_bytes) }
}
