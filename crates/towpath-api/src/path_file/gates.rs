//! The gates of an environment in `towpath.yaml`: a mapping with a single key each.
//!
//! Must not judge them. Next: `towpath_core::gate`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::chain;
use towpath_core::gate::Condition;
use towpath_core::id::{ComponentName, SourceName, TestName};
use towpath_core::source::{Source, SourceKind};
use towpath_core::version::Range;

use super::mistake::{Wrong, wrong};
use super::sources::InvalidValue;
use super::{AlertsSpec, IsCondition, MetricSpec, WindowsSpec, duration, environments};

/// One gate: a mapping with a single key.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum GateSpec {
    /// Approvals of the plan's hash; the author of the release does not count.
    Approval(ApprovalSpec),
    /// Another component's release in this environment satisfies a range.
    Order(OrderSpec),
    /// The release was verified in all of the named environments: seen applied and healthy on every cluster, its tests
    /// passed.
    Verified(Vec<String>),
    /// The release was verified in one of the named environments.
    VerifiedInAny(Vec<String>),
    /// Contiguous healthy time in the environments before: `48h`, `90m`, `1h30m`.
    Soak(String),
    /// A test passed for the release.
    Test(TestGateSpec),
    /// When promotions may start, and when not.
    Window(WindowsSpec),
    /// No more alerts fire than may, now and at every sample of a stretch of time.
    Alerts(AlertsSpec),
    /// What a source measures satisfies a condition.
    Metric(MetricSpec),
    /// A status that somebody outside reports of the release (`towpath report`) is success.
    Status(String),
}

/// How many approvals, and by whom.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalSpec {
    /// How many.
    #[serde(default = "one")]
    pub count: u32,
    /// E-mail addresses of those who may approve. Left out, with no group: anybody but the author.
    #[serde(default)]
    pub by: Vec<String>,
    /// A group of people who may approve.
    pub group: Option<String>,
    /// How long an approval counts: `72h`. Left out: until the plan changes.
    pub valid_for: Option<String>,
    /// Whether only approvals count whose commit in the ledger carries a verified signature.
    #[serde(default)]
    pub signed: bool,
}

fn one() -> u32 {
    1
}

/// Which component must satisfy which range.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OrderSpec {
    /// The component.
    pub component: String,
    /// The range, as Flux understands ranges.
    pub range: String,
}

/// Which test must have passed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestGateSpec {
    /// The test, one of `tests`.
    pub name: String,
    /// The environments in which it must have passed. Left out: all that come before.
    #[serde(default)]
    pub r#in: Vec<String>,
}

/// What the file states elsewhere and what the reader knows, as far as gates depend on it.
pub(super) struct Known<'a> {
    /// People by group.
    pub(super) groups: &'a BTreeMap<String, Vec<String>>,
    /// Sources.
    pub(super) sources: &'a [Source],
    /// What is wrong with a condition on a metric.
    pub(super) is_condition: &'a IsCondition,
}

impl Known<'_> {
    fn source(&self, name: &SourceName) -> Option<&Source> {
        self.sources.iter().find(|source| source.name == *name)
    }

    fn is_alertmanager(&self, name: &SourceName) -> bool {
        self.source(name).is_some_and(|source| source.kind == SourceKind::Alertmanager)
    }
}

/// The condition that a gate states; `i` and `j` are its places in the file.
pub(super) fn convert(
    i: usize,
    j: usize,
    gate: &GateSpec,
    knows: &Known<'_>,
) -> Result<Condition, Wrong> {
    let at = |keys: &[&dyn Display], message: &dyn Display| {
        let before: [&dyn Display; 4] = [&"environments", &i, &"gates", &j];
        let all: Vec<&dyn Display> = before.into_iter().chain(keys.iter().copied()).collect();
        wrong(&all, message)
    };
    let listed = |list: &[String], keys: &[&dyn Display]| {
        let before: [&dyn Display; 4] = [&"environments", &i, &"gates", &j];
        let all: Vec<&dyn Display> = before.into_iter().chain(keys.iter().copied()).collect();
        environments(list, &all)
    };
    let invalid = |word: &'static str, e: InvalidValue| {
        let keys = std::iter::once(&word as &dyn Display);
        let keys: Vec<&dyn Display> =
            keys.chain(e.at.iter().map(|key| key as &dyn Display)).collect();
        at(&keys, &e.message)
    };
    let known = |knows: &Known<'_>, source: &SourceName, word: &'static str| {
        if knows.source(source).is_some() {
            return Ok(());
        }
        let names: Vec<&str> = knows.sources.iter().map(|s| s.name.as_str()).collect();
        let message = match names.as_slice() {
            [] => "`sources` states none".to_owned(),
            names => format!("`sources` has no {source}; it has {}", names.join(", ")),
        };
        Err(at(&[&word, &"source"], &message))
    };
    Ok(match gate {
        GateSpec::Approval(approval) => {
            let mut by: BTreeSet<String> = approval.by.iter().cloned().collect();
            if let Some(group) = &approval.group {
                let members = knows.groups.get(group).filter(|members| !members.is_empty());
                let members = members.ok_or_else(|| {
                    at(&[&"approval", &"group"], &format!("`groups` has no members for {group:?}"))
                })?;
                by.extend(members.iter().cloned());
            }
            if !by.is_empty() && by.len() < approval.count as usize {
                let message =
                    format!("{} people cannot give {} approvals", by.len(), approval.count);
                return Err(at(&[&"approval", &"count"], &message));
            }
            let valid_for = approval.valid_for.as_deref().map(duration).transpose();
            Condition::Approval {
                count: approval.count,
                by,
                valid_for: valid_for.map_err(|e| at(&[&"approval", &"validFor"], &e))?,
                signed: approval.signed,
            }
        }
        GateSpec::Order(order) => Condition::Order {
            component: ComponentName::parse(&order.component)
                .map_err(|e| at(&[&"order", &"component"], &e))?,
            range: Range::parse(&order.range).map_err(|e| at(&[&"order", &"range"], &chain(&e)))?,
        },
        GateSpec::Verified(from) => {
            Condition::Verified { from: listed(from, &[&"verified"])?, any: false }
        }
        GateSpec::VerifiedInAny(from) => {
            Condition::Verified { from: listed(from, &[&"verifiedInAny"])?, any: true }
        }
        GateSpec::Soak(text) => {
            Condition::Soak { duration: duration(text).map_err(|e| at(&[&"soak"], &e))? }
        }
        GateSpec::Test(test) => Condition::Test {
            name: TestName::parse(&test.name).map_err(|e| at(&[&"test", &"name"], &e))?,
            environments: listed(&test.r#in, &[&"test", &"in"])?,
        },
        GateSpec::Window(windows) => {
            Condition::Window { windows: windows.convert().map_err(|e| invalid("window", e))? }
        }
        GateSpec::Alerts(alerts) => {
            let (source, question) = alerts.convert().map_err(|e| invalid("alerts", e))?;
            known(knows, &source, "alerts")?;
            if knows.is_alertmanager(&source) && !question.over.is_zero() {
                let message =
                    format!("{source} is an Alertmanager, which knows what fires now only");
                return Err(at(&[&"alerts", &"over"], &message));
            }
            let environments = listed(&alerts.r#in, &[&"alerts", &"in"])?;
            Condition::Alerts { source, question, max: alerts.max, environments }
        }
        GateSpec::Metric(metric) => {
            let (source, baseline) = metric.convert().map_err(|e| invalid("metric", e))?;
            known(knows, &source, "metric")?;
            if knows.is_alertmanager(&source) {
                let message = format!("{source} is an Alertmanager, which knows no metrics");
                return Err(at(&[&"metric", &"source"], &message));
            }
            (knows.is_condition)(&metric.condition, baseline.is_some())
                .map_err(|e| at(&[&"metric", &"condition"], &e))?;
            let (query, condition) = (metric.query.clone(), metric.condition.clone());
            Condition::Metric { source, query, condition, baseline }
        }
        GateSpec::Status(name) if name.trim().is_empty() => {
            return Err(at(&[&"status"], &"a status has a name"));
        }
        GateSpec::Status(name) => Condition::Status { name: name.clone() },
    })
}
