//! Reading: a layer in, its files out.
//!
//! A layer comes from a registry, so nothing in it is trusted: sizes are bounded before memory is taken, names are
//! checked before they become keys, and every way in which a layer can be wrong is an error of its own. What is
//! accepted is what Flux accepts (`fluxcd/pkg:tar/untar.go`), less its leniency about one file given twice. Nothing
//! is written to disk; whoever does so may trust the names.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::name::{NameProblem, normalize};

/// How much a layer may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of the unpacked archive.
    pub max_unpacked: u64,
    /// How many times larger than the layer its archive may be. An archive below [`ReadLimits::RATIO_FLOOR`] is let
    /// through at any ratio, because little zeros compress far.
    pub max_ratio: u64,
    /// Entries of the archive, of every type.
    pub max_entries: usize,
    /// Bytes of one name.
    pub max_path: usize,
}

impl ReadLimits {
    /// Unpacked bytes that no ratio forbids: 8 MiB.
    pub const RATIO_FLOOR: u64 = 8 << 20;

    fn unpacked_for(&self, packed: usize) -> u64 {
        let by_ratio = (packed as u64).saturating_mul(self.max_ratio).max(Self::RATIO_FLOOR);
        self.max_unpacked.min(by_ratio)
    }
}

impl Default for ReadLimits {
    /// 100 MiB, which is the default of Flux's library; 200 times the layer; 100,000 entries; names of 4 KiB.
    fn default() -> Self {
        Self { max_unpacked: 100 << 20, max_ratio: 200, max_entries: 100_000, max_path: 4096 }
    }
}

/// What is in a layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Regular files by path; no path is absolute, leads upwards or has an empty component.
    pub files: BTreeMap<String, Entry>,
    /// Folders that the archive names. The root is not among them; a file's parents need not be.
    pub folders: BTreeSet<String>,
    /// Symbolic links, which Flux skips, in the order of the archive.
    pub skipped: Vec<String>,
}

/// A regular file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Its permission bits as the archive has them.
    pub mode: u32,
}

impl Entry {
    /// Whether its owner may execute it.
    pub fn is_executable(&self) -> bool {
        self.mode & 0o100 != 0
    }
}

/// Why a layer cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not gzip, cut short, or damaged.
    #[error("the layer is not a whole gzip stream")]
    Gzip(#[source] std::io::Error),
    /// More unpacked bytes than allowed, by size or by ratio.
    #[error("the layer of {packed} bytes unpacks to more than {limit}")]
    TooLarge {
        /// The length of the layer.
        packed: usize,
        /// What was allowed.
        limit: u64,
    },
    /// Not tar, or damaged.
    #[error("the archive is malformed")]
    Tar(#[source] std::io::Error),
    /// The archive ends inside a file.
    #[error("the archive ends inside `{path}`")]
    Truncated {
        /// The file.
        path: String,
    },
    /// More entries than allowed.
    #[error("the archive has more than {0} entries")]
    TooManyEntries(usize),
    /// A name that leads out of the artifact, or that no file can have.
    #[error("the archive holds the name `{name}`: {problem}")]
    Name {
        /// The name; bytes that are not UTF-8 are replaced.
        name: String,
        /// What is wrong with it.
        problem: NameProblem,
    },
    /// Something that is neither a file nor a folder nor a symbolic link.
    #[error("`{path}` has the tar type `{kind}`, which Flux does not unpack")]
    Kind {
        /// Its path.
        path: String,
        /// The type flag of its header.
        kind: char,
    },
    /// One file twice: which one counts would depend on the reader.
    #[error("the archive holds `{0}` twice")]
    Duplicate(String),
    /// A file that is also a folder.
    #[error("the archive holds `{0}` as a file and as a folder")]
    FileAndFolder(String),
}

/// Unpacks a layer in memory.
pub fn read_layer(layer: &[u8], limits: &ReadLimits) -> Result<Contents, ReadError> {
    let archive = gunzip(layer, limits.unpacked_for(layer.len()))?;
    let mut contents = Contents::default();
    let mut archive = tar::Archive::new(archive.as_slice());
    for (count, entry) in archive.entries().map_err(ReadError::Tar)?.enumerate() {
        let entry = entry.map_err(ReadError::Tar)?;
        if count >= limits.max_entries {
            return Err(ReadError::TooManyEntries(limits.max_entries));
        }
        contents.add(entry, limits.max_path)?;
    }
    contents.reject_files_as_folders()?;
    Ok(contents)
}

fn gunzip(layer: &[u8], limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(layer)
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(ReadError::Gzip)?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { packed: layer.len(), limit });
    }
    Ok(bytes)
}

impl Contents {
    fn add(&mut self, mut entry: tar::Entry<'_, &[u8]>, max_path: usize) -> Result<(), ReadError> {
        let kind = entry.header().entry_type();
        if kind.is_pax_global_extensions() {
            return Ok(());
        }
        let path = path_of(&entry, max_path)?;
        if kind.is_dir() || is_legacy_folder(&entry) {
            if !path.is_empty() {
                self.folders.insert(path);
            }
        } else if kind.is_symlink() {
            self.skipped.push(path);
        } else if kind.is_file() {
            if path.is_empty() {
                return Err(ReadError::FileAndFolder(".".to_owned()));
            }
            let file = read_file(&mut entry, &path)?;
            if self.files.insert(path.clone(), file).is_some() {
                return Err(ReadError::Duplicate(path));
            }
        } else {
            return Err(ReadError::Kind { path, kind: char::from(kind.as_byte()) });
        }
        Ok(())
    }

    /// One look-up for each file: walking up from every name would let deep names cost more than their bytes.
    fn reject_files_as_folders(&self) -> Result<(), ReadError> {
        for file in self.files.keys() {
            let below = format!("{file}/");
            let first_file = self.files.range(below.clone()..).next().map(|(path, _)| path);
            let first_folder = self.folders.range(below.clone()..).next();
            let has_children = [first_file, first_folder]
                .into_iter()
                .flatten()
                .any(|path| path.starts_with(&below));
            if has_children || self.folders.contains(file) {
                return Err(ReadError::FileAndFolder(file.clone()));
            }
        }
        Ok(())
    }
}

/// Before POSIX gave folders a type, a trailing slash told them from files.
fn is_legacy_folder(entry: &tar::Entry<'_, &[u8]>) -> bool {
    entry.header().as_bytes()[156] == 0 && entry.path_bytes().ends_with(b"/")
}

fn path_of(entry: &tar::Entry<'_, &[u8]>, max_path: usize) -> Result<String, ReadError> {
    let bytes = entry.path_bytes();
    let error = |problem| {
        let shown = &bytes[..bytes.len().min(max_path)];
        ReadError::Name { name: String::from_utf8_lossy(shown).into_owned(), problem }
    };
    if bytes.len() > max_path {
        return Err(error(NameProblem::TooLong(max_path)));
    }
    let name = std::str::from_utf8(&bytes).map_err(|_| error(NameProblem::NotUtf8))?;
    normalize(name).map_err(error)
}

fn read_file(entry: &mut tar::Entry<'_, &[u8]>, path: &str) -> Result<Entry, ReadError> {
    let mode = entry.header().mode().map_err(ReadError::Tar)? & 0o777;
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(ReadError::Tar)?;
    if bytes.len() as u64 != entry.size() {
        return Err(ReadError::Truncated { path: path.to_owned() });
    }
    Ok(Entry { bytes, mode })
}
