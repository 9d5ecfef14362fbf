//! Whose signatures count, and whether the records that matter carry one.
//!
//! The keys are those that one commit of the trunk lists: whoever can change them went through its review. Neither the
//! work tree, nor the ledger's own branch, nor a user's keyring has a say. Only records that a plan asks about are
//! checked, because each check is work for another program. Must not judge a gate; that is `towpath_core::gate`.
//! Next: [`ssh`], and [`crate::ports::Repository::signatures`] for the checking itself.

pub mod ssh;

use jiff::Timestamp;
use towpath_api::path_file;
use towpath_core::id::{BranchName, CommitId, Folder, RepoPath};
use towpath_core::record::{Event, PlanHash, Record, Signature, email};
use towpath_core::snapshot::Snapshot;
use towpath_core::stated::StatedSigners;

use crate::ledger::{self, Entry, LedgerError};
use crate::ports::{FileMode, Repository, RepositoryError, SignedBy};
use crate::survey::{self, SurveyError};

/// Extensions of exported OpenPGP keys.
const EXPORTS: [&str; 4] = ["asc", "gpg", "pgp", "key"];

/// The keys whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    /// The file of SSH keys, where one is stated.
    pub ssh_file: Option<RepoPath>,
    /// Its lines.
    pub ssh: Vec<ssh::Line>,
    /// The folder of OpenPGP keys, where one is stated.
    pub openpgp_folder: Option<Folder>,
    /// Its files.
    pub openpgp: Vec<OpenPgpKeys>,
    /// When somebody asks. A key that is over by then opens no gate, whatever date a commit claims; `None`: only the
    /// commit's own date counts, as for what was done long ago.
    pub now: Option<Timestamp>,
}

/// Exported OpenPGP keys of one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenPgpKeys {
    /// Where they stand.
    pub file: RepoPath,
    /// Who may sign with them: the name of the file without its extension.
    pub email: String,
    /// What `gpg --export` wrote, with or without armour.
    pub bytes: Vec<u8>,
}

/// Why the keys cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Git could not answer.
    #[error("the keys of signers could not be read")]
    Repository(#[from] RepositoryError),
    /// `towpath.yaml` names a file or folder that is not there.
    #[error("towpath.yaml names {0} for the keys of signers, and it is not in commit {1}")]
    Missing(String, String),
    /// A file is not what it should be.
    #[error("{file}")]
    Unusable {
        /// Which.
        file: RepoPath,
        /// Why.
        #[source]
        source: ssh::BadLine,
    },
    /// A file is not text, or a key has a name that is no address.
    #[error("{file}: {problem}")]
    Odd {
        /// Which.
        file: RepoPath,
        /// What is wrong.
        problem: &'static str,
    },
}

impl Keys {
    /// Reads the keys that a commit lists.
    ///
    /// # Errors
    /// [`KeysError`]; keys that cannot be read are never taken for no keys.
    pub fn at(
        repository: &dyn Repository,
        commit: &CommitId,
        stated: &StatedSigners,
    ) -> Result<Self, KeysError> {
        let mut keys = Self {
            ssh_file: stated.ssh.clone(),
            openpgp_folder: stated.openpgp.clone(),
            ..Self::default()
        };
        let entries = repository.entries(commit)?;
        let mut files = entries
            .iter()
            .filter(|entry| matches!(entry.mode, FileMode::Regular | FileMode::Executable));
        let missing = |what: String| KeysError::Missing(what, commit.short().to_owned());
        if let Some(file) = &stated.ssh {
            let entry = files.clone().find(|entry| entry.path == *file);
            let entry = entry.ok_or_else(|| missing(file.to_string()))?;
            let bytes = repository.blobs(std::slice::from_ref(&entry.blob))?.pop();
            let text = String::from_utf8(bytes.unwrap_or_default());
            let text = text.map_err(|_| KeysError::Odd {
                file: file.clone(),
                problem: "it is not text in UTF-8",
            })?;
            keys.ssh = ssh::parse(&text)
                .map_err(|source| KeysError::Unusable { file: file.clone(), source })?;
        }
        if let Some(folder) = &stated.openpgp {
            let found: Vec<(&RepoPath, &String, String)> = files
                .by_ref()
                .filter_map(|entry| {
                    let name = folder.strip(entry.path.as_str())?;
                    let (email, extension) = name.rsplit_once('.')?;
                    let is_export = EXPORTS.contains(&extension) && !name.contains('/');
                    is_export.then(|| (&entry.path, &entry.blob, email.to_owned()))
                })
                .collect();
            if found.is_empty() {
                return Err(missing(format!("keys in {folder}")));
            }
            if let Some((file, ..)) = found.iter().find(|(.., email)| !ssh::is_principal(email)) {
                let problem = "a key is named by the address that it may sign for";
                return Err(KeysError::Odd { file: (*file).clone(), problem });
            }
            let names: Vec<String> = found.iter().map(|(_, blob, _)| (*blob).clone()).collect();
            let contents = repository.blobs(&names)?;
            keys.openpgp = found
                .into_iter()
                .zip(contents)
                .map(|((file, _, email), bytes)| OpenPgpKeys { file: file.clone(), email, bytes })
                .collect();
        }
        Ok(keys)
    }

    /// The same keys, asked for at a time.
    #[must_use]
    pub fn asked_at(self, now: Timestamp) -> Self {
        Self { now: Some(now), ..self }
    }

    /// The SSH keys that may sign commits of this address, now and, by what they say, at some time.
    pub fn ssh_of<'a>(&'a self, email: &'a str) -> impl Iterator<Item = &'a ssh::Line> {
        self.ssh.iter().filter(move |line| {
            let over = self.now.is_some_and(|now| line.is_over(now));
            !over && line.is_for_git() && line.is_for(email)
        })
    }

    /// The OpenPGP keys of this address.
    pub fn openpgp_of<'a>(&'a self, email: &'a str) -> impl Iterator<Item = &'a OpenPgpKeys> {
        self.openpgp.iter().filter(move |keys| keys.email.eq_ignore_ascii_case(email))
    }

    /// Why an SSH signature by a key does not count for an address, in one line; `key` is what people know it by.
    #[must_use]
    pub fn why_not(
        &self,
        email: &str,
        key: &str,
        is_it: &dyn Fn(&ssh::Line) -> bool,
        signed: Timestamp,
    ) -> String {
        let Some(file) = &self.ssh_file else {
            return "it is signed with an SSH key, and towpath.yaml names no file of them"
                .to_owned();
        };
        let mut of_somebody_else = None;
        for line in self.ssh.iter().filter(|line| is_it(line)) {
            if !line.is_for(email) {
                of_somebody_else = Some(line);
                continue;
            }
            let place = format!("{file}:{}", line.number);
            let over = line.is_over(self.now.unwrap_or(signed).max(signed));
            return match (&line.before, &line.after) {
                _ if !line.is_for_git() => {
                    format!("{place} does not let {key} sign in the namespace `git`")
                }
                (Some(before), _) if over => {
                    format!("{place} lets {key} sign until {before} only")
                }
                (_, Some(after)) if signed < *after => {
                    format!("{place} lets {key} sign from {after} on, and it signed {signed}")
                }
                _ => format!("{place} lists {key}, and the signature does not fit the commit"),
            };
        }
        match of_somebody_else {
            Some(line) => {
                format!("it is signed by {}, and the record is by {email}", line.principals)
            }
            None => format!("{file} does not list {key}"),
        }
    }
}

/// The plan that somebody gave their word on: only there does a signature matter.
#[must_use]
pub fn plan_of(event: &Event) -> Option<&PlanHash> {
    match event {
        Event::Approved { plan, .. } | Event::Overridden { plan, .. } => Some(plan),
        _ => None,
    }
}

/// Checks entries of the ledger; gives their signatures in the order asked. Keys that cannot be told make all of them
/// bad, with the reason.
///
/// # Errors
/// [`RepositoryError`] when Git cannot answer.
pub fn check(
    repository: &dyn Repository,
    entries: &[&Entry],
    keys: Result<Keys, KeysError>,
) -> Result<Vec<Signature>, RepositoryError> {
    let keys = match keys {
        Ok(keys) => keys,
        Err(KeysError::Repository(error)) => return Err(error),
        Err(error) => {
            let why = format!("it cannot be checked: {}", towpath_core::chain(&error));
            return Ok(vec![Signature::Bad { why }; entries.len()]);
        }
    };
    let asked: Vec<SignedBy> = entries
        .iter()
        .map(|entry| SignedBy {
            commit: entry.commit.clone(),
            email: email(&entry.record.by).to_owned(),
        })
        .collect();
    repository.signatures(&asked, &keys)
}

/// Where the keys of signers are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The commit of the trunk.
    pub commit: CommitId,
    /// The places in it.
    pub stated: StatedSigners,
}

impl Listed {
    /// Where the head of the trunk lists them; `None` where it states no place.
    ///
    /// # Errors
    /// [`SurveyError`] when Git cannot answer or `towpath.yaml` has a mistake there.
    pub fn on(
        repository: &dyn Repository,
        trunk: &BranchName,
    ) -> Result<Option<Self>, SurveyError> {
        let Some(commit) = repository.tip(trunk)? else { return Ok(None) };
        let entries = repository.entries(&commit)?;
        let file = entries.into_iter().find(|entry| entry.path.as_str() == path_file::FILE_NAME);
        let Some(file) = file else { return Ok(None) };
        let bytes = repository.blobs(&[file.blob])?.pop().unwrap_or_default();
        let stated = survey::stated(&bytes)?.signers;
        Ok((!stated.is_empty()).then_some(Self { commit, stated }))
    }

    /// The keys.
    ///
    /// # Errors
    /// As [`Keys::at`].
    pub fn keys(&self, repository: &dyn Repository) -> Result<Keys, KeysError> {
        Keys::at(repository, &self.commit, &self.stated)
    }
}

/// The snapshot with the signatures of what was said of these plans; `None` where there is nothing to check.
///
/// # Errors
/// [`LedgerError`] when the ledger or the keys cannot be read.
pub fn with_signatures(
    repository: &dyn Repository,
    listed: &Listed,
    snapshot: &Snapshot,
    of: &dyn Fn(&PlanHash) -> bool,
) -> Result<Option<Snapshot>, LedgerError> {
    if listed.stated.is_empty() {
        return Ok(None);
    }
    let wanted = |record: &Record| {
        record.signature == Signature::NotChecked && plan_of(&record.event).is_some_and(of)
    };
    let records = snapshot.history.records().enumerate();
    let wanted: Vec<(usize, &Record)> = records.filter(|(_, record)| wanted(record)).collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    // The ledger only grows: a record has its place for ever, also where others came meanwhile.
    let entries = ledger::read(repository)?;
    let found = wanted.into_iter().filter_map(|(i, record)| Some((i, entries.get(i)?, record)));
    let found: Vec<(usize, &Entry)> = found
        .filter(|(_, entry, record)| entry.record == **record)
        .map(|(i, entry, _)| (i, entry))
        .collect();
    let keys = listed.keys(repository).map(|keys| keys.asked_at(snapshot.now));
    let asked: Vec<&Entry> = found.iter().map(|(_, entry)| *entry).collect();
    let signatures = check(repository, &asked, keys)?;
    let mut snapshot = snapshot.clone();
    for ((i, _), signature) in found.into_iter().zip(signatures) {
        snapshot.history.set_signature(i, signature);
    }
    Ok(Some(snapshot))
}
