//! A real Alertmanager: alerts and silences are posted to it.

use std::fs;

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value as Json, json};

use super::Peer;

/// A running Alertmanager that tells nobody. An alert with the label `severity="critical"` inhibits those
/// with `severity="warning"` and the same `cluster`.
pub struct TestAlertmanager {
    peer: Peer,
}

impl TestAlertmanager {
    /// Starts one.
    ///
    /// # Errors
    /// When the package `prometheus-alertmanager` is not installed or it does not come up.
    pub fn start() -> anyhow::Result<Self> {
        let package = "prometheus-alertmanager";
        let peer = Peer::start(package, package, "Listening on", |folder, address| {
            let config = json!({
                "route": { "receiver": "nobody" },
                "receivers": [{ "name": "nobody" }],
                "inhibit_rules": [{
                    "source_matchers": ["severity=critical"],
                    "target_matchers": ["severity=warning"],
                    "equal": ["cluster"],
                }],
            });
            fs::write(folder.join("alertmanager.yml"), config.to_string())?;
            Ok(vec![
                "--config.file=alertmanager.yml".to_owned(),
                "--storage.path=data".to_owned(),
                "--cluster.listen-address=".to_owned(),
                format!("--web.listen-address={address}"),
            ])
        })?;
        peer.until("it is ready", |peer| Ok(peer.ask("GET", "/-/ready", "").is_ok()))?;
        Ok(Self { peer })
    }

    /// `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.peer.address)
    }

    /// Lets an alert of these labels fire, until it is resolved.
    ///
    /// # Errors
    /// When it is not taken.
    pub fn fire(&self, labels: &Json) -> anyhow::Result<()> {
        self.post(labels, Timestamp::now().checked_add(1.hour())?)
    }

    /// Ends an alert.
    ///
    /// # Errors
    /// When it is not taken.
    pub fn resolve(&self, labels: &Json) -> anyhow::Result<()> {
        self.post(labels, Timestamp::now())
    }

    fn post(&self, labels: &Json, ends: Timestamp) -> anyhow::Result<()> {
        let starts = ends.checked_sub(2.hours())?;
        let alerts = json!([{
            "labels": labels, "startsAt": starts.to_string(), "endsAt": ends.to_string(),
        }]);
        self.peer.ask("POST", "/api/v2/alerts", &alerts.to_string()).map(|_| ())
    }

    /// Silences all alerts of a name for an hour.
    ///
    /// # Errors
    /// When it is not taken.
    pub fn silence(&self, name: &str) -> anyhow::Result<()> {
        let now = Timestamp::now();
        let silence = json!({
            "matchers": [{ "name": "alertname", "value": name, "isRegex": false, "isEqual": true }],
            "startsAt": now.to_string(),
            "endsAt": now.checked_add(1.hour())?.to_string(),
            "createdBy": "test",
            "comment": "a test",
        });
        self.peer.ask("POST", "/api/v2/silences", &silence.to_string())?;
        self.peer.until("the silence is active", |peer| {
            let silences: Json = serde_json::from_str(&peer.ask("GET", "/api/v2/silences", "")?)?;
            let state = silences.pointer("/0/status/state").and_then(Json::as_str);
            Ok(state == Some("active"))
        })
    }

    /// Waits until it tells of so many alerts, chosen by the query of a URL, such as `inhibited=false`: what
    /// inhibits is worked out a little after an alert was taken.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub fn until_alerts(&self, query: &str, count: usize) -> anyhow::Result<()> {
        self.peer.until(&format!("it tells of {count} alerts by {query:?}"), |peer| {
            let alerts = peer.ask("GET", &format!("/api/v2/alerts?{query}"), "")?;
            let alerts: Json = serde_json::from_str(&alerts)?;
            Ok(alerts.as_array().is_some_and(|alerts| alerts.len() == count))
        })
    }
}
