//! Lists that merge: items are told apart by keys, the patch's come first, and each is there once.
//!
//! Nearly every list takes the short way: all items have the one key, each value of it once. What kustomize does with
//! any other list (several keys of which some are missing, items without a key, double items) follows from the way
//! that it searches, so the long way searches in that same way; it can lose items, and is kept because a build must
//! give what kustomize gives. Source of the contract:
//! `kubernetes-sigs/kustomize:kyaml/yaml/walk/associative_sequence.go`, `kyaml/yaml/fns.go` (`ElementSetter`,
//! `ElementMatcher`, `FieldMatcher`).
//!
//! Where to go next: `strategic.rs` merges two items.

use super::schema::{ListKeys, Place};
use super::strategic::{DIRECTIVE, Directive, MergeError, Merged, Newness, Walk, text_of};
use crate::Value;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// What a list says of itself in an item with nothing but `$patch`, and the list without such items.
///
/// # Errors
/// It says something unknown.
pub(super) fn directive(items: &[Value]) -> Result<(Directive, Cow<'_, [Value]>), MergeError> {
    let Some(found) =
        items.iter().filter_map(Value::as_object).find(|item| item.contains_key(DIRECTIVE))
    else {
        return Ok((Directive::Merge, Cow::Borrowed(items)));
    };
    if found.len() > 1 {
        return Ok((Directive::Merge, Cow::Borrowed(items)));
    }
    let text = text_of(&found[DIRECTIVE]);
    let directive = Directive::read(&text)?;
    let mut rest = items.to_vec();
    set(&mut rest, None, &[DIRECTIVE], &[text.as_ref()])?;
    Ok((directive, Cow::Owned(rest)))
}

/// Merges `patch` into `target`; without a patch, only double items go.
pub(super) fn merge<'s>(
    walk: Walk<'s>,
    target: &mut Vec<Value>,
    patch: Option<&[Value]>,
    keys: &ListKeys<'s>,
    place: Option<Place<'s>>,
) -> Result<(), MergeError> {
    let items = place.and_then(Place::items);
    let patch = patch.unwrap_or_default();
    if let ListKeys::Fields(keys) = keys
        && let [key] = keys.as_ref()
        && let (Some(old), Some(_)) = (by_key(target, key), by_key(patch, key))
    {
        let mut places: HashMap<String, usize> =
            old.into_iter().map(|(k, at)| (k.into_owned(), at)).collect();
        let mut merged = Vec::with_capacity(target.len() + patch.len());
        for item in patch {
            let Some(at) = places.remove(text_of(&item[*key]).as_ref()) else {
                merged.extend(walk.add(item, items, Newness::Whole)?);
                continue;
            };
            match walk.merge(&mut target[at], Some(item), items)? {
                Merged::Gone => target[at] = Value::Null,
                Merged::Kept => merged.push(target[at].take()),
                // `$patch: replace` in an item has no effect: kustomize puts the old item back.
                Merged::New(_) => merged.push(target[at].take()),
            }
        }
        for item in target.iter_mut().filter(|item| !item.is_null()) {
            walk.merge(item, None, items)?;
            merged.push(item.take());
        }
        *target = merged;
        return Ok(());
    }
    Long { walk, items, patch: Some(patch.to_vec()) }.run(target, keys)
}

/// What a list becomes that is new.
pub(super) fn add<'s>(
    walk: Walk<'s>,
    target: &mut Vec<Value>,
    keys: &ListKeys<'s>,
    place: Option<Place<'s>>,
) -> Result<(), MergeError> {
    let items = place.and_then(Place::items);
    if let ListKeys::Fields(keys) = keys
        && let [key] = keys.as_ref()
        && by_key(target, key).is_some()
    {
        let mut kept = Vec::with_capacity(target.len());
        for item in &*target {
            kept.extend(walk.add(item, items, Newness::Part)?);
        }
        *target = kept;
        return Ok(());
    }
    Long { walk, items, patch: None }.run(target, keys)
}

/// The items by their key, if all are mappings that have it, each a value of its own, and none would replace another.
fn by_key<'v>(items: &'v [Value], key: &str) -> Option<HashMap<Cow<'v, str>, usize>> {
    let mut found = HashMap::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let text = text_of(item.as_object()?.get(key).filter(|value| !is_blank(value))?);
        if text.is_empty() || found.insert(text, at).is_some() {
            return None;
        }
    }
    Some(found)
}

/// Null, `{}` or `[]`.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The long way.
struct Long<'s> {
    walk: Walk<'s>,
    items: Option<Place<'s>>,
    /// The patch; `None` where the list itself is what is new.
    patch: Option<Vec<Value>>,
}

impl Long<'_> {
    fn run(mut self, target: &mut Vec<Value>, keys: &ListKeys<'_>) -> Result<(), MergeError> {
        let keys: &[&str] = match keys {
            ListKeys::Fields(keys) => keys,
            ListKeys::Whole | ListKeys::Values => &[""],
        };
        let mut rows = self.rows(target, keys);
        if rows.is_empty() {
            return Ok(());
        }
        if keys.len() > 1 {
            unite(&mut rows);
        }
        let used: Vec<usize> =
            (0..keys.len()).filter(|at| rows.iter().any(|row| !row[*at].is_empty())).collect();
        let used: Vec<usize> = if used.is_empty() { (0..keys.len()).collect() } else { used };
        let keys: Vec<&str> = used.iter().map(|at| keys[*at]).collect();
        let mut merged = Vec::new();
        for row in &rows {
            let row: Vec<&str> = used.iter().map(|at| row[*at].as_str()).collect();
            match self.one(target, &keys, &row)? {
                Some(value) => set(&mut merged, Some(&value), &keys, &row)?,
                None => set(target, None, &keys, &row)?,
            }
        }
        for item in target.iter() {
            put(&mut merged, item, &keys)?;
        }
        *target = merged;
        Ok(())
    }

    /// The values of the keys of all items, the patch's first, each combination once.
    fn rows(&self, target: &[Value], keys: &[&str]) -> Vec<Vec<String>> {
        let mut seen = HashSet::new();
        let mut rows = Vec::new();
        for item in self.patch.iter().flatten().chain(target) {
            let row: Vec<String> = if keys == [""] {
                vec![text_of(item).into_owned()]
            } else {
                let value = |key: &&str| item.get(*key).filter(|value| !is_blank(value));
                keys.iter()
                    .map(|key| value(key).map_or_else(String::new, |v| text_of(v).into_owned()))
                    .collect()
            };
            if seen.insert(row.clone()) {
                rows.push(row);
            }
        }
        rows
    }

    /// Merges the first items of both lists that have these values; what comes of it, unless nothing does.
    fn one(
        &mut self,
        target: &mut [Value],
        keys: &[&str],
        row: &[&str],
    ) -> Result<Option<Value>, MergeError> {
        let has: Vec<(&str, &str)> = keys.iter().copied().zip(row.iter().copied()).collect();
        let some: Vec<(&str, &str)> =
            has.iter().copied().filter(|(_, value)| !value.is_empty()).collect();
        let wanted = if some.is_empty() { &has } else { &some };
        let old = target.iter().position(|item| matches(item, wanted));
        let itself = self.patch.is_none();
        let new = self.patch.iter_mut().flatten().find(|item| matches(item, wanted));
        let value = match (old, new.as_deref()) {
            (Some(at), _) if itself => {
                let value = self.walk.add(&target[at], self.items, Newness::Part)?;
                if let Some(value) = &value {
                    target[at] = value.clone();
                } else if let Some(fields) = target[at].as_object_mut() {
                    fields.shift_remove(DIRECTIVE);
                }
                value
            }
            (Some(at), new) => match self.walk.merge(&mut target[at], new, self.items)? {
                Merged::Kept => Some(target[at].clone()),
                Merged::Gone => None,
                Merged::New(value) => Some(value),
            },
            (None, Some(new)) => self.walk.add(new, self.items, Newness::Whole)?,
            (None, None) => None,
        };
        // A directive counts once, even where the same item of the patch is found again.
        if let Some(new) = new.and_then(Value::as_object_mut) {
            new.shift_remove(DIRECTIVE);
        }
        let Some(mut value) =
            value.filter(|value| value.as_object().is_none_or(|fields| !fields.is_empty()))
        else {
            return Ok(None);
        };
        if let Value::Object(fields) = &mut value {
            for (key, text) in &some {
                if !fields.contains_key(*key) {
                    fields.insert((*key).to_owned(), plain(text));
                    if let Some(at) = old {
                        target[at] = Value::Object(fields.clone());
                    }
                }
            }
        }
        Ok(Some(value))
    }
}

/// What a text means that is written without quotes.
fn plain(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| Value::String(text.to_owned()), Value::from)
}

/// Takes rows for one that agree in a value and contradict each other in none.
fn unite(rows: &mut [Vec<String>]) {
    for first in 0..rows.len() {
        let left = rows[first].clone();
        for second in 0..rows.len() {
            if let Some(both) = united(&left, &rows[second]) {
                rows[first].clone_from(&both);
                rows[second] = both;
            }
        }
    }
}

fn united(left: &[String], right: &[String]) -> Option<Vec<String>> {
    let mut shared = false;
    let mut both = Vec::with_capacity(left.len());
    for (left, right) in left.iter().zip(right) {
        if left == right {
            shared = true;
        } else if !left.is_empty() && !right.is_empty() {
            return None;
        }
        both.push(if left.is_empty() { right.clone() } else { left.clone() });
    }
    shared.then_some(both)
}

/// Whether an item has these fields with these values; without a key, whether it is this value.
fn matches(item: &Value, wanted: &[(&str, &str)]) -> bool {
    match wanted {
        [("", value)] => text_of(item) == *value,
        _ => item.as_object().is_some_and(|fields| {
            wanted
                .iter()
                .all(|(key, value)| fields.get(*key).is_some_and(|found| text_of(found) == *value))
        }),
    }
}

/// Puts `element` in the place of every item with these values, or at the end where there is none; without an element,
/// they go. Items that hold nothing go as well. An empty value stands for any, and missing values for the last that
/// was looked at.
fn set(
    items: &mut Vec<Value>,
    element: Option<&Value>,
    keys: &[&str],
    values: &[&str],
) -> Result<(), MergeError> {
    let wants_mapping =
        !keys[0].is_empty() && values.first().is_some_and(|value| !value.is_empty());
    let mut kept = Vec::with_capacity(items.len() + 1);
    let mut replaced = false;
    for item in items.drain(..) {
        if item.is_null() || item.as_object().is_some_and(serde_json::Map::is_empty) {
            continue;
        }
        if wants_mapping && !item.is_object() {
            kept.push(item);
            continue;
        }
        let found = !values.is_empty() && {
            let mut all = true;
            for (key, value) in keys.iter().zip(values) {
                all &= all && field_matches(&item, key, value)?;
            }
            all
        };
        if found {
            replaced = true;
            kept.extend(element.cloned());
        } else if !values.is_empty() {
            kept.push(item);
        }
    }
    if !replaced {
        kept.extend(element.cloned());
    }
    *items = kept;
    Ok(())
}

fn field_matches(item: &Value, key: &str, value: &str) -> Result<bool, MergeError> {
    match (key, item) {
        ("", Value::Object(_) | Value::Array(_)) => {
            Err(MergeError::kinds(item, &Value::Bool(true)))
        }
        ("", item) => Ok(text_of(item) == value),
        (key, Value::Object(fields)) => {
            Ok(fields.get(key).is_some_and(|found| value.is_empty() || text_of(found) == value))
        }
        (_, item) => Err(MergeError::kinds(item, &Value::Object(serde_json::Map::new()))),
    }
}

/// Puts an item of the object among the merged ones, in the place of the one that has its keys.
fn put(merged: &mut Vec<Value>, item: &Value, keys: &[&str]) -> Result<(), MergeError> {
    if keys == [""] {
        return set(merged, Some(item), keys, &[text_of(item).as_ref()]);
    }
    let mut values = Vec::with_capacity(keys.len());
    for key in keys {
        match item.get(*key) {
            Some(value) => values.push(text_of(value)),
            None => merged.push(item.clone()),
        }
    }
    let values: Vec<&str> = values.iter().map(AsRef::as_ref).collect();
    if keys.len() > 1 {
        set(merged, None, keys, &values)?;
    }
    set(merged, Some(item), keys, &values)
}
