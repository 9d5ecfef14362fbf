//! What can happen, as the ledger records it.
//!
//! A new kind of event is one that state cannot be told without; see `towpath_api::record`. Next: [`super::History`].

use jiff::Timestamp;

use crate::gate::Inputs;
use crate::id::{
    BranchName, ClusterName, CommitId, ComponentName, Digest, EnvironmentName, TestName,
};
use crate::record::PlanHash;
use crate::release::Release;
use crate::version::Version;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A release was packaged and published.
    Released {
        /// Whose.
        component: ComponentName,
        /// Which version.
        version: Version,
        /// The tag it is published under.
        tag: String,
        /// The manifest's digest.
        digest: Digest,
        /// The commit its files are from.
        commit: CommitId,
        /// Where it was published, as shown to people.
        location: String,
    },
    /// An environment's pin was moved.
    Promoted(Promotion),
    /// A plan was approved.
    Approved {
        /// Of which environment.
        environment: EnvironmentName,
        /// Which component.
        component: ComponentName,
        /// The version that the plan promotes.
        version: Version,
        /// The plan.
        plan: PlanHash,
    },
    /// A gate was overridden for one plan.
    Overridden {
        /// Of which environment.
        environment: EnvironmentName,
        /// Which component.
        component: ComponentName,
        /// The gate's name.
        gate: String,
        /// The plan.
        plan: PlanHash,
        /// Why.
        reason: String,
        /// Until when it counts.
        expires: Timestamp,
    },
    /// A release was seen applied and healthy on every cluster of an environment, with its tests passed.
    Verified(Verified),
    /// A promotion into an environment failed: too many clusters did, or were too slow.
    Failed(OfRelease, String),
    /// A promotion was given up by a person before all clusters had it, and why.
    Aborted(OfRelease, String),
    /// A soak was completed: from when to when the release was healthy without a gap.
    Soaked(OfRelease, Timestamp, Timestamp),
    /// A test ended.
    Tested(Tested),
    /// A status from outside.
    Reported {
        /// Of which component.
        component: ComponentName,
        /// Of which release.
        version: Version,
        /// The status's name.
        name: String,
        /// Whether it is success.
        success: bool,
        /// What was said with it.
        detail: String,
    },
    /// Nothing moves by itself or by promotion any more, in one environment or in all.
    Frozen {
        /// Which environment; `None`: all.
        environment: Option<EnvironmentName>,
        /// Why.
        reason: String,
    },
    /// The end of a freeze of that very extent.
    Thawed {
        /// Which environment; `None`: all.
        environment: Option<EnvironmentName>,
        /// Why.
        reason: String,
    },
    /// A sandbox was created.
    SandboxCreated(Sandbox),
    /// A sandbox was deleted.
    SandboxDeleted {
        /// Its name.
        name: EnvironmentName,
        /// Its branch.
        branch: BranchName,
        /// The branch's last commit, so that it can be brought back.
        head: Option<CommitId>,
        /// How it was known that nothing was left on its cluster.
        emptied: String,
    },
}

/// A promotion or rollback that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// Into which environment.
    pub environment: EnvironmentName,
    /// Which component.
    pub component: ComponentName,
    /// What the environment tracked before: `semver 0.0.x`, `exact 0.0.7`.
    pub from: String,
    /// The version that this meant, where it was known.
    pub replaced: Option<Version>,
    /// The version it is on now.
    pub version: Version,
    /// Its digest, where known.
    pub digest: Option<Digest>,
    /// The plan that was carried out.
    pub plan: PlanHash,
    /// The commit that moved the pin.
    pub commit: CommitId,
    /// The branch it was put on: the trunk, or the branch of a pull request.
    pub branch: BranchName,
    /// Whether this went back.
    pub rollback: bool,
    /// Whether nobody asked for it: the loop did it.
    pub automatic: bool,
    /// The clusters that it moved; empty: all of the environment.
    pub clusters: Vec<ClusterName>,
    /// The releases between, which never entered.
    pub skipped: Vec<Version>,
    /// The gates as they stood: the evidence.
    pub gates: Vec<GateEvidence>,
}

impl Promotion {
    /// Whether it was a rollback, or went down all the same.
    #[must_use]
    pub fn goes_back(&self) -> bool {
        self.rollback || self.replaced.as_ref().is_some_and(|from| self.version < *from)
    }
}

/// A release in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfRelease {
    /// Which environment.
    pub environment: EnvironmentName,
    /// Which component.
    pub component: ComponentName,
    /// Which version.
    pub version: Version,
    /// Its digest, where it has one.
    pub digest: Option<Digest>,
}

impl OfRelease {
    /// Whether this is about a release in an environment. Where both have a digest, the digests must be the same.
    #[must_use]
    pub fn is(&self, environment: &EnvironmentName, release: &Release) -> bool {
        self.environment == *environment
            && self.component == release.component
            && self.version == release.version
            && match (&self.digest, &release.digest) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            }
    }
}

/// A verification: a set of releases that were good together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What was verified, and where.
    pub release: OfRelease,
    /// Since when it was healthy.
    pub since: Timestamp,
    /// What else the environment had, healthy at the same time: the known-good set.
    pub set: Vec<SetMember>,
}

/// A member of a known-good set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetMember {
    /// Which component.
    pub component: ComponentName,
    /// Which version.
    pub version: Version,
    /// Its digest, where it has one.
    pub digest: Option<Digest>,
}

/// A test that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tested {
    /// What was tested, and where.
    pub release: OfRelease,
    /// By which test.
    pub test: TestName,
    /// Whether it passed.
    pub passed: bool,
    /// How often it was tried until it passed or was given up.
    pub attempts: u32,
    /// What it said, in one line.
    pub detail: String,
}

/// One gate as it stood when a promotion was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateEvidence {
    /// The gate's name.
    pub gate: String,
    /// `open` or `overridden`.
    pub verdict: String,
    /// Why, in the planner's words.
    pub because: String,
    /// What it looked at, so that it can be judged again; `None` in records of before, and where it is known no more.
    pub inputs: Option<Inputs>,
}

/// A sandbox as it was created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox {
    /// Its name, which is its cluster's folder's name too.
    pub name: EnvironmentName,
    /// The environment it is a clone of.
    pub from: EnvironmentName,
    /// Its branch.
    pub branch: BranchName,
    /// Its cluster's folder.
    pub folder: String,
    /// The trunk's commit it was cloned at.
    pub origin: CommitId,
    /// The commit that made it.
    pub commit: CommitId,
    /// The ticket.
    pub ticket: String,
    /// What it is for.
    pub summary: String,
    /// When it should be gone.
    pub expires: Timestamp,
    /// The kubeconfig context of its cluster, where one is connected.
    pub context: Option<String>,
}
