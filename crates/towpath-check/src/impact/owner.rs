//! Whose an object is: what labels say of it, of its namespace, or else the name of the namespace.
//!
//! Must not guess from names of objects, and must not take the tool that manages an object for its owner.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::given::Given;
use crate::look;
use crate::subject::{Subject, TargetId};

/// Whose an object is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A label of the object or of its namespace says so.
    Named(String),
    /// No label does; the owner is known by the namespace.
    Namespace(String),
    /// No label does, and the object is in no namespace.
    Nobody,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.pad(name),
            Self::Namespace(name) => f.pad(&format!("namespace {name}")),
            Self::Nobody => f.pad("nobody"),
        }
    }
}

/// How owners are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owners {
    /// The labels that name an owner, the most telling first. One without a prefix stands for all of that name:
    /// `team` for `example.com/team`, too.
    pub labels: Vec<String>,
}

impl Default for Owners {
    /// The label that Flux puts on what belongs to a tenant (`fluxcd/flux2:cmd/flux/create_tenant.go`), then the two
    /// that most teams use. `app.kubernetes.io/managed-by` names a tool, no owner.
    fn default() -> Self {
        let labels = ["toolkit.fluxcd.io/tenant", "team", "owner"];
        Self { labels: labels.map(str::to_owned).into() }
    }
}

impl Owners {
    /// The owner that the labels of an object name.
    fn of<'v>(&self, value: &'v Value) -> Option<&'v str> {
        let labels = look::at(value, &["metadata", "labels"])?.as_object()?;
        let said = |name: &str| {
            let exact = labels.get(name);
            let prefixed = || {
                let same = |key: &str| key.rsplit_once('/').is_some_and(|(_, end)| end == name);
                labels.iter().filter(|(key, _)| same(key)).min_by_key(|(key, _)| *key)
            };
            let value = exact.or_else(|| prefixed().map(|(_, value)| value))?.as_str()?;
            (!value.is_empty()).then_some(value)
        };
        self.labels.iter().find_map(|name| said(name))
    }
}

/// Answers whose objects are.
pub(super) struct Whose<'g> {
    owners: &'g Owners,
    /// The namespaces whose labels name an owner. `None`: for all targets.
    namespaces: BTreeMap<(Option<TargetId>, &'g str), &'g str>,
}

impl<'g> Whose<'g> {
    pub(super) fn new(given: &'g Given, owners: &'g Owners) -> Self {
        let mut namespaces = BTreeMap::new();
        for subject in &given.subjects {
            let head = &subject.head;
            if (head.gvk().group, head.kind.as_str()) != ("", "Namespace") {
                continue;
            }
            let Some(owner) = owners.of(&subject.value) else { continue };
            if head.targets.is_empty() {
                namespaces.insert((None, head.name.as_str()), owner);
            }
            for target in head.targets.iter() {
                namespaces.insert((Some(*target), head.name.as_str()), owner);
            }
        }
        Self { owners, namespaces }
    }

    /// Whose an object is in a target.
    pub(super) fn owner(&self, subject: &Subject, target: Option<TargetId>) -> Owner {
        if let Some(name) = self.owners.of(&subject.value) {
            return Owner::Named(name.to_owned());
        }
        let namespace = look::namespace(&subject.head, &subject.value);
        if namespace.is_empty() {
            return Owner::Nobody;
        }
        let labelled = self
            .namespaces
            .get(&(target, namespace))
            .or_else(|| self.namespaces.get(&(None, namespace)));
        match labelled {
            Some(name) => Owner::Named((*name).to_owned()),
            None => Owner::Namespace(namespace.to_owned()),
        }
    }
}
