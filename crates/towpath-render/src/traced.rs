//! A tree that remembers what it was asked, so that a result can be kept for as long as the answers are the same.
//!
//! What a build reads is known only after it was made: kustomizations name each other. So nothing is guessed from
//! paths; the questions themselves are kept, each with what tells its answer from others.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::{Entry, Tree, TreeError};

/// A question to a tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// What does this file hold?
    Read(String),
    /// What stands here?
    Entry(String),
    /// Which names are in this folder?
    List(String),
}

/// Questions, and what tells each answer from others.
pub type Trace = Vec<(Question, String)>;

/// A tree that notes what it is asked.
pub(crate) struct Traced<'t> {
    tree: &'t dyn Tree,
    asked: Mutex<Option<BTreeMap<Question, String>>>,
}

impl<'t> Traced<'t> {
    pub(crate) fn new(tree: &'t dyn Tree) -> Self {
        Self { tree, asked: Mutex::new(Some(BTreeMap::new())) }
    }

    /// All that was asked; `None` where an answer cannot be told from others.
    pub(crate) fn trace(self) -> Option<Trace> {
        let asked = self.asked.into_inner().unwrap_or_else(PoisonError::into_inner)?;
        let read = |path: &str| asked.get(&Question::Read(path.to_owned()));
        // What was read is a file.
        let is_implied = |question: &Question| matches!(question, Question::Entry(path) if read(path).is_some_and(|id| !id.is_empty()));
        let told = asked.iter().filter(|(question, _)| !is_implied(question));
        Some(told.map(|(question, answer)| (question.clone(), answer.clone())).collect())
    }

    fn note(&self, question: Question) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = asked.as_mut() else { return };
        if known.contains_key(&question) {
            return;
        }
        match answer(self.tree, &question) {
            Some(answer) => {
                known.insert(question, answer);
            }
            None => *asked = None,
        }
    }
}

/// What tells the answer to a question from others; `None` where the tree cannot say.
fn answer(tree: &dyn Tree, question: &Question) -> Option<String> {
    match question {
        Question::Read(path) => match tree.content_id(path) {
            Some(id) => Some(id.into_owned()),
            None if tree.entry(path).ok()? == Some(Entry::File) => None,
            None => Some(String::new()),
        },
        Question::Entry(path) => Some(format!("{:?}", tree.entry(path).ok()?)),
        Question::List(path) => {
            let names = tree.list(path).ok()?;
            let name = |(name, entry): (String, Entry)| match entry {
                Entry::File => name,
                Entry::Folder => name + "/",
            };
            Some(names.map_or("none".to_owned(), |names| {
                names.into_iter().map(name).collect::<Vec<_>>().join("\0")
            }))
        }
    }
}

/// Whether `tree` would give all the answers again.
#[must_use]
pub(crate) fn holds(tree: &dyn Tree, trace: &Trace) -> bool {
    trace.iter().all(|(question, known)| answer(tree, question).as_ref() == Some(known))
}

impl Tree for Traced<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError> {
        self.note(Question::Read(path.to_owned()));
        self.tree.read(path)
    }

    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        self.note(Question::Entry(path.to_owned()));
        self.tree.entry(path)
    }

    fn list(&self, path: &str) -> Result<Option<Vec<(String, Entry)>>, TreeError> {
        self.note(Question::List(path.to_owned()));
        self.tree.list(path)
    }

    fn content_id(&self, path: &str) -> Option<Cow<'_, str>> {
        self.tree.content_id(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTree;

    #[test]
    fn a_trace_holds_while_the_answers_are_the_same() {
        let tree = |text: &str, other: &str| {
            MemoryTree::new([("a/x.yaml", text.to_owned()), ("b/y.yaml", other.to_owned())])
        };
        let first = tree("1", "1");
        let traced = Traced::new(&first);
        assert!(traced.read("a/x.yaml").is_ok_and(|bytes| bytes.is_some()));
        assert!(traced.read("a/none.yaml").is_ok_and(|bytes| bytes.is_none()));
        assert!(traced.list("a").is_ok());
        let trace = traced.trace().expect("memory can tell contents apart");
        assert!(holds(&tree("1", "2"), &trace));
        assert!(!holds(&tree("2", "1"), &trace));
        let more = MemoryTree::new([("a/x.yaml", "1"), ("a/z.yaml", "")]);
        assert!(!holds(&more, &trace));
        let appeared = MemoryTree::new([("a/x.yaml", "1"), ("a/none.yaml", "")]);
        assert!(!holds(&appeared, &trace));
    }
}
