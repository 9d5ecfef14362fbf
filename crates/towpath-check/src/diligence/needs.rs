//! What a component requires: a Kubernetes, definitions, namespaces, objects that it names.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use towpath_catalog::{Minor, lifecycle};
use towpath_core::pin::ObjectRef;

use super::view::View;
use super::{ChartKubernetes, Needed, NeededKind, Requires};
use crate::look;
use crate::subject::{Subject, TargetId};

/// Namespaces that every cluster with Flux has.
const ALWAYS: [&str; 5] =
    ["default", "kube-system", "kube-public", "kube-node-lease", "flux-system"];

pub(super) fn requires(view: &View<'_>, charts: &[ChartKubernetes]) -> Requires {
    let (from, below) = kubernetes(view);
    Requires {
        from,
        below,
        charts: charts.to_vec(),
        kinds: kinds(view),
        namespaces: namespaces(view),
        objects: objects(view),
    }
}

type Bound = Option<(Minor, Vec<String>)>;

/// The first Kubernetes with all built-in kinds that are used, and the first without one of them.
fn kubernetes(view: &View<'_>) -> (Bound, Bound) {
    // The table begins there: a kind of its first minor may be older.
    let beginning = towpath_catalog::lifecycles().map(|life| life.first).min();
    let mut from: BTreeMap<Minor, BTreeSet<String>> = BTreeMap::new();
    let mut below: BTreeMap<Minor, BTreeSet<String>> = BTreeMap::new();
    for subject in view.component {
        let Some(life) = lifecycle(&subject.head.gvk()) else { continue };
        if Some(life.first) != beginning {
            from.entry(life.first).or_default().insert(life.kind.to_string());
        }
        if let Some(gone) = life.gone {
            below.entry(gone).or_default().insert(life.kind.to_string());
        }
    }
    let bound = |(minor, kinds): (Minor, BTreeSet<String>)| (minor, kinds.into_iter().collect());
    (from.pop_last().map(bound), below.pop_first().map(bound))
}

fn kinds(view: &View<'_>) -> Vec<NeededKind> {
    let mut found: BTreeMap<(&str, &str), NeededKind> = BTreeMap::new();
    for subject in view.component {
        let (head, kind) = (&subject.head, subject.head.gvk());
        let brought = lifecycle(&kind).is_some() || view.own.contains_key(&(kind.group, kind.kind));
        if !brought {
            found.entry((&head.api_version, &head.kind)).or_insert_with(|| NeededKind {
                api_version: head.api_version.clone(),
                kind: head.kind.clone(),
                defined_at: view.defined_at(&kind).cloned(),
                used_by: head.reference(),
            });
        }
    }
    found.into_values().collect()
}

fn namespaces(view: &View<'_>) -> Vec<Needed<String>> {
    let mut used: BTreeMap<&str, &Subject> = BTreeMap::new();
    for subject in view.component {
        let own = [subject.head.namespace.as_str(), look::namespace(&subject.head, &subject.value)];
        for name in own.into_iter().filter(|name| !name.is_empty()) {
            used.entry(name).or_insert(subject);
        }
    }
    let is = |subject: &Subject, name: &str| {
        let kind = subject.head.gvk();
        (kind.group, kind.kind) == ("", "Namespace") && subject.head.name == name
    };
    // Helm makes the namespace of a release where it is asked to.
    let made = |name: &str| {
        view.component.iter().any(|it| {
            look::at(&it.value, &["spec", "install", "createNamespace"]) == Some(&Value::Bool(true))
                && look::namespace(&it.head, &it.value) == name
                && it.head.namespace != name
        })
    };
    let brought = |name: &str| {
        ALWAYS.contains(&name) || made(name) || view.component.iter().any(|it| is(it, name))
    };
    let unmet = used.into_iter().filter(|(name, _)| !brought(name));
    unmet.map(|(name, by)| needed(view, name.to_owned(), by, |subject| is(subject, name))).collect()
}

/// The objects that a component names and does not bring: sources, values, and what it depends on.
fn objects(view: &View<'_>) -> Vec<Needed<ObjectRef>> {
    let mut found: BTreeMap<ObjectRef, &Subject> = BTreeMap::new();
    for subject in view.component {
        let group = subject.head.gvk().group;
        if group.ends_with(".toolkit.fluxcd.io") {
            for object in named(subject) {
                found.entry(object).or_insert(subject);
            }
        }
    }
    let is = |subject: &Subject, object: &ObjectRef| subject.head.reference() == *object;
    let brought = |object: &ObjectRef| view.component.iter().any(|it| is(it, object));
    let unmet = found.into_iter().filter(|(object, _)| !brought(object));
    unmet
        .map(|(object, by)| needed(view, object.clone(), by, |subject| is(subject, &object)))
        .collect()
}

/// What an object of Flux names that must be there.
fn named(subject: &Subject) -> Vec<ObjectRef> {
    let (head, value) = (&subject.head, &subject.value);
    let object = |reference: &Value, kind: Option<&str>| {
        let field = |name: &str| look::text(reference, &[name]).map(str::to_owned);
        Some(ObjectRef {
            kind: field("kind").or_else(|| kind.map(str::to_owned))?,
            namespace: field("namespace").unwrap_or_else(|| head.namespace.clone()),
            name: field("name")?,
        })
    };
    let one = |path: &[&str], kind: Option<&str>| {
        look::at(value, path).and_then(|reference| object(reference, kind))
    };
    // An optional object may be missing.
    let needed =
        |reference: &&Value| reference.get("optional").and_then(Value::as_bool) != Some(true);
    let many = |path: &[&str], kind: Option<&str>| -> Vec<ObjectRef> {
        look::items(value, path).filter(needed).filter_map(|it| object(it, kind)).collect()
    };
    let mut found: Vec<ObjectRef> = [
        one(&["spec", "sourceRef"], None),
        one(&["spec", "chartRef"], None),
        one(&["spec", "chart", "spec", "sourceRef"], None),
        one(&["spec", "secretRef"], Some("Secret")),
    ]
    .into_iter()
    .flatten()
    .collect();
    found.extend(many(&["spec", "dependsOn"], Some(&head.kind)));
    found.extend(many(&["spec", "valuesFrom"], None));
    found.extend(many(&["spec", "postBuild", "substituteFrom"], None));
    found
}

/// Something that is needed, and where nothing brings it.
fn needed<T>(
    view: &View<'_>,
    what: T,
    by: &Subject,
    brings: impl Fn(&Subject) -> bool,
) -> Needed<T> {
    let there: Vec<&Subject> = view.others().filter(|subject| brings(subject)).collect();
    let mut missing_in = Vec::new();
    for (id, target) in (0..).map(TargetId).zip(&view.given.targets) {
        let has = there.iter().any(|subject| view.has(id, &subject.head));
        if let Some(name) = target.environment().filter(|name| !has && !missing_in.contains(*name))
        {
            missing_in.push(name.clone());
        }
    }
    Needed { what, used_by: by.head.reference(), missing_in, missing: there.is_empty() }
}
