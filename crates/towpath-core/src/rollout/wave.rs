//! The clusters of each wave, counted, and what comes next out of that.
//!
//! A fleet has too many clusters to tell of each that is well: those are counted, and only those are named that somebody
//! has to look at. Must not look at a cluster; that is [`super::state`].

use jiff::Timestamp;

use super::state::ClusterState;
use super::{Batch, Rollout};
use crate::conduct::Amount;
use crate::gate::after;
use crate::id::ClusterName;
use crate::path::Environment;

/// A wave as it stands. Each of its clusters counts once: as far as the pin that is furthest behind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WaveState {
    /// Its name; `None`: the path states none for these clusters.
    pub name: Option<String>,
    /// How many clusters it has.
    pub clusters: usize,
    /// How many of them have pins that name something else.
    pub before: usize,
    /// How many have the release by their pins, with nothing connected to them that could say more.
    pub not_connected: usize,
    /// How many report exactly the release, healthy.
    pub healthy: usize,
    /// Since when the last of these is.
    pub healthy_since: Option<Timestamp>,
    /// Those that have the release by their pins and do not report it healthy yet: since when, and what they say
    /// instead, in one line.
    pub moving: Vec<(ClusterName, Timestamp, String)>,
    /// Those that failed with the release or took too long, and why, in one line.
    pub failed: Vec<(ClusterName, String)>,
}

impl WaveState {
    /// Of its clusters that are on their way, the one that has been for longest: it is late before the others.
    pub(super) fn busy(&self, environment: &Environment) -> Option<Batch> {
        let (cluster, since, why) = self.moving.iter().min_by_key(|(_, since, _)| *since)?;
        let stated = environment.conduct.waves.iter().find(|w| Some(&w.name) == self.name.as_ref());
        let deadline = stated.and_then(|w| w.progress_deadline);
        Some(Batch::Busy {
            wave: self.name.clone(),
            cluster: cluster.clone(),
            why: why.clone(),
            deadline: deadline.map(|long| after(*since, long)),
        })
    }
}

/// Counts clusters wave by wave. They are to be added in the order of their names.
pub(super) struct Tallies<'p> {
    /// Those of the stated waves, and last that of the clusters that no stated wave takes.
    waves: Vec<Tally<'p>>,
    /// The cluster that may have another pin yet.
    last: Option<(&'p ClusterName, Option<u32>, ClusterState)>,
}

#[derive(Default)]
struct Tally<'p> {
    state: WaveState,
    before: Vec<&'p ClusterName>,
    not_connected: Option<&'p ClusterName>,
}

impl<'p> Tallies<'p> {
    pub(super) fn new(environment: &Environment) -> Self {
        let named =
            |name| Tally { state: WaveState { name, ..WaveState::default() }, ..Tally::default() };
        let stated = environment.conduct.waves.iter().map(|w| named(Some(w.name.clone())));
        Self { waves: stated.chain([named(None)]).collect(), last: None }
    }

    /// Takes one pin of several that a cluster may have: the cluster, the wave that takes it, and how far it is.
    pub(super) fn add(&mut self, cluster: &'p ClusterName, wave: Option<u32>, state: ClusterState) {
        match &mut self.last {
            Some((last, _, known)) if *last == cluster => {
                if rank(&state) < rank(known) {
                    *known = state;
                }
            }
            _ => {
                if let Some((last, wave, state)) = self.last.replace((cluster, wave, state)) {
                    self.count(last, wave, state);
                }
            }
        }
    }

    /// Takes the only pin of a cluster.
    #[inline]
    pub(super) fn count(
        &mut self,
        cluster: &'p ClusterName,
        wave: Option<u32>,
        state: ClusterState,
    ) {
        let wave = wave.map_or(self.waves.len() - 1, |wave| wave as usize);
        let Tally { state: wave, before, not_connected } = &mut self.waves[wave];
        wave.clusters += 1;
        match state {
            ClusterState::Healthy { since } => {
                wave.healthy += 1;
                wave.healthy_since = wave.healthy_since.max(Some(since));
            }
            ClusterState::Before => {
                wave.before += 1;
                before.push(cluster);
            }
            ClusterState::NotConnected => {
                wave.not_connected += 1;
                not_connected.get_or_insert(cluster);
            }
            ClusterState::Moving { since, why } => wave.moving.push((cluster.clone(), since, why)),
            ClusterState::Failed { why } => wave.failed.push((cluster.clone(), why)),
        }
    }

    /// What they come to.
    pub(super) fn rollout(mut self, environment: &Environment, now: Timestamp) -> Rollout {
        if let Some((last, wave, state)) = self.last.take() {
            self.count(last, wave, state);
        }
        self.waves.retain(|wave| wave.state.name.is_some() || wave.state.clusters > 0);
        let next = next(environment, &self.waves, now);
        Rollout { waves: self.waves.into_iter().map(|wave| wave.state).collect(), next }
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

/// What comes next, wave by wave.
fn next(environment: &Environment, waves: &[Tally<'_>], now: Timestamp) -> Batch {
    for (position, Tally { state: wave, before, not_connected }) in waves.iter().enumerate() {
        let stated = environment.conduct.waves.iter().find(|w| Some(&w.name) == wave.name.as_ref());
        let of = |amount: Option<Amount>, default: usize| {
            amount.map_or(default, |amount| amount.of(wave.clusters))
        };
        let at_once = of(stated.map(|w| w.max_concurrency), wave.clusters).max(1);
        let may_fail = of(stated.map(|w| w.max_failures), 0);
        let name = wave.name.clone();
        if wave.failed.len() > may_fail {
            return Batch::Failed { wave: name, clusters: wave.failed.clone() };
        }
        let room = at_once.saturating_sub(wave.moving.len() + wave.not_connected);
        if !before.is_empty() && room > 0 {
            let clusters = before.iter().take(room).map(|cluster| (*cluster).clone()).collect();
            return Batch::Move { wave: name, clusters };
        }
        if let Some(busy) = wave.busy(environment) {
            return busy;
        }
        if let Some(first) = before.first() {
            let cluster = not_connected.unwrap_or(first).clone();
            return Batch::Unseen { wave: name, cluster };
        }
        let is_last = position + 1 == waves.len();
        if let (Some(cluster), false) = (not_connected, is_last) {
            return Batch::Unseen { wave: name, cluster: (*cluster).clone() };
        }
        let settled = stated.map(|w| w.min_success_time).zip(wave.healthy_since);
        if let Some((long, since)) = settled
            && after(since, long) > now
        {
            return Batch::Settling { wave: name, until: after(since, long) };
        }
    }
    Batch::Done
}
