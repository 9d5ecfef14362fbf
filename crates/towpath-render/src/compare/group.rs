//! The same change at many places is said once.
//!
//! Changes are the same if they say the same: of the same object, the same fields with the same values. Where in its
//! files an object came from, and what else is in it, may differ. Work grows with the number of changes, and what is
//! kept with the number of different ones.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

use super::{Change, FieldChange, Kind, Masked};
use crate::Identity;

/// Where a change happens. What does not apply is empty, as everything is where two folders are compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Place {
    /// The environment.
    pub environment: String,
    /// The cluster.
    pub cluster: String,
    /// The Flux Kustomization, as `namespace/name`.
    pub kustomization: String,
}

/// Changes at many places.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Groups {
    /// How much changes where.
    pub summary: Summary,
    /// The changes; those at most places first. Each is in one group only.
    pub groups: Vec<Group>,
}

/// Changes that all happen at the same places.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Where; sorted, never empty.
    pub places: Vec<Place>,
    /// What; origins and whole objects are those of one of the places.
    pub changes: Vec<Change>,
}

/// How much changes where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// Different changes.
    pub total: Counts,
    /// By environment, sorted by name.
    pub environments: Vec<EnvironmentSummary>,
}

/// How much changes in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EnvironmentSummary {
    /// Its name.
    pub name: String,
    /// Different changes on its clusters.
    pub counts: Counts,
    /// By cluster, sorted by name; those on which nothing changes too.
    pub clusters: Vec<ClusterSummary>,
}

/// How much changes on a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClusterSummary {
    /// Its name.
    pub name: String,
    /// Its changes.
    pub counts: Counts,
}

/// Numbers of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// That come.
    pub added: usize,
    /// That change, and do not only follow.
    pub changed: usize,
    /// That go.
    pub removed: usize,
    /// That only follow the new name of another.
    pub following: usize,
}

impl Counts {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self == Self::default()
    }

    fn count(&mut self, change: &Change) {
        *match &change.kind {
            Kind::Added(_) => &mut self.added,
            Kind::Removed(_) => &mut self.removed,
            Kind::Changed { .. } if change.only_follows() => &mut self.following,
            Kind::Changed { .. } => &mut self.changed,
        } += 1;
    }
}

impl EnvironmentSummary {
    /// How many of its clusters differ.
    #[must_use]
    pub fn differing(&self) -> usize {
        self.clusters.iter().filter(|cluster| !cluster.counts.is_zero()).count()
    }
}

impl Groups {
    /// The changes of one place.
    #[must_use]
    pub fn of_one(changes: Vec<Change>) -> Self {
        let mut grouper = Grouper::default();
        grouper.add(Place::default(), changes);
        grouper.finish()
    }

    /// Whether nothing changes anywhere.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}

/// What a change says, apart from origins.
#[derive(PartialEq, Eq, Hash)]
enum Content<'c> {
    Added(&'c Masked),
    Removed(&'c Masked),
    Changed(&'c Identity, &'c [FieldChange], Option<&'c str>),
}

fn content(change: &Change) -> Content<'_> {
    match &change.kind {
        Kind::Added(side) => Content::Added(&side.object),
        Kind::Removed(side) => Content::Removed(&side.object),
        Kind::Changed { fields, renamed_from, .. } => {
            Content::Changed(&change.identity, fields, renamed_from.as_deref())
        }
    }
}

/// Collects changes place by place, and keeps each different one once.
#[derive(Debug, Default)]
pub struct Grouper {
    changes: Vec<Change>,
    by_hash: HashMap<u64, Vec<usize>>,
    /// Sets of changes that happen together at some place.
    sets: Vec<Vec<usize>>,
    set_numbers: HashMap<Vec<usize>, usize>,
    places: BTreeMap<Place, BTreeSet<usize>>,
}

impl Grouper {
    /// Adds the changes of a place; none, where it was compared and is the same.
    pub fn add(&mut self, place: Place, changes: Vec<Change>) {
        let mut set: Vec<usize> = changes.into_iter().map(|change| self.number(change)).collect();
        set.sort_unstable();
        let number = *self.set_numbers.entry(set).or_insert_with_key(|set| {
            self.sets.push(set.clone());
            self.sets.len() - 1
        });
        self.places.entry(place).or_default().insert(number);
    }

    fn number(&mut self, change: Change) -> usize {
        let mut hasher = DefaultHasher::new();
        content(&change).hash(&mut hasher);
        let known = self.by_hash.entry(hasher.finish()).or_default();
        let found =
            known.iter().find(|number| content(&self.changes[**number]) == content(&change));
        if let Some(number) = found {
            return *number;
        }
        known.push(self.changes.len());
        self.changes.push(change);
        self.changes.len() - 1
    }

    /// What was added, grouped.
    #[must_use]
    pub fn finish(self) -> Groups {
        let summary = self.summary();
        let mut places_of_set: Vec<Vec<&Place>> = vec![Vec::new(); self.sets.len()];
        for (place, sets) in &self.places {
            for set in sets {
                places_of_set[*set].push(place);
            }
        }
        let mut sets_of_change: Vec<Vec<usize>> = vec![Vec::new(); self.changes.len()];
        for (number, set) in self.sets.iter().enumerate() {
            for change in set {
                if sets_of_change[*change].last() != Some(&number) {
                    sets_of_change[*change].push(number);
                }
            }
        }
        let mut together: BTreeMap<Vec<usize>, Vec<Change>> = BTreeMap::new();
        for (sets, change) in sets_of_change.into_iter().zip(self.changes) {
            together.entry(sets).or_default().push(change);
        }
        let mut groups: Vec<Group> = together
            .into_iter()
            .map(|(sets, changes)| {
                let places: BTreeSet<&Place> =
                    sets.iter().flat_map(|set| &places_of_set[*set]).copied().collect();
                Group { places: places.into_iter().cloned().collect(), changes }
            })
            .collect();
        groups.sort_by(|a, b| {
            b.places.len().cmp(&a.places.len()).then_with(|| a.places.cmp(&b.places))
        });
        Groups { summary, groups }
    }

    fn summary(&self) -> Summary {
        let counts = |numbers: &mut dyn Iterator<Item = usize>| {
            let mut counts = Counts::default();
            numbers.for_each(|number| counts.count(&self.changes[number]));
            counts
        };
        let of_set: Vec<Counts> =
            self.sets.iter().map(|set| counts(&mut set.iter().copied())).collect();
        let mut environments: Vec<(EnvironmentSummary, BTreeSet<usize>)> = Vec::new();
        for (place, sets) in &self.places {
            if environments.last().is_none_or(|(last, _)| last.name != place.environment) {
                let name = place.environment.clone();
                let environment = EnvironmentSummary { name, ..EnvironmentSummary::default() };
                environments.push((environment, BTreeSet::new()));
            }
            let Some((environment, here)) = environments.last_mut() else { continue };
            here.extend(sets);
            if environment.clusters.last().is_none_or(|last| last.name != place.cluster) {
                let name = place.cluster.clone();
                environment.clusters.push(ClusterSummary { name, ..ClusterSummary::default() });
            }
            if let Some(cluster) = environment.clusters.last_mut() {
                sets.iter().for_each(|set| cluster.counts.add(of_set[*set]));
            }
        }
        let environments = environments.into_iter().map(|(mut environment, here)| {
            let different: BTreeSet<usize> =
                here.iter().flat_map(|set| &self.sets[*set]).copied().collect();
            environment.counts = counts(&mut different.into_iter());
            environment
        });
        let environments = environments.collect();
        Summary { total: counts(&mut (0..self.changes.len())), environments }
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.removed += other.removed;
        self.following += other.following;
    }
}
