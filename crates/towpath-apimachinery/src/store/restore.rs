//! A cluster that goes on from what was kept of it elsewhere.
//!
//! What is kept is the text of each object with its revision; what is beside the text is made anew, so that it is
//! always what this version of the program would have made of it. History begins empty: a watch from before is told
//! that it has to begin again, as after the restart of a real server.

use std::sync::Arc;

use serde_json::Value;

use super::encode::head;
use super::{History, Key, State, Stored};

/// An object as it was kept.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Where it lay.
    pub key: Key,
    /// When it was written.
    pub revision: u64,
    /// Its text: [`Stored::tail`].
    pub tail: Box<str>,
}

/// What was kept is not what was written.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The text of an object is not JSON.
    #[error("the text of {} {:?} in namespace {:?} is damaged", .0.resource, .0.name, .0.namespace)]
    Text(Key, #[source] serde_json::Error),
    /// An object lies under a key that is not its own.
    #[error("the text under {} {:?} in namespace {:?} is that of another object", .0.resource, .0.name, .0.namespace)]
    Misplaced(Key),
    /// An object is newer than all that was written.
    #[error("{} {:?} was written at {}, after the newest revision {newest}", key.resource, key.name, revision)]
    Newer {
        /// Which.
        key: Key,
        /// When it says that it was written.
        revision: u64,
        /// The newest revision that was kept.
        newest: u64,
    },
}

impl Kept {
    fn stored(self, fields: &[Box<[Box<str>]>]) -> Result<(Key, Stored), Unreadable> {
        let Self { key, revision, tail } = self;
        let text = [r#"{"metadata":{"resourceVersion":"""#, &tail].concat();
        let value: Value = match serde_json::from_str(&text) {
            Ok(value) => value,
            Err(error) => return Err(Unreadable::Text(key, error)),
        };
        let head = head(&value, fields);
        if head.name != key.name || head.namespace != key.namespace {
            return Err(Unreadable::Misplaced(key));
        }
        Ok((key, Stored { revision, head, tail: Arc::from(tail) }))
    }
}

impl State {
    /// Puts back what was kept. `fields` are the paths that selectors can ask for, besides name and namespace.
    ///
    /// # Errors
    ///
    /// [`Unreadable`]; nothing should be made of what was put back so far.
    pub fn put_back(&mut self, kept: Kept, fields: &[Box<[Box<str>]>]) -> Result<(), Unreadable> {
        let (key, stored) = kept.stored(fields)?;
        if stored.revision > self.revision {
            return Err(Unreadable::Newer {
                key,
                revision: stored.revision,
                newest: self.revision,
            });
        }
        for owner in &stored.head.owners {
            self.dependents.entry(owner.clone()).or_default().insert(key.clone());
        }
        self.count_one(&key);
        let table = self.tables.entry(key.resource).or_default();
        table.insert((key.namespace, key.name), Arc::new(stored));
        self.history = History::new(self.revision);
        Ok(())
    }
}
