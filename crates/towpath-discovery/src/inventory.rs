//! The clusters of a repository, and what each of them is given.
//!
//! An [`Inventory`] joins the facts of all files: it finds the clusters, follows their Flux
//! Kustomizations from folder to folder as Flux would, and knows which files are the content of
//! which source. It says what is there and never what it is called or in which order a change
//! travels; that is [`crate::resolve`]. It must stay linear in the number of files.

use std::sync::Arc;

use towpath_core::id::{Folder, RepoPath};
use towpath_core::pin::Location;

use crate::facts::{FactsError, FileFacts, Object};

/// A file of the inventory, by position in [`Inventory::files`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(crate) u32);

/// An object, by file and position in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// The file.
    pub file: FileId,
    /// The position in [`FileFacts::objects`].
    pub index: u32,
}

/// A file and its facts.
#[derive(Debug, Clone)]
pub struct File {
    /// Where it is.
    pub path: RepoPath,
    /// What it says.
    pub facts: Arc<FileFacts>,
}

/// An object and the file it stands in.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// Which object.
    pub id: ObjectId,
    /// The file.
    pub file: &'a RepoPath,
    /// The object.
    pub object: &'a Object,
}

impl Placed<'_> {
    /// Where the object begins.
    #[must_use]
    pub fn at(&self) -> Location {
        self.object.at.in_file(self.file)
    }
}

/// What a repository holds.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// Every file with facts, in order of path.
    pub files: Vec<File>,
    /// The clusters, in order of folder.
    pub clusters: Vec<FoundCluster>,
    /// Files that could not be read and that no cluster and no component reaches.
    pub unreadable: Vec<FactsError>,
}

/// A cluster that the repository shows.
#[derive(Debug, Clone)]
pub struct FoundCluster {
    /// Its folder.
    pub folder: Folder,
    /// What showed it.
    pub found_by: FoundBy,
    /// The object that makes the cluster follow its folder: the Kustomization of `gotk-sync.yaml`,
    /// or the `FluxInstance`.
    pub root: Option<ObjectId>,
    /// The source of that object, where it is an object of the repository.
    pub root_source: Option<ObjectId>,
    /// What the cluster is synchronised from.
    pub sync: Option<Sync>,
    /// The files that Flux applies from this repository by the cluster's own source, in order of
    /// path. The files of other sources are in `kustomizations`.
    pub applied: Vec<FileId>,
    /// The patch files that kustomizations among `applied` name, in order of path.
    pub patches: Vec<FileId>,
    /// The Flux Kustomizations among the objects of `applied`.
    pub kustomizations: Vec<Followed>,
}

/// What showed a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FoundBy {
    /// `flux-system/gotk-sync.yaml`.
    GotkSync,
    /// A `gotk-sync.yaml` that was copied from another cluster: its `spec.path` is that cluster's
    /// folder. The cluster's folder is where the file stands.
    CopiedGotkSync,
    /// A `FluxInstance` with `spec.sync`.
    FluxInstance,
    /// A clone of a cluster's folder: its `flux-system/kustomization.yaml` names a `gotk-sync.yaml`
    /// that is not there.
    Clone,
    /// A folder with Flux Kustomizations that nothing reaches.
    Kustomizations,
    /// `towpath.yaml` names the folder.
    Stated,
}

/// What a cluster is synchronised from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sync {
    /// `GitRepository`, `OCIRepository` or `Bucket`.
    pub kind: String,
    /// The source's URL as written.
    pub url: String,
    /// The branch, where it follows one.
    pub branch: Option<String>,
    /// Where the branch or, without one, the object stands.
    pub at: Location,
}

/// A Flux Kustomization of a cluster and the files it applies.
#[derive(Debug, Clone)]
pub struct Followed {
    /// The Kustomization.
    pub object: ObjectId,
    /// Where its files come from.
    pub from: ContentSource,
    /// The folder of `spec.path`; `None` where the path leaves the source.
    pub folder: Option<Folder>,
    /// The files that Flux would apply from that folder, as this checkout has them; empty where
    /// the folder is not here.
    pub content: Arc<[FileId]>,
}

/// Where the files of a Flux Kustomization come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentSource {
    /// The cluster's own source: this checkout.
    Own,
    /// Another source among the cluster's objects.
    Other(ObjectId),
    /// A source that the repository does not define.
    Unknown,
}
