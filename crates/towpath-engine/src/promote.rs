//! The loop for one environment: observe, plan, check, act, record. It reads like the table of steps.
//!
//! A trunk that moved meanwhile makes it look again; it goes on only while the plan's hash is the same,
//! because that is what was approved. Must not decide: that is `towpath_core::plan`.

use towpath_core::action::{Action, Outcome};
use towpath_core::id::{BranchName, CommitId, ComponentName, EnvironmentName};
use towpath_core::invariant::{self, Broken};
use towpath_core::path::Path;
use towpath_core::plan::{self, Proposal, Request, propose};
use towpath_core::record::Event;
use towpath_core::snapshot::Snapshot;

use crate::act::{self, ActError, Target};
use crate::ledger::{self, Entry, LedgerError};
use crate::observe::{ObserveError, World, observe};
use crate::ports::{Registry, Repository, RepositoryError};
use crate::survey::{FactsStore, Survey, SurveyError, read_commit, survey};

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
    /// The trunk is not there.
    #[error("the trunk {0} has no commit")]
    NoTrunk(BranchName),
    /// The planner broke its own rules: a bug, and nothing was done.
    #[error("the plan breaks an invariant: {}", .0.iter().map(|b| b.rule).collect::<Vec<_>>().join("; "))]
    Invariant(Vec<Broken>),
}

/// A look at the world as of one commit of the trunk.
#[derive(Debug, Clone)]
pub struct View {
    /// What the files say.
    pub survey: Survey,
    /// What is believed of the rest.
    pub snapshot: Snapshot,
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
    /// When this is.
    pub now: jiff::Timestamp,
    /// The trunk.
    pub trunk: BranchName,
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
    /// The ledger's entry.
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
        self.look_at(base)
    }

    fn look_at(&self, base: CommitId) -> Result<View, PromoteError> {
        let files = read_commit(self.repository, &base, self.store)?;
        let survey = survey(files)?;
        let findings = survey.findings(true);
        let world = World {
            now: self.now,
            repository: Some(self.repository),
            registry: self.registry,
            base: Some(base),
        };
        let snapshot = observe(&survey, &world, findings)?;
        Ok(View { survey, snapshot })
    }

    /// Steps 3 and 5: plans one component of one environment, and checks the plan.
    ///
    /// # Errors
    /// [`PromoteError::Invariant`] where the planner broke its own rules.
    pub fn plan(
        &self,
        view: &View,
        environment: &EnvironmentName,
        component: &ComponentName,
        request: &Request,
    ) -> Result<Option<Proposal>, PromoteError> {
        let Some(environment) = view.path().environment(environment) else { return Ok(None) };
        let proposal = propose(view.path(), &view.snapshot, environment, component, request);
        let broken = invariant::check_proposal(view.path(), &view.snapshot, &proposal);
        if broken.is_empty() { Ok(Some(proposal)) } else { Err(PromoteError::Invariant(broken)) }
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
            let view = self.look()?;
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
                let record = self.record_late(&view, &proposal)?;
                return Ok(Some(Promoted { record, ..still(Some(Outcome::AlreadyDone)) }));
            }
            let Some(action) = &proposal.action else { return Ok(Some(still(None))) };
            if first_hash.get_or_insert_with(|| action.plan.clone()) != &action.plan {
                return Ok(Some(still(Some(Outcome::Stale { found: view.snapshot.base.clone() }))));
            }
            match act::act(self.repository, action, target)? {
                Outcome::Done { commit } => {
                    let branch = match target {
                        Target::Trunk => action.branch.clone(),
                        Target::Branch(branch) => branch.clone(),
                    };
                    let event = act::record_of(action, &commit, &branch, &proposal.gates);
                    let record =
                        act::record(self.repository, self.now, event).map_err(|source| {
                            PromoteError::Unrecorded { commit: commit.to_string(), source }
                        })?;
                    return Ok(Some(Promoted {
                        outcome: Some(Outcome::Done { commit }),
                        branch: Some(branch),
                        record: Some(record),
                        proposal,
                    }));
                }
                Outcome::AlreadyDone => return Ok(Some(still(Some(Outcome::AlreadyDone)))),
                Outcome::Stale { found } => {
                    if let Target::Branch(branch) = target
                        && let Some(commit) = self.carries(branch, action)?
                    {
                        let event = act::record_of(action, &commit, branch, &proposal.gates);
                        let record =
                            act::record(self.repository, self.now, event).map_err(|source| {
                                PromoteError::Unrecorded { commit: commit.to_string(), source }
                            })?;
                        return Ok(Some(Promoted {
                            branch: Some(branch.clone()),
                            record: Some(record),
                            ..still(Some(Outcome::AlreadyDone))
                        }));
                    }
                    last = Some(still(Some(Outcome::Stale { found })));
                }
            }
            // A branch of a pull request that is taken stays taken, however often one looks.
            if matches!(target, Target::Branch(_)) {
                break;
            }
        }
        Ok(last)
    }

    /// The commit of a branch that is there already, where it is this very action: an earlier run was cut
    /// off after its push, or somebody runs it twice.
    fn carries(
        &self,
        branch: &BranchName,
        action: &Action,
    ) -> Result<Option<CommitId>, PromoteError> {
        self.repository.fetch()?;
        let Some(tip) = self.repository.tip(branch)? else { return Ok(None) };
        let found = self.repository.commits(std::slice::from_ref(&tip))?;
        let same = found.iter().any(|commit| {
            commit.parents == [action.parent.clone()]
                && ledger::told_by(commit, branch).is_some_and(|told| told.plan == action.plan)
        });
        Ok(same.then_some(tip))
    }

    /// Records the promotion that put the pin where it is, where an earlier run was cut off between the
    /// push and the record. Its gates are judged again as of the commit before it.
    fn record_late(&self, view: &View, proposal: &Proposal) -> Result<Option<Entry>, PromoteError> {
        let records = &view.snapshot.history.records;
        let late = ledger::unrecorded(self.repository, &self.trunk, records)?;
        let version = proposal.candidate.as_ref().map(|release| &release.version);
        let told = late.into_iter().find_map(|commit| {
            let told = ledger::told_by(&commit, &self.trunk)?;
            let meant = told.environment == proposal.environment
                && told.component == proposal.component
                && Some(&told.version) == version;
            meant.then_some((commit, told))
        });
        let Some((commit, mut promotion)) = told else { return Ok(None) };
        if let Some(parent) = commit.parents.first() {
            let before = self.look_at(parent.clone())?;
            let request = Request {
                to: Some(promotion.version.clone()),
                rollback: promotion.rollback,
                allow_downgrade: true,
                allow_unknown: true,
            };
            let (environment, component) = (&promotion.environment, &promotion.component);
            let again = self.plan(&before, environment, component, &request)?;
            if let Some(again) = again.filter(|p| p.hash.as_ref() == Some(&promotion.plan)) {
                promotion.gates = again.gates.iter().map(act::evidence).collect();
            }
        }
        let event = Event::Promoted(promotion);
        let record = act::record(self.repository, self.now, event)
            .map_err(|source| PromoteError::Unrecorded { commit: commit.id.to_string(), source })?;
        Ok(Some(record))
    }
}
