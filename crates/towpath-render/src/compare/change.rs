//! What a comparison answers: objects that came, went or changed, and the fields in which they changed.

use super::{Item, Masked, Path};
use crate::{Identity, Origin};

/// One object that is not the same on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// What it is called; where both sides have it, as on the new one.
    pub identity: Identity,
    /// What happened to it.
    pub kind: Kind,
}

/// What happened to an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Only the new side has it.
    Added(Side),
    /// Only the old side has it.
    Removed(Side),
    /// Both have it.
    Changed {
        /// It as it was.
        old: Side,
        /// It as it will be.
        new: Side,
        /// In which fields; empty only of an object that has another name and nothing else.
        fields: Vec<FieldChange>,
        /// What it was called, where the hash behind its name is another one now.
        renamed_from: Option<String>,
    },
}

/// An object as one side has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// It, without its secrets. Where a secret differs between the sides, its stand-in does too.
    pub object: Masked,
    /// Where it came from.
    pub origin: Origin,
}

/// One field that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FieldChange {
    /// Which field.
    pub path: Path,
    /// What happened to it.
    pub what: What,
    /// The object whose new name this field only follows.
    pub follows: Option<Identity>,
}

/// What happened to a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum What {
    /// Only the new side has it.
    Added {
        /// Its value.
        new: Masked,
        /// Where in its list it stands, from 0, if that is before items that were there already.
        at: Option<usize>,
    },
    /// Only the old side has it.
    Removed {
        /// Its value.
        old: Masked,
    },
    /// Both have it.
    Changed {
        /// Its value as it was.
        old: Masked,
        /// Its value as it will be.
        new: Masked,
    },
    /// The items of a list that both sides have stand in another order.
    Reordered {
        /// Their order as it was.
        old: Vec<Item>,
        /// Their order as it will be.
        new: Vec<Item>,
    },
}

impl Change {
    /// It as it was; nothing where it was not there.
    #[must_use]
    pub fn before(&self) -> Option<&Side> {
        match &self.kind {
            Kind::Added(_) => None,
            Kind::Removed(old) | Kind::Changed { old, .. } => Some(old),
        }
    }

    /// It as it will be; nothing where it goes.
    #[must_use]
    pub fn after(&self) -> Option<&Side> {
        match &self.kind {
            Kind::Removed(_) => None,
            Kind::Added(new) | Kind::Changed { new, .. } => Some(new),
        }
    }

    /// The fields that changed; none of an object that only one side has.
    #[must_use]
    pub fn fields(&self) -> &[FieldChange] {
        match &self.kind {
            Kind::Changed { fields, .. } => fields,
            Kind::Added(_) | Kind::Removed(_) => &[],
        }
    }

    /// Whether all that changed in it is the new name of other objects.
    #[must_use]
    pub fn only_follows(&self) -> bool {
        match &self.kind {
            Kind::Changed { fields, renamed_from: None, .. } => {
                !fields.is_empty() && fields.iter().all(|field| field.follows.is_some())
            }
            _ => false,
        }
    }
}
