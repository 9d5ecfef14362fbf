//! Servers that misbehave: every fault is an error of its kind, and says no secret.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::json;
use towpath_core::source::{Auth, Credential, MetricQuestion, Source, SourceKind};
use towpath_engine::gauge::{GaugeError, GaugeProblem, Gauges as _};
use towpath_testkit::faulty_registry::{Answer, FaultyRegistry, Rule};

use super::{gauges, question, source};

const SECRET: &str = "s3cr3t-t0ken";

fn at(server: &FaultyRegistry, kind: SourceKind) -> Result<Source> {
    let mut source = source(kind, &format!("http://{}/base/", server.host()))?;
    source.auth = Auth::Bearer(Credential::Variable("TOKEN".to_owned()));
    Ok(source)
}

fn fault(kind: SourceKind, rules: impl Into<Vec<Rule>>, timeout: Duration) -> Result<GaugeError> {
    let server = FaultyRegistry::start(rules)?;
    let mut source = at(&server, kind)?;
    source.timeout = timeout;
    let gauges = gauges(&[("TOKEN", SECRET)]);
    let error = match kind {
        SourceKind::Alertmanager => {
            gauges.alerts(&source, &question(&[], 0, &[])?, Timestamp::now()).err()
        }
        SourceKind::Prometheus => {
            let question = MetricQuestion { query: "up".to_owned(), baseline: None };
            gauges.metric(&source, &question, Timestamp::now()).err()
        }
    };
    let error = error.expect("it must not be taken for an answer");
    assert!(!format!("{error:?} {error}").contains(SECRET), "{error:?}");
    Ok(error)
}

fn success(more: &serde_json::Value) -> Answer {
    let mut body = json!({
        "status": "success",
        "data": { "resultType": "vector", "result": [] },
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    Answer::ok(body.to_string())
}

#[test]
fn what_is_not_whole_is_no_answer() -> Result<()> {
    use GaugeProblem as P;
    let error =
        |kind: &str| json!({ "status": "error", "errorType": kind, "error": "no such thing" });
    let cases = [
        (success(&json!({ "warnings": ["store eu-1 is away"] })), P::Partial, "store eu-1 is away"),
        (Answer::ok(error("execution").to_string()), P::Refused, "execution: no such thing"),
        (Answer::status(422, error("execution").to_string()), P::Refused, "no such thing"),
        (Answer::status(503, error("timeout").to_string()), P::Unreachable, "timeout: no such"),
        (Answer::status(502, "<html>bad gateway</html>"), P::Unreachable, "bad gateway"),
        (Answer::status(404, "not here"), P::Unreadable, "no such API"),
        (Answer::status(204, ""), P::Unreadable, "status 204"),
        (Answer::ok("<html>log in</html>"), P::Unreadable, "not understood"),
        (Answer::ok("{}"), P::Unreadable, "not understood"),
        (Answer::ok(json!({ "status": "success" }).to_string()), P::Unreadable, "no data"),
        (Answer::Half(b"{\"status\": \"success\"}".to_vec()), P::Unreachable, "broke off"),
        (Answer::Endless, P::Unreadable, "larger than"),
        (Answer::HangUp, P::Unreachable, "broke off"),
        (Answer::EchoAuthorization(403), P::Unauthorized, "access is denied"),
        (Answer::EchoAuthorization(401), P::Unauthorized, "not accepted"),
        (Answer::EchoAuthorization(400), P::Refused, "status 400"),
    ];
    for (answer, problem, said) in cases {
        let rules = [Rule::new("POST /base/api/v1/query", [answer])];
        let error = fault(SourceKind::Prometheus, rules, Duration::from_secs(60))?;
        assert_eq!(error.problem, problem, "{error}");
        assert!(error.message.contains(said), "{said}: {error}");
    }
    Ok(())
}

#[test]
fn who_never_answers_is_given_up() -> Result<()> {
    let rules = [Rule::new("POST /base/api/v1/query", [Answer::Silence])];
    let error = fault(SourceKind::Prometheus, rules, Duration::from_millis(50))?;
    assert_eq!(error.problem, GaugeProblem::Unreachable);
    assert!(error.message.contains("no whole answer within"), "{error}");
    Ok(())
}

#[test]
fn what_an_alertmanager_must_say_is_asked_for() -> Result<()> {
    let status = |started: &str| Rule::new("GET /base/api/v2/status", [Answer::ok(started)]);
    let long_ago = r#"{"uptime": "2020-01-01T00:00:00.000Z"}"#;
    let alerts = |answer| Rule::new("GET /base/api/v2/alerts", [answer]);
    let cases = [
        (vec![status("{}")], "not understood"),
        (vec![status(long_ago), alerts(Answer::ok("{}"))], "not understood"),
        (vec![status(long_ago), alerts(Answer::status(400, "bad matcher"))], "bad matcher"),
        (vec![status(long_ago), alerts(Answer::status(500, "oh"))], "status 500"),
    ];
    for (rules, said) in cases {
        let error = fault(SourceKind::Alertmanager, rules, Duration::from_secs(60))?;
        assert!(error.message.contains(said), "{said}: {error}");
    }
    Ok(())
}

#[test]
fn a_credential_does_not_follow_a_redirect_to_another_source() -> Result<()> {
    let other = FaultyRegistry::start([Rule::new("", [success(&json!({}))])])?;
    let elsewhere = format!("http://{}/base/api/v1/query", other.host());
    let rules = [Rule::new("POST /base/api/v1/query", [Answer::redirect(&elsewhere)])];
    let error = fault(SourceKind::Prometheus, rules, Duration::from_secs(60))?;
    assert_eq!(error.problem, GaugeProblem::Refused);
    assert!(error.message.contains("it redirects elsewhere"), "{error}");
    assert!(other.seen().is_empty());

    let server = FaultyRegistry::start([
        Rule::new("POST /base/api/v1/query", [Answer::redirect("/moved/api/v1/query")]),
        Rule::new("POST /moved/api/v1/query", [success(&json!({ "infos": ["a counter?"] }))]),
    ])?;
    let question = MetricQuestion { query: "up".to_owned(), baseline: None };
    let source = at(&server, SourceKind::Prometheus)?;
    let seen = gauges(&[("TOKEN", SECRET)]).metric(&source, &question, Timestamp::now())?;
    assert!(seen.series.is_empty());
    let asked = server.seen();
    let sent: Vec<_> = asked.iter().filter_map(|seen| seen.header("authorization")).collect();
    assert_eq!(sent, [format!("Bearer {SECRET}"), format!("Bearer {SECRET}")]);
    Ok(())
}

#[test]
fn who_is_not_there_is_unreachable() -> Result<()> {
    let server = FaultyRegistry::start([])?;
    let source = at(&server, SourceKind::Prometheus)?;
    drop(server);
    let question = MetricQuestion { query: "up".to_owned(), baseline: None };
    let gauges = gauges(&[("TOKEN", SECRET)]);
    let error = gauges.metric(&source, &question, Timestamp::now()).expect_err("nobody is there");
    assert_eq!(error.problem, GaugeProblem::Unreachable, "{error}");
    Ok(())
}
