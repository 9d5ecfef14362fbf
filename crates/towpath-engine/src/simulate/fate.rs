//! What is in store for releases: when they appear, and how they fail.
//!
//! Drawn by name, so that it does not depend on the path. Must not look at a world.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use towpath_core::id::{ClusterName, ComponentName, EnvironmentName};
use towpath_core::scenario::{Arrivals, Between, Failing, Scenario, When};
use towpath_core::version::Version;
use towpath_core::window::Span;

use super::chance::Chance;

/// A failure that a release carries with it.
#[derive(Debug, Clone)]
pub(super) struct Flaw {
    how: Failing,
    /// For how long a cluster runs it before that shows.
    pub(super) after: Duration,
}

impl Flaw {
    /// Whether it shows on a cluster.
    pub(super) fn concerns(&self, environment: &EnvironmentName, cluster: &ClusterName) -> bool {
        (self.how.environments.is_empty() || self.how.environments.contains(environment))
            && (self.how.clusters.is_empty() || self.how.clusters.contains(cluster))
    }

    /// How long it lasts.
    pub(super) fn lasts(&self) -> Option<Duration> {
        self.how.lasts
    }
}

/// The flaws of a release: those that it appears with, and those that are drawn.
pub(super) fn flaws(
    scenario: &Scenario,
    chance: Chance,
    arrivals: &Arrivals,
    component: &ComponentName,
    version: &Version,
) -> Vec<Flaw> {
    let drawn = scenario.failures.iter().enumerate().filter(|(i, failures)| {
        let name = ["fails", &i.to_string(), component.as_str(), version.original()];
        (failures.components.is_empty() || failures.components.contains(component))
            && chance.happens(failures.chance, &name)
    });
    let all = arrivals.fails.iter().chain(drawn.map(|(_, failures)| &failures.how));
    all.enumerate()
        .map(|(i, how)| {
            let name = ["shows", &i.to_string(), component.as_str(), version.original()];
            Flaw { how: how.clone(), after: chance.between(how.after, &name) }
        })
        .collect()
}

/// The times at which releases appear, up to the end.
pub(super) fn times(arrivals: &Arrivals, start: Timestamp, end: Timestamp) -> Vec<Timestamp> {
    match &arrivals.when {
        When::At(at) => vec![*at].into_iter().filter(|at| (start..=end).contains(at)).collect(),
        When::Every(every) => {
            let step = (*every).max(Duration::from_secs(60));
            let next = |at: &Timestamp| at.checked_add(step).ok();
            let first = next(&start);
            std::iter::successors(first, next).take_while(|at| *at <= end).collect()
        }
        When::Schedule(schedule) => {
            let span = Span::Recurring(schedule.clone());
            // One that is due at the very beginning counts.
            let before = start.checked_sub(SignedDuration::from_secs(1)).unwrap_or(start);
            let next = |at: &Timestamp| span.starts_after(*at);
            std::iter::successors(next(&before), next).take_while(|at| *at <= end).collect()
        }
    }
}

/// How long a cluster takes to deliver a release. Nothing is there at once.
pub(super) fn delivery(
    scenario: &Scenario,
    chance: Chance,
    environment: &EnvironmentName,
    cluster: &ClusterName,
    (component, version): (&ComponentName, &str),
) -> Duration {
    let fits = |d: &&towpath_core::scenario::Delivery| {
        d.environments.is_empty() || d.environments.contains(environment)
    };
    let span = scenario.deliveries.iter().rev().find(fits).map(|d| d.takes);
    let span = span.unwrap_or(Between::exactly(Duration::from_secs(300)));
    let name = ["delivers", cluster.as_str(), component.as_str(), version];
    chance.between(span, &name).max(Duration::from_secs(1))
}
