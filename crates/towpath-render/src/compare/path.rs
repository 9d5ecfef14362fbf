//! Which field of an object: the steps from its top, and how they are written.

use std::fmt;

use crate::Value;

/// The steps from an object's top to a field.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Path(pub Vec<Step>);

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// To a field of a mapping.
    Key(String),
    /// To an item of a list whose items are told apart by nothing but their place.
    Index {
        /// Where it was, from 0; nothing if it was not there.
        old: Option<usize>,
        /// Where it will be, from 0; nothing if it goes.
        new: Option<usize>,
    },
    /// To an item of a list whose items have keys.
    Item(Item),
}

/// The fields that tell an item of a list apart, with their values; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item(pub Vec<(String, Value)>);

impl Path {
    /// Whether its steps are these fields of mappings.
    #[must_use]
    pub fn is(&self, keys: &[&str]) -> bool {
        self.0.len() == keys.len()
            && self.0.iter().zip(keys).all(|(step, is)| matches!(step, Step::Key(key) if key == is))
    }
}

/// `spec.template.spec.containers[name=web].image`; keys with other than letters, digits, `-` and `_` are quoted:
/// `metadata.labels["app.kubernetes.io/name"]`. An index is that of the new side where it has one.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if is_plain(key) => {
                    let dot = if number == 0 { "" } else { "." };
                    write!(f, "{dot}{key}")?;
                }
                Step::Key(key) => write!(f, "[{}]", Value::from(key.as_str()))?,
                Step::Index { old, new } => write!(f, "[{}]", new.or(*old).unwrap_or_default())?,
                Step::Item(item) => write!(f, "[{item}]")?,
            }
        }
        Ok(())
    }
}

/// `name=web`, `containerPort=53,protocol=UDP`.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (key, value)) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            match value {
                Value::String(text) => write!(f, "{comma}{key}={text}")?,
                other => write!(f, "{comma}{key}={other}")?,
            }
        }
        Ok(())
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
}
