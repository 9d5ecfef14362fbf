//! The one view model: what CLI, JSON and page show of the path, from the same values.
//!
//! Must not decide anything: it lays the path, the snapshot and the plan side by side. Next: [`Runs`], what clusters say.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::finding::Finding;
use crate::id::{ClusterName, ComponentName, EnvironmentName, Folder};
use crate::path::{Environment, Path};
use crate::pin::Location;
use crate::placed::placed;
use crate::plan::{Outcome, Plan, Proposal};
use crate::record::Promotion;
use crate::release::Release;
use crate::roster::{Roster, Rosters};
use crate::running::ClusterReport;
use crate::snapshot::{Desired, Snapshot};
use crate::tracking::{Policy, Tracking};
use crate::why::Why;

pub use self::runs::Runs;

mod runs;

/// The path as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The environments, in the order of the path.
    pub environments: Vec<EnvironmentStatus>,
    /// The newest release of each component.
    pub newest: Vec<Release>,
    /// What the checks found.
    pub findings: Vec<Finding>,
}

/// One environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentStatus {
    /// Its name.
    pub name: EnvironmentName,
    /// The environments before it.
    pub after: Vec<EnvironmentName>,
    /// Whether it must be on an exact version.
    pub production: bool,
    /// Whether it is a disposable clone.
    pub sandbox: bool,
    /// Its components, in the order of the path; empty where nothing in it is tracked.
    pub components: Vec<ComponentStatus>,
    /// Its clusters.
    pub clusters: Vec<ClusterStatus>,
}

/// One component of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentStatus {
    /// Its name.
    pub component: ComponentName,
    /// The policy that counts: the stated one, else the one in Git.
    pub policy: Policy,
    /// What Git has, on the first cluster.
    pub actual: Tracking,
    /// Where it stands, on the first cluster.
    pub at: Location,
    /// What it should get now, on the first cluster.
    pub desired: Desired,
    /// What its clusters run; `None` where none of them is connected.
    pub runs: Option<Runs>,
    /// What comes next.
    pub next: Next,
    /// Why it is not on the newest release.
    pub waiting: Vec<Why>,
    /// The last promotion that the ledger has.
    pub promoted: Option<Promotion>,
}

/// One cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterStatus {
    /// Its name.
    pub name: ClusterName,
    /// Its folder.
    pub folder: Folder,
    /// What it tracks, where that differs from the first cluster of its environment.
    pub differs: Vec<(ComponentName, Tracking)>,
    /// What it runs; `None`: not connected, so unknown.
    pub running: Option<Arc<ClusterReport>>,
    /// The components of which it runs something else than it should get.
    pub drift: Vec<ComponentName>,
}

/// What comes next for a component in an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It is where it should be.
    Nothing,
    /// It moves by itself with its branch or range.
    Follows(Tracking),
    /// A release is ready; somebody must promote it.
    Promote(Release),
    /// A release is there and waits.
    Waits {
        /// The release, where one is offered.
        release: Option<Release>,
        /// The first reason.
        why: Option<Why>,
    },
}

impl std::fmt::Display for Next {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing to do"),
            Self::Follows(Tracking::Branch(branch)) => write!(f, "takes every commit of {branch}"),
            Self::Follows(tracking) => write!(f, "takes the next release in {}", tracking.value()),
            Self::Promote(release) => write!(f, "promote {}", release.version),
            Self::Waits { release: Some(r), why: Some(why) } => {
                write!(f, "{} waits: {why}", r.version)
            }
            Self::Waits { release: None, why: Some(why) } => write!(f, "waits: {why}"),
            Self::Waits { release, why: None } => match release {
                Some(r) => write!(f, "{} waits", r.version),
                None => f.write_str("waits"),
            },
        }
    }
}

/// Lays out the status.
#[must_use]
pub fn status(path: &Path, snapshot: &Snapshot, plan: &Plan) -> Status {
    let rosters = Rosters::new(path, snapshot);
    let environments = path
        .environments()
        .iter()
        .map(|environment| environment_status(path, rosters.of(environment), plan, environment))
        .collect();
    let newest = path.components.iter().filter_map(|c| snapshot.newest(&c.name).cloned()).collect();
    Status { environments, newest, findings: snapshot.findings.clone() }
}

fn environment_status(
    path: &Path,
    roster: &Roster<'_>,
    plan: &Plan,
    environment: &Environment,
) -> EnvironmentStatus {
    let snapshot = roster.snapshot();
    let mut components = Vec::new();
    let mut differs: BTreeMap<&ClusterName, Vec<(ComponentName, Tracking)>> = BTreeMap::new();
    let mut drift: BTreeMap<&ClusterName, Vec<ComponentName>> = BTreeMap::new();
    for name in snapshot.components_of(path, environment) {
        let pins = snapshot.pins.of(&environment.name, name);
        let Some(first) = pins.first() else { continue };
        let stretches = snapshot.pins.stretches(&environment.name, name);
        for pin in stretches.filter(|s| s[0].tracking != first.tracking).flatten() {
            let of = differs.entry(&pin.cluster).or_default();
            of.push((name.clone(), pin.tracking.clone()));
        }
        let placed = placed(snapshot, &environment.name, name);
        let (runs, drifting) = runs::runs(roster, name, &placed);
        for cluster in drifting {
            drift.entry(cluster).or_default().push(name.clone());
        }
        let proposal = plan
            .proposals
            .iter()
            .find(|p| p.environment == environment.name && p.component == *name);
        components.push(ComponentStatus {
            component: name.clone(),
            policy: snapshot.policy(path, environment, name, first.tracking.policy()),
            actual: first.tracking.clone(),
            at: first.at.clone(),
            desired: snapshot.desired(name, &first.tracking),
            runs,
            next: proposal.map_or(Next::Nothing, |p| next_of(p, &first.tracking)),
            waiting: proposal.map(|p| p.waiting.clone()).unwrap_or_default(),
            promoted: snapshot
                .history
                .promotions(&environment.name, name)
                .next_back()
                .map(|(_, p)| p.clone()),
        });
    }
    let clusters = environment
        .clusters
        .iter()
        .map(|cluster| ClusterStatus {
            name: cluster.name.clone(),
            folder: cluster.folder.clone(),
            differs: differs.remove(&cluster.name).unwrap_or_default(),
            running: snapshot.running.shared(&cluster.name),
            drift: drift.remove(&cluster.name).unwrap_or_default(),
        })
        .collect();
    EnvironmentStatus {
        name: environment.name.clone(),
        after: environment.after.clone(),
        production: environment.production,
        sandbox: environment.sandbox,
        components,
        clusters,
    }
}

fn next_of(proposal: &Proposal, tracking: &Tracking) -> Next {
    match proposal.outcome {
        Outcome::Follows => Next::Follows(tracking.clone()),
        Outcome::UpToDate if proposal.waiting.is_empty() => Next::Nothing,
        Outcome::Ready => match &proposal.candidate {
            Some(release) => Next::Promote(release.clone()),
            None => Next::Nothing,
        },
        Outcome::UpToDate => {
            Next::Waits { release: proposal.newest.clone(), why: proposal.waiting.first().cloned() }
        }
        Outcome::Waiting | Outcome::Refused => Next::Waits {
            release: proposal.candidate.clone(),
            why: proposal.waiting.first().cloned(),
        },
    }
}
