//! What somebody plans to remove, as it is typed, and which objects use it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use towpath_catalog::{GroupVersionKind, crd_span, lifecycle};
use towpath_discovery::groups;

use crate::look;
use crate::subject::Head;

/// An API or a definition that somebody plans to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removal {
    /// `policy/v1beta1`, `policy/v1beta1/PodDisruptionBudget`, `v1/Endpoints`.
    Version {
        /// `policy`; empty for `v1`.
        group: String,
        /// `v1beta1`.
        version: String,
        /// `PodDisruptionBudget`; `None`: every kind.
        kind: Option<String>,
    },
    /// `keda.sh`: all of a group; or `scaledobjects.keda.sh`: one kind of it, by the name of its definition.
    Name(String),
}

/// A text that names nothing that could be removed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{0:?} names no API: write a group (keda.sh), a definition (scaledobjects.keda.sh), a version (policy/v1beta1) or a \
     kind (policy/v1beta1/PodDisruptionBudget)"
)]
pub struct NoRemoval(pub String);

impl FromStr for Removal {
    type Err = NoRemoval;

    fn from_str(text: &str) -> Result<Self, NoRemoval> {
        read(text.trim()).ok_or_else(|| NoRemoval(text.to_owned()))
    }
}

fn read(text: &str) -> Option<Removal> {
    let version = |group: &str, version: &str, kind: Option<&str>| {
        let sound = (group.is_empty() || is_group(group))
            && is_version(version)
            && kind.is_none_or(is_kind);
        let kind = kind.map(str::to_owned);
        sound.then(|| Removal::Version { group: group.into(), version: version.into(), kind })
    };
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [one] if is_version(one) => version("", one, None),
        [name] => {
            let known = name.contains('.') || groups::BUILT_IN.contains(name);
            (known && is_group(&name.to_lowercase())).then(|| Removal::Name(name.to_lowercase()))
        }
        [first, kind] if is_version(first) => version("", first, Some(kind)),
        [group, second] => version(group, second, None),
        [group, second, kind] => version(group, second, Some(kind)),
        _ => None,
    }
}

/// Whether a text is a version of an API: `v1`, `v2beta1`.
fn is_version(text: &str) -> bool {
    let mut rest = text.strip_prefix('v').unwrap_or_default().trim_start_matches(digit);
    if rest.len() + 1 == text.len() || !text.starts_with('v') {
        return false;
    }
    for stage in ["alpha", "beta"] {
        if let Some(number) = rest.strip_prefix(stage) {
            rest = number.trim_start_matches(digit);
            return rest.is_empty() && !number.is_empty();
        }
    }
    rest.is_empty()
}

fn digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_group(text: &str) -> bool {
    let part = |part: &str| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !part.is_empty() && part.bytes().all(inner)
    };
    !text.is_empty() && text.split('.').all(part)
}

fn is_kind(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

impl fmt::Display for Removal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { group, version, kind } => {
                let kind = kind.as_deref().unwrap_or_default();
                let api = GroupVersionKind::new(group, version, kind).api_version();
                if kind.is_empty() { f.pad(&api) } else { f.pad(&format!("{api} {kind}")) }
            }
            Self::Name(name) => f.pad(name),
        }
    }
}

impl Removal {
    /// Whether an object uses what is to go. `plural`: how its kind is named in addresses.
    pub(super) fn takes(&self, head: &Head, plural: impl Fn() -> String) -> bool {
        let of = head.gvk();
        match self {
            Self::Version { group, version, kind } => {
                of.group == group
                    && of.version == version
                    && kind.as_ref().is_none_or(|kind| kind == of.kind)
            }
            Self::Name(name) => {
                let below = || name.strip_suffix(of.group).and_then(|name| name.strip_suffix('.'));
                of.group == name
                    || (!of.group.is_empty()
                        && below().is_some_and(|name| {
                            name == plural()
                                || name == look::guess_plural(of.kind)
                                || name == of.kind.to_lowercase()
                        }))
            }
        }
    }

    /// What an object is to be written in instead, where that is known.
    pub(super) fn instead(&self, head: &Head) -> Option<String> {
        let Self::Version { .. } = self else { return None };
        let kind = head.gvk();
        if let Some(life) = lifecycle(&kind) {
            return life.replacement.map(|next| next.to_string());
        }
        let next = crd_span(&kind)?.successor()?;
        Some(next.kind.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, String> {
        text.parse::<Removal>().map(|it| format!("{it:?}")).map_err(|error| error.0)
    }

    #[test]
    fn what_people_type() {
        let version = |group: &str, version: &str, kind: Option<&str>| Removal::Version {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.map(str::to_owned),
        };
        for (text, want) in [
            ("policy/v1beta1", version("policy", "v1beta1", None)),
            (
                "policy/v1beta1/PodDisruptionBudget",
                version("policy", "v1beta1", Some("PodDisruptionBudget")),
            ),
            ("v1/Endpoints", version("", "v1", Some("Endpoints"))),
            ("v1", version("", "v1", None)),
            ("keda.sh", Removal::Name("keda.sh".to_owned())),
            (" ScaledObject.keda.sh ", Removal::Name("scaledobject.keda.sh".to_owned())),
            ("batch", Removal::Name("batch".to_owned())),
        ] {
            assert_eq!(text.parse(), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_names_nothing() {
        for text in [
            "",
            "/",
            "v",
            "keda",
            "policy/",
            "policy/v1x",
            "policy/beta1",
            "policy/v1beta",
            "a/v1/pod",
            "a/v1/Pod/x",
            "keda..sh",
            "Keda.sh/v1",
            "po licy/v1",
            "v1/pods",
        ] {
            assert_eq!(shown(text), Err(text.to_owned()), "{text}");
        }
    }
}
