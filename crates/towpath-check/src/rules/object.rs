//! What rules over objects look up: fields by their path, environments, kinds of Flux.
//! Must not judge.

use serde_json::Value;
use towpath_core::finding::Finding;
use towpath_core::id::EnvironmentName;

use crate::Rule;
use crate::given::Given;
use crate::subject::Head;

pub(super) use crate::given::environments;

/// Group and kind of objects of Flux.
pub(super) type GroupKind = (&'static str, &'static str);

pub(super) const KUSTOMIZATION: GroupKind = ("kustomize.toolkit.fluxcd.io", "Kustomization");
pub(super) const HELM_RELEASE: GroupKind = ("helm.toolkit.fluxcd.io", "HelmRelease");
pub(super) const SOURCES: &str = "source.toolkit.fluxcd.io";

/// Whether an object is of a kind, in any version.
pub(super) fn is(head: &Head, (group, kind): GroupKind) -> bool {
    let gvk = head.gvk();
    (gvk.group, gvk.kind) == (group, kind)
}

/// The value at a path such as `spec.ref.semver`; what is null is not there.
pub(super) fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let found = path.split('.').try_fold(value, |value, key| value.get(key))?;
    (!found.is_null()).then_some(found)
}

/// The text at a path, where there is one that is not empty.
pub(super) fn text<'v>(value: &'v Value, path: &str) -> Option<&'v str> {
    at(value, path).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether `true` stands at a path.
pub(super) fn is_true(value: &Value, path: &str) -> bool {
    at(value, path) == Some(&Value::Bool(true))
}

/// The environments of an object that stay, none where there is no path; `None` where only sandboxes are given it.
pub(super) fn lasting(given: &Given, head: &Head) -> Option<Vec<EnvironmentName>> {
    let mut targets = given.targets_of(head).filter(|target| !target.sandbox).peekable();
    targets.peek()?;
    Some(environments(targets))
}

/// A finding of a rule in a field of an object.
pub(super) fn finding(
    rule: &Rule,
    head: &Head,
    environments: Vec<EnvironmentName>,
    field: &str,
    message: String,
    fix: &str,
) -> Finding {
    Finding {
        rule: rule.id,
        severity: rule.severity,
        environments,
        object: Some(head.reference()),
        field: Some(field.to_owned()),
        at: head.at.clone(),
        message,
        fix: fix.to_owned(),
    }
}
