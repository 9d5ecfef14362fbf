//! Which folders are clusters.
//!
//! Three things show one, the surest first: `flux-system/gotk-sync.yaml` as `flux bootstrap` writes
//! it (`fluxcd/flux2:pkg/manifestgen/sync`), a `FluxInstance` with `spec.sync`, and a folder with
//! Flux Kustomizations that nothing reaches. Must not follow what a cluster is given; that is
//! [`super::reach`].
#![expect(
    clippy::disallowed_types,
    reason = "asked for keys only and never walked, so no order of a hash can be seen"
)]

use std::collections::{BTreeMap, BTreeSet, HashSet};

use towpath_core::id::Folder;

use super::reach::{Reach, ancestors, sync_of};
use super::{ContentSource, File, FileId, FoundBy, FoundCluster, ObjectId, Placed, Sync, placed};
use crate::facts::{Detail, InstanceSync};
use crate::tree::Tree;
use crate::url;

/// A cluster before it is followed.
#[derive(Debug)]
pub(crate) struct Seed {
    pub(super) folder: Folder,
    /// A second folder that the cluster is given, where its root names one that others name too.
    pub(super) also: Option<Folder>,
    pub(super) found_by: FoundBy,
    pub(super) root: Option<ObjectId>,
    pub(super) source: Option<ObjectId>,
    pub(super) sync: Option<Sync>,
}

impl Seed {
    pub(super) fn new(folder: Folder, found_by: FoundBy) -> Self {
        Self { folder, also: None, found_by, root: None, source: None, sync: None }
    }
}

/// Finds the clusters, in order of folder.
pub(super) fn find(files: &[File], tree: &Tree, reach: &mut Reach<'_, '_>) -> Vec<FoundCluster> {
    let mut seeds: BTreeMap<Folder, Seed> = BTreeMap::new();
    for seed in synced(files, tree).into_iter().chain(instances(files, tree)) {
        seeds.entry(seed.folder.clone()).or_insert(seed);
    }
    let mut clusters: Vec<FoundCluster> =
        seeds.into_values().map(|seed| reach.cluster(seed)).collect();
    let left =
        if clusters.is_empty() { unlisted_roots(files) } else { unreached(files, tree, &clusters) };
    clusters.extend(left.into_iter().map(|seed| reach.cluster(seed)));
    clusters.sort_by(|a, b| a.folder.cmp(&b.folder));
    clusters
}

/// Clusters with a `gotk-sync.yaml`.
fn synced(files: &[File], tree: &Tree) -> Vec<Seed> {
    let found: Vec<(FileId, Folder)> = (0..)
        .zip(files)
        .filter(|(_, file)| is_sync_file(file.path.as_str()))
        .map(|(position, file)| (FileId::new(position), file.path.parent().parent()))
        .collect();
    let homes: HashSet<&Folder> = found.iter().map(|(_, home)| home).collect();
    let mut taken: HashSet<Folder> = HashSet::new();
    let mut seeds = Vec::new();
    for (id, home) in &found {
        let mut seed = Seed::new(home.clone(), FoundBy::GotkSync);
        let mut named = None;
        for placed in placed(files, *id) {
            if let Detail::Kustomization(kustomization) = &placed.object.detail
                && seed.root.is_none()
            {
                seed.root = Some(placed.id);
                named = kustomization.path.as_ref().and_then(|p| Folder::parse(&p.value).ok());
            } else if let Some(sync) = sync_of(placed)
                && seed.source.is_none()
            {
                seed.source = Some(placed.id);
                seed.sync = Some(sync);
            }
        }
        if let Some(named) = named.filter(|named| named != home && tree.has(named)) {
            if homes.contains(&named) {
                seed.found_by = FoundBy::CopiedGotkSync;
            } else if taken.insert(named.clone()) {
                seed.folder = named;
            } else {
                seed.also = Some(named);
            }
        }
        seeds.push(seed);
    }
    seeds
}

fn is_sync_file(path: &str) -> bool {
    let rest = path.strip_suffix("flux-system/gotk-sync.yaml");
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// Clusters of a `FluxInstance`, where its path is a folder of this repository.
fn instances(files: &[File], tree: &Tree) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for position in 0..files.len() {
        for placed in placed(files, FileId::new(position)) {
            let Detail::FluxInstance(instance) = &placed.object.detail else { continue };
            let Some(sync) = &instance.sync else { continue };
            let Some(path) = &sync.path else { continue };
            let Ok(folder) = Folder::parse(&path.value) else { continue };
            if tree.has(&folder) {
                let mut seed = Seed::new(folder, FoundBy::FluxInstance);
                seed.root = Some(placed.id);
                seed.sync = Some(instance_sync(placed, sync));
                seeds.push(seed);
            }
        }
    }
    seeds
}

fn instance_sync(placed: Placed<'_>, sync: &InstanceSync) -> Sync {
    let reference = sync.reference.as_ref();
    let branch = reference.and_then(|r| r.value.strip_prefix("refs/heads/"));
    Sync {
        kind: sync.kind.clone(),
        url: sync.url.as_ref().map(|u| url::without_credentials(&u.value)).unwrap_or_default(),
        branch: branch.map(str::to_owned),
        at: reference.map_or_else(|| placed.at(), |r| r.key.in_file(placed.file)),
    }
}

/// Folders beside known clusters that look like one and that no cluster reaches.
fn unreached(files: &[File], tree: &Tree, clusters: &[FoundCluster]) -> Vec<Seed> {
    let mut reached = vec![false; files.len()];
    let mut folders: HashSet<&Folder> = HashSet::new();
    for cluster in clusters {
        folders.insert(&cluster.folder);
        cluster.applied.iter().for_each(|id| reached[id.index()] = true);
        for followed in &cluster.kustomizations {
            if followed.from != ContentSource::Own {
                followed.content.iter().for_each(|id| reached[id.index()] = true);
            }
            folders.extend(followed.folder.as_ref());
        }
    }
    let parents: HashSet<Folder> = clusters.iter().map(|cluster| cluster.folder.parent()).collect();
    let mut found: BTreeMap<Folder, FoundBy> = BTreeMap::new();
    for (position, file) in files.iter().enumerate() {
        let home = file.path.parent();
        if is_clone(file, tree) {
            let folder = home.parent();
            if !ancestors(folder.clone()).any(|above| folders.contains(&above)) {
                found.insert(folder, FoundBy::Clone);
            }
        } else if !reached[position] && has_kustomization(file) {
            if ancestors(home.clone()).any(|above| folders.contains(&above)) {
                continue;
            }
            // At the root of a repository stands everything, so a neighbour there proves nothing.
            let beside =
                ancestors(home).find(|f| !f.parent().is_root() && parents.contains(&f.parent()));
            if let Some(folder) = beside {
                found.entry(folder).or_insert(FoundBy::Kustomizations);
            }
        }
    }
    found.into_iter().map(|(folder, found_by)| Seed::new(folder, found_by)).collect()
}

/// Where nothing says how clusters are synchronised (as when they are set up by Terraform): the
/// topmost folders with Flux Kustomizations that no other Kustomization leads to.
fn unlisted_roots(files: &[File]) -> Vec<Seed> {
    let mut led_to: HashSet<Folder> = HashSet::new();
    let mut roots: BTreeSet<Folder> = BTreeSet::new();
    for file in files.iter().filter(|file| has_kustomization(file)) {
        let mut home = file.path.parent();
        if home.name() == "flux-system" {
            home = home.parent();
        }
        for object in &file.facts.objects {
            let Detail::Kustomization(kustomization) = &object.detail else { continue };
            let Some(path) = &kustomization.path else { continue };
            let Ok(folder) = Folder::parse(&path.value) else { continue };
            if !folder.covers(&home) {
                led_to.insert(folder);
            } else if !folder.is_root() {
                home = folder;
            }
        }
        roots.insert(home);
    }
    let mut topmost: Vec<Folder> = Vec::new();
    for root in roots {
        let below_other = topmost.last().is_some_and(|last| last.covers(&root));
        if !below_other && !ancestors(root.clone()).any(|above| led_to.contains(&above)) {
            topmost.push(root);
        }
    }
    topmost.into_iter().map(|folder| Seed::new(folder, FoundBy::Kustomizations)).collect()
}

fn has_kustomization(file: &File) -> bool {
    file.facts.objects.iter().any(|object| matches!(object.detail, Detail::Kustomization(_)))
}

/// Whether the file is a `flux-system/kustomization.yaml` that names a `gotk-sync.yaml` which is not
/// there: what is left when a cluster's folder is cloned without it.
fn is_clone(file: &File, tree: &Tree) -> bool {
    let Some(kustomize) = &file.facts.kustomize else { return false };
    let home = file.path.parent();
    home.name() == "flux-system"
        && kustomize
            .resources
            .iter()
            .any(|entry| entry.text.trim_start_matches("./") == "gotk-sync.yaml")
        && home.join("gotk-sync.yaml").is_ok_and(|path| tree.file(path.as_str()).is_none())
}
