//! The ledger: records on the branch `towpath/ledger`, one commit each, linked by their parents.
//!
//! A record is the message of its commit: a title for people, then the JSON of `towpath-api`. The files
//! of the branch are one README, so that appending costs the same whatever the history's length. Two
//! writers lose nothing: an append is a compare-and-set on the branch, and the loser reads again.
//! Must not interpret records; that is `towpath_core::record::History`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use towpath_api::record as wire;
use towpath_core::id::{BranchName, CommitId, EnvironmentName, RepoPath};
use towpath_core::record::{Event, History, OfRelease, PlanHash, Promotion, Record, Signature};

use crate::ports::{
    BranchUpdate, Commit, FileMode, NewCommit, Published, Repository, RepositoryError, TreeChange,
};
use crate::recover;

/// The ledger's branch.
pub const BRANCH: &str = "towpath/ledger";

/// How often an append is tried against other writers before it gives up.
const TRIES: usize = 16;

const README: &str = "# The ledger of Towpath\n\n\
Every commit of this branch is one record: who moved which release where, when, and on what evidence.\n\
The record is the commit's message. Read it with `towpath history`, check it with\n\
`towpath history verify`. Do not edit, rebase or merge this branch: its commits are its hash chain.\n";

/// A record with the commit that holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The ledger's commit.
    pub commit: CommitId,
    /// The record.
    pub record: Record,
}

/// Why the ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Git could not answer.
    #[error("the ledger could not be reached")]
    Repository(#[from] RepositoryError),
    /// A commit of the branch holds no record.
    #[error("commit {commit} of {BRANCH} holds no record that can be read")]
    Unreadable {
        /// Which commit.
        commit: CommitId,
        /// What is wrong with it; `None` where there is no JSON at all.
        #[source]
        source: Option<wire::RecordError>,
    },
    /// A record says that it is by somebody else than who committed it.
    #[error("commit {commit} of {BRANCH} is by {author}, and its record says {by}")]
    Forged {
        /// Which commit.
        commit: CommitId,
        /// Who the record says wrote it.
        by: String,
        /// Who did.
        author: String,
    },
    /// Other writers were faster every time.
    #[error("the ledger moved {TRIES} times while a record was being appended")]
    Contended,
}

impl LedgerError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { commit, .. } | Self::Forged { commit, .. } => Some(format!(
                "`towpath history verify` says what is wrong; if {} does not belong there, put {BRANCH} back \
                 on its parent with `git push --force-with-lease`",
                commit.short()
            )),
            Self::Contended => {
                Some("run the same command again: it does only what is left".to_owned())
            }
            Self::Repository(_) => None,
        }
    }
}

/// The branch's name as a value.
#[must_use]
pub fn branch() -> BranchName {
    BranchName::parse(BRANCH).expect("the ledger's branch is a branch name")
}

/// Reads the ledger as of the last fetch, oldest record first. No ledger is an empty one.
///
/// # Errors
/// [`LedgerError`]; a commit without a record is an error and is never skipped.
pub fn read(repository: &dyn Repository) -> Result<Vec<Entry>, LedgerError> {
    let Some(tip) = repository.tip(&branch())? else { return Ok(Vec::new()) };
    read_at(repository, &tip)
}

/// Reads the ledger as of one of its commits, oldest record first.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_at(
    repository: &dyn Repository,
    tip: &CommitId,
) -> Result<Vec<Entry>, LedgerError> {
    let mut entries: Vec<Entry> =
        repository.history(tip, None)?.into_iter().map(entry_in).collect::<Result<_, _>>()?;
    entries.reverse();
    Ok(entries)
}

/// The entries after one that was read before, oldest first; `None`: the ledger does not go on from there, or has been
/// put back.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_after(
    repository: &dyn Repository,
    tip: &CommitId,
    known: &CommitId,
) -> Result<Option<Vec<Entry>>, LedgerError> {
    // What was read before may have been taken away with the branch that held it.
    if repository.commits(std::slice::from_ref(known))?.is_empty() {
        return Ok(None);
    }
    let commits = repository.history(tip, Some(known))?;
    let goes_on = commits.last().is_some_and(|oldest| oldest.parents.as_slice() == [known.clone()]);
    if !goes_on {
        return Ok(None);
    }
    let mut entries: Vec<Entry> = commits.into_iter().map(entry_in).collect::<Result<_, _>>()?;
    entries.reverse();
    Ok(Some(entries))
}

fn entry_in(commit: Commit) -> Result<Entry, LedgerError> {
    let record = record_in(&commit)?;
    // An approval is somebody's word: one in another's name must not open a gate.
    if record.by != commit.author.to_string() {
        let (by, author) = (record.by, commit.author.to_string());
        return Err(LedgerError::Forged { commit: commit.id, by, author });
    }
    Ok(Entry { commit: commit.id, record })
}

fn record_in(commit: &Commit) -> Result<Record, LedgerError> {
    let unreadable = |source| LedgerError::Unreadable { commit: commit.id.clone(), source };
    let start = commit.message.find("\n{").ok_or_else(|| unreadable(None))?;
    wire::from_json(&commit.message[start..]).map_err(|e| unreadable(Some(e)))
}

/// What the entries fold to.
#[must_use]
pub fn fold(entries: &[Entry]) -> History {
    History::new(entries.iter().map(|e| e.record.clone()))
}

/// Appends a record. Where another writer is first, reads again and tries again.
///
/// # Errors
/// [`LedgerError`]. Then nothing was appended, or, where the network was lost after the push, exactly
/// this record was.
pub fn append(
    repository: &dyn Repository,
    at: Timestamp,
    event: Event,
) -> Result<Entry, LedgerError> {
    append_after(repository, at, event, |tip, _| {
        // Of the history only the head is read: what stands on no record would be lost to readers.
        for commit in repository.commits(std::slice::from_ref(tip))? {
            record_in(&commit)?;
        }
        Ok(None)
    })
    .map(|(entry, _)| entry)
}

/// Appends a record to the ledger whose head is `on`, and to no other: for what follows from what it says. `None`:
/// somebody has written to it since.
///
/// # Errors
/// As [`append`].
pub fn append_on(
    repository: &dyn Repository,
    at: Timestamp,
    event: Event,
    on: Option<&CommitId>,
) -> Result<Option<Entry>, LedgerError> {
    if repository.tip(&branch())?.as_ref() != on {
        return Ok(None);
    }
    let by = repository.user()?.to_string();
    let record = Record { at, by, event, signature: Signature::NotChecked };
    let message = format!("{}\n\n{}", title(&record.event), wire::to_json(&record));
    let commit = write_on(repository, on, message)?;
    let expected = on.cloned();
    let update = BranchUpdate { branch: branch(), expected, new: Some(commit.clone()) };
    Ok(match repository.publish(&[update])? {
        Published::Done => Some(Entry { commit, record }),
        Published::Stale { .. } => None,
    })
}

/// The commit of a record on a head of the ledger; the first one brings the file that says what the branch is.
fn write_on(
    repository: &dyn Repository,
    on: Option<&CommitId>,
    message: String,
) -> Result<CommitId, LedgerError> {
    let changes = match on {
        Some(_) => Vec::new(),
        None => vec![TreeChange::Put {
            path: RepoPath::parse("README.md").expect("a path"),
            mode: FileMode::Regular,
            bytes: README.as_bytes().to_vec(),
        }],
    };
    let parents = on.into_iter().cloned().collect();
    let commit = NewCommit { parents, base: on.cloned(), changes, message };
    Ok(repository.write(&commit)?)
}

/// Appends a record unless the ledger, as it is at that moment, holds one that `already` accepts.
/// Answers the newest of those or the new entry, and whether it was written now.
///
/// # Errors
/// [`LedgerError`].
pub fn append_unless(
    repository: &dyn Repository,
    at: Timestamp,
    event: Event,
    already: impl Fn(&Record) -> bool,
) -> Result<(Entry, bool), LedgerError> {
    append_after(repository, at, event, |tip, seen| {
        for commit in repository.history(tip, seen)? {
            let record = record_in(&commit)?;
            if already(&record) {
                return Ok(Some(Entry { commit: commit.id, record }));
            }
        }
        Ok(None)
    })
}

/// Appends a record after `found` has looked at each head of the branch that was not the last one it
/// looked at, and found nothing.
fn append_after(
    repository: &dyn Repository,
    at: Timestamp,
    event: Event,
    found: impl Fn(&CommitId, Option<&CommitId>) -> Result<Option<Entry>, LedgerError>,
) -> Result<(Entry, bool), LedgerError> {
    let by = repository.user()?.to_string();
    let record = Record { at, by, event, signature: Signature::NotChecked };
    let message = format!("{}\n\n{}", title(&record.event), wire::to_json(&record));
    let mut seen: Option<CommitId> = None;
    for attempt in 0..TRIES {
        if attempt > 0 {
            repository.fetch()?;
        }
        let tip = repository.tip(&branch())?;
        if let Some(tip) = tip.as_ref().filter(|tip| seen.as_ref() != Some(tip)) {
            if let Some(entry) = found(tip, seen.as_ref())? {
                return Ok((entry, false));
            }
            seen = Some(tip.clone());
        }
        let commit = write_on(repository, tip.as_ref(), message.clone())?;
        let update = BranchUpdate { branch: branch(), expected: tip, new: Some(commit.clone()) };
        match repository.publish(&[update])? {
            Published::Done => return Ok((Entry { commit, record }, true)),
            Published::Stale { .. } => {}
        }
    }
    Err(LedgerError::Contended)
}

/// One line for people, in `git log` and in `towpath history`, whatever people wrote in a reason: the
/// record begins after it.
#[must_use]
pub fn title(event: &Event) -> String {
    let text = words(event);
    text.split(char::is_control)
        .map(str::trim)
        .filter(|p| !p.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

fn words(event: &Event) -> String {
    match event {
        Event::Released { component, version, digest, .. } => {
            format!("release {component} {version} ({})", digest.short())
        }
        Event::Promoted(p) => {
            let verb = if p.rollback { "roll back" } else { "promote" };
            // A range that meant this very version: what changes is that it is exact now.
            let replaced = p.replaced.as_ref().filter(|replaced| **replaced != p.version);
            let from = replaced.map_or_else(|| p.from.clone(), ToString::to_string);
            let mut text =
                format!("{verb} {} {} from {from} to {}", p.environment, p.component, p.version);
            if !p.clusters.is_empty() {
                let names: Vec<&str> = p.clusters.iter().map(|c| c.as_str()).collect();
                text.push_str(&format!(" on {}", names.join(", ")));
            }
            if !p.skipped.is_empty() {
                let skipped: Vec<&str> = p.skipped.iter().map(|v| v.original()).collect();
                text.push_str(&format!(" (skipped {})", skipped.join(", ")));
            }
            text
        }
        Event::Verified(v) => format!("verify {}", told(&v.release)),
        Event::Failed(of, why) => format!("fail {}: {why}", told(of)),
        Event::Aborted(of, why) => format!("give up {}: {why}", told(of)),
        Event::Soaked(of, since, until) => format!("soak {} from {since} to {until}", told(of)),
        Event::Tested(t) => {
            let verdict = match (t.passed, t.attempts) {
                (true, 0 | 1) => "passed".to_owned(),
                (true, 2) => "passed after one retry".to_owned(),
                (true, more) => format!("passed after {} retries", more - 1),
                (false, _) => "failed".to_owned(),
            };
            format!("test {} with {}: {verdict}", told(&t.release), t.test)
        }
        Event::Reported { component, version, name, success, .. } => {
            let verdict = if *success { "success" } else { "no success" };
            format!("report {name} of {component} {version}: {verdict}")
        }
        Event::Frozen { environment, reason } => {
            format!("freeze {}: {reason}", or_all(environment))
        }
        Event::Thawed { environment, reason } => format!("thaw {}: {reason}", or_all(environment)),
        Event::Approved { environment, component, version, plan } => {
            format!("approve {component} {version} for {environment} (plan {})", plan.short())
        }
        Event::Overridden { environment, component, gate, reason, .. } => {
            format!("override {gate} for {component} in {environment}: {reason}")
        }
        Event::SandboxCreated(s) => {
            format!("create sandbox {} from {} on {}", s.name, s.from, s.branch)
        }
        Event::SandboxDeleted { name, branch, .. } => format!("delete sandbox {name} and {branch}"),
    }
}

fn told(of: &OfRelease) -> String {
    format!("{} {} in {}", of.component, of.version, of.environment)
}

fn or_all(environment: &Option<EnvironmentName>) -> String {
    environment.as_ref().map_or_else(|| "all environments".to_owned(), ToString::to_string)
}

/// Something in the ledger that does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The ledger's commit.
    pub commit: CommitId,
    /// What is wrong.
    pub message: String,
}

/// Proves that the chain is whole, that each record agrees with the commits it names and with the records
/// before it, and that no promotion on the trunk is without a record: a ledger that was cut short is a
/// whole chain by itself. Answers how many records there are, and what does not agree.
///
/// # Errors
/// [`RepositoryError`] when Git cannot answer.
pub fn verify(
    repository: &dyn Repository,
    trunk: &BranchName,
) -> Result<(usize, Vec<Problem>), RepositoryError> {
    let commits = match repository.tip(&branch())? {
        Some(tip) => repository.history(&tip, None)?,
        None => Vec::new(),
    };
    let records: Vec<Result<Record, LedgerError>> = commits.iter().map(record_in).collect();
    let named = named_commits(repository, records.iter().filter_map(|r| r.as_ref().ok()))?;
    let grounds = grounds(&records);
    let mut digests = BTreeMap::new();
    let mut problems = Vec::new();
    for (i, (commit, record)) in commits.iter().zip(&records).enumerate() {
        let mut problem = |message: String| {
            problems.push(Problem { commit: commit.id.clone(), message });
        };
        let expected: &[CommitId] = commits.get(i + 1).map_or(&[], |c| std::slice::from_ref(&c.id));
        if commit.parents != expected {
            problem(
                "its parent is not the record before it: the chain was merged or rewritten"
                    .to_owned(),
            );
        }
        let record = match record {
            Ok(record) => record,
            Err(LedgerError::Unreadable { source: Some(e), .. }) => {
                problem(format!("its record cannot be read: {e}"));
                continue;
            }
            Err(_) => {
                problem("it holds no record".to_owned());
                continue;
            }
        };
        if record.by != commit.author.to_string() {
            problem(format!("the record is by {}, the commit by {}", record.by, commit.author));
        }
        if commit.message.lines().next() != Some(title(&record.event).as_str()) {
            problem("its title is not that of its record".to_owned());
        }
        for message in disagreements(repository, &named, &record.event)? {
            problem(message);
        }
        if let Event::Promoted(promotion) = &record.event {
            unfounded(promotion, i, &grounds).into_iter().for_each(&mut problem);
        }
        if let Event::Released { component, version, digest, .. } = &record.event
            && let Some(other) = digests.insert((component, version), digest)
            && other != digest
        {
            problem(format!("{version} has another digest in a later record"));
        }
    }
    for commit in unrecorded(repository, trunk, records.iter().filter_map(|r| r.as_ref().ok()))? {
        let (environment, version) = (
            trailer(&commit.message, ENVIRONMENT).unwrap_or_default(),
            trailer(&commit.message, VERSION).unwrap_or_default(),
        );
        let message = format!(
            "it moved {environment} to {version}, and the ledger has no record of it; \
             `towpath promote {environment} --to {version}` writes one while that is its version"
        );
        problems.push(Problem { commit: commit.id, message });
    }
    Ok((commits.len(), problems))
}

/// The trailers of a promotion's commit that say what it moved.
const ENVIRONMENT: &str = "Towpath-Environment";
const COMPONENT: &str = "Towpath-Component";
const VERSION: &str = "Towpath-Version";
const PLAN: &str = "Towpath-Plan";

/// The promotions on the trunk that no record names, newest first.
///
/// # Errors
/// [`RepositoryError`] when Git cannot answer.
pub fn unrecorded<'a>(
    repository: &dyn Repository,
    trunk: &BranchName,
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<Vec<Commit>, RepositoryError> {
    let Some(tip) = repository.tip(trunk)? else { return Ok(Vec::new()) };
    let mut commits: BTreeSet<&CommitId> = BTreeSet::new();
    let mut proposed: BTreeSet<&str> = BTreeSet::new();
    for record in records {
        if let Event::Promoted(promotion) = &record.event {
            commits.insert(&promotion.commit);
            // A pull request may reach the trunk squashed or rebased: as another commit of the same plan.
            if promotion.branch != *trunk {
                proposed.insert(promotion.plan.as_str());
            }
        }
    }
    let mut found = repository.history(&tip, None)?;
    found.retain(|commit| {
        trailer(&commit.message, PLAN)
            .is_some_and(|plan| !commits.contains(&commit.id) && !proposed.contains(plan))
    });
    Ok(found)
}

/// What a promotion says of its gates and no record before it bears out.
fn unfounded(promotion: &Promotion, at: usize, grounds: &Grounds<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let plan = &promotion.plan;
    for evidence in &promotion.gates {
        let gate = match (evidence.verdict.as_str(), evidence.gate.as_str()) {
            ("overridden", gate) => gate,
            ("open", "approval") if evidence.because.starts_with("approved by ") => "approval",
            _ => continue,
        };
        let word = if evidence.verdict == "overridden" { Word::Overridden } else { Word::Approved };
        // The ledger is read newest first: what came before stands behind.
        let founded = grounds.get(&(word, gate, plan)).is_some_and(|oldest| *oldest > at);
        if !founded {
            out.push(format!(
                "gate {} is said to be {} ({}), and no record before it says so of plan {}",
                evidence.gate,
                evidence.verdict,
                evidence.because,
                plan.short()
            ));
        }
    }
    out
}

/// What somebody said of a gate of a plan.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Word {
    Approved,
    Overridden,
}

/// Where, counted from the newest record, each word was said first.
type Grounds<'a> = BTreeMap<(Word, &'a str, &'a PlanHash), usize>;

fn grounds(records: &[Result<Record, LedgerError>]) -> Grounds<'_> {
    let mut out = Grounds::new();
    for (at, record) in records.iter().enumerate() {
        match record.as_ref().map(|r| &r.event) {
            Ok(Event::Approved { plan, .. }) => out.insert((Word::Approved, "approval", plan), at),
            Ok(Event::Overridden { gate, plan, .. }) => {
                out.insert((Word::Overridden, gate.as_str(), plan), at)
            }
            _ => continue,
        };
    }
    out
}

/// The commits that the records name, read at once.
fn named_commits<'a>(
    repository: &dyn Repository,
    records: impl Iterator<Item = &'a Record>,
) -> Result<BTreeMap<CommitId, Commit>, RepositoryError> {
    let mut names = BTreeSet::new();
    for record in records {
        match &record.event {
            Event::Released { commit, .. } => names.insert(commit.clone()),
            Event::Promoted(promotion) => names.insert(promotion.commit.clone()),
            Event::SandboxCreated(sandbox) => names.insert(sandbox.origin.clone()),
            _ => false,
        };
    }
    let names: Vec<CommitId> = names.into_iter().collect();
    Ok(repository.commits(&names)?.into_iter().map(|c| (c.id.clone(), c)).collect())
}

/// What of an event does not agree with the commits it names.
fn disagreements(
    repository: &dyn Repository,
    named: &BTreeMap<CommitId, Commit>,
    event: &Event,
) -> Result<Vec<String>, RepositoryError> {
    let gone =
        |commit: &CommitId, what: &str| vec![format!("commit {commit}, {what}, is not here")];
    let promotion = match event {
        Event::Released { commit, .. } if !named.contains_key(commit) => {
            return Ok(gone(commit, "which the release is made from"));
        }
        Event::SandboxCreated(s) if !named.contains_key(&s.origin) => {
            return Ok(gone(&s.origin, "which the sandbox was cloned at"));
        }
        Event::Promoted(promotion) => promotion,
        _ => return Ok(Vec::new()),
    };
    let tip = repository.tip(&promotion.branch)?;
    let Some(commit) = named.get(&promotion.commit) else {
        // The branch of a pull request goes when it is merged, and with it a commit that was squashed.
        return Ok(match tip {
            Some(_) => gone(&promotion.commit, "which moved the pin"),
            None => Vec::new(),
        });
    };
    let mut out = Vec::new();
    let trailers = [
        (ENVIRONMENT, promotion.environment.to_string()),
        (COMPONENT, promotion.component.to_string()),
        ("Towpath-From", promotion.from.clone()),
        (VERSION, promotion.version.original().to_owned()),
        (PLAN, promotion.plan.to_string()),
    ];
    let optional = [
        ("Towpath-Replaced", promotion.replaced.as_ref().map(|v| v.original().to_owned())),
        ("Towpath-Digest", promotion.digest.as_ref().map(ToString::to_string)),
    ];
    let said = trailers.map(|(key, value)| (key, Some(value))).into_iter().chain(optional);
    for (key, value) in said {
        let found = trailer(&commit.message, key);
        if found != value.as_deref() {
            out.push(match (value, found) {
                (Some(value), _) => {
                    format!("commit {} does not say `{key}: {value}`", commit.id.short())
                }
                (None, found) => format!(
                    "commit {} says `{key}: {}`, the record says nothing of it",
                    commit.id.short(),
                    found.unwrap_or_default()
                ),
            });
        }
    }
    if promotion.rollback != recover::is_rollback(commit) {
        let which = if promotion.rollback { "does not go back" } else { "goes back" };
        out.push(format!("commit {} {which}, the record says otherwise", commit.id.short()));
    }
    // A branch of a pull request may be gone or squashed; what was put on the trunk must stay on it.
    if let Some(tip) = tip
        && !repository.is_ancestor(&commit.id, &tip)?
    {
        out.push(format!("commit {} is no longer on {}", commit.id.short(), promotion.branch));
    }
    Ok(out)
}

/// The values of a trailer that stands several times in a commit's message, in their order.
pub fn trailers<'a>(message: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    message.lines().filter_map(move |line| line.strip_prefix(key)?.strip_prefix(": "))
}

/// The value of a trailer in a commit's message.
#[must_use]
pub fn trailer<'a>(message: &'a str, key: &str) -> Option<&'a str> {
    message.lines().rev().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
}
