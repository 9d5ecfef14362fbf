//! Numbers of the path for a monitoring system: who is behind and by how much, what the gates say, and how the team
//! delivers, out of the ledger.
//!
//! Functions of a [`View`](crate::promote::View)'s parts and the plan on it. Names are those of the path and nothing
//! else, so what a monitoring system keeps is bounded by the size of the path. Must not decide, and must not know how
//! numbers are written. Next: `delivery`, for the ledger's part; `towpath_adapters::metrics`, which writes them.

use std::time::Duration;

use jiff::Timestamp;
use towpath_core::gate::Judged;
use towpath_core::id::{ComponentName, EnvironmentName, GateName};
use towpath_core::path::Path;
use towpath_core::plan::{Plan, Proposal};
use towpath_core::snapshot::Snapshot;
use towpath_core::version::Version;

use self::delivery::Past;
pub use self::delivery::{Delivery, SPAN};

mod delivery;

/// The path in numbers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// Each component of each environment, in the order of the path.
    pub standing: Vec<Standing>,
    /// How each component is delivered to each production environment.
    pub delivery: Vec<Delivery>,
}

/// Where a component of an environment stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// The environment.
    pub environment: EnvironmentName,
    /// The component.
    pub component: ComponentName,
    /// The version it has.
    pub has: Option<Version>,
    /// The version that would enter.
    pub candidate: Option<Version>,
    /// How many known releases are above what it has; `None` where that is not known.
    pub behind: Option<usize>,
    /// The age of the oldest of those that the ledger saw being made; `None` where it is behind and no age is known.
    pub behind_for: Option<Duration>,
    /// The gates before its candidate, each with `open`, `waiting`, `closed` or `overridden`.
    pub gates: Vec<(GateName, &'static str)>,
    /// Promotions that the ledger has, ways back not counted.
    pub promotions: u64,
    /// Ways back that the ledger has.
    pub rollbacks: u64,
}

/// How the loop itself does, since its process began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turns {
    /// Turns that were taken to their end.
    pub good: u64,
    /// Turns that broke off.
    pub failed: u64,
    /// How long they took, all together.
    pub took: Duration,
    /// How long the last one took.
    pub last_took: Duration,
    /// When the last good one ended.
    pub last_good: Option<Timestamp>,
}

impl Turns {
    /// Counts a turn that ended at `at`.
    pub fn count(&mut self, good: bool, took: Duration, at: Timestamp) {
        self.took += took;
        self.last_took = took;
        if good {
            self.good += 1;
            self.last_good = Some(at);
        } else {
            self.failed += 1;
        }
    }
}

/// Measures the path as it stands.
#[must_use]
pub fn measure(path: &Path, snapshot: &Snapshot, plan: &Plan) -> Measured {
    let past = Past::of(&snapshot.history);
    let standing = plan.proposals.iter().map(|it| standing(snapshot, &past, it)).collect();
    let production = path.environments().iter().filter(|environment| environment.production);
    let delivery = production.flat_map(|environment| {
        let components = snapshot.components_of(path, environment).into_iter();
        let past = &past;
        components.map(move |component| past.delivery(&environment.name, component, snapshot.now))
    });
    Measured { standing, delivery: delivery.collect() }
}

fn standing(snapshot: &Snapshot, past: &Past<'_>, proposal: &Proposal) -> Standing {
    let (environment, component) = (&proposal.environment, &proposal.component);
    let newer = proposal.has.as_ref().and_then(|has| {
        let releases = snapshot.releases.get(component)?;
        let newer = releases.list.iter().map(|release| &release.version);
        Some(newer.filter(|version| *version > has).collect::<Vec<_>>())
    });
    let behind_for = newer.as_ref().and_then(|newer| {
        let made = newer.iter().filter_map(|v| past.made(component, v)).min();
        match made {
            None if newer.is_empty() => Some(Duration::ZERO),
            made => made.map(|made| between(made, snapshot.now)),
        }
    });
    let mut promotions = 0;
    let mut rollbacks = 0;
    for (_, promotion) in snapshot.history.promotions(environment, component) {
        *(if promotion.goes_back() { &mut rollbacks } else { &mut promotions }) += 1;
    }
    let word = |judged: &Judged| match judged.overridden {
        Some(_) if judged.why().is_some() => "overridden",
        _ => judged.word(),
    };
    Standing {
        environment: environment.clone(),
        component: component.clone(),
        has: proposal.has.clone(),
        candidate: proposal.candidate.as_ref().map(|release| release.version.clone()),
        behind: newer.as_ref().map(Vec::len),
        behind_for,
        gates: proposal.gates.iter().map(|it| (it.gate.clone(), word(it))).collect(),
        promotions,
        rollbacks,
    }
}

/// From one time to another; nothing where a clock went back.
fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
