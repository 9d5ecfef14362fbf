//! `towpath run -o json`: one line for each event.

use schemars::JsonSchema;
use serde::Serialize;

/// Something that the loop did, or saw for the first time.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunEventOutput {
    /// When its turn began, RFC 3339.
    pub at: String,
    /// `started`; `listening`; `leading` and `following`, where a lease says who acts; `promoted`; `recorded`, for what
    /// follows from the reports of clusters, and for results of tests; `testing`, for a test that begins; `untested`, for
    /// one that could not be run; `state`, where an environment stands otherwise than it did; `failed`, for a turn that
    /// could not be taken; `recovered`, for the first one after; `ended`, for a promotion that is followed.
    pub event: &'static str,
    /// Of which environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Of which component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// The release that would enter, or has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `up-to-date`, `follows`, `ready`, `waiting` or `refused`, of a `state`; `verified`, `failed`, `given-up` or `replaced`, of
    /// what `ended`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<&'static str>,
    /// The codes of the reasons, as those of `towpath plan`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<&'static str>,
    /// The commit of the ledger that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// The same in words.
    pub message: String,
}
