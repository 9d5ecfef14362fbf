//! Flux objects that are told to rest.

use towpath_core::finding::{Finding, Severity};

use super::object::{finding, is_true, lasting};
use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "suspended",
    severity: Severity::Info,
    title: "An object of Flux is suspended in Git",
    why: "\
Nothing arrives through a suspended object: what is promoted into the environment stays out of the cluster, drift is not
undone, and nothing is pruned. Suspensions are made for an afternoon and forgotten for a year.",
    fix: "Resume it by removing `suspend: true`, or remove the object. If it is meant to rest, silence this with the reason.",
    example_bad: "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  suspend: true
  interval: 10m
  path: ./apps
  prune: true
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
    if !head.gvk().group.ends_with(".toolkit.fluxcd.io") || !is_true(&subject.value, "spec.suspend")
    {
        return Vec::new();
    }
    let Some(environments) = lasting(given, head) else { return Vec::new() };
    let message = format!("{} {} is suspended: nothing arrives through it", head.kind, head.name);
    let fix = "remove `suspend: true`, or the object";
    vec![finding(&RULE, head, environments, "spec.suspend", message, fix)]
}
