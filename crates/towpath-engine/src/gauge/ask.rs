//! Asking sources what the gates of a plan must know.
//!
//! Nothing is asked that no gate waits for. Must not judge a gate. Next: `towpath_core::plan::questions`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use towpath_core::chain;
use towpath_core::gate::{self, Gate};
use towpath_core::path::Path;
use towpath_core::plan::{plan, questions};
use towpath_core::snapshot::Snapshot;
use towpath_core::source::{
    AlertsSeen, Answer, Answers, Measured, Met, MetricSeen, Question, Source, Unanswered,
};

use super::{Asked, Condition, Gauges};

/// The answers that the gates of a whole path need on this snapshot. Nothing is planned where no gate asks.
pub fn for_path(
    gauges: &dyn Gauges,
    sources: &[Source],
    path: &Path,
    snapshot: &Snapshot,
) -> Answers {
    let asks = |gate: &Gate| {
        matches!(gate.condition, gate::Condition::Alerts { .. } | gate::Condition::Metric { .. })
    };
    if !path.environments().iter().flat_map(|environment| &environment.gates).any(asks) {
        return Answers::default();
    }
    let questions = questions(&plan(path, snapshot).proposals);
    ask(gauges, sources, questions, snapshot.now)
}

/// The answers of sources to these questions. A source that the path does not state is one that gives no answer.
pub fn ask(
    gauges: &dyn Gauges,
    sources: &[Source],
    questions: BTreeSet<Question>,
    now: Timestamp,
) -> Answers {
    let named = |question: &Question| sources.iter().find(|s| s.name == *question.source());
    let (known, unknown): (Vec<_>, Vec<_>) =
        questions.into_iter().partition(|question| named(question).is_some());
    let asked: Vec<Asked<'_>> = known
        .iter()
        .filter_map(|question| Some(Asked { source: named(question)?, question }))
        .collect();
    let answered = gauges.all(&asked, now);
    let mut answers = Answers::default();
    for (question, told) in known.into_iter().zip(answered) {
        add(&mut answers, question, now, told);
    }
    for question in unknown {
        let why = format!("towpath.yaml states no source {}", question.source());
        add(&mut answers, question, now, Told::Nothing(Unanswered { why }));
    }
    answers
}

/// What a source told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Alerts.
    Alerts(AlertsSeen),
    /// What it measured.
    Metric(MetricSeen),
    /// Nothing that could be relied on.
    Nothing(Unanswered),
}

fn add(answers: &mut Answers, question: Question, at: Timestamp, told: Told) {
    match question {
        Question::Alerts { source, question } => {
            let value = match told {
                Told::Alerts(seen) => Ok(seen),
                Told::Metric(_) => Err(other()),
                Told::Nothing(unanswered) => Err(unanswered),
            };
            answers.alerts.insert((source, question), Answer { at, value });
        }
        Question::Metric { source, question, condition } => {
            let value = match told {
                Told::Metric(seen) => Ok(seen),
                Told::Alerts(_) => Err(other()),
                Told::Nothing(unanswered) => Err(unanswered),
            };
            let met = match &value {
                Ok(seen) => met(&condition, question.baseline.is_some(), seen),
                Err(unanswered) => Met::CannotTell(unanswered.why.clone()),
            };
            let measured = Measured { seen: Answer { at, value }, met };
            answers.metrics.insert((source, question, condition), measured);
        }
    }
}

fn other() -> Unanswered {
    Unanswered { why: "the source answered something else than it was asked".to_owned() }
}

/// What a condition says of what was measured. One that does not compile, which reading `towpath.yaml` refuses and an
/// old record may hold, says nothing.
#[must_use]
pub fn met(condition: &str, has_baseline: bool, seen: &MetricSeen) -> Met {
    match Condition::compile(condition, has_baseline) {
        Ok(condition) => condition.judge(seen),
        Err(error) => Met::CannotTell(chain(&error)),
    }
}
