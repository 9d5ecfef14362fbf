//! `towpath plan`, `explain`, `promote`, `rollback`, `approve` and `override` with `-o json`.

use schemars::JsonSchema;
use serde::Serialize;
use towpath_core::action::Outcome as ActOutcome;
use towpath_core::forecast::{Forecast, Step};
use towpath_core::gate::{Inputs, Judged, Verdict};
use towpath_core::pin::Replacement;
use towpath_core::plan::{Outcome, Proposal};
use towpath_core::release::Release;
use towpath_core::why::Why;

use super::{DiffOutput, SignatureOutput};
use crate::record::{GivenFile, InputsFile};

/// A reason: a code that does not change, and the words for people.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WhyOutput {
    /// The kind of the reason, in kebab case: `approvals`, `not-in-previous`.
    pub code: &'static str,
    /// The reason in words.
    pub message: String,
}

impl From<&Why> for WhyOutput {
    fn from(why: &Why) -> Self {
        Self { code: why_code(why), message: why.to_string() }
    }
}

/// The code of a reason.
#[must_use]
pub fn why_code(why: &Why) -> &'static str {
    match why {
        Why::NoRelease { .. } => "no-release",
        Why::RegistryUnreachable { .. } => "registry-unreachable",
        Why::NotListable { .. } => "not-listable",
        Why::NotAsked => "not-asked",
        Why::BranchUnknown { .. } => "branch-unknown",
        Why::FollowsBranch { .. } => "follows-branch",
        Why::CommitUnknown { .. } => "commit-unknown",
        Why::NotOnBranch { .. } => "not-on-branch",
        Why::FollowsRange { .. } => "follows-range",
        Why::NothingInRange { .. } => "nothing-in-range",
        Why::OutsideRange { .. } => "outside-range",
        Why::NotInPrevious { .. } => "not-in-previous",
        Why::PreviousUnknown { .. } => "previous-unknown",
        Why::AheadOfPrevious { .. } => "ahead-of-previous",
        Why::ReadyToPromote { .. } => "ready-to-promote",
        Why::AskedFor { .. } => "asked-for",
        Why::Downgrade { .. } => "downgrade",
        Why::NotBack { .. } => "not-back",
        Why::UnknownVersion { .. } => "unknown-version",
        Why::NotInRegistry { .. } => "not-in-registry",
        Why::DigestDiffers { .. } => "digest-differs",
        Why::NothingToRollBackTo => "nothing-to-roll-back-to",
        Why::StatedNotActual { .. } => "stated-not-actual",
        Why::NoPin { .. } => "no-pin",
        Why::PinNotEditable { .. } => "pin-not-editable",
        Why::ClustersDiffer { .. } => "clusters-differ",
        Why::Findings { .. } => "findings",
        Why::Approvals { .. } => "approvals",
        Why::Order { .. } => "order",
        Why::SoakNotObserved { .. } => "soak-not-observed",
        Why::VerificationNotObserved { .. } => "verification-not-observed",
        Why::NotVerified { .. } => "not-verified",
        Why::Soaking { .. } => "soaking",
        Why::SoakBroken { .. } => "soak-broken",
        Why::Frozen { .. } => "frozen",
        Why::FailedIn { .. } => "failed-in-previous",
        Why::TestNotRun { .. } => "test-not-run",
        Why::TestFailed { .. } => "test-failed",
        Why::WindowShut { .. } => "window-shut",
        Why::StatusMissing { .. } => "status-missing",
        Why::StatusFailed { .. } => "status-failed",
        Why::SourceNotAsked { .. } => "source-not-asked",
        Why::SourceSilent { .. } => "source-silent",
        Why::AlertsFire { .. } => "alerts-fire",
        Why::AlertsFired { .. } => "alerts-fired",
        Why::MetricDoesNotHold { .. } => "metric-does-not-hold",
        Why::MetricNoData { .. } => "metric-no-data",
        Why::MetricUnclear { .. } => "metric-unclear",
        Why::RollingOut { .. } => "rolling-out",
        Why::Settling { .. } => "settling",
        Why::WaveNotObserved { .. } => "wave-not-observed",
        Why::RolloutFailed { .. } => "rollout-failed",
        Why::NotAutomatic => "not-automatic",
        Why::FailedBefore { .. } => "failed-before",
        Why::Flapping { .. } => "flapping",
        Why::NoVerifiedSet { .. } => "no-verified-set",
        Why::MovesWith { .. } => "moves-with",
        Why::NothingVerified => "nothing-verified",
    }
}

/// The word of an outcome.
#[must_use]
pub fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::UpToDate => "up-to-date",
        Outcome::Follows => "follows",
        Outcome::Ready => "ready",
        Outcome::Waiting => "waiting",
        Outcome::Refused => "refused",
    }
}

/// What entering an environment would change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanOutput {
    /// The environment.
    pub environment: String,
    /// The component.
    pub component: String,
    /// `up-to-date`, `follows`, `ready`, `waiting` or `refused`.
    pub outcome: &'static str,
    /// What it tracks now: `semver 0.0.x`.
    pub tracks: Option<String>,
    /// The version that this means.
    pub has: Option<String>,
    /// The newest release.
    pub newest: Option<String>,
    /// The release that would enter.
    pub candidate: Option<String>,
    /// Its digest.
    pub digest: Option<String>,
    /// The commit the plan is based on.
    pub based_on: Option<String>,
    /// The plan's hash, for `towpath approve`.
    pub hash: Option<String>,
    /// The bytes that would change.
    pub edits: Vec<EditOutput>,
    /// The gates, all of them.
    pub gates: Vec<GateOutput>,
    /// Why it is not on the newest release.
    pub waiting: Vec<WhyOutput>,
    /// The files that differ between what the environment has and what it would get; `null` where the
    /// contents could not be read.
    pub files: Option<Vec<FileDiffOutput>>,
    /// The objects that differ; `null` likewise.
    pub objects: Option<Vec<ObjectDiffOutput>>,
    /// Why `files` and `objects` could not be told.
    pub contents_unknown: Option<String>,
    /// What the edits do to the objects that the environment's clusters are given; `null` where there are no
    /// edits or the clusters could not be rendered.
    pub rendered: Option<DiffOutput>,
    /// Why the clusters could not be rendered.
    pub rendered_unknown: Option<String>,
}

/// Why each component of an environment is not on its newest release.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainOutput {
    /// The environment.
    pub environment: String,
    /// One plan for each component, as the planner returned it.
    pub components: Vec<PlanOutput>,
    /// When the newest release of each, or the one that was asked for, can be there at the earliest.
    pub forecasts: Vec<ForecastOutput>,
}

/// The way of a release to an environment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForecastOutput {
    /// Which component.
    pub component: String,
    /// Which release.
    pub version: String,
    /// The environments on the way that do not have it, the one that was asked for last. Empty: it is there.
    pub steps: Vec<ForecastStepOutput>,
}

/// One environment on the way of a release.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForecastStepOutput {
    /// Which.
    pub environment: String,
    /// When the release can be on all of its clusters, at the earliest, RFC 3339; `null`: never by itself.
    pub at: Option<String>,
    /// Why never.
    pub never: Option<WhyOutput>,
    /// What the time supposes, besides what the steps before do.
    pub supposing: Vec<String>,
}

impl ForecastOutput {
    /// The wire form of a forecast.
    #[must_use]
    pub fn new(release: &Release, forecast: &Forecast) -> Self {
        let step = |step: &Step| ForecastStepOutput {
            environment: step.environment.to_string(),
            at: step.at.as_ref().ok().map(ToString::to_string),
            never: step.at.as_ref().err().map(|why| WhyOutput::from(&**why)),
            supposing: step.supposing.iter().map(ToString::to_string).collect(),
        };
        Self {
            component: release.component.to_string(),
            version: release.version.to_string(),
            steps: forecast.steps.iter().map(step).collect(),
        }
    }
}

/// One replacement of bytes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditOutput {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The first byte, from 0.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// What stands there.
    pub old: String,
    /// What will.
    pub new: String,
}

impl From<&Replacement> for EditOutput {
    fn from(e: &Replacement) -> Self {
        Self {
            file: e.file.to_string(),
            line: e.line,
            start: e.range.start,
            end: e.range.end,
            old: e.old.clone(),
            new: e.new.clone(),
        }
    }
}

/// A gate with its verdict.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateOutput {
    /// Which gate.
    pub gate: String,
    /// `open`, `waiting` or `closed`.
    pub verdict: &'static str,
    /// Whether a promotion may pass: open or overridden.
    pub passes: bool,
    /// Why.
    pub because: String,
    /// The reason's code, where it is not open.
    pub code: Option<&'static str>,
    /// The earliest time at which it can open, where that can be known.
    pub opens_at: Option<String>,
    /// When the oldest of what decided came to be known; `null`: it is of the moment of the look.
    pub as_of: Option<String>,
    /// What it looked at, with what it demands: the same as in a record.
    pub inputs: InputsFile,
    /// The override that counts: who, why, until when.
    pub overridden: Option<String>,
    /// Every approval of the plan, whether it counts or not, with its signature; left out where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<GivenFile>,
}

impl From<&Judged> for GateOutput {
    fn from(g: &Judged) -> Self {
        let opens_at = match &g.verdict {
            Verdict::Waiting { opens_at, .. } => opens_at.map(|t| t.to_string()),
            _ => None,
        };
        let approvals = match &g.inputs {
            Inputs::Approval { given, .. } => given.iter().map(GivenFile::from).collect(),
            _ => Vec::new(),
        };
        Self {
            gate: g.gate.to_string(),
            approvals,
            verdict: g.word(),
            passes: g.passes(),
            because: match &g.verdict {
                Verdict::Open(because) => because.clone(),
                Verdict::Waiting { why, .. } | Verdict::Closed(why) => why.to_string(),
            },
            code: g.why().map(why_code),
            opens_at,
            as_of: g.inputs.as_of().map(|at| at.to_string()),
            inputs: InputsFile::from(&g.inputs),
            overridden: g
                .overridden
                .as_ref()
                .map(|o| format!("{}: {} (until {})", o.by, o.reason, o.expires)),
        }
    }
}

/// A file that differs between two contents.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileDiffOutput {
    /// The file.
    pub path: String,
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
}

/// An object that differs between two contents.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectDiffOutput {
    /// `Kind namespace/name`.
    pub object: String,
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// The file it stands in.
    pub file: String,
    /// The fields that differ, as `spec.chart.spec.version: 2.10.2 -> 2.11.0`.
    pub fields: Vec<String>,
}

impl PlanOutput {
    /// The wire form of a proposal; contents are added by whoever read them.
    #[must_use]
    pub fn new(proposal: &Proposal, based_on: Option<&str>) -> Self {
        Self {
            environment: proposal.environment.to_string(),
            component: proposal.component.to_string(),
            outcome: outcome_word(proposal.outcome),
            tracks: proposal.tracking.as_ref().map(ToString::to_string),
            has: proposal.has.as_ref().map(ToString::to_string),
            newest: proposal.newest.as_ref().map(|r| r.version.to_string()),
            candidate: proposal.candidate.as_ref().map(|r| r.version.to_string()),
            digest: proposal
                .candidate
                .as_ref()
                .and_then(|r| r.digest.as_ref())
                .map(ToString::to_string),
            based_on: based_on.map(str::to_owned),
            hash: proposal.hash.as_ref().map(ToString::to_string),
            edits: proposal.edits.iter().map(EditOutput::from).collect(),
            gates: proposal.gates.iter().map(GateOutput::from).collect(),
            waiting: proposal.waiting.iter().map(WhyOutput::from).collect(),
            files: None,
            objects: None,
            contents_unknown: None,
            rendered: None,
            rendered_unknown: None,
        }
    }
}

/// What came of `promote` or `rollback`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActOutput {
    /// `done`, `already-done` or `stale`.
    pub outcome: &'static str,
    /// The plan that was carried out.
    pub plan: PlanOutput,
    /// The commit, when done.
    pub commit: Option<String>,
    /// The branch that got it.
    pub branch: Option<String>,
    /// The ledger's commit that records it.
    pub record: Option<String>,
}

impl ActOutput {
    /// The wire form of an outcome.
    #[must_use]
    pub fn new(
        outcome: &ActOutcome,
        plan: PlanOutput,
        branch: Option<&str>,
        record: Option<&str>,
    ) -> Self {
        Self {
            outcome: match outcome {
                ActOutcome::Done { .. } => "done",
                ActOutcome::AlreadyDone => "already-done",
                ActOutcome::Stale { .. } => "stale",
            },
            plan,
            commit: match outcome {
                ActOutcome::Done { commit } => Some(commit.to_string()),
                _ => None,
            },
            branch: branch.map(str::to_owned),
            record: record.map(str::to_owned),
        }
    }
}

/// A record that a command wrote: `approve`, `override`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordedOutput {
    /// The ledger's commit.
    pub commit: String,
    /// The record.
    pub record: crate::record::RecordFile,
    /// Whether it is signed; left out where nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SignatureOutput>,
}
