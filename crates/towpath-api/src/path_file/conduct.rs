//! How an environment takes releases, as `towpath.yaml` states it. What is left out is the careful answer.
//!
//! Must not act on it. Next: `towpath_core::conduct`.

use std::collections::BTreeMap;
use std::fmt::Display;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::conduct::{Amount, Conduct, OnFailure, Selector, Supersede, Verify, Wave};
use towpath_core::id::{ComponentName, TestName};

use super::mistake::{Wrong, wrong};
use super::{EnvironmentSpec, duration};

/// What becomes of a release that waits while a newer one comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SupersedeSpec {
    /// The newer one takes its place; those between are recorded as skipped.
    Latest,
    /// Each is taken in turn.
    Every,
}

/// What happens when a promotion fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnFailureSpec {
    /// Nothing moves on.
    Halt,
    /// What was moved goes back to the last verified release.
    Rollback,
}

/// A wave.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WaveSpec {
    /// Its name.
    pub name: String,
    /// Names of clusters; `*` stands for any characters. Left out: every name.
    #[serde(default)]
    pub clusters: Vec<String>,
    /// Labels that a cluster must have.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// How many may be on their way at once: `3` or `25%`, at least one. Left out: one.
    pub max_concurrency: Option<AmountSpec>,
    /// How many may fail before the promotion does: `1` or `5%`. Left out: none.
    pub max_failures: Option<AmountSpec>,
    /// How long all must be healthy before the next wave: `30m`. Left out: no time.
    pub min_success_time: Option<String>,
    /// How long one may take: `20m`; more is a failure. Left out: for ever.
    pub progress_deadline: Option<String>,
}

/// A number, or a share in percent.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AmountSpec {
    /// So many.
    Count(u32),
    /// So many of a hundred: `25%`.
    Percent(String),
}

/// What it takes to verify a release.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerifySpec {
    /// How long every cluster must have been healthy with it: `10m`. Left out: no time.
    pub healthy_for: Option<String>,
    /// The tests that must have passed here.
    #[serde(default)]
    pub tests: Vec<String>,
}

/// The conduct that an environment states; `i` is its place in the file.
pub(super) fn convert(i: usize, spec: &EnvironmentSpec) -> Result<Conduct, Wrong> {
    let mut conduct = Conduct {
        auto: spec.auto,
        supersede: match spec.supersede {
            Some(SupersedeSpec::Every) => Supersede::Every,
            Some(SupersedeSpec::Latest) | None => Supersede::Latest,
        },
        on_failure: match spec.on_failure {
            Some(OnFailureSpec::Rollback) => OnFailure::Rollback,
            Some(OnFailureSpec::Halt) | None => OnFailure::Halt,
        },
        ..Conduct::default()
    };
    for (j, wave) in spec.waves.iter().enumerate() {
        let converted = convert_wave(i, j, wave)?;
        if conduct.waves.iter().any(|w: &Wave| w.name == converted.name) {
            let message = format!("there is a wave {:?} before", wave.name);
            return Err(wrong(&[&"environments", &i, &"waves", &j, &"name"], message));
        }
        conduct.waves.push(converted);
    }
    for (j, name) in spec.bundle.iter().enumerate() {
        let name = ComponentName::parse(name)
            .map_err(|e| wrong(&[&"environments", &i, &"bundle", &j], e))?;
        conduct.bundle.insert(name);
    }
    if let Some(verify) = &spec.verify {
        conduct.verify = convert_verify(i, verify)?;
    }
    Ok(conduct)
}

fn convert_verify(i: usize, spec: &VerifySpec) -> Result<Verify, Wrong> {
    let healthy_for = spec.healthy_for.as_deref().map(duration).transpose();
    let mut verify = Verify {
        healthy_for: healthy_for
            .map_err(|e| wrong(&[&"environments", &i, &"verify", &"healthyFor"], e))?
            .unwrap_or_default(),
        ..Verify::default()
    };
    for (j, name) in spec.tests.iter().enumerate() {
        let name = TestName::parse(name)
            .map_err(|e| wrong(&[&"environments", &i, &"verify", &"tests", &j], e))?;
        verify.tests.push(name);
    }
    Ok(verify)
}

fn convert_wave(i: usize, j: usize, spec: &WaveSpec) -> Result<Wave, Wrong> {
    let at = |key: &str, message: &dyn Display| {
        wrong(&[&"environments", &i, &"waves", &j, &key], message)
    };
    let span = |key: &str, text: &Option<String>| {
        text.as_deref().map(duration).transpose().map_err(|e| at(key, &e))
    };
    let some = |key: &str, of: &Option<AmountSpec>, default: Amount| match of {
        None => Ok(default),
        Some(AmountSpec::Count(count)) => Ok(Amount::Count(*count)),
        Some(AmountSpec::Percent(text)) => {
            let number = text.strip_suffix('%').and_then(|n| n.trim().parse::<u8>().ok());
            match number.filter(|n| *n <= 100) {
                Some(number) => Ok(Amount::Percent(number)),
                None => Err(at(key, &format!("{text:?} is neither a number nor a share like 25%"))),
            }
        }
    };
    if spec.name.trim().is_empty() {
        return Err(at("name", &"a wave has a name"));
    }
    let max_concurrency = some("maxConcurrency", &spec.max_concurrency, Amount::Count(1))?;
    if max_concurrency == Amount::Count(0) {
        return Err(at("maxConcurrency", &"with none at once nothing would ever move"));
    }
    Ok(Wave {
        name: spec.name.clone(),
        select: Selector { names: spec.clusters.clone(), labels: spec.labels.clone() },
        max_concurrency,
        max_failures: some("maxFailures", &spec.max_failures, Amount::Count(0))?,
        min_success_time: span("minSuccessTime", &spec.min_success_time)?.unwrap_or_default(),
        progress_deadline: span("progressDeadline", &spec.progress_deadline)?,
    })
}
