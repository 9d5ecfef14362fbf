//! `towpath history -o json` and `towpath history verify -o json`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::record::RecordFile;

/// The ledger, newest first.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryOutput {
    /// The records.
    pub records: Vec<HistoryRow>,
}

/// One record with the commit that holds it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryRow {
    /// The ledger's commit.
    pub commit: String,
    /// The record.
    pub record: RecordFile,
}

/// Whether the ledger is whole.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyOutput {
    /// Whether everything agrees.
    pub whole: bool,
    /// How many records there are.
    pub records: usize,
    /// What does not agree.
    pub problems: Vec<ProblemOutput>,
}

/// One disagreement.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemOutput {
    /// The ledger's commit.
    pub commit: String,
    /// What is wrong.
    pub message: String,
}
