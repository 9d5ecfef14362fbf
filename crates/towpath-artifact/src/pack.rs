//! Packing: files in, the three blobs of an artifact out.
//!
//! [`pack()`] does what `flux push artifact` does between reading the folder and talking to the registry
//! (`fluxcd/pkg:oci/build.go`, `fluxcd/pkg:oci/push.go`). Three choices differ, each for the sake of one release
//! having one digest:
//!
//! - Modes are 0644, 0755 for what Git calls executable, and 0755 for folders. Flux keeps what the file system has,
//!   which is whatever the umask of a build machine made of the two modes that Git knows; and source-controller
//!   replaces modes by its own when it stores the artifact, so no cluster sees the difference.
//! - The layer is compressed with one encoder at one level. The tar stream inside is the one that Flux would
//!   write, but `flux diff artifact` compares compressed bytes and will call it different; [`crate::diff()`] compares
//!   contents.
//! - A package without a file is refused: Flux takes an empty artifact as the wish to delete everything.
//!
//! Symbolic links do not exist here: like Flux, the caller leaves them out when it lists the files.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use crate::digest::Digest;
use crate::ignore::Matcher;
use crate::manifest::{
    CONFIG_MEDIA_TYPE, CREATED, Descriptor, LAYER_MEDIA_TYPE, MANIFEST_MEDIA_TYPE, Manifest,
    REVISION, SOURCE,
};
use crate::name::{NameProblem, check_normal};
use crate::tarball::{MAX_FILE_LEN, Tarball};

/// What go-containerregistry writes for an artifact that is no image; Flux reads none of it.
const CONFIG: &str = r#"{"architecture":"","created":"0001-01-01T00:00:00Z","os":"","rootfs":{"type":"layers","diff_ids":null},"config":{}}"#;

const FILE_MODE: u32 = 0o644;
const EXECUTABLE_MODE: u32 = 0o755;
const DIRECTORY_MODE: u32 = 0o755;

/// The default of gzip and of Go. Changing it changes the digest of every release made again.
const COMPRESSION_LEVEL: u32 = 6;
/// RFC 1952's "unknown", which Go writes on every system.
const GZIP_OS_UNKNOWN: u8 = 255;

/// A regular file to pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEntry<'a> {
    /// Its path from the root of the artifact, with slashes.
    pub path: String,
    /// Whether its owner may execute it.
    pub executable: bool,
    /// Its content.
    pub bytes: Cow<'a, [u8]>,
}

/// What the manifest says about the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Where the files come from, usually the URL of a Git repository.
    pub source: String,
    /// Their revision there; Flux documents `main@sha1:…`, see [`crate::RevisionRef`].
    pub revision: String,
    /// The time to record, RFC 3339 in UTC. For an artifact that can be made again, the commit's time.
    pub created: String,
    /// Further annotations. One that names a standard key takes the place of the value above, as in Flux.
    pub annotations: BTreeMap<String, String>,
}

/// Bytes for a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// What they are.
    pub media_type: &'static str,
    /// Their digest.
    pub digest: Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Blob {
    fn new(media_type: &'static str, bytes: Vec<u8>) -> Self {
        Self { media_type, digest: Digest::of(&bytes), bytes }
    }

    fn descriptor(&self) -> Descriptor {
        Descriptor {
            media_type: self.media_type.to_owned(),
            size: self.bytes.len() as u64,
            digest: self.digest.clone(),
        }
    }
}

/// The blobs of an artifact, to be pushed in this order. The digest of the manifest is the release's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// The config blob, the same for every artifact.
    pub config: Blob,
    /// The files.
    pub layer: Blob,
    /// The manifest that names the two.
    pub manifest: Blob,
}

impl Artifact {
    /// The digest of the release.
    pub fn digest(&self) -> &Digest {
        &self.manifest.digest
    }
}

/// Why files cannot be packed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// A path that Flux would refuse, or that is not in its only form.
    #[error("cannot pack `{path}`: {problem}")]
    Name {
        /// The path as given.
        path: String,
        /// What is wrong with it.
        problem: NameProblem,
    },
    /// One path, given twice.
    #[error("cannot pack `{0}` twice")]
    Duplicate(String),
    /// A path that is a file and, by the path of another file, a folder.
    #[error("cannot pack `{0}` as a file and as a folder")]
    FileAndFolder(String),
    /// A file beyond the 8 GiB that tar can state.
    #[error("cannot pack `{0}`: it is larger than 8 GiB")]
    TooLarge(String),
    /// No file is left after the ignore patterns.
    #[error("nothing to pack: of {offered} files, none is left by the ignore patterns")]
    Empty {
        /// How many files were given.
        offered: usize,
    },
}

/// Packs the files that the matcher does not exclude. The order in which they come does not matter.
///
/// Folders are not given but follow from the paths of all files, excluded ones too. As in Flux each is judged by
/// itself: a folder may be missing from the archive while files below it are in.
///
/// # Errors
/// [`PackError`].
pub fn pack<'a>(
    files: impl IntoIterator<Item = FileEntry<'a>>,
    matcher: &Matcher,
    metadata: &Metadata,
) -> Result<Artifact, PackError> {
    let mut contents = Vec::new();
    let names: Vec<FileName> = files
        .into_iter()
        .map(|file| {
            contents.push(file.bytes);
            FileName { path: file.path, executable: file.executable }
        })
        .collect();
    let mut packer = Packer::new(&names, matcher)?;
    for at in packer.order() {
        packer.add(&contents[at])?;
    }
    Ok(packer.finish(metadata))
}

/// A regular file whose content is still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName {
    /// Its path from the root of the artifact, with slashes.
    pub path: String,
    /// Whether its owner may execute it.
    pub executable: bool,
}

/// Packing while contents arrive: whoever reads files and whoever compresses them need not wait for each other.
pub struct Packer<'n> {
    names: &'n [FileName],
    items: std::vec::IntoIter<Item<'n>>,
    tarball: Tarball<GzEncoder<Vec<u8>>>,
}

impl<'n> Packer<'n> {
    /// Begins with the names of all files, excluded ones too, in any order.
    ///
    /// # Errors
    /// [`PackError`] when the names make no archive.
    pub fn new(names: &'n [FileName], matcher: &Matcher) -> Result<Self, PackError> {
        let items = items(names, matcher)?.into_iter();
        let encoder = GzBuilder::new()
            .mtime(0)
            .operating_system(GZIP_OS_UNKNOWN)
            .write(Vec::new(), Compression::new(COMPRESSION_LEVEL));
        let mut tarball = Tarball::new(encoder);
        tarball.directory(".", DIRECTORY_MODE);
        let mut packer = Self { names, items, tarball };
        packer.folders();
        Ok(packer)
    }

    /// The files that are packed, as positions among the names, in the order in which [`Packer::add`] wants them.
    #[must_use]
    pub fn order(&self) -> Vec<usize> {
        self.items.as_slice().iter().filter_map(|item| item.file).collect()
    }

    /// Adds the content of the next file of [`Packer::order`]; one beyond the last is ignored.
    ///
    /// # Errors
    /// [`PackError::TooLarge`].
    pub fn add(&mut self, content: &[u8]) -> Result<(), PackError> {
        let Some(at) = self.items.next().and_then(|item| item.file) else { return Ok(()) };
        let file = &self.names[at];
        if content.len() > MAX_FILE_LEN {
            return Err(PackError::TooLarge(file.path.clone()));
        }
        let mode = if file.executable { EXECUTABLE_MODE } else { FILE_MODE };
        self.tarball.file(&file.path, mode, content);
        self.folders();
        Ok(())
    }

    /// Writes the folders that stand before the next file.
    fn folders(&mut self) {
        while let Some(Item { components, file: None }) = self.items.as_slice().first() {
            self.tarball.directory(&components.join("/"), DIRECTORY_MODE);
            self.items.next();
        }
    }

    /// The artifact of all files that were added.
    #[must_use]
    pub fn finish(self, metadata: &Metadata) -> Artifact {
        let layer = self.tarball.finish().finish().expect("writing to memory does not fail");
        let layer = Blob::new(LAYER_MEDIA_TYPE, layer);
        let config = Blob::new(CONFIG_MEDIA_TYPE, CONFIG.as_bytes().to_vec());
        let manifest =
            Manifest::new(config.descriptor(), layer.descriptor(), annotations(metadata));
        let manifest = Blob::new(MANIFEST_MEDIA_TYPE, manifest.to_bytes());
        Artifact { config, layer, manifest }
    }
}

/// An entry of the archive, sorted by the components of its path: the order in which Go walks a tree.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Item<'a> {
    components: Vec<&'a str>,
    /// Nothing for a folder; the position among the files given otherwise.
    file: Option<usize>,
}

fn items<'f>(files: &'f [FileName], matcher: &Matcher) -> Result<Vec<Item<'f>>, PackError> {
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    let mut items = Vec::with_capacity(files.len());
    for (at, file) in files.iter().enumerate() {
        // Folders come in runs, so most are known already and the walk to the root can stop early.
        let mut path = file.path.as_str();
        while let Some((parent, _)) = path.rsplit_once('/')
            && folders.insert(parent)
        {
            path = parent;
        }
        let components: Vec<&str> = file.path.split('/').collect();
        if matcher.excludes(&components, false) {
            continue;
        }
        check(&file.path)?;
        items.push(Item { components, file: Some(at) });
    }
    if items.is_empty() {
        return Err(PackError::Empty { offered: files.len() });
    }
    for folder in folders {
        let components: Vec<&str> = folder.split('/').collect();
        if !matcher.excludes(&components, true) {
            check(folder)?;
            items.push(Item { components, file: None });
        }
    }
    items.sort_unstable();
    reject_clashes(&items)?;
    Ok(items)
}

fn check(path: &str) -> Result<(), PackError> {
    check_normal(path).map_err(|problem| PackError::Name { path: path.to_owned(), problem })
}

/// In walking order, whatever shares a path or lies below one follows it at once.
fn reject_clashes(items: &[Item<'_>]) -> Result<(), PackError> {
    for (first, second) in items.iter().zip(&items[1..]) {
        let path = || first.components.join("/");
        let same = first.components == second.components;
        if same && first.file.is_some() {
            return Err(PackError::Duplicate(path()));
        }
        let below = second.components.starts_with(&first.components);
        if same || (first.file.is_some() && below) {
            return Err(PackError::FileAndFolder(path()));
        }
    }
    Ok(())
}

fn annotations(metadata: &Metadata) -> BTreeMap<String, String> {
    let standard =
        [(CREATED, &metadata.created), (SOURCE, &metadata.source), (REVISION, &metadata.revision)];
    let mut annotations: BTreeMap<String, String> =
        standard.into_iter().map(|(key, value)| (key.to_owned(), value.clone())).collect();
    annotations.extend(metadata.annotations.clone());
    annotations
}
