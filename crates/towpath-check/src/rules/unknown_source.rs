//! References to a source that nothing creates.

use towpath_core::finding::{Finding, Severity};

use super::created::{Created, Key, key, name};
use super::object::{GroupKind, HELM_RELEASE, KUSTOMIZATION, SOURCES, at, finding, is, text};
use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "unknown-source",
    severity: Severity::Error,
    title: "A Kustomization, Helm release or chart names a source that nothing creates",
    why: "\
Flux looks for the source by kind, namespace and name, and waits without an end for one that is misspelt, in another
namespace or removed: nothing of the object is applied or updated. It is found where all that the cluster is given is at
hand. A source named `flux-system` comes with bootstrapping and is taken for granted.",
    fix: "Mend the kind, name or namespace of the reference, or add the source.",
    example_bad: "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: podinfo, namespace: flux-system}
spec: {interval: 1h, url: 'https://charts.example.com'}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: podinfo, namespace: apps}
spec:
  interval: 1h
  chart: {spec: {chart: podinfo, version: 6.x, sourceRef: {kind: HelmRepository, name: podinfo}}}
",
    example_good: "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: HelmRepository
metadata: {name: podinfo, namespace: flux-system}
spec: {interval: 1h, url: 'https://charts.example.com'}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: podinfo, namespace: apps}
spec:
  interval: 1h
  chart: {spec: {chart: podinfo, version: 6.x, sourceRef: {kind: HelmRepository, name: podinfo, namespace: flux-system}}}
",
    check: Check::Objects(check),
};

const IMAGE: &str = "image.toolkit.fluxcd.io";

/// The references, by kind of the object: where, and the kind that is meant where none is said.
const REFERENCES: [(GroupKind, &str, &str); 6] = [
    (HELM_RELEASE, "spec.chart.spec.sourceRef", "HelmRepository"),
    (HELM_RELEASE, "spec.chartRef", ""),
    (KUSTOMIZATION, "spec.sourceRef", ""),
    ((SOURCES, "HelmChart"), "spec.sourceRef", "HelmRepository"),
    ((IMAGE, "ImageUpdateAutomation"), "spec.sourceRef", "GitRepository"),
    ((IMAGE, "ImagePolicy"), "spec.imageRepositoryRef", "ImageRepository"),
];

fn check(given: &Given) -> Vec<Finding> {
    let created = Created::by(given, source);
    let mut found = Vec::new();
    for subject in &given.subjects {
        let (head, value) = (&subject.head, &subject.value);
        let of_kind = REFERENCES.iter().filter(|(kind, ..)| is(head, *kind));
        for (_, field, kind) in of_kind {
            let Some(key) = at(value, field).and_then(|reference| key(head, reference, kind))
            else {
                continue;
            };
            if key.0.is_empty() || key.2 == "flux-system" {
                continue;
            }
            let Some(environments) = created.missing(given, head, key) else { continue };
            let message = format!("nothing creates {}, which {} names", name(key), head.name);
            let fix = "mend the reference, or add the source";
            found.push(finding(&RULE, head, environments, field, message, fix));
        }
    }
    found
}

/// The source that an object is, or that the Flux operator makes of it.
fn source(subject: &Subject) -> Option<Key<'_>> {
    let (head, value) = (&subject.head, &subject.value);
    let kind = head.gvk();
    if kind.group == SOURCES || kind.group == IMAGE {
        return Some((kind.kind, &head.namespace, &head.name));
    }
    if !is(head, ("fluxcd.controlplane.io", "FluxInstance")) {
        return None;
    }
    let sync = at(value, "spec.sync")?;
    Some((text(sync, "kind")?, &head.namespace, text(sync, "name").unwrap_or("flux-system")))
}
