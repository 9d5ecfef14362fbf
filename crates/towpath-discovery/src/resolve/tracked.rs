//! How environments follow components: the pins of their clusters, summed up.
//!
//! Must not decide what is right; two clusters of one environment that differ are noted, not judged.

use std::collections::{BTreeMap, BTreeSet};

use towpath_core::id::{ClusterName, ComponentName, EnvironmentName};
use towpath_core::pin::{Location, NotEditable, Pin};
use towpath_core::tracking::{Policy, Tracking};

use super::candidates::Candidate;
use super::components::Components;
use super::environments::Draft;
use super::{Disagreement, Origin, Tracked};

/// For each draft, the policy of its first component; `None` where it has no pin.
pub(super) fn policies(drafts: &[Draft<'_>], components: &Components) -> Vec<Option<Policy>> {
    let mut of_cluster: BTreeMap<usize, usize> = BTreeMap::new();
    for (position, draft) in drafts.iter().enumerate() {
        of_cluster.extend(draft.clusters.iter().map(|(cluster, _)| (*cluster, position)));
    }
    let mut found: BTreeMap<(usize, usize), Vec<&Tracking>> = BTreeMap::new();
    for (component, candidate) in &components.pins {
        let draft = of_cluster[&candidate.cluster];
        found.entry((draft, *component)).or_default().push(&candidate.reading.tracking);
    }
    let first = |draft: usize| {
        let of_draft = found.range((draft, 0)..(draft + 1, 0)).next();
        of_draft.and_then(|(_, all)| by_count(all.iter().copied()).first().map(|(t, _)| t.policy()))
    };
    (0..drafts.len()).map(first).collect()
}

/// Different values with the positions that have them: the most common first, of equals the one that
/// came first.
fn by_count<'a>(all: impl Iterator<Item = &'a Tracking>) -> Vec<(&'a Tracking, Vec<usize>)> {
    let mut values: Vec<(&Tracking, Vec<usize>)> = Vec::new();
    let mut known: BTreeMap<(Policy, String), usize> = BTreeMap::new();
    for (position, tracking) in all.enumerate() {
        let key = (tracking.policy(), tracking.value());
        let at = *known.entry(key).or_insert_with(|| {
            values.push((tracking, Vec::new()));
            values.len() - 1
        });
        values[at].1.push(position);
    }
    values.sort_by_key(|(_, positions)| std::cmp::Reverse(positions.len()));
    values
}

/// Every pin in the order of the path, and what they come to.
pub(super) fn pins(
    drafts: &[Draft<'_>],
    components: &[ComponentName],
    candidates: Vec<(usize, Candidate)>,
) -> (Vec<Pin>, Vec<Tracked>, Vec<Disagreement>) {
    let mut place: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for (environment, draft) in drafts.iter().enumerate() {
        for (order, (cluster, _)) in draft.clusters.iter().enumerate() {
            place.insert(*cluster, (environment, order));
        }
    }
    let mut candidates: Vec<_> = candidates
        .into_iter()
        .map(|(component, candidate)| (place[&candidate.cluster], component, candidate))
        .collect();
    // Stable: several pins of one component on one cluster keep the order of their objects.
    candidates.sort_by_key(|(place, component, _)| (*place, *component));

    let mut groups: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    let mut pins: Vec<Pin> = Vec::new();
    let mut origins: Vec<Origin> = Vec::new();
    for ((environment, order), component, candidate) in candidates {
        let draft = &drafts[environment];
        groups.entry((environment, component)).or_default().push(pins.len());
        origins.push(candidate.origin);
        pins.push(Pin {
            component: components[component].clone(),
            environment: draft.name.clone(),
            cluster: draft.clusters[order].1.name.clone(),
            object: candidate.object.into(),
            field: candidate.reading.field,
            at: candidate.reading.at,
            tracking: candidate.reading.tracking,
            splices: candidate.reading.splices,
        });
    }
    keep_shared(drafts, &mut pins);
    let (mut tracked, mut disagreements) = (Vec::new(), Vec::new());
    for ((environment, component), members) in groups {
        let values = by_count(members.iter().map(|i| &pins[*i].tracking));
        let Some((most, positions)) = values.first() else { continue };
        let first = members[positions[0]];
        let (environment, component) = (&drafts[environment].name, &components[component]);
        tracked.push(Tracked {
            environment: environment.clone(),
            component: component.clone(),
            tracking: (*most).clone(),
            at: pins[first].at.clone(),
            origin: origins[first].clone(),
            pins: members.clone(),
        });
        if values.len() > 1 {
            let clusters = |positions: &[usize]| {
                let mut names: Vec<ClusterName> =
                    positions.iter().map(|p| pins[members[*p]].cluster.clone()).collect();
                names.dedup();
                names
            };
            disagreements.push(Disagreement {
                environment: environment.clone(),
                component: component.clone(),
                values: values.iter().map(|(t, p)| ((*t).clone(), clusters(p))).collect(),
            });
        }
    }
    (pins, tracked, disagreements)
}

/// A value that several environments read, from a base, is not for one of them to change. Sandboxes
/// do not count: they come and go with the files of what they were cloned from.
fn keep_shared(drafts: &[Draft<'_>], pins: &mut [Pin]) {
    let sandboxes: BTreeSet<EnvironmentName> =
        drafts.iter().filter(|draft| draft.sandbox).map(|draft| draft.name.clone()).collect();
    let mut readers: BTreeMap<Location, (EnvironmentName, bool)> = BTreeMap::new();
    for pin in pins.iter().filter(|pin| !sandboxes.contains(&pin.environment)) {
        let first =
            readers.entry(pin.at.clone()).or_insert_with(|| (pin.environment.clone(), false));
        first.1 |= first.0 != pin.environment;
    }
    for pin in pins {
        if pin.splices.is_ok() && readers.get(&pin.at).is_some_and(|(_, shared)| *shared) {
            pin.splices = Err(NotEditable::SharedFile);
        }
    }
}
