//! Which JSON types a value may have: `type`, `nullable`, integer or string, embedded resources.

use serde_json::{Map, Value};

use super::found::{Finding, Found};
use super::walk::{Pair, SchemaRule, flag};
use super::{Effect, Example, Place, Rule, RuleId};

const X_INT_OR_STRING: &str = "x-kubernetes-int-or-string";
const X_EMBEDDED: &str = "x-kubernetes-embedded-resource";

pub(super) static RULES: [SchemaRule; 3] = [
    SchemaRule { keywords: &["type", X_INT_OR_STRING], compare: accepted },
    SchemaRule { keywords: &["nullable"], compare: nullable },
    SchemaRule { keywords: &[X_EMBEDDED], compare: embedded },
];

pub(super) const TYPE: Rule = Rule {
    id: "crd-type",
    place: Place::Schema,
    title: "The type of a field changed",
    why: "\
Objects that hold a value of the old type are rejected, and clients that were compiled against it cannot read the
new one. Only a type that takes in the old one (`integer` to `number`) keeps every object valid.",
    found: Example { before: "type: integer\n", after: "type: string\n" },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: integer\n",
        after: "type: integer\nnullable: true\n",
    },
};

pub(super) const INT_OR_STRING: Rule = Rule {
    id: "crd-int-or-string",
    place: Place::Schema,
    title: "A field became, or is no longer, an integer or a string",
    why: "\
A port that may be a number or a name is one of these. Without the mark one of the two forms is rejected, wherever it
is used.",
    found: Example {
        before: "x-kubernetes-int-or-string: true\n",
        after: "type: integer\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "x-kubernetes-int-or-string: true\n",
        after: "x-kubernetes-int-or-string: true\nanyOf: [{type: integer}, {type: string}]\n",
    },
};

pub(super) const NULLABLE: Rule = Rule {
    id: "crd-nullable",
    place: Place::Schema,
    title: "A field accepts null, or no longer does",
    why: "\
A null that is not accepted is removed, or replaced by the default, before the object is validated; in a list it is an
error. What was said by null is then lost.",
    found: Example { before: "type: string\nnullable: true\n", after: "type: string\n" },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: string\n",
        after: "type: string\nnullable: false\n",
    },
};

pub(super) const EMBEDDED_RESOURCE: Rule = Rule {
    id: "crd-embedded-resource",
    place: Place::Schema,
    title: "A field became, or is no longer, a whole Kubernetes object",
    why: "\
An embedded resource must have `apiVersion` and `kind`, and its `metadata` is validated like that of any object. These
checks are not ratcheted: an object that fails them cannot be updated at all.",
    found: Example {
        before: "type: object\nx-kubernetes-preserve-unknown-fields: true\n",
        after: "type: object\nx-kubernetes-preserve-unknown-fields: true\nx-kubernetes-embedded-resource: true\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: object\n",
        after: "type: object\nx-kubernetes-preserve-unknown-fields: true\n",
    },
};

/// The JSON types a schema accepts, null aside.
fn types(schema: &Map<String, Value>) -> Vec<&str> {
    if flag(schema, X_INT_OR_STRING) {
        return vec!["integer", "string"];
    }
    match schema.get("type").and_then(Value::as_str) {
        None => vec!["integer", "number", "string", "boolean", "array", "object"],
        Some("number") => vec!["integer", "number"],
        Some(one) => vec![one],
    }
}

fn accepted(pair: &Pair<'_>, found: &mut Found) {
    let (old, new) = (types(pair.old), types(pair.new));
    let within = |a: &[&str], b: &[&str]| a.iter().all(|one| b.contains(one));
    let effect = match (within(&old, &new), within(&new, &old)) {
        (true, true) => Effect::Neutral,
        (true, false) => Effect::Loosening,
        _ => Effect::Tightening,
    };
    let name = |schema: &Map<String, Value>| match schema.get("type").and_then(Value::as_str) {
        _ if flag(schema, X_INT_OR_STRING) => Value::from("integer or string"),
        named => Value::from(named.unwrap_or("any")),
    };
    let (was, is) = (name(pair.old), name(pair.new));
    let (before, after) = pair.flags(X_INT_OR_STRING);
    let rule = if before == after { RuleId::Type } else { RuleId::IntOrString };
    found.add(Finding {
        rule,
        effect,
        path: pair.path,
        was: Some(&was),
        is: Some(&is),
        message: format!(
            "the type was {} and is {}",
            was.as_str().unwrap_or_default(),
            is.as_str().unwrap_or_default()
        ),
    });
}

fn nullable(pair: &Pair<'_>, found: &mut Found) {
    let (_, is) = pair.flags("nullable");
    let (effect, message) = if is {
        (Effect::Loosening, "null is accepted")
    } else {
        (Effect::Tightening, "null is no longer accepted")
    };
    add_flag(RuleId::Nullable, "nullable", effect, message, pair, found);
}

fn embedded(pair: &Pair<'_>, found: &mut Found) {
    let (_, is) = pair.flags(X_EMBEDDED);
    let (effect, message) = if is {
        (Effect::Tightening, "must be a whole object, with apiVersion and kind")
    } else {
        (Effect::Loosening, "need no longer be a whole object")
    };
    add_flag(RuleId::EmbeddedResource, X_EMBEDDED, effect, message, pair, found);
}

/// Adds the change of a flag.
pub(super) fn add_flag(
    rule: RuleId,
    keyword: &str,
    effect: Effect,
    message: &str,
    pair: &Pair<'_>,
    found: &mut Found,
) {
    let (was, is) = pair.both(keyword);
    found.add(Finding { rule, effect, path: pair.path, was, is, message: message.to_owned() });
}
