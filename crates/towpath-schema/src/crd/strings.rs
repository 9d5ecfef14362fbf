//! What a string must look like: `pattern` and `format`.

use serde_json::Value;

use super::formats::{self, Format};
use super::found::{Finding, Found};
use super::walk::{Pair, SchemaRule};
use super::{Effect, Example, Place, Rule, RuleId, inclusion};

pub(super) static RULES: [SchemaRule; 2] = [
    SchemaRule { keywords: &["pattern"], compare: pattern },
    SchemaRule { keywords: &["format"], compare: format },
];

pub(super) const PATTERN: Rule = Rule {
    id: "crd-pattern",
    place: Place::Schema,
    title: "The pattern a string must match changed",
    why: "\
A pattern that is new, or another one than before, may reject strings that are in use. A changed one counts as tightening
unless it is proven to accept all that the old one did; check the objects that exist.",
    found: Example {
        before: "type: string\n",
        after: "type: string\npattern: ^[a-z]+$\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: string\npattern: ^[a-z]+$\n",
        after: "type: string\npattern: ^[a-z]+$\nmaxLength: 63\n",
    },
};

pub(super) const FORMAT: Rule = Rule {
    id: "crd-format",
    place: Place::Schema,
    title: "The format of a string or number changed",
    why: "\
Kubernetes checks the formats it knows (`date-time`, `ipv4`, `int32` ...) and ignores all others. A known format that is new
rejects values in use; one that Kubernetes ignores changes nothing but documentation.",
    found: Example {
        before: "type: string\n",
        after: "type: string\nformat: date-time\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: string\nformat: date-time\n",
        after: "type: string\nformat: date-time\ndescription: When it began.\n",
    },
};

fn pattern(pair: &Pair<'_>, found: &mut Found) {
    let (was, is) = pair.both("pattern");
    let (effect, message) = match (was.and_then(Value::as_str), is.and_then(Value::as_str)) {
        (None, Some(new)) => (Effect::Tightening, format!("must match {new}")),
        (Some(old), None) => (Effect::Loosening, format!("need no longer match {old}")),
        (Some(old), Some(new)) if inclusion::matches_all_of(new, old) => {
            (Effect::Loosening, format!("must match {new}, which is all that {old} was or more"))
        }
        (Some(old), Some(new)) => (
            Effect::Tightening,
            format!("must match {new} and no longer {old}, which may reject more"),
        ),
        (None, None) => return,
    };
    found.add(Finding { rule: RuleId::Pattern, effect, path: pair.path, was, is, message });
}

fn format(pair: &Pair<'_>, found: &mut Found) {
    let (was, is) = pair.both("format");
    let effect = match (formats::of(pair.old), formats::of(pair.new)) {
        (old, new) if old == new => Effect::Neutral,
        (Some(Format::Double | Format::Int64 | Format::Password), None) => Effect::Neutral,
        (_, None) => Effect::Loosening,
        (Some(Format::Int32), Some(Format::Int64)) => Effect::Loosening,
        (Some(Format::Float), Some(Format::Double)) => Effect::Loosening,
        // Every integer has 64 bits and every number is a double already.
        (None, Some(Format::Double | Format::Int64 | Format::Password)) => Effect::Neutral,
        _ => Effect::Tightening,
    };
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("none").to_owned();
    let message = format!("the format was {} and is {}", text(was), text(is));
    found.add(Finding { rule: RuleId::Format, effect, path: pair.path, was, is, message });
}
