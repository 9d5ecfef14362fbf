//! `spec.checks`: findings that are silenced, rules that matter otherwise than they say, and how owners are known.
//!
//! Must not know the rules: whoever calls says which ids there are.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use towpath_core::finding::Severity;
use towpath_core::id::RepoPath;
use towpath_core::pin::Location;
use towpath_core::stated::{StatedChecks, StatedSilence};
use towpath_yaml::Node;

use super::environments;
use super::mistake::{Wrong, deepest, wrong};

/// What is made of the findings of checks.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChecksSpec {
    /// Findings that are known and accepted.
    #[serde(default)]
    pub silence: Vec<SilenceSpec>,
    /// Rules whose findings matter otherwise than the rule says, by id.
    #[serde(default)]
    pub severity: BTreeMap<String, SeveritySpec>,
    /// The labels that name the owner of an object or a namespace, the most telling first; one without a prefix stands
    /// for all of that name. Left out: `toolkit.fluxcd.io/tenant`, `team` and `owner`.
    pub owners: Option<Vec<String>>,
}

/// Findings that are known and accepted. What is left out fits every finding of the rule.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SilenceSpec {
    /// The id of the rule: `towpath explain-rule` lists them.
    pub rule: String,
    /// Files, from the root of the repository: `*` stands for any characters but `/`, `**` for any.
    pub file: Option<String>,
    /// Objects, `Kind namespace/name`, or `Kind name` where there is no namespace; with `*` as in `file`.
    pub object: Option<String>,
    /// The environments for which it holds. Left out: all, and the repository as such.
    pub environments: Option<Vec<String>>,
    /// Why: whoever reads it later has to understand.
    pub reason: String,
    /// The last day on which it holds, `2027-01-31`. Left out: until it is taken out.
    pub until: Option<String>,
}

/// How much the findings of a rule matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SeveritySpec {
    /// Closes the gate `checks` of the environment it concerns.
    Error,
    /// Should be mended.
    Warning,
    /// Worth knowing.
    Info,
    /// Not looked for.
    Off,
}

impl<'de> Deserialize<'de> for SeveritySpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SeverityVisitor)
    }
}

struct SeverityVisitor;

impl Visitor<'_> for SeverityVisitor {
    type Value = SeveritySpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`error`, `warning`, `info` or `off`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SeveritySpec, E> {
        Ok(match text {
            "error" => SeveritySpec::Error,
            "warning" => SeveritySpec::Warning,
            "info" => SeveritySpec::Info,
            "off" => SeveritySpec::Off,
            _ => return Err(E::unknown_variant(text, &["error", "warning", "info", "off"])),
        })
    }

    /// `off` without quotes is a truth value to YAML as Kubernetes reads it.
    fn visit_bool<E: serde::de::Error>(self, is_on: bool) -> Result<SeveritySpec, E> {
        if is_on {
            return Err(E::invalid_type(Unexpected::Bool(true), &self));
        }
        Ok(SeveritySpec::Off)
    }
}

pub(super) fn convert(
    spec: &ChecksSpec,
    file: &str,
    root: &Node,
    is_rule: &dyn Fn(&str) -> bool,
) -> Result<StatedChecks, Wrong> {
    let mut checks = StatedChecks::default();
    for (i, silence) in spec.silence.iter().enumerate() {
        checks.silences.push(convert_silence(i, silence, file, root, is_rule)?);
    }
    for (id, severity) in &spec.severity {
        if !is_rule(id) {
            return Err(wrong(&[&"checks", &"severity", id], unknown(id)));
        }
        let severity = match severity {
            SeveritySpec::Error => Some(Severity::Error),
            SeveritySpec::Warning => Some(Severity::Warning),
            SeveritySpec::Info => Some(Severity::Info),
            SeveritySpec::Off => None,
        };
        checks.severities.insert(id.clone(), severity);
    }
    for (i, label) in spec.owners.iter().flatten().enumerate() {
        if !is_label(label) {
            let message =
                format!("{label:?} is no name of a label; write `team` or `example.com/team`");
            return Err(wrong(&[&"checks", &"owners", &i], message));
        }
    }
    checks.owners.clone_from(&spec.owners);
    Ok(checks)
}

fn convert_silence(
    i: usize,
    spec: &SilenceSpec,
    file: &str,
    root: &Node,
    is_rule: &dyn Fn(&str) -> bool,
) -> Result<StatedSilence, Wrong> {
    let at =
        |key: &'static str, message: String| wrong(&[&"checks", &"silence", &i, &key], message);
    if !is_rule(&spec.rule) {
        return Err(at("rule", unknown(&spec.rule)));
    }
    if spec.reason.trim().is_empty() {
        let message = "say why, so that whoever reads it later can tell whether it still holds";
        return Err(at("reason", message.to_owned()));
    }
    let until: Option<Date> = match &spec.until {
        Some(text) => Some(
            text.parse()
                .map_err(|_| at("until", format!("{text:?} is no day; write `2027-01-31`")))?,
        ),
        None => None,
    };
    let below: &[&dyn std::fmt::Display] = &[&"checks", &"silence", &i, &"environments"];
    let names = spec.environments.as_deref().map(|names| environments(names, below)).transpose()?;
    let keys = wrong(&[&"checks", &"silence", &i], "").at;
    let span = deepest(root, &keys).span;
    Ok(StatedSilence {
        rule: spec.rule.clone(),
        file: spec.file.clone(),
        object: spec.object.clone(),
        environments: names,
        reason: spec.reason.trim().to_owned(),
        until,
        at: Location {
            file: RepoPath::parse(file).map_err(|e| wrong(&[&"checks"], e))?,
            line: span.line,
            column: span.column,
        },
    })
}

/// Whether a text is made of what names of labels are made of (`kubernetes/apimachinery:pkg/api/validate/content/kube.go`).
fn is_label(text: &str) -> bool {
    let is_part = |part: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        !part.is_empty() && part.bytes().all(inner)
    };
    text.split('/').count() <= 2 && text.split('/').all(is_part)
}

fn unknown(id: &str) -> String {
    format!("there is no rule {id}; `towpath explain-rule` lists them")
}
