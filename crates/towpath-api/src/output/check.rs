//! What `towpath check` found, as JSON. [`FindingOutput`] is also part of a status.

use schemars::JsonSchema;
use serde::Serialize;
use towpath_core::finding::Finding;

/// What was checked, and what was found.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckOutput {
    /// What was found, errors first.
    pub findings: Vec<FindingOutput>,
    /// Findings that are silenced.
    pub silenced: Vec<SilencedOutput>,
    /// What was written by `--fix`.
    pub fixed: Vec<FixedOutput>,
    /// What was checked.
    pub checked: CheckedOutput,
    /// How many findings there are of each severity.
    pub summary: SummaryOutput,
}

/// A finding.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FindingOutput {
    /// The rule.
    pub rule: String,
    /// `info`, `warning` or `error`.
    pub severity: String,
    /// The environments that it concerns, in the order of the path; none: the repository.
    pub environments: Vec<String>,
    /// The object: `Kind namespace/name`.
    pub object: Option<String>,
    /// Where in the object: `spec.replicas`.
    pub field: Option<String>,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// The column behind the part of the line that is meant; left out where the file is not at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_column: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub fix: String,
}

/// A finding that is silenced.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SilencedOutput {
    /// The finding.
    #[serde(flatten)]
    pub finding: FindingOutput,
    /// Why, in the words of whoever silenced it.
    pub reason: String,
    /// Until when, `2027-01-31`; `null`: until the silence is taken out.
    pub until: Option<String>,
    /// Where it is silenced: `towpath.yaml:12`.
    pub silenced_at: String,
}

/// One `apiVersion` that `--fix` wrote.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FixedOutput {
    /// The object: `Kind namespace/name`.
    pub object: String,
    /// The file.
    pub file: String,
    /// The line of the value, from 1.
    pub line: u32,
    /// What stood there.
    pub was: String,
    /// What stands there now.
    pub is: String,
}

/// What was checked.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckedOutput {
    /// How many files were read.
    pub files: usize,
    /// How many objects were judged.
    pub objects: usize,
    /// The contexts of the connected clusters that were asked; left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// For which Kubernetes.
    pub kubernetes: Vec<KubernetesOutput>,
    /// What could not be checked, and why: one line each.
    pub not_checked: Vec<String>,
}

/// A Kubernetes that objects were judged for.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesOutput {
    /// `1.36`.
    pub version: String,
    /// `asked`, `stated` or `assumed`; assumed is the newest that is known. A connected cluster
    /// states its own.
    pub known_by: String,
    /// The environments that have it; none where there is no path.
    pub environments: Vec<String>,
}

/// The rules, or the one that was asked for.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RulesOutput {
    /// The rules, in order of id; those of custom resource definitions (`crd-…`) last.
    pub rules: Vec<RuleOutput>,
}

/// A rule, with what its page says.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleOutput {
    /// Its id.
    pub id: String,
    /// `info`, `warning` or `error`; a single finding may matter less.
    pub severity: String,
    /// What it finds.
    pub title: String,
    /// Why that matters.
    pub why: String,
    /// What to do about it.
    pub fix: String,
    /// YAML or words that it finds.
    pub fails: String,
    /// What it does not find.
    pub passes: String,
}

/// How many findings there are.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SummaryOutput {
    /// Of severity `error`.
    pub errors: usize,
    /// Of severity `warning`.
    pub warnings: usize,
    /// Of severity `info`.
    pub infos: usize,
    /// Silenced ones.
    pub silenced: usize,
}

impl From<&Finding> for FindingOutput {
    fn from(f: &Finding) -> Self {
        Self {
            rule: f.rule.to_owned(),
            severity: f.severity.as_str().to_owned(),
            environments: f.environments.iter().map(ToString::to_string).collect(),
            object: f.object.as_ref().map(ToString::to_string),
            field: f.field.clone(),
            file: f.at.file.to_string(),
            line: f.at.line,
            column: f.at.column,
            end_column: None,
            message: f.message.clone(),
            fix: f.fix.clone(),
        }
    }
}
