//! The name of a kind: group, version and kind, borrowed from wherever they are written.

use std::fmt;

/// Group, version and kind of an object. The group of `v1` is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupVersionKind<'a> {
    /// For example `apps`; empty for the oldest kinds, such as Pod.
    pub group: &'a str,
    /// For example `v1`.
    pub version: &'a str,
    /// For example `Deployment`.
    pub kind: &'a str,
}

impl<'a> GroupVersionKind<'a> {
    /// Of the three parts.
    #[must_use]
    pub const fn new(group: &'a str, version: &'a str, kind: &'a str) -> Self {
        Self { group, version, kind }
    }

    /// Of an object's `apiVersion` and `kind`. What is no sound `apiVersion` names a kind that nobody has.
    #[must_use]
    pub fn of(api_version: &'a str, kind: &'a str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group, version, kind }
    }

    /// `apps/v1`, or `v1` for the empty group.
    #[must_use]
    pub fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// How far the version has come.
    #[must_use]
    pub fn stability(&self) -> Stability {
        Stability::of(self.version)
    }
}

impl fmt::Display for GroupVersionKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.group.is_empty() {
            write!(f, "{}/", self.group)?;
        }
        write!(f, "{} {}", self.version, self.kind)
    }
}

/// How far a version of an API has come, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stability {
    /// `v1alpha1` and its like: may change or go at any time.
    Alpha,
    /// `v1beta1` and its like: goes after a deprecation.
    Beta,
    /// `v1` and its like.
    Stable,
}

impl Stability {
    /// Of a version such as `v1beta2`.
    #[must_use]
    pub fn of(version: &str) -> Self {
        if version.contains("alpha") {
            Self::Alpha
        } else if version.contains("beta") {
            Self::Beta
        } else {
            Self::Stable
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_api_version_is_taken_apart_and_put_together() {
        for (api_version, group, version) in
            [("v1", "", "v1"), ("apps/v1", "apps", "v1"), ("a.b/v1beta1", "a.b", "v1beta1")]
        {
            let gvk = GroupVersionKind::of(api_version, "Thing");
            assert_eq!(gvk, GroupVersionKind::new(group, version, "Thing"));
            assert_eq!(gvk.api_version(), api_version);
            assert_eq!(gvk.to_string(), format!("{api_version} Thing"));
        }
    }

    #[test]
    fn stability_is_ordered() {
        assert_eq!(Stability::of("v2alpha1"), Stability::Alpha);
        assert_eq!(Stability::of("v1beta3"), Stability::Beta);
        assert_eq!(Stability::of("v2"), Stability::Stable);
        assert!(Stability::Alpha < Stability::Beta && Stability::Beta < Stability::Stable);
    }
}
