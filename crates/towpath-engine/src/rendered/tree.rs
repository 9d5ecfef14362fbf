//! The files of a commit as a tree that can be rendered, read when they are asked for.
//!
//! Contents are known by Git's name of them, so that two commits that share files read them once. Links are left
//! out, as source-controller leaves them out of what it hands to the other controllers
//! (`fluxcd/source-controller:internal/controller/storage.go`).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use towpath_core::id::CommitId;
use towpath_render::{Entry, Tree, TreeError};

use crate::ports::{FileMode, Repository, RepositoryError};

enum Held<'r> {
    Borrowed(&'r dyn Repository),
    Owned(Box<dyn Repository + Send>),
}

/// Contents that were read from a repository, by Git's name of them.
pub struct Blobs<'r> {
    repository: Held<'r>,
    known: RwLock<BTreeMap<String, Arc<[u8]>>>,
}

impl<'r> Blobs<'r> {
    /// Contents of this repository, none of them read yet.
    #[must_use]
    pub fn of(repository: &'r dyn Repository) -> Self {
        Self { repository: Held::Borrowed(repository), known: RwLock::default() }
    }

    fn repository(&self) -> &dyn Repository {
        match &self.repository {
            Held::Borrowed(repository) => *repository,
            Held::Owned(repository) => repository.as_ref(),
        }
    }

    fn get(&self, blob: &str) -> Result<Arc<[u8]>, RepositoryError> {
        if let Some(content) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(blob) {
            return Ok(Arc::clone(content));
        }
        let name = blob.to_owned();
        let mut contents = self.repository().blobs(std::slice::from_ref(&name))?;
        let content: Arc<[u8]> = contents.pop().unwrap_or_default().into();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(name, Arc::clone(&content));
        Ok(content)
    }

    /// Reads many at once, which is cheaper than one by one.
    ///
    /// # Errors
    /// [`RepositoryError`] when one is not there.
    pub fn read_ahead<'b>(
        &self,
        blobs: impl IntoIterator<Item = &'b str>,
    ) -> Result<(), RepositoryError> {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<String> = blobs
            .into_iter()
            .filter(|blob| !known.contains_key(*blob))
            .map(str::to_owned)
            .collect();
        names.sort_unstable();
        names.dedup();
        let contents = self.repository().blobs(&names)?;
        known.extend(names.into_iter().zip(contents.into_iter().map(Arc::from)));
        Ok(())
    }
}

impl Blobs<'static> {
    /// Contents of a repository that nobody else needs, none of them read yet.
    #[must_use]
    pub fn owning(repository: Box<dyn Repository + Send>) -> Self {
        Self { repository: Held::Owned(repository), known: RwLock::default() }
    }
}

/// The files of one commit.
pub struct CommitTree<'r> {
    blobs: Arc<Blobs<'r>>,
    /// Path and content of every regular file, sorted by path.
    files: Vec<(String, String)>,
}

impl<'r> CommitTree<'r> {
    /// The files of `commit`.
    ///
    /// # Errors
    /// [`RepositoryError`] when the commit is not here.
    pub fn new(blobs: Arc<Blobs<'r>>, commit: &CommitId) -> Result<Self, RepositoryError> {
        let entries = blobs.repository().entries(commit)?;
        let files = entries
            .into_iter()
            .filter(|entry| matches!(entry.mode, FileMode::Regular | FileMode::Executable))
            .map(|entry| (entry.path.to_string(), entry.blob));
        let mut files: Vec<_> = files.collect();
        files.sort_unstable();
        Ok(Self { blobs, files })
    }

    /// Git's name of the file's content; `None` where no file stands.
    #[must_use]
    pub fn content(&self, path: &str) -> Option<&str> {
        let at = self.files.binary_search_by(|(file, _)| file.as_str().cmp(path)).ok()?;
        Some(&self.files[at].1)
    }

    /// The files in and below a folder: paths and Git's names of their contents, sorted by path.
    #[must_use]
    pub fn below(&self, folder: &str) -> &[(String, String)] {
        if folder.is_empty() {
            return &self.files;
        }
        // `0` is the character behind `/`.
        let (first, end) = (format!("{folder}/"), format!("{folder}0"));
        let start = self.files.partition_point(|(file, _)| *file < first);
        let len = self.files[start..].partition_point(|(file, _)| *file < end);
        &self.files[start..start + len]
    }

    /// Reads contents, all at once.
    ///
    /// # Errors
    /// [`RepositoryError`] when Git cannot answer.
    pub fn read_all<'b>(
        &self,
        blobs: impl IntoIterator<Item = &'b str>,
    ) -> Result<(), RepositoryError> {
        self.blobs.read_ahead(blobs)
    }

    /// A content by Git's name of it.
    ///
    /// # Errors
    /// [`RepositoryError`] when Git cannot answer.
    pub fn bytes(&self, blob: &str) -> Result<Arc<[u8]>, RepositoryError> {
        self.blobs.get(blob)
    }
}

impl Tree for CommitTree<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError> {
        let Some(blob) = self.content(path) else { return Ok(None) };
        match self.blobs.get(blob) {
            Ok(content) => Ok(Some(Cow::Owned(content.to_vec()))),
            Err(error) => Err(TreeError { path: path.to_owned(), why: error.to_string() }),
        }
    }

    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        if self.content(path).is_some() {
            return Ok(Some(Entry::File));
        }
        Ok((path.is_empty() || !self.below(path).is_empty()).then_some(Entry::Folder))
    }

    fn list(&self, path: &str) -> Result<Option<Vec<(String, Entry)>>, TreeError> {
        if self.entry(path)? != Some(Entry::Folder) {
            return Ok(None);
        }
        let cut = if path.is_empty() { 0 } else { path.len() + 1 };
        let mut names = BTreeMap::new();
        for (file, _) in self.below(path) {
            match file[cut..].split_once('/') {
                Some((folder, _)) => names.insert(folder.to_owned(), Entry::Folder),
                None => names.insert(file[cut..].to_owned(), Entry::File),
            };
        }
        Ok(Some(names.into_iter().collect()))
    }

    fn content_id(&self, path: &str) -> Option<Cow<'_, str>> {
        self.content(path).map(Cow::Borrowed)
    }
}
