//! What a cluster serves under a kind of its own: its address, its scope, what can be done with it.

use std::fmt;

use crate::gvk::GroupVersionKind;
use crate::names;

/// A kind with an address of its own in one minor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind<'c> {
    /// Group, version and kind.
    pub kind: GroupVersionKind<'c>,
    /// How it is named in addresses, for example `pods`.
    pub plural: &'c str,
    /// Where its objects lie.
    pub scope: Scope,
    /// What can be done with it.
    pub verbs: Verbs,
    /// What lies below an object, sorted by name.
    pub subresources: Vec<Subresource<'c>>,
    /// Whether a cluster with the defaults has it. Alphas and most later betas have to be asked for.
    pub served_by_default: bool,
}

/// What lies below an object of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subresource<'c> {
    /// For example `scale`.
    pub name: &'c str,
    /// The kind of what is sent and received, for example `autoscaling/v1 Scale`.
    pub kind: GroupVersionKind<'c>,
    /// What can be done with it.
    pub verbs: Verbs,
}

impl Kind<'_> {
    /// The name of one, for example `pod`: the kind in lower case, without exception (`endpoints`, too).
    #[must_use]
    pub fn singular(&self) -> String {
        self.kind.kind.to_ascii_lowercase()
    }

    /// For example `po`.
    #[must_use]
    pub fn short_names(&self) -> &'static [&'static str] {
        names::of(self.kind.group, self.kind.kind).0
    }

    /// For example `all`.
    #[must_use]
    pub fn categories(&self) -> &'static [&'static str] {
        names::of(self.kind.group, self.kind.kind).1
    }

    /// What lies below an object under this name.
    #[must_use]
    pub fn subresource(&self, name: &str) -> Option<&Subresource<'_>> {
        self.subresources.iter().find(|below| below.name == name)
    }
}

/// Where objects lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// In no namespace.
    Cluster,
    /// Each in a namespace.
    Namespaced,
}

/// Something that can be done with objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    /// Make one.
    Create,
    /// Remove one.
    Delete,
    /// Remove all that match.
    DeleteCollection,
    /// Read one.
    Get,
    /// Read all that match.
    List,
    /// Change some fields of one.
    Patch,
    /// Replace one.
    Update,
    /// Be told of changes.
    Watch,
}

impl Verb {
    /// Every verb in the order of their names.
    pub const ALL: [Self; 8] = [
        Self::Create,
        Self::Delete,
        Self::DeleteCollection,
        Self::Get,
        Self::List,
        Self::Patch,
        Self::Update,
        Self::Watch,
    ];

    /// As discovery and roles write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Get => "get",
            Self::List => "list",
            Self::Patch => "patch",
            Self::Update => "update",
            Self::Watch => "watch",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of verbs. Bit 0 is [`Verb::Create`], and so on in the order of [`Verb::ALL`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Verbs(u8);

impl Verbs {
    /// The set of these bits.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The bits of this set.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether it has `verb`.
    #[must_use]
    pub const fn contains(self, verb: Verb) -> bool {
        self.0 >> verb as u8 & 1 == 1
    }

    /// Its verbs in the order of their names.
    pub fn iter(self) -> impl Iterator<Item = Verb> {
        Verb::ALL.into_iter().filter(move |verb| self.contains(*verb))
    }
}

impl FromIterator<Verb> for Verbs {
    fn from_iter<I: IntoIterator<Item = Verb>>(verbs: I) -> Self {
        Self(verbs.into_iter().fold(0, |bits, verb| bits | 1 << verb as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_in() {
        let verbs: Verbs = [Verb::Watch, Verb::Get, Verb::Get].into_iter().collect();
        assert_eq!(verbs.iter().map(Verb::name).collect::<Vec<_>>(), ["get", "watch"]);
        assert!(verbs.contains(Verb::Get) && !verbs.contains(Verb::List));
        assert_eq!(Verbs::from_bits(verbs.bits()), verbs);
    }

    #[test]
    fn verbs_are_in_the_order_of_their_names() {
        assert!(Verb::ALL.is_sorted_by_key(|verb| verb.name()));
        assert!(Verb::ALL.iter().zip(0..).all(|(verb, bit)| *verb as u8 == bit));
    }
}
