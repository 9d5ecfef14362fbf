//! Objects that a file defines twice.

use std::collections::BTreeMap;

use serde_json::Value;
use towpath_core::finding::{Finding, Severity};

use super::object::{self, Fault};
use crate::given::Given;
use crate::subject::{Head, Source, Subject};
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "duplicate-object",
    severity: Severity::Error,
    title: "A file defines the same object twice",
    why: "\
kustomize refuses the file; `kubectl apply` takes both, one after the other, and the first is lost. Two files that define
the same object are not told here, since a base and its variants do so rightly; two Kustomizations that apply it are
`two-owners`. Hooks of Helm may share a name. Where both say exactly the same it is a warning.",
    fix: "Remove one of the two, or give it the name that it was meant to have.",
    example_bad: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: web}
data: {LEVEL: info}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: web}
data: {LEVEL: debug}
",
    example_good: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: web}
data: {LEVEL: info}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: api}
data: {LEVEL: debug}
",
    check: Check::Objects(check),
};

fn check(given: &Given) -> Vec<Finding> {
    let mut first: BTreeMap<(&str, &str, &str, &str, &str), &Subject> = BTreeMap::new();
    let mut found = Vec::new();
    for subject in given.subjects.iter().filter(|subject| counts(subject)) {
        let head = &subject.head;
        let kind = head.gvk();
        let key = (head.at.file.as_str(), kind.group, kind.kind, &*head.namespace, &*head.name);
        let Some(known) = first.get(&key) else {
            first.insert(key, subject);
            continue;
        };
        // Who names a file twice reads it twice.
        if known.head.at != head.at {
            found.push(again(known, subject, given));
        }
    }
    found
}

fn counts(subject: &Subject) -> bool {
    let Head { kind, source, .. } = &subject.head;
    let hook = subject.value.pointer("/metadata/annotations/helm.sh~1hook");
    let group = subject.head.gvk().group;
    *source == Source::File
        && object::text(&subject.value, "metadata.name").is_some_and(|name| !name.contains("${"))
        && !(group == "kustomize.config.k8s.io" || kind.is_empty())
        && hook.and_then(Value::as_str).is_none()
}

fn again(known: &Subject, subject: &Subject, given: &Given) -> Finding {
    let is_same = known.value == subject.value;
    let line = known.head.at.line;
    let called = subject.head.reference();
    Fault {
        rule: RULE.id,
        severity: if is_same { Severity::Warning } else { RULE.severity },
        head: &subject.head,
        field: None,
        message: if is_same {
            format!("{called} is defined a second time, as in line {line}")
        } else {
            format!("{called} is defined a second time, and otherwise than in line {line}")
        },
        fix: "remove one of the two, or give it the name that it was meant to have",
    }
    .finding(given)
}
