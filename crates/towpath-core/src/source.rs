//! Sources of alerts and metrics: where they are, what they are asked, and what they answered.
//!
//! Values only. A question says all that an answer depends on, so that both can be recorded and a verdict
//! replayed. Numbers are kept as the text that the source gave. An answer that is missing, old, partial or
//! not understood is [`Unanswered`] and never a good one. Must hold no secret: a [`Credential`] says where
//! one is found. Next: [`alerts`], [`metric`]; `towpath_engine::gauge` for the port.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

pub mod alerts;
mod answers;
pub mod metric;

pub use alerts::{AlertsQuestion, AlertsSeen, InvalidMatcher, Matcher, Operator, Sampled};
pub use answers::{Answers, Measured, Question};
pub use metric::{Met, MetricQuestion, MetricSeen, Series, Stretch};

pub use crate::id::SourceName;

/// How long a source may take for one answer unless it is told otherwise.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long an Alertmanager must have run unless it is told otherwise: Prometheus repeats alerts each minute
/// (`prometheus/prometheus:cmd/prometheus/main.go`, `rules.alert.resend-delay`), but not before its rules are next
/// evaluated.
pub const DEFAULT_WARM_UP: Duration = Duration::from_secs(120);

/// Which program answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceKind {
    /// Prometheus, or what speaks its HTTP API; alerts now and over time, and metrics.
    Prometheus,
    /// An Alertmanager (API v2): alerts now, and which of them are silenced or inhibited.
    Alertmanager,
}

impl SourceKind {
    /// `prometheus` or `alertmanager`: the words of `towpath.yaml`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Alertmanager => "alertmanager",
        }
    }
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A place that knows alerts or metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name in `towpath.yaml`.
    pub name: SourceName,
    /// What it is.
    pub kind: SourceKind,
    /// Where it is.
    pub url: SourceUrl,
    /// How to log in.
    pub auth: Auth,
    /// A PEM file of the certificate authorities it is trusted by, instead of the system's.
    pub ca_file: Option<String>,
    /// How long one answer may take, all of it.
    pub timeout: Duration,
    /// The label by which its series tell clusters apart; `None`: it knows one cluster only, or alerts
    /// are counted whatever their cluster is.
    pub cluster_label: Option<String>,
    /// A series selector or other expression of PromQL that has a result whenever the source was at work,
    /// such as `ALERTS{alertname="Watchdog"}`. A time without it is a time of which nothing is known.
    pub heartbeat: Option<String>,
    /// How long an Alertmanager must have run to have been told of every alert.
    pub warm_up: Duration,
}

impl Source {
    /// The expression of [`Source::heartbeat`]; by default that anything at all was scraped.
    #[must_use]
    pub fn heartbeat(&self) -> &str {
        self.heartbeat.as_deref().unwrap_or("up")
    }
}

/// The base URL of a source: `http` or `https`, a host, perhaps a port and a path; no user, no query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceUrl(String);

/// Why a text is not the URL of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSourceUrl {
    /// Another scheme, or none.
    #[error("the URL begins with neither `http://` nor `https://`")]
    Scheme,
    /// No host.
    #[error("the URL names no host")]
    Host,
    /// A user or password. The text is not repeated: it may hold a secret.
    #[error("the URL holds a user or a password: give them by `auth`")]
    User,
    /// A query or fragment.
    #[error("the URL has a query or a fragment: give the address that `/api` is added to")]
    Query,
    /// Blanks or control characters, or others than those of ASCII.
    #[error("the URL has a character that must be written as `%XX`")]
    Character,
}

impl SourceUrl {
    /// Reads a URL. Slashes at its end do not count.
    ///
    /// # Errors
    /// [`InvalidSourceUrl`].
    pub fn parse(text: &str) -> Result<Self, InvalidSourceUrl> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let rest = rest.ok_or(InvalidSourceUrl::Scheme)?;
        if !rest.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b'\\')) {
            return Err(InvalidSourceUrl::Character);
        }
        if rest.contains('@') {
            return Err(InvalidSourceUrl::User);
        }
        if rest.contains(['?', '#']) {
            return Err(InvalidSourceUrl::Query);
        }
        let host = rest.split('/').next().unwrap_or_default();
        if host.is_empty() || host.starts_with(':') {
            return Err(InvalidSourceUrl::Host);
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The URL, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether what is sent and answered is protected on its way.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How to log in to a source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// `Authorization: Bearer`.
    Bearer(Credential),
    /// `Authorization: Basic`.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: Credential,
    },
}

/// Where a secret is found, each time that it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// In an environment variable of this name.
    Variable(String),
    /// In this file; line ends at its end do not count.
    File(String),
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {path}"),
        }
    }
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The time that it was asked for.
    pub at: Timestamp,
    /// What the source said.
    pub value: Result<T, Unanswered>,
}

/// That a question has no answer that could be relied on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unanswered {
    /// What failed, on what, in one line without a secret.
    pub why: String,
}

/// The labels of a series or an alert.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Labels(pub BTreeMap<String, String>);

impl Labels {
    /// The value of a label.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Labels {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(labels: I) -> Self {
        Self(labels.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// As PromQL writes them: `{a="b", c="d"}`.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={}", alerts::Quoted(value))?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_addresses_and_hold_no_secret() {
        use InvalidSourceUrl as I;
        let cases = [
            ("https://prometheus.example", Ok("https://prometheus.example")),
            ("http://10.0.0.1:9090/a/prom//", Ok("http://10.0.0.1:9090/a/prom")),
            ("http://[::1]:9090", Ok("http://[::1]:9090")),
            ("prometheus:9090", Err(I::Scheme)),
            ("file:///etc/passwd", Err(I::Scheme)),
            ("https://", Err(I::Host)),
            ("https:///api", Err(I::Host)),
            ("https://:9090", Err(I::Host)),
            ("https://me:hunter2@prometheus", Err(I::User)),
            ("https://prometheus?x=1", Err(I::Query)),
            ("https://prometheus/#/alerts", Err(I::Query)),
            ("https://prometheus/a b", Err(I::Character)),
            ("https://prometheus/a\nb", Err(I::Character)),
        ];
        for (text, expected) in cases {
            let url = SourceUrl::parse(text);
            assert_eq!(url.as_ref().map(SourceUrl::as_str), expected.as_ref().copied(), "{text}");
        }
    }

    #[test]
    fn labels_are_shown_as_promql_writes_them() {
        let labels: Labels = [("b", "say \"hi\"\n"), ("a", "x\\y")].into_iter().collect();
        assert_eq!(labels.to_string(), r#"{a="x\\y", b="say \"hi\"\n"}"#);
    }
}
