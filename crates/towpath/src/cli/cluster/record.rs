//! What is known of the clusters of this user: a record and a lock for each, in the user's state folder.
//!
//! Whoever serves a cluster holds its lock as long as it lives, so that a process that was killed is not taken for one
//! that runs, whatever has its number now.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::cli::failure::Failure;

/// How long a process may take to end. It cuts its clients off before.
const LONGEST_END: Duration = Duration::from_secs(20);

/// How often it is looked whether a process has ended.
const LOOK: Duration = Duration::from_millis(5);

/// The longest name: it becomes part of file names and of kubeconfigs.
const MAX_NAME: usize = 63;

/// What a cluster says of itself when it listens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    pub(super) name: String,
    pub(super) pid: u32,
    pub(super) kubernetes: String,
    pub(super) server: String,
    pub(super) kubeconfig: PathBuf,
    pub(super) data: Option<PathBuf>,
    /// RFC 3339.
    pub(super) started: String,
}

/// The files of one cluster.
pub(super) struct Place {
    name: String,
    folder: PathBuf,
}

/// Held while a cluster is served.
pub(super) struct Lock(File);

impl Place {
    /// The place of the cluster of a name.
    pub(super) fn of(folder: &Path, name: &str) -> Result<Self, Failure> {
        let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_name = !name.is_empty()
            && name.len() <= MAX_NAME
            && name.chars().all(is_inner)
            && !name.starts_with('-')
            && !name.ends_with('-');
        if !is_name {
            return Err(Failure::new(format!("{name:?} is no name for a cluster"))
                .hint("lower-case letters, digits and hyphens, for example sandbox-a"));
        }
        Ok(Self { name: name.to_owned(), folder: folder.to_owned() })
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }

    /// Where its kubeconfig is, unless it is asked for elsewhere.
    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.file("kubeconfig")
    }

    /// Its record, if it has one.
    pub(super) fn read(&self) -> Result<Option<Record>, Failure> {
        let file = self.file("json");
        let text = match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| unusable(&file, error))?,
        };
        serde_json::from_slice(&text).map(Some).map_err(|error| unusable(&file, error))
    }

    /// Writes its record.
    pub(super) fn write(&self, record: &Record) -> Result<(), Failure> {
        let file = self.file("json");
        let text = serde_json::to_vec_pretty(record)?;
        write_private(&file, &text).map_err(|error| unusable(&file, error))
    }

    /// Takes its lock; `None` if somebody has it.
    pub(super) fn lock(&self) -> Result<Option<Lock>, Failure> {
        let file = self.file("lock");
        let lock = || -> io::Result<Option<Lock>> {
            fs::create_dir_all(&self.folder)?;
            let opened = File::options().create(true).write(true).truncate(false).open(&file)?;
            match opened.try_lock() {
                Ok(()) => Ok(Some(Lock(opened))),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(error),
            }
        };
        lock().map_err(|error| unusable(&file, error))
    }

    /// Asks the process that serves it to end, and waits until it has; gives the lock that it held.
    pub(super) fn stop(&self, record: &Record) -> Result<Lock, Failure> {
        let pid = i32::try_from(record.pid).ok().and_then(rustix::process::Pid::from_raw);
        let still = || {
            Failure::new(format!(
                "cluster {} does not stop: it is process {}",
                self.name, record.pid
            ))
        };
        let begin = Instant::now();
        if let Some(lock) = self.lock()? {
            return Ok(lock);
        }
        // Whoever holds the lock wrote the record, so the number is that of a process of ours.
        let asked =
            rustix::process::kill_process(pid.ok_or_else(still)?, rustix::process::Signal::TERM);
        asked.map_err(|error| still().because(io::Error::from(error)))?;
        loop {
            if let Some(lock) = self.lock()? {
                return Ok(lock);
            }
            if begin.elapsed() > LONGEST_END {
                return Err(still());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Forgets it. Whoever does has its lock.
    pub(super) fn forget(&self, _: &Lock) -> Result<(), Failure> {
        for ending in ["json", "lock"] {
            remove(&self.file(ending))?;
        }
        Ok(())
    }
}

impl Lock {
    /// Gives the lock back before the process ends.
    pub(super) fn release(self) {
        drop(self.0);
    }
}

/// The names of all clusters that have a record.
pub(super) fn names(folder: &Path) -> Result<Vec<String>, Failure> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| unusable(folder, error))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| unusable(folder, error))?.file_name();
        names.extend(name.to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// Removes a file; says whether it was there.
pub(super) fn remove(file: &Path) -> Result<bool, Failure> {
    match fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unusable(file, error)),
    }
}

/// Writes a file that only its owner can read, whole or not at all.
pub(super) fn write_private(file: &Path, text: &[u8]) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(text)?;
    temporary.persist(file)?;
    Ok(())
}

pub(super) fn unusable(file: &Path, error: impl std::error::Error + 'static) -> Failure {
    Failure::new(format!("cannot use {}", file.display())).because(error)
}
