//! The plan: what may move, what it would change to the byte, and why the rest waits.
//!
//! `plan` is a pure function of the path and the snapshot; planning twice gives the same. Its actions
//! are so specific that nothing is left to decide: see [`crate::action`]. What it may not contain is
//! said in [`crate::invariant`].

use sha2::{Digest as _, Sha256};

use crate::action::Action;
use crate::candidate::{Choice, choose, previous_with, version_at, version_in, why_pin_behind};
use crate::gate::{self, Judged, Overridden, Verdict};
use crate::id::{CommitId, ComponentName, EnvironmentName};
use crate::path::{Environment, Path};
use crate::pin::{Pin, Replacement};
use crate::record::{Event, PlanHash, Record};
use crate::release::Release;
use crate::snapshot::Snapshot;
use crate::tracking::{Policy, Tracking};
use crate::version::Version;
use crate::why::Why;

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
    let pins: Vec<&Pin> = snapshot.pins_of(&environment.name, component).collect();
    let mut proposal = Proposal {
        environment: environment.name.clone(),
        component: component.clone(),
        tracking: pins.first().map(|p| p.tracking.clone()),
        has: version_in(snapshot, &environment.name, component),
        newest: snapshot.newest(component).cloned(),
        candidate: None,
        outcome: Outcome::Waiting,
        gates: Vec::new(),
        waiting: Vec::new(),
        edits: Vec::new(),
        hash: None,
        action: None,
    };
    let Some(first) = pins.first() else {
        proposal.waiting.push(Why::NoPin { component: component.clone() });
        return proposal;
    };
    proposal.waiting.extend(clusters_differ(snapshot, &pins));
    let policy = snapshot.policy(path, environment, component, first.tracking.policy());
    if policy != Policy::Exact {
        return follows(snapshot, proposal, policy, &pins);
    }
    match choose(path, snapshot, environment, component, &proposal, request) {
        Choice::Take { release, why } => {
            proposal.waiting.extend(why);
            let mut proposal =
                enter(path, snapshot, environment, proposal, release, &pins, request);
            // Whoever asks for another version is told all the same why it is not the newest.
            if proposal.waiting.is_empty() && *request != Request::default() {
                let unasked = Request::default();
                proposal.waiting =
                    propose(path, snapshot, environment, component, &unasked).waiting;
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

/// The proposal for an environment that moves by itself.
fn follows(snapshot: &Snapshot, mut proposal: Proposal, policy: Policy, pins: &[&Pin]) -> Proposal {
    proposal.outcome = Outcome::Follows;
    for pin in pins {
        if pin.tracking.policy() != policy {
            add(
                &mut proposal.waiting,
                Why::StatedNotActual { stated: policy, actual: pin.tracking.policy() },
            );
        }
        if let Some(unknown) = snapshot.desired(&pin.component, &pin.tracking).unknown {
            add(&mut proposal.waiting, unknown);
        }
        let reason = proposal.newest.as_ref().and_then(|new| why_pin_behind(snapshot, pin, new));
        if let Some(reason) = reason {
            add(&mut proposal.waiting, reason);
        }
    }
    proposal
}

/// The proposal for `release` to enter.
fn enter(
    path: &Path,
    snapshot: &Snapshot,
    environment: &Environment,
    mut proposal: Proposal,
    release: Release,
    pins: &[&Pin],
    request: &Request,
) -> Proposal {
    for pin in pins {
        match pin.set_to(&release) {
            Ok(edits) => {
                for edit in edits {
                    add(&mut proposal.edits, edit);
                }
            }
            Err(why) => add(&mut proposal.waiting, Why::PinNotEditable { at: pin.at.clone(), why }),
        }
    }
    proposal.edits.sort_by(|a, b| (&a.file, a.range.start).cmp(&(&b.file, b.range.start)));
    let blocked = proposal.waiting.iter().any(|w| matches!(w, Why::PinNotEditable { .. }));
    proposal.candidate = Some(release.clone());
    if proposal.edits.is_empty() && !blocked {
        proposal.outcome = Outcome::UpToDate;
        return proposal;
    }
    let hash = hash_of(snapshot, &proposal, &release);
    proposal.gates = judge(path, snapshot, environment, &release, &hash, request);
    for gate in proposal.gates.iter().filter(|g| !g.passes()) {
        if let Some(why) = gate.why() {
            add(&mut proposal.waiting, why.clone());
        }
    }
    if !blocked && proposal.gates.iter().all(Judged::passes) {
        proposal.outcome = Outcome::Ready;
        proposal.action = snapshot.base.as_ref().map(|base| Action {
            environment: environment.name.clone(),
            component: proposal.component.clone(),
            release: release.clone(),
            from: proposal.tracking.as_ref().map(ToString::to_string).unwrap_or_default(),
            replaced: proposal.has.clone(),
            branch: path.trunk.clone(),
            parent: base.clone(),
            edits: proposal.edits.clone(),
            plan: hash.clone(),
            rollback: request.rollback,
        });
        if !request.rollback {
            proposal.waiting.push(Why::ReadyToPromote { version: release.version });
        }
    }
    proposal.hash = Some(hash);
    proposal
}

/// All gates before `release`; a rollback passes those that guard the way forward.
fn judge(
    path: &Path,
    snapshot: &Snapshot,
    environment: &Environment,
    release: &Release,
    hash: &PlanHash,
    request: &Request,
) -> Vec<Judged> {
    let mut gates = vec![
        ("checks", gate::checks(snapshot, environment)),
        ("release", gate::release(snapshot, release, request.allow_unknown)),
    ];
    if !request.rollback {
        gates.push(("path", path_gate(path, snapshot, environment, release)));
        let before = previous_with(path, snapshot, environment, &release.component);
        let context = gate::Context {
            snapshot,
            environment,
            before: before.iter().map(|e| e.name.clone()).collect(),
            release,
            authors: authors_of(snapshot, release),
            hash,
        };
        for stated in &environment.gates {
            gates.push((stated.name(), gate::stated(stated, &context)));
        }
    }
    gates
        .into_iter()
        .map(|(gate, verdict)| {
            let counts = !matches!(verdict, Verdict::Open(_)) && gate::can_override(gate);
            let found =
                counts.then(|| snapshot.history.override_of(gate, hash, snapshot.now)).flatten();
            let overridden = found.map(|o| Overridden {
                by: o.by.to_owned(),
                reason: o.reason.to_owned(),
                expires: o.expires,
            });
            Judged { gate, verdict, overridden }
        })
        .collect()
}

/// `path`: every environment before this one has the release or a newer one.
fn path_gate(
    path: &Path,
    snapshot: &Snapshot,
    environment: &Environment,
    release: &Release,
) -> Verdict {
    let previous = previous_with(path, snapshot, environment, &release.component);
    let mut names = Vec::new();
    for before in previous {
        let has = version_in(snapshot, &before.name, &release.component);
        if has.as_ref().is_none_or(|v| *v < release.version) {
            let why = Why::NotInPrevious {
                environment: before.name.clone(),
                has,
                wanted: release.version.clone(),
            };
            return Verdict::Waiting { why, opens_at: None };
        }
        names.push(before.name.to_string());
    }
    Verdict::Open(match names.as_slice() {
        [] => "nothing comes before it".to_owned(),
        [one] => format!("{one} has it"),
        all => format!("{} have it", all.join(" and ")),
    })
}

/// Who made the release, as the ledger recorded it; several where it was recorded more than once.
fn authors_of<'a>(snapshot: &'a Snapshot, release: &Release) -> Vec<&'a str> {
    let made = |r: &'a Record| match &r.event {
        Event::Released { component, version, .. }
            if *component == release.component && *version == release.version =>
        {
            Some(r.by.as_str())
        }
        _ => None,
    };
    snapshot.history.records.iter().filter_map(made).collect()
}

/// What an approval is bound to: the environment, the content that enters, and every byte that changes.
/// Not the base commit: a commit beside the pin does not make it another plan. But going back does: what
/// was decided before it was found to be wrong is to be decided again.
fn hash_of(snapshot: &Snapshot, proposal: &Proposal, release: &Release) -> PlanHash {
    let promotions = snapshot.history.promotions(&proposal.environment, &proposal.component);
    let went_back = promotions.rev().map(|(_, p)| p).find(|p| p.goes_back());
    let mut hasher = Sha256::new();
    let mut field = |text: &str| {
        hasher.update((text.len() as u64).to_be_bytes());
        hasher.update(text.as_bytes());
    };
    field("towpath plan 1");
    field(proposal.environment.as_str());
    field(proposal.component.as_str());
    field(proposal.has.as_ref().map_or("", |v| v.original()));
    field(release.version.original());
    field(release.digest.as_ref().map_or("", |d| d.as_str()));
    field(went_back.map_or("", |p| p.commit.as_str()));
    for edit in &proposal.edits {
        field(edit.file.as_str());
        field(&edit.old);
        field(&edit.new);
    }
    let hex: String = hasher.finalize().iter().map(|b| format!("{b:02x}")).collect();
    PlanHash::parse(&hex).expect("SHA-256 in hexadecimal is 64 digits")
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}
