//! Clusters of which everything is known that they are given, and what could still bring more. Must not judge.

use towpath_catalog::GroupVersionKind;

use crate::given::Given;
use crate::subject::{Subject, TargetId};

use super::object;

/// A cluster of which everything is known that it is given.
pub(super) struct Whole<'g> {
    pub(super) subjects: Vec<&'g Subject>,
    /// Whether something is installed there that creates objects of its own choice: another deliverer, a generator of
    /// kinds. What is missing may come from it.
    pub(super) is_open: bool,
    /// The HelmReleases: what their charts hold is not known.
    pub(super) releases: Vec<&'g Subject>,
}

/// Groups whose objects make others: of any kind, or kinds themselves.
const GENERATORS: &[&str] = &[
    "addons.cluster.x-k8s.io",
    "apiextensions.crossplane.io",
    "argoproj.io",
    "capsule.clastix.io",
    "fluxcd.controlplane.io",
    "fleet.cattle.io",
    "helm.cattle.io",
    "hnc.x-k8s.io",
    "infra.contrib.fluxcd.io",
    "kro.run",
    "kubernetes.crossplane.io",
    "olm.operatorframework.io",
    "operators.coreos.com",
    "pkg.crossplane.io",
    "templates.gatekeeper.sh",
];

/// The clusters of which everything is known.
pub(super) fn clusters(given: &Given) -> impl Iterator<Item = (TargetId, Whole<'_>)> {
    let whole = (0..).map(TargetId).zip(&given.targets).filter(|(_, target)| target.whole);
    whole.map(|(id, _)| {
        let subjects: Vec<&Subject> = given.of_target(id).collect();
        let releases = subjects.iter().copied().filter(|subject| is_release(subject));
        let whole = Whole {
            is_open: subjects.iter().any(|subject| is_generator(subject)),
            releases: releases.collect(),
            subjects,
        };
        (id, whole)
    })
}

fn is_generator(subject: &Subject) -> bool {
    let GroupVersionKind { group, kind, .. } = subject.head.gvk();
    // These two only say what is installed, or steer pods.
    GENERATORS.contains(&group) && !matches!(kind, "FluxInstance" | "Rollout")
}

fn is_release(subject: &Subject) -> bool {
    let GroupVersionKind { group, kind, .. } = subject.head.gvk();
    (group, kind) == ("helm.toolkit.fluxcd.io", "HelmRelease")
}

/// The namespace that a HelmRelease installs into.
pub(super) fn release_namespace(release: &Subject) -> &str {
    object::text(&release.value, "spec.targetNamespace").unwrap_or(&release.head.namespace)
}

/// Whether a namespace is on every cluster with Flux.
pub(super) fn is_of_every_cluster(namespace: &str) -> bool {
    namespace == "default" || namespace == "flux-system" || namespace.starts_with("kube-")
}
