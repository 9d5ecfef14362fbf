//! Kustomizations that delete nothing: what leaves Git stays in the cluster.

use serde_json::Value;
use towpath_core::finding::{Finding, Severity};

use super::object::{KUSTOMIZATION, at, finding, is, lasting};
use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "no-prune",
    severity: Severity::Info,
    title: "A Kustomization leaves in the cluster what is removed from Git",
    why: "\
With `prune: false` a removal is never carried out: the object stays, nobody owns it, and a cluster that is made anew does
not have it. A release that removes something therefore does not do in one environment what it does in another. There are
good reasons, such as volumes and definitions whose deletion takes data along; then say so beside it.",
    fix: "\
Set `prune: true`, and protect single objects by the annotation `kustomize.toolkit.fluxcd.io/prune: disabled`.",
    example_bad: "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: false
  sourceRef: {kind: GitRepository, name: flux-system}
",
    example_good: "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
",
    check: Check::Object(check),
};

fn check(subject: &Subject, given: &Given) -> Vec<Finding> {
    let head = &subject.head;
    // Without the field the API server refuses the object.
    let keeps = at(&subject.value, "spec.prune") == Some(&Value::Bool(false));
    if !is(head, KUSTOMIZATION) || !keeps {
        return Vec::new();
    }
    let Some(environments) = lasting(given, head) else { return Vec::new() };
    let message =
        format!("what is removed from Git stays in the cluster: {} does not prune", head.name);
    let fix = "set `prune: true`, and protect single objects by an annotation";
    vec![finding(&RULE, head, environments, "spec.prune", message, fix)]
}
