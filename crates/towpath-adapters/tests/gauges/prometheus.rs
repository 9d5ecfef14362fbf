//! A real Prometheus: alerts now and over time, metrics and their baselines, log-in and TLS.

use std::fmt::Write as _;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use towpath_core::source::{
    Auth, Credential, MetricQuestion, Sampled, Series, SourceKind, Stretch,
};
use towpath_engine::gauge::{GaugeProblem, Gauges as _};
use towpath_testkit::gauges::{Access, Setup, TestPrometheus};
use towpath_testkit::registry::{PASSWORD, USER};

use super::{gauges, names, question, source};

const NOW: Timestamp = Timestamp::constant(1_767_258_000, 0);

fn before(seconds: i64) -> Timestamp {
    NOW - SignedDuration::from_secs(seconds)
}

/// A series with a sample every 15 seconds, from so many seconds before [`NOW`] until so many.
fn samples(history: &mut String, series: &str, from: i64, until: i64, value: &str) -> Result<()> {
    let mut ago = from;
    while ago >= until {
        writeln!(history, "{series} {value} {}", before(ago).as_second())?;
        ago -= 15;
    }
    Ok(())
}

/// Two hours in which it was at work, but for the time from 5400 to 4500 seconds ago.
fn past() -> Result<TestPrometheus> {
    let mut history = String::new();
    samples(&mut history, r#"up{job="a"}"#, 7200, 5400, "1")?;
    samples(&mut history, r#"up{job="a"}"#, 4500, 0, "1")?;
    let alert = |name: &str, severity: &str, cluster: &str| {
        format!(
            r#"ALERTS{{alertname="{name}",alertstate="firing",severity="{severity}",cluster="{cluster}"}}"#
        )
    };
    samples(&mut history, &alert("Slow", "warning", "eu"), 1800, 0, "1")?;
    samples(&mut history, &alert("Down", "critical", "eu"), 2700, 2400, "1")?;
    samples(&mut history, &alert("Down", "critical", "us"), 2550, 2400, "1")?;
    let waits = r#"ALERTS{alertname="Soon",alertstate="pending",cluster="eu"}"#;
    samples(&mut history, waits, 600, 0, "1")?;
    samples(&mut history, r#"errors{pod="a"}"#, 3600, 1815, "0.1")?;
    samples(&mut history, r#"errors{pod="a"}"#, 1800, 0, "0.25")?;
    samples(&mut history, r#"errors{pod="b"}"#, 3600, 0, "NaN")?;
    TestPrometheus::start(&Setup { history: Some(history), ..Setup::default() })
}

#[test]
fn alerts_are_counted_now_and_at_every_sample() -> Result<()> {
    let peer = past()?;
    let source = source(SourceKind::Prometheus, &peer.url())?;
    let ask = |matchers: &[&str], over, clusters: &[&str]| -> Result<_> {
        Ok(gauges(&[]).alerts(&source, &question(matchers, over, clusters)?, NOW)?)
    };

    let seen = ask(&[], 0, &[])?;
    assert_eq!(names(&seen), ["Slow"].into());
    assert!(seen.history.is_empty());
    let labels = seen.firing.first().map(ToString::to_string);
    let expected = r#"{alertname="Slow", cluster="eu", severity="warning"}"#;
    assert_eq!(labels.as_deref(), Some(expected));
    assert!(ask(&["severity=critical"], 0, &[])?.firing.is_empty());
    assert!(ask(&[], 0, &["us", "eu."])?.firing.is_empty());
    assert_eq!(names(&ask(&[r#"alertname=~"S.*""#], 0, &["us", "eu"])?), ["Slow"].into());

    // Two fired at once, in two clusters; a series counts for five minutes after its last sample, since
    // nobody said that it ended.
    let seen = ask(&["severity=critical"], 3600, &[])?;
    let most = seen.most(NOW);
    assert_eq!((most.firing, most.at), (2, before(2550)));
    let quiet = seen.quiet_since(0, NOW);
    assert!(quiet.is_some_and(|at| at > before(2400) && at <= before(2085)), "{quiet:?}");
    let first = seen.history.first();
    assert_eq!(first, Some(&Sampled { at: before(3600), firing: 0 }));
    let seen = ask(&["severity=critical"], 3600, &["us"])?;
    assert_eq!(seen.most(NOW).firing, 1);
    assert_eq!(ask(&["alertname=Never"], 3600, &[])?.quiet_since(0, NOW), Some(before(3600)));
    Ok(())
}

#[test]
fn a_time_at_which_it_was_not_at_work_is_not_a_quiet_one() -> Result<()> {
    let peer = past()?;
    let mut source = source(SourceKind::Prometheus, &peer.url())?;
    let over = question(&["alertname=Never"], 7200, &[])?;
    let error = gauges(&[]).alerts(&source, &over, NOW).expect_err("it was away");
    assert_eq!(error.problem, GaugeProblem::Partial);
    assert!(error.message.contains("it was not at work at"), "{error}");
    // Nothing is known of the future, either.
    let later = NOW + SignedDuration::from_hours(1);
    let now = question(&[], 0, &[])?;
    let error = gauges(&[]).alerts(&source, &now, later).expect_err("it is not there");
    assert_eq!(error.problem, GaugeProblem::Partial);
    source.heartbeat = Some("errors # no series for so long".to_owned());
    let error = gauges(&[]).alerts(&source, &over, NOW).expect_err("it was away");
    assert_eq!(error.problem, GaugeProblem::Partial);
    let short = question(&["alertname=Never"], 3000, &[])?;
    assert_eq!(gauges(&[]).alerts(&source, &short, NOW)?.most(NOW).firing, 0);
    Ok(())
}

#[test]
fn metrics_are_read_as_they_are_written() -> Result<()> {
    let peer = past()?;
    let source = source(SourceKind::Prometheus, &peer.url())?;
    let ask = |query: &str, baseline| {
        let question = MetricQuestion { query: query.to_owned(), baseline };
        gauges(&[]).metric(&source, &question, NOW)
    };
    let shown = |series: &[Series]| {
        let mut shown: Vec<String> = series.iter().map(ToString::to_string).collect();
        shown.sort();
        shown.join(", ")
    };
    assert_eq!(shown(&ask("errors", None)?.series), r#"{pod="a"} 0.25, {pod="b"} NaN"#);
    assert_eq!(shown(&ask("scalar(errors{pod='a'}) / 0", None)?.series), "+Inf");
    assert_eq!(shown(&ask("nothing", None)?.series), "");

    let stretch = Stretch { from: before(3000), until: before(1900) };
    let seen = ask("errors{pod='a'} * 10 # per mill", Some(stretch))?;
    assert_eq!(shown(&seen.series), r#"{pod="a"} 2.5"#);
    let baseline: f64 = seen.baseline.unwrap_or_default()[0].value.parse()?;
    assert!((baseline - 1.0).abs() < 1e-9, "{baseline}");
    let none = Stretch { from: before(7200), until: before(7000) };
    assert_eq!(ask("errors", Some(none))?.baseline, Some(Vec::new()));

    for (query, problem, said) in [
        ("errors{", GaugeProblem::Refused, "bad_data"),
        ("errors[5m]", GaugeProblem::Refused, "a range of times"),
        ("'text'", GaugeProblem::Refused, "a text and not a number"),
        ("errors * on() up * on() {job!=''}", GaugeProblem::Refused, "multiple matches"),
    ] {
        let error = ask(query, None).expect_err("it is no query");
        assert_eq!(error.problem, problem, "{error}");
        assert!(error.message.contains(said), "{error}");
    }
    Ok(())
}

#[test]
fn a_rule_that_fires_and_stops_is_seen() -> Result<()> {
    let alert = |expression: &str| vec![("Broken".to_owned(), expression.to_owned())];
    let peer = TestPrometheus::start(&Setup { alerts: alert("vector(1)"), ..Setup::default() })?;
    let source = source(SourceKind::Prometheus, &peer.url())?;
    peer.until_series("up", 1)?;
    let firing = "ALERTS{alertstate=%22firing%22}";
    let ask = || -> Result<_> {
        Ok(gauges(&[]).alerts(&source, &question(&[], 0, &[])?, Timestamp::now())?)
    };
    peer.until_series(firing, 1)?;
    assert_eq!(names(&ask()?), ["Broken"].into());
    peer.rewrite(&alert("vector(0) > 0"))?;
    peer.until_series(firing, 0)?;
    assert!(ask()?.firing.is_empty());
    Ok(())
}

#[test]
fn who_is_asked_is_trusted_and_knows_who_asks() -> Result<()> {
    let setup = Setup { access: Access::LogInOverTls, ..Setup::default() };
    let peer = TestPrometheus::start(&setup)?;
    let variables: &[_] = &[("RIGHT", PASSWORD), ("WRONG", "hunter2")];
    let basic = |password: &str| Auth::Basic {
        user: USER.to_owned(),
        password: Credential::Variable(password.to_owned()),
    };
    let authority = peer.authority().to_string_lossy().into_owned();
    let ask = |auth: Auth, ca_file: Option<&str>| -> Result<_> {
        let mut source = source(SourceKind::Prometheus, &peer.url())?;
        source.auth = auth;
        source.ca_file = ca_file.map(str::to_owned);
        let question = MetricQuestion { query: "vector(7)".to_owned(), baseline: None };
        Ok(gauges(variables).metric(&source, &question, Timestamp::now()))
    };
    let seen = ask(basic("RIGHT"), Some(&authority))??;
    assert_eq!(seen.series.first().map(|series| series.value.as_str()), Some("7"));

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n"))?;
    let in_file = Credential::File(file.to_string_lossy().into_owned());
    let auth = Auth::Basic { user: USER.to_owned(), password: in_file };
    assert_eq!(ask(auth.clone(), Some(&authority))??.series.len(), 1);
    // It is read each time: who renews a password starts nothing anew.
    std::fs::write(&file, "hunter2")?;
    let error = ask(auth, Some(&authority))?.expect_err("it is another password now");
    assert_eq!(error.problem, GaugeProblem::Unauthorized);

    let no_authority = folder.path().join("password").to_string_lossy().into_owned();
    for (auth, ca_file, problem, said) in [
        (
            basic("WRONG"),
            Some(&authority),
            GaugeProblem::Unauthorized,
            "the log-in was not accepted",
        ),
        (Auth::None, Some(&authority), GaugeProblem::Unauthorized, "the log-in was not accepted"),
        (
            Auth::Bearer(Credential::Variable("WRONG".to_owned())),
            Some(&authority),
            GaugeProblem::Unauthorized,
            "the log-in was not accepted",
        ),
        (
            basic("NOWHERE"),
            Some(&authority),
            GaugeProblem::Unauthorized,
            "no credential: environment variable NOWHERE is not set",
        ),
        (basic("RIGHT"), None, GaugeProblem::Unreachable, "TLS failed"),
        (basic("RIGHT"), Some(&no_authority), GaugeProblem::Unreachable, "holds no certificate"),
    ] {
        let error = ask(auth, ca_file.map(String::as_str))?.expect_err("it must not answer");
        assert_eq!(error.problem, problem, "{error}");
        assert!(error.message.contains(said), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
    }
    Ok(())
}
