//! What a `webhook` of `notifications` is sent.

use schemars::JsonSchema;
use serde::Serialize;

/// Changes, as one notification is told of them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationOutput {
    /// The notification's name in `towpath.yaml`.
    pub name: String,
    /// The changes, oldest first.
    pub changes: Vec<NotifiedOutput>,
    /// How many more there were than are told.
    pub more: usize,
}

/// One change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotifiedOutput {
    /// When, RFC 3339.
    pub at: String,
    /// `promoted`, `waiting`, `failed`, `rolledBack`, `verified` or `frozen`.
    pub on: &'static str,
    /// The environment; left out: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// The release's version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who recorded it, `Name <email>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// It in one line, for people.
    pub message: String,
}
