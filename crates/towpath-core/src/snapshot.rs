//! The snapshot: what is believed of the world, each part with what is not known about it.
//!
//! Values only; gathered by `towpath-engine`, never by this crate. A part that could not be read says so
//! and is never taken for "nothing there". Next: [`crate::plan`].

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::finding::Finding;
use crate::id::{BranchName, CommitId, ComponentName, EnvironmentName};
use crate::path::{Environment, Path};
use crate::pin::{Pin, Pins};
use crate::record::History;
use crate::release::{Reach, Release, Releases, Revision};
use crate::running::Reports;
use crate::source::Answers;
use crate::tracking::{Exact, Policy, Tracking};
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
    pub pins: Pins,
    /// What is known of each component's releases.
    pub releases: BTreeMap<ComponentName, Releases>,
    /// Pairs of a branch and a release's commit that the branch contains.
    pub contained: BTreeSet<(BranchName, CommitId)>,
    /// What each connected cluster runs. A cluster that is not here is not connected.
    pub running: Reports,
    /// What sources of alerts and metrics were asked and answered.
    pub answers: Answers,
    /// The ledger, folded.
    pub history: History,
    /// What the checks found.
    pub findings: Vec<Finding>,
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
    /// The pins of a component in an environment, by the names of the clusters and then by place, so that
    /// nothing depends on the order in which they were found.
    pub fn pins_of<'a>(
        &'a self,
        environment: &EnvironmentName,
        component: &ComponentName,
    ) -> impl Iterator<Item = &'a Pin> + use<'a> {
        self.pins.of(environment, component).iter()
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
            .filter(|name| !self.pins.of(&environment.name, name).is_empty())
            .collect()
    }

    /// The first of them: the one that is meant where nobody names any.
    #[must_use]
    pub fn first_component_of<'a>(
        &self,
        path: &'a Path,
        environment: &Environment,
    ) -> Option<&'a ComponentName> {
        let mut names = path.components.iter().map(|c| &c.name);
        names.find(|name| !self.pins.of(&environment.name, name).is_empty())
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
            Some(stated) => {
                let mut names = path.components.iter().map(|c| &c.name);
                let first = names.find(|name| !self.pins.of(&environment.name, name).is_empty());
                if first == Some(component) { stated } else { actual }
            }
            None => actual,
        }
    }

    /// The version that a tracking of a component means now; a branch's head has none.
    pub(crate) fn version_of<'a>(
        &'a self,
        component: &ComponentName,
        tracking: &'a Tracking,
    ) -> Option<&'a Version> {
        let releases = self.releases.get(component);
        match tracking {
            Tracking::Branch(_) => None,
            Tracking::Semver(range) => {
                let list = &releases?.list;
                range.highest(list.iter().filter(|r| !self.is_gone(r)).map(|r| &r.version))
            }
            Tracking::Exact(exact) => match releases.and_then(|r| named(r, exact)) {
                Some(release) => Some(&release.version),
                None => exact.version.as_ref().filter(|_| !misnamed(releases, exact)),
            },
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
                let highest = self.version_of(component, tracking);
                let release = highest.and_then(|v| releases?.find(v));
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
                let release = releases.and_then(|r| named(r, exact));
                let pinned = match (&exact.digest, &exact.commit) {
                    (Some(d), _) => {
                        Some(Revision::Oci { tag: exact.tag.clone(), digest: d.clone() })
                    }
                    (None, Some(c)) => {
                        Some(Revision::Git { pointer: exact.tag.clone(), commit: c.clone() })
                    }
                    (None, None) => release.and_then(revision_of),
                };
                let version = self.version_of(component, tracking).cloned();
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
        newest_of(self.releases.get(component)?.list.iter())
    }

    /// Whether the place of the releases answered and does not have this one.
    #[must_use]
    pub fn is_gone(&self, release: &Release) -> bool {
        let reach = self.releases.get(&release.component).map(|r| &r.reach);
        reach == Some(&Reach::Reached) && !release.seen.source
    }
}

/// The highest that is no prerelease, or the highest of all where all are prereleases.
pub(crate) fn newest_of<'a>(releases: impl Iterator<Item = &'a Release>) -> Option<&'a Release> {
    releases.max_by_key(|r| (!r.version.is_prerelease(), &r.version))
}

/// The release that an exact tracking names. As in Flux, a digest or commit decides, and the tag beside it
/// is only a name (`fluxcd/source-controller:api/v1/ocirepository_types.go`, `OCIRepositoryRef`).
fn named<'a>(releases: &'a Releases, exact: &Exact) -> Option<&'a Release> {
    let tagged = || exact.tag.as_deref().and_then(|tag| releases.tagged(tag));
    let among = |same: &dyn Fn(&&Release) -> bool| match tagged().filter(same) {
        Some(release) => Some(release),
        None => newest_of(releases.list.iter().filter(same)),
    };
    match (&exact.digest, &exact.commit) {
        (Some(_), _) => among(&|r| r.digest == exact.digest),
        (None, Some(_)) => among(&|r| r.commit == exact.commit),
        (None, None) => tagged(),
    }
}

/// Whether the release under the pin's tag is known to be another content than the pin's.
fn misnamed(releases: Option<&Releases>, exact: &Exact) -> bool {
    let tagged = exact.tag.as_deref().and_then(|tag| releases?.tagged(tag));
    tagged.is_some_and(|r| match (&exact.digest, &exact.commit) {
        (Some(digest), _) => r.digest.as_ref().is_some_and(|d| d != digest),
        (None, Some(commit)) => r.commit.as_ref().is_some_and(|c| c != commit),
        (None, None) => false,
    })
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
