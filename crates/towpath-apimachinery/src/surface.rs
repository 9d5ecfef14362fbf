//! All that a cluster of one minor serves without any definition: what many clusters of that minor share.
//!
//! Loading the catalog takes a millisecond and is done once; a cluster then costs what it holds.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_catalog::{Catalog, GroupVersionKind, Kind, Minor, SchemaRef, UnknownMinor, lifecycle};

use crate::resource::{Resource, Subresource, api_version, qualified};
use crate::strategy;

/// Groups in the order in which a server lists them. Source of the contract:
/// `kubernetes/kubernetes:pkg/controlplane/apiserver/aggregator.go`.
const ORDER: [&str; 20] = [
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "discovery.k8s.io",
    "flowcontrol.apiserver.k8s.io",
];

/// What is built in.
pub struct Surface {
    catalog: Catalog,
    groups: Vec<Group>,
}

/// A group and its versions, the preferred one first.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// Empty for the core.
    pub name: Box<str>,
    /// The versions, the preferred one first.
    pub versions: Vec<Version>,
}

/// A version of a group.
#[derive(Debug, Clone, Default)]
pub struct Version {
    /// `v1`.
    pub name: Box<str>,
    /// By plural.
    pub resources: BTreeMap<Box<str>, Arc<Resource>>,
}

impl Group {
    /// A version by name.
    #[must_use]
    pub fn version(&self, name: &str) -> Option<&Version> {
        self.versions.iter().find(|version| *version.name == *name)
    }
}

/// How a server prefers versions: general availability, then betas, then alphas, the higher number first, and names of
/// other forms at the end. Sorts the preferred one first.
///
/// Source of the contract: `kubernetes/apimachinery:pkg/version/helpers.go`.
#[must_use]
pub fn preference(version: &str) -> (Reverse<(u8, u64, u64)>, &str) {
    (Reverse(parsed(version).unwrap_or_default()), version)
}

fn parsed(version: &str) -> Option<(u8, u64, u64)> {
    let rest = version.strip_prefix('v')?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let major = rest[..end].parse().ok()?;
    let (stability, minor) = match &rest[end..] {
        "" => (3, "0"),
        rest if rest.starts_with("beta") => (2, &rest[4..]),
        rest if rest.starts_with("alpha") => (1, &rest[5..]),
        _ => return None,
    };
    Some((stability, major, minor.parse().ok()?))
}

impl Surface {
    /// What a cluster of a minor with the defaults serves.
    ///
    /// # Errors
    ///
    /// [`UnknownMinor`], if nothing is known of it.
    pub fn load(minor: Minor) -> Result<Self, UnknownMinor> {
        let catalog = Catalog::load(minor)?;
        let groups = groups(&catalog);
        Ok(Self { catalog, groups })
    }

    /// The facts of the minor.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The schema of `ObjectMeta`.
    #[must_use]
    pub fn metadata(&self) -> SchemaRef<'_> {
        self.catalog
            .definition("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")
            .expect("every minor has metadata")
    }

    /// Groups in the order in which a server lists them, the core first.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// A group by name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| *group.name == *name)
    }

    /// A resource at an address.
    #[must_use]
    pub fn resource(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Resource>> {
        self.group(group)?.version(version)?.resources.get(plural)
    }

    /// A resource by the name that the store has for it, in the version that is stored.
    #[must_use]
    pub fn stored(&self, id: &str) -> Option<&Arc<Resource>> {
        let (plural, group) = id.split_once('.').unwrap_or((id, ""));
        let group = self.group(group)?;
        let any = group.versions.iter().find_map(|version| version.resources.get(plural))?;
        group.version(&any.storage_version)?.resources.get(plural)
    }

    /// The resource of a kind.
    #[must_use]
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<Resource>> {
        let version = self.group(group)?.version(version)?;
        version.resources.values().find(|resource| *resource.kind == *kind)
    }
}

impl std::fmt::Debug for Surface {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surface").field("minor", &self.catalog.minor()).finish_non_exhaustive()
    }
}

fn groups(catalog: &Catalog) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let kinds: Vec<Kind<'_>> = catalog.kinds().collect();
    for kind in kinds.iter().filter(|kind| kind.served_by_default) {
        let gvk = kind.kind;
        let all = kinds.iter().map(|kind| kind.kind);
        let storage = strategy::storage_version(all, gvk.group, gvk.kind).unwrap_or(gvk);
        let resource = Arc::new(resource(catalog, kind, storage));
        let at =
            groups.iter().position(|group| group.name == resource.group).unwrap_or_else(|| {
                groups.push(Group { name: resource.group.clone(), ..Group::default() });
                groups.len() - 1
            });
        let versions = &mut groups[at].versions;
        let at = versions.iter().position(|it| it.name == resource.version).unwrap_or_else(|| {
            versions.push(Version { name: resource.version.clone(), ..Version::default() });
            versions.len() - 1
        });
        versions[at].resources.insert(resource.plural.clone(), resource);
    }
    for group in &mut groups {
        group.versions.sort_by(|a, b| preference(&a.name).cmp(&preference(&b.name)));
    }
    let rank = |group: &Group| ORDER.iter().position(|name| **name == *group.name);
    groups.sort_by(|a, b| {
        let key = |group| rank(group).unwrap_or(ORDER.len());
        key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
    });
    groups
}

fn resource(catalog: &Catalog, kind: &Kind<'_>, storage: GroupVersionKind<'_>) -> Resource {
    let gvk = kind.kind;
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).into()).collect();
    let subresources = kind.subresources.iter().map(|below| Subresource {
        name: below.name.into(),
        group: below.kind.group.into(),
        version: below.kind.version.into(),
        kind: below.kind.kind.into(),
        verbs: below.verbs,
    });
    Resource {
        id: qualified(kind.plural, storage.group).into(),
        group: gvk.group.into(),
        version: gvk.version.into(),
        api_version: api_version(gvk.group, gvk.version).into(),
        plural: kind.plural.into(),
        singular: kind.singular().into(),
        kind: gvk.kind.into(),
        list_kind: format!("{}List", gvk.kind).into(),
        scope: kind.scope,
        verbs: kind.verbs,
        short_names: texts(kind.short_names()),
        categories: texts(kind.categories()),
        subresources: subresources.collect(),
        storage_group: storage.group.into(),
        storage_version: storage.version.into(),
        selectable: selectable(gvk.group, gvk.kind),
        deprecation: deprecation(catalog, kind).map(Into::into),
        custom: None,
    }
}

/// What the server warns of when a version is used. Source of the contract:
/// `kubernetes/apiserver:pkg/endpoints/deprecation/deprecation.go`.
fn deprecation(catalog: &Catalog, kind: &Kind<'_>) -> Option<String> {
    let life = lifecycle(&kind.kind)?;
    let deprecated = life.deprecated.filter(|minor| *minor <= catalog.minor())?;
    let mut text = format!(
        "{} {} is deprecated in {deprecated}+",
        api_version(kind.kind.group, kind.kind.version),
        kind.kind.kind
    );
    if let Some(removed) = life.removed {
        text.push_str(&format!(", unavailable in {removed}+"));
    }
    if let Some(next) = life.replacement {
        text.push_str(&format!("; use {next}"));
    }
    Some(text)
}

/// Fields that selectors can ask for. Source of the contract: `kubernetes/kubernetes:pkg/apis/*/v1/conversion.go`.
fn selectable(group: &str, kind: &str) -> Vec<Box<[Box<str>]>> {
    let paths: &[&str] = match (group, kind) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("", "Node") => &["spec.unschedulable"],
        ("", "Namespace") => &["status.phase"],
        ("", "Secret") => &["type"],
        ("", "Service") => &["spec.clusterIP", "spec.type"],
        ("", "ReplicationController") | ("apps", "ReplicaSet") => &["status.replicas"],
        ("", "Event") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("batch", "Job") => &["status.successful"],
        ("certificates.k8s.io", "CertificateSigningRequest") => &["spec.signerName"],
        _ => &[],
    };
    paths.iter().map(|path| path.split('.').map(Into::into).collect()).collect()
}
