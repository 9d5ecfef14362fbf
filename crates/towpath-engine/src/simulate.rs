//! What would happen, and what would have: the same planner on a virtual clock, over a scenario.
//!
//! A discrete-event simulation. It knows no clock, disk or network and keeps no state: the same path, snapshot and
//! scenario give the same [`Simulation`]. Time jumps to the next moment at which anything can change: something of the
//! scenario, a delivery, a gate that opens, a deadline. At each moment it does what the loop does: it writes down
//! what follows ([`towpath_core::plan::notes`]), plans what may have changed, and carries out what nothing holds. Must
//! not decide anything else; a gate that is judged here in another way than by the planner would be a lie.
//!
//! In the order of use: `island` cuts the path into pieces that do not look at each other, `crowd` finds clusters that
//! nothing tells apart, `world` holds one piece, `play` lets time pass in it, `book` writes it down, `report` is what is
//! told. [`recorded()`] makes a scenario of a ledger.

use std::time::Duration;

use jiff::Timestamp;
use rayon::prelude::*;
use towpath_core::gate::Condition;
use towpath_core::invariant::Broken;
use towpath_core::path::{Path, PathError};
use towpath_core::scenario::Scenario;
use towpath_core::snapshot::Snapshot;
use towpath_core::tracking::Policy;

pub use self::crowd::Crowds;
pub use self::recorded::{Recorded, recorded};
pub use self::report::{
    Happening, Journey, Lead, Moment, Simulation, Stay, Tally, Waited, WaitsFor,
};

mod book;
mod chance;
mod crowd;
mod events;
mod fate;
mod island;
mod orders;
mod people;
mod play;
mod recorded;
mod report;
mod sources;
mod world;

/// Why a scenario could not be played to its end.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// A plan broke an invariant: a bug of the planner.
    #[error("at {at}, the plan of {} breaks an invariant: {}", .broken.at, .broken.rule)]
    Invariant {
        /// When.
        at: Timestamp,
        /// Which, and where.
        broken: Broken,
    },
    /// More happened at one moment than can be believed.
    #[error("the world does not come to rest at {at}")]
    Restless {
        /// When.
        at: Timestamp,
    },
    /// A piece of the path is none.
    #[error("the path cannot be cut into pieces")]
    Path(#[from] PathError),
}

/// What every scenario takes for granted.
const ALWAYS: [&str; 2] = [
    "every cluster is connected, and healthy at the beginning with what its pins say",
    "checks find nothing, and every registry answers",
];

/// What is taken for granted where an environment follows a branch.
const FOLLOWS: &str = "commits of promotions do not reach clusters that follow a branch; only a release's commit does";

/// What is taken for granted where a gate asks for a metric.
const METRICS: &str = "every metric is as its gate wants it";

/// What is taken for granted where clusters are grouped.
fn together(groups: usize) -> String {
    format!("clusters of a wave that nothing tells apart deliver in {groups} groups at most")
}

/// Plays a scenario on a path, from the pins and the ledger of a snapshot.
///
/// # Errors
/// [`SimulationError`], each of which is a bug.
pub fn simulate(
    path: &Path,
    snapshot: &Snapshot,
    scenario: &Scenario,
) -> Result<Simulation, SimulationError> {
    simulate_crowds(path, snapshot, scenario, Crowds::default())
}

/// The same, with a say in how crowds are played.
///
/// # Errors
/// [`SimulationError`], each of which is a bug.
pub fn simulate_crowds(
    path: &Path,
    snapshot: &Snapshot,
    scenario: &Scenario,
    crowds: Crowds,
) -> Result<Simulation, SimulationError> {
    let islands = island::Islands::of(path, snapshot);
    let mut out = Simulation {
        start: scenario.start,
        end: scenario.end,
        environments: path.environments().iter().map(|e| (e.name.clone(), e.production)).collect(),
        moments: Vec::new(),
        journeys: Vec::new(),
        assumptions: Vec::new(),
    };
    let mut assumptions = std::collections::BTreeSet::new();
    assumptions.extend(ALWAYS.map(str::to_owned));
    if snapshot.pins.iter().any(|pin| pin.tracking.policy() == Policy::Branch) {
        assumptions.insert(FOLLOWS.to_owned());
    }
    let conditions = path.environments().iter().flat_map(|e| &e.gates).map(|gate| &gate.condition);
    if conditions.clone().any(|c| matches!(c, Condition::Metric { .. })) {
        assumptions.insert(METRICS.to_owned());
    }
    // Pieces know nothing of each other, so it does not matter who plays which; each is kept in its place.
    let played = islands.groups().into_par_iter().map(|members| {
        let piece = islands.piece(&members, scenario, crowds)?;
        let in_groups = piece.crowd.delivers();
        let mut book = play::Play::new(piece, scenario).run()?;
        if in_groups {
            book.assumptions.insert(together(crowds.groups));
        }
        Ok(book)
    });
    let played: Result<Vec<book::Book>, SimulationError> = played.collect();
    for book in played? {
        out.moments.extend(book.moments);
        out.journeys.extend(book.journeys.into_values());
        assumptions.extend(book.assumptions);
    }
    // What concerns every component happens in each piece, and is told once. The sorts are stable: within a moment, each
    // piece keeps its order.
    out.moments.extend(events::of_all(scenario));
    out.moments.sort_by_key(|m| m.at);
    out.journeys.sort_by(|a, b| {
        (a.released, &a.component, &a.version).cmp(&(b.released, &b.component, &b.version))
    });
    out.assumptions.extend(assumptions);
    Ok(out)
}

/// So long after a time, or the end of time.
fn later(time: Timestamp, long: Duration) -> Timestamp {
    time.checked_add(long).unwrap_or(Timestamp::MAX)
}
