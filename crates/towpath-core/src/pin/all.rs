//! Every pin, in groups that the planner asks for: those of one component in one environment.
//!
//! Sorted once, when it is made, so that nothing depends on the order in which pins were found, and shared: a copy costs
//! nothing until it is changed. Must not say what a pin means; that is [`crate::snapshot`].

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::Pin;
use crate::id::{ClusterName, ComponentName, EnvironmentName};

/// Every pin.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Pins {
    groups: Arc<BTreeMap<EnvironmentName, BTreeMap<ComponentName, Arc<Group>>>>,
}

/// The pins of one component in one environment.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    /// By the names of the clusters, and then by place.
    pins: Vec<Pin>,
    /// The cluster of each pin: a million pins are too many to read for their clusters' names.
    clusters: Arc<[ClusterName]>,
    /// Where each stretch of pins that say the same ends.
    ends: Vec<usize>,
}

impl Group {
    /// `like` is another group of the same environment, which mostly is on the same clusters.
    fn new(mut pins: Vec<Pin>, like: Option<&Self>) -> Self {
        pins.sort_by(|a, b| (&a.cluster, &a.at, &a.object).cmp(&(&b.cluster, &b.at, &b.object)));
        for at in 1..pins.len() {
            let (before, pin) = pins.split_at_mut(at);
            if before[at - 1].object == pin[0].object {
                pin[0].object = Arc::clone(&before[at - 1].object);
            }
        }
        let mut ends = Vec::new();
        let mut end = 0;
        for stretch in pins.chunk_by(|a, b| a.tracking == b.tracking) {
            end += stretch.len();
            ends.push(end);
        }
        let of_pins = || pins.iter().map(|pin| &pin.cluster);
        let known = like.filter(|like| like.clusters.iter().eq(of_pins()));
        let clusters = match known {
            Some(like) => Arc::clone(&like.clusters),
            None => of_pins().cloned().collect(),
        };
        Self { pins, clusters, ends }
    }

    fn stretches(&self) -> impl Iterator<Item = Range<usize>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| start..*end)
    }
}

impl Pins {
    /// The pins of a component in an environment, by the names of the clusters and then by place.
    #[must_use]
    pub fn of(&self, environment: &EnvironmentName, component: &ComponentName) -> &[Pin] {
        self.group(environment, component).map_or(&[], |group| &group.pins)
    }

    /// The same in stretches of neighbours that say the same; none is empty. They are few where clusters move in the
    /// order of their names, and what is asked of a stretch need not be asked of each of its pins.
    pub fn stretches<'a>(
        &'a self,
        environment: &EnvironmentName,
        component: &ComponentName,
    ) -> impl Iterator<Item = &'a [Pin]> + use<'a> {
        let group = self.group(environment, component).into_iter();
        group.flat_map(|group| group.stretches().map(|stretch| &group.pins[stretch]))
    }

    /// The same as places among the pins, and the clusters of all of these.
    pub(crate) fn with_clusters<'a>(
        &'a self,
        environment: &EnvironmentName,
        component: &ComponentName,
    ) -> Option<(&'a Arc<[ClusterName]>, impl Iterator<Item = Range<usize>> + use<'a>)> {
        let group = self.group(environment, component)?;
        Some((&group.clusters, group.stretches()))
    }

    fn group(&self, environment: &EnvironmentName, component: &ComponentName) -> Option<&Group> {
        Some(self.groups.get(environment)?.get(component)?)
    }

    /// Every pin: by environment, component, cluster and place.
    pub fn iter(&self) -> impl Iterator<Item = &Pin> {
        self.groups.values().flat_map(BTreeMap::values).flat_map(|group| &group.pins)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.values().flat_map(BTreeMap::values).map(|group| group.pins.len()).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Where other pins differ from these; `None`: they are of other components or environments, so that some begin or
    /// end to be there.
    pub(crate) fn that_differ<'a>(
        &'a self,
        other: &Self,
    ) -> Option<Vec<(&'a EnvironmentName, &'a ComponentName)>> {
        let mut out = Vec::new();
        if Arc::ptr_eq(&self.groups, &other.groups) {
            return Some(out);
        }
        if !self.groups.keys().eq(other.groups.keys()) {
            return None;
        }
        for ((environment, mine), theirs) in self.groups.iter().zip(other.groups.values()) {
            if !mine.keys().eq(theirs.keys()) {
                return None;
            }
            for ((component, mine), theirs) in mine.iter().zip(theirs.values()) {
                if mine != theirs {
                    out.push((environment, component));
                }
            }
        }
        Some(out)
    }

    /// The components, of those that are asked for, that a cluster has pins of, with their environments.
    pub(crate) fn on<'a>(
        &'a self,
        cluster: &ClusterName,
        asked: impl Fn(&ComponentName) -> bool,
    ) -> Vec<(&'a EnvironmentName, &'a ComponentName)> {
        let has = |group: &Group| group.clusters.binary_search(cluster).is_ok();
        let mut out = Vec::new();
        for (environment, of) in self.groups.iter() {
            let theirs = of.iter().filter(|(component, group)| asked(component) && has(group));
            out.extend(theirs.map(|(component, _)| (environment, component)));
        }
        out
    }

    /// Changes pins: adds, takes away, rewrites. All of them are put in order again.
    pub fn change(&mut self, change: impl FnOnce(&mut Vec<Pin>)) {
        let mut pins: Vec<Pin> = self.iter().cloned().collect();
        change(&mut pins);
        *self = pins.into();
    }

    /// Puts these in the place of all pins that a component has in an environment.
    ///
    /// # Panics
    /// Where one of them is of another environment or component.
    pub fn replace(
        &mut self,
        environment: &EnvironmentName,
        component: &ComponentName,
        pins: Vec<Pin>,
    ) {
        let is_theirs = |p: &Pin| p.environment == *environment && p.component == *component;
        assert!(pins.iter().all(is_theirs), "pins are of {component} in {environment}");
        let groups = Arc::make_mut(&mut self.groups);
        let of = groups.entry(environment.clone()).or_default();
        match pins.is_empty() {
            true => {
                of.remove(component);
            }
            false => {
                let like = of.get(component).or_else(|| of.values().next()).map(|group| &**group);
                let group = Group::new(pins, like);
                of.insert(component.clone(), Arc::new(group));
            }
        }
        groups.retain(|_, of| !of.is_empty());
    }
}

impl From<Vec<Pin>> for Pins {
    fn from(pins: Vec<Pin>) -> Self {
        pins.into_iter().collect()
    }
}

impl FromIterator<Pin> for Pins {
    fn from_iter<I: IntoIterator<Item = Pin>>(pins: I) -> Self {
        let mut of: BTreeMap<EnvironmentName, BTreeMap<ComponentName, Vec<Pin>>> = BTreeMap::new();
        for pin in pins {
            let components = of.entry(pin.environment.clone()).or_default();
            components.entry(pin.component.clone()).or_default().push(pin);
        }
        let grouped = |of: BTreeMap<ComponentName, Vec<Pin>>| {
            let mut last: Option<Arc<Group>> = None;
            let group = |(name, pins)| {
                let group = Arc::new(Group::new(pins, last.as_deref()));
                last = Some(Arc::clone(&group));
                (name, group)
            };
            of.into_iter().map(group).collect()
        };
        let groups = of.into_iter().map(|(name, of)| (name, grouped(of))).collect();
        Self { groups: Arc::new(groups) }
    }
}

impl fmt::Debug for Pins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
