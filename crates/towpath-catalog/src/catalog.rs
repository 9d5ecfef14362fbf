//! Kinds and schemas of one minor, read from the bytes that are part of the program.

use std::fmt;

use crate::format::{self, Data, KindRow, Node, NodeId, ResourceRow, StringId};
use crate::gvk::GroupVersionKind;
use crate::kind::{Kind, Scope, Subresource, Verbs};
use crate::lifecycle::lifecycle;
use crate::minor::Minor;
use crate::schema::SchemaRef;

static FILE: &[u8] = include_bytes!("../data/catalog.bin");

/// Kinds and schemas of one minor. Loading takes about a millisecond and the value some hundred kilobytes: load it where
/// it is needed and hand it on.
pub struct Catalog {
    minor: Minor,
    /// Definitions, kinds and resources are those of the minor; nodes and texts are those of all. Texts are sorted, so
    /// what the file sorts by name is sorted by the index of the name as well.
    data: Data,
}

/// There is no data of a minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing is known of Kubernetes {0}, only of {oldest} to {newest}", oldest = Minor::OLDEST, newest = Minor::NEWEST)]
pub struct UnknownMinor(pub Minor);

impl Catalog {
    /// What is known of `minor`.
    ///
    /// # Errors
    ///
    /// When `minor` is older than [`Minor::OLDEST`] or newer than [`Minor::NEWEST`].
    pub fn load(minor: Minor) -> Result<Self, UnknownMinor> {
        if !minor.is_known() {
            return Err(UnknownMinor(minor));
        }
        let data = format::read(FILE).expect("a test reads the same bytes");
        Ok(Self::of(data, minor))
    }

    fn of(mut data: Data, minor: Minor) -> Self {
        let bit = minor.bit();
        data.definitions.retain(|definition| definition.minors & bit != 0);
        data.kinds.retain(|row| row.minors & bit != 0);
        data.resources.retain(|row| row.minors & bit != 0);
        Self { minor, data }
    }

    /// The minor that was asked for.
    #[must_use]
    pub fn minor(&self) -> Minor {
        self.minor
    }

    /// What a cluster of this minor serves under a kind; `None` for kinds that only lie below others (`Scale`), for
    /// lists and for what it does not have.
    #[must_use]
    pub fn kind(&self, kind: &GroupVersionKind<'_>) -> Option<Kind<'_>> {
        let rows = &self.data.resources;
        let at = rows.binary_search_by(|row| self.gvk(row.kind).cmp(kind)).ok()?;
        Some(self.resource(&rows[at]))
    }

    /// Every kind that a cluster of this minor can serve, in the order of group, version and kind.
    pub fn kinds(&self) -> impl ExactSizeIterator<Item = Kind<'_>> {
        self.data.resources.iter().map(|row| self.resource(row))
    }

    /// The schema of a kind, lists and kinds that only lie below others included.
    #[must_use]
    pub fn schema(&self, kind: &GroupVersionKind<'_>) -> Option<SchemaRef<'_>> {
        let rows = &self.data.kinds;
        let at = rows.binary_search_by(|row| self.gvk(row.kind).cmp(kind)).ok()?;
        self.definition_schema(rows[at].definition)
    }

    /// Every kind that has a schema, in the order of group, version and kind.
    pub fn schemas(&self) -> impl Iterator<Item = (GroupVersionKind<'_>, SchemaRef<'_>)> {
        self.data.kinds.iter().filter_map(|row: &KindRow| {
            Some((self.gvk(row.kind), self.definition_schema(row.definition)?))
        })
    }

    /// The schema of a definition, for example `io.k8s.api.core.v1.PodSpec`.
    #[must_use]
    pub fn definition(&self, name: &str) -> Option<SchemaRef<'_>> {
        let rows = &self.data.definitions;
        let at = rows.binary_search_by(|row| self.text(row.name).cmp(name)).ok()?;
        Some(SchemaRef::new(self, rows[at].node))
    }

    /// The name of the definition of a kind.
    #[must_use]
    pub fn definition_of(&self, kind: &GroupVersionKind<'_>) -> Option<&str> {
        let rows = &self.data.kinds;
        let at = rows.binary_search_by(|row| self.gvk(row.kind).cmp(kind)).ok()?;
        Some(self.text(rows[at].definition))
    }

    /// Every definition by its name.
    pub fn definitions(&self) -> impl ExactSizeIterator<Item = (&str, SchemaRef<'_>)> {
        let rows = self.data.definitions.iter();
        rows.map(|row| (self.text(row.name), SchemaRef::new(self, row.node)))
    }

    fn resource(&self, row: &ResourceRow) -> Kind<'_> {
        let kind = self.gvk(row.kind);
        Kind {
            kind,
            plural: self.text(row.plural),
            scope: if row.namespaced { Scope::Namespaced } else { Scope::Cluster },
            verbs: Verbs::from_bits(row.verbs),
            subresources: row
                .subresources
                .iter()
                .map(|below| Subresource {
                    name: self.text(below.name),
                    kind: self.gvk(below.kind),
                    verbs: Verbs::from_bits(below.verbs),
                })
                .collect(),
            served_by_default: lifecycle(&kind)
                .is_some_and(|lifecycle| lifecycle.is_served_by_default(self.minor)),
        }
    }

    fn definition_schema(&self, name: StringId) -> Option<SchemaRef<'_>> {
        let at = self.definition_at(name)?;
        Some(SchemaRef::new(self, self.data.definitions[at].node))
    }

    pub(crate) fn definition_node(&self, name: StringId) -> Option<&Node> {
        let at = self.definition_at(name)?;
        Some(self.node(self.data.definitions[at].node))
    }

    fn definition_at(&self, name: StringId) -> Option<usize> {
        self.data.definitions.binary_search_by_key(&name, |definition| definition.name).ok()
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.data.nodes[id as usize]
    }

    pub(crate) fn text(&self, id: StringId) -> &str {
        self.data.strings.get(id)
    }

    fn gvk(&self, [group, version, kind]: [StringId; 3]) -> GroupVersionKind<'_> {
        GroupVersionKind::new(self.text(group), self.text(version), self.text(kind))
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalog").field("minor", &self.minor).finish_non_exhaustive()
    }
}
