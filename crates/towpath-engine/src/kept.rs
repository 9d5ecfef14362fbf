//! What a loop has read and need not read again: the files of a commit with what the checks find in them, and the records
//! of the ledger.
//!
//! A commit never changes, so what it says is known by its name; of the ledger only what came since is read. It is a cache
//! and can be dropped at any time: with it and without it a look sees the same. Must not keep what can change under its
//! name: registries and clusters are asked by each look. Next: [`crate::promote::Loop::look`].

use std::sync::{Arc, Mutex, PoisonError};

use towpath_core::finding::Finding;
use towpath_core::id::CommitId;
use towpath_core::record::History;

use crate::ledger::{self, LedgerError};
use crate::ports::{Repository, RepositoryError};
use crate::survey::{FactsStore, Survey, SurveyError, read_commit, survey};

/// What was read last.
#[derive(Debug, Default)]
pub struct Kept {
    files: Mutex<Option<Files>>,
    ledger: Mutex<Option<(CommitId, History)>>,
}

/// What the files of a commit say.
#[derive(Debug)]
struct Files {
    commit: CommitId,
    survey: Arc<Survey>,
    findings: Vec<Finding>,
}

/// Why the files of a commit could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FilesError {
    /// Git could not answer.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The files make no path.
    #[error(transparent)]
    Survey(#[from] SurveyError),
}

impl Kept {
    /// What the files of a commit of the trunk say, and what the checks find in them, silenced or not.
    pub(crate) fn survey(
        &self,
        repository: &dyn Repository,
        commit: &CommitId,
        store: &dyn FactsStore,
    ) -> Result<(Arc<Survey>, Vec<Finding>), FilesError> {
        let mut kept = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(files) = &*kept
            && files.commit == *commit
        {
            return Ok((Arc::clone(&files.survey), files.findings.clone()));
        }
        let survey = Arc::new(survey(read_commit(repository, commit, store)?)?);
        let findings = survey.findings(true);
        let (commit, read) = (commit.clone(), (Arc::clone(&survey), findings.clone()));
        *kept = Some(Files { commit, survey, findings });
        Ok(read)
    }

    /// The ledger as of the last fetch, folded.
    pub(crate) fn history(&self, repository: &dyn Repository) -> Result<History, LedgerError> {
        let Some(tip) = repository.tip(&ledger::branch())? else { return Ok(History::default()) };
        let mut kept = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, known)) = &mut *kept {
            if *of == tip {
                return Ok(known.clone());
            }
            if let Some(entries) = ledger::read_after(repository, &tip, of)? {
                entries.into_iter().for_each(|entry| known.push(entry.record));
                *of = tip;
                return Ok(known.clone());
            }
        }
        let read = ledger::fold(&ledger::read_at(repository, &tip)?);
        *kept = Some((tip, read.clone()));
        Ok(read)
    }
}
