//! Rules in CEL, `x-kubernetes-validations`: which came, went or changed. They are paired as text; what they
//! say of an object is in `validations.rs`, and which of them are harmless in `implied.rs`.

use serde_json::Value;

use super::found::{Finding, Found, short};
use super::implied::is_implied;
use super::walk::{Pair, SchemaRule};
use super::{Effect, Example, Place, Rule, RuleId};

pub(super) const X_VALIDATIONS: &str = "x-kubernetes-validations";

pub(super) static RULES: [SchemaRule; 1] = [SchemaRule { keywords: &[X_VALIDATIONS], compare }];

pub(super) const ADDED: Rule = Rule {
    id: "crd-validation-added",
    place: Place::Schema,
    title: "A rule in CEL is new",
    why: "\
Objects that break it are rejected. It is neutral where no object that was accepted can break it: it speaks of fields or
choices that are new, or follows from a rule that was there. A rule that looks at the old value (`oldSelf`) is never ratcheted, any other one is. The cost
of rules is not estimated here: the API server refuses a definition whose rules are too expensive.",
    found: Example {
        before: "type: string\n",
        after: "type: string\nx-kubernetes-validations: [{rule: self == oldSelf, message: it is immutable}]\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: string\nx-kubernetes-validations: [{rule: self == oldSelf}]\n",
        after: "type: string\n",
    },
};

pub(super) const REMOVED: Rule = Rule {
    id: "crd-validation-removed",
    place: Place::Schema,
    title: "A rule in CEL is gone",
    why: "What it refused is accepted. A field that was immutable by it can change.",
    found: Example {
        before: "type: string\nx-kubernetes-validations: [{rule: self == oldSelf}]\n",
        after: "type: string\n",
    },
    effect: Effect::Loosening,
    passes: Example {
        before: "type: string\nx-kubernetes-validations: [{rule: self == oldSelf}, {rule: self != ''}]\n",
        after: "type: string\nx-kubernetes-validations: [{rule: self != ''}, {rule: self == oldSelf}]\n",
    },
};

pub(super) const CHANGED: Rule = Rule {
    id: "crd-validation-changed",
    place: Place::Schema,
    title: "A rule in CEL has another expression under the same message",
    why: "\
It counts as tightening unless the new expression is proven to accept all that was accepted before.",
    found: Example {
        before: "type: integer\nx-kubernetes-validations: [{rule: self < 10, message: too large}]\n",
        after: "type: integer\nx-kubernetes-validations: [{rule: self < 5, message: too large}]\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: integer\nx-kubernetes-validations: [{rule: self < 10, message: too large}]\n",
        after: "type: integer\nx-kubernetes-validations: [{rule: self < 10, message: must be below ten}]\n",
    },
};

pub(super) const MESSAGE: Rule = Rule {
    id: "crd-validation-message",
    place: Place::Schema,
    title: "A rule in CEL says in other words what it said",
    why: "\
The expression is the same; message, reason or the field that is named differ. Nothing else is accepted or rejected.",
    found: Example {
        before: "type: integer\nx-kubernetes-validations: [{rule: self < 10, message: too large}]\n",
        after: "type: integer\nx-kubernetes-validations: [{rule: self < 10, message: must be below ten}]\n",
    },
    effect: Effect::Neutral,
    passes: Example {
        before: "type: integer\nx-kubernetes-validations: [{rule: self < 10, message: too large}]\n",
        after: "type: integer\nx-kubernetes-validations: [{rule: self < 5, message: too large}]\n",
    },
};

fn text<'a>(rule: &'a Value, field: &str) -> &'a str {
    rule.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// What decides, apart from words: the expression, and whether it runs without an old value.
fn decides(rule: &Value) -> (&str, bool) {
    (text(rule, "rule"), rule.get("optionalOldSelf") == Some(&Value::Bool(true)))
}

/// What people call a rule: its message, or its expression.
pub(super) fn name(rule: &Value) -> String {
    let message = text(rule, "message");
    if message.is_empty() { text(rule, "rule").to_owned() } else { message.to_owned() }
}

fn compare(pair: &Pair<'_>, found: &mut Found) {
    let (was, is) = pair.both(X_VALIDATIONS);
    let list =
        |value: Option<&'_ Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (mut old, mut new) = (list(was), list(is));
    let before = old.clone();
    let effect = |is: &Value, harmless| {
        if is_implied(is, &before, pair.old) { harmless } else { Effect::Tightening }
    };
    take_pairs(&mut old, &mut new, |a, b| a == b);
    let mut add = |rule, effect, was: Option<&Value>, is: Option<&Value>| {
        let (was, is) = (was.map(|r| &r["rule"]), is.map(|r| &r["rule"]));
        let named = |rule: &Value| short(rule);
        let message = match (was, is) {
            (None, Some(is)) => format!("must satisfy {}", named(is)),
            (Some(was), None) => format!("need no longer satisfy {}", named(was)),
            (Some(was), Some(is)) if was == is => "the rule is told in other words".to_owned(),
            (Some(was), Some(is)) => {
                format!("must satisfy {} instead of {}", named(is), named(was))
            }
            (None, None) => return,
        };
        found.add(Finding { rule, effect, path: pair.path, was, is, message });
    };
    for (was, is) in take_pairs(&mut old, &mut new, |a, b| decides(a) == decides(b)) {
        add(RuleId::ValidationMessage, Effect::Neutral, Some(&was), Some(&is));
    }
    let same_message = |a: &Value, b: &Value| {
        !text(a, "message").is_empty() && text(a, "message") == text(b, "message")
    };
    for (was, is) in take_pairs(&mut old, &mut new, same_message) {
        add(RuleId::ValidationChanged, effect(&is, Effect::Loosening), Some(&was), Some(&is));
    }
    for was in &old {
        add(RuleId::ValidationRemoved, Effect::Loosening, Some(was), None);
    }
    for is in &new {
        add(RuleId::ValidationAdded, effect(is, Effect::Neutral), None, Some(is));
    }
}

/// Takes out of both lists what belongs together.
fn take_pairs(
    old: &mut Vec<Value>,
    new: &mut Vec<Value>,
    belongs: impl Fn(&Value, &Value) -> bool,
) -> Vec<(Value, Value)> {
    let mut pairs = Vec::new();
    old.retain(|was| match new.iter().position(|is| belongs(was, is)) {
        Some(place) => {
            pairs.push((was.clone(), new.remove(place)));
            false
        }
        None => true,
    });
    pairs
}
