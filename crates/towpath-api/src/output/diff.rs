//! `towpath diff -o json`: what differs between two sides, object by object and field by field.
//!
//! It is complete, but for secrets: of those it says only that they changed.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

/// What differs between two sides.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffOutput {
    /// The old side, as it was asked for.
    pub old: String,
    /// The new side.
    pub new: String,
    /// How much changes where.
    pub summary: DiffSummaryOutput,
    /// The changes; those at most places first. Each is in one group only.
    pub groups: Vec<DiffGroupOutput>,
    /// What a side could not render, so that nothing is said of it.
    pub not_compared: Vec<NotComparedOutput>,
}

/// Kustomizations that a side could not render, for one reason.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotComparedOutput {
    /// The reason.
    pub why: String,
    /// The Flux Kustomizations, as `namespace/name`.
    pub kustomizations: Vec<String>,
    /// Their clusters, as `environment/cluster`.
    pub clusters: Vec<String>,
}

/// How much changes where.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffSummaryOutput {
    /// Different changes.
    pub total: DiffCountsOutput,
    /// By environment; the name is empty where the sides are no environments.
    pub environments: Vec<DiffEnvironmentOutput>,
}

/// Numbers of objects.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffCountsOutput {
    /// That come.
    pub added: usize,
    /// That change, and do not only follow the new name of another.
    pub changed: usize,
    /// That go.
    pub removed: usize,
    /// That only follow the new name of another.
    pub following: usize,
}

/// How much changes in an environment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffEnvironmentOutput {
    /// Its name.
    pub name: String,
    /// Different changes on its clusters.
    pub counts: DiffCountsOutput,
    /// Its clusters that were compared; those on which nothing changes too.
    pub clusters: Vec<DiffClusterOutput>,
}

/// How much changes on a cluster.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffClusterOutput {
    /// Its name.
    pub name: String,
    /// Its changes.
    pub counts: DiffCountsOutput,
}

/// Changes that all happen at the same places.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffGroupOutput {
    /// Where.
    pub places: Vec<DiffPlaceOutput>,
    /// What.
    pub changes: Vec<ObjectChangeOutput>,
}

/// Where a change happens. What does not apply is empty.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffPlaceOutput {
    /// The environment.
    pub environment: String,
    /// The cluster.
    pub cluster: String,
    /// The Flux Kustomization, as `namespace/name`.
    pub kustomization: String,
}

/// One object that is not the same on both sides.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectChangeOutput {
    /// What it is called; where both sides have it, as on the new one.
    pub object: ObjectNameOutput,
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    /// What it was called, where the hash behind its name is another one now.
    pub renamed_from: Option<String>,
    /// Whether all that changed in it is the new name of other objects.
    pub only_follows: bool,
    /// The fields that changed; none of an object that only one side has.
    pub fields: Vec<FieldChangeOutput>,
    /// The object as it was, with `***` in place of secrets.
    pub old: Option<SideOutput>,
    /// The object as it will be.
    pub new: Option<SideOutput>,
}

/// What an object is called.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectNameOutput {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version in its group.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The namespace as written; empty where none is.
    pub namespace: String,
    /// The name.
    pub name: String,
}

/// An object as one side has it, at one of the places of its group.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SideOutput {
    /// The file that it comes from.
    pub file: String,
    /// The line of its document in that file, from 1.
    pub line: usize,
    /// What changed it on its way: `FILE: FIELD`, as `overlays/a/kustomization.yaml: patches[2]`.
    pub touched: Vec<String>,
    /// The object.
    pub object: Value,
}

/// One field that is not the same on both sides.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChangeOutput {
    /// Which field, for people: `spec.template.spec.containers[name=web].image`.
    pub path: String,
    /// Which field, for programs.
    pub steps: Vec<StepOutput>,
    /// `added`, `removed`, `changed` or `reordered`.
    pub change: &'static str,
    /// The value is a secret, which is left out.
    pub masked: bool,
    /// The value as it was; absent where there was none or it is a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// The value as it will be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
    /// Where in its list it is added, from 0, if that is before items that were there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<usize>,
    /// The object whose new name this field only follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follows: Option<ObjectNameOutput>,
}

/// One step from an object down to a field.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StepOutput {
    /// To a field of a mapping.
    Key(String),
    /// To an item of a list whose items are told apart by nothing but their place.
    Index {
        /// Where it was, from 0.
        old: Option<usize>,
        /// Where it will be, from 0.
        new: Option<usize>,
    },
    /// To the item of a list that has these fields.
    Item(Map<String, Value>),
}
