//! One turn of the loop: look, record what follows, and move what nothing holds.
//!
//! It is safe at any time, by anybody, and by several at once: what follows is recorded only on the ledger that it
//! follows from, and a pin moves only by compare-and-set on the trunk that was looked at. So a turn that is cut off
//! anywhere is made good by the next one. Must not wait: who calls knows when ([`towpath_core::plan::wakes_at`]). Must
//! not decide: that is `towpath_core::plan`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use towpath_core::action::{Action, Outcome};
use towpath_core::id::{CommitId, ComponentName, EnvironmentName};
use towpath_core::invariant;
use towpath_core::plan::{self, Plan, Proposal, Request, notes, wakes_at};
use towpath_core::record::Event;
use towpath_core::version::Version;

use crate::act::{self, Target};
use crate::gauge::for_path;
use crate::ledger::{self, Entry};
use crate::observe::with_compared;
use crate::promote::{Loop, PromoteError, View};

/// How often a turn looks again because somebody else was first, before it leaves the rest to the next turn.
const TRIES: usize = 5;

/// What came of a turn.
#[derive(Debug, Clone)]
pub struct Turn {
    /// The world as it was seen last.
    pub view: View,
    /// The plan on it.
    pub plan: Plan,
    /// What was recorded that no promotion of this turn tells: verified, failed, soaked; promotions that somebody made
    /// and nobody had recorded.
    pub noted: Vec<Entry>,
    /// What was promoted, in this order.
    pub moved: Vec<Moved>,
    /// When time alone can change the plan; `None`: never.
    pub wakes_at: Option<Timestamp>,
}

/// A promotion that a turn made.
#[derive(Debug, Clone)]
pub struct Moved {
    /// The plan that was carried out.
    pub proposal: Proposal,
    /// The ledger's entry of its first component.
    pub record: Option<Entry>,
}

impl Loop<'_> {
    /// Looks once, and does all that may be done without a person. Fetches only after somebody else was first.
    ///
    /// # Errors
    /// [`PromoteError`]. What was done before is done, and whoever takes the next turn goes on from there.
    pub fn turn(&self) -> Result<Turn, PromoteError> {
        let (mut view, mut noted) = self.look_and_catch_up()?;
        let mut plan = self.plan_all(&mut view)?;
        let events = notes(view.path(), &view.snapshot);
        let new = self.note(&mut view, events)?;
        if !new.is_empty() {
            noted.extend(new);
            view = self.look()?;
            plan = self.plan_all(&mut view)?;
        }
        let mut moved = Vec::new();
        let mut tried: BTreeSet<(EnvironmentName, ComponentName)> = BTreeSet::new();
        let mut late = 0;
        // Each commit makes another plan necessary; what has moved in this turn does not move again in it.
        while let Some(proposal) = self.next(&view, &plan, &mut tried)? {
            let Some(mut action) = proposal.action.clone() else { continue };
            action.automatic = true;
            match act::act(self.repository, &action, &Target::Trunk)? {
                Outcome::Done { commit } => {
                    let record = self.record_all(&action, &commit, &proposal)?;
                    moved.push(Moved { proposal, record });
                }
                Outcome::AlreadyDone => {}
                Outcome::Stale { .. } => {
                    late += 1;
                    if late == TRIES {
                        break;
                    }
                    tried.remove(&(proposal.environment, proposal.component));
                    self.repository.fetch()?;
                }
            }
            let recovered;
            (view, recovered) = self.look_and_catch_up()?;
            noted.extend(recovered);
            plan = self.plan_all(&mut view)?;
        }
        let wakes_at = wakes_at(view.path(), &view.snapshot, &plan);
        Ok(Turn { view, plan, noted, moved, wakes_at })
    }

    /// Plans the whole path, with what would enter compared with its registry, the answers of the sources that its gates
    /// ask, and the signatures of what people said.
    ///
    /// # Errors
    /// [`PromoteError::Invariant`] where the planner broke its own rules, and those of Git.
    pub fn plan_all(&self, view: &mut View) -> Result<Plan, PromoteError> {
        if let Some(gauges) = self.gauges {
            let sources = &view.survey.stated.sources;
            let answers = for_path(gauges, sources, view.path(), &view.snapshot);
            view.snapshot.answers.extend(answers);
        }
        let mut plan = plan::plan(view.path(), &view.snapshot);
        // Who approves a plan has seen it compared with the registry, and approves that hash and no other.
        let mut compared = BTreeSet::new();
        while self.compare(view, &plan, &mut compared)? {
            plan = plan::plan(view.path(), &view.snapshot);
        }
        if let Some(signed) = self.with_signatures(view, &view.snapshot, &plan.proposals)? {
            view.snapshot = signed;
            plan = plan::plan(view.path(), &view.snapshot);
        }
        let broken = invariant::check(view.path(), &view.snapshot, &plan);
        if broken.is_empty() { Ok(plan) } else { Err(PromoteError::Invariant(broken)) }
    }

    /// Compares what would enter with its registry, each release once; whether any was not compared by the look.
    fn compare(
        &self,
        view: &mut View,
        plan: &Plan,
        compared: &mut BTreeSet<(ComponentName, Version)>,
    ) -> Result<bool, PromoteError> {
        let mut any = false;
        let entering = plan.proposals.iter().filter(|proposal| proposal.hash.is_some());
        for release in entering.filter_map(|proposal| proposal.candidate.as_ref()) {
            let (component, version) = (&release.component, &release.version);
            if let Some(registry) = self.registry
                && compared.insert((component.clone(), version.clone()))
                && let Some(snapshot) =
                    with_compared(&view.survey, registry, &view.snapshot, component, version)?
            {
                view.snapshot = snapshot;
                any = true;
            }
        }
        Ok(any)
    }

    /// Records what follows from the snapshot. Where the ledger has grown since it was read, what follows may be
    /// something else, or be there already: the next turn knows.
    pub(crate) fn note(
        &self,
        view: &mut View,
        events: Vec<Event>,
    ) -> Result<Vec<Entry>, PromoteError> {
        let mut noted = Vec::new();
        for event in events {
            let on = view.ledger.as_ref();
            let entry = ledger::append_on(self.repository, self.now, event, on);
            let Some(entry) = entry.map_err(PromoteError::Unnoted)? else { break };
            view.ledger = Some(entry.commit.clone());
            noted.push(entry);
        }
        Ok(noted)
    }

    /// Records an action that was carried out. Answers the entry of its first component.
    pub(crate) fn record_all(
        &self,
        action: &Action,
        commit: &CommitId,
        proposal: &Proposal,
    ) -> Result<Option<Entry>, PromoteError> {
        let mut record = None;
        for event in act::records_of(action, commit, &action.branch, &proposal.gates) {
            let entry = self.record(commit, event)?;
            record.get_or_insert(entry);
        }
        Ok(record)
    }

    /// The next proposal that nothing holds, compared with its registry.
    fn next(
        &self,
        view: &View,
        plan: &Plan,
        tried: &mut BTreeSet<(EnvironmentName, ComponentName)>,
    ) -> Result<Option<Proposal>, PromoteError> {
        for proposal in plan.proposals.iter().filter(|proposal| may_move(proposal)) {
            let (environment, component) = (&proposal.environment, &proposal.component);
            if !tried.insert((environment.clone(), component.clone())) {
                continue;
            }
            let compared = self.plan(view, environment, component, &Request::default())?;
            if let Some(proposal) = compared.filter(may_move) {
                return Ok(Some(proposal));
            }
        }
        Ok(None)
    }
}

fn may_move(proposal: &Proposal) -> bool {
    proposal.outcome == plan::Outcome::Ready
        && proposal.holds.is_empty()
        && proposal.action.is_some()
}
