//! Sources of alerts and metrics in `towpath.yaml`, and the gates that ask them.
//!
//! No secret is written here: `auth` says where one is found. Must not compile conditions; that is
//! `towpath_engine::gauge`. Next: `towpath_core::source`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::source::alerts::is_label;
use towpath_core::source::{
    AlertsQuestion, Auth, Credential, DEFAULT_TIMEOUT, DEFAULT_WARM_UP, Matcher, Source,
    SourceKind, SourceName, SourceUrl,
};

use super::duration;
use super::mistake::{Wrong, wrong};

/// A value that is not what its key asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InvalidValue {
    /// The keys that lead to it, from the mapping that was read.
    pub at: Vec<String>,
    /// What is wrong with it.
    pub message: String,
}

pub(super) fn invalid(at: &[&str], message: impl std::fmt::Display) -> InvalidValue {
    let at = at.iter().map(|&key| key.to_owned()).collect();
    InvalidValue { at, message: message.to_string() }
}

/// A place that knows alerts or metrics: one of `prometheus` and `alertmanager`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceSpec {
    /// Its name, by which gates name it.
    pub name: String,
    /// The URL of a Prometheus, or of what speaks its API: what `/api/v1` is added to.
    pub prometheus: Option<String>,
    /// The URL of an Alertmanager: what `/api/v2` is added to.
    pub alertmanager: Option<String>,
    /// How to log in. Left out: not at all.
    pub auth: Option<AuthSpec>,
    /// A PEM file of the certificate authorities it is trusted by. Left out: the system's.
    pub ca: Option<String>,
    /// How long one answer may take: `30s`, which it is when left out.
    pub timeout: Option<String>,
    /// The label by which its series tell clusters apart. Left out: it knows one cluster only.
    pub cluster_label: Option<String>,
    /// How long an Alertmanager must have run to have been told of every alert: `2m`, which it is when left out. Longer than
    /// Prometheus' `rules.alert.resend-delay` and the interval of the slowest rules together.
    pub warm_up: Option<String>,
    /// An expression of PromQL that has a result whenever the source was at work, such as
    /// `ALERTS{alertname="Watchdog"}`. Left out: `up`.
    pub heartbeat: Option<String>,
}

/// How to log in: one of the two.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum AuthSpec {
    /// By a token.
    Bearer(CredentialSpec),
    /// By a user and a password.
    Basic(BasicSpec),
}

/// A user with a password.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BasicSpec {
    /// The user.
    pub user: String,
    /// Where the password is found.
    pub password: CredentialSpec,
}

/// Where a secret is found: one of the two.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum CredentialSpec {
    /// In the environment variable of this name.
    Env(String),
    /// In this file, read each time.
    File(String),
}

/// The source at place `i` of the file; those before it have other names.
pub(super) fn convert(i: usize, spec: &SourceSpec, before: &[Source]) -> Result<Source, Wrong> {
    let at = |keys: &[String], message: &str| {
        let mut all: Vec<&dyn std::fmt::Display> = vec![&"sources", &i];
        all.extend(keys.iter().map(|key| key as &dyn std::fmt::Display));
        wrong(&all, message)
    };
    let source = spec.convert().map_err(|e| at(&e.at, &e.message))?;
    if before.iter().any(|other| other.name == source.name) {
        return Err(at(&["name".to_owned()], &format!("there is a source {} before", source.name)));
    }
    Ok(source)
}

impl SourceSpec {
    /// The source that is stated.
    ///
    /// # Errors
    /// [`InvalidValue`].
    pub fn convert(&self) -> Result<Source, InvalidValue> {
        let (key, kind, url) = match (&self.prometheus, &self.alertmanager) {
            (Some(url), None) => ("prometheus", SourceKind::Prometheus, url),
            (None, Some(url)) => ("alertmanager", SourceKind::Alertmanager, url),
            _ => return Err(invalid(&[], "a source has one of `prometheus` and `alertmanager`")),
        };
        let timeout = match &self.timeout {
            None => DEFAULT_TIMEOUT,
            Some(text) => duration(text).map_err(|e| invalid(&["timeout"], e))?,
        };
        if timeout.is_zero() {
            return Err(invalid(&["timeout"], "no answer comes in no time"));
        }
        let warm_up = self.warm_up.as_deref().map(duration).transpose();
        let warm_up = warm_up.map_err(|e| invalid(&["warmUp"], e))?;
        if warm_up.is_some() && kind == SourceKind::Prometheus {
            let message = "a Prometheus says by its heartbeat when it was at work: leave it out";
            return Err(invalid(&["warmUp"], message));
        }
        if let Some(label) = self.cluster_label.as_deref().filter(|label| !is_label(label)) {
            return Err(invalid(&["clusterLabel"], format!("{label:?} is no name of a label")));
        }
        if let Some(heartbeat) = &self.heartbeat {
            if kind == SourceKind::Alertmanager {
                let message = "an Alertmanager says itself since when it runs: leave it out";
                return Err(invalid(&["heartbeat"], message));
            }
            if heartbeat.trim().is_empty() {
                return Err(invalid(&["heartbeat"], "it is empty"));
            }
        }
        Ok(Source {
            name: SourceName::parse(&self.name).map_err(|e| invalid(&["name"], e))?,
            kind,
            url: SourceUrl::parse(url).map_err(|e| invalid(&[key], e))?,
            auth: self.auth.as_ref().map_or(Ok(Auth::None), AuthSpec::convert)?,
            ca_file: self.ca.clone(),
            timeout,
            cluster_label: self.cluster_label.clone(),
            heartbeat: self.heartbeat.clone(),
            warm_up: warm_up.unwrap_or(DEFAULT_WARM_UP),
        })
    }
}

impl AuthSpec {
    fn convert(&self) -> Result<Auth, InvalidValue> {
        Ok(match self {
            Self::Bearer(token) => Auth::Bearer(token.convert(&["auth", "bearer"])?),
            Self::Basic(BasicSpec { user, .. }) if user.is_empty() || user.contains(':') => {
                return Err(invalid(&["auth", "basic", "user"], "a user has a name without `:`"));
            }
            Self::Basic(BasicSpec { user, password }) => Auth::Basic {
                user: user.clone(),
                password: password.convert(&["auth", "basic", "password"])?,
            },
        })
    }
}

impl CredentialSpec {
    pub(super) fn convert(&self, at: &[&str]) -> Result<Credential, InvalidValue> {
        let bad = |key, message| Err(invalid(&[at, &[key]].concat(), message));
        match self {
            // What a variable cannot be called may be the secret itself, and is not repeated.
            Self::Env(name) if !is_label(name) => bad(
                "env",
                "it is no name of an environment variable; a secret is never written here",
            ),
            Self::File(path) if path.is_empty() => bad("file", "it is empty"),
            Self::Env(name) => Ok(Credential::Variable(name.clone())),
            Self::File(path) => Ok(Credential::File(path.clone())),
        }
    }
}

/// How many alerts may fire.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertsSpec {
    /// The source that is asked, by its name.
    pub source: String,
    /// Which alerts count: `severity="critical"`, with `=`, `!=`, `=~` or `!~`; all must match.
    #[serde(default)]
    pub matchers: Vec<String>,
    /// How many may fire at one time.
    #[serde(default)]
    pub max: usize,
    /// For how long back, at every sample: `1h`. Left out: now only, which is all that an Alertmanager knows.
    pub over: Option<String>,
    /// The environments whose clusters are meant, where the source tells clusters apart. Left out: the environment
    /// itself and all that come before it.
    #[serde(default)]
    pub r#in: Vec<String>,
    /// Whether silenced and inhibited alerts count, too. A Prometheus knows nothing of either: there all count.
    #[serde(default)]
    pub count_silenced: bool,
}

impl AlertsSpec {
    /// The name of the source, and the question for clusters of these names.
    ///
    /// # Errors
    /// [`InvalidValue`].
    pub fn convert(&self) -> Result<(SourceName, AlertsQuestion), InvalidValue> {
        let matcher = |(i, text): (usize, &String)| {
            Matcher::parse(text).map_err(|e| invalid(&["matchers", &i.to_string()], e))
        };
        let over = self.over.as_deref().map_or(Ok(Duration::ZERO), duration);
        let question = AlertsQuestion {
            matchers: self.matchers.iter().enumerate().map(matcher).collect::<Result<_, _>>()?,
            over: over.map_err(|e| invalid(&["over"], e))?,
            count_silenced: self.count_silenced,
            clusters: std::collections::BTreeSet::new(),
        };
        Ok((SourceName::parse(&self.source).map_err(|e| invalid(&["source"], e))?, question))
    }
}

/// A condition on what a source measures.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricSpec {
    /// The source that is asked, by its name.
    pub source: String,
    /// The query, in PromQL.
    pub query: String,
    /// What must hold, in CEL over `value`, `values`, `baseline` and `change` (per cent): `value < 0.01`.
    pub condition: String,
    /// How long before the promotion the mean is taken that `baseline` and `change` are of: `1h`.
    pub baseline: Option<String>,
}

impl MetricSpec {
    /// The name of the source, and how long the baseline is.
    ///
    /// # Errors
    /// [`InvalidValue`].
    pub fn convert(&self) -> Result<(SourceName, Option<Duration>), InvalidValue> {
        let baseline = self.baseline.as_deref().map(duration).transpose();
        let baseline = baseline.map_err(|e| invalid(&["baseline"], e))?;
        if baseline.is_some_and(|baseline| baseline.is_zero()) {
            return Err(invalid(&["baseline"], "no time has a mean"));
        }
        if self.query.trim().is_empty() {
            return Err(invalid(&["query"], "it is empty"));
        }
        Ok((SourceName::parse(&self.source).map_err(|e| invalid(&["source"], e))?, baseline))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn source(spec: &Json) -> Result<Source, String> {
        let spec: SourceSpec = serde_json::from_value(spec.clone()).map_err(|e| e.to_string())?;
        spec.convert().map_err(|e| format!("{}: {e}", e.at.join(".")))
    }

    #[test]
    fn a_source_is_one_of_two_programs() {
        let read = source(&json!({
            "name": "prod", "prometheus": "https://prometheus.example/", "timeout": "10s",
            "auth": { "basic": { "user": "me", "password": { "file": "/run/password" } } },
            "clusterLabel": "cluster",
        }));
        let auth = Auth::Basic {
            user: "me".to_owned(),
            password: Credential::File("/run/password".to_owned()),
        };
        assert_eq!(
            read,
            Ok(Source {
                name: SourceName::parse("prod").expect("it is a name"),
                kind: SourceKind::Prometheus,
                url: SourceUrl::parse("https://prometheus.example").expect("it is a URL"),
                auth,
                ca_file: None,
                timeout: Duration::from_secs(10),
                cluster_label: Some("cluster".to_owned()),
                heartbeat: None,
                warm_up: Duration::from_secs(120),
            })
        );
        let warm = json!({ "name": "a", "alertmanager": "http://a", "warmUp": "6m" });
        assert_eq!(source(&warm).map(|it| it.warm_up), Ok(Duration::from_secs(360)));
        let url = "http://a";
        let cases = [
            (json!({ "name": "a" }), ": a source has one of `prometheus` and `alertmanager`"),
            (json!({ "name": "a", "prometheus": "a:9090" }), "prometheus: the URL begins with"),
            (json!({ "name": "a/b", "prometheus": url }), "name: source name \"a/b\""),
            (json!({ "name": "a", "prometheus": url, "timeout": "0s" }), "timeout: no answer"),
            (json!({ "name": "a", "prometheus": url, "clusterLabel": "a-b" }), "clusterLabel: "),
            (json!({ "name": "a", "alertmanager": url, "heartbeat": "up" }), "heartbeat: an Alert"),
            (json!({ "name": "a", "prometheus": url, "warmUp": "1m" }), "warmUp: a Prometheus"),
            (json!({ "name": "a", "alertmanager": url, "warmUp": "soon" }), "warmUp: "),
            (
                json!({ "name": "a", "prometheus": url, "auth": { "bearer": { "env": "eyJ.a" } } }),
                "auth.bearer.env: it is no name of an environment variable; a secret is never written here",
            ),
            (json!({ "name": "a", "prometheus": url, "token": "x" }), "unknown field `token`"),
        ];
        for (spec, expected) in cases {
            let error = source(&spec).expect_err("it is no source");
            assert!(error.starts_with(expected), "{spec}: {error}");
        }
    }

    #[test]
    fn questions_are_read_where_they_are_written() {
        let alerts = |spec: Json| {
            let spec: AlertsSpec = serde_json::from_value(spec).expect("it has the form");
            spec.convert().map_err(|e| format!("{}: {e}", e.at.join(".")))
        };
        let (name, question) =
            alerts(json!({ "source": "prod", "matchers": ["a=b"], "over": "1h" })).expect("right");
        assert_eq!((name.as_str(), question.over), ("prod", Duration::from_secs(3600)));
        assert_eq!(question.matchers[0].to_string(), "a=\"b\"");
        let error = alerts(json!({ "source": "prod", "matchers": ["a=b", "c"] }));
        assert!(error.is_err_and(|e| e.starts_with("matchers.1: matcher \"c\" has none of")));
        let error = alerts(json!({ "source": "prod", "over": "soon" }));
        assert!(error.is_err_and(|e| e.starts_with("over: ")));

        let metric = |baseline: &str| {
            let spec = json!({
                "source": "prod", "query": "errors", "condition": "change < 5.0",
                "baseline": baseline,
            });
            let spec: MetricSpec = serde_json::from_value(spec).expect("it has the form");
            spec.convert().map(|(_, baseline)| baseline).map_err(|e| e.at.join("."))
        };
        assert_eq!(metric("1h"), Ok(Some(Duration::from_secs(3600))));
        assert_eq!(metric("0s"), Err("baseline".to_owned()));
    }
}
