//! Which release may enter an environment next: the newest that every environment before it has.
//!
//! Must not judge gates; that is [`crate::gate`]. Next: [`crate::plan`].

use crate::id::{ComponentName, EnvironmentName};
use crate::path::{Environment, Path};
use crate::release::Release;
use crate::snapshot::{Snapshot, not_whole};
use crate::tracking::Tracking;
use crate::version::Version;
use crate::why::Why;

/// What the environments before one offer it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Offer {
    /// The release that may come next.
    pub(crate) release: Option<Release>,
    /// Why it is not the newest, or why there is none.
    pub(crate) why: Vec<Why>,
}

/// The version that an environment has of a component: the lowest of its clusters.
pub(crate) fn version_in(
    snapshot: &Snapshot,
    environment: &EnvironmentName,
    component: &ComponentName,
) -> Option<Version> {
    let mut lowest: Option<Version> = None;
    for pin in snapshot.pins_of(environment, component) {
        let version = match &pin.tracking {
            Tracking::Branch(branch) => newest_on_branch(snapshot, component, branch)?,
            tracking => snapshot.desired(component, tracking).version?,
        };
        if lowest.as_ref().is_none_or(|l| version < *l) {
            lowest = Some(version);
        }
    }
    lowest
}

fn newest_on_branch(
    snapshot: &Snapshot,
    component: &ComponentName,
    branch: &crate::id::BranchName,
) -> Option<Version> {
    let list = &snapshot.releases.get(component)?.list;
    let on_branch = |r: &&Release| {
        r.commit.as_ref().is_some_and(|c| snapshot.contained.contains(&(branch.clone(), c.clone())))
    };
    list.iter()
        .rev()
        .filter(on_branch)
        .find(|r| !r.version.is_prerelease())
        .or_else(|| list.iter().rev().find(on_branch))
        .map(|r| r.version.clone())
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
        if snapshot.pins_of(name, component).next().is_some() {
            out.push(found);
        } else {
            ask.extend(found.after.iter());
        }
    }
    out.sort_by_key(|e| path.environments().iter().position(|x| x.name == e.name));
    out
}

/// What may come next into `environment`.
pub(crate) fn offer(
    path: &Path,
    snapshot: &Snapshot,
    environment: &Environment,
    component: &ComponentName,
) -> Offer {
    let Some(releases) = snapshot.releases.get(component) else {
        return Offer { release: None, why: vec![Why::NoRelease { component: component.clone() }] };
    };
    let mut why: Vec<Why> = not_whole(&releases.reach).into_iter().collect();
    let Some(newest) = snapshot.newest(component) else {
        if why.is_empty() {
            why.push(Why::NoRelease { component: component.clone() });
        }
        return Offer { release: None, why };
    };
    let mut best = Some(newest.clone());
    for previous in previous_with(path, snapshot, environment, component) {
        let has = version_in(snapshot, &previous.name, component);
        if has.as_ref().is_some_and(|v| *v >= newest.version) {
            continue;
        }
        why.extend(why_behind(snapshot, previous, component, newest, has.as_ref()));
        best = match (best, has) {
            (Some(best), Some(has)) if has < best.version => releases.find(&has).cloned(),
            (best, Some(_)) => best,
            (_, None) => None,
        };
    }
    Offer { release: best, why }
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
    for pin in snapshot.pins_of(&previous.name, component) {
        let reason = match &pin.tracking {
            Tracking::Semver(range) if !range.matches(&wanted.version) => {
                Some(Why::OutsideRange { range: range.clone(), version: wanted.version.clone() })
            }
            Tracking::Branch(branch) => match (&wanted.commit, snapshot.branches.get(branch)) {
                (_, None) => Some(Why::BranchUnknown { branch: branch.clone() }),
                (Some(commit), Some(_)) => Some(Why::NotOnBranch {
                    branch: branch.clone(),
                    version: wanted.version.clone(),
                    commit: commit.clone(),
                }),
                (None, Some(_)) => {
                    Some(Why::PreviousUnknown { environment: previous.name.clone() })
                }
            },
            _ => None,
        };
        if let Some(reason) = reason
            && !out.contains(&reason)
        {
            out.push(reason);
        }
    }
    out
}
