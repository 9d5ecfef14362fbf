//! `towpath simulate -o json`.

use schemars::JsonSchema;
use serde::Serialize;

/// What would happen, or would have happened.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimulateOutput {
    /// When the scenario begins, RFC 3339.
    pub start: String,
    /// When it ends, RFC 3339.
    pub end: String,
    /// What is played, one or two policies: the first is the one that is asked about.
    pub policies: Vec<SimulatedPolicyOutput>,
    /// Whether both policies come to the same; left out where there is one.
    pub same: Option<bool>,
}

/// What came of a policy.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedPolicyOutput {
    /// The file that states it; left out: that of the repository.
    pub file: Option<String>,
    /// Each environment in numbers, in the order of the path.
    pub environments: Vec<SimulatedEnvironmentOutput>,
    /// How many releases failed in production, each once.
    pub failed_in_production: usize,
    /// The way of each release, in the order of their times.
    pub releases: Vec<SimulatedReleaseOutput>,
    /// What happened, in order.
    pub timeline: Vec<SimulatedMomentOutput>,
    /// What was taken for granted.
    pub assumptions: Vec<String>,
}

/// An environment in numbers.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedEnvironmentOutput {
    /// Its name.
    pub environment: String,
    /// Whether it is production.
    pub production: bool,
    /// How many releases appeared of its components.
    pub released: usize,
    /// How many of them every cluster came to run, healthy.
    pub arrived: usize,
    /// How many a newer one took the place of.
    pub skipped: usize,
    /// How many failed there.
    pub failed: usize,
    /// How many promotions began.
    pub promotions: usize,
    /// How many rollbacks.
    pub rollbacks: usize,
    /// Seconds from release to arrival: half took no longer. Left out where none arrived.
    pub lead_median_seconds: Option<u64>,
    /// Seconds from release to arrival: nine of ten took no longer.
    pub lead_p90_seconds: Option<u64>,
    /// What releases waited for, the longest first.
    pub waited: Vec<SimulatedWaitOutput>,
}

/// What was waited for.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedWaitOutput {
    /// A gate by its name, `clusters`, `somebody to promote` or `somebody to decide`.
    pub what: String,
    /// How long, all releases together.
    pub seconds: u64,
    /// How long for nothing else.
    pub alone_seconds: u64,
}

/// The way of a release.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedReleaseOutput {
    /// Of which component.
    pub component: String,
    /// Which version.
    pub version: String,
    /// When it appeared, RFC 3339.
    pub released: String,
    /// How it fared in each environment, in the order of the path.
    pub environments: Vec<SimulatedStayOutput>,
}

/// How a release fared in an environment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedStayOutput {
    /// Which environment.
    pub environment: String,
    /// When it began to enter, RFC 3339.
    pub entered: Option<String>,
    /// When every cluster was healthy with it, RFC 3339.
    pub arrived: Option<String>,
    /// Seconds from release to arrival.
    pub lead_seconds: Option<u64>,
    /// When it first failed there, RFC 3339.
    pub failed: Option<String>,
    /// Whether a newer release took its place.
    pub skipped: bool,
    /// What it waited for on its way in.
    pub waited: Vec<SimulatedWaitOutput>,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedMomentOutput {
    /// When, RFC 3339.
    pub at: String,
    /// What: `released`, `promoted`, `arrived`, `verified`, `approved`, `rolledBack`, `failed`, `recovered`,
    /// `promotionFailed`, `tested`, `reported`, `frozen`, `thawed`, `lost`, `found`, `broken`, `mended`, `alertFires`,
    /// `alertResolved`.
    pub what: String,
    /// In which environment; left out: in none, or in all.
    pub environment: Option<String>,
    /// To which component.
    pub component: Option<String>,
    /// To which release of it.
    pub version: Option<String>,
    /// The rest, in words.
    pub detail: String,
}
