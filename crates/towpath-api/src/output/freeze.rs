//! `towpath freeze list -o json`.

use schemars::JsonSchema;
use serde::Serialize;

/// The emergency stops that hold.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreezesOutput {
    /// Each, oldest first.
    pub freezes: Vec<FreezeOutput>,
}

/// An emergency stop.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreezeOutput {
    /// Of which environment; left out: of all.
    pub environment: Option<String>,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when, RFC 3339.
    pub since: String,
}
