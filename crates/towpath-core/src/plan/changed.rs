//! What differs between two snapshots, and which proposals can depend on it.
//!
//! Found by comparing, and never told by whoever made the snapshots; parts that are shared between them are equal without
//! being looked at. The rule is coarse on purpose: it may name a proposal that would come out the same, and must name
//! each that would not. Must not plan. Next: [`super::again`].

use std::collections::BTreeSet;

use super::{Outcome, Proposal};
use crate::candidate::meant;
use crate::gate::Condition;
use crate::id::{ClusterName, ComponentName, EnvironmentName};
use crate::path::{Environment, Path};
use crate::record::Event;
use crate::rollout::Batch;
use crate::running::ClusterReport;
use crate::snapshot::Snapshot;

/// A component in an environment.
type Cell = (EnvironmentName, ComponentName);

/// What differs.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// What only those look at that are not settled: the time, the base, findings, answers of sources, any new record.
    rest: bool,
    /// Components whose releases differ.
    released: BTreeSet<ComponentName>,
    /// Where pins differ, or the ledger has something new.
    moved: BTreeSet<Cell>,
    /// Where a cluster reports something else.
    heard: BTreeSet<Cell>,
}

impl Changed {
    /// What differs; `None`: so much that everything is to be planned.
    pub(super) fn between(old: &Snapshot, new: &Snapshot) -> Option<Self> {
        // Taken apart, so that a new field is not forgotten here.
        let Snapshot {
            now,
            base,
            branches,
            pins,
            releases,
            contained,
            running,
            answers,
            history,
            findings,
        } = new;
        let heads_only = old.branches.keys().eq(branches.keys());
        if *now < old.now || !heads_only || old.contained != *contained {
            return None;
        }
        let rest = *now != old.now
            || *base != old.base
            || *findings != old.findings
            || *answers != old.answers;
        let mut changed = Self { rest, ..Self::default() };
        if !releases.keys().eq(old.releases.keys()) {
            return None;
        }
        for ((component, new), old) in releases.iter().zip(old.releases.values()) {
            if new != old {
                changed.released.insert(component.clone());
            }
        }
        for (environment, component) in old.pins.that_differ(pins)? {
            changed.moved.insert((environment.clone(), component.clone()));
        }
        for record in history.since(&old.history)? {
            changed.rest = true;
            changed.moved.extend(about(&record.event));
        }
        for (cluster, old_report, new_report) in old.running.that_differ(running) {
            changed.hear(new, cluster, old_report, new_report);
        }
        Some(changed)
    }

    fn hear(
        &mut self,
        snapshot: &Snapshot,
        cluster: &ClusterName,
        old: Option<&ClusterReport>,
        new: Option<&ClusterReport>,
    ) {
        // Whether anything is connected is asked of whole environments, by those that are not settled.
        self.rest |= old.is_some() != new.is_some();
        let is_whole = old.map(|r| &r.contact) != new.map(|r| &r.contact);
        let differs = |component: &ComponentName| {
            let old = old.and_then(|r| r.components.get(component));
            is_whole || old != new.and_then(|r| r.components.get(component))
        };
        for (environment, component) in snapshot.pins.on(cluster, differs) {
            self.heard.insert((environment.clone(), component.clone()));
        }
    }

    /// Whether a proposal may come out otherwise. `old` and `new` are the snapshots of before and now.
    pub(super) fn concerns(&self, reads: &Reads<'_>, proposal: &Proposal, old: &Snapshot) -> bool {
        let own = (proposal.environment.clone(), proposal.component.clone());
        if self.heard.contains(&own)
            || reads.components_with(&proposal.component).any(|c| self.released.contains(c))
            || self.moved.iter().any(|cell| reads.reads(&proposal.component, cell))
        {
            return true;
        }
        let may_change =
            self.rest || self.heard.iter().any(|cell| reads.reads(&proposal.component, cell));
        may_change && !is_settled(reads.environment, proposal, old)
    }
}

/// What the ledger's record is about, for who looks at promotions and their ends.
fn about(event: &Event) -> Option<Cell> {
    let (environment, component) = match event {
        Event::Promoted(p) => (&p.environment, &p.component),
        Event::Verified(v) => (&v.release.environment, &v.release.component),
        Event::Tested(t) => (&t.release.environment, &t.release.component),
        Event::Failed(of, _) | Event::Aborted(of, _) | Event::Soaked(of, ..) => {
            (&of.environment, &of.component)
        }
        // Gates look at these, and who has gates to pass is not settled.
        Event::Released { .. }
        | Event::Approved { .. }
        | Event::Overridden { .. }
        | Event::Reported { .. }
        | Event::Frozen { .. }
        | Event::Thawed { .. } => return None,
        Event::SandboxCreated(_) | Event::SandboxDeleted { .. } => return None,
    };
    Some((environment.clone(), component.clone()))
}

/// Whether time alone changes nothing of a proposal, nor what gates look at: it follows by itself, or every pin of it
/// names one release that all clusters came well through. What was late stays late, and what has settled stays so.
fn is_settled(environment: &Environment, proposal: &Proposal, snapshot: &Snapshot) -> bool {
    if proposal.outcome == Outcome::Follows {
        return true;
    }
    let (Some(release), Some(rollout)) = (&proposal.candidate, &proposal.rollout) else {
        return false;
    };
    let mut stretches = snapshot.pins.stretches(&proposal.environment, &proposal.component);
    proposal.outcome == Outcome::UpToDate
        && proposal.gates.is_empty()
        && rollout.next == Batch::Done
        && environment.conduct.bundle.is_empty()
        && stretches
            .all(|pins| pins.first().and_then(|pin| meant(snapshot, pin)) == Some(&release.version))
}

/// What the proposals of an environment look at.
pub(super) struct Reads<'a> {
    environment: &'a Environment,
    /// It, those before it however far, and those that its gates name.
    environments: BTreeSet<&'a EnvironmentName>,
    /// What its gates name, besides the proposal's own.
    ordered: BTreeSet<&'a ComponentName>,
}

impl<'a> Reads<'a> {
    pub(super) fn of(path: &'a Path, environment: &'a Environment) -> Self {
        let mut environments = BTreeSet::new();
        let mut ordered = BTreeSet::new();
        let mut ask = vec![&environment.name];
        for gate in &environment.gates {
            match &gate.condition {
                Condition::Verified { from, .. } => ask.extend(from),
                Condition::Test { environments, .. } => ask.extend(environments),
                Condition::Order { component, .. } => drop(ordered.insert(component)),
                _ => {}
            }
        }
        while let Some(name) = ask.pop() {
            if environments.insert(name) {
                ask.extend(path.environment(name).into_iter().flat_map(|e| &e.after));
            }
        }
        Self { environment, environments, ordered }
    }

    fn components_with(
        &self,
        component: &'a ComponentName,
    ) -> impl Iterator<Item = &'a ComponentName> {
        let bundle = &self.environment.conduct.bundle;
        let together = bundle.iter().filter(|_| bundle.contains(component));
        std::iter::once(component).chain(self.ordered.iter().copied()).chain(together)
    }

    fn reads(&self, component: &ComponentName, (environment, of): &Cell) -> bool {
        let bundle = &self.environment.conduct.bundle;
        let is_theirs = component == of
            || self.ordered.contains(of)
            || (bundle.contains(component) && bundle.contains(of));
        is_theirs && self.environments.contains(environment)
    }
}
