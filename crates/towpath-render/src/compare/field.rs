//! Which fields differ: a walk into two values at once, as deep as both are mappings or lists.

use serde_json::Map;

use super::mask::{Zone, is_secret};
use super::rename::Renames;
use super::{FieldChange, Masked, MergeKeys, Path, Step, What};
use crate::{Identity, Value};

/// Whether two values are the same, whatever the order of the keys in mappings.
///
/// As `==`, but faster where the order is the same, which it nearly always is.
pub(super) fn same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => {
            let same_field = |((key, value), (other_key, other)): ((&String, _), (&String, _))| {
                let other = if key == other_key { Some(other) } else { b.get(key) };
                other.is_some_and(|other| same(value, other))
            };
            a.len() == b.len() && a.iter().zip(b).all(same_field)
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(v, w)| same(v, w))
        }
        (old, new) => old == new,
    }
}

/// The walk into two values, with what it has found.
pub(super) struct Walk<'w> {
    pub(super) identity: &'w Identity,
    pub(super) keys: &'w dyn MergeKeys,
    pub(super) renames: &'w Renames<'w>,
    pub(super) path: Vec<Step>,
    found: Vec<FieldChange>,
}

impl<'w> Walk<'w> {
    pub(super) fn new(
        identity: &'w Identity,
        keys: &'w dyn MergeKeys,
        renames: &'w Renames<'w>,
    ) -> Self {
        Self { identity, keys, renames, path: Vec::new(), found: Vec::new() }
    }

    /// The fields in which two objects differ: of the old one in its order, then those that are new.
    pub(super) fn fields(mut self, old: &Value, new: &Value) -> Vec<FieldChange> {
        self.values(old, new, Zone::Top);
        self.found
    }

    /// Walks on below `step`.
    pub(super) fn below(&mut self, step: Step, walk: impl FnOnce(&mut Self)) {
        self.path.push(step);
        walk(self);
        self.path.pop();
    }

    pub(super) fn values(&mut self, old: &Value, new: &Value, zone: Zone) {
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => self.mappings(old, new, zone),
            (Value::Array(old), Value::Array(new)) if zone != Zone::Secret => {
                self.lists(old, new, zone);
            }
            (old, new) if old == new => {}
            (old, new) => self.changed(old, new, zone),
        }
    }

    fn mappings(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, zone: Zone) {
        let mut met = 0;
        for (key, before) in old {
            let after = new.get(key);
            met += usize::from(after.is_some());
            if after.is_some_and(|after| same(before, after)) {
                continue;
            }
            let zone = zone.of_field(old, key).or(zone.of_field(new, key));
            self.below(Step::Key(key.clone()), |walk| match after {
                Some(after) => walk.values(before, after, zone),
                None => walk.removed(before, zone),
            });
        }
        if met == new.len() {
            return;
        }
        for (key, after) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
            let zone = zone.of_field(new, key).or(zone.of_field(old, key));
            self.below(Step::Key(key.clone()), |walk| walk.added(after, zone, None));
        }
    }

    /// Of a secret mapping, the names of its fields are told one by one.
    pub(super) fn removed(&mut self, old: &Value, zone: Zone) {
        match old {
            Value::Object(fields) if zone == Zone::Secret && !fields.is_empty() => {
                for (key, value) in fields {
                    self.below(Step::Key(key.clone()), |walk| walk.removed(value, zone));
                }
            }
            old => self.say(What::Removed { old: Masked::of(old, zone) }, None),
        }
    }

    /// As [`Walk::removed`]; `at` is the place in a list.
    pub(super) fn added(&mut self, new: &Value, zone: Zone, at: Option<usize>) {
        match new {
            Value::Object(fields) if zone == Zone::Secret && !fields.is_empty() => {
                for (key, value) in fields {
                    self.below(Step::Key(key.clone()), |walk| walk.added(value, zone, None));
                }
            }
            new => self.say(What::Added { new: Masked::of(new, zone), at }, None),
        }
    }

    pub(super) fn changed(&mut self, old: &Value, new: &Value, zone: Zone) {
        // What is sealed on one side only was, or will be, readable on the other: that is the secret.
        let secret = is_secret(old, zone) || is_secret(new, zone);
        let side = |value| if secret { Masked::secret() } else { Masked::of(value, zone) };
        let follows = match (old.as_str(), new.as_str()) {
            (Some(old), Some(new)) => self.renames.followed(old, new, &self.identity.namespace),
            _ => None,
        };
        self.say(What::Changed { old: side(old), new: side(new) }, follows);
    }

    pub(super) fn say(&mut self, what: What, follows: Option<Identity>) {
        self.found.push(FieldChange { path: Path(self.path.clone()), what, follows });
    }
}
