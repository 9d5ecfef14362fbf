//! The loop for one environment: observe, plan, check, act, record. It reads like the table of steps.
//!
//! A trunk that moved meanwhile makes it look again; it goes on only while the plan's hash is the same,
//! because that is what was approved. What an earlier promotion could not record is recorded first
//! ([`crate::recover`]). Must not decide: that is `towpath_core::plan`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use towpath_core::action::{Action, Outcome};
use towpath_core::id::{BranchName, ClusterName, CommitId, ComponentName, EnvironmentName};
use towpath_core::invariant::{self, Broken};
use towpath_core::path::Path;
use towpath_core::pin::Pin;
use towpath_core::plan::{self, Proposal, Request, propose};
use towpath_core::record::{Event, PlanHash};
use towpath_core::running::ClusterReport;
use towpath_core::snapshot::Snapshot;

use crate::act::{self, ActError, Target};
use crate::gauge::{Gauges, ask};
use crate::kept::{FilesError, Kept};
use crate::ledger::{self, Entry, LedgerError, trailer};
use crate::observe::{ObserveError, World, observe_after, with_compared};
use crate::ports::{Registry, Repository, RepositoryError};
use crate::recover;
use crate::signers::{Listed, with_signatures};
use crate::survey::{FactsStore, Survey, SurveyError};

/// How often a moved trunk is looked at again.
const TRIES: usize = 5;

/// Why an environment could not be looked at or moved.
#[derive(Debug, thiserror::Error)]
pub enum PromoteError {
    /// Git could not answer.
    #[error("the repository could not be read")]
    Repository(#[from] RepositoryError),
    /// The files make no path.
    #[error(transparent)]
    Survey(#[from] SurveyError),
    /// The world could not be observed.
    #[error(transparent)]
    Observe(#[from] ObserveError),
    /// The action could not be carried out.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The promotion was made, and its record could not be written.
    #[error("the pin was moved by commit {commit}, but the ledger does not know it yet")]
    Unrecorded {
        /// The commit.
        commit: String,
        /// Why.
        #[source]
        source: LedgerError,
    },
    /// What follows from the reports of clusters could not be recorded.
    #[error("what follows from the reports of the clusters could not be recorded")]
    Unnoted(#[source] LedgerError),
    /// The trunk is not there.
    #[error("the trunk {0} has no commit")]
    NoTrunk(BranchName),
    /// The planner broke its own rules: a bug, and nothing was done.
    #[error("the plan breaks an invariant: {}", .0.iter().map(|b| b.rule).collect::<Vec<_>>().join("; "))]
    Invariant(Vec<Broken>),
}

impl From<FilesError> for PromoteError {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Repository(error) => Self::Repository(error),
            FilesError::Survey(error) => Self::Survey(error),
        }
    }
}

/// A look at the world as of one commit of the trunk.
#[derive(Debug, Clone)]
pub struct View {
    /// What the files say.
    pub survey: Arc<Survey>,
    /// What is believed of the rest.
    pub snapshot: Snapshot,
    /// The head of the ledger that was read; `None`: there is none yet.
    pub ledger: Option<CommitId>,
}

impl View {
    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.survey.resolved.path
    }
}

/// What the loop needs.
pub struct Loop<'a> {
    /// The repository.
    pub repository: &'a dyn Repository,
    /// The registries; `None`: offline.
    pub registry: Option<&'a dyn Registry>,
    /// Facts of files read before.
    pub store: &'a dyn FactsStore,
    /// What was read before; `None`: everything is read.
    pub kept: Option<&'a Kept>,
    /// When this is.
    pub now: jiff::Timestamp,
    /// The trunk.
    pub trunk: BranchName,
    /// Who asks the clusters; `None`: nobody does.
    pub clusters: Option<&'a dyn Reports>,
    /// Who asks sources of alerts and metrics; `None`: nobody does.
    pub gauges: Option<&'a dyn Gauges>,
}

/// What the clusters of a path report, as far as any are connected.
pub trait Reports {
    /// What they run of these pins. A cluster that is to be connected and cannot be reached is in it, as lost.
    fn reports(
        &self,
        path: &Path,
        pins: &[Pin],
        now: jiff::Timestamp,
    ) -> BTreeMap<ClusterName, ClusterReport>;
}

/// What a promotion came to.
#[derive(Debug, Clone)]
pub struct Promoted {
    /// The plan as it was carried out, or as it stands.
    pub proposal: Proposal,
    /// What came of it; `None`: the plan has no action, and its outcome says why.
    pub outcome: Option<Outcome>,
    /// The branch that got the commit.
    pub branch: Option<BranchName>,
    /// The ledger's entry, where it was written now: also that of an earlier run that could not write it.
    pub record: Option<Entry>,
}

impl Loop<'_> {
    /// Step 2: looks at the world as the trunk has it.
    ///
    /// # Errors
    /// [`PromoteError`].
    pub fn look(&self) -> Result<View, PromoteError> {
        let base = self
            .repository
            .tip(&self.trunk)?
            .ok_or_else(|| PromoteError::NoTrunk(self.trunk.clone()))?;
        let nothing_kept = Kept::default();
        let kept = self.kept.unwrap_or(&nothing_kept);
        let (survey, findings) = kept.survey(self.repository, &base, self.store)?;
        let findings = survey.open_of(findings, self.now);
        let world = World {
            now: self.now,
            repository: Some(self.repository),
            registry: self.registry,
            base: Some(base),
        };
        let ledger = self.repository.tip(&ledger::branch())?;
        let history = kept.history(self.repository).map_err(ObserveError::from)?;
        let mut snapshot = observe_after(&survey, &world, findings, history)?;
        if let Some(clusters) = self.clusters {
            let resolved = &survey.resolved;
            snapshot.running = clusters.reports(&resolved.path, &resolved.pins, self.now).into();
        }
        Ok(View { survey, snapshot, ledger })
    }

    /// Steps 3 and 5: plans one component of one environment, and checks the plan.
    ///
    /// # Errors
    /// [`PromoteError::Invariant`] where the planner broke its own rules, and [`PromoteError::Observe`]
    /// where the place of the releases is none.
    pub fn plan(
        &self,
        view: &View,
        environment: &EnvironmentName,
        component: &ComponentName,
        request: &Request,
    ) -> Result<Option<Proposal>, PromoteError> {
        let Some(environment) = view.path().environment(environment) else { return Ok(None) };
        let mut snapshot = Cow::Borrowed(&view.snapshot);
        let mut proposal = propose(view.path(), &snapshot, environment, component, request);
        // What nobody could know would be asked for is compared with the registry before it counts.
        if let (Some(registry), Some(candidate)) = (self.registry, &proposal.candidate) {
            let version = &candidate.version;
            if let Some(compared) =
                with_compared(&view.survey, registry, &snapshot, component, version)?
            {
                snapshot = Cow::Owned(compared);
                proposal = propose(view.path(), &snapshot, environment, component, request);
            }
        }
        // Whether people said what is recorded in their name is asked for this plan only: it costs a process each.
        if let Some(signed) = self.with_signatures(view, &snapshot, [&proposal])? {
            snapshot = Cow::Owned(signed);
            proposal = propose(view.path(), &snapshot, environment, component, request);
        }
        let questions = plan::questions([&proposal]);
        if let Some(gauges) = self.gauges.filter(|_| !questions.is_empty()) {
            let answers = ask(gauges, &view.survey.stated.sources, questions, self.now);
            snapshot.to_mut().answers.extend(answers);
            proposal = propose(view.path(), &snapshot, environment, component, request);
        }
        let broken = invariant::check_proposal(view.path(), &snapshot, &proposal);
        if broken.is_empty() { Ok(Some(proposal)) } else { Err(PromoteError::Invariant(broken)) }
    }

    /// The snapshot with the signatures of what was said of plans, by the keys of the commit that they are based on.
    pub(crate) fn with_signatures<'p>(
        &self,
        view: &View,
        snapshot: &Snapshot,
        proposals: impl IntoIterator<Item = &'p Proposal>,
    ) -> Result<Option<Snapshot>, PromoteError> {
        let plans: BTreeSet<&PlanHash> =
            proposals.into_iter().filter_map(|proposal| proposal.hash.as_ref()).collect();
        let Some(base) = snapshot.base.clone().filter(|_| !plans.is_empty()) else {
            return Ok(None);
        };
        let listed = Listed { commit: base, stated: view.survey.stated.signers.clone() };
        with_signatures(self.repository, &listed, snapshot, &|plan| plans.contains(plan))
            .map_err(|error| ObserveError::from(error).into())
    }

    /// Steps 2 to 7 for one environment. `None`: there is no such environment.
    ///
    /// # Errors
    /// [`PromoteError`]; but for [`PromoteError::Unrecorded`], nothing has moved then.
    pub fn promote(
        &self,
        environment: &EnvironmentName,
        component: &ComponentName,
        request: &Request,
        target: &Target,
    ) -> Result<Option<Promoted>, PromoteError> {
        let mut first_hash = None;
        let mut last = None;
        for attempt in 0..TRIES {
            if attempt > 0 {
                self.repository.fetch()?;
            }
            let (view, recovered) = self.look_and_catch_up()?;
            let Some(proposal) = self.plan(&view, environment, component, request)? else {
                return Ok(None);
            };
            let still = |outcome| Promoted {
                proposal: proposal.clone(),
                outcome,
                branch: None,
                record: None,
            };
            if proposal.outcome == plan::Outcome::UpToDate {
                let record = recovered.into_iter().rev().find(|entry| {
                    matches!(&entry.record.event, Event::Promoted(p)
                        if p.environment == *environment && p.component == *component)
                });
                return Ok(Some(Promoted { record, ..still(Some(Outcome::AlreadyDone)) }));
            }
            let Some(action) = &proposal.action else { return Ok(Some(still(None))) };
            if first_hash.get_or_insert_with(|| action.plan.clone()) != &action.plan {
                return Ok(Some(still(Some(Outcome::Stale { found: view.snapshot.base.clone() }))));
            }
            let done = |outcome, commit: CommitId| {
                let branch = match target {
                    Target::Trunk => action.branch.clone(),
                    Target::Branch(branch) => branch.clone(),
                };
                let mut record = None;
                for event in act::records_of(action, &commit, &branch, &proposal.gates) {
                    let entry = self.record(&commit, event)?;
                    record.get_or_insert(entry);
                }
                Ok(Some(Promoted { branch: Some(branch), record, ..still(Some(outcome)) }))
            };
            if let Some(commit) = self.already_on(target, action)? {
                return done(Outcome::AlreadyDone, commit);
            }
            match act::act(self.repository, action, target)? {
                Outcome::Done { commit } => {
                    return done(Outcome::Done { commit: commit.clone() }, commit);
                }
                Outcome::AlreadyDone => return Ok(Some(still(Some(Outcome::AlreadyDone)))),
                Outcome::Stale { found } => last = Some(still(Some(Outcome::Stale { found }))),
            }
            // One look at the branch of a pull request that is taken; it stays taken, however often.
            if matches!(target, Target::Branch(_)) && attempt > 0 {
                break;
            }
        }
        Ok(last)
    }

    /// Looks, and records promotions that nobody recorded. Answers their entries.
    pub(crate) fn look_and_catch_up(&self) -> Result<(View, Vec<Entry>), PromoteError> {
        let view = self.look()?;
        let Some(base) = &view.snapshot.base else { return Ok((view, Vec::new())) };
        let history = &view.snapshot.history;
        let missing = recover::unrecorded(self.repository, &self.trunk, base, history)?;
        if missing.is_empty() {
            return Ok((view, Vec::new()));
        }
        let mut recorded = Vec::new();
        for promotion in missing {
            let commit = promotion.commit.clone();
            recorded.push(self.record(&commit, Event::Promoted(promotion))?);
        }
        Ok((self.look()?, recorded))
    }

    pub(crate) fn record(&self, commit: &CommitId, event: Event) -> Result<Entry, PromoteError> {
        act::record(self.repository, self.now, event)
            .map_err(|source| PromoteError::Unrecorded { commit: commit.to_string(), source })
    }

    /// The commit of this very plan at the head of the branch of a pull request.
    fn already_on(
        &self,
        target: &Target,
        action: &Action,
    ) -> Result<Option<CommitId>, RepositoryError> {
        let Target::Branch(branch) = target else { return Ok(None) };
        let Some(tip) = self.repository.tip(branch)? else { return Ok(None) };
        let found = self.repository.commits(std::slice::from_ref(&tip))?;
        let same = |message: &str| trailer(message, "Towpath-Plan") == Some(action.plan.as_str());
        Ok(found.iter().any(|c| c.parents.len() == 1 && same(&c.message)).then_some(tip))
    }
}
