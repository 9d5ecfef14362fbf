//! `towpath check --component -o json`: what a component brings and needs.

use schemars::JsonSchema;
use serde::Serialize;

/// What a component brings and needs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiligenceOutput {
    /// What it adds.
    pub adds: AddsOutput,
    /// What it requires.
    pub requires: RequiresOutput,
    /// The environments that could not run it, or may not, in the order of the path.
    pub cannot_run: Vec<CannotRunOutput>,
    /// What of it is in the path already.
    pub present: Vec<PresentOutput>,
    /// What could not be seen: one line each.
    pub not_seen: Vec<String>,
}

/// What a component adds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddsOutput {
    /// Definitions of custom resources, by name.
    pub definitions: Vec<AddedDefinitionOutput>,
    /// API groups that it serves, by name.
    pub groups: Vec<AddedGroupOutput>,
    /// Admission webhooks.
    pub webhooks: Vec<AddedWebhookOutput>,
    /// Roles over the cluster that it gives.
    pub roles: Vec<AddedRoleOutput>,
    /// Pods with powers over their node.
    pub pods: Vec<AddedPodsOutput>,
    /// Namespaces, by name.
    pub namespaces: Vec<String>,
    /// Charts, and how exactly they are said.
    pub charts: Vec<AddedChartOutput>,
    /// Images, by name.
    pub images: Vec<AddedImageOutput>,
}

/// A definition that a component adds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedDefinitionOutput {
    /// `scaledobjects.keda.sh`.
    pub name: String,
    /// `keda.sh`.
    pub group: String,
    /// `ScaledObject`.
    pub kind: String,
    /// Whether its objects lie in no namespace.
    pub cluster_wide: bool,
    /// Its versions, in the order of the file.
    pub versions: Vec<AddedVersionOutput>,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// A version of a definition.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedVersionOutput {
    /// `v1alpha1`.
    pub name: String,
    /// `alpha`, `beta` or `stable`.
    pub maturity: String,
    /// Whether it can be used.
    pub served: bool,
    /// Whether objects are stored in it.
    pub stored: bool,
    /// Whether it is announced to go.
    pub deprecated: bool,
}

/// An API group that a component serves.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedGroupOutput {
    /// `keda.sh`.
    pub name: String,
    /// `alpha`, `beta` or `stable`: of the version that has come furthest.
    pub maturity: String,
    /// Whether a server of the component answers for it, and not the API server.
    pub aggregated: bool,
}

/// An admission webhook that a component adds.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedWebhookOutput {
    /// The object that holds it.
    pub configuration: String,
    /// Its name.
    pub name: String,
    /// Whether requests are refused while it does not answer.
    pub blocks: bool,
    /// Whether it changes objects.
    pub mutates: bool,
    /// Whether it is asked of every namespace.
    pub every_namespace: bool,
    /// What it is asked of: `pods`, `apps/deployments`.
    pub resources: Vec<String>,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// A role over the cluster that a component gives.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedRoleOutput {
    /// The ClusterRole.
    pub role: String,
    /// Whether it is the component's own.
    pub own: bool,
    /// `cluster`, `namespaces`, `aggregated` or `nowhere`.
    pub scope: String,
    /// The namespaces in which it is given, or the role that it is aggregated into.
    pub within: Vec<String>,
    /// To whom: `ServiceAccount keda/keda-operator`.
    pub to: Vec<String>,
    /// What it allows that is dangerous.
    pub powers: Vec<String>,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// Pods with powers over the node that they run on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedPodsOutput {
    /// What makes them.
    pub object: String,
    /// The powers.
    pub powers: Vec<String>,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// A chart that a component installs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedChartOutput {
    /// The release.
    pub release: String,
    /// The chart, or the source that it is.
    pub chart: String,
    /// The version or reference as written; empty where nothing is said.
    pub version: String,
    /// `content`, `exact`, `patch`, `minor`, `open` or `unknown`: how far it moves by itself.
    pub moves: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// An image that a component runs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddedImageOutput {
    /// As written.
    pub image: String,
    /// `content`, `exact`, `patch`, `minor`, `open` or `unknown`: how far it moves by itself.
    pub moves: String,
}

/// What a component requires.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequiresOutput {
    /// The first Kubernetes with all that it uses, `1.23`; `null`: any will do.
    pub kubernetes_from: Option<String>,
    /// The kinds that make it so.
    pub kubernetes_from_kinds: Vec<String>,
    /// The first Kubernetes without something that it uses.
    pub kubernetes_below: Option<String>,
    /// Those kinds.
    pub kubernetes_below_kinds: Vec<String>,
    /// What its charts say of Kubernetes.
    pub charts: Vec<ChartKubernetesOutput>,
    /// Kinds that it uses and does not define.
    pub kinds: Vec<NeededKindOutput>,
    /// Namespaces that it uses and does not bring.
    pub namespaces: Vec<NeededOutput>,
    /// Objects that it names and does not bring.
    pub objects: Vec<NeededOutput>,
}

/// The Kubernetes that a chart says it runs on.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartKubernetesOutput {
    /// The chart.
    pub chart: String,
    /// The range, as written.
    pub range: String,
}

/// A kind that a component uses and does not define.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NeededKindOutput {
    /// `cert-manager.io/v1`.
    pub api_version: String,
    /// `Certificate`.
    pub kind: String,
    /// The file that defines it, if one that is seen does.
    pub file: Option<String>,
    /// An object that is of it.
    pub used_by: String,
}

/// Something that a component needs to be there.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NeededOutput {
    /// The namespace by name, or the object.
    pub what: String,
    /// Who needs it.
    pub used_by: String,
    /// Whether nothing that is seen brings it anywhere.
    pub missing: bool,
    /// The environments in which nothing that is seen brings it.
    pub missing_in: Vec<String>,
}

/// An environment that could not run a component, or may not.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CannotRunOutput {
    /// The environment; `null` where there is no path.
    pub environment: Option<String>,
    /// Why, at least once.
    pub reasons: Vec<ReasonOutput>,
}

/// Why an environment could not run a component.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReasonOutput {
    /// `not-served`, `not-by-default`, `not-defined`, `not-in-definition`, `not-in-release` or `chart-refuses`.
    pub reason: String,
    /// Whether it is certain.
    pub certain: bool,
    /// In words.
    pub message: String,
}

/// Something of a component that the path has already.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresentOutput {
    /// `definition`, `chart`, `object` or `default`.
    pub what: String,
    /// The name of the definition or the chart, or the object.
    pub name: String,
    /// In words.
    pub message: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The environments that have it, in the order of the path.
    pub environments: Vec<String>,
}
