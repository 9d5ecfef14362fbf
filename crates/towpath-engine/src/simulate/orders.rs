//! What the clusters of a place were told to run, and which of them have come to.
//!
//! Must not deliver. Next: `events`, which does.

use std::collections::BTreeMap;

use towpath_core::id::ClusterName;
use towpath_core::version::Version;

/// The orders of one place.
#[derive(Debug, Default)]
pub(super) struct Orders {
    of: BTreeMap<ClusterName, Order>,
    on_the_way: usize,
}

/// What one cluster was told last; of no version: nobody knows what its pin means.
#[derive(Debug)]
struct Order {
    version: Option<Version>,
    is_there: bool,
}

impl Orders {
    /// Those of clusters that run what they are told.
    pub(super) fn done(all: impl Iterator<Item = (ClusterName, Option<Version>)>) -> Self {
        let done = |(cluster, version)| (cluster, Order { version, is_there: true });
        Self { of: all.map(done).collect(), on_the_way: 0 }
    }

    /// Tells a cluster to run a version; whether that is news to it.
    pub(super) fn tell(&mut self, cluster: &ClusterName, version: Option<&Version>) -> bool {
        let last = self.of.get_mut(cluster);
        if last.as_ref().is_some_and(|last| last.version.as_ref() == version) {
            return false;
        }
        let order = Order { version: version.cloned(), is_there: false };
        let was_there = match last {
            Some(last) => std::mem::replace(last, order).is_there,
            None => {
                self.of.insert(cluster.clone(), order);
                true
            }
        };
        self.on_the_way += usize::from(was_there);
        true
    }

    /// A cluster comes to run a version; whether it still is to, and did not yet.
    pub(super) fn arrives(&mut self, cluster: &ClusterName, version: Option<&Version>) -> bool {
        let Some(order) = self.of.get_mut(cluster) else { return false };
        let is_news = order.version.as_ref() == version && !order.is_there;
        if is_news {
            order.is_there = true;
            self.on_the_way -= 1;
        }
        is_news
    }

    /// Whether no cluster is on its way to what it was told.
    pub(super) fn all_there(&self) -> bool {
        self.on_the_way == 0
    }

    /// What the first cluster was told.
    pub(super) fn first(&self) -> Option<&Version> {
        self.of.values().next()?.version.as_ref()
    }
}
