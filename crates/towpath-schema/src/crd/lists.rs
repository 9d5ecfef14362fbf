//! How lists and maps are merged, and which items may stand in a list together.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::found::{Finding, Found};
use super::types::add_flag;
use super::walk::{Pair, SchemaRule};
use super::{Effect, Example, Place, Rule, RuleId};

const X_LIST_TYPE: &str = "x-kubernetes-list-type";
const X_MAP_KEYS: &str = "x-kubernetes-list-map-keys";
const X_MAP_TYPE: &str = "x-kubernetes-map-type";

pub(super) static RULES: [SchemaRule; 4] = [
    SchemaRule { keywords: &[X_LIST_TYPE], compare: list_type },
    SchemaRule { keywords: &[X_MAP_KEYS], compare: map_keys },
    SchemaRule { keywords: &["uniqueItems"], compare: unique },
    SchemaRule { keywords: &[X_MAP_TYPE], compare: map_type },
];

pub(super) const LIST_TYPE: Rule = Rule {
    id: "crd-list-type",
    place: Place::Schema,
    title: "A list is merged in another way",
    why: "\
A `set` refuses equal items, a `map` refuses items with equal keys, an `atomic` list takes everything. The type also decides
who owns what in server-side apply: two appliers of one atomic list replace each other's items.",
    found: Example {
        before: "type: array\nitems: {type: string}\n",
        after: "type: array\nitems: {type: string}\nx-kubernetes-list-type: set\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: array\nitems: {type: string}\n",
        after: "type: array\nitems: {type: string}\nx-kubernetes-list-type: atomic\n",
    },
};

pub(super) const LIST_MAP_KEYS: Rule = Rule {
    id: "crd-list-map-keys",
    place: Place::Schema,
    title: "The keys that tell the items of a list apart changed",
    why: "\
No two items may be equal in all keys. One key more lets items stand together that could not; one key less makes
items of existing objects collide.",
    found: Example {
        before: "\
type: array
items: {type: object, properties: {port: {type: integer}, protocol: {type: string}}}
x-kubernetes-list-type: map
x-kubernetes-list-map-keys: [port, protocol]
",
        after: "\
type: array
items: {type: object, properties: {port: {type: integer}, protocol: {type: string}}}
x-kubernetes-list-type: map
x-kubernetes-list-map-keys: [port]
",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: array\nx-kubernetes-list-type: map\nx-kubernetes-list-map-keys: [port, protocol]\n",
        after: "type: array\nx-kubernetes-list-type: map\nx-kubernetes-list-map-keys: [protocol, port]\n",
    },
};

pub(super) const UNIQUE_ITEMS: Rule = Rule {
    id: "crd-unique-items",
    place: Place::Schema,
    title: "Equal items are refused, or no longer refused",
    why: "\
Only `v1beta1` accepts `uniqueItems`; in `v1` a set takes its place. Lists with equal items are rejected.",
    found: Example {
        before: "type: array\nitems: {type: string}\n",
        after: "type: array\nitems: {type: string}\nuniqueItems: true\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "type: array\nitems: {type: string}\n",
        after: "type: array\nitems: {type: string}\nuniqueItems: false\n",
    },
};

pub(super) const MAP_TYPE: Rule = Rule {
    id: "crd-map-type",
    place: Place::Schema,
    title: "An object is merged in another way",
    why: "\
No object is rejected. Server-side apply treats an `atomic` object as one value: whoever applies it replaces all of
it, and owners of single fields lose them.",
    found: Example {
        before: "type: object\n",
        after: "type: object\nx-kubernetes-map-type: atomic\n",
    },
    effect: Effect::Neutral,
    passes: Example {
        before: "type: object\n",
        after: "type: object\nx-kubernetes-map-type: granular\n",
    },
};

fn list_type(pair: &Pair<'_>, found: &mut Found) {
    let (was, is) = pair.both(X_LIST_TYPE);
    let name =
        |value: Option<&'_ Value>| value.and_then(Value::as_str).unwrap_or("atomic").to_owned();
    let (old, new) = (name(was), name(is));
    let effect = match (old.as_str(), new.as_str()) {
        (old, new) if old == new => return,
        (_, "atomic") => Effect::Loosening,
        _ => Effect::Tightening,
    };
    let message = match effect {
        Effect::Loosening => format!(
            "the list was a {old} and is atomic: items may be equal, and appliers replace all of it"
        ),
        _ => format!("the list was {old} and is a {new}: items that collide are refused"),
    };
    found.add(Finding { rule: RuleId::ListType, effect, path: pair.path, was, is, message });
}

fn keys(schema: &Map<String, Value>) -> BTreeSet<&str> {
    let keys = schema.get(X_MAP_KEYS).and_then(Value::as_array).into_iter().flatten();
    keys.filter_map(Value::as_str).collect()
}

fn map_keys(pair: &Pair<'_>, found: &mut Found) {
    let (old, new) = (keys(pair.old), keys(pair.new));
    // Keys without a map come and go with the type of the list, which has a rule of its own.
    if old.is_empty() || new.is_empty() || old == new {
        return;
    }
    let effect = if old.is_subset(&new) { Effect::Loosening } else { Effect::Tightening };
    let text = |keys: &BTreeSet<&str>| keys.iter().copied().collect::<Vec<_>>().join(", ");
    let message = format!("items were told apart by {} and are by {}", text(&old), text(&new));
    let (was, is) = pair.both(X_MAP_KEYS);
    found.add(Finding { rule: RuleId::ListMapKeys, effect, path: pair.path, was, is, message });
}

fn unique(pair: &Pair<'_>, found: &mut Found) {
    let (_, is) = pair.flags("uniqueItems");
    let (effect, message) = if is {
        (Effect::Tightening, "equal items are refused")
    } else {
        (Effect::Loosening, "equal items are accepted")
    };
    add_flag(RuleId::UniqueItems, "uniqueItems", effect, message, pair, found);
}

fn map_type(pair: &Pair<'_>, found: &mut Found) {
    let (was, is) = pair.both(X_MAP_TYPE);
    let name =
        |value: Option<&'_ Value>| value.and_then(Value::as_str).unwrap_or("granular").to_owned();
    let (old, new) = (name(was), name(is));
    if old != new {
        let message = format!("server-side apply merged it {old} and now {new}");
        let effect = Effect::Neutral;
        found.add(Finding { rule: RuleId::MapType, effect, path: pair.path, was, is, message });
    }
}
