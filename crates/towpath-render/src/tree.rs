//! What a render may read: files and folders behind a port, and the twin of it in memory.
//!
//! Paths are relative to the root of the tree, `/` between names, without `.`, `..` or an empty name; the root itself
//! is the empty string. A tree resolves links itself or leaves them out; nothing here can leave the root.

use std::borrow::Cow;
use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

/// Why a tree could not answer; never "it is not there", which is an answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot read {path}: {why}")]
pub struct TreeError {
    /// What was asked for.
    pub path: String,
    /// What the reader said.
    pub why: String,
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File,
    /// A folder.
    Folder,
}

/// A tree of files, as a render sees it. The same tree gives the same answers, in any order of asking.
pub trait Tree: Send + Sync {
    /// The bytes of the file at `path`; `None` where no file stands there.
    ///
    /// # Errors
    /// The tree could not answer.
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError>;

    /// What stands at `path`.
    ///
    /// # Errors
    /// The tree could not answer.
    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError>;

    /// The names in the folder at `path`, sorted by their bytes; `None` where no folder stands there.
    ///
    /// # Errors
    /// The tree could not answer.
    fn list(&self, path: &str) -> Result<Option<Vec<(String, Entry)>>, TreeError>;

    /// What tells the content of the file at `path` from others, wherever it stands: equal texts, equal contents.
    /// `None` where that would cost as much as reading it, and nothing made of it is kept.
    fn content_id(&self, path: &str) -> Option<Cow<'_, str>> {
        let _ = path;
        None
    }
}

/// A tree of files that are all in memory.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    files: BTreeMap<String, Vec<u8>>,
}

impl MemoryTree {
    /// A tree of these files; folders are where files are.
    pub fn new(files: impl IntoIterator<Item = (impl Into<String>, impl Into<Vec<u8>>)>) -> Self {
        Self { files: files.into_iter().map(|(path, bytes)| (path.into(), bytes.into())).collect() }
    }

    fn below<'t>(&'t self, path: &str) -> impl Iterator<Item = &'t str> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let cut = prefix.len();
        self.files
            .range(prefix.clone()..)
            .map(|(file, _)| file.as_str())
            .take_while(move |file| file.starts_with(&prefix))
            .map(move |file| &file[cut..])
    }
}

impl Tree for MemoryTree {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError> {
        Ok(self.files.get(path).map(|bytes| Cow::Borrowed(bytes.as_slice())))
    }

    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        if self.files.contains_key(path) {
            return Ok(Some(Entry::File));
        }
        Ok((path.is_empty() || self.below(path).next().is_some()).then_some(Entry::Folder))
    }

    fn list(&self, path: &str) -> Result<Option<Vec<(String, Entry)>>, TreeError> {
        if self.entry(path)? != Some(Entry::Folder) {
            return Ok(None);
        }
        let mut names = BTreeMap::new();
        for rest in self.below(path) {
            match rest.split_once('/') {
                Some((folder, _)) => names.insert(folder.to_owned(), Entry::Folder),
                None => names.insert(rest.to_owned(), Entry::File),
            };
        }
        Ok(Some(names.into_iter().collect()))
    }

    fn content_id(&self, path: &str) -> Option<Cow<'_, str>> {
        let digest = Sha256::digest(self.files.get(path)?);
        Some(Cow::Owned(digest.iter().map(|byte| format!("{byte:02x}")).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_where_files_are() {
        let tree = MemoryTree::new([("a/b/c.yaml", "x"), ("a/d.yaml", "y"), ("ab", "z")]);
        assert_eq!(tree.entry("").ok(), Some(Some(Entry::Folder)));
        assert_eq!(tree.entry("a/b").ok(), Some(Some(Entry::Folder)));
        assert_eq!(tree.entry("a/d.yaml").ok(), Some(Some(Entry::File)));
        assert_eq!(tree.entry("a/x").ok(), Some(None));
        let listed = tree.list("a").expect("memory answers").expect("a folder");
        assert_eq!(listed, [("b".to_owned(), Entry::Folder), ("d.yaml".to_owned(), Entry::File)]);
    }
}
