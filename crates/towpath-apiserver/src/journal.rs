//! What makes a cluster survive its process: every event is written down before anybody is told of it.
//!
//! A [`Journal`] writes events down for good; [`disk`] is the one on disk. Requests do not write themselves: a thread of
//! its own takes all events that have come together meanwhile and writes them at once, so that many requests share the
//! one wait for the disk. How far that is, is what answers and watches wait for.

pub mod disk;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use towpath_apimachinery::store::{Event, Unreadable};

/// The files of a cluster that is kept, in its folder.
pub const FILES: [&str; 3] = ["cluster.redb", "identity.json", "signing.key"];

/// The longest that events wait for others to be written with them.
const LONGEST_WAIT: Duration = Duration::from_millis(2);

/// Writes events down.
pub trait Journal: Send + 'static {
    /// Writes events down: all of them, durably, or none.
    ///
    /// # Errors
    ///
    /// [`JournalError`]. Nothing more is written then: what comes later would stand on what is missing.
    fn write(&mut self, events: &[Arc<Event>]) -> Result<(), JournalError>;
}

/// Why a cluster cannot be kept, or cannot go on from what was kept.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder or a file in it.
    #[error("cannot use {}", .0.display())]
    Folder(PathBuf, #[source] io::Error),
    /// Another process has it.
    #[error("{} is in use by another process", .0.display())]
    InUse(PathBuf),
    /// It is of another version of Kubernetes.
    #[error("{} holds a cluster of Kubernetes {found}, not {asked}", folder.display())]
    OtherVersion {
        /// The folder.
        folder: PathBuf,
        /// Which it holds.
        found: String,
        /// Which was asked for.
        asked: String,
    },
    /// What was read is not what was written.
    #[error("{} is damaged: {what}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// An object cannot be read.
    #[error("{} is damaged", .0.display())]
    Unreadable(PathBuf, #[source] Unreadable),
    /// The cluster was closed.
    #[error("the cluster is closed")]
    Closed,
    /// A bug ended the thread that writes.
    #[error("nothing is written down any more")]
    Gone,
    /// The store refused.
    #[error("cannot {what} {}", file.display())]
    Store {
        /// What was tried.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: Box<redb::Error>,
    },
}

/// How far a cluster is.
pub(crate) struct Progress {
    /// Everything up to this revision may be told.
    told: watch::Sender<u64>,
    /// Why nothing can be told any more.
    broken: OnceLock<Arc<JournalError>>,
    /// That there is a reason: whoever waits for that alone is not woken by every write.
    is_broken: watch::Sender<bool>,
}

impl Progress {
    pub(crate) fn at(revision: u64) -> Arc<Self> {
        Arc::new(Self {
            told: watch::Sender::new(revision),
            broken: OnceLock::new(),
            is_broken: watch::Sender::new(false),
        })
    }

    pub(crate) fn reach(&self, revision: u64) {
        self.told.send_if_modified(|told| {
            let is_new = *told < revision;
            *told = revision.max(*told);
            is_new
        });
    }

    pub(crate) fn told(&self) -> watch::Receiver<u64> {
        self.told.subscribe()
    }

    pub(crate) fn broken(&self) -> Option<&Arc<JournalError>> {
        self.broken.get()
    }

    /// Waits until everything up to a revision may be told.
    pub(crate) async fn wait(&self, revision: u64) -> Result<(), Arc<JournalError>> {
        if self.broken.get().is_none() && *self.told.borrow() >= revision {
            return Ok(());
        }
        let mut told = self.told.subscribe();
        let is_done = |told: &u64| *told >= revision || self.broken.get().is_some();
        // The sender is in `self`, so it outlives the wait.
        let _ = told.wait_for(is_done).await;
        self.broken.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    pub(crate) fn fail(&self, error: JournalError) {
        // Only the first reason counts.
        let _ = self.broken.set(Arc::new(error));
        self.told.send_modify(|_| {});
        self.is_broken.send_replace(true);
    }

    /// Waits until nothing can be told any more, and says why.
    pub(crate) async fn fault(&self) -> Arc<JournalError> {
        // The sender is in `self`, so it outlives the wait.
        let _ = self.is_broken.subscribe().wait_for(|is_broken| *is_broken).await;
        let fault = self.broken.get();
        fault.cloned().expect("the reason is there before anybody is told that there is one")
    }
}

/// The thread that writes. Dropping it waits until all is written.
pub(crate) struct Writer(Mutex<Option<Running>>);

struct Running {
    events: Sender<Vec<Arc<Event>>>,
    thread: JoinHandle<()>,
}

impl Writer {
    pub(crate) fn start(mut journal: impl Journal, progress: Arc<Progress>) -> io::Result<Self> {
        let (sender, events) = channel();
        let thread =
            std::thread::Builder::new().name("towpath-journal".into()).spawn(move || {
                let progress = Guard(progress);
                let mut gather = Gather::default();
                while let Some(batch) = gather.next(&events) {
                    let Some(newest) = batch.last().map(|event| event.revision) else { continue };
                    let begin = Instant::now();
                    if let Err(error) = journal.write(&batch) {
                        progress.0.fail(error);
                        return;
                    }
                    gather.written(begin.elapsed(), &events);
                    progress.0.reach(newest);
                }
            })?;
        Ok(Self(Mutex::new(Some(Running { events: sender, thread }))))
    }

    /// Takes events on, in the order of their revisions.
    pub(crate) fn push(&self, events: Vec<Arc<Event>>) {
        if let Some(running) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            // A writer that is gone has said why.
            let _ = running.events.send(events);
        }
    }

    /// Writes what there is and gives the journal up. What comes later is not written.
    pub(crate) fn close(&self) {
        let running = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { events, thread }) = running {
            drop(events);
            // A thread that panicked has written what it could.
            let _ = thread.join();
        }
    }
}

/// Nobody waits for a thread that is gone.
struct Guard(Arc<Progress>);

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail(JournalError::Gone);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// How events come together.
///
/// Clients that were just answered send their next request at about the same time. Whoever writes at once what the
/// fastest of them sent, lets all others wait for two writes instead of one; so as many requests as are probably on
/// the way are waited for, a fraction of what a write takes. A client that is alone is never waited for.
#[derive(Default)]
struct Gather {
    /// What came while the last write was going on,
    ahead: Vec<Arc<Event>>,
    /// from so many requests.
    ahead_requests: usize,
    /// How many requests the last write answered.
    answered: usize,
    /// How long it took.
    lasted: Duration,
}

impl Gather {
    /// The events to be written next; `None` when no more will come.
    fn next(&mut self, incoming: &Receiver<Vec<Arc<Event>>>) -> Option<Vec<Arc<Event>>> {
        let expected = self.answered + self.ahead_requests;
        let mut events = std::mem::take(&mut self.ahead);
        let mut requests = std::mem::take(&mut self.ahead_requests);
        if requests == 0 {
            events = incoming.recv().ok()?;
            requests = 1;
        }
        let until = Instant::now() + (self.lasted / 4).min(LONGEST_WAIT);
        while requests < expected {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(more) = incoming.recv_timeout(left) else { break };
            events.extend(more);
            requests += 1;
        }
        for more in incoming.try_iter() {
            events.extend(more);
            requests += 1;
        }
        self.answered = requests;
        Some(events)
    }

    /// Notes how long a write took and what came meanwhile, before anybody is answered.
    fn written(&mut self, lasted: Duration, incoming: &Receiver<Vec<Arc<Event>>>) {
        self.lasted = lasted;
        for more in incoming.try_iter() {
            self.ahead.extend(more);
            self.ahead_requests += 1;
        }
    }
}
