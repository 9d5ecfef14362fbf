//! What clusters report of themselves: the revision that each has applied of a component, how healthy that is, and
//! since when by the cluster's own word.
//!
//! A status of another generation or of another revision never counts, and a cluster that cannot be asked is unknown
//! and never healthy. Must not know Flux objects or clients: `towpath_engine::running` reads the first,
//! `towpath-adapters` has the others. Next: [`crate::gate`], which counts a soak from this.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::id::ComponentName;
use crate::pin::ObjectRef;
use crate::release::{Release, Revision};
use crate::snapshot::Desired;
use crate::version::Version;

pub(crate) use self::column::{Column, Said, Slot, Well};
pub use self::reports::Reports;

mod column;
mod reports;
#[cfg(test)]
mod tests;

/// What is known of one connected cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterReport {
    /// Whether it answers, and since when it does not.
    pub contact: Contact,
    /// Its components, as last reported; what was reported before contact was lost is kept, for people.
    pub components: BTreeMap<ComponentName, Running>,
}

/// Whether a cluster can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Contact {
    /// It answers.
    Connected,
    /// It does not answer: whatever it said before is no news.
    Lost {
        /// Since when.
        since: Timestamp,
        /// Why, in one line.
        why: String,
    },
}

/// What a cluster runs of a component: the worst of all objects that deliver it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The revision that all of its objects have applied; `None` where none is applied or they differ, and for charts
    /// of which the cluster tells no digest.
    pub revision: Option<Revision>,
    /// The version that all of its objects have applied: of the revision's tag, or of the chart.
    pub version: Option<Version>,
    /// Another revision that is being applied, or was tried and is not applied: then `health` is about that one.
    pub attempted: Option<Revision>,
    /// How it is, as far as that revision goes.
    pub health: Health,
    /// Since when the cluster reports this revision with this health, without a gap, by the cluster's clock. The Unix
    /// epoch where nothing tells, which no healthy one has.
    pub since: Timestamp,
    /// Whether its delivery is suspended, so that what Git says does not arrive.
    pub suspended: bool,
    /// What is not as it should be: objects that are not healthy, or not as they were applied.
    pub ailing: Vec<Ailing>,
}

/// How healthy something is, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// Applied as a whole, and everything in it is ready.
    Healthy,
    /// On its way.
    Progressing,
    /// It cannot be told: the status is of another generation or revision, or there is none.
    Unknown,
    /// It failed.
    Failed,
}

impl Health {
    /// `healthy`, `progressing`, `unknown` or `failed`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Progressing => "progressing",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

impl Running {
    /// Whether it runs what it should get: the same content, or the same version where no content is known of one of
    /// them. `None`: it cannot be told.
    #[must_use]
    pub fn is(&self, desired: &Desired) -> Option<bool> {
        is_what_is_desired((self.revision.as_ref(), self.version.as_ref()), desired)
    }

    /// Whether it runs exactly a release.
    #[must_use]
    pub fn is_exactly(&self, release: &Release) -> bool {
        release.is_what_runs(self.revision.as_ref(), self.version.as_ref())
    }

    /// The revision as people compare it; the version where there is none.
    #[must_use]
    pub fn short(&self) -> Option<String> {
        short((self.revision.as_ref(), self.version.as_ref()))
    }
}

/// What runs: a revision and a version, as far as they are told.
pub(crate) type What<'a> = (Option<&'a Revision>, Option<&'a Version>);

/// [`Running::is`].
pub(crate) fn is_what_is_desired((revision, version): What<'_>, desired: &Desired) -> Option<bool> {
    if let (Some(runs), Some(wanted)) = (revision, &desired.revision) {
        return Some(runs.is_content_of(wanted));
    }
    match (version, &desired.version) {
        (Some(runs), Some(wanted)) => Some(runs.normalized() == wanted.normalized()),
        _ => None,
    }
}

/// [`Running::short`].
pub(crate) fn short((revision, version): What<'_>) -> Option<String> {
    version.map(ToString::to_string).or_else(|| revision.map(Revision::short))
}

/// An object that is not well.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ailing {
    /// Which.
    pub object: ObjectRef,
    /// How it is.
    pub health: Health,
    /// Why, in one line, as the cluster tells it.
    pub why: String,
}

impl ClusterReport {
    /// A cluster that answers and has said nothing yet.
    #[must_use]
    pub fn connected() -> Self {
        Self { contact: Contact::Connected, components: BTreeMap::new() }
    }

    /// What the cluster runs of a component now; `None` where it cannot be asked or has nothing of it.
    #[must_use]
    pub fn now(&self, component: &ComponentName) -> Option<&Running> {
        match self.contact {
            Contact::Connected => self.components.get(component),
            Contact::Lost { .. } => None,
        }
    }
}
