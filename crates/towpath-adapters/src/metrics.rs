//! The numbers of the path and of the loop, written as OpenMetrics, which Prometheus reads.
//!
//! Values come from [`towpath_engine::measure`]. Must not compute any: who changes what a number means changes it
//! there. The names are a promise to dashboards and alerts; `docs/operating.md` lists them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use towpath_engine::measure::{Delivery, Measured, Standing, Turns};

/// What there is to tell. The loop writes it after each turn, and whoever asks reads it as it stands.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    told: Arc<Mutex<(Measured, Turns)>>,
}

impl Metrics {
    /// Puts other numbers in the place of those before.
    pub fn set(&self, measured: Measured, turns: Turns) {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = (measured, turns);
    }

    /// Counts anew, and leaves the numbers of the path as they were: nobody could look.
    pub fn set_turns(&self, turns: Turns) {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).1 = turns;
    }

    /// All of it as text; and whether this process acts, where there is a lease.
    #[must_use]
    pub fn text(&self, leads: Option<bool>) -> String {
        let (measured, turns) = self.told.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut registry = Registry::with_prefix("towpath");
        registry.register_collector(Box::new(Told { measured, turns, leads }));
        let mut text = String::new();
        encode(&mut text, &registry).expect("a text takes all that is written to it");
        text
    }
}

#[derive(Debug)]
struct Told {
    measured: Measured,
    turns: Turns,
    leads: Option<bool>,
}

type Labels<'a> = Vec<(&'static str, &'a str)>;

impl Collector for Told {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        self.standing(&mut to)?;
        self.delivery(&mut to)?;
        self.turns(&mut to)
    }
}

impl Told {
    fn standing(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let all = || self.measured.standing.iter();
        let version = |of: fn(&Standing) -> Option<&str>| {
            all().filter_map(move |it| {
                let mut labels = standing(it);
                labels.push(("version", of(it)?));
                Some((labels, 1_u64))
            })
        };
        let has = version(|it| it.has.as_ref().map(|version| version.original()));
        gauges(to, "has", "The version that an environment has", None, has)?;
        let candidate = version(|it| it.candidate.as_ref().map(|version| version.original()));
        gauges(to, "candidate", "The version that would enter an environment", None, candidate)?;
        let behind = all().filter_map(|it| Some((standing(it), count(it.behind?))));
        let help = "Known releases above what an environment has";
        gauges(to, "behind_releases", help, None, behind)?;
        let behind = all().filter_map(|it| Some((standing(it), it.behind_for?.as_secs_f64())));
        let help = "Age of the oldest release that an environment does not have";
        gauges(to, "behind", help, Some(&Unit::Seconds), behind)?;
        let gates = all().flat_map(|it| {
            it.gates.iter().map(|(gate, verdict)| {
                let mut labels = standing(it);
                labels.extend([("gate", gate.as_str()), ("verdict", verdict)]);
                (labels, 1_u64)
            })
        });
        gauges(to, "gate", "What a gate says of the candidate", None, gates)?;
        let help = "Promotions that the ledger has, ways back not counted";
        counters(to, "promotions", help, all().map(|it| (standing(it), it.promotions)))?;
        let help = "Ways back that the ledger has";
        counters(to, "rollbacks", help, all().map(|it| (standing(it), it.rollbacks)))
    }

    fn delivery(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let all = || self.measured.delivery.iter();
        let time = |of: fn(&Delivery) -> Option<Duration>| {
            all().filter_map(move |it| Some((delivery(it), of(it)?.as_secs_f64())))
        };
        let help = "Median time from a release to production, of 30 days";
        gauges(to, "lead_time", help, Some(&Unit::Seconds), time(|it| it.lead_time))?;
        let help = "Releases that entered production within 30 days";
        let changes = all().map(|it| (delivery(it), count(it.changes)));
        gauges(to, "deployments_30d", help, None, changes)?;
        let help = "Share of them that failed or were gone back from";
        let rates = all().filter_map(|it| Some((delivery(it), it.failure_rate()?)));
        gauges(to, "change_failure_ratio", help, None, rates)?;
        let help = "Median time from a failure to another release that is good, of 30 days";
        gauges(to, "time_to_restore", help, Some(&Unit::Seconds), time(|it| it.restored_in))
    }

    fn turns(&self, to: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let it = &self.turns;
        let alone = |value| std::iter::once((Vec::new(), value));
        counters(
            to,
            "turns",
            "Turns of the loop that broke off or not",
            alone(it.good + it.failed),
        )?;
        counters(to, "turn_failures", "Turns of the loop that broke off", alone(it.failed))?;
        let leads = self.leads.map(|leads| (Vec::new(), u64::from(leads)));
        gauges(to, "leader", "Whether this process holds the lease", None, leads.into_iter())?;
        let help = "How long the last turn took";
        let last = std::iter::once((Vec::new(), it.last_took.as_secs_f64()));
        gauges(to, "last_turn_duration", help, Some(&Unit::Seconds), last)?;
        let help = "When the last turn ended that did not break off";
        let good = it.last_good.map(|at| (Vec::new(), at.as_second()));
        gauges(to, "last_good_turn_timestamp", help, Some(&Unit::Seconds), good.into_iter())
    }
}

fn standing(it: &Standing) -> Labels<'_> {
    vec![("environment", it.environment.as_str()), ("component", it.component.as_str())]
}

fn delivery(it: &Delivery) -> Labels<'_> {
    vec![("environment", it.environment.as_str()), ("component", it.component.as_str())]
}

fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

fn gauges<'a, N: EncodeGaugeValue>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    unit: Option<&Unit>,
    values: impl Iterator<Item = (Labels<'a>, N)>,
) -> fmt::Result {
    let values = values.map(|(labels, value)| (labels, ConstGauge::new(value)));
    family(to, (name, help, unit), values)
}

fn counters<'a>(
    to: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    values: impl Iterator<Item = (Labels<'a>, u64)>,
) -> fmt::Result {
    let values = values.map(|(labels, value)| (labels, ConstCounter::new(value)));
    family(to, (name, help, None), values)
}

/// One name with all its series, or the one without labels. A name without any is left out.
fn family<'a, M: EncodeMetric>(
    to: &mut DescriptorEncoder<'_>,
    (name, help, unit): (&str, &str, Option<&Unit>),
    values: impl Iterator<Item = (Labels<'a>, M)>,
) -> fmt::Result {
    let mut values = values.peekable();
    let Some((_, first)) = values.peek() else { return Ok(()) };
    let kind = first.metric_type();
    let mut to = to.encode_descriptor(name, help, unit, kind)?;
    for (labels, metric) in values {
        if labels.is_empty() {
            return metric.encode(to);
        }
        metric.encode(to.encode_family(&labels)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use towpath_core::id::{ComponentName, EnvironmentName, GateName};
    use towpath_core::version::Version;

    use super::*;

    #[test]
    fn nothing_is_only_the_loop() {
        let text = Metrics::default().text(None);
        assert!(text.contains("towpath_turns_total 0\n"), "{text}");
        assert!(text.ends_with("# EOF\n") && !text.contains("environment"), "{text}");
        assert!(!text.contains("leader"), "{text}");
        for (leads, line) in [(true, "towpath_leader 1\n"), (false, "towpath_leader 0\n")] {
            assert!(Metrics::default().text(Some(leads)).contains(line));
        }
    }

    #[test]
    fn numbers_are_written_with_names_of_the_path() {
        let environment = EnvironmentName::parse("production").expect("a name");
        let component = ComponentName::parse("platform").expect("a name");
        let metrics = Metrics::default();
        let standing = Standing {
            environment: environment.clone(),
            component: component.clone(),
            has: Version::parse("1.4.1").ok(),
            candidate: Version::parse("1.4.2").ok(),
            behind: Some(2),
            behind_for: Some(Duration::from_secs(90)),
            gates: vec![(GateName::parse("soak").expect("a name"), "waiting")],
            promotions: 4,
            rollbacks: 1,
        };
        let delivery = Delivery {
            environment,
            component,
            lead_time: Some(Duration::from_secs(3600)),
            changes: 4,
            failed: 1,
            restored_in: None,
        };
        let mut turns = Turns::default();
        turns.count(true, Duration::from_millis(1500), Timestamp::constant(100, 0));
        turns.count(false, Duration::from_millis(500), Timestamp::constant(200, 0));
        let measured = Measured { standing: vec![standing], delivery: vec![delivery] };
        metrics.set(measured, turns);
        let text = metrics.text(None);
        let of = r#"environment="production",component="platform""#;
        for line in [
            format!("towpath_has{{{of},version=\"1.4.1\"}} 1"),
            format!("towpath_candidate{{{of},version=\"1.4.2\"}} 1"),
            format!("towpath_behind_releases{{{of}}} 2"),
            format!("towpath_behind_seconds{{{of}}} 90.0"),
            format!("towpath_gate{{{of},gate=\"soak\",verdict=\"waiting\"}} 1"),
            format!("towpath_promotions_total{{{of}}} 4"),
            format!("towpath_rollbacks_total{{{of}}} 1"),
            format!("towpath_lead_time_seconds{{{of}}} 3600.0"),
            format!("towpath_deployments_30d{{{of}}} 4"),
            format!("towpath_change_failure_ratio{{{of}}} 0.25"),
            "towpath_turns_total 2".to_owned(),
            "towpath_turn_failures_total 1".to_owned(),
            "towpath_last_turn_duration_seconds 0.5".to_owned(),
            "towpath_last_good_turn_timestamp_seconds 100".to_owned(),
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        assert!(!text.contains("time_to_restore"), "{text}");
    }
}
