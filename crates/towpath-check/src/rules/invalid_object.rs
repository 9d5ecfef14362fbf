//! Objects that the API server would refuse for what their fields hold.

use towpath_core::finding::{Finding, Severity};
use towpath_core::id::EnvironmentName;

use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};
use towpath_schema::crd::schema::{Fault, Report};

pub(super) const RULE: Rule = Rule {
    id: "invalid-object",
    severity: Severity::Error,
    title: "An object does not fit the schema of its kind",
    why: "\
The API server refuses it, or drops in silence what it does not know. Built-in kinds are judged by the schema of each
environment's Kubernetes, custom resources by the definition that the same cluster is given. Fields that no schema names
are errors, as they are in the server's strict mode: a field that is dropped does not do what its author meant.",
    fix: "Mend the value; the message has the server's own words where it has some.",
    example_bad: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: \"3\"
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: registry.example.com/web:1.0.0}]}
",
    example_good: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: registry.example.com/web:1.0.0}]}
",
    check: Check::Object(check),
};

fn check(subject: &Subject, given: &Given) -> Vec<Finding> {
    let mut found = Vec::new();
    for (kubernetes, environments) in given.kubernetes_of(&subject.head) {
        let catalog = given.catalog(kubernetes);
        let report =
            catalog.and_then(|catalog| towpath_schema::builtin::validate(catalog, &subject.value));
        if let Some(report) = report {
            tell(subject, &environments, report, &mut found);
        }
    }
    for (defined, environments) in given.definitions_for(&subject.head) {
        if let Some(schema) = defined.served(subject.head.gvk().version) {
            tell(subject, &environments, schema.validate(&subject.value), &mut found);
        }
    }
    found
}

fn tell(
    subject: &Subject,
    environments: &[EnvironmentName],
    report: Report,
    found: &mut Vec<Finding>,
) {
    let finding = |severity, field: String, message, fix: &str| Finding {
        rule: RULE.id,
        severity,
        environments: environments.to_vec(),
        object: Some(subject.head.reference()),
        field: (!field.is_empty()).then_some(field),
        at: subject.head.at.clone(),
        message,
        fix: fix.to_owned(),
    };
    for violation in report.violations {
        let message = violation.to_string();
        let fix = match violation.fault {
            Fault::UnknownField => "take the field out, or mend its name",
            Fault::Required => "add the field",
            _ => "mend the value",
        };
        found.push(finding(RULE.severity, violation.path, message, fix));
    }
    for skipped in report.not_checked {
        let message = format!("not checked: {}", skipped.what);
        let fix = "look at it yourself: nobody can say here that it is fine";
        found.push(finding(Severity::Info, skipped.path, message, fix));
    }
}
