//! Components whose versions move together: exactly a set that was verified together, all pins in one commit.
//!
//! The first of them in the order of the path carries the proposal; the others say that they move with it.

use std::collections::BTreeSet;

use super::enter::{Entry, enter};
use super::going::Going;
use super::{Outcome, Planner, Proposal};
use crate::candidate::{previous_with, version_in};
use crate::id::{ClusterName, ComponentName, EnvironmentName};
use crate::placed::{Placed, placed};
use crate::record::SetMember;
use crate::release::Release;
use crate::version::Version;
use crate::why::Why;

/// The proposal for a member of the environment's bundle.
pub(super) fn propose(planner: &Planner<'_, '_>, mut proposal: Proposal) -> Proposal {
    let (snapshot, environment) = (planner.snapshot, planner.environment);
    let here = snapshot.components_of(planner.path, environment);
    let members: Vec<&ComponentName> =
        here.into_iter().filter(|c| environment.conduct.bundle.contains(*c)).collect();
    let Some((first, others)) = members.split_first() else { return proposal };
    let pins_of = |component: &ComponentName| -> Vec<Placed<'_>> {
        placed(snapshot, &environment.name, component)
    };
    if **first == *planner.component {
        let all: Vec<_> =
            members.iter().map(|component| (*component, pins_of(component))).collect();
        if let Going::On(going) = planner.going_on(&proposal, &all) {
            return *going;
        }
    }
    let before: Vec<EnvironmentName> = if planner.request.rollback {
        vec![environment.name.clone()]
    } else {
        previous_with(planner.path, snapshot, environment, first)
            .into_iter()
            .map(|e| e.name.clone())
            .collect()
    };
    let Some(set) = chosen_set(planner, &members, &before) else {
        let components = members.into_iter().cloned().collect();
        proposal.waiting.push(Why::NoVerifiedSet { components, environments: before });
        if planner.request.rollback {
            proposal.outcome = Outcome::Refused;
        }
        return proposal;
    };
    let moves: Option<Vec<Release>> =
        members.iter().map(|c| set.iter().find(|r| r.component == **c).cloned()).collect();
    let Some(mut moves) = moves else { return proposal };
    if **first != *planner.component {
        let mine = moves.into_iter().find(|r| r.component == *planner.component);
        let settled = mine.as_ref().is_some_and(|r| proposal.has.as_ref() == Some(&r.version));
        proposal.candidate = mine;
        match settled {
            // What it has is the set's; a newer release of it alone is no reason to move.
            true if !is_behind(&proposal) => proposal.outcome = Outcome::UpToDate,
            true => {
                let components = members.into_iter().cloned().collect();
                proposal.waiting.push(Why::NoVerifiedSet { components, environments: before });
            }
            false => proposal.waiting.push(Why::MovesWith { component: (*first).clone() }),
        }
        return proposal;
    }
    let lead = moves.remove(0);
    let mut entry = Entry::new(lead, pins_of(first));
    for (release, component) in moves.into_iter().zip(others) {
        entry.moves.push((release, pins_of(component)));
    }
    let ahead = first_ahead(&entry.moves).filter(|_| !planner.request.rollback);
    if ahead.is_some() {
        leave_ahead(&mut entry.moves);
    }
    if planner.request.rollback && is_newer(&proposal, &entry.moves[0].0.version) {
        let version = entry.moves[0].0.version.clone();
        proposal.waiting.push(Why::AskedFor { version });
    }
    let mut proposal = enter(planner, proposal, entry);
    if let (Outcome::UpToDate, Some((has, previous))) = (proposal.outcome, ahead) {
        proposal.waiting.push(Why::AheadOfPrevious { has, previous });
        proposal.outcome = Outcome::Waiting;
    }
    if proposal.waiting.is_empty() && is_behind(&proposal) {
        let components = members.into_iter().cloned().collect();
        proposal.waiting.push(Why::NoVerifiedSet { components, environments: before });
    }
    proposal
}

/// What a cluster has of a member above the set's release, and that release.
fn first_ahead(moves: &[(Release, Vec<Placed<'_>>)]) -> Option<(Version, Version)> {
    moves.iter().find_map(|(release, pins)| {
        let has = pins.iter().filter_map(|p| p.version).find(|v| **v > release.version)?;
        Some((has.clone(), release.version.clone()))
    })
}

/// Leaves out the clusters that are ahead of the set with one of its members: the others beside it would be a set that
/// nobody has seen.
pub(super) fn leave_ahead(moves: &mut [(Release, Vec<Placed<'_>>)]) {
    let mut ahead: BTreeSet<ClusterName> = BTreeSet::new();
    for (release, pins) in moves.iter() {
        let above = pins.iter().filter(|placed| placed.is_above(&release.version));
        ahead.extend(above.flat_map(Placed::clusters).cloned());
    }
    if ahead.is_empty() {
        return;
    }
    for (_, pins) in moves {
        *pins = pins.iter().flat_map(|p| p.on(|cluster| !ahead.contains(cluster))).collect();
    }
}

/// Whether there is a newer release than what the environment has.
fn is_behind(proposal: &Proposal) -> bool {
    proposal.has.as_ref().is_some_and(|has| is_newer(proposal, has))
}

/// Whether there is a newer release than this.
fn is_newer(proposal: &Proposal, than: &Version) -> bool {
    proposal.newest.as_ref().is_some_and(|newest| newest.version > *than)
}

/// The newest set that was verified together in all environments before, or, to go back, the newest one here that is
/// not what is here now. Where nothing comes before: the newest of each.
fn chosen_set(
    planner: &Planner<'_, '_>,
    members: &[&ComponentName],
    before: &[EnvironmentName],
) -> Option<Vec<Release>> {
    let snapshot = planner.snapshot;
    let Some((last, rest)) = before.split_last() else {
        return members.iter().map(|c| snapshot.newest(c).cloned()).collect();
    };
    let sets_of = |environment: &EnvironmentName| -> Vec<Vec<Release>> {
        let mut found: Vec<_> = members
            .iter()
            .flat_map(|c| snapshot.history.verifications(environment, c).collect::<Vec<_>>())
            .collect();
        found.sort_by_key(|(at, _)| *at);
        found.into_iter().rev().filter_map(|(_, v)| releases(planner, members, &v.set)).collect()
    };
    let others: Vec<Vec<Vec<Release>>> = rest.iter().map(sets_of).collect();
    // Seen together, and each of them verified for itself: its tests passed, and nothing failed since.
    let stands = |set: &[Release]| {
        before.iter().all(|e| set.iter().all(|r| snapshot.history.verified(e, r).is_some()))
    };
    let is_here = |set: &[Release]| {
        set.iter().all(|r| {
            version_in(snapshot, &planner.environment.name, &r.component).as_ref()
                == Some(&r.version)
        })
    };
    sets_of(last).into_iter().find(|set| {
        others.iter().all(|sets| sets.contains(set))
            && stands(set)
            && !(planner.request.rollback && is_here(set))
    })
}

/// The releases that a set names for the members; `None` where it lacks one or one is not known.
fn releases(
    planner: &Planner<'_, '_>,
    members: &[&ComponentName],
    set: &[SetMember],
) -> Option<Vec<Release>> {
    members
        .iter()
        .map(|component| {
            let member = set.iter().find(|m| m.component == **component)?;
            let known = planner.snapshot.releases.get(*component)?.find(&member.version)?;
            (known.digest == member.digest || member.digest.is_none()).then(|| known.clone())
        })
        .collect()
}
