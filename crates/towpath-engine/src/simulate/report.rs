//! What came of a scenario: the moments in their order, the way of each release, and what waited for what.
//!
//! Values and sums of them. Must not print; the command does. Next: [`Simulation::tallies`].

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use towpath_core::id::{ComponentName, EnvironmentName, GateName};
use towpath_core::version::Version;

/// What came of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// When it began.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// The environments, in the order of the path, and whether each is production.
    pub environments: Vec<(EnvironmentName, bool)>,
    /// What happened, in order.
    pub moments: Vec<Moment>,
    /// The way of each release that appeared, in the order of their times.
    pub journeys: Vec<Journey>,
    /// What was taken for granted, a sentence each.
    pub assumptions: Vec<String>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// In which environment; `None`: in none, or in all.
    pub environment: Option<EnvironmentName>,
    /// To which component; `None`: to all.
    pub component: Option<ComponentName>,
    /// To which release of it.
    pub version: Option<Version>,
    /// What.
    pub what: Happening,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A release appeared.
    Released {
        /// Whose.
        by: String,
    },
    /// The environment's plan was approved.
    Approved {
        /// By whom.
        by: String,
    },
    /// Pins were moved to the release.
    Promoted {
        /// By whom.
        by: String,
        /// Whether nobody asked for it.
        automatic: bool,
        /// Whether the promotion began with this, and not with clusters before.
        begins: bool,
        /// How many clusters.
        clusters: usize,
        /// How many clusters the environment has with the component.
        of: usize,
        /// The releases that were passed over.
        skipped: Vec<Version>,
    },
    /// Pins were moved back to the release.
    RolledBack {
        /// By whom.
        by: String,
        /// From which release.
        from: Option<Version>,
    },
    /// Every cluster of the environment is healthy with the release.
    Arrived,
    /// The release was verified there.
    Verified,
    /// The release is not healthy any more.
    Failed {
        /// On how many clusters.
        clusters: usize,
    },
    /// It is healthy again.
    Recovered {
        /// On how many clusters.
        clusters: usize,
    },
    /// The promotion failed.
    PromotionFailed {
        /// Why, in the planner's words.
        why: String,
    },
    /// A test ended.
    Tested {
        /// Which.
        test: String,
        /// Whether it passed.
        passed: bool,
    },
    /// An outside status was reported.
    Reported {
        /// Which.
        name: String,
        /// Whether it is success.
        success: bool,
    },
    /// An emergency stop began.
    Frozen {
        /// Why.
        reason: String,
    },
    /// An emergency stop ended.
    Thawed,
    /// Clusters do not answer.
    Lost {
        /// Which.
        clusters: Vec<String>,
    },
    /// Clusters answer again.
    Found {
        /// Which.
        clusters: Vec<String>,
    },
    /// Nothing on these clusters is healthy.
    Broken {
        /// Which.
        clusters: Vec<String>,
    },
    /// These clusters are as they should be.
    Mended {
        /// Which.
        clusters: Vec<String>,
    },
    /// An alert fires.
    Fires {
        /// Its labels.
        labels: String,
    },
    /// It does not any more.
    Resolved {
        /// Its labels.
        labels: String,
    },
}

impl Happening {
    /// The word for programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Released { .. } => "released",
            Self::Approved { .. } => "approved",
            Self::Promoted { .. } => "promoted",
            Self::RolledBack { .. } => "rolledBack",
            Self::Arrived => "arrived",
            Self::Verified => "verified",
            Self::Failed { .. } => "failed",
            Self::Recovered { .. } => "recovered",
            Self::PromotionFailed { .. } => "promotionFailed",
            Self::Tested { .. } => "tested",
            Self::Reported { .. } => "reported",
            Self::Frozen { .. } => "frozen",
            Self::Thawed => "thawed",
            Self::Lost { .. } => "lost",
            Self::Found { .. } => "found",
            Self::Broken { .. } => "broken",
            Self::Mended { .. } => "mended",
            Self::Fires { .. } => "alertFires",
            Self::Resolved { .. } => "alertResolved",
        }
    }
}

/// The way of one release along the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journey {
    /// Of which component.
    pub component: ComponentName,
    /// Which release.
    pub version: Version,
    /// When it appeared.
    pub released: Timestamp,
    /// How it fared in each environment that has the component, in the order of the path.
    pub stays: Vec<Stay>,
}

/// How a release fared in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// Which environment.
    pub environment: EnvironmentName,
    /// When it began to enter: with its first commit, or at once where the environment follows by itself.
    pub entered: Option<Timestamp>,
    /// When every cluster was healthy with it.
    pub arrived: Option<Timestamp>,
    /// When it first failed there.
    pub failed: Option<Timestamp>,
    /// Whether a newer release came there instead of it.
    pub skipped: bool,
    /// What it waited for on its way in.
    pub waited: Vec<Waited>,
}

/// What a release waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waited {
    /// For what.
    pub what: WaitsFor,
    /// How long.
    pub time: Duration,
    /// How long for nothing else.
    pub alone: Duration,
}

/// What a release that is offered to an environment can wait for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitsFor {
    /// A gate.
    Gate(GateName),
    /// Clusters of the promotion that is on its way.
    Rollout,
    /// Somebody who promotes it.
    Person,
    /// Somebody who decides, because it failed there before or the environment goes back and forth.
    Decision,
}

impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gate(name) => name.fmt(f),
            Self::Rollout => f.pad("clusters"),
            Self::Person => f.pad("somebody to promote"),
            Self::Decision => f.pad("somebody to decide"),
        }
    }
}

/// An environment in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Which environment.
    pub environment: EnvironmentName,
    /// Whether it is production.
    pub production: bool,
    /// How many releases appeared that it has the component of.
    pub released: usize,
    /// How many of them arrived.
    pub arrived: usize,
    /// How many were passed over.
    pub skipped: usize,
    /// How many failed there.
    pub failed: usize,
    /// How many promotions began.
    pub promotions: usize,
    /// How many rollbacks.
    pub rollbacks: usize,
    /// From release to arrival; `None` where none arrived.
    pub lead: Option<Lead>,
    /// What was waited for, all releases together, the longest first.
    pub waited: Vec<Waited>,
}

/// How long the way takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lead {
    /// Half of the releases took no longer.
    pub median: Duration,
    /// Nine of ten took no longer.
    pub p90: Duration,
}

impl Lead {
    fn of(mut all: Vec<Duration>) -> Option<Self> {
        all.sort();
        // The nearest rank: a time that a release really took.
        let rank =
            |percent: usize| all.get((all.len() * percent).div_ceil(100).max(1) - 1).copied();
        Some(Self { median: rank(50)?, p90: rank(90)? })
    }
}

impl Journey {
    /// How long it took to arrive in an environment.
    #[must_use]
    pub fn lead(&self, stay: &Stay) -> Option<Duration> {
        stay.arrived.map(|at| at.duration_since(self.released).unsigned_abs())
    }
}

impl Simulation {
    /// Each environment in numbers, in the order of the path; those that have no component are left out.
    #[must_use]
    pub fn tallies(&self) -> Vec<Tally> {
        let mut out: BTreeMap<&EnvironmentName, (Tally, Vec<Duration>)> = BTreeMap::new();
        for (environment, production) in &self.environments {
            let tally = Tally {
                environment: environment.clone(),
                production: *production,
                released: 0,
                arrived: 0,
                skipped: 0,
                failed: 0,
                promotions: 0,
                rollbacks: 0,
                lead: None,
                waited: Vec::new(),
            };
            out.insert(environment, (tally, Vec::new()));
        }
        for journey in &self.journeys {
            for stay in &journey.stays {
                let Some((tally, leads)) = out.get_mut(&stay.environment) else { continue };
                tally.released += 1;
                tally.arrived += usize::from(stay.arrived.is_some());
                tally.skipped += usize::from(stay.skipped);
                tally.failed += usize::from(stay.failed.is_some());
                leads.extend(journey.lead(stay));
                for waited in &stay.waited {
                    match tally.waited.iter_mut().find(|w| w.what == waited.what) {
                        Some(known) => {
                            known.time += waited.time;
                            known.alone += waited.alone;
                        }
                        None => tally.waited.push(waited.clone()),
                    }
                }
            }
        }
        for moment in &self.moments {
            let of = moment.environment.as_ref().and_then(|name| out.get_mut(name));
            let Some((tally, _)) = of else { continue };
            match moment.what {
                Happening::Promoted { begins: true, .. } => tally.promotions += 1,
                Happening::RolledBack { .. } => tally.rollbacks += 1,
                _ => {}
            }
        }
        let order = self.environments.iter().filter_map(|(name, _)| out.remove(name));
        order
            .map(|(mut tally, leads)| {
                tally.lead = Lead::of(leads);
                tally.waited.sort_by(|a, b| b.time.cmp(&a.time).then(a.what.cmp(&b.what)));
                tally
            })
            .collect()
    }

    /// The releases that failed in production, each once.
    #[must_use]
    pub fn failed_in_production(&self) -> usize {
        let production =
            |name: &EnvironmentName| self.environments.iter().any(|(e, is)| e == name && *is);
        let failed =
            |j: &&Journey| j.stays.iter().any(|s| s.failed.is_some() && production(&s.environment));
        self.journeys.iter().filter(failed).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lead_is_one_that_a_release_had() {
        let hours =
            |list: &[u64]| list.iter().map(|h| Duration::from_secs(3600 * h)).collect::<Vec<_>>();
        let of = |list: &[u64]| {
            Lead::of(hours(list)).map(|l| (l.median.as_secs() / 3600, l.p90.as_secs() / 3600))
        };
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[5]), Some((5, 5)));
        assert_eq!(of(&[4, 1, 3, 2]), Some((2, 4)));
        assert_eq!(of(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), Some((5, 9)));
    }
}
