//! A component beside the path that it would enter: what each of them defines. Must not judge.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use towpath_catalog::GroupVersionKind;
use towpath_core::id::RepoPath;
use towpath_core::pin::Location;

use crate::given::{Defined, Given};
use crate::look;
use crate::subject::{Head, Source, Subject, TargetId};

/// A component beside the path.
pub(super) struct View<'g> {
    pub(super) component: &'g [Subject],
    pub(super) given: &'g Given,
    files: BTreeSet<&'g RepoPath>,
    /// The kinds that the component defines, by group and kind.
    pub(super) own: BTreeMap<(&'g str, &'g str), Vec<&'g str>>,
}

impl<'g> View<'g> {
    pub(super) fn new(component: &'g [Subject], given: &'g Given) -> Self {
        let files = component.iter().map(|subject| &subject.head.at.file).collect();
        let mut own: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for (key, served) in component.iter().filter_map(definition) {
            own.entry(key).or_default().extend(served);
        }
        Self { component, given, files, own }
    }

    /// The objects of the path that are not the component's.
    pub(super) fn others(&self) -> impl Iterator<Item = &'g Subject> + '_ {
        self.given.subjects.iter().filter(|subject| !self.files.contains(&subject.head.at.file))
    }

    /// Whether a target has an object of the path.
    pub(super) fn has(&self, target: TargetId, head: &Head) -> bool {
        head.targets.is_empty() || head.targets.contains(&target)
    }

    /// The definitions of a kind that the path has without the component.
    fn defined(&self, kind: &GroupVersionKind<'_>) -> impl Iterator<Item = &'g Defined> {
        let all = self.given.definitions_of(kind).iter();
        all.filter(|defined| !self.files.contains(&defined.at.file))
    }

    /// The versions of a kind that are served in a target without the component.
    pub(super) fn served(&self, kind: &GroupVersionKind<'_>, target: TargetId) -> Vec<&'g str> {
        let own = self.defined(kind).filter(|defined| defined.is_for(target));
        let versions = own.flat_map(|defined| &defined.definition.versions);
        versions.filter(|version| version.served).map(|version| version.name.as_str()).collect()
    }

    /// Where the path defines a kind.
    pub(super) fn defined_at(&self, kind: &GroupVersionKind<'_>) -> Option<&'g Location> {
        self.defined(kind).next().map(|defined| &defined.at)
    }

    /// What of the component nobody rendered.
    pub(super) fn not_seen(&self) -> Vec<String> {
        let rendered: BTreeSet<&str> = self
            .component
            .iter()
            .filter_map(|subject| match &subject.head.source {
                Source::HelmRelease { release } => Some(release.as_str()),
                _ => None,
            })
            .collect();
        let mut found = Vec::new();
        for Subject { head, value } in self.component {
            let group = head.gvk().group;
            if look::is_helm_release(head) {
                let namespace = look::namespace(head, value);
                let name = look::text(value, &["spec", "releaseName"]).unwrap_or(&head.name);
                if !rendered.contains(format!("{namespace}/{name}").as_str()) {
                    found.push(format!(
                        "what the chart of {} brings (definitions, webhooks, roles, images): it is not rendered",
                        head.reference()
                    ));
                }
            } else if group == "kustomize.toolkit.fluxcd.io" && head.kind == "Kustomization" {
                found.push(format!(
                    "what {} applies, as far as it is not among the objects of the component",
                    head.reference()
                ));
            }
        }
        found
    }
}

/// The group and kind that an object defines, and the versions that are served.
fn definition(subject: &Subject) -> Option<((&str, &str), Vec<&str>)> {
    is_definition(&subject.head).then_some(())?;
    let value = &subject.value;
    let group = look::text(value, &["spec", "group"])?;
    let kind = look::text(value, &["spec", "names", "kind"])?;
    let served = |version: &&Value| version.get("served").and_then(Value::as_bool).unwrap_or(false);
    let listed = look::items(value, &["spec", "versions"]).filter(served);
    let mut served: Vec<&str> = listed.filter_map(|it| look::text(it, &["name"])).collect();
    // `v1beta1` could leave the list out.
    if look::at(value, &["spec", "versions"]).is_none() {
        served.extend(look::text(value, &["spec", "version"]));
    }
    Some(((group, kind), served))
}

pub(super) fn is_definition(head: &Head) -> bool {
    (head.gvk().group, head.kind.as_str()) == ("apiextensions.k8s.io", "CustomResourceDefinition")
}
