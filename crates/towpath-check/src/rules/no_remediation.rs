//! Helm releases that stay failed: nothing retries them or rolls them back.

use serde_json::Value;
use towpath_core::finding::{Finding, Severity};

use super::object::{HELM_RELEASE, at, environments, finding, is, is_true, text};
use crate::given::Given;
use crate::subject::{Subject, Target};
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "no-remediation",
    severity: Severity::Warning,
    title: "Nothing retries or rolls back a Helm release that others wait for",
    why: "\
Helm gives up after one attempt unless the release says otherwise. One slow image or one webhook that is not up yet, and
the release stays failed until somebody changes it or asks for it; after a failed upgrade, half of the new version runs.
It matters in production, and in each environment that others come after, because they wait for it. What nobody waits for
may well stay failed, to be looked at.",
    fix: "\
Set `install.remediation.retries` and `upgrade.remediation.retries`, or the strategy `RetryOnFailure` (Flux 2.7 or newer)
where going forward is better than going back.",
    example_bad: "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: kyverno, namespace: kyverno}
spec:
  interval: 1h
  chartRef: {kind: OCIRepository, name: kyverno}
  install:
    remediation: {retries: 3}
",
    example_good: "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: kyverno, namespace: kyverno}
spec:
  interval: 1h
  chartRef: {kind: OCIRepository, name: kyverno}
  install:
    remediation: {retries: 3}
  upgrade:
    remediation: {retries: 3}
",
    check: Check::Object(check),
};

fn check(subject: &Subject, given: &Given) -> Vec<Finding> {
    let (head, value) = (&subject.head, &subject.value);
    if !is(head, HELM_RELEASE) || is_true(value, "spec.suspend") {
        return Vec::new();
    }
    let waited_for = given.targets_of(head).filter(|target| is_waited_for(given, target));
    let environments = environments(waited_for);
    let lacks = |action: &str| at(value, action).is_none_or(|action| !is_remedied(action));
    let (field, what) = match (lacks("spec.install"), lacks("spec.upgrade")) {
        (true, true) => ("spec", "a failed install or upgrade"),
        (true, false) => ("spec.install", "a failed install"),
        (false, true) => ("spec.upgrade", "a failed upgrade"),
        (false, false) => return Vec::new(),
    };
    if environments.is_empty() {
        return Vec::new();
    }
    let message = format!("nothing retries {what} of {} or rolls it back", head.name);
    let fix = "set `remediation.retries`, or the strategy `RetryOnFailure`";
    vec![finding(&RULE, head, environments, field, message, fix)]
}

/// Whether something is done after a failure: the number of retries is not 0 (below 0: without an end), the last
/// failure is undone, or a strategy does it.
fn is_remedied(action: &Value) -> bool {
    let retries = at(action, "remediation.retries").and_then(Value::as_i64).unwrap_or(0);
    retries != 0
        || is_true(action, "remediation.remediateLastFailure")
        || text(action, "strategy.name") == Some("RetryOnFailure")
}

/// Production, and what is not at the end of the path.
fn is_waited_for(given: &Given, target: &Target) -> bool {
    let lasting = || given.targets.iter().filter(|target| !target.sandbox);
    let last = lasting().next_back().and_then(Target::environment);
    let environment = target.environment();
    !target.sandbox && (target.production || (environment.is_some() && environment != last))
}
