//! A configuration laid over a live object, and fields taken out of an object again.
//!
//! Nothing is judged here. Source of the contract: `kubernetes-sigs/structured-merge-diff:typed/merge.go`,
//! `typed/remove.go`; `merge/update.go` for what a manager no longer applies.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::element::Element;
use super::set::FieldSet;
use super::walk::{fields_of, key_of, with_named};
use crate::shape::{List, Shape};

/// Lays the configuration over what is there: structs and mappings field by field, lists by how their items are told
/// apart, everything else as one value.
///
/// # Errors
///
/// The server's words if items of a list cannot be told apart.
pub(super) fn lay_over(live: &mut Value, config: &Value, shape: Shape<'_>) -> Result<(), String> {
    match (&mut *live, config) {
        // Null says nothing of what has parts that are told apart.
        (Value::Object(fields), Value::Null) if !fields.is_empty() && !shape.is_atomic() => {}
        (Value::Array(items), Value::Null) if !items.is_empty() && shape.list() != List::Atomic => {
        }
        (Value::Object(fields), Value::Object(more)) if !shape.is_atomic() => {
            for (name, value) in more {
                match fields.get_mut(name) {
                    Some(field) => lay_over(field, value, shape.field(name))?,
                    None => {
                        fields.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        (Value::Array(items), Value::Array(more)) => match shape.list() {
            List::Atomic => *live = config.clone(),
            list => {
                let steps = order(items, more, &list)?;
                let mut before: Vec<Value> = std::mem::take(items);
                items.reserve(steps.len());
                for step in steps {
                    let mut item = step.live.map_or(Value::Null, |at| before[at].take());
                    if let Some(at) = step.config {
                        lay_over(&mut item, &more[at], shape.item())?;
                    }
                    items.push(item);
                }
            }
        },
        _ => *live = config.clone(),
    }
    Ok(())
}

/// Which item comes next, from where.
#[derive(Clone, Copy)]
struct Step {
    live: Option<usize>,
    config: Option<usize>,
}

/// The order of the server: items of the configuration keep theirs, items that only the live object has stay beside
/// those that they followed.
fn order(live: &[Value], config: &[Value], list: &List<'_>) -> Result<Vec<Step>, String> {
    let keys = |items| -> Result<Vec<Element<'_>>, String> {
        let items: &[Value] = items;
        let keyed = items.iter().enumerate();
        keyed
            .map(|(at, item)| key_of(item, list).map_err(|no| format!("element {at}: {no}")))
            .collect()
    };
    let (left, right) = (keys(live)?, keys(config)?);
    let in_right: BTreeMap<&Element<'_>, usize> =
        right.iter().enumerate().map(|(at, key)| (key, at)).collect();
    let mut in_left: BTreeMap<&Element<'_>, Option<usize>> = BTreeMap::new();
    for (at, key) in left.iter().enumerate() {
        // What is there more than once is not merged with.
        in_left.entry(key).and_modify(|at| *at = None).or_insert(Some(at));
    }
    let right_of: Vec<Option<usize>> = left.iter().map(|key| in_right.get(key).copied()).collect();
    let left_of = |at: usize| in_left.get(&right[at]).copied().flatten();
    let mut shared = (0..right.len()).filter(|at| in_left.contains_key(&right[*at]));
    let mut next_shared = shared.next();
    let mut is_merged = vec![false; right.len()];
    let mut steps = Vec::with_capacity(left.len().max(right.len()));
    let (mut l, mut r) = (0, 0);
    while l < left.len() || r < right.len() {
        if l < left.len() && r < right.len() {
            if right_of[l] == Some(r) {
                is_merged[r] = true;
                steps.push(Step { live: left_of(r), config: Some(r) });
                l += 1;
                r += 1;
                next_shared = shared.next();
                continue;
            }
            if right_of[l].is_some() && next_shared.is_some() && next_shared != right_of[l] {
                l += 1;
                continue;
            }
        }
        if l < left.len() {
            match right_of[l] {
                None => {
                    steps.push(Step { live: Some(l), config: None });
                    l += 1;
                    continue;
                }
                Some(at) if is_merged[at] => l += 1,
                Some(_) => {}
            }
        }
        if r < right.len() {
            is_merged[r] = true;
            steps.push(Step { live: left_of(r), config: Some(r) });
            if next_shared == Some(r) {
                next_shared = shared.next();
            }
            r += 1;
        }
    }
    Ok(steps)
}

/// Takes the fields out of the object. What loses its last part goes as well.
pub(super) fn take_out(value: &mut Value, set: &FieldSet<'_>, shape: Shape<'_>) {
    match value {
        Value::Object(fields) if !shape.is_atomic() => {
            take_fields(fields, set, shape);
        }
        Value::Array(items) => {
            let list = shape.list();
            if list == List::Atomic {
                return;
            }
            items.retain_mut(|item| {
                let Some((is_member, below)) = key_of(item, &list).ok().and_then(|key| {
                    let node = set.get(&key)?;
                    Some((node.is_member, &node.below))
                }) else {
                    return true;
                };
                if !is_member {
                    take_out(item, below, shape.item());
                }
                !is_member
            });
        }
        _ => {}
    }
}

fn take_fields(fields: &mut Map<String, Value>, set: &FieldSet<'_>, shape: Shape<'_>) {
    for node in set.nodes() {
        let Element::Field(name) = node.element else { continue };
        let Some(value) = fields.get_mut(name) else { continue };
        let is_gone = node.is_member || {
            let was_empty = is_empty(value);
            take_out(value, &node.below, shape.field(name));
            !was_empty && is_empty(value)
        };
        if is_gone {
            fields.shift_remove(name);
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Takes out of a merged object what its manager applied the last time, no longer applies, and nobody else owns.
/// `owned` is what any manager owns now.
pub(super) fn prune(
    merged: Value,
    last: &FieldSet<'_>,
    owned: &FieldSet<'_>,
    shape: Shape<'_>,
) -> Value {
    if last.is_subset(owned) {
        return merged;
    }
    let last = with_named(last.clone(), shape);
    let all = with_named(fields_of(&merged, shape), shape);

    let mut pruned = merged.clone();
    take_out(&mut pruned, &last, shape);
    let kept = with_named(fields_of(&pruned, shape), shape);
    let kept = kept.union(with_named(owned.clone(), shape));

    let mut with_owned = merged.clone();
    take_out(&mut with_owned, &all.clone().difference(&kept), shape);
    let kept = with_named(fields_of(&with_owned, shape), shape);
    let gone = all.difference(&kept).intersection(&last);

    pruned.clone_from(&merged);
    take_out(&mut pruned, &gone, shape);
    pruned
}
