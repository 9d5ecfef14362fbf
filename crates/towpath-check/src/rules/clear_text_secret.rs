//! Secrets that everybody who can read the repository can read.

use std::borrow::Cow;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;
use serde_json::Value;
use towpath_core::finding::{Finding, Severity};

use super::object::{self, Fault};
use crate::given::Given;
use crate::subject::{Source, Subject};
use crate::{Check, Rule, sight};

pub(super) const RULE: Rule = Rule {
    id: "clear-text-secret",
    severity: Severity::Error,
    title: "A secret stands in Git in clear text",
    why: "\
Whoever can read the repository, its clones, its caches and its artifacts can use it, and deleting the line does not take
it out of the history. Base64 hides nothing. A private key or a token of a known form is an error wherever it stands; a
Secret with values that SOPS did not seal is a warning, since its values may be harmless. Files that no cluster is given
are looked at, too: patches, examples, what was left over. Not told: variables that Flux
substitutes, references that another tool resolves, certificates and public keys. A Secret with the labels of a chart is
only told for what is known by its form. No message holds a part of the value.",
    fix: "\
Revoke it first: it is known. Then seal the file with SOPS, or let an ExternalSecret or a SealedSecret create the
Secret.",
    example_bad: "\
apiVersion: v1
kind: Secret
metadata: {name: database, namespace: shop}
stringData: {password: correct-horse}
",
    example_good: "\
apiVersion: v1
kind: Secret
metadata: {name: database, namespace: shop}
stringData: {password: 'ENC[AES256_GCM,data:bm90aGluZw==,type:str]'}
sops: {mac: 'ENC[AES256_GCM,data:bm90aGluZw==,type:str]'}
",
    check: Check::Part(check),
};

fn check(subject: &Subject, given: &Given) -> Vec<Finding> {
    // What a cluster or a Helm release has came there in many ways; only what Git has is in clear text in Git.
    if !matches!(subject.head.source, Source::File | Source::Rendered) {
        return Vec::new();
    }
    let kind = subject.head.gvk();
    let is_secret = (kind.group, kind.kind) == ("", "Secret");
    let mut found = Vec::new();
    let mut seen = Vec::new();
    search(&subject.value, &mut Vec::new(), is_secret, &mut seen);
    for (field, what) in seen {
        let message = format!("{} holds {what} in clear text", subject.head.reference());
        found.push(fault(subject, RULE.severity, field, message).finding(given));
    }
    if is_secret && found.is_empty() {
        found.extend(values(subject, given));
    }
    // What no cluster is given is of no environment, and in clear text all the same.
    if subject.head.targets.is_empty() {
        found.iter_mut().for_each(|finding| finding.environments.clear());
    }
    found
}

fn fault(subject: &Subject, severity: Severity, field: String, message: String) -> Fault<'_> {
    Fault {
        rule: RULE.id,
        severity,
        head: &subject.head,
        field: Some(field),
        message,
        fix: "revoke it, then seal the file with SOPS or let something else create the Secret",
    }
}

/// A Secret with values that nobody sealed.
fn values(subject: &Subject, given: &Given) -> Option<Finding> {
    let value = &subject.value;
    let is_token = matches!(
        object::text(value, "type"),
        Some("kubernetes.io/service-account-token" | "helm.sh/release.v1")
    );
    let labels = value.pointer("/metadata/labels");
    let label = |name: &str| labels.and_then(|labels| labels.get(name)).and_then(Value::as_str);
    let of_chart = label("helm.sh/chart").is_some()
        || label("chart").is_some()
        || label("app.kubernetes.io/managed-by") == Some("Helm");
    let is_sealed = object::text(value, "sops.mac").is_some();
    if is_token || of_chart || is_sealed {
        return None;
    }
    let mut keys = Vec::new();
    for field in ["data", "stringData"] {
        let Some(entries) = value.get(field).and_then(Value::as_object) else { continue };
        for (key, value) in entries {
            let Some(text) = value.as_str() else { continue };
            let text = if field == "data" { decoded(text) } else { Cow::Borrowed(text) };
            if !is_harmless(key, &text) {
                keys.push((field, key.as_str()));
            }
        }
    }
    let (field, key) = *keys.first()?;
    let names: Vec<&str> = keys.iter().map(|(_, key)| *key).collect();
    let message = format!(
        "{} has {} in clear text",
        subject.head.reference(),
        match names.as_slice() {
            [name] => format!("the value of {name}"),
            names if names.len() <= 5 => format!("the values of {}", sight::list(names)),
            names => format!("{} values", names.len()),
        }
    );
    let field = path_of(&[Step::Key(field), Step::Key(key)]);
    Some(fault(subject, Severity::Warning, field, message).finding(given))
}

/// What base64 stands for; the text itself where it is none, as where it is sealed or a variable.
fn decoded(text: &str) -> Cow<'_, str> {
    let packed: String = text.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(packed).ok();
    bytes.map_or(Cow::Borrowed(text), |bytes| {
        Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
    })
}

/// Keys whose values name something rather than prove it.
const NAMES: &[&str] = &[
    "address",
    "bucket",
    "database",
    "dbname",
    "email",
    "enableoci",
    "endpoint",
    "environment",
    "host",
    "hostname",
    "insecure",
    "issuer",
    "knownhosts",
    "name",
    "namespace",
    "port",
    "project",
    "provider",
    "region",
    "server",
    "type",
    "url",
    "user",
    "username",
];

fn is_harmless(key: &str, text: &str) -> bool {
    let text = text.trim();
    let key: String =
        key.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect();
    let names_something = NAMES.contains(&&*key) && !text.contains('@') && !text.contains('\n');
    // Sealed by SOPS, as a value or as a file.
    let is_sealed = text.contains("ENC[AES256_GCM,");
    let is_elsewhere = ["${", "$(", "{{", "<path:"].iter().any(|mark| text.contains(mark))
        || text.starts_with("ref+")
        || text.starts_with("vault:")
        || (text.starts_with('<') && text.ends_with('>') && !text.contains('\n'));
    let is_public = !text.contains("PRIVATE KEY")
        && ([
            "-----BEGIN CERTIFICATE",
            "-----BEGIN PUBLIC KEY",
            "-----BEGIN PGP PUBLIC KEY",
            "ssh-",
            "ecdsa-",
        ]
        .iter()
        .any(|start| text.starts_with(start))
            || key == "knownhosts");
    let is_switch = matches!(text, "" | "true" | "false" | "{}" | "[]" | "null" | "\"\"")
        || (text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit()));
    names_something || is_sealed || is_elsewhere || is_public || is_switch
}

/// What can be told by its form alone, and the form.
const FORMS: [(&str, &str); 13] = [
    (
        "a private key",
        r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |PGP )?PRIVATE KEY(?: BLOCK)?-----(?:\s|\\n)+[A-Za-z0-9+/=]{40,}",
    ),
    ("an age private key", r"AGE-SECRET-KEY-1[A-Z0-9]{58}"),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    (
        "a GitHub token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b",
    ),
    ("a GitLab token", r"\bgl(?:pat|dt|rt)-[A-Za-z0-9_-]{20,}"),
    ("a Slack token", r"\bxox[abprs]-[0-9]+-[A-Za-z0-9-]{20,}"),
    ("a Slack webhook", r"\bhooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{24}\b"),
    ("a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{24,}"),
    ("a SendGrid key", r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b"),
    ("a Docker Hub token", r"\bdckr_pat_[A-Za-z0-9_-]{27}"),
    ("an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("a Vault token", r"\bhvs\.[A-Za-z0-9_-]{24,}"),
    ("an Anthropic key", r"\bsk-ant-[A-Za-z0-9_-]{40,}"),
];

/// All of [`FORMS`], a group each.
static KNOWN: LazyLock<Regex> = LazyLock::new(|| {
    let forms: Vec<String> = FORMS.iter().map(|(_, form)| format!("({form})")).collect();
    Regex::new(&forms.join("|")).expect("the forms are written above")
});

/// What a text holds that can be told by its form. Placeholders are not random.
fn known(text: &str) -> Option<&'static str> {
    // The shortest form is an AWS access key.
    if text.len() < 20 {
        return None;
    }
    let hit = KNOWN.captures_iter(text).find(|captures| {
        let all = captures.get(0).map_or("", |all| all.as_str());
        let end: String = all.chars().rev().take(32).collect();
        let mut letters: Vec<char> = end.chars().collect();
        letters.sort_unstable();
        letters.dedup();
        letters.len() >= 8 && !all.contains("EXAMPLE")
    })?;
    let group = FORMS.iter().zip(1..).find(|(_, group)| hit.get(*group).is_some())?;
    Some(group.0.0)
}

#[derive(Clone, Copy)]
enum Step<'v> {
    Key(&'v str),
    Item(usize),
}

/// `spec.containers[0].env[1].value`; a key with dots in brackets: `data[tls.key]`.
fn path_of(steps: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Item(number) => path.push_str(&format!("[{number}]")),
            Step::Key(key) if key.contains(['.', '[', '/']) => path.push_str(&format!("[{key}]")),
            Step::Key(key) if path.is_empty() => path.push_str(key),
            Step::Key(key) => path.push_str(&format!(".{key}")),
        }
    }
    path
}

fn search<'v>(
    value: &'v Value,
    path: &mut Vec<Step<'v>>,
    is_secret: bool,
    found: &mut Vec<(String, &'static str)>,
) {
    match value {
        Value::String(text) => {
            let is_packed = is_secret && matches!(path.as_slice(), [Step::Key("data"), _]);
            let text = if is_packed { decoded(text) } else { Cow::Borrowed(&**text) };
            if let Some(what) = known(&text) {
                found.push((path_of(path), what));
            }
        }
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                path.push(Step::Item(number));
                search(item, path, is_secret, found);
                path.pop();
            }
        }
        Value::Object(entries) => {
            for (key, item) in entries {
                path.push(Step::Key(key));
                search(item, path, is_secret, found);
                path.pop();
            }
        }
        _ => {}
    }
}
