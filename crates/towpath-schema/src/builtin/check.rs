//! The forms that facts of a kind have, and how each is looked at.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};
use towpath_catalog::SchemaRef;

use super::run::Run;
use super::text::Form;
use crate::crd::at::At;
use crate::crd::schema::Fault;

/// An object inside an object, and where it is.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) fields: &'a Map<String, Value>,
    pub(super) at: &'a At<'a>,
}

impl<'a> Place<'a> {
    /// A field that is there.
    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A field that is a text. An empty one is as good as none: decoders write both as nothing.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    pub(super) fn items(&self, name: &str) -> &'a [Value] {
        self.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    pub(super) fn object(&self, name: &str) -> Option<&'a Map<String, Value>> {
        self.get(name)?.as_object()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// A field of an item that is a text; an empty one if it is none.
pub(super) fn text<'a>(item: &'a Value, field: &str) -> &'a str {
    item.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// What the server knows of an object, and no schema says.
pub(super) enum Check {
    /// The field is one of these texts.
    OneOf(&'static str, &'static [&'static str]),
    /// The field is an integer of this range, which is told in these words.
    Within(&'static str, i64, i64, &'static str),
    /// The field is zero or more.
    NotNegative(&'static str),
    /// The field is a text of this form.
    Is(&'static str, Form),
    /// The field is a text of this form, and must be there.
    Must(&'static str, Form),
    /// The field is a port or the name of one.
    Port(&'static str),
    /// The field is there and not empty or zero; else these words.
    Needs(&'static str, &'static str),
    /// Items of the list differ in this field.
    Differ(&'static str, &'static str),
    /// At most one of all fields but these is there; the words are for the second.
    Single(&'static [&'static str], &'static str),
    /// Labels.
    Labels(&'static str),
    /// Whatever needs more than one field.
    By(fn(Place<'_>, &mut Run)),
}

impl Check {
    /// What is said of a zero in this field, if it is refused for its range.
    pub(super) fn refuses_zero(&self, field: &str) -> Option<&'static str> {
        match self {
            Check::Within(name, 1.., _, words) if *name == field => Some(words),
            _ => None,
        }
    }
}

pub(super) const PORT_RANGE: &str = "must be between 1 and 65535, inclusive";
const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

pub(super) fn check(check: &Check, here: Place<'_>, run: &mut Run) {
    match check {
        Check::OneOf(name, supported) => {
            if let Some(text) = here.text(name)
                && !supported.contains(&text)
            {
                run.unsupported(&here.at.field(name), text, supported);
            }
        }
        Check::Within(name, least, most, words) => {
            let value = here.get(name);
            if value.and_then(Value::as_i64).is_some_and(|n| n < *least || n > *most) {
                run.invalid(&here.at.field(name), value.unwrap_or(&Value::Null), words);
            }
        }
        Check::NotNegative(name) => {
            let value = here.get(name);
            if value.and_then(Value::as_i64).is_some_and(|n| n < 0) {
                run.invalid(&here.at.field(name), value.unwrap_or(&Value::Null), NOT_NEGATIVE);
            }
        }
        Check::Is(name, form) => {
            if let Some(text) = here.text(name) {
                form.check(text, &here.at.field(name), run);
            }
        }
        Check::Must(name, form) => match here.get(name) {
            None => form.check("", &here.at.field(name), run),
            Some(Value::String(text)) => form.check(text, &here.at.field(name), run),
            Some(_) => {}
        },
        Check::Port(name) => {
            let at = here.at.field(name);
            match here.get(name) {
                Some(Value::String(text)) => Form::PortName.check(text, &at, run),
                Some(value) if value.as_i64().is_some_and(|n| !(1..=65535).contains(&n)) => {
                    run.invalid(&at, value, PORT_RANGE);
                }
                _ => {}
            }
        }
        Check::Needs(name, words) => {
            let is_empty = match here.get(name) {
                None => true,
                Some(Value::String(text)) => text.is_empty(),
                Some(Value::Array(items)) => items.is_empty(),
                Some(Value::Object(fields)) => fields.is_empty(),
                Some(Value::Number(number)) => number.as_i64() == Some(0),
                Some(_) => false,
            };
            if is_empty {
                run.required(&here.at.field(name), words);
            }
        }
        Check::Differ(list, key) => {
            let at = here.at.field(list);
            let items = here.items(list);
            repeated(
                items,
                |item| text(item, key),
                |index, _| {
                    let value = items[index].get(*key).unwrap_or(&Value::Null);
                    run.duplicate(&at.item(index).field(key), value);
                },
            );
        }
        Check::Single(besides, words) => {
            let there = here
                .fields
                .iter()
                .filter(|(name, value)| !value.is_null() && !besides.contains(&name.as_str()));
            for (name, _) in there.skip(1) {
                run.forbidden(&here.at.field(name), words);
            }
        }
        Check::Labels(name) => {
            if let Some(labels) = here.object(name) {
                super::metadata::labels(labels, &here.at.field(name), run);
            }
        }
        Check::By(judge) => judge(here, run),
    }
}

/// Tells every item whose name, if it has one, another had before.
pub(super) fn repeated<'a, T, K: Ord + Default>(
    items: &'a [T],
    name: impl Fn(&'a T) -> K,
    mut tell: impl FnMut(usize, &K),
) {
    if items.len() < 2 {
        return;
    }
    let none = K::default();
    let mut names: Vec<K> = items.iter().map(&name).filter(|name| *name != none).collect();
    names.sort_unstable();
    if names.windows(2).all(|two| two[0] != two[1]) {
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let name = name(item);
        if name == none {
            continue;
        }
        match seen.get(&name) {
            Some(name) => tell(index, name),
            None => {
                seen.insert(name);
            }
        }
    }
}

/// Items with equal keys. A plain create accepts most of them; where it does not, the kind's own rules
/// say so as well, in other words.
///
/// Source of the contract: `kubernetes-sigs/structured-merge-diff:typed/validate.go`.
pub(super) fn keys(schema: SchemaRef<'_>, items: &[Value], at: &At<'_>, run: &mut Run) {
    let key_names = || {
        let instead = (schema.list_map_keys().len() == 0).then(|| schema.patch_merge_key());
        schema.list_map_keys().chain(instead.flatten())
    };
    // Items without a key are told apart by nothing and not looked at.
    let key_of = |item: &'_ Value, key: &str, use_it: &mut dyn FnMut(&Value)| -> bool {
        match item.get(key) {
            Some(value) if !value.is_null() => use_it(value),
            // The only key that has a default.
            _ if key == "protocol" => use_it(&Value::from("TCP")),
            _ => return false,
        }
        true
    };
    let print = |item: &Value| {
        let mut hasher = DefaultHasher::new();
        let mut keys = key_names();
        keys.all(|key| key_of(item, key, &mut |value| value.hash(&mut hasher)))
            .then(|| hasher.finish())
    };
    if differ(items, print) {
        return;
    }
    let identity = |item: &Value| -> Option<String> {
        let mut text = String::new();
        for key in key_names() {
            let comma = if text.is_empty() { "" } else { "," };
            if !key_of(item, key, &mut |value| text += &format!("{comma}{key}={value}")) {
                return None;
            }
        }
        Some(text)
    };
    apply(items, identity, at, run);
}

/// Equal items of a set; the same is true of them.
pub(super) fn set(items: &[Value], at: &At<'_>, run: &mut Run) {
    let print = |item: &Value| {
        let mut hasher = DefaultHasher::new();
        item.hash(&mut hasher);
        Some(hasher.finish())
    };
    if !differ(items, print) {
        apply(items, |item| Some(item.to_string()), at, run);
    }
}

/// Whether the fingerprints of items differ: the common case costs one allocation.
fn differ(items: &[Value], print: impl Fn(&Value) -> Option<u64>) -> bool {
    let mut prints: Vec<u64> = items.iter().filter_map(print).collect();
    prints.sort_unstable();
    prints.windows(2).all(|two| two[0] != two[1])
}

fn apply(items: &[Value], identity: impl Fn(&Value) -> Option<String>, at: &At<'_>, run: &mut Run) {
    repeated(items, identity, |index, key| {
        let key = key.as_deref().unwrap_or_default();
        run.add(Fault::Apply, &at.item(index), || format!("duplicate entries for key [{key}]"));
    });
}
