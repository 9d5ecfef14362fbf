//! Every pin, in groups that the planner asks for: those of one component in one environment.
//!
//! Sorted once, when it is made, so that nothing depends on the order in which pins were found, and shared: a copy costs
//! nothing until it is changed. Must not say what a pin means; that is [`crate::snapshot`].

use std::collections::BTreeMap;
use std::fmt;
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
    /// Where each stretch of pins that say the same ends.
    ends: Vec<usize>,
}

impl Group {
    fn new(mut pins: Vec<Pin>) -> Self {
        pins.sort_by(|a, b| (&a.cluster, &a.at, &a.object).cmp(&(&b.cluster, &b.at, &b.object)));
        let mut ends = Vec::new();
        let mut end = 0;
        for stretch in pins.chunk_by(|a, b| a.tracking == b.tracking) {
            end += stretch.len();
            ends.push(end);
        }
        Self { pins, ends }
    }

    fn stretches(&self) -> impl Iterator<Item = &[Pin]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.pins[start..*end])
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
        self.group(environment, component).into_iter().flat_map(Group::stretches)
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
        let has =
            |group: &Group| group.pins.binary_search_by(|pin| pin.cluster.cmp(cluster)).is_ok();
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
            true => drop(of.remove(component)),
            false => drop(of.insert(component.clone(), Arc::new(Group::new(pins)))),
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
            of.into_iter().map(|(name, pins)| (name, Arc::new(Group::new(pins)))).collect()
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
