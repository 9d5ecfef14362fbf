//! A scenario: what the world does to a path while nobody decides anything: releases appear, some of them fail, clusters
//! deliver, people answer when they are at work.
//!
//! Values only. `towpath-api` reads them from YAML, `towpath_engine::simulate` makes them of a ledger, and plays them.
//! Must not play: what follows from a scenario is for the planner to say.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::id::{ClusterName, ComponentName, EnvironmentName, SourceName, TestName};
use crate::version::Version;
use crate::window::{Recurring, Window};

/// What happens, from when to when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// When it begins.
    pub start: Timestamp,
    /// When it ends.
    pub end: Timestamp,
    /// What chance is drawn by: the same seed is the same luck, whatever the path is.
    pub seed: u64,
    /// The releases that appear.
    pub releases: Vec<Arrivals>,
    /// Which releases fail, besides those that say so themselves. Of several that fit a release, each is drawn.
    pub failures: Vec<Failures>,
    /// How long clusters take to deliver; the last that fits counts.
    pub deliveries: Vec<Delivery>,
    /// What befalls clusters.
    pub troubles: Vec<Trouble>,
    /// Alerts that fire.
    pub alerts: Vec<Firing>,
    /// Who approves, and when.
    pub approvals: People,
    /// Who promotes where the path does not by itself; `None`: nobody.
    pub promotions: Option<People>,
    /// How tests go.
    pub tests: Tests,
    /// Emergency stops.
    pub freezes: Vec<Freeze>,
}

/// A duration that is drawn; a whole number of minutes where the two ends differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Between {
    /// The shortest.
    pub least: Duration,
    /// The longest.
    pub most: Duration,
}

impl Between {
    /// Always this long.
    #[must_use]
    pub fn exactly(long: Duration) -> Self {
        Self { least: long, most: long }
    }
}

/// A share of all cases, in ten thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(pub u16);

impl Share {
    /// No case.
    pub const NONE: Self = Self(0);
    /// Every case.
    pub const ALL: Self = Self(10_000);
}

/// Releases that appear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrivals {
    /// Of which components; empty: of each.
    pub components: Vec<ComponentName>,
    /// When.
    pub when: When,
    /// Which version; `None`: the one after the newest, as `bump` counts.
    pub version: Option<Version>,
    /// What is counted up where no version is stated.
    pub bump: Bump,
    /// Who makes them: `Name <email>`.
    pub by: String,
    /// How each of them fails.
    pub fails: Vec<Failing>,
}

/// When releases appear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// Once.
    At(Timestamp),
    /// Again and again, the first time so long after the beginning.
    Every(Duration),
    /// Whenever a span of the schedule starts.
    Schedule(Recurring),
}

/// Which part of a version is counted up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bump {
    /// The last one.
    #[default]
    Patch,
    /// The middle one; what follows becomes zero.
    Minor,
    /// The first one; what follows becomes zero.
    Major,
}

/// A chance to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failures {
    /// Of which components' releases; empty: of each.
    pub components: Vec<ComponentName>,
    /// How many releases.
    pub chance: Share,
    /// How they fail.
    pub how: Failing,
}

/// How a release fails: a cluster that was healthy with it for a while is not any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// In which environments; empty: in each that it comes to.
    pub environments: Vec<EnvironmentName>,
    /// On which clusters; empty: on all of those environments.
    pub clusters: Vec<ClusterName>,
    /// For how long a cluster runs it before that shows; zero: it never becomes healthy.
    pub after: Between,
    /// How long it lasts; `None`: until another release comes.
    pub lasts: Option<Duration>,
}

/// How long clusters take to run, healthy, what their pins say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// In which environments; empty: in each.
    pub environments: Vec<EnvironmentName>,
    /// How long.
    pub takes: Between,
}

/// What befalls clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Which clusters.
    pub clusters: Vec<ClusterName>,
    /// What.
    pub what: Ill,
    /// From when.
    pub from: Timestamp,
    /// Until when; `None`: to the end.
    pub until: Option<Timestamp>,
}

/// What befalls a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ill {
    /// It does not answer.
    Lost,
    /// Nothing on it is healthy.
    Broken,
}

/// An alert that fires for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firing {
    /// Which source says so; `None`: each.
    pub source: Option<SourceName>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// On which clusters; empty: on all.
    pub clusters: Vec<ClusterName>,
    /// From when.
    pub from: Timestamp,
    /// Until when; `None`: to the end.
    pub until: Option<Timestamp>,
}

/// People who do what Towpath waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct People {
    /// Who: `Name <email>`. Empty: whom the gate names, or somebody.
    pub by: Vec<String>,
    /// When they are at work; empty: always.
    pub hours: Vec<Window>,
    /// How long after they are asked they answer; at the beginning of the next hours where that is outside.
    pub after: Duration,
    /// Answers that are known: where they fit, nothing else counts.
    pub known: Vec<Known>,
}

/// An answer of which is known when it came. It counts when Towpath has asked, and never before that time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Of which environment.
    pub environment: EnvironmentName,
    /// Of which component.
    pub component: ComponentName,
    /// Of which release.
    pub version: Version,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
}

/// How tests and outside statuses go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tests {
    /// How long after all clusters run a release a test ends, and after its release an outside status.
    pub takes: Between,
    /// How many tests fail.
    pub fail: Share,
    /// Tests of which is known that they failed: environment, component, version and test.
    pub known_to_fail: Vec<(EnvironmentName, ComponentName, Version, TestName)>,
}

/// An emergency stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// Of which environment; `None`: of all.
    pub environment: Option<EnvironmentName>,
    /// From when.
    pub from: Timestamp,
    /// Until when; `None`: to the end.
    pub until: Option<Timestamp>,
    /// By whom: `Name <email>`.
    pub by: String,
    /// Why.
    pub reason: String,
}
