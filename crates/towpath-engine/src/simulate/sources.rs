//! What sources of alerts and metrics answer: the alerts of the scenario, and of metrics only what is wanted.
//!
//! Must not judge; that is the gate.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use towpath_core::scenario::{Firing, Scenario};
use towpath_core::source::{
    AlertsQuestion, AlertsSeen, Answer, Answers, Labels, Matcher, Measured, Met, MetricSeen,
    Operator, Question, Sampled,
};

/// The answers to questions at a time.
pub(super) fn answers(
    scenario: &Scenario,
    now: Timestamp,
    asked: impl IntoIterator<Item = Question>,
) -> Answers {
    let mut out = Answers::default();
    for question in asked {
        match question {
            Question::Alerts { source, question } => {
                let of = |f: &&Firing| {
                    f.source.as_ref().is_none_or(|s| *s == source) && matches(f, &question)
                };
                let firing: Vec<&Firing> = scenario.alerts.iter().filter(of).collect();
                let value = Ok(seen(&firing, &question, now));
                out.alerts.insert((source, question), Answer { at: now, value });
            }
            Question::Metric { source, question, condition } => {
                let seen = Answer { at: now, value: Ok(MetricSeen::default()) };
                let measured = Measured { seen, met: Met::Holds };
                out.metrics.insert((source, question, condition), measured);
            }
        }
    }
    out
}

/// Which alerts fire at a time, and how many did at each change within the time asked for.
fn seen(alerts: &[&Firing], question: &AlertsQuestion, now: Timestamp) -> AlertsSeen {
    let fires = |at: Timestamp| {
        let fire = alerts.iter().filter(|f| f.from <= at && f.until.is_none_or(|until| at < until));
        fire.map(|f| Labels(f.labels.clone())).collect::<BTreeSet<_>>()
    };
    if question.over.is_zero() {
        return AlertsSeen::of(fires(now), []);
    }
    let from = now.checked_sub(question.over).unwrap_or(Timestamp::MIN);
    let changes = alerts.iter().flat_map(|f| std::iter::once(f.from).chain(f.until));
    let mut times: BTreeSet<Timestamp> = changes.filter(|at| from < *at && *at <= now).collect();
    times.extend([from, now]);
    let samples = times.into_iter().map(|at| Sampled { at, firing: fires(at).len() });
    AlertsSeen::of(fires(now), samples)
}

fn matches(alert: &Firing, question: &AlertsQuestion) -> bool {
    let meant = |name: &str| question.clusters.is_empty() || question.clusters.contains(name);
    (alert.clusters.is_empty() || alert.clusters.iter().any(|c| meant(c.as_str())))
        && question.matchers.iter().all(|matcher| fits(matcher, &alert.labels))
}

/// Whether labels are as a matcher wants them. A label that is not there is empty, as in Prometheus.
fn fits(matcher: &Matcher, labels: &BTreeMap<String, String>) -> bool {
    let value = labels.get(matcher.label()).map_or("", String::as_str);
    match matcher.operator() {
        Operator::Equal => value == matcher.value(),
        Operator::NotEqual => value != matcher.value(),
        Operator::Matches => is_one_of(value, matcher.value()),
        Operator::MatchesNot => !is_one_of(value, matcher.value()),
    }
}

/// Whether a value is one of a pattern's alternatives, in which `.*` and `.+` stand for any characters. That is what
/// people write; of the rest of regular expressions nothing is understood here.
fn is_one_of(value: &str, pattern: &str) -> bool {
    pattern.split('|').any(|one| {
        let any = one.replace(".+", ".*").replace('\\', "");
        let mut parts = any.split(".*");
        let Some(mut left) = parts.next().and_then(|first| value.strip_prefix(first)) else {
            return false;
        };
        let parts: Vec<&str> = parts.collect();
        let Some((last, middle)) = parts.split_last() else { return left.is_empty() };
        for part in middle {
            match left.find(part) {
                Some(at) => left = &left[at + part.len()..],
                None => return false,
            }
        }
        left.ends_with(last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_are_met_by_labels() {
        let labels: BTreeMap<String, String> = [("severity", "critical"), ("team", "web-eu")]
            .map(|(k, v)| (k.into(), v.into()))
            .into();
        let cases = [
            ("severity=critical", true),
            ("severity!=critical", false),
            (r#"severity=~"warning|critical""#, true),
            (r#"severity=~"crit""#, false),
            (r#"team=~"web-.+""#, true),
            (r#"team!~".*-eu""#, false),
            (r#"area="""#, true),
        ];
        for (text, expected) in cases {
            let matcher = Matcher::parse(text).expect("a matcher");
            assert_eq!(fits(&matcher, &labels), expected, "{text}");
        }
    }
}
