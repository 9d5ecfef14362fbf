//! What makes a schema structural: each place has a type, and what is below `anyOf` and the like only narrows what is
//! said outside of it.
//!
//! Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apiserver/schema/validation.go`, `complete.go`,
//! `convert.go`.

use serde_json::{Value, json};

use super::read::{Fields, flag, get, items, object, properties, property, schemas, text};
use super::{Found, Refusal};
use crate::crd::cel::X_VALIDATIONS;
use crate::crd::fields::X_PRESERVE;
use crate::crd::patterns;

const X_EMBEDDED: &str = "x-kubernetes-embedded-resource";
const X_INT_OR_STRING: &str = "x-kubernetes-int-or-string";

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Why a schema cannot even be asked whether it is structural.
pub(super) fn unsupported(schema: &Fields) -> Option<String> {
    let is_filled = |name: &str| match get(schema, name) {
        None => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Object(fields)) => !fields.is_empty(),
        Some(_) => true,
    };
    let names = [
        "id",
        "$schema",
        "$ref",
        "patternProperties",
        "dependencies",
        "additionalItems",
        "definitions",
    ];
    let here = names.into_iter().find(|name| is_filled(name));
    if let Some(name) = here {
        let name = name.replace("$schema", "schema");
        return Some(format!("OpenAPIV3Schema '{name}' is not supported"));
    }
    // What is below is converted after the alternatives.
    let logic = ["not", "allOf", "anyOf", "oneOf"].into_iter().flat_map(|name| below(schema, name));
    let inner = logic.into_iter().find_map(unsupported);
    inner.or_else(|| {
        let is_false = get(schema, X_PRESERVE) == Some(&Value::Bool(false));
        let own =
            "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
        is_false.then(|| own.to_owned()).or_else(|| {
            let rest = ["items", "properties", "additionalProperties"].into_iter();
            rest.flat_map(|name| below(schema, name)).find_map(unsupported)
        })
    })
}

/// The schemas that a keyword holds.
pub(super) fn below<'a>(schema: &'a Fields, name: &str) -> Vec<&'a Fields> {
    match (name, get(schema, name)) {
        ("properties", Some(_)) => properties(schema).map(|(_, one)| one).collect(),
        (_, Some(Value::Object(one))) => vec![one],
        (_, Some(Value::Array(_))) => schemas(schema, name).map(|(_, one)| one).collect(),
        _ => Vec::new(),
    }
}

/// Tells what is not structural, in the order of what is told.
pub(super) fn check(schema: &Fields, at: &str, found: &mut Found) {
    let mut told = Found::default();
    invariants(schema, Level::Root, at, &mut told);
    complete(schema, Some(schema), at, at, &mut told);
    told.refusals.sort_by_key(Refusal::to_string);
    found.refusals.append(&mut told.refusals);
}

fn invariants(schema: &Fields, level: Level, at: &str, found: &mut Found) {
    let kind = text(schema, "type");
    let is_resource = flag(schema, X_EMBEDDED);
    let entries = get(schema, "additionalProperties");
    match object(schema, "items") {
        Some(items) => invariants(items, Level::Item, &format!("{at}.items"), found),
        None if kind == "array" => found.required(&format!("{at}.items"), "must be specified"),
        None => {}
    }
    for (name, field) in properties(schema) {
        invariants(field, Level::Field, &format!("{at}.properties[{name}]"), found);
    }
    let entries_at = format!("{at}.additionalProperties");
    if entries.is_some() && level == Level::Root {
        found.forbidden(&entries_at, "must not be used at the root");
    }
    if let Some(Value::Object(entry)) = entries {
        invariants(entry, Level::Field, &entries_at, found);
    }
    extensions(schema, at, found);
    let any = is_int_or_string(schema);
    let all = schemas(schema, "allOf")
        .next()
        .is_some_and(|(index, one)| index == 0 && is_int_or_string(one));
    values(schema, any, all, at, found);
    types(schema, level, at, found);
    if is_resource && entries.is_some() {
        found.forbidden(&entries_at, "must not be used if x-kubernetes-embedded-resource is set");
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        found.invalid_text(&format!("{at}.type"), kind, "must be object at the root");
    }
    let is_whole = level == Level::Root || is_resource;
    for name in ["kind", "apiVersion"] {
        if let Some(field) = property(schema, name).filter(|_| is_whole)
            && text(field, "type") != "string"
        {
            let at = format!("{at}.properties[{name}].type");
            found.invalid_text(&at, text(field, "type"), "must be string");
        }
    }
    if let Some(metadata) = property(schema, "metadata") {
        of_metadata(metadata, is_whole, level, &format!("{at}.properties[metadata]"), found);
    }
    if is_resource && !flag(schema, X_PRESERVE) && properties(schema).next().is_none() {
        let why = "must not be empty if x-kubernetes-embedded-resource is true without \
                   x-kubernetes-preserve-unknown-fields";
        found.required(&format!("{at}.properties"), why);
    }
}

fn types(schema: &Fields, level: Level, at: &str, found: &mut Found) {
    let at = format!("{at}.type");
    let kind = text(schema, "type");
    if flag(schema, X_EMBEDDED) && kind != "object" {
        let why = "must be object if x-kubernetes-embedded-resource is true";
        match kind {
            "" => found.required(&at, why),
            kind => found.invalid_text(&at, kind, why),
        }
    } else if kind.is_empty() && !flag(schema, X_INT_OR_STRING) && !flag(schema, X_PRESERVE) {
        let why = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        found.required(&at, why);
    }
}

fn extensions(schema: &Fields, at: &str, found: &mut Found) {
    if !flag(schema, X_INT_OR_STRING) {
        return;
    }
    for name in [X_PRESERVE, X_EMBEDDED] {
        if flag(schema, name) {
            let why = "must be false if x-kubernetes-int-or-string is true";
            found.invalid(&format!("{at}.{name}"), &Value::Bool(true), why);
        }
    }
}

fn of_metadata(metadata: &Fields, is_whole: bool, level: Level, at: &str, found: &mut Found) {
    let kind = text(metadata, "type");
    if is_whole && kind != "object" {
        found.invalid_text(&format!("{at}.type"), kind, "must be object");
    }
    if level != Level::Root {
        return;
    }
    let is_named = |name: &str| name == "name" || name == "generateName";
    let says_more = metadata.iter().any(|(keyword, value)| match (keyword.as_str(), value) {
        ("type" | "default", _) | (_, Value::Null | Value::Bool(false)) => false,
        ("properties", Value::Object(fields)) => !fields.keys().all(|name| is_named(name)),
        (_, Value::String(text)) => !text.is_empty(),
        (_, Value::Array(list)) => !list.is_empty(),
        _ => true,
    });
    if says_more {
        let why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
        found.forbidden(at, why);
    }
}

/// Whether `anyOf` is the one way to spell that both types are accepted.
fn is_int_or_string(schema: &Fields) -> bool {
    items(schema, "anyOf") == [json!({"type": "integer"}), json!({"type": "string"})]
}

/// What narrows values: `skips_any` and `skips_first` leave out what only spells `x-kubernetes-int-or-string`.
fn values(schema: &Fields, skips_any: bool, skips_first: bool, at: &str, found: &mut Found) {
    if !skips_any {
        for (index, one) in schemas(schema, "anyOf") {
            nested(one, false, &format!("{at}.anyOf[{index}]"), found);
        }
    }
    for (index, one) in schemas(schema, "allOf") {
        nested(one, skips_first && index == 0, &format!("{at}.allOf[{index}]"), found);
    }
    for (index, one) in schemas(schema, "oneOf") {
        nested(one, false, &format!("{at}.oneOf[{index}]"), found);
    }
    if let Some(not) = object(schema, "not") {
        nested(not, false, &format!("{at}.not"), found);
    }
    let pattern = text(schema, "pattern");
    if let Some(why) = patterns::fault(pattern) {
        let why = format!("must be a valid regular expression, but isn't: {why}");
        found.invalid_text(&format!("{at}.pattern"), pattern, &why);
    }
}

/// A schema below `anyOf` and the like.
fn nested(schema: &Fields, skips_any: bool, at: &str, found: &mut Found) {
    values(schema, skips_any, false, at, found);
    if let Some(items) = object(schema, "items") {
        nested(items, false, &format!("{at}.items"), found);
    }
    for (name, field) in properties(schema) {
        nested(field, false, &format!("{at}.properties[{name}]"), found);
    }
    let is_open = |value: &&Value| **value != Value::Bool(false);
    if get(schema, "additionalProperties").filter(is_open).is_some() {
        let at = format!("{at}.additionalProperties");
        found.forbidden(&at, "must be undefined to be structural");
    }
    let empty = "must be empty to be structural";
    let undefined = "must be undefined to be structural";
    let unset = "must be false to be structural";
    let forbidden: [(&str, bool, &str); 12] = [
        ("type", !text(schema, "type").is_empty(), empty),
        ("default", get(schema, "default").is_some(), undefined),
        ("title", !text(schema, "title").is_empty(), empty),
        ("description", !text(schema, "description").is_empty(), empty),
        ("nullable", flag(schema, "nullable"), unset),
        (X_PRESERVE, flag(schema, X_PRESERVE), unset),
        (X_EMBEDDED, flag(schema, X_EMBEDDED), unset),
        (X_INT_OR_STRING, flag(schema, X_INT_OR_STRING), unset),
        (
            "x-kubernetes-list-map-keys",
            !items(schema, "x-kubernetes-list-map-keys").is_empty(),
            empty,
        ),
        ("x-kubernetes-list-type", get(schema, "x-kubernetes-list-type").is_some(), undefined),
        ("x-kubernetes-map-type", get(schema, "x-kubernetes-map-type").is_some(), undefined),
        (X_VALIDATIONS, !items(schema, X_VALIDATIONS).is_empty(), empty),
    ];
    for (name, is_there, why) in forbidden {
        if is_there {
            found.forbidden(&format!("{at}.{name}"), why);
        }
    }
    if property(schema, "metadata").is_some() {
        let at = format!("{at}.properties[metadata]");
        found.forbidden(&at, "must not be specified in a nested context");
    }
}

/// What alternatives speak of must be there outside of them. The server looks at those of the root only.
fn complete(
    values: &Fields,
    schema: Option<&Fields>,
    schema_at: &str,
    values_at: &str,
    found: &mut Found,
) {
    let logic = ["not", "allOf", "anyOf", "oneOf"];
    for (name, one) in logic.into_iter().flat_map(|name| {
        let indexed =
            schemas(values, name).map(move |(index, one)| (format!("{name}[{index}]"), one));
        let single = object(values, name).map(|one| (name.to_owned(), one));
        single.into_iter().chain(indexed).collect::<Vec<_>>()
    }) {
        complete_below(one, schema, schema_at, &format!("{values_at}.{name}"), found);
    }
}

fn complete_below(
    values: &Fields,
    schema: Option<&Fields>,
    schema_at: &str,
    values_at: &str,
    found: &mut Found,
) {
    let Some(schema) = schema else {
        found.required(schema_at, &format!("because it is defined in {values_at}"));
        return;
    };
    complete(values, Some(schema), schema_at, values_at, found);
    if let Some(below) = object(values, "items") {
        let here = object(schema, "items");
        complete_below(
            below,
            here,
            &format!("{schema_at}.items"),
            &format!("{values_at}.items"),
            found,
        );
    }
    for (name, below) in properties(values) {
        let here = property(schema, name);
        let at = |at: &str| format!("{at}.properties[{name}]");
        complete_below(below, here, &at(schema_at), &at(values_at), found);
    }
}
