//! Objects of kinds that nothing defines.

use std::collections::{BTreeMap, BTreeSet};

use towpath_core::finding::{Finding, Severity};
use towpath_discovery::groups;

use super::object::{self, Fault};
use super::whole;
use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "missing-definition",
    severity: Severity::Warning,
    title: "Nothing that a cluster is given defines the kind of an object",
    why: "\
The API server answers `no matches for kind`, and everything that is applied together with the object stops there, on
every new cluster. Only told of clusters of which everything is known: where a HelmRelease, another deliverer or a source
that is not at hand could bring the definition, nothing is. Kinds that come with Flux, with a network plugin or with a
cloud's Kubernetes are taken as there.",
    fix: "\
Deliver the CustomResourceDefinition, in a Kustomization that the object's depends on. If something outside of the
repository installs it, silence the rule and say what does.",
    example_bad: "\
apiVersion: monitoring.coreos.com/v1 # nothing delivers the operator
kind: ServiceMonitor
metadata: {name: web, namespace: shop}
",
    example_good: "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: servicemonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {plural: servicemonitors, kind: ServiceMonitor}
  versions:
    - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web, namespace: shop}
",
    check: Check::Objects(check),
};

/// Groups that come with the cluster: a network plugin that defines its own kinds, or the Kubernetes of a cloud.
const OF_PLATFORMS: &[&str] = &[
    "cattle.io",
    "cilium.io",
    "cloud.google.com",
    "eks.amazonaws.com",
    "gateway.networking.k8s.io",
    "gke.io",
    "k8s.amazonaws.com",
    "k8s.aws",
    "metrics.k8s.io",
    "openshift.io",
    "projectcalico.org",
    "snapshot.storage.k8s.io",
    "vmware.com",
];

fn check(given: &Given) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, cluster) in whole::clusters(given) {
        if cluster.is_open || !cluster.releases.is_empty() {
            continue;
        }
        let defined: BTreeSet<_> = cluster.subjects.iter().copied().filter_map(defined).collect();
        let served: BTreeSet<_> = cluster.subjects.iter().copied().filter_map(served).collect();
        let mut missing: BTreeMap<(&str, &str), &Subject> = BTreeMap::new();
        for subject in &cluster.subjects {
            let kind = subject.head.gvk();
            let is_there = groups::is_built_in(kind.group)
                || is_of_platform(kind.group)
                || served.contains(kind.group)
                || defined.contains(&(kind.group, kind.kind));
            if !is_there {
                missing.entry((kind.group, kind.kind)).or_insert(subject);
            }
        }
        found.extend(missing.into_iter().map(|((group, kind), subject)| {
            let fault = Fault {
                rule: RULE.id,
                severity: RULE.severity,
                head: &subject.head,
                field: Some("apiVersion".to_owned()),
                message: format!(
                    "nothing that the cluster is given defines {kind} of {group}, which {} is",
                    subject.head.reference()
                ),
                fix: "deliver the CustomResourceDefinition before the object",
            };
            fault.finding_for(id, given)
        }));
    }
    found
}

fn is_of_platform(group: &str) -> bool {
    OF_PLATFORMS
        .iter()
        .any(|of| group.strip_suffix(of).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

fn defined(subject: &Subject) -> Option<(&str, &str)> {
    let kind = subject.head.gvk();
    let is_definition =
        (kind.group, kind.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition");
    let text = |path| object::text(&subject.value, path);
    if is_definition { Some((text("spec.group")?, text("spec.names.kind")?)) } else { None }
}

fn served(subject: &Subject) -> Option<&str> {
    let kind = subject.head.gvk();
    let is_service = (kind.group, kind.kind) == ("apiregistration.k8s.io", "APIService");
    if is_service { object::text(&subject.value, "spec.group") } else { None }
}
