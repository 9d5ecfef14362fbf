//! The values a field may have.

use serde_json::Value;

use super::found::{Finding, Found, short};
use super::walk::{Pair, SchemaRule};
use super::{Effect, Example, Place, Rule, RuleId};

pub(super) static RULES: [SchemaRule; 1] = [SchemaRule { keywords: &["enum"], compare }];

pub(super) const ENUM: Rule = Rule {
    id: "crd-enum",
    place: Place::Schema,
    title: "A field takes only listed values, or no longer does",
    why: "\
A list of values where there was none rejects every object with another value. Without the list any value of the type is
accepted, and clients must cope with values that they have never seen.",
    found: Example {
        before: "type: string\n",
        after: "type: string\nenum: [Always, Never]\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: string\nenum: [Always, Never]\n",
        after: "type: string\nenum: [Never, Always]\n",
    },
};

pub(super) const VALUE_REMOVED: Rule = Rule {
    id: "crd-enum-value-removed",
    place: Place::Schema,
    title: "A listed value is no longer accepted",
    why: "\
Objects that use the value cannot be created any more, nor changed in the part that holds it.",
    found: Example {
        before: "type: string\nenum: [Always, Never, Sometimes]\n",
        after: "type: string\nenum: [Always, Never]\n",
    },
    effect: Effect::Tightening,
    passes: Example { before: "type: string\nenum: [Always, Never]\n", after: "type: string\n" },
};

pub(super) const VALUE_ADDED: Rule = Rule {
    id: "crd-enum-value-added",
    place: Place::Schema,
    title: "One more value is accepted",
    why: "\
No object is rejected. A client that decides on the field, and takes the old list for complete, will meet a value that it
does not know.",
    found: Example {
        before: "type: string\nenum: [Always, Never]\n",
        after: "type: string\nenum: [Always, Never, Sometimes]\n",
    },
    effect: Effect::Loosening,
    passes: Example {
        before: "type: string\n",
        after: "type: string\nenum: [Always]\n",
    },
};

/// How many values of a list a message names.
const NAMED: usize = 8;

fn compare(pair: &Pair<'_>, found: &mut Found) {
    let (was, is) = pair.both("enum");
    let mut add = |rule, effect, message: String| {
        found.add(Finding { rule, effect, path: pair.path, was, is, message });
    };
    match (was.and_then(Value::as_array), is.and_then(Value::as_array)) {
        (None, Some(new)) => {
            add(RuleId::Enum, Effect::Tightening, format!("only {} are accepted", named(new)));
        }
        (Some(_), None) => {
            add(RuleId::Enum, Effect::Loosening, "any value of the type is accepted".to_owned());
        }
        (Some(old), Some(new)) => {
            let (removed, added) = (without(old, new), without(new, old));
            if !removed.is_empty() {
                let message = format!("no longer accepted: {}", named(&removed));
                add(RuleId::EnumValueRemoved, Effect::Tightening, message);
            }
            if !added.is_empty() {
                let message = format!("also accepted: {}", named(&added));
                add(RuleId::EnumValueAdded, Effect::Loosening, message);
            }
        }
        (None, None) => {}
    }
}

/// What `all` has and `other` has not. By way of text in order, because lists may be huge.
fn without(all: &[Value], other: &[Value]) -> Vec<Value> {
    let other: std::collections::BTreeSet<String> = other.iter().map(Value::to_string).collect();
    all.iter().filter(|value| !other.contains(&value.to_string())).cloned().collect()
}

fn named(values: &[Value]) -> String {
    // The empty string would not be seen.
    let name = |value: &Value| if value == "" { "\"\"".to_owned() } else { short(value) };
    let mut names: Vec<String> = values.iter().take(NAMED).map(name).collect();
    if values.len() > NAMED {
        names.push(format!("and {} more", values.len() - NAMED));
    }
    names.join(", ")
}
