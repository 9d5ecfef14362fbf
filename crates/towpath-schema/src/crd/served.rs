//! Versions of one definition that differ from each other, as far as the old definition's did not.
//!
//! Every object is readable in every served version. What one accepts and another refuses is a trap
//! unless a webhook converts between them.

use std::collections::BTreeMap;

use super::found::{Finding, Found};
use super::{Change, Definition, Effect, Example, Place, Rule, RuleId, conversion, walk};

const ONE: &str = "\
versions:
- {name: v1beta1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
";

pub(super) const DIFFER: Rule = Rule {
    id: "crd-served-versions-differ",
    place: Place::Served,
    title: "A served version is stricter than an older one that is served beside it",
    why: "\
Objects written in the older version are read in the newer one and may be invalid there, or lose fields. With a webhook that
converts this is expected, and neutral; without one it is a trap. Only what the old definition had not is told.",
    found: Example {
        before: ONE,
        after: "\
versions:
- {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, required: [spec]}}}
- {name: v1beta1, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}
",
    },
    effect: Effect::Tightening,
    passes: Example { before: ONE, after: "\
versions:
- {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
- {name: v1beta1, served: true, storage: false, schema: {openAPIV3Schema: {type: object}}}
" },
};

/// A difference between two versions, without its words.
type Key = (String, String, String, RuleId);

pub(super) fn compare(old: &Definition, new: &Definition, found: &mut Found) {
    let before = differences(old);
    let effect = if conversion::converts(new) { Effect::Neutral } else { Effect::Tightening };
    for ((from, to, path, rule), change) in differences(new) {
        let key = (from, to, path, rule);
        let same = |was: &Change| was.message == change.message;
        if before.get(&key).is_some_and(same) {
            continue;
        }
        let (from, to, path, rule) = key;
        let message = format!("{to} differs from {from}: {} ({})", change.message, rule.as_str());
        let (was, is) = (None, None);
        let rule = RuleId::ServedVersionsDiffer;
        found.add_for(Finding { rule, effect, path: &path, was, is, message }, vec![from, to]);
    }
}

/// What is stricter in a newer served version than in an older one.
fn differences(definition: &Definition) -> BTreeMap<Key, Change> {
    let mut served: Vec<_> = definition.versions.iter().filter(|version| version.served).collect();
    served.sort_by_key(|version| rank(&version.name));
    let mut differences = BTreeMap::new();
    for (place, older) in served.iter().enumerate() {
        for newer in &served[place + 1..] {
            let mut found = Found::default();
            walk::compare(&older.schema, &newer.schema, &mut found);
            for change in found.into_changes() {
                if change.effect != Effect::Tightening {
                    continue;
                }
                let (from, to) = (older.name.clone(), newer.name.clone());
                differences.insert((from, to, change.path.clone(), change.rule), change);
            }
        }
    }
    differences
}

/// Orders versions as Kubernetes does: `v1alpha1`, `v1beta1`, `v1`, `v2`; what is no version comes first.
fn rank(name: &str) -> (u8, u64, u64, String) {
    let parse = || {
        let rest = name.strip_prefix('v')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let major: u64 = rest[..digits].parse().ok()?;
        let (stage, minor) = match &rest[digits..] {
            "" => (3, "0"),
            rest => match (rest.strip_prefix("beta"), rest.strip_prefix("alpha")) {
                (Some(minor), _) => (2, minor),
                (_, Some(minor)) => (1, minor),
                _ => return None,
            },
        };
        Some((stage, major, minor.parse().ok()?, String::new()))
    };
    parse().unwrap_or((0, 0, 0, name.to_owned()))
}
