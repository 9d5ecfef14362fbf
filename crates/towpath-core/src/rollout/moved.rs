//! When each cluster was last moved to a release, as the ledger has it.
//!
//! Must not look at pins: somebody may have moved one by hand since.

use jiff::Timestamp;

use crate::id::{ClusterName, EnvironmentName};
use crate::release::Release;
use crate::snapshot::Snapshot;

/// The promotions that moved clusters to a release. Clusters are to be asked for in the order of their names: then all
/// of them are found in one walk.
pub(crate) struct Moved<'a> {
    /// Newest first.
    promotions: Vec<(Timestamp, Whom<'a>)>,
}

enum Whom<'a> {
    All,
    /// As the ledger has them, not looked at yet.
    Listed(&'a [ClusterName]),
    /// By name, and how many of them are passed already.
    Sorted(Vec<&'a ClusterName>, usize),
}

impl<'a> Moved<'a> {
    pub(crate) fn to(
        snapshot: &'a Snapshot,
        environment: &EnvironmentName,
        release: &Release,
    ) -> Self {
        let of = snapshot.history.promotions(environment, &release.component).rev();
        let promotions = of.filter(|(_, p)| p.version == release.version).map(|(record, p)| {
            if p.clusters.is_empty() {
                return (record.at, Whom::All);
            }
            (record.at, Whom::Listed(&p.clusters))
        });
        Self { promotions: promotions.collect() }
    }

    /// When a cluster was last moved; it must not come before one that was asked for.
    pub(crate) fn at(&mut self, cluster: &ClusterName) -> Option<Timestamp> {
        self.promotions.iter_mut().find_map(|(at, whom)| whom.has(cluster).then_some(*at))
    }

    /// The later of when a cluster was moved and of what it says itself. Mostly that is its own word, and nobody has
    /// to be looked for. The same order is asked for.
    pub(crate) fn latest(&mut self, cluster: &ClusterName, said: Timestamp) -> Timestamp {
        match self.promotions.first() {
            Some((newest, _)) if *newest > said => self.at(cluster).map_or(said, |at| at.max(said)),
            _ => said,
        }
    }
}

impl Whom<'_> {
    fn has(&mut self, cluster: &ClusterName) -> bool {
        if let Self::Listed(listed) = self {
            let mut names: Vec<&ClusterName> = listed.iter().collect();
            // Mostly they are in order already, and that is seen in one pass.
            names.sort();
            *self = Self::Sorted(names, 0);
        }
        let Self::Sorted(names, passed) = self else { return true };
        while let Some(name) = names.get(*passed) {
            if *name == cluster {
                return true;
            }
            if *name > cluster {
                return false;
            }
            *passed += 1;
        }
        false
    }
}
