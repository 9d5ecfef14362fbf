//! Connected clusters in memory: what they say is set by hand, and whoever waits is woken.
//!
//! Must not read or judge what is set. Next: `towpath_engine::ports::clusters`.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use towpath_core::id::ClusterName;
use towpath_core::running::Contact;
use towpath_engine::ports::clusters::{Clusters, Sight};
use towpath_engine::running::objects::Objects;

/// Clusters that say what they are told to say.
#[derive(Debug, Default)]
pub struct MemoryClusters {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    clusters: BTreeMap<ClusterName, Sight>,
    changes: u64,
}

impl MemoryClusters {
    /// A cluster answers, and has these objects.
    pub fn set(&self, cluster: &ClusterName, objects: Objects) {
        let sight = Sight { contact: Contact::Connected, objects };
        self.change(|clusters| drop(clusters.insert(cluster.clone(), sight)));
    }

    /// A cluster answers no more; what it said stays.
    pub fn lose(&self, cluster: &ClusterName, since: Timestamp, why: &str) {
        self.change(|clusters| {
            if let Some(sight) = clusters.get_mut(cluster) {
                sight.contact = Contact::Lost { since, why: why.to_owned() };
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<ClusterName, Sight>)) {
        let mut state = self.state();
        change(&mut state.clusters);
        state.changes += 1;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clusters for MemoryClusters {
    fn names(&self) -> Vec<ClusterName> {
        self.state().clusters.keys().cloned().collect()
    }

    fn look(&self, cluster: &ClusterName) -> Option<Sight> {
        self.state().clusters.get(cluster).cloned()
    }

    fn changes(&self) -> u64 {
        self.state().changes
    }

    fn wait(&self, seen: u64, no_longer_than: Duration) -> u64 {
        let state = self.state();
        let same = |state: &mut State| state.changes <= seen;
        let waited = self.changed.wait_timeout_while(state, no_longer_than, same);
        waited.unwrap_or_else(PoisonError::into_inner).0.changes
    }
}
