//! What a cluster is asked for: all that somebody writes, and nothing that it makes by itself in large numbers.
//!
//! Of Secrets only the releases that Helm has stored are asked for, by the server's own selection: no other is ever read.

use serde_json::Value;
use towpath_adapters::kubernetes::{Listing, Resource};

/// Kinds that are made by controllers in large numbers and that nobody writes, by group; `*`: all of it.
const MADE: &[(&str, &str)] = &[
    ("", "endpoints"),
    ("", "events"),
    ("", "componentstatuses"),
    ("apps", "controllerrevisions"),
    ("cilium.io", "ciliumendpoints"),
    ("cilium.io", "ciliumidentities"),
    ("coordination.k8s.io", "*"),
    ("discovery.k8s.io", "endpointslices"),
    ("events.k8s.io", "*"),
    ("metrics.k8s.io", "*"),
    ("custom.metrics.k8s.io", "*"),
    ("external.metrics.k8s.io", "*"),
    ("reports.kyverno.io", "*"),
    ("wgpolicyk8s.io", "*"),
];

/// What is asked of a kind; `None`: nothing.
pub(super) fn listing(resource: Resource) -> Option<Listing> {
    let (group, plural) = (resource.group.as_str(), resource.plural.as_str());
    let is_made = MADE.iter().any(|made| made.0 == group && (made.1 == "*" || made.1 == plural));
    if is_made || !resource.is_listable() {
        return None;
    }
    Some(match (group, plural) {
        ("", "secrets") => Listing {
            fields: "type=helm.sh/release.v1".to_owned(),
            labels: "status=deployed".to_owned(),
            ..Listing::all(resource)
        },
        ("", "pods") | ("apps", "replicasets") | ("batch", "jobs") => {
            Listing { keep: is_written, ..Listing::all(resource) }
        }
        _ => Listing::all(resource),
    })
}

/// Whether no controller made the object.
fn is_written(object: &Value) -> bool {
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.is_none_or(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(group: &str, plural: &str, verbs: &[&str]) -> Option<Listing> {
        listing(Resource {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: "Any".to_owned(),
            plural: plural.to_owned(),
            namespaced: true,
            verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        })
    }

    #[test]
    fn only_what_somebody_writes_is_asked_for() {
        for (group, plural) in [("", "events"), ("metrics.k8s.io", "pods"), ("", "endpoints")] {
            assert!(asked(group, plural, &["list"]).is_none(), "{group} {plural}");
        }
        assert!(asked("authorization.k8s.io", "subjectaccessreviews", &["create"]).is_none());
        assert!(asked("example.com", "widgets", &["get", "list"]).is_some());
    }

    #[test]
    fn no_secret_is_read_but_what_helm_stored() {
        let secrets = asked("", "secrets", &["list"]).expect("they are asked for");
        assert_eq!(secrets.fields, "type=helm.sh/release.v1");
    }

    #[test]
    fn what_a_controller_made_is_dropped() {
        let pods = asked("", "pods", &["list"]).expect("they are asked for");
        let owned = serde_json::json!({"metadata": {"ownerReferences": [{"kind": "ReplicaSet"}]}});
        assert!(!(pods.keep)(&owned));
        assert!((pods.keep)(&serde_json::json!({"metadata": {"name": "bare"}})));
    }
}
