//! All that rules over objects look at.
//!
//! Whoever calls gathers it; nothing here reads a file, renders or asks a cluster. Next: [`crate::judge`].

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use towpath_catalog::{Catalog, GroupVersionKind, Minor};
use towpath_core::id::EnvironmentName;
use towpath_core::pin::Location;

use crate::chart::Chart;
use crate::subject::{Head, Kubernetes, Subject, Target, TargetId};
use towpath_schema::crd::Definition;
use towpath_schema::crd::schema::Schema;

/// What rules over objects look at.
#[derive(Debug, Default)]
pub struct Given {
    /// For whom objects are judged: the clusters of the path in its order, or one without a place.
    pub targets: Vec<Target>,
    /// The objects.
    pub subjects: Vec<Subject>,
    /// Definitions of custom resources, by group and kind: of the objects, and of those that were handed over besides.
    pub definitions: BTreeMap<(String, String), Vec<Defined>>,
    /// The charts that lie in the files; whoever reads them sets them.
    pub charts: Vec<Chart>,
    /// The objects of each target, by their places.
    by_target: BTreeMap<TargetId, Vec<usize>>,
    /// What each Kubernetes of the targets has.
    catalogs: BTreeMap<Minor, Catalog>,
}

/// A definition of a custom resource, and who has it.
#[derive(Debug)]
pub struct Defined {
    /// The definition.
    pub definition: Definition,
    /// Where it stands.
    pub at: Location,
    /// Those who have it; `None`: all, because it was handed over besides.
    pub targets: Option<Arc<[TargetId]>>,
    /// The schemas of its versions, made when the first object asks.
    schemas: Vec<OnceLock<Schema>>,
}

impl Defined {
    fn of(subject: &Subject, targets: Option<Arc<[TargetId]>>) -> Option<Self> {
        // What is no sound definition is told by a rule.
        let definition = Definition::parse(&subject.value).ok()?;
        let schemas = definition.versions.iter().map(|_| OnceLock::new()).collect();
        Some(Self { definition, at: subject.head.at.clone(), targets, schemas })
    }

    /// Whether a target has it.
    #[must_use]
    pub fn is_for(&self, target: TargetId) -> bool {
        self.targets.as_ref().is_none_or(|targets| targets.binary_search(&target).is_ok())
    }

    /// A version that is served, with its schema.
    #[must_use]
    pub fn served(&self, version: &str) -> Option<&Schema> {
        let at = self.definition.versions.iter().position(|v| v.name == version && v.served)?;
        let schema = self.schemas.get(at)?;
        Some(schema.get_or_init(|| Schema::of(&self.definition, &self.definition.versions[at])))
    }
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
        for (place, subject) in given.subjects.iter().enumerate() {
            for id in subject.head.targets.iter() {
                given.by_target.entry(*id).or_default().push(place);
            }
        }
        let definitions = given.subjects.iter().filter(|subject| is_definition(&subject.head));
        let defined = definitions.map(|subject| {
            let targets = Arc::clone(&subject.head.targets);
            Defined::of(subject, (!targets.is_empty()).then_some(targets))
        });
        for defined in defined.flatten().collect::<Vec<_>>() {
            given.add(defined);
        }
        given
    }

    /// The same, with more targets and their objects, whose targets are counted from those that are there. Definitions that
    /// stand beside what is judged have to be added anew.
    #[must_use]
    pub fn with(self, more: Vec<Target>, objects: Vec<Subject>) -> Self {
        let (mut targets, mut subjects) = (self.targets, self.subjects);
        targets.extend(more);
        subjects.extend(objects);
        Self { charts: self.charts, ..Self::new(targets, subjects) }
    }

    /// Adds definitions that stand beside what is judged, for all targets: those of the objects come first.
    pub fn define(&mut self, besides: &[Subject]) {
        let definitions = besides.iter().filter(|subject| is_definition(&subject.head));
        for defined in definitions.filter_map(|subject| Defined::of(subject, None)) {
            self.add(defined);
        }
    }

    fn add(&mut self, defined: Defined) {
        let key = (defined.definition.group.clone(), defined.definition.kind.clone());
        self.definitions.entry(key).or_default().push(defined);
    }

    /// The objects that a target is given.
    pub fn of_target(&self, id: TargetId) -> impl Iterator<Item = &Subject> {
        let places = self.by_target.get(&id).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| self.subjects.get(*place))
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

    /// The environments that are given an object, in the order of the path.
    #[must_use]
    pub fn environments_of(&self, head: &Head) -> Vec<EnvironmentName> {
        environments(self.targets_of(head))
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
        if self.definitions.is_empty() {
            return &[];
        }
        let key = (kind.group.to_owned(), kind.kind.to_owned());
        self.definitions.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The definitions that hold for an object, each with the environments where it does.
    #[must_use]
    pub fn definitions_for(&self, head: &Head) -> Vec<(&Defined, Vec<EnvironmentName>)> {
        let mut found: Vec<(&Defined, Vec<EnvironmentName>)> = Vec::new();
        let all = self.definitions_of(&head.gvk());
        if all.is_empty() {
            return found;
        }
        for id in self.ids_of(head) {
            let Some(defined) = all.iter().find(|defined| defined.is_for(id)) else { continue };
            let at = found.iter().position(|(known, _)| std::ptr::eq(*known, defined));
            let at = at.unwrap_or_else(|| {
                found.push((defined, Vec::new()));
                found.len() - 1
            });
            if let Some(name) = self.target(id).and_then(Target::environment)
                && !found[at].1.contains(name)
            {
                found[at].1.push(name.clone());
            }
        }
        found
    }

    fn ids_of(&self, head: &Head) -> Vec<TargetId> {
        match &*head.targets {
            [] => (0..).map(TargetId).take(self.targets.len()).collect(),
            own => own.to_vec(),
        }
    }
}

/// The environments of targets, each once.
pub(crate) fn environments<'t>(targets: impl Iterator<Item = &'t Target>) -> Vec<EnvironmentName> {
    let mut found = Vec::new();
    for name in targets.filter_map(Target::environment) {
        if !found.contains(name) {
            found.push(name.clone());
        }
    }
    found
}

/// Whether an object defines custom resources.
fn is_definition(head: &Head) -> bool {
    head.kind == "CustomResourceDefinition" && head.api_version.starts_with("apiextensions.k8s.io/")
}

fn known(minor: Minor) -> Minor {
    minor.clamp(Minor::OLDEST, Minor::NEWEST)
}
