//! `towpath check --impact -o json`: whom a change or a planned removal concerns.

use schemars::JsonSchema;
use serde::Serialize;

/// Whom a change or a planned removal concerns.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImpactOutput {
    /// The environments concerned, in the order of the path.
    pub environments: Vec<String>,
    /// The objects concerned, by owner, namespace and name.
    pub affected: Vec<AffectedOutput>,
    /// A message for each owner, ready to send.
    pub messages: Vec<MessageOutput>,
    /// What could not be seen: one line each.
    pub not_seen: Vec<String>,
}

/// An object that is concerned.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AffectedOutput {
    /// Whose it is: the value of a label, or the name of the namespace; `null`: nobody's.
    pub owner: Option<String>,
    /// `label`, `namespace` or `none`.
    pub owner_known_by: String,
    /// The namespace in which it works; empty where there is none.
    pub namespace: String,
    /// Its `apiVersion`, as written.
    pub api_version: String,
    /// The object: `Kind namespace/name`.
    pub object: String,
    /// `file`, `helm-release` or `cluster`.
    pub known_by: String,
    /// The release that stores it, or what of a cluster says so.
    pub said_by: Option<String>,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// The environments in which it is concerned, in the order of the path; none where there is no path.
    pub environments: Vec<String>,
    /// Why, at least once.
    pub because: Vec<BecauseOutput>,
}

/// Why an object is concerned.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BecauseOutput {
    /// `removed-api`, `deprecated-api`, `rejected`, `definition`, `definition-removed`, `policy`, `chart`, `chart-from`,
    /// `values`, `values-from`, `release-removed` or `planned-removal`.
    pub cause: String,
    /// Whether it certainly concerns the object; else it may.
    pub certain: bool,
    /// What it says.
    pub message: String,
    /// What to do.
    pub fix: String,
    /// The environments, in the order of the path.
    pub environments: Vec<String>,
}

/// A message to an owner.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageOutput {
    /// To whom: `team-a`, `namespace shop`, `nobody`.
    pub to: String,
    /// What to send, in Markdown.
    pub text: String,
}
