//! Who asks, and what they may do.

use std::collections::BTreeMap;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// For example `system:serviceaccount:flux-system:kustomize-controller`.
    pub name: String,
    /// Empty where there is none.
    pub uid: String,
    /// For example `system:authenticated`.
    pub groups: Vec<String>,
    /// What the authenticator knows besides.
    pub extra: BTreeMap<String, Vec<String>>,
}
