//! Upper and lower bounds of numbers, lengths and counts: one table, two directions.

use serde_json::{Map, Value};

use super::found::{Finding, Found};
use super::walk::{Pair, SchemaRule, flag};
use super::{Effect, Example, Place, Rule, RuleId};

const UPPER: &str = "\
An object whose value is above the new bound is rejected when it is created, and when the part that holds it is changed.
A bound that is lowered, or appears where there was none, breaks those who relied on its absence.";

const LOWER: &str = "\
An object whose value is below the new bound is rejected when it is created, and when the part that holds it is changed.
A bound that is raised, or appears where there was none, breaks those who relied on its absence.";

macro_rules! bound {
    ($name:ident $id:literal $keyword:literal $type:literal $title:literal $why:ident $loose:literal $tight:literal) => {
        pub(super) const $name: Rule = Rule {
            id: concat!("crd-", $id),
            place: Place::Schema,
            title: $title,
            why: $why,
            found: Example {
                before: concat!("type: ", $type, "\n", $keyword, ": ", $loose, "\n"),
                after: concat!("type: ", $type, "\n", $keyword, ": ", $tight, "\n"),
            },
            effect: Effect::Tightening,
            passes: Example {
                before: concat!("type: ", $type, "\n", $keyword, ": ", $tight, "\n"),
                after: concat!(
                    "type: ",
                    $type,
                    "\n",
                    $keyword,
                    ": ",
                    $tight,
                    "\n",
                    "description: Bounded.\n"
                ),
            },
        };
    };
}

bound! { MAXIMUM "maximum" "maximum" "integer" "The largest accepted number changed" UPPER 10 5 }
bound! { MINIMUM "minimum" "minimum" "integer" "The smallest accepted number changed" LOWER 1 2 }
bound! { MAX_LENGTH "max-length" "maxLength" "string" "The longest accepted string changed" UPPER 63 32 }
bound! { MIN_LENGTH "min-length" "minLength" "string" "The shortest accepted string changed" LOWER 1 3 }
bound! { MAX_ITEMS "max-items" "maxItems" "array" "The most items a list may have changed" UPPER 16 8 }
bound! { MIN_ITEMS "min-items" "minItems" "array" "The fewest items a list may have changed" LOWER 1 2 }
bound! { MAX_PROPERTIES "max-properties" "maxProperties" "object"
"The most entries a map may have changed" UPPER 16 8 }
bound! { MIN_PROPERTIES "min-properties" "minProperties" "object"
"The fewest entries a map may have changed" LOWER 1 2 }

pub(super) const MULTIPLE_OF: Rule = Rule {
    id: "crd-multiple-of",
    place: Place::Schema,
    title: "A number must be a multiple of another one than before",
    why: "\
Numbers that are no multiple are rejected. A divisor of the old factor accepts all that was accepted; any other
factor does not.",
    found: Example {
        before: "type: integer\nmultipleOf: 2\n",
        after: "type: integer\nmultipleOf: 3\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: integer\nmultipleOf: 2\n",
        after: "type: integer\nmultipleOf: 2.0\n",
    },
};

pub(super) static RULES: [SchemaRule; 9] = [
    SchemaRule {
        keywords: &["maximum", "exclusiveMaximum"],
        compare: |pair, found| {
            numbers(RuleId::Maximum, "maximum", "exclusiveMaximum", Side::Upper, pair, found);
        },
    },
    SchemaRule {
        keywords: &["minimum", "exclusiveMinimum"],
        compare: |pair, found| {
            numbers(RuleId::Minimum, "minimum", "exclusiveMinimum", Side::Lower, pair, found);
        },
    },
    SchemaRule {
        keywords: &["maxLength"],
        compare: |pair, found| {
            counts(RuleId::MaxLength, "maxLength", Side::Upper, pair, found);
        },
    },
    SchemaRule {
        keywords: &["minLength"],
        compare: |pair, found| {
            counts(RuleId::MinLength, "minLength", Side::Lower, pair, found);
        },
    },
    SchemaRule {
        keywords: &["maxItems"],
        compare: |pair, found| {
            counts(RuleId::MaxItems, "maxItems", Side::Upper, pair, found);
        },
    },
    SchemaRule {
        keywords: &["minItems"],
        compare: |pair, found| {
            counts(RuleId::MinItems, "minItems", Side::Lower, pair, found);
        },
    },
    SchemaRule {
        keywords: &["maxProperties"],
        compare: |pair, found| {
            counts(RuleId::MaxProperties, "maxProperties", Side::Upper, pair, found);
        },
    },
    SchemaRule {
        keywords: &["minProperties"],
        compare: |pair, found| {
            counts(RuleId::MinProperties, "minProperties", Side::Lower, pair, found);
        },
    },
    SchemaRule { keywords: &["multipleOf"], compare: multiple_of },
];

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Upper,
    Lower,
}

/// A bound as something to order: the wider one is greater. No bound is [`None`].
type Width = Option<(f64, bool)>;

fn numbers(
    rule: RuleId,
    keyword: &'static str,
    exclusive: &'static str,
    side: Side,
    pair: &Pair<'_>,
    found: &mut Found,
) {
    let width = |schema: &Map<String, Value>| -> Width {
        let bound = schema.get(keyword)?.as_f64()?;
        let outward = if side == Side::Upper { bound } else { -bound };
        Some((outward, !flag(schema, exclusive)))
    };
    compare(rule, keyword, (width(pair.old), width(pair.new)), pair, found);
}

fn counts(rule: RuleId, keyword: &'static str, side: Side, pair: &Pair<'_>, found: &mut Found) {
    let width = |schema: &Map<String, Value>| -> Width {
        let bound = schema.get(keyword)?.as_f64()?;
        match side {
            Side::Upper => Some((bound, true)),
            // At least zero of something is no bound.
            Side::Lower => Some((-bound, true)).filter(|_| bound > 0.0),
        }
    };
    compare(rule, keyword, (width(pair.old), width(pair.new)), pair, found);
}

fn compare(
    rule: RuleId,
    keyword: &str,
    (old, new): (Width, Width),
    pair: &Pair<'_>,
    found: &mut Found,
) {
    let (was, is) = pair.both(keyword);
    let text = |value: Option<&Value>, width: Width| match (value, width) {
        (Some(value), Some((_, true))) => value.to_string(),
        (Some(value), Some((_, false))) => format!("{value}, exclusive"),
        _ => "unbounded".to_owned(),
    };
    let effect = match (old, new) {
        // An exclusive flag without a bound, `minLength: 0`, or 5 written as 5.0.
        (old, new) if old == new => return,
        (None, _) => Effect::Tightening,
        (_, None) => Effect::Loosening,
        (Some(old), Some(new)) if new > old => Effect::Loosening,
        _ => Effect::Tightening,
    };
    let message = format!("{keyword} was {} and is {}", text(was, old), text(is, new));
    found.add(Finding { rule, effect, path: pair.path, was, is, message });
}

fn multiple_of(pair: &Pair<'_>, found: &mut Found) {
    let (was, is) = pair.both("multipleOf");
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    let effect = match (number(was), number(is)) {
        (old, new) if old == new => return,
        (_, None) => Effect::Loosening,
        (Some(old), Some(new)) if new > 0.0 && (old / new).fract() == 0.0 => Effect::Loosening,
        _ => Effect::Tightening,
    };
    let text = |value: Option<&Value>| value.map_or("any number".to_owned(), Value::to_string);
    let message = format!("multipleOf was {} and is {}", text(was), text(is));
    found.add(Finding { rule: RuleId::MultipleOf, effect, path: pair.path, was, is, message });
}
