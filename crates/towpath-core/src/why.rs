//! Every reason to wait or to refuse, as a value. The words are here and nowhere else.
//!
//! Must not hold free text that a planner made up: a new reason is a new variant.

use std::fmt;
use std::time::Duration;

use crate::id::{BranchName, ClusterName, CommitId, ComponentName, EnvironmentName};
use crate::pin::{Location, NotEditable};
use crate::record::PlanHash;
use crate::tracking::Policy;
use crate::version::{Range, Version};

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
        rule: &'static str,
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

fn names(list: &[EnvironmentName]) -> String {
    if list.is_empty() {
        return "the environments before it".to_owned();
    }
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn or_nothing(version: Option<&Version>) -> String {
    version.map_or_else(|| "no known version".to_owned(), ToString::to_string)
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRelease { component } => write!(f, "{component} has no release yet"),
            Self::RegistryUnreachable { location, why } => {
                write!(
                    f,
                    "{location} cannot be reached ({why}): only releases of the ledger are known"
                )
            }
            Self::NotListable { location } => {
                write!(f, "releases at {location} cannot be listed")
            }
            Self::NotAsked => write!(f, "the registry was not asked (offline)"),
            Self::BranchUnknown { branch } => {
                write!(f, "the head of branch {branch} is not known here")
            }
            Self::FollowsBranch { branch } => {
                write!(f, "it follows branch {branch}: a merge moves it")
            }
            Self::NotOnBranch { branch, version, commit } => {
                write!(f, "branch {branch} does not contain {version} (commit {})", commit.short())
            }
            Self::CommitUnknown { version } => {
                write!(f, "the commit of {version} is not known, and so not which branches have it")
            }
            Self::FollowsRange { range } => {
                write!(f, "it follows the range {range}: the next release in it moves it")
            }
            Self::NothingInRange { range } => write!(f, "no known release is in the range {range}"),
            Self::OutsideRange { range, version } => {
                write!(f, "{version} is outside the range {range}")
            }
            Self::NotInPrevious { environment, has, wanted } => {
                write!(
                    f,
                    "{environment}, which comes before it, has {} and not {wanted}",
                    or_nothing(has.as_ref())
                )
            }
            Self::PreviousUnknown { environment } => {
                write!(f, "what {environment}, which comes before it, gets is not known")
            }
            Self::AheadOfPrevious { has, previous } => {
                write!(f, "it has {has}, ahead of {previous} in the environments before it")
            }
            Self::ReadyToPromote { version } => {
                write!(f, "{version} is ready and waits to be promoted")
            }
            Self::AskedFor { version } => {
                write!(f, "{version} was asked for, which is not the newest")
            }
            Self::Downgrade { from, to } => write!(f, "{to} is below {from}, which it has"),
            Self::NotBack { from, to } => {
                write!(f, "{to} is above {from}, which it has: that is no way back")
            }
            Self::UnknownVersion { version } => {
                write!(f, "neither the ledger nor the registry knows {version}")
            }
            Self::NotInRegistry { version } => write!(f, "{version} is not in the registry"),
            Self::DigestDiffers { version } => {
                write!(f, "the registry's {version} is not the content that the ledger recorded")
            }
            Self::NothingToRollBackTo => {
                write!(f, "the ledger records no other version to go back to")
            }
            Self::StatedNotActual { stated, actual } => {
                write!(f, "towpath.yaml states {stated}, Git has {actual}")
            }
            Self::NoPin { component } => write!(f, "it has no pin for {component}"),
            Self::PinNotEditable { at, why } => {
                write!(f, "the pin at {at} cannot be edited: {why}")
            }
            Self::ClustersDiffer { one, other } => {
                write!(
                    f,
                    "its clusters differ: {} has {}, {} has {}",
                    one.0, one.1, other.0, other.1
                )
            }
            Self::Findings { count: 1, rule } => write!(f, "one finding of severity error: {rule}"),
            Self::Findings { count, rule } => {
                write!(f, "{count} findings of severity error, the first {rule}")
            }
            Self::Approvals { have, need, plan, by_author, by_others } => {
                write!(f, "{have} of {need} approvals of plan {}", plan.short())?;
                if let Some(who) = by_author {
                    write!(f, "; {who} made the release, so that approval does not count")?;
                }
                if !by_others.is_empty() {
                    let who = by_others.join(", ");
                    write!(f, "; towpath.yaml does not name {who} among those who may approve")?;
                }
                Ok(())
            }
            Self::Order { component, range, has } => {
                write!(f, "it has {component} {}, and {range} is needed", or_nothing(has.as_ref()))
            }
            Self::SoakNotObserved { duration, environments } => write!(
                f,
                "soak of {} in {} cannot be seen: no cluster is connected",
                human(*duration),
                names(environments)
            ),
            Self::VerificationNotObserved { environments } => {
                write!(
                    f,
                    "verification in {} cannot be seen: no cluster is connected",
                    names(environments)
                )
            }
        }
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
