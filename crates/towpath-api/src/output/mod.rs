//! JSON output of the commands (`-o json`): one type each, with `apiVersion` and `kind`.
//!
//! Text output carries no promise; this does. Must not compute: every value comes from core.

mod check;
mod cluster;
mod diff;
mod diligence;
mod freeze;
mod gate;
mod history;
mod impact;
mod notification;
mod plan;
mod release;
mod render;
mod run;
mod sandbox;
mod simulate;
mod status;

use schemars::JsonSchema;
use serde::Serialize;

pub use check::{
    CheckOutput, CheckedOutput, FindingOutput, FixedOutput, KubernetesOutput, RuleOutput,
    RulesOutput, SilencedOutput, SummaryOutput,
};
pub use cluster::{
    ClonedObjectOutput, ClusterCloneOutput, ClusterDeleteOutput, ClusterListOutput, ClusterOutput,
    ClusterStopOutput, LeftOutOutput,
};
pub use diff::{
    DiffClusterOutput, DiffCountsOutput, DiffEnvironmentOutput, DiffGroupOutput, DiffOutput,
    DiffPlaceOutput, DiffSummaryOutput, FieldChangeOutput, NotComparedOutput, ObjectChangeOutput,
    ObjectNameOutput, SideOutput, StepOutput,
};
pub use diligence::{
    AddedChartOutput, AddedDefinitionOutput, AddedGroupOutput, AddedImageOutput, AddedPodsOutput,
    AddedRoleOutput, AddedVersionOutput, AddedWebhookOutput, AddsOutput, CannotRunOutput,
    ChartKubernetesOutput, DiligenceOutput, NeededKindOutput, NeededOutput, PresentOutput,
    ReasonOutput, RequiresOutput,
};
pub use freeze::{FreezeOutput, FreezesOutput};
pub use gate::{GateReplayOutput, ReplayedOutput, VerdictOutput};
pub use history::{
    HistoryOutput, HistoryRow, ProblemOutput, SignatureOutput, SignedRecordOutput, VerifyOutput,
};
pub use impact::{AffectedOutput, BecauseOutput, ImpactOutput, MessageOutput};
pub use notification::{NotificationOutput, NotifiedOutput};
pub use plan::{
    ActOutput, EditOutput, ExplainOutput, FileDiffOutput, ForecastOutput, ForecastStepOutput,
    GateOutput, ObjectDiffOutput, PlanOutput, RecordedOutput, WhyOutput, outcome_word, why_code,
};
pub use release::{
    FileChangeOutput, InitOutput, ReleaseDiffOutput, ReleaseListOutput, ReleaseOutput, ReleaseRow,
};
pub use render::{RenderFinding, RenderOutput, RenderedObject, TouchOutput};
pub use run::RunEventOutput;
pub use sandbox::{
    SandboxCreateOutput, SandboxDeleteOutput, SandboxListOutput, SandboxPromoteOutput, SandboxRow,
    TeardownStep,
};
pub use simulate::{
    SimulateOutput, SimulatedEnvironmentOutput, SimulatedMomentOutput, SimulatedPolicyOutput,
    SimulatedReleaseOutput, SimulatedStayOutput, SimulatedWaitOutput,
};
pub use status::StatusOutput;

use crate::API_VERSION;

/// What wraps every JSON output.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output<T> {
    /// `towpath.dev/v1alpha1`.
    pub api_version: &'static str,
    /// The kind: `Status`, `Plan` ...
    pub kind: &'static str,
    /// The content.
    #[serde(flatten)]
    pub content: T,
}

impl<T> Output<T> {
    /// Wraps a content.
    pub fn new(kind: &'static str, content: T) -> Self {
        Self { api_version: API_VERSION, kind, content }
    }
}
