//! Every reason to wait or to refuse, as a value. The words are in `words` and nowhere else.
//!
//! Must not hold free text that a planner made up: a new reason is a new variant.

mod words;

use std::time::Duration;

use jiff::Timestamp;

use crate::gate::SoakState;
use crate::id::{BranchName, ClusterName, CommitId, ComponentName, EnvironmentName, SourceName};
use crate::pin::{Location, NotEditable};
use crate::record::PlanHash;
use crate::source::Labels;
use crate::tracking::Policy;
use crate::version::{Range, Version};
use crate::window::Because;

/// Why an environment is not on a release, or may not enter it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The component has no release yet.
    NoRelease {
        /// Which component.
        component: ComponentName,
    },
    /// The place of the releases did not answer, so newer ones may be unknown.
    RegistryUnreachable {
        /// The location.
        location: String,
        /// Why, in one line.
        why: String,
    },
    /// The place of the releases cannot be listed by Towpath.
    NotListable {
        /// The location.
        location: String,
    },
    /// Nobody asked the registry, and the ledger alone does not tell.
    NotAsked,
    /// The head of the branch is not known here.
    BranchUnknown {
        /// Which branch.
        branch: BranchName,
    },
    /// It follows a branch: a merge moves it, no promotion does.
    FollowsBranch {
        /// Which branch.
        branch: BranchName,
    },
    /// The commit of the release is not known, so no branch can be asked for it.
    CommitUnknown {
        /// The release.
        version: Version,
    },
    /// The branch does not contain the release's commit yet.
    NotOnBranch {
        /// Which branch.
        branch: BranchName,
        /// The release.
        version: Version,
        /// Its commit.
        commit: CommitId,
    },
    /// It follows a range: a release in the range moves it, no promotion does.
    FollowsRange {
        /// Which range.
        range: Range,
    },
    /// No known release is in the range.
    NothingInRange {
        /// Which range.
        range: Range,
    },
    /// The newest release is outside the range.
    OutsideRange {
        /// Which range.
        range: Range,
        /// The release.
        version: Version,
    },
    /// An environment before it does not have the release.
    NotInPrevious {
        /// Which one.
        environment: EnvironmentName,
        /// What it has.
        has: Option<Version>,
        /// What it would have to have.
        wanted: Version,
    },
    /// What an environment before it gets is not known.
    PreviousUnknown {
        /// Which one.
        environment: EnvironmentName,
    },
    /// It is ahead of the environments before it.
    AheadOfPrevious {
        /// What it has.
        has: Version,
        /// What they have.
        previous: Version,
    },
    /// A newer release is ready to enter, and somebody must promote it.
    ReadyToPromote {
        /// Which release.
        version: Version,
    },
    /// The request names a release, or goes back to one, that is not the newest.
    AskedFor {
        /// Which release.
        version: Version,
    },
    /// The release is below what the environment has.
    Downgrade {
        /// What it has.
        from: Version,
        /// What was asked for.
        to: Version,
    },
    /// A rollback was asked for to a release above what the environment has.
    NotBack {
        /// What it has.
        from: Version,
        /// What was asked for.
        to: Version,
    },
    /// Nobody knows this version.
    UnknownVersion {
        /// What was asked for.
        version: Version,
    },
    /// The registry answered, and the release is not there.
    NotInRegistry {
        /// Which release.
        version: Version,
    },
    /// The ledger and the registry name different contents under one version.
    DigestDiffers {
        /// Which release.
        version: Version,
    },
    /// There is no recorded version to go back to.
    NothingToRollBackTo,
    /// `towpath.yaml` states one policy and Git has another.
    StatedNotActual {
        /// What is stated.
        stated: Policy,
        /// What Git has.
        actual: Policy,
    },
    /// The component has no pin on a cluster of the environment.
    NoPin {
        /// Which component.
        component: ComponentName,
    },
    /// The pin cannot be changed by replacing bytes.
    PinNotEditable {
        /// Where it stands.
        at: Location,
        /// Why not.
        why: NotEditable,
    },
    /// Clusters of one environment have different versions.
    ClustersDiffer {
        /// One cluster and what it has.
        one: (ClusterName, String),
        /// Another and what it has.
        other: (ClusterName, String),
    },
    /// Findings of severity error.
    Findings {
        /// How many.
        count: usize,
        /// The first rule.
        rule: String,
    },
    /// Approvals are missing.
    Approvals {
        /// How many there are.
        have: usize,
        /// How many are needed.
        need: u32,
        /// Of which plan.
        plan: PlanHash,
        /// Who approved it without it counting, because the release is theirs.
        by_author: Option<String>,
        /// Who approved it without it counting, because `towpath.yaml` names others.
        by_others: Vec<String>,
        /// Who approved it without it counting, because the signature does not.
        unsigned: Vec<Unsigned>,
        /// When the last approval that no longer counts ended.
        expired: Option<Timestamp>,
    },
    /// Another component's release does not satisfy the range.
    Order {
        /// Which component.
        component: ComponentName,
        /// What it must satisfy.
        range: Range,
        /// What the environment has of it.
        has: Option<Version>,
    },
    /// Soak can only be seen on clusters, and none is connected.
    SoakNotObserved {
        /// How long it must be.
        duration: Duration,
        /// Where.
        environments: Vec<EnvironmentName>,
    },
    /// Verification can only be seen on clusters, and none is connected.
    VerificationNotObserved {
        /// Where.
        environments: Vec<EnvironmentName>,
    },
    /// The release is not verified yet.
    NotVerified {
        /// Where.
        environments: Vec<EnvironmentName>,
    },
    /// The release is healthy everywhere before, and not long enough.
    Soaking {
        /// How long it must be.
        duration: Duration,
        /// Since when it is.
        began: Timestamp,
    },
    /// A cluster does not run the release, or not well: the soak has not begun, or begins again.
    SoakBroken {
        /// How long it must be.
        duration: Duration,
        /// Which cluster.
        cluster: ClusterName,
        /// How it stands.
        state: SoakState,
    },
    /// Somebody stopped every promotion.
    Frozen {
        /// In which environment; `None`: in all.
        environment: Option<EnvironmentName>,
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
    /// The release failed in an environment before.
    FailedIn {
        /// Which release.
        version: Version,
        /// Where.
        environment: EnvironmentName,
        /// Why.
        why: String,
    },
    /// A test has not been run for the release.
    TestNotRun {
        /// Which test.
        name: String,
        /// Where.
        environment: EnvironmentName,
    },
    /// A test failed.
    TestFailed {
        /// Which test.
        name: String,
        /// Where.
        environment: EnvironmentName,
        /// How often it was tried.
        attempts: u32,
        /// What it said.
        detail: String,
    },
    /// Promotions may not start now.
    WindowShut {
        /// Why not.
        because: Because,
        /// When they may next; `None`: at no time that was found.
        opens_at: Option<Timestamp>,
    },
    /// A status from outside is not there.
    StatusMissing {
        /// Its name.
        name: String,
    },
    /// A status from outside is not success.
    StatusFailed {
        /// Its name.
        name: String,
        /// Who reported it.
        by: String,
        /// What was said with it.
        detail: String,
    },
    /// A source of alerts or metrics was not asked: the command stays offline, or nothing asks it.
    SourceNotAsked {
        /// Which.
        source: SourceName,
    },
    /// A source gave no answer that could be relied on.
    SourceSilent {
        /// Which.
        source: SourceName,
        /// What failed.
        why: String,
    },
    /// More alerts fire than may.
    AlertsFire {
        /// Which source says so.
        source: SourceName,
        /// How many.
        count: usize,
        /// How many may.
        max: usize,
        /// The labels of the first.
        first: Labels,
    },
    /// No more alerts fire than may, but more did not long ago.
    AlertsFired {
        /// Which source says so.
        source: SourceName,
        /// How many at one time.
        count: usize,
        /// How many may.
        max: usize,
        /// Since when no more do.
        since: Timestamp,
        /// For how long none may have.
        over: Duration,
    },
    /// A condition does not hold for what was measured.
    MetricDoesNotHold {
        /// Which source measured it.
        source: SourceName,
        /// The condition.
        condition: String,
        /// What was measured.
        seen: String,
    },
    /// Nothing was measured.
    MetricNoData {
        /// Which source says so.
        source: SourceName,
        /// What it was asked.
        query: String,
    },
    /// A condition cannot be applied to what was measured.
    MetricUnclear {
        /// Which source measured it.
        source: SourceName,
        /// The condition.
        condition: String,
        /// Why not.
        why: String,
    },
    /// A promotion is under way, and clusters must be healthy before the next may move.
    RollingOut {
        /// Which release.
        version: Version,
        /// In which wave; `None`: the path states none.
        wave: Option<String>,
        /// A cluster that is on its way.
        cluster: ClusterName,
        /// What it says.
        why: String,
        /// When it will have taken too long.
        deadline: Option<Timestamp>,
    },
    /// A wave is healthy, and must be for a while before the next begins.
    Settling {
        /// Which release.
        version: Version,
        /// Which wave.
        wave: Option<String>,
        /// Until when.
        until: Timestamp,
    },
    /// A wave stands on clusters that nothing is connected to, so nobody can say whether the next may begin.
    WaveNotObserved {
        /// Which wave.
        wave: Option<String>,
        /// One of the clusters.
        cluster: ClusterName,
    },
    /// More clusters failed with the release than may.
    RolloutFailed {
        /// Which release.
        version: Version,
        /// How many clusters.
        count: usize,
        /// The first of them.
        cluster: ClusterName,
        /// What it says.
        why: String,
    },
    /// The environment does not promote by itself.
    NotAutomatic,
    /// The release failed here before, or was gone back from; only a person tries it again.
    FailedBefore {
        /// Which release.
        version: Version,
        /// Why.
        why: String,
    },
    /// It went back too often lately; only a person goes on.
    Flapping {
        /// How often.
        rollbacks: usize,
        /// Since when.
        since: Timestamp,
    },
    /// A member of the bundle is not part of a set that was verified together.
    NoVerifiedSet {
        /// The components.
        components: Vec<ComponentName>,
        /// Where such a set is looked for.
        environments: Vec<EnvironmentName>,
    },
    /// Components of a bundle move with another one, in its commit.
    MovesWith {
        /// Which one.
        component: ComponentName,
    },
    /// There is no release to go back to that was verified.
    NothingVerified,
}

/// An approval whose signature does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsigned {
    /// By whom it was given.
    pub by: String,
    /// What is wrong.
    pub problem: String,
}

impl Why {
    /// What to do about it, where something can be done; the command with `towpath` in front.
    #[must_use]
    pub fn hint(&self, environment: &EnvironmentName) -> Option<String> {
        Some(match self {
            Self::NoRelease { component } => {
                format!("towpath release VERSION --component {component}")
            }
            Self::Approvals { plan, .. } => {
                format!("towpath approve {environment} {}", plan.short())
            }
            Self::SoakNotObserved { .. } => {
                format!("towpath override {environment} soak --reason TEXT")
            }
            Self::VerificationNotObserved { .. } => {
                format!("towpath override {environment} verified --reason TEXT")
            }
            Self::NotAutomatic | Self::FailedBefore { .. } | Self::Flapping { .. } => {
                format!("towpath promote {environment}")
            }
            Self::Frozen { .. } => "towpath freeze list".to_owned(),
            Self::TestNotRun { name, environment } => format!("towpath test {environment} {name}"),
            Self::ReadyToPromote { .. } => format!("towpath promote {environment}"),
            Self::Findings { .. } => "towpath status".to_owned(),
            Self::NothingToRollBackTo => {
                format!("towpath rollback {environment} --to VERSION")
            }
            Self::Downgrade { to, .. } => {
                format!("towpath promote {environment} --to {to} --allow-downgrade")
            }
            Self::UnknownVersion { version } => {
                format!("towpath promote {environment} --to {version} --allow-unknown")
            }
            _ => return None,
        })
    }
}

/// A duration as people write it: `48h`, `90m`, `30s`.
#[must_use]
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => "0s".to_owned(),
        s if s % 3600 == 0 => format!("{}h", s / 3600),
        s if s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
