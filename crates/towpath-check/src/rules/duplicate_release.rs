//! Helm releases of one name in one namespace of a cluster.

use std::collections::BTreeMap;

use serde_json::Value;
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::EnvironmentName;

use super::object::{HELM_RELEASE, at, finding, is, text};
use crate::given::Given;
use crate::subject::{Subject, TargetId};
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "duplicate-release",
    severity: Severity::Error,
    title: "Two HelmReleases of a cluster are the same Helm release",
    why: "\
Helm knows a release by its name and namespace. The second HelmRelease finds what the first installed and upgrades it to
its own chart and values, the first puts it back, and this goes on without an end. When one of the two is deleted, Helm
uninstalls what the other one needs. The name is `spec.releaseName`, else that of the object, behind the target namespace
where there is one; Helm stores it in `spec.storageNamespace`, else in the namespace of the object.",
    fix: "Give one of them another `spec.releaseName`, or remove it.",
    example_bad: "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: redis, namespace: web}
spec: {interval: 1h, chartRef: {kind: OCIRepository, name: redis}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: cache, namespace: web}
spec: {interval: 1h, releaseName: redis, chartRef: {kind: OCIRepository, name: redis}}
",
    example_good: "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: redis, namespace: web}
spec: {interval: 1h, chartRef: {kind: OCIRepository, name: redis}}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: cache, namespace: web}
spec: {interval: 1h, releaseName: cache, chartRef: {kind: OCIRepository, name: redis}}
",
    check: Check::Objects(check),
};

fn check(given: &Given) -> Vec<Finding> {
    let mut told: BTreeMap<(usize, usize), Vec<EnvironmentName>> = BTreeMap::new();
    let releases: Vec<(&Subject, Release)> = given
        .subjects
        .iter()
        .filter(|subject| is(&subject.head, HELM_RELEASE))
        .filter_map(|subject| Some((subject, Release::of(subject)?)))
        .collect();
    for (id, target) in (0..).map(TargetId).zip(&given.targets) {
        let mut first: BTreeMap<&Release, usize> = BTreeMap::new();
        for (place, (subject, release)) in releases.iter().enumerate() {
            if !subject.head.targets.contains(&id) {
                continue;
            }
            let known = *first.entry(release).or_insert(place);
            // One object that stands in two files is told by other rules.
            if who(releases[known].0) == who(subject) {
                continue;
            }
            let environments = told.entry((known, place)).or_default();
            if let Some(name) = target.environment().filter(|name| !environments.contains(name)) {
                environments.push(name.clone());
            }
        }
    }
    let fix = "give one of them another `spec.releaseName`, or remove it";
    let findings = told.into_iter().filter_map(|((known, again), environments)| {
        let ((known, release), (subject, _)) = (releases.get(known)?, releases.get(again)?);
        let message = format!(
            "{} is the Helm release {}/{}, which {} at {} is, too",
            subject.head.reference(),
            release.namespace,
            release.name,
            known.head.reference(),
            known.head.at
        );
        let field = match text(&subject.value, "spec.releaseName") {
            Some(_) => "spec.releaseName",
            None => "metadata.name",
        };
        Some(finding(&RULE, &subject.head, environments, field, message, fix))
    });
    findings.collect()
}

fn who(subject: &Subject) -> (&str, &str) {
    (&subject.head.namespace, &subject.head.name)
}

/// A release as Helm knows it (`fluxcd/helm-controller:api/v2/helmrelease_types.go`).
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Release {
    /// The Secret with the kubeconfig of another cluster.
    elsewhere: String,
    namespace: String,
    name: String,
}

impl Release {
    /// `None` where it is not known before variables are substituted.
    fn of(subject: &Subject) -> Option<Self> {
        let (head, value) = (&subject.head, &subject.value);
        let namespace = text(value, "spec.storageNamespace").unwrap_or(&head.namespace);
        let name = match (text(value, "spec.releaseName"), text(value, "spec.targetNamespace")) {
            (Some(name), _) => name.to_owned(),
            (None, Some(target)) => format!("{target}-{}", head.name),
            (None, None) => head.name.clone(),
        };
        let elsewhere = at(value, "spec.kubeConfig").map_or_else(String::new, Value::to_string);
        let release = Self { elsewhere, namespace: namespace.to_owned(), name };
        let is_open = [&*release.namespace, &*release.name].iter().any(|it| it.contains("${"));
        (!is_open).then_some(release)
    }
}
