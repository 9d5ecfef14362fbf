//! What a gate looked at, as JSON: enough to judge it again, offline, with the same verdict.
//!
//! Written once and read for ever, as records are. Must not judge: that is `towpath_core::gate::judge`.

mod gauges;

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::gate::{
    FailedIn, Frozen, Given, Inputs, Judged, Reported, SoakState, Soaking, TestRun, Verdict,
    VerifiedIn,
};
use towpath_core::id::{ClusterName, ComponentName, EnvironmentName, TestName};
use towpath_core::record::{GateEvidence, PlanHash, Signature};
use towpath_core::release::{Reach, Seen};
use towpath_core::running::Health;
use towpath_core::version::{Range, Version};
use towpath_core::window::{Kind, Window};

use self::gauges::{AlertsFile, MetricFile};
use super::RecordError;
use crate::path_file::WindowSpec;

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
    /// What it looked at; left out where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<InputsFile>,
}

/// What a gate looked at, with what it demands. Times are RFC 3339, spans are seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub enum InputsFile {
    /// Findings of severity error.
    Checks {
        /// How many.
        errors: usize,
        /// The rule of the first.
        first: Option<String>,
    },
    /// Who knows of the release.
    Release {
        /// Which version.
        version: String,
        /// Whether the ledger has it.
        in_ledger: bool,
        /// Whether the place of the releases has it.
        in_source: bool,
        /// Whether both have different contents.
        differs: bool,
        /// Whether its place answered; left out: it has none.
        reach: Option<ReachFile>,
        /// Whether somebody asked for it although nobody knows it.
        unknown_allowed: bool,
    },
    /// Emergency stops.
    Freeze {
        /// Which hold.
        freezes: Vec<FrozenFile>,
    },
    /// What the environments before have.
    Path {
        /// What would enter.
        wanted: String,
        /// What each has.
        previous: Vec<HasFile>,
        /// Where it failed.
        failed: Vec<FailedFile>,
    },
    /// Approvals.
    Approval {
        /// How many are needed.
        need: u32,
        /// By whom.
        by: Vec<String>,
        /// How long one counts.
        valid_for: Option<u64>,
        /// Whether a verified signature is needed.
        signed: bool,
        /// Of which plan.
        plan: String,
        /// Who made the release.
        authors: Vec<String>,
        /// Those that were given.
        given: Vec<GivenFile>,
        /// When it was judged.
        now: String,
    },
    /// Another component.
    Order {
        /// Which.
        component: String,
        /// What it must satisfy.
        range: String,
        /// Whether it is the one that would enter.
        itself: bool,
        /// What each of its pins means.
        has: Vec<Option<String>>,
    },
    /// Verifications.
    Verified {
        /// Where.
        from: Vec<VerifiedInFile>,
        /// Whether one is enough.
        any: bool,
    },
    /// What clusters say of the release.
    Soak {
        /// How long it must be healthy.
        need: u64,
        /// The environments before.
        environments: Vec<String>,
        /// Their clusters.
        clusters: Vec<SoakingFile>,
        /// A soak that the ledger has.
        recorded: Option<(String, String)>,
        /// When it was judged.
        now: String,
    },
    /// Runs of a test.
    Test {
        /// Which test.
        name: String,
        /// Where it must have passed.
        environments: Vec<String>,
        /// The last run of each.
        runs: Vec<TestRunFile>,
    },
    /// The windows, and the moment.
    Window {
        /// Which windows.
        windows: Vec<WindowFile>,
        /// When it was judged.
        now: String,
    },
    /// A gate of the beginning of a promotion that has begun.
    Begun {
        /// When.
        at: String,
    },
    /// An outside status.
    Status {
        /// Its name.
        name: String,
        /// The last report.
        last: Option<ReportedFile>,
    },
    /// Alerts.
    Alerts(AlertsFile),
    /// A metric.
    Metric(MetricFile),
}

/// Whether a place of releases answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum ReachFile {
    /// It answered.
    Reached,
    /// Nobody asked.
    NotAsked,
    /// It did not answer.
    Unreachable {
        /// The place.
        location: String,
        /// Why.
        why: String,
    },
    /// It cannot be listed.
    NotListable {
        /// The place.
        location: String,
    },
}

/// An emergency stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FrozenFile {
    /// Of which environment; left out: of all.
    pub environment: Option<String>,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: String,
}

/// What an environment has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HasFile {
    /// Which environment.
    pub environment: String,
    /// Which version.
    pub version: Option<String>,
}

/// Where a release failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedFile {
    /// In which environment.
    pub environment: String,
    /// When.
    pub at: String,
    /// Why.
    pub why: String,
}

/// An approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GivenFile {
    /// By whom.
    pub by: String,
    /// When.
    pub at: String,
    /// Its signature: `notChecked`, `missing`, `good` or `bad`.
    pub signature: String,
    /// Who signed, or what is wrong with the signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_detail: Option<String>,
}

/// Whether a release was verified somewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifiedInFile {
    /// Where.
    pub environment: String,
    /// Since when.
    pub since: Option<String>,
    /// Whether it can be seen.
    pub observed: bool,
}

/// A window: one that comes again has `cron`, `for` and `zone`, one that comes once `from` and `until`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WindowFile {
    /// Whether promotions may start in it, or may not.
    pub allows: bool,
    /// When it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// How long it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r#for: Option<String>,
    /// On whose clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What a cluster says of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SoakingFile {
    /// Of which environment.
    pub environment: String,
    /// Which cluster.
    pub cluster: String,
    /// What it says.
    #[serde(flatten)]
    pub state: SoakStateFile,
}

/// How a cluster stands with a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "state")]
pub enum SoakStateFile {
    /// It runs it, healthy.
    Healthy {
        /// Since when.
        since: String,
    },
    /// It runs it, not healthy.
    Unwell {
        /// `progressing`, `unknown` or `failed`.
        health: String,
        /// Why.
        why: String,
    },
    /// It runs something else.
    OtherRevision {
        /// What.
        revision: Option<String>,
    },
    /// It cannot be reached.
    Lost {
        /// Since when.
        since: String,
    },
    /// It said nothing yet.
    Silent,
    /// It is not connected.
    NotConnected,
}

/// A run of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestRunFile {
    /// Where.
    pub environment: String,
    /// Whether it passed.
    pub passed: bool,
    /// How often it was tried.
    pub attempts: u32,
    /// When it ended.
    pub at: String,
    /// What it said.
    pub detail: String,
}

/// An outside status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportedFile {
    /// Whether it is success.
    pub success: bool,
    /// By whom.
    pub by: String,
    /// When.
    pub at: String,
    /// What was said.
    pub detail: String,
}

/// The evidence of a gate as it was judged.
#[must_use]
pub fn evidence(judged: &Judged) -> GateEvidence {
    let (verdict, because) = match (&judged.verdict, &judged.overridden) {
        (Verdict::Open(because), _) => ("open", because.clone()),
        (Verdict::Waiting { why, .. } | Verdict::Closed(why), Some(o)) => {
            ("overridden", format!("{why}; overridden by {}: {}", o.by, o.reason))
        }
        (Verdict::Waiting { why, .. } | Verdict::Closed(why), None) => {
            (judged.word(), why.to_string())
        }
    };
    GateEvidence {
        gate: judged.gate.to_string(),
        verdict: verdict.to_owned(),
        because,
        inputs: Some(judged.inputs.clone()),
    }
}

impl From<&GateEvidence> for EvidenceFile {
    fn from(evidence: &GateEvidence) -> Self {
        Self {
            gate: evidence.gate.clone(),
            verdict: evidence.verdict.clone(),
            because: evidence.because.clone(),
            inputs: evidence.inputs.as_ref().map(InputsFile::from),
        }
    }
}

impl TryFrom<EvidenceFile> for GateEvidence {
    type Error = RecordError;

    fn try_from(file: EvidenceFile) -> Result<Self, RecordError> {
        Ok(Self {
            gate: file.gate,
            verdict: file.verdict,
            because: file.because,
            inputs: file.inputs.map(Inputs::try_from).transpose()?,
        })
    }
}

fn text(time: &Timestamp) -> String {
    time.to_string()
}

fn names(list: &[EnvironmentName]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

impl From<&Inputs> for InputsFile {
    fn from(inputs: &Inputs) -> Self {
        match inputs {
            Inputs::Checks { errors, first } => {
                Self::Checks { errors: *errors, first: first.clone() }
            }
            Inputs::Release { version, seen, reach, unknown_allowed } => Self::Release {
                version: version.original().to_owned(),
                in_ledger: seen.ledger,
                in_source: seen.source,
                differs: seen.differs,
                reach: reach.as_ref().map(ReachFile::from),
                unknown_allowed: *unknown_allowed,
            },
            Inputs::Freeze { freezes } => Self::Freeze {
                freezes: freezes
                    .iter()
                    .map(|f| FrozenFile {
                        environment: f.environment.as_ref().map(ToString::to_string),
                        by: f.by.clone(),
                        reason: f.reason.clone(),
                        since: text(&f.since),
                    })
                    .collect(),
            },
            Inputs::Path { wanted, previous, failed } => Self::Path {
                wanted: wanted.original().to_owned(),
                previous: previous
                    .iter()
                    .map(|(environment, version)| HasFile {
                        environment: environment.to_string(),
                        version: version.as_ref().map(|v| v.original().to_owned()),
                    })
                    .collect(),
                failed: failed
                    .iter()
                    .map(|f| FailedFile {
                        environment: f.environment.to_string(),
                        at: text(&f.at),
                        why: f.why.clone(),
                    })
                    .collect(),
            },
            Inputs::Approval { need, by, valid_for, signed, plan, authors, given, now } => {
                Self::Approval {
                    need: *need,
                    by: by.iter().cloned().collect(),
                    valid_for: valid_for.map(|d| d.as_secs()),
                    signed: *signed,
                    plan: plan.to_string(),
                    authors: authors.clone(),
                    given: given.iter().map(GivenFile::from).collect(),
                    now: text(now),
                }
            }
            Inputs::Order { component, range, itself, has } => Self::Order {
                component: component.to_string(),
                range: range.to_string(),
                itself: *itself,
                has: has.iter().map(|v| v.as_ref().map(|v| v.original().to_owned())).collect(),
            },
            Inputs::Verified { from, any } => Self::Verified {
                from: from
                    .iter()
                    .map(|v| VerifiedInFile {
                        environment: v.environment.to_string(),
                        since: v.since.as_ref().map(text),
                        observed: v.observed,
                    })
                    .collect(),
                any: *any,
            },
            Inputs::Soak { need, environments, clusters, recorded, now } => Self::Soak {
                need: need.as_secs(),
                environments: names(environments),
                clusters: clusters
                    .iter()
                    .map(|c| SoakingFile {
                        environment: c.environment.to_string(),
                        cluster: c.cluster.to_string(),
                        state: SoakStateFile::from(&c.state),
                    })
                    .collect(),
                recorded: recorded.as_ref().map(|(since, until)| (text(since), text(until))),
                now: text(now),
            },
            Inputs::Test { name, environments, runs } => Self::Test {
                name: name.to_string(),
                environments: names(environments),
                runs: runs
                    .iter()
                    .map(|r| TestRunFile {
                        environment: r.environment.to_string(),
                        passed: r.passed,
                        attempts: r.attempts,
                        at: text(&r.at),
                        detail: r.detail.clone(),
                    })
                    .collect(),
            },
            Inputs::Window { windows, now } => {
                let windows = windows.iter().map(WindowFile::from).collect();
                Self::Window { windows, now: text(now) }
            }
            Inputs::Begun { at } => Self::Begun { at: text(at) },
            Inputs::Alerts { source, question, max, answer } => {
                Self::Alerts(AlertsFile::of(source, question, *max, answer.as_ref()))
            }
            Inputs::Metric { source, question, condition, measured } => {
                Self::Metric(MetricFile::of(source, question, condition, measured.as_ref()))
            }
            Inputs::Status { name, last } => Self::Status {
                name: name.clone(),
                last: last.as_ref().map(|r| ReportedFile {
                    success: r.success,
                    by: r.by.clone(),
                    at: text(&r.at),
                    detail: r.detail.clone(),
                }),
            },
        }
    }
}

impl TryFrom<InputsFile> for Inputs {
    type Error = RecordError;

    fn try_from(file: InputsFile) -> Result<Self, RecordError> {
        Ok(match file {
            InputsFile::Checks { errors, first } => Self::Checks { errors, first },
            InputsFile::Release {
                version,
                in_ledger: ledger,
                in_source: source,
                differs,
                reach,
                unknown_allowed,
            } => Self::Release {
                version: Version::parse_loose(&version)?,
                seen: Seen { ledger, source, differs },
                reach: reach.map(Reach::from),
                unknown_allowed,
            },
            InputsFile::Freeze { freezes } => Self::Freeze {
                freezes: all(freezes, |f| {
                    Ok(Frozen {
                        environment: f
                            .environment
                            .as_deref()
                            .map(EnvironmentName::parse)
                            .transpose()?,
                        by: f.by,
                        reason: f.reason,
                        since: f.since.parse()?,
                    })
                })?,
            },
            InputsFile::Path { wanted, previous, failed } => Self::Path {
                wanted: Version::parse_loose(&wanted)?,
                previous: all(previous, |has| {
                    let name = EnvironmentName::parse(&has.environment)?;
                    let version = has.version.as_deref().map(Version::parse_loose).transpose()?;
                    Ok((name, version))
                })?,
                failed: all(failed, |f| {
                    Ok(FailedIn {
                        environment: EnvironmentName::parse(&f.environment)?,
                        at: f.at.parse()?,
                        why: f.why,
                    })
                })?,
            },
            InputsFile::Approval { need, by, valid_for, signed, plan, authors, given, now } => {
                Self::Approval {
                    need,
                    by: by.into_iter().collect(),
                    valid_for: valid_for.map(Duration::from_secs),
                    signed,
                    plan: PlanHash::parse(&plan)?,
                    authors,
                    given: all(given, Given::try_from)?,
                    now: now.parse()?,
                }
            }
            InputsFile::Order { component, range, itself, has } => Self::Order {
                component: ComponentName::parse(&component)?,
                range: Range::parse(&range)?,
                itself,
                has: all(has, |v| Ok(v.as_deref().map(Version::parse_loose).transpose()?))?,
            },
            InputsFile::Verified { from, any } => Self::Verified {
                from: all(from, |v| {
                    Ok(VerifiedIn {
                        environment: EnvironmentName::parse(&v.environment)?,
                        since: v.since.map(|t| t.parse()).transpose()?,
                        observed: v.observed,
                    })
                })?,
                any,
            },
            InputsFile::Soak { need, environments, clusters, recorded, now } => Self::Soak {
                need: Duration::from_secs(need),
                environments: all(environments, |n| Ok(EnvironmentName::parse(&n)?))?,
                clusters: all(clusters, |c| {
                    Ok(Soaking {
                        environment: EnvironmentName::parse(&c.environment)?,
                        cluster: ClusterName::parse(&c.cluster)?,
                        state: SoakState::try_from(c.state)?,
                    })
                })?,
                recorded: match recorded {
                    Some((since, until)) => Some((since.parse()?, until.parse()?)),
                    None => None,
                },
                now: now.parse()?,
            },
            InputsFile::Test { name, environments, runs } => Self::Test {
                name: TestName::parse(&name)?,
                environments: all(environments, |n| Ok(EnvironmentName::parse(&n)?))?,
                runs: all(runs, |r| {
                    Ok(TestRun {
                        environment: EnvironmentName::parse(&r.environment)?,
                        passed: r.passed,
                        attempts: r.attempts,
                        at: r.at.parse()?,
                        detail: r.detail,
                    })
                })?,
            },
            InputsFile::Window { windows, now } => {
                Self::Window { windows: all(windows, Window::try_from)?, now: now.parse()? }
            }
            InputsFile::Begun { at } => Self::Begun { at: at.parse()? },
            InputsFile::Alerts(file) => file.read()?,
            InputsFile::Metric(file) => file.read()?,
            InputsFile::Status { name, last } => Self::Status {
                name,
                last: match last {
                    Some(r) => Some(Reported {
                        success: r.success,
                        by: r.by,
                        at: r.at.parse()?,
                        detail: r.detail,
                    }),
                    None => None,
                },
            },
        })
    }
}

fn all<A, B>(
    list: Vec<A>,
    read: impl Fn(A) -> Result<B, RecordError>,
) -> Result<Vec<B>, RecordError> {
    list.into_iter().map(read).collect()
}

impl From<&Window> for WindowFile {
    fn from(window: &Window) -> Self {
        let spec = WindowSpec::of(window);
        Self {
            allows: window.kind == Kind::Allow,
            cron: spec.cron,
            r#for: spec.r#for,
            zone: spec.zone,
            from: spec.from,
            until: spec.until,
            reason: spec.reason,
        }
    }
}

impl TryFrom<WindowFile> for Window {
    type Error = RecordError;

    fn try_from(file: WindowFile) -> Result<Self, RecordError> {
        let spec = WindowSpec {
            cron: file.cron,
            r#for: file.r#for,
            from: file.from,
            until: file.until,
            zone: file.zone,
            reason: file.reason,
        };
        let kind = if file.allows { Kind::Allow } else { Kind::Deny };
        let span = spec.span().map_err(|(_, message)| RecordError::BadWindow(message))?;
        Ok(Self { kind, reason: spec.reason, span })
    }
}

impl From<&Reach> for ReachFile {
    fn from(reach: &Reach) -> Self {
        match reach.clone() {
            Reach::Reached => Self::Reached,
            Reach::NotAsked => Self::NotAsked,
            Reach::Unreachable { location, why } => Self::Unreachable { location, why },
            Reach::NotListable { location } => Self::NotListable { location },
        }
    }
}

impl From<ReachFile> for Reach {
    fn from(reach: ReachFile) -> Self {
        match reach {
            ReachFile::Reached => Self::Reached,
            ReachFile::NotAsked => Self::NotAsked,
            ReachFile::Unreachable { location, why } => Self::Unreachable { location, why },
            ReachFile::NotListable { location } => Self::NotListable { location },
        }
    }
}

impl From<&Given> for GivenFile {
    fn from(given: &Given) -> Self {
        let (word, detail) = match &given.signature {
            Signature::NotChecked => ("notChecked", None),
            Signature::Missing => ("missing", None),
            Signature::Good { by } => ("good", Some(by.clone())),
            Signature::Bad { why } => ("bad", Some(why.clone())),
        };
        Self {
            by: given.by.clone(),
            at: text(&given.at),
            signature: word.to_owned(),
            signature_detail: detail,
        }
    }
}

impl TryFrom<GivenFile> for Given {
    type Error = RecordError;

    fn try_from(file: GivenFile) -> Result<Self, RecordError> {
        let detail = file.signature_detail.unwrap_or_default();
        let signature = match file.signature.as_str() {
            "missing" => Signature::Missing,
            "good" => Signature::Good { by: detail },
            "bad" => Signature::Bad { why: detail },
            _ => Signature::NotChecked,
        };
        Ok(Self { by: file.by, at: file.at.parse()?, signature })
    }
}

impl From<&SoakState> for SoakStateFile {
    fn from(state: &SoakState) -> Self {
        match state {
            SoakState::Healthy { since } => Self::Healthy { since: text(since) },
            SoakState::Unwell { health, why } => {
                Self::Unwell { health: health.word().to_owned(), why: why.clone() }
            }
            SoakState::OtherRevision { revision } => {
                Self::OtherRevision { revision: revision.clone() }
            }
            SoakState::Lost { since } => Self::Lost { since: text(since) },
            SoakState::Silent => Self::Silent,
            SoakState::NotConnected => Self::NotConnected,
        }
    }
}

impl TryFrom<SoakStateFile> for SoakState {
    type Error = RecordError;

    fn try_from(file: SoakStateFile) -> Result<Self, RecordError> {
        Ok(match file {
            SoakStateFile::Healthy { since } => Self::Healthy { since: since.parse()? },
            SoakStateFile::Unwell { health, why } => {
                let health = match health.as_str() {
                    "progressing" => Health::Progressing,
                    "failed" => Health::Failed,
                    _ => Health::Unknown,
                };
                Self::Unwell { health, why }
            }
            SoakStateFile::OtherRevision { revision } => Self::OtherRevision { revision },
            SoakStateFile::Lost { since } => Self::Lost { since: since.parse()? },
            SoakStateFile::Silent => Self::Silent,
            SoakStateFile::NotConnected => Self::NotConnected,
        })
    }
}
