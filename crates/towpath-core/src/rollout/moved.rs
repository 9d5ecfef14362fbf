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
    /// By name, and how many of them are passed already.
    Some(Vec<&'a ClusterName>, usize),
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
            let mut names: Vec<&ClusterName> = p.clusters.iter().collect();
            // Mostly they are in order already, and that is seen in one pass.
            names.sort();
            (record.at, Whom::Some(names, 0))
        });
        Self { promotions: promotions.collect() }
    }

    /// When a cluster was last moved; it must not come before one that was asked for.
    pub(crate) fn at(&mut self, cluster: &ClusterName) -> Option<Timestamp> {
        self.promotions.iter_mut().find_map(|(at, whom)| whom.has(cluster).then_some(*at))
    }
}

impl Whom<'_> {
    fn has(&mut self, cluster: &ClusterName) -> bool {
        let Self::Some(names, passed) = self else { return true };
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
