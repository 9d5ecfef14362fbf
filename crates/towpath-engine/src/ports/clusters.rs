//! The port of clusters: what is known of each now, and a way to wait until that changes.
//!
//! Whoever implements it watches by itself; a look asks nobody and does not wait. Next: [`crate::running`], which reads
//! what is seen.

use std::time::Duration;

use towpath_core::id::ClusterName;
use towpath_core::running::Contact;

use crate::running::objects::Objects;

/// What is known of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Whether it answers; of a cluster that never did, since when it was asked in vain.
    pub contact: Contact,
    /// Its objects: all that were asked for while it answers, else those that were there when it last did.
    pub objects: Objects,
}

/// Clusters that are connected.
pub trait Clusters: Sync {
    /// Which they are, by name.
    fn names(&self) -> Vec<ClusterName>;

    /// What is known of one; `None` where it is not connected.
    fn look(&self, cluster: &ClusterName) -> Option<Sight>;

    /// A number that grows with every change of what is known of any cluster.
    fn changes(&self) -> u64;

    /// Waits until [`Clusters::changes`] is more than `seen`, but no longer than this; the number then.
    fn wait(&self, seen: u64, no_longer_than: Duration) -> u64;
}
