//! The clusters that the loop keeps watching from turn to turn; news of any of them ring.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use towpath_adapters::kubernetes::Connected;
use towpath_core::id::ClusterName;
use towpath_core::path::Path;
use towpath_core::pin::Pin;
use towpath_core::running::ClusterReport;
use towpath_engine::ports::clusters::Clusters as _;
use towpath_engine::promote::Reports;
use towpath_engine::running::observe_clusters;

use super::super::connected::settings;
use super::super::failure::Failure;
use super::super::watched::{PATIENCE, contexts, lost};
use super::wake::{Cause, Wake};

/// So often a thread looks whether it is still needed.
const BREATH: Duration = Duration::from_secs(30);

/// Clusters that are watched as long as the path names them.
pub(crate) struct Eyes {
    wake: Arc<Wake>,
    watched: Mutex<Option<Watched>>,
}

struct Watched {
    contexts: BTreeMap<ClusterName, String>,
    connected: Arc<Connected>,
}

impl Eyes {
    pub(crate) fn new(wake: Arc<Wake>) -> Self {
        Self { wake, watched: Mutex::default() }
    }

    /// The clusters of these contexts: those that are watched, where they are the same.
    fn connected(
        &self,
        contexts: BTreeMap<ClusterName, String>,
    ) -> Result<Arc<Connected>, Failure> {
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = watched.as_ref().filter(|watched| watched.contexts == contexts) {
            return Ok(Arc::clone(&same.connected));
        }
        let connected = Arc::new(Connected::watch(contexts.clone(), &settings())?);
        // Who has not answered by then says so in the report, and rings when it does.
        connected.settle(PATIENCE);
        let (weak, wake) = (Arc::downgrade(&connected), Arc::clone(&self.wake));
        let seen = connected.changes();
        let thread = std::thread::Builder::new().name("news of clusters".to_owned());
        thread.spawn(move || forward(&weak, &wake, seen))?;
        *watched = Some(Watched { contexts, connected: Arc::clone(&connected) });
        Ok(connected)
    }
}

/// Rings for every change, as long as the clusters are watched.
fn forward(connected: &Weak<Connected>, wake: &Wake, mut seen: u64) {
    while let Some(connected) = connected.upgrade() {
        let now = connected.wait(seen, BREATH);
        drop(connected);
        if now != seen {
            seen = now;
            wake.ring(Cause::Clusters);
        }
    }
}

impl Reports for Eyes {
    fn reports(
        &self,
        path: &Path,
        pins: &[Pin],
        now: Timestamp,
    ) -> BTreeMap<ClusterName, ClusterReport> {
        let connected = match contexts(path, &[]) {
            Ok(none) if none.is_empty() => return BTreeMap::new(),
            contexts => contexts.and_then(|contexts| self.connected(contexts)),
        };
        match connected {
            Ok(connected) => observe_clusters(pins, &*connected, now),
            Err(failure) => lost(path, &failure, now),
        }
    }
}
