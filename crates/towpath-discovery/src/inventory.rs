//! The clusters of a repository, and what each of them is given.
//!
//! An [`Inventory`] joins the facts of all files: it finds the clusters, follows their Flux
//! Kustomizations from folder to folder as Flux would, and knows which files are the content of
//! which source. It says what is there and never what it is called or in which order a change
//! travels; that is [`crate::resolve`]. It must stay linear in the number of files.
#![expect(
    clippy::disallowed_types,
    reason = "asked for keys only and never walked, so no order of a hash can be seen"
)]

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use towpath_core::id::{Folder, RepoPath};
use towpath_core::pin::Location;

use crate::facts::{Detail, FactsError, Field, FileFacts, Object, Source, SourceKind};
use crate::tree::{Tree, Walker};
use crate::url;

mod clusters;
mod reach;

use reach::Reach;

/// A file of the inventory, by position in [`Inventory::files`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

impl FileId {
    pub(crate) fn new(position: usize) -> Self {
        Self(u32::try_from(position).unwrap_or(u32::MAX))
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

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
    pub clusters: Vec<Arc<FoundCluster>>,
    /// Files that could not be read and that no cluster and no component reaches.
    pub unreadable: Vec<FactsError>,
    /// The URLs of this repository in their normal form.
    urls: BTreeSet<String>,
    tree: Tree,
}

/// Files that discovery must read and cannot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} of the clusters and components cannot be read, the first is {}", count(.0.len()), .0[0].file)]
pub struct Unreadable(pub Vec<FactsError>);

fn count(files: usize) -> String {
    if files == 1 { "one file".to_owned() } else { format!("{files} files") }
}

/// A value of `spec.ref.branch` of a source.
#[derive(Debug, Clone, Copy)]
pub struct BranchReference<'a> {
    /// The source.
    pub placed: Placed<'a>,
    /// What it says.
    pub source: &'a Source,
    /// The branch and its bytes.
    pub branch: &'a Field,
    /// Whether the source is this very repository.
    pub this_repository: bool,
}

impl Inventory {
    /// Joins the facts of all files, and what could not be read.
    ///
    /// An unreadable file that no cluster and no component reaches, such as a `mkdocs.yml` with tags
    /// of its own, is kept in [`Inventory::unreadable`] and becomes a finding. Templates of Helm
    /// charts, known by the `Chart.yaml` beside their folder, are left out altogether.
    ///
    /// # Errors
    /// [`Unreadable`] where the file stands in the folder of a cluster or of a Flux Kustomization,
    /// where a kustomization names it, where its name could make it the root of a cluster, or where
    /// there is no cluster to tell what matters.
    pub fn build(
        mut files: BTreeMap<RepoPath, Arc<FileFacts>>,
        mut unreadable: Vec<FactsError>,
    ) -> Result<Self, Unreadable> {
        let charts: HashSet<Folder> =
            files.keys().filter(|p| p.file_name() == "Chart.yaml").map(RepoPath::parent).collect();
        if !charts.is_empty() {
            files.retain(|path, _| !is_template(path, &charts));
            unreadable.retain(|error| !is_template(&error.file, &charts));
        }
        unreadable.sort_by(|a, b| a.file.cmp(&b.file));
        let files: Vec<File> =
            files.into_iter().map(|(path, facts)| File { path, facts }).collect();
        let tree = Tree::new(&files, unreadable.iter().map(|error| error.file.as_str()));
        let mut walker = Walker::new(&tree, &files);
        let mut reach = Reach::new(&files, &mut walker);
        let clusters = clusters::find(&files, &tree, &mut reach);
        let must = reach.must_be_readable(&clusters, &unreadable);
        drop(walker);

        let (bad, unreadable): (Vec<_>, Vec<_>) =
            unreadable.into_iter().zip(must).partition(|(_, must)| *must);
        if !bad.is_empty() {
            return Err(Unreadable(bad.into_iter().map(|(error, _)| error).collect()));
        }
        let unreadable = unreadable.into_iter().map(|(error, _)| error).collect();
        let clusters: Vec<_> = clusters.into_iter().map(Arc::new).collect();
        let urls = clusters
            .iter()
            .filter_map(|cluster| cluster.sync.as_ref())
            .filter(|sync| sync.kind == "GitRepository" && !sync.url.is_empty())
            .map(|sync| url::normalise(&sync.url))
            .collect();
        Ok(Self { files, clusters, unreadable, urls, tree })
    }

    /// A file by its identity.
    #[must_use]
    pub fn file(&self, id: FileId) -> &File {
        &self.files[id.index()]
    }

    /// A file by its path.
    #[must_use]
    pub fn file_at(&self, path: &RepoPath) -> Option<&File> {
        self.tree.file(path.as_str()).map(|id| self.file(id))
    }

    /// An object by its identity.
    #[must_use]
    pub fn object(&self, id: ObjectId) -> Placed<'_> {
        let file = self.file(id.file);
        Placed { id, file: &file.path, object: &file.facts.objects[id.index as usize] }
    }

    /// The objects of some files, in the order of the files.
    pub fn objects<'a>(&'a self, files: &'a [FileId]) -> impl Iterator<Item = Placed<'a>> {
        files.iter().flat_map(move |id| self.objects_of(*id))
    }

    /// The objects of one file.
    pub fn objects_of(&self, id: FileId) -> impl Iterator<Item = Placed<'_>> {
        placed(&self.files, id)
    }

    /// The files in or below a folder, in order of path.
    #[must_use]
    pub fn files_below(&self, folder: &Folder) -> Vec<FileId> {
        let first = self.files.partition_point(|file| file.path.as_str() < folder.as_str());
        // Between `a` and `a/` stand paths such as `a-b/c`, so the stretch is filtered.
        let prefix = folder.as_str();
        (first..self.files.len())
            .take_while(|position| self.files[*position].path.as_str().starts_with(prefix))
            .filter(|position| folder.contains(self.files[*position].path.as_str()))
            .map(FileId::new)
            .collect()
    }

    /// Whether a URL is this very repository, as the clusters that are synchronised from it name it.
    #[must_use]
    pub fn is_this_repository(&self, url: &str) -> bool {
        self.urls.contains(&url::normalise(url))
    }

    /// The sources in a cluster's folder that follow a branch.
    #[must_use]
    pub fn branch_references(&self, folder: &Folder) -> Vec<BranchReference<'_>> {
        let mut found = Vec::new();
        for file in self.files_below(folder) {
            for placed in self.objects_of(file) {
                let Detail::Source(source) = &placed.object.detail else { continue };
                let Some(branch) = &source.reference.branch else { continue };
                let this_repository = source.kind == SourceKind::GitRepository
                    && source.url.as_ref().is_some_and(|url| self.is_this_repository(&url.value));
                found.push(BranchReference { placed, source, branch, this_repository });
            }
        }
        found
    }

    /// The cluster of a folder that nothing showed but `towpath.yaml` names; `None` where the folder
    /// holds no file.
    pub(crate) fn stated_cluster(&self, folder: &Folder) -> Option<FoundCluster> {
        if !self.tree.has(folder) {
            return None;
        }
        let mut walker = Walker::new(&self.tree, &self.files);
        let mut reach = Reach::new(&self.files, &mut walker);
        Some(reach.cluster(clusters::Seed::new(folder.clone(), FoundBy::Stated)))
    }

    /// Whether any file stands in or below the folder.
    #[must_use]
    pub fn has_folder(&self, folder: &Folder) -> bool {
        self.tree.has(folder)
    }

    /// The folders that applying `folder` reads, itself first: its kustomizations may name others.
    #[must_use]
    pub(crate) fn folders_read(&self, folders: &[Folder]) -> Vec<Folder> {
        let mut walker = Walker::new(&self.tree, &self.files);
        let mut all: BTreeSet<Folder> = BTreeSet::new();
        for folder in folders {
            let Some(walk) = walker.walk(folder) else { continue };
            let read = walk.files.iter().chain(&*walk.patches).chain(&walk.kustomizations);
            all.extend(read.map(|id| self.file(*id).path.parent()));
            all.insert(folder.clone());
        }
        all.into_iter().collect()
    }
}

fn placed(files: &[File], id: FileId) -> impl Iterator<Item = Placed<'_>> {
    let file = &files[id.index()];
    (0..).zip(&file.facts.objects).map(move |(index, object)| Placed {
        id: ObjectId { file: id, index },
        file: &file.path,
        object,
    })
}

/// Whether a file is a template of one of the charts.
fn is_template(path: &RepoPath, charts: &HashSet<Folder>) -> bool {
    let mut folder = path.parent();
    while !folder.is_root() {
        let parent = folder.parent();
        if folder.name() == "templates" && charts.contains(&parent) {
            return true;
        }
        folder = parent;
    }
    false
}

/// A cluster that the repository shows.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// The source's URL, without credentials.
    pub url: String,
    /// The branch, where it follows one.
    pub branch: Option<String>,
    /// Where the branch or, without one, the object stands.
    pub at: Location,
}

/// A Flux Kustomization of a cluster and the files it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
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
