//! What a cluster is given: its folder, and what its Flux Kustomizations lead to.
//!
//! A Kustomization of the cluster's own source leads to another folder of this checkout, whose
//! objects the cluster gets too, and so on. One of another source leads to content that is versioned
//! apart; its files are noted and not searched for more pins. Must not decide which folders are
//! clusters; that is [`super::clusters`].
#![expect(
    clippy::disallowed_types,
    reason = "asked for keys only and never walked, so no order of a hash can be seen"
)]

use std::collections::{BTreeSet, HashMap, HashSet};

use towpath_core::id::Folder;

use super::clusters::Seed;
use super::{
    ContentSource, File, FileId, Followed, FoundBy, FoundCluster, ObjectId, Placed, Sync, placed,
};
use crate::facts::{Detail, FactsError, Kustomization, Reference, SourceKind};
use crate::tree::Walker;
use crate::url;

pub(super) struct Reach<'w, 'a> {
    files: &'a [File],
    walker: &'w mut Walker<'a>,
    unreadable: HashSet<usize>,
}

/// The source that a cluster is synchronised from, as its Kustomizations name it.
struct Own {
    kind: String,
    namespace: String,
    name: String,
}

impl<'w, 'a> Reach<'w, 'a> {
    pub(super) fn new(files: &'a [File], walker: &'w mut Walker<'a>) -> Self {
        Self { files, walker, unreadable: HashSet::new() }
    }

    /// Follows a cluster from its folder.
    pub(super) fn cluster(&mut self, seed: Seed) -> FoundCluster {
        let own = self.own(&seed);
        let mut seen: HashSet<(Folder, &'a [String])> = HashSet::new();
        let mut todo: Vec<(Folder, &'a [String])> = vec![(seed.folder.clone(), &[])];
        todo.extend(seed.also.clone().map(|folder| (folder, &[][..])));
        let mut applied: BTreeSet<FileId> = BTreeSet::new();
        let mut patches: BTreeSet<FileId> = BTreeSet::new();
        let mut sources = Sources::default();
        let mut others: Vec<Pending<'a>> = Vec::new();
        let mut kustomizations: Vec<Followed> = Vec::new();
        loop {
            while let Some(next) = todo.pop() {
                if !seen.insert(next.clone()) {
                    continue;
                }
                let Some(walk) = self.walker.walk_with(&next.0, next.1) else { continue };
                patches.extend(&*walk.patches);
                for id in walk.files.iter().filter(|id| applied.insert(**id)) {
                    for placed in placed(self.files, *id) {
                        match &placed.object.detail {
                            Detail::Source(_) => sources.add(&placed),
                            // A copied root leads to another cluster's folder.
                            Detail::Kustomization(_)
                                if seed.found_by == FoundBy::CopiedGotkSync
                                    && seed.root == Some(placed.id) => {}
                            Detail::Kustomization(what) => {
                                let pending = Pending::new(&placed, what);
                                if pending.source.as_ref().is_some_and(|s| own.is(s)) {
                                    let followed = self.follow(&pending, ContentSource::Own);
                                    let folder = followed.folder.clone();
                                    todo.extend(folder.map(|f| (f, &*what.components)));
                                    kustomizations.push(followed);
                                } else {
                                    others.push(pending);
                                }
                            }
                            _ => {}
                        }
                    }
                }
            }
            // Without a root nobody says which source is the cluster's own: it is the one that was
            // set up from outside, as bootstrapping does.
            let (outside, rest) = others.into_iter().partition(|pending| {
                let is_git = pending.source.as_ref().is_some_and(|s| s.kind == "GitRepository");
                own.kind.is_empty() && is_git && sources.find(pending.source.as_ref()).is_none()
            });
            others = rest;
            let outside: Vec<Pending<'a>> = outside;
            if outside.is_empty() {
                break;
            }
            for pending in outside {
                let followed = self.follow(&pending, ContentSource::Own);
                let folder = followed.folder.clone();
                todo.extend(folder.map(|f| (f, &*pending.what.components)));
                kustomizations.push(followed);
            }
        }
        for pending in others {
            let from = match sources.find(pending.source.as_ref()) {
                Some(id) => ContentSource::Other(id),
                None => ContentSource::Unknown,
            };
            kustomizations.push(self.follow(&pending, from));
        }
        kustomizations.sort_by_key(|followed| followed.object);
        FoundCluster {
            folder: seed.folder,
            found_by: seed.found_by,
            root: seed.root,
            root_source: seed.source,
            sync: seed.sync,
            applied: applied.into_iter().collect(),
            patches: patches.into_iter().collect(),
            kustomizations,
        }
    }

    fn follow(&mut self, pending: &Pending<'a>, from: ContentSource) -> Followed {
        let folder = match &pending.what.path {
            Some(path) => Folder::parse(&path.value).ok(),
            None => Some(Folder::root()),
        };
        let walk = folder
            .as_ref()
            .and_then(|folder| self.walker.walk_with(folder, &pending.what.components));
        let content = walk.map(|walk| {
            self.unreadable.extend(&walk.unreadable);
            walk.files.clone()
        });
        Followed { object: pending.object, from, folder, content: content.unwrap_or_default() }
    }

    fn own(&self, seed: &Seed) -> Own {
        let Some(root) = seed.root else {
            let name = "flux-system".to_owned();
            return Own { kind: String::new(), namespace: name.clone(), name };
        };
        let object = &self.files[root.file.index()].facts.objects[root.index as usize];
        let namespace = object.namespace.clone();
        match &object.detail {
            Detail::Kustomization(kustomization) => {
                let source = kustomization.source.as_ref();
                Own {
                    kind: source.map(|s| s.kind.clone()).unwrap_or_default(),
                    namespace: source.and_then(|s| s.namespace.clone()).unwrap_or(namespace),
                    name: source.map_or_else(|| "flux-system".to_owned(), |s| s.name.clone()),
                }
            }
            Detail::FluxInstance(instance) => {
                let sync = instance.sync.as_ref();
                let name = sync.and_then(|s| s.name.clone());
                Own {
                    kind: sync.map(|s| s.kind.clone()).unwrap_or_default(),
                    name: name.unwrap_or_else(|| namespace.clone()),
                    namespace,
                }
            }
            _ => Own { kind: String::new(), namespace, name: "flux-system".to_owned() },
        }
    }

    /// For each unreadable file, whether it stands where it matters.
    pub(super) fn must_be_readable(
        &self,
        clusters: &[FoundCluster],
        unreadable: &[FactsError],
    ) -> Vec<bool> {
        if unreadable.is_empty() {
            return Vec::new();
        }
        let mut folders: HashSet<&Folder> =
            clusters.iter().map(|cluster| &cluster.folder).collect();
        // A source's root would make every file of the repository matter.
        let followed = clusters.iter().flat_map(|cluster| &cluster.kustomizations);
        folders.extend(followed.filter_map(|f| f.folder.as_ref()).filter(|f| !f.is_root()));
        let matters = |(position, error): (usize, &FactsError)| {
            let path = error.file.as_str();
            clusters.is_empty()
                || self.unreadable.contains(&position)
                || path.ends_with("flux-system/gotk-sync.yaml")
                || ancestors(error.file.parent()).any(|folder| folders.contains(&folder))
        };
        unreadable.iter().enumerate().map(matters).collect()
    }
}

/// The folder and all above it, the root left out.
pub(super) fn ancestors(folder: Folder) -> impl Iterator<Item = Folder> {
    let first = (!folder.is_root()).then_some(folder);
    std::iter::successors(first, |folder| {
        let parent = folder.parent();
        (!parent.is_root()).then_some(parent)
    })
}

impl Own {
    fn is(&self, source: &Reference) -> bool {
        (self.kind.is_empty() || self.kind == source.kind)
            && self.name == source.name
            && same_namespace(&self.namespace, source.namespace.as_deref().unwrap_or_default())
    }
}

/// A namespace that is left out may be set by a kustomization, so it is equal to any.
fn same_namespace(a: &str, b: &str) -> bool {
    a.is_empty() || b.is_empty() || a == b
}

/// A Flux Kustomization that was met and not yet followed.
struct Pending<'a> {
    object: ObjectId,
    what: &'a Kustomization,
    /// `spec.sourceRef` with its namespace filled in.
    source: Option<Reference>,
}

impl<'a> Pending<'a> {
    fn new(placed: &Placed<'_>, what: &'a Kustomization) -> Self {
        let source = what.source.clone().map(|mut source| {
            source.namespace.get_or_insert_with(|| placed.object.namespace.clone());
            source
        });
        Self { object: placed.id, what, source }
    }
}

/// The sources among a cluster's objects, by kind and name.
#[derive(Default)]
struct Sources<'a>(HashMap<(&'a str, &'a str), Vec<(&'a str, ObjectId)>>);

impl<'a> Sources<'a> {
    fn add(&mut self, placed: &Placed<'a>) {
        let object = placed.object;
        let named = self.0.entry((&object.kind, &object.name)).or_default();
        named.push((&object.namespace, placed.id));
    }

    fn find(&self, source: Option<&Reference>) -> Option<ObjectId> {
        let source = source?;
        let namespace = source.namespace.as_deref().unwrap_or_default();
        let named = self.0.get(&(source.kind.as_str(), source.name.as_str()))?;
        named.iter().find(|(n, _)| same_namespace(n, namespace)).map(|(_, id)| *id)
    }
}

/// What the root source of a cluster says, as [`Sync`].
pub(super) fn sync_of(placed: Placed<'_>) -> Option<Sync> {
    let Detail::Source(source) = &placed.object.detail else { return None };
    let kind = match source.kind {
        SourceKind::GitRepository | SourceKind::OciRepository | SourceKind::Bucket => {
            placed.object.kind.clone()
        }
        SourceKind::HelmRepository => return None,
    };
    let branch = source.reference.branch.as_ref();
    Some(Sync {
        kind,
        url: source.url.as_ref().map(|u| url::without_credentials(&u.value)).unwrap_or_default(),
        branch: branch.map(|b| b.value.clone()),
        at: branch.map_or_else(|| placed.at(), |b| b.key.in_file(placed.file)),
    })
}
