//! Facts of files that were read before, kept beside the repository. Deleting it loses nothing but time.
//!
//! Two look-ups: by content (facts are a function of the bytes and the file's name), and by a file's
//! stamp (time and size), so that an unchanged file is not even read. A stamp as young as the cache
//! itself is not trusted: the file may have changed again within the clock's tick.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use towpath_core::id::RepoPath;
use towpath_discovery::facts::{FACTS_VERSION, FileFacts};
use towpath_engine::survey::FactsStore;

/// Nanoseconds by which a file must be older than the cache for its stamp to be trusted.
const TICK: u64 = 1_000_000_000;

/// When a file was written, and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) nanos: u64,
    pub(crate) size: u64,
}

#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// `content/file name` to facts.
    facts: HashMap<String, Arc<FileFacts>>,
    /// Path to stamp and content.
    stamps: HashMap<String, (Stamp, String)>,
}

/// The cache of one repository.
pub(crate) struct Cache {
    file: Option<PathBuf>,
    /// Read on a thread of its own: whoever needs it has files to list in the meantime.
    loading: Mutex<Option<JoinHandle<Kept>>>,
    old: OnceLock<Kept>,
    new: Mutex<Kept>,
}

impl Cache {
    /// Reads the cache in `folder`; one that cannot be read is an empty one.
    pub(crate) fn open(folder: Option<PathBuf>) -> Self {
        let file =
            folder.map(|f| f.join(format!("facts-{FACTS_VERSION}-{}", env!("CARGO_PKG_VERSION"))));
        let loading = file.clone().map(|file| std::thread::spawn(move || read(&file)));
        Self { file, loading: Mutex::new(loading), old: OnceLock::new(), new: Mutex::default() }
    }

    /// What the cache held when the command began.
    fn old(&self) -> &Kept {
        self.old.get_or_init(|| {
            let loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner).take();
            loading.and_then(|thread| thread.join().ok()).unwrap_or_default()
        })
    }

    /// Facts of a file that has not changed since.
    pub(crate) fn by_stamp(&self, path: &RepoPath, stamp: &Stamp) -> Option<Arc<FileFacts>> {
        let (old, content) = self.old().stamps.get(path.as_str())?;
        if old != stamp {
            return None;
        }
        self.get(content, path.file_name())
    }

    /// Remembers a file's stamp.
    pub(crate) fn stamp(&self, path: &RepoPath, stamp: Option<Stamp>, content: &str) {
        if let Some(stamp) = stamp {
            self.fresh().stamps.insert(path.to_string(), (stamp, content.to_owned()));
        }
    }

    fn fresh(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.new.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the cache if there is enough that is new. A cache that cannot be written is no error.
    pub(crate) fn save(&self) {
        let Some(file) = &self.file else { return };
        let new = std::mem::take(&mut *self.fresh());
        // Writing costs as the whole cache does; a few files are read again sooner than that.
        if new.stamps.len() + new.facts.len() <= self.old().stamps.len() / 50 {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64);
        let mut kept = Kept { facts: self.old().facts.clone(), stamps: self.old().stamps.clone() };
        kept.facts.extend(new.facts);
        let young = |stamp: &Stamp| stamp.nanos.saturating_add(TICK) > now;
        kept.stamps.extend(new.stamps.into_iter().filter(|(_, (stamp, _))| !young(stamp)));
        let _ = write(file, &kept);
    }
}

fn read(file: &Path) -> Kept {
    fs::read(file).ok().and_then(|bytes| postcard::from_bytes(&bytes).ok()).unwrap_or_default()
}

fn write(file: &Path, kept: &Kept) -> Option<()> {
    let folder = file.parent()?;
    fs::create_dir_all(folder).ok()?;
    let bytes = postcard::to_stdvec(kept).ok()?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder).ok()?;
    temporary.write_all(&bytes).ok()?;
    temporary.persist(file).ok().map(|_| ())
}

fn key(content: &str, file_name: &str) -> String {
    format!("{content}/{file_name}")
}

impl FactsStore for Cache {
    fn get(&self, content: &str, file_name: &str) -> Option<Arc<FileFacts>> {
        let key = key(content, file_name);
        let old = self.old().facts.get(&key).map(Arc::clone);
        old.or_else(|| self.fresh().facts.get(&key).map(Arc::clone))
    }

    fn put(&self, content: &str, file_name: &str, facts: &Arc<FileFacts>) {
        self.fresh().facts.insert(key(content, file_name), Arc::clone(facts));
    }
}
