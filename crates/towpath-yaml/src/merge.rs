//! Merge keys: what `<<` brings into a mapping, and what comes with an alias.
//!
//! Works on finished nodes only; which key is a merge key is decided in `load.rs`.

use crate::error::{Error, ErrorKind};
use crate::load::Duplicates;
use crate::node::{Entry, Mapping, Node, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A mapping of its own entries and of those that `<<` brought.
pub(crate) fn build_mapping(
    mut entries: Vec<Entry>,
    merged: Vec<Node>,
    duplicates: Duplicates,
) -> Result<Mapping, Error> {
    if duplicates == Duplicates::LastWins {
        entries = last_wins(entries);
    }
    let own = Mapping::new(entries).map_err(|(mut entries, first, second)| {
        let key = entries.swap_remove(second).key;
        let first_line = entries[first].key.span.line;
        Error::new(ErrorKind::DuplicateKey { key: key.text, first_line }, key.span)
    })?;
    if merged.is_empty() {
        return Ok(own);
    }
    // Own keys win, then the first mapping that has the key: go-yaml and the merge key's
    // definition agree on both.
    let mut sources = Vec::new();
    for node in merged {
        let span = node.span;
        match node.value {
            Value::Map(mapping) => sources.push(mapping),
            Value::Seq(items) => {
                for item in items {
                    match item.value {
                        Value::Map(mapping) => sources.push(mapping),
                        _ => return Err(Error::new(ErrorKind::BadMerge, item.span)),
                    }
                }
            }
            _ => return Err(Error::new(ErrorKind::BadMerge, span)),
        }
    }
    let mut taken: BTreeSet<String> = own.iter().map(|entry| entry.key.text.clone()).collect();
    let mut entries = own.into_entries();
    for mut entry in sources.into_iter().flat_map(Mapping::into_entries) {
        if taken.insert(entry.key.text.clone()) {
            entry.key.aliased = true;
            mark_aliased(&mut entry.value);
            entries.push(entry);
        }
    }
    Ok(Mapping::new(entries).unwrap_or_default())
}

/// Of entries with one key the last, where the first one stood.
fn last_wins(entries: Vec<Entry>) -> Vec<Entry> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    for entry in entries {
        match places.get(&entry.key.text) {
            Some(place) => kept[*place] = entry,
            None => {
                places.insert(entry.key.text.clone(), kept.len());
                kept.push(entry);
            }
        }
    }
    kept
}

/// Marks everything below a node as shared.
pub(crate) fn mark_aliased(node: &mut Node) {
    node.aliased = true;
    match &mut node.value {
        Value::Seq(items) => items.iter_mut().for_each(mark_aliased),
        Value::Map(mapping) => {
            for entry in mapping.entries_mut() {
                entry.key.aliased = true;
                mark_aliased(&mut entry.value);
            }
        }
        _ => {}
    }
}
