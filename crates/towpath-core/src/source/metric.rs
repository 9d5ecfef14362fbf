//! Metrics: what is asked, the series that came, and what a condition on them said.
//!
//! Must not judge: conditions are CEL, which is compiled and evaluated in `towpath_engine::gauge`.

use std::fmt;

use jiff::Timestamp;

use super::Labels;

/// A query of PromQL, at one time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetricQuestion {
    /// The query; its result must be a vector or a scalar.
    pub query: String,
    /// The stretch of time whose mean the result is compared with, before the promotion.
    pub baseline: Option<Stretch>,
}

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// Its start.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

/// What a source measured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetricSeen {
    /// The result, by labels. A scalar is one series without labels.
    pub series: Vec<Series>,
    /// The mean over the baseline's time, where one was asked for.
    pub baseline: Option<Vec<Series>>,
}

/// One series with its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Series {
    /// What tells it from others.
    pub labels: Labels,
    /// The number as the source wrote it: `0.25`, `1e-05`, `NaN`, `+Inf`.
    pub value: String,
}

impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.labels.0.is_empty() {
            return f.write_str(&self.value);
        }
        write!(f, "{} {}", self.labels, self.value)
    }
}

impl MetricSeen {
    /// What was measured, in one line: at most three series of each, and the baseline behind them.
    #[must_use]
    pub fn told(&self) -> String {
        let list = |series: &[Series]| {
            let mut told: Vec<String> = series.iter().take(3).map(ToString::to_string).collect();
            if series.len() > 3 {
                told.push(format!("and {} more", series.len() - 3));
            }
            told.join(", ")
        };
        match &self.baseline {
            None => list(&self.series),
            Some(baseline) => format!("{}; baseline {}", list(&self.series), list(baseline)),
        }
    }
}

/// What a condition says of what was measured. Only [`Met::Holds`] opens anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// Yes.
    Holds,
    /// No.
    DoesNot,
    /// Nothing was measured, which is neither.
    NoData,
    /// The condition cannot be applied to what was measured, and why.
    CannotTell(String),
}
