//! What could not be compared, and why: each reason once, with all that it keeps from being compared.

use std::collections::{BTreeMap, BTreeSet};

use towpath_engine::rendered::NotCompared;

use super::words;

/// Reasons that are told; the rest is counted.
const MOST: usize = 5;

/// A reason, and what nothing is said of because of it.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Lack {
    pub(super) why: String,
    /// The Kustomizations, as `namespace/name`.
    pub(super) kustomizations: BTreeSet<String>,
    /// Their clusters, as environment and name.
    pub(super) clusters: BTreeSet<(String, String)>,
}

/// The reasons, those that concern most clusters first.
pub(super) fn grouped(all: impl IntoIterator<Item = NotCompared>) -> Vec<Lack> {
    let mut by_why: BTreeMap<String, Lack> = BTreeMap::new();
    for NotCompared { why, kustomization, environment, cluster } in all {
        let lack = by_why.entry(why).or_insert_with_key(|why| Lack {
            why: why.clone(),
            kustomizations: BTreeSet::new(),
            clusters: BTreeSet::new(),
        });
        lack.kustomizations.insert(kustomization.to_string());
        lack.clusters.insert((environment, cluster));
    }
    let mut lacks: Vec<Lack> = by_why.into_values().collect();
    lacks.sort_by_key(|lack| std::cmp::Reverse(lack.clusters.len()));
    lacks
}

/// A line for each reason: `flux-system/apps on production/eu: OCIRepository apps/apps is not at hand: ...`.
pub(super) fn lines(lacks: &[Lack]) -> Vec<String> {
    let line = |lack: &Lack| {
        let kustomizations: Vec<&String> = lack.kustomizations.iter().collect();
        let clusters: Vec<String> =
            lack.clusters.iter().map(|(e, c)| words::cluster(e, c)).collect();
        let (what, on) = (words::some(&kustomizations), words::some(&clusters));
        format!("{what} on {on}: {}", lack.why)
    };
    let mut lines: Vec<String> = lacks.iter().take(MOST).map(line).collect();
    if lacks.len() > MOST {
        lines.push(format!("{} more", lacks.len() - MOST));
    }
    lines
}
