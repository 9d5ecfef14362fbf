//! A release on its way over the clusters of an environment: who has it, how they are, and who is next.
//!
//! Derived from Git (the pins), the ledger (what was moved when) and the clusters' own word; nothing is remembered
//! besides, so a restart changes nothing, and clusters may appear or vanish in the middle. Must not edit: [`crate::plan`]
//! makes edits of the next [`Batch`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::candidate::version_at;
use crate::conduct::{Amount, Wave};
use crate::gate::after;
use crate::id::{ClusterName, ComponentName};
use crate::path::Environment;
use crate::pin::Pin;
use crate::record::{Event, Promotion};
use crate::release::{Release, Revision};
use crate::running::{Ailing, Contact, Health, Running};
use crate::snapshot::Snapshot;

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

/// How releases that move together stand on the clusters of an environment, each with the pins of its component.
#[must_use]
pub fn rollout(
    snapshot: &Snapshot,
    environment: &Environment,
    releases: &[(&Release, Vec<&Pin>)],
    having: Having,
) -> Rollout {
    let mut states: BTreeMap<&ClusterName, ClusterState> = BTreeMap::new();
    for (release, pins) in releases {
        let moved = moves(snapshot, environment, release);
        for pin in pins {
            let deadline = wave_of(environment, &pin.cluster).and_then(|w| w.progress_deadline);
            let state = state_of(snapshot, release, pin, &moved, (having, deadline));
            // A cluster is as far as the pin that is furthest behind.
            match states.get(&pin.cluster) {
                Some(known) if rank(&state) >= rank(known) => {}
                _ => drop(states.insert(&pin.cluster, state)),
            }
        }
    }
    let mut waves: Vec<WaveState> = Vec::new();
    let mut rest: BTreeMap<&ClusterName, ClusterState> = states;
    for wave in &environment.conduct.waves {
        let (mine, others): (BTreeMap<_, _>, BTreeMap<_, _>) =
            rest.into_iter().partition(|(name, _)| {
                environment.clusters.iter().any(|c| c.name == **name && wave.select.selects(c))
            });
        rest = others;
        waves.push(WaveState::new(Some(wave.name.clone()), mine));
    }
    if !rest.is_empty() {
        waves.push(WaveState::new(None, rest));
    }
    let next = next(environment, &waves, snapshot.now);
    Rollout { waves, next }
}

impl WaveState {
    fn new(name: Option<String>, states: BTreeMap<&ClusterName, ClusterState>) -> Self {
        Self { name, clusters: states.into_iter().map(|(c, s)| (c.clone(), s)).collect() }
    }

    /// How many of its clusters are healthy with the release.
    #[must_use]
    pub fn healthy(&self) -> usize {
        self.clusters.iter().filter(|(_, s)| matches!(s, ClusterState::Healthy { .. })).count()
    }
}

/// The first wave that takes a cluster; `None`: no stated one does.
fn wave_of<'a>(environment: &'a Environment, cluster: &ClusterName) -> Option<&'a Wave> {
    let cluster = environment.clusters.iter().find(|c| c.name == *cluster)?;
    environment.conduct.waves.iter().find(|w| w.select.selects(cluster))
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

/// The promotions that moved clusters to this release, newest last, since the environment last had another.
fn moves<'a>(
    snapshot: &'a Snapshot,
    environment: &'a Environment,
    release: &'a Release,
) -> Vec<(Timestamp, &'a Promotion)> {
    let of = snapshot.history.promotions(&environment.name, &release.component);
    of.filter(|(_, p)| p.version == release.version).map(|(r, p)| (r.at, p)).collect()
}

fn state_of(
    snapshot: &Snapshot,
    release: &Release,
    pin: &Pin,
    moves: &[(Timestamp, &Promotion)],
    (having, deadline): (Having, Option<Duration>),
) -> ClusterState {
    let to_edit = || pin.set_to(release).is_ok_and(|edits| !edits.is_empty());
    if version_at(snapshot, pin).as_ref() != Some(&release.version)
        || (having == Having::Saying && to_edit())
    {
        return ClusterState::Before;
    }
    let covers = |p: &Promotion| p.clusters.is_empty() || p.clusters.contains(&pin.cluster);
    let moved = moves.iter().rev().find(|(_, p)| covers(p)).map(|(at, _)| *at);
    let Some(report) = snapshot.running.get(&pin.cluster) else {
        return ClusterState::NotConnected;
    };
    let late = deadline.zip(moved).map(|(long, at)| after(at, long)).filter(|t| *t <= snapshot.now);
    let moving = |why: String| match late {
        Some(_) => ClusterState::Failed { why: format!("it took too long: {why}") },
        None => ClusterState::Moving { since: moved.unwrap_or(snapshot.now), why },
    };
    if let Contact::Lost { since, why } = &report.contact {
        return moving(format!("it has not been reached since {since}: {why}"));
    }
    let Some(running) = report.components.get(&release.component) else {
        return moving("it reports nothing of the component".to_owned());
    };
    let since = moved.map_or(running.since, |at| running.since.max(at));
    match (is_of(running, release), running.health) {
        (true, Health::Healthy) => ClusterState::Healthy { since },
        (true, Health::Failed) => ClusterState::Failed { why: told(running) },
        // It failed to take the release: what it says was said after the move.
        (false, Health::Failed)
            if running.attempted.as_ref().is_some_and(|r| names(r, release))
                || moved.is_some_and(|at| running.since >= at) =>
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
        let (mut moving, mut unseen) = (Vec::new(), Vec::new());
        let mut healthy_since = None;
        for (cluster, state) in &wave.clusters {
            match state {
                ClusterState::Before => before.push(cluster),
                ClusterState::Moving { since, why } => moving.push((cluster, *since, why)),
                ClusterState::NotConnected => unseen.push(cluster),
                ClusterState::Healthy { since } => healthy_since = healthy_since.max(Some(*since)),
                ClusterState::Failed { why } => failed.push((cluster.clone(), why.clone())),
            }
        }
        let name = wave.name.clone();
        if failed.len() > may_fail {
            return Batch::Failed { wave: name, clusters: failed };
        }
        let room = at_once.saturating_sub(moving.len() + unseen.len());
        if !before.is_empty() && room > 0 {
            let clusters = before.into_iter().take(room).cloned().collect();
            return Batch::Move { wave: name, clusters };
        }
        if let Some((cluster, since, why)) = moving.first() {
            let deadline = stated.and_then(|w| w.progress_deadline).map(|d| after(*since, d));
            let (cluster, why) = ((*cluster).clone(), (*why).clone());
            return Batch::Busy { wave: name, cluster, why, deadline };
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
    for record in &snapshot.history.records {
        match &record.event {
            Event::Promoted(p)
                if p.environment == environment.name && p.component == *component =>
            {
                let began = match &last {
                    Some(before) if before.promotion.plan == p.plan => before.began,
                    _ => record.at,
                };
                last = Some(Last { at: record.at, promotion: p, began, ended: None });
            }
            Event::Failed(of, _) | Event::Aborted(of, _)
                if of.environment == environment.name && of.component == *component =>
            {
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
