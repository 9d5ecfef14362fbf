//! Verdicts on what sources of alerts and metrics answered. No answer is waiting, and so is no data.

use super::{after, open, waiting};
use crate::gate::Verdict;
use crate::id::SourceName;
use crate::source::{AlertsQuestion, AlertsSeen, Answer, Measured, Met, MetricQuestion};
use crate::why::{Why, human};

pub(super) fn alerts(
    source: &SourceName,
    question: &AlertsQuestion,
    max: usize,
    answer: Option<&Answer<AlertsSeen>>,
) -> Verdict {
    let Some(Answer { at, value }) = answer else {
        return waiting(Why::SourceNotAsked { source: source.clone() });
    };
    let seen = match value {
        Ok(seen) => seen,
        Err(unanswered) => {
            return waiting(Why::SourceSilent {
                source: source.clone(),
                why: unanswered.why.clone(),
            });
        }
    };
    let count = seen.firing.len();
    if count > max {
        return waiting(Why::AlertsFire {
            source: source.clone(),
            count,
            max,
            first: seen.firing.first().cloned().unwrap_or_default(),
        });
    }
    let most = seen.most(*at);
    match seen.quiet_since(max, *at) {
        Some(since) if most.firing > max => {
            let opens_at = after(since, question.over);
            let why = Why::AlertsFired {
                source: source.clone(),
                count: most.firing,
                max,
                since,
                over: question.over,
            };
            Verdict::Waiting { why, opens_at: Some(opens_at) }
        }
        _ => {
            let over = match question.over.is_zero() {
                true => String::new(),
                false => format!(" or did within {}", human(question.over)),
            };
            Verdict::Open(match most.firing {
                0 => format!("no alert fires{over}, says {source}"),
                some => format!("{some} of the {max} that may fire{over}, says {source}"),
            })
        }
    }
}

pub(super) fn metric(
    source: &SourceName,
    question: &MetricQuestion,
    condition: &str,
    measured: Option<&Measured>,
) -> Verdict {
    let source = source.clone();
    let Some(Measured { seen, met }) = measured else {
        return waiting(Why::SourceNotAsked { source });
    };
    let seen = match &seen.value {
        Ok(seen) => seen,
        Err(unanswered) => {
            return waiting(Why::SourceSilent { source, why: unanswered.why.clone() });
        }
    };
    let condition = condition.to_owned();
    match met {
        Met::Holds => open(&format!("{condition} holds: {}, says {source}", seen.told())),
        Met::DoesNot => waiting(Why::MetricDoesNotHold { source, condition, seen: seen.told() }),
        Met::NoData => waiting(Why::MetricNoData { source, query: question.query.clone() }),
        Met::CannotTell(why) => waiting(Why::MetricUnclear { source, condition, why: why.clone() }),
    }
}
