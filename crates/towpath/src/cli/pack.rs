//! Many small records by key, in one file that only grows: a file each would cost more to create than its content.
//!
//! Losing records is no harm, giving back wrong ones is. A record that a crash cut short, and all behind it, are taken
//! for absent; the next save writes the file anew, as it does once most of it is of no more use. Where to go next:
//! `builds.rs`, whose records these are.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// What tells records apart.
pub(super) type Key = [u8; 16];

/// Begins each record; then come its key, the length of its content as `u32`, little end first, and the content.
const MARK: [u8; 4] = *b"tpr1";
const HEAD: u64 = 4 + 16 + 4;

/// The records of one file, and those that are to be kept.
pub(super) struct Pack {
    path: PathBuf,
    kept: OnceLock<Option<Kept>>,
    /// Whole records.
    added: Mutex<Vec<Vec<u8>>>,
}

/// What the file holds.
struct Kept {
    file: Mutex<File>,
    /// Where the content of the last record of each key stands, and its length.
    places: BTreeMap<Key, (u64, u32)>,
    /// Whether there is anything else in it than records.
    broken: bool,
    /// The length of the file.
    length: u64,
}

impl Pack {
    /// The records in the file `path`, which need not be there. Nothing is read yet.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, kept: OnceLock::new(), added: Mutex::default() }
    }

    fn kept(&self) -> Option<&Kept> {
        self.kept.get_or_init(|| Kept::read(&self.path)).as_ref()
    }

    /// The record that was saved last under a key.
    pub(super) fn get(&self, key: &Key) -> Option<Vec<u8>> {
        self.kept()?.get(key)
    }

    /// Takes in a record, for [`Pack::save`].
    pub(super) fn add(&self, key: &Key, content: &[u8]) {
        let Ok(length) = u32::try_from(content.len()) else { return };
        let mut record = Vec::with_capacity(MARK.len() + key.len() + 4 + content.len());
        record.extend(MARK);
        record.extend(key);
        record.extend(length.to_le_bytes());
        record.extend(content);
        lock(&self.added).push(record);
    }

    /// Writes what was added behind what is there; none if it cannot be written.
    pub(super) fn save(&self) -> Option<()> {
        let added = std::mem::take(&mut *lock(&self.added));
        if added.is_empty() {
            return Some(());
        }
        match self.kept() {
            Some(kept) if !kept.is_worn() => {
                // One call: the records of two processes do not mix.
                let mut file = fs::OpenOptions::new().append(true).open(&self.path).ok()?;
                file.write_all(&added.concat()).ok()
            }
            kept => self.anew(kept, &added),
        }
    }

    /// A new file, of what is of use in the old one and what was added.
    fn anew(&self, old: Option<&Kept>, added: &[Vec<u8>]) -> Option<()> {
        let folder = self.path.parent()?;
        // What else is in the folder was kept by other versions of the program.
        let stale = fs::read_dir(folder).into_iter().flatten().flatten();
        stale.filter(|entry| entry.path() != self.path).for_each(|entry| remove(&entry.path()));
        fs::create_dir_all(folder).ok()?;
        let mut temporary = tempfile::NamedTempFile::new_in(folder).ok()?;
        for (key, (_, length)) in old.into_iter().flat_map(|old| &old.places) {
            let Some(content) = old.and_then(|old| old.get(key)) else { continue };
            temporary.write_all(&MARK).ok()?;
            temporary.write_all(key).ok()?;
            temporary.write_all(&length.to_le_bytes()).ok()?;
            temporary.write_all(&content).ok()?;
        }
        for record in added {
            temporary.write_all(record).ok()?;
        }
        temporary.persist(&self.path).ok().map(|_| ())
    }
}

fn remove(path: &Path) {
    // It is looked at again the next time.
    let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Kept {
    fn read(path: &Path) -> Option<Self> {
        let mut file = File::open(path).ok()?;
        let length = file.metadata().ok()?.len();
        let mut places = BTreeMap::new();
        let (mut at, mut broken) = (0, false);
        while at < length {
            let Some((key, content)) = head(&mut file, at) else {
                broken = true;
                break;
            };
            let end = at + HEAD + u64::from(content);
            if end > length {
                broken = true;
                break;
            }
            places.insert(key, (at + HEAD, content));
            at = end;
        }
        Some(Self { file: Mutex::new(file), places, broken, length })
    }

    fn get(&self, key: &Key) -> Option<Vec<u8>> {
        let (at, length) = *self.places.get(key)?;
        let mut file = lock(&self.file);
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut content = vec![0; usize::try_from(length).ok()?];
        file.read_exact(&mut content).ok()?;
        Some(content)
    }

    /// Whether the file is better written anew: most of it was followed by something newer.
    fn is_worn(&self) -> bool {
        let live: u64 = self.places.values().map(|(_, length)| HEAD + u64::from(*length)).sum();
        self.broken || self.length > 2 * live
    }
}

fn head(file: &mut File, at: u64) -> Option<(Key, u32)> {
    let mut mark = [0; 4];
    let (mut key, mut length) = (Key::default(), [0; 4]);
    file.seek(SeekFrom::Start(at)).ok()?;
    for part in [&mut mark[..], &mut key[..], &mut length[..]] {
        file.read_exact(part).ok()?;
    }
    (mark == MARK).then(|| (key, u32::from_le_bytes(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Key {
        [number; 16]
    }

    /// Adds records and saves them, as one process does.
    fn process(path: &Path, records: &[(u8, &str)]) {
        let pack = Pack::new(path.to_owned());
        for (number, content) in records {
            pack.add(&key(*number), content.as_bytes());
        }
        pack.save().expect("it can be written");
    }

    fn get(path: &Path, number: u8) -> Option<String> {
        let content = Pack::new(path.to_owned()).get(&key(number))?;
        Some(String::from_utf8(content).expect("it was text"))
    }

    #[test]
    fn the_last_record_of_a_key_counts_and_the_file_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("packs/one");
        assert_eq!(get(&path, 1), None);
        process(&path, &[(1, "a"), (2, "b")]);
        process(&path, &[(1, "c")]);
        assert_eq!((get(&path, 1), get(&path, 2)), (Some("c".to_owned()), Some("b".to_owned())));
        let after_two = fs::metadata(&path).expect("it is there").len();
        for _ in 0..20 {
            process(&path, &[(1, "d")]);
        }
        assert!(fs::metadata(&path).expect("it is there").len() < 3 * after_two);
        assert_eq!((get(&path, 1), get(&path, 2)), (Some("d".to_owned()), Some("b".to_owned())));
    }

    #[test]
    fn what_was_cut_short_is_absent_until_it_is_written_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("one");
        process(&path, &[(1, "first"), (2, "second")]);
        let whole = fs::read(&path).expect("it is there");
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("it can be written");
            assert_eq!(get(&path, 2), None);
            assert!(get(&path, 1).is_none_or(|content| content == "first"));
            process(&path, &[(2, "again")]);
            assert_eq!(get(&path, 2).as_deref(), Some("again"));
        }
        fs::write(&path, "something else altogether").expect("it can be written");
        assert_eq!(get(&path, 1), None);
    }

    #[test]
    fn what_another_version_kept_is_deleted() {
        let folder = tempfile::tempdir().expect("a folder");
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        process(&old, &[(1, "a")]);
        process(&new, &[(1, "b")]);
        assert!(!old.exists());
        assert_eq!(get(&new, 1).as_deref(), Some("b"));
    }
}
