//! Reads the files of a folder as they are: what Git ignores is left out, as it is no part of the
//! repository. Equal contents are parsed once, unchanged files not at all ([`super::cache`]).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use rayon::prelude::*;
use sha2::{Digest as _, Sha256};
use towpath_api::path_file;
use towpath_check::read::is_manifest;
use towpath_core::id::RepoPath;
use towpath_discovery::facts;
use towpath_engine::survey::{FactsStore, Files, add_content};

use super::cache::{Cache, Stamp};
use super::failure::Failure;

/// A file of more bytes than this is no manifest.
const MAX_FILE: u64 = 64 << 20;

/// So many threads list folders; more wait for the same disk.
const WALKERS: usize = 4;

struct Listed {
    path: RepoPath,
    disk: PathBuf,
    stamp: Option<Stamp>,
    size: u64,
}

/// Reads every relevant file below `root`.
pub(crate) fn read(root: &Path, cache: &Cache) -> Result<Files, Failure> {
    let listed = list(root)?;
    let mut files = Files { path_file: read_path_file(root)?, ..Files::default() };
    let mut unread = Vec::new();
    for file in listed {
        let known = file.stamp.as_ref().and_then(|stamp| cache.by_stamp(&file.path, stamp));
        match known {
            Some(facts) => {
                files.facts.insert(file.path, facts);
            }
            None => unread.push(file),
        }
    }
    let contents: Vec<_> = unread.into_par_iter().map(read_one).collect();
    let mut by_content: BTreeMap<String, (Vec<u8>, Vec<RepoPath>)> = BTreeMap::new();
    for content in contents {
        let (file, bytes, key) = content?;
        cache.stamp(&file.path, file.stamp, &key);
        by_content.entry(key).or_insert_with(|| (bytes, Vec::new())).1.push(file.path);
    }
    let parts: Vec<Files> = by_content
        .into_par_iter()
        .map(|(key, (bytes, paths))| {
            let mut part = Files::default();
            let (known, unknown): (Vec<_>, Vec<_>) = paths
                .into_iter()
                .map(|path| (cache.get(&key, path.file_name()), path))
                .partition(|(facts, _)| facts.is_some());
            part.facts.extend(known.into_iter().filter_map(|(facts, path)| Some((path, facts?))));
            let unknown = unknown.into_iter().map(|(_, path)| path).collect();
            add_content(&mut part, &bytes, unknown, |name, facts| cache.put(&key, name, facts));
            part
        })
        .collect();
    for part in parts {
        files.facts.extend(part.facts);
        files.unreadable.extend(part.unreadable);
    }
    Ok(files)
}

pub(crate) fn read_path_file(root: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let path = root.join(path_file::FILE_NAME);
    // A link could show in an error what stands elsewhere on the machine.
    if path.symlink_metadata().is_ok_and(|meta| meta.is_symlink()) {
        return Err(Failure::new(format!(
            "{} is a symbolic link, which is not followed",
            path.display()
        ))
        .hint("put the file itself into the repository"));
    }
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(Failure::new(format!("{} cannot be read", path.display())).because(error))
        }
    }
}

/// The manifests below a folder, or the one file that is named: the path from there, and the place on disk. What Git
/// ignores and what is hidden is left out below a folder; a file that is named is taken as it is.
pub(crate) fn manifests(root: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    if root.is_file() {
        return Ok(vec![(String::new(), root.to_path_buf())]);
    }
    walk(root, |root, entry| {
        if !entry.file_type().is_some_and(|t| t.is_file()) {
            return Ok(None);
        }
        let below = below(root, &entry)?;
        Ok(is_manifest(&below).then(|| (below, entry.into_path())))
    })
}

fn list(root: &Path) -> Result<Vec<Listed>, Failure> {
    let mut listed = walk(root, listed)?;
    listed.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(listed)
}

/// What `pick` makes of the files below a folder, in no order.
fn walk<T: Send>(
    root: &Path,
    pick: impl Fn(&Path, ignore::DirEntry) -> Result<Option<T>, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    if !root.is_dir() {
        return Err(Failure::new(format!("{} is not a folder", root.display()))
            .hint("name the repository with -C DIR"));
    }
    let pick = &pick;
    let found = Mutex::new(Vec::new());
    let walk = ignore::WalkBuilder::new(root)
        .follow_links(false)
        .git_global(false)
        .threads(WALKERS)
        .build_parallel();
    walk.run(|| {
        let mut here = Batch { found: &found, own: Vec::new() };
        Box::new(move |entry| {
            let listed = entry
                .map_err(|e| Failure::new(format!("{} cannot be read", root.display())).because(e))
                .and_then(|entry| pick(root, entry));
            here.own.extend(listed.transpose());
            ignore::WalkState::Continue
        })
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.into_iter().collect()
}

fn below(root: &Path, entry: &ignore::DirEntry) -> Result<String, Failure> {
    let below = entry.path().strip_prefix(root).unwrap_or(entry.path());
    match below.to_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(Failure::new(format!("{} is not a UTF-8 file name", below.display()))),
    }
}

/// What one walker found, handed over when it ends.
struct Batch<'a, T> {
    found: &'a Mutex<Vec<Result<T, Failure>>>,
    own: Vec<Result<T, Failure>>,
}

impl<T> Drop for Batch<'_, T> {
    fn drop(&mut self) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).append(&mut self.own);
    }
}

/// A file that matters, with its stamp; `None` for everything else.
fn listed(root: &Path, entry: ignore::DirEntry) -> Result<Option<Listed>, Failure> {
    if !entry.file_type().is_some_and(|t| t.is_file()) {
        return Ok(None);
    }
    let below = below(root, &entry)?;
    if !facts::is_relevant(&below) {
        return Ok(None);
    }
    let path = RepoPath::parse(&below)?;
    let meta = entry.metadata().map_err(|e| {
        Failure::new(format!("{} cannot be read", entry.path().display())).because(e)
    })?;
    let modified = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
    Ok(Some(Listed {
        path,
        stamp: modified.map(|m| Stamp { nanos: m.as_nanos() as u64, size: meta.len() }),
        size: meta.len(),
        disk: entry.into_path(),
    }))
}

fn read_one(file: Listed) -> Result<(Listed, Vec<u8>, String), Failure> {
    if file.size > MAX_FILE {
        return Err(Failure::new(format!("{} is larger than {} MiB", file.path, MAX_FILE >> 20)));
    }
    let bytes = fs::read(&file.disk)
        .map_err(|e| Failure::new(format!("{} cannot be read", file.disk.display())).because(e))?;
    let digest = Sha256::digest(&bytes);
    let key = digest[..16].iter().map(|b| format!("{b:02x}")).collect();
    Ok((file, bytes, key))
}
