//! The forms that names, keys and other texts have to have.
//!
//! Source of the contract, words included: `kubernetes/apimachinery:pkg/util/validation/validation.go`,
//! `pkg/api/validation/path/name.go`.

use serde_json::Value;

use super::run::Run;
use crate::crd::at::At;
use crate::crd::formats;

/// A form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A DNS label as of RFC 1123: `my-name`.
    Label,
    /// A DNS label as of RFC 1035, which starts with a letter.
    Label1035,
    /// The name of a Service: a label as of RFC 1035, and later as of RFC 1123.
    ServiceName,
    /// A DNS subdomain: `example.com`.
    Subdomain,
    /// A DNS subdomain whose first label may be `*`.
    Host,
    /// What can stand in an address of the API: neither `.`, `..`, nor anything with `/` or `%`.
    Segment,
    /// A name with an optional prefix: `example.com/my-name`.
    Qualified,
    /// The value of a label.
    LabelValue,
    /// A key of a ConfigMap or Secret.
    ConfigKey,
    /// The name of a port.
    PortName,
    /// The name of a variable of the environment.
    EnvName,
    /// A network such as `10.0.0.0/8`.
    Cidr,
    /// A domain with three labels or more.
    Webhook,
    /// The schedule of a CronJob.
    Schedule,
}

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const WILDCARD: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const NAME_PART: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const QUALIFIED: &str = "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
const ENV_NAME: &str = "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";
const ENV_NAME_RELAXED: &str = "a valid environment variable name must consist only of printable ASCII characters other than '='";
const CIDR: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
const WEBHOOK: &str = "should be a domain with at least three segments separated by dots";

/// The minor since which variables of the environment can have nearly any name.
const RELAXED_ENV_NAMES: u8 = 32;

/// The minor since which names of Services can start with a digit, behind a gate at first.
const RELAXED_SERVICE_NAMES: u8 = 34;

impl Form {
    /// Tells what is wrong with a text.
    pub(super) fn check(self, text: &str, at: &At<'_>, run: &mut Run) {
        self.check_as(text, text, at, run);
    }

    /// Tells what is wrong with a text that is shown in another way.
    pub(super) fn check_as(self, text: &str, shown: &str, at: &At<'_>, run: &mut Run) {
        self.faults(text, run.minor.number(), &mut |why| run.invalid(at, &Value::from(shown), why));
    }

    /// Tells every fault that a text has in the words of a minor.
    pub(crate) fn faults(self, text: &str, minor: u8, tell: &mut dyn FnMut(&str)) {
        let too_long = |most: usize, text: &str| {
            (text.len() > most).then(|| format!("must be no more than {most} bytes"))
        };
        let longest = match self {
            Form::Label | Form::Label1035 | Form::LabelValue => 63,
            Form::Subdomain | Form::ConfigKey => 253,
            Form::PortName => 15,
            _ => usize::MAX,
        };
        if let Some(why) = too_long(longest, text) {
            tell(&why);
        }
        match self {
            Form::Label if !label(text) => tell(LABEL),
            Form::ServiceName if minor >= RELAXED_SERVICE_NAMES => {
                Form::Label.faults(text, minor, tell);
            }
            Form::ServiceName => Form::Label1035.faults(text, minor, tell),
            Form::Label1035 if !(label(text) && text.as_bytes()[0].is_ascii_lowercase()) => {
                tell(LABEL_1035);
            }
            Form::Subdomain if !subdomain(text) => tell(SUBDOMAIN),
            Form::Host => match text.strip_prefix("*.") {
                Some(rest) if !subdomain(rest) => tell(WILDCARD),
                None if text.contains('*') => tell(WILDCARD),
                None if !subdomain(text) => tell(SUBDOMAIN),
                _ => {}
            },
            Form::Segment => segment(text, tell),
            Form::Qualified => qualified(text, tell),
            Form::LabelValue if !text.is_empty() && !name_part(text) => tell(LABEL_VALUE),
            Form::ConfigKey => config_key(text, tell),
            Form::PortName => port_name(text, tell),
            Form::EnvName if minor >= RELAXED_ENV_NAMES && !env_name_relaxed(text) => {
                tell(ENV_NAME_RELAXED);
            }
            Form::EnvName if minor < RELAXED_ENV_NAMES && !env_name(text) => tell(ENV_NAME),
            Form::Cidr if !formats::cidr(text) => tell(CIDR),
            Form::Webhook if !(subdomain(text) && text.split('.').count() >= 3) => tell(WEBHOOK),
            Form::Schedule => {
                if let Some(why) = super::schedule::fault(text) {
                    tell(&why);
                }
            }
            _ => {}
        }
    }
}

fn label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn subdomain(text: &str) -> bool {
    text.split('.').all(label)
}

fn segment(text: &str, tell: &mut dyn FnMut(&str)) {
    if text == "." || text == ".." {
        tell(&format!("may not be '{text}'"));
    }
    for one in ["/", "%"] {
        if text.contains(one) {
            tell(&format!("may not contain '{one}'"));
        }
    }
}

fn name_part(text: &str) -> bool {
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    ends(bytes.first())
        && ends(bytes.last())
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}

fn qualified(text: &str, tell: &mut dyn FnMut(&str)) {
    let name = match text.split_once('/') {
        None => text,
        Some((_, name)) if name.contains('/') => return tell(QUALIFIED),
        Some(("", name)) => {
            tell("prefix part must be non-empty");
            name
        }
        Some((prefix, name)) => {
            if prefix.len() > 253 {
                tell("prefix part must be no more than 253 bytes");
            }
            if !subdomain(prefix) {
                tell(&format!("prefix part {SUBDOMAIN}"));
            }
            name
        }
    };
    if name.is_empty() {
        tell("name part must be non-empty");
    } else if name.len() > 63 {
        tell("name part must be no more than 63 bytes");
    }
    if !name_part(name) {
        tell(NAME_PART);
    }
}

fn config_key(text: &str, tell: &mut dyn FnMut(&str)) {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if text.is_empty() || !text.bytes().all(inner) {
        tell(CONFIG_KEY);
    }
    match text {
        "." => tell("must not be '.'"),
        ".." => tell("must not be '..'"),
        _ if text.starts_with("..") => tell("must not start with '..'"),
        _ => {}
    }
}

fn port_name(text: &str, tell: &mut dyn FnMut(&str)) {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !text.bytes().all(inner) {
        tell("must contain only alphanumeric characters (a-z, 0-9), and hyphens (-)");
    }
    if !text.bytes().any(|b| b.is_ascii_lowercase()) {
        tell("must contain at least one letter (a-z)");
    }
    if text.contains("--") {
        tell("must not contain consecutive hyphens");
    }
    if text.starts_with('-') || text.ends_with('-') {
        tell("must not begin or end with a hyphen");
    }
}

fn env_name_relaxed(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=')
}

fn env_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    !text.is_empty()
        && text.bytes().all(inner)
        && !text.as_bytes()[0].is_ascii_digit()
        && text != "."
        && !text.starts_with("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_form() {
        let cases: &[(Form, &[&str], &[&str])] = &[
            (Form::Label, &["a", "a-b", "0"], &["", "A", "-a", "a-", "a.b", "a_b"]),
            (Form::Label1035, &["a", "a-0"], &["", "0a", "A"]),
            (Form::Subdomain, &["a.b", "0", "a-b.c"], &["", "a..b", "a.", "A.b", "a/b"]),
            (Form::Host, &["a.b", "*.a.b"], &["*", "a.*.b", "*.", "A.b", "10.0.0.1:80"]),
            (Form::Segment, &["system:a", "A_b", "a.b"], &[".", "..", "a/b", "a%b"]),
            (Form::Qualified, &["a", "a.b/C_d"], &["", "/a", "a/", "a/b/c", "A.b/c", "-a", "a b"]),
            (Form::LabelValue, &["", "A_b.c-0"], &["a b", "-a", "a/b"]),
            (
                Form::ConfigKey,
                &["a.b", "A_B", "...a".trim_start_matches('.')],
                &["", "a/b", ".", "..", "..a"],
            ),
            (
                Form::PortName,
                &["http", "h2-c", "0a"],
                &["HTTP", "80", "a--b", "-a", "a-", "much-too-long-name"],
            ),
            (Form::EnvName, &["A", "my.env-name"], &["", "0A", "A=B", "A B"]),
            (Form::Cidr, &["10.0.0.0/8", "fd00::/8"], &["10.0.0.0", "10.0.0.0/33"]),
            (Form::Webhook, &["a.b.c"], &["a.b", "a", "A.b.c"]),
        ];
        for (form, good, bad) in cases {
            let faults = |text: &str| {
                let mut count = 0;
                form.faults(text, 31, &mut |_| count += 1);
                count
            };
            for text in *good {
                assert_eq!(faults(text), 0, "{form:?} accepts {text:?}");
            }
            for text in *bad {
                assert!(faults(text) > 0, "{form:?} refuses {text:?}");
            }
        }
    }
}
