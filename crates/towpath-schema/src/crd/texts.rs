//! What constrains nothing: descriptions and defaults; and the keywords that nobody here knows.

use super::found::{Finding, Found};
use super::walk::{Pair, SchemaRule};
use super::{Effect, Example, Place, Rule, RuleId};

const WORDS: [&str; 4] = ["description", "title", "example", "externalDocs"];

pub(super) static RULES: [SchemaRule; 2] = [
    SchemaRule { keywords: &WORDS, compare: description },
    SchemaRule { keywords: &["default"], compare: default },
];

pub(super) const DESCRIPTION: Rule = Rule {
    id: "crd-description",
    place: Place::Schema,
    title: "A field is described in other words",
    why: "\
Nothing else is accepted or rejected. Where the words say that the field now means something else, that is a change which no
tool can judge.",
    found: Example {
        before: "type: string\ndescription: A name.\n",
        after: "type: string\ndescription: The name of the thing.\n",
    },
    effect: Effect::Neutral,
    passes: Example {
        before: "type: string\ndescription: A name.\n",
        after: "type: string\ndescription: A name.\nmaxLength: 5\n",
    },
};

pub(super) const DEFAULT: Rule = Rule {
    id: "crd-default",
    place: Place::Schema,
    title: "The default of a field changed",
    why: "\
No object is rejected by this alone. Objects that leave the field out behave in another way, and those that were stored before get
the new default when they are read. A required field that loses its default is told by `required`.",
    found: Example {
        before: "type: integer\ndefault: 1\n",
        after: "type: integer\ndefault: 3\n",
    },
    effect: Effect::Neutral,
    passes: Example {
        before: "type: integer\ndefault: 1\n",
        after: "type: integer\ndefault: 1\nmaximum: 5\n",
    },
};

pub(super) const UNKNOWN_KEYWORD: Rule = Rule {
    id: "crd-unknown-keyword",
    place: Place::Schema,
    title: "A keyword changed that no rule knows",
    why: "\
What cannot be judged is not passed over. A keyword of Kubernetes or JSON Schema that is unknown here counts as tightening; one
that a project invented for itself (`x-...`) is dropped by the API server and is neutral.",
    found: Example {
        before: "type: object\n",
        after: "type: object\npatternProperties: {'^a': {type: string}}\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: object\n",
        after: "type: object\nmaxProperties: 5\n",
    },
};

fn description(pair: &Pair<'_>, found: &mut Found) {
    let changed = WORDS.into_iter().find(|word| pair.old.get(*word) != pair.new.get(*word));
    let Some(word) = changed else { return };
    let (was, is) = pair.both(word);
    let message = format!("the {word} changed");
    let effect = Effect::Neutral;
    found.add(Finding { rule: RuleId::Description, effect, path: pair.path, was, is, message });
}

fn default(pair: &Pair<'_>, found: &mut Found) {
    let (was, is) = pair.both("default");
    let message = match (was, is) {
        (None, _) => "has a default",
        (_, None) => "no longer has a default",
        _ => "has another default",
    };
    let (message, effect) = (message.to_owned(), Effect::Neutral);
    found.add(Finding { rule: RuleId::Default, effect, path: pair.path, was, is, message });
}

pub(super) fn unknown(pair: &Pair<'_>, keyword: &str, found: &mut Found) {
    let (was, is) = pair.both(keyword);
    let invented = keyword.starts_with("x-") && !keyword.starts_with("x-kubernetes-");
    let effect = if invented { Effect::Neutral } else { Effect::Tightening };
    let what = match (was, is) {
        (None, _) => "is new",
        (_, None) => "is gone",
        _ => "changed",
    };
    let message = format!("{keyword} {what}, and what it does is not known here");
    found.add(Finding { rule: RuleId::UnknownKeyword, effect, path: pair.path, was, is, message });
}
