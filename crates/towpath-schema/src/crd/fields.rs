//! Fields that come and go, fields that must be given, and what becomes of fields that no schema names.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::found::{Finding, Found};
use super::types::add_flag;
use super::walk::{Pair, SchemaRule, flag};
use super::{Effect, Example, Place, Rule, RuleId, path};

pub(super) const X_PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";

pub(super) static RULES: [SchemaRule; 5] = [
    SchemaRule { keywords: &["properties"], compare: properties },
    SchemaRule { keywords: &["required", "properties"], compare: required },
    SchemaRule { keywords: &["additionalProperties"], compare: additional },
    SchemaRule { keywords: &[X_PRESERVE], compare: preserve },
    SchemaRule { keywords: &["items"], compare: items },
];

pub(super) const ADDED: Rule = Rule {
    id: "crd-field-added",
    place: Place::Schema,
    title: "A field is new",
    why: "\
What was dropped in silence, or refused in strict requests, is kept. Beneath an object that keeps unknown fields the opposite
holds: what could be anything must now follow a schema.",
    found: Example {
        before: "type: object\nproperties: {a: {type: string}}\n",
        after: "type: object\nproperties: {a: {type: string}, b: {type: string}}\n",
    },
    effect: Effect::Loosening,
    passes: Example {
        before: "type: object\nproperties: {a: {type: string}}\n",
        after: "type: object\nproperties: {a: {type: string, maxLength: 5}}\n",
    },
};

pub(super) const REMOVED: Rule = Rule {
    id: "crd-field-removed",
    place: Place::Schema,
    title: "A field is gone",
    why: "\
Its value is dropped in silence when an object is next written, and refused by strict requests and by server-side apply,
which is how Flux applies.",
    found: Example {
        before: "type: object\nproperties: {a: {type: string}, b: {type: string}}\n",
        after: "type: object\nproperties: {a: {type: string}}\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: object\nproperties: {a: {type: string}}\n",
        after: "type: object\nproperties: {a: {type: string}, b: {type: string}}\n",
    },
};

pub(super) const REQUIRED: Rule = Rule {
    id: "crd-required",
    place: Place::Schema,
    title: "A field must be given, or no longer must",
    why: "\
Objects without the field are rejected. A required field that has a default is never missing, which is neutral; one inside
of a new optional object concerns nobody yet.",
    found: Example {
        before: "type: object\nproperties: {a: {type: string}}\n",
        after: "type: object\nproperties: {a: {type: string}}\nrequired: [a]\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: object\nproperties: {a: {type: string}}\n",
        after: "\
type: object
properties: {a: {type: string}, b: {type: object, properties: {c: {type: string}}, required: [c]}}
",
    },
};

pub(super) const ADDITIONAL_PROPERTIES: Rule = Rule {
    id: "crd-additional-properties",
    place: Place::Schema,
    title: "An object became, or is no longer, a map",
    why: "\
A map keeps entries of any name. Without `additionalProperties` every entry that is not a named field is dropped.",
    found: Example {
        before: "type: object\nadditionalProperties: {type: string}\n",
        after: "type: object\nproperties: {a: {type: string}}\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: object\nadditionalProperties: {type: string}\n",
        after: "type: object\nadditionalProperties: {type: string, maxLength: 5}\n",
    },
};

pub(super) const PRESERVE_UNKNOWN: Rule = Rule {
    id: "crd-preserve-unknown-fields",
    place: Place::Schema,
    title: "Fields that no schema names are kept, or no longer kept",
    why: "\
Where unknown fields are not kept they are dropped in silence when an object is next written, and refused by strict
requests and server-side apply.",
    found: Example {
        before: "type: object\nx-kubernetes-preserve-unknown-fields: true\n",
        after: "type: object\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: object\n",
        after: "type: object\nx-kubernetes-preserve-unknown-fields: false\n",
    },
};

pub(super) const ITEMS: Rule = Rule {
    id: "crd-items",
    place: Place::Schema,
    title: "The items of a list have a schema, or no longer have one",
    why: "\
Items that could be anything must now follow a schema, or the reverse. Changes inside of the schema of items are told by the
rules for what changed, at `field[]`.",
    found: Example {
        before: "type: array\nx-kubernetes-preserve-unknown-fields: true\n",
        after: "type: array\nx-kubernetes-preserve-unknown-fields: true\nitems: {type: string}\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: array\nitems: {type: string}\n",
        after: "type: array\nitems: {type: string, maxLength: 5}\n",
    },
};

/// The named fields of a schema.
fn fields(schema: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// Whether fields that are not named are kept and can be anything.
fn is_open(schema: &Map<String, Value>) -> bool {
    flag(schema, X_PRESERVE) || schema.get("additionalProperties") == Some(&Value::Bool(true))
}

fn is_map(schema: &Map<String, Value>) -> bool {
    schema.get("additionalProperties").is_some_and(Value::is_object)
}

fn properties(pair: &Pair<'_>, found: &mut Found) {
    // A field of what is no longer an object has not gone by itself.
    if pair.new.get("type").is_some_and(|kind| kind != "object") {
        return;
    }
    let has = |schema: &Map<String, Value>, name: &str| {
        schema.get("properties").is_some_and(|fields| fields.get(name).is_some())
    };
    for (name, _) in fields(pair.old).filter(|(name, _)| !has(pair.new, name)) {
        let (effect, message) = if is_open(pair.new) {
            (Effect::Loosening, "is no longer described: it can be anything")
        } else if is_map(pair.new) {
            (Effect::Tightening, "is no longer a field: it follows the schema of all entries")
        } else {
            (
                Effect::Tightening,
                "the field is gone: its value is dropped, or refused in strict requests",
            )
        };
        let path = path::field(pair.path, name);
        let message = message.to_owned();
        let (was, is) = (None, None);
        found.add(Finding { rule: RuleId::FieldRemoved, effect, path: &path, was, is, message });
    }
    for (name, _) in fields(pair.new).filter(|(name, _)| !has(pair.old, name)) {
        let (effect, message) = if is_open(pair.old) {
            (Effect::Tightening, "could be anything and must follow a schema")
        } else if is_map(pair.old) {
            (Effect::Tightening, "was an entry like any other and must follow a schema of its own")
        } else {
            (Effect::Loosening, "the field is new")
        };
        let path = path::field(pair.path, name);
        let message = message.to_owned();
        let (was, is) = (None, None);
        found.add(Finding { rule: RuleId::FieldAdded, effect, path: &path, was, is, message });
    }
}

/// Fields whose absence is an error: required, and without a default that would fill them in.
fn demanded(schema: &Map<String, Value>) -> BTreeSet<&str> {
    let has_default = |name: &str| {
        let field = schema.get("properties").and_then(|fields| fields.get(name));
        field.is_some_and(|field| field.get("default").is_some())
    };
    names(schema).filter(|name| !has_default(name)).collect()
}

/// The names that a schema lists as required.
fn names(schema: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str)
}

fn listed(schema: &Map<String, Value>, name: &str) -> bool {
    let names = schema.get("required").and_then(Value::as_array);
    names.is_some_and(|names| names.iter().any(|other| other == name))
}

fn required(pair: &Pair<'_>, found: &mut Found) {
    let (old, new) = (demanded(pair.old), demanded(pair.new));
    let mut add = |name: &str, effect, message: &str| {
        let path = path::field(pair.path, name);
        let message = message.to_owned();
        let (was, is) = (None, None);
        found.add(Finding { rule: RuleId::Required, effect, path: &path, was, is, message });
    };
    for name in new.difference(&old) {
        let message = if listed(pair.old, name) {
            "is required and no longer has a default"
        } else {
            "must be given"
        };
        add(name, Effect::Tightening, message);
    }
    for name in old.difference(&new) {
        let message = if listed(pair.new, name) {
            "is required and has a default: it need not be given"
        } else {
            "need no longer be given"
        };
        add(name, Effect::Loosening, message);
    }
    // What a default fills in is never missing; that the list changed is still said.
    let filled = |name: &&str| !old.contains(name) && !new.contains(name);
    for name in names(pair.new).filter(|name| !listed(pair.old, name)).filter(filled) {
        add(name, Effect::Neutral, "is required and has a default: it need not be given");
    }
    for name in names(pair.old).filter(|name| !listed(pair.new, name)).filter(filled) {
        add(name, Effect::Neutral, "is no longer required; it had a default");
    }
}

/// How entries that are no named fields are treated.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Entries {
    Refused,
    Dropped,
    Described,
    Anything,
}

fn entries(schema: &Map<String, Value>) -> Entries {
    match schema.get("additionalProperties") {
        Some(Value::Object(_)) => Entries::Described,
        Some(Value::Bool(true)) => Entries::Anything,
        _ if flag(schema, X_PRESERVE) => Entries::Anything,
        Some(_) => Entries::Refused,
        None => Entries::Dropped,
    }
}

fn additional(pair: &Pair<'_>, found: &mut Found) {
    use Entries::{Anything, Described, Dropped, Refused};
    let (was, is) = pair.both("additionalProperties");
    let (effect, message) = match (entries(pair.old), entries(pair.new)) {
        (old, new) if old == new => return,
        (Described | Anything, Dropped) => {
            (Effect::Tightening, "is no longer a map: entries that are not fields are dropped")
        }
        (_, Refused) => (Effect::Tightening, "entries that are not fields are refused"),
        (Refused, Dropped) => {
            (Effect::Loosening, "entries that are not fields are dropped, not refused")
        }
        (Anything, Described) => (Effect::Tightening, "entries must follow a schema"),
        (Described, Anything) => (Effect::Loosening, "entries can be anything"),
        (Dropped | Refused, Described | Anything) => (Effect::Loosening, "is a map"),
        (Anything, Anything) | (Described, Described) | (Dropped, Dropped) => return,
    };
    let message = message.to_owned();
    found.add(Finding {
        rule: RuleId::AdditionalProperties,
        effect,
        path: pair.path,
        was,
        is,
        message,
    });
}

fn preserve(pair: &Pair<'_>, found: &mut Found) {
    let (effect, message) = if flag(pair.new, X_PRESERVE) {
        (Effect::Loosening, "fields that no schema names are kept")
    } else {
        (
            Effect::Tightening,
            "fields that no schema names are dropped, or refused in strict requests",
        )
    };
    add_flag(RuleId::PreserveUnknownFields, X_PRESERVE, effect, message, pair, found);
}

fn items(pair: &Pair<'_>, found: &mut Found) {
    let (was, is) = pair.both("items");
    let (effect, message) = match (was, is) {
        (None, Some(_)) => (Effect::Tightening, "items must follow a schema"),
        (Some(_), None) => (Effect::Loosening, "items can be anything"),
        _ => return,
    };
    let message = message.to_owned();
    found.add(Finding { rule: RuleId::Items, effect, path: pair.path, was, is, message });
}
