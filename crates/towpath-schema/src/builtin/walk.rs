//! An object and its schema, gone through together.
//!
//! A path is written only for what is found: until then a place is a chain on the stack.

use serde_json::{Map, Value};
use towpath_catalog::{GroupVersionKind, ListType, SchemaRef, Type};

use super::check::{self, Place};
use super::decode;
use super::facts::{self, Facts};
use super::metadata;
use super::run::Run;
use crate::crd::at::At;
use crate::crd::schema::{Fault, MAX_OBJECT_DEPTH};

/// What is known of the way to a place.
#[derive(Clone, Copy)]
pub(super) struct Way<'a> {
    /// The type of Go that the field belongs to, as the decoder names it.
    pub(super) owner: &'a str,
    depth: usize,
    /// Whether only types matter: what is sent as status is dropped on creation.
    is_status: bool,
}

pub(super) fn object(
    schema: SchemaRef<'_>,
    gvk: GroupVersionKind<'_>,
    object: &Value,
    at: &At<'_>,
    run: &mut Run,
) {
    let group = short(gvk.group);
    run.is_secret = (group, gvk.kind) == ("core", "Secret");
    let way = Way { owner: gvk.kind, depth: 0, is_status: false };
    match object {
        Value::Object(fields) => {
            if (group, gvk.kind) == ("apps", "StatefulSet") {
                run.claims = claims(object);
            }
            metadata::of_object(group, gvk.kind, fields, at, run);
            structure(schema, fields, at, way, facts::of(group, gvk.kind), run);
        }
        _ => decode::wrong_type(schema, object, at, way, run),
    }
    run.is_secret = false;
    run.claims.clear();
}

/// Names of the volumes that a StatefulSet makes for its pods.
fn claims(object: &Value) -> Vec<String> {
    let templates = object.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
    let names = templates.into_iter().flatten().filter_map(|one| one.pointer("/metadata/name"));
    names.filter_map(|name| Some(name.as_str()?.to_owned())).collect()
}

/// The group of an API as definitions have it: `networking` for `networking.k8s.io`.
pub(super) fn short(group: &str) -> &str {
    match group.split_once('.').map_or(group, |(first, _)| first) {
        "" => "core",
        first => first,
    }
}

fn place(schema: SchemaRef<'_>, value: &Value, at: &At<'_>, way: Way<'_>, run: &mut Run) {
    match (schema.types(), value) {
        // Decoders skip what is null.
        (Type::Any, _) | (_, Value::Null) => {}
        (Type::Object, Value::Object(fields)) => {
            if way.depth >= MAX_OBJECT_DEPTH {
                run.skip(at, "what is nested too deeply");
                return;
            }
            let way = Way { depth: way.depth + 1, ..way };
            match schema.additional() {
                Some(entry) if entry.types() == Type::Any => {}
                Some(entry) => {
                    for (name, value) in fields {
                        place(entry, value, &at.key(name), way, run);
                    }
                }
                None => {
                    let (group, name) = definition(schema.reference().unwrap_or_default());
                    let way = Way { owner: name, ..way };
                    structure(schema, fields, at, way, facts::of(group, name), run);
                }
            }
        }
        (Type::Array, Value::Array(items)) => {
            let Some(item) = schema.items() else { return };
            if way.depth >= MAX_OBJECT_DEPTH {
                run.skip(at, "what is nested too deeply");
                return;
            }
            let way = Way { depth: way.depth + 1, ..way };
            for (index, value) in items.iter().enumerate() {
                place(item, value, &at.item(index), way, run);
            }
            if items.len() > 1 && !way.is_status {
                match schema.list_type() {
                    Some(ListType::Map) => check::keys(schema, items, at, run),
                    Some(ListType::Set) => check::set(items, at, run),
                    // Older minors name the key of a patch only, and server-side apply takes that.
                    None if schema.patch_merge_key().is_some() => {
                        check::keys(schema, items, at, run);
                    }
                    _ => {}
                }
            }
        }
        _ => decode::scalar(schema, value, at, way, run),
    }
}

fn structure(
    schema: SchemaRef<'_>,
    fields: &Map<String, Value>,
    at: &At<'_>,
    way: Way<'_>,
    facts: Option<&Facts>,
    run: &mut Run,
) {
    if !way.is_status {
        own(schema, fields, at, facts, run);
    }
    for (name, value) in fields {
        let here = at.field(name);
        match schema.field(name) {
            Some(field) => {
                let is_status = way.is_status || (way.depth == 0 && name == "status");
                place(field.schema, value, &here, Way { is_status, ..way }, run);
            }
            None => run.add(Fault::UnknownField, &here, || {
                format!("unknown field {:?}", format!("{here:#}"))
            }),
        }
    }
    if way.is_status {
        return;
    }
    for name in facts.map_or(&[][..], |row| row.implied) {
        if fields.get(*name).is_none_or(Value::is_null)
            && let Some(field) = schema.field(name)
        {
            // A missing structure is one without fields, and what it has to have is missing there.
            place(field.schema, &Value::Object(Map::new()), &at.field(name), way, run);
        }
    }
}

/// What a structure says of itself. The server looks at that first, and then at what is below.
fn own(
    schema: SchemaRef<'_>,
    fields: &Map<String, Value>,
    at: &At<'_>,
    facts: Option<&Facts>,
    run: &mut Run,
) {
    let is_missing = |name: &str| fields.get(name).is_none_or(Value::is_null);
    let is_excused = |name: &str| {
        facts.is_some_and(|row| row.implied.contains(&name) || row.optional.contains(&name))
    };
    for name in schema.required() {
        if is_missing(name) && !is_excused(name) {
            let checks = facts.map_or(&[][..], |row| row.checks);
            match checks.iter().find_map(|check| check.refuses_zero(name)) {
                // What is missing is zero.
                Some(why) => run.invalid(&at.field(name), &Value::from(0), why),
                None => run.required(&at.field(name), ""),
            }
        }
    }
    let Some(facts) = facts else { return };
    let here = Place { fields, at };
    for one in facts.checks {
        check::check(one, here, run);
    }
}

/// Group and name of a definition such as `io.k8s.api.core.v1.PodSpec`.
pub(super) fn definition(name: &str) -> (&str, &str) {
    let (rest, last) = name.rsplit_once('.').unwrap_or(("", name));
    let rest = rest.rsplit_once('.').map_or("", |(rest, _)| rest);
    (rest.rsplit_once('.').map_or(rest, |(_, group)| group), last)
}
