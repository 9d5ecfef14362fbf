//! `towpath cluster` with `-o json`.

use std::collections::BTreeMap;

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

/// The clone of a live cluster, and what its version of Kubernetes makes of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterCloneOutput {
    /// The context of the live cluster.
    pub context: String,
    /// The version of Kubernetes that the live cluster runs; `null` if it does not say.
    pub from: Option<String>,
    /// The version of Kubernetes that the clone serves.
    pub to: String,
    /// The clone; `null` if it was only tried.
    pub cluster: Option<ClusterOutput>,
    /// How many objects of each kind are there, by `Deployment.apps`.
    pub copied: BTreeMap<String, usize>,
    /// Objects that are there in another version, since their own is not served: `why` is the version that they have.
    pub moved: Vec<ClonedObjectOutput>,
    /// Objects that the clone does not serve.
    pub not_served: Vec<ClonedObjectOutput>,
    /// Objects that the clone refuses, in its words.
    pub refused: Vec<ClonedObjectOutput>,
    /// What the clone warns of.
    pub warned: Vec<ClonedObjectOutput>,
    /// What stays behind.
    pub left_out: Vec<LeftOutOutput>,
    /// What the live cluster did not say: one line each.
    pub not_asked: Vec<String>,
}

/// An object, and what is told of it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClonedObjectOutput {
    /// `apps/v1`, as the live cluster has it.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// Its namespace; `null` if it has none.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// What is told of it.
    pub why: String,
}

/// Objects of a kind that stay behind.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftOutOutput {
    /// `ReplicaSet.apps`.
    pub kind: String,
    /// How many.
    pub count: usize,
    /// Why.
    pub why: String,
}
