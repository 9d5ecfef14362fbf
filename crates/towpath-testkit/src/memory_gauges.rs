//! Sources of alerts and metrics that know what they are told, for stories and simulations.
//!
//! Alerts fire from one time to another; what is measured is a number from one time to the next. Regular expressions
//! of matchers are not understood, but for the names of clusters, which a question lists.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use towpath_core::source::{
    AlertsQuestion, AlertsSeen, Labels, MetricQuestion, MetricSeen, Operator, Sampled, Series,
    Source, SourceName, Stretch,
};
use towpath_engine::gauge::{GaugeError, GaugeProblem, Gauges};

/// What sources know.
#[derive(Debug, Clone, Default)]
pub struct MemoryGauges {
    alerts: Vec<Alert>,
    measured: BTreeMap<SourceName, Vec<(Timestamp, Option<f64>)>>,
    silent: BTreeMap<SourceName, String>,
}

#[derive(Debug, Clone)]
struct Alert {
    source: SourceName,
    labels: Labels,
    from: Timestamp,
    until: Timestamp,
}

impl MemoryGauges {
    /// An alert begins to fire.
    pub fn fires(&mut self, source: SourceName, labels: Labels, from: Timestamp) {
        self.alerts.push(Alert { source, labels, from, until: Timestamp::MAX });
    }

    /// Alerts with these labels fire no more; answers how many did.
    pub fn resolves(&mut self, source: &SourceName, labels: &Labels, until: Timestamp) -> usize {
        let same = |a: &&mut Alert| a.source == *source && a.labels == *labels && a.until > until;
        self.alerts.iter_mut().filter(same).map(|alert| alert.until = until).count()
    }

    /// From now on this is measured, or nothing.
    pub fn measures(&mut self, source: SourceName, value: Option<f64>, from: Timestamp) {
        self.measured.entry(source).or_default().push((from, value));
    }

    /// From now on a source gives no answer, and why; `None`: it does again.
    pub fn silence(&mut self, source: SourceName, why: Option<String>) {
        match why {
            Some(why) => self.silent.insert(source, why),
            None => self.silent.remove(&source),
        };
    }

    fn speaks(&self, source: &Source) -> Result<(), GaugeError> {
        match self.silent.get(&source.name) {
            None => Ok(()),
            Some(why) => Err(GaugeError {
                source_name: source.name.clone(),
                problem: GaugeProblem::Unreachable,
                message: why.clone(),
                hint: None,
            }),
        }
    }

    fn value(&self, source: &SourceName, at: Timestamp) -> Option<f64> {
        let known = self.measured.get(source)?;
        known.iter().rev().find(|(from, _)| *from <= at)?.1
    }

    /// The mean over a stretch of time, by the minute.
    fn mean(&self, source: &SourceName, over: Stretch) -> Option<f64> {
        let (from, until) = (over.from.as_second(), over.until.as_second());
        let times = (from..until.max(from + 1)).step_by(60);
        let values: Option<Vec<f64>> =
            times.map(|at| self.value(source, Timestamp::from_second(at).ok()?)).collect();
        let values = values?;
        #[expect(clippy::cast_precision_loss, reason = "minutes of a test are few")]
        let count = values.len() as f64;
        Some(values.iter().sum::<f64>() / count)
    }
}

impl Gauges for MemoryGauges {
    fn alerts(
        &self,
        source: &Source,
        question: &AlertsQuestion,
        now: Timestamp,
    ) -> Result<AlertsSeen, GaugeError> {
        self.speaks(source)?;
        let of_cluster = |labels: &Labels| match &source.cluster_label {
            Some(name) if !question.clusters.is_empty() => {
                labels.get(name).is_some_and(|cluster| question.clusters.contains(cluster))
            }
            _ => true,
        };
        let matches = |labels: &Labels| {
            question.matchers.iter().all(|matcher| {
                let value = labels.get(matcher.label()).unwrap_or_default();
                match matcher.operator() {
                    Operator::Equal | Operator::Matches => value == matcher.value(),
                    Operator::NotEqual | Operator::MatchesNot => value != matcher.value(),
                }
            })
        };
        let meant: Vec<&Alert> = self
            .alerts
            .iter()
            .filter(|a| a.source == source.name && of_cluster(&a.labels) && matches(&a.labels))
            .collect();
        let firing = |at: Timestamp| -> BTreeSet<Labels> {
            let then = meant.iter().filter(|a| a.from <= at && at < a.until);
            then.map(|alert| alert.labels.clone()).collect()
        };
        let mut samples = Vec::new();
        if !question.over.is_zero() {
            let from = now.checked_sub(question.over).unwrap_or(Timestamp::MIN);
            let mut times = BTreeSet::from([from, now]);
            let changes = meant.iter().flat_map(|alert| [alert.from, alert.until]);
            times.extend(changes.filter(|at| from < *at && *at < now));
            samples.extend(times.into_iter().map(|at| Sampled { at, firing: firing(at).len() }));
        }
        Ok(AlertsSeen::of(firing(now), samples))
    }

    fn metric(
        &self,
        source: &Source,
        question: &MetricQuestion,
        now: Timestamp,
    ) -> Result<MetricSeen, GaugeError> {
        self.speaks(source)?;
        let series = |value: Option<f64>| {
            let of = |value: f64| Series { labels: Labels::default(), value: value.to_string() };
            value.map(of).into_iter().collect::<Vec<_>>()
        };
        Ok(MetricSeen {
            series: series(self.value(&source.name, now)),
            baseline: question.baseline.map(|over| series(self.mean(&source.name, over))),
        })
    }
}
