//! Findings: results of checks, each with its rule, its place and what to do.
//!
//! Rules are in `towpath-check`; this is only what they say.

use crate::id::EnvironmentName;
use crate::pin::{Location, ObjectRef};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Should be mended; stops nothing by default.
    Warning,
    /// Closes the gate `checks` of the environment it concerns.
    Error,
}

impl Severity {
    /// `info`, `warning`, `error`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One result of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, `production-not-exact`.
    pub rule: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Which environments it concerns, in the order of the path; none: the repository.
    pub environments: Vec<EnvironmentName>,
    /// The object.
    pub object: Option<ObjectRef>,
    /// Where in the object, `spec.containers[0].image`, where it concerns one place of it.
    pub field: Option<String>,
    /// Where.
    pub at: Location,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do, in one sentence without a full stop.
    pub fix: String,
}
