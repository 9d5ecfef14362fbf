//! What the clusters of an environment run of a component, summed up, and which of them run something else than their
//! pins say.
//!
//! A fleet has a million reports that say a handful of things, so each thing is looked at once. Must not say what comes
//! next.

use std::rc::Rc;

use jiff::Timestamp;

use crate::id::{ClusterName, ComponentName};
use crate::placed::Placed;
use crate::roster::{Roster, Seat, Seen};
use crate::running::{Column, Contact, Health, Said, is_what_is_desired, short};
use crate::snapshot::Snapshot;

/// What the connected clusters of an environment run of a component: as healthy as the worst of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// How many of its clusters are connected.
    pub connected: usize,
    /// What they run, where all run the same.
    pub what: Option<String>,
    /// How the worst of them is; unknown where one does not answer or has nothing of it.
    pub health: Health,
    /// Since when: all are healthy, or the first of the worst is as it is.
    pub since: Option<Timestamp>,
    /// Whether one of them runs something else than it should get.
    pub drift: bool,
}

/// What the clusters of all pins of a component in an environment run, `None` where none of them is connected; and those
/// that answer that they run something else than a pin says.
pub(super) fn runs<'a>(
    roster: &Roster<'_>,
    component: &ComponentName,
    pins: &[Placed<'a>],
) -> (Option<Runs>, Vec<&'a ClusterName>) {
    let snapshot = roster.snapshot();
    let empty = Column::default();
    let column = snapshot.running.column(component).unwrap_or(&empty);
    let words: Vec<Option<Rc<str>>> = column.of_each(|what| short(what).map(Rc::from));
    let mut sum: Option<Sum> = None;
    let mut drifting: Vec<&ClusterName> = Vec::new();
    let mut last = None;
    for placed in pins {
        let desired = snapshot.desired(component, &placed.first().tracking);
        let drifts = column.of_each(|what| is_what_is_desired(what, &desired) == Some(false));
        let seating = roster.seating(placed);
        for (cluster, seat) in placed.clusters().iter().zip(seating.of(placed)) {
            let said = match seat.seen {
                Seen::At(slot) => column.said(slot),
                Seen::Not | Seen::Lost => None,
            };
            let is_known = drifting.last().is_some_and(|last| *last == cluster);
            if said.as_ref().is_some_and(|said| drifts[said.what]) && !is_known {
                drifting.push(cluster);
            }
            // One with several pins is told of once.
            if seat.seen != Seen::Not && last != Some(cluster) {
                let what = said.as_ref().and_then(|said| words[said.what].clone());
                let (health, since) = how(snapshot, component, (cluster, *seat), said.as_ref());
                sum = Some(Sum::and(sum, what, health, since));
                last = Some(cluster);
            }
        }
    }
    let runs = sum.map(|sum| Runs {
        connected: sum.connected,
        what: sum.what.map(|what| what.to_string()),
        health: sum.health,
        since: sum.since,
        drift: !drifting.is_empty(),
    });
    (runs, drifting)
}

/// How a connected cluster is, and since when. Of one that is not well, the report says.
fn how(
    snapshot: &Snapshot,
    component: &ComponentName,
    (cluster, seat): (&ClusterName, Seat),
    said: Option<&Said>,
) -> (Health, Option<Timestamp>) {
    let report = || snapshot.running.get(cluster);
    match said {
        Some(said) => {
            let health = match said.is_healthy {
                true => Health::Healthy,
                false => {
                    report().and_then(|r| r.now(component)).map_or(Health::Unknown, |r| r.health)
                }
            };
            (health, Some(said.since).filter(|since| *since != Timestamp::UNIX_EPOCH))
        }
        None if seat.seen == Seen::Lost => match report().map(|report| &report.contact) {
            Some(Contact::Lost { since, .. }) => (Health::Unknown, Some(*since)),
            _ => (Health::Unknown, None),
        },
        None => (Health::Unknown, None),
    }
}

/// What is known after some clusters.
struct Sum {
    connected: usize,
    /// What all of them run.
    what: Option<Rc<str>>,
    health: Health,
    since: Option<Timestamp>,
}

impl Sum {
    fn and(
        before: Option<Self>,
        what: Option<Rc<str>>,
        health: Health,
        since: Option<Timestamp>,
    ) -> Self {
        let Some(mut sum) = before else { return Self { connected: 1, what, health, since } };
        sum.connected += 1;
        sum.what = sum.what.filter(|all| what.as_ref() == Some(all));
        if health > sum.health {
            (sum.health, sum.since) = (health, since);
        } else if health == sum.health {
            let both = sum.since.into_iter().chain(since);
            sum.since = if health == Health::Healthy { both.max() } else { both.min() };
        }
        sum
    }
}
