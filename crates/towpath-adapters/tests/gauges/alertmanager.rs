//! A real Alertmanager: alerts that fire and stop, silences and inhibitions.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use towpath_core::gate::{Inputs, Verdict, judge};
use towpath_core::source::{MetricQuestion, Question, SourceKind};
use towpath_core::why::Why;
use towpath_engine::gauge::{GaugeProblem, Gauges as _, ask};
use towpath_testkit::gauges::TestAlertmanager;

use super::{gauges, names, question, source};

/// A time at which it has run for long enough to have heard of all alerts.
fn later() -> Timestamp {
    Timestamp::now() + SignedDuration::from_mins(10)
}

#[test]
fn alerts_count_unless_they_are_silenced_or_inhibited() -> Result<()> {
    let peer = TestAlertmanager::start()?;
    let source = source(SourceKind::Alertmanager, &peer.url())?;
    let ask = |matchers: &[&str], clusters: &[&str], count_silenced| -> Result<_> {
        let mut question = question(matchers, 0, clusters)?;
        question.count_silenced = count_silenced;
        Ok(gauges(&[]).alerts(&source, &question, later())?)
    };
    assert!(ask(&[], &[], false)?.firing.is_empty());

    let down = json!({ "alertname": "Down", "severity": "critical", "cluster": "eu" });
    let slow = json!({ "alertname": "Slow", "severity": "warning", "cluster": "eu" });
    let slow_too = json!({ "alertname": "SlowToo", "severity": "warning", "cluster": "us" });
    for alert in [&down, &slow, &slow_too] {
        peer.fire(alert)?;
    }
    peer.until_alerts("", 3)?;
    peer.until_alerts("inhibited=false", 2)?;
    assert_eq!(names(&ask(&[], &[], true)?), ["Down", "Slow", "SlowToo"].into());
    assert_eq!(names(&ask(&[], &[], false)?), ["Down", "SlowToo"].into());
    assert_eq!(names(&ask(&["severity=~\"crit.*\""], &[], false)?), ["Down"].into());
    assert_eq!(names(&ask(&[], &["us", "asia"], false)?), ["SlowToo"].into());

    peer.silence("Down")?;
    assert_eq!(names(&ask(&[], &["eu"], true)?), ["Down", "Slow"].into());
    assert!(!names(&ask(&[], &["eu"], false)?).contains("Down"));

    peer.resolve(&down)?;
    peer.until_alerts("inhibited=false", 2)?;
    assert_eq!(names(&ask(&[], &["eu"], false)?), ["Slow"].into());
    peer.resolve(&slow)?;
    peer.until_alerts("", 1)?;
    assert!(ask(&[], &["eu"], true)?.firing.is_empty());
    Ok(())
}

#[test]
fn what_it_cannot_know_is_not_answered() -> Result<()> {
    let peer = TestAlertmanager::start()?;
    let source = source(SourceKind::Alertmanager, &peer.url())?;
    let ask = |over, now| -> Result<_> {
        let error = gauges(&[]).alerts(&source, &question(&[], over, &[])?, now);
        Ok(error.expect_err("it cannot know"))
    };
    let error = ask(0, Timestamp::now())?;
    assert_eq!(error.problem, GaugeProblem::Partial);
    assert!(error.message.contains("may not have heard of every alert"), "{error}");
    let error = ask(60, later())?;
    assert_eq!(error.problem, GaugeProblem::Refused);
    let metric = MetricQuestion { query: "up".to_owned(), baseline: None };
    let error = gauges(&[]).metric(&source, &metric, later()).expect_err("it has no metrics");
    assert_eq!(error.problem, GaugeProblem::Refused);
    Ok(())
}

#[test]
fn an_alert_closes_a_gate_until_it_is_resolved() -> Result<()> {
    let peer = TestAlertmanager::start()?;
    let sources = [source(SourceKind::Alertmanager, &peer.url())?];
    let verdict = || -> Result<Verdict> {
        let (source, question) = (sources[0].name.clone(), question(&[], 0, &["eu"])?);
        let asked = Question::Alerts { source: source.clone(), question: question.clone() };
        let answers = ask(&gauges(&[]), &sources, [asked].into(), later());
        let answer = answers.alerts.into_values().next();
        Ok(judge(&Inputs::Alerts { source, question, max: 0, answer }))
    };
    assert!(matches!(verdict()?, Verdict::Open(_)));
    peer.fire(&json!({ "alertname": "Down", "cluster": "us" }))?;
    let down = json!({ "alertname": "Down", "cluster": "eu" });
    peer.fire(&down)?;
    peer.until_alerts("", 2)?;
    assert!(matches!(verdict()?, Verdict::Waiting { why: Why::AlertsFire { count: 1, .. }, .. }));
    peer.resolve(&down)?;
    peer.until_alerts("", 1)?;
    assert!(matches!(verdict()?, Verdict::Open(_)));
    Ok(())
}
