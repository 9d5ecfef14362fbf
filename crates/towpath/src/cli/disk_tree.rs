//! Folders of this machine as a tree that can be rendered.
//!
//! For a build of one folder the tree is the whole disk: a kustomization may name what stands beside its folder, and
//! what it may not name is decided by the render. Nothing is written, and nothing outside the paths asked for is read.

use std::borrow::Cow;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use towpath_render::{Entry, Tree, TreeError};

use super::failure::Failure;

/// All files below a root.
pub(crate) struct DiskTree {
    root: PathBuf,
}

impl DiskTree {
    /// The whole disk, and the path of `folder` in it with all links resolved.
    pub(crate) fn around(folder: &Path) -> Result<(Self, String), Failure> {
        let real = folder.canonicalize().map_err(|error| {
            Failure::new(format!("{} cannot be read", folder.display())).because(error)
        })?;
        let root = real.ancestors().last().unwrap_or(&real).to_path_buf();
        let mut names = Vec::new();
        for name in real.strip_prefix(&root).unwrap_or(&real) {
            names.push(name.to_str().ok_or_else(|| {
                Failure::new(format!("{} is not a UTF-8 file name", real.display()))
            })?);
        }
        let path = names.join("/");
        Ok((Self { root }, path))
    }

    /// What stands below a folder.
    pub(crate) fn below(folder: &Path) -> Self {
        Self { root: folder.to_path_buf() }
    }

    fn place(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }
}

/// `None` where nothing stands there, which is an answer.
fn found<T>(path: &str, result: std::io::Result<T>) -> Result<Option<T>, TreeError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(TreeError { path: path.to_owned(), why: error.to_string() }),
    }
}

impl Tree for DiskTree {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError> {
        match std::fs::read(self.place(path)) {
            Err(error) if error.kind() == ErrorKind::IsADirectory => Ok(None),
            result => Ok(found(path, result)?.map(Cow::Owned)),
        }
    }

    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        let meta = found(path, std::fs::metadata(self.place(path)))?;
        Ok(meta.map(|meta| if meta.is_dir() { Entry::Folder } else { Entry::File }))
    }

    fn list(&self, path: &str) -> Result<Option<Vec<(String, Entry)>>, TreeError> {
        if self.entry(path)? != Some(Entry::Folder) {
            return Ok(None);
        }
        let Some(listing) = found(path, std::fs::read_dir(self.place(path)))? else {
            return Ok(None);
        };
        let failed =
            |error: std::io::Error| TreeError { path: path.to_owned(), why: error.to_string() };
        let mut names = Vec::new();
        for item in listing {
            let item = item.map_err(failed)?;
            let Ok(name) = item.file_name().into_string() else {
                let why = format!("{} is not a UTF-8 file name", item.path().display());
                return Err(TreeError { path: path.to_owned(), why });
            };
            let below = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            // A link to nowhere is nothing.
            names.extend(self.entry(&below)?.map(|entry| (name, entry)));
        }
        names.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Some(names))
    }
}
