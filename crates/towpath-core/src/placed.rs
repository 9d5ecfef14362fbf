//! Pins with the versions that they mean now: what the planner walks over.
//!
//! A fleet has a million pins that say a handful of things, so what is asked of a pin is asked once for each stretch of
//! neighbours that say the same. Must not decide anything. Next: [`crate::roster`], their clusters.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::candidate::meant;
use crate::id::{ClusterName, ComponentName, EnvironmentName};
use crate::pin::Pin;
use crate::release::Release;
use crate::snapshot::Snapshot;
use crate::version::Version;

/// Pins of one component in one environment that say the same, by the names of their clusters; never none.
#[derive(Debug, Clone)]
pub(crate) struct Placed<'a> {
    pub(crate) pins: &'a [Pin],
    /// The version that they mean now; `None`: it is not known.
    pub(crate) version: Option<&'a Version>,
    /// The clusters of all pins of the component in the environment.
    pub(crate) all: &'a Arc<[ClusterName]>,
    /// Where these stand among all.
    pub(crate) at: Range<usize>,
}

/// The pins of a component in an environment, by the names of the clusters.
pub(crate) fn placed<'a>(
    snapshot: &'a Snapshot,
    environment: &EnvironmentName,
    component: &ComponentName,
) -> Vec<Placed<'a>> {
    let pins = snapshot.pins.of(environment, component);
    let Some((all, stretches)) = snapshot.pins.with_clusters(environment, component) else {
        return Vec::new();
    };
    let placed = stretches.map(|at| {
        let pins = &pins[at.clone()];
        let version = pins.first().and_then(|pin| meant(snapshot, pin));
        Placed { pins, version, all, at }
    });
    placed.collect()
}

/// How many pins there are in stretches.
pub(crate) fn count(placed: &[Placed<'_>]) -> usize {
    placed.iter().map(|stretch| stretch.pins.len()).sum()
}

/// The clusters of an environment that have a release by all their pins, by name.
#[must_use]
pub fn clusters_with(
    snapshot: &Snapshot,
    environment: &EnvironmentName,
    release: &Release,
) -> Vec<ClusterName> {
    let mut has: BTreeMap<&ClusterName, bool> = BTreeMap::new();
    for placed in placed(snapshot, environment, &release.component) {
        let is_it = placed.version == Some(&release.version);
        for cluster in placed.clusters() {
            has.entry(cluster).and_modify(|all| *all &= is_it).or_insert(is_it);
        }
    }
    has.into_iter().filter(|(_, has)| *has).map(|(name, _)| name.clone()).collect()
}

impl<'a> Placed<'a> {
    /// One pin that speaks for all.
    pub(crate) fn first(&self) -> &'a Pin {
        &self.pins[0]
    }

    /// The cluster of each.
    pub(crate) fn clusters(&self) -> &'a [ClusterName] {
        &self.all[self.at.clone()]
    }

    /// Whether they mean a version above this one.
    pub(crate) fn is_above(&self, version: &Version) -> bool {
        self.version.is_some_and(|its| its > version)
    }

    /// What is left of the stretch where only some clusters are kept.
    pub(crate) fn on(&self, keep: impl Fn(&ClusterName) -> bool) -> Vec<Self> {
        let mut out: Vec<Self> = Vec::new();
        let mut start = 0;
        for alike in self.clusters().chunk_by(|a, b| keep(a) == keep(b)) {
            let end = start + alike.len();
            if keep(&alike[0]) {
                let at = self.at.start + start..self.at.start + end;
                out.push(Self { pins: &self.pins[start..end], at, ..self.clone() });
            }
            start = end;
        }
        out
    }
}
