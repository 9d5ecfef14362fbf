//! Looking into objects: what several questions ask of their JSON. Must not judge.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::given::Given;
use crate::subject::Head;

/// The value at a path.
pub(crate) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// The text at a path.
pub(crate) fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    at(value, path).and_then(Value::as_str)
}

/// The items of the list at a path.
pub(crate) fn items<'v>(
    value: &'v Value,
    path: &[&str],
) -> impl Iterator<Item = &'v Value> + use<'v> {
    at(value, path).and_then(Value::as_array).into_iter().flatten()
}

/// The texts of the list at a path.
pub(crate) fn texts<'v>(
    value: &'v Value,
    path: &[&str],
) -> impl Iterator<Item = &'v str> + use<'v> {
    items(value, path).filter_map(Value::as_str)
}

/// The template of the pods that an object makes; of a Pod itself.
pub(crate) fn pod_template<'v>(head: &Head, value: &'v Value) -> Option<&'v Value> {
    at(value, template_path(head)?)
}

/// Whether an object makes pods, or is one.
pub(crate) fn makes_pods(head: &Head) -> bool {
    template_path(head).is_some()
}

fn template_path(head: &Head) -> Option<&'static [&'static str]> {
    Some(match (head.gvk().group, head.kind.as_str()) {
        ("", "Pod") => &[],
        ("", "PodTemplate") => &["template"],
        ("batch", "CronJob") => &["spec", "jobTemplate", "spec", "template"],
        ("apps" | "extensions", "Deployment" | "DaemonSet" | "ReplicaSet")
        | ("apps", "StatefulSet")
        | ("batch", "Job")
        | ("", "ReplicationController") => &["spec", "template"],
        _ => return None,
    })
}

/// Whether an object is a Helm release of Flux.
pub(crate) fn is_helm_release(head: &Head) -> bool {
    (head.gvk().group, head.kind.as_str()) == ("helm.toolkit.fluxcd.io", "HelmRelease")
}

/// The namespace in which an object works: that of the release for a Helm release, its own name for a Namespace.
pub(crate) fn namespace<'v>(head: &'v Head, value: &'v Value) -> &'v str {
    if is_helm_release(head) {
        return text(value, &["spec", "targetNamespace"]).unwrap_or(&head.namespace);
    }
    if (head.gvk().group, head.kind.as_str()) == ("", "Namespace") {
        return &head.name;
    }
    &head.namespace
}

/// How a kind is named in addresses: as the Kubernetes of its cluster says, or its definition, or else by guess.
pub(crate) fn plural(head: &Head, given: &Given) -> String {
    let kind = head.gvk();
    let built_in = given.targets_of(head).find_map(|target| {
        let known = given.catalog(target.kubernetes)?.kind(&kind)?;
        Some(known.plural.to_owned())
    });
    let defined = || {
        let name = &given.definitions_of(&kind).first()?.definition.name;
        name.split_once('.').map(|(plural, _)| plural.to_owned())
    };
    built_in.or_else(defined).unwrap_or_else(|| guess_plural(kind.kind))
}

/// The plural that most kinds have (`kubernetes/apimachinery:pkg/api/meta/restmapper.go`).
pub(crate) fn guess_plural(kind: &str) -> String {
    let name = kind.to_lowercase();
    if name.ends_with('s') || name.ends_with('x') || name.ends_with("ch") || name.ends_with("sh") {
        return format!("{name}es");
    }
    match name.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{name}s"),
    }
}

/// Whether a text fits a pattern with `*` for any characters and `?` for one.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (p, t) = (at + 1, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// The paths at which two values differ, `spec.values.replicas`; what is only on one side is named once, as a whole.
pub(crate) fn differences(was: &Value, is: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    differ(was, is, path.to_owned(), &mut found);
    found
}

fn differ(was: &Value, is: &Value, path: String, found: &mut Vec<String>) {
    match (was, is) {
        _ if was == is => {}
        (Value::Object(was), Value::Object(is)) => {
            let keys: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
            for key in keys {
                let below = below(&path, key);
                match (was.get(key), is.get(key)) {
                    (Some(was), Some(is)) => differ(was, is, below, found),
                    _ => found.push(below),
                }
            }
        }
        (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
            for (number, (was, is)) in was.iter().zip(is).enumerate() {
                differ(was, is, format!("{path}[{number}]"), found);
            }
        }
        _ => found.push(path),
    }
}

fn below(path: &str, key: &str) -> String {
    match path {
        _ if key.contains(['.', '/', '[', ' ']) => format!("{path}[{key:?}]"),
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, want) in [
            ("*", "", true),
            ("team-*", "team-a", true),
            ("*-system", "kube-system", true),
            ("*-system", "system", false),
            ("a*b*c", "a-b-b-c", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, text), want, "{pattern} {text}");
        }
    }

    #[test]
    fn plurals_by_guess() {
        for (kind, want) in [
            ("ScaledObject", "scaledobjects"),
            ("Policy", "policies"),
            ("Ingress", "ingresses"),
            ("Mesh", "meshes"),
        ] {
            assert_eq!(guess_plural(kind), want);
        }
    }

    #[test]
    fn where_values_differ() {
        let was = json!({"a": 1, "b": {"c.d": [1, 2], "e": 1}, "l": [{"x": 1}]});
        let is = json!({"a": 1, "b": {"c.d": [1], "f": 1}, "l": [{"x": 2}]});
        assert_eq!(
            differences(&was, &is, "spec"),
            ["spec.b[\"c.d\"]", "spec.b.e", "spec.b.f", "spec.l[0].x"]
        );
        assert!(differences(&was, &was, "").is_empty());
    }
}
