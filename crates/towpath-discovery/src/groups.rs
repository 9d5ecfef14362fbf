//! The API groups that are there on every cluster with Flux: whatever else is used has to be installed.
//!
//! One list for the checks and for the order of a teardown. Must not judge what is missing.

/// The groups that a Kubernetes API server has by itself (`kubernetes/api`).
pub const BUILT_IN: &[&str] = &[
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "extensions",
    "flowcontrol.apiserver.k8s.io",
    "imagepolicy.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

/// Whether the group is there on every cluster with Flux.
#[must_use]
pub fn is_built_in(group: &str) -> bool {
    BUILT_IN.contains(&group)
        || group.ends_with(".toolkit.fluxcd.io")
        || group == "fluxcd.controlplane.io"
}
