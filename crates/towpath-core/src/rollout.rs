//! A release on its way over the clusters of an environment: who has it, how they are, and who is next.
//!
//! Derived from Git (the pins), the ledger (what was moved when) and the clusters' own word; nothing is remembered
//! besides, so a restart changes nothing, and clusters may appear or vanish in the middle. Must not edit: [`crate::plan`]
//! makes edits of the next [`Batch`].

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::conduct::Amount;
use crate::gate::after;
use crate::id::{ClusterName, ComponentName};
use crate::path::Environment;
use crate::placed::{Placed, Reader, Roster, once_each};
use crate::record::{Event, Promotion};
use crate::release::{Release, Revision};
use crate::running::{Ailing, Contact, Health, Running};
use crate::snapshot::Snapshot;

pub(crate) use self::moved::Moved;

mod moved;

/// A rollout as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// Its waves, in order; each cluster of the environment that has the component is in exactly one.
    pub waves: Vec<WaveState>,
    /// What comes next.
    pub next: Batch,
}

/// A wave as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaveState {
    /// Its name; `None`: the path states none for these clusters.
    pub name: Option<String>,
    /// Its clusters.
    pub clusters: Vec<(ClusterName, ClusterState)>,
}

/// How far a cluster is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterState {
    /// Its pin names something else.
    Before,
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
    /// It failed with the release, or took too long.
    Failed {
        /// Why, in one line.
        why: String,
    },
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
    let mut standing: Vec<(&ClusterName, Option<usize>, ClusterState)> = Vec::new();
    for (release, pins) in releases {
        standing.reserve(pins.len());
        let mut states = States::new(roster, environment, release, having);
        for placed in *pins {
            let (wave, state) = states.of(placed);
            standing.push((&placed.pin.cluster, wave, state));
        }
    }
    if releases.len() > 1 {
        standing.sort_by_key(|(cluster, ..)| *cluster);
    }
    let stated = environment.conduct.waves.iter();
    let mut waves: Vec<WaveState> = stated.map(|w| WaveState::new(Some(w.name.clone()))).collect();
    let mut rest = WaveState::new(None);
    for (cluster, wave, state) in standing {
        let theirs = wave.map_or(&mut rest, |wave| &mut waves[wave]);
        match theirs.clusters.last_mut().filter(|(last, _)| last == cluster) {
            // A cluster is as far as the pin that is furthest behind.
            Some((_, known)) if rank(&state) < rank(known) => *known = state,
            Some(_) => {}
            None => theirs.clusters.push((cluster.clone(), state)),
        }
    }
    if !rest.clusters.is_empty() {
        waves.push(rest);
    }
    let next = next(environment, &waves, roster.now());
    Rollout { waves, next }
}

impl Rollout {
    /// The first cluster that is on its way, in whichever wave.
    pub(crate) fn busy(&self, environment: &Environment) -> Option<Batch> {
        self.waves.iter().find_map(|wave| wave.busy(environment))
    }
}

impl WaveState {
    fn new(name: Option<String>) -> Self {
        Self { name, clusters: Vec::new() }
    }

    /// The first of its clusters that is on its way.
    fn busy(&self, environment: &Environment) -> Option<Batch> {
        let stated = environment.conduct.waves.iter().find(|w| Some(&w.name) == self.name.as_ref());
        let deadline = stated.and_then(|w| w.progress_deadline);
        self.clusters.iter().find_map(|(cluster, state)| match state {
            ClusterState::Moving { since, why } => Some(Batch::Busy {
                wave: self.name.clone(),
                cluster: cluster.clone(),
                why: why.clone(),
                deadline: deadline.map(|long| after(*since, long)),
            }),
            _ => None,
        })
    }

    /// How many of its clusters are healthy with the release.
    #[must_use]
    pub fn healthy(&self) -> usize {
        self.clusters.iter().filter(|(_, s)| matches!(s, ClusterState::Healthy { .. })).count()
    }
}

/// Lower is further behind.
fn rank(state: &ClusterState) -> u8 {
    match state {
        ClusterState::Before => 0,
        ClusterState::Failed { .. } => 1,
        ClusterState::Moving { .. } => 2,
        ClusterState::NotConnected => 3,
        ClusterState::Healthy { .. } => 4,
    }
}

/// How far a pin is from naming a release.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// It means another one.
    Other,
    /// It means it in other words: by a range, without the digest.
    Otherwise,
    /// It says it, and nothing is to be edited.
    Says,
}

/// How clusters stand with a release, one after the other.
struct States<'r, 'a, N> {
    release: &'r Release,
    having: Having,
    deadlines: Vec<Option<Duration>>,
    now: Timestamp,
    naming: N,
    moved: Moved<'a>,
    reader: Reader<'r, 'a>,
}

impl<'r, 'a> States<'r, 'a, ()> {
    fn new<'p>(
        roster: &'r Roster<'a>,
        environment: &Environment,
        release: &'r Release,
        having: Having,
    ) -> States<'r, 'a, impl FnMut(&Placed<'p>) -> Naming + use<'r, 'p>> {
        States {
            release,
            having,
            deadlines: environment.conduct.waves.iter().map(|w| w.progress_deadline).collect(),
            now: roster.now(),
            naming: once_each(move |placed: &Placed<'p>| match placed.version {
                Some(version) if *version == release.version => {
                    if placed.pin.says(release) {
                        Naming::Says
                    } else {
                        Naming::Otherwise
                    }
                }
                _ => Naming::Other,
            }),
            moved: Moved::to(roster.snapshot(), &environment.name, release),
            reader: roster.reader(&release.component),
        }
    }
}

impl<'p, N: FnMut(&Placed<'p>) -> Naming> States<'_, '_, N> {
    /// The wave that takes the pin's cluster, and how far that is.
    fn of(&mut self, placed: &Placed<'p>) -> (Option<usize>, ClusterState) {
        let pin = placed.pin;
        let seat = self.reader.at(&pin.cluster);
        let is_before = match (self.naming)(placed) {
            Naming::Other => true,
            Naming::Says => false,
            Naming::Otherwise => {
                self.having == Having::Saying
                    && pin.set_to(self.release).is_ok_and(|edits| !edits.is_empty())
            }
        };
        if is_before {
            return (seat.wave, ClusterState::Before);
        }
        let Some(report) = seat.report else { return (seat.wave, ClusterState::NotConnected) };
        let deadline = seat.wave.and_then(|wave| self.deadlines[wave]);
        let moved = self.moved.at(&pin.cluster);
        let state =
            state_of(self.release, &report.contact, seat.running, (self.now, moved, deadline));
        (seat.wave, state)
    }
}

fn state_of(
    release: &Release,
    contact: &Contact,
    running: Option<&Running>,
    (now, moved, deadline): (Timestamp, Option<Timestamp>, Option<Duration>),
) -> ClusterState {
    let moving = |why: String| {
        let late = deadline.zip(moved).is_some_and(|(long, at)| after(at, long) <= now);
        match late {
            true => ClusterState::Failed { why: format!("it took too long: {why}") },
            false => ClusterState::Moving { since: moved.unwrap_or(now), why },
        }
    };
    if let Contact::Lost { since, why } = contact {
        return moving(format!("it has not been reached since {since}: {why}"));
    }
    let Some(running) = running else {
        return moving("it reports nothing of the component".to_owned());
    };
    let since = moved.map_or(running.since, |at| running.since.max(at));
    match (is_of(running, release), running.health) {
        (true, Health::Healthy) => ClusterState::Healthy { since },
        (true, Health::Failed) => ClusterState::Failed { why: told(running) },
        // It failed to take the release: what it says was said after the move. What was said in the very second of
        // the move may be why it is gone back from, and is not held against what it goes back to.
        (false, Health::Failed)
            if running.attempted.as_ref().is_some_and(|r| names(r, release))
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

/// Whether what runs is exactly this release.
#[must_use]
pub fn is_of(running: &Running, release: &Release) -> bool {
    match &running.revision {
        Some(revision) => names(revision, release),
        // A chart of which nobody knows a digest is told by its version alone.
        None => {
            release.digest.is_none()
                && release.commit.is_none()
                && running.version.as_ref() == Some(&release.version)
        }
    }
}

fn names(revision: &Revision, release: &Release) -> bool {
    match revision {
        Revision::Oci { digest, .. } => release.digest.as_ref() == Some(digest),
        Revision::Git { commit, .. } => release.commit.as_ref() == Some(commit),
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

/// What comes next, wave by wave.
fn next(environment: &Environment, waves: &[WaveState], now: Timestamp) -> Batch {
    for wave in waves {
        let stated = environment.conduct.waves.iter().find(|w| Some(&w.name) == wave.name.as_ref());
        let total = wave.clusters.len();
        let of = |amount: Option<Amount>, default: usize| {
            amount.map_or(default, |amount| amount.of(total))
        };
        let at_once = of(stated.map(|w| w.max_concurrency), total).max(1);
        let may_fail = of(stated.map(|w| w.max_failures), 0);
        let mut failed = Vec::new();
        let mut before = Vec::new();
        let (mut moving, mut unseen) = (0, Vec::new());
        let mut healthy_since = None;
        for (cluster, state) in &wave.clusters {
            match state {
                ClusterState::Before => before.push(cluster),
                ClusterState::Moving { .. } => moving += 1,
                ClusterState::NotConnected => unseen.push(cluster),
                ClusterState::Healthy { since } => healthy_since = healthy_since.max(Some(*since)),
                ClusterState::Failed { why } => failed.push((cluster.clone(), why.clone())),
            }
        }
        let name = wave.name.clone();
        if failed.len() > may_fail {
            return Batch::Failed { wave: name, clusters: failed };
        }
        let room = at_once.saturating_sub(moving + unseen.len());
        if !before.is_empty() && room > 0 {
            let clusters = before.into_iter().take(room).cloned().collect();
            return Batch::Move { wave: name, clusters };
        }
        if let Some(busy) = wave.busy(environment) {
            return busy;
        }
        if !before.is_empty() {
            let cluster = unseen.first().map_or_else(|| before[0].clone(), |c| (*c).clone());
            return Batch::Unseen { wave: name, cluster };
        }
        let is_last = waves.last().is_some_and(|last| last.name == wave.name);
        if let (Some(cluster), false) = (unseen.first(), is_last) {
            return Batch::Unseen { wave: name, cluster: (*cluster).clone() };
        }
        let settled = stated.map(|w| w.min_success_time).zip(healthy_since);
        if let Some((long, since)) = settled
            && after(since, long) > now
        {
            return Batch::Settling { wave: name, until: after(since, long) };
        }
    }
    Batch::Done
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
