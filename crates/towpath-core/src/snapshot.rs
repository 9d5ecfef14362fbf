//! The snapshot: what is believed of the world, each part with what is not known about it.
//!
//! Values only; gathered by `towpath-engine`, never by this crate. A part that could not be read says so
//! and is never taken for "nothing there". Next: [`crate::plan`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::finding::Finding;
use crate::id::{BranchName, ClusterName, CommitId, ComponentName, EnvironmentName};
use crate::path::{Environment, Path};
use crate::pin::Pin;
use crate::record::History;
use crate::release::{Reach, Release, Releases, Revision};
use crate::tracking::{Policy, Tracking};
use crate::version::Version;
use crate::why::Why;

/// What is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// When it was taken.
    pub now: Timestamp,
    /// The commit the files were read from; `None`: a folder or a work tree.
    pub base: Option<CommitId>,
    /// The branches that are known, with their heads.
    pub branches: BTreeMap<BranchName, CommitId>,
    /// Every pin.
    pub pins: Vec<Pin>,
    /// What is known of each component's releases.
    pub releases: BTreeMap<ComponentName, Releases>,
    /// Pairs of a branch and a release's commit that the branch contains.
    pub contained: BTreeSet<(BranchName, CommitId)>,
    /// What each connected cluster runs. A cluster that is not here is not connected.
    pub running: BTreeMap<ClusterName, Running>,
    /// The ledger, folded.
    pub history: History,
    /// What the checks found.
    pub findings: Vec<Finding>,
}

/// What a connected cluster reports of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The revision it has applied.
    pub revision: Revision,
    /// Since when.
    pub since: Timestamp,
}

/// The version that a pin means now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Desired {
    /// The version, where it has one: a branch's head has none.
    pub version: Option<Version>,
    /// The revision in Flux's form, where it is known.
    pub revision: Option<Revision>,
    /// Why something is not known.
    pub unknown: Option<Why>,
}

impl Snapshot {
    /// The pins of a component in an environment, in the order of the clusters.
    pub fn pins_of<'a>(
        &'a self,
        environment: &'a EnvironmentName,
        component: &'a ComponentName,
    ) -> impl Iterator<Item = &'a Pin> {
        self.pins.iter().filter(move |p| p.environment == *environment && p.component == *component)
    }

    /// The components that an environment has pins for, in the order of the path.
    #[must_use]
    pub fn components_of<'a>(
        &self,
        path: &'a Path,
        environment: &Environment,
    ) -> Vec<&'a ComponentName> {
        path.components
            .iter()
            .map(|c| &c.name)
            .filter(|name| self.pins_of(&environment.name, name).next().is_some())
            .collect()
    }

    /// How an environment is to follow a component: an exact version is demanded of all its components
    /// where it is stated; a stated branch or range only of the first, because charts follow no branch.
    #[must_use]
    pub fn policy(
        &self,
        path: &Path,
        environment: &Environment,
        component: &ComponentName,
        actual: Policy,
    ) -> Policy {
        match environment.stated {
            Some(Policy::Exact) => Policy::Exact,
            Some(stated) if self.components_of(path, environment).first() == Some(&component) => {
                stated
            }
            _ => actual,
        }
    }

    /// What a tracking of a component means now.
    #[must_use]
    pub fn desired(&self, component: &ComponentName, tracking: &Tracking) -> Desired {
        let releases = self.releases.get(component);
        match tracking {
            Tracking::Branch(branch) => match self.branches.get(branch) {
                Some(head) => Desired {
                    version: None,
                    revision: Some(Revision::branch(branch, head)),
                    unknown: None,
                },
                None => Desired {
                    unknown: Some(Why::BranchUnknown { branch: branch.clone() }),
                    ..Desired::default()
                },
            },
            Tracking::Semver(range) => {
                let list = releases.map_or(&[][..], |r| &r.list);
                let highest = range.highest(list.iter().map(|r| &r.version));
                let release = highest.and_then(|v| list.iter().find(|r| r.version == *v));
                let incomplete = releases.and_then(|r| not_whole(&r.reach));
                match release {
                    Some(release) => Desired {
                        version: Some(release.version.clone()),
                        revision: revision_of(release),
                        unknown: incomplete,
                    },
                    None => Desired {
                        unknown: Some(
                            incomplete
                                .unwrap_or_else(|| Why::NothingInRange { range: range.clone() }),
                        ),
                        ..Desired::default()
                    },
                }
            }
            Tracking::Exact(exact) => {
                let release = releases.and_then(|r| {
                    let by_tag = exact.tag.as_deref().and_then(|t| r.tagged(t));
                    by_tag.or_else(|| {
                        r.list.iter().find(|x| exact.digest.is_some() && x.digest == exact.digest)
                    })
                });
                let pinned = match (&exact.digest, &exact.commit) {
                    (Some(d), _) => {
                        Some(Revision::Oci { tag: exact.tag.clone(), digest: d.clone() })
                    }
                    (None, Some(c)) => {
                        Some(Revision::Git { pointer: exact.tag.clone(), commit: c.clone() })
                    }
                    (None, None) => release.and_then(revision_of),
                };
                let version = exact.version.clone().or_else(|| release.map(|r| r.version.clone()));
                let unknown = match (&version, &pinned) {
                    (None, None) | (Some(_), None) => releases.and_then(|r| not_whole(&r.reach)),
                    _ => None,
                };
                Desired { version, revision: pinned, unknown }
            }
        }
    }

    /// The highest release that is no prerelease, or the highest of all where all are prereleases.
    #[must_use]
    pub fn newest(&self, component: &ComponentName) -> Option<&Release> {
        let list = &self.releases.get(component)?.list;
        list.iter().rev().find(|r| !r.version.is_prerelease()).or_else(|| list.last())
    }
}

/// Why a list of releases may lack some; `None` when it is whole.
#[must_use]
pub fn not_whole(reach: &Reach) -> Option<Why> {
    match reach {
        Reach::Reached => None,
        Reach::NotAsked => Some(Why::NotAsked),
        Reach::Unreachable { location, why } => {
            Some(Why::RegistryUnreachable { location: location.clone(), why: why.clone() })
        }
        Reach::NotListable { location } => Some(Why::NotListable { location: location.clone() }),
    }
}

fn revision_of(release: &Release) -> Option<Revision> {
    match (&release.digest, &release.commit) {
        (Some(digest), _) => {
            Some(Revision::Oci { tag: Some(release.tag.clone()), digest: digest.clone() })
        }
        (None, Some(commit)) => {
            Some(Revision::Git { pointer: Some(release.tag.clone()), commit: commit.clone() })
        }
        (None, None) => None,
    }
}
