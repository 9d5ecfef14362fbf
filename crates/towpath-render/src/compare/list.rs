//! Which item of one list is which of the other.
//!
//! By the keys that a schema names for the list; without, by `name`, `id` or `key` where every item has its own; else
//! by their order: what both lists have in the same order is the same, and what stands between is paired by likeness.

use std::collections::{HashMap, HashSet};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::field::Walk;
use super::mask::{Zone, is_secret};
use super::{Item, Step, What};
use crate::Value;

/// Fields that tell items apart wherever each item has its own.
const USUAL_KEYS: [&[&str]; 3] = [&["name"], &["id"], &["key"]];

/// More comparisons than this are not made to find out which items are alike.
const MOST: usize = 4_096;

/// The values that tell an item apart, as many as there are keys.
type Label<'v> = Vec<Option<&'v Value>>;

impl Walk<'_> {
    /// Two lists that are not secret.
    pub(super) fn lists(&mut self, old: &[Value], new: &[Value], zone: Zone) {
        let zone = zone.of_item();
        let known = self.keys.keys(self.identity, &self.path);
        let by = known.as_deref().into_iter().chain(USUAL_KEYS).find_map(|keys| {
            let names: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            Some((names, labels(old, keys)?, labels(new, keys)?))
        });
        match by {
            Some((keys, old_labels, new_labels)) => {
                self.keyed(&keys, (old, &old_labels), (new, &new_labels), zone);
            }
            None => self.in_order(old, new, zone),
        }
    }

    fn keyed(
        &mut self,
        keys: &[String],
        (old, old_labels): (&[Value], &[Label<'_>]),
        (new, new_labels): (&[Value], &[Label<'_>]),
        zone: Zone,
    ) {
        let new_places: HashMap<&Label<'_>, usize> =
            new_labels.iter().enumerate().map(|(place, label)| (label, place)).collect();
        let old_places: HashMap<&Label<'_>, usize> =
            old_labels.iter().enumerate().map(|(place, label)| (label, place)).collect();
        let mut partner: Vec<Option<usize>> =
            old_labels.iter().map(|label| new_places.get(label).copied()).collect();
        for (place, label) in old_labels.iter().enumerate() {
            if partner[place].is_none() {
                let renamed = self.renamed(label, new_labels);
                partner[place] =
                    renamed.filter(|place| !old_places.contains_key(&new_labels[*place]));
            }
        }

        let mut met = vec![false; new.len()];
        for (place, before) in old.iter().enumerate() {
            match partner[place] {
                Some(to) => {
                    met[to] = true;
                    let step = Step::Item(item(keys, &new_labels[to]));
                    self.below(step, |walk| walk.values(before, &new[to], zone));
                }
                None => {
                    let step = Step::Item(item(keys, &old_labels[place]));
                    self.below(step, |walk| walk.removed(before, zone));
                }
            }
        }
        let last = met.iter().rposition(|met| *met).unwrap_or(0);
        for (place, after) in new.iter().enumerate().filter(|(place, _)| !met[*place]) {
            let step = Step::Item(item(keys, &new_labels[place]));
            self.below(step, |walk| walk.added(after, zone, (place < last).then_some(place)));
        }

        let mut order: Vec<usize> = partner.into_iter().flatten().collect();
        if !order.is_sorted() {
            let items = |order: &[usize]| {
                order.iter().map(|place| item(keys, &new_labels[*place])).collect()
            };
            let old = items(&order);
            order.sort_unstable();
            self.say(What::Reordered { old, new: items(&order) }, None);
        }
    }

    /// Where an item is whose key is the name of an object that has a new one.
    fn renamed(&self, label: &Label<'_>, new_labels: &[Label<'_>]) -> Option<usize> {
        let [Some(Value::String(old))] = label.as_slice() else { return None };
        self.renames.of(old).find_map(|name| {
            new_labels.iter().position(|new| matches!(new.as_slice(), [Some(new)] if *new == name))
        })
    }

    fn in_order(&mut self, old: &[Value], new: &[Value], zone: Zone) {
        let mut numbers: HashMap<&Value, usize> = HashMap::new();
        let mut number = |value| {
            let next = numbers.len();
            *numbers.entry(value).or_insert(next)
        };
        let a: Vec<usize> = old.iter().map(&mut number).collect();
        let b: Vec<usize> = new.iter().map(&mut number).collect();
        for op in capture_diff_slices(Algorithm::Myers, &a, &b) {
            if matches!(op, DiffOp::Equal { .. }) {
                continue;
            }
            let (from, to) = (op.old_range(), op.new_range());
            let pairs = alike(&old[from.clone()], &new[to.clone()]);
            let mut met = vec![false; to.len()];
            for (offset, before) in old[from.clone()].iter().enumerate() {
                let place = from.start + offset;
                match pairs[offset] {
                    Some(other) => {
                        met[other] = true;
                        let after = to.start + other;
                        let step = Step::Index { old: Some(place), new: Some(after) };
                        self.below(step, |walk| walk.values(before, &new[after], zone));
                    }
                    None => {
                        let step = Step::Index { old: Some(place), new: None };
                        self.below(step, |walk| walk.removed(before, zone));
                    }
                }
            }
            for (offset, after) in new[to.clone()].iter().enumerate().filter(|(n, _)| !met[*n]) {
                let step = Step::Index { old: None, new: Some(to.start + offset) };
                self.below(step, |walk| walk.added(after, zone, None));
            }
        }
    }
}

fn item(keys: &[String], label: &Label<'_>) -> Item {
    let present = keys.iter().zip(label).filter_map(|(key, value)| Some((key, (*value)?)));
    Item(present.map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// What tells the items apart; nothing where these keys do not, or where saying so would say a secret.
fn labels<'v>(items: &'v [Value], keys: &[&str]) -> Option<Vec<Label<'v>>> {
    let label = |item: &'v Value| -> Option<Label<'v>> {
        let fields = item.as_object()?;
        let label: Label<'v> = keys.iter().map(|key| fields.get(*key)).collect();
        let may_be_said = |value: &&Value| match value {
            Value::String(_) => !is_secret(value, Zone::Open),
            value => value.is_number() || value.is_boolean(),
        };
        let good = label.iter().flatten().all(may_be_said) && label.iter().any(Option::is_some);
        good.then_some(label)
    };
    let labels: Vec<Label<'v>> = items.iter().map(label).collect::<Option<_>>()?;
    let mut seen = HashSet::with_capacity(labels.len());
    labels.iter().all(|label| seen.insert(label)).then_some(labels)
}

/// For each old item the new one that it became, in order: where there are as many, one by one; else so that those that
/// became one another have the most in common.
fn alike(old: &[Value], new: &[Value]) -> Vec<Option<usize>> {
    if old.len() == new.len() || old.len() * new.len() > MOST {
        return (0..old.len()).map(|place| (place < new.len()).then_some(place)).collect();
    }
    // `most[a][b]` is what the items of `old` from `a` and of `new` from `b` can have in common.
    let mut most = vec![vec![0; new.len() + 1]; old.len() + 1];
    let likeness: Vec<Vec<usize>> =
        old.iter().map(|old| new.iter().map(|new| likeness(old, new)).collect()).collect();
    for a in (0..old.len()).rev() {
        for b in (0..new.len()).rev() {
            let paired = likeness[a][b] + most[a + 1][b + 1];
            most[a][b] = paired.max(most[a + 1][b]).max(most[a][b + 1]);
        }
    }
    let mut pairs = vec![None; old.len()];
    let (mut a, mut b) = (0, 0);
    while a < old.len() && b < new.len() {
        if likeness[a][b] > 0 && most[a][b] == likeness[a][b] + most[a + 1][b + 1] {
            pairs[a] = Some(b);
            (a, b) = (a + 1, b + 1);
        } else if most[a][b] == most[a + 1][b] {
            a += 1;
        } else {
            b += 1;
        }
    }
    pairs
}

/// How much two items have in common; flags as `--level=2` have their name.
fn likeness(old: &Value, new: &Value) -> usize {
    match (old, new) {
        (Value::Object(a), Value::Object(b)) => a
            .iter()
            .filter_map(|(key, value)| Some((value, b.get(key)?)))
            .map(|(old, new)| 1 + 2 * usize::from(old == new))
            .sum(),
        (Value::String(a), Value::String(b)) => {
            let flag = |text: &str| text.split_once('=').map(|(name, _)| name.to_owned());
            usize::from(flag(a).is_some_and(|name| flag(b) == Some(name)))
        }
        _ => 0,
    }
}
