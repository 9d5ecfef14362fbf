//! A plan that is kept, and made again of what changed only.
//!
//! Always what [`super::plan`] would say, and much sooner: after one report of one cluster, one proposal of hundreds is
//! made. Must not guess what changed: `changed` compares. A kept plan is a cache, and can be dropped at any time.

use std::sync::Arc;

use super::changed::{Changed, Reads};
use super::{Plan, Planner, Request, plan};
use crate::path::Path;
use crate::roster::Rosters;
use crate::snapshot::Snapshot;

/// A plan with what it was made from.
#[derive(Debug, Clone)]
pub struct Planned {
    path: Arc<Path>,
    snapshot: Snapshot,
    plan: Plan,
}

impl Planned {
    /// Plans everything, and keeps it.
    #[must_use]
    pub fn new(path: Arc<Path>, snapshot: Snapshot) -> Self {
        let plan = plan(&path, &snapshot);
        Self { path, snapshot, plan }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What it was made from.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Plans for what is believed now; says how many proposals were made for that. Snapshots that share what did not
    /// change, as copies of one do, are compared without looking at it.
    pub fn again(&mut self, path: &Arc<Path>, snapshot: Snapshot) -> usize {
        let same_path = Arc::ptr_eq(&self.path, path) || self.path == *path;
        let changed = Changed::between(&self.snapshot, &snapshot).filter(|_| same_path);
        let Some(changed) = changed else {
            *self = Self::new(Arc::clone(path), snapshot);
            return self.plan.proposals.len();
        };
        let mut made = 0;
        let request = &Request::default();
        let rosters = &Rosters::new(path, &snapshot);
        let mut proposals = self.plan.proposals.iter_mut().peekable();
        for environment in path.environments() {
            let reads = Reads::of(path, environment);
            while let Some(old) = proposals.next_if(|p| p.environment == environment.name) {
                if !changed.concerns(&reads, old, &self.snapshot) {
                    continue;
                }
                let component = &old.component.clone();
                let snapshot = &snapshot;
                let planner = Planner { path, snapshot, environment, rosters, component, request };
                *old = planner.whole();
                made += 1;
            }
        }
        self.plan.based_on.clone_from(&snapshot.base);
        self.snapshot = snapshot;
        made
    }
}
