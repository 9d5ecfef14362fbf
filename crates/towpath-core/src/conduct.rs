//! How an environment takes releases, besides its gates: by itself or when asked, each or the newest, in which waves,
//! and what happens when one fails.
//!
//! Values of the path. Next: [`crate::rollout`], which follows the waves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use crate::id::{ComponentName, TestName};
use crate::path::Cluster;

/// How an environment takes releases. What is left out of `towpath.yaml` is the careful answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conduct {
    /// Whether open gates start a promotion by themselves.
    pub auto: bool,
    /// What becomes of a release that waits while a newer one comes.
    pub supersede: Supersede,
    /// What happens when a promotion fails.
    pub on_failure: OnFailure,
    /// The waves, in order. Clusters that none takes are the last wave.
    pub waves: Vec<Wave>,
    /// Components whose versions move together, as a set that was verified together.
    pub bundle: BTreeSet<ComponentName>,
    /// Tests that must pass here, and for how long all must be healthy, before a release is verified here.
    pub verify: Verify,
}

/// What becomes of a release that waits while a newer one comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Supersede {
    /// The newer one takes its place.
    #[default]
    Latest,
    /// Each is taken in turn.
    Every,
}

/// What happens when a promotion fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// Nothing moves on, and people are told.
    #[default]
    Halt,
    /// Everything that was moved goes back to the last verified release.
    Rollback,
}

/// What it takes to verify a release in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verify {
    /// How long every cluster must have been healthy with it.
    pub healthy_for: Duration,
    /// The tests that must have passed.
    pub tests: Vec<TestName>,
}

/// A group of an environment's clusters that moves together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wave {
    /// Its name.
    pub name: String,
    /// Which clusters, of those that no wave before has taken.
    pub select: Selector,
    /// How many may be on their way at once: at least one.
    pub max_concurrency: Amount,
    /// How many may fail before the promotion does.
    pub max_failures: Amount,
    /// How long all must be healthy before the next wave.
    pub min_success_time: Duration,
    /// How long one may take; `None`: for ever.
    pub progress_deadline: Option<Duration>,
}

/// A number of clusters, or a share of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// So many.
    Count(u32),
    /// So many of a hundred, rounded down.
    Percent(u8),
}

impl Amount {
    /// How many this is of `total`.
    #[must_use]
    pub fn of(self, total: usize) -> usize {
        match self {
            Self::Count(count) => (count as usize).min(total),
            Self::Percent(percent) => total * usize::from(percent.min(100)) / 100,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// Which clusters: those of a name that fits one of the patterns, with all of the labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// Names; `*` stands for any characters. Empty: every name.
    pub names: Vec<String>,
    /// Labels that a cluster must have.
    pub labels: BTreeMap<String, String>,
}

impl Selector {
    /// Whether it takes a cluster.
    #[must_use]
    pub fn selects(&self, cluster: &Cluster) -> bool {
        let name = cluster.name.as_str();
        (self.names.is_empty() || self.names.iter().any(|pattern| fits(pattern, name)))
            && self.labels.iter().all(|(key, value)| cluster.labels.get(key) == Some(value))
    }
}

/// Whether a name is a pattern's: `*` stands for any characters.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return left.ends_with(part);
        }
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    true
}
