//! Objects in namespaces that nothing creates.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use towpath_catalog::Scope;
use towpath_core::finding::{Finding, Severity};

use super::object::{self, Fault};
use super::whole;
use crate::given::Given;
use crate::subject::{Subject, TargetId};
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "missing-namespace",
    severity: Severity::Warning,
    title: "Nothing that a cluster is given creates the namespace of an object",
    why: "\
Flux reports `namespaces \"x\" not found` on every new cluster, and everything that is applied together with the object
stops there. Only told of clusters of which everything is known, and only as a note where there are HelmReleases, whose
charts could create it. The namespaces of Kubernetes and of Flux are taken as there.",
    fix: "\
Deliver the Namespace, mend its name, or let the HelmRelease create it (`install.createNamespace`).",
    example_bad: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shpo} # the Namespace is shop
",
    example_good: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
",
    check: Check::Objects(check),
};

fn check(given: &Given) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, cluster) in whole::clusters(given) {
        if cluster.is_open {
            continue;
        }
        let delivered = cluster.subjects.iter().copied().filter_map(created);
        let by_releases = cluster.releases.iter().copied().filter_map(created_by_release);
        let created: BTreeSet<&str> = delivered.chain(by_releases).collect();
        let mut missing: BTreeMap<&str, &Subject> = BTreeMap::new();
        for subject in cluster.subjects.iter().copied() {
            let namespace = &*subject.head.namespace;
            let is_there = namespace.is_empty()
                || namespace.contains('$')
                || whole::is_of_every_cluster(namespace)
                || created.contains(namespace);
            if !is_there && !is_cluster_wide(subject, id, given) {
                missing.entry(namespace).or_insert(subject);
            }
        }
        let severity = if cluster.releases.is_empty() { RULE.severity } else { Severity::Info };
        found.extend(missing.into_iter().map(|(namespace, subject)| {
            let fault = Fault {
                rule: RULE.id,
                severity,
                head: &subject.head,
                field: Some("metadata.namespace".to_owned()),
                message: format!(
                    "nothing that the cluster is given creates namespace {namespace}, which {} is in",
                    subject.head.reference()
                ),
                fix: "deliver the Namespace, or mend its name",
            };
            fault.finding_for(id, given)
        }));
    }
    found
}

fn created(subject: &Subject) -> Option<&str> {
    let kind = subject.head.gvk();
    ((kind.group, kind.kind) == ("", "Namespace")).then_some(&*subject.head.name)
}

fn created_by_release(release: &Subject) -> Option<&str> {
    let creates = object::at(&release.value, "spec.install.createNamespace");
    (creates == Some(&Value::Bool(true))).then(|| whole::release_namespace(release))
}

/// Whether the kind has no namespace, so that the server drops the one that is written.
fn is_cluster_wide(subject: &Subject, id: TargetId, given: &Given) -> bool {
    let catalog = given.target(id).and_then(|target| given.catalog(target.kubernetes));
    let kind = catalog.and_then(|catalog| catalog.kind(&subject.head.gvk()));
    kind.is_some_and(|kind| kind.scope == Scope::Cluster)
}
