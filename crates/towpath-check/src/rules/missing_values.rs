//! Values that are read from a ConfigMap or Secret which no file creates.

use serde_json::Value;
use towpath_core::finding::{Finding, Severity};

use super::created::{Created, Key, key, name};
use super::object::{HELM_RELEASE, KUSTOMIZATION, at, finding, is, is_true, text};
use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "missing-values",
    severity: Severity::Info,
    title: "Values are read from a ConfigMap or Secret that no file creates",
    why: "\
What somebody or something makes in the cluster by hand is not there in the next cluster: a sandbox, or one that is made
anew after a disaster. Until it is, Flux reports the object as failed. It is found where all that the cluster is given is
at hand; objects that stand for a Secret, such as an ExternalSecret, count as the Secret.",
    fix: "\
Put it beside the object, encrypted or as an ExternalSecret where it is secret; say `optional: true` where there are good
defaults; or write down who makes it, and silence this.",
    example_bad: "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 1h
  chartRef: {kind: OCIRepository, name: web}
  valuesFrom: [{kind: ConfigMap, name: web-values}]
",
    example_good: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: web-values, namespace: apps}
data: {values.yaml: 'replicas: 2'}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 1h
  chartRef: {kind: OCIRepository, name: web}
  valuesFrom: [{kind: ConfigMap, name: web-values}]
",
    check: Check::Objects(check),
};

/// Where objects of other kinds name the Secret that they make, besides having its name themselves.
const MADE: [&str; 3] = ["spec.target.name", "spec.secretName", "spec.destination.name"];

fn check(given: &Given) -> Vec<Finding> {
    let created = Created::by(given, created);
    let mut found = Vec::new();
    for subject in &given.subjects {
        let head = &subject.head;
        let field = if is(head, HELM_RELEASE) {
            "spec.valuesFrom"
        } else if is(head, KUSTOMIZATION) {
            "spec.postBuild.substituteFrom"
        } else {
            continue;
        };
        let from = at(&subject.value, field).and_then(Value::as_array);
        for (number, reference) in from.into_iter().flatten().enumerate() {
            let Some(key) = key(head, reference, "").filter(|_| !is_true(reference, "optional"))
            else {
                continue;
            };
            let Some(environments) = created.missing(given, head, key) else { continue };
            let message = format!("no file creates {}, which {} reads", name(key), head.name);
            let fix = "add it, or make the reference optional";
            let field = format!("{field}[{number}]");
            found.push(finding(&RULE, head, environments, &field, message, fix));
        }
    }
    found
}

/// The ConfigMap or Secret that an object is or makes.
fn created(subject: &Subject) -> Vec<Key<'_>> {
    let (head, namespace) = (&subject.head, subject.head.namespace.as_str());
    match (head.gvk().group, head.kind.as_str()) {
        ("", "ConfigMap" | "Secret") => vec![(&head.kind, namespace, &head.name)],
        (_, kind) => {
            let own = kind.contains("Secret").then_some(head.name.as_str());
            let made = MADE.iter().filter_map(|field| text(&subject.value, field));
            made.chain(own).map(|name| ("Secret", namespace, name)).collect()
        }
    }
}
