//! Alpha and beta versions in use: not served where nobody asked for them, and free to change.

use std::collections::BTreeMap;

use towpath_catalog::{Lifecycle, Phase, Stability, crd_span, lifecycle};
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::EnvironmentName;

use super::api;
use super::object::{environments, finding};
use crate::given::Given;
use crate::subject::{Subject, Target};
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "pre-stable-api",
    severity: Severity::Error,
    title: "An alpha or beta version of an API is in use",
    why: "\
Kubernetes serves its alpha versions, and its beta versions since 1.24, only where the cluster was told to; elsewhere the
object is refused with `no matches for kind`. A custom resource in such a version works, but its next release may change
or drop it without an older one to go back to, so its release notes are for production to read. A version that is
announced to go is told by `deprecated-api`.",
    fix: "\
Use the stable version where there is one. Otherwise enable the API in every cluster that is given the object, or keep it
out of production.",
    example_bad: "\
# Kubernetes 1.36
apiVersion: admissionregistration.k8s.io/v1beta1
kind: MutatingAdmissionPolicy
metadata: {name: defaults}
",
    example_good: "\
# Kubernetes 1.36
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: defaults}
",
    check: Check::Objects(check),
};

fn check(given: &Given) -> Vec<Finding> {
    let mut found = Vec::new();
    // Of custom resources one finding for a kind: a hundred of them are one decision.
    let mut custom: BTreeMap<(&str, &str), Vec<&Subject>> = BTreeMap::new();
    for subject in &given.subjects {
        let head = &subject.head;
        let kind = head.gvk();
        if kind.stability() == Stability::Stable {
            continue;
        }
        match lifecycle(&kind) {
            Some(life) => found.extend(built_in(subject, &life, given)),
            None if is_announced_to_go(subject) => {}
            None => {
                custom.entry((&head.api_version, &head.kind)).or_default().push(subject);
            }
        }
    }
    found.extend(custom.values().filter_map(|subjects| in_production(subjects, given)));
    found
}

/// Where Kubernetes has the kind and does not serve it unasked: an error in production; elsewhere somebody may be trying
/// it out.
fn built_in(subject: &Subject, life: &Lifecycle, given: &Given) -> Vec<Finding> {
    let head = &subject.head;
    let mut hit: BTreeMap<_, Vec<&Target>> = BTreeMap::new();
    for target in given.targets_of(head) {
        let minor = target.kubernetes.minor;
        let has = matches!(life.phase(minor), Phase::Current | Phase::Deprecated);
        if has && !life.is_served_by_default(minor) {
            hit.entry((target.production, target.kubernetes)).or_default().push(target);
        }
    }
    hit.into_iter()
        .map(|((production, kubernetes), targets)| {
            let environments = environments(targets.into_iter());
            let message = format!(
                "Kubernetes {} does not serve {} {} unless it is told to{}",
                kubernetes.minor,
                head.api_version,
                head.kind,
                api::runs(kubernetes, &environments)
            );
            let fix = match life.replacement_in(kubernetes.minor) {
                Some(_) => api::replacement(life, kubernetes),
                None => "enable the API in the cluster, or keep the object out".to_owned(),
            };
            let severity = if production { RULE.severity } else { Severity::Warning };
            let finding = finding(&RULE, head, environments, "apiVersion", message, &fix);
            Finding { severity, ..finding }
        })
        .collect()
}

/// Then another rule tells.
fn is_announced_to_go(subject: &Subject) -> bool {
    crd_span(&subject.head.gvk())
        .is_some_and(|span| span.deprecated.is_some() || span.removed().is_some())
}

/// For information: that production depends on a custom resource that is not stable.
fn in_production(subjects: &[&Subject], given: &Given) -> Option<Finding> {
    let production = |subject: &&Subject| -> Vec<EnvironmentName> {
        environments(given.targets_of(&subject.head).filter(|target| target.production))
    };
    let mut environments = Vec::new();
    let mut there: Vec<&Subject> = Vec::new();
    for subject in subjects {
        let of = production(subject);
        if !of.is_empty() {
            there.push(subject);
        }
        for name in of {
            if !environments.contains(&name) {
                environments.push(name);
            }
        }
    }
    let head = &there.iter().min_by_key(|subject| &subject.head.at)?.head;
    let level = match head.gvk().stability() {
        Stability::Alpha => "an alpha",
        Stability::Beta | Stability::Stable => "a beta",
    };
    let others = match there.len() - 1 {
        0 => String::new(),
        1 => ", here and in one more object".to_owned(),
        others => format!(", here and in {others} more objects"),
    };
    let message = format!(
        "production depends on {} {}, {level} version{others}",
        head.api_version, head.kind
    );
    let fix = stable(subjects.first()?, given);
    let finding = finding(&RULE, head, environments, "apiVersion", message, &fix);
    Some(Finding { severity: Severity::Info, ..finding })
}

/// What to write instead, where a definition at hand serves something stable.
fn stable(subject: &Subject, given: &Given) -> String {
    let kind = subject.head.gvk();
    let served = given
        .definitions_of(&kind)
        .iter()
        .flat_map(|defined| defined.definition.versions.iter().filter(|version| version.served));
    let stable = served
        .map(|version| version.name.as_str())
        .find(|name| Stability::of(name) == Stability::Stable);
    match stable {
        Some(version) => format!("write {}/{version}", kind.group),
        None => "read the release notes of its project before each upgrade".to_owned(),
    }
}
