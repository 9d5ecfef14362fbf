//! What all connected clusters report, shared: a copy costs nothing until it is changed, and then only what changed.
//!
//! Besides the reports, each by its cluster, it keeps a [`Column`] for each component, because that is how the planner
//! reads. Must not judge a report. Next: [`super`] for what one says.

use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::iter::Peekable;
use std::sync::Arc;

use super::column::{Column, Slot};
use super::{ClusterReport, Running};
use crate::id::{ClusterName, ComponentName};

/// What each connected cluster reports. A cluster that is not here is not connected.
#[derive(Clone, Default)]
pub struct Reports {
    clusters: Arc<BTreeMap<ClusterName, (Slot, Arc<ClusterReport>)>>,
    columns: Arc<Columns>,
}

#[derive(Clone, Default)]
struct Columns {
    of: BTreeMap<ComponentName, Arc<Column>>,
    /// How many places there are.
    seats: Slot,
    /// Those of clusters that are not connected any more.
    free: Vec<Slot>,
}

impl Reports {
    /// What a cluster reports; `None`: it is not connected.
    #[must_use]
    pub fn get(&self, cluster: &ClusterName) -> Option<&ClusterReport> {
        self.clusters.get(cluster).map(|(_, report)| &**report)
    }

    /// The same, to be kept.
    #[must_use]
    pub fn shared(&self, cluster: &ClusterName) -> Option<Arc<ClusterReport>> {
        self.clusters.get(cluster).map(|(_, report)| Arc::clone(report))
    }

    /// What a cluster reports, and where it stands in the columns.
    pub(crate) fn placed(&self, cluster: &ClusterName) -> Option<(Slot, &ClusterReport)> {
        self.clusters.get(cluster).map(|(slot, report)| (*slot, &**report))
    }

    /// The same for many clusters that are asked for in the order of their names: they are found in one walk.
    pub(crate) fn in_order(&self) -> InOrder<'_> {
        InOrder { all: &self.clusters, rest: self.clusters.range::<ClusterName, _>(..).peekable() }
    }

    /// What all clusters say of a component; `None`: none of them says anything.
    pub(crate) fn column(&self, component: &ComponentName) -> Option<&Column> {
        self.columns.of.get(component).map(|column| &**column)
    }

    /// Whether a cluster is connected.
    #[must_use]
    pub fn is_connected(&self, cluster: &ClusterName) -> bool {
        self.clusters.contains_key(cluster)
    }

    /// All reports, by the names of the clusters.
    pub fn iter(&self) -> impl Iterator<Item = (&ClusterName, &ClusterReport)> {
        self.clusters.iter().map(|(name, (_, report))| (name, &**report))
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
                    let ((name, (_, a)), (_, (_, b))) =
                        (mine.next().zip(theirs.next())).expect("peeked");
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
                true => out.extend(mine.next().map(|(name, (_, a))| (name, Some(&**a), None))),
                false => out.extend(theirs.next().map(|(name, (_, b))| (name, None, Some(&**b)))),
            }
        }
    }

    /// Takes what a cluster reports now in the place of what it reported before.
    pub fn insert(&mut self, cluster: ClusterName, report: ClusterReport) {
        let columns = Arc::make_mut(&mut self.columns);
        let known = self.clusters.get(&cluster).map(|(slot, _)| *slot);
        let slot = known.unwrap_or_else(|| columns.seat());
        columns.read(slot, &report.components);
        Arc::make_mut(&mut self.clusters).insert(cluster, (slot, Arc::new(report)));
    }

    /// Changes what a cluster reports; one that is not connected yet is from now on, and has said nothing.
    pub fn change<T>(
        &mut self,
        cluster: &ClusterName,
        change: impl FnOnce(&mut ClusterReport) -> T,
    ) -> T {
        let (slot, report, columns) = self.open(cluster);
        let out = change(report);
        columns.read(slot, &report.components);
        out
    }

    /// The same for what it says of one component: nothing else of the report is looked at.
    pub fn tell(&mut self, cluster: &ClusterName, component: &ComponentName, running: Running) {
        let (slot, report, columns) = self.open(cluster);
        let column = columns.of.entry(component.clone()).or_default();
        if !column.tells(slot, Some(&running)) {
            Arc::make_mut(column).set(slot, Some(&running));
        }
        report.components.insert(component.clone(), running);
    }

    fn open(&mut self, cluster: &ClusterName) -> (Slot, &mut ClusterReport, &mut Columns) {
        let columns = Arc::make_mut(&mut self.columns);
        let clusters = Arc::make_mut(&mut self.clusters);
        let (slot, report) = clusters
            .entry(cluster.clone())
            .or_insert_with(|| (columns.seat(), Arc::new(ClusterReport::connected())));
        (*slot, Arc::make_mut(report), columns)
    }

    /// Forgets a cluster that is not connected any more.
    pub fn remove(&mut self, cluster: &ClusterName) {
        if let Some((slot, _)) = Arc::make_mut(&mut self.clusters).remove(cluster) {
            Arc::make_mut(&mut self.columns).leave(slot);
        }
    }
}

/// A walk along the reports.
pub(crate) struct InOrder<'a> {
    all: &'a BTreeMap<ClusterName, (Slot, Arc<ClusterReport>)>,
    rest: Peekable<btree_map::Range<'a, ClusterName, (Slot, Arc<ClusterReport>)>>,
}

impl<'a> InOrder<'a> {
    /// What a cluster reports, and where it stands in the columns; none that was asked for comes after it.
    pub(crate) fn placed(&mut self, cluster: &ClusterName) -> Option<(Slot, &'a ClusterReport)> {
        // So many steps are less than to look for it from the top.
        const NEAR: usize = 8;
        for _ in 0..NEAR {
            if self.rest.peek()?.0 >= cluster {
                break;
            }
            self.rest.next();
        }
        if self.rest.peek()?.0 < cluster {
            self.rest = self.all.range(cluster..).peekable();
        }
        let (_, (slot, report)) = self.rest.next_if(|(name, _)| *name == cluster)?;
        Some((*slot, &**report))
    }
}

impl Columns {
    /// A place for one more cluster.
    fn seat(&mut self) -> Slot {
        self.free.pop().unwrap_or_else(|| {
            self.seats += 1;
            self.seats - 1
        })
    }

    fn leave(&mut self, slot: Slot) {
        self.read(slot, &BTreeMap::new());
        self.free.push(slot);
    }

    /// Takes what a cluster says now of its components. Columns that this does not change stay shared.
    fn read(&mut self, slot: Slot, components: &BTreeMap<ComponentName, Running>) {
        let mut told = components.iter().peekable();
        let mut unheard = Vec::new();
        for (name, column) in &mut self.of {
            while let Some(new) = told.next_if(|(told, _)| *told < name) {
                unheard.push(new);
            }
            let running = told.next_if(|(told, _)| *told == name).map(|(_, running)| running);
            if !column.tells(slot, running) {
                Arc::make_mut(column).set(slot, running);
            }
        }
        for (name, running) in unheard.into_iter().chain(told) {
            let mut column = Column::default();
            column.set(slot, Some(running));
            self.of.insert(name.clone(), Arc::new(column));
        }
    }
}

impl From<BTreeMap<ClusterName, ClusterReport>> for Reports {
    fn from(reports: BTreeMap<ClusterName, ClusterReport>) -> Self {
        reports.into_iter().collect()
    }
}

impl FromIterator<(ClusterName, ClusterReport)> for Reports {
    fn from_iter<I: IntoIterator<Item = (ClusterName, ClusterReport)>>(reports: I) -> Self {
        let mut out = Self::default();
        reports.into_iter().for_each(|(cluster, report)| out.insert(cluster, report));
        out
    }
}

/// The reports are all there is: the columns follow from them, and where a cluster stands in them says nothing.
impl PartialEq for Reports {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.clusters, &other.clusters)
            || (self.clusters.len() == other.clusters.len() && self.iter().eq(other.iter()))
    }
}

impl Eq for Reports {}

impl fmt::Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
