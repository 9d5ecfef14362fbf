//! `towpath release`, `release list`, `release diff` and `init` with `-o json`.

use schemars::JsonSchema;
use serde::Serialize;

/// What came of `towpath release`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseOutput {
    /// The component.
    pub component: String,
    /// The version.
    pub version: String,
    /// The tag.
    pub tag: String,
    /// The manifest's digest.
    pub digest: String,
    /// The commit its files are from; `null` when they are from the work tree.
    pub commit: Option<String>,
    /// Where it was published.
    pub location: String,
    /// `created`, `already-there`, or `planned` for a dry run.
    pub outcome: &'static str,
    /// How many files it holds.
    pub files: usize,
    /// The size of its layer, in bytes.
    pub size: usize,
    /// The ledger's commit that records it.
    pub record: Option<String>,
}

/// The releases of a component.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseListOutput {
    /// The component.
    pub component: String,
    /// Where its releases are.
    pub location: String,
    /// Why the location could not be asked; then only the ledger's releases are listed.
    pub unreachable: Option<String>,
    /// The releases, highest first.
    pub releases: Vec<ReleaseRow>,
}

/// One release.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseRow {
    /// The version.
    pub version: String,
    /// The tag.
    pub tag: String,
    /// The manifest's digest.
    pub digest: Option<String>,
    /// The commit it was made from.
    pub commit: Option<String>,
    /// Whether the ledger records it.
    pub in_ledger: bool,
    /// Whether the registry, or Git's tags, have it.
    pub in_source: bool,
}

/// What differs between two releases.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseDiffOutput {
    /// The first release.
    pub from: String,
    /// The second.
    pub to: String,
    /// The files that differ in content.
    pub files: Vec<FileChangeOutput>,
}

/// A file that differs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileChangeOutput {
    /// The file.
    pub path: String,
    /// `added`, `removed`, `changed` or `mode`.
    pub change: &'static str,
}

/// What came of `towpath init`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InitOutput {
    /// The file that was written.
    pub file: String,
    /// The environments it states, in the order of the path.
    pub environments: Vec<String>,
    /// The components it states.
    pub components: Vec<String>,
}
