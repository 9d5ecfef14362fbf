//! The plan: what may move, what it would change to the byte, and why the rest waits.
//!
//! `plan` is a pure function of the path and the snapshot; planning twice gives the same. Its actions are so specific
//! that nothing is left to decide: see [`crate::action`]. What it may not contain is said in [`crate::invariant`].
//! Next: `going`, which goes on with what has begun; `enter`, which makes edits, gates and hash of one step; [`notes`],
//! what the ledger should know besides; [`Planned`], a plan that is kept.

use crate::action::Action;
use crate::candidate::{Choice, choose, meant, version_in, why_pin_behind};
use crate::gate::Judged;
use crate::id::{CommitId, ComponentName, EnvironmentName};
use crate::path::{Environment, Path};
use crate::pin::{Pin, Replacement};
use crate::placed::placed;
use crate::record::PlanHash;
use crate::release::Release;
use crate::rollout::Rollout;
use crate::roster::Rosters;
use crate::snapshot::Snapshot;
use crate::tracking::{Policy, Tracking};
use crate::version::Version;
use crate::why::Why;

use self::enter::{Entry, enter};
use self::going::Going;

pub use self::again::Planned;
pub use self::notes::{healthy, notes, soaked};
pub use self::questions::questions;
pub use self::wakes::wakes_at;
pub use crate::placed::clusters_with;

mod again;
mod bundle;
mod changed;
mod enter;
mod going;
mod holds;
mod notes;
mod questions;
mod wakes;

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
    /// Whether it is the one that is meant where nobody names a component, in every environment that has it: what there
    /// is to do may be to do in another one.
    pub is_first: bool,
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

impl Proposal {
    /// What to do about one of its reasons, where something can be done ([`Why::hint`]): for this very component, and for
    /// this very release where another one than the path's was asked for. What stopped half-way for good is to be given
    /// up, so that a newer one may enter.
    #[must_use]
    pub fn hint(&self, why: &Why) -> Option<String> {
        let mut hint = match why {
            Why::FailedIn { .. } if self.is_half_done() => {
                format!("towpath abort {} --reason TEXT", self.environment)
            }
            _ => why.hint(&self.environment)?,
        };
        let is_one_of = |commands: &[&str]| {
            let of =
                |name: &&str| hint.strip_prefix("towpath ").is_some_and(|h| h.starts_with(*name));
            commands.iter().any(of)
        };
        let is_of_a_plan = is_one_of(&["promote ", "approve ", "override "]);
        let is_of_a_component = is_of_a_plan || is_one_of(&["abort ", "rollback ", "test "]);
        let asked = self.waiting.iter().find_map(|why| match why {
            Why::AskedFor { version } => Some(version),
            _ => None,
        });
        if let Some(version) = asked.filter(|_| is_of_a_plan && !hint.contains(" --to ")) {
            hint.push_str(&format!(" --to {version}"));
        }
        if is_of_a_component && !self.is_first {
            hint.push_str(&format!(" --component {}", self.component));
        }
        Some(hint)
    }

    /// Whether some clusters have the candidate and others do not.
    fn is_half_done(&self) -> bool {
        let waves = || self.rollout.iter().flat_map(|rollout| &rollout.waves);
        waves().any(|wave| wave.before < wave.clusters) && waves().any(|wave| wave.before > 0)
    }
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
    let rosters = &Rosters::new(path, snapshot);
    let request = &Request::default();
    for environment in path.environments() {
        for component in snapshot.components_of(path, environment) {
            let planner = Planner { path, snapshot, environment, rosters, component, request };
            proposals.push(planner.whole());
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
    let rosters = &Rosters::new(path, snapshot);
    Planner { path, snapshot, environment, rosters, component, request }.whole()
}

/// One component of one environment, and what is asked of it.
#[derive(Clone, Copy)]
struct Planner<'a, 'r> {
    path: &'a Path,
    snapshot: &'a Snapshot,
    environment: &'a Environment,
    rosters: &'a Rosters<'r>,
    component: &'a ComponentName,
    request: &'a Request,
}

impl<'a> Planner<'a, '_> {
    fn whole(&self) -> Proposal {
        let mut proposal = self.propose();
        proposal.holds = holds::holds(self, &proposal);
        proposal
    }

    fn propose(&self) -> Proposal {
        let (snapshot, environment) = (self.snapshot, self.environment);
        let first = snapshot.pins.of(&environment.name, self.component).first();
        let mut proposal = self.nothing_yet(first);
        let Some(first) = first else {
            proposal.waiting.push(Why::NoPin { component: self.component.clone() });
            return proposal;
        };
        proposal.waiting.extend(self.clusters_differ());
        let policy =
            snapshot.policy(self.path, environment, self.component, first.tracking.policy());
        if policy != Policy::Exact {
            return self.follows(proposal, policy);
        }
        if environment.conduct.bundle.contains(self.component) && self.request.to.is_none() {
            return bundle::propose(self, proposal);
        }
        let pins = placed(snapshot, &environment.name, self.component);
        let rolled = match self.going_on(&proposal, &[(self.component, pins.clone())]) {
            Going::On(proposal) => return *proposal,
            Going::Not(rolled) => rolled,
        };
        match choose(self.path, snapshot, environment, self.component, &proposal, self.request) {
            Choice::Take { release, why } => {
                proposal.waiting.extend(why);
                let entry = Entry { rolled, ..Entry::new(release, pins) };
                let mut proposal = enter(self, proposal, entry);
                // Whoever asks for another version is told all the same why it is not the newest. What goes back by itself
                // was asked for by nobody, and is what there would be to tell.
                let is_asked = *self.request != Request::default() && !self.request.automatic;
                if proposal.waiting.is_empty() && is_asked {
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

    fn is_first(&self) -> bool {
        let pins =
            |environment: &Environment| self.snapshot.pins.of(&environment.name, self.component);
        let mut has_it = self.path.environments().iter().filter(|e| !pins(e).is_empty());
        has_it.all(|e| self.snapshot.first_component_of(self.path, e) == Some(self.component))
    }

    fn nothing_yet(&self, first: Option<&Pin>) -> Proposal {
        Proposal {
            environment: self.environment.name.clone(),
            component: self.component.clone(),
            is_first: self.is_first(),
            tracking: first.map(|p| p.tracking.clone()),
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

    /// The proposal for an environment that moves by itself.
    fn follows(&self, mut proposal: Proposal, policy: Policy) -> Proposal {
        proposal.outcome = Outcome::Follows;
        let stretches = self.snapshot.pins.stretches(&self.environment.name, self.component);
        for pin in stretches.filter_map(<[_]>::first) {
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

    /// Says so where clusters have different versions; at most one of them can be the newest.
    fn clusters_differ(&self) -> Option<Why> {
        let stretches = self.snapshot.pins.stretches(&self.environment.name, self.component);
        let mut firsts = stretches.filter_map(<[_]>::first);
        let has = |pin: &'a Pin| meant(self.snapshot, pin);
        let first = firsts.next()?;
        let other = firsts.find(|pin| has(pin) != has(first))?;
        let told = |pin: &'a Pin| {
            (pin.cluster.clone(), has(pin).map_or_else(|| pin.tracking.value(), |v| v.to_string()))
        };
        Some(Why::ClustersDiffer { one: told(first), other: told(other) })
    }
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}
