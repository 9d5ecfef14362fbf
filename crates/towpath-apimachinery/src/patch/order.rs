//! The order of a list that a strategic merge patch merged.
//!
//! Source of the contract: `kubernetes/apimachinery:pkg/util/strategicpatch/patch.go`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;

use super::strategic::{Fault, no_merge_key};
use crate::fields::order;

/// A value in an order of values, so that items are found without looking at all others.
#[derive(Clone, Copy)]
pub(super) struct Key<'a>(pub(super) &'a Value);

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        order(self.0, other.0)
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Key<'_> {}

/// What tells the item from others: the field, or all of it.
pub(super) fn key_of<'a>(item: &'a Value, field: Option<&str>) -> Result<&'a Value, Fault> {
    match field {
        None => Ok(item),
        Some(field) => item.get(field).ok_or_else(|| no_merge_key(item, field)),
    }
}

/// Where each key is first.
pub(super) fn places<'a>(
    items: &'a [Value],
    field: Option<&str>,
) -> Result<BTreeMap<Key<'a>, usize>, Fault> {
    let mut places = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        places.entry(Key(key_of(item, field)?)).or_insert(at);
    }
    Ok(places)
}

/// Puts merged items in order: those of the patch as the patch has them, the others as they were, and one before the
/// other as it was where both were there before.
pub(super) fn arrange(
    merged: Vec<Value>,
    of_patch: &[Value],
    before: &[Value],
    field: Option<&str>,
) -> Result<Vec<Value>, Fault> {
    let wanted = places(of_patch, field)?;
    let was = places(before, field)?;
    let mut left = Vec::new();
    let mut right = Vec::new();
    for item in merged {
        let key = Key(key_of(&item, field)?);
        let was_at = was.get(&key).copied();
        match wanted.get(&key).copied() {
            Some(at) => right.push((at, was_at, item)),
            None => left.push((was_at.unwrap_or(usize::MAX), was_at, item)),
        }
    }
    left.sort_by_key(|(at, ..)| *at);
    right.sort_by_key(|(at, ..)| *at);
    let mut arranged = Vec::with_capacity(left.len() + right.len());
    let mut left = left.into_iter().peekable();
    for (_, was_at, item) in right {
        let is_before = |(_, other, _): &(usize, Option<usize>, Value)| matches!((other, was_at), (Some(other), Some(was_at)) if *other < was_at);
        while let Some((_, _, other)) = left.next_if(is_before) {
            arranged.push(other);
        }
        arranged.push(item);
    }
    arranged.extend(left.map(|(_, _, item)| item));
    Ok(arranged)
}
