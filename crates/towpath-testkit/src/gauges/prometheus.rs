//! A real Prometheus: imported history, rules that can be rewritten, TLS and a log-in.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::{Value as Json, json};

use super::Peer;
use crate::registry::{PASSWORD_HASH, USER};

/// Who may ask it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Everybody, over plain HTTP.
    #[default]
    Open,
    /// [`USER`] with [`crate::registry::PASSWORD`], over TLS with an authority of its own.
    LogInOverTls,
}

/// What a Prometheus has when it starts.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// Alerting rules: names with their expressions; each fires at once, evaluated every second.
    pub alerts: Vec<(String, String)>,
    /// Series of the past in OpenMetrics, without the end mark. Nothing is scraped then.
    pub history: Option<String>,
    /// Who may ask it.
    pub access: Access,
}

/// A running Prometheus. It scrapes itself each second, unless it has a history.
pub struct TestPrometheus {
    peer: Peer,
    access: Access,
}

impl TestPrometheus {
    /// Starts one.
    ///
    /// # Errors
    /// When the package `prometheus` is not installed or it does not come up.
    pub fn start(setup: &Setup) -> anyhow::Result<Self> {
        let ready = "Server is ready to receive web requests";
        let peer = Peer::start("prometheus", "prometheus", ready, |folder, address| {
            prepare(setup, folder, address)
        })?;
        Ok(Self { peer, access: setup.access })
    }

    /// `http://127.0.0.1:PORT` or `https://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.access == Access::Open { "http" } else { "https" };
        format!("{scheme}://{}", self.peer.address)
    }

    /// The file with the authority of its certificate.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.peer.path("certificate.pem")
    }

    /// Replaces the alerting rules.
    ///
    /// # Errors
    /// When it does not take them, or is not open.
    pub fn rewrite(&self, alerts: &[(String, String)]) -> anyhow::Result<()> {
        fs::write(self.peer.path("rules.yml"), rules(alerts))?;
        self.peer.ask("POST", "/-/reload", "").map(|_| ())
    }

    /// Waits until a query, as an URL has it, has so many series as its result.
    ///
    /// # Errors
    /// When that does not come about in time.
    pub fn until_series(&self, query: &str, count: usize) -> anyhow::Result<()> {
        self.peer.until(&format!("{query} has {count} series"), |peer| {
            let answer = peer.ask("GET", &format!("/api/v1/query?query={query}"), "")?;
            let answer: Json = serde_json::from_str(&answer)?;
            let series = answer.pointer("/data/result").and_then(Json::as_array);
            Ok(series.is_some_and(|series| series.len() == count))
        })
    }
}

fn prepare(setup: &Setup, folder: &Path, address: SocketAddr) -> anyhow::Result<Vec<String>> {
    let itself = json!([{
        "job_name": "itself", "static_configs": [{ "targets": [address.to_string()] }],
    }]);
    let config = json!({
        "global": { "scrape_interval": "1s", "evaluation_interval": "1s" },
        "rule_files": ["rules.yml"],
        "scrape_configs": if setup.history.is_some() { json!([]) } else { itself },
    });
    // JSON is YAML, so Prometheus reads it.
    fs::write(folder.join("prometheus.yml"), config.to_string())?;
    fs::write(folder.join("rules.yml"), rules(&setup.alerts))?;
    if let Some(history) = &setup.history {
        import(history, folder)?;
    }
    let mut arguments = vec![
        "--config.file=prometheus.yml".to_owned(),
        "--storage.tsdb.path=data".to_owned(),
        "--storage.tsdb.retention.time=100y".to_owned(),
        format!("--web.listen-address={address}"),
        "--web.enable-lifecycle".to_owned(),
    ];
    if setup.access == Access::LogInOverTls {
        let key = rcgen::KeyPair::generate()?;
        let certificate =
            rcgen::CertificateParams::new(vec![address.ip().to_string()])?.self_signed(&key)?;
        fs::write(folder.join("certificate.pem"), certificate.pem())?;
        fs::write(folder.join("key.pem"), key.serialize_pem())?;
        let web = json!({
            "tls_server_config": { "cert_file": "certificate.pem", "key_file": "key.pem" },
            "basic_auth_users": { USER: PASSWORD_HASH },
        });
        fs::write(folder.join("web.yml"), web.to_string())?;
        arguments.push("--web.config.file=web.yml".to_owned());
    }
    Ok(arguments)
}

fn rules(alerts: &[(String, String)]) -> String {
    let rule = |(name, expression): &(String, String)| json!({ "alert": name, "expr": expression });
    let rules: Vec<Json> = alerts.iter().map(rule).collect();
    json!({ "groups": [{ "name": "test", "rules": rules }] }).to_string()
}

fn import(history: &str, folder: &Path) -> anyhow::Result<()> {
    let file = folder.join("history");
    fs::write(&file, format!("{history}# EOF\n"))?;
    let mut promtool = Command::new("promtool");
    promtool.args(["tsdb", "create-blocks-from", "openmetrics", "--quiet"]);
    let made = promtool.arg(&file).arg(folder.join("data")).output();
    let made = made.context("cannot run promtool; is Debian's package prometheus installed?")?;
    ensure!(made.status.success(), "no history: {}", String::from_utf8_lossy(&made.stderr));
    Ok(())
}
