//! Definitions of custom resources that the API server would refuse.

use towpath_core::finding::{Finding, Severity};

use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};
use towpath_schema::crd::Definition;

pub(super) const RULE: Rule = Rule {
    id: "invalid-definition",
    severity: Severity::Error,
    title: "A CustomResourceDefinition cannot be read as one",
    why: "\
The API server refuses it, and every object of its kind with it. What a definition that is too deep or too large would do
to the server is not tried out: it is refused here as well.",
    fix: "Mend the field that the message names; definitions that are generated should be generated again.",
    example_bad: "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, kind: Widget}
",
    example_good: "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: widgets, kind: Widget}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object}}
",
    check: Check::Object(check),
};

fn check(subject: &Subject, given: &Given) -> Vec<Finding> {
    let kind = subject.head.gvk();
    if (kind.group, kind.kind) != ("apiextensions.k8s.io", "CustomResourceDefinition") {
        return Vec::new();
    }
    let Err(error) = Definition::parse(&subject.value) else { return Vec::new() };
    vec![Finding {
        rule: RULE.id,
        severity: RULE.severity,
        environments: given.environments_of(&subject.head),
        object: Some(subject.head.reference()),
        field: None,
        at: subject.head.at.clone(),
        message: format!("the definition cannot be read: {error}"),
        fix: "mend what the message names".to_owned(),
    }]
}
