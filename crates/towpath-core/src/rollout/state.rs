//! How far each cluster is with a release: by its pin, the ledger and its own word.
//!
//! Must not count; that is [`super::wave`].

use std::time::Duration;

use jiff::Timestamp;

use super::{Having, Moved};
use crate::gate::after;
use crate::id::ClusterName;
use crate::path::Environment;
use crate::placed::Placed;
use crate::release::Release;
use crate::roster::{Roster, Seat, Seen};
use crate::running::{Ailing, ClusterReport, Contact, Health, Running, Well};
use crate::snapshot::Snapshot;

/// How far a cluster is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClusterState {
    /// Its pin names something else.
    Before,
    /// It failed with the release, or took too long.
    Failed {
        /// Why, in one line.
        why: String,
    },
    /// Its pin names the release, and it does not report it healthy yet.
    Moving {
        /// Since when.
        since: Timestamp,
        /// What it says instead, in one line.
        why: String,
    },
    /// Its pin names the release, and nothing is connected to it that could say more.
    NotConnected,
    /// It reports exactly the release, healthy.
    Healthy {
        /// Since when.
        since: Timestamp,
    },
}

/// How far pins are from naming a release.
#[derive(Clone, Copy)]
enum Naming {
    /// They mean another one.
    Other,
    /// They mean it in other words: by a range, without the digest.
    Otherwise,
    /// They say it, and nothing is to be edited.
    Say,
}

impl Naming {
    fn of(placed: &Placed<'_>, release: &Release) -> Self {
        match placed.version {
            Some(version) if *version == release.version => {
                if placed.first().says(release) {
                    Self::Say
                } else {
                    Self::Otherwise
                }
            }
            _ => Self::Other,
        }
    }
}

/// Tells of each pin of a release's component, in their order: its cluster, the wave that takes that, and how far it is.
pub(super) fn each_state<'p>(
    roster: &Roster<'_>,
    environment: &Environment,
    (release, pins): (&Release, &[Placed<'p>]),
    having: Having,
    mut tell: impl FnMut(&'p ClusterName, Option<u32>, ClusterState),
) {
    let mut states = States::new(roster, environment, release);
    for placed in pins {
        let seating = roster.seating(placed);
        let naming = Naming::of(placed, release);
        let seats = placed.clusters().iter().zip(seating.of(placed));
        for (position, (cluster, seat)) in seats.enumerate() {
            let is_before = match naming {
                Naming::Other => true,
                Naming::Say => false,
                Naming::Otherwise => {
                    let edits = || placed.pins[position].set_to(release);
                    having == Having::Saying && edits().is_ok_and(|edits| !edits.is_empty())
                }
            };
            let state =
                if is_before { ClusterState::Before } else { states.having_it(cluster, *seat) };
            tell(cluster, seat.wave, state);
        }
    }
}

/// What clusters whose pins name a release say of it.
struct States<'r> {
    snapshot: &'r Snapshot,
    release: &'r Release,
    deadlines: Vec<Option<Duration>>,
    now: Timestamp,
    moved: Moved<'r>,
    well: Well<'r>,
}

impl<'r> States<'r> {
    fn new(roster: &Roster<'r>, environment: &Environment, release: &'r Release) -> Self {
        let snapshot = roster.snapshot();
        let column = snapshot.running.column(&release.component);
        Self {
            snapshot,
            release,
            deadlines: environment.conduct.waves.iter().map(|w| w.progress_deadline).collect(),
            now: roster.now(),
            moved: Moved::to(snapshot, &environment.name, release),
            well: column.map(|column| column.well_with(release)).unwrap_or_default(),
        }
    }

    fn having_it(&mut self, cluster: &ClusterName, seat: Seat) -> ClusterState {
        if let Seen::At(slot) = seat.seen
            && let Some(said) = self.well.since(slot)
        {
            return ClusterState::Healthy { since: self.moved.latest(cluster, said) };
        }
        let Some(report) = self.snapshot.running.get(cluster) else {
            return ClusterState::NotConnected;
        };
        let deadline = seat.wave.and_then(|wave| self.deadlines[wave as usize]);
        let moved = self.moved.at(cluster);
        not_well(self.release, report, (self.now, moved, deadline))
    }
}

/// The state of a cluster that does not say that it is well with the release.
fn not_well(
    release: &Release,
    report: &ClusterReport,
    (now, moved, deadline): (Timestamp, Option<Timestamp>, Option<Duration>),
) -> ClusterState {
    let moving = |why: String| {
        let late = deadline.zip(moved).is_some_and(|(long, at)| after(at, long) <= now);
        match late {
            true => ClusterState::Failed { why: format!("it took too long: {why}") },
            false => ClusterState::Moving { since: moved.unwrap_or(now), why },
        }
    };
    if let Contact::Lost { since, why } = &report.contact {
        return moving(format!("it has not been reached since {since}: {why}"));
    }
    let Some(running) = report.components.get(&release.component) else {
        return moving("it reports nothing of the component".to_owned());
    };
    match (running.is_exactly(release), running.health) {
        (true, Health::Failed) => ClusterState::Failed { why: told(running) },
        // It failed to take the release: what it says was said after the move. What was said in the very second of
        // the move may be why it is gone back from, and is not held against what it goes back to.
        (false, Health::Failed)
            if running.attempted.as_ref().is_some_and(|r| release.is_content_of(r))
                || moved.is_some_and(|at| running.since > at) =>
        {
            ClusterState::Failed { why: told(running) }
        }
        (true, _) => moving(told(running)),
        (false, _) => moving(match &running.revision {
            Some(revision) => format!("it still runs {}", revision.short()),
            None => told(running),
        }),
    }
}

/// How something is, in one line.
pub(crate) fn told(running: &Running) -> String {
    match running.ailing.first() {
        Some(Ailing { object, health: Health::Failed, why }) => format!("{object} failed: {why}"),
        Some(Ailing { object, health, why }) => format!("{object} is {}: {why}", health.word()),
        None if running.suspended => "its delivery is suspended".to_owned(),
        None if running.health == Health::Failed => "it failed".to_owned(),
        None => format!("it is {}", running.health.word()),
    }
}
