//! Advice on how an API is made. Looked for in the new definition alone, and only what is new counts:
//! a version that had the same at the same place before is left in peace.
//!
//! The cost of rules in CEL (crd-schema-checker's `MustNotExceedCostBudget`) is left out: estimating it
//! takes the type checker of CEL, and the API server refuses what is too expensive.
//!
//! Source of the rules: `openshift/crd-schema-checker:pkg/manifestcomparators`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::found::{Finding, Found};
use super::{Definition, Effect, Example, Place, Rule, RuleId, Version, path, style_conditions};

pub(super) const BOOLEAN: Rule = Rule {
    id: "crd-style-boolean",
    place: Place::Schema,
    title: "A new field is a boolean",
    why: "\
A third option cannot be added to true and false, and several booleans together have combinations that make no sense. A string with
listed values says what each option means.",
    found: Example {
        before: "type: object\nproperties: {a: {type: string}}\n",
        after: "type: object\nproperties: {a: {type: string}, enabled: {type: boolean}}\n",
    },
    effect: Effect::Neutral,
    passes: Example {
        before: "type: boolean\n",
        after: "type: boolean\ndescription: Whether it is on.\n",
    },
};

pub(super) const FLOAT: Rule = Rule {
    id: "crd-style-float",
    place: Place::Schema,
    title: "A new field is a floating-point number",
    why: "\
Floating-point numbers change when they are written and read again, and differ between languages. Take an integer of a smaller unit, or a
quantity.",
    found: Example { before: "type: integer\n", after: "type: number\n" },
    effect: Effect::Neutral,
    passes: Example { before: "type: string\n", after: "type: integer\n" },
};

pub(super) const UNSIGNED: Rule = Rule {
    id: "crd-style-unsigned-integer",
    place: Place::Schema,
    title: "A new field is an unsigned integer",
    why: "\
Many languages have no unsigned integers, and Kubernetes ignores the format. Take `int32` or `int64` and a minimum.",
    found: Example { before: "type: integer\n", after: "type: integer\nformat: uint32\n" },
    effect: Effect::Neutral,
    passes: Example { before: "type: integer\n", after: "type: integer\nformat: int32\n" },
};

pub(super) const MAP: Rule = Rule {
    id: "crd-style-map",
    place: Place::Schema,
    title: "A new field is a map",
    why: "\
What the keys of a map are is written nowhere in a manifest. A list whose items have a field as key (`x-kubernetes-list-type: map`) says
it, and merges in the same way.",
    found: Example {
        before: "type: object\n",
        after: "type: object\nadditionalProperties: {type: integer}\n",
    },
    effect: Effect::Neutral,
    passes: Example {
        before: "type: object\n",
        after: "type: object\nproperties: {a: {type: string}}\n",
    },
};

pub(super) const LIST_TYPE: Rule = Rule {
    id: "crd-style-list-type",
    place: Place::Schema,
    title: "A new list does not say how it is merged",
    why: "\
Without `x-kubernetes-list-type` a list is atomic: of two that apply to it, the later one replaces all that the other wrote.",
    found: Example { before: "type: string\n", after: "type: array\nitems: {type: string}\n" },
    effect: Effect::Neutral,
    passes: Example {
        before: "type: string\n",
        after: "type: array\nitems: {type: string}\nx-kubernetes-list-type: atomic\n",
    },
};

pub(super) const STATUS: Rule = Rule {
    id: "crd-style-status-subresource",
    place: Place::Version,
    title: "There is a status and no subresource for it",
    why: "\
Without the subresource whoever may change what is wanted may change what is said to be, and permissions cannot tell them
apart.",
    found: Example {
        before: "served: true\nstorage: true\nschema: {openAPIV3Schema: {type: object}}\nsubresources: {}\n",
        after: "\
served: true
storage: true
schema: {openAPIV3Schema: {type: object, properties: {status: {type: object}}}}
subresources: {}
",
    },
    effect: Effect::Neutral,
    passes: Example {
        before: "served: true\nstorage: true\nschema: {openAPIV3Schema: {type: object}}\n",
        after: "\
served: true
storage: true
schema: {openAPIV3Schema: {type: object, properties: {status: {type: object}}}}
subresources: {status: {}}
",
    },
};

/// Something that a style rule minds: the rule, where, and what in words.
pub(super) type Minded = (RuleId, String, String);

pub(super) fn compare(old: &Definition, new: &Definition, found: &mut Found) {
    for version in &new.versions {
        let before = old.version(&version.name).map(minded).unwrap_or_default();
        found.in_version(&version.name);
        for one in minded(version).difference(&before) {
            let (rule, path, message) = one;
            let (effect, was, is) = (Effect::Neutral, None, None);
            let message = message.clone();
            found.add(Finding { rule: *rule, effect, path, was, is, message });
        }
    }
    found.in_definition();
}

fn minded(version: &Version) -> BTreeSet<Minded> {
    let mut all = BTreeSet::new();
    visit(&version.schema, ".", &mut all);
    let status = version.schema.get("properties").and_then(|fields| fields.get("status"));
    let subresource = version.rest.get("subresources").and_then(|all| all.get("status"));
    if status.is_some() && subresource.is_none_or(Value::is_null) {
        let path = "spec.versions[].subresources.status".to_owned();
        let message = "there is a status and no subresource for it".to_owned();
        all.insert((RuleId::StyleStatusSubresource, path, message));
    }
    all
}

fn visit(schema: &Map<String, Value>, at: &str, all: &mut BTreeSet<Minded>) {
    let text = |keyword: &str| schema.get(keyword).and_then(Value::as_str).unwrap_or_default();
    let is_map = schema.get("additionalProperties").is_some_and(|v| *v != Value::Bool(false));
    let typed = match text("type") {
        "boolean" => Some((RuleId::StyleBoolean, "a boolean cannot get a third option")),
        "number" => Some((RuleId::StyleFloat, "a floating-point number does not stay the same")),
        "array" if !schema.contains_key("x-kubernetes-list-type") => {
            Some((RuleId::StyleListType, "the list does not say how it is merged"))
        }
        "object" if is_map => Some((RuleId::StyleMap, "nothing says what the keys of the map are")),
        _ => None,
    };
    let unsigned = text("format").starts_with("uint");
    let unsigned = unsigned.then_some((
        RuleId::StyleUnsignedInteger,
        "unsigned integers are not known to all languages",
    ));
    let minded = typed.into_iter().chain(unsigned);
    all.extend(minded.map(|(rule, message)| (rule, at.to_owned(), message.to_owned())));
    style_conditions::visit(schema, at, all);

    for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let Some(field) = field.as_object() else { continue };
        visit(field, &path::field(at, name), all);
    }
    for (keyword, below) in [("items", path::item(at)), ("additionalProperties", path::entry(at))] {
        if let Some(inner) = schema.get(keyword).and_then(Value::as_object) {
            visit(inner, &below, all);
        }
    }
}
