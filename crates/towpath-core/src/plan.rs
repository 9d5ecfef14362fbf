//! The plan: what may move, what it would change to the byte, and why the rest waits.
//!
//! `plan` is a pure function of the path and the snapshot; planning twice gives the same. Its actions are so specific
//! that nothing is left to decide: see [`crate::action`]. What it may not contain is said in [`crate::invariant`].
//! Next: `enter`, which makes edits, gates and hash of one step; [`notes`], what the ledger should know besides.

use std::collections::BTreeSet;

use crate::action::Action;
use crate::candidate::{Choice, choose, recorded, version_at, version_in, why_pin_behind};
use crate::conduct::OnFailure;
use crate::gate::Judged;
use crate::id::{ClusterName, CommitId, ComponentName, EnvironmentName};
use crate::path::{Environment, Path};
use crate::pin::{Pin, Replacement};
use crate::record::{PlanHash, Promotion};
use crate::release::Release;
use crate::rollout::{Batch, Ended, Having, Rollout, last_promotion, rollout};
use crate::snapshot::Snapshot;
use crate::tracking::{Policy, Tracking};
use crate::version::Version;
use crate::why::Why;

use self::enter::{Entry, enter};

pub use self::notes::notes;

mod bundle;
mod enter;
mod holds;
mod notes;

/// What is asked of the planner for one environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Request {
    /// This version instead of the one the path offers.
    pub to: Option<Version>,
    /// Back to the last recorded good version.
    pub rollback: bool,
    /// A version below the present one may be taken.
    pub allow_downgrade: bool,
    /// A version that nobody knows may be taken.
    pub allow_unknown: bool,
    /// Nobody asks: the loop does. Going back is then only to what was verified.
    pub automatic: bool,
}

/// The plan for the whole path: one proposal for each environment and component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The commit it is based on; its actions count only there.
    pub based_on: Option<CommitId>,
    /// The proposals, in the order of the path.
    pub proposals: Vec<Proposal>,
}

/// What would happen to one component in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The environment.
    pub environment: EnvironmentName,
    /// The component.
    pub component: ComponentName,
    /// What it tracks, as its first cluster has it.
    pub tracking: Option<Tracking>,
    /// What it has: the lowest version of its clusters.
    pub has: Option<Version>,
    /// The newest release there is.
    pub newest: Option<Release>,
    /// The release that would enter.
    pub candidate: Option<Release>,
    /// The components that move with it, in its commit, and to which releases.
    pub with: Vec<Release>,
    /// The releases between what it has and the candidate, which are passed over.
    pub skipped: Vec<Version>,
    /// How the candidate stands on the clusters; `None` where there is none.
    pub rollout: Option<Rollout>,
    /// What follows.
    pub outcome: Outcome,
    /// The gates, all of them. Empty where nothing would be edited.
    pub gates: Vec<Judged>,
    /// Why it is not on the newest release; empty when it is.
    pub waiting: Vec<Why>,
    /// The replacements that the candidate means; empty where nothing would be edited.
    pub edits: Vec<Replacement>,
    /// The plan's hash; `None` where nothing would be edited.
    pub hash: Option<PlanHash>,
    /// What to do; only when [`Outcome::Ready`].
    pub action: Option<Action>,
    /// Why a loop does not do it by itself; empty: it may. A person who asks is not held.
    pub holds: Vec<Why>,
}

/// What follows from a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The pin says the candidate already.
    UpToDate,
    /// It follows a branch or a range by itself; no promotion moves it.
    Follows,
    /// All gates pass: the action can be carried out.
    Ready,
    /// A gate or the path says not yet.
    Waiting,
    /// What was asked for is refused.
    Refused,
}

/// Plans the whole path.
#[must_use]
pub fn plan(path: &Path, snapshot: &Snapshot) -> Plan {
    let mut proposals = Vec::new();
    for environment in path.environments() {
        for component in snapshot.components_of(path, environment) {
            proposals.push(propose(path, snapshot, environment, component, &Request::default()));
        }
    }
    Plan { based_on: snapshot.base.clone(), proposals }
}

/// Plans one component of one environment.
#[must_use]
pub fn propose(
    path: &Path,
    snapshot: &Snapshot,
    environment: &Environment,
    component: &ComponentName,
    request: &Request,
) -> Proposal {
    let planner = Planner { path, snapshot, environment, component, request };
    let mut proposal = planner.propose();
    proposal.holds = holds::holds(&planner, &proposal);
    proposal
}

/// One component of one environment, and what is asked of it.
#[derive(Clone, Copy)]
struct Planner<'a> {
    path: &'a Path,
    snapshot: &'a Snapshot,
    environment: &'a Environment,
    component: &'a ComponentName,
    request: &'a Request,
}

impl<'a> Planner<'a> {
    fn propose(&self) -> Proposal {
        let (snapshot, environment) = (self.snapshot, self.environment);
        let pins: Vec<&Pin> = snapshot.pins_of(&environment.name, self.component).collect();
        let mut proposal = self.nothing_yet(&pins);
        let Some(first) = pins.first() else {
            proposal.waiting.push(Why::NoPin { component: self.component.clone() });
            return proposal;
        };
        proposal.waiting.extend(clusters_differ(snapshot, &pins));
        let policy =
            snapshot.policy(self.path, environment, self.component, first.tracking.policy());
        if policy != Policy::Exact {
            return self.follows(proposal, policy, &pins);
        }
        if environment.conduct.bundle.contains(self.component) && self.request.to.is_none() {
            return bundle::propose(self, proposal);
        }
        if let Some(going) = self.going_on(&proposal, &[(self.component, pins.clone())]) {
            return going;
        }
        match choose(self.path, snapshot, environment, self.component, &proposal, self.request) {
            Choice::Take { release, why } => {
                proposal.waiting.extend(why);
                let mut proposal = enter(self, proposal, Entry::new(release, pins));
                // Whoever asks for another version is told all the same why it is not the newest.
                if proposal.waiting.is_empty() && *self.request != Request::default() {
                    let unasked = Planner { request: &Request::default(), ..*self };
                    proposal.waiting = unasked.propose().waiting;
                }
                proposal
            }
            Choice::Wait(why) => {
                proposal.waiting.extend(why);
                proposal
            }
            Choice::Stay(why) => {
                if why.is_empty() {
                    proposal.outcome = Outcome::UpToDate;
                }
                proposal.waiting.extend(why);
                proposal
            }
            Choice::Refuse(why) => {
                proposal.waiting.extend(why);
                proposal.outcome = Outcome::Refused;
                proposal
            }
        }
    }

    fn nothing_yet(&self, pins: &[&Pin]) -> Proposal {
        Proposal {
            environment: self.environment.name.clone(),
            component: self.component.clone(),
            tracking: pins.first().map(|p| p.tracking.clone()),
            has: version_in(self.snapshot, &self.environment.name, self.component),
            newest: self.snapshot.newest(self.component).cloned(),
            candidate: None,
            with: Vec::new(),
            skipped: Vec::new(),
            rollout: None,
            outcome: Outcome::Waiting,
            gates: Vec::new(),
            waiting: Vec::new(),
            edits: Vec::new(),
            hash: None,
            action: None,
            holds: Vec::new(),
        }
    }

    /// The proposal for a promotion that has begun and is not at its end, of components that move together; `None`:
    /// there is none, or somebody asks for something else.
    fn going_on(
        &self,
        proposal: &Proposal,
        members: &[(&ComponentName, Vec<&'a Pin>)],
    ) -> Option<Proposal> {
        if self.request.rollback || self.request.to.is_some() {
            return None;
        }
        let last = last_promotion(self.snapshot, self.environment, self.component)?;
        // A pull request that is not merged has begun nothing.
        if last.promotion.branch != self.path.trunk {
            return None;
        }
        let moved = self.moved_by(last.promotion);
        let mut moves: Vec<(Release, Vec<&Pin>)> = Vec::new();
        for (component, pins) in members {
            let of = last_promotion(self.snapshot, self.environment, component)?;
            if of.promotion.plan != last.promotion.plan {
                return None;
            }
            let release = self.released(of.promotion);
            let version = |pin: &Pin| version_at(self.snapshot, pin);
            // What this promotion has moved once and somebody else has moved since is theirs.
            let says = |pin: &Pin| version(pin).as_ref() == Some(&release.version);
            let mine = pins.iter().filter(|pin| says(pin) || !moved.contains(&pin.cluster));
            let mine = mine.filter(|pin| version(pin).is_none_or(|v| v <= release.version));
            let pins: Vec<&Pin> = mine.copied().collect();
            if !pins.iter().any(|pin| version(pin).as_ref() == Some(&release.version)) {
                return None;
            }
            moves.push((release, pins));
        }
        let by_release: Vec<(&Release, Vec<&Pin>)> =
            moves.iter().map(|(release, pins)| (release, pins.clone())).collect();
        let rollout = rollout(self.snapshot, self.environment, &by_release, Having::Saying);
        let has_failed = match (&last.ended, &rollout.next) {
            (Some(Ended::Aborted), _) => return None,
            (Some(Ended::Failed), _) | (None, Batch::Failed { .. }) => true,
            (None, Batch::Done) => return None,
            // Where every cluster was moved at once, one that is behind now is another promotion's.
            (None, Batch::Move { .. })
                if last.promotion.rollback || last.promotion.clusters.is_empty() =>
            {
                return None;
            }
            (None, _) => false,
        };
        let mut proposal = proposal.clone();
        proposal.waiting.retain(|why| !matches!(why, Why::ClustersDiffer { .. }));
        if !has_failed {
            return Some(enter(self, proposal, Entry { moves, begun: Some(last) }));
        }
        let goes_back =
            self.environment.conduct.on_failure == OnFailure::Rollback && !last.promotion.rollback;
        let failed = moves.first().and_then(|(release, _)| failed(release, &rollout));
        if goes_back {
            let back = Request { rollback: true, automatic: true, ..Request::default() };
            let mut back = Planner { request: &back, ..*self }.propose();
            back.waiting.splice(0..0, failed);
            return Some(back);
        }
        // What failed and was recorded stands in nobody's way any more; what has just failed does.
        if last.ended.is_some() {
            return None;
        }
        proposal.waiting.extend(failed);
        proposal.candidate = moves.into_iter().next().map(|(release, _)| release);
        proposal.rollout = Some(rollout);
        Some(proposal)
    }

    /// The clusters that the plan of a promotion has moved.
    fn moved_by(&self, promotion: &'a Promotion) -> BTreeSet<&'a ClusterName> {
        let history = &self.snapshot.history;
        let of = history.promotions(&self.environment.name, self.component);
        of.filter(|(_, p)| p.plan == promotion.plan).flat_map(|(_, p)| &p.clusters).collect()
    }

    /// The release that a promotion moved to, as it is known now.
    fn released(&self, promotion: &Promotion) -> Release {
        // Of a bundle, each member's own.
        let component = &promotion.component;
        let known = self.snapshot.releases.get(component);
        known.and_then(|r| r.find(&promotion.version)).cloned().unwrap_or_else(|| {
            let name = &self.environment.name;
            recorded(self.snapshot, name, component, promotion.version.clone())
        })
    }

    /// The proposal for an environment that moves by itself.
    fn follows(&self, mut proposal: Proposal, policy: Policy, pins: &[&Pin]) -> Proposal {
        proposal.outcome = Outcome::Follows;
        for pin in pins {
            if pin.tracking.policy() != policy {
                let actual = pin.tracking.policy();
                add(&mut proposal.waiting, Why::StatedNotActual { stated: policy, actual });
            }
            if let Some(unknown) = self.snapshot.desired(&pin.component, &pin.tracking).unknown {
                add(&mut proposal.waiting, unknown);
            }
            let newest = proposal.newest.as_ref();
            if let Some(reason) = newest.and_then(|new| why_pin_behind(self.snapshot, pin, new)) {
                add(&mut proposal.waiting, reason);
            }
        }
        proposal
    }
}

fn failed(release: &Release, rollout: &Rollout) -> Option<Why> {
    let Batch::Failed { clusters, .. } = &rollout.next else { return None };
    let (cluster, why) = clusters.first()?.clone();
    let version = release.version.clone();
    Some(Why::RolloutFailed { version, count: clusters.len(), cluster, why })
}

/// Says so where clusters have different versions; at most one of them can be the newest.
fn clusters_differ(snapshot: &Snapshot, pins: &[&Pin]) -> Option<Why> {
    let has = |pin: &Pin| version_at(snapshot, pin);
    let (first, rest) = pins.split_first()?;
    let other = rest.iter().find(|pin| has(pin) != has(first))?;
    let told = |pin: &Pin| {
        (pin.cluster.clone(), has(pin).map_or_else(|| pin.tracking.value(), |v| v.to_string()))
    };
    Some(Why::ClustersDiffer { one: told(first), other: told(other) })
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}
