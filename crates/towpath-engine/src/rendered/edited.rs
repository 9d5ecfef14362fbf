//! A tree in which some files have other contents: a commit as a promotion would leave it.
//!
//! No file comes and none goes, so what stands where is what the tree beneath says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_render::{Entry, Tree, TreeError};

use super::Named;
use crate::ports::TreeChange;

struct Edited<'t> {
    beneath: Arc<dyn Tree + 't>,
    files: BTreeMap<String, Vec<u8>>,
}

impl<'t> Named<'t> {
    /// The same files but for these, which are there already; `name` tells the outcome from other trees.
    #[must_use]
    pub fn edited(&self, changes: Vec<TreeChange>, name: &str) -> Named<'t> {
        let edited = |change| match change {
            TreeChange::Put { path, bytes, .. } => Some((path.to_string(), bytes)),
            TreeChange::Remove { .. } => None,
        };
        let files = changes.into_iter().filter_map(edited).collect();
        let tree = Edited { beneath: Arc::clone(&self.tree), files };
        Named { id: format!("{} {name}", self.id).into(), tree: Arc::new(tree) }
    }
}

impl Tree for Edited<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError> {
        match self.files.get(path) {
            Some(bytes) => Ok(Some(Cow::Borrowed(bytes))),
            None => self.beneath.read(path),
        }
    }

    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        self.beneath.entry(path)
    }

    fn list(&self, path: &str) -> Result<Option<Vec<(String, Entry)>>, TreeError> {
        self.beneath.list(path)
    }
}
