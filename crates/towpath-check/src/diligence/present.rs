//! What of a component the path has already, in files that are not the component's.

use std::collections::BTreeSet;

use serde_json::Value;
use towpath_core::pin::ObjectRef;

use super::view::{View, is_definition};
use super::{Present, PresentWhat};
use crate::look;
use crate::subject::{Source, Subject};

pub(super) fn present(view: &View<'_>) -> Vec<Present> {
    let own: BTreeSet<(&str, ObjectRef)> =
        view.component.iter().map(|it| (it.head.gvk().group, it.head.reference())).collect();
    let charts: BTreeSet<&str> = view.component.iter().filter_map(chart).collect();
    let mut found: Vec<Present> = Vec::new();
    for subject in view.others() {
        let head = &subject.head;
        // What clusters and Helm say of an object is that object, and not another.
        if !matches!(head.source, Source::File | Source::Rendered) {
            continue;
        }
        let what = if let Some(definition) = definition(view, subject) {
            definition
        } else if own.contains(&(head.gvk().group, head.reference())) {
            PresentWhat::Object(head.reference())
        } else if let Some(chart) = chart(subject).filter(|chart| charts.contains(chart)) {
            PresentWhat::Chart { chart: chart.to_owned(), release: head.reference() }
        } else if let Some(own) = default(view, subject) {
            PresentWhat::Default { there: head.reference(), own }
        } else {
            continue;
        };
        let (at, environments) = (head.at.clone(), view.given.environments_of(head));
        match found.iter_mut().find(|it| it.what == what && it.at == at) {
            Some(known) => {
                let new =
                    environments.into_iter().filter(|name| !known.environments.contains(name));
                let new: Vec<_> = new.collect();
                known.environments.extend(new);
            }
            None => found.push(Present { what, at, environments }),
        }
    }
    found.sort_by(|a, b| (&a.what, &a.at).cmp(&(&b.what, &b.at)));
    found
}

/// A definition of a kind that the component defines, too.
fn definition(view: &View<'_>, subject: &Subject) -> Option<PresentWhat> {
    is_definition(&subject.head).then_some(())?;
    let value = &subject.value;
    let text = |path: &[&str]| look::text(value, path);
    let key = (text(&["spec", "group"])?, text(&["spec", "names", "kind"])?);
    view.own.get(&key)?;
    let versions = look::items(value, &["spec", "versions"]);
    let versions = versions.filter_map(|version| look::text(version, &["name"]).map(str::to_owned));
    Some(PresentWhat::Definition { name: subject.head.name.clone(), versions: versions.collect() })
}

/// The chart of a release, by name.
fn chart(subject: &Subject) -> Option<&str> {
    look::is_helm_release(&subject.head)
        .then(|| look::text(&subject.value, &["spec", "chart", "spec", "chart"]))?
}

/// The class of the component that is the default of its kind, as this one of the path is.
fn default(view: &View<'_>, subject: &Subject) -> Option<String> {
    is_default(subject).then_some(())?;
    let kind = |it: &Subject| (it.head.gvk().group.to_owned(), it.head.kind.clone());
    let own = view.component.iter().find(|it| is_default(it) && kind(it) == kind(subject))?;
    Some(own.head.name.clone())
}

fn is_default(subject: &Subject) -> bool {
    let annotated =
        |name: &str| look::text(&subject.value, &["metadata", "annotations", name]) == Some("true");
    match (subject.head.gvk().group, subject.head.kind.as_str()) {
        ("storage.k8s.io", "StorageClass") => {
            annotated("storageclass.kubernetes.io/is-default-class")
        }
        ("networking.k8s.io", "IngressClass") => {
            annotated("ingressclass.kubernetes.io/is-default-class")
        }
        ("scheduling.k8s.io", "PriorityClass") => {
            look::at(&subject.value, &["globalDefault"]) == Some(&Value::Bool(true))
        }
        _ => false,
    }
}
