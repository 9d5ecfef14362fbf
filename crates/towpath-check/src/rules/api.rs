//! What `removed-api` and `deprecated-api` share: words, and the judgement of custom resources by the release of the
//! project that owns them.

use std::collections::BTreeMap;

use towpath_catalog::{CrdSpan, Lifecycle, Release};
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::EnvironmentName;

use crate::Rule;
use crate::given::Given;
use crate::subject::{Head, Kubernetes, Source};

/// `, and 1.30 runs there`; empty where that is clear from the question. Environments are not named: what is found in
/// several of them is one finding.
pub(super) fn runs(kubernetes: Kubernetes, environments: &[EnvironmentName]) -> String {
    if environments.is_empty() || kubernetes.assumed {
        return String::new();
    }
    format!(", and {} runs there", kubernetes.minor)
}

/// ` (by the last-applied annotation)`, for what does not stand in a file.
fn said_by(head: &Head) -> String {
    match &head.source {
        Source::File | Source::Rendered | Source::Served => String::new(),
        Source::HelmRelease { release } => {
            format!(" (in the manifest of Helm release {release})")
        }
        Source::Live { said_by } => format!(" (by {said_by})"),
    }
}

/// A built-in kind that is told of, with those for whom it is.
pub(super) fn built_in(
    rule: &Rule,
    head: &Head,
    life: &Lifecycle,
    (kubernetes, environments): (&Kubernetes, &Vec<EnvironmentName>),
    what: &str,
) -> Finding {
    Finding {
        rule: rule.id,
        severity: rule.severity,
        environments: environments.clone(),
        object: Some(head.reference()),
        field: Some("apiVersion".to_owned()),
        at: head.at.clone(),
        message: format!(
            "{} {} {what}{}{}",
            head.api_version,
            head.kind,
            runs(*kubernetes, environments),
            said_by(head)
        ),
        fix: replacement(life, *kubernetes),
    }
}

/// What to write instead of a built-in kind.
pub(super) fn replacement(life: &Lifecycle, kubernetes: Kubernetes) -> String {
    let next = life.replacement_in(kubernetes.minor).map(|life| life.kind).or(life.replacement);
    match next {
        Some(next) if next.kind == life.kind.kind => format!("write {}", next.api_version()),
        Some(next) => format!("use {next}"),
        None => {
            "nothing replaces it: remove the object, or find out what took its place".to_owned()
        }
    }
}

/// Custom resources in a version that their project removed.
pub(super) fn removed(
    rule: &'static str,
    head: &Head,
    span: &CrdSpan,
    given: &Given,
) -> Vec<Finding> {
    let Some(removed) = span.removed() else { return Vec::new() };
    let mut found = Vec::new();
    for (release, environments) in by_release(head, span, given) {
        let severity = match release {
            Some(release) if release >= removed => Severity::Error,
            // It works with what is installed; that it breaks later is said by `deprecated-api`.
            Some(_) => continue,
            None => Severity::Warning,
        };
        let message = format!(
            "{} {} was removed in {}{}{}",
            head.api_version,
            head.kind,
            names(span, removed),
            installed(span, release),
            said_by(head)
        );
        found.push(finding(rule, severity, head, (span, release), environments, message));
    }
    found
}

/// Custom resources in a version that their project announced to remove, or removes in a later release than the one
/// that is installed.
pub(super) fn deprecated(
    rule: &'static str,
    head: &Head,
    span: &CrdSpan,
    given: &Given,
) -> Vec<Finding> {
    let removed = span.removed();
    let Some(since) = span.deprecated.or(removed) else { return Vec::new() };
    let mut found = Vec::new();
    for (release, environments) in by_release(head, span, given) {
        let is_gone =
            removed.is_some_and(|removed| release.is_none_or(|release| release >= removed));
        // What is gone is told by `removed-api`; what is not deprecated yet there is still worth knowing where it is known to
        // go.
        if is_gone || (release.is_some_and(|release| release < since) && removed.is_none()) {
            continue;
        }
        let deprecated = match span.deprecated {
            Some(since) => format!("is deprecated since {}", names(span, since)),
            None => "will go".to_owned(),
        };
        let until = match removed {
            Some(removed) => format!("; it is gone in {}", names(span, removed)),
            None => String::new(),
        };
        let message = format!(
            "{} {} {deprecated}{until}{}{}",
            head.api_version,
            head.kind,
            installed(span, release),
            said_by(head)
        );
        found.push(finding(rule, Severity::Warning, head, (span, release), environments, message));
    }
    found
}

fn finding(
    rule: &'static str,
    severity: Severity,
    head: &Head,
    (span, release): (&CrdSpan, Option<Release>),
    environments: Vec<EnvironmentName>,
    message: String,
) -> Finding {
    Finding {
        rule,
        severity,
        environments,
        object: Some(head.reference()),
        field: Some("apiVersion".to_owned()),
        at: head.at.clone(),
        message,
        fix: match span.successor() {
            Some(next) if release.is_some_and(|release| release < next.first) => format!(
                "write {} when {} is installed, which brings it",
                next.kind.api_version(),
                names(&next, next.first)
            ),
            Some(next) => format!("write {}", next.kind.api_version()),
            None => format!("see the release notes of {}", span.project),
        },
    }
}

/// The environments of an object by the release of the project that they have; `None`: it is not known.
fn by_release(
    head: &Head,
    span: &CrdSpan,
    given: &Given,
) -> BTreeMap<Option<Release>, Vec<EnvironmentName>> {
    let mut found: BTreeMap<_, Vec<EnvironmentName>> = BTreeMap::new();
    for target in given.targets_of(head) {
        let environments = found.entry(target.projects.get(span.project).copied()).or_default();
        if let Some(name) = target.environment()
            && !environments.contains(name)
        {
            environments.push(name.clone());
        }
    }
    found
}

/// `source-controller 1.7, which is part of Flux 2.7`.
fn names(span: &CrdSpan, release: Release) -> String {
    let project = span.project.rsplit('/').next().unwrap_or(span.project);
    match span.flux(release) {
        Some(flux) => format!("Flux {flux} ({project} {release})"),
        None => format!("{project} {release}"),
    }
}

fn installed(span: &CrdSpan, release: Option<Release>) -> String {
    let Some(release) = release else { return String::new() };
    format!(", and {} is installed there", names(span, release))
}
