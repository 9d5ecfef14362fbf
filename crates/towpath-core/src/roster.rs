//! The clusters of an environment in the order of their names, with the waves that take them and where they report.
//!
//! A fleet has a hundred components on ten thousand clusters, so clusters are found once for all components that are on
//! the same ones. Must not decide anything. Next: [`crate::rollout`].

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::Timestamp;

use crate::id::ClusterName;
use crate::path::{Environment, Path};
use crate::placed::Placed;
use crate::running::{ClusterReport, Contact, Slot};
use crate::snapshot::Snapshot;

/// The clusters of each environment, found when they are first asked for.
pub(crate) struct Rosters<'a> {
    snapshot: &'a Snapshot,
    of: Vec<(&'a Environment, OnceCell<Roster<'a>>)>,
}

impl<'a> Rosters<'a> {
    pub(crate) fn new(path: &'a Path, snapshot: &'a Snapshot) -> Self {
        let of = path.environments().iter().map(|environment| (environment, OnceCell::new()));
        Self { snapshot, of: of.collect() }
    }

    /// The clusters of an environment of the path.
    pub(crate) fn of(&self, environment: &Environment) -> &Roster<'a> {
        let mut all = self.of.iter();
        let found = all.find(|(one, _)| one.name == environment.name);
        let (environment, roster) = found.expect("an environment of the path");
        roster.get_or_init(|| Roster::of(self.snapshot, environment))
    }
}

/// The clusters of an environment, with the waves that take them and where their reports are.
pub(crate) struct Roster<'a> {
    snapshot: &'a Snapshot,
    /// By name.
    seats: Vec<(&'a ClusterName, Seat)>,
    /// What was found for a list of clusters: components mostly are on the same.
    found: RefCell<BTreeMap<*const ClusterName, Rc<Seating>>>,
}

/// How a cluster is seen by who asks for its components.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seat {
    /// The position of the first wave that takes it; `None`: no stated one does.
    pub(crate) wave: Option<u32>,
    /// Whether it is seen.
    pub(crate) seen: Seen,
}

/// Whether a cluster is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing is connected to it.
    Not,
    /// It is connected, and does not answer.
    Lost,
    /// It is connected, and this is where it stands in the columns.
    At(Slot),
}

/// The seats of the clusters of pins, in the order of the pins.
pub(crate) struct Seating {
    pub(crate) seats: Vec<Seat>,
    /// Whether each cluster is there once.
    pub(crate) is_once: bool,
}

impl Seating {
    /// The seats of some of the pins.
    pub(crate) fn of(&self, placed: &Placed<'_>) -> &[Seat] {
        &self.seats[placed.at.clone()]
    }
}

impl<'a> Roster<'a> {
    /// The clusters of one environment.
    pub(crate) fn of(snapshot: &'a Snapshot, environment: &'a Environment) -> Self {
        let waves = &environment.conduct.waves;
        let seats = environment.clusters.iter().map(|cluster| {
            let wave = waves.iter().position(|w| w.select.selects(cluster));
            let wave = wave.map(|wave| u32::try_from(wave).expect("somebody wrote them all down"));
            (&cluster.name, Seat { wave, seen: Seen::Not })
        });
        let mut seats: Vec<_> = seats.collect();
        seats.sort_by_key(|(name, _)| *name);
        let mut reports = snapshot.running.in_order();
        for (name, seat) in &mut seats {
            seat.seen = seen(reports.placed(name));
        }
        Self { snapshot, seats, found: RefCell::default() }
    }

    /// What it was made from.
    pub(crate) fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    /// When that was.
    pub(crate) fn now(&self) -> Timestamp {
        self.snapshot.now
    }

    /// The seats of all clusters that stretches of the same component's pins are among.
    pub(crate) fn seating(&self, placed: &Placed<'_>) -> Rc<Seating> {
        // Who asks holds the list, and so do the pins of the snapshot: no other can be in its place.
        let mut found = self.found.borrow_mut();
        let seating =
            found.entry(placed.all.as_ptr()).or_insert_with(|| Rc::new(self.seat(placed.all)));
        Rc::clone(seating)
    }

    fn seat(&self, clusters: &[ClusterName]) -> Seating {
        let mut row = 0;
        let seats = clusters.iter().map(|cluster| {
            let is_before = |(name, _): &(&ClusterName, Seat)| *name != cluster && *name < cluster;
            while self.seats.get(row).is_some_and(is_before) {
                row += 1;
            }
            match self.seats.get(row) {
                Some((name, seat)) if *name == cluster => *seat,
                // A pin of a cluster that the path does not have.
                _ => Seat { wave: None, seen: seen(self.snapshot.running.placed(cluster)) },
            }
        });
        let seats = seats.collect();
        Seating { seats, is_once: clusters.windows(2).all(|two| two[0] != two[1]) }
    }
}

fn seen(placed: Option<(Slot, &ClusterReport)>) -> Seen {
    match placed {
        None => Seen::Not,
        Some((slot, report)) if report.contact == Contact::Connected => Seen::At(slot),
        Some(_) => Seen::Lost,
    }
}
