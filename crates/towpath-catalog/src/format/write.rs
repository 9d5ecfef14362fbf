//! From values to the bytes of the file. What is written is read back the same, which is a property test of this module.

use super::{Data, MAGIC, Node, ResourceRow, index};

/// The whole file.
#[must_use]
pub fn write(data: &Data) -> Vec<u8> {
    let mut out = Writer(MAGIC.to_vec());
    out.list(data.strings.iter(), |out, text| out.length(text.len()));
    data.strings.iter().for_each(|text| out.0.extend_from_slice(text.as_bytes()));
    out.list(&data.nodes, node);
    out.list(&data.definitions, |out, definition| {
        out.numbers([definition.name, definition.minors, definition.node]);
    });
    out.list(&data.kinds, |out, row| {
        out.numbers(row.kind);
        out.numbers([row.definition, row.minors]);
    });
    out.list(&data.resources, resource);
    out.0
}

fn node(out: &mut Writer, node: &Node) {
    let present = [
        node.format.is_some(),
        node.reference.is_some(),
        node.items.is_some(),
        node.additional.is_some(),
        !node.properties.is_empty(),
        node.list_type.is_some(),
        node.map_type.is_some(),
        node.merge_key.is_some(),
        node.strategy.is_some(),
        !node.list_map_keys.is_empty(),
        !node.allowed.is_empty(),
    ];
    let parts = present.iter().zip(4..).fold(0, |set, (there, bit)| set | u32::from(*there) << bit);
    out.number(parts | node.types as u32);
    for number in [node.format, node.reference, node.items, node.additional].into_iter().flatten() {
        out.number(number);
    }
    if !node.properties.is_empty() {
        out.list(&node.properties, |out, property| {
            out.numbers([property.name << 1 | u32::from(property.required), property.node]);
        });
    }
    let list_type = node.list_type.map(|it| it as u32);
    let map_type = node.map_type.map(|it| it as u32);
    let strategy = node.strategy.map(|it| it as u32);
    for number in [list_type, map_type, node.merge_key, strategy].into_iter().flatten() {
        out.number(number);
    }
    for texts in [&node.list_map_keys, &node.allowed] {
        if !texts.is_empty() {
            out.list(texts, |out, text| out.number(*text));
        }
    }
}

fn resource(out: &mut Writer, row: &ResourceRow) {
    out.numbers(row.kind);
    out.numbers([row.plural, u32::from(row.namespaced), u32::from(row.verbs), row.minors]);
    out.list(&row.subresources, |out, below| {
        out.number(below.name);
        out.numbers(below.kind);
        out.number(u32::from(below.verbs));
    });
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn numbers(&mut self, numbers: impl IntoIterator<Item = u32>) {
        for number in numbers {
            self.number(number);
        }
    }

    fn length(&mut self, length: usize) {
        self.number(index(length));
    }

    fn list<T>(
        &mut self,
        entries: impl IntoIterator<Item = T, IntoIter: Iterator<Item = T>>,
        mut entry: impl FnMut(&mut Self, T),
    ) {
        let entries: Vec<T> = entries.into_iter().collect();
        self.length(entries.len());
        for one in entries {
            entry(self, one);
        }
    }
}
