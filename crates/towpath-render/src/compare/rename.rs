//! Objects whose name ends in the hash of their content: with other content they have another name and are the same.
//!
//! Source of the hash: `kubernetes-sigs/kustomize:api/hasher`. Ten characters of an alphabet without vowels and
//! without digits that look like letters.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::objects::Called;
use crate::{Identity, Value};

const ALPHABET: &[u8] = b"bcdfghkmt2456789";
const LENGTH: usize = 10;

/// More comparisons than this are not made to find the best pairs of one name; they are then taken in order.
const MOST: usize = 10_000;

/// The name without the hash behind it; nothing where there is none.
fn stem(name: &str) -> Option<&str> {
    let (stem, hash) = name.rsplit_once('-')?;
    let is_hash = hash.len() == LENGTH && hash.bytes().all(|b| ALPHABET.contains(&b));
    (is_hash && !stem.is_empty()).then_some(stem)
}

fn may_have_hash(called: &Called<'_>) -> bool {
    called.group.is_empty() && matches!(called.kind, "ConfigMap" | "Secret")
}

/// Objects of one kind, namespace and stem: those that went, and those that came.
type OfOneStem = (Vec<usize>, Vec<usize>);

/// Pairs of an object that went and one that came which are the same but for the hash behind the name: indices into
/// the two. Of several with one name, those that have most in common.
pub(super) fn pairs(
    gone: &[(Called<'_>, &Value)],
    came: &[(Called<'_>, &Value)],
) -> Vec<(usize, usize)> {
    let mut by_stem: BTreeMap<(&str, &str, &str), OfOneStem> = BTreeMap::new();
    for (number, (called, _)) in gone.iter().enumerate().filter(|(_, o)| may_have_hash(&o.0)) {
        let stem = stem(called.name).unwrap_or(called.name);
        by_stem.entry((called.kind, called.namespace, stem)).or_default().0.push(number);
    }
    for (number, (called, _)) in came.iter().enumerate().filter(|(_, o)| may_have_hash(&o.0)) {
        let stem = stem(called.name).unwrap_or(called.name);
        if let Some((_, came)) = by_stem.get_mut(&(called.kind, called.namespace, stem)) {
            came.push(number);
        }
    }
    let mut pairs = Vec::new();
    for (from, to) in by_stem.into_values() {
        if from.len() == 1 && to.len() == 1 || from.len() * to.len() > MOST {
            pairs.extend(from.into_iter().zip(to));
            continue;
        }
        let mut scored: Vec<(usize, usize, usize)> = from
            .iter()
            .flat_map(|&a| to.iter().map(move |&b| (common(gone[a].1, came[b].1), a, b)))
            .collect();
        scored.sort_by(|x, y| y.0.cmp(&x.0).then(x.cmp(y)));
        let (mut used_gone, mut used_came) = (BTreeSet::new(), BTreeSet::new());
        for (_, a, b) in scored {
            if !used_gone.contains(&a) && used_came.insert(b) {
                used_gone.insert(a);
                pairs.push((a, b));
            }
        }
    }
    pairs
}

/// How many entries of their data two objects have in common.
fn common(old: &Value, new: &Value) -> usize {
    ["data", "stringData", "binaryData"]
        .iter()
        .filter_map(|field| Some((old.get(field)?.as_object()?, new.get(field)?.as_object()?)))
        .flat_map(|(old, new)| old.iter().map(move |(key, value)| (value, new.get(key))))
        .map(|(old, new)| usize::from(new.is_some()) + usize::from(new == Some(old)))
        .sum()
}

/// The new names of objects, for what refers to them.
#[derive(Debug, Default)]
pub(super) struct Renames<'a> {
    by_old: HashMap<&'a str, Vec<Identity>>,
}

impl<'a> Renames<'a> {
    /// What was called `old` is `new` now.
    pub(super) fn add(&mut self, old: &'a str, new: Identity) {
        self.by_old.entry(old).or_default().push(new);
    }

    /// The object that has the name `new` where it had `old`; rather one in `namespace`.
    pub(super) fn followed(&self, old: &str, new: &str, namespace: &str) -> Option<Identity> {
        let to = self.by_old.get(old)?.iter().filter(|to| to.name == new);
        to.min_by_key(|to| to.namespace != namespace).cloned()
    }

    /// The names that objects have now which had the name `old`.
    pub(super) fn of(&self, old: &str) -> impl Iterator<Item = &str> {
        self.by_old.get(old).into_iter().flatten().map(|to| to.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn a_hash_is_ten_characters_of_its_alphabet() {
        for (name, expected) in [
            ("app-config-5g2h9b7k4t", Some("app-config")),
            ("app-5g2h9b7k4t-5g2h9b7k4t", Some("app-5g2h9b7k4t")),
            ("app-config-5g2h9b7k4", None),
            ("app-config-5g2h9b7k4tt", None),
            ("app-config-5g2h9b7k4a", None),
            ("-5g2h9b7k4t", None),
            ("5g2h9b7k4t", None),
            ("app-deployment", None),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }
}
