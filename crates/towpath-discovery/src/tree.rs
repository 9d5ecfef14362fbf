//! The folders of a repository, and which files Flux would apply from one of them.
//!
//! A folder with a kustomization gives what that lists; one without gives what Flux generates:
//! every YAML file below, where a folder with a kustomization counts as one resource
//! (`fluxcd/pkg:kustomize/kustomize_generator.go`). Each folder is walked once and remembered, so
//! that a thousand clusters on one base cost one walk. Must not follow Flux objects; that is
//! [`crate::inventory`].
#![expect(
    clippy::disallowed_types,
    reason = "asked for keys only and never walked, so no order of a hash can be seen"
)]

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use towpath_core::id::Folder;

use crate::inventory::{File, FileId};

/// A folder by position in [`Tree::folders`]; the root is 0.
type Index = u32;

/// The folders that hold files, by path.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    folders: Vec<Node>,
    by_path: HashMap<String, Index>,
    files: HashMap<String, FileId>,
    unreadable: HashMap<String, usize>,
}

#[derive(Debug, Clone, Default)]
struct Node {
    path: Folder,
    children: Vec<Index>,
    files: Vec<FileId>,
    unreadable: Vec<usize>,
    kustomization: Option<FileId>,
}

/// What Flux would apply from a folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walk {
    /// The files whose objects are applied, in order.
    pub(crate) files: Arc<[FileId]>,
    /// The files that patch them, in order.
    pub(crate) patches: Arc<[FileId]>,
    /// The kustomizations that were followed, in order.
    pub(crate) kustomizations: Vec<FileId>,
    /// The unreadable files that would be among them, by position.
    pub(crate) unreadable: Vec<usize>,
}

impl Tree {
    pub(crate) fn new<'a>(files: &[File], unreadable: impl Iterator<Item = &'a str>) -> Self {
        let mut tree = Self {
            folders: vec![Node::default()],
            by_path: HashMap::from([(String::new(), 0)]),
            files: HashMap::with_capacity(files.len()),
            unreadable: HashMap::new(),
        };
        for (position, file) in files.iter().enumerate() {
            let id = FileId::new(position);
            let folder = tree.folder(&file.path.parent());
            let node = &mut tree.folders[folder as usize];
            if file.facts.kustomize.is_some() {
                node.kustomization = Some(id);
            } else {
                node.files.push(id);
            }
            tree.files.insert(file.path.as_str().to_owned(), id);
        }
        for (position, path) in unreadable.enumerate() {
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            // The parent of a path is a folder by construction.
            let folder = Folder::parse(parent).unwrap_or_default();
            let folder = tree.folder(&folder);
            tree.folders[folder as usize].unreadable.push(position);
            tree.unreadable.insert(path.to_owned(), position);
        }
        tree
    }

    /// The folder's position, with those of all folders above it made where they are new.
    fn folder(&mut self, path: &Folder) -> Index {
        if let Some(found) = self.by_path.get(path.as_str()) {
            return *found;
        }
        let parent = self.folder(&path.parent());
        let index = Index::try_from(self.folders.len()).unwrap_or(Index::MAX);
        self.folders.push(Node { path: path.clone(), ..Node::default() });
        self.folders[parent as usize].children.push(index);
        self.by_path.insert(path.as_str().to_owned(), index);
        index
    }

    /// Whether any file stands in or below the folder.
    pub(crate) fn has(&self, folder: &Folder) -> bool {
        self.by_path.contains_key(folder.as_str())
    }

    pub(crate) fn file(&self, path: &str) -> Option<FileId> {
        self.files.get(path).copied()
    }
}

/// Walks folders of a tree and remembers what it found.
pub(crate) struct Walker<'a> {
    tree: &'a Tree,
    files: &'a [File],
    known: HashMap<Index, Arc<Walk>>,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(tree: &'a Tree, files: &'a [File]) -> Self {
        Self { tree, files, known: HashMap::new() }
    }

    /// What Flux would apply from the folder; `None` where it is not here.
    pub(crate) fn walk(&mut self, folder: &Folder) -> Option<Arc<Walk>> {
        let index = *self.tree.by_path.get(folder.as_str())?;
        let found = match self.known.entry(index) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(new) => {
                let mut trail = Trail::new(self.tree, self.files);
                trail.generated(index);
                new.insert(Arc::new(trail.finish())).clone()
            }
        };
        Some(found)
    }

    /// As [`Walker::walk`], with kustomize components that the Flux Kustomization adds.
    pub(crate) fn walk_with(
        &mut self,
        folder: &Folder,
        components: &[String],
    ) -> Option<Arc<Walk>> {
        if components.is_empty() {
            return self.walk(folder);
        }
        let index = *self.tree.by_path.get(folder.as_str())?;
        let mut trail = Trail::new(self.tree, self.files);
        trail.generated(index);
        components.iter().for_each(|component| trail.named(index, component));
        Some(Arc::new(trail.finish()))
    }
}

/// One walk under way.
struct Trail<'a> {
    tree: &'a Tree,
    all: &'a [File],
    files: Vec<FileId>,
    patches: Vec<FileId>,
    kustomizations: Vec<FileId>,
    unreadable: Vec<usize>,
    todo: Vec<Index>,
    visited: HashSet<FileId>,
}

impl<'a> Trail<'a> {
    fn new(tree: &'a Tree, all: &'a [File]) -> Self {
        Self {
            tree,
            all,
            files: Vec::new(),
            patches: Vec::new(),
            kustomizations: Vec::new(),
            unreadable: Vec::new(),
            todo: Vec::new(),
            visited: HashSet::new(),
        }
    }

    /// The folder as Flux takes it, which generates a kustomization where there is none.
    fn generated(&mut self, index: Index) {
        self.todo.push(index);
        while let Some(index) = self.todo.pop() {
            let node = &self.tree.folders[index as usize];
            if node.kustomization.is_some() {
                self.kustomized(index);
            } else {
                self.files.extend(&node.files);
                self.unreadable.extend(&node.unreadable);
                self.todo.extend(&node.children);
            }
        }
    }

    /// What the folder's kustomization lists; nothing without one, as kustomize refuses that.
    fn kustomized(&mut self, first: Index) {
        let mut todo = vec![first];
        while let Some(index) = todo.pop() {
            let node = &self.tree.folders[index as usize];
            let Some(id) = node.kustomization else { continue };
            let Some(file) = self.all[id.index()].facts.kustomize.as_ref() else { continue };
            if !self.visited.insert(id) {
                continue;
            }
            self.kustomizations.push(id);
            for entry in file.resources.iter().chain(&file.components) {
                let Some(path) = below(&node.path, &entry.text) else { continue };
                if let Some(file) = self.tree.file(&path) {
                    self.files.push(file);
                } else if let Some(folder) = self.tree.by_path.get(&path) {
                    todo.push(*folder);
                } else if let Some(position) = self.tree.unreadable.get(&path) {
                    self.unreadable.push(*position);
                }
            }
            for entry in &file.patches {
                let Some(path) = below(&node.path, &entry.text) else { continue };
                self.patches.extend(self.tree.file(&path));
                self.unreadable.extend(self.tree.unreadable.get(&path));
            }
        }
    }

    fn named(&mut self, from: Index, component: &str) {
        let path = below(&self.tree.folders[from as usize].path, component);
        if let Some(folder) = path.and_then(|path| self.tree.by_path.get(&path)) {
            self.kustomized(*folder);
        }
    }

    fn finish(self) -> Walk {
        let sorted = |mut ids: Vec<FileId>| {
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let mut unreadable = self.unreadable;
        unreadable.sort_unstable();
        unreadable.dedup();
        Walk {
            files: sorted(self.files).into(),
            patches: sorted(self.patches).into(),
            kustomizations: sorted(self.kustomizations),
            unreadable,
        }
    }
}

/// The path that a kustomization in `folder` names, from the root; `None` where it leaves the
/// repository.
fn below(folder: &Folder, text: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.as_str().split('/').filter(|part| !part.is_empty()).collect();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
