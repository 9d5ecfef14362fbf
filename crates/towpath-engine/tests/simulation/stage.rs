//! What everybody shares: Git, the registry, the clock, and those who act, each with what they believe.
//!
//! Whoever acts does it through the engine, as the commands do. What they looked at and what they were answered is written
//! down for the laws. It is shared by reference, so that one can act in the middle of another's turn.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use towpath_core::id::{ClusterName, CommitId};
use towpath_core::path::Path;
use towpath_core::pin::Pin;
use towpath_core::running::{ClusterReport, Reports as Believed};
use towpath_discovery::facts::FileFacts;
use towpath_engine::kept::Kept;
use towpath_engine::ledger::{self, Entry};
use towpath_engine::ports::{Registry, Repository as _};
use towpath_engine::promote::{Loop, PromoteError, Reports};
use towpath_engine::survey::FactsStore;
use towpath_engine::turn::Turn;
use towpath_testkit::memory::{MemoryRemote, MemoryRepository};
use towpath_testkit::memory_registry::{Contents, MemoryRegistry};
use towpath_testkit::watched::Watched;
use towpath_testkit::world;

use crate::layout::Layout;

/// The two instances of the loop.
pub(crate) const LOOPS: [usize; 2] = [0, 1];
/// Who makes releases.
pub(crate) const ADA: usize = 2;
/// Who approves, and decides.
pub(crate) const BO: usize = 3;

const NAMES: [&str; 4] = ["One", "Two", "Ada", "Bo"];

type Git = Watched<MemoryRepository>;

/// One who acts.
struct Actor {
    git: Mutex<Arc<Git>>,
    kept: Mutex<Arc<Kept>>,
    /// The registry as it was asked last; people ask anew.
    registry: Mutex<Arc<MemoryRegistry>>,
    /// What the clusters said last; people ask them all.
    believed: Mutex<Believed>,
}

/// What somebody looked at before they acted.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) by: String,
    pub(crate) now: Timestamp,
    pub(crate) base: Option<CommitId>,
    pub(crate) ledger: Option<CommitId>,
    pub(crate) reports: Believed,
}

/// What was looked at and answered since somebody read it here.
#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) looks: Vec<Look>,
    /// Entries whose writer was told that they are there.
    pub(crate) entries: Vec<Entry>,
    /// Commits whose writer was told that they are on the trunk.
    pub(crate) commits: Vec<CommitId>,
    /// What must never happen.
    pub(crate) broken: Vec<String>,
    /// What happened, in words, where somebody wants to know.
    pub(crate) told: Vec<String>,
}

/// Facts of files, for all of a world.
#[derive(Default)]
struct Facts(Mutex<BTreeMap<(String, String), Arc<FileFacts>>>);

impl FactsStore for Facts {
    fn get(&self, blob: &str, file_name: &str) -> Option<Arc<FileFacts>> {
        lock(&self.0).get(&(blob.to_owned(), file_name.to_owned())).cloned()
    }

    fn put(&self, blob: &str, file_name: &str, facts: &Arc<FileFacts>) {
        lock(&self.0).insert((blob.to_owned(), file_name.to_owned()), Arc::clone(facts));
    }
}

pub(crate) struct Stage {
    pub(crate) layout: Layout,
    pub(crate) remote: MemoryRemote,
    pub(crate) registry: MemoryRegistry,
    /// What the clusters say, whoever can hear it.
    pub(crate) truth: Mutex<Believed>,
    pub(crate) log: Mutex<Log>,
    pub(crate) has_words: bool,
    now: Mutex<Timestamp>,
    facts: Facts,
    actors: Vec<Actor>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error with its causes, in one line.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// The eyes of somebody: they note when they are used.
struct Eyes<'a> {
    stage: &'a Stage,
    who: usize,
}

impl Reports for Eyes<'_> {
    fn reports(&self, _: &Path, _: &[Pin], now: Timestamp) -> BTreeMap<ClusterName, ClusterReport> {
        let reports = match LOOPS.contains(&self.who) {
            true => lock(&self.stage.actors[self.who].believed).clone(),
            false => lock(&self.stage.truth).clone(),
        };
        let git = self.stage.git(self.who);
        let tip = |branch| git.inner.tip(branch).unwrap_or_default();
        let look = Look {
            by: NAMES[self.who].to_owned(),
            now,
            base: tip(&world::main()),
            ledger: tip(&ledger::branch()),
            reports: reports.clone(),
        };
        lock(&self.stage.log).looks.push(look);
        reports.iter().map(|(name, report)| (name.clone(), report.clone())).collect()
    }
}

impl Stage {
    pub(crate) fn new(layout: Layout, now: Timestamp, has_words: bool) -> Self {
        let remote = MemoryRemote::new(world::URL);
        remote.set_time(now);
        let files = layout.files();
        world::commit(&remote.clone_here(), "the platform begins", files)
            .expect("nobody else is here");
        let actors = NAMES.iter().map(|who| Actor {
            git: Mutex::new(Arc::new(Watched::new(world::clone_of(&remote, who)))),
            kept: Mutex::default(),
            registry: Mutex::default(),
            believed: Mutex::default(),
        });
        let actors = actors.collect();
        Self {
            layout,
            remote,
            registry: MemoryRegistry::new(),
            truth: Mutex::default(),
            log: Mutex::default(),
            has_words,
            now: Mutex::new(now),
            facts: Facts::default(),
            actors,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        *lock(&self.now)
    }

    pub(crate) fn set_time(&self, now: Timestamp) {
        *lock(&self.now) = now;
        self.remote.set_time(now);
    }

    pub(crate) fn git(&self, who: usize) -> Arc<Git> {
        Arc::clone(&lock(&self.actors[who].git))
    }

    pub(crate) fn name(who: usize) -> &'static str {
        NAMES[who]
    }

    /// What an instance believes of the clusters.
    pub(crate) fn believed(&self, who: usize) -> Believed {
        lock(&self.actors[who].believed).clone()
    }

    pub(crate) fn believe(&self, who: usize, cluster: &ClusterName, report: ClusterReport) {
        lock(&self.actors[who].believed).insert(cluster.clone(), report);
    }

    /// A process begins again and knows nothing; on another machine, not even a clone.
    pub(crate) fn restart(&self, who: usize, elsewhere: bool) {
        let actor = &self.actors[who];
        *lock(&actor.kept) = Arc::default();
        *lock(&actor.registry) = Arc::default();
        if elsewhere {
            let clone = world::clone_of(&self.remote, NAMES[who]);
            *lock(&actor.git) = Arc::new(Watched::new(clone));
        }
    }

    /// Lets somebody use the engine.
    pub(crate) fn with_engine<T>(&self, who: usize, on: impl FnOnce(&Loop<'_>) -> T) -> T {
        let (git, kept) = (self.git(who), Arc::clone(&lock(&self.actors[who].kept)));
        let asked = Arc::clone(&lock(&self.actors[who].registry));
        let is_loop = LOOPS.contains(&who);
        let registry: &dyn Registry = if is_loop { &*asked } else { &self.registry };
        let eyes = Eyes { stage: self, who };
        on(&Loop {
            repository: &*git,
            registry: Some(registry),
            store: &self.facts,
            kept: Some(&kept),
            now: self.now(),
            trunk: world::main(),
            clusters: Some(&eyes),
            gauges: None,
        })
    }

    /// An instance asks the registry where there may be news of it, and where it did not answer.
    pub(crate) fn ask(&self, who: usize, there_may_be_news: bool) {
        let mut asked = lock(&self.actors[who].registry);
        if there_may_be_news || asked.is_down() {
            *asked = Arc::new(self.registry.copy());
        }
    }

    /// An instance takes a turn.
    pub(crate) fn turn(&self, who: usize, fetches: bool) -> Result<Turn, PromoteError> {
        if fetches {
            self.git(who).fetch()?;
        }
        let turn = self.with_engine(who, |engine| engine.turn())?;
        let mut log = lock(&self.log);
        log.entries.extend(turn.noted.iter().cloned());
        log.entries.extend(turn.moved.iter().filter_map(|moved| moved.record.clone()));
        Ok(turn)
    }

    /// The same look twice, with what is kept and without.
    pub(crate) fn is_kept_well(&self, who: usize) -> Result<bool, PromoteError> {
        let view = |forgets: bool| {
            self.with_engine(who, |engine| {
                let git = self.git(who);
                Loop {
                    repository: &git.inner,
                    kept: engine.kept.filter(|_| !forgets),
                    trunk: world::main(),
                    ..*engine
                }
                .look()
            })
        };
        let (one, other) = (view(false)?, view(true)?);
        Ok(one.snapshot == other.snapshot && one.ledger == other.ledger)
    }

    /// What a turn of an instance depends on, but for time.
    pub(crate) fn grounds(&self, who: usize) -> Grounds {
        let actor = &self.actors[who];
        Grounds {
            trunk: self.remote.tip(&world::main()),
            ledger: self.remote.tip(&ledger::branch()),
            reports: lock(&actor.believed).clone(),
            registry: lock(&actor.registry).contents(),
        }
    }

    pub(crate) fn say(&self, what: impl FnOnce() -> String) {
        if self.has_words {
            let line = format!("{} {}", self.now(), what());
            lock(&self.log).told.push(line);
        }
    }

    pub(crate) fn broke(&self, what: String) {
        lock(&self.log).broken.push(what);
    }
}

/// What a turn depends on, but for time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grounds {
    trunk: Option<CommitId>,
    ledger: Option<CommitId>,
    reports: Believed,
    registry: Contents,
}
