//! Pins with the versions that they mean now, and the clusters that they stand for: what the planner walks over.
//!
//! A fleet has a million pins that say a handful of things, so what is asked of a pin is asked once for each stretch of
//! neighbours that say the same, and clusters are met in the order of their names on both sides instead of being looked
//! up. Must not decide anything. Next: [`crate::rollout`].

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::candidate::meant;
use crate::id::{ClusterName, ComponentName, EnvironmentName};
use crate::path::Environment;
use crate::pin::Pin;
use crate::running::{ClusterReport, Running};
use crate::snapshot::Snapshot;
use crate::version::Version;

/// A pin with the version that it means now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed<'a> {
    pub(crate) pin: &'a Pin,
    /// `None`: it is not known.
    pub(crate) version: Option<&'a Version>,
    /// Pins of one number, among those of one component in one environment, say the same.
    stretch: usize,
}

/// The pins of a component in an environment, by the names of the clusters.
pub(crate) fn placed<'a>(
    snapshot: &'a Snapshot,
    environment: &EnvironmentName,
    component: &ComponentName,
) -> Vec<Placed<'a>> {
    let mut out = Vec::with_capacity(snapshot.pins.of(environment, component).len());
    for (number, pins) in snapshot.pins.stretches(environment, component).enumerate() {
        let version = pins.first().and_then(|pin| meant(snapshot, pin));
        out.extend(pins.iter().map(|pin| Placed { pin, version, stretch: number }));
    }
    out
}

/// Asks what depends on nothing but what a pin says, once for each stretch. For the pins of one component in one
/// environment.
pub(crate) fn once_each<'a, T: Copy>(
    ask: impl Fn(&Placed<'a>) -> T,
) -> impl FnMut(&Placed<'a>) -> T {
    let mut last: Option<(usize, T)> = None;
    move |placed| match last {
        Some((stretch, answer)) if stretch == placed.stretch => answer,
        _ => {
            let answer = ask(placed);
            last = Some((placed.stretch, answer));
            answer
        }
    }
}

/// The clusters of an environment by name, with the waves that take them and what they report.
pub(crate) struct Roster<'a> {
    snapshot: &'a Snapshot,
    seats: Vec<Seat<'a>>,
    /// What the clusters run of each component, in the order of the seats; only where all components are asked for.
    columns: BTreeMap<&'a ComponentName, Vec<Option<&'a Running>>>,
}

/// A cluster in its environment.
struct Seat<'a> {
    name: &'a ClusterName,
    wave: Option<usize>,
    report: Option<&'a ClusterReport>,
}

/// How a cluster is seen by who asks for one component.
pub(crate) struct Sight<'a> {
    /// The position of the first wave that takes it; `None`: no stated one does.
    pub(crate) wave: Option<usize>,
    /// What it reports; `None`: it is not connected.
    pub(crate) report: Option<&'a ClusterReport>,
    /// What it last reported of the component.
    pub(crate) running: Option<&'a Running>,
}

impl<'a> Roster<'a> {
    /// The clusters of one environment.
    pub(crate) fn of(snapshot: &'a Snapshot, environment: &'a Environment) -> Self {
        let waves = &environment.conduct.waves;
        let seats = environment.clusters.iter().map(|cluster| Seat {
            name: &cluster.name,
            wave: waves.iter().position(|w| w.select.selects(cluster)),
            report: snapshot.running.get(&cluster.name),
        });
        let mut seats: Vec<Seat<'_>> = seats.collect();
        seats.sort_by(|a, b| a.name.cmp(b.name));
        Self { snapshot, seats, columns: BTreeMap::new() }
    }

    /// The same, for who asks for one component after the other: each report is read once.
    pub(crate) fn of_all(snapshot: &'a Snapshot, environment: &'a Environment) -> Self {
        let mut roster = Self::of(snapshot, environment);
        let size = roster.seats.len();
        let mut columns: BTreeMap<&'a ComponentName, Vec<Option<&'a Running>>> = BTreeMap::new();
        for (row, seat) in roster.seats.iter().enumerate() {
            let Some(report) = seat.report else { continue };
            for (component, running) in &report.components {
                let column = columns.entry(component).or_insert_with(|| vec![None; size]);
                column[row] = Some(running);
            }
        }
        roster.columns = columns;
        roster
    }

    /// What it was made from.
    pub(crate) fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// When that was.
    pub(crate) fn now(&self) -> Timestamp {
        self.snapshot.now
    }

    /// Finds clusters, and what they run of a component, in the order of their names.
    pub(crate) fn reader<'r>(&'r self, component: &'r ComponentName) -> Reader<'r, 'a> {
        Reader { roster: self, component, column: self.columns.get(component), row: 0 }
    }
}

/// Goes along a roster. Clusters that are asked for in the order of their names are met on the way.
pub(crate) struct Reader<'r, 'a> {
    roster: &'r Roster<'a>,
    component: &'r ComponentName,
    column: Option<&'r Vec<Option<&'a Running>>>,
    row: usize,
}

impl<'r, 'a> Reader<'r, 'a> {
    /// The wave that takes a cluster, what it reports, and what that was of the component.
    pub(crate) fn at(&mut self, cluster: &ClusterName) -> Sight<'a> {
        let seats = &self.roster.seats;
        while seats.get(self.row).is_some_and(|s| s.name != cluster && s.name < cluster) {
            self.row += 1;
        }
        match seats.get(self.row).filter(|s| s.name == cluster) {
            Some(seat) => {
                Sight { wave: seat.wave, report: seat.report, running: self.running(seat) }
            }
            // A pin of a cluster that the path does not have, or that was passed already.
            None => {
                let found = seats.binary_search_by(|s| s.name.cmp(cluster));
                let (wave, report) = match found {
                    Ok(row) => (seats[row].wave, seats[row].report),
                    Err(_) => (None, self.roster.snapshot.running.get(cluster)),
                };
                let running = report.and_then(|report| report.components.get(self.component));
                Sight { wave, report, running }
            }
        }
    }

    fn running(&self, seat: &Seat<'a>) -> Option<&'a Running> {
        match self.column {
            Some(column) => column[self.row],
            None => seat.report.and_then(|report| report.components.get(self.component)),
        }
    }
}
