//! Alertmanager: the alerts of now, and which of them are silenced or inhibited.
//!
//! It keeps alerts in memory only, and is told of them again and again. So one that has just started knows
//! of none, which means nothing: it is asked since when it runs. Source of the contract:
//! `prometheus/alertmanager:api/v2/openapi.yaml`. Must not judge what was counted.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use towpath_core::source::{AlertsQuestion, AlertsSeen, Labels, Source};
use towpath_engine::gauge::GaugeProblem;

use super::fault::{self, Fault};
use super::http::{Answer, Session};

#[derive(Deserialize)]
struct Alert {
    labels: BTreeMap<String, String>,
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    silenced_by: Vec<String>,
    inhibited_by: Vec<String>,
}

/// What it says of itself; `uptime` is when it started.
#[derive(Deserialize)]
struct Itself {
    uptime: Timestamp,
}

pub(super) async fn alerts(
    session: &Session,
    source: &Source,
    question: &AlertsQuestion,
    now: Timestamp,
) -> Result<AlertsSeen, Fault> {
    if !question.over.is_zero() {
        let why = "an Alertmanager knows the alerts of now and of no other time";
        return Err(
            Fault::new(GaugeProblem::Refused, why).hint("leave out `over`, or ask a Prometheus")
        );
    }
    let Itself { uptime } = read(session, session.get("/api/v2/status", &[]).await?)?;
    // The clocks of two machines may differ a little; who asks for no time at all is not kept waiting by that.
    let warm_up = SignedDuration::try_from(source.warm_up).unwrap_or(SignedDuration::MAX);
    if !warm_up.is_zero() && now.duration_since(uptime) < warm_up {
        let why = format!("it runs since {uptime} and may not have heard of every alert");
        return Err(Fault::new(GaugeProblem::Partial, why));
    }
    let counts_silenced = if question.count_silenced { "true" } else { "false" };
    let filters: Vec<String> =
        question.matchers_for(source).iter().map(ToString::to_string).collect();
    let mut pairs = vec![
        ("active", "true"),
        // Those that nobody has looked at yet may be silenced; as long as that is not known, they count.
        ("unprocessed", "true"),
        ("silenced", counts_silenced),
        ("inhibited", counts_silenced),
    ];
    pairs.extend(filters.iter().map(|filter| ("filter", filter.as_str())));
    let alerts: Vec<Alert> = read(session, session.get("/api/v2/alerts", &pairs).await?)?;
    let counts = |alert: &Alert| {
        question.count_silenced
            || (alert.status.silenced_by.is_empty() && alert.status.inhibited_by.is_empty())
    };
    let firing = alerts.into_iter().filter(counts).map(|alert| Labels(alert.labels)).collect();
    Ok(AlertsSeen { firing, history: Vec::new() })
}

fn read<T: DeserializeOwned>(session: &Session, answer: Answer) -> Result<T, Fault> {
    if answer.status != 200 {
        let said = session.secrets.clean(&String::from_utf8_lossy(&answer.body));
        return Err(fault::status(answer.status, &said));
    }
    serde_json::from_slice(&answer.body).map_err(|error| {
        let why = format!("the answer is not understood: {error}");
        fault::unreadable(session.secrets.clean(&why))
    })
}
