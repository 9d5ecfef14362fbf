//! Files that are whole or not there, and a lock that is a file.
//!
//! What is written gets its name only when all of it is on the disk. Must not know what a layout is.
//! Next: `layout`.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The beginning of the name of every file that is not yet or never part of what is written.
pub(super) const OWN_PREFIX: &str = ".towpath-";

/// Writes beside the place, syncs, renames, and syncs the folder.
pub(super) fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    // `create_new` gives the permissions that the user's mask says; temporary files of their own would
    // be for their owner only.
    let mut file = tempfile::Builder::new()
        .prefix(OWN_PREFIX)
        .make_in(folder, |path| File::create_new(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(folder.join(name)).map_err(|e| e.error)?;
    sync_folder(folder)
}

/// The file's content; `None` where it has more than `max` bytes.
pub(super) fn read_at_most(path: &Path, max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    if length > max {
        return Ok(None);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= max).then_some(bytes))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// A lock that is a file, given back when dropped.
pub(super) struct Lock {
    path: PathBuf,
}

impl Lock {
    /// Creates the file, waiting while it is another's; `None` when it still is after all attempts.
    pub(super) fn take(path: PathBuf, attempts: u32, wait: Duration) -> io::Result<Option<Self>> {
        for attempt in 1..=attempts {
            match File::create_new(&path) {
                Ok(_) => return Ok(Some(Self { path })),
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                Err(_) if attempt == attempts => {}
                Err(_) => std::thread::sleep(wait),
            }
        }
        Ok(None)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Nobody can be told here; the next writer says which file was left behind.
        let _ = fs::remove_file(&self.path);
    }
}
