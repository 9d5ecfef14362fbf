//! What each object that has to be deleted uses, provides and depends on.
//!
//! Must not order anything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use towpath_core::pin::{Location, ObjectRef};
use towpath_discovery::facts::{Detail, Kustomization, Object, Reference, ResourceType};
use towpath_discovery::groups::{BUILT_IN, is_built_in};
use towpath_discovery::inventory::{FileId, FoundCluster, Inventory, ObjectId, Placed};

use super::Seen;

/// Something to delete.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) object: ObjectRef,
    pub(super) at: Location,
    pub(super) class: Class,
    /// Custom resources that it uses and does not define.
    pub(super) uses: BTreeSet<ResourceType>,
    /// Custom resources that it defines.
    pub(super) provides: BTreeSet<ResourceType>,
    /// Whether it may define others that cannot be seen: a chart, a Promise.
    pub(super) opaque: bool,
    pub(super) depends_on: Vec<ObjectRef>,
}

/// When something goes, where nothing else decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    User,
    Provider,
    Rest,
    /// Neither Flux's nor custom: Kustomizations may act through it, as a ServiceAccount or Secret.
    Plain,
    Source,
    Namespace,
}

/// Everything to delete, and what is suspended before that.
pub(super) struct Group {
    pub(super) nodes: Vec<Node>,
    pub(super) suspended: Vec<(ObjectRef, Location)>,
}

/// What follows the cluster's folder, and the rest of what a bootstrap makes: all that stays until the
/// cluster goes, so that the deletions before it are carried out.
pub(super) struct Bootstrap<'a> {
    /// What is suspended first.
    pub(super) roots: &'a [ObjectRef],
}

impl Bootstrap<'_> {
    fn holds(&self, file: &str, object: &Object) -> bool {
        let name = file.rsplit('/').next().unwrap_or(file);
        if name.starts_with("gotk-") && file.contains("flux-system/") {
            return true;
        }
        let reference = object.reference();
        match &object.detail {
            Detail::Crd(defined) => return is_built_in(&defined.group),
            Detail::Source(_) => {
                let same = |root: &ObjectRef| {
                    (&root.namespace, &root.name) == (&reference.namespace, &reference.name)
                };
                return self.roots.iter().any(same);
            }
            _ => {}
        }
        let namespace = self.roots.last().map_or("flux-system", |root| &root.namespace);
        let own = match object.kind.as_str() {
            "Namespace" => object.name == namespace,
            "ClusterRole" | "ClusterRoleBinding" => object.name.ends_with(&format!("-{namespace}")),
            _ => object.namespace == namespace,
        };
        self.roots.contains(&reference) || (own && BUILT_IN.contains(&object.group()))
    }
}

/// Reads what a cluster has.
pub(super) fn read(
    inventory: &Inventory,
    cluster: &FoundCluster,
    bootstrap: &Bootstrap<'_>,
) -> Group {
    let content: BTreeMap<ObjectId, &Arc<[FileId]>> =
        cluster.kustomizations.iter().map(|k| (k.object, &k.content)).collect();
    let mut reader = Reader {
        inventory,
        bootstrap,
        content,
        skip: cluster.root.into_iter().chain(cluster.root_source).collect(),
        group: Group { nodes: Vec::new(), suspended: Vec::new() },
    };
    let owned = reader.owned(cluster);
    let own: Vec<FileId> =
        cluster.applied.iter().copied().filter(|file| !owned.contains(file)).collect();
    reader.files(&own);
    reader.group.nodes.sort_by(|a, b| a.object.cmp(&b.object));
    reader.group.nodes.dedup_by(|a, b| a.object == b.object);
    reader.group.suspended.sort();
    reader.group
}

struct Reader<'a> {
    inventory: &'a Inventory,
    bootstrap: &'a Bootstrap<'a>,
    /// The files of each Flux Kustomization of the cluster.
    content: BTreeMap<ObjectId, &'a Arc<[FileId]>>,
    skip: Seen,
    group: Group,
}

impl<'a> Reader<'a> {
    /// The files that a Kustomization other than the root applies.
    fn owned(&self, cluster: &FoundCluster) -> BTreeSet<FileId> {
        let own = cluster.root.and_then(|root| self.content.get(&root));
        let others = cluster.kustomizations.iter().filter(|k| Some(k.object) != cluster.root);
        // One that applies the whole folder again is the root under another name.
        others
            .filter(|k| k.folder.as_ref() != Some(&cluster.folder))
            .filter(|k| own.is_none_or(|own| **own != k.content))
            .flat_map(|k| k.content.iter().copied())
            .collect()
    }

    fn files(&mut self, files: &[FileId]) {
        let inventory = self.inventory;
        for placed in files.iter().flat_map(|id| inventory.objects_of(*id)) {
            if !self.bootstrap.holds(placed.file.as_str(), placed.object)
                && self.skip.insert(placed.id)
            {
                self.object(placed);
            }
        }
    }

    fn object(&mut self, placed: Placed<'a>) {
        let object = placed.object;
        let mut node = Node {
            object: object.reference(),
            at: placed.at(),
            class: Class::Rest,
            uses: BTreeSet::new(),
            provides: BTreeSet::new(),
            opaque: false,
            depends_on: Vec::new(),
        };
        match &object.detail {
            Detail::Kustomization(kustomization) => {
                node.depends_on = references(object, &kustomization.depends_on);
                self.kustomization(placed, kustomization, &mut node);
            }
            Detail::HelmRelease(release) => {
                node.opaque = true;
                node.depends_on = references(object, &release.depends_on);
            }
            Detail::Source(_) => node.class = Class::Source,
            _ => {
                node.class = Class::Plain;
                add(&mut node, object);
            }
        }
        if object.group().is_empty() && object.kind == "Namespace" {
            node.class = Class::Namespace;
        }
        if object.group() == "source.toolkit.fluxcd.io" {
            node.class = Class::Source;
        }
        if !node.uses.is_empty() {
            node.class = Class::User;
        } else if node.opaque || !node.provides.is_empty() {
            node.class = Class::Provider;
        }
        self.group.nodes.push(node);
    }

    /// A Kustomization stands for all that it applies, unless that stays when it goes: then it goes one
    /// by one.
    fn kustomization(&mut self, placed: Placed<'a>, what: &Kustomization, node: &mut Node) {
        let Some(files) = self.content.get(&placed.id).copied() else { return };
        let inventory = self.inventory;
        let objects = || inventory.objects(files).filter(|inner| inner.id != placed.id);
        let holds_others =
            objects().any(|inner| matches!(inner.object.detail, Detail::Kustomization(_)));
        if holds_others {
            // Suspended, it deletes nothing when it goes (`fluxcd/kustomize-controller:finalize`).
            self.group.suspended.push((node.object.clone(), node.at.clone()));
        }
        if holds_others || !what.prune || what.suspend {
            self.files(files);
            return;
        }
        for inner in objects() {
            match &inner.object.detail {
                Detail::HelmRelease(_) => node.opaque = true,
                Detail::Source(_) => {}
                _ => add(node, inner.object),
            }
        }
        node.uses.retain(|used| !node.provides.contains(used));
    }
}

/// Adds what an object of a node's content uses and provides.
fn add(node: &mut Node, object: &Object) {
    match &object.detail {
        Detail::Crd(defined) => {
            node.provides.insert(defined.clone());
        }
        Detail::Promise(promise) => {
            node.provides.extend(promise.api.clone());
            node.opaque = true;
        }
        _ => {}
    }
    if !is_built_in(object.group()) {
        let (group, kind) = (object.group().to_owned(), object.kind.clone());
        node.uses.insert(ResourceType { group, kind });
    }
}

/// The objects of the same kind that `spec.dependsOn` names.
fn references(object: &Object, depends_on: &[Reference]) -> Vec<ObjectRef> {
    let namespace = |r: &Reference| r.namespace.clone().unwrap_or(object.namespace.clone());
    let named = depends_on.iter().map(|r| ObjectRef {
        kind: object.kind.clone(),
        namespace: namespace(r),
        name: r.name.clone(),
    });
    named.collect()
}
