//! A component beside the path that it would enter: what each of them defines. Must not judge.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use towpath_catalog::GroupVersionKind;
use towpath_core::id::{EnvironmentName, RepoPath};
use towpath_core::pin::Location;

use crate::given::Given;
use crate::look;
use crate::subject::{Head, Source, Subject, TargetId};

/// A component beside the path.
pub(super) struct View<'g> {
    pub(super) component: &'g [Subject],
    pub(super) given: &'g Given,
    files: BTreeSet<&'g RepoPath>,
    /// The kinds that the component defines, by group and kind.
    pub(super) own: BTreeMap<(&'g str, &'g str), Vec<&'g str>>,
    /// The same for the path without the component.
    pub(super) defined: BTreeMap<(&'g str, &'g str), Vec<Defines<'g>>>,
}

/// A definition of the path.
pub(super) struct Defines<'g> {
    /// The versions that are served.
    pub(super) served: Vec<&'g str>,
    /// Where; `None` for one that was handed over besides, for all.
    pub(super) head: Option<&'g Head>,
}

impl<'g> View<'g> {
    pub(super) fn new(component: &'g [Subject], given: &'g Given) -> Self {
        let files = component.iter().map(|subject| &subject.head.at.file).collect();
        let mut own: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for (key, served) in component.iter().filter_map(definition) {
            own.entry(key).or_default().extend(served);
        }
        let mut view = Self { component, given, files, own, defined: BTreeMap::new() };
        let mut defined: BTreeMap<_, Vec<Defines<'g>>> = BTreeMap::new();
        for subject in view.others() {
            if let Some((key, served)) = definition(subject) {
                defined.entry(key).or_default().push(Defines { served, head: Some(&subject.head) });
            }
        }
        for ((group, kind), handed) in &given.definitions {
            for it in handed.iter().filter(|it| it.targets.is_none()) {
                let versions = it.definition.versions.iter().filter(|version| version.served);
                let served = versions.map(|version| version.name.as_str()).collect();
                let key = (group.as_str(), kind.as_str());
                defined.entry(key).or_default().push(Defines { served, head: None });
            }
        }
        view.defined = defined;
        view
    }

    /// The objects of the path that are not the component's.
    pub(super) fn others(&self) -> impl Iterator<Item = &'g Subject> + '_ {
        self.given.subjects.iter().filter(|subject| !self.files.contains(&subject.head.at.file))
    }

    /// The environments of an object of the path, in its order.
    pub(super) fn environments(&self, head: &Head) -> Vec<EnvironmentName> {
        let mut found: Vec<EnvironmentName> = Vec::new();
        for name in self.given.targets_of(head).filter_map(|target| target.environment()) {
            if !found.contains(name) {
                found.push(name.clone());
            }
        }
        found
    }

    /// Whether a target has an object of the path.
    pub(super) fn has(&self, target: TargetId, head: &Head) -> bool {
        head.targets.is_empty() || head.targets.contains(&target)
    }

    /// The definitions of a kind that a target has.
    pub(super) fn definitions(
        &self,
        kind: GroupVersionKind<'g>,
        target: TargetId,
    ) -> impl Iterator<Item = &Defines<'g>> {
        let all = self.defined.get(&(kind.group, kind.kind)).into_iter().flatten();
        all.filter(move |it| it.head.is_none_or(|head| self.has(target, head)))
    }

    /// Where the path defines a kind.
    pub(super) fn defined_at(&self, kind: &GroupVersionKind<'_>) -> Option<&'g Location> {
        let all = self.defined.get(&(kind.group, kind.kind))?;
        all.iter().find_map(|it| it.head).map(|head| &head.at)
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
