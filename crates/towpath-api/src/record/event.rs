//! The events of a record as JSON.
//!
//! Fields are added, never renamed or removed. Next: [`super::evidence`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::id::{
    BranchName, ClusterName, CommitId, ComponentName, Digest, EnvironmentName, InvalidId, TestName,
};
use towpath_core::record::{
    Event, GateEvidence, OfRelease, PlanHash, Promotion, Sandbox, SetMember, Tested, Verified,
};
use towpath_core::version::Version;

use super::{EvidenceFile, RecordError};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum EventFile {
    /// A release was packaged and published.
    Released {
        /// Whose.
        component: String,
        /// Which version.
        version: String,
        /// The tag.
        tag: String,
        /// The manifest's digest.
        digest: String,
        /// The commit its files are from.
        commit: String,
        /// Where.
        location: String,
    },
    /// An environment's pin was moved.
    Promoted(PromotionFile),
    /// A plan was approved.
    Approved {
        /// Of which environment.
        environment: String,
        /// Which component.
        component: String,
        /// The version that the plan promotes.
        version: String,
        /// The plan's hash.
        plan: String,
    },
    /// A gate was overridden for one plan.
    Overridden {
        /// Of which environment.
        environment: String,
        /// Which component.
        component: String,
        /// The gate.
        gate: String,
        /// The plan's hash.
        plan: String,
        /// Why.
        reason: String,
        /// Until when, RFC 3339.
        expires: String,
    },
    /// A release was seen applied and healthy on every cluster of an environment, with its tests passed.
    Verified {
        /// Which release, where.
        #[serde(flatten)]
        release: ReleaseFile,
        /// Since when it was healthy, RFC 3339.
        since: String,
        /// What the environment had, healthy at the same time: the known-good set.
        #[serde(default)]
        set: Vec<SetMemberFile>,
    },
    /// A promotion into an environment failed.
    Failed {
        /// Which release, where.
        #[serde(flatten)]
        release: ReleaseFile,
        /// Why.
        why: String,
    },
    /// A promotion was given up.
    Aborted {
        /// Which release, where.
        #[serde(flatten)]
        release: ReleaseFile,
        /// Why.
        why: String,
    },
    /// A soak was completed.
    Soaked {
        /// Which release, where.
        #[serde(flatten)]
        release: ReleaseFile,
        /// Since when it was healthy, RFC 3339.
        since: String,
        /// Until when, RFC 3339.
        until: String,
    },
    /// A test ended.
    Tested {
        /// Which release, where.
        #[serde(flatten)]
        release: ReleaseFile,
        /// Which test.
        test: String,
        /// Whether it passed.
        passed: bool,
        /// How often it was tried: more than once is flakiness.
        attempts: u32,
        /// What it said.
        detail: String,
    },
    /// A status from outside.
    Reported {
        /// Of which component.
        component: String,
        /// Of which version.
        version: String,
        /// The status's name.
        name: String,
        /// Whether it is success.
        success: bool,
        /// What was said with it.
        #[serde(default)]
        detail: String,
    },
    /// Nothing moves any more.
    Frozen {
        /// In which environment; left out: in all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        environment: Option<String>,
        /// Why.
        reason: String,
    },
    /// The end of a freeze.
    Thawed {
        /// In which environment; left out: the one of all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        environment: Option<String>,
        /// Why.
        reason: String,
    },
    /// A sandbox was created.
    SandboxCreated(SandboxFile),
    /// A sandbox was deleted.
    SandboxDeleted {
        /// Its name.
        name: String,
        /// Its branch.
        branch: String,
        /// The branch's last commit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        head: Option<String>,
        /// How it was known that nothing was left on its cluster.
        emptied: String,
    },
}

/// A release in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseFile {
    /// Which environment.
    pub environment: String,
    /// Which component.
    pub component: String,
    /// Which version.
    pub version: String,
    /// Its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A member of a known-good set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetMemberFile {
    /// Which component.
    pub component: String,
    /// Which version.
    pub version: String,
    /// Its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A promotion or rollback.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromotionFile {
    /// Into which environment.
    pub environment: String,
    /// Which component.
    pub component: String,
    /// What it tracked before.
    pub from: String,
    /// The version that this meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<String>,
    /// The version it is on now.
    pub version: String,
    /// Its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The plan's hash.
    pub plan: String,
    /// The commit that moved the pin.
    pub commit: String,
    /// The branch it was put on.
    pub branch: String,
    /// Whether it went back.
    #[serde(default)]
    pub rollback: bool,
    /// Whether the loop did it by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub automatic: bool,
    /// The clusters that it moved; left out: all of the environment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// The releases between, which were passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<String>,
    /// The gates as they stood.
    #[serde(default)]
    pub gates: Vec<EvidenceFile>,
}

/// A sandbox as it was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SandboxFile {
    /// Its name.
    pub name: String,
    /// The environment it is a clone of.
    pub from: String,
    /// Its branch.
    pub branch: String,
    /// Its cluster's folder.
    pub folder: String,
    /// The commit it was cloned at.
    pub origin: String,
    /// The commit that made it.
    pub commit: String,
    /// The ticket.
    pub ticket: String,
    /// What it is for.
    pub summary: String,
    /// When it should be gone, RFC 3339.
    pub expires: String,
    /// The kubeconfig context of its cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

impl From<&Event> for EventFile {
    fn from(event: &Event) -> Self {
        match event {
            Event::Released { component, version, tag, digest, commit, location } => {
                Self::Released {
                    component: component.to_string(),
                    version: version.original().to_owned(),
                    tag: tag.clone(),
                    digest: digest.to_string(),
                    commit: commit.to_string(),
                    location: location.clone(),
                }
            }
            Event::Promoted(p) => Self::Promoted(PromotionFile {
                environment: p.environment.to_string(),
                component: p.component.to_string(),
                from: p.from.clone(),
                replaced: p.replaced.as_ref().map(|v| v.original().to_owned()),
                version: p.version.original().to_owned(),
                digest: p.digest.as_ref().map(ToString::to_string),
                plan: p.plan.to_string(),
                commit: p.commit.to_string(),
                branch: p.branch.to_string(),
                rollback: p.rollback,
                automatic: p.automatic,
                clusters: p.clusters.iter().map(ToString::to_string).collect(),
                skipped: p.skipped.iter().map(|v| v.original().to_owned()).collect(),
                gates: p.gates.iter().map(EvidenceFile::from).collect(),
            }),
            Event::Approved { environment, component, version, plan } => Self::Approved {
                environment: environment.to_string(),
                component: component.to_string(),
                version: version.original().to_owned(),
                plan: plan.to_string(),
            },
            Event::Overridden { environment, component, gate, plan, reason, expires } => {
                Self::Overridden {
                    environment: environment.to_string(),
                    component: component.to_string(),
                    gate: gate.clone(),
                    plan: plan.to_string(),
                    reason: reason.clone(),
                    expires: expires.to_string(),
                }
            }
            Event::Verified(v) => Self::Verified {
                release: ReleaseFile::from(&v.release),
                since: v.since.to_string(),
                set: v
                    .set
                    .iter()
                    .map(|m| SetMemberFile {
                        component: m.component.to_string(),
                        version: m.version.original().to_owned(),
                        digest: m.digest.as_ref().map(ToString::to_string),
                    })
                    .collect(),
            },
            Event::Failed(of, why) => Self::Failed { release: of.into(), why: why.clone() },
            Event::Aborted(of, why) => Self::Aborted { release: of.into(), why: why.clone() },
            Event::Soaked(of, since, until) => Self::Soaked {
                release: of.into(),
                since: since.to_string(),
                until: until.to_string(),
            },
            Event::Tested(t) => Self::Tested {
                release: ReleaseFile::from(&t.release),
                test: t.test.to_string(),
                passed: t.passed,
                attempts: t.attempts,
                detail: t.detail.clone(),
            },
            Event::Reported { component, version, name, success, detail } => Self::Reported {
                component: component.to_string(),
                version: version.original().to_owned(),
                name: name.clone(),
                success: *success,
                detail: detail.clone(),
            },
            Event::Frozen { environment, reason } => Self::Frozen {
                environment: environment.as_ref().map(ToString::to_string),
                reason: reason.clone(),
            },
            Event::Thawed { environment, reason } => Self::Thawed {
                environment: environment.as_ref().map(ToString::to_string),
                reason: reason.clone(),
            },
            Event::SandboxCreated(s) => Self::SandboxCreated(SandboxFile {
                name: s.name.to_string(),
                from: s.from.to_string(),
                branch: s.branch.to_string(),
                folder: s.folder.clone(),
                origin: s.origin.to_string(),
                commit: s.commit.to_string(),
                ticket: s.ticket.clone(),
                summary: s.summary.clone(),
                expires: s.expires.to_string(),
                context: s.context.clone(),
            }),
            Event::SandboxDeleted { name, branch, head, emptied } => Self::SandboxDeleted {
                name: name.to_string(),
                branch: branch.to_string(),
                head: head.as_ref().map(ToString::to_string),
                emptied: emptied.clone(),
            },
        }
    }
}

impl TryFrom<EventFile> for Event {
    type Error = RecordError;

    fn try_from(file: EventFile) -> Result<Self, RecordError> {
        Ok(match file {
            EventFile::Released { component, version, tag, digest, commit, location } => {
                Self::Released {
                    component: ComponentName::parse(&component)?,
                    version: Version::parse_loose(&version)?,
                    tag,
                    digest: Digest::parse(&digest)?,
                    commit: CommitId::parse(&commit)?,
                    location,
                }
            }
            EventFile::Promoted(p) => Self::Promoted(Promotion {
                environment: EnvironmentName::parse(&p.environment)?,
                component: ComponentName::parse(&p.component)?,
                from: p.from,
                replaced: p.replaced.as_deref().map(Version::parse_loose).transpose()?,
                version: Version::parse_loose(&p.version)?,
                digest: p.digest.as_deref().map(Digest::parse).transpose()?,
                plan: PlanHash::parse(&p.plan)?,
                commit: CommitId::parse(&p.commit)?,
                branch: BranchName::parse(&p.branch)?,
                rollback: p.rollback,
                automatic: p.automatic,
                clusters: p
                    .clusters
                    .iter()
                    .map(|c| ClusterName::parse(c))
                    .collect::<Result<_, _>>()?,
                skipped: p
                    .skipped
                    .iter()
                    .map(|v| Version::parse_loose(v))
                    .collect::<Result<_, _>>()?,
                gates: p.gates.into_iter().map(GateEvidence::try_from).collect::<Result<_, _>>()?,
            }),
            EventFile::Approved { environment, component, version, plan } => Self::Approved {
                environment: EnvironmentName::parse(&environment)?,
                component: ComponentName::parse(&component)?,
                version: Version::parse_loose(&version)?,
                plan: PlanHash::parse(&plan)?,
            },
            EventFile::Overridden { environment, component, gate, plan, reason, expires } => {
                Self::Overridden {
                    environment: EnvironmentName::parse(&environment)?,
                    component: ComponentName::parse(&component)?,
                    gate,
                    plan: PlanHash::parse(&plan)?,
                    reason,
                    expires: expires.parse()?,
                }
            }
            EventFile::Verified { release, since, set } => Self::Verified(Verified {
                release: release.try_into()?,
                since: since.parse()?,
                set: set
                    .into_iter()
                    .map(|m| {
                        Ok::<_, RecordError>(SetMember {
                            component: ComponentName::parse(&m.component)?,
                            version: Version::parse_loose(&m.version)?,
                            digest: m.digest.as_deref().map(Digest::parse).transpose()?,
                        })
                    })
                    .collect::<Result<_, _>>()?,
            }),
            EventFile::Failed { release, why } => Self::Failed(release.try_into()?, why),
            EventFile::Aborted { release, why } => Self::Aborted(release.try_into()?, why),
            EventFile::Soaked { release, since, until } => {
                Self::Soaked(release.try_into()?, since.parse()?, until.parse()?)
            }
            EventFile::Tested { release, test, passed, attempts, detail } => Self::Tested(Tested {
                release: release.try_into()?,
                test: TestName::parse(&test)?,
                passed,
                attempts,
                detail,
            }),
            EventFile::Reported { component, version, name, success, detail } => Self::Reported {
                component: ComponentName::parse(&component)?,
                version: Version::parse_loose(&version)?,
                name,
                success,
                detail,
            },
            EventFile::Frozen { environment, reason } => {
                Self::Frozen { environment: optional(environment)?, reason }
            }
            EventFile::Thawed { environment, reason } => {
                Self::Thawed { environment: optional(environment)?, reason }
            }
            EventFile::SandboxCreated(s) => Self::SandboxCreated(Sandbox {
                name: EnvironmentName::parse(&s.name)?,
                from: EnvironmentName::parse(&s.from)?,
                branch: BranchName::parse(&s.branch)?,
                folder: s.folder,
                origin: CommitId::parse(&s.origin)?,
                commit: CommitId::parse(&s.commit)?,
                ticket: s.ticket,
                summary: s.summary,
                expires: s.expires.parse()?,
                context: s.context,
            }),
            EventFile::SandboxDeleted { name, branch, head, emptied } => Self::SandboxDeleted {
                name: EnvironmentName::parse(&name)?,
                branch: BranchName::parse(&branch)?,
                head: head.as_deref().map(CommitId::parse).transpose()?,
                emptied,
            },
        })
    }
}

fn optional(name: Option<String>) -> Result<Option<EnvironmentName>, InvalidId> {
    name.as_deref().map(EnvironmentName::parse).transpose()
}

impl From<&OfRelease> for ReleaseFile {
    fn from(of: &OfRelease) -> Self {
        Self {
            environment: of.environment.to_string(),
            component: of.component.to_string(),
            version: of.version.original().to_owned(),
            digest: of.digest.as_ref().map(ToString::to_string),
        }
    }
}

impl TryFrom<ReleaseFile> for OfRelease {
    type Error = RecordError;

    fn try_from(file: ReleaseFile) -> Result<Self, RecordError> {
        Ok(Self {
            environment: EnvironmentName::parse(&file.environment)?,
            component: ComponentName::parse(&file.component)?,
            version: Version::parse_loose(&file.version)?,
            digest: file.digest.as_deref().map(Digest::parse).transpose()?,
        })
    }
}
