//! Where records stand that are about something, so that nobody walks the whole ledger for a few of them.
//!
//! Kept while records are added, and never told apart from them. Must not say what a record means.

use std::collections::BTreeMap;

use super::{Event, PlanHash};
use crate::id::{ComponentName, EnvironmentName};

/// Positions of records, lowest first.
#[derive(Clone, Default)]
pub(super) struct Index {
    of: BTreeMap<EnvironmentName, BTreeMap<ComponentName, Vec<usize>>>,
    of_plan: BTreeMap<PlanHash, Vec<usize>>,
    of_releases: BTreeMap<ComponentName, Vec<usize>>,
    freezes: Vec<usize>,
}

impl Index {
    /// Takes the record at a position, which must be above all before it.
    pub(super) fn add(&mut self, position: usize, event: &Event) {
        let (environment, component) = match event {
            Event::Approved { plan, .. } | Event::Overridden { plan, .. } => {
                return self.of_plan.entry(plan.clone()).or_default().push(position);
            }
            Event::Released { component, .. } | Event::Reported { component, .. } => {
                return self.of_releases.entry(component.clone()).or_default().push(position);
            }
            Event::Frozen { .. } | Event::Thawed { .. } => return self.freezes.push(position),
            Event::SandboxCreated(_) | Event::SandboxDeleted { .. } => return,
            Event::Promoted(p) => (&p.environment, &p.component),
            Event::Verified(v) => (&v.release.environment, &v.release.component),
            Event::Tested(t) => (&t.release.environment, &t.release.component),
            Event::Failed(of, _) | Event::Aborted(of, _) | Event::Soaked(of, ..) => {
                (&of.environment, &of.component)
            }
        };
        let components = self.of.entry(environment.clone()).or_default();
        components.entry(component.clone()).or_default().push(position);
    }

    /// What happened to a component in an environment: promotions, their ends, verifications, soaks, tests.
    pub(super) fn of(&self, environment: &EnvironmentName, component: &ComponentName) -> &[usize] {
        self.of.get(environment).and_then(|of| of.get(component)).map_or(&[], Vec::as_slice)
    }

    /// Approvals of a plan, and overrides of its gates.
    pub(super) fn of_plan(&self, plan: &PlanHash) -> &[usize] {
        self.of_plan.get(plan).map_or(&[], Vec::as_slice)
    }

    /// Releases of a component, and what was reported of them from outside.
    pub(super) fn of_releases(&self, component: &ComponentName) -> &[usize] {
        self.of_releases.get(component).map_or(&[], Vec::as_slice)
    }

    /// Beginnings and ends of freezes.
    pub(super) fn freezes(&self) -> &[usize] {
        &self.freezes
    }
}
