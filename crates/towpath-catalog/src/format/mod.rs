//! The data file: how kinds and schemas of all minors lie in `data/catalog.bin`, and what they are once read.
//!
//! Only `cargo xtask catalog build` writes it, with [`write()`]; [`crate::Catalog`] is the way to read it. A file is
//!
//! 1. the line `towpath-catalog 2`, where 2 is the version of this layout,
//! 2. the parts below, one after the other.
//!
//! It is not compressed: 100 KB in the program are cheaper than to unpack them whenever a cluster is started.
//!
//! All numbers are unsigned LEB128 of at most 32 bits; a list is its length and then its entries; a text
//! is named by its index among the strings, a node by its index among the nodes.
//!
//! | part | entry | order |
//! | --- | --- | --- |
//! | strings | length in bytes; the bytes, UTF-8, of all of them follow the list | sorted |
//! | nodes | see [`Node`]: a set of parts, then the parts in the order of their bits | a node comes after those it names |
//! | definitions | name, minors, node | by name, then by the oldest minor |
//! | kinds | group, version, kind, name of its definition, minors | by the first three, then by the oldest minor |
//! | resources | group, version, kind, plural, scope, verbs, minors, subresources | as kinds |
//!
//! A set of minors has bit 0 for the oldest. The same content in many minors is one entry; equal nodes are one node.
//! A reference names a definition and not a node, so that what does not change itself is the same in every minor.

mod read;
mod write;

pub use read::{Damaged, read};
pub use write::write;

/// Index of a text.
pub type StringId = u32;
/// Index of a node.
pub type NodeId = u32;

pub(crate) const MAGIC: &[u8] = b"towpath-catalog 2\n";

/// Everything in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Data {
    /// All texts.
    pub strings: Strings,
    /// All schemas, shared.
    pub nodes: Vec<Node>,
    /// Which schema a definition is in which minors.
    pub definitions: Vec<Definition>,
    /// Which definition describes a kind.
    pub kinds: Vec<KindRow>,
    /// What a cluster serves of its own.
    pub resources: Vec<ResourceRow>,
}

/// Texts in one piece.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    /// Adds a text and says how it is named from now on.
    pub fn push(&mut self, text: &str) -> StringId {
        self.text.push_str(text);
        self.ends.push(index(self.text.len()));
        index(self.ends.len() - 1)
    }

    /// Texts that lie one behind the other, with the place behind each of them. `None` where such a place is not in the
    /// text or within a character.
    pub(crate) fn of(text: String, ends: Vec<u32>) -> Option<Self> {
        let fits = ends.iter().all(|end| text.is_char_boundary(*end as usize));
        (fits && ends.is_sorted()).then_some(Self { text, ends })
    }

    /// The text of an index. One that is out of range is empty; [`read()`] lets none through.
    #[must_use]
    pub fn get(&self, id: StringId) -> &str {
        let at = id as usize;
        let end = self.ends.get(at).map_or(0, |end| *end as usize);
        let start =
            at.checked_sub(1).and_then(|at| self.ends.get(at)).map_or(0, |end| *end as usize);
        self.text.get(start..end).unwrap_or_default()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..index(self.len())).map(|id| self.get(id))
    }
}

/// A length or position as an index: the format ends at 32 bits, and so do its counts.
pub(crate) fn index(number: usize) -> u32 {
    u32::try_from(number).expect("a catalog is smaller than 4 GiB")
}

/// One schema without its name. `types` takes the lowest four bits of the set of parts; the further bits, from 4, say
/// which of the further fields follow, in the order in which they are declared.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// What values are.
    pub types: Type,
    /// `format`.
    pub format: Option<StringId>,
    /// Name of the definition that this node stands for.
    pub reference: Option<StringId>,
    /// Schema of the items of an array.
    pub items: Option<NodeId>,
    /// Schema of the values of a map.
    pub additional: Option<NodeId>,
    /// Known fields of an object, sorted by name.
    pub properties: Box<[Property]>,
    /// `x-kubernetes-list-type`.
    pub list_type: Option<ListType>,
    /// `x-kubernetes-map-type`.
    pub map_type: Option<MapType>,
    /// `x-kubernetes-patch-merge-key`.
    pub merge_key: Option<StringId>,
    /// `x-kubernetes-patch-strategy`.
    pub strategy: Option<Strategy>,
    /// `x-kubernetes-list-map-keys`.
    pub list_map_keys: Box<[StringId]>,
    /// `enum`, texts only.
    pub allowed: Box<[StringId]>,
}

/// A field of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Property {
    /// Its name.
    pub name: StringId,
    /// Its schema.
    pub node: NodeId,
    /// Whether it has to be there.
    pub required: bool,
}

/// A schema with its name in some minors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// For example `io.k8s.api.core.v1.Pod`.
    pub name: StringId,
    /// The minors with exactly this schema.
    pub minors: u32,
    /// The schema.
    pub node: NodeId,
}

/// Which definition describes a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KindRow {
    /// Group, version and kind.
    pub kind: [StringId; 3],
    /// Name of the definition.
    pub definition: StringId,
    /// The minors in which it does.
    pub minors: u32,
}

/// A kind that has an address of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRow {
    /// Group, version and kind.
    pub kind: [StringId; 3],
    /// For example `pods`.
    pub plural: StringId,
    /// Whether objects lie in namespaces.
    pub namespaced: bool,
    /// Bits as in [`crate::Verbs`].
    pub verbs: u8,
    /// The minors in which all of this is so.
    pub minors: u32,
    /// What lies below an object, sorted by name.
    pub subresources: Vec<SubresourceRow>,
}

/// What lies below an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubresourceRow {
    /// For example `scale`.
    pub name: StringId,
    /// Group, version and kind of what is sent and received.
    pub kind: [StringId; 3],
    /// Bits as in [`crate::Verbs`].
    pub verbs: u8,
}

/// What values a schema admits. A field that is `null` is a field that is not there, whatever its type: Kubernetes
/// decodes both to nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Type {
    /// Any value.
    #[default]
    Any,
    /// A mapping. With neither fields nor a schema for others it is always empty.
    Object,
    /// A sequence.
    Array,
    /// A text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A whole number or a text, such as a port or a percentage.
    IntOrString,
    /// An amount such as `500m`: a text, or a number that stands for one.
    Quantity,
}

/// How items of a list are told apart when it is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListType {
    /// Not at all: the list is one value.
    Atomic,
    /// By their value; none may be there twice.
    Set,
    /// By the fields that are its keys; no combination may be there twice.
    Map,
}

/// How a mapping is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MapType {
    /// As one value.
    Atomic,
    /// Field by field.
    Granular,
}

/// What a strategic merge patch does with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strategy {
    /// Lists are merged item by item.
    Merge,
    /// What is not in the patch is cleared.
    RetainKeys,
    /// Both.
    MergeRetainKeys,
    /// The patch replaces what is there.
    Replace,
}

impl Type {
    pub(crate) const ALL: [Self; 9] = [
        Self::Any,
        Self::Object,
        Self::Array,
        Self::String,
        Self::Integer,
        Self::Number,
        Self::Boolean,
        Self::IntOrString,
        Self::Quantity,
    ];
}

impl ListType {
    pub(crate) const ALL: [Self; 3] = [Self::Atomic, Self::Set, Self::Map];
}

impl MapType {
    pub(crate) const ALL: [Self; 2] = [Self::Atomic, Self::Granular];
}

impl Strategy {
    pub(crate) const ALL: [Self; 4] =
        [Self::Merge, Self::RetainKeys, Self::MergeRetainKeys, Self::Replace];
}
