//! What rules over objects share: fields by their path, environments, kinds of Flux, where pods are described, and findings
//! at a field. Must not judge.

use serde_json::Value;
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::EnvironmentName;

use crate::Rule;
use crate::given::Given;
use crate::subject::{Head, Subject, TargetId};

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

/// Something wrong with an object, at a field of it.
pub(super) struct Fault<'f> {
    pub(super) rule: &'static str,
    pub(super) severity: Severity,
    pub(super) head: &'f Head,
    pub(super) field: Option<String>,
    pub(super) message: String,
    pub(super) fix: &'static str,
}

impl Fault<'_> {
    /// The finding, for the environments of those who are given the object.
    pub(super) fn finding(self, given: &Given) -> Finding {
        let environments = given.environments_of(self.head);
        self.concerning(environments)
    }

    /// The finding, for the environment of one target.
    pub(super) fn finding_for(self, id: TargetId, given: &Given) -> Finding {
        // All who are given the object are not asked: a thousand targets may each have their own finding.
        let environment = given.target(id).and_then(|target| target.environment());
        self.concerning(environment.cloned().into_iter().collect())
    }

    fn concerning(self, environments: Vec<EnvironmentName>) -> Finding {
        Finding {
            rule: self.rule,
            severity: self.severity,
            environments,
            object: Some(self.head.reference()),
            field: self.field,
            at: self.head.at.clone(),
            message: self.message,
            fix: self.fix.to_owned(),
        }
    }
}

/// A list inside a value; what is no list is an empty one.
pub(super) fn list<'v>(value: &'v Value, path: &str) -> &'v [Value] {
    at(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Where an object describes pods: the path of their template, whose `metadata` and `spec` they get. Kinds of others
/// count where they have the shape of a Deployment, as Argo's `Rollout` has.
pub(super) fn template(subject: &Subject) -> Option<(&'static str, &Value)> {
    let kind = subject.head.gvk();
    let value = &subject.value;
    let path = match (kind.group, kind.kind) {
        ("", "Pod") => return Some(("", value)),
        ("", "PodTemplate") => "template",
        ("batch", "CronJob") => "spec.jobTemplate.spec.template",
        ("keda.sh", "ScaledJob") => "spec.jobTargetRef.template",
        _ => "spec.template",
    };
    let template = at(value, path)?;
    at(template, "spec.containers")?.as_array()?;
    Some((path, template))
}
