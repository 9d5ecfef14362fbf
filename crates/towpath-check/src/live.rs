//! What a cluster says of the versions in which its objects were written.
//!
//! A cluster hands out an object in whatever version it is asked for, so the `apiVersion` of an answer says nothing. What
//! does are the annotation that `kubectl apply` leaves and the managed fields of everybody who wrote the object since
//! (`kubernetes/apimachinery:pkg/apis/meta/v1/types.go`, ManagedFieldsEntry). Must not ask a cluster.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::subject::{Head, Source, Subject};

/// What `kubectl apply` keeps of the object as it was written.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Whether an object comes from a cluster and says how it was written.
pub(crate) fn is_told(has: impl Fn(&[&str]) -> bool) -> bool {
    has(&["metadata", "managedFields"]) || has(&["metadata", "annotations", LAST_APPLIED])
}

/// The object once for each version in which it was written, with who says so. None of an object that is no cluster's
/// answer.
#[must_use]
pub fn heads(subject: &Subject) -> Vec<Head> {
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let metadata = subject.value.get("metadata");
    let applied = metadata
        .and_then(|metadata| metadata.get("annotations")?.get(LAST_APPLIED)?.as_str())
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    if let Some(version) =
        applied.as_ref().and_then(|a| a.get("apiVersion")).and_then(Value::as_str)
    {
        said.entry(version.to_owned()).or_default().push("the last-applied annotation".to_owned());
    }
    let managed = metadata.and_then(|metadata| metadata.get("managedFields"));
    for entry in managed.and_then(Value::as_array).into_iter().flatten() {
        let text = |key: &str| entry.get(key).and_then(Value::as_str);
        if let (Some(version), Some(manager)) = (text("apiVersion"), text("manager")) {
            let by = format!("the managed fields of {manager}");
            let known = said.entry(version.to_owned()).or_default();
            if !known.contains(&by) {
                known.push(by);
            }
        }
    }
    let head = |(api_version, by): (String, Vec<String>)| {
        // Writers of a subresource name its version, which is another group's: a scale is no Deployment.
        let group =
            |version: &str| version.split_once('/').map_or("", |(group, _)| group).to_owned();
        let is_own = group(&api_version) == group(&subject.head.api_version)
            || by.iter().any(|by| by.starts_with("the last-applied"));
        is_own.then(|| Head {
            api_version,
            source: Source::Live { said_by: crate::sight::list(&by) },
            ..subject.head.clone()
        })
    };
    said.into_iter().filter_map(head).collect()
}

#[cfg(test)]
mod tests {
    use towpath_core::id::RepoPath;

    use super::*;
    use crate::read;

    #[test]
    fn writers_are_named_and_the_version_that_was_asked_for_is_not_believed() {
        let dump = r#"
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: web
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{"apiVersion":"autoscaling/v2beta1","kind":"HorizontalPodAutoscaler"}'
  managedFields:
    - {manager: helm, operation: Apply, apiVersion: autoscaling/v2beta2}
    - {manager: helm, operation: Update, apiVersion: autoscaling/v2beta2}
    - {manager: kube-controller-manager, apiVersion: autoscaling/v2, subresource: status}
    - {manager: other, apiVersion: example.com/v1}
"#;
        let file = RepoPath::parse("dump.yaml").expect("a path");
        let subjects = read::subjects(&file, dump.as_bytes()).expect("YAML");
        let said: Vec<String> = heads(&subjects[0])
            .into_iter()
            .map(|head| match head.source {
                Source::Live { said_by } => format!("{}: {said_by}", head.api_version),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            said,
            [
                "autoscaling/v2: the managed fields of kube-controller-manager",
                "autoscaling/v2beta1: the last-applied annotation",
                "autoscaling/v2beta2: the managed fields of helm",
            ]
        );
    }

    #[test]
    fn what_no_cluster_answered_says_nothing_more() {
        let file = RepoPath::parse("a.yaml").expect("a path");
        let plain = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
        let subjects = read::subjects(&file, plain.as_bytes()).expect("YAML");
        assert!(heads(&subjects[0]).is_empty());
    }
}
