//! Packaging a component from a commit, and publishing it: same commit, same bytes, on any machine.
//!
//! Never reads a work tree by itself: files of one come in as values when a user asked for that.
//! A version is published once; the ledger and the registry must agree on its digest.

use std::collections::BTreeMap;

use jiff::Timestamp;
use towpath_artifact::ignore::Matcher;
use towpath_artifact::{Artifact, FileEntry, FileName, Metadata, PackError, Packer, pack};
use towpath_core::id::{CommitId, Digest};
use towpath_core::path::Component;
use towpath_core::record::{Event, Record};
use towpath_core::version::Version;

use crate::ledger::{self, Entry, LedgerError};
use crate::observe::core_digest;
use crate::ports::{
    ArtifactLocation, FileMode, PushContent, Pushed, Registry, RegistryError, RegistryProblem,
    Repository, RepositoryError,
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
        // A comment may hold commas, and would be patterns after the first of them.
        Some(ignore) => {
            let lines = ignore.lines().filter(|line| !line.starts_with('#'));
            lines.collect::<Vec<_>>().join(",")
        }
        None if component.paths.is_empty() || component.paths.iter().any(|p| p.is_root()) => {
            String::new()
        }
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
    let mut names = Vec::new();
    let mut blobs = Vec::new();
    let mut left_out = Vec::new();
    for entry in repository.entries(&about.commit)? {
        if matches!(entry.mode, FileMode::Symlink | FileMode::Submodule) {
            let parts: Vec<&str> = entry.path.as_str().split('/').collect();
            if !matcher.excludes(&parts, false) {
                left_out.push(entry.path.to_string());
            }
            continue;
        }
        // An excluded file is named all the same: its folders are judged by themselves.
        let executable = entry.mode == FileMode::Executable;
        names.push(FileName { path: entry.path.to_string(), executable });
        blobs.push(entry.blob);
    }
    let mut packer = Packer::new(&names, matcher)?;
    let order: Vec<String> = packer.order().into_iter().map(|at| blobs[at].clone()).collect();
    let mut added = Ok(());
    repository.each_blob(&order, &mut |content| {
        if added.is_ok() {
            added = packer.add(&content);
        }
    })?;
    added?;
    let artifact = packer.finish(&metadata(about, BTreeMap::new()));
    Ok(Package { artifact, files: order.len(), left_out })
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
    let kept =
        |file: &&FileEntry<'_>| !matcher.excludes(&file.path.split('/').collect::<Vec<_>>(), false);
    let count = files.iter().filter(kept).count();
    let artifact = pack(files, matcher, &metadata(about, mark))?;
    Ok(Package { artifact, files: count, left_out: Vec::new() })
}

fn metadata(about: &About, annotations: BTreeMap<String, String>) -> Metadata {
    let algorithm = if about.commit.as_str().len() == 64 { "sha256" } else { "sha1" };
    Metadata {
        source: about.source.clone(),
        revision: format!("{}@{algorithm}:{}", about.version.original(), about.commit),
        created: about.created.to_string(),
        annotations,
    }
}

/// Publishes a package under its version's tag and records it, each once.
/// Answers whether the tag was created now, and the ledger's entry.
///
/// # Errors
/// [`ReleaseError::Taken`] when the version is there with another content; then nothing was recorded.
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
    // Another place may have taken the same version in the meantime; the ledger decides.
    let (entry, _) = ledger::append_unless(repository, now, event, |record| {
        recorded_as(record, component, about).is_some()
    })?;
    match recorded_as(&entry.record, component, about).filter(|found| **found != digest) {
        Some(found) => Err(taken(about, found)),
        None => Ok((created, entry)),
    }
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
    let found = match registry.map(|r| r.manifest(at, about.version.original())).transpose() {
        Ok(found) => found.flatten(),
        // The first release makes the place: nothing is taken where there is nothing yet.
        Err(error) if error.problem == RegistryProblem::NotFound => None,
        Err(error) => return Err(error.into()),
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
        if let Some(found) = recorded_as(&entry.record, component, about)
            && found != digest
        {
            return Err(taken(about, found));
        }
    }
    Ok(())
}

/// The digest that a record gives this version of the component.
fn recorded_as<'a>(record: &'a Record, component: &Component, about: &About) -> Option<&'a Digest> {
    match &record.event {
        Event::Released { component: of, version, digest, .. }
            if *of == component.name && *version == about.version =>
        {
            Some(digest)
        }
        _ => None,
    }
}

fn taken(about: &About, found: &Digest) -> ReleaseError {
    let place = "the ledger".to_owned();
    ReleaseError::Taken { version: about.version.clone(), place, found: found.clone() }
}
