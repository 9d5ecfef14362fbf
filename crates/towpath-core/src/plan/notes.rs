//! What the ledger should know that no action tells: what was verified, soaked, or failed.
//!
//! Made from the snapshot alone, so whoever notes it notes the same; an event that the ledger has is not made again.
//! Must not decide what moves.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::candidate::{is_as_long, previous_with, version_in};
use crate::conduct::Supersede;
use crate::gate::{Condition, after};
use crate::id::ComponentName;
use crate::path::{Environment, Path};
use crate::placed::{Placed, placed};
use crate::record::{Event, OfRelease, SetMember, Verified};
use crate::release::Release;
use crate::rollout::{Batch, Ended, Having, Rollout, last_promotion, rollout};
use crate::roster::{Roster, Rosters};
use crate::snapshot::Snapshot;

/// How many clusters a failure names: a fleet can have thousands, and what is wrong with them is mostly the same.
const FAILED_NAMED: usize = 5;

/// The events that follow from the snapshot and are not in the ledger yet, in the order of the path.
#[must_use]
pub fn notes(path: &Path, snapshot: &Snapshot) -> Vec<Event> {
    let mut out = Vec::new();
    let rosters = Rosters::new(path, snapshot);
    for environment in path.environments() {
        let roster = rosters.of(environment);
        let good = good(path, roster, environment);
        let set: Vec<SetMember> = good.iter().map(|g| g.member()).collect();
        for one in &good {
            out.extend(verified(snapshot, environment, one, &set));
        }
        for component in snapshot.components_of(path, environment) {
            out.extend(failed(roster, environment, component));
        }
    }
    out.extend(soaked(path, snapshot));
    let mut seen = BTreeSet::new();
    out.retain(|event| seen.insert(format!("{event:?}")));
    out
}

/// When releases that are well now will have been so for long enough to be verified, or to have soaked, and when a
/// promotion that is under way may turn out to have failed.
pub(super) fn notable_at(path: &Path, snapshot: &Snapshot) -> Vec<jiff::Timestamp> {
    let mut out: Vec<_> = soaks(path, snapshot).iter().map(|soak| soak.ends()).collect();
    let rosters = Rosters::new(path, snapshot);
    for environment in path.environments() {
        let long = environment.conduct.verify.healthy_for;
        if !long.is_zero() {
            let good = good(path, rosters.of(environment), environment);
            out.extend(good.iter().map(|g| after(g.since, long)));
        }
        if !environment.conduct.waves.is_empty() {
            let roster = rosters.of(environment);
            for component in snapshot.components_of(path, environment) {
                let under_way = under_way(roster, environment, component);
                out.extend(under_way.iter().flat_map(|(_, it)| it.changes(environment)));
            }
        }
    }
    out
}

/// The releases that every cluster of an environment runs, healthy, one for each component at most.
#[must_use]
pub fn healthy(path: &Path, snapshot: &Snapshot, environment: &Environment) -> Vec<Release> {
    let good = good(path, &Roster::of(snapshot, environment), environment);
    good.into_iter().map(|good| good.release).collect()
}

/// A release that every cluster of an environment runs, healthy.
struct Good {
    release: Release,
    since: jiff::Timestamp,
}

impl Good {
    fn member(&self) -> SetMember {
        SetMember {
            component: self.release.component.clone(),
            version: self.release.version.clone(),
            digest: self.release.digest.clone(),
        }
    }
}

fn of(environment: &Environment, release: &Release) -> OfRelease {
    OfRelease {
        environment: environment.name.clone(),
        component: release.component.clone(),
        version: release.version.clone(),
        digest: release.digest.clone(),
    }
}

fn good(path: &Path, roster: &Roster<'_>, environment: &Environment) -> Vec<Good> {
    let components = roster.snapshot().components_of(path, environment);
    components.into_iter().filter_map(|component| good_of(roster, environment, component)).collect()
}

fn good_of(
    roster: &Roster<'_>,
    environment: &Environment,
    component: &ComponentName,
) -> Option<Good> {
    let snapshot = roster.snapshot();
    let pins = placed(snapshot, &environment.name, component);
    let release = one_release(snapshot, component, &pins)?;
    let rollout = rollout(roster, environment, &[(&release, &pins)], Having::Meaning);
    let is_healthy = rollout.waves.iter().all(|wave| wave.healthy == wave.clusters);
    let since = rollout.waves.iter().filter_map(|wave| wave.healthy_since).max()?;
    is_healthy.then_some(Good { release, since })
}

/// The release that all pins mean; `None` where they differ or it is not known.
fn one_release(
    snapshot: &Snapshot,
    component: &ComponentName,
    pins: &[Placed<'_>],
) -> Option<Release> {
    let version = pins.first()?.version?;
    let all = pins.iter().all(|placed| placed.version == Some(version));
    let release = snapshot.releases.get(component)?.find(version)?;
    all.then(|| release.clone())
}

fn verified(
    snapshot: &Snapshot,
    environment: &Environment,
    good: &Good,
    set: &[SetMember],
) -> Option<Event> {
    let (history, verify) = (&snapshot.history, &environment.conduct.verify);
    if after(good.since, verify.healthy_for) > snapshot.now {
        return None;
    }
    let passed = |test| {
        history.last_test(&environment.name, &good.release, test).is_some_and(|run| run.passed)
    };
    if !verify.tests.iter().all(passed) {
        return None;
    }
    // It was as healthy as this when somebody gave it up.
    let given_up = history.given_up(&environment.name, &good.release);
    if given_up.is_some_and(|at| good.since <= at) {
        return None;
    }
    // The same release with another set is news only to those who promote sets.
    let mut known = history.verifications(&environment.name, &good.release.component);
    let same_set = |v: &Verified| environment.conduct.bundle.is_empty() || v.set == set;
    let is_known = history.verified(&environment.name, &good.release).is_some()
        && known.any(|(_, v)| v.release.is(&environment.name, &good.release) && same_set(v));
    (!is_known).then(|| {
        Event::Verified(Verified {
            release: of(environment, &good.release),
            since: good.since,
            set: set.to_vec(),
        })
    })
}

fn failed(
    roster: &Roster<'_>,
    environment: &Environment,
    component: &ComponentName,
) -> Option<Event> {
    let (release, rollout) = under_way(roster, environment, component)?;
    let Batch::Failed { clusters, .. } = rollout.next else { return None };
    let named = clusters.iter().take(FAILED_NAMED).map(|(c, why)| format!("{c}: {why}"));
    let others = (clusters.len() > FAILED_NAMED).then(|| "and others".to_owned());
    let told: Vec<String> = named.chain(others).collect();
    Some(Event::Failed(of(environment, release), told.join("; ")))
}

/// How the last promotion of a component stands, unless the ledger says how it ended before all clusters had it.
fn under_way<'a>(
    roster: &Roster<'a>,
    environment: &Environment,
    component: &ComponentName,
) -> Option<(&'a Release, Rollout)> {
    let snapshot = roster.snapshot();
    let last = last_promotion(snapshot, environment, component)?;
    if matches!(last.ended, Some(Ended::Failed | Ended::Aborted)) {
        return None;
    }
    let release = snapshot.releases.get(component)?.find(&last.promotion.version)?;
    let pins = placed(snapshot, &environment.name, component);
    let rollout = rollout(roster, environment, &[(release, &pins)], Having::Meaning);
    Some((release, rollout))
}

/// A soak that a release does, which somebody after it has to know of when it is gone.
struct Soak<'a> {
    environment: &'a Environment,
    good: Good,
    need: Duration,
}

impl Soak<'_> {
    fn ends(&self) -> jiff::Timestamp {
        after(self.good.since, self.need)
    }
}

/// The soaks that go on before environments that take each release in turn, whichever release these are busy with: those
/// before may go on, and then nobody can see any more that it soaked.
fn soaks<'a>(path: &'a Path, snapshot: &Snapshot) -> Vec<Soak<'a>> {
    let mut out = Vec::new();
    let rosters = Rosters::new(path, snapshot);
    for environment in path.environments() {
        let stated = environment.gates.iter().filter_map(|gate| match &gate.condition {
            Condition::Soak { duration } => Some(*duration),
            _ => None,
        });
        let Some(need) = stated.max().filter(|_| environment.conduct.supersede == Supersede::Every)
        else {
            continue;
        };
        for component in snapshot.components_of(path, environment) {
            let has = version_in(snapshot, &environment.name, component);
            for before in previous_with(path, snapshot, environment, component) {
                let roster = rosters.of(before);
                let Some(good) = good_of(roster, before, component) else { continue };
                let is_new = has.as_ref().is_none_or(|has| good.release.version > *has);
                let known = snapshot.history.soaked(&before.name, &good.release);
                if is_new && known.is_none_or(|soak| !is_as_long(soak, need)) {
                    out.push(Soak { environment: before, good, need });
                }
            }
        }
    }
    out
}

/// The soaks of [`notes`] alone.
#[must_use]
pub fn soaked(path: &Path, snapshot: &Snapshot) -> Vec<Event> {
    let complete = soaks(path, snapshot).into_iter().filter(|soak| soak.ends() <= snapshot.now);
    complete
        .map(|s| Event::Soaked(of(s.environment, &s.good.release), s.good.since, snapshot.now))
        .collect()
}
