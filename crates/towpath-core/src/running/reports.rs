//! What all connected clusters report, shared: a copy costs nothing until it is changed, and then only what changed.
//!
//! Must not judge a report. Next: [`super`] for what one says.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::ClusterReport;
use crate::id::ClusterName;

/// What each connected cluster reports. A cluster that is not here is not connected.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Reports {
    clusters: Arc<BTreeMap<ClusterName, Arc<ClusterReport>>>,
}

impl Reports {
    /// What a cluster reports; `None`: it is not connected.
    #[must_use]
    pub fn get(&self, cluster: &ClusterName) -> Option<&ClusterReport> {
        self.clusters.get(cluster).map(|report| &**report)
    }

    /// Whether a cluster is connected.
    #[must_use]
    pub fn is_connected(&self, cluster: &ClusterName) -> bool {
        self.clusters.contains_key(cluster)
    }

    /// All reports, by the names of the clusters.
    pub fn iter(&self) -> impl Iterator<Item = (&ClusterName, &ClusterReport)> {
        self.clusters.iter().map(|(name, report)| (name, &**report))
    }

    /// How many clusters are connected.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clusters.len()
    }

    /// Whether no cluster is connected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clusters.is_empty()
    }

    /// The clusters of which other reports say something else, with both.
    pub(crate) fn that_differ<'a>(
        &'a self,
        other: &'a Self,
    ) -> Vec<(&'a ClusterName, Option<&'a ClusterReport>, Option<&'a ClusterReport>)> {
        let mut out = Vec::new();
        if Arc::ptr_eq(&self.clusters, &other.clusters) {
            return out;
        }
        let (mut mine, mut theirs) =
            (self.clusters.iter().peekable(), other.clusters.iter().peekable());
        loop {
            let first = match (mine.peek(), theirs.peek()) {
                (Some((a, _)), Some((b, _))) if a == b => {
                    let ((name, a), (_, b)) = (mine.next().zip(theirs.next())).expect("peeked");
                    if a != b {
                        out.push((name, Some(&**a), Some(&**b)));
                    }
                    continue;
                }
                (Some((a, _)), Some((b, _))) => a < b,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => return out,
            };
            match first {
                true => out.extend(mine.next().map(|(name, a)| (name, Some(&**a), None))),
                false => out.extend(theirs.next().map(|(name, b)| (name, None, Some(&**b)))),
            }
        }
    }

    /// Takes what a cluster reports now in the place of what it reported before.
    pub fn insert(&mut self, cluster: ClusterName, report: ClusterReport) {
        Arc::make_mut(&mut self.clusters).insert(cluster, Arc::new(report));
    }

    /// Changes what a cluster reports; one that is not connected yet begins with `fresh`.
    pub fn change(
        &mut self,
        cluster: &ClusterName,
        fresh: impl FnOnce() -> ClusterReport,
    ) -> &mut ClusterReport {
        let clusters = Arc::make_mut(&mut self.clusters);
        let report = clusters.entry(cluster.clone()).or_insert_with(|| Arc::new(fresh()));
        Arc::make_mut(report)
    }

    /// Forgets a cluster that is not connected any more.
    pub fn remove(&mut self, cluster: &ClusterName) {
        Arc::make_mut(&mut self.clusters).remove(cluster);
    }
}

impl From<BTreeMap<ClusterName, ClusterReport>> for Reports {
    fn from(reports: BTreeMap<ClusterName, ClusterReport>) -> Self {
        reports.into_iter().collect()
    }
}

impl FromIterator<(ClusterName, ClusterReport)> for Reports {
    fn from_iter<I: IntoIterator<Item = (ClusterName, ClusterReport)>>(reports: I) -> Self {
        let shared = reports.into_iter().map(|(name, report)| (name, Arc::new(report)));
        Self { clusters: Arc::new(shared.collect()) }
    }
}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
