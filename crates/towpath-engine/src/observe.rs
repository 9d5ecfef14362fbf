//! Step 2, the part that is not in files: releases, branches, and the ledger, made into a snapshot.
//!
//! What cannot be reached is said in the snapshot, never taken for "nothing there". Asks registries
//! for no more manifests than the plan can need. Next: `towpath_core::plan`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use towpath_artifact::{Manifest, RevisionRef};
use towpath_core::chain;
use towpath_core::finding::Finding;
use towpath_core::id::{BranchName, CommitId, ComponentName, Digest};
use towpath_core::path::{Component, ReleaseStream};
use towpath_core::record::{Event, History};
use towpath_core::release::{Reach, Release, Releases, Seen};
use towpath_core::running::Reports;
use towpath_core::snapshot::Snapshot;
use towpath_core::source::Answers;
use towpath_core::tracking::Tracking;
use towpath_core::version::Version;

use crate::ledger::{self, LedgerError};
use crate::locate;
use crate::ports::{ArtifactLocation, Registry, RegistryError, Repository, RepositoryError};
use crate::survey::Survey;

/// Where to look.
pub struct World<'a> {
    /// When this is.
    pub now: Timestamp,
    /// The repository; `None`: the files are a plain folder.
    pub repository: Option<&'a dyn Repository>,
    /// The registries; `None`: stay offline.
    pub registry: Option<&'a dyn Registry>,
    /// The commit that the files were read from.
    pub base: Option<CommitId>,
}

/// Why no snapshot could be taken.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    /// Git could not answer.
    #[error("the repository could not be read")]
    Repository(#[from] RepositoryError),
    /// The ledger could not be read.
    #[error("the ledger could not be read")]
    Ledger(#[from] LedgerError),
    /// A component's releases are at no place that can be understood.
    #[error("the releases of {component} cannot be located")]
    Location {
        /// Which component.
        component: ComponentName,
        /// Why.
        #[source]
        source: locate::LocationError,
    },
}

/// Takes a snapshot.
///
/// # Errors
/// [`ObserveError`]. A registry that cannot be reached is no error; the snapshot says so.
pub fn observe(
    survey: &Survey,
    world: &World<'_>,
    findings: Vec<Finding>,
) -> Result<Snapshot, ObserveError> {
    let history = match world.repository {
        Some(repository) => ledger::fold(&ledger::read(repository)?),
        None => History::default(),
    };
    observe_after(survey, world, findings, history)
}

/// Takes a snapshot with a ledger that was read already.
///
/// # Errors
/// As [`observe`].
pub fn observe_after(
    survey: &Survey,
    world: &World<'_>,
    findings: Vec<Finding>,
    history: History,
) -> Result<Snapshot, ObserveError> {
    let branches = match world.repository {
        Some(repository) => repository.branches()?.into_iter().collect(),
        None => BTreeMap::new(),
    };
    let mut snapshot = Snapshot {
        now: world.now,
        base: world.base.clone(),
        branches,
        pins: survey.resolved.pins.clone().into(),
        releases: BTreeMap::new(),
        contained: BTreeSet::new(),
        running: Reports::default(),
        answers: Answers::default(),
        history,
        findings,
    };
    for component in &survey.resolved.path.components {
        let releases = releases_of(survey, world, component, &snapshot)?;
        snapshot.releases.insert(component.name.clone(), releases);
    }
    if let Some(repository) = world.repository {
        snapshot.contained = contained(repository, &snapshot)?;
    }
    Ok(snapshot)
}

/// The releases that the ledger knows, by version; the last record of a version counts.
fn recorded(history: &History, component: &ComponentName) -> BTreeMap<Version, Release> {
    let mut out = BTreeMap::new();
    for record in history.records() {
        if let Event::Released { component: of, version, tag, digest, commit, .. } = &record.event
            && of == component
        {
            out.insert(
                version.clone(),
                Release {
                    component: component.clone(),
                    version: version.clone(),
                    tag: tag.clone(),
                    digest: Some(digest.clone()),
                    commit: Some(commit.clone()),
                    seen: Seen { ledger: true, ..Seen::default() },
                },
            );
        }
    }
    out
}

fn releases_of(
    survey: &Survey,
    world: &World<'_>,
    component: &Component,
    snapshot: &Snapshot,
) -> Result<Releases, ObserveError> {
    let mut known = recorded(&snapshot.history, &component.name);
    let reach = match &component.releases {
        ReleaseStream::GitTags => match world.repository {
            Some(repository) => {
                git_tags(repository, component, &mut known)?;
                Reach::Reached
            }
            None => Reach::NotAsked,
        },
        ReleaseStream::Elsewhere { location } => Reach::NotListable { location: location.clone() },
        ReleaseStream::Oci { .. } => {
            let location = locate::of(component, &survey.stated.registries).map_err(|source| {
                ObserveError::Location { component: component.name.clone(), source }
            })?;
            match (world.registry, location) {
                (Some(registry), Some(location)) => {
                    let mut joined = known.clone();
                    let asked =
                        from_registry(registry, &location, component, snapshot, &mut joined);
                    match asked {
                        Ok(()) => {
                            known = joined;
                            Reach::Reached
                        }
                        Err(error) => unreachable(&location, &error),
                    }
                }
                _ => Reach::NotAsked,
            }
        }
    };
    Ok(Releases { list: known.into_values().collect(), reach })
}

fn git_tags(
    repository: &dyn Repository,
    component: &Component,
    known: &mut BTreeMap<Version, Release>,
) -> Result<(), RepositoryError> {
    for (tag, commit) in repository.tags()? {
        let Ok(version) = Version::parse(&tag) else { continue };
        let release = known.entry(version.clone()).or_insert_with(|| Release {
            component: component.name.clone(),
            version,
            tag,
            digest: None,
            commit: None,
            seen: Seen::default(),
        });
        release.seen.differs = release.commit.as_ref().is_some_and(|c| *c != commit);
        release.seen.source = true;
        release.commit = Some(commit);
    }
    Ok(())
}

/// Joins the tags of the registry; asks for the manifests of those that matter.
fn from_registry(
    registry: &dyn Registry,
    location: &ArtifactLocation,
    component: &Component,
    snapshot: &Snapshot,
    known: &mut BTreeMap<Version, Release>,
) -> Result<(), RegistryError> {
    for tag in registry.tags(location)? {
        // Two-part tags and signatures are no versions for Flux either.
        let Ok(version) = Version::parse(&tag) else { continue };
        let release = known.entry(version.clone()).or_insert_with(|| Release {
            component: component.name.clone(),
            version,
            tag,
            digest: None,
            commit: None,
            seen: Seen::default(),
        });
        release.seen.source = true;
    }
    for version in that_matter(component, snapshot, known) {
        let Some(release) = known.get_mut(&version) else { continue };
        if !release.seen.source {
            continue;
        }
        compare(registry, location, release)?;
    }
    Ok(())
}

/// Asks what a release's tag names now, and compares that with what is known of it.
fn compare(
    registry: &dyn Registry,
    location: &ArtifactLocation,
    release: &mut Release,
) -> Result<(), RegistryError> {
    let Some(manifest) = registry.manifest(location, &release.tag)? else {
        release.seen.source = false;
        return Ok(());
    };
    release.seen.differs = release.digest.as_ref().is_some_and(|d| *d != manifest.digest);
    if release.commit.is_none() {
        release.commit = commit_of(&manifest.bytes);
    }
    release.digest = Some(manifest.digest);
    Ok(())
}

/// A snapshot in which this version is compared with the registry; `None` where it is already.
/// For a version that somebody asked for, which [`observe`] could not know of.
///
/// # Errors
/// [`ObserveError::Location`].
pub fn with_compared(
    survey: &Survey,
    registry: &dyn Registry,
    snapshot: &Snapshot,
    component: &ComponentName,
    version: &Version,
) -> Result<Option<Snapshot>, ObserveError> {
    let path = &survey.resolved.path;
    let Some(component) = path.component(component) else { return Ok(None) };
    let Some(releases) = snapshot.releases.get(&component.name) else { return Ok(None) };
    let known = releases.list.iter().map(|r| (r.version.clone(), r.clone())).collect();
    let of_interest = releases.find(version).is_some_and(|r| r.seen.source)
        && releases.reach == Reach::Reached
        && !that_matter(component, snapshot, &known).contains(version);
    let location = locate::of(component, &survey.stated.registries)
        .map_err(|source| ObserveError::Location { component: component.name.clone(), source })?;
    let (true, Some(location)) = (of_interest, location) else { return Ok(None) };
    let mut snapshot = snapshot.clone();
    let releases = snapshot.releases.get_mut(&component.name);
    let Some(releases) = releases else { return Ok(None) };
    for release in releases.list.iter_mut().filter(|r| r.version == *version) {
        if let Err(error) = compare(registry, &location, release) {
            release.seen.source = false;
            releases.reach = unreachable(&location, &error);
        }
    }
    Ok(Some(snapshot))
}

fn unreachable(location: &ArtifactLocation, error: &RegistryError) -> Reach {
    Reach::Unreachable { location: location.to_string(), why: chain(error).replace('\n', " ") }
}

/// The versions that a pin means or a plan can offer: the newest, the newest final one, the highest of
/// each range, and each exact one.
fn that_matter(
    component: &Component,
    snapshot: &Snapshot,
    known: &BTreeMap<Version, Release>,
) -> BTreeSet<Version> {
    let mut out = BTreeSet::new();
    out.extend(known.keys().next_back().cloned());
    out.extend(known.keys().rev().find(|v| !v.is_prerelease()).cloned());
    for pin in snapshot.pins.iter().filter(|p| p.component == component.name) {
        match &pin.tracking {
            Tracking::Semver(range) => out.extend(range.highest(known.keys()).cloned()),
            Tracking::Exact(exact) => {
                let tagged = known.values().find(|r| Some(&r.tag) == exact.tag.as_ref());
                out.extend(tagged.map(|r| r.version.clone()));
            }
            Tracking::Branch(_) => {}
        }
    }
    out
}

fn commit_of(manifest: &[u8]) -> Option<CommitId> {
    let manifest = Manifest::parse(manifest).ok()?;
    let revision = RevisionRef::parse(manifest.revision()?).ok()?;
    CommitId::parse(&revision.commit).ok()
}

/// For each followed branch, the newest final release that it contains, and any newer prerelease.
fn contained(
    repository: &dyn Repository,
    snapshot: &Snapshot,
) -> Result<BTreeSet<(BranchName, CommitId)>, RepositoryError> {
    let mut wanted: BTreeSet<(&BranchName, &ComponentName)> = BTreeSet::new();
    for pin in snapshot.pins.iter() {
        if let Tracking::Branch(branch) = &pin.tracking {
            wanted.insert((branch, &pin.component));
        }
    }
    let mut out = BTreeSet::new();
    for (branch, component) in wanted {
        let Some(head) = snapshot.branches.get(branch) else { continue };
        let Some(releases) = snapshot.releases.get(component) else { continue };
        for release in releases.list.iter().rev() {
            let Some(commit) = &release.commit else { continue };
            if repository.is_ancestor(commit, head)? {
                out.insert((branch.clone(), commit.clone()));
                if !release.version.is_prerelease() {
                    break;
                }
            }
        }
    }
    Ok(out)
}

/// A digest of the artifact crate as one of core.
pub(crate) fn core_digest(digest: &towpath_artifact::Digest) -> Digest {
    Digest::parse(digest.as_str()).expect("both crates name SHA-256 digests alike")
}
