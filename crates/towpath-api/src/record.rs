//! A record of the ledger as JSON: what stands in the message of a ledger commit.
//!
//! Written once and read for ever: fields are added, never renamed or removed. Unknown fields are
//! ignored when read, so that an older Towpath can read what a newer one wrote; an unknown kind of event
//! is an error, because state folded without it would be wrong.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::id::{BranchName, CommitId, ComponentName, Digest, EnvironmentName, InvalidId};
use towpath_core::record::{Event, GateEvidence, PlanHash, Promotion, Record, Sandbox};
use towpath_core::version::Version;

use crate::API_VERSION;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "Record")]
pub struct RecordFile {
    /// `towpath.dev/v1alpha1`.
    pub api_version: String,
    /// `Record`.
    pub kind: String,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// Who: `Name <email>`.
    pub by: String,
    /// What happened.
    pub event: EventFile,
}

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
    /// The gates as they stood.
    #[serde(default)]
    pub gates: Vec<EvidenceFile>,
}

/// A gate as it stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceFile {
    /// Which gate.
    pub gate: String,
    /// `open` or `overridden`.
    pub verdict: String,
    /// Why.
    pub because: String,
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

/// Why a text is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not the JSON of a record.
    #[error("not a record")]
    Json(#[from] serde_json::Error),
    /// Another version or kind.
    #[error(
        "apiVersion {api_version:?} and kind {kind:?} are not a record that this version reads"
    )]
    Version {
        /// What stands there.
        api_version: String,
        /// What stands there.
        kind: String,
    },
    /// A name or identity in it is none.
    #[error("a record with an invalid value")]
    Id(#[from] InvalidId),
    /// A version in it is none.
    #[error("a record with an invalid version")]
    BadVersion(#[from] towpath_core::version::VersionError),
    /// A time in it is none.
    #[error("a record with an invalid time")]
    Time(#[from] jiff::Error),
}

/// Writes a record as JSON, indented, with a line end.
#[must_use]
pub fn to_json(record: &Record) -> String {
    let mut text = serde_json::to_string_pretty(&RecordFile::from(record))
        .expect("strings and numbers always serialise");
    text.push('\n');
    text
}

/// Reads a record.
///
/// # Errors
/// [`RecordError`].
pub fn from_json(text: &str) -> Result<Record, RecordError> {
    let file: RecordFile = serde_json::from_str(text)?;
    if file.api_version != API_VERSION || file.kind != "Record" {
        return Err(RecordError::Version { api_version: file.api_version, kind: file.kind });
    }
    Record::try_from(file)
}

impl From<&Record> for RecordFile {
    fn from(record: &Record) -> Self {
        Self {
            api_version: API_VERSION.to_owned(),
            kind: "Record".to_owned(),
            at: record.at.to_string(),
            by: record.by.clone(),
            event: EventFile::from(&record.event),
        }
    }
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
                gates: p
                    .gates
                    .iter()
                    .map(|g| EvidenceFile {
                        gate: g.gate.clone(),
                        verdict: g.verdict.clone(),
                        because: g.because.clone(),
                    })
                    .collect(),
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

impl TryFrom<RecordFile> for Record {
    type Error = RecordError;

    fn try_from(file: RecordFile) -> Result<Self, RecordError> {
        Ok(Self { at: file.at.parse()?, by: file.by, event: Event::try_from(file.event)? })
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
                gates: p
                    .gates
                    .into_iter()
                    .map(|g| GateEvidence { gate: g.gate, verdict: g.verdict, because: g.because })
                    .collect(),
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
