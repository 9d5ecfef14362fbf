//! Components: which pins move together, what their releases hold and where those are.
//!
//! Two passes over the clusters. The first gathers every object that could hold a pin; the second
//! puts each into a component, stated ones first. Must not name environments.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use towpath_core::id::{ComponentName, Folder};
use towpath_core::path::{Component, ReleaseStream};
use towpath_core::pin::ObjectRef;
use towpath_core::stated::{Stated, StatedComponent};

use super::candidates::{Candidate, Kind, gather};
use super::naming::tame;
use super::{ComponentReason, ComponentWhy, Origin};
use crate::inventory::{FoundCluster, Inventory};

/// The components of a repository.
#[derive(Debug)]
pub(super) struct Components {
    pub(super) list: Vec<Component>,
    pub(super) why: Vec<ComponentWhy>,
    /// Every pin with the position of its component, in order of cluster and component.
    pub(super) pins: Vec<(usize, Candidate)>,
}

pub(super) fn components(
    inventory: &Inventory,
    clusters: &[&FoundCluster],
    stated: &Stated,
) -> Components {
    let candidates = gather(inventory, clusters);
    let mut groups: Vec<Group> = stated.components.iter().map(Group::stated).collect();
    let mut inferred: BTreeMap<(Kind, String), Group> = BTreeMap::new();
    let mut own = Vec::new();
    let names = Names::of(&candidates);
    for candidate in candidates {
        if let Some(group) = groups.iter_mut().find(|group| group.claims(&candidate)) {
            group.candidates.push(candidate);
        } else if candidate.kind == Kind::Own {
            own.push(candidate);
        } else {
            let name = names.of_candidate(&candidate);
            let key = (candidate.kind, name.clone());
            inferred.entry(key).or_insert_with(|| Group::new(name)).candidates.push(candidate);
        }
    }
    groups.extend(inferred.into_values());
    place_own(own, &mut groups, inventory, clusters);
    // Stated ones as stated; then sources, the more clusters the earlier. The sort is stable, so
    // names decide equals.
    groups.sort_by_key(|group| match &group.stated {
        Some(_) => (false, Kind::Source, Reverse(0)),
        None => (true, group.kind(), Reverse(group.clusters())),
    });
    finish(groups, inventory)
}

/// A component in the making.
struct Group {
    name: String,
    stated: Option<StatedComponent>,
    candidates: Vec<Candidate>,
}

impl Group {
    fn new(name: String) -> Self {
        Self { name, stated: None, candidates: Vec::new() }
    }

    fn stated(stated: &StatedComponent) -> Self {
        let name = stated.name.to_string();
        Self { name, stated: Some(stated.clone()), candidates: Vec::new() }
    }

    fn clusters(&self) -> usize {
        self.candidates.iter().map(|c| c.cluster).collect::<BTreeSet<_>>().len()
    }

    fn kind(&self) -> Kind {
        self.candidates.iter().map(|c| c.kind).min().unwrap_or(Kind::Source)
    }

    /// Whether the stated pins of this component name the candidate.
    fn claims(&self, candidate: &Candidate) -> bool {
        let Some(stated) = &self.stated else { return false };
        if stated.pins.is_empty() {
            return candidate.kind != Kind::Own && candidate.name == self.name;
        }
        // Every cluster has its own source: to be a pin beside others it must be meant in full.
        let clear = |pattern: &&String| candidate.kind != Kind::Own || pattern.contains('/');
        stated.pins.iter().filter(clear).any(|pattern| matches(pattern, candidate))
    }
}

/// Whether `name`, `namespace/name`, `Kind/name` or `Kind/namespace/name` names the candidate's
/// object or, without a kind, the component it would be by itself.
fn matches(pattern: &str, candidate: &Candidate) -> bool {
    let object = &candidate.object;
    let parts: Vec<&str> = pattern.split('/').collect();
    let kind = |text: &str| text == object.kind;
    // Kinds begin with a capital, names of namespaces never do.
    let is_kind = |text: &str| text.starts_with(|c: char| c.is_ascii_uppercase());
    match parts.as_slice() {
        [name] => *name == object.name || *name == candidate.name,
        [first, name] if is_kind(first) => kind(first) && *name == object.name,
        [namespace, name] => *namespace == object.namespace && *name == object.name,
        [first, namespace, name] => {
            kind(first) && *namespace == object.namespace && *name == object.name
        }
        _ => false,
    }
}

/// Names that are used for more than one stream.
struct Names {
    sources: BTreeSet<String>,
    /// Names of anything but Promises.
    others: BTreeSet<String>,
    /// Names of HelmReleases that one cluster has in several namespaces.
    doubled: BTreeSet<String>,
}

impl Names {
    fn of(candidates: &[Candidate]) -> Self {
        let mut seen: BTreeSet<(usize, &str)> = BTreeSet::new();
        let mut doubled = BTreeSet::new();
        let helm = candidates.iter().filter(|c| c.kind == Kind::Helm);
        for candidate in helm {
            if !seen.insert((candidate.cluster, &candidate.name)) {
                doubled.insert(candidate.name.clone());
            }
        }
        let sources = candidates.iter().filter(|c| c.kind == Kind::Source);
        let others = candidates.iter().filter(|c| c.kind != Kind::Promise);
        Self {
            sources: sources.map(|c| c.name.clone()).collect(),
            others: others.map(|c| c.name.clone()).collect(),
            doubled,
        }
    }

    fn of_candidate(&self, candidate: &Candidate) -> String {
        let name = &candidate.name;
        match candidate.kind {
            Kind::Helm if self.doubled.contains(name) => {
                format!("{}-{name}", candidate.object.namespace)
            }
            Kind::Helm if self.sources.contains(name) => format!("{name}-chart"),
            Kind::Promise if self.others.contains(name) => format!("{name}-promise"),
            _ => name.clone(),
        }
    }
}

/// A cluster's own source is a pin only where the cluster has no other source: of the components
/// whose content it brings, else of the component that is the repository itself.
fn place_own(
    own: Vec<Candidate>,
    groups: &mut Vec<Group>,
    inventory: &Inventory,
    clusters: &[&FoundCluster],
) {
    let mut has_source: BTreeSet<usize> = BTreeSet::new();
    for group in &*groups {
        let sources = group.candidates.iter().filter(|c| c.kind == Kind::Source);
        has_source.extend(sources.map(|candidate| candidate.cluster));
    }
    let contents: Vec<(usize, Vec<Folder>)> =
        (0..).zip(&*groups).map(|(i, g)| (i, paths(g, inventory))).collect();
    let mut rest = Vec::new();
    for candidate in own.into_iter().filter(|c| !has_source.contains(&c.cluster)) {
        let folder = &clusters[candidate.cluster].folder;
        let brings = |paths: &[Folder]| {
            let given = candidate.folders.iter().filter(|f| !f.covers(folder));
            given.into_iter().any(|f| paths.iter().any(|p| p.covers(f)))
        };
        let brought: Vec<usize> =
            contents.iter().filter(|(_, paths)| brings(paths)).map(|(i, _)| *i).collect();
        match brought.as_slice() {
            [] => rest.push(candidate),
            all => all.iter().for_each(|i| groups[*i].candidates.push(candidate.again())),
        }
    }
    if rest.is_empty() {
        return;
    }
    let name = rest[0].name.clone();
    // A stated component that nothing else belongs to is what the user calls the repository.
    let open =
        |g: &Group| g.stated.as_ref().is_some_and(|s| s.pins.is_empty()) && g.candidates.is_empty();
    let meant = |g: &Group| {
        let pins = g.stated.as_ref().map(|s| s.pins.as_slice()).unwrap_or_default();
        pins.iter().any(|pattern| matches(pattern, &rest[0]))
    };
    let named = groups.iter().position(|g| meant(g) || open(g) && g.name == name);
    let only = || {
        let mut open = (0..).zip(&*groups).filter(|(_, g)| open(g)).map(|(i, _)| i);
        open.next().filter(|_| open.next().is_none())
    };
    match named.or_else(only) {
        Some(position) => groups[position].candidates.extend(rest),
        None => {
            let taken = groups.iter().any(|g| g.name == name);
            let name = if taken { format!("{name}-repository") } else { name };
            groups.push(Group { name, stated: None, candidates: rest });
        }
    }
}

/// The folders of this repository that a group's sources bring, with those that their kustomizations
/// name.
fn paths(group: &Group, inventory: &Inventory) -> Vec<Folder> {
    let of_this = |c: &&Candidate| !matches!(c.origin, Origin::Git { .. });
    let sources = group.candidates.iter().filter(|c| c.kind == Kind::Source).filter(of_this);
    let named: BTreeSet<&Folder> = sources.flat_map(|c| &c.folders).collect();
    let here: Vec<Folder> =
        named.into_iter().filter(|f| inventory.has_folder(f)).cloned().collect();
    topmost(inventory.folders_read(&here))
}

/// The folders without those that another one covers. They come in order.
fn topmost(folders: Vec<Folder>) -> Vec<Folder> {
    let mut kept: Vec<Folder> = Vec::new();
    for folder in folders {
        if !kept.iter().any(|k| k.covers(&folder)) {
            kept.push(folder);
        }
    }
    kept
}

/// The folder that all have in common, where that is not the root.
fn common(folders: &[Folder]) -> Option<Folder> {
    let (first, rest) = folders.split_first()?;
    let mut common = first.clone();
    for folder in rest {
        while !common.covers(folder) {
            common = common.parent();
        }
    }
    (!common.is_root()).then_some(common)
}

fn finish(groups: Vec<Group>, inventory: &Inventory) -> Components {
    let contents: Vec<Vec<Folder>> = groups.iter().map(|group| paths(group, inventory)).collect();
    let shared = shared_names(&groups);
    let mut taken = BTreeSet::new();
    let mut result = Components { list: Vec::new(), why: Vec::new(), pins: Vec::new() };
    for (position, group) in groups.into_iter().enumerate() {
        let own =
            group.candidates.iter().all(|c| c.kind == Kind::Own) && !group.candidates.is_empty();
        let others =
            || contents.iter().enumerate().filter(|(i, _)| *i != position).flat_map(|(_, f)| f);
        let clusters = || inventory.clusters.iter().map(|cluster| &cluster.folder);
        let inferred = if own {
            vec![Folder::root()]
        } else {
            match common(&contents[position]) {
                Some(one) if !others().chain(clusters()).any(|f| one.covers(f)) => vec![one],
                _ => contents[position].clone(),
            }
        };
        let stated = group.stated.as_ref();
        let releases = match stated.and_then(|s| s.releases.clone()) {
            Some(url) => stated_stream(url, &group.candidates),
            None => stream(&group, inventory),
        };
        let name = match stated {
            Some(stated) => stated.name.clone(),
            None => free_name(&group.name, &taken),
        };
        taken.insert(name.clone());
        let reason = match group.kind() {
            _ if stated.is_some() => ComponentReason::Stated,
            Kind::Source => ComponentReason::Source,
            Kind::Helm => ComponentReason::HelmRelease,
            Kind::Promise => ComponentReason::Promise,
            Kind::Own => ComponentReason::Repository,
        };
        result.why.push(ComponentWhy {
            name: name.clone(),
            reason,
            pins: pins_to_state(&group, &shared),
            clusters: group.clusters(),
        });
        result.list.push(Component {
            name,
            paths: stated.and_then(|s| s.paths.clone()).unwrap_or(inferred),
            ignore: stated.and_then(|s| s.ignore.clone()),
            releases,
        });
        result.pins.extend(group.candidates.into_iter().map(|c| (position, c)));
    }
    result.pins.sort_by(|(a, x), (b, y)| (x.cluster, a, &x.object).cmp(&(y.cluster, b, &y.object)));
    result
}

/// A name that no other component has: joined names may meet.
fn free_name(name: &str, taken: &BTreeSet<ComponentName>) -> ComponentName {
    let short: String = tame(name).chars().take(56).collect();
    let names = std::iter::once(tame(name)).chain((2..).map(|n| tame(&format!("{short}-{n}"))));
    let mut names = names.map(|name| ComponentName::parse(&name).expect("tame makes names"));
    names.find(|name| !taken.contains(name)).expect("numbers do not end")
}

/// Names of objects that hold pins of more than one component.
fn shared_names(groups: &[Group]) -> BTreeSet<String> {
    let mut of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut shared = BTreeSet::new();
    for (position, group) in groups.iter().enumerate() {
        for candidate in group.candidates.iter().filter(|c| c.kind != Kind::Own) {
            for name in [&candidate.object.name, &candidate.name] {
                if *of.entry(name).or_insert(position) != position {
                    shared.insert(name.clone());
                }
            }
        }
    }
    shared
}

/// What names the group's pins and no others.
fn pins_to_state(group: &Group, shared: &BTreeSet<String>) -> Vec<String> {
    if let Some(stated) = &group.stated {
        return stated.pins.clone();
    }
    let only_own = group.kind() == Kind::Own;
    let named: BTreeSet<String> = group
        .candidates
        .iter()
        .filter(|c| only_own || c.kind != Kind::Own)
        .map(|c| {
            let ObjectRef { kind, namespace, name } = &c.object;
            if only_own || !shared.contains(name) {
                name.clone()
            } else if namespace.is_empty() {
                format!("{kind}/{name}")
            } else {
                format!("{kind}/{namespace}/{name}")
            }
        })
        .collect();
    named.into_iter().collect()
}

fn stated_stream(url: String, candidates: &[Candidate]) -> ReleaseStream {
    if url.starts_with("oci://") {
        let same = |c: &&Candidate| c.origin == Origin::Oci { url: url.clone() };
        let insecure = candidates.iter().find(same).is_some_and(|c| c.insecure);
        ReleaseStream::Oci { url, insecure }
    } else {
        ReleaseStream::Elsewhere { location: url }
    }
}

/// Where releases are: the OCI repository that most pins name, else this repository's tags, else a
/// place that is only named.
fn stream(group: &Group, inventory: &Inventory) -> ReleaseStream {
    let mut oci: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for candidate in &group.candidates {
        if let Origin::Oci { url } = &candidate.origin {
            *oci.entry((url, candidate.insecure)).or_default() += 1;
        }
    }
    let most = oci.into_iter().max_by_key(|((url, _), count)| (*count, Reverse(*url)));
    if let Some(((url, insecure), _)) = most {
        return ReleaseStream::Oci { url: url.to_owned(), insecure };
    }
    for candidate in &group.candidates {
        match &candidate.origin {
            Origin::ThisRepository => return ReleaseStream::GitTags,
            Origin::Helm { url, chart } if url.starts_with("oci://") => {
                let url = format!("{}/{chart}", url.trim_end_matches('/'));
                return ReleaseStream::Oci { url, insecure: false };
            }
            Origin::Helm { url, chart } => {
                let of = if url.is_empty() { String::new() } else { format!(" of {url}") };
                let location = format!("chart {chart}{of}");
                return ReleaseStream::Elsewhere { location };
            }
            Origin::Git { url } => return ReleaseStream::Elsewhere { location: url.clone() },
            Origin::Promise => {
                return ReleaseStream::Elsewhere {
                    location: format!("Promise {}", candidate.name),
                };
            }
            Origin::Oci { .. } => {}
        }
    }
    match group.stated.as_ref().and_then(|s| s.paths.as_ref()) {
        Some(_) if !inventory.clusters.is_empty() => ReleaseStream::GitTags,
        _ => ReleaseStream::Elsewhere { location: group.name.clone() },
    }
}
