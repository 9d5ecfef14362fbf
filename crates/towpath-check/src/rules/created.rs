//! Who creates what: whether an object that another one names is given to the clusters that are given the other one.
//! Must not judge.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use towpath_core::id::EnvironmentName;

use super::object::{GroupKind, environments, is, text};
use crate::given::Given;
use crate::subject::{Head, Subject, TargetId};

/// Kind, namespace and name.
pub(super) type Key<'g> = (&'g str, &'g str, &'g str);

/// Kinds of which more objects are made in the cluster, of any kind, than are at hand.
const MAKERS: [GroupKind; 2] = [
    ("fluxcd.controlplane.io", "ResourceSet"),
    ("source.extensions.fluxcd.io", "ArtifactGenerator"),
];

/// What clusters are given, of the kinds that somebody asks about.
#[derive(Default)]
pub(super) struct Created<'g> {
    by: BTreeMap<Key<'g>, BTreeSet<TargetId>>,
    /// Those that have more than is at hand.
    unsure: BTreeSet<TargetId>,
}

impl<'g> Created<'g> {
    /// What the objects create, each as `keys` says.
    pub(super) fn by<K>(given: &'g Given, keys: impl Fn(&'g Subject) -> K) -> Self
    where
        K: IntoIterator<Item = Key<'g>>,
    {
        let mut created = Self::default();
        for subject in &given.subjects {
            for key in keys(subject) {
                created.by.entry(key).or_default().extend(subject.head.targets.iter().copied());
            }
            if MAKERS.iter().any(|kind| is(&subject.head, *kind)) {
                created.unsure.extend(subject.head.targets.iter().copied());
            }
        }
        created
    }

    /// The environments where an object that `head` names is surely not created by what the clusters are given; `None`
    /// where there are none. What is not known for sure is held against nobody: see [`crate::subject::Target::whole`].
    pub(super) fn missing(
        &self,
        given: &Given,
        head: &Head,
        key: Key<'_>,
    ) -> Option<Vec<EnvironmentName>> {
        // It is not known before it is substituted.
        if [key.0, key.1, key.2].iter().any(|text| text.contains("${")) {
            return None;
        }
        let has = self.by.get(&key);
        let lacks = |id: &&TargetId| {
            !has.is_some_and(|targets| targets.contains(id)) && !self.unsure.contains(id)
        };
        let mut without = head
            .targets
            .iter()
            .filter(lacks)
            .filter_map(|id| given.target(*id))
            .filter(|target| target.whole)
            .peekable();
        without.peek()?;
        Some(environments(without))
    }
}

/// What a reference such as `{kind, name, namespace}` means in an object.
pub(super) fn key<'v>(head: &'v Head, reference: &'v Value, kind: &'v str) -> Option<Key<'v>> {
    let kind = text(reference, "kind").unwrap_or(kind);
    let namespace = text(reference, "namespace").unwrap_or(&head.namespace);
    Some((kind, namespace, text(reference, "name")?))
}

/// How people name it: `HelmRepository web/podinfo`.
pub(super) fn name((kind, namespace, name): Key<'_>) -> String {
    match namespace {
        "" => format!("{kind} {name}"),
        namespace => format!("{kind} {namespace}/{name}"),
    }
}
