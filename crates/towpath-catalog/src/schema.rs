//! Walking the schema of a kind: one place of it at a time, references followed where they are met.
//!
//! A schema says what the API server publishes for built-in kinds and no more: no defaults, and limits of values only
//! where they are a type or a format. Descriptions are left out. Whether a value fits is for others to judge.

use std::collections::BTreeSet;

use crate::catalog::Catalog;
pub use crate::format::{ListType, MapType, Strategy, Type};
use crate::format::{Node, NodeId, StringId};

/// A place in a schema. Where the place is a reference, it is what is referred to, with the extensions of both.
#[derive(Clone, Copy)]
pub struct SchemaRef<'c> {
    catalog: &'c Catalog,
    /// Where extensions are looked for first.
    site: &'c Node,
    /// `site` itself, or what it refers to.
    node: &'c Node,
}

/// A known field of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field<'c> {
    /// Its name.
    pub name: &'c str,
    /// What its value is.
    pub schema: SchemaRef<'c>,
    /// Whether it has to be there.
    pub required: bool,
}

/// More references in a row than any schema has.
const CHAIN: usize = 8;

impl<'c> SchemaRef<'c> {
    pub(crate) fn new(catalog: &'c Catalog, site: NodeId) -> Self {
        let site = catalog.node(site);
        let mut node = site;
        for _ in 0..CHAIN {
            match node.reference.and_then(|name| catalog.definition_node(name)) {
                Some(next) => node = next,
                None => break,
            }
        }
        Self { catalog, site, node }
    }

    /// Name of the definition that this place refers to, for example `io.k8s.api.core.v1.PodSpec`.
    #[must_use]
    pub fn reference(&self) -> Option<&'c str> {
        self.site.reference.map(|name| self.text(name))
    }

    /// Whether what this place refers to, if anything, is there.
    #[must_use]
    pub fn is_resolved(&self) -> bool {
        self.node.reference.is_none()
    }

    /// What values are.
    #[must_use]
    pub fn types(&self) -> Type {
        self.node.types
    }

    /// For example `int32`, `byte`, `date-time`.
    #[must_use]
    pub fn format(&self) -> Option<&'c str> {
        self.node.format.map(|text| self.text(text))
    }

    /// Whether anything may be in here: any value at all, or a mapping with any values, such as an embedded object.
    #[must_use]
    pub fn is_free_form(&self) -> bool {
        match self.node.types {
            Type::Any => true,
            Type::Object => self.additional().is_some_and(|values| values.types() == Type::Any),
            _ => false,
        }
    }

    /// Known fields in the order of their names.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = Field<'c>> + use<'c> {
        let Self { catalog, node, .. } = *self;
        node.properties.iter().map(move |property| Field {
            name: catalog.text(property.name),
            schema: SchemaRef::new(catalog, property.node),
            required: property.required,
        })
    }

    /// The known field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Field<'c>> {
        let Self { catalog, node, .. } = *self;
        let at = node
            .properties
            .binary_search_by(|property| catalog.text(property.name).cmp(name))
            .ok()?;
        let property = node.properties[at];
        Some(Field {
            name: catalog.text(property.name),
            schema: SchemaRef::new(catalog, property.node),
            required: property.required,
        })
    }

    /// Names of the fields that have to be there.
    pub fn required(&self) -> impl Iterator<Item = &'c str> + use<'c> {
        let Self { catalog, node, .. } = *self;
        let required = node.properties.iter().filter(|property| property.required);
        required.map(|property| catalog.text(property.name))
    }

    /// What items of an array are.
    #[must_use]
    pub fn items(&self) -> Option<Self> {
        self.node.items.map(|node| Self::new(self.catalog, node))
    }

    /// What values under other names than those of the fields are: the values of a map.
    #[must_use]
    pub fn additional(&self) -> Option<Self> {
        self.node.additional.map(|node| Self::new(self.catalog, node))
    }

    /// What is below a place of a document: names of fields or of entries of a map, and any text for an item of an
    /// array. `None` where the schema knows of nothing.
    #[must_use]
    pub fn at<'p>(&self, path: impl IntoIterator<Item = &'p str>) -> Option<Self> {
        path.into_iter().try_fold(*self, |place, step| match place.types() {
            Type::Array => place.items(),
            _ => place.field(step).map(|field| field.schema).or_else(|| place.additional()),
        })
    }

    /// The only texts that are allowed, where the schema lists them. Kubernetes published such lists in 1.23 only.
    pub fn allowed(&self) -> impl ExactSizeIterator<Item = &'c str> + use<'c> {
        let Self { catalog, node, .. } = *self;
        node.allowed.iter().map(move |text| catalog.text(*text))
    }

    /// How items are told apart by server-side apply.
    #[must_use]
    pub fn list_type(&self) -> Option<ListType> {
        self.site.list_type.or(self.node.list_type)
    }

    /// The fields that tell items apart, if the list is one of [`ListType::Map`].
    pub fn list_map_keys(&self) -> impl ExactSizeIterator<Item = &'c str> + use<'c> {
        let Self { catalog, .. } = *self;
        let node = if self.site.list_map_keys.is_empty() { self.node } else { self.site };
        node.list_map_keys.iter().map(move |text| catalog.text(*text))
    }

    /// How server-side apply merges a mapping.
    #[must_use]
    pub fn map_type(&self) -> Option<MapType> {
        self.site.map_type.or(self.node.map_type)
    }

    /// The field by which a strategic merge patch tells items apart.
    #[must_use]
    pub fn patch_merge_key(&self) -> Option<&'c str> {
        self.site.merge_key.or(self.node.merge_key).map(|text| self.text(text))
    }

    /// What a strategic merge patch does here.
    #[must_use]
    pub fn patch_strategy(&self) -> Option<Strategy> {
        self.site.strategy.or(self.node.strategy)
    }

    /// Whether both admit the same values, whatever their definitions are called and whichever minor they are of. Then
    /// an object can change its `apiVersion` and nothing else.
    #[must_use]
    pub fn is_same_shape(&self, other: &SchemaRef<'_>) -> bool {
        same(*self, *other, &mut BTreeSet::new())
    }

    fn text(&self, id: StringId) -> &'c str {
        self.catalog.text(id)
    }
}

/// `assumed` has the pairs of definitions that are being compared further up: a schema can contain itself.
fn same<'a, 'b>(
    a: SchemaRef<'a>,
    b: SchemaRef<'b>,
    assumed: &mut BTreeSet<(&'a str, &'b str)>,
) -> bool {
    if let (Some(a), Some(b)) = (a.reference(), b.reference())
        && !assumed.insert((a, b))
    {
        return true;
    }
    a.types() == b.types()
        && a.format() == b.format()
        && a.allowed().eq(b.allowed())
        && a.fields().len() == b.fields().len()
        && both(a.items(), b.items(), assumed)
        && both(a.additional(), b.additional(), assumed)
        && a.fields().zip(b.fields()).all(|(a, b)| {
            (a.name, a.required) == (b.name, b.required) && same(a.schema, b.schema, assumed)
        })
}

fn both<'a, 'b>(
    a: Option<SchemaRef<'a>>,
    b: Option<SchemaRef<'b>>,
    assumed: &mut BTreeSet<(&'a str, &'b str)>,
) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b, assumed),
        (None, None) => true,
        _ => false,
    }
}

impl std::fmt::Debug for SchemaRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SchemaRef")
            .field("reference", &self.reference())
            .field("types", &self.types())
            .finish_non_exhaustive()
    }
}
