//! Charts of the repository that refuse the Kubernetes of a cluster that is given them.

use std::collections::BTreeMap;

use serde_json::Value;
use towpath_catalog::Minor;
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::EnvironmentName;
use towpath_core::version::{Range, Version};

use super::object::{HELM_RELEASE, SOURCES, at, finding, is, text};
use crate::chart::Chart;
use crate::given::Given;
use crate::subject::{Subject, Target, TargetId};
use crate::{Check, Rule};

pub(super) const RULE: Rule = Rule {
    id: "chart-kubernetes-version",
    severity: Severity::Error,
    title: "A chart does not take the Kubernetes of an environment",
    why: "\
Helm compares `kubeVersion` of `Chart.yaml` with the version of the cluster before it renders anything, and refuses to
install or upgrade. It is found for charts that lie in the repository, for environments whose Kubernetes is stated. Where
only some patch releases of it are taken it is a warning. A version with a suffix, such as `v1.30.2-gke.1` or
`v1.30.2-eks-1`, counts as a prerelease for most releases of Helm, and a range takes prereleases only where it names one:
`>=1.30.0` refuses it, `>=1.30.0-0` takes it. Where this is all that is wrong it is an information.",
    fix: "\
Upgrade the cluster first, or keep the older chart there; where the chart runs on it, widen `kubeVersion`, with `-0` after
its lower bound.",
    example_bad: "\
# Kubernetes 1.30
# charts/web/Chart.yaml
apiVersion: v2
name: web
version: 1.2.3
kubeVersion: '>=1.31.0-0'
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 1h
  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}
",
    example_good: "\
# Kubernetes 1.30
# charts/web/Chart.yaml
apiVersion: v2
name: web
version: 1.2.3
kubeVersion: '>=1.30.0-0'
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: apps}
spec:
  interval: 1h
  chart: {spec: {chart: ./charts/web, sourceRef: {kind: GitRepository, name: flux-system, namespace: flux-system}}}
",
    check: Check::Objects(check),
};

fn check(given: &Given) -> Vec<Finding> {
    let mut found = Vec::new();
    if given.charts.is_empty() {
        return found;
    }
    for release in given.subjects.iter().filter(|subject| is(&subject.head, HELM_RELEASE)) {
        let mut told: BTreeMap<(Severity, String), Vec<EnvironmentName>> = BTreeMap::new();
        for (id, target) in targets(given, release) {
            let Some(chart) = chart_of(given, id, release) else { continue };
            let Some((severity, message)) = judged(chart, target) else { continue };
            let environments = told.entry((severity, message)).or_default();
            if let Some(name) = target.environment().filter(|name| !environments.contains(name)) {
                environments.push(name.clone());
            }
        }
        let field = match at(&release.value, "spec.chart") {
            Some(_) => "spec.chart.spec.chart",
            None => "spec.chartRef",
        };
        let fix = "upgrade the cluster first, or let the chart take its Kubernetes";
        found.extend(told.into_iter().map(|((severity, message), environments)| Finding {
            severity,
            ..finding(&RULE, &release.head, environments, field, message, fix)
        }));
    }
    found
}

/// Those who are given a release, or all where nobody is known to be.
fn targets<'g>(
    given: &'g Given,
    release: &'g Subject,
) -> impl Iterator<Item = (TargetId, &'g Target)> {
    let own = &release.head.targets;
    let all = (0..).map(TargetId).zip(&given.targets);
    all.filter(move |(id, _)| own.is_empty() || own.contains(id))
}

/// What a chart says of the Kubernetes of a target, where that is not that it runs there for sure.
fn judged(chart: &Chart, target: &Target) -> Option<(Severity, String)> {
    let (written, minor) = (chart.kubernetes.as_ref()?, target.kubernetes.minor);
    let what = format!("the chart {} wants Kubernetes {written} ({})", chart.name, chart.at);
    let Ok(range) = Range::parse(written) else {
        let message = format!("{what}, which is no range: Helm refuses it everywhere");
        return Some((Severity::Error, message));
    };
    if target.kubernetes.assumed {
        return None;
    }
    Some(match taken(&range, minor) {
        Taken::Nothing => (RULE.severity, format!("{what}, and {minor} runs there")),
        Taken::Some => {
            (Severity::Warning, format!("{what}, which takes only some releases of {minor}"))
        }
        Taken::Released => (
            Severity::Info,
            format!(
                "{what}, which takes {minor} and not a version with a suffix, such as v{minor}.2-gke.1"
            ),
        ),
        Taken::All => return None,
    })
}

/// What a range takes of a minor.
enum Taken {
    Nothing,
    Some,
    /// All but versions with a suffix.
    Released,
    All,
}

/// No minor of Kubernetes has had as many patch releases.
const PATCHES: u32 = 64;

fn taken(range: &Range, minor: Minor) -> Taken {
    let admits = |patch: u32, suffix: &str| {
        Version::parse(&format!("{minor}.{patch}{suffix}"))
            .is_ok_and(|version| range.matches(&version))
    };
    let count = |suffix: &str| (0..PATCHES).filter(|patch| admits(*patch, suffix)).count();
    let all = PATCHES as usize;
    match (count(""), count("-gke.1")) {
        (0, _) => Taken::Nothing,
        (released, suffixed) if released == all && suffixed == all => Taken::All,
        (released, _) if released == all => Taken::Released,
        _ => Taken::Some,
    }
}

/// The chart of the repository that a release installs, where it is one.
fn chart_of<'g>(given: &'g Given, id: TargetId, release: &Subject) -> Option<&'g Chart> {
    let (head, value) = (&release.head, &release.value);
    let object = |group: &str, reference: &Value| {
        let (kind, name) = (text(reference, "kind")?, text(reference, "name")?);
        let namespace = text(reference, "namespace").unwrap_or(&head.namespace);
        given.of_target(id).find(|subject| {
            let own = subject.head.gvk();
            (own.group, own.kind, &*subject.head.namespace, &*subject.head.name)
                == (group, kind, namespace, name)
        })
    };
    let spec = match at(value, "spec.chartRef") {
        None => at(value, "spec.chart.spec")?,
        Some(reference) => {
            let source = object(SOURCES, reference)?;
            if is(&source.head, (SOURCES, "OCIRepository")) {
                return of_artifact(given, &source.value);
            }
            at(&source.value, "spec").filter(|_| is(&source.head, (SOURCES, "HelmChart")))?
        }
    };
    let source = at(spec, "sourceRef")?;
    let chart = text(spec, "chart")?;
    match text(source, "kind")? {
        "GitRepository" => {
            let own = given.of_target(id).find(|subject| {
                is(&subject.head, (SOURCES, "GitRepository")) && subject.head.name == "flux-system"
            });
            let is_elsewhere = object(SOURCES, source)
                .zip(own)
                .is_some_and(|(source, own)| url(source) != url(own));
            let folder = folder(chart);
            given.charts.iter().find(|chart| !is_elsewhere && chart.folder == folder)
        }
        "HelmRepository" => called(given, chart, text(spec, "version").unwrap_or("*")),
        _ => None,
    }
}

/// The chart of an artifact; what only a digest names is not known by its version.
fn of_artifact<'g>(given: &'g Given, source: &Value) -> Option<&'g Chart> {
    let name = text(source, "spec.url")?.trim_end_matches('/').rsplit('/').next()?;
    let version = text(source, "spec.ref.semver").or_else(|| text(source, "spec.ref.tag"))?;
    called(given, name, version)
}

/// A chart of the repository by name and version: whoever publishes charts often has them beside what installs them.
fn called<'g>(given: &'g Given, name: &str, range: &str) -> Option<&'g Chart> {
    let range = Range::parse(range).ok()?;
    given.charts.iter().find(|chart| {
        let version = chart.version.as_deref().and_then(|text| Version::parse_loose(text).ok());
        chart.name == name && version.is_some_and(|version| range.matches(&version))
    })
}

/// The URL of a source, without what may be written or left out.
fn url(source: &Subject) -> Option<&str> {
    let url = text(&source.value, "spec.url")?;
    Some(url.trim_end_matches('/').trim_end_matches(".git"))
}

/// `./charts/web/` as the repository names it.
fn folder(path: &str) -> String {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.collect::<Vec<_>>().join("/")
}
