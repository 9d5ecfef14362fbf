//! The ports: what the engine asks of the outside world, in values of core.
//!
//! Every port has two users: an adapter (`towpath-adapters`) and the in-memory world of
//! `towpath-testkit`, where the same decisions run under simulation. A port never decides; it answers
//! `Stale` instead of overwriting. Next: [`crate::ledger`], [`crate::act`].

use towpath_core::id::{BranchName, CommitId, Digest, RepoPath};
use towpath_core::record::Signature;

use crate::signers::Keys;

pub mod clusters;
pub mod jobs;

/// What a path of a commit holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileMode {
    /// An ordinary file (`100644`).
    Regular,
    /// An executable file (`100755`).
    Executable,
    /// A symbolic link (`120000`); its content is the target.
    Symlink,
    /// A submodule (`160000`); it has no content here.
    Submodule,
}

/// One file of a commit, not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeEntry {
    /// Where it is. Git allows names that [`RepoPath`] refuses; the adapter answers an error for those.
    pub path: RepoPath,
    /// What it is.
    pub mode: FileMode,
    /// Git's name of its content: equal names, equal bytes.
    pub blob: String,
}

/// A change of one path, to be committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TreeChange {
    /// Writes the file, new or not.
    Put {
        /// Where.
        path: RepoPath,
        /// [`FileMode::Regular`], [`FileMode::Executable`] or [`FileMode::Symlink`].
        mode: FileMode,
        /// The whole content.
        bytes: Vec<u8>,
    },
    /// Removes the file, or the folder with all that is in it.
    Remove {
        /// What.
        path: RepoPath,
    },
}

/// Who wrote a commit and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// As in `user.name`.
    pub name: String,
    /// As in `user.email`.
    pub email: String,
}

impl std::fmt::Display for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} <{}>", self.name, self.email)
    }
}

/// A commit as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its name.
    pub id: CommitId,
    /// Its parents, first first.
    pub parents: Vec<CommitId>,
    /// Who wrote it.
    pub author: Person,
    /// When it was committed.
    pub time: jiff::Timestamp,
    /// The whole message, title first.
    pub message: String,
}

/// A commit to be written. The author is the user that Git is configured for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommit {
    /// The parents, first first; empty for the first commit of a branch.
    pub parents: Vec<CommitId>,
    /// The commit whose files the changes start from; `None` starts from no files.
    pub base: Option<CommitId>,
    /// What changes.
    pub changes: Vec<TreeChange>,
    /// The message.
    pub message: String,
}

/// The move of one branch, as compare-and-set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchUpdate {
    /// Which branch.
    pub branch: BranchName,
    /// Where it must be for the move to happen; `None`: it must not exist.
    pub expected: Option<CommitId>,
    /// Where it goes; `None` deletes it.
    pub new: Option<CommitId>,
}

/// What came of a compare-and-set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// All branches moved, at the remote where there is one and here.
    Done,
    /// Somebody else was first: nothing moved. Read the world again.
    Stale {
        /// Which branch was elsewhere.
        branch: BranchName,
        /// Where it was found, if that could be read.
        found: Option<CommitId>,
    },
}

/// Where `HEAD` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The branch; `None` when `HEAD` is detached.
    pub branch: Option<BranchName>,
    /// The commit; `None` before the first one.
    pub commit: Option<CommitId>,
}

/// The result of merging two commits in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// The merged files, as changes to the first commit.
    pub changes: Vec<TreeChange>,
    /// Paths that both sides changed; empty when the merge is clean.
    pub conflicts: Vec<String>,
}

/// Why the repository could not answer. `Display` says what failed and on what; `hint` what to do.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct RepositoryError {
    /// What failed, on what.
    pub message: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
    /// What lies beneath.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A commit whose signature is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    /// Which commit.
    pub commit: CommitId,
    /// Who must have signed it: an address.
    pub email: String,
}

/// A Git repository with at most one remote that matters.
///
/// All reads see what is here; only [`Repository::fetch`] and [`Repository::publish`] reach the remote.
/// `tip` prefers the remote's state as of the last fetch, because that is what delivery agents read.
///
/// Shared between threads: rendering reads files from several.
pub trait Repository: Sync {
    /// Brings the remote's branches and tags here. Does nothing where there is no remote.
    ///
    /// # Errors
    /// [`RepositoryError`] when the remote cannot be reached or refuses.
    fn fetch(&self) -> Result<(), RepositoryError>;

    /// The URL of the remote; `None` where there is none.
    ///
    /// # Errors
    /// [`RepositoryError`] when the configuration cannot be read.
    fn remote_url(&self) -> Result<Option<String>, RepositoryError>;

    /// Where `HEAD` is.
    ///
    /// # Errors
    /// [`RepositoryError`] when it cannot be read.
    fn head(&self) -> Result<Head, RepositoryError>;

    /// The commit of a branch: the remote's as of the last fetch, else the local one.
    ///
    /// # Errors
    /// [`RepositoryError`] when references cannot be read.
    fn tip(&self, branch: &BranchName) -> Result<Option<CommitId>, RepositoryError>;

    /// The local branch's commit, whatever the remote says.
    ///
    /// # Errors
    /// [`RepositoryError`] when references cannot be read.
    fn local_tip(&self, branch: &BranchName) -> Result<Option<CommitId>, RepositoryError>;

    /// All branches, local and of the remote, with their [`Repository::tip`].
    ///
    /// # Errors
    /// [`RepositoryError`] when references cannot be read.
    fn branches(&self) -> Result<Vec<(BranchName, CommitId)>, RepositoryError>;

    /// All tags with the commit that each names (annotated tags peeled).
    ///
    /// # Errors
    /// [`RepositoryError`] when references cannot be read.
    fn tags(&self) -> Result<Vec<(String, CommitId)>, RepositoryError>;

    /// The commit that a revision of Git's grammar names; `None` where there is none.
    ///
    /// # Errors
    /// [`RepositoryError`] when Git cannot be asked.
    fn resolve(&self, revision: &str) -> Result<Option<CommitId>, RepositoryError>;

    /// The files of a commit, sorted by path.
    ///
    /// # Errors
    /// [`RepositoryError`] when the commit is not here.
    fn entries(&self, commit: &CommitId) -> Result<Vec<TreeEntry>, RepositoryError>;

    /// The contents of blobs, in the order asked.
    ///
    /// # Errors
    /// [`RepositoryError`] when one is not here.
    fn blobs(&self, names: &[String]) -> Result<Vec<Vec<u8>>, RepositoryError> {
        let mut contents = Vec::with_capacity(names.len());
        self.each_blob(names, &mut |content| contents.push(content))?;
        Ok(contents)
    }

    /// Hands on the contents of blobs as they arrive, in the order asked: as many as there are names, unless it fails.
    ///
    /// # Errors
    /// [`RepositoryError`] when one is not here; those before it were handed on.
    fn each_blob(
        &self,
        names: &[String],
        take: &mut dyn FnMut(Vec<u8>),
    ) -> Result<(), RepositoryError>;

    /// The commits reachable from `tip` and not from `without`, newest first.
    ///
    /// # Errors
    /// [`RepositoryError`] when a commit is not here.
    fn history(
        &self,
        tip: &CommitId,
        without: Option<&CommitId>,
    ) -> Result<Vec<Commit>, RepositoryError>;

    /// The commits of these names, in no order that means anything; those that are not here are left out.
    ///
    /// # Errors
    /// [`RepositoryError`] when Git cannot be asked.
    fn commits(&self, names: &[CommitId]) -> Result<Vec<Commit>, RepositoryError>;

    /// Whether `ancestor` is `of` or one of its ancestors. A commit that is not here is no ancestor.
    ///
    /// # Errors
    /// [`RepositoryError`] when Git cannot be asked.
    fn is_ancestor(&self, ancestor: &CommitId, of: &CommitId) -> Result<bool, RepositoryError>;

    /// Whether commits are signed by whom they must be, with one of the keys; in the order asked. Never
    /// [`Signature::NotChecked`], and [`Signature::Good`] only for that very address.
    ///
    /// # Errors
    /// [`RepositoryError`] when a commit is not here or Git cannot be asked. A signature that cannot be checked, because
    /// a program for it is missing, is a bad one that says so.
    fn signatures(
        &self,
        asked: &[SignedBy],
        keys: &Keys,
    ) -> Result<Vec<Signature>, RepositoryError>;

    /// Merges `theirs` into `ours` in memory.
    ///
    /// # Errors
    /// [`RepositoryError`] when the commits are not here or have no common ancestor.
    fn merge(&self, ours: &CommitId, theirs: &CommitId) -> Result<Merge, RepositoryError>;

    /// Tracked files that differ from `HEAD`, and untracked ones that are not ignored.
    ///
    /// # Errors
    /// [`RepositoryError`] when Git cannot be asked.
    fn dirty(&self) -> Result<Vec<String>, RepositoryError>;

    /// Writes a commit that no branch names yet. Nothing of the work tree or the index changes.
    ///
    /// # Errors
    /// [`RepositoryError`] when an object cannot be written or the user has no name.
    fn write(&self, commit: &NewCommit) -> Result<CommitId, RepositoryError>;

    /// Moves branches, all or none: at the remote by a push with lease where there is one, then here.
    /// A work tree that has a moved branch checked out and is clean follows it.
    ///
    /// A branch that is where it is to go counts as moved: publishing twice is publishing once.
    ///
    /// # Errors
    /// [`RepositoryError`] when the remote cannot be reached or refuses for another reason than a lease.
    /// Then no branch has moved here.
    fn publish(&self, updates: &[BranchUpdate]) -> Result<Published, RepositoryError>;

    /// Who the user is for Git.
    ///
    /// # Errors
    /// [`RepositoryError`] when Git knows no name.
    fn user(&self) -> Result<Person, RepositoryError>;
}

/// Where artifacts are: a registry's repository, or an OCI image layout folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArtifactLocation {
    /// `oci://host[:port]/repository`, without tag or digest. `insecure` speaks plain HTTP.
    Registry {
        /// `host[:port]/repository`.
        repository: String,
        /// Plain HTTP, as `OCIRepository.spec.insecure`.
        insecure: bool,
    },
    /// `oci-layout:DIR`: an OCI image layout; tags are `org.opencontainers.image.ref.name` annotations.
    Layout {
        /// The folder, as a path of the operating system.
        folder: String,
    },
}

impl std::fmt::Display for ArtifactLocation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Registry { repository, .. } => write!(f, "oci://{repository}"),
            Self::Layout { folder } => write!(f, "oci-layout:{folder}"),
        }
    }
}

/// What a registry could not do, as far as callers treat it differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryProblem {
    /// No answer: name not found, refused, timed out, cut off.
    Unreachable,
    /// 401 or 403.
    Unauthorized,
    /// The repository is not there.
    NotFound,
    /// 429, after the retries.
    RateLimited,
    /// What came does not have the digest or size that was asked for.
    Corrupt,
    /// Anything else the registry said.
    Refused,
}

/// Why the registry could not answer.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct RegistryError {
    /// The kind.
    pub problem: RegistryProblem,
    /// What failed, on what. Never holds credentials.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// What lies beneath.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What came of pushing an artifact under a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// The tag was created.
    Created,
    /// The tag was there with this very digest.
    AlreadyThere,
    /// The tag is there with another digest. Nothing was changed.
    Conflict {
        /// What the tag names.
        found: Digest,
    },
}

/// What is pushed: the manifest and the blobs that it names.
#[derive(Debug, Clone)]
pub struct PushContent<'a> {
    /// The manifest's media type.
    pub media_type: &'a str,
    /// The manifest's bytes, to be stored as they are.
    pub manifest: &'a [u8],
    /// Each blob with its digest.
    pub blobs: Vec<(Digest, &'a [u8])>,
}

/// A manifest as the registry gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedManifest {
    /// Its digest, computed from the bytes.
    pub digest: Digest,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Registries of artifacts.
pub trait Registry: Sync {
    /// The tags of a repository, in no order that means anything. Signature tags are included.
    ///
    /// # Errors
    /// [`RegistryError`].
    fn tags(&self, at: &ArtifactLocation) -> Result<Vec<String>, RegistryError>;

    /// The manifest that a tag or digest names; `None` where there is none.
    ///
    /// # Errors
    /// [`RegistryError`]; [`RegistryProblem::Corrupt`] when a digest was asked for and another came.
    fn manifest(
        &self,
        at: &ArtifactLocation,
        reference: &str,
    ) -> Result<Option<FetchedManifest>, RegistryError>;

    /// A blob, verified against its digest; at most `max_bytes`.
    ///
    /// # Errors
    /// [`RegistryError`]; [`RegistryProblem::Corrupt`] when the content is cut or is not what was named.
    fn blob(
        &self,
        at: &ArtifactLocation,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Vec<u8>, RegistryError>;

    /// Pushes blobs and manifest, then the tag. A tag is created and never moved.
    ///
    /// # Errors
    /// [`RegistryError`]. What was pushed before an error has no tag and harms nobody.
    fn push(
        &self,
        at: &ArtifactLocation,
        content: &PushContent<'_>,
        tag: &str,
    ) -> Result<Pushed, RegistryError>;
}
