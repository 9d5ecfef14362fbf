//! One step of a promotion: which clusters move now, the bytes of their pins, the gates, and the hash that approvals
//! are bound to.
//!
//! Must not choose a release; that is [`crate::candidate`].

use sha2::{Digest as _, Sha256};

use std::collections::BTreeSet;

use super::{Outcome, Planner, Proposal, add};
use crate::action::{Action, Move};
use crate::candidate::{previous_with, version_in};
use crate::gate::{self, Context, Inputs, Judged, Overridden, Verdict};
use crate::id::{ClusterName, GateName};
use crate::pin::Replacement;
use crate::placed::{Placed, count};
use crate::record::{Event, PlanHash, Signature};
use crate::release::Release;
use crate::rollout::{Batch, Having, Last, Rollout, rollout};
use crate::snapshot::Snapshot;
use crate::version::Version;
use crate::why::Why;

/// What is to enter.
pub(super) struct Entry<'a> {
    /// The release, and those that move with it, each with the pins of its component.
    pub(super) moves: Vec<(Release, Vec<Placed<'a>>)>,
    /// The promotion that this goes on with.
    pub(super) begun: Option<Last<'a>>,
    /// How releases stand, where that was looked at: it takes long for many clusters, and these may be the same.
    pub(super) rolled: Option<Rolled>,
}

/// How releases stand on clusters.
pub(super) struct Rolled {
    /// Each release, and how many of the pins of its component were looked at.
    of: Vec<(Release, usize)>,
    pub(super) rollout: Rollout,
}

impl Rolled {
    pub(super) fn of(planner: &Planner<'_, '_>, moves: &[(Release, Vec<Placed<'_>>)]) -> Self {
        let by_release: Vec<(&Release, &[Placed<'_>])> =
            moves.iter().map(|(release, pins)| (release, pins.as_slice())).collect();
        let roster = planner.rosters.of(planner.environment);
        Self {
            of: moves.iter().map(|(release, pins)| (release.clone(), count(pins))).collect(),
            rollout: rollout(roster, planner.environment, &by_release, Having::Saying),
        }
    }

    /// Whether this is how these stand. What is looked at of a component are all its pins that are not above the
    /// release, or fewer: as many are the same.
    fn is_of(&self, moves: &[(Release, Vec<Placed<'_>>)]) -> bool {
        let mut these = moves.iter().map(|(release, pins)| (release, count(pins)));
        self.of.iter().all(|(release, pins)| these.next() == Some((release, *pins)))
            && these.next().is_none()
    }
}

impl<'a> Entry<'a> {
    pub(super) fn new(release: Release, pins: Vec<Placed<'a>>) -> Self {
        Self { moves: vec![(release, pins)], begun: None, rolled: None }
    }
}

/// The proposal for releases to enter, or to go on entering.
pub(super) fn enter(
    planner: &Planner<'_, '_>,
    mut proposal: Proposal,
    mut entry: Entry<'_>,
) -> Proposal {
    let (snapshot, request) = (planner.snapshot, planner.request);
    if !request.rollback && request.to.is_none() {
        // Nothing goes down that nobody asked to: a cluster that is ahead stays there.
        for (release, pins) in &mut entry.moves {
            pins.retain(|placed| !placed.is_above(&release.version));
        }
    }
    let Some((release, _)) = entry.moves.first() else { return proposal };
    let release = release.clone();
    proposal.candidate = Some(release.clone());
    proposal.with = entry.moves.iter().skip(1).map(|(release, _)| release.clone()).collect();
    let everything = edits(&mut proposal, &entry, |_| true);
    let blocked = proposal.waiting.iter().any(|w| matches!(w, Why::PinNotEditable { .. }));
    let rolled = entry.rolled.take().filter(|rolled| rolled.is_of(&entry.moves));
    let rollout = rolled.unwrap_or_else(|| Rolled::of(planner, &entry.moves)).rollout;
    let batch = rollout.next.clone();
    proposal.rollout = Some(rollout);
    if everything.is_empty() && !blocked {
        proposal.outcome = Outcome::UpToDate;
        if let Some(why) = why_not_now(&release.version, &batch) {
            proposal.waiting.push(why);
            proposal.outcome = Outcome::Waiting;
        }
        return proposal;
    }
    let hash = match &entry.begun {
        Some(begun) => begun.promotion.plan.clone(),
        None => hash_of(snapshot, &proposal, &everything),
    };
    proposal.skipped = skipped(snapshot, &proposal, &release);
    proposal.gates = judge(planner, &release, &hash, entry.begun.as_ref());
    for gate in proposal.gates.iter().filter(|g| !g.passes()) {
        if let Some(why) = gate.why() {
            add(&mut proposal.waiting, why.clone());
        }
    }
    let now = match &batch {
        // A way back is not waited for: every cluster goes at once.
        _ if request.rollback => Some(None),
        Batch::Move { clusters, .. } => Some(Some(clusters)),
        _ => None,
    };
    let chosen =
        |cluster: &ClusterName| now.flatten().is_none_or(|clusters| clusters.contains(cluster));
    proposal.edits = match now {
        Some(_) => edits(&mut proposal, &entry, chosen),
        None => Vec::new(),
    };
    match (now, why_not_now(&release.version, &batch)) {
        (None, Some(why)) => add(&mut proposal.waiting, why),
        _ if !blocked && proposal.gates.iter().all(Judged::passes) => {
            proposal.outcome = Outcome::Ready;
            proposal.action = action(planner, &proposal, &entry, &hash, &chosen);
            if !request.rollback {
                proposal.waiting.push(Why::ReadyToPromote { version: release.version });
            }
        }
        _ => {}
    }
    proposal.hash = Some(hash);
    proposal
}

/// The replacements for the clusters that are chosen, in the order of the files.
fn edits(
    proposal: &mut Proposal,
    entry: &Entry<'_>,
    chosen: impl Fn(&ClusterName) -> bool,
) -> Vec<Replacement> {
    let mut out = Vec::new();
    for (release, pins) in &entry.moves {
        let to_edit = pins.iter().filter(|placed| !placed.first().says(release));
        for pin in to_edit.flat_map(|placed| placed.pins).filter(|pin| chosen(&pin.cluster)) {
            match pin.set_to(release) {
                Ok(edits) => out.extend(edits),
                Err(why) => {
                    let at = pin.at.clone();
                    add(&mut proposal.waiting, Why::PinNotEditable { at, why });
                }
            }
        }
    }
    let place = |edit: &Replacement| (edit.range.start, edit.range.end);
    out.sort_by(|a, b| (&a.file, place(a), &a.new).cmp(&(&b.file, place(b), &b.new)));
    out.dedup();
    out
}

fn action(
    planner: &Planner<'_, '_>,
    proposal: &Proposal,
    entry: &Entry<'_>,
    hash: &PlanHash,
    chosen: &impl Fn(&ClusterName) -> bool,
) -> Option<Action> {
    let (snapshot, environment) = (planner.snapshot, planner.environment);
    // A cluster that has one of the components moves with all of them.
    let mut moved: BTreeSet<&ClusterName> = BTreeSet::new();
    for (release, pins) in &entry.moves {
        let others = pins.iter().filter(|placed| placed.version != Some(&release.version));
        moved.extend(others.flat_map(Placed::clusters).filter(|cluster| chosen(cluster)));
    }
    let here = environment.clusters.iter().map(|c| &c.name);
    let mut clusters: Vec<ClusterName> = here.filter(|c| moved.contains(c)).cloned().collect();
    // No name is every name: so records of environments without waves stay short. A cluster that is ahead has the
    // component too, and does not move.
    let mut all: BTreeSet<&ClusterName> = BTreeSet::new();
    for (release, _) in &entry.moves {
        let pins = snapshot.pins.of(&environment.name, &release.component);
        all.extend(pins.iter().map(|pin| &pin.cluster));
    }
    if clusters.len() == all.len() {
        clusters.clear();
    }
    let named: BTreeSet<&ClusterName> = clusters.iter().collect();
    let moves = entry.moves.iter().map(|(release, pins)| Move {
        release: release.clone(),
        from: pins
            .iter()
            .flat_map(|placed| placed.pins)
            .find(|pin| named.is_empty() || named.contains(&pin.cluster))
            .map(|pin| pin.tracking.to_string())
            .unwrap_or_default(),
        replaced: version_in(snapshot, &environment.name, &release.component),
    });
    Some(Action {
        environment: environment.name.clone(),
        moves: moves.collect(),
        clusters: clusters.clone(),
        skipped: proposal.skipped.clone(),
        branch: planner.path.trunk.clone(),
        parent: snapshot.base.clone()?,
        edits: proposal.edits.clone(),
        plan: hash.clone(),
        rollback: planner.request.rollback,
        automatic: planner.request.automatic,
    })
}

/// Why the next clusters may not move yet, or did not come well through it.
pub(super) fn why_not_now(version: &Version, batch: &Batch) -> Option<Why> {
    let version = version.clone();
    Some(match batch.clone() {
        Batch::Move { .. } | Batch::Done => return None,
        Batch::Busy { wave, cluster, why, deadline } => {
            Why::RollingOut { version, wave, cluster, why, deadline }
        }
        Batch::Settling { wave, until } => Why::Settling { version, wave, until },
        Batch::Unseen { wave, cluster } => Why::WaveNotObserved { wave, cluster },
        Batch::Failed { clusters, .. } => {
            let (cluster, why) = clusters.first()?.clone();
            Why::RolloutFailed { version, count: clusters.len(), cluster, why }
        }
    })
}

/// The releases above what the environment has and below what enters, which never did.
fn skipped(snapshot: &Snapshot, proposal: &Proposal, release: &Release) -> Vec<Version> {
    let Some(has) = &proposal.has else { return Vec::new() };
    let list = snapshot.releases.get(&proposal.component).map_or(&[][..], |r| &r.list);
    let history = &snapshot.history;
    let entered = |version: &Version| {
        history
            .promotions(&proposal.environment, &proposal.component)
            .any(|(_, p)| p.version == *version)
    };
    let between = |r: &&Release| {
        r.version > *has
            && !entered(&r.version)
            && r.version < release.version
            && (!r.version.is_prerelease() || release.version.is_prerelease())
    };
    let mut out: Vec<Version> = list.iter().filter(between).map(|r| r.version.clone()).collect();
    out.sort();
    out
}

/// All gates before a release. A rollback passes those that guard the way forward; a promotion that has begun passed
/// those that guard its beginning.
fn judge(
    planner: &Planner<'_, '_>,
    release: &Release,
    hash: &PlanHash,
    begun: Option<&Last<'_>>,
) -> Vec<Judged> {
    let (path, snapshot, environment) = (planner.path, planner.snapshot, planner.environment);
    let context = Context {
        path,
        snapshot,
        rosters: planner.rosters,
        environment,
        before: previous_with(path, snapshot, environment, &release.component),
        release,
        authors: authors_of(snapshot, release),
        hash,
        unknown_allowed: planner.request.allow_unknown,
    };
    let mut seen = gate::always(&context, !planner.request.rollback);
    if !planner.request.rollback {
        for stated in &environment.gates {
            let inputs = match begun.filter(|_| stated.condition.guards_the_beginning()) {
                Some(begun) => Inputs::Begun { at: begun.began },
                None => gate::stated(&stated.condition, &context),
            };
            seen.push((stated.name.clone(), inputs));
        }
    }
    seen.into_iter().map(|(name, inputs)| overridden(snapshot, hash, inputs.judged(name))).collect()
}

fn overridden(snapshot: &Snapshot, hash: &PlanHash, mut judged: Judged) -> Judged {
    let counts = !matches!(judged.verdict, Verdict::Open(_)) && gate::can_override(&judged.gate);
    let history = &snapshot.history;
    let found =
        counts.then(|| history.override_of(judged.gate.as_str(), hash, snapshot.now)).flatten();
    // A word that stands for signed ones is signed itself, or anybody could give it in anybody's name.
    let signed = matches!(judged.inputs, Inputs::Approval { signed: true, .. });
    let found = found.filter(|o| !signed || matches!(o.signature, Signature::Good { .. }));
    judged.overridden = found.map(|o| Overridden {
        by: o.by.to_owned(),
        reason: o.reason.to_owned(),
        expires: o.expires,
    });
    judged
}

impl Inputs {
    fn judged(self, gate: GateName) -> Judged {
        Judged { gate, verdict: gate::judge(&self), inputs: self, overridden: None }
    }
}

/// Who made the release, as the ledger recorded it; several where it was recorded more than once.
fn authors_of<'a>(snapshot: &'a Snapshot, release: &Release) -> Vec<&'a str> {
    let records = snapshot.history.of_releases(&release.component);
    records
        .filter_map(|r| match &r.event {
            Event::Released { version, .. } if *version == release.version => Some(r.by.as_str()),
            _ => None,
        })
        .collect()
}

/// What an approval is bound to: the environment, the content that enters, and every byte that changes. Not the base
/// commit: a commit beside the pin does not make it another plan. But going back does, and so does a failure: what was
/// decided before it was found to be wrong is to be decided again.
fn hash_of(snapshot: &Snapshot, proposal: &Proposal, edits: &[Replacement]) -> PlanHash {
    let history = &snapshot.history;
    let promotions = history.promotions(&proposal.environment, &proposal.component);
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
    for release in proposal.candidate.iter().chain(&proposal.with) {
        if release.component != proposal.component {
            field(release.component.as_str());
        }
        field(release.version.original());
        field(release.digest.as_ref().map_or("", |d| d.as_str()));
    }
    field(went_back.map_or("", |p| p.commit.as_str()));
    for edit in edits {
        field(edit.file.as_str());
        field(&edit.old);
        field(&edit.new);
    }
    let entering = proposal.candidate.iter().chain(&proposal.with);
    let failures = entering.filter_map(|r| history.failure(&proposal.environment, r));
    for (at, why) in failures.filter(|_| went_back.is_none()) {
        field(&at.to_string());
        field(&why);
    }
    let hex: String = hasher.finalize().iter().map(|b| format!("{b:02x}")).collect();
    PlanHash::parse(&hex).expect("SHA-256 in hexadecimal is 64 digits")
}
