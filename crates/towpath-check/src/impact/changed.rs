//! Objects of two states of a path, side by side. Must not judge what changed.

use std::collections::BTreeMap;

use towpath_core::id::{ClusterName, EnvironmentName};

use crate::given::Given;
use crate::subject::{Head, Source, Subject, Target, TargetId};

/// An object before and after, and where. At least one side has it.
pub(super) struct Pair<'g> {
    pub(super) was: Option<&'g Subject>,
    pub(super) is: Option<&'g Subject>,
    /// Who has both, by their place among the targets of the state after.
    pub(super) targets: Vec<TargetId>,
}

/// Group, kind, namespace and name.
type Key<'g> = (&'g str, &'g str, &'g str, &'g str);
/// Where a cluster stands on the path.
type Place = Option<(EnvironmentName, ClusterName)>;

/// The objects that are wanted, of the targets that both states have. Versions of the API count for nothing. An object
/// that is the same on both sides is left out.
pub(super) fn pairs<'g>(
    before: &'g Given,
    after: &'g Given,
    wanted: impl Fn(&Head) -> bool,
) -> Vec<Pair<'g>> {
    let places: BTreeMap<Place, TargetId> = by_place(&after.targets);
    let back: BTreeMap<TargetId, TargetId> = by_place(&before.targets)
        .into_iter()
        .filter_map(|(place, id)| Some((id, *places.get(&place)?)))
        .collect();
    let common: Vec<TargetId> = back.values().copied().collect();

    let mut found: BTreeMap<(Key<'g>, TargetId), (Option<usize>, Option<usize>)> = BTreeMap::new();
    for (number, head) in objects(before).filter(|(_, head)| wanted(head)) {
        for id in ids(before, head).into_iter().filter_map(|id| back.get(&id)) {
            found.entry((key(head), *id)).or_default().0 = Some(number);
        }
    }
    for (number, head) in objects(after).filter(|(_, head)| wanted(head)) {
        for id in ids(after, head).into_iter().filter(|id| common.contains(id)) {
            found.entry((key(head), id)).or_default().1 = Some(number);
        }
    }

    // What several targets share is compared once.
    let mut grouped: BTreeMap<(Key<'g>, Option<usize>, Option<usize>), Vec<TargetId>> =
        BTreeMap::new();
    for ((key, id), (was, is)) in found {
        grouped.entry((key, was, is)).or_default().push(id);
    }
    let pairs = grouped.into_iter().map(|((_, was, is), targets)| Pair {
        was: was.map(|number| &before.subjects[number]),
        is: is.map(|number| &after.subjects[number]),
        targets,
    });
    pairs.filter(|pair| pair.was.map(|it| &it.value) != pair.is.map(|it| &it.value)).collect()
}

/// What is delivered: what Helm has stored or a cluster says besides is no part of a change.
fn objects(given: &Given) -> impl Iterator<Item = (usize, &Head)> {
    let all = given.subjects.iter().map(|subject| &subject.head).enumerate();
    all.filter(|(_, head)| matches!(head.source, Source::File | Source::Rendered))
}

/// Those who have an object: all where nobody is known to.
pub(super) fn ids(given: &Given, head: &Head) -> Vec<TargetId> {
    if head.targets.is_empty() {
        (0..).map(TargetId).take(given.targets.len()).collect()
    } else {
        head.targets.to_vec()
    }
}

fn key(head: &Head) -> Key<'_> {
    (head.gvk().group, &head.kind, &head.namespace, &head.name)
}

fn by_place(targets: &[Target]) -> BTreeMap<Place, TargetId> {
    (0..).map(TargetId).zip(targets).map(|(id, target)| (target.place.clone(), id)).collect()
}
