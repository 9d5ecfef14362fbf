//! Kustomizations that wait for health as long as their interval.

use std::time::Duration;

use serde_json::Value;
use towpath_core::finding::{Finding, Severity};

use super::duration::duration;
use super::object::{KUSTOMIZATION, at, finding, is, is_true, lasting, text};
use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "no-timeout",
    severity: Severity::Warning,
    title: "A Kustomization waits for health for the whole of a long interval",
    why: "\
Without `spec.timeout` a Kustomization waits for what it applied as long as its interval, and while it waits it applies
nothing: the commit that mends a release which does not become healthy has to wait, too. With an interval of an hour that
is up to an hour.",
    fix: "Set `spec.timeout` to what the slowest object needs, such as `5m`.",
    example_bad: "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 1h
  wait: true
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
",
    example_good: "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 1h
  timeout: 5m
  wait: true
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
",
    check: Check::Object(check),
};

/// Up to this an interval is a usual timeout itself.
const LONG: Duration = Duration::from_mins(15);

fn check(subject: &Subject, given: &Given) -> Vec<Finding> {
    let (head, value) = (&subject.head, &subject.value);
    if !is(head, KUSTOMIZATION) || text(value, "spec.timeout").is_some() {
        return Vec::new();
    }
    let checks = at(value, "spec.healthChecks").and_then(Value::as_array);
    let waits = is_true(value, "spec.wait") || checks.is_some_and(|checks| !checks.is_empty());
    let long = duration(value, "spec.interval").is_some_and(|interval| interval > LONG);
    let (true, Some(interval), Some(environments)) =
        (waits && long, text(value, "spec.interval"), lasting(given, head))
    else {
        return Vec::new();
    };
    let message = format!(
        "{} waits up to {interval} for health, its interval, and takes no new commit meanwhile",
        head.name
    );
    let fix = "set `spec.timeout`, such as `5m`";
    vec![finding(&RULE, head, environments, "spec.timeout", message, fix)]
}
