//! The order of environments: by their names where all are well known, else by their policies.
//!
//! Environments of the same rank and policy stand side by side, each after those of the level
//! before. Must not overrule `after` where it is stated.

use std::collections::BTreeMap;

use towpath_core::id::EnvironmentName;
use towpath_core::path::Environment;
use towpath_core::tracking::Policy;

use super::OrderReason;
use super::environments::Draft;
use super::naming::{MIDDLE, is_production, word_in};

/// Where an environment stands: by rank or policy, whichever says more, then by the other.
type Level = (u8, u8);

/// Makes environments of the drafts, in an order for [`towpath_core::path::Path::new`]: earlier levels
/// first, names within a level, sandboxes last. `policies` has one for each draft, by its first
/// component.
pub(super) fn arrange(drafts: &mut [Draft<'_>], policies: &[Option<Policy>]) -> Vec<Environment> {
    let rank = |draft: &Draft<'_>| word_in(draft.name.as_str()).map(|word| word.rank);
    let known = drafts.iter().filter(|draft| !draft.sandbox).all(|draft| rank(draft).is_some());
    let level_of = |draft: &Draft<'_>, policy: Option<Policy>| {
        let policy = draft.stated.and_then(|stated| stated.tracks).or(policy);
        // Without a pin an environment says nothing of its place: neither first nor last.
        let policy = policy.unwrap_or(Policy::Semver) as u8;
        let rank = rank(draft).unwrap_or(MIDDLE);
        if known { (rank, policy) } else { (policy, rank) }
    };
    let mut levels: BTreeMap<Level, Vec<EnvironmentName>> = BTreeMap::new();
    let keys: Vec<Level> =
        drafts.iter().zip(policies).map(|(draft, policy)| level_of(draft, *policy)).collect();
    for (draft, key) in drafts.iter().zip(&keys).filter(|(draft, _)| !draft.sandbox) {
        levels.entry(*key).or_default().push(draft.name.clone());
    }
    levels.values_mut().for_each(|names| names.sort());

    let mut arranged: Vec<((bool, Level), Environment)> = Vec::new();
    for (draft, key) in drafts.iter_mut().zip(keys) {
        let stated = draft.stated.and_then(|stated| stated.after.clone());
        draft.order = match (&stated, draft.sandbox) {
            (Some(_), _) => OrderReason::Stated,
            (None, true) => OrderReason::Sandbox,
            (None, false) if known => OrderReason::Name,
            (None, false) => OrderReason::Policy,
        };
        let before = || levels.range(..key).next_back().map(|(_, names)| names.clone());
        let after = match stated {
            Some(after) => after,
            None if draft.sandbox => Vec::new(),
            None => before().unwrap_or_default(),
        };
        let said = draft.stated.and_then(|stated| stated.production);
        let environment = Environment {
            name: draft.name.clone(),
            clusters: draft.clusters.iter().map(|(_, cluster)| cluster.clone()).collect(),
            after,
            stated: draft.stated.and_then(|stated| stated.tracks),
            gates: draft.stated.map(|stated| stated.gates.clone()).unwrap_or_default(),
            conduct: draft.stated.map(|stated| stated.conduct.clone()).unwrap_or_default(),
            production: said
                .unwrap_or_else(|| !draft.sandbox && is_production(draft.name.as_str())),
            kubernetes: draft.stated.and_then(|stated| stated.kubernetes),
            sandbox: draft.sandbox,
        };
        arranged.push(((draft.sandbox, key), environment));
    }
    arranged.sort_by(|(a, x), (b, y)| (a, &x.name).cmp(&(b, &y.name)));
    arranged.into_iter().map(|(_, environment)| environment).collect()
}
