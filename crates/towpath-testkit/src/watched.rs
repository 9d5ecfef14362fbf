//! A port that counts its calls and can die at one of them: for costs that must not grow, and for crashes.
//!
//! A process that died makes no further call, so that after a [`Crash`] all calls fail until [`Watched::revive`].
//! Between two calls somebody else can do something ([`Watched::meanwhile`]). Costs are asserted on counts, never on
//! time. Must not change what the port answers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use towpath_core::id::{BranchName, CommitId, Digest};
use towpath_core::record::Signature;
use towpath_engine::ports::{
    ArtifactLocation, BranchUpdate, Commit, FetchedManifest, Head, Merge, NewCommit, Person,
    Published, PushContent, Pushed, Registry, RegistryError, RegistryProblem, Repository,
    RepositoryError, SignedBy, TreeEntry,
};
use towpath_engine::signers::Keys;

/// Where a process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// Before this many further calls have happened: that call does nothing.
    Before(u64),
    /// Right after that call: it happened, and nobody learned its answer.
    After(u64),
}

/// What somebody else does meanwhile.
type Meanwhile = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct State {
    calls: BTreeMap<&'static str, u64>,
    items: BTreeMap<&'static str, u64>,
    crash: Option<Crash>,
    dead: bool,
    meanwhile: Option<(u64, Meanwhile)>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { calls, items, crash, dead, meanwhile } = self;
        let meanwhile = meanwhile.as_ref().map(|(at, _)| at);
        let mut all = f.debug_struct("State");
        all.field("calls", calls).field("items", items).field("crash", crash);
        all.field("dead", dead).field("meanwhile", &meanwhile).finish()
    }
}

/// A port under watch.
#[derive(Debug, Default)]
pub struct Watched<P> {
    /// What is watched; calls made here are neither counted nor stopped.
    pub inner: P,
    state: Mutex<State>,
}

struct Dead;

impl<P> Watched<P> {
    /// Watches a port.
    pub fn new(inner: P) -> Self {
        Self { inner, state: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a function of the port was called since [`Watched::forget`].
    pub fn calls(&self, function: &str) -> u64 {
        self.lock().calls.get(function).copied().unwrap_or(0)
    }

    /// How often any function was called.
    pub fn all_calls(&self) -> u64 {
        self.lock().calls.values().sum()
    }

    /// How many things a function answered in all: commits of `history`, entries, tags.
    pub fn items(&self, function: &str) -> u64 {
        self.lock().items.get(function).copied().unwrap_or(0)
    }

    /// Starts counting anew.
    pub fn forget(&self) {
        let mut state = self.lock();
        state.calls.clear();
        state.items.clear();
    }

    /// Lets the process die at a later call.
    pub fn crash(&self, at: Crash) {
        self.lock().crash = Some(at);
    }

    /// Lets somebody else do something when so many further calls have happened, before the next one.
    pub fn meanwhile(&self, calls: u64, what: impl FnOnce() + Send + 'static) {
        self.lock().meanwhile = Some((calls, Box::new(what)));
    }

    /// Takes back what somebody else was to do and has not; whether there was something.
    pub fn nothing_meanwhile(&self) -> bool {
        self.lock().meanwhile.take().is_some()
    }

    /// Starts the process again, or takes back a crash that has not happened. Whether it was dead.
    pub fn revive(&self) -> bool {
        let mut state = self.lock();
        state.crash = None;
        std::mem::take(&mut state.dead)
    }

    fn watch<T>(&self, function: &'static str, call: impl FnOnce() -> T) -> Result<T, Dead> {
        let mut state = self.lock();
        if state.dead {
            return Err(Dead);
        }
        let due = match &mut state.meanwhile {
            Some((0, _)) => state.meanwhile.take(),
            Some((left, _)) => {
                *left -= 1;
                None
            }
            None => None,
        };
        if let Some((_, what)) = due {
            drop(state);
            what();
            state = self.lock();
        }
        *state.calls.entry(function).or_default() += 1;
        let (die_before, die_after) = match &mut state.crash {
            Some(Crash::Before(0)) => (true, false),
            Some(Crash::After(0)) => (false, true),
            Some(Crash::Before(left) | Crash::After(left)) => {
                *left -= 1;
                (false, false)
            }
            None => (false, false),
        };
        state.dead = die_before || die_after;
        drop(state);
        if die_before {
            return Err(Dead);
        }
        let answer = call();
        if die_after { Err(Dead) } else { Ok(answer) }
    }

    fn count(&self, function: &'static str, items: usize) {
        *self.lock().items.entry(function).or_default() += items as u64;
    }
}

impl From<Dead> for RepositoryError {
    fn from(_: Dead) -> Self {
        Self { message: "the process died".to_owned(), hint: None, source: None }
    }
}

impl From<Dead> for RegistryError {
    fn from(_: Dead) -> Self {
        Self {
            problem: RegistryProblem::Unreachable,
            message: "the process died".to_owned(),
            hint: None,
            source: None,
        }
    }
}

type Git<T> = Result<T, RepositoryError>;

impl<R: Repository> Repository for Watched<R> {
    fn fetch(&self) -> Git<()> {
        self.watch("fetch", || self.inner.fetch())?
    }

    fn remote_url(&self) -> Git<Option<String>> {
        self.watch("remote_url", || self.inner.remote_url())?
    }

    fn head(&self) -> Git<Head> {
        self.watch("head", || self.inner.head())?
    }

    fn tip(&self, branch: &BranchName) -> Git<Option<CommitId>> {
        self.watch("tip", || self.inner.tip(branch))?
    }

    fn local_tip(&self, branch: &BranchName) -> Git<Option<CommitId>> {
        self.watch("local_tip", || self.inner.local_tip(branch))?
    }

    fn branches(&self) -> Git<Vec<(BranchName, CommitId)>> {
        self.watch("branches", || self.inner.branches())?
    }

    fn tags(&self) -> Git<Vec<(String, CommitId)>> {
        self.watch("tags", || self.inner.tags())?
    }

    fn resolve(&self, revision: &str) -> Git<Option<CommitId>> {
        self.watch("resolve", || self.inner.resolve(revision))?
    }

    fn entries(&self, commit: &CommitId) -> Git<Vec<TreeEntry>> {
        self.watch("entries", || self.inner.entries(commit))?
    }

    fn each_blob(&self, names: &[String], take: &mut dyn FnMut(Vec<u8>)) -> Git<()> {
        self.count("blobs", names.len());
        self.watch("blobs", || self.inner.each_blob(names, take))?
    }

    fn history(&self, tip: &CommitId, without: Option<&CommitId>) -> Git<Vec<Commit>> {
        let found = self.watch("history", || self.inner.history(tip, without))??;
        self.count("history", found.len());
        Ok(found)
    }

    fn commits(&self, names: &[CommitId]) -> Git<Vec<Commit>> {
        self.count("commits", names.len());
        self.watch("commits", || self.inner.commits(names))?
    }

    fn is_ancestor(&self, ancestor: &CommitId, of: &CommitId) -> Git<bool> {
        self.watch("is_ancestor", || self.inner.is_ancestor(ancestor, of))?
    }

    fn signatures(&self, asked: &[SignedBy], keys: &Keys) -> Git<Vec<Signature>> {
        self.count("signatures", asked.len());
        self.watch("signatures", || self.inner.signatures(asked, keys))?
    }

    fn merge(&self, ours: &CommitId, theirs: &CommitId) -> Git<Merge> {
        self.watch("merge", || self.inner.merge(ours, theirs))?
    }

    fn dirty(&self) -> Git<Vec<String>> {
        self.watch("dirty", || self.inner.dirty())?
    }

    fn write(&self, commit: &NewCommit) -> Git<CommitId> {
        self.watch("write", || self.inner.write(commit))?
    }

    fn publish(&self, updates: &[BranchUpdate]) -> Git<Published> {
        self.watch("publish", || self.inner.publish(updates))?
    }

    fn user(&self) -> Git<Person> {
        self.watch("user", || self.inner.user())?
    }
}

impl<R: Registry> Registry for Watched<R> {
    fn tags(&self, at: &ArtifactLocation) -> Result<Vec<String>, RegistryError> {
        self.watch("tags", || self.inner.tags(at))?
    }

    fn manifest(
        &self,
        at: &ArtifactLocation,
        reference: &str,
    ) -> Result<Option<FetchedManifest>, RegistryError> {
        self.watch("manifest", || self.inner.manifest(at, reference))?
    }

    fn blob(
        &self,
        at: &ArtifactLocation,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        self.watch("blob", || self.inner.blob(at, digest, max_bytes))?
    }

    fn push(
        &self,
        at: &ArtifactLocation,
        content: &PushContent<'_>,
        tag: &str,
    ) -> Result<Pushed, RegistryError> {
        self.watch("push", || self.inner.push(at, content, tag))?
    }
}
