//! What a cluster holds, and the one way in which it changes.
//!
//! A pure state machine: [`State::commit`] takes [`Change`]s that were decided on what was read before, and applies all
//! of them or, where one of the objects has changed since, none. Every commit has a revision of its own; what happened
//! is kept for a while ([`history`]), so that a watch goes on where it stopped and a long list stays
//! consistent from page to page. Objects lie as the text that clients are sent; what is looked for often is beside it.
//!
//! Not here: what a request means, time, and anything that waits.

mod encode;
mod history;
mod page;
mod restore;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

pub use encode::{Draft, Head, Stored, TypeMeta};
pub use history::{Event, Happened, History, TooOld};
pub use page::{BadToken, Page, Token};
pub use restore::{Kept, Unreadable};

/// A kind of object as the store tells it from others: `configmaps`, `deployments.apps`. Versions share it.
pub type ResourceId = Arc<str>;

/// Where an object lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The resource it is one of.
    pub resource: ResourceId,
    /// Its namespace, empty where there is none.
    pub namespace: Box<str>,
    /// Its name.
    pub name: Box<str>,
}

impl Key {
    /// The key of an object.
    #[must_use]
    pub fn new(resource: &ResourceId, namespace: &str, name: &str) -> Self {
        Self { resource: resource.clone(), namespace: namespace.into(), name: name.into() }
    }
}

/// Objects of one resource, in the order in which lists tell them: by namespace, then by name.
pub type Table = BTreeMap<(Box<str>, Box<str>), Arc<Stored>>;

/// One object that is to be written.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which.
    pub key: Key,
    /// What must be there for the change to make sense.
    pub expected: Expected,
    /// What to do.
    pub what: What,
}

/// What a change was decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// No object under the key.
    Absent,
    /// The object as it was written at this revision.
    Revision(u64),
}

/// What a change does.
#[derive(Debug, Clone)]
pub enum What {
    /// Writes the object.
    Put(Draft),
    /// Removes it.
    Remove,
}

/// A change was decided on what is no longer so. Decide again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {:?} was written meanwhile", .0.resource, .0.name)]
pub struct Stale(pub Key);

/// What a cluster holds.
#[derive(Debug, Clone, Default)]
pub struct State {
    revision: u64,
    tables: BTreeMap<ResourceId, Table>,
    /// How many objects of a resource each namespace has.
    spaces: BTreeMap<ResourceId, BTreeMap<Box<str>, usize>>,
    /// Objects by the owners they name.
    dependents: BTreeMap<Box<str>, BTreeSet<Key>>,
    history: History,
}

impl State {
    /// A cluster that holds nothing. The first commit has the revision after `revision`.
    #[must_use]
    pub fn new(revision: u64) -> Self {
        Self { revision, history: History::new(revision), ..Self::default() }
    }

    /// The same objects at the same revision, and nothing that happened before.
    #[must_use]
    pub fn without_history(self) -> Self {
        Self { history: History::new(self.revision), ..self }
    }

    /// The revision of the last commit.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What happened lately.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The object under a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Arc<Stored>> {
        self.find(&key.resource, &key.namespace, &key.name)
    }

    /// The object of a name.
    #[must_use]
    pub fn find(&self, resource: &str, namespace: &str, name: &str) -> Option<&Arc<Stored>> {
        self.tables.get(resource)?.get(&(namespace.into(), name.into()))
    }

    /// All objects of a resource, of one namespace or of all.
    pub fn list<'a>(
        &'a self,
        resource: &str,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Stored>> + use<'a> {
        let table = self.tables.get(resource);
        table.into_iter().flat_map(move |table| page::range(table, namespace, None)).map(|(_, o)| o)
    }

    /// Every resource with its objects.
    pub fn tables(&self) -> impl Iterator<Item = (&ResourceId, &Table)> {
        self.tables.iter()
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tables.values().map(BTreeMap::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Objects that name `uid` as an owner.
    pub fn dependents(&self, uid: &str) -> impl Iterator<Item = &Key> {
        self.dependents.get(uid).into_iter().flatten()
    }

    /// Applies all changes, each with a revision of its own, or none.
    ///
    /// # Errors
    ///
    /// [`Stale`], if one of them was decided on what is no longer so.
    pub fn commit(&mut self, changes: Vec<Change>) -> Result<Vec<Arc<Event>>, Stale> {
        for change in &changes {
            let found = self.get(&change.key).map(|object| object.revision);
            let holds = match change.expected {
                Expected::Absent => found.is_none(),
                Expected::Revision(revision) => found == Some(revision),
            };
            if !holds {
                return Err(Stale(change.key.clone()));
            }
        }
        Ok(changes.into_iter().map(|change| self.apply(change)).collect())
    }

    fn apply(&mut self, Change { key, what, .. }: Change) -> Arc<Event> {
        self.revision += 1;
        let place = (key.namespace.clone(), key.name.clone());
        let table = self.tables.entry(key.resource.clone()).or_default();
        let (object, previous, happened) = match what {
            What::Put(draft) => {
                let object = Arc::new(draft.at(self.revision));
                let previous = table.insert(place, object.clone());
                let happened =
                    if previous.is_some() { Happened::Modified } else { Happened::Added };
                (object, previous, happened)
            }
            What::Remove => {
                let previous = table.remove(&place);
                if table.is_empty() {
                    self.tables.remove(&key.resource);
                }
                let last = previous.as_ref().expect("what is removed was expected to be there");
                (Arc::new(last.at_revision(self.revision)), previous, Happened::Deleted)
            }
        };
        match happened {
            Happened::Added => self.count_one(&key),
            Happened::Modified => {}
            Happened::Deleted => self.discount_one(&key),
        }
        for owner in previous.iter().flat_map(|object| object.head.owners.iter()) {
            if let Some(keys) = self.dependents.get_mut(owner) {
                keys.remove(&key);
                if keys.is_empty() {
                    self.dependents.remove(owner);
                }
            }
        }
        if happened != Happened::Deleted {
            for owner in &object.head.owners {
                self.dependents.entry(owner.clone()).or_default().insert(key.clone());
            }
        }
        let event = Event {
            revision: self.revision,
            key,
            happened,
            object,
            previous,
            text: OnceLock::new(),
        };
        let event = Arc::new(event);
        self.history.push(event.clone());
        event
    }

    fn count_one(&mut self, key: &Key) {
        if !self.spaces.contains_key(&key.resource) {
            self.spaces.insert(key.resource.clone(), BTreeMap::new());
        }
        let Some(spaces) = self.spaces.get_mut(&key.resource) else { return };
        match spaces.get_mut(&key.namespace) {
            Some(count) => *count += 1,
            None => {
                spaces.insert(key.namespace.clone(), 1);
            }
        }
    }

    fn discount_one(&mut self, key: &Key) {
        let Some(spaces) = self.spaces.get_mut(&key.resource) else { return };
        if let Some(count) = spaces.get_mut(&key.namespace) {
            *count -= 1;
            if *count == 0 {
                spaces.remove(&key.namespace);
            }
        }
        if spaces.is_empty() {
            self.spaces.remove(&key.resource);
        }
    }
}
