//! The schema of a version: first whether it is structural, then its keywords one place after the other.
//!
//! Source of the contract: `kubernetes/apiextensions-apiserver:pkg/apis/apiextensions/validation/validation.go`,
//! `validateCustomResourceDefinitionValidation`, `ValidateCustomResourceDefinitionOpenAPISchema`.

use serde_json::{Value, json};

use super::read::{Fields, flag, get, items, object, properties, property, schemas, text, texts};
use super::rules::{self, Rules, Within};
use super::{Found, defaults, structural};
use crate::crd::cel::X_VALIDATIONS;
use crate::crd::fields::X_PRESERVE;

const X_LIST_TYPE: &str = "x-kubernetes-list-type";
const X_MAP_TYPE: &str = "x-kubernetes-map-type";
const X_KEYS: &str = "x-kubernetes-list-map-keys";

/// Keywords that the root may not have where there is a status subresource.
const NOT_AT_ROOT: &[&str] = &[
    "id",
    "$schema",
    "$ref",
    "nullable",
    "default",
    "enum",
    "maxProperties",
    "minProperties",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "additionalProperties",
    "patternProperties",
    "dependencies",
    "additionalItems",
    "definitions",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    X_KEYS,
    X_LIST_TYPE,
    X_MAP_TYPE,
];

const AT_ROOT: &str = "only [Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength \
    MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example \
    XPreserveUnknownFields XValidations] fields are allowed at the root of the schema if the status subresource is \
    enabled";

/// Whether a schema has a default anywhere.
pub(super) fn has_default(schema: &Fields) -> bool {
    let keywords =
        ["items", "allOf", "anyOf", "oneOf", "not", "properties", "additionalProperties"];
    let mut below = keywords.into_iter().flat_map(|name| structural::below(schema, name));
    get(schema, "default").is_some() || below.any(has_default)
}

/// The schema of a version; `at` is the place of what holds it.
pub(super) fn root(schema: &Fields, has_status: bool, at: &str, found: &mut Found) {
    let before = found.len();
    let at = format!("{at}.openAPIV3Schema");
    if has_status {
        status(schema, &at, found);
    }
    if flag(schema, "nullable") {
        found.forbidden(&format!("{at}.nullable"), "nullable cannot be true at the root");
    }
    let unsupported = structural::unsupported(schema);
    if unsupported.is_none() {
        structural::check(schema, &at, found);
        if found.len() == before {
            defaults::check(schema, &at, found);
        }
    }
    let may_have_rules = unsupported.is_none() && found.len() == before;
    let mut walk = Walk { schema: Found::default(), rules: Rules::default() };
    let place = Place {
        forbids_defaults: None,
        is_in_metadata: false,
        uncorrelated: None,
        within: may_have_rules.then(|| Within::root(schema)),
    };
    walk.visit(schema, true, &place, &at);
    found.refusals.append(&mut walk.schema.refusals);
    walk.rules.finish(&at, found);
    if let Some(why) = unsupported.filter(|_| found.len() == before) {
        found.invalid_text(&at, "", &why);
    }
}

fn status(schema: &Fields, at: &str, found: &mut Found) {
    let is_zero = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    };
    let has = |name: &&&str| schema.get(**name).is_some_and(|value| !is_zero(value));
    // The order is that of the server's fields: these stand before the type.
    let (first, rest) = NOT_AT_ROOT.split_at(3);
    let kind = text(schema, "type");
    if first.iter().find(has).is_none() && !kind.is_empty() && kind != "object" {
        let why = "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        found.invalid_text(&format!("{at}.type"), kind, why);
    } else if first.iter().chain(rest).any(|name| has(&name)) {
        found.invalid(at, &Value::Object(schema.clone()), AT_ROOT);
    }
}

/// What is known of the places around one.
#[derive(Clone)]
struct Place<'a> {
    /// Why there may be no default.
    forbids_defaults: Option<String>,
    is_in_metadata: bool,
    /// The first place above whose values cannot be told from each other in two revisions.
    uncorrelated: Option<String>,
    /// What rules know; none where none may be.
    within: Option<Within<'a>>,
}

struct Walk {
    schema: Found,
    rules: Rules,
}

impl Walk {
    fn visit(&mut self, schema: &Fields, is_root: bool, place: &Place<'_>, at: &str) {
        let before = self.schema.len();
        standard(schema, place, at, &mut self.schema);
        if flag(schema, "uniqueItems") {
            let why =
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.schema.forbidden(&format!("{at}.uniqueItems"), why);
        }
        self.entries(schema, place, at);
        self.properties(schema, is_root, place, at);
        let below = Place { within: None, ..place.clone() };
        if let Some(not) = object(schema, "not") {
            self.visit(not, false, &below, &format!("{at}.not"));
        }
        for name in ["allOf", "oneOf", "anyOf"] {
            for (index, one) in schemas(schema, name) {
                self.visit(one, false, &below, &format!("{at}.{name}[{index}]"));
            }
        }
        for (name, one) in object(schema, "definitions").into_iter().flatten() {
            if let Some(one) = one.as_object() {
                self.visit(one, false, &below, &format!("{at}.definitions[{name}]"));
            }
        }
        if let Some(items) = object(schema, "items") {
            let mut below = place.clone();
            if text(schema, X_LIST_TYPE) != "map" {
                below.uncorrelated.get_or_insert_with(|| at.to_owned());
            }
            below.within = place.within.as_ref().map(|within| within.below(items));
            self.visit(items, false, &below, &format!("{at}.items"));
        }
        if get(schema, X_PRESERVE) == Some(&Value::Bool(false)) {
            let at = format!("{at}.{X_PRESERVE}");
            self.schema.invalid(&at, &Value::Bool(false), "must be true or undefined");
        }
        map_type(schema, at, &mut self.schema);
        list_type(schema, at, &mut self.schema);
        keys(schema, at, &mut self.schema);
        if items(schema, X_VALIDATIONS).is_empty() {
            return;
        }
        rules::shape(schema, at, &mut self.schema);
        // What is wrong with a schema would only be told again in other words.
        if self.schema.len() == before
            && let Some(within) = &place.within
        {
            self.rules.check(within, place.uncorrelated.as_deref(), at);
        }
    }

    fn entries(&mut self, schema: &Fields, place: &Place<'_>, at: &str) {
        let Some(entries) = get(schema, "additionalProperties") else { return };
        let at = format!("{at}.additionalProperties");
        let is_open = *entries == Value::Bool(true);
        if properties(schema).next().is_some() && !is_open {
            let why = "additionalProperties and properties are mutual exclusive";
            self.schema.forbidden(&at, why);
        }
        let Value::Object(entry) = entries else { return };
        let mut below = place.clone();
        if place.is_in_metadata {
            let why = "inside additionalProperties applying to object metadata";
            below.forbids_defaults = Some(why.to_owned());
        }
        below.within = place.within.as_ref().map(|within| within.below(entry));
        self.visit(entry, false, &below, &at);
    }

    fn properties(&mut self, schema: &Fields, is_root: bool, place: &Place<'_>, at: &str) {
        for (name, field) in properties(schema) {
            let mut below = place.clone();
            if text(schema, X_MAP_TYPE) == "atomic" {
                below.uncorrelated.get_or_insert_with(|| at.to_owned());
            }
            let is_meta = matches!(name.as_str(), "metadata" | "kind" | "apiVersion");
            if is_meta && (is_root || flag(schema, "x-kubernetes-embedded-resource")) {
                below.is_in_metadata = true;
                if is_root {
                    below.forbids_defaults = Some(format!("in top-level {name}"));
                }
            }
            below.within = place.within.as_ref().map(|within| within.below(field));
            self.visit(field, false, &below, &format!("{at}.properties[{name}]"));
        }
    }
}

/// What no schema of a definition may have.
fn standard(schema: &Fields, place: &Place<'_>, at: &str, found: &mut Found) {
    const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
    let kind = text(schema, "type");
    let type_at = format!("{at}.type");
    if !kind.is_empty() && !TYPES.contains(&kind) {
        found.unsupported(&type_at, kind, &TYPES);
    }
    if let Some(why) = &place.forbids_defaults
        && get(schema, "default").is_some()
    {
        found.forbidden(&format!("{at}.default"), &format!("must not be set {why}"));
    }
    let is_filled = |name: &str| match get(schema, name) {
        None => false,
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Object(fields)) => name == "additionalItems" || !fields.is_empty(),
        Some(_) => true,
    };
    for name in
        ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"]
    {
        if is_filled(name) {
            found.forbidden(&format!("{at}.{name}"), &format!("{name} is not supported"));
        }
    }
    if kind == "null" {
        found.forbidden(&type_at, "type cannot be set to null, use nullable as an alternative");
    }
    let embedded = "x-kubernetes-embedded-resource";
    if place.is_in_metadata && flag(schema, embedded) {
        found.forbidden(&format!("{at}.{embedded}"), "must not be used inside of resource meta");
    }
}

fn map_type(schema: &Fields, at: &str, found: &mut Found) {
    let Some(kind) = get(schema, X_MAP_TYPE).and_then(Value::as_str) else { return };
    must_be(schema, "object", X_MAP_TYPE, at, found);
    if !["atomic", "granular"].contains(&kind) {
        found.unsupported(&format!("{at}.{X_MAP_TYPE}"), kind, &["atomic", "granular"]);
    }
}

/// Whether the type is what a keyword needs.
fn must_be(schema: &Fields, wanted: &str, keyword: &str, at: &str, found: &mut Found) -> bool {
    let at = format!("{at}.type");
    let why = format!("must be {wanted} if {keyword} is specified");
    match text(schema, "type") {
        "" => found.required(&at, &why),
        kind if kind != wanted => found.invalid_text(&at, kind, &why),
        _ => return true,
    }
    false
}

fn list_type(schema: &Fields, at: &str, found: &mut Found) {
    let Some(list) = get(schema, X_LIST_TYPE).and_then(Value::as_str) else { return };
    let item = object(schema, "items");
    if must_be(schema, "array", X_LIST_TYPE, at, found)
        && list == "set"
        && let Some(item) = item
    {
        let inner = get(item, X_LIST_TYPE).cloned().unwrap_or(Value::Null);
        let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
        match text(item, "type") {
            "array" if !matches!(text(item, X_LIST_TYPE), "" | "atomic") => {
                found.invalid(&format!("{at}.items.{X_LIST_TYPE}"), &inner, why);
            }
            // The server shows the type of the list here as well.
            "object" if text(item, X_MAP_TYPE) != "atomic" => {
                found.invalid(&format!("{at}.items.{X_MAP_TYPE}"), &inner, why);
            }
            _ => {}
        }
    }
    if !["atomic", "set", "map"].contains(&list) {
        found.unsupported(&format!("{at}.{X_LIST_TYPE}"), list, &["atomic", "set", "map"]);
    }
}

/// The keys of a list that is a map.
fn keys(schema: &Fields, at: &str, found: &mut Found) {
    let list = get(schema, X_LIST_TYPE).and_then(Value::as_str);
    let keys = texts(schema, X_KEYS);
    let list_at = format!("{at}.{X_LIST_TYPE}");
    let keys_at = format!("{at}.{X_KEYS}");
    if !keys.is_empty() {
        let why = "must be map if x-kubernetes-list-map-keys is non-empty";
        match list {
            None => found.required(&list_at, why),
            Some("map") => {}
            Some(other) => found.invalid_text(&list_at, other, why),
        }
    }
    let item = object(schema, "items");
    if list == Some("map") {
        if keys.is_empty() {
            found.required(&keys_at, "must not be empty if x-kubernetes-list-type is map");
        }
        match item {
            None => {
                found.required(
                    &format!("{at}.items"),
                    "must have a schema if x-kubernetes-list-type is map",
                );
            }
            Some(item) if text(item, "type") != "object" => {
                let why = "must be object if parent array's x-kubernetes-list-type is map";
                found.invalid_text(&format!("{at}.items.type"), text(item, "type"), why);
            }
            Some(item) => key_fields(item, &keys, at, &keys_at, found),
        }
    }
    let (Some(item), Some(list @ ("set" | "map"))) = (item, list) else { return };
    if flag(item, "nullable") {
        let why = format!("cannot be nullable when x-kubernetes-list-type is {list}");
        found.forbidden(&format!("{at}.items.nullable"), &why);
    }
    let required = texts(item, "required");
    for key in keys.iter().filter(|_| list == "map") {
        let Some(field) = property(item, key) else { continue };
        let at = format!("{at}.items.properties[{key}]");
        let is_a_key = "this property is in x-kubernetes-list-map-keys, so it";
        if !required.contains(key) && get(field, "default").is_none() {
            let why = format!("{is_a_key} must have a default or be a required property");
            found.required(&format!("{at}.default"), &why);
        }
        if flag(field, "nullable") {
            found.forbidden(&format!("{at}.nullable"), &format!("{is_a_key} cannot be nullable"));
        }
    }
}

fn key_fields(item: &Fields, keys: &[&str], at: &str, keys_at: &str, found: &mut Found) {
    for (index, key) in keys.iter().enumerate() {
        match property(item, key) {
            None => {
                found.invalid(keys_at, &json!(keys), "entries must all be names of item properties")
            }
            Some(field) if matches!(text(field, "type"), "array" | "object") => {
                let at = format!("{at}.items.properties[{key}].type");
                let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                found.invalid_text(&at, text(item, "type"), why);
            }
            Some(_) => {}
        }
        if keys[..index].contains(key) {
            found.invalid(keys_at, &json!(keys), "must not contain duplicate entries");
        }
    }
}
