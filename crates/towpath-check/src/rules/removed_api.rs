//! Objects in a version of their API that the cluster no longer serves.

use towpath_catalog::{Lifecycle, Phase, crd_span, lifecycle};
use towpath_core::finding::{Finding, Severity};

use super::api;
use crate::given::Given;
use crate::subject::Head;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "removed-api",
    severity: Severity::Error,
    title: "An object is written in a version of its API that its cluster does not serve any more",
    why: "\
The API server answers `no matches for kind`, and everything that is applied together with the object stops there. A
removal is what left the schema that Kubernetes publishes, and what left the definitions that a project ships, not what
was planned. For a project whose release is not known in an environment it is a warning: the object breaks with the
release that is named.",
    fix: "\
Write the version that replaces it. Where the shape is the same, `towpath check --fix` does; elsewhere compare the fields
first.",
    example_bad: "\
# Kubernetes 1.25 or newer
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
",
    example_good: "\
# Kubernetes 1.25 or newer
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
",
    check: Check::Head(check),
};

fn check(head: &Head, given: &Given) -> Vec<Finding> {
    let kind = head.gvk();
    if let Some(life) = lifecycle(&kind) {
        return built_in(head, &life, given);
    }
    crd_span(&kind).map_or_else(Vec::new, |span| api::removed(RULE.id, head, &span, given))
}

fn built_in(head: &Head, life: &Lifecycle, given: &Given) -> Vec<Finding> {
    let Some(gone) = life.gone else { return Vec::new() };
    let by_version = given.kubernetes_of(head);
    let hit =
        by_version.iter().filter(|(kubernetes, _)| life.phase(kubernetes.minor) == Phase::Removed);
    let what = format!("was removed in Kubernetes {gone}");
    hit.map(|of| api::built_in(&RULE, head, life, of, &what)).collect()
}
