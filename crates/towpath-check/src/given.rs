//! All that rules over objects look at.
//!
//! Whoever calls gathers it; nothing here reads a file, renders or asks a cluster. Next: [`crate::judge`].

use std::collections::BTreeMap;

use towpath_catalog::{Catalog, GroupVersionKind, Minor};
use towpath_core::id::EnvironmentName;

use crate::crd::Definition;
use crate::subject::{Head, Kubernetes, Subject, Target, TargetId};

/// What rules over objects look at.
#[derive(Debug, Default)]
pub struct Given {
    /// For whom objects are judged: the clusters of the path in its order, or one without a place.
    pub targets: Vec<Target>,
    /// The objects.
    pub subjects: Vec<Subject>,
    /// Definitions of custom resources, by group and kind: of the objects, and of those that were handed over besides.
    pub definitions: BTreeMap<(String, String), Vec<Defined>>,
    /// What each Kubernetes of the targets has.
    catalogs: BTreeMap<Minor, Catalog>,
}

/// A definition of a custom resource, and who has it.
#[derive(Debug)]
pub struct Defined {
    /// The definition.
    pub definition: Definition,
    /// Where it stands among the objects; `None` where it was handed over besides, for all targets.
    pub subject: Option<usize>,
}

impl Given {
    /// Loads what the targets' Kubernetes have. A minor that is not known is answered for by the nearest that is.
    #[must_use]
    pub fn new(targets: Vec<Target>, subjects: Vec<Subject>) -> Self {
        let mut given = Self { targets, subjects, ..Self::default() };
        for target in &given.targets {
            let minor = known(target.kubernetes.minor);
            if let std::collections::btree_map::Entry::Vacant(entry) = given.catalogs.entry(minor)
                && let Ok(catalog) = Catalog::load(minor)
            {
                entry.insert(catalog);
            }
        }
        given
    }

    /// A target.
    #[must_use]
    pub fn target(&self, id: TargetId) -> Option<&Target> {
        self.targets.get(id.0 as usize)
    }

    /// Those for whom an object is judged: those who are given it, or all where nobody is known to be.
    pub fn targets_of<'g>(&'g self, head: &'g Head) -> impl Iterator<Item = &'g Target> + Clone {
        let own = head.targets.iter().filter_map(|id| self.target(*id));
        let all = self.targets.iter().filter(|_| head.targets.is_empty());
        own.chain(all)
    }

    /// The Kubernetes versions for which an object is judged, each with the environments that have it.
    #[must_use]
    pub fn kubernetes_of(&self, head: &Head) -> BTreeMap<Kubernetes, Vec<EnvironmentName>> {
        let mut found: BTreeMap<Kubernetes, Vec<EnvironmentName>> = BTreeMap::new();
        for target in self.targets_of(head) {
            let environments = found.entry(target.kubernetes).or_default();
            if let Some(name) = target.environment()
                && !environments.contains(name)
            {
                environments.push(name.clone());
            }
        }
        found
    }

    /// What a Kubernetes has.
    #[must_use]
    pub fn catalog(&self, kubernetes: Kubernetes) -> Option<&Catalog> {
        self.catalogs.get(&known(kubernetes.minor))
    }

    /// The definitions of a kind.
    #[must_use]
    pub fn definitions_of(&self, kind: &GroupVersionKind<'_>) -> &[Defined] {
        let key = (kind.group.to_owned(), kind.kind.to_owned());
        self.definitions.get(&key).map_or(&[], Vec::as_slice)
    }
}

fn known(minor: Minor) -> Minor {
    minor.clamp(Minor::OLDEST, Minor::NEWEST)
}
