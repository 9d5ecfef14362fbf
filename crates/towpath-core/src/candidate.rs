//! Which release may enter an environment next: the one asked for, the one to go back to, or the newest that
//! every environment before it has.
//!
//! Must not judge gates; that is [`crate::gate`]. Next: [`crate::plan`].

use std::time::Duration;

use jiff::Timestamp;

use crate::conduct::Supersede;
use crate::gate::{Condition, Gate};
use crate::id::{CommitId, ComponentName, Digest, EnvironmentName};
use crate::path::{Environment, Path};
use crate::pin::Pin;
use crate::plan::{Proposal, Request};
use crate::release::{Release, Releases, Seen};
use crate::snapshot::{Snapshot, newest_of, not_whole};
use crate::tracking::Tracking;
use crate::version::Version;
use crate::why::Why;

/// Which release is meant, if any.
pub(crate) enum Choice {
    /// This release is to enter.
    Take { release: Release, why: Vec<Why> },
    /// Nothing can enter, and why.
    Wait(Vec<Why>),
    /// It is ahead of what the path offers, in order where there is no reason against it.
    Stay(Vec<Why>),
    /// What was asked for is refused.
    Refuse(Vec<Why>),
}

/// Which release is meant: the one asked for, the one to go back to, or the one the path offers.
pub(crate) fn choose(
    path: &Path,
    snapshot: &Snapshot,
    environment: &Environment,
    component: &ComponentName,
    proposal: &Proposal,
    request: &Request,
) -> Choice {
    let wanted = if request.rollback && request.to.is_none() {
        match back_to(snapshot, environment, component, proposal, request) {
            Ok(version) => version,
            Err(why) => return Choice::Refuse(why),
        }
    } else if let Some(version) = &request.to {
        version.clone()
    } else {
        return choose_offered(snapshot, proposal, offer(path, snapshot, environment, component));
    };
    // No cluster may go down unasked, so the highest of them is compared and not the lowest.
    if let Some(has) = highest_in(snapshot, &environment.name, component)
        && wanted.cmp_precedence(&has).is_lt()
        && !request.allow_downgrade
        && !request.rollback
    {
        return Choice::Refuse(vec![Why::Downgrade { from: has, to: wanted }]);
    }
    if let Some(has) = &proposal.has
        && wanted.cmp_precedence(has).is_gt()
        && request.rollback
    {
        return Choice::Refuse(vec![Why::NotBack { from: has.clone(), to: wanted }]);
    }
    let releases = snapshot.releases.get(component);
    let release = match releases.and_then(|r| r.meant(&wanted)) {
        Some(release) => release.clone(),
        None if request.rollback && request.to.is_none() => {
            recorded(snapshot, &environment.name, component, wanted)
        }
        None if request.allow_unknown => named(component, wanted, None, Seen::default()),
        None => {
            let reach = releases.and_then(|r| not_whole(&r.reach));
            let unknown = Why::UnknownVersion { version: wanted };
            return Choice::Refuse(std::iter::once(unknown).chain(reach).collect());
        }
    };
    let newer = proposal.newest.as_ref().is_some_and(|n| n.version > release.version);
    let why = newer.then(|| Why::AskedFor { version: release.version.clone() });
    Choice::Take { release, why: why.into_iter().collect() }
}

/// The version to go back to: the last that was verified here and has not failed since. Where nothing was ever verified
/// here because no cluster can be seen, a person goes back to what was here before; the loop does not.
fn back_to(
    snapshot: &Snapshot,
    environment: &Environment,
    component: &ComponentName,
    proposal: &Proposal,
    request: &Request,
) -> Result<Version, Vec<Why>> {
    let (history, name) = (&snapshot.history, &environment.name);
    let below = |version: &Version| {
        proposal.has.as_ref().is_none_or(|has| version < has)
            || highest_in(snapshot, name, component).is_some_and(|has| *version < has)
    };
    let stands = |version: &Version| {
        let known = snapshot.releases.get(component).and_then(|r| r.find(version)).cloned();
        let release = known.unwrap_or_else(|| recorded(snapshot, name, component, version.clone()));
        history.verified(name, &release).is_some()
    };
    let mut verified =
        history.verifications(name, component).map(|(_, v)| &v.release.version).peekable();
    if verified.peek().is_none() && !request.automatic {
        // In the middle of a promotion, what the others still have is what was here before.
        let has = highest_in(snapshot, name, component);
        let last = history.last_good(name, component, has.as_ref());
        return last.ok_or_else(|| vec![Why::NothingToRollBackTo]);
    }
    verified.rfind(|v| below(v) && stands(v)).cloned().ok_or_else(|| vec![Why::NothingVerified])
}

/// What the path offers, unless the environment is ahead of it.
fn choose_offered(snapshot: &Snapshot, proposal: &Proposal, offer: Offer) -> Choice {
    let mut why = offer.why;
    let Some(release) = offer.release else { return Choice::Wait(why) };
    let Some(has) = proposal.has.clone().filter(|has| *has > release.version) else {
        return Choice::Take { release, why };
    };
    let releases = snapshot.releases.get(&proposal.component);
    match offer.lowest {
        Some(previous) if has > previous => why.push(Why::AheadOfPrevious { has, previous }),
        _ if why.is_empty() && releases.is_some_and(|r| r.find(&has).is_none()) => {
            why.push(Why::UnknownVersion { version: has });
        }
        _ => {}
    }
    Choice::Stay(why)
}

/// A release that only the ledger's promotions tell of: it was in the environment, whoever made it.
pub(crate) fn recorded(
    snapshot: &Snapshot,
    environment: &EnvironmentName,
    component: &ComponentName,
    version: Version,
) -> Release {
    let mut promotions = snapshot.history.promotions(environment, component).rev();
    let digest = promotions.find(|(_, p)| p.version == version).and_then(|(_, p)| p.digest.clone());
    named(component, version, digest, Seen { ledger: true, ..Seen::default() })
}

/// A release of which little more is known than its name.
fn named(
    component: &ComponentName,
    version: Version,
    digest: Option<Digest>,
    seen: Seen,
) -> Release {
    let tag = version.original().to_owned();
    Release { component: component.clone(), version, tag, digest, commit: None, seen }
}

/// What the environments before one offer it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Offer {
    /// The release that may come next.
    release: Option<Release>,
    /// Why it is not the newest, or why there is none.
    why: Vec<Why>,
    /// The lowest version that an environment before it has.
    lowest: Option<Version>,
}

/// The highest version that a cluster of an environment is known to have of a component.
fn highest_in(
    snapshot: &Snapshot,
    environment: &EnvironmentName,
    component: &ComponentName,
) -> Option<Version> {
    let stretches = snapshot.pins.stretches(environment, component);
    stretches.filter_map(|pins| meant(snapshot, pins.first()?)).max().cloned()
}

/// The version that an environment has of a component: the lowest of its clusters.
pub(crate) fn version_in(
    snapshot: &Snapshot,
    environment: &EnvironmentName,
    component: &ComponentName,
) -> Option<Version> {
    let stretches = snapshot.pins.stretches(environment, component);
    let versions = stretches.map(|pins| meant(snapshot, pins.first()?));
    versions.collect::<Option<Vec<_>>>()?.into_iter().min().cloned()
}

/// The version that a pin means: of a branch, the newest release that it contains.
pub(crate) fn version_at(snapshot: &Snapshot, pin: &Pin) -> Option<Version> {
    meant(snapshot, pin).cloned()
}

/// The version that a pin means, where it stands.
pub(crate) fn meant<'a>(snapshot: &'a Snapshot, pin: &'a Pin) -> Option<&'a Version> {
    let Tracking::Branch(branch) = &pin.tracking else {
        return snapshot.version_of(&pin.component, &pin.tracking);
    };
    let contains =
        |commit: &CommitId| snapshot.contained.contains(&(branch.clone(), commit.clone()));
    let on_branch = |r: &&Release| r.commit.as_ref().is_some_and(contains);
    let list = &snapshot.releases.get(&pin.component)?.list;
    newest_of(list.iter().filter(on_branch)).map(|r| &r.version)
}

/// The environments that come before one and have the component; those without it are looked through.
pub(crate) fn previous_with<'a>(
    path: &'a Path,
    snapshot: &Snapshot,
    environment: &Environment,
    component: &ComponentName,
) -> Vec<&'a Environment> {
    let mut out: Vec<&Environment> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut ask: Vec<&EnvironmentName> = environment.after.iter().collect();
    while let Some(name) = ask.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let Some(found) = path.environment(name) else { continue };
        if !snapshot.pins.of(name, component).is_empty() {
            out.push(found);
        } else {
            ask.extend(found.after.iter());
        }
    }
    out.sort_by_key(|e| path.environments().iter().position(|x| x.name == e.name));
    out
}

/// What may come next into `environment`.
fn offer(
    path: &Path,
    snapshot: &Snapshot,
    environment: &Environment,
    component: &ComponentName,
) -> Offer {
    let Some(releases) = snapshot.releases.get(component) else {
        let why = vec![Why::NoRelease { component: component.clone() }];
        return Offer { why, ..Offer::default() };
    };
    let mut why: Vec<Why> = not_whole(&releases.reach).into_iter().collect();
    let Some(newest) = snapshot.newest(component) else {
        if why.is_empty() {
            why.push(Why::NoRelease { component: component.clone() });
        }
        return Offer { why, ..Offer::default() };
    };
    let mut lowest: Option<Version> = None;
    let mut known = true;
    for previous in previous_with(path, snapshot, environment, component) {
        let has = version_in(snapshot, &previous.name, component);
        if has.as_ref().is_none_or(|v| *v < newest.version) {
            why.extend(why_behind(snapshot, previous, component, newest, has.as_ref()));
        }
        known &= has.is_some();
        lowest = lowest.into_iter().chain(has).min();
    }
    let release = match &lowest {
        _ if !known => None,
        Some(bound) if *bound < newest.version => highest_up_to(releases, bound, newest),
        _ => Some(newest.clone()),
    };
    let release = match environment.conduct.supersede {
        Supersede::Latest => release,
        Supersede::Every => next_in_turn(path, snapshot, environment, component).or(release),
    };
    Offer { release, why, lowest }
}

/// The lowest release above what an environment has that every environment before has, or has had and found good. One
/// that they have left behind before it was good enough for the gates is passed over: it would be waited for forever.
fn next_in_turn(
    path: &Path,
    snapshot: &Snapshot,
    environment: &Environment,
    component: &ComponentName,
) -> Option<Release> {
    let has = version_in(snapshot, &environment.name, component);
    let previous = previous_with(path, snapshot, environment, component);
    let history = &snapshot.history;
    let passed = |environment: &&Environment, release: &Release| {
        history.verified(&environment.name, release).is_some()
            || history.soaked(&environment.name, release).is_some()
    };
    let has_it = |environment: &EnvironmentName, release: &Release| {
        version_in(snapshot, environment, component).as_ref() == Some(&release.version)
    };
    let can_pass = |gate: &Gate, release: &Release| match &gate.condition {
        Condition::Soak { duration } => previous.iter().all(|e| {
            let soak = history.soaked(&e.name, release);
            has_it(&e.name, release) || soak.is_some_and(|soak| is_as_long(soak, *duration))
        }),
        Condition::Verified { from, any } => {
            let verified =
                |e: &EnvironmentName| has_it(e, release) || history.verified(e, release).is_some();
            if *any { from.iter().any(verified) } else { from.iter().all(verified) }
        }
        Condition::Test { name, environments } => {
            let tested = |e: &EnvironmentName| {
                let last = history.last_test(e, release, name);
                has_it(e, release) || last.is_some_and(|run| run.passed)
            };
            match environments.as_slice() {
                [] => previous.iter().all(|e| tested(&e.name)),
                named => named.iter().all(tested),
            }
        }
        _ => true,
    };
    let list = &snapshot.releases.get(component)?.list;
    let above = list.iter().filter(|r| {
        !r.version.is_prerelease()
            && !snapshot.is_gone(r)
            && has.as_ref().is_some_and(|has| r.version > *has)
            && history.failure(&environment.name, r).is_none()
    });
    let offered = above.filter(|r| {
        previous.iter().all(|e| has_it(&e.name, r) || passed(e, r))
            && environment.gates.iter().all(|gate| can_pass(gate, r))
    });
    offered.min_by(|a, b| a.version.cmp(&b.version)).cloned()
}

/// Whether a recorded soak, from when to when, was as long as this.
pub(crate) fn is_as_long((since, until): (Timestamp, Timestamp), need: Duration) -> bool {
    since <= until && until.duration_since(since).unsigned_abs() >= need
}

/// The release under `bound`, or, where that is a prerelease and the newest is none, the one before it that
/// is none either. A version that nobody knows offers nothing: what came before it may never have been there.
fn highest_up_to(releases: &Releases, bound: &Version, newest: &Release) -> Option<Release> {
    let found = releases.find(bound)?;
    if !found.version.is_prerelease() || newest.version.is_prerelease() {
        return Some(found.clone());
    }
    let below = |r: &&Release| r.version < *bound && !r.version.is_prerelease();
    newest_of(releases.list.iter().filter(below)).cloned()
}

/// Why `previous` does not have `wanted`.
fn why_behind(
    snapshot: &Snapshot,
    previous: &Environment,
    component: &ComponentName,
    wanted: &Release,
    has: Option<&Version>,
) -> Vec<Why> {
    let mut out = vec![Why::NotInPrevious {
        environment: previous.name.clone(),
        has: has.cloned(),
        wanted: wanted.version.clone(),
    }];
    for pin in snapshot.pins.stretches(&previous.name, component).filter_map(<[_]>::first) {
        if let Some(reason) = why_pin_behind(snapshot, pin, wanted)
            && !out.contains(&reason)
        {
            out.push(reason);
        }
    }
    out
}

/// Why a pin that moves by itself does not mean `wanted`; `None` where it does, and for an exact pin, which
/// only a promotion moves.
pub(crate) fn why_pin_behind(snapshot: &Snapshot, pin: &Pin, wanted: &Release) -> Option<Why> {
    if meant(snapshot, pin).is_some_and(|v| *v >= wanted.version) {
        return None;
    }
    let version = wanted.version.clone();
    match (&pin.tracking, &wanted.commit) {
        (Tracking::Branch(branch), _) if !snapshot.branches.contains_key(branch) => {
            Some(Why::BranchUnknown { branch: branch.clone() })
        }
        (Tracking::Branch(branch), Some(commit)) => {
            Some(Why::NotOnBranch { branch: branch.clone(), version, commit: commit.clone() })
        }
        (Tracking::Branch(_), None) => Some(Why::CommitUnknown { version }),
        (Tracking::Semver(range), _) if !range.matches(&version) => {
            Some(Why::OutsideRange { range: range.clone(), version })
        }
        (Tracking::Semver(_), _) => {
            snapshot.is_gone(wanted).then_some(Why::NotInRegistry { version })
        }
        (Tracking::Exact(_), _) => None,
    }
}
