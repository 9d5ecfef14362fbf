//! What rules over objects share: findings at a field, the environments of an object, and where pods are described.
//! Must not judge.

use serde_json::Value;
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::EnvironmentName;

use crate::given::Given;
use crate::subject::{Head, Subject, TargetId};

pub(super) use super::object::{at, text};

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
