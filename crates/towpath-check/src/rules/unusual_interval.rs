//! Intervals that load the cluster for nothing, or leave it alone for days.

use std::time::Duration;

use towpath_core::finding::{Finding, Severity};

use super::duration::duration;
use super::object::{HELM_RELEASE, KUSTOMIZATION, finding, is, lasting, text};
use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "unusual-interval",
    severity: Severity::Info,
    title: "A Kustomization or Helm release is reconciled too often, or hardly ever",
    why: "\
The interval is for what nobody announces: drift, and failures of the moment. A new revision does not wait for it. Below a
minute, each Kustomization asks the API server for all its objects again and again; beyond a day, what somebody changed by
hand stays changed, and what failed is tried again as late unless `retryInterval` says otherwise. A `retryInterval` longer
than the interval delays the repair only.",
    fix: "An interval between 5 minutes and an hour suits most; let `retryInterval` be shorter.",
    example_bad: "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec:
  interval: 10s
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
  retryInterval: 1m
  path: ./apps
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
",
    check: Check::Object(check),
};

/// The least that Flux's documentation of `Kustomization` asks for.
const LEAST: Duration = Duration::from_mins(1);
const MOST: Duration = Duration::from_hours(24);

fn check(subject: &Subject, given: &Given) -> Vec<Finding> {
    let (head, value) = (&subject.head, &subject.value);
    let written = |field| Some((duration(value, field)?, text(value, field)?));
    if !(is(head, KUSTOMIZATION) || is(head, HELM_RELEASE)) {
        return Vec::new();
    }
    let (Some((interval, every)), Some(environments)) =
        (written("spec.interval"), lasting(given, head))
    else {
        return Vec::new();
    };
    let name = &head.name;
    let mut told = Vec::new();
    if interval < LEAST {
        told.push((
            "spec.interval",
            format!(
                "{name} is reconciled every {every}, although new revisions do not wait for that"
            ),
        ));
    }
    if interval > MOST {
        told.push(("spec.interval", format!("drift of {name} is not undone for up to {every}")));
    }
    if let Some((retry, after)) = written("spec.retryInterval")
        && retry > interval
    {
        told.push((
            "spec.retryInterval",
            format!("{name} is tried again after {after} when it fails, later than after its interval of {every}"),
        ));
    }
    let fix = "an interval between 5m and 1h suits most, with a shorter `retryInterval`";
    told.into_iter()
        .map(|(field, message)| finding(&RULE, head, environments.clone(), field, message, fix))
        .collect()
}
