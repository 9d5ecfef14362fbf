//! What a cluster says of the versions in which its objects were written.
//!
//! A cluster hands out an object in whatever version it is asked for, so the `apiVersion` of an answer says nothing. What
//! does are the annotation that `kubectl apply` leaves and the managed fields of everybody who wrote the object since
//! (`kubernetes/apimachinery:pkg/apis/meta/v1/types.go`, ManagedFieldsEntry). Must not ask a cluster.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use towpath_core::finding::Finding;
use towpath_core::id::RepoPath;
use towpath_core::pin::Location;

use crate::helm;
use crate::subject::{Head, Source, Subject, TargetId};

/// What `kubectl apply` keeps of the object as it was written.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What stands before the name of a cluster where others have a file.
pub const CLUSTER: &str = "cluster:";

/// What a cluster answered.
#[derive(Debug, Default)]
pub struct Answered {
    /// Its objects, as it serves them.
    pub subjects: Vec<Subject>,
    /// Each object once for each version in which it was written, and those that Helm has stored. Of what they say only the
    /// labels are kept: whose they are.
    pub said: Vec<Subject>,
    /// What cannot be read.
    pub findings: Vec<Finding>,
}

/// The place of all objects of a cluster, which have no file. Characters that no path has are replaced.
#[must_use]
pub fn place(cluster: &str) -> Location {
    let plain = |c: char| if c.is_control() || c == '\\' { '-' } else { c };
    let name: String = cluster.chars().map(plain).collect();
    let file = RepoPath::parse(&format!("{CLUSTER}{name}"))
        .or_else(|_| RepoPath::parse(&format!("{CLUSTER}{}", name.replace('/', "-"))));
    let file = file.expect("a text of one part that begins with a word is a path");
    Location { file, line: 1, column: 1 }
}

/// The cluster that stands where others have a file.
#[must_use]
pub fn cluster(file: &RepoPath) -> Option<&str> {
    file.as_str().strip_prefix(CLUSTER)
}

/// Reads the objects that a cluster has. What is no Kubernetes object is none.
#[must_use]
pub fn answered(objects: Vec<Value>, at: &Location, target: TargetId) -> Answered {
    let targets: Arc<[TargetId]> = Arc::from([target]);
    let subject = |value: Value| {
        let mut head = Head::of_value(&value, at.clone())?;
        head.targets = Arc::clone(&targets);
        head.source = Source::Served;
        Some(Subject { head, value: value.into() })
    };
    let subjects: Vec<Subject> = objects.into_iter().filter_map(subject).collect();
    let (releases, unreadable) = helm::releases(&subjects);
    let of_releases = releases.iter().flat_map(|release| &release.subjects);
    let mut said: Vec<Subject> =
        of_releases.map(|subject| labelled(subject.head.clone(), &subject.value)).collect();
    for subject in &subjects {
        let mut told = heads(subject);
        if told.is_empty() {
            let source = Source::Live { said_by: "what the cluster serves".to_owned() };
            told.push(Head { source, ..subject.head.clone() });
        }
        said.extend(told.into_iter().map(|head| labelled(head, &subject.value)));
    }
    let findings = unreadable.iter().map(helm::Unreadable::finding).collect();
    Answered { subjects, said, findings }
}

/// An object of which nothing is known but whose it is.
fn labelled(head: Head, value: &Value) -> Subject {
    let labels = value.pointer("/metadata/labels").cloned().unwrap_or_default();
    Subject { head, value: serde_json::json!({ "metadata": { "labels": labels } }).into() }
}

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

    #[test]
    fn a_cluster_of_any_name_has_a_place() {
        for (name, want) in [
            ("prod", "cluster:prod"),
            ("arn:aws:eks:eu:1:cluster/prod", "cluster:arn:aws:eks:eu:1:cluster/prod"),
            ("a//../b\\c", "cluster:a--..-b-c"),
            ("", "cluster:"),
        ] {
            let place = place(name);
            assert_eq!(place.file.as_str(), want);
            assert_eq!(cluster(&place.file), want.strip_prefix(CLUSTER));
        }
    }

    #[test]
    fn an_object_is_judged_as_it_was_written_and_not_as_it_is_served() {
        let written = serde_json::json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "a", "managedFields": [{"manager": "helm", "apiVersion": "autoscaling/v2beta2"}]},
        });
        let silent = serde_json::json!({
            "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "b"},
        });
        let answered = answered(vec![written, silent], &place("prod"), TargetId(3));
        assert!(answered.subjects.iter().all(|subject| subject.head.source == Source::Served));
        let told: Vec<_> =
            answered.said.iter().map(|s| (&*s.head.name, &*s.head.api_version)).collect();
        assert_eq!(told, [("a", "autoscaling/v2beta2"), ("b", "autoscaling/v2")]);
        assert!(answered.said.iter().all(|said| *said.head.targets == [TargetId(3)]));
    }
}
