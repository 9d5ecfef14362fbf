//! A journal on disk: the objects as they are, in an embedded store, each with a checksum.
//!
//! One transaction is one call of [`Journal::write`]: after a crash the store is as after one of them. Nothing is read
//! while a cluster runs; all is read when it starts, and compared with what is noted of the whole. What does not agree
//! is an error: a cluster that quietly lost something is worse than one that does not start.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use sha2::{Digest as _, Sha256};
use towpath_apimachinery::store::{Event, Happened, Kept, Key};

use super::{Journal, JournalError};

/// From [`address`] to [`record`].
const OBJECTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("objects");

/// What is noted of the whole.
const NOTES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("notes");

/// How the tables are to be read.
const FORMAT: &[u8] = b"1";

/// The store is only written, so that what it keeps in memory is small.
const CACHE: usize = 4 << 20;

/// The bytes of a record before its text: revision and checksum.
const BEFORE_TEXT: usize = 16;

/// A journal on disk.
pub struct Disk {
    database: Database,
    file: PathBuf,
    objects: u64,
}

/// What a journal held when it was opened.
#[derive(Debug)]
pub struct Past {
    /// The newest revision; `None` if nothing was ever written.
    pub revision: Option<u64>,
    /// The objects.
    pub objects: Vec<Kept>,
}

impl Disk {
    /// Opens the journal in a folder, or begins one, for a cluster of a version of Kubernetes (`1.36`).
    ///
    /// # Errors
    ///
    /// [`JournalError`]: the folder cannot be used, another process has it, it is that of another version, or what is in
    /// it is damaged.
    pub fn open(folder: &Path, kubernetes: &str) -> Result<(Self, Past), JournalError> {
        let file = folder.join("cluster.redb");
        let database = Database::builder()
            .set_cache_size(CACHE)
            .set_check_integrity_on_open(true)
            .create(&file)
            .map_err(|error| unusable(&file, error))?;
        let mut disk = Self { database, file, objects: 0 };
        let past = match disk.notes()? {
            Some(notes) => disk.read(folder, kubernetes, &notes)?,
            None => {
                disk.begin(kubernetes)?;
                Past { revision: None, objects: Vec::new() }
            }
        };
        Ok((disk, past))
    }

    /// The file that all is in.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    fn begin(&self, kubernetes: &str) -> Result<(), JournalError> {
        let begin = || -> Result<(), redb::Error> {
            let write = self.database.begin_write()?;
            write.open_table(OBJECTS)?;
            let mut notes = write.open_table(NOTES)?;
            notes.insert("format", FORMAT)?;
            notes.insert("kubernetes", kubernetes.as_bytes())?;
            drop(notes);
            write.commit()?;
            Ok(())
        };
        begin().map_err(|error| self.refused("begin", error))
    }

    fn notes(&self) -> Result<Option<Notes>, JournalError> {
        let notes = || -> Result<Option<Notes>, redb::Error> {
            let read = self.database.begin_read()?;
            let table = match read.open_table(NOTES) {
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
                table => table?,
            };
            let note = |name| table.get(name).map(|note| note.map(|note| note.value().to_vec()));
            let number = |name| -> Result<Option<u64>, redb::Error> {
                Ok(note(name)?.and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes))
            };
            Ok(Some(Notes {
                format: note("format")?.unwrap_or_default(),
                kubernetes: note("kubernetes")?.unwrap_or_default(),
                revision: number("revision")?,
                objects: number("objects")?.unwrap_or_default(),
            }))
        };
        notes().map_err(|error| self.refused("read", error))
    }

    fn read(&mut self, folder: &Path, asked: &str, notes: &Notes) -> Result<Past, JournalError> {
        if notes.format != FORMAT {
            let format = String::from_utf8_lossy(&notes.format);
            return Err(self.damaged(format!("its format {format:?} is not known")));
        }
        if notes.kubernetes != asked.as_bytes() {
            return Err(JournalError::OtherVersion {
                folder: folder.to_owned(),
                found: String::from_utf8_lossy(&notes.kubernetes).into_owned(),
                asked: asked.to_owned(),
            });
        }
        let read = || -> Result<Vec<Result<Kept, String>>, redb::Error> {
            let read = self.database.begin_read()?;
            let table = read.open_table(OBJECTS)?;
            let mut objects = Vec::new();
            for entry in table.iter()? {
                let (address, record) = entry?;
                objects.push(kept(address.value(), record.value()));
            }
            Ok(objects)
        };
        let objects: Result<Vec<Kept>, String> =
            read().map_err(|error| self.refused("read", error))?.into_iter().collect();
        let objects = objects.map_err(|what| self.damaged(what))?;
        if objects.len() as u64 != notes.objects {
            let (found, noted) = (objects.len(), notes.objects);
            return Err(self.damaged(format!("it has {found} objects instead of {noted}")));
        }
        self.objects = notes.objects;
        Ok(Past { revision: notes.revision, objects })
    }

    fn refused(&self, what: &'static str, error: redb::Error) -> JournalError {
        JournalError::Store { what, file: self.file.clone(), source: Box::new(error) }
    }

    fn damaged(&self, what: String) -> JournalError {
        JournalError::Damaged { file: self.file.clone(), what }
    }
}

impl Journal for Disk {
    fn write(&mut self, events: &[Arc<Event>]) -> Result<(), JournalError> {
        let mut objects = self.objects;
        let mut commit = || -> Result<(), redb::Error> {
            let write = self.database.begin_write()?;
            let mut table = write.open_table(OBJECTS)?;
            for event in events {
                let address = address(&event.key);
                match event.happened {
                    Happened::Deleted => {
                        table.remove(address.as_slice())?;
                        objects -= 1;
                    }
                    happened => {
                        let text = event.object.tail();
                        let record = record(&address, event.revision, text);
                        table.insert(address.as_slice(), record.as_slice())?;
                        objects += u64::from(happened == Happened::Added);
                    }
                }
            }
            drop(table);
            let mut notes = write.open_table(NOTES)?;
            if let Some(newest) = events.last() {
                notes.insert("revision", newest.revision.to_le_bytes().as_slice())?;
            }
            notes.insert("objects", objects.to_le_bytes().as_slice())?;
            drop(notes);
            write.commit()?;
            Ok(())
        };
        commit().map_err(|error| self.refused("write", error))?;
        self.objects = objects;
        Ok(())
    }
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Disk").field("file", &self.file).finish_non_exhaustive()
    }
}

struct Notes {
    format: Vec<u8>,
    kubernetes: Vec<u8>,
    revision: Option<u64>,
    objects: u64,
}

/// Where an object lies: names have no byte 0.
fn address(key: &Key) -> Vec<u8> {
    [key.resource.as_bytes(), key.namespace.as_bytes(), key.name.as_bytes()].join(&0)
}

fn record(address: &[u8], revision: u64, text: &str) -> Vec<u8> {
    let mut record = Vec::with_capacity(BEFORE_TEXT + text.len());
    record.extend_from_slice(&revision.to_le_bytes());
    record.extend_from_slice(&checksum(address, revision, text.as_bytes()));
    record.extend_from_slice(text.as_bytes());
    record
}

fn checksum(address: &[u8], revision: u64, text: &[u8]) -> [u8; 8] {
    let hash = Sha256::new().chain_update(revision.to_le_bytes()).chain_update(address);
    let hash = hash.chain_update([0]).chain_update(text).finalize();
    hash.first_chunk().copied().expect("a hash has 32 bytes")
}

/// The object of an entry, or what is wrong with it.
fn kept(address: &[u8], record: &[u8]) -> Result<Kept, String> {
    let name = || String::from_utf8_lossy(address).replace('\0', " ");
    let wrong = || format!("the record of {} is not as it was written", name());
    let (before, text) = record.split_at_checked(BEFORE_TEXT).ok_or_else(wrong)?;
    let (revision, sum) = before.split_first_chunk::<8>().ok_or_else(wrong)?;
    let revision = u64::from_le_bytes(*revision);
    if checksum(address, revision, text) != sum {
        return Err(wrong());
    }
    let mut parts = std::str::from_utf8(address).map_err(|_| wrong())?.split('\0');
    let (Some(resource), Some(namespace), Some(name), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(wrong());
    };
    let tail = std::str::from_utf8(text).map_err(|_| wrong())?.into();
    Ok(Kept { key: Key::new(&resource.into(), namespace, name), revision, tail })
}

fn unusable(file: &Path, error: DatabaseError) -> JournalError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => JournalError::InUse(file.to_owned()),
        error => JournalError::Store {
            what: "open",
            file: file.to_owned(),
            source: Box::new(error.into()),
        },
    }
}
