//! The order in which Flux applies Kustomizations: each behind those it depends on, and behind the one that creates it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Id, Trouble, TroubleKind, Walked};

/// An order, and what is certain of it.
pub(super) struct Order {
    /// Places in the list of Kustomizations, in order.
    pub(super) places: Vec<usize>,
    /// For each Kustomization those that are applied before it, whatever happens.
    pub(super) before: Vec<BTreeSet<usize>>,
}

/// Puts the Kustomizations in order. Where they wait for each other in a circle, the circle is reported and cut.
pub(super) fn order(walked: &[Walked], troubles: &mut Vec<Trouble>) -> Order {
    let places: BTreeMap<&Id, usize> =
        walked.iter().enumerate().map(|(place, walked)| (&walked.id, place)).collect();
    let needed: Vec<Vec<usize>> =
        walked.iter().map(|walked| needed(walked, &places, troubles)).collect();
    let mut order = Order { places: Vec::new(), before: vec![BTreeSet::new(); walked.len()] };
    let mut done = vec![false; walked.len()];
    while order.places.len() < walked.len() {
        let ready = (0..walked.len())
            .find(|place| !done[*place] && needed[*place].iter().all(|on| done[*on]));
        let next = ready.unwrap_or_else(|| {
            let circle = circle(&needed, &done);
            let first = circle.iter().copied().min().unwrap_or_default();
            let ids = circle.iter().map(|place| walked[*place].id.clone()).collect();
            troubles.push(walked[first].trouble(TroubleKind::Cycle(ids)));
            first
        });
        done[next] = true;
        order.places.push(next);
        let mut before = BTreeSet::new();
        for on in needed[next].iter().filter(|on| done[**on] && **on != next) {
            before.insert(*on);
            before.extend(&order.before[*on]);
        }
        order.before[next] = before;
    }
    order
}

fn needed(
    walked: &Walked,
    places: &BTreeMap<&Id, usize>,
    troubles: &mut Vec<Trouble>,
) -> Vec<usize> {
    let mut needed: Vec<usize> =
        walked.parent.iter().filter_map(|parent| places.get(parent).copied()).collect();
    for on in walked.spec.iter().flat_map(|spec| &spec.depends_on) {
        let id = Id { namespace: on.namespace.clone(), name: on.name.clone() };
        match places.get(&id) {
            Some(place) => needed.push(*place),
            None => troubles.push(walked.trouble(TroubleKind::MissingDependency(id))),
        }
    }
    needed
}

/// Some circle among those that are not done, of which each waits for another.
fn circle(needed: &[Vec<usize>], done: &[bool]) -> Vec<usize> {
    let mut way: Vec<usize> = Vec::new();
    let mut at = done.iter().position(|done| !done).unwrap_or_default();
    loop {
        if let Some(start) = way.iter().position(|place| *place == at) {
            return way.split_off(start);
        }
        way.push(at);
        match needed[at].iter().find(|on| !done[**on]) {
            Some(next) => at = *next,
            None => return way,
        }
    }
}
