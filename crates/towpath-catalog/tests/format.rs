//! The file: what is written is read the same, and what was not written is refused.

use proptest::collection::vec;
use proptest::prelude::*;
use towpath_catalog::format::{
    Damaged, Data, Definition, KindRow, Node, Property, ResourceRow, Strings, SubresourceRow, read,
    write,
};
use towpath_catalog::{ListType, MapType, Strategy as Patch, Type};

/// How many texts and nodes generated data has.
const SOME: u32 = 5;

fn id() -> impl Strategy<Value = u32> {
    0..SOME
}

fn maybe() -> impl Strategy<Value = Option<u32>> {
    proptest::option::of(id())
}

fn node(before: u32) -> impl Strategy<Value = Node> {
    let below = move || {
        proptest::option::of(0..before.max(1)).prop_map(move |id| id.filter(|_| before > 0))
    };
    let property = (id(), 0..before.max(1), any::<bool>())
        .prop_map(|(name, node, required)| Property { name, node, required });
    let properties = vec(property, 0..=if before > 0 { 4 } else { 0 });
    let types = prop_oneof![Just(Type::Any), Just(Type::Object), Just(Type::Quantity)];
    let list_type = proptest::option::of(prop_oneof![Just(ListType::Atomic), Just(ListType::Map)]);
    let map_type = proptest::option::of(Just(MapType::Granular));
    let strategy = proptest::option::of(prop_oneof![Just(Patch::Merge), Just(Patch::Replace)]);
    let extensions = (list_type, map_type, maybe(), strategy, vec(id(), 0..3), vec(id(), 0..3));
    (types, maybe(), maybe(), below(), below(), properties, extensions).prop_map(
        |(types, format, reference, items, additional, properties, extensions)| {
            let (list_type, map_type, merge_key, strategy, keys, allowed) = extensions;
            Node {
                types,
                format,
                reference,
                items,
                additional,
                properties: properties.into(),
                list_type,
                map_type,
                merge_key,
                strategy,
                list_map_keys: keys.into(),
                allowed: allowed.into(),
            }
        },
    )
}

fn data() -> impl Strategy<Value = Data> {
    let strings = vec(".{0,20}", SOME as usize).prop_map(|texts| {
        let mut strings = Strings::default();
        for text in texts {
            strings.push(&text);
        }
        strings
    });
    let nodes = (node(0), node(1), node(2), node(3), node(4))
        .prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e]);
    let definition = (id(), any::<u32>(), id()).prop_map(|(name, minors, node)| Definition {
        name,
        minors,
        node,
    });
    let kind = || [id(), id(), id()];
    let row = (kind(), id(), any::<u32>()).prop_map(|(kind, definition, minors)| KindRow {
        kind,
        definition,
        minors,
    });
    let below = (id(), kind(), any::<u8>()).prop_map(|(name, kind, verbs)| SubresourceRow {
        name,
        kind,
        verbs,
    });
    let resource = (kind(), id(), any::<bool>(), any::<u8>(), any::<u32>(), vec(below, 0..3))
        .prop_map(|(kind, plural, namespaced, verbs, minors, subresources)| ResourceRow {
            kind,
            plural,
            namespaced,
            verbs,
            minors,
            subresources,
        });
    (strings, nodes, vec(definition, 0..4), vec(row, 0..4), vec(resource, 0..4)).prop_map(
        |(strings, nodes, definitions, kinds, resources)| Data {
            strings,
            nodes,
            definitions,
            kinds,
            resources,
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_the_same(data in data()) {
        prop_assert_eq!(read(&write(&data)), Ok(data));
    }

    #[test]
    fn a_file_that_is_cut_is_refused(data in data(), cut in 1usize..200) {
        let mut file = write(&data);
        file.truncate(file.len().saturating_sub(cut));
        prop_assert!(read(&file).is_err());
    }

    #[test]
    fn a_file_with_another_byte_is_read_or_refused(data in data(), at: usize, byte: u8) {
        let mut file = write(&data);
        let at = at % file.len();
        file[at] = byte;
        let _ = read(&file);
    }

    #[test]
    fn other_bytes_are_refused(bytes: Vec<u8>) {
        prop_assert_eq!(read(&bytes), Err(Damaged::Magic));
    }
}

#[test]
fn a_length_that_is_too_large_is_not_believed() {
    for lengths in [&[0xff, 0xff, 0xff, 0xff, 0x0f][..], &[1, 0xff, 0xff, 0xff, 0xff, 0x0f]] {
        let file = [b"towpath-catalog 2\n", lengths].concat();
        assert_eq!(read(&file), Err(Damaged::Short));
    }
}

#[test]
fn texts_end_between_characters() {
    let file = [b"towpath-catalog 2\n".as_slice(), &[2, 1, 1], "\u{e9}".as_bytes()].concat();
    assert_eq!(read(&file), Err(Damaged::Text));
}
