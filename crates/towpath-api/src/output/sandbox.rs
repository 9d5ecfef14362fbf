//! `towpath sandbox` with `-o json`.

use schemars::JsonSchema;
use serde::Serialize;

/// What came of `sandbox create`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SandboxCreateOutput {
    /// Its name.
    pub name: String,
    /// The environment it is a clone of.
    pub from: String,
    /// Its branch.
    pub branch: String,
    /// Its cluster's folder.
    pub path: String,
    /// The commit that made it.
    pub commit: String,
    /// When it should be gone, RFC 3339.
    pub expires: String,
    /// What was changed in the clone, one line each.
    pub changes: Vec<String>,
    /// What the clone leaves as it was, and why, one line each.
    pub kept: Vec<String>,
}

/// The sandboxes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SandboxListOutput {
    /// Each sandbox, oldest first.
    pub sandboxes: Vec<SandboxRow>,
}

/// One sandbox.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SandboxRow {
    /// Its name.
    pub name: String,
    /// Who created it.
    pub owner: String,
    /// The environment it is a clone of.
    pub from: String,
    /// Its branch.
    pub branch: String,
    /// When it was created, RFC 3339.
    pub created: String,
    /// When it should be gone, RFC 3339.
    pub expires: String,
    /// Whether that time has passed.
    pub expired: bool,
    /// The ticket.
    pub ticket: String,
    /// What it is for.
    pub summary: String,
    /// Commits on its branch that the trunk does not have; `null` when the branch is gone.
    pub ahead: Option<usize>,
    /// Commits on the trunk that its branch does not have.
    pub behind: Option<usize>,
    /// Files of its cluster's folder that differ from its origin's folder on the trunk.
    pub diverged: Vec<String>,
}

/// What came of `sandbox promote`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SandboxPromoteOutput {
    /// The sandbox.
    pub name: String,
    /// The branch that holds the change.
    pub branch: String,
    /// The commit.
    pub commit: String,
    /// Whether it was merged.
    pub merged: bool,
    /// The files that the change touches.
    pub files: Vec<String>,
    /// What of the sandbox was left out, one line each.
    pub left_out: Vec<String>,
}

/// What came of `sandbox delete`, or would.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SandboxDeleteOutput {
    /// The sandbox.
    pub name: String,
    /// Its branch.
    pub branch: String,
    /// Whether it was only planned.
    pub dry_run: bool,
    /// The teardown, in order.
    pub teardown: Vec<TeardownStep>,
    /// The ledger's commit that records the deletion.
    pub record: Option<String>,
}

/// One step of a teardown.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeardownStep {
    /// Its place, from 1. Steps of one stage may run together.
    pub stage: usize,
    /// `suspend` or `delete`.
    pub verb: &'static str,
    /// `Kind namespace/name`.
    pub object: String,
    /// Why it stands there.
    pub because: String,
    /// The file that defines it.
    pub file: String,
    /// The line in it.
    pub line: u32,
}
