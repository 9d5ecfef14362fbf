//! Islands: groups of components that no plan looks at together with another, so that each can be played alone.
//!
//! What a proposal is made of is the component's own pins, releases, records and reports, and those of the components
//! that it moves with (bundles) or waits for (order). So the rest of the world cannot change what becomes of it, and
//! a fleet is played in pieces that fit into a cache. Must not play.

use std::collections::{BTreeMap, BTreeSet};

use towpath_core::finding::Severity;
use towpath_core::gate::Condition;
use towpath_core::id::{ComponentName, EnvironmentName};
use towpath_core::path::{Environment, Path, PathError};
use towpath_core::pin::Pin;
use towpath_core::record::{Event, History, Record};
use towpath_core::running::Reports;
use towpath_core::scenario::Scenario;
use towpath_core::snapshot::Snapshot;
use towpath_core::source::Answers;
use towpath_core::tracking::Policy;

use super::crowd::{Crowd, Crowds, Marks};

/// A component in an environment.
pub(super) type Place = (EnvironmentName, ComponentName);

/// A piece of a world, which nothing outside of it concerns.
pub(super) struct Piece {
    pub(super) path: Path,
    pub(super) snapshot: Snapshot,
    /// Whom its clusters stand for.
    pub(super) crowd: Crowd,
}

/// A world, in pieces.
pub(super) struct Islands<'a> {
    path: &'a Path,
    snapshot: &'a Snapshot,
    /// The pins of each component.
    pins: BTreeMap<&'a ComponentName, Vec<&'a Pin>>,
    /// The first component that each environment has.
    first: BTreeMap<&'a EnvironmentName, &'a ComponentName>,
}

impl<'a> Islands<'a> {
    pub(super) fn of(path: &'a Path, snapshot: &'a Snapshot) -> Self {
        let mut pins: BTreeMap<&ComponentName, Vec<&Pin>> = BTreeMap::new();
        for pin in snapshot.pins.iter() {
            pins.entry(&pin.component).or_default().push(pin);
        }
        let first = |environment: &'a Environment| {
            Some((&environment.name, snapshot.first_component_of(path, environment)?))
        };
        let first = path.environments().iter().filter_map(first).collect();
        Self { path, snapshot, pins, first }
    }

    /// The components of each piece, in the order of the path; those without a pin are in none.
    pub(super) fn groups(&self) -> Vec<Vec<ComponentName>> {
        let names: Vec<&ComponentName> = self.path.components.iter().map(|c| &c.name).collect();
        let position: BTreeMap<&ComponentName, usize> =
            names.iter().enumerate().map(|(i, name)| (*name, i)).collect();
        let mut group: Vec<usize> = (0..names.len()).collect();
        let mut join = |members: &[&ComponentName]| {
            let at: Vec<usize> = members.iter().filter_map(|m| position.get(m).copied()).collect();
            let Some(lowest) = at.iter().map(|i| group[*i]).min() else { return };
            let old: BTreeSet<usize> = at.iter().map(|i| group[*i]).collect();
            group.iter_mut().filter(|g| old.contains(g)).for_each(|g| *g = lowest);
        };
        for environment in self.path.environments() {
            join(&environment.conduct.bundle.iter().collect::<Vec<_>>());
            for gate in &environment.gates {
                if let Condition::Order { component, .. } = &gate.condition {
                    let mut all = self.snapshot.components_of(self.path, environment);
                    all.push(component);
                    join(&all);
                }
            }
        }
        let mut out: BTreeMap<usize, Vec<ComponentName>> = BTreeMap::new();
        for (name, group) in names.iter().zip(&group) {
            out.entry(*group).or_default().push((*name).clone());
        }
        out.retain(|_, members| members.iter().any(|m| self.pins.contains_key(m)));
        out.into_values().collect()
    }

    /// One piece, as it was when a scenario begins. Nothing is connected yet.
    ///
    /// # Errors
    /// [`PathError`], which a piece of a path cannot have.
    pub(super) fn piece(
        &self,
        members: &[ComponentName],
        scenario: &Scenario,
        crowds: Crowds,
    ) -> Result<Piece, PathError> {
        let start = scenario.start;
        let records = self.snapshot.history.records();
        let records: Vec<&Record> =
            records.filter(|r| r.at <= start && concerns(&r.event, members)).collect();
        let pins: Vec<&Pin> =
            members.iter().filter_map(|m| self.pins.get(m)).flatten().copied().collect();
        let marks = Marks::of(&pins, &records, scenario);
        let mut crowd = Crowd::default();
        let pinned: BTreeSet<&EnvironmentName> = pins.iter().map(|p| &p.environment).collect();
        let components =
            self.path.components.iter().filter(|c| members.contains(&c.name)).cloned().collect();
        let environments = self.path.environments().iter().map(|environment| {
            let mut environment = environment.clone();
            environment.conduct.bundle.retain(|c| members.contains(c));
            if !pinned.contains(&environment.name) {
                environment.gates.clear();
            }
            // A stated branch or range is of the first component only.
            let is_first = self.first.get(&environment.name).is_some_and(|f| members.contains(f));
            environment.stated = environment.stated.filter(|s| *s == Policy::Exact || is_first);
            marks.group(&mut environment, crowds, &mut crowd);
            environment
        });
        let path = Path::new(self.path.trunk.clone(), components, environments.collect())?;
        let played = |pin: &&&Pin| crowds.each || crowd.leads(&pin.cluster);
        let snapshot = Snapshot {
            now: start,
            base: self.snapshot.base.clone(),
            branches: self.snapshot.branches.clone(),
            releases: members
                .iter()
                .filter_map(|m| Some((m.clone(), self.snapshot.releases.get(m)?.clone())))
                .collect(),
            contained: self.snapshot.contained.clone(),
            running: Reports::default(),
            answers: Answers::default(),
            history: History::new(records.into_iter().cloned().map(without_evidence)),
            findings: self
                .snapshot
                .findings
                .iter()
                .filter(|f| f.severity == Severity::Error)
                .cloned()
                .collect(),
            pins: pins.iter().filter(played).map(|pin| (*pin).clone()).collect(),
        };
        let crowd = if crowds.each { crowd.each() } else { crowd };
        Ok(Piece { path, snapshot, crowd })
    }
}

/// Evidence decides nothing that comes later.
fn without_evidence(mut record: Record) -> Record {
    if let Event::Promoted(promotion) = &mut record.event {
        promotion.gates.clear();
    }
    record
}

fn concerns(event: &Event, members: &[ComponentName]) -> bool {
    match event {
        Event::Released { component, .. }
        | Event::Approved { component, .. }
        | Event::Overridden { component, .. }
        | Event::Reported { component, .. } => members.contains(component),
        Event::Promoted(p) => members.contains(&p.component),
        Event::Verified(v) => members.contains(&v.release.component),
        Event::Failed(of, _) | Event::Aborted(of, _) | Event::Soaked(of, ..) => {
            members.contains(&of.component)
        }
        Event::Tested(tested) => members.contains(&tested.release.component),
        Event::Frozen { .. } | Event::Thawed { .. } => true,
        Event::SandboxCreated(_) | Event::SandboxDeleted { .. } => false,
    }
}

/// The environments whose plans look at another one: those after it, and those whose gates name it.
pub(super) fn readers(
    path: &Path,
    places: &BTreeSet<Place>,
) -> BTreeMap<EnvironmentName, BTreeSet<EnvironmentName>> {
    let mut out: BTreeMap<EnvironmentName, BTreeSet<EnvironmentName>> = BTreeMap::new();
    for (name, component) in places {
        let Some(environment) = path.environment(name) else { continue };
        let mut before: BTreeSet<&EnvironmentName> = BTreeSet::new();
        let mut ask: Vec<&EnvironmentName> = environment.after.iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(one) = ask.pop() {
            if !seen.insert(one) {
                continue;
            }
            if places.contains(&(one.clone(), component.clone())) {
                before.insert(one);
            } else {
                ask.extend(path.environment(one).iter().flat_map(|e| &e.after));
            }
        }
        let named = environment.gates.iter().flat_map(|gate| match &gate.condition {
            Condition::Verified { from, .. } => from.as_slice(),
            Condition::Test { environments, .. } | Condition::Alerts { environments, .. } => {
                environments.as_slice()
            }
            _ => &[],
        });
        for one in before.into_iter().chain(named) {
            out.entry(one.clone()).or_default().insert(name.clone());
        }
    }
    out
}
