//! A release on its way over the clusters of an environment: who has it, how they are, and who is next.
//!
//! Derived from Git (the pins), the ledger (what was moved when) and the clusters' own word; nothing is remembered
//! besides, so a restart changes nothing, and clusters may appear or vanish in the middle. Must not edit: [`crate::plan`]
//! makes edits of the next [`Batch`].

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::id::{ClusterName, ComponentName};
use crate::path::Environment;
use crate::placed::Placed;
use crate::record::{Event, Promotion};
use crate::release::Release;
use crate::roster::Roster;
use crate::snapshot::Snapshot;

use self::state::each_state;
use self::wave::Tallies;

pub use self::followed::{End, Followed, Standing};
pub(crate) use self::moved::Moved;
pub(crate) use self::state::told;
pub use self::wave::WaveState;

mod followed;
mod moved;
mod state;
mod wave;

/// A rollout as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// Its waves, in order; each cluster of the environment that has the component counts in exactly one.
    pub waves: Vec<WaveState>,
    /// What comes next.
    pub next: Batch,
}

/// What comes next in a rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Batch {
    /// These clusters may be moved now.
    Move {
        /// In which wave.
        wave: Option<String>,
        /// Which.
        clusters: BTreeSet<ClusterName>,
    },
    /// As many are on their way as may be at once.
    Busy {
        /// In which wave.
        wave: Option<String>,
        /// One that is on its way.
        cluster: ClusterName,
        /// What it says.
        why: String,
        /// When it will have taken too long; `None`: no deadline is stated.
        deadline: Option<Timestamp>,
    },
    /// A wave is healthy and must stay so for a while before the next begins.
    Settling {
        /// Which wave.
        wave: Option<String>,
        /// Until when.
        until: Timestamp,
    },
    /// Clusters that nothing is connected to stand before the next.
    Unseen {
        /// In which wave.
        wave: Option<String>,
        /// One of them.
        cluster: ClusterName,
    },
    /// More clusters failed than may.
    Failed {
        /// In which wave.
        wave: Option<String>,
        /// Those that failed, and why.
        clusters: Vec<(ClusterName, String)>,
    },
    /// Every cluster has it, and those that can be seen are healthy, but for failures within the budget.
    Done,
}

/// What it takes for a pin to have a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Having {
    /// It means the release, if only because the release is in its range.
    Meaning,
    /// It says the release and nothing else: there is nothing to edit.
    Saying,
}

/// How releases that move together stand on the clusters of an environment, each with the pins of its component by the
/// names of the clusters.
pub(crate) fn rollout(
    roster: &Roster<'_>,
    environment: &Environment,
    releases: &[(&Release, &[Placed<'_>])],
    having: Having,
) -> Rollout {
    let mut tallies = Tallies::new(environment);
    let has_one_pin_each = |pins: &[Placed<'_>]| pins.iter().all(|p| roster.seating(p).is_once);
    if let [of @ (_, pins)] = releases
        && has_one_pin_each(pins)
    {
        each_state(roster, environment, *of, having, |cluster, wave, state| {
            tallies.count(cluster, wave, state);
        });
    } else {
        let mut standing = Vec::new();
        for of in releases {
            each_state(roster, environment, *of, having, |cluster, wave, state| {
                standing.push((cluster, wave, state));
            });
        }
        standing.sort_by_key(|(cluster, ..)| *cluster);
        standing.into_iter().for_each(|(cluster, wave, state)| tallies.add(cluster, wave, state));
    }
    tallies.rollout(environment, roster.now())
}

impl Rollout {
    /// A cluster that is on its way, in whichever wave.
    pub(crate) fn busy(&self, environment: &Environment) -> Option<Batch> {
        self.waves.iter().find_map(|wave| wave.busy(environment))
    }

    /// When time alone changes what comes next: a wave has settled, or clusters that are on their way have taken too long.
    pub(crate) fn changes(&self, environment: &Environment) -> impl Iterator<Item = Timestamp> {
        let settled = match &self.next {
            Batch::Settling { until, .. } => Some(*until),
            _ => None,
        };
        let late = self.waves.iter().filter_map(|wave| match wave.busy(environment)? {
            Batch::Busy { deadline, .. } => deadline,
            _ => None,
        });
        late.chain(settled)
    }
}

/// The last promotion of a component into an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Last<'a> {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub promotion: &'a Promotion,
    /// When it began: with the first record of the same plan.
    pub began: Timestamp,
    /// How it ended, where the ledger says so.
    pub ended: Option<Ended>,
}

/// How a promotion ended before all clusters had the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Too many clusters failed.
    Failed,
    /// Somebody gave it up.
    Aborted,
}

/// The last promotion of a component into an environment.
#[must_use]
pub fn last_promotion<'a>(
    snapshot: &'a Snapshot,
    environment: &Environment,
    component: &ComponentName,
) -> Option<Last<'a>> {
    let mut last: Option<Last<'a>> = None;
    for record in snapshot.history.about(&environment.name, component) {
        match &record.event {
            Event::Promoted(p) => {
                let began = match &last {
                    Some(before) if before.promotion.plan == p.plan => before.began,
                    _ => record.at,
                };
                last = Some(Last { at: record.at, promotion: p, began, ended: None });
            }
            Event::Failed(of, _) | Event::Aborted(of, _) => {
                let failed = matches!(record.event, Event::Failed(..));
                let ended = Some(if failed { Ended::Failed } else { Ended::Aborted });
                last = last.map(|l| {
                    if l.promotion.version == of.version { Last { ended, ..l } } else { l }
                });
            }
            _ => {}
        }
    }
    last
}
