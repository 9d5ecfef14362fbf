//! Alerts: which ones are meant, and how many fired when.
//!
//! Only counts of firing alerts decide, each distinct set of labels once. Must not know how a source is
//! asked; that is an adapter.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::{Labels, Source};

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`: the whole value matches a regular expression (RE2).
    Matches,
    /// `!~`
    MatchesNot,
}

impl Operator {
    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
    }
}

/// A condition on one label, as in Prometheus and Alertmanager.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Matcher {
    /// The label's name.
    label: String,
    /// How its value is compared.
    operator: Operator,
    /// With what.
    value: String,
}

/// Why a text is no matcher.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("matcher {text:?} {problem}")]
pub struct InvalidMatcher {
    /// The text.
    pub text: String,
    /// What is wrong with it, as a predicate.
    pub problem: &'static str,
}

impl Matcher {
    /// Reads `label="value"`, with `=`, `!=`, `=~` or `!~`; quotes may be left out, and `\` escapes inside
    /// them as in PromQL.
    ///
    /// # Errors
    /// [`InvalidMatcher`]. Whether a regular expression is one is for the source to say.
    pub fn parse(text: &str) -> Result<Self, InvalidMatcher> {
        let invalid = |problem| InvalidMatcher { text: text.chars().take(80).collect(), problem };
        let at =
            text.find(['=', '!']).ok_or_else(|| invalid("has none of `=`, `!=`, `=~`, `!~`"))?;
        let (label, rest) = (text[..at].trim(), &text[at..]);
        let (operator, value) = [
            ("=~", Operator::Matches),
            ("!~", Operator::MatchesNot),
            ("!=", Operator::NotEqual),
            ("=", Operator::Equal),
        ]
        .into_iter()
        .find_map(|(written, operator)| Some((operator, rest.strip_prefix(written)?.trim())))
        .ok_or_else(|| invalid("has none of `=`, `!=`, `=~`, `!~`"))?;
        let value = match value.strip_prefix('"') {
            Some(rest) => unquoted(rest).ok_or_else(|| {
                invalid("has a value whose quotes do not end, or an escape other than `\\\\`, `\\\"`, `\\n`")
            })?,
            None if value.contains(['"', '\'', '`', ',', '{', '}']) => {
                return Err(invalid("has a value that must be quoted"));
            }
            None => value.to_owned(),
        };
        Self::new(label, operator, &value).map_err(|problem| invalid(problem.problem))
    }

    /// Puts a matcher together.
    ///
    /// # Errors
    /// [`InvalidMatcher`] if the label cannot be one, is `alertstate`, which is `firing` always, or the
    /// value has control characters.
    pub fn new(label: &str, operator: Operator, value: &str) -> Result<Self, InvalidMatcher> {
        let invalid = |problem| {
            let text = format!("{label}{}{value}", operator.as_str());
            InvalidMatcher { text: text.chars().take(80).collect(), problem }
        };
        if !is_label(label) {
            return Err(invalid(
                "has a label other than letters, digits and `_`, or begins with a digit",
            ));
        }
        if matches!(label, "alertstate" | "__name__") {
            return Err(invalid("names a label that says which series are alerts that fire"));
        }
        if value.chars().any(|c| c.is_control() && c != '\n') {
            return Err(invalid("has a value with control characters"));
        }
        Ok(Self { label: label.to_owned(), operator, value: value.to_owned() })
    }

    /// The label's name.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// How its value is compared.
    #[must_use]
    pub fn operator(&self) -> Operator {
        self.operator
    }

    /// With what it is compared, without quotes.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// As Prometheus and Alertmanager both read it.
impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.label, self.operator.as_str(), Quoted(&self.value))
    }
}

/// Whether a text is the name of a label (`prometheus/common:model/labels.go`, without UTF-8).
#[must_use]
pub fn is_label(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A text in the quotes of PromQL.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = self.0.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(f, "\"{escaped}\"")
    }
}

/// What follows an opening quote, up to the closing one, which must be the last character.
fn unquoted(rest: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(text),
            '\\' => text.push(match chars.next()? {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                _ => return None,
            }),
            c => text.push(c),
        }
    }
}

/// Which alerts are asked for, and for how long back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlertsQuestion {
    /// All of these must match. None: every alert.
    pub matchers: Vec<Matcher>,
    /// How far back; zero asks for now only, and is all that an Alertmanager knows.
    pub over: Duration,
    /// Whether silenced and inhibited alerts count. Prometheus knows nothing of either: there all count.
    pub count_silenced: bool,
    /// The clusters meant, by the values of [`Source::cluster_label`]; empty: all.
    pub clusters: BTreeSet<String>,
}

impl AlertsQuestion {
    /// The matchers that a source is asked for: those of the question, and one for the clusters where the
    /// source tells them apart.
    #[must_use]
    pub fn matchers_for(&self, source: &Source) -> Vec<Matcher> {
        let mut matchers = self.matchers.clone();
        if let Some(label) = &source.cluster_label
            && !self.clusters.is_empty()
        {
            let names: Vec<String> = self.clusters.iter().map(|name| literal(name)).collect();
            let (label, operator, value) = (label.clone(), Operator::Matches, names.join("|"));
            matchers.push(Matcher { label, operator, value });
        }
        matchers
    }
}

/// A regular expression that matches a text and nothing else.
fn literal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Which alerts a source saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertsSeen {
    /// Those that fire at the time of the question, each once.
    pub firing: BTreeSet<Labels>,
    /// How many fired at the samples of the time asked for, oldest first; a sample that says the same as
    /// the one before it is left out, except the first. Empty where only now was asked for.
    pub history: Vec<Sampled>,
}

/// How many alerts fired at one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampled {
    /// When.
    pub at: Timestamp,
    /// How many.
    pub firing: usize,
}

impl AlertsSeen {
    /// Puts an answer together from all samples, oldest first.
    #[must_use]
    pub fn of(firing: BTreeSet<Labels>, samples: impl IntoIterator<Item = Sampled>) -> Self {
        let mut history: Vec<Sampled> = Vec::new();
        for sample in samples {
            if history.last().is_none_or(|last| last.firing != sample.firing) {
                history.push(sample);
            }
        }
        Self { firing, history }
    }

    /// The most that fired at one time up to the time of the question, and when that was for the first time.
    #[must_use]
    pub fn most(&self, asked_at: Timestamp) -> Sampled {
        let now = Sampled { at: asked_at, firing: self.firing.len() };
        let all = self.history.iter().copied().chain([now]);
        all.reduce(|most, next| if next.firing > most.firing { next } else { most }).unwrap_or(now)
    }

    /// Since which moment there were never more than `max`: the first sample if there never were in the
    /// time that was asked for, or the time of the question where that was all. `None`: there are more now.
    #[must_use]
    pub fn quiet_since(&self, max: usize, asked_at: Timestamp) -> Option<Timestamp> {
        if self.firing.len() > max {
            return None;
        }
        let after = self.history.iter().rposition(|sample| sample.firing > max);
        let first_quiet = self.history.get(after.map_or(0, |at| at + 1));
        Some(first_quiet.map_or(asked_at, |sample| sample.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Auth, SourceKind, SourceName, SourceUrl};

    #[test]
    fn matchers_are_read_as_prometheus_writes_them() {
        let cases = [
            ("severity=critical", Ok(r#"severity="critical""#)),
            (r#" team != "a b" "#, Ok(r#"team!="a b""#)),
            (r#"name=~"a.+|b\\.c""#, Ok(r#"name=~"a.+|b\\.c""#)),
            (r#"name!~"say \"hi\"""#, Ok(r#"name!~"say \"hi\"""#)),
            ("x=", Ok(r#"x="""#)),
            ("severity", Err("has none of `=`, `!=`, `=~`, `!~`")),
            ("severity!critical", Err("has none of `=`, `!=`, `=~`, `!~`")),
            (
                r#"x="a"#,
                Err(
                    "has a value whose quotes do not end, or an escape other than `\\\\`, `\\\"`, `\\n`",
                ),
            ),
            (r#"x=a"} or up{a="b"#, Err("has a value that must be quoted")),
            (
                r#"x} or up{a="b""#,
                Err("has a label other than letters, digits and `_`, or begins with a digit"),
            ),
            ("1x=a", Err("has a label other than letters, digits and `_`, or begins with a digit")),
            (
                "alertstate=pending",
                Err("names a label that says which series are alerts that fire"),
            ),
            ("x=a\u{7}", Err("has a value with control characters")),
        ];
        for (text, expected) in cases {
            let read = Matcher::parse(text).map(|m| m.to_string()).map_err(|e| e.problem);
            assert_eq!(read, expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn clusters_are_matched_by_their_very_names() -> Result<(), Box<dyn std::error::Error>> {
        let mut source = Source {
            name: SourceName::parse("prom")?,
            kind: SourceKind::Prometheus,
            url: SourceUrl::parse("http://prom")?,
            auth: Auth::None,
            ca_file: None,
            timeout: super::super::DEFAULT_TIMEOUT,
            cluster_label: Some("cluster".to_owned()),
            heartbeat: None,
            warm_up: crate::source::DEFAULT_WARM_UP,
        };
        let mut question = AlertsQuestion {
            matchers: vec![Matcher::parse("severity=critical")?],
            over: Duration::ZERO,
            count_silenced: false,
            clusters: ["prod.eu".to_owned(), "prod-us".to_owned()].into(),
        };
        let asked = |question: &AlertsQuestion, source: &Source| {
            let all = question.matchers_for(source);
            all.iter().map(Matcher::to_string).collect::<Vec<_>>().join(",")
        };
        let scoped = r#"severity="critical",cluster=~"prod-us|prod\\.eu""#;
        assert_eq!(asked(&question, &source), scoped);
        question.clusters.clear();
        assert_eq!(asked(&question, &source), r#"severity="critical""#);
        question.clusters.insert("prod".to_owned());
        source.cluster_label = None;
        assert_eq!(asked(&question, &source), r#"severity="critical""#);
        Ok(())
    }

    #[test]
    fn quiet_begins_with_the_first_sample_after_the_last_that_was_loud() {
        let at = |second| Timestamp::constant(second, 0);
        let seen = |firing: usize, samples: &[usize]| {
            let labels = (0..firing).map(|n| [("n", n.to_string())].into_iter().collect());
            let samples =
                samples.iter().zip(0..).map(|(firing, n)| Sampled { at: at(n), firing: *firing });
            AlertsSeen::of(labels.collect(), samples)
        };
        // Firing now, the samples, the maximum; since when it is quiet, the most and when.
        let cases = [
            (0, vec![], 0, Some(9), (9, 0)),
            (1, vec![], 0, None, (9, 1)),
            (1, vec![], 1, Some(9), (9, 1)),
            (0, vec![0, 0, 0], 0, Some(0), (0, 0)),
            (0, vec![0, 2, 2, 0, 0], 0, Some(3), (1, 2)),
            (0, vec![0, 2, 1, 1, 0], 1, Some(2), (1, 2)),
            (0, vec![3, 0, 3, 1], 2, Some(3), (0, 3)),
            // It fired at the last sample and does so no more.
            (0, vec![0, 1], 0, Some(9), (1, 1)),
            (2, vec![0, 1], 0, None, (9, 2)),
        ];
        for (firing, samples, max, quiet, (when, most)) in cases {
            let seen = seen(firing, &samples);
            assert_eq!(seen.quiet_since(max, at(9)), quiet.map(at), "{firing} {samples:?} {max}");
            assert_eq!(seen.most(at(9)), Sampled { at: at(when), firing: most }, "{samples:?}");
        }
    }
}
