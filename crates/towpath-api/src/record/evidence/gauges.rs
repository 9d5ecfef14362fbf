//! What sources of alerts and metrics were asked and answered, as JSON in the evidence of a gate.
//!
//! Must not hold where a source is or how it is logged in to.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::gate::Inputs;
use towpath_core::id::SourceName;
use towpath_core::source::{
    AlertsQuestion, AlertsSeen, Answer, Labels, Matcher, Measured, Met, MetricQuestion, MetricSeen,
    Sampled, Series, Stretch, Unanswered,
};

use super::all;
use crate::record::RecordError;

/// Alerts, with what is demanded of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertsFile {
    /// Which source was asked.
    source: String,
    /// Which alerts.
    matchers: Vec<String>,
    /// How far back, in seconds.
    over: u64,
    /// Whether silenced and inhibited ones count.
    count_silenced: bool,
    /// The clusters meant.
    clusters: BTreeSet<String>,
    /// How many may fire at one time.
    max: usize,
    /// When it was asked; left out: nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// The labels of those that fire.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    firing: Vec<BTreeMap<String, String>>,
    /// How many fired from which time on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    history: Vec<(String, usize)>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unanswered: Option<String>,
}

/// A metric, with what is demanded of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricFile {
    /// Which source was asked.
    source: String,
    /// The query.
    query: String,
    /// The time of the baseline: from when to when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline_time: Option<(String, String)>,
    /// What must hold, in CEL.
    condition: String,
    /// When it was asked; left out: nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// What was measured.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    series: Vec<SeriesFile>,
    /// The mean over the baseline's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline: Option<Vec<SeriesFile>>,
    /// Why there is no answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unanswered: Option<String>,
    /// What the condition says: `holds`, `doesNot`, `noData` or `cannotTell`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    met: Option<String>,
    /// Why it says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    met_detail: Option<String>,
}

/// One series with its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesFile {
    /// What tells it from others.
    labels: BTreeMap<String, String>,
    /// The number as the source wrote it.
    value: String,
}

impl AlertsFile {
    pub(super) fn of(
        source: &SourceName,
        question: &AlertsQuestion,
        max: usize,
        answer: Option<&Answer<AlertsSeen>>,
    ) -> Self {
        let seen = answer.and_then(|answer| answer.value.as_ref().ok());
        let history = seen.map(|seen| seen.history.as_slice()).unwrap_or_default();
        Self {
            source: source.to_string(),
            matchers: question.matchers.iter().map(ToString::to_string).collect(),
            over: question.over.as_secs(),
            count_silenced: question.count_silenced,
            clusters: question.clusters.clone(),
            max,
            at: answer.map(|answer| answer.at.to_string()),
            firing: seen.iter().flat_map(|seen| &seen.firing).map(|l| l.0.clone()).collect(),
            history: history.iter().map(|s| (s.at.to_string(), s.firing)).collect(),
            unanswered: answer.and_then(|a| a.value.as_ref().err()).map(|e| e.why.clone()),
        }
    }

    pub(super) fn read(self) -> Result<Inputs, RecordError> {
        let question = AlertsQuestion {
            matchers: all(self.matchers, |text| Ok(Matcher::parse(&text)?))?,
            over: Duration::from_secs(self.over),
            count_silenced: self.count_silenced,
            clusters: self.clusters,
        };
        let value = match self.unanswered {
            Some(why) => Err(Unanswered { why }),
            None => Ok(AlertsSeen {
                firing: self.firing.into_iter().map(Labels).collect(),
                history: all(self.history, |(at, firing)| Ok(Sampled { at: at.parse()?, firing }))?,
            }),
        };
        let answer = match self.at {
            Some(at) => Some(Answer { at: at.parse()?, value }),
            None => None,
        };
        let source = SourceName::parse(&self.source)?;
        Ok(Inputs::Alerts { source, question, max: self.max, answer })
    }
}

impl MetricFile {
    pub(super) fn of(
        source: &SourceName,
        question: &MetricQuestion,
        condition: &str,
        measured: Option<&Measured>,
    ) -> Self {
        let answer = measured.map(|measured| &measured.seen);
        let seen = answer.and_then(|answer| answer.value.as_ref().ok());
        let (met, met_detail) = match measured.map(|measured| &measured.met) {
            None => (None, None),
            Some(Met::Holds) => (Some("holds"), None),
            Some(Met::DoesNot) => (Some("doesNot"), None),
            Some(Met::NoData) => (Some("noData"), None),
            Some(Met::CannotTell(why)) => (Some("cannotTell"), Some(why.clone())),
        };
        let time = question.baseline.map(|b| (b.from.to_string(), b.until.to_string()));
        Self {
            source: source.to_string(),
            query: question.query.clone(),
            baseline_time: time,
            condition: condition.to_owned(),
            at: answer.map(|answer| answer.at.to_string()),
            series: seen.map(|seen| files(&seen.series)).unwrap_or_default(),
            baseline: seen.and_then(|seen| seen.baseline.as_deref()).map(files),
            unanswered: answer.and_then(|a| a.value.as_ref().err()).map(|e| e.why.clone()),
            met: met.map(str::to_owned),
            met_detail,
        }
    }

    pub(super) fn read(self) -> Result<Inputs, RecordError> {
        let baseline = match self.baseline_time {
            Some((from, until)) => Some(Stretch { from: from.parse()?, until: until.parse()? }),
            None => None,
        };
        let value = match self.unanswered {
            Some(why) => Err(Unanswered { why }),
            None => Ok(MetricSeen {
                series: self.series.into_iter().map(Series::from).collect(),
                baseline: self.baseline.map(|b| b.into_iter().map(Series::from).collect()),
            }),
        };
        let met = match self.met.as_deref() {
            Some("holds") => Met::Holds,
            Some("doesNot") => Met::DoesNot,
            Some("noData") => Met::NoData,
            _ => Met::CannotTell(self.met_detail.unwrap_or_default()),
        };
        let measured = match self.at {
            Some(at) => Some(Measured { seen: Answer { at: at.parse()?, value }, met }),
            None => None,
        };
        Ok(Inputs::Metric {
            source: SourceName::parse(&self.source)?,
            question: MetricQuestion { query: self.query, baseline },
            condition: self.condition,
            measured,
        })
    }
}

fn files(series: &[Series]) -> Vec<SeriesFile> {
    let file = |s: &Series| SeriesFile { labels: s.labels.0.clone(), value: s.value.clone() };
    series.iter().map(file).collect()
}

impl From<SeriesFile> for Series {
    fn from(file: SeriesFile) -> Self {
        Self { labels: Labels(file.labels), value: file.value }
    }
}
