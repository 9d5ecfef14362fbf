//! Everything of all minors in one place: equal things are one, and the order is fixed, so that the same packages make
//! the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use towpath_catalog::format::{
    self, Data, KindRow, Node, NodeId, Property, ResourceRow, StringId, SubresourceRow,
};
use towpath_catalog::{Minor, Verb, Verbs};

use super::resources::Resource;
use super::schemas::{Definition, Gvk, Schema};

/// What was read so far.
#[derive(Default)]
pub(super) struct Pool {
    /// By name of the definition.
    schemas: BTreeMap<String, BTreeMap<Schema, u32>>,
    /// By kind and name of the definition.
    kinds: BTreeMap<(Gvk, String), u32>,
    /// By minor and kind.
    resources: BTreeMap<(Minor, Gvk), Facts>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Facts {
    plural: String,
    namespaced: bool,
    verbs: Verbs,
    subresources: BTreeMap<String, (Gvk, Verbs)>,
}

const STREAM: [Verb; 2] = [Verb::Create, Verb::Get];
const PROXY: [Verb; 5] = [Verb::Create, Verb::Delete, Verb::Get, Verb::Patch, Verb::Update];

/// Subresources of the empty group that only connect. They have no schema, so the packages leave them out; discovery
/// lists them, and they have been there since before the oldest minor.
const CONNECTIONS: [(&str, &str, &str, &[Verb]); 6] = [
    ("Pod", "attach", "PodAttachOptions", &STREAM),
    ("Pod", "exec", "PodExecOptions", &STREAM),
    ("Pod", "portforward", "PodPortForwardOptions", &STREAM),
    ("Pod", "proxy", "PodProxyOptions", &PROXY),
    ("Node", "proxy", "NodeProxyOptions", &PROXY),
    ("Service", "proxy", "ServiceProxyOptions", &PROXY),
];

impl Pool {
    pub(super) fn add_definitions(&mut self, minor: Minor, definitions: Vec<Definition>) {
        for Definition { name, kind, schema } in definitions {
            if let Some(kind) = kind {
                *self.kinds.entry((kind, name.clone())).or_default() |= minor.bit();
            }
            *self.schemas.entry(name).or_default().entry(schema).or_default() |= minor.bit();
        }
    }

    pub(super) fn add_resource(&mut self, minor: Minor, resource: Resource) {
        let Resource { kind, below, plural, namespaced, verbs } = resource;
        if let Some((parent, name)) = below {
            let facts = self.resources.entry((minor, parent)).or_default();
            facts.subresources.insert(name, (kind, verbs));
        } else {
            let facts = self.resources.entry((minor, kind)).or_default();
            (facts.plural, facts.namespaced, facts.verbs) = (plural, namespaced, verbs);
        }
    }

    pub(super) fn add_connections(&mut self, minor: Minor) -> Result<()> {
        for (kind, name, body, verbs) in CONNECTIONS {
            let of = |kind: &str| ["", "v1", kind].map(str::to_owned);
            let facts = self
                .resources
                .get_mut(&(minor, of(kind)))
                .with_context(|| format!("{minor} has no {kind}"))?;
            let verbs = verbs.iter().copied().collect();
            facts.subresources.insert(name.to_owned(), (of(body), verbs));
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Data> {
        let mut resources: BTreeMap<(Gvk, Facts), u32> = BTreeMap::new();
        for ((minor, kind), facts) in self.resources {
            anyhow::ensure!(!facts.plural.is_empty(), "{minor} has only parts of {kind:?}");
            *resources.entry((kind, facts)).or_default() |= minor.bit();
        }

        let mut names = BTreeSet::new();
        for (name, variants) in &self.schemas {
            names.insert(name.as_str());
            variants.keys().for_each(|schema| texts(schema, &mut names));
        }
        names.extend(self.kinds.keys().flat_map(|(kind, _)| kind).map(String::as_str));
        for (kind, facts) in resources.keys() {
            names.extend(kind.iter().map(String::as_str));
            names.insert(&facts.plural);
            for (name, (kind, _)) in &facts.subresources {
                names.extend(kind.iter().chain([name]).map(String::as_str));
            }
        }

        let mut interner = Interner::default();
        for name in names {
            let id = interner.data.strings.push(name);
            interner.strings.insert(name, id);
        }
        for (name, variants) in &self.schemas {
            for (schema, minors) in by_age(variants) {
                let node = interner.node(schema);
                let name = interner.id(name);
                interner.data.definitions.push(format::Definition { name, minors, node });
            }
        }
        for ((kind, definition), minors) in &self.kinds {
            let row = KindRow {
                kind: interner.kind(kind),
                definition: interner.id(definition),
                minors: *minors,
            };
            interner.data.kinds.push(row);
        }
        for ((kind, facts), minors) in &resources {
            let row = interner.resource(kind, facts, *minors);
            interner.data.resources.push(row);
        }
        let mut data = interner.data;
        data.resources.sort_by_key(|row| (row.kind, row.minors.trailing_zeros()));
        Ok(data)
    }
}

/// The oldest first: neighbours are alike, which is what compression lives on.
fn by_age(variants: &BTreeMap<Schema, u32>) -> Vec<(&Schema, u32)> {
    let mut variants: Vec<(&Schema, u32)> =
        variants.iter().map(|(schema, minors)| (schema, *minors)).collect();
    variants.sort_by_key(|(_, minors)| minors.trailing_zeros());
    variants
}

fn texts<'a>(schema: &'a Schema, into: &mut BTreeSet<&'a str>) {
    let single = [&schema.format, &schema.reference, &schema.merge_key];
    into.extend(single.into_iter().flatten().map(String::as_str));
    into.extend(schema.list_map_keys.iter().chain(&schema.allowed).map(String::as_str));
    for below in [&schema.items, &schema.additional].into_iter().flatten() {
        texts(below, into);
    }
    for (name, (below, _)) in &schema.properties {
        into.insert(name);
        texts(below, into);
    }
}

#[derive(Default)]
struct Interner<'a> {
    data: Data,
    strings: BTreeMap<&'a str, StringId>,
    nodes: BTreeMap<Node, NodeId>,
}

impl Interner<'_> {
    fn id(&self, text: &str) -> StringId {
        *self.strings.get(text).expect("all texts were collected before")
    }

    fn ids(&self, texts: &[String]) -> Box<[StringId]> {
        texts.iter().map(|text| self.id(text)).collect()
    }

    fn maybe(&self, text: Option<&String>) -> Option<StringId> {
        text.map(|text| self.id(text))
    }

    fn kind(&self, kind: &Gvk) -> [StringId; 3] {
        [self.id(&kind[0]), self.id(&kind[1]), self.id(&kind[2])]
    }

    /// What is below a node comes before it.
    fn node(&mut self, schema: &Schema) -> NodeId {
        let properties = schema
            .properties
            .iter()
            .map(|(name, (below, required))| Property {
                name: self.id(name),
                node: self.node(below),
                required: *required,
            })
            .collect();
        let items = schema.items.as_ref().map(|below| self.node(below));
        let additional = schema.additional.as_ref().map(|below| self.node(below));
        let node = Node {
            types: schema.types,
            format: self.maybe(schema.format.as_ref()),
            reference: self.maybe(schema.reference.as_ref()),
            items,
            additional,
            properties,
            list_type: schema.list_type,
            map_type: schema.map_type,
            merge_key: self.maybe(schema.merge_key.as_ref()),
            strategy: schema.strategy,
            list_map_keys: self.ids(&schema.list_map_keys),
            allowed: self.ids(&schema.allowed),
        };
        let next = NodeId::try_from(self.data.nodes.len()).expect("there are some thousand nodes");
        *self.nodes.entry(node).or_insert_with_key(|node| {
            self.data.nodes.push(node.clone());
            next
        })
    }

    fn resource(&self, kind: &Gvk, facts: &Facts, minors: u32) -> ResourceRow {
        ResourceRow {
            kind: self.kind(kind),
            plural: self.id(&facts.plural),
            namespaced: facts.namespaced,
            verbs: facts.verbs.bits(),
            minors,
            subresources: facts
                .subresources
                .iter()
                .map(|(name, (kind, verbs))| SubresourceRow {
                    name: self.id(name),
                    kind: self.kind(kind),
                    verbs: verbs.bits(),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use towpath_catalog::Type;

    use super::*;

    fn of(minor: u8, fields: &[&str]) -> (Minor, Vec<Definition>) {
        let text = Schema { types: Type::String, ..Schema::default() };
        let properties =
            fields.iter().map(|name| ((*name).to_owned(), (text.clone(), false))).collect();
        let schema = Schema { types: Type::Object, properties, ..Schema::default() };
        let kind = Some(["g", "v1", "A"].map(str::to_owned));
        (Minor::new(minor), vec![Definition { name: "d.A".to_owned(), kind, schema }])
    }

    #[test]
    fn equal_things_are_one() -> Result<()> {
        let mut pool = Pool::default();
        for (minor, definitions) in [of(21, &["b"]), of(19, &["a"]), of(20, &["b"])] {
            pool.add_definitions(minor, definitions);
        }
        let data = pool.finish()?;
        assert_eq!(data.strings.iter().collect::<Vec<_>>(), ["A", "a", "b", "d.A", "g", "v1"]);
        assert_eq!(data.nodes.len(), 3, "a text and two objects");
        let minors: Vec<u32> = data.definitions.iter().map(|it| it.minors).collect();
        assert_eq!(minors, [0b001, 0b110]);
        assert_eq!(data.kinds[0].minors, 0b111);
        assert_eq!(towpath_catalog::format::read(&format::write(&data))?, data);
        Ok(())
    }

    #[test]
    fn half_a_resource_is_refused() {
        let mut pool = Pool::default();
        let kind = ["", "v1", "Pod"].map(str::to_owned);
        pool.add_resource(
            Minor::OLDEST,
            Resource {
                kind: kind.clone(),
                below: Some((kind, "status".to_owned())),
                plural: "pods".to_owned(),
                namespaced: true,
                verbs: Verbs::default(),
            },
        );
        assert!(pool.finish().is_err());
    }
}
