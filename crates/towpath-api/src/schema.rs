//! The JSON Schemas of everything in this crate, generated from the types.
//!
//! `cargo xtask gen` writes them under `docs/schemas/`; they are never edited by hand.

use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use crate::output::{
    ActOutput, CheckOutput, ClusterCloneOutput, ClusterDeleteOutput, ClusterListOutput,
    ClusterOutput, ClusterStopOutput, DiffOutput, DiligenceOutput, ExplainOutput, FreezesOutput,
    GateReplayOutput, HistoryOutput, ImpactOutput, InitOutput, NotificationOutput, Output,
    PlanOutput, RecordedOutput, ReleaseDiffOutput, ReleaseListOutput, ReleaseOutput, RulesOutput,
    RunEventOutput, SandboxCreateOutput, SandboxDeleteOutput, SandboxListOutput,
    SandboxPromoteOutput, SimulateOutput, StatusOutput, VerifyOutput,
};
use crate::path_file::PathFile;
use crate::record::RecordFile;
use crate::scenario_file::ScenarioFile;

/// All schemas, by file name.
#[must_use]
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("path.json", of::<PathFile>()),
        ("record.json", of::<RecordFile>()),
        ("scenario.json", of::<ScenarioFile>()),
        ("status.json", output::<StatusOutput>("Status")),
        ("init.json", output::<InitOutput>("Init")),
        ("plan.json", output::<PlanOutput>("Plan")),
        ("explain.json", output::<ExplainOutput>("Explain")),
        ("check.json", output::<CheckOutput>("Check")),
        ("rules.json", output::<RulesOutput>("Rules")),
        ("impact.json", output::<ImpactOutput>("Impact")),
        ("component.json", output::<DiligenceOutput>("Component")),
        ("diff.json", output::<DiffOutput>("Diff")),
        ("promote.json", output::<ActOutput>("Promote")),
        ("recorded.json", output::<RecordedOutput>("Recorded")),
        ("freezes.json", output::<FreezesOutput>("Freezes")),
        ("gate-replay.json", output::<GateReplayOutput>("GateReplay")),
        ("notification.json", output::<NotificationOutput>("Notification")),
        ("history.json", output::<HistoryOutput>("History")),
        ("history-verify.json", output::<VerifyOutput>("HistoryVerify")),
        ("run.json", output::<RunEventOutput>("RunEvent")),
        ("release.json", output::<ReleaseOutput>("Release")),
        ("release-list.json", output::<ReleaseListOutput>("ReleaseList")),
        ("release-diff.json", output::<ReleaseDiffOutput>("ReleaseDiff")),
        ("sandbox-create.json", output::<SandboxCreateOutput>("SandboxCreate")),
        ("sandbox-list.json", output::<SandboxListOutput>("SandboxList")),
        ("sandbox-promote.json", output::<SandboxPromoteOutput>("SandboxPromote")),
        ("sandbox-delete.json", output::<SandboxDeleteOutput>("SandboxDelete")),
        ("simulate.json", output::<SimulateOutput>("Simulate")),
        ("cluster-start.json", output::<ClusterOutput>("ClusterStart")),
        ("cluster-list.json", output::<ClusterListOutput>("ClusterList")),
        ("cluster-clone.json", output::<ClusterCloneOutput>("ClusterClone")),
        ("cluster-stop.json", output::<ClusterStopOutput>("ClusterStop")),
        ("cluster-delete.json", output::<ClusterDeleteOutput>("ClusterDelete")),
    ]
}

fn of<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}

fn output<T: JsonSchema>(kind: &str) -> Value {
    let mut schema = of::<Output<T>>();
    schema["title"] = kind.into();
    schema["properties"]["kind"]["const"] = kind.into();
    schema["properties"]["apiVersion"]["const"] = crate::API_VERSION.into();
    schema
}
