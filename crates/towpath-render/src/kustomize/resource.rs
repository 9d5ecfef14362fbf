//! An object on its way through a build: its value, what it was called before, and what is still to be done to it.
//!
//! References to an object are found by any of the names that it ever had, so none is forgotten until the build ends.

use super::shared::Shared;
use crate::{Identity, Origin, Touch, Value};

/// An object inside a build.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The object as it is now.
    pub value: Value,
    /// What it was called before each change of its name, namespace or kind; the oldest first.
    pub former: Vec<Identity>,
    /// Prefixes that were put before its name, the oldest first.
    pub prefixes: Vec<String>,
    /// Suffixes that were put behind its name, the oldest first.
    pub suffixes: Vec<String>,
    /// How a generated object treats one of the same name below.
    pub behavior: Behavior,
    /// Whether the hash of its content is still to be put behind its name.
    pub needs_hash: bool,
    /// Where it came from.
    pub origin: Origin,
    /// Fields of it that hold one and the same text.
    pub(crate) shared: Vec<Shared>,
    /// Variables whose values it has.
    pub(crate) variables: Vec<String>,
}

/// `behavior` of a generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Behavior {
    /// Not said; as `create`.
    #[default]
    Unspecified,
    /// There must be none of this name yet.
    Create,
    /// There must be one, and its data goes.
    Replace,
    /// There must be one, and its data stays where this has none.
    Merge,
}

impl Resource {
    /// A resource of which nothing is known yet but its value and its source.
    #[must_use]
    pub fn new(value: Value, origin: Origin) -> Self {
        Self {
            value,
            former: Vec::new(),
            prefixes: Vec::new(),
            suffixes: Vec::new(),
            behavior: Behavior::default(),
            needs_hash: false,
            origin,
            shared: Vec::new(),
            variables: Vec::new(),
        }
    }

    /// What it is called now.
    #[must_use]
    pub fn identity(&self) -> Identity {
        Identity::of(&self.value)
    }

    /// What it was called first.
    #[must_use]
    pub fn original(&self) -> Identity {
        self.previous().next().unwrap_or_else(|| self.identity())
    }

    /// What it was called before, the oldest first; in the group and version that it has now.
    pub fn previous(&self) -> impl Iterator<Item = Identity> + '_ {
        let api_version = self.value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.former.iter().map(move |former| Identity {
            group: group.to_owned(),
            version: version.to_owned(),
            ..former.clone()
        })
    }

    /// Remembers what it is called now, because that is about to change.
    pub(crate) fn remember(&mut self) {
        self.former.push(self.identity());
    }

    /// Notes that `touch` changed it.
    pub(crate) fn touch(&mut self, touch: &Touch) {
        if self.origin.touched.last() != Some(touch) {
            self.origin.touched.push(touch.clone());
        }
    }
}
