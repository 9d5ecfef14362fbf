//! What happened lately, in order: what watches replay, and what a list that began earlier is corrected by.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use super::{Key, Stored};

/// How many events are kept at most.
const MAX_EVENTS: usize = 100_000;

/// How many bytes of objects the events that are kept may hold on to.
const MAX_BYTES: usize = 64 << 20;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// It is new.
    Added,
    /// It was written.
    Modified,
    /// It is gone.
    Deleted,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub struct Event {
    /// When.
    pub revision: u64,
    /// To which object.
    pub key: Key,
    /// What.
    pub happened: Happened,
    /// The object as it is now; as it was last, at the revision of its end, if it is gone.
    pub object: Arc<Stored>,
    /// The object as it was before.
    pub previous: Option<Arc<Stored>>,
    /// The event as most watchers are told it: written once, however many there are.
    pub text: OnceLock<Box<[u8]>>,
}

/// What was asked for is no longer kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too old resource version: {asked} ({oldest})")]
pub struct TooOld {
    /// The revision that was asked for.
    pub asked: u64,
    /// The oldest that could have been.
    pub oldest: u64,
}

/// Events in the order of their revisions, without gaps, bounded in number and size.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The revision before that of the first event.
    floor: u64,
    events: VecDeque<Arc<Event>>,
    bytes: usize,
}

impl History {
    pub(super) fn new(floor: u64) -> Self {
        Self { floor, ..Self::default() }
    }

    pub(super) fn push(&mut self, event: Arc<Event>) {
        self.bytes += event.object.len();
        self.events.push_back(event);
        while self.events.len() > MAX_EVENTS || self.bytes > MAX_BYTES && self.events.len() > 1 {
            if let Some(oldest) = self.events.pop_front() {
                self.floor = oldest.revision;
                self.bytes -= oldest.object.len();
            }
        }
    }

    /// What happened after a revision, the oldest first.
    ///
    /// # Errors
    ///
    /// [`TooOld`], if some of it is no longer kept.
    pub fn since(
        &self,
        revision: u64,
    ) -> Result<impl DoubleEndedIterator<Item = &Arc<Event>> + use<'_>, TooOld> {
        if revision < self.floor {
            return Err(TooOld { asked: revision, oldest: self.floor });
        }
        let start = usize::try_from(revision - self.floor).unwrap_or(usize::MAX);
        Ok(self.events.range(start.min(self.events.len())..))
    }

    /// The oldest revision that [`History::since`] can be asked for.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.floor
    }
}
