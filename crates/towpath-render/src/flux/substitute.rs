//! What Flux does with `${...}` after a build: variables, and each object on its YAML text.
//!
//! Source of the contract: `fluxcd/pkg:kustomize/kustomize_varsub.go`. An object is written as YAML, substituted as
//! text and read again, so a value can change its type: `"${port}"` becomes a number. Where a value is not known,
//! the reference stays as it is and its name is reported.
//!
//! Where to go next: `substitute/grammar.rs` is the grammar of a reference.

mod grammar;
mod pattern;

use std::collections::{BTreeMap, BTreeSet};

use grammar::Lookup;
pub use grammar::{Expanded, GrammarError};

use crate::Value;

/// A label or annotation that keeps an object from being substituted when it is `disabled`.
const SWITCH: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// What a variable means that nothing sets and that has no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Strictness {
    /// An error, as from Flux 2.9 on.
    #[default]
    Strict,
    /// An empty text, as before.
    Lenient,
}

/// Why an object, or its variables, cannot be substituted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubstituteError {
    /// A variable whose name is none.
    #[error(
        "`{0}` cannot be the name of a variable: only letters, digits and `_` can, no digit first"
    )]
    BadName(String),
    /// A reference that cannot be followed.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
    /// What came out is no YAML.
    #[error("no YAML after substitution: {0}")]
    Yaml(String),
    /// What came out is no mapping.
    #[error("no object after substitution")]
    NotAnObject,
}

/// The variables of one Kustomization.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Variables {
    known: BTreeMap<String, String>,
    /// Names that have a value which cannot be read.
    hidden: BTreeSet<String>,
    /// Whether names that are not in `known` may have a value all the same.
    open: bool,
    /// Whether references are looked for even when there is no variable.
    always: bool,
}

impl Variables {
    /// These variables and no others. Line breaks are taken out of the values, as Flux does.
    #[must_use]
    pub fn of(known: BTreeMap<String, String>) -> Self {
        let mut variables = Self::default();
        known.into_iter().for_each(|(name, value)| variables.set(name, &value));
        variables
    }

    /// Sets one; of several settings the last counts.
    pub fn set(&mut self, name: String, value: &str) {
        self.hidden.remove(&name);
        self.known.insert(name, value.replace('\n', ""));
    }

    /// Takes the value of one that is set but cannot be read: it counts as unknown.
    pub fn forget(&mut self, name: &str) {
        self.known.remove(name);
        self.hidden.insert(name.to_owned());
    }

    /// From here on, a variable that is not set counts as unknown and not as missing.
    pub fn open(&mut self) {
        self.open = true;
    }

    /// References are looked for even when there is no variable.
    pub fn always(&mut self) {
        self.always = true;
    }

    /// Whether anything would be substituted at all.
    #[must_use]
    pub fn apply(&self) -> bool {
        self.always || self.open || !self.known.is_empty() || !self.hidden.is_empty()
    }

    /// # Errors
    /// A name that is none.
    pub fn check(&self) -> Result<(), SubstituteError> {
        let good = |name: &str| {
            !name.starts_with(|c: char| c.is_ascii_digit())
                && !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        match self.known.keys().find(|name| !good(name)) {
            Some(name) => Err(SubstituteError::BadName(name.clone())),
            None => Ok(()),
        }
    }

    /// The object with its references replaced, and the names of those that are not known. None: nothing to replace.
    ///
    /// # Errors
    /// A reference cannot be followed, or the text is no object any more.
    pub fn substitute(
        &self,
        object: &Value,
        strictness: Strictness,
    ) -> Result<Option<(Value, BTreeSet<String>)>, SubstituteError> {
        if !self.apply() || !holds_dollar(object) || is_switched_off(object) {
            return Ok(None);
        }
        let expanded = expand(&towpath_yaml::write(object), self, strictness)?;
        let mut documents = towpath_yaml::parse(expanded.text.as_bytes())
            .map_err(|error| SubstituteError::Yaml(format!("line {}: {error}", error.line())))?;
        if documents.is_empty() {
            return Err(SubstituteError::NotAnObject);
        }
        match documents.swap_remove(0).root.to_json() {
            value @ Value::Object(_) => Ok(Some((value, expanded.unknown))),
            _ => Err(SubstituteError::NotAnObject),
        }
    }
}

/// Replaces the references in a text.
///
/// # Errors
/// A reference that cannot be followed.
pub fn expand(
    text: &str,
    variables: &Variables,
    strictness: Strictness,
) -> Result<Expanded, GrammarError> {
    grammar::expand(text, strictness == Strictness::Strict, &|name| match variables.known.get(name)
    {
        Some(value) => Lookup::Value(value),
        None if variables.open || variables.hidden.contains(name) => Lookup::Unknown,
        None => Lookup::Missing,
    })
}

fn holds_dollar(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('$'),
        Value::Array(list) => list.iter().any(holds_dollar),
        Value::Object(map) => {
            map.iter().any(|(key, value)| key.contains('$') || holds_dollar(value))
        }
        _ => false,
    }
}

fn is_switched_off(object: &Value) -> bool {
    ["labels", "annotations"]
        .iter()
        .any(|map| object["metadata"][map][SWITCH].as_str() == Some("disabled"))
}

#[cfg(test)]
mod tests;
