//! The tree that a source becomes: values, where they stand and how they were written.
//!
//! A node is plain data. It remembers the bytes of its own token so that an edit can replace them;
//! it must not hold the source, so a tree can outlive it.

use crate::position::Span;

/// One document of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The value of the document.
    pub root: Node,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What a Kubernetes reader sees.
    pub value: Value,
    /// The value's own bytes, without anchor, tag, comment or space around it. A scalar spans its
    /// token with its quotes; a collection spans from its first to its last value (block) or
    /// bracket (flow). A node that is reached through an alias spans the bytes it was read from.
    pub span: Span,
    /// How the value was written.
    pub style: Style,
    /// Reached through an alias or a merge key: an edit here would edit elsewhere too.
    pub aliased: bool,
    /// Has an anchor, so aliases may repeat it.
    pub anchored: bool,
    /// Has an explicit tag such as `!!str`.
    pub tagged: bool,
    /// Stands inside `[...]` or `{...}`, where fewer characters may be plain.
    pub in_flow: bool,
    /// The scalar as written, kept where `value` alone would lose it.
    pub(crate) raw: Option<Box<str>>,
}

/// What a Kubernetes reader (go-yaml v2) makes of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`, `~` or nothing at all.
    Null,
    /// `true`, and also `yes`, `on` and `y`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number above [`i64::MAX`].
    UInt(u64),
    /// Any other number; `.inf` and `.nan` too, which JSON cannot hold.
    Float(f64),
    /// Text.
    String(String),
    /// A list.
    Seq(Vec<Node>),
    /// A mapping, with merge keys already applied.
    Map(Mapping),
}

/// How a value was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// A scalar without quotes.
    Plain,
    /// A scalar in `'single quotes'`.
    SingleQuoted,
    /// A scalar in `"double quotes"`.
    DoubleQuoted,
    /// A `|` block scalar.
    Literal,
    /// A `>` block scalar.
    Folded,
    /// Nothing was written, as after `key:`.
    Empty,
    /// A collection by indentation.
    Block,
    /// A collection in brackets.
    Flow,
}

/// An ordered mapping with unique keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mapping {
    entries: Vec<Entry>,
    /// Positions in `entries` sorted by key; only for large mappings, else empty.
    index: Box<[u32]>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// The value.
    pub value: Node,
}

/// A key, as the string that it becomes in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key: `8080: x` and `"8080": x` have the same one.
    pub text: String,
    /// The key's own bytes.
    pub span: Span,
    /// How the key was written.
    pub style: Style,
    /// Reached through an alias or a merge key.
    pub aliased: bool,
    /// Has an explicit tag.
    pub tagged: bool,
    /// Stands inside `[...]` or `{...}`.
    pub in_flow: bool,
    /// A string to go-yaml, rather than a number or bool that became one.
    pub is_string: bool,
}

impl Node {
    /// The value of `key`, if this is a mapping that holds it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value reached by one key after another; a list takes a position, as `"0"`.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, step| match &node.value {
            Value::Seq(items) => items.get(step.parse::<usize>().ok()?),
            _ => node.get(step),
        })
    }

    /// The entry of `key`, if this is a mapping that holds it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.as_map()?.entry(key)
    }

    /// The text, if this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if this is a bool.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// The number, if this is a whole number that fits.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self.value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    /// The values, if this is a list.
    #[must_use]
    pub fn as_seq(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The mapping, if this is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Map(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// Whether this is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// The scalar as written, without quotes: `1.10` stays `1.10`. None for a collection.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(self.raw.as_deref().unwrap_or(text)),
            Value::Seq(_) | Value::Map(_) => None,
            _ => Some(self.raw.as_deref().unwrap_or_default()),
        }
    }

    /// The value as JSON, as `sigs.k8s.io/yaml` would write it.
    ///
    /// A float without a fraction becomes a whole number, because Go writes it so and Kubernetes
    /// reads it back so. `.inf` and `.nan`, which Go refuses, become null.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(truth) => Json::Bool(*truth),
            Value::Int(number) => Json::from(*number),
            Value::UInt(number) => Json::from(*number),
            Value::Float(number) => float_to_json(*number),
            Value::String(text) => Json::String(text.clone()),
            Value::Seq(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Map(mapping) => Json::Object(
                mapping.iter().map(|e| (e.key.text.clone(), e.value.to_json())).collect(),
            ),
        }
    }
}

fn float_to_json(number: f64) -> serde_json::Value {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if number.fract() == 0.0 && number.abs() < BEYOND {
        // Go's JSON fills the shortest digits up with zeros, and those digits are what is read back.
        if let Ok(whole) = (number + 0.0).to_string().parse::<i64>() {
            return whole.into();
        }
    }
    serde_json::Number::from_f64(number).map_or(serde_json::Value::Null, Into::into)
}

/// From this many entries on, a mapping keeps an index; below it a scan is as fast.
const INDEXED: usize = 16;

impl Mapping {
    /// Takes entries in their order; gives them back with the positions of two equal keys if there
    /// are any.
    pub(crate) fn new(entries: Vec<Entry>) -> Result<Self, (Vec<Entry>, usize, usize)> {
        if entries.len() < INDEXED {
            for (second, entry) in entries.iter().enumerate().skip(1) {
                let same = |earlier: &Entry| earlier.key.text == entry.key.text;
                if let Some(first) = entries[..second].iter().position(same) {
                    return Err((entries, first, second));
                }
            }
            return Ok(Self { entries, index: Box::default() });
        }
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let key = |position: &u32| entries[*position as usize].key.text.as_str();
        let mut index: Vec<u32> = (0..count).collect();
        index.sort_by(|a, b| key(a).cmp(key(b)));
        let twice = index.windows(2).filter(|pair| key(&pair[0]) == key(&pair[1]));
        if let Some(pair) = twice.min_by_key(|pair| pair[1]) {
            let (first, second) = (pair[0] as usize, pair[1] as usize);
            return Err((entries, first, second));
        }
        Ok(Self { entries, index: index.into() })
    }

    /// The entry of `key`.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        if self.index.is_empty() {
            return self.entries.iter().find(|entry| entry.key.text == key);
        }
        let of = |position: &u32| &self.entries[*position as usize];
        let found = self.index.binary_search_by(|p| of(p).key.text.as_str().cmp(key)).ok()?;
        Some(of(&self.index[found]))
    }

    /// The value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entries in the order of the source; merged ones come last.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// The entries in the order of the source; merged ones come last.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn entries_mut(&mut self) -> &mut [Entry] {
        &mut self.entries
    }

    pub(crate) fn into_entries(self) -> Vec<Entry> {
        self.entries
    }
}

impl<'m> IntoIterator for &'m Mapping {
    type Item = &'m Entry;
    type IntoIter = std::slice::Iter<'m, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
