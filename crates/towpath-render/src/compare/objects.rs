//! Which object of one list is which of the other.

use std::collections::HashMap;

use super::field::{Walk, same};
use super::rename::{self, Renames};
use super::{Change, Kind, Masked, MergeKeys, Side};
use crate::{Identity, Object, Value};

/// What tells objects apart. The version does not: the same object can be had in several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Called<'a> {
    pub(super) group: &'a str,
    pub(super) kind: &'a str,
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
}

impl<'a> Called<'a> {
    fn of(value: &'a Value) -> Self {
        let text = |value: &'a Value, key: &str| -> &'a str {
            value.get(key).and_then(Value::as_str).unwrap_or_default()
        };
        let api_version: &str = text(value, "apiVersion");
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let metadata = value.get("metadata").unwrap_or(&Value::Null);
        Self {
            group,
            kind: text(value, "kind"),
            namespace: text(metadata, "namespace"),
            name: text(metadata, "name"),
        }
    }
}

/// What differs between two lists of objects, by namespace, kind and name; those without a namespace first.
///
/// Objects are the same if group, kind, namespace and name are, and ConfigMaps and Secrets also if their names differ
/// only in the hash of their content. Several that are called the same are matched in their order.
#[must_use]
pub fn objects(old: &[Object], new: &[Object], keys: &dyn MergeKeys) -> Vec<Change> {
    let mut waiting: HashMap<Called<'_>, Vec<usize>> = HashMap::with_capacity(old.len());
    // The last is taken first, so the first must be put last.
    for (number, object) in old.iter().enumerate().rev() {
        waiting.entry(Called::of(&object.value)).or_default().push(number);
    }
    let mut pairs: Vec<(&Object, &Object)> = Vec::new();
    let mut came = Vec::new();
    let mut met = vec![false; old.len()];
    for object in new {
        let called = Called::of(&object.value);
        match waiting.get_mut(&called).and_then(Vec::pop) {
            Some(number) => {
                met[number] = true;
                if !same(&old[number].value, &object.value) {
                    pairs.push((&old[number], object));
                }
            }
            None => came.push(object),
        }
    }
    let gone: Vec<&Object> =
        old.iter().zip(met).filter(|(_, met)| !met).map(|(object, _)| object).collect();

    let renamed = renamed(&gone, &came);
    let mut renames = Renames::default();
    let (mut gone_met, mut came_met) = (vec![false; gone.len()], vec![false; came.len()]);
    for &(a, b) in &renamed {
        (gone_met[a], came_met[b]) = (true, true);
        renames.add(Called::of(&gone[a].value).name, came[b].identity());
        pairs.push((gone[a], came[b]));
    }

    let only = |object: &Object, kind: fn(Side) -> Kind| Change {
        identity: object.identity(),
        kind: kind(Side { object: Masked::object(&object.value), origin: object.origin.clone() }),
    };
    let removed = gone.iter().zip(gone_met).filter(|(_, met)| !met);
    let added = came.iter().zip(came_met).filter(|(_, met)| !met);
    let mut changes: Vec<Change> = pairs
        .into_iter()
        .map(|(old, new)| changed(old, new, keys, &renames))
        .chain(removed.map(|(object, _)| only(object, Kind::Removed)))
        .chain(added.map(|(object, _)| only(object, Kind::Added)))
        .collect();
    changes.sort_by(|a, b| order(&a.identity).cmp(&order(&b.identity)));
    changes
}

fn order(identity: &Identity) -> (&str, &str, &str, &str, &str) {
    let Identity { group, version, kind, namespace, name } = identity;
    (namespace, kind, name, group, version)
}

fn renamed(gone: &[&Object], came: &[&Object]) -> Vec<(usize, usize)> {
    fn called<'a>(objects: &[&'a Object]) -> Vec<(Called<'a>, &'a Value)> {
        objects.iter().map(|object| (Called::of(&object.value), &*object.value)).collect()
    }
    if gone.is_empty() || came.is_empty() {
        return Vec::new();
    }
    rename::pairs(&called(gone), &called(came))
}

fn changed(old: &Object, new: &Object, keys: &dyn MergeKeys, renames: &Renames<'_>) -> Change {
    let identity = new.identity();
    let before = Called::of(&old.value);
    let renamed_from = (before.name != identity.name).then(|| before.name.to_owned());
    let mut fields = Walk::new(&identity, keys, renames).fields(&old.value, &new.value);
    if renamed_from.is_some() {
        // The name is said by `renamed_from` already.
        fields.retain(|field| !field.path.is(&["metadata", "name"]));
    }
    let (a, b) = Masked::pair(&old.value, &new.value);
    let kind = Kind::Changed {
        old: Side { object: a, origin: old.origin.clone() },
        new: Side { object: b, origin: new.origin.clone() },
        fields,
        renamed_from,
    };
    Change { identity, kind }
}
