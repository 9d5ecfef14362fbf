//! What sources were asked and what they answered: a part of the snapshot.
//!
//! A gate asks by being judged without an answer (`crate::plan::questions`); whoever observes asks the source and
//! plans again. So nothing is asked that no gate needs. Must not ask.

use std::collections::BTreeMap;

use super::{AlertsQuestion, AlertsSeen, Answer, Met, MetricQuestion, MetricSeen};
use crate::id::SourceName;

/// What a gate must know from a source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Which alerts fire.
    Alerts {
        /// Which source is asked.
        source: SourceName,
        /// What.
        question: AlertsQuestion,
    },
    /// Whether a condition holds for what is measured.
    Metric {
        /// Which source is asked.
        source: SourceName,
        /// What.
        question: MetricQuestion,
        /// The condition, in CEL.
        condition: String,
    },
}

impl Question {
    /// The source that is asked.
    #[must_use]
    pub fn source(&self) -> &SourceName {
        match self {
            Self::Alerts { source, .. } | Self::Metric { source, .. } => source,
        }
    }
}

/// What was measured, and what the condition says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// What the source said.
    pub seen: Answer<MetricSeen>,
    /// What follows; [`Met::CannotTell`] where the source said nothing.
    pub met: Met,
}

/// Everything that was asked, with the answers. What is not in it was not asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answers {
    /// What fires.
    pub alerts: BTreeMap<(SourceName, AlertsQuestion), Answer<AlertsSeen>>,
    /// What was measured, by source, question and condition.
    pub metrics: BTreeMap<(SourceName, MetricQuestion, String), Measured>,
}

impl Answers {
    /// Adds what was answered later; it counts where both know something.
    pub fn extend(&mut self, later: Self) {
        self.alerts.extend(later.alerts);
        self.metrics.extend(later.metrics);
    }
}
