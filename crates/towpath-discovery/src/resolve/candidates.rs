//! Every object that could hold a pin, cluster by cluster.
//!
//! Sources, HelmReleases, Promises, and each cluster's own source; a patch file of the cluster says
//! what it overrides. Must not decide which component a candidate belongs to; that is
//! [`super::components`].
#![expect(
    clippy::disallowed_types,
    reason = "asked for keys only and never walked, so no order of a hash can be seen"
)]

use std::collections::{BTreeSet, HashMap};

use towpath_core::id::Folder;
use towpath_core::pin::NotEditable;
use towpath_core::pin::ObjectRef;

use super::Origin;
use super::naming::tame;
use super::reading::{self, Reading};
use crate::facts::{Detail, HelmRelease, Source, SourceKind};
use crate::inventory::{ContentSource, FileId, FoundCluster, Inventory, ObjectId, Placed};
use crate::url;

/// An object that holds a pin of one cluster.
#[derive(Debug)]
pub(super) struct Candidate {
    /// The cluster, by position.
    pub(super) cluster: usize,
    pub(super) object: ObjectRef,
    pub(super) reading: Reading,
    pub(super) origin: Origin,
    pub(super) kind: Kind,
    /// What the component is called where nothing is stated.
    pub(super) name: String,
    /// The folders that come from it, as the cluster's Kustomizations name them.
    pub(super) folders: Vec<Folder>,
    pub(super) insecure: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A source of Kustomizations.
    Source,
    /// A cluster's own source.
    Own,
    /// A HelmRelease, or the source of its chart.
    Helm,
    Promise,
}

impl Candidate {
    /// The same pin for one more component.
    pub(super) fn again(&self) -> Self {
        Self {
            cluster: self.cluster,
            object: self.object.clone(),
            reading: self.reading.clone(),
            origin: self.origin.clone(),
            kind: self.kind,
            name: self.name.clone(),
            folders: Vec::new(),
            insecure: self.insecure,
        }
    }
}

/// Every object that could hold a pin, cluster by cluster.
pub(super) fn gather(inventory: &Inventory, clusters: &[&FoundCluster]) -> Vec<Candidate> {
    let mut foreign: BTreeSet<FileId> = BTreeSet::new();
    for cluster in clusters {
        let others = cluster.kustomizations.iter().filter(|f| f.from != ContentSource::Own);
        foreign.extend(others.flat_map(|followed| followed.content.iter().copied()));
    }
    let mut all = Vec::new();
    for (position, cluster) in clusters.iter().enumerate() {
        let mut found = OfCluster { inventory, cluster, position, all: &mut all };
        found.gather(&foreign);
    }
    all
}

struct OfCluster<'a> {
    inventory: &'a Inventory,
    cluster: &'a FoundCluster,
    position: usize,
    all: &'a mut Vec<Candidate>,
}

impl<'a> OfCluster<'a> {
    fn gather(&mut self, foreign: &BTreeSet<FileId>) {
        let inventory = self.inventory;
        let patches = Patches::new(inventory, self.cluster);
        let mut folders: HashMap<ObjectId, Vec<Folder>> = HashMap::new();
        for followed in &self.cluster.kustomizations {
            if let (ContentSource::Other(source), Some(folder)) = (&followed.from, &followed.folder)
            {
                folders.entry(*source).or_default().push(folder.clone());
            }
        }
        let mut sources: Vec<(Placed<'a>, &'a Source)> = Vec::new();
        let mut releases: Vec<(Placed<'a>, &'a HelmRelease)> = Vec::new();
        for placed in inventory.objects(&self.cluster.applied) {
            match &placed.object.detail {
                Detail::Source(source) => sources.push((placed, source)),
                Detail::HelmRelease(release) if !foreign.contains(&placed.id.file) => {
                    releases.push((placed, release));
                }
                Detail::Promise(promise) if !foreign.contains(&placed.id.file) => {
                    if let Some(reading) = reading::promise(placed, promise) {
                        self.add(placed, Kind::Promise, reading, Origin::Promise);
                    }
                }
                _ => {}
            }
        }
        let charts = chart_users(&releases);
        for (placed, source) in &sources {
            if self.is_own(placed) || !is_versioned(source) {
                continue;
            }
            let reading = reading::source(*placed, source, patches.source(placed));
            let origin = origin(inventory, source);
            let name = (placed.object.kind.as_str(), placed.object.name.as_str());
            let users = charts.get(&name).map(Vec::as_slice).unwrap_or_default();
            let folders = folders.remove(&placed.id).unwrap_or_default();
            let kind =
                if users.is_empty() || !folders.is_empty() { Kind::Source } else { Kind::Helm };
            self.add(*placed, kind, reading, origin);
            if let Some(last) = self.all.last_mut() {
                last.folders = folders;
                last.insecure = source.insecure;
                if let (Kind::Helm, [only]) = (kind, users) {
                    last.name = tame(only);
                }
            }
        }
        for (placed, release) in &releases {
            let from_chart = release.chart_ref.is_none()
                && release.source.as_ref().is_none_or(|source| source.kind == "HelmRepository");
            if !from_chart {
                continue;
            }
            let reading = reading::helm_release(*placed, release, patches.helm_release(placed));
            let url = release.source.as_ref().and_then(|reference| {
                let named = |(p, _): &&(Placed<'_>, &Source)| {
                    p.object.kind == reference.kind && p.object.name == reference.name
                };
                sources.iter().find(named).and_then(|(_, source)| source.url.as_ref())
            });
            let text = |field: Option<&crate::facts::Field>| {
                field.map(|field| field.value.clone()).unwrap_or_default()
            };
            let origin = {
                let url = url::without_credentials(&text(url));
                Origin::Helm { url, chart: text(release.chart.as_ref()) }
            };
            self.add(*placed, Kind::Helm, reading, origin);
        }
        self.add_own();
    }

    fn add(&mut self, placed: Placed<'_>, kind: Kind, reading: Reading, origin: Origin) {
        self.all.push(Candidate {
            cluster: self.position,
            object: placed.object.reference(),
            name: tame(&placed.object.name),
            reading,
            origin,
            kind,
            folders: Vec::new(),
            insecure: false,
        });
    }

    fn is_own(&self, placed: &Placed<'_>) -> bool {
        match self.cluster.root_source {
            Some(id) => self.inventory.object(id).object.reference() == placed.object.reference(),
            // A clone has no root, but keeps the name that bootstrapping gives the source.
            None => placed.object.name == "flux-system",
        }
    }

    /// The cluster's own source, which is a pin where the cluster has no other.
    fn add_own(&mut self) {
        let inventory = self.inventory;
        let (placed, mut reading, origin) = if let Some(id) = self.cluster.root_source {
            let placed = inventory.object(id);
            let Detail::Source(source) = &placed.object.detail else { return };
            (placed, reading::source(placed, source, None), origin(inventory, source))
        } else if let Some(id) = self.cluster.root {
            let placed = inventory.object(id);
            let Detail::FluxInstance(instance) = &placed.object.detail else { return };
            let Some(sync) = &instance.sync else { return };
            let url =
                sync.url.as_ref().map(|u| url::without_credentials(&u.value)).unwrap_or_default();
            let origin = match sync.kind.as_str() {
                "OCIRepository" => Origin::Oci { url },
                _ => Origin::ThisRepository,
            };
            (placed, reading::instance(placed, sync), origin)
        } else {
            return;
        };
        let followed = self.cluster.kustomizations.iter();
        let folders = followed
            .filter(|f| f.from == ContentSource::Own && Some(f.object) != self.cluster.root)
            .filter_map(|f| f.folder.clone())
            .collect();
        let url = self.cluster.sync.as_ref().map(|sync| url::last_part(&sync.url));
        let name = url.filter(|name| !name.is_empty()).unwrap_or_else(|| "platform".to_owned());
        if self.cluster.folder.contains(placed.file.as_str()) {
            reading.splices = Err(NotEditable::OwnSource);
        }
        self.add(placed, Kind::Own, reading, origin);
        if let Some(last) = self.all.last_mut() {
            last.folders = folders;
            last.name = tame(&name);
        }
    }
}

/// The objects of a cluster's patch files that say a version.
struct Patches<'a>(Vec<Placed<'a>>);

impl<'a> Patches<'a> {
    fn new(inventory: &'a Inventory, cluster: &'a FoundCluster) -> Self {
        Self(inventory.objects(&cluster.patches).collect())
    }

    fn of(&self, placed: &Placed<'_>) -> Option<Placed<'a>> {
        let object = placed.object;
        let same = |p: &&Placed<'_>| p.object.kind == object.kind && p.object.name == object.name;
        self.0.iter().find(same).copied()
    }

    fn source(&self, placed: &Placed<'_>) -> Option<(Placed<'a>, &'a Source)> {
        let patch = self.of(placed)?;
        let Detail::Source(source) = &patch.object.detail else { return None };
        Some((patch, source))
    }

    fn helm_release(&self, placed: &Placed<'_>) -> Option<(Placed<'a>, &'a HelmRelease)> {
        let patch = self.of(placed)?;
        let Detail::HelmRelease(release) = &patch.object.detail else { return None };
        Some((patch, release))
    }
}

/// The sources that hold charts themselves, by kind and name, with the HelmReleases that use them.
fn chart_users<'a>(
    releases: &[(Placed<'a>, &'a HelmRelease)],
) -> HashMap<(&'a str, &'a str), Vec<&'a str>> {
    let mut users: HashMap<_, Vec<&str>> = HashMap::new();
    for (placed, release) in releases {
        for reference in release.chart_ref.iter().chain(&release.source) {
            let named =
                users.entry((reference.kind.as_str(), reference.name.as_str())).or_default();
            named.push(placed.object.name.as_str());
        }
    }
    users
}

fn is_versioned(source: &Source) -> bool {
    matches!(source.kind, SourceKind::GitRepository | SourceKind::OciRepository)
}

fn origin(inventory: &Inventory, source: &Source) -> Origin {
    let url = source.url.as_ref().map(|u| url::without_credentials(&u.value)).unwrap_or_default();
    match source.kind {
        SourceKind::GitRepository if inventory.is_this_repository(&url) => Origin::ThisRepository,
        SourceKind::GitRepository => Origin::Git { url },
        _ => Origin::Oci { url },
    }
}
