//! Objects in a version of their API that is announced to go.

use towpath_catalog::{Lifecycle, Phase, crd_span, lifecycle};
use towpath_core::finding::{Finding, Severity};

use super::api;
use crate::given::Given;
use crate::subject::Head;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "deprecated-api",
    severity: Severity::Warning,
    title: "An object is written in a version of its API that is deprecated",
    why: "\
It works today, and will not with a later version. A change of the version is small while both are served, and an outage
when the upgrade of the cluster meets it first.",
    fix: "\
Write the version that replaces it. Where the shape is the same, `towpath check --fix` does; elsewhere compare the fields
first.",
    example_bad: "\
# Kubernetes 1.24
apiVersion: batch/v1beta1
kind: CronJob
metadata: {name: report}
",
    example_good: "\
# Kubernetes 1.24
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
",
    check: Check::Head(check),
};

fn check(head: &Head, given: &Given) -> Vec<Finding> {
    let kind = head.gvk();
    if let Some(life) = lifecycle(&kind) {
        return built_in(head, &life, given);
    }
    crd_span(&kind).map_or_else(Vec::new, |span| api::deprecated(RULE.id, head, &span, given))
}

fn built_in(head: &Head, life: &Lifecycle, given: &Given) -> Vec<Finding> {
    let Some(deprecated) = life.deprecated else { return Vec::new() };
    let by_version = given.kubernetes_of(head);
    let hit = by_version
        .iter()
        .filter(|(kubernetes, _)| life.phase(kubernetes.minor) == Phase::Deprecated);
    let until = match (life.gone, life.removed) {
        (Some(gone), _) => format!("; it is gone in {gone}"),
        (None, Some(planned)) => format!("; it is planned to go in {planned}"),
        (None, None) => String::new(),
    };
    let what = format!("is deprecated since Kubernetes {deprecated}{until}");
    hit.map(|of| api::built_in(&RULE, head, life, of, &what)).collect()
}
