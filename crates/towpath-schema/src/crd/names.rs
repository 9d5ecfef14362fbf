//! What a definition is called, and which fields of it no rule knows.

use serde_json::Value;

use super::found::{Finding, Found};
use super::{Definition, Effect, Example, Place, Rule, RuleId};

pub(super) const SCOPE: Rule = Rule {
    id: "crd-scope",
    place: Place::Definition,
    title: "Objects are in namespaces and were not, or the reverse",
    why: "\
The API server refuses the change for a definition that is established. Whoever deletes and creates the definition anew deletes
all its objects.",
    found: Example { before: "scope: Namespaced\n", after: "scope: Cluster\n" },
    effect: Effect::Tightening,
    passes: Example {
        before: "scope: Namespaced\n",
        after: "scope: Namespaced\nnames: {shortNames: [wd]}\n",
    },
};

pub(super) const GROUP: Rule = Rule {
    id: "crd-group",
    place: Place::Definition,
    title: "The API group changed",
    why: "\
It is another API: every object of the old one stays behind and has to be moved by hand.",
    found: Example { before: "group: example.com\n", after: "group: example.org\n" },
    effect: Effect::Tightening,
    passes: Example {
        before: "group: example.com\n",
        after: "group: example.com\nscope: Cluster\n",
    },
};

pub(super) const NAMES: Rule = Rule {
    id: "crd-names",
    place: Place::Definition,
    title: "A name of the API changed",
    why: "\
Plural, kind and kind of lists are part of every request and every manifest. Singular, short names and categories are what people
type; scripts may, too.",
    found: Example {
        before: "names: {plural: widgets}\n",
        after: "names: {plural: gadgets}\n",
    },
    effect: Effect::Tightening,
    passes: Example {
        before: "names: {shortNames: [wd, w]}\n",
        after: "names: {shortNames: [w, wd]}\n",
    },
};

pub(super) const UNKNOWN_FIELD: Rule = Rule {
    id: "crd-unknown-field",
    place: Place::Definition,
    title: "A field of the definition changed that no rule knows",
    why: "\
What cannot be judged is not passed over: it may be a field of a newer Kubernetes that changes what is accepted.",
    found: Example { before: "scope: Cluster\n", after: "scope: Cluster\nfuture: true\n" },
    effect: Effect::Tightening,
    passes: Example {
        before: "names: {categories: [all]}\n",
        after: "names: {categories: [everything]}\n",
    },
};

/// Fields of `spec` that a rule answers for. Versions have been taken out.
const KNOWN: [&str; 5] = ["group", "names", "scope", "conversion", "preserveUnknownFields"];

pub(super) fn compare(old: &Definition, new: &Definition, found: &mut Found) {
    for (field, rule) in [("scope", RuleId::Scope), ("group", RuleId::Group)] {
        let (was, is) = (old.spec.get(field), new.spec.get(field));
        if was != is {
            let message = format!("{field} was {} and is {}", plain(was), plain(is));
            let path = format!("spec.{field}");
            let effect = Effect::Tightening;
            found.add(Finding { rule, effect, path: &path, was, is, message });
        }
    }
    compare_names(old, new, found);
    let added = new.spec.keys().filter(|field| !old.spec.contains_key(*field));
    for field in old.spec.keys().chain(added).filter(|field| !KNOWN.contains(&field.as_str())) {
        unknown(&format!("spec.{field}"), old.spec.get(field), new.spec.get(field), found);
    }
    preserve(old, new, found);
}

fn plain(value: Option<&Value>) -> String {
    value.map_or_else(|| "not said".to_owned(), super::found::short)
}

fn compare_names(old: &Definition, new: &Definition, found: &mut Found) {
    let fields = |definition: &Definition| {
        let names = definition.spec.get("names").and_then(Value::as_object);
        let mut names = names.cloned().unwrap_or_default();
        let kind = definition.kind.clone();
        // What is left out has a default; said or not is the same.
        names.entry("listKind").or_insert_with(|| format!("{kind}List").into());
        names.entry("singular").or_insert_with(|| kind.to_lowercase().into());
        names.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
        for list in names.values_mut().filter_map(Value::as_array_mut) {
            list.sort_by_key(Value::to_string);
        }
        names
    };
    let (old, new) = (fields(old), fields(new));
    let added = new.keys().filter(|field| !old.contains_key(*field));
    for field in old.keys().chain(added) {
        let (was, is) = (old.get(field), new.get(field));
        if was == is {
            continue;
        }
        let path = format!("spec.names.{field}");
        let effect = match field.as_str() {
            "plural" | "kind" | "listKind" => Effect::Tightening,
            "singular" | "shortNames" | "categories" => Effect::Neutral,
            _ => {
                unknown(&path, was, is, found);
                continue;
            }
        };
        let message = format!("{field} was {} and is {}", plain(was), plain(is));
        found.add(Finding { rule: RuleId::Names, effect, path: &path, was, is, message });
    }
}

/// Keeping unknown fields everywhere, as `v1beta1` did unless told otherwise.
fn preserve(old: &Definition, new: &Definition, found: &mut Found) {
    let field = "preserveUnknownFields";
    let on = |definition: &Definition| definition.spec.get(field) == Some(&Value::Bool(true));
    let (effect, message) = match (on(old), on(new)) {
        (true, false) => {
            (Effect::Tightening, "fields that no schema names are dropped, in all versions")
        }
        (false, true) => {
            (Effect::Loosening, "fields that no schema names are kept, in all versions")
        }
        _ => return,
    };
    let (was, is) = (old.spec.get(field), new.spec.get(field));
    let (rule, path) = (RuleId::PreserveUnknownFields, ".");
    let versions = new.versions.iter().map(|version| version.name.clone()).collect();
    let message = message.to_owned();
    found.add_for(Finding { rule, effect, path, was, is, message }, versions);
}

/// A field of the definition that no rule knows; nothing where both sides are equal.
pub(super) fn unknown(path: &str, was: Option<&Value>, is: Option<&Value>, found: &mut Found) {
    if was == is {
        return;
    }
    let what = match (was, is) {
        (None, _) => "is new",
        (_, None) => "is gone",
        _ => "changed",
    };
    let message = format!("{path} {what}, and what it does is not known here");
    let (rule, effect) = (RuleId::UnknownField, Effect::Tightening);
    found.add(Finding { rule, effect, path, was, is, message });
}
