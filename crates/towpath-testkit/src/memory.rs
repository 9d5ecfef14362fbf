//! The in-memory twin of the Git adapter: the same port, with a remote that several clones share.
//!
//! For simulations of the engine: no process, no disk, no clock but the one that the test sets, and
//! failures on demand ([`Fault`]). It holds [`crate::contract`] as the adapter does, and differs where
//! simulations do not care: files merge whole and never line by line, revisions are names, digits,
//! `~N` and `^` only, and a signature is the public key that a clone was told to sign with.

mod tree;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use towpath_core::id::{BranchName, CommitId, RepoPath};
use towpath_core::record::Signature;
use towpath_engine::ports::{
    BranchUpdate, Commit, Head, Merge, NewCommit, Person, Published, Repository, RepositoryError,
    SignedBy, TreeChange, TreeEntry,
};
use towpath_engine::signers::{Keys, ssh};

use tree::{File, Files, Tree, hex};

/// What goes wrong at the next call that it fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A fetch does not reach the remote.
    Fetch,
    /// A publish finds somebody else first, though nobody was.
    PublishStale,
    /// A publish fails, and nothing has moved.
    PublishBefore,
    /// A publish fails after the remote has moved: the answer is lost. Without a remote, nothing moves.
    PublishAfter,
}

#[derive(Debug)]
struct Stored {
    commit: Commit,
    files: Arc<Files>,
    /// The public key that signed it, as a file of allowed signers has it.
    signed_with: Option<String>,
    /// Counts the commits of a world: a child's is higher than its parents'.
    number: u64,
}

type Objects = BTreeMap<CommitId, Arc<Stored>>;

/// What all clones of a remote share besides its branches.
#[derive(Debug)]
struct Clock {
    now: jiff::Timestamp,
    commits: u64,
    /// The contents of all files, by name: whoever knows the name has seen the commit.
    blobs: BTreeMap<String, Arc<[u8]>>,
}

#[derive(Debug, Default)]
struct Shared {
    objects: Objects,
    branches: BTreeMap<BranchName, CommitId>,
    tags: BTreeMap<String, CommitId>,
}

/// A remote in memory: what its clones share, and their clock.
#[derive(Debug, Clone)]
pub struct MemoryRemote {
    url: String,
    shared: Arc<Mutex<Shared>>,
    clock: Arc<Mutex<Clock>>,
}

impl MemoryRemote {
    /// An empty remote that gives this URL.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), shared: Arc::default(), clock: new_clock() }
    }

    /// A clone of what is here now, with `main` checked out.
    #[must_use]
    pub fn clone_here(&self) -> MemoryRepository {
        let clone = MemoryRepository::with(Some(self.clone()), Arc::clone(&self.clock));
        let mut here = lock(&clone.here);
        here.take_from(&lock(&self.shared));
        if let Some(tip) = here.tracking.get(&main()).cloned() {
            here.branches.insert(main(), tip);
        }
        drop(here);
        clone
    }

    /// Sets the time at which commits are written from now on, in all clones.
    pub fn set_time(&self, now: jiff::Timestamp) {
        lock(&self.clock).now = now;
    }

    /// Where a branch is at the remote itself, whatever clones have seen.
    #[must_use]
    pub fn tip(&self, branch: &BranchName) -> Option<CommitId> {
        lock(&self.shared).branches.get(branch).cloned()
    }
}

/// A repository in memory: alone, or a clone of a [`MemoryRemote`].
#[derive(Debug)]
pub struct MemoryRepository {
    remote: Option<MemoryRemote>,
    clock: Arc<Mutex<Clock>>,
    here: Mutex<Here>,
}

#[derive(Debug)]
struct Here {
    objects: Objects,
    tracking: BTreeMap<BranchName, CommitId>,
    branches: BTreeMap<BranchName, CommitId>,
    tags: BTreeMap<String, CommitId>,
    head: Result<BranchName, CommitId>,
    dirty: BTreeSet<String>,
    user: Option<Person>,
    signs_with: Option<String>,
    faults: VecDeque<Fault>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn new_clock() -> Arc<Mutex<Clock>> {
    let now = jiff::Timestamp::UNIX_EPOCH;
    Arc::new(Mutex::new(Clock { now, commits: 0, blobs: BTreeMap::new() }))
}

fn main() -> BranchName {
    BranchName::parse("main").expect("a branch name")
}

fn fail<T>(message: impl Into<String>) -> Result<T, RepositoryError> {
    Err(RepositoryError { message: message.into(), hint: None, source: None })
}

impl MemoryRepository {
    /// An empty repository without a remote, with `main` checked out.
    #[must_use]
    pub fn alone() -> Self {
        Self::with(None, new_clock())
    }

    fn with(remote: Option<MemoryRemote>, clock: Arc<Mutex<Clock>>) -> Self {
        let user = Person { name: "Ada Lock".to_owned(), email: "ada@example.org".to_owned() };
        let here = Here {
            objects: Objects::new(),
            tracking: BTreeMap::new(),
            branches: BTreeMap::new(),
            tags: BTreeMap::new(),
            head: Ok(main()),
            dirty: BTreeSet::new(),
            user: Some(user),
            signs_with: None,
            faults: VecDeque::new(),
        };
        Self { remote, clock, here: Mutex::new(here) }
    }

    /// Sets the time at which commits are written from now on, here and in all clones of the remote.
    pub fn set_time(&self, now: jiff::Timestamp) {
        lock(&self.clock).now = now;
    }

    /// Lets the next call that it fits go wrong, once. Several wait in their order.
    pub fn inject(&self, fault: Fault) {
        lock(&self.here).faults.push_back(fault);
    }

    /// Takes back what was to go wrong and has not.
    pub fn clear_faults(&self) {
        lock(&self.here).faults.clear();
    }

    /// Checks out a branch, born or not.
    pub fn check_out(&self, branch: &BranchName) {
        lock(&self.here).head = Ok(branch.clone());
    }

    /// Detaches `HEAD` at a commit.
    pub fn detach(&self, commit: &CommitId) {
        lock(&self.here).head = Err(commit.clone());
    }

    /// Says which files of the work tree differ from `HEAD`.
    pub fn set_dirty<'a>(&self, paths: impl IntoIterator<Item = &'a str>) {
        lock(&self.here).dirty = paths.into_iter().map(str::to_owned).collect();
    }

    /// Says who the user is; `None`: Git was told no name.
    pub fn set_user(&self, user: Option<Person>) {
        lock(&self.here).user = user;
    }

    /// Says which key signs what is written from now on, as a kind and a public key: `ssh-ed25519 AAAA…`.
    pub fn set_signing_key(&self, key: Option<&str>) {
        lock(&self.here).signs_with = key.map(str::to_owned);
    }

    /// Makes a tag, here and at the remote where there is one.
    pub fn tag(&self, name: &str, commit: &CommitId) {
        let mut here = lock(&self.here);
        here.tags.insert(name.to_owned(), commit.clone());
        if let Some(remote) = &self.remote {
            let mut shared = lock(&remote.shared);
            here.give(commit, &mut shared.objects);
            shared.tags.insert(name.to_owned(), commit.clone());
        }
    }
}

impl Here {
    fn take_from(&mut self, shared: &Shared) {
        self.tracking.clone_from(&shared.branches);
        for (name, commit) in &shared.tags {
            self.tags.entry(name.clone()).or_insert_with(|| commit.clone());
        }
        for tip in shared.branches.values().chain(shared.tags.values()) {
            copy(&shared.objects, &mut self.objects, tip);
        }
    }

    fn give(&self, tip: &CommitId, to: &mut Objects) {
        copy(&self.objects, to, tip);
    }

    fn stored(&self, id: &CommitId) -> Result<&Arc<Stored>, RepositoryError> {
        match self.objects.get(id) {
            Some(stored) => Ok(stored),
            None => fail(format!("commit {} is not here", id.short())),
        }
    }

    /// A commit and all before it, with what is not here left out.
    fn reachable(&self, tip: &CommitId) -> BTreeSet<CommitId> {
        let mut seen = BTreeSet::new();
        let mut open = vec![tip.clone()];
        while let Some(id) = open.pop() {
            if let Some(stored) = self.objects.get(&id)
                && seen.insert(id)
            {
                open.extend(stored.commit.parents.iter().cloned());
            }
        }
        seen
    }

    /// Whether one commit is another or before it. Nothing older than it is looked at.
    fn is_before(&self, ancestor: &CommitId, of: &CommitId) -> bool {
        let Some(oldest) = self.objects.get(ancestor).map(|stored| stored.number) else {
            return false;
        };
        let mut seen = BTreeSet::new();
        let mut open = vec![of];
        while let Some(id) = open.pop() {
            if id == ancestor {
                return true;
            }
            if let Some(stored) = self.objects.get(id)
                && stored.number > oldest
                && seen.insert(stored.number)
            {
                open.extend(&stored.commit.parents);
            }
        }
        false
    }

    /// The commits that are in `tip` and not in `without`, newest first. Nothing is looked at that both have, but for
    /// the newest of it.
    fn between(&self, tip: &CommitId, without: Option<&CommitId>) -> Vec<&Stored> {
        let mut open: BTreeMap<u64, (&Stored, bool)> = BTreeMap::new();
        let ends = std::iter::once((tip, true)).chain(without.map(|id| (id, false)));
        let put = |open: &mut BTreeMap<u64, _>, id: &CommitId, wanted: bool| {
            if let Some(stored) = self.objects.get(id) {
                let known = open.entry(stored.number).or_insert((&**stored, true));
                known.1 &= wanted;
            }
        };
        ends.for_each(|(id, wanted)| put(&mut open, id, wanted));
        let mut out = Vec::new();
        while open.values().any(|(_, wanted)| *wanted)
            && let Some((_, (stored, wanted))) = open.pop_last()
        {
            for parent in &stored.commit.parents {
                put(&mut open, parent, wanted);
            }
            if wanted {
                out.push(stored);
            }
        }
        out
    }

    fn take_fault(&mut self, fits: &[Fault]) -> Option<Fault> {
        let at = self.faults.iter().position(|fault| fits.contains(fault))?;
        self.faults.remove(at)
    }

    fn touched(&self, from: Option<&CommitId>, to: &CommitId) -> BTreeSet<String> {
        let tree = |id: &CommitId| self.objects.get(id).map(|stored| &stored.files.tree);
        let (nothing, from) = (Tree::new(), from.and_then(tree));
        let (from, to) = (from.unwrap_or(&nothing), tree(to).unwrap_or(&nothing));
        let paths = from.keys().chain(to.keys()).filter(|path| from.get(path) != to.get(path));
        paths.map(ToString::to_string).collect()
    }

    /// Moves one local branch along with the remote's, where that loses nothing.
    fn follow(&mut self, update: &BranchUpdate) {
        let branch = &update.branch;
        let here = self.branches.get(branch).cloned();
        let checked_out = self.head.as_ref() == Ok(branch);
        let at_expected = here.is_some() && here == update.expected;
        let moves = match (&here, &update.new) {
            (Some(here), Some(new)) => self.is_before(here, new) || (!checked_out && at_expected),
            (None, Some(_)) => update.expected.is_none(),
            (Some(_), None) => at_expected && !checked_out,
            (None, None) => false,
        };
        let in_the_way = update.new.as_ref().is_some_and(|new| {
            checked_out && !self.touched(here.as_ref(), new).is_disjoint(&self.dirty)
        });
        if moves && !in_the_way {
            set(&mut self.branches, update);
        }
    }
}

fn copy(from: &Objects, to: &mut Objects, tip: &CommitId) {
    let mut open = vec![tip.clone()];
    while let Some(id) = open.pop() {
        if !to.contains_key(&id)
            && let Some(stored) = from.get(&id)
        {
            open.extend(stored.commit.parents.iter().cloned());
            to.insert(id, Arc::clone(stored));
        }
    }
}

fn set(branches: &mut BTreeMap<BranchName, CommitId>, update: &BranchUpdate) {
    match &update.new {
        Some(new) => branches.insert(update.branch.clone(), new.clone()),
        None => branches.remove(&update.branch),
    };
}

/// The first branch that is neither where it must be nor where it goes.
fn stale(branches: &BTreeMap<BranchName, CommitId>, updates: &[BranchUpdate]) -> Option<Published> {
    updates.iter().find_map(|update| {
        let found = branches.get(&update.branch).cloned();
        let odd = found != update.expected && found != update.new;
        odd.then(|| Published::Stale { branch: update.branch.clone(), found })
    })
}

fn commit_id(
    commit: &NewCommit,
    files: &Files,
    author: &Person,
    now: jiff::Timestamp,
    key: Option<&str>,
) -> CommitId {
    let mut text = format!("tree {}\n", files.name);
    for parent in &commit.parents {
        text.push_str(&format!("parent {parent}\n"));
    }
    text.push_str(&format!("{author} {now}\n"));
    if let Some(key) = key {
        text.push_str(&format!("signed {key}\n"));
    }
    text.push_str(&format!("\n{}", commit.message));
    CommitId::parse(&hex(&Sha256::digest(text))).expect("a digest has 64 digits")
}

impl Repository for MemoryRepository {
    fn fetch(&self) -> Result<(), RepositoryError> {
        let Some(remote) = &self.remote else { return Ok(()) };
        let mut here = lock(&self.here);
        if here.take_fault(&[Fault::Fetch]).is_some() {
            return fail(format!("cannot fetch from {}", remote.url));
        }
        here.take_from(&lock(&remote.shared));
        Ok(())
    }

    fn remote_url(&self) -> Result<Option<String>, RepositoryError> {
        Ok(self.remote.as_ref().map(|remote| remote.url.clone()))
    }

    fn head(&self) -> Result<Head, RepositoryError> {
        let here = lock(&self.here);
        Ok(match &here.head {
            Ok(branch) => {
                Head { branch: Some(branch.clone()), commit: here.branches.get(branch).cloned() }
            }
            Err(commit) => Head { branch: None, commit: Some(commit.clone()) },
        })
    }

    fn tip(&self, branch: &BranchName) -> Result<Option<CommitId>, RepositoryError> {
        let here = lock(&self.here);
        Ok(here.tracking.get(branch).or_else(|| here.branches.get(branch)).cloned())
    }

    fn local_tip(&self, branch: &BranchName) -> Result<Option<CommitId>, RepositoryError> {
        Ok(lock(&self.here).branches.get(branch).cloned())
    }

    fn branches(&self) -> Result<Vec<(BranchName, CommitId)>, RepositoryError> {
        let here = lock(&self.here);
        let mut all = here.branches.clone();
        all.extend(here.tracking.clone());
        Ok(all.into_iter().collect())
    }

    fn tags(&self) -> Result<Vec<(String, CommitId)>, RepositoryError> {
        Ok(lock(&self.here).tags.clone().into_iter().collect())
    }

    fn resolve(&self, revision: &str) -> Result<Option<CommitId>, RepositoryError> {
        let cut = revision.find(['~', '^']).unwrap_or(revision.len());
        let (name, steps) = revision.split_at(cut);
        let head = self.head()?.commit;
        let here = lock(&self.here);
        let branch = |all: &BTreeMap<BranchName, CommitId>, name: &str| {
            BranchName::parse(name).ok().and_then(|name| all.get(&name).cloned())
        };
        let mut digits = here.objects.keys().filter(|id| id.as_str().starts_with(name));
        let remote = name.strip_prefix("refs/remotes/").unwrap_or(name).strip_prefix("origin/");
        let mut found = (name == "HEAD")
            .then_some(head)
            .flatten()
            .or_else(|| here.tags.get(name.strip_prefix("refs/tags/").unwrap_or(name)).cloned())
            .or_else(|| branch(&here.branches, name.strip_prefix("refs/heads/").unwrap_or(name)))
            .or_else(|| branch(&here.tracking, remote?))
            .or_else(|| match (digits.next(), digits.next()) {
                (Some(only), None) if name.len() >= 4 => Some(only.clone()),
                _ => None,
            });
        let mut rest = steps;
        while let Some(tail) = rest.strip_prefix(['~', '^']) {
            let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
            let count: usize = if end == 0 { 1 } else { tail[..end].parse().unwrap_or(usize::MAX) };
            for _ in 0..count {
                let Some(stored) = found.take().and_then(|id| here.objects.get(&id)) else { break };
                found = stored.commit.parents.first().cloned();
            }
            rest = &tail[end..];
        }
        Ok(found)
    }

    fn entries(&self, commit: &CommitId) -> Result<Vec<TreeEntry>, RepositoryError> {
        let here = lock(&self.here);
        let tree = &here.stored(commit)?.files.tree;
        let entry = |(path, file): (&RepoPath, &File)| TreeEntry {
            path: path.clone(),
            mode: file.mode,
            blob: file.blob.clone(),
        };
        Ok(tree.iter().map(entry).collect())
    }

    fn each_blob(
        &self,
        names: &[String],
        take: &mut dyn FnMut(Vec<u8>),
    ) -> Result<(), RepositoryError> {
        for name in names {
            let known = lock(&self.clock).blobs.get(name).cloned();
            match known {
                Some(bytes) => take(bytes.to_vec()),
                None => return fail(format!("{name} is not here")),
            }
        }
        Ok(())
    }

    fn history(
        &self,
        tip: &CommitId,
        without: Option<&CommitId>,
    ) -> Result<Vec<Commit>, RepositoryError> {
        let here = lock(&self.here);
        here.stored(tip)?;
        if let Some(without) = without {
            here.stored(without)?;
        }
        let found = here.between(tip, without);
        Ok(found.into_iter().map(|stored| stored.commit.clone()).collect())
    }

    fn commits(&self, names: &[CommitId]) -> Result<Vec<Commit>, RepositoryError> {
        let here = lock(&self.here);
        Ok(names.iter().filter_map(|id| here.objects.get(id)).map(|s| s.commit.clone()).collect())
    }

    fn is_ancestor(&self, ancestor: &CommitId, of: &CommitId) -> Result<bool, RepositoryError> {
        let here = lock(&self.here);
        here.stored(of)?;
        Ok(here.is_before(ancestor, of))
    }

    fn signatures(
        &self,
        asked: &[SignedBy],
        keys: &Keys,
    ) -> Result<Vec<Signature>, RepositoryError> {
        let here = lock(&self.here);
        asked
            .iter()
            .map(|SignedBy { commit, email }| {
                let stored = here.stored(commit)?;
                let Some(key) = &stored.signed_with else { return Ok(Signature::Missing) };
                let time = stored.commit.time;
                let is_it = |line: &ssh::Line| format!("{} {}", line.kind, line.key) == *key;
                if keys.ssh_of(email).any(|line| is_it(line) && line.counts_at(time)) {
                    return Ok(Signature::Good { by: email.clone() });
                }
                Ok(Signature::Bad { why: keys.why_not(email, "the key", &is_it, time) })
            })
            .collect()
    }

    fn merge(&self, ours: &CommitId, theirs: &CommitId) -> Result<Merge, RepositoryError> {
        let here = lock(&self.here);
        let (our_files, their_files) = (&here.stored(ours)?.files, &here.stored(theirs)?.files);
        let (our_past, their_past) = (here.reachable(ours), here.reachable(theirs));
        let common = our_past.intersection(&their_past).filter_map(|id| here.objects.get(id));
        let Some(base) = common.max_by_key(|stored| stored.number) else {
            return fail(format!(
                "{} and {} have no common ancestor",
                ours.short(),
                theirs.short()
            ));
        };
        Ok(tree::merge(&base.files.tree, &our_files.tree, &their_files.tree))
    }

    fn dirty(&self) -> Result<Vec<String>, RepositoryError> {
        Ok(lock(&self.here).dirty.iter().cloned().collect())
    }

    fn write(&self, commit: &NewCommit) -> Result<CommitId, RepositoryError> {
        let author = self.user()?;
        let mut here = lock(&self.here);
        let base = match &commit.base {
            Some(base) => Arc::clone(&here.stored(base)?.files),
            None => Arc::default(),
        };
        for parent in &commit.parents {
            here.stored(parent)?;
        }
        let files = Files::changed(base, &commit.changes)?;
        let mut clock = lock(&self.clock);
        for change in &commit.changes {
            if let TreeChange::Put { path, .. } = change
                && let Some(file) = files.tree.get(path)
            {
                clock.blobs.entry(file.blob.clone()).or_insert_with(|| Arc::clone(&file.bytes));
            }
        }
        let signed_with = here.signs_with.clone();
        let id = commit_id(commit, &files, &author, clock.now, signed_with.as_deref());
        let mut message = commit.message.clone();
        if !message.is_empty() && !message.ends_with('\n') {
            message.push('\n');
        }
        clock.commits += 1;
        let stored = Stored {
            commit: Commit {
                id: id.clone(),
                parents: commit.parents.clone(),
                author,
                time: clock.now,
                message,
            },
            files,
            signed_with,
            number: clock.commits,
        };
        here.objects.entry(id.clone()).or_insert_with(|| Arc::new(stored));
        Ok(id)
    }

    fn publish(&self, updates: &[BranchUpdate]) -> Result<Published, RepositoryError> {
        let mut here = lock(&self.here);
        for (at, update) in updates.iter().enumerate() {
            if updates[..at].iter().any(|other| other.branch == update.branch) {
                return fail(format!("`{}` is to move twice", update.branch));
            }
        }
        let Some(first) = updates.first() else { return Ok(Published::Done) };
        let fault =
            here.take_fault(&[Fault::PublishStale, Fault::PublishBefore, Fault::PublishAfter]);
        match (fault, &self.remote) {
            (Some(Fault::PublishStale), remote) => {
                let branch = first.branch.clone();
                let found = match remote {
                    Some(remote) => remote.tip(&branch),
                    None => here.branches.get(&branch).cloned(),
                };
                return Ok(Published::Stale { branch, found });
            }
            (Some(Fault::PublishBefore), _) | (Some(Fault::PublishAfter), None) => {
                return fail("cannot publish: the connection was lost");
            }
            _ => {}
        }
        for new in updates.iter().filter_map(|update| update.new.as_ref()) {
            here.stored(new)?;
        }
        let Some(remote) = &self.remote else {
            if let Some(stale) = stale(&here.branches, updates) {
                return Ok(stale);
            }
            for update in updates.iter().filter(|update| here.head.as_ref() == Ok(&update.branch)) {
                let old = here.branches.get(&update.branch);
                let blocked = match &update.new {
                    _ if old == update.new.as_ref() => false,
                    Some(new) => !here.touched(old, new).is_disjoint(&here.dirty),
                    None => true,
                };
                if blocked {
                    return fail(format!("cannot move `{}`: it is checked out", update.branch));
                }
            }
            for update in updates {
                set(&mut here.branches, update);
            }
            return Ok(Published::Done);
        };
        let mut shared = lock(&remote.shared);
        if let Some(stale) = stale(&shared.branches, updates) {
            return Ok(stale);
        }
        for update in updates {
            if let Some(new) = &update.new {
                here.give(new, &mut shared.objects);
            }
            set(&mut shared.branches, update);
        }
        if fault == Some(Fault::PublishAfter) {
            return fail("cannot publish: the connection was lost");
        }
        for update in updates {
            set(&mut here.tracking, update);
            here.follow(update);
        }
        Ok(Published::Done)
    }

    fn user(&self) -> Result<Person, RepositoryError> {
        match &lock(&self.here).user {
            Some(user) => Ok(user.clone()),
            None => fail("cannot tell who the user is"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{self, Bench, branch, commit_on, put, update};

    struct InMemory;

    impl Bench for InMemory {
        type Repo = MemoryRepository;

        fn alone(&self) -> MemoryRepository {
            MemoryRepository::alone()
        }

        fn two_clones(&self) -> (MemoryRepository, MemoryRepository) {
            let remote = MemoryRemote::new("https://git.example/fleet");
            (remote.clone_here(), remote.clone_here())
        }
    }

    #[test]
    fn memory_keeps_the_contract() {
        contract::run(&InMemory).expect("no errors but those that are asked for");
    }

    #[test]
    fn each_fault_happens_once_and_leaves_what_it_says() -> Result<(), RepositoryError> {
        let remote = MemoryRemote::new("https://git.example/fleet");
        let repo = remote.clone_here();
        let first = commit_on(&repo, None, "first", vec![put("a", "1")])?;
        let publish = || repo.publish(&[update("main", None, Some(&first))]);
        let main = branch("main");

        repo.inject(Fault::PublishStale);
        assert_eq!(publish()?, Published::Stale { branch: main.clone(), found: None });
        repo.inject(Fault::PublishBefore);
        assert!(publish().is_err());
        assert_eq!((remote.tip(&main), repo.local_tip(&main)?), (None, None));
        repo.inject(Fault::PublishAfter);
        assert!(publish().is_err());
        assert_eq!((remote.tip(&main), repo.tip(&main)?), (Some(first.clone()), None));
        assert_eq!(publish()?, Published::Done, "running again finds out");
        assert_eq!(repo.local_tip(&main)?, Some(first));
        repo.inject(Fault::Fetch);
        assert!(repo.fetch().is_err());
        repo.fetch()
    }

    #[test]
    fn changes_of_the_users_are_in_the_way_of_a_checked_out_branch() -> Result<(), RepositoryError>
    {
        let alone = MemoryRepository::alone();
        let clone = MemoryRemote::new("https://git.example/fleet").clone_here();
        for repo in [&alone, &clone] {
            let first = commit_on(repo, None, "first", vec![put("a", "1")])?;
            repo.publish(&[update("main", None, Some(&first))])?;
            let second = commit_on(repo, Some(&first), "second", vec![put("a", "2")])?;
            repo.set_dirty(["a"]);
            let published = repo.publish(&[update("main", Some(&first), Some(&second))]);
            assert_eq!(published.is_ok(), repo.remote_url()?.is_some());
            assert_eq!(repo.local_tip(&branch("main"))?, Some(first));
        }
        Ok(())
    }

    #[test]
    fn revisions_count_parents() -> Result<(), RepositoryError> {
        let repo = MemoryRepository::alone();
        let first = commit_on(&repo, None, "first", vec![put("a", "1")])?;
        let second = commit_on(&repo, Some(&first), "second", vec![put("a", "2")])?;
        let third = commit_on(&repo, Some(&second), "third", vec![put("a", "3")])?;
        repo.publish(&[update("main", None, Some(&third))])?;
        repo.tag("0.0.1", &second);
        for (revision, want) in [
            ("main", Some(&third)),
            ("HEAD^", Some(&second)),
            ("main~2", Some(&first)),
            ("main^^", Some(&first)),
            ("main~1^", Some(&first)),
            ("main~3", None),
            ("0.0.1~", Some(&first)),
            ("refs/heads/main", Some(&third)),
            (&third.as_str()[..12], Some(&third)),
            ("nothing", None),
        ] {
            assert_eq!(repo.resolve(revision)?.as_ref(), want, "{revision}");
        }
        Ok(())
    }
}
