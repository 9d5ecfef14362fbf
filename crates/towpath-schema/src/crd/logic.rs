//! Combinations of schemas: `oneOf`, `anyOf`, `allOf`, `not`. Compared alternative by alternative and as
//! wholes: inside of one, a looser keyword can tighten the whole.

use serde_json::Value;

use super::found::{Finding, Found};
use super::walk::{Pair, SchemaRule};
use super::{Effect, Example, Place, Rule, RuleId};

pub(super) static RULES: [SchemaRule; 4] = [
    SchemaRule {
        keywords: &["oneOf"],
        compare: |pair, found| {
            // One alternative more can make two of them valid at once; one less can leave none.
            let both_ways = (Effect::Tightening, Effect::Tightening);
            compare(RuleId::OneOf, "oneOf", both_ways, pair, found);
        },
    },
    SchemaRule {
        keywords: &["anyOf"],
        compare: |pair, found| {
            compare(RuleId::AnyOf, "anyOf", (Effect::Loosening, Effect::Tightening), pair, found);
        },
    },
    SchemaRule {
        keywords: &["allOf"],
        compare: |pair, found| {
            compare(RuleId::AllOf, "allOf", (Effect::Tightening, Effect::Loosening), pair, found);
        },
    },
    SchemaRule { keywords: &["not"], compare: not },
];

pub(super) const ONE_OF: Rule = Rule {
    id: "crd-one-of",
    place: Place::Schema,
    title: "The alternatives of which exactly one must hold changed",
    why: "\
Values for which none or several hold are rejected, so that both one alternative more and one less can reject what
was valid. Errors below it are ratcheted only with the whole value.",
    found: Example {
        before: "type: object\n",
        after: "type: object\noneOf: [{required: [a]}, {required: [b]}]\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: object\noneOf: [{required: [a]}, {required: [b]}]\n",
        after: "type: object\noneOf: [{required: [b]}, {required: [a]}]\n",
    },
};

pub(super) const ANY_OF: Rule = Rule {
    id: "crd-any-of",
    place: Place::Schema,
    title: "The alternatives of which one must hold changed",
    why: "\
An alternative less rejects the values for which only that one held; an alternative more rejects nothing.",
    found: Example {
        before: "type: object\nanyOf: [{required: [a]}, {required: [b]}]\n",
        after: "type: object\nanyOf: [{required: [a]}, {required: [b]}, {required: [c]}]\n",
    },
    effect: Effect::Loosening,
    passes: Example {
        before: "x-kubernetes-int-or-string: true\n",
        after: "x-kubernetes-int-or-string: true\nanyOf: [{type: integer}, {type: string}]\n",
    },
};

pub(super) const ALL_OF: Rule = Rule {
    id: "crd-all-of",
    place: Place::Schema,
    title: "The schemas that must all hold changed",
    why: "Each schema more can reject values in use; one less rejects nothing.",
    found: Example {
        before: "type: string\nallOf: [{maxLength: 9}]\n",
        after: "type: string\nallOf: [{maxLength: 9}, {pattern: '^a'}]\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: string\nallOf: [{maxLength: 9}, {pattern: '^a'}]\n",
        after: "type: string\nallOf: [{pattern: '^a'}, {maxLength: 9}]\n",
    },
};

pub(super) const NOT: Rule = Rule {
    id: "crd-not",
    place: Place::Schema,
    title: "The schema that must not hold changed",
    why: "\
What it describes is rejected. A changed one counts as tightening: whether it describes less than before cannot be told in
general.",
    found: Example {
        before: "type: string\n",
        after: "type: string\nnot: {enum: [default]}\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: string\nnot: {enum: [default]}\n",
        after: "type: string\nnot: {enum: [default]}\nmaxLength: 9\n",
    },
};

/// Compares lists of schemas as sets. `more` and `fewer` are what it means to have members more or
/// fewer, once the keyword is there on both sides.
fn compare(
    rule: RuleId,
    keyword: &str,
    (more, fewer): (Effect, Effect),
    pair: &Pair<'_>,
    found: &mut Found,
) {
    let (was, is) = pair.both(keyword);
    let (effect, message) = match (was.and_then(Value::as_array), is.and_then(Value::as_array)) {
        (None, Some(new)) => {
            (Effect::Tightening, format!("{keyword} of {} schemas must hold", new.len()))
        }
        (Some(_), None) => (Effect::Loosening, format!("{keyword} need no longer hold")),
        (Some(old), Some(new)) => {
            let added = new.iter().filter(|schema| !old.contains(schema)).count();
            let removed = old.iter().filter(|schema| !new.contains(schema)).count();
            let effect = match (added, removed) {
                // Another order; or a repetition, which matters where exactly one must hold.
                (0, 0) if rule != RuleId::OneOf || old.len() == new.len() => return,
                (0, _) => fewer,
                (_, 0) => more,
                _ => Effect::Tightening,
            };
            (
                effect,
                format!("{keyword} has {added} schemas that it had not, and {removed} no longer"),
            )
        }
        (None, None) => return,
    };
    found.add(Finding { rule, effect, path: pair.path, was, is, message });
}

fn not(pair: &Pair<'_>, found: &mut Found) {
    let (was, is) = pair.both("not");
    let (effect, message) = match (was, is) {
        (_, None) => (Effect::Loosening, "nothing is excluded any more"),
        (None, _) => (Effect::Tightening, "what matches a schema is excluded"),
        _ => (Effect::Tightening, "other values are excluded than before"),
    };
    let message = message.to_owned();
    found.add(Finding { rule: RuleId::Not, effect, path: pair.path, was, is, message });
}
