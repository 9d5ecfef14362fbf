//! Which fields a server writes though they are empty, and which it leaves out.
//!
//! A server decodes what it is sent into structures of Go and writes them anew, so that what comes back depends on the
//! tags of their fields and on whether a field is a pointer; no published schema has that. `written.tsv` does: one row
//! for each type, and for a version of a group only where it differs from the newest. After the name of a field stands
//! `{}` for a structure that is always written, `!` for a value that is written even if it is zero, `?` for one that
//! is then `null`, and `*` for a pointer, which tells zero from nothing. Fields without a mark are left out when zero.
//!
//! Source of the contract: the tags in `kubernetes/api:GROUP/VERSION/types.go`,
//! `kubernetes/apimachinery:pkg/apis/meta/v1/types.go`, `kubernetes/apiextensions-apiserver:pkg/apis/apiextensions`.

use std::sync::LazyLock;

use serde_json::Value;
use towpath_catalog::{GroupVersionKind, SchemaRef, Type};

/// The name of a structure: group as definitions have it, version and name, such as `core`, `v1`, `PodSpec`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Of<'a> {
    pub(super) group: &'a str,
    pub(super) version: &'a str,
    pub(super) name: &'a str,
}

impl<'a> Of<'a> {
    /// Of the structure of a whole object.
    pub(super) fn kind(gvk: &GroupVersionKind<'a>) -> Self {
        let group = gvk.group.split_once('.').map_or(gvk.group, |(first, _)| first);
        let group = if group.is_empty() { "core" } else { group };
        Self { group, version: gvk.version, name: gvk.kind }
    }

    /// Of what a place in a schema refers to.
    pub(super) fn place(schema: &SchemaRef<'a>) -> Self {
        let (rest, name) = split(schema.reference().unwrap_or_default());
        let (rest, version) = split(rest);
        Self { group: split(rest).1, version, name }
    }
}

fn split(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

/// How a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// A structure that is always there.
    Structure,
    /// A value that is written even if it is zero.
    Zero,
    /// `null` if there is nothing.
    Null,
    /// Zero is something else than nothing.
    Pointer,
}

/// The fields of a structure that are not simply left out when zero, sorted by name.
pub(super) type Row = Vec<(&'static str, How)>;

type Key = (&'static str, &'static str, &'static str);

static ROWS: LazyLock<Vec<(Key, Row)>> = LazyLock::new(|| {
    let lines = include_str!("written.tsv").lines().skip(1);
    lines
        .filter_map(|line| {
            let mut cells = line.split('\t');
            let key = (cells.next()?, cells.next()?, cells.next()?);
            Some((key, cells.next()?.split_ascii_whitespace().map(field).collect()))
        })
        .collect()
});

fn field(text: &'static str) -> (&'static str, How) {
    match text.split_at(text.find(['{', '!', '?', '*']).unwrap_or(text.len())) {
        (name, "!") => (name, How::Zero),
        (name, "?") => (name, How::Null),
        (name, "*") => (name, How::Pointer),
        (name, _) => (name, How::Structure),
    }
}

/// What is known of a structure; `None` for types that no known server has.
pub(super) fn row(of: Of<'_>) -> Option<&'static Row> {
    let rows: &'static [(Key, Row)] = &ROWS;
    let find = |version| {
        let key = (of.group, of.name, version);
        let at = rows.binary_search_by(|(row, _)| row.cmp(&key)).ok()?;
        Some(&rows[at].1)
    };
    find(of.version).or_else(|| find(""))
}

/// How a field of the row is written; `None` if it is left out when zero.
pub(super) fn how(row: &Row, field: &str) -> Option<How> {
    row.binary_search_by(|(name, _)| (*name).cmp(field)).ok().map(|at| row[at].1)
}

/// What nothing is decoded to.
pub(super) fn zero(schema: &SchemaRef<'_>) -> Value {
    match schema.types() {
        Type::Integer | Type::Number | Type::IntOrString => Value::from(0),
        Type::Boolean => Value::from(false),
        Type::Quantity => Value::from("0"),
        Type::String if schema.format().is_none() => Value::from(""),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use towpath_catalog::{Catalog, Minor};

    use super::*;

    #[test]
    fn rows_are_sorted_and_read_whole() {
        let lines = include_str!("written.tsv").lines().skip(1);
        assert_eq!(lines.count(), ROWS.len());
        assert!(ROWS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(ROWS.iter().all(|(_, row)| row.is_sorted_by(|a, b| a.0 < b.0)));
    }

    #[test]
    fn every_structure_of_a_stable_kind_has_a_row() {
        let catalog = Catalog::load(Minor::NEWEST).expect("the newest is known");
        let mut without = BTreeSet::new();
        for (name, schema) in catalog.definitions() {
            let (rest, kind) = split(name);
            let (rest, version) = split(rest);
            let of = Of { group: split(rest).1, version, name: kind };
            let is_stable = of.version.starts_with('v') && !of.version.contains("alpha");
            if schema.fields().len() > 0 && is_stable && row(of).is_none() {
                without.insert(name.to_owned());
            }
        }
        // Lists and what only discovery says are never stored, and one type is newer than the sources.
        let is_known = ["List", ".DeviceDerivedAttribute", ".version.Info"];
        without.retain(|name| {
            !is_known.iter().any(|end| name.ends_with(end)) && !name.contains(".meta.v1.")
        });
        assert_eq!(without, BTreeSet::new());
    }
}
