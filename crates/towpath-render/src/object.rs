//! What a render makes: one Kubernetes object, what it is called and where it came from.
//!
//! An object is data; nothing here changes one. `kustomize/resource.rs` is the form that a build works on.

use std::fmt;
use std::sync::Arc;

use crate::Value;

/// A rendered object.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// The whole object: a mapping with `apiVersion`, `kind` and `metadata.name`. Those who look at the same object share
    /// it.
    pub value: Arc<Value>,
    /// Where it came from.
    pub origin: Origin,
}

/// Where an object came from and what touched it on the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The file that it was read from, from the root of the tree; of a generated object, the kustomization that
    /// generates it.
    pub file: Arc<str>,
    /// The line of its document in that file, from 1; of a generated object, of the generator.
    pub line: usize,
    /// What changed it afterwards, in that order: the kustomization's path and the field, as `patches[2]`.
    pub touched: Vec<Touch>,
}

/// One change of an object on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// The kustomization that asked for it, from the root of the tree.
    pub file: Arc<str>,
    /// The field that asked for it: `namePrefix`, `patches[2]`.
    pub field: Arc<str>,
}

/// What an object is called: group, version, kind, namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Identity {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version in its group.
    pub version: String,
    /// The kind.
    pub kind: String,
    /// The namespace as written; empty where none is.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Identity {
    /// What `value` is called. Fields that are missing are empty; a number counts as its text, because that is how
    /// Kustomize takes a name that nobody quoted.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        let text = |value: &Value, key: &str| match value.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(scalar @ (Value::Number(_) | Value::Bool(_))) => scalar.to_string(),
            _ => String::new(),
        };
        let api_version = value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let metadata = value.get("metadata").unwrap_or(&Value::Null);
        Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text(value, "kind"),
            namespace: text(metadata, "namespace"),
            name: text(metadata, "name"),
        }
    }

    /// `group/version`, or the version alone in the core group.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

impl Object {
    /// What the object is called.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::of(&self.value)
    }
}

/// `Deployment apps/web`: the kind, then the namespace where there is one, then the name.
impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        f.write_str(" ")?;
        if !self.namespace.is_empty() {
            write!(f, "{}/", self.namespace)?;
        }
        f.write_str(&self.name)
    }
}
