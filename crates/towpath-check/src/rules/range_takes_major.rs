//! Ranges that take a new major version: its breaking changes arrive without a commit.

use towpath_core::finding::{Finding, Severity};
use towpath_core::version::{Range, Version};

use super::object::{GroupKind, HELM_RELEASE, SOURCES, at, finding, is, lasting, text};
use crate::given::Given;
use crate::subject::Subject;
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "range-takes-major",
    severity: Severity::Warning,
    title: "A version range takes a new major version",
    why: "\
A new major version is the author's way of saying that something breaks. Whoever follows a range that admits it gets it
at the moment it is published, without a commit to review or to undo. As Flux reads ranges, `>=1.2`, `>1.0.0`, `*` and a
chart without a version have no end, `~0.0.0` admits everything, and `>=1.0.0-0 <2.0.0` admits prereleases of 2.0.0.",
    fix: "Stay within a major version: `1.x`, `^1.2`, `>=1.2.0 <2.0.0`. A new major version is a commit of its own.",
    example_bad: "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: podinfo, namespace: apps}
spec:
  interval: 10m
  chart:
    spec:
      chart: podinfo
      version: '>5.0.0'
      sourceRef: {kind: HelmRepository, name: podinfo}
",
    example_good: "\
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: podinfo, namespace: apps}
spec:
  interval: 10m
  chart:
    spec:
      chart: podinfo
      version: 6.x
      sourceRef: {kind: HelmRepository, name: podinfo}
",
    check: Check::Object(check),
};

/// The fields with a range, by kind.
const RANGES: [(GroupKind, &str); 5] = [
    ((SOURCES, "GitRepository"), "spec.ref.semver"),
    ((SOURCES, "HelmChart"), "spec.version"),
    ((SOURCES, "OCIRepository"), "spec.ref.semver"),
    (("fluxcd.controlplane.io", "FluxInstance"), "spec.distribution.version"),
    (HELM_RELEASE, "spec.chart.spec.version"),
];

fn check(subject: &Subject, given: &Given) -> Vec<Finding> {
    let (head, value) = (&subject.head, &subject.value);
    let Some((_, field)) = RANGES.into_iter().find(|(kind, _)| is(head, *kind)) else {
        return Vec::new();
    };
    // What comes before `semver` in the order of Flux decides alone, and of a chart in a Git repository or a bucket the
    // version is ignored.
    let first = ["spec.ref.commit", "spec.ref.name", "spec.ref.digest"];
    let is_ref = field == "spec.ref.semver";
    let chart = field.rsplit_once('.').and_then(|(spec, _)| at(value, spec));
    let source = chart.and_then(|chart| text(chart, "sourceRef.kind"));
    if (is_ref && first.iter().any(|field| text(value, field).is_some()))
        || matches!(source, Some("GitRepository" | "Bucket"))
    {
        return Vec::new();
    }
    let message = match (text(value, field), source) {
        (Some(range), _) => further_major(range).map(|further| {
            format!("the range `{range}` admits a new major version, such as {further}")
        }),
        (None, Some("HelmRepository")) => chart.and_then(|spec| text(spec, "chart")).map(|chart| {
            format!("no version of chart {chart} is given, which admits every new major version")
        }),
        _ => None,
    };
    let (Some(message), Some(environments)) = (message, lasting(given, head)) else {
        return Vec::new();
    };
    let fix = "stay within a major version, as `1.x` does";
    vec![finding(&RULE, head, environments, field, message, fix)]
}

/// What is no range is told elsewhere, or not known before it is substituted.
fn further_major(range: &str) -> Option<Version> {
    Range::parse(range).ok()?.further_major()
}
