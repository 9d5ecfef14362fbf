//! Definitions of custom resources that the API server would refuse.

use towpath_core::finding::{Finding, Severity};

use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};
use towpath_schema::crd::{Refusal, RefusalKind, refusals};

pub(super) const RULE: Rule = Rule {
    id: "invalid-definition",
    severity: Severity::Error,
    title: "A CustomResourceDefinition that the API server would refuse",
    why: "\
The API server refuses it, and every object of its kind with it. Its rules for schemas, names, versions, defaults and
the cost of rules in CEL are asked here in its own words, where what all versions say alike is called `spec.validation` and
the like. What a definition that is too deep or too large would do to the server is not tried out: it is refused here
as well.",
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
    let has_status = subject.value.get("status").is_some();
    // What a server would write into the status is told of the versions as well.
    let told = |refusal: &Refusal| has_status || !refusal.path.starts_with("status.");
    refusals(&subject.value)
        .into_iter()
        .filter(told)
        .map(|one| finding(subject, given, &one))
        .collect()
}

fn finding(subject: &Subject, given: &Given, refusal: &Refusal) -> Finding {
    let field = refusal.field();
    let message = match refusal.kind {
        RefusalKind::Unreadable => format!("the definition cannot be read: {refusal}"),
        _ => refusal.to_string(),
    };
    Finding {
        rule: RULE.id,
        severity: RULE.severity,
        environments: given.environments_of(&subject.head),
        object: Some(subject.head.reference()),
        field: (!field.is_empty()).then_some(field),
        at: subject.head.at.clone(),
        message,
        fix: "mend what the message names".to_owned(),
    }
}
