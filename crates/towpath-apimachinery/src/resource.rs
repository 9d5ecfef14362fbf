//! What a cluster serves at an address: one resource of one version of one group.
//!
//! Built-in resources come from the catalog, custom ones from their definitions; nothing behind this module asks
//! which of the two it has, except where the two differ for a client.

use std::sync::Arc;

use towpath_catalog::{GroupVersionKind, Scope, Verb, Verbs};
use towpath_schema::crd::schema::Schema;

use crate::store::{ResourceId, TypeMeta};

/// A resource as a cluster serves it.
#[derive(Debug, Clone)]
pub struct Resource {
    /// What the store calls it.
    pub id: ResourceId,
    /// Empty for the core.
    pub group: Box<str>,
    /// `v1`.
    pub version: Box<str>,
    /// `apps/v1`, `v1`.
    pub api_version: Box<str>,
    /// `deployments`.
    pub plural: Box<str>,
    /// `deployment`.
    pub singular: Box<str>,
    /// `Deployment`.
    pub kind: Box<str>,
    /// `DeploymentList`.
    pub list_kind: Box<str>,
    /// Where objects lie.
    pub scope: Scope,
    /// What can be done.
    pub verbs: Verbs,
    /// For example `deploy`.
    pub short_names: Vec<Box<str>>,
    /// For example `all`.
    pub categories: Vec<Box<str>>,
    /// What lies below an object, sorted by name.
    pub subresources: Vec<Subresource>,
    /// The group that objects lie in: some kinds are served in two.
    pub storage_group: Box<str>,
    /// The version that objects lie in; the same kind.
    pub storage_version: Box<str>,
    /// Paths that field selectors can ask for, besides name and namespace.
    pub selectable: Vec<Box<[Box<str>]>>,
    /// Said to whoever uses the version.
    pub deprecation: Option<Box<str>>,
    /// What only custom resources have.
    pub custom: Option<Arc<CustomVersion>>,
}

/// What lies below an object.
#[derive(Debug, Clone)]
pub struct Subresource {
    /// `status`.
    pub name: Box<str>,
    /// Group of what is sent and received.
    pub group: Box<str>,
    /// Its version.
    pub version: Box<str>,
    /// Its kind.
    pub kind: Box<str>,
    /// What can be done with it.
    pub verbs: Verbs,
}

/// A served version of a custom resource.
#[derive(Debug)]
pub struct CustomVersion {
    /// `openAPIV3Schema` as the definition has it; empty if it has none.
    pub open_api: serde_json::Map<String, serde_json::Value>,
    /// The same, ready to judge objects.
    pub schema: Schema,
    /// The columns of tables, as the definition has them.
    pub columns: Vec<Column>,
    /// Paths of the scale subresource, if there is one.
    pub scale: Option<Scale>,
    /// Whether there is a status subresource.
    pub has_status: bool,
}

/// A column of a table.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its heading.
    pub name: Box<str>,
    /// `string`, `integer`, `number`, `boolean`, `date`.
    pub of_type: Box<str>,
    /// For example `password`.
    pub format: Box<str>,
    /// For people.
    pub description: Box<str>,
    /// Above 0: only in wide tables.
    pub priority: i64,
    /// Where its value is, in the JSONPath of Kubernetes.
    pub path: Box<str>,
}

/// Where the scale of a custom resource is, as simple paths below the object.
#[derive(Debug, Clone)]
pub struct Scale {
    /// `.spec.replicas`.
    pub spec_replicas: Box<str>,
    /// `.status.replicas`.
    pub status_replicas: Box<str>,
    /// `.status.selector`.
    pub selector: Option<Box<str>>,
}

impl Resource {
    /// Group, version and kind.
    #[must_use]
    pub fn gvk(&self) -> GroupVersionKind<'_> {
        GroupVersionKind::new(&self.group, &self.version, &self.kind)
    }

    /// Group, version and kind of what is stored.
    #[must_use]
    pub fn storage_gvk(&self) -> GroupVersionKind<'_> {
        GroupVersionKind::new(&self.storage_group, &self.storage_version, &self.kind)
    }

    /// What the text of an object begins with.
    #[must_use]
    pub fn type_meta(&self) -> TypeMeta<'_> {
        TypeMeta { api_version: &self.api_version, kind: &self.kind }
    }

    /// Whether objects lie in namespaces.
    #[must_use]
    pub fn is_namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }

    /// Whether objects lie in another version than this one.
    #[must_use]
    pub fn is_converted(&self) -> bool {
        self.version != self.storage_version || self.group != self.storage_group
    }

    /// Whether something can be done with it.
    #[must_use]
    pub fn allows(&self, verb: Verb) -> bool {
        self.verbs.contains(verb)
    }

    /// What lies below an object under a name.
    #[must_use]
    pub fn subresource(&self, name: &str) -> Option<&Subresource> {
        self.subresources.iter().find(|below| *below.name == *name)
    }

    /// `deployments.apps`, `configmaps`.
    #[must_use]
    pub fn qualified(&self) -> String {
        qualified(&self.plural, &self.group)
    }
}

/// A resource and its group as one word.
#[must_use]
pub fn qualified(plural: &str, group: &str) -> String {
    if group.is_empty() { plural.to_owned() } else { format!("{plural}.{group}") }
}

/// `apps/v1`, `v1`.
#[must_use]
pub fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}
