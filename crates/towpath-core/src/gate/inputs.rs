//! What a gate looked at: everything its verdict depends on, and nothing else.
//!
//! A verdict is a function of its inputs alone (`judge`), so inputs that were recorded give the same verdict again,
//! offline and years later. Must not hold a reference into a snapshot.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::id::{ClusterName, ComponentName, EnvironmentName, SourceName, TestName};
use crate::record::{PlanHash, Signature};
use crate::release::{Reach, Seen};
use crate::running::Health;
use crate::source::{AlertsQuestion, AlertsSeen, Answer, Measured, MetricQuestion, Question};
use crate::version::{Range, Version};
use crate::window::Window;

/// What one gate looked at, with what it demands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inputs {
    /// `checks`: findings of severity error on the environment or on the whole repository.
    Checks {
        /// How many.
        errors: usize,
        /// The rule of the first.
        first: Option<String>,
    },
    /// `release`: who knows of it.
    Release {
        /// Which version.
        version: Version,
        /// Where it was seen.
        seen: Seen,
        /// Whether its place answered; `None`: it has none.
        reach: Option<Reach>,
        /// Whether somebody asked for it although nobody knows it.
        unknown_allowed: bool,
    },
    /// `freeze`: emergency stops that hold for the environment.
    Freeze {
        /// Which.
        freezes: Vec<Frozen>,
    },
    /// `path`: what the environments before have.
    Path {
        /// The release that would enter.
        wanted: Version,
        /// Each environment before, with what it has.
        previous: Vec<(EnvironmentName, Option<Version>)>,
        /// Where the release failed, and when.
        failed: Vec<FailedIn>,
    },
    /// Approvals.
    Approval {
        /// How many are needed.
        need: u32,
        /// By whom; empty: by anybody but the authors.
        by: BTreeSet<String>,
        /// How long one counts.
        valid_for: Option<Duration>,
        /// Whether a verified signature is needed.
        signed: bool,
        /// Of which plan.
        plan: PlanHash,
        /// Who made the release.
        authors: Vec<String>,
        /// Those of this plan, oldest first.
        given: Vec<Given>,
        /// When it was judged.
        now: Timestamp,
    },
    /// Another component in the environment.
    Order {
        /// Which component.
        component: ComponentName,
        /// What it must satisfy.
        range: Range,
        /// Whether it is the component that would enter.
        itself: bool,
        /// What each of its pins means.
        has: Vec<Option<Version>>,
    },
    /// Verifications of the release.
    Verified {
        /// Each environment, since when it was verified there, and whether its clusters can be seen.
        from: Vec<VerifiedIn>,
        /// Whether one is enough.
        any: bool,
    },
    /// What the clusters before say of the release.
    Soak {
        /// How long it must be healthy.
        need: Duration,
        /// The environments before.
        environments: Vec<EnvironmentName>,
        /// Their clusters.
        clusters: Vec<Soaking>,
        /// A soak that the ledger recorded, where the environment takes each release in turn and the ones before have
        /// gone on: from when to when.
        recorded: Option<(Timestamp, Timestamp)>,
        /// When it was judged.
        now: Timestamp,
    },
    /// Runs of a test for the release.
    Test {
        /// Which test.
        name: TestName,
        /// In which environments one must have passed.
        environments: Vec<EnvironmentName>,
        /// The last run in each environment that has one.
        runs: Vec<TestRun>,
    },
    /// A gate that guards the beginning of a promotion which has begun.
    Begun {
        /// When.
        at: Timestamp,
    },
    /// The windows, and the moment.
    Window {
        /// Which windows.
        windows: Vec<Window>,
        /// When it was judged.
        now: Timestamp,
    },
    /// What outside statuses say of the release.
    Status {
        /// Its name.
        name: String,
        /// The last report.
        last: Option<Reported>,
    },
    /// Alerts.
    Alerts {
        /// Which source was asked.
        source: SourceName,
        /// What.
        question: AlertsQuestion,
        /// How many may fire at one time.
        max: usize,
        /// The answer; `None`: nobody asked.
        answer: Option<Answer<AlertsSeen>>,
    },
    /// A metric.
    Metric {
        /// Which source was asked.
        source: SourceName,
        /// What.
        question: MetricQuestion,
        /// What must hold of it, in CEL.
        condition: String,
        /// What was measured, and what the condition says; `None`: nobody asked.
        measured: Option<Measured>,
    },
}

impl Inputs {
    /// What a source must be asked before this can be judged.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        match self {
            Self::Alerts { source, question, answer: None, .. } => {
                Some(Question::Alerts { source: source.clone(), question: question.clone() })
            }
            Self::Metric { source, question, condition, measured: None } => {
                Some(Question::Metric {
                    source: source.clone(),
                    question: question.clone(),
                    condition: condition.clone(),
                })
            }
            _ => None,
        }
    }

    /// How old what was looked at is: when the oldest of what decides came to be known. `None`: it is of the moment of
    /// the look.
    #[must_use]
    pub fn as_of(&self) -> Option<Timestamp> {
        match self {
            Self::Approval { given, .. } => given.iter().map(|one| one.at).min(),
            Self::Verified { from, .. } => from.iter().filter_map(|one| one.since).min(),
            Self::Test { runs, .. } => runs.iter().map(|run| run.at).min(),
            Self::Status { last, .. } => last.as_ref().map(|report| report.at),
            Self::Freeze { freezes } => freezes.iter().map(|freeze| freeze.since).min(),
            Self::Path { failed, .. } => failed.iter().map(|failed| failed.at).max(),
            Self::Begun { at } => Some(*at),
            Self::Soak { clusters, .. } => {
                let lost = clusters.iter().filter_map(|soaking| match soaking.state {
                    SoakState::Lost { since } => Some(since),
                    _ => None,
                });
                lost.min()
            }
            Self::Checks { .. }
            | Self::Release { .. }
            | Self::Order { .. }
            | Self::Window { .. }
            | Self::Alerts { .. }
            | Self::Metric { .. } => None,
        }
    }
}

/// An emergency stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// Of which environment; `None`: of all.
    pub environment: Option<EnvironmentName>,
    /// By whom.
    pub by: String,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// Where a release failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedIn {
    /// In which environment.
    pub environment: EnvironmentName,
    /// When.
    pub at: Timestamp,
    /// Why, in one line.
    pub why: String,
}

/// An approval as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// By whom: `Name <email>`.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Who signed it.
    pub signature: Signature,
}

/// Whether a release was verified in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedIn {
    /// Which environment.
    pub environment: EnvironmentName,
    /// Since when; `None`: not, or it failed since.
    pub since: Option<Timestamp>,
    /// Whether any of its clusters is connected, so that it can be verified at all.
    pub observed: bool,
}

/// What a cluster says of the release that soaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soaking {
    /// Of which environment.
    pub environment: EnvironmentName,
    /// Which cluster.
    pub cluster: ClusterName,
    /// What it says.
    pub state: SoakState,
}

/// How a cluster stands with a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoakState {
    /// It runs exactly that release, healthy since then; never before the release was moved there.
    Healthy {
        /// Since when.
        since: Timestamp,
    },
    /// It runs that release and is not healthy.
    Unwell {
        /// How it is.
        health: Health,
        /// Why, in one line.
        why: String,
    },
    /// It runs something else.
    OtherRevision {
        /// What, in Flux's form, where that is known.
        revision: Option<String>,
    },
    /// It cannot be reached.
    Lost {
        /// Since when.
        since: Timestamp,
    },
    /// It is connected and has said nothing of the component yet.
    Silent,
    /// Nothing is connected to it.
    NotConnected,
}

impl SoakState {
    /// Since when it is healthy with the release.
    #[must_use]
    pub fn healthy_since(&self) -> Option<Timestamp> {
        match self {
            Self::Healthy { since } => Some(*since),
            _ => None,
        }
    }
}

/// One run of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestRun {
    /// In which environment.
    pub environment: EnvironmentName,
    /// Whether it passed.
    pub passed: bool,
    /// How often it was tried until it passed or was given up: more than one is flakiness.
    pub attempts: u32,
    /// When it ended.
    pub at: Timestamp,
    /// What it said, in one line.
    pub detail: String,
}

/// An outside status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// Whether it is success.
    pub success: bool,
    /// Who reported it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// What was said with it.
    pub detail: String,
}
