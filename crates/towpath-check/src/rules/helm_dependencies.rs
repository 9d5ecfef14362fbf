//! `dependsOn` of Helm releases: on one that nothing creates, and on each other. The same of Kustomizations is met where
//! clusters are rendered; the pages of both are in [`super::delivery`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use towpath_core::finding::Finding;

use super::created::{Created, Key, key, name};
use super::delivery::{DEPENDENCY_CYCLE, MISSING_DEPENDENCY};
use super::object::{HELM_RELEASE, at, environments, finding, is};
use crate::given::Given;
use crate::subject::{Subject, TargetId};

const FIELD: &str = "spec.dependsOn";

/// Releases that wait for one that nothing creates.
pub(super) fn missing(given: &Given) -> Vec<Finding> {
    let created = Created::by(given, |subject| release(subject));
    let mut found = Vec::new();
    for subject in given.subjects.iter().filter(|subject| is(&subject.head, HELM_RELEASE)) {
        let head = &subject.head;
        for (number, dependency) in dependencies(subject).enumerate() {
            let Some(environments) = created.missing(given, head, dependency) else { continue };
            let message = format!("depends on {}, which nothing creates", name(dependency));
            let fix = "add the HelmRelease that is depended on, or take the dependency out";
            let field = format!("{FIELD}[{number}]");
            found.push(finding(&MISSING_DEPENDENCY, head, environments, &field, message, fix));
        }
    }
    found
}

/// Releases of one cluster that wait for each other.
pub(super) fn cycles(given: &Given) -> Vec<Finding> {
    let mut by_target: BTreeMap<TargetId, BTreeMap<Key<'_>, &Subject>> = BTreeMap::new();
    for subject in &given.subjects {
        let Some(key) = release(subject) else { continue };
        if dependencies(subject).next().is_some() {
            for id in subject.head.targets.iter() {
                by_target.entry(*id).or_default().insert(key, subject);
            }
        }
    }
    let mut found = Vec::new();
    for (id, releases) in by_target {
        let environments = environments(given.target(id).into_iter());
        for cycle in cycles_of(&releases) {
            let Some(first) = cycle.first().and_then(|key| releases.get(key)) else { continue };
            let names: Vec<String> = cycle
                .iter()
                .chain(cycle.first())
                .map(|(_, ns, name)| format!("{ns}/{name}"))
                .collect();
            let message = format!("waits for itself: {}", names.join(" -> "));
            let fix = "take one of the dependencies out";
            let environments = environments.clone();
            found.push(finding(&DEPENDENCY_CYCLE, &first.head, environments, FIELD, message, fix));
        }
    }
    found
}

/// The cycles among releases, each from its first by name; of cycles that share a release, one.
fn cycles_of<'g>(releases: &BTreeMap<Key<'g>, &'g Subject>) -> Vec<Vec<Key<'g>>> {
    let mut found = Vec::new();
    let mut done: BTreeSet<Key<'_>> = BTreeSet::new();
    for start in releases.keys() {
        // Depth first, with what is on the way and where each of them is among its dependencies.
        let mut way: Vec<(Key<'g>, Vec<Key<'g>>)> = Vec::new();
        let mut next = Some(*start);
        loop {
            if let Some(key) = next.take() {
                if let Some(from) = way.iter().position(|(on_way, _)| *on_way == key) {
                    found.push(turned(way[from..].iter().map(|(key, _)| *key).collect()));
                } else if let Some(subject) = releases.get(&key).filter(|_| done.insert(key)) {
                    way.push((key, dependencies(subject).collect()));
                }
            }
            match way.last_mut() {
                Some((_, rest)) if !rest.is_empty() => next = rest.pop(),
                Some(_) => drop(way.pop()),
                None => break,
            }
        }
    }
    found
}

/// The same cycle from its first by name, so that it reads the same in every cluster.
fn turned(mut cycle: Vec<Key<'_>>) -> Vec<Key<'_>> {
    let first = cycle.iter().enumerate().min_by_key(|(_, key)| **key).map_or(0, |(at, _)| at);
    cycle.rotate_left(first);
    cycle
}

fn release(subject: &Subject) -> Option<Key<'_>> {
    let head = &subject.head;
    is(head, HELM_RELEASE).then_some(("HelmRelease", &*head.namespace, &*head.name))
}

fn dependencies(subject: &Subject) -> impl Iterator<Item = Key<'_>> {
    let named = at(&subject.value, FIELD).and_then(Value::as_array);
    named
        .into_iter()
        .flatten()
        .filter_map(|dependency| key(&subject.head, dependency, "HelmRelease"))
}
