//! What goes wrong in a cluster, and when: rules that match workloads and say what becomes of them.
//!
//! A script is a value. It is read from YAML or JSON, strictly: what is not understood is an error that names the field.
//!
//! ```yaml
//! start: 2s                 # how long a container takes to start
//! finish: 1s                # how long a container runs that ends by itself
//! stop: 0s                  # how long a container takes to stop
//! rules:
//! - namespace: shop         # what is matched: all that are given
//!   workload: Deployment/api
//!   image: "registry.example/*"
//!   labels: {app: api}
//!   crashesAfter: 5m        # what becomes of it: at least one
//! nodes:
//! - {name: sandbox, after: 5m, for: 2m}
//! webhooksDown: [policies]
//! ```

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::{Map, Value};

/// What goes wrong, and how long what goes right takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// How long a container takes to start; not at all, if not said.
    pub start: Option<SignedDuration>,
    /// How long a container runs that ends by itself, as those of Jobs do; a second, if not said.
    pub finish: Option<SignedDuration>,
    /// How long a container takes to stop, at most as long as its pod grants; not at all, if not said.
    pub stop: Option<SignedDuration>,
    /// The first that matches decides, for each effect by itself.
    pub rules: Vec<Rule>,
    /// When nodes are away.
    pub nodes: Vec<Absence>,
    /// Names of webhook configurations whose services do not answer.
    pub webhooks_down: Vec<String>,
}

/// What is matched, and what becomes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// Only in this namespace.
    pub namespace: Option<String>,
    /// Only this kind and name, which may end with `*`: `Deployment/api`, `Job/*`.
    pub workload: Option<(String, String)>,
    /// Only containers of this image; `*` stands for anything.
    pub image: Option<String>,
    /// Only objects with all of these labels.
    pub labels: BTreeMap<String, String>,
    /// What becomes of it.
    pub effect: Effect,
}

/// What becomes of an object, or of the containers of a pod.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effect {
    /// The image cannot be pulled.
    pub never_pulls: bool,
    /// The container runs, and is never ready.
    pub never_ready: bool,
    /// The claim is never bound, the pod never scheduled.
    pub stays_pending: bool,
    /// The container ends with an error, every time that it has run for so long.
    pub crashes_after: Option<SignedDuration>,
    /// How long the container takes to start.
    pub starts_after: Option<SignedDuration>,
    /// How many pods of a Job fail before one succeeds.
    pub failures: Option<i64>,
}

/// When a node is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Which; any, if not said.
    pub name: Option<String>,
    /// How long after it was made.
    pub after: SignedDuration,
    /// For how long.
    pub lasts: SignedDuration,
}

/// A script that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScriptError {
    /// It is no YAML.
    #[error("no YAML: {0}")]
    Yaml(String),
    /// There is no such field.
    #[error("{0}: there is no such field")]
    Unknown(String),
    /// The field has another type.
    #[error("{0}: must be {1}")]
    Type(String, &'static str),
    /// The text is no duration.
    #[error("{0}: {1:?} is no duration such as 90s, 5m or 1h30m")]
    Duration(String, String),
    /// A rule does nothing.
    #[error("{0}: says nothing of what becomes of what it matches")]
    Idle(String),
}

/// What a rule is asked about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The namespace of the object.
    pub namespace: &'a str,
    /// The object and those that control it: kind and name.
    pub chain: &'a [(&'a str, &'a str)],
    /// The image of the container, if it is about one.
    pub image: Option<&'a str>,
    /// The labels of the object.
    pub labels: Option<&'a Value>,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    ///
    /// [`ScriptError`], which names the field.
    pub fn read(text: &str) -> Result<Self, ScriptError> {
        let documents = towpath_yaml::parse(text.as_bytes())
            .map_err(|error| ScriptError::Yaml(error.to_string()))?;
        let value = documents.first().map_or(Value::Null, |document| document.root.to_json());
        let mut script = Self::default();
        for (name, value) in fields("", &value)? {
            match name.as_str() {
                "start" => script.start = Some(duration(name, value)?),
                "finish" => script.finish = Some(duration(name, value)?),
                "stop" => script.stop = Some(duration(name, value)?),
                "rules" => {
                    for (at, rule) in items(name, value)?.iter().enumerate() {
                        script.rules.push(Rule::read(&format!("rules[{at}]"), rule)?);
                    }
                }
                "nodes" => {
                    for (at, absence) in items(name, value)?.iter().enumerate() {
                        script.nodes.push(Absence::read(&format!("nodes[{at}]"), absence)?);
                    }
                }
                "webhooksDown" => {
                    for (at, name) in items(name, value)?.iter().enumerate() {
                        let place = format!("webhooksDown[{at}]");
                        script.webhooks_down.push(string(&place, name)?.to_owned());
                    }
                }
                other => return Err(ScriptError::Unknown(other.to_owned())),
            }
        }
        Ok(script)
    }

    /// This script where it says something, and another where it does not.
    #[must_use]
    pub fn over(mut self, below: &Script) -> Script {
        self.start = self.start.or(below.start);
        self.finish = self.finish.or(below.finish);
        self.stop = self.stop.or(below.stop);
        self.rules.extend(below.rules.iter().cloned());
        self.nodes.extend(below.nodes.iter().cloned());
        self.webhooks_down.extend(below.webhooks_down.iter().cloned());
        self
    }

    /// What becomes of an object or a container.
    #[must_use]
    pub fn effect(&self, about: &About<'_>) -> Effect {
        let mut effect = Effect::default();
        for rule in self.rules.iter().filter(|rule| rule.matches(about)) {
            let more = rule.effect;
            effect.never_pulls |= more.never_pulls;
            effect.never_ready |= more.never_ready;
            effect.stays_pending |= more.stays_pending;
            effect.crashes_after = effect.crashes_after.or(more.crashes_after);
            effect.starts_after = effect.starts_after.or(more.starts_after);
            effect.failures = effect.failures.or(more.failures);
        }
        effect
    }

    /// Whether containers that run may crash by themselves.
    #[must_use]
    pub fn has_crashes(&self) -> bool {
        self.rules.iter().any(|rule| rule.effect.crashes_after.is_some())
    }
}

impl Rule {
    fn read(at: &str, value: &Value) -> Result<Self, ScriptError> {
        let mut rule = Self::default();
        let mut acts = false;
        for (name, value) in fields(at, value)? {
            let place = format!("{at}.{name}");
            let effect = &mut rule.effect;
            match name.as_str() {
                "namespace" => rule.namespace = Some(string(&place, value)?.to_owned()),
                "image" => rule.image = Some(string(&place, value)?.to_owned()),
                "workload" => {
                    let text = string(&place, value)?;
                    let parts = text.split_once('/').filter(|(kind, name)| {
                        !kind.is_empty() && !name.is_empty() && !name.contains('/')
                    });
                    let wanted =
                        || ScriptError::Type(place.clone(), "a kind and a name: Kind/name");
                    let (kind, name) = parts.ok_or_else(wanted)?;
                    rule.workload = Some((kind.to_owned(), name.to_owned()));
                }
                "labels" => {
                    for (label, value) in fields(&place, value)? {
                        let value = string(&format!("{place}.{label}"), value)?;
                        rule.labels.insert(label.clone(), value.to_owned());
                    }
                }
                "neverPulls" => effect.never_pulls = flag(&place, value)?,
                "neverReady" => effect.never_ready = flag(&place, value)?,
                "staysPending" => effect.stays_pending = flag(&place, value)?,
                "crashesAfter" => effect.crashes_after = Some(duration(&place, value)?),
                "startsAfter" => effect.starts_after = Some(duration(&place, value)?),
                "failures" => {
                    let number = value.as_i64().filter(|number| *number >= 0);
                    let wanted = || ScriptError::Type(place.clone(), "a number from 0");
                    effect.failures = Some(number.ok_or_else(wanted)?);
                }
                _ => return Err(ScriptError::Unknown(place)),
            }
            acts |= !matches!(name.as_str(), "namespace" | "image" | "workload" | "labels");
        }
        if acts { Ok(rule) } else { Err(ScriptError::Idle(at.to_owned())) }
    }

    fn matches(&self, about: &About<'_>) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found.is_some_and(|found| glob(wanted, found)))
        };
        let label = |name: &str| about.labels?.get(name)?.as_str();
        is(&self.namespace, Some(about.namespace))
            && is(&self.image, about.image)
            && self.labels.iter().all(|(name, value)| label(name) == Some(value))
            && self.workload.as_ref().is_none_or(|(kind, name)| {
                about.chain.iter().any(|(k, n)| kind == k && glob(name, n))
            })
    }
}

impl Absence {
    fn read(at: &str, value: &Value) -> Result<Self, ScriptError> {
        let mut absence =
            Self { name: None, after: SignedDuration::ZERO, lasts: SignedDuration::MAX };
        for (name, value) in fields(at, value)? {
            let place = format!("{at}.{name}");
            match name.as_str() {
                "name" => absence.name = Some(string(&place, value)?.to_owned()),
                "after" => absence.after = duration(&place, value)?,
                "for" => absence.lasts = duration(&place, value)?,
                _ => return Err(ScriptError::Unknown(place)),
            }
        }
        Ok(absence)
    }
}

fn fields<'a>(at: &str, value: &'a Value) -> Result<&'a Map<String, Value>, ScriptError> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    match value {
        Value::Object(fields) => Ok(fields),
        Value::Null if at.is_empty() => Ok(&NONE),
        _ if at.is_empty() => Err(ScriptError::Type("the script".to_owned(), "a mapping")),
        _ => Err(ScriptError::Type(at.to_owned(), "a mapping")),
    }
}

fn items<'a>(at: &str, value: &'a Value) -> Result<&'a [Value], ScriptError> {
    let wanted = || ScriptError::Type(at.to_owned(), "a list");
    value.as_array().map(Vec::as_slice).ok_or_else(wanted)
}

fn string<'a>(at: &str, value: &'a Value) -> Result<&'a str, ScriptError> {
    value.as_str().ok_or_else(|| ScriptError::Type(at.to_owned(), "a text"))
}

fn flag(at: &str, value: &Value) -> Result<bool, ScriptError> {
    value.as_bool().ok_or_else(|| ScriptError::Type(at.to_owned(), "true or false"))
}

/// A duration as Go writes it, not below zero.
fn duration(at: &str, value: &Value) -> Result<SignedDuration, ScriptError> {
    let text = string(at, value)?;
    parse_duration(text).ok_or_else(|| ScriptError::Duration(at.to_owned(), text.to_owned()))
}

pub(super) fn parse_duration(text: &str) -> Option<SignedDuration> {
    let mut rest = text;
    let mut total = SignedDuration::ZERO;
    if text == "0" {
        return Some(total);
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let (millis, length) = match rest {
            _ if rest.starts_with("ms") => (1, 2),
            _ if rest.starts_with('s') => (1000, 1),
            _ if rest.starts_with('m') => (60_000, 1),
            _ if rest.starts_with('h') => (3_600_000, 1),
            _ => return None,
        };
        rest = &rest[length..];
        total = total.checked_add(SignedDuration::from_millis(number.checked_mul(millis)?))?;
    }
    (!text.is_empty()).then_some(total)
}

/// Whether a text is what a pattern means, in which `*` stands for anything.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_read_strictly() {
        for (text, wanted) in [
            ("rulez: []", "rulez: there is no such field"),
            ("rules: [{image: a}]", "rules[0]: says nothing of what becomes of what it matches"),
            ("rules: [{neverPulls: 1}]", "rules[0].neverPulls: must be true or false"),
            (
                "rules: [{crashesAfter: soon}]",
                "rules[0].crashesAfter: \"soon\" is no duration such as 90s, 5m or 1h30m",
            ),
            (
                "rules: [{workload: api, neverReady: true}]",
                "rules[0].workload: must be a kind and a name: Kind/name",
            ),
            ("nodes: [{at: 5m}]", "nodes[0].at: there is no such field"),
            ("[]", "the script: must be a mapping"),
        ] {
            let error = Script::read(text).expect_err(text);
            assert_eq!(error.to_string(), wanted, "{text}");
        }
        assert_eq!(Script::read(""), Ok(Script::default()));
    }

    #[test]
    fn rules_match_all_that_they_say() {
        let text = "rules:\n- {namespace: a, workload: Deployment/w*, image: '*/app:*', neverReady: true}\n- {failures: 2}";
        let script = Script::read(text).expect("it is well-formed");
        let chain = [("ReplicaSet", "web-1"), ("Deployment", "web")];
        let about =
            About { namespace: "a", chain: &chain, image: Some("host/app:1"), labels: None };
        assert!(script.effect(&about).never_ready);
        assert_eq!(script.effect(&about).failures, Some(2));
        assert!(!script.effect(&About { namespace: "b", ..about }).never_ready);
        assert!(!script.effect(&About { image: Some("host/other"), ..about }).never_ready);
    }

    #[test]
    fn durations() {
        for (text, wanted) in [
            ("0", Some(0)),
            ("90s", Some(90_000)),
            ("1h30m", Some(5_400_000)),
            ("250ms", Some(250)),
            ("", None),
            ("5", None),
            ("-5s", None),
            ("5d", None),
        ] {
            assert_eq!(parse_duration(text), wanted.map(SignedDuration::from_millis), "{text}");
        }
    }
}
