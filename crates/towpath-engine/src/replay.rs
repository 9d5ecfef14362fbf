//! Judging the gates of a recorded promotion again, on nothing but what the record says that they looked at.
//!
//! A verdict is a function of its inputs, so a record that says another verdict than its inputs give was not written as it
//! stands. Conditions of metrics are evaluated again over the series that were recorded. Asks nobody: neither the world nor
//! `towpath.yaml` of today. What proves that a record is the one that was written is the chain: [`crate::ledger::verify`].

use std::fmt;

use towpath_core::gate::{Inputs, Verdict, judge};
use towpath_core::record::{Event, GateEvidence, Promotion, Record};
use towpath_core::source::{Measured, Met};

use crate::gauge::met;

/// A gate of a promotion, judged again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed<'a> {
    /// What the record says.
    pub recorded: &'a GateEvidence,
    /// What its inputs give; `None` where the record has none.
    pub now: Option<Again>,
    /// Why the two are not the same; `None`: they are.
    pub problem: Option<Problem>,
}

/// What the inputs of a gate give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Again {
    /// `open`, `waiting` or `closed`.
    pub verdict: &'static str,
    /// Why.
    pub because: String,
}

/// Why a record of a gate does not stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It does not say what the gate looked at.
    NoInputs,
    /// Another verdict, or an override of a gate that was open.
    Verdict,
    /// The same verdict for another reason.
    Because,
    /// It says overridden and not by whom.
    NoOverride,
    /// No record before it is such an override of this gate for this plan.
    Unfounded,
    /// What was looked at is of another plan or release than the promotion.
    Foreign {
        /// What.
        what: &'static str,
    },
    /// The condition of a metric says something else of the series that were recorded.
    Condition {
        /// What was recorded that it says.
        recorded: Met,
        /// What it says.
        now: Met,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoInputs => f.write_str("the record does not say what it looked at"),
            Self::Verdict => f.write_str("its inputs give another verdict"),
            Self::Because => f.write_str("its inputs give another reason"),
            Self::NoOverride => f.write_str("the record does not say who overrode it, and why"),
            Self::Unfounded => f.write_str("no record before it overrides the gate for this plan"),
            Self::Foreign { what } => write!(f, "it looked at another {what} than the promotion's"),
            Self::Condition { recorded, now } => write!(
                f,
                "the condition {} of the recorded series, and the record says that it {}",
                told(now),
                told(recorded)
            ),
        }
    }
}

fn told(met: &Met) -> String {
    match met {
        Met::Holds => "holds".to_owned(),
        Met::DoesNot => "does not hold".to_owned(),
        Met::NoData => "has no data".to_owned(),
        Met::CannotTell(why) => format!("cannot tell ({why})"),
    }
}

/// Judges each gate of a promotion again, in the order of the record. `before` are the records before it, where they are
/// known: then an override must be among them.
#[must_use]
pub fn replay<'a>(
    record: &Record,
    promotion: &'a Promotion,
    before: Option<&[&Record]>,
) -> Vec<Replayed<'a>> {
    promotion.gates.iter().map(|evidence| one(record, promotion, evidence, before)).collect()
}

fn one<'a>(
    record: &Record,
    promotion: &Promotion,
    recorded: &'a GateEvidence,
    before: Option<&[&Record]>,
) -> Replayed<'a> {
    let Some(inputs) = &recorded.inputs else {
        return Replayed { recorded, now: None, problem: Some(Problem::NoInputs) };
    };
    let (inputs, condition) = measured_again(inputs);
    let now = again(&judge(&inputs));
    let founded =
        || before.is_none_or(|before| is_founded(record, promotion, recorded, before, &now));
    let problem = foreign(promotion, &inputs)
        .or(condition)
        .or_else(|| compare(recorded, &now))
        .or_else(|| (recorded.verdict == "overridden" && !founded()).then_some(Problem::Unfounded));
    Replayed { recorded, now: Some(now), problem }
}

fn again(verdict: &Verdict) -> Again {
    match verdict {
        Verdict::Open(because) => Again { verdict: "open", because: because.clone() },
        Verdict::Waiting { why, .. } => Again { verdict: "waiting", because: why.to_string() },
        Verdict::Closed(why) => Again { verdict: "closed", because: why.to_string() },
    }
}

/// The inputs with what the condition of a metric says now of the series that were recorded; and whether that is not what
/// was recorded.
fn measured_again(inputs: &Inputs) -> (Inputs, Option<Problem>) {
    let mut inputs = inputs.clone();
    let Inputs::Metric {
        question, condition, measured: Some(Measured { seen, met: said }), ..
    } = &mut inputs
    else {
        return (inputs, None);
    };
    let now = match &seen.value {
        Ok(seen) => met(condition, question.baseline.is_some(), seen),
        Err(unanswered) => Met::CannotTell(unanswered.why.clone()),
    };
    let problem =
        (*said != now).then(|| Problem::Condition { recorded: said.clone(), now: now.clone() });
    *said = now;
    (inputs, problem)
}

/// What is looked at must be of the promotion that it let pass.
fn foreign(promotion: &Promotion, inputs: &Inputs) -> Option<Problem> {
    let what = match inputs {
        Inputs::Approval { plan, .. } if *plan != promotion.plan => "plan",
        Inputs::Release { version, .. } if *version != promotion.version => "release",
        Inputs::Path { wanted, .. } if *wanted != promotion.version => "release",
        _ => return None,
    };
    Some(Problem::Foreign { what })
}

/// What stands between the reason and whoever let it pass all the same.
const OVERRIDDEN: &str = "; overridden by ";

fn compare(recorded: &GateEvidence, now: &Again) -> Option<Problem> {
    if recorded.verdict != "overridden" {
        return match (recorded.verdict == now.verdict, recorded.because == now.because) {
            (false, _) => Some(Problem::Verdict),
            (true, false) => Some(Problem::Because),
            (true, true) => None,
        };
    }
    if now.verdict == "open" {
        return Some(Problem::Verdict);
    }
    let Some(rest) = recorded.because.strip_prefix(&now.because) else {
        return Some(Problem::Because);
    };
    let said = rest.strip_prefix(OVERRIDDEN).and_then(|rest| rest.split_once(": "));
    let is_said = said.is_some_and(|(by, why)| !by.is_empty() && !why.is_empty());
    (!is_said).then_some(Problem::NoOverride)
}

/// Whether an override before the record says what the evidence says.
fn is_founded(
    record: &Record,
    promotion: &Promotion,
    evidence: &GateEvidence,
    before: &[&Record],
    now: &Again,
) -> bool {
    before.iter().any(|earlier| match &earlier.event {
        Event::Overridden { gate, plan, reason, expires, .. } => {
            *gate == evidence.gate
                && *plan == promotion.plan
                && *expires > record.at
                && evidence.because
                    == format!("{}{OVERRIDDEN}{}: {reason}", now.because, earlier.by)
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;
    use towpath_core::gate::{Given, SoakState, Soaking};
    use towpath_core::id::{BranchName, CommitId};
    use towpath_core::record::{PlanHash, Signature};
    use towpath_core::release::Seen;
    use towpath_core::source::{Answer, MetricQuestion, MetricSeen, Series};

    use super::*;

    fn read<T: std::str::FromStr<Err: fmt::Debug>>(text: &str) -> T {
        text.parse().expect("a text of the tests")
    }

    const NOW: &str = "2026-11-21T12:00:00Z";
    const EARLIER: &str = "2026-11-19T12:00:00Z";

    fn plan(digit: char) -> PlanHash {
        PlanHash::parse(&digit.to_string().repeat(64)).expect("64 digits")
    }

    fn soak(since: &str) -> Inputs {
        let state = SoakState::Healthy { since: read(since) };
        let soaking = Soaking { environment: read("staging"), cluster: read("staging"), state };
        Inputs::Soak {
            need: Duration::from_secs(48 * 3600),
            environments: vec![read("staging")],
            clusters: vec![soaking],
            recorded: None,
            now: read(NOW),
        }
    }

    fn metric(value: &str) -> Inputs {
        let series = vec![Series { labels: Default::default(), value: value.to_owned() }];
        let seen = MetricSeen { series, baseline: None };
        let met = met("value < 0.01", false, &seen);
        Inputs::Metric {
            source: read("prometheus"),
            question: MetricQuestion { query: "errors".to_owned(), baseline: None },
            condition: "value < 0.01".to_owned(),
            measured: Some(Measured { seen: Answer { at: read(NOW), value: Ok(seen) }, met }),
        }
    }

    fn release(version: &str) -> Inputs {
        let seen = Seen { ledger: true, source: true, differs: false };
        Inputs::Release { version: read(version), seen, reach: None, unknown_allowed: false }
    }

    fn approval(digit: char) -> Inputs {
        let given = Given {
            by: "Grace <grace@example.org>".to_owned(),
            at: read(EARLIER),
            signature: Signature::NotChecked,
        };
        Inputs::Approval {
            need: 1,
            by: Default::default(),
            valid_for: None,
            signed: false,
            plan: plan(digit),
            authors: Vec::new(),
            given: vec![given],
            now: read(NOW),
        }
    }

    fn judged(gate: &str, inputs: Inputs) -> GateEvidence {
        let Again { verdict, because } = again(&judge(&inputs));
        let (verdict, inputs) = (verdict.to_owned(), Some(inputs));
        GateEvidence { gate: gate.to_owned(), verdict, because, inputs }
    }

    fn promotion(gates: Vec<GateEvidence>) -> Promotion {
        Promotion {
            environment: read("production"),
            component: read("platform"),
            from: "exact 0.0.7".to_owned(),
            replaced: None,
            version: read("0.0.8"),
            digest: None,
            plan: plan('a'),
            commit: CommitId::parse(&"c".repeat(40)).expect("40 digits"),
            branch: BranchName::parse("main").expect("a branch"),
            rollback: false,
            automatic: false,
            clusters: Vec::new(),
            skipped: Vec::new(),
            gates,
        }
    }

    fn recorded(at: &str, by: &str, event: Event) -> Record {
        let at: Timestamp = read(at);
        Record { at, by: by.to_owned(), event, signature: Signature::NotChecked }
    }

    fn problems(gates: Vec<GateEvidence>, before: Option<&[&Record]>) -> Vec<Option<Problem>> {
        let promotion = promotion(gates);
        let record = recorded(NOW, "Ada <ada@example.org>", Event::Promoted(promotion.clone()));
        replay(&record, &promotion, before).into_iter().map(|gate| gate.problem).collect()
    }

    #[test]
    fn what_was_recorded_as_it_was_judged_is_the_same() {
        let gates = vec![
            judged("release", release("0.0.8")),
            judged("approval", approval('a')),
            judged("soak", soak(EARLIER)),
            judged("metric", metric("0.005")),
            judged("status", Inputs::Status { name: "ci".to_owned(), last: None }),
        ];
        assert_eq!(problems(gates, None), vec![None; 5]);
    }

    #[test]
    fn what_was_changed_in_a_record_is_not() {
        let with = |evidence: GateEvidence, inputs| GateEvidence { inputs, ..evidence };
        let mut other_numbers = metric("0.5");
        if let Inputs::Metric { measured: Some(measured), .. } = &mut other_numbers {
            measured.met = Met::Holds;
        }
        let said = Problem::Condition { recorded: Met::Holds, now: Met::DoesNot };
        let cases = [
            (with(judged("soak", soak(NOW)), Some(soak(EARLIER))), Problem::Verdict),
            (with(judged("soak", soak(EARLIER)), Some(soak(NOW))), Problem::Verdict),
            (
                with(judged("soak", soak(EARLIER)), Some(soak("2026-11-19T11:00:00Z"))),
                Problem::Because,
            ),
            (with(judged("soak", soak(EARLIER)), None), Problem::NoInputs),
            (judged("release", release("0.0.9")), Problem::Foreign { what: "release" }),
            (judged("approval", approval('b')), Problem::Foreign { what: "plan" }),
            (with(judged("metric", metric("0.005")), Some(other_numbers)), said),
            (with(judged("metric", metric("0.005")), Some(metric("0.006"))), Problem::Because),
        ];
        for (evidence, problem) in cases {
            assert_eq!(problems(vec![evidence.clone()], None), [Some(problem)], "{evidence:?}");
        }
    }

    #[test]
    fn an_override_is_of_a_gate_that_was_not_open_and_has_its_record() {
        let grace = "Grace <grace@example.org>";
        let overridden = |inputs, who: &str| {
            let judged = judged("soak", inputs);
            let because = format!("{}{who}", judged.because);
            GateEvidence { verdict: "overridden".to_owned(), because, ..judged }
        };
        let word = |gate: &str, digit, expires| {
            recorded(
                EARLIER,
                grace,
                Event::Overridden {
                    environment: read("production"),
                    component: read("platform"),
                    gate: gate.to_owned(),
                    plan: plan(digit),
                    reason: "an outage".to_owned(),
                    expires: read(expires),
                },
            )
        };
        let later = "2026-11-22T12:00:00Z";
        let by_grace = "; overridden by Grace <grace@example.org>: an outage";
        let by_ada = "; overridden by Ada <ada@example.org>: an outage";
        let cases = [
            (soak(NOW), by_grace, None, None),
            (soak(NOW), by_grace, Some(word("soak", 'a', later)), None),
            (soak(NOW), by_grace, Some(word("soak", 'b', later)), Some(Problem::Unfounded)),
            (soak(NOW), by_grace, Some(word("window", 'a', later)), Some(Problem::Unfounded)),
            (soak(NOW), by_grace, Some(word("soak", 'a', NOW)), Some(Problem::Unfounded)),
            (soak(NOW), by_ada, Some(word("soak", 'a', later)), Some(Problem::Unfounded)),
            (soak(NOW), "", None, Some(Problem::NoOverride)),
            (soak(NOW), "; overridden by Ada", None, Some(Problem::NoOverride)),
            (soak(EARLIER), by_grace, None, Some(Problem::Verdict)),
        ];
        for (inputs, who, before, problem) in cases {
            let before: Option<Vec<&Record>> = before.as_ref().map(|record| vec![record]);
            let found = problems(vec![overridden(inputs, who)], before.as_deref());
            assert_eq!(found, [problem], "{who} {before:?}");
        }
    }
}
