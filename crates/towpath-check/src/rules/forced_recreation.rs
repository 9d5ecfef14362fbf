//! `force`: objects are deleted and made anew where changing them fails.

use towpath_core::finding::{Finding, Severity};

use super::object::{HELM_RELEASE, KUSTOMIZATION, finding, is, is_true, lasting};
use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "forced-recreation",
    severity: Severity::Warning,
    title: "Objects are deleted or replaced where changing them fails",
    why: "\
With `force: true` a Kustomization deletes an object that cannot be changed in place and creates it again: a claim loses
its volume, a StatefulSet its pods. It deletes before it knows that the new object is accepted, so that one which became
invalid stays gone. In a Helm release `upgrade.force` replaces each object whole, and with it what others wrote there,
such as the replicas of an autoscaler.",
    fix: "\
Remove it. Allow single objects to be made anew, such as Jobs, by the annotation
`kustomize.toolkit.fluxcd.io/force: enabled`.",
    example_bad: "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  force: true
  interval: 10m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
",
    example_good: "\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  namespace: apps
  annotations: {kustomize.toolkit.fluxcd.io/force: enabled}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: ghcr.io/acme/migrate:1.2.3}]}}}
",
    check: Check::Object(check),
};

fn check(subject: &Subject, given: &Given) -> Vec<Finding> {
    let (head, value) = (&subject.head, &subject.value);
    let (field, does) = if is(head, KUSTOMIZATION) {
        ("spec.force", "deletes what it cannot change in place and creates it again")
    } else if is(head, HELM_RELEASE) {
        ("spec.upgrade.force", "replaces each object whole in an upgrade")
    } else {
        return Vec::new();
    };
    let (true, Some(environments)) = (is_true(value, field), lasting(given, head)) else {
        return Vec::new();
    };
    let fix = "remove `force: true`, and allow it to single objects by an annotation";
    let message = format!("{} {does}", head.name);
    vec![finding(&RULE, head, environments, field, message, fix)]
}
