//! What is judged: objects, each with its place and with those who are given it.
//!
//! A [`Subject`] is made by whoever reads files, renders clusters or asks one; rules look at it and change nothing.
//! Next: [`crate::given`], which holds all of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use towpath_catalog::{GroupVersionKind, Minor, Release};
use towpath_core::id::{ClusterName, EnvironmentName};
use towpath_core::pin::{Location, ObjectRef};
use towpath_yaml::Node;

/// A cluster for which objects are judged, or somebody's question about a Kubernetes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The environment and the cluster; `None` where there is no path.
    pub place: Option<(EnvironmentName, ClusterName)>,
    /// Whether an exact version is demanded of the environment.
    pub production: bool,
    /// Whether the environment is a disposable clone.
    pub sandbox: bool,
    /// The Kubernetes that it runs.
    pub kubernetes: Kubernetes,
    /// The releases of well-known projects that it has, by `owner/repo` as [`towpath_catalog::CrdSpan::project`] has them.
    pub projects: BTreeMap<&'static str, Release>,
    /// Whether all that it is given is among the objects. Where it is not, nobody can say that something is missing.
    pub whole: bool,
}

impl Target {
    /// The environment.
    #[must_use]
    pub fn environment(&self) -> Option<&EnvironmentName> {
        self.place.as_ref().map(|(environment, _)| environment)
    }
}

/// A Kubernetes, and how it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kubernetes {
    /// Its minor version.
    pub minor: Minor,
    /// Whether nobody said so: it is the newest that is known.
    pub assumed: bool,
}

/// The place of a [`Target`] among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId(pub u32);

/// How an object is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// It stands in a file, and no cluster is known to be given it.
    File,
    /// Clusters are given it.
    Rendered,
    /// The stored manifest of a Helm release.
    HelmRelease {
        /// `namespace/name` of the release.
        release: String,
    },
    /// A cluster has it, and handed it out in the version that it was asked for: how it was written is told by
    /// [`Source::Live`].
    Served,
    /// A cluster has it.
    Live {
        /// What names the apiVersion there: `the last-applied annotation`, `managed fields of helm`.
        said_by: String,
    },
}

/// Who an object is, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// `apiVersion` as written.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`; empty where it is left out.
    pub namespace: String,
    /// `metadata.name`, or `metadata.generateName`.
    pub name: String,
    /// Where it begins.
    pub at: Location,
    /// How it is known.
    pub source: Source,
    /// Those who are given it, in ascending order; none where nobody is known to be.
    pub targets: Arc<[TargetId]>,
}

impl Head {
    /// Where the texts are that say who an object is, and what it is that Helm stores a release in.
    pub(crate) const PATHS: [&[&str]; 7] = [
        &["apiVersion"],
        &["kind"],
        &["type"],
        &["metadata", "name"],
        &["metadata", "generateName"],
        &["metadata", "namespace"],
        &["metadata", "labels", "owner"],
    ];

    /// Who a parsed object is; `None` for what is no Kubernetes object.
    #[must_use]
    pub fn of_node(node: &Node, at: Location) -> Option<Self> {
        let text = |path: &[&str]| node.at(path).and_then(Node::as_str);
        Self::of(text, at)
    }

    /// Who a JSON object is; `None` for what is no Kubernetes object.
    #[must_use]
    pub fn of_value(value: &Value, at: Location) -> Option<Self> {
        let text = |path: &[&str]| {
            path.iter().try_fold(value, |value, key| value.get(key)).and_then(Value::as_str)
        };
        Self::of(text, at)
    }

    pub(crate) fn of<'v>(text: impl Fn(&[&str]) -> Option<&'v str>, at: Location) -> Option<Self> {
        let (api_version, kind) = (text(&["apiVersion"])?, text(&["kind"])?);
        let name = text(&["metadata", "name"]).or_else(|| text(&["metadata", "generateName"]));
        Some(Self {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: text(&["metadata", "namespace"]).unwrap_or_default().to_owned(),
            name: name.unwrap_or_default().to_owned(),
            at,
            source: Source::File,
            targets: Arc::from([]),
        })
    }

    /// Group, version and kind.
    #[must_use]
    pub fn gvk(&self) -> GroupVersionKind<'_> {
        GroupVersionKind::of(&self.api_version, &self.kind)
    }

    /// The object by kind and name.
    #[must_use]
    pub fn reference(&self) -> ObjectRef {
        ObjectRef {
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

/// An object that is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// Who it is, and where.
    pub head: Head,
    /// All of it, shared with whoever made it.
    pub value: Arc<Value>,
}
