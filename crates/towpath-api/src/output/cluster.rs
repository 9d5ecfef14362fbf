//! `towpath cluster` with `-o json`.

use schemars::JsonSchema;
use serde::Serialize;

/// A sandbox cluster that listens, or the record of one that did.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterOutput {
    /// Its name.
    pub name: String,
    /// `running`, `stopped` for one that is kept, or `gone` for one that was lost with its process.
    pub state: &'static str,
    /// The version of Kubernetes whose API it serves.
    pub kubernetes: String,
    /// Where clients reach it, or did.
    pub server: String,
    /// Its kubeconfig.
    pub kubeconfig: String,
    /// The folder it is kept in; `null` if it lives in memory only.
    pub data: Option<String>,
    /// The process that serves it, or did.
    pub pid: u32,
    /// When it was started, RFC 3339.
    pub started: String,
}

/// The sandbox clusters.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterListOutput {
    /// Each cluster, by name.
    pub clusters: Vec<ClusterOutput>,
}

/// What came of `cluster stop`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterStopOutput {
    /// Its name.
    pub name: String,
    /// Whether it had already stopped.
    pub already: bool,
    /// The folder it is kept in; `null` if nothing of it is left.
    pub data: Option<String>,
}

/// What came of `cluster delete`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterDeleteOutput {
    /// Its name.
    pub name: String,
    /// Files and folders that were removed.
    pub removed: Vec<String>,
}
