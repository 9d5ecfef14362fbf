//! Gauges: asking sources of alerts and metrics, and conditions on what they measured.
//!
//! [`Gauges`] is the port; what is asked and answered are values of [`towpath_core::source`]. An answer
//! that is not whole is an error: a gate waits for what is unknown. Conditions are CEL with the bounds of
//! `towpath_schema::cel`, and no language of our own. Must not decide whether a gate is open. Next:
//! [`ask`], [`condition`].

mod ask;
pub mod condition;

use jiff::Timestamp;
use towpath_core::source::{
    AlertsQuestion, AlertsSeen, MetricQuestion, MetricSeen, Question, Source, SourceName,
    Unanswered,
};

pub use ask::{Told, ask, for_path, met};
pub use condition::{Condition, InvalidCondition};

/// What a source could not do, as far as callers treat it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GaugeProblem {
    /// No answer: name not found, refused, timed out, cut off, TLS failed.
    Unreachable,
    /// 401 or 403, or the credential is not where it is said to be.
    Unauthorized,
    /// The source cannot answer such a question, or does not understand it.
    Refused,
    /// The answer is not whole: the source warns of parts that are missing, or was not at work at a time
    /// that was asked for.
    Partial,
    /// The answer is none by the source's API, or larger than any should be.
    Unreadable,
}

/// Why a source gave no answer that could be relied on. `Display` says what failed, on what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("source {source_name}: {message}")]
pub struct GaugeError {
    /// Which source.
    pub source_name: SourceName,
    /// The kind.
    pub problem: GaugeProblem,
    /// What failed, and why, in one line. Never holds credentials.
    pub message: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

impl From<GaugeError> for Unanswered {
    fn from(error: GaugeError) -> Self {
        Self { why: error.to_string() }
    }
}

/// Sources of alerts and metrics.
pub trait Gauges: Sync {
    /// The alerts that fire at a time, and how many did before it.
    ///
    /// # Errors
    /// [`GaugeError`] where the answer is not whole, too.
    fn alerts(
        &self,
        source: &Source,
        question: &AlertsQuestion,
        now: Timestamp,
    ) -> Result<AlertsSeen, GaugeError>;

    /// The result of a query at a time, and its mean over the baseline.
    ///
    /// # Errors
    /// [`GaugeError`] where the answer is not whole, too.
    fn metric(
        &self,
        source: &Source,
        question: &MetricQuestion,
        now: Timestamp,
    ) -> Result<MetricSeen, GaugeError>;

    /// The answers to many questions, in their order. Who can ask at the same time does.
    fn all(&self, asked: &[Asked<'_>], now: Timestamp) -> Vec<Told> {
        asked.iter().map(|asked| self.one(asked, now)).collect()
    }

    /// The answer to one question.
    fn one(&self, asked: &Asked<'_>, now: Timestamp) -> Told {
        let nothing = |error: GaugeError| Told::Nothing(error.into());
        match asked.question {
            Question::Alerts { question, .. } => {
                self.alerts(asked.source, question, now).map_or_else(nothing, Told::Alerts)
            }
            Question::Metric { question, .. } => {
                self.metric(asked.source, question, now).map_or_else(nothing, Told::Metric)
            }
        }
    }
}

/// A question, and the source that is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The source.
    pub source: &'a Source,
    /// The question.
    pub question: &'a Question,
}
