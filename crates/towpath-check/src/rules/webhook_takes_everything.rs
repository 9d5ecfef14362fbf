//! Admission webhooks that every write of a cluster has to pass, and that refuse it when they do not answer.

use serde_json::Value;
use towpath_core::finding::{Finding, Severity};

use super::object::{self, Fault};
use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "webhook-takes-everything",
    severity: Severity::Warning,
    title: "A webhook is asked about every object, and its silence refuses them all",
    why: "\
While its pods are away, during an upgrade or on a cluster that starts, the API server refuses every write that the rules
match, its own pods and leases of nodes among them. The cluster cannot mend itself then: somebody has to delete the
configuration by hand.",
    fix: "\
Exclude `kube-system` and the webhook's own namespace with `namespaceSelector`, name the groups and resources that it is
about, or let it fail open with `failurePolicy: Ignore`.",
    example_bad: "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: policy}
webhooks:
  - name: policy.example.com
    rules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*']}]
",
    example_good: "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: policy}
webhooks:
  - name: policy.example.com
    rules: [{apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], operations: ['*']}]
    namespaceSelector:
      matchExpressions:
        - {key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system, policy]}
",
    check: Check::Object(check),
};

fn check(subject: &Subject, given: &Given) -> Vec<Finding> {
    let kind = subject.head.gvk();
    let is_webhook =
        matches!(kind.kind, "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration");
    if kind.group != "admissionregistration.k8s.io" || !is_webhook {
        return Vec::new();
    }
    // The default became `Fail` with v1.
    let default = if kind.version == "v1" { "Fail" } else { "Ignore" };
    let webhooks = object::list(&subject.value, "webhooks").iter().enumerate();
    let hit = webhooks.filter(|(_, webhook)| takes_everything(webhook, default));
    hit.map(|(number, webhook)| {
        let name = object::text(webhook, "name").unwrap_or("without a name");
        Fault {
            rule: RULE.id,
            severity: RULE.severity,
            head: &subject.head,
            field: Some(format!("webhooks[{number}]")),
            message: format!(
                "webhook {name} of {} is asked about every object of every namespace, kube-system included, and \
                 nothing can be written while it does not answer",
                subject.head.reference()
            ),
            fix: "leave kube-system out with `namespaceSelector`, or name the resources it is about",
        }
        .finding(given)
    })
    .collect()
}

fn takes_everything(webhook: &Value, default: &str) -> bool {
    let policy = object::text(webhook, "failurePolicy").unwrap_or(default);
    let is_open = |selector: &str| match webhook.get(selector) {
        None | Some(Value::Null) => true,
        Some(selector) => {
            let is_empty = |key| match selector.get(key) {
                Some(Value::Array(list)) => list.is_empty(),
                Some(Value::Object(map)) => map.is_empty(),
                _ => true,
            };
            is_empty("matchLabels") && is_empty("matchExpressions")
        }
    };
    policy == "Fail"
        && is_open("namespaceSelector")
        && is_open("objectSelector")
        && object::list(webhook, "matchConditions").is_empty()
        && object::list(webhook, "rules").iter().any(|rule| {
            let has = |field: &str, all: &[&str]| {
                let texts = object::list(rule, field).iter().filter_map(Value::as_str);
                texts.into_iter().any(|text| all.contains(&text))
            };
            let writes = has("operations", &["*", "CREATE", "UPDATE"]);
            has("apiGroups", &["*"]) && has("resources", &["*", "*/*"]) && writes
        })
}
