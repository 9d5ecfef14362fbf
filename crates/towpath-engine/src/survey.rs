//! Step 2, the part that is in files: what the repository says, and what `towpath.yaml` states.
//!
//! The files come from a commit ([`read_commit`]) or from whoever reads a work tree; both go through
//! [`FactsStore`], so that a file that was read before is not parsed again. Must not touch the disk.
//! Next: [`crate::observe`], which adds releases, branches and the ledger.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use towpath_api::path_file::{self, PathFileError, Reader};
use towpath_check::Context;
use towpath_check::place::Placed;
use towpath_check::silence::{Silences, settle};
use towpath_core::chain;
use towpath_core::finding::Finding;
use towpath_core::id::{CommitId, EnvironmentName, RepoPath};
use towpath_core::stated::Stated;
use towpath_discovery::facts::{self, FactsError, FileFacts};
use towpath_discovery::inventory::{Inventory, Unreadable};
use towpath_discovery::resolve::{self, ResolveError, Resolved};

use crate::gauge::Condition;
use crate::ports::{FileMode, Repository, RepositoryError};

/// The files of a repository, read.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// What each file says.
    pub facts: BTreeMap<RepoPath, Arc<FileFacts>>,
    /// Files that are no YAML that can be read, with the report to show.
    pub unreadable: Vec<(FactsError, String)>,
    /// `towpath.yaml`, where there is one.
    pub path_file: Option<Vec<u8>>,
}

/// Facts of contents seen before, by Git's name of the content and the file's name.
pub trait FactsStore {
    /// The facts, if they are known.
    fn get(&self, blob: &str, file_name: &str) -> Option<Arc<FileFacts>>;
    /// Keeps facts.
    fn put(&self, blob: &str, file_name: &str, facts: &Arc<FileFacts>);
}

/// A store that keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStore;

impl FactsStore for NoStore {
    fn get(&self, _: &str, _: &str) -> Option<Arc<FileFacts>> {
        None
    }
    fn put(&self, _: &str, _: &str, _: &Arc<FileFacts>) {}
}

/// Why the files do not make a path.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// Git could not answer.
    #[error("the files could not be read from Git")]
    Repository(#[from] RepositoryError),
    /// `towpath.yaml` has a mistake.
    #[error("{0}")]
    PathFile(#[from] PathFileError),
    /// Files of clusters or components cannot be read; the reports, one each.
    #[error("{}", .0.join("\n"))]
    Unreadable(Vec<String>),
    /// What is stated and what is there make no path.
    #[error("the repository and towpath.yaml do not make a path")]
    Resolve(#[from] ResolveError),
}

/// What the files say.
#[derive(Debug, Clone)]
pub struct Survey {
    /// What was found.
    pub inventory: Inventory,
    /// What is stated.
    pub stated: Stated,
    /// Whether there is a `towpath.yaml` at all.
    pub has_path_file: bool,
    /// The path and its pins.
    pub resolved: Resolved,
}

/// Reads the files of a commit.
///
/// # Errors
/// [`RepositoryError`] when Git cannot answer.
pub fn read_commit(
    repository: &dyn Repository,
    commit: &CommitId,
    store: &dyn FactsStore,
) -> Result<Files, RepositoryError> {
    let mut files = Files::default();
    let mut missing: BTreeMap<String, Vec<RepoPath>> = BTreeMap::new();
    for entry in repository.entries(commit)? {
        let readable = matches!(entry.mode, FileMode::Regular | FileMode::Executable);
        if !readable {
            continue;
        }
        if entry.path.as_str() == path_file::FILE_NAME {
            files.path_file = repository.blobs(std::slice::from_ref(&entry.blob))?.pop();
        }
        if !facts::is_relevant(entry.path.as_str()) {
            continue;
        }
        match store.get(&entry.blob, entry.path.file_name()) {
            Some(known) => {
                files.facts.insert(entry.path, known);
            }
            None => missing.entry(entry.blob).or_default().push(entry.path),
        }
    }
    let names: Vec<String> = missing.keys().cloned().collect();
    let contents = repository.blobs(&names)?;
    for ((blob, paths), bytes) in missing.into_iter().zip(contents) {
        add_content(&mut files, &bytes, paths, |name, facts| store.put(&blob, name, facts));
    }
    Ok(files)
}

/// Adds one content that stands at one or more paths. Equal file names share one parse.
pub fn add_content(
    files: &mut Files,
    bytes: &[u8],
    paths: Vec<RepoPath>,
    keep: impl Fn(&str, &Arc<FileFacts>),
) {
    let mut known: BTreeMap<String, Arc<FileFacts>> = BTreeMap::new();
    for path in paths {
        if let Some(facts) = known.get(path.file_name()) {
            files.facts.insert(path, Arc::clone(facts));
            continue;
        }
        match facts::facts(&path, bytes) {
            Ok(facts) => {
                let facts = Arc::new(facts);
                keep(path.file_name(), &facts);
                known.insert(path.file_name().to_owned(), Arc::clone(&facts));
                files.facts.insert(path, facts);
            }
            Err(error) => {
                let report = error.report(bytes);
                files.unreadable.push((error, report));
            }
        }
    }
}

/// What `towpath.yaml` states. A rule that is named in it must be one that there is.
///
/// # Errors
/// [`PathFileError`] with the place of the mistake.
pub fn stated(source: &[u8]) -> Result<Stated, PathFileError> {
    stated_in(path_file::FILE_NAME, source)
}

/// As [`stated`], of a file under another name, which its mistakes are told with.
///
/// # Errors
/// [`PathFileError`] with the place of the mistake.
pub fn stated_in(file: &str, source: &[u8]) -> Result<Stated, PathFileError> {
    let is_condition = |text: &str, has_baseline| match Condition::compile(text, has_baseline) {
        Ok(_) => Ok(()),
        Err(error) => Err(chain(&error)),
    };
    let reader = Reader { is_rule: &towpath_check::is_rule, is_condition: &is_condition };
    path_file::parse_with(file, source, &reader)
}

/// Joins the files to a path.
///
/// # Errors
/// [`SurveyError`]; nothing that cannot be read is skipped.
pub fn survey(files: Files) -> Result<Survey, SurveyError> {
    let stated = match &files.path_file {
        Some(bytes) => stated(bytes)?,
        None => Stated::default(),
    };
    let reports: BTreeMap<RepoPath, String> =
        files.unreadable.iter().map(|(e, report)| (e.file.clone(), report.clone())).collect();
    let unreadable = files.unreadable.into_iter().map(|(e, _)| e).collect();
    let inventory = Inventory::build(files.facts, unreadable).map_err(|Unreadable(errors)| {
        SurveyError::Unreadable(
            errors
                .iter()
                .map(|e| reports.get(&e.file).cloned().unwrap_or_else(|| e.to_string()))
                .collect(),
        )
    })?;
    let resolved = resolve::resolve(&inventory, &stated)?;
    if let Some(bytes) = &files.path_file {
        told_of_what_is_there(bytes, &stated, &resolved)?;
    }
    Ok(Survey { inventory, stated, has_path_file: files.path_file.is_some(), resolved })
}

/// So many environments are named in a hint.
const MOST_NAMES: usize = 12;

/// A notification about an environment that is not on the path would never be sent. Sandboxes come and go.
fn told_of_what_is_there(
    source: &[u8],
    stated: &Stated,
    resolved: &Resolved,
) -> Result<(), PathFileError> {
    let there: Vec<&EnvironmentName> =
        resolved.path.environments().iter().map(|environment| &environment.name).collect();
    for (i, notification) in stated.notifications.iter().enumerate() {
        for (j, name) in notification.environments.iter().flatten().enumerate() {
            if there.contains(&name) || resolve::says_sandbox(name.as_str()) {
                continue;
            }
            let keys: [&dyn std::fmt::Display; 5] =
                [&"spec", &"notifications", &i, &"environments", &j];
            let mut names: Vec<&str> = there.iter().map(|name| name.as_str()).collect();
            if names.len() > MOST_NAMES {
                names.truncate(MOST_NAMES);
                names.push("…");
            }
            let names = names.join(", ");
            let message = format!(
                "there is no environment {name}, and nothing would ever be told: name one of {names}"
            );
            return Err(path_file::mistake_at(path_file::FILE_NAME, source, &keys, &message));
        }
    }
    Ok(())
}

impl Survey {
    /// What of [`Survey::findings`] counts by what `towpath.yaml` says of it.
    #[must_use]
    pub fn open_findings(&self, on_trunk: bool, now: Timestamp) -> Vec<Finding> {
        self.open_of(self.findings(on_trunk), now)
    }

    /// What of these findings counts: silences end.
    pub(crate) fn open_of(&self, found: Vec<Finding>, now: Timestamp) -> Vec<Finding> {
        let found = found.into_iter().map(Placed::from).collect();
        let by = Silences {
            stated: &self.stated.checks,
            comments: &[],
            today: now.to_zoned(TimeZone::UTC).date(),
            whole: false,
        };
        settle(found, &by).open.into_iter().map(|placed| placed.finding).collect()
    }

    /// What the checks find, silenced or not. `on_trunk`: whether the files are those of the trunk, where a sandbox has
    /// no business.
    #[must_use]
    pub fn findings(&self, on_trunk: bool) -> Vec<Finding> {
        towpath_check::check(&Context {
            inventory: &self.inventory,
            resolved: &self.resolved,
            stated: &self.stated,
            on_trunk,
        })
    }

    /// The URL of this repository as its clusters know it: the same on every machine.
    #[must_use]
    pub fn source_url(&self) -> Option<&str> {
        self.inventory
            .clusters
            .iter()
            .filter_map(|c| c.sync.as_ref())
            .find(|s| s.kind == "GitRepository" && !s.url.is_empty())
            .map(|s| s.url.as_str())
    }
}
