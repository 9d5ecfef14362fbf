//! `towpath gate replay -o json`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::record::InputsFile;

/// The gates of a recorded promotion, judged again.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateReplayOutput {
    /// The ledger's commit; left out where the record came from a file and the ledger has none like it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// When it was recorded, RFC 3339.
    pub at: String,
    /// By whom.
    pub by: String,
    /// Of which environment.
    pub environment: String,
    /// Of which component.
    pub component: String,
    /// The version that entered.
    pub version: String,
    /// The plan.
    pub plan: String,
    /// Whether everything is as the record says.
    pub same: bool,
    /// What is wrong with the record itself.
    pub problems: Vec<String>,
    /// Each gate, in the order of the record.
    pub gates: Vec<ReplayedOutput>,
}

/// A gate, judged again.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplayedOutput {
    /// Which gate.
    pub gate: String,
    /// Whether it is as the record says.
    pub same: bool,
    /// What the record says.
    pub recorded: VerdictOutput,
    /// What its inputs give; left out where the record has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replayed: Option<VerdictOutput>,
    /// Why the two are not the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// What it looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<InputsFile>,
}

/// A verdict with its reason.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerdictOutput {
    /// `open`, `waiting`, `closed` or `overridden`.
    pub verdict: String,
    /// Why.
    pub because: String,
}
