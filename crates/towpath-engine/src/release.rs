//! Packaging a component from a commit, and publishing it: same commit, same bytes, on any machine.
//!
//! Never reads a work tree by itself: files of one come in as values when a user asked for that.
//! A version is published once; the ledger and the registry must agree on its digest.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use towpath_artifact::ignore::Matcher;
use towpath_artifact::{Artifact, FileEntry, Metadata, PackError, pack};
use towpath_core::id::{CommitId, Digest};
use towpath_core::path::Component;
use towpath_core::record::Event;
use towpath_core::version::Version;

use crate::ledger::{self, Entry, LedgerError};
use crate::observe::core_digest;
use crate::ports::{
    ArtifactLocation, FileMode, PushContent, Pushed, Registry, RegistryError, Repository,
    RepositoryError,
};

/// Why a release could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// Git could not answer.
    #[error("the files could not be read from Git")]
    Repository(#[from] RepositoryError),
    /// The files cannot be packed.
    #[error("the files cannot be packed")]
    Pack(#[from] PackError),
    /// The registry could not answer.
    #[error("the artifact could not be published")]
    Registry(#[from] RegistryError),
    /// The ledger could not be read or written.
    #[error("the release could not be recorded")]
    Ledger(#[from] LedgerError),
    /// The version is there with another content.
    #[error("{version} is already in {place} with another content: {found}")]
    Taken {
        /// Which version.
        version: Version,
        /// `the ledger` or the registry's location.
        place: String,
        /// The digest there.
        found: Digest,
    },
}

/// A packaged component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The blobs.
    pub artifact: Artifact,
    /// How many files it holds.
    pub files: usize,
    /// Symbolic links and submodules, which are left out as Flux leaves them out.
    pub left_out: Vec<String>,
}

/// What a package says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The version it is packaged as.
    pub version: Version,
    /// The commit its files are from.
    pub commit: CommitId,
    /// The commit's time.
    pub created: Timestamp,
    /// The repository's URL as its clusters know it.
    pub source: String,
}

/// The patterns that choose a component's files: those stated, else its folders and nothing beside.
#[must_use]
pub fn patterns(component: &Component) -> String {
    match &component.ignore {
        Some(ignore) => ignore.replace('\n', ","),
        None if component.paths.iter().all(|p| p.is_root()) => String::new(),
        None => {
            let keep = component.paths.iter().map(|p| format!("!/{}/**", p.as_str()));
            std::iter::once("*".to_owned()).chain(keep).collect::<Vec<_>>().join(",")
        }
    }
}

/// The matcher of some patterns; no pattern at all means what `flux push artifact` leaves out.
#[must_use]
pub fn matcher(patterns: &str) -> Matcher {
    Matcher::for_push((!patterns.trim().is_empty()).then_some(patterns))
}

/// Packages the files of a commit.
///
/// # Errors
/// [`ReleaseError`].
pub fn package(
    repository: &dyn Repository,
    about: &About,
    matcher: &Matcher,
) -> Result<Package, ReleaseError> {
    let mut kept = Vec::new();
    let mut files = Vec::new();
    let mut left_out = Vec::new();
    for entry in repository.entries(&about.commit)? {
        let parts: Vec<&str> = entry.path.as_str().split('/').collect();
        let excluded = matcher.excludes(&parts, false);
        match entry.mode {
            FileMode::Symlink | FileMode::Submodule => {
                if !excluded {
                    left_out.push(entry.path.to_string());
                }
                continue;
            }
            // An excluded file is named all the same: its folders are judged by themselves.
            FileMode::Regular | FileMode::Executable if excluded => {}
            FileMode::Regular | FileMode::Executable => kept.push((files.len(), entry.blob)),
        }
        files.push(FileEntry {
            path: entry.path.to_string(),
            executable: entry.mode == FileMode::Executable,
            bytes: Cow::Borrowed(&[]),
        });
    }
    let names: Vec<String> = kept.iter().map(|(_, blob)| blob.clone()).collect();
    for ((index, _), bytes) in kept.iter().zip(repository.blobs(&names)?) {
        files[*index].bytes = Cow::Owned(bytes);
    }
    pack_files(files, about, matcher, left_out, BTreeMap::new())
}

/// Packages files of a work tree, which a user asked for; the package says so.
///
/// # Errors
/// [`ReleaseError::Pack`].
pub fn package_work_tree(
    files: Vec<FileEntry<'_>>,
    about: &About,
    matcher: &Matcher,
) -> Result<Package, ReleaseError> {
    let mark = BTreeMap::from([("towpath.dev/work-tree".to_owned(), "true".to_owned())]);
    pack_files(files, about, matcher, Vec::new(), mark)
}

fn pack_files(
    files: Vec<FileEntry<'_>>,
    about: &About,
    matcher: &Matcher,
    left_out: Vec<String>,
    annotations: BTreeMap<String, String>,
) -> Result<Package, ReleaseError> {
    let algorithm = if about.commit.as_str().len() == 64 { "sha256" } else { "sha1" };
    let metadata = Metadata {
        source: about.source.clone(),
        revision: format!("{}@{algorithm}:{}", about.version.original(), about.commit),
        created: about.created.to_string(),
        annotations,
    };
    let count = files
        .iter()
        .filter(|f| !matcher.excludes(&f.path.split('/').collect::<Vec<_>>(), false))
        .count();
    let artifact = pack(files, matcher, &metadata)?;
    Ok(Package { artifact, files: count, left_out })
}

/// Publishes a package under its version's tag and records it, each once.
/// Answers whether the tag was created now, and the ledger's entry.
///
/// # Errors
/// [`ReleaseError::Taken`] when the version is there with another content; then nothing was changed.
pub fn publish(
    repository: &dyn Repository,
    registry: &dyn Registry,
    at: &ArtifactLocation,
    component: &Component,
    about: &About,
    package: &Package,
    now: Timestamp,
) -> Result<(bool, Entry), ReleaseError> {
    let digest = core_digest(package.artifact.digest());
    refuse_recorded(repository, component, about, &digest)?;
    let created = push(registry, at, about, package)?;
    let event = Event::Released {
        component: component.name.clone(),
        version: about.version.clone(),
        tag: about.version.original().to_owned(),
        digest: digest.clone(),
        commit: about.commit.clone(),
        location: at.to_string(),
    };
    let (entry, _) = ledger::append_unless(repository, now, event, |r| {
        matches!(&r.event, Event::Released { component: c, version: v, digest: d, .. }
            if *c == component.name && *v == about.version && *d == digest)
    })?;
    Ok((created, entry))
}

/// Pushes a package under its version's tag. Answers whether the tag was created now.
///
/// # Errors
/// [`ReleaseError`].
pub fn push(
    registry: &dyn Registry,
    at: &ArtifactLocation,
    about: &About,
    package: &Package,
) -> Result<bool, ReleaseError> {
    let artifact = &package.artifact;
    let content = PushContent {
        media_type: artifact.manifest.media_type,
        manifest: &artifact.manifest.bytes,
        blobs: vec![
            (core_digest(&artifact.config.digest), &artifact.config.bytes),
            (core_digest(&artifact.layer.digest), &artifact.layer.bytes),
        ],
    };
    match registry.push(at, &content, about.version.original())? {
        Pushed::Created => Ok(true),
        Pushed::AlreadyThere => Ok(false),
        Pushed::Conflict { found } => Err(ReleaseError::Taken {
            version: about.version.clone(),
            place: at.to_string(),
            found,
        }),
    }
}

/// Says whether publishing would be refused, and changes nothing. A registry that is not given is not asked.
///
/// # Errors
/// [`ReleaseError::Taken`] when the version is there with another content.
pub fn refuse_taken(
    repository: &dyn Repository,
    registry: Option<&dyn Registry>,
    at: &ArtifactLocation,
    component: &Component,
    about: &About,
    package: &Package,
) -> Result<(), ReleaseError> {
    let digest = core_digest(package.artifact.digest());
    refuse_recorded(repository, component, about, &digest)?;
    let found = match registry {
        Some(registry) => registry.manifest(at, about.version.original())?,
        None => None,
    };
    match found {
        Some(found) if found.digest != digest => Err(ReleaseError::Taken {
            version: about.version.clone(),
            place: at.to_string(),
            found: found.digest,
        }),
        _ => Ok(()),
    }
}

fn refuse_recorded(
    repository: &dyn Repository,
    component: &Component,
    about: &About,
    digest: &Digest,
) -> Result<(), ReleaseError> {
    for entry in ledger::read(repository)? {
        if let Event::Released { component: c, version, digest: found, .. } = &entry.record.event
            && *c == component.name
            && *version == about.version
            && found != digest
        {
            return Err(ReleaseError::Taken {
                version: about.version.clone(),
                place: "the ledger".to_owned(),
                found: found.clone(),
            });
        }
    }
    Ok(())
}
