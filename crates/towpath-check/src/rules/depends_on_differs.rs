//! The same Kustomization with other dependencies in another environment: what was tried in one is
//! not what happens in the other.

use std::collections::{BTreeMap, BTreeSet};

use towpath_core::finding::{Finding, Severity};
use towpath_core::id::EnvironmentName;
use towpath_core::pin::Location;

use crate::sight::{Step, clusters, list, steps, target};
use crate::{Check, Context, Rule};

pub(super) const RULE: Rule = Rule {
    id: "depends-on-differs",
    severity: Severity::Warning,
    title: "The same Kustomization has different dependencies in different environments",
    why: "\
`dependsOn` decides in which order Flux applies Kustomizations. Where one environment has a dependency
that another lacks, the order there was never tried in the environments before it: a change that went
well in staging can fail in production, or the other way round. Dependencies on a Kustomization that the
other environment does not have at all are not compared.",
    fix: "\
Write the same `dependsOn` in every environment. Usually the one with more dependencies is right.",
    example_bad: "\
# clusters/production/platform.yaml
metadata:
  name: platform-service-configs
spec:
  dependsOn:
    - name: platform-services
---
# clusters/staging/platform.yaml
metadata:
  name: platform-service-configs
spec: {}
",
    example_good: "\
# clusters/staging/platform.yaml
metadata:
  name: platform-service-configs
spec:
  dependsOn:
    - name: platform-services
",
    check: Check::Repository(check),
};

type Name<'a> = (&'a str, &'a str);

/// Clusters whose Kustomization of one name has the same dependencies.
struct Alike<'a> {
    /// The last of them on the path.
    step: Step<'a>,
    environments: Vec<&'a EnvironmentName>,
    /// Their clusters, by position.
    clusters: Vec<usize>,
}

fn check(context: &Context<'_>) -> Vec<Finding> {
    let mut names: Vec<BTreeSet<Name<'_>>> = Vec::new();
    let mut all: BTreeMap<Name<'_>, BTreeMap<BTreeSet<Name<'_>>, Alike<'_>>> = BTreeMap::new();
    let on_path = clusters(context.resolved).filter(|(_, environment)| !environment.sandbox);
    for (position, (cluster, environment)) in on_path.enumerate() {
        let mut here = BTreeSet::new();
        for step in steps(context.inventory, cluster) {
            let object = step.placed.object;
            let name = (object.namespace.as_str(), object.name.as_str());
            here.insert(name);
            let depends_on = step.what.depends_on.iter().map(|d| target(object, d)).collect();
            let alike = all.entry(name).or_default().entry(depends_on).or_insert_with(|| Alike {
                step,
                environments: Vec::new(),
                clusters: Vec::new(),
            });
            alike.step = step;
            alike.clusters.push(position);
            if alike.environments.last() != Some(&&environment.name) {
                alike.environments.push(&environment.name);
            }
        }
        names.push(here);
    }
    let has = |alike: &Alike<'_>, name: &Name<'_>| {
        alike.clusters.iter().any(|c| names[*c].contains(name))
    };
    let mut found = Vec::new();
    for ways in all.values().filter(|ways| ways.len() > 1) {
        // What the end of the path has is what the others are compared with.
        let Some((wanted, last)) = ways.iter().max_by_key(|(_, alike)| alike.clusters.last())
        else {
            continue;
        };
        for (depends_on, other) in ways.iter().filter(|(depends_on, _)| *depends_on != wanted) {
            let more = wanted.difference(depends_on).any(|name| has(other, name));
            let fewer = depends_on.difference(wanted).any(|name| has(last, name));
            if more || fewer {
                found.push(finding((wanted, last), (depends_on, other)));
            }
        }
    }
    found
}

type Way<'w, 'a> = (&'w BTreeSet<Name<'a>>, &'w Alike<'a>);

fn finding(last: Way<'_, '_>, other: Way<'_, '_>) -> Finding {
    // The place that has a dependency shows it; the place that has none is only named.
    let (shown, named) = if last.0.is_empty() { (other, last) } else { (last, other) };
    let object = shown.1.step.placed.object;
    let says = |way: &Way<'_, '_>| {
        let names: Vec<&str> = way.0.iter().map(|(_, name)| *name).collect();
        let environments: Vec<&str> = way.1.environments.iter().map(|e| e.as_str()).collect();
        (list(&names), list(&environments))
    };
    let ((depends, here), (depends_there, there)) = (says(&shown), says(&named));
    let elsewhere = place(&named.1.step);
    Finding {
        rule: RULE.id,
        severity: RULE.severity,
        environments: shown.1.environments.last().map(|e| (*e).clone()).into_iter().collect(),
        object: Some(object.reference()),
        field: None,
        at: place(&shown.1.step),
        message: format!(
            "{} depends on {depends} in {here}, and on {depends_there} in {there} ({elsewhere})",
            object.name
        ),
        fix: "write the same dependsOn in every environment".to_owned(),
    }
}

fn place(step: &Step<'_>) -> Location {
    let mark = step.what.depends_on_at.unwrap_or(step.placed.object.at);
    mark.in_file(step.placed.file)
}
