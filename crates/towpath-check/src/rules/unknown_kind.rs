//! Objects of kinds, or of versions of kinds, that their cluster does not have.

use towpath_catalog::{Phase, is_built_in_group, lifecycle};
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::EnvironmentName;

use super::api;
use crate::given::Given;
use crate::subject::{Head, Kubernetes};
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "unknown-kind",
    severity: Severity::Error,
    title: "An object is of a kind, or of a version of it, that its cluster does not have",
    why: "\
The API server answers `no matches for kind`. Built-in kinds are known for every Kubernetes; of custom resources the
definition that the same cluster is given says which versions are served. A custom resource without a definition at hand
is not judged.",
    fix: "Write a version that is served, or upgrade the cluster, or its definition, first.",
    example_bad: "\
# Kubernetes 1.25
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-latest}
",
    example_good: "\
# Kubernetes 1.30 or newer
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-latest}
",
    check: Check::Head(check),
};

fn check(head: &Head, given: &Given) -> Vec<Finding> {
    if is_built_in_group(head.gvk().group) {
        return built_in(head, given);
    }
    let version = head.gvk().version;
    let definitions = given.definitions_for(head);
    let hit = definitions.iter().filter(|(defined, _)| defined.served(version).is_none());
    hit.map(|(defined, environments)| {
        let served = defined.definition.versions.iter().filter(|version| version.served);
        let served: Vec<&str> = served.map(|version| version.name.as_str()).collect();
        let why = if defined.definition.version(version).is_some() {
            "does not serve"
        } else {
            "does not have"
        };
        finding(
            head,
            environments,
            format!("the definition at {} {why} {version}", defined.at),
            format!("write {}", crate::sight::list(&served)),
        )
    })
    .collect()
}

fn built_in(head: &Head, given: &Given) -> Vec<Finding> {
    let kind = head.gvk();
    let life = lifecycle(&kind);
    let mut found = Vec::new();
    for (kubernetes, environments) in given.kubernetes_of(head) {
        let Some(catalog) = given.catalog(kubernetes) else { continue };
        // What was there once is told by `removed-api`.
        let phase = life.map(|life| life.phase(kubernetes.minor));
        if phase == Some(Phase::Removed) || catalog.schema(&kind).is_some() {
            continue;
        }
        let (why, fix) = match life {
            Some(life) => {
                (format!("it comes with Kubernetes {}", life.first), older(head, kubernetes, given))
            }
            None => (
                format!("Kubernetes {} has no such kind in that version", kubernetes.minor),
                "mend `apiVersion` or `kind`".to_owned(),
            ),
        };
        let why = format!("{why}{}", api::runs(kubernetes, &environments));
        found.push(finding(head, &environments, why, fix));
    }
    found
}

/// The version of a kind that a Kubernetes has.
fn older(head: &Head, kubernetes: Kubernetes, given: &Given) -> String {
    let kind = head.gvk();
    let versions = given.catalog(kubernetes).into_iter().flat_map(|catalog| catalog.kinds());
    let same = versions.filter(|k| (k.kind.group, k.kind.kind) == (kind.group, kind.kind));
    let names: Vec<String> = same.map(|k| k.kind.api_version()).collect();
    match names.as_slice() {
        [] => "upgrade the cluster first".to_owned(),
        names => format!("write {}, or upgrade the cluster first", crate::sight::list(names)),
    }
}

fn finding(head: &Head, environments: &[EnvironmentName], why: String, fix: String) -> Finding {
    Finding {
        rule: RULE.id,
        severity: RULE.severity,
        environments: environments.to_vec(),
        object: Some(head.reference()),
        field: Some("apiVersion".to_owned()),
        at: head.at.clone(),
        message: format!(
            "no matches for kind {:?} in version {:?}: {why}",
            head.kind, head.api_version
        ),
        fix,
    }
}
