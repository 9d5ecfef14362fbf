//! From the bytes of the file to values. Nothing is believed: whatever the bytes are, the answer is values whose
//! indexes are in range, or an error.

use super::{
    Data, Definition, KindRow, ListType, MAGIC, MapType, Node, NodeId, Property, ResourceRow,
    Strategy, StringId, Strings, SubresourceRow, Type, index,
};

/// For how many entries room is made before they are read. More than that have to be there.
const BELIEVED: usize = 4096;

/// Why bytes are no catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damaged {
    /// Another kind of file, or another version of the layout.
    #[error("not a catalog of this version")]
    Magic,
    /// The bytes end in the middle of an entry.
    #[error("the parts end too early")]
    Short,
    /// There are bytes behind the last part.
    #[error("the parts end too late")]
    Long,
    /// A number means nothing where it stands.
    #[error("a number is out of range")]
    Range,
    /// A text is no UTF-8.
    #[error("a text is not UTF-8")]
    Text,
}

/// Reads the whole file.
///
/// # Errors
///
/// When the bytes were not written by [`super::write()`].
pub fn read(file: &[u8]) -> Result<Data, Damaged> {
    let parts = file.strip_prefix(MAGIC).ok_or(Damaged::Magic)?;
    let mut reader = Reader { rest: parts, strings: 0, nodes: 0 };
    let mut data = Data { strings: reader.texts()?, ..Data::default() };
    reader.strings = index(data.strings.len());
    let nodes = reader.length()?;
    data.nodes.reserve(nodes.min(BELIEVED));
    for _ in 0..nodes {
        data.nodes.push(node(&mut reader)?);
        reader.nodes += 1;
    }
    data.definitions = reader.list(|reader| {
        Ok(Definition { name: reader.string()?, minors: reader.number()?, node: reader.node()? })
    })?;
    data.kinds = reader.list(|reader| {
        Ok(KindRow { kind: reader.kind()?, definition: reader.string()?, minors: reader.number()? })
    })?;
    data.resources = reader.list(resource)?;
    if reader.rest.is_empty() { Ok(data) } else { Err(Damaged::Long) }
}

fn node(reader: &mut Reader<'_>) -> Result<Node, Damaged> {
    let parts = reader.number()?;
    if parts >> 15 != 0 {
        return Err(Damaged::Range);
    }
    let has = |bit: u32| parts >> bit & 1 == 1;
    // Fields of a literal are evaluated in the order in which they are written, which is that of the bits.
    Ok(Node {
        types: pick(&Type::ALL, parts & 15)?,
        format: reader.when(has(4), Reader::string)?,
        reference: reader.when(has(5), Reader::string)?,
        items: reader.when(has(6), Reader::node)?,
        additional: reader.when(has(7), Reader::node)?,
        properties: reader.when(has(8), |reader| reader.list(property))?.unwrap_or_default().into(),
        list_type: reader.when(has(9), |reader| pick(&ListType::ALL, reader.number()?))?,
        map_type: reader.when(has(10), |reader| pick(&MapType::ALL, reader.number()?))?,
        merge_key: reader.when(has(11), Reader::string)?,
        strategy: reader.when(has(12), |reader| pick(&Strategy::ALL, reader.number()?))?,
        list_map_keys: reader
            .when(has(13), |reader| reader.list(Reader::string))?
            .unwrap_or_default()
            .into(),
        allowed: reader
            .when(has(14), |reader| reader.list(Reader::string))?
            .unwrap_or_default()
            .into(),
    })
}

fn property(reader: &mut Reader<'_>) -> Result<Property, Damaged> {
    let name = reader.number()?;
    Ok(Property { name: reader.known(name >> 1)?, required: name & 1 == 1, node: reader.node()? })
}

fn resource(reader: &mut Reader<'_>) -> Result<ResourceRow, Damaged> {
    Ok(ResourceRow {
        kind: reader.kind()?,
        plural: reader.string()?,
        namespaced: pick(&[false, true], reader.number()?)?,
        verbs: reader.verbs()?,
        minors: reader.number()?,
        subresources: reader.list(|reader| {
            Ok(SubresourceRow {
                name: reader.string()?,
                kind: reader.kind()?,
                verbs: reader.verbs()?,
            })
        })?,
    })
}

fn pick<T: Copy>(all: &[T], number: u32) -> Result<T, Damaged> {
    all.get(number as usize).copied().ok_or(Damaged::Range)
}

struct Reader<'a> {
    rest: &'a [u8],
    /// How many texts there are to name.
    strings: u32,
    /// How many nodes there are to name.
    nodes: u32,
}

impl<'a> Reader<'a> {
    fn number(&mut self) -> Result<u32, Damaged> {
        let mut number = 0;
        for shift in [0, 7, 14, 21, 28] {
            let (byte, rest) = self.rest.split_first().ok_or(Damaged::Short)?;
            self.rest = rest;
            if shift == 28 && *byte > 0x0f {
                return Err(Damaged::Range);
            }
            number |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        Ok(number)
    }

    /// A length of what is still to come: each entry takes a byte at least.
    fn length(&mut self) -> Result<usize, Damaged> {
        let length = self.number()? as usize;
        if length <= self.rest.len() { Ok(length) } else { Err(Damaged::Short) }
    }

    fn bytes(&mut self, length: usize) -> Result<&'a [u8], Damaged> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Damaged::Short)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn texts(&mut self) -> Result<Strings, Damaged> {
        let mut end = 0_u32;
        let ends = self.list(|reader| {
            end = end.checked_add(reader.number()?).ok_or(Damaged::Range)?;
            Ok(end)
        })?;
        // They are looked at in one piece, which is much faster than one by one.
        let text = std::str::from_utf8(self.bytes(end as usize)?).map_err(|_| Damaged::Text)?;
        Strings::of(text.to_owned(), ends).ok_or(Damaged::Text)
    }

    fn string(&mut self) -> Result<StringId, Damaged> {
        let id = self.number()?;
        self.known(id)
    }

    fn known(&self, id: StringId) -> Result<StringId, Damaged> {
        if id < self.strings { Ok(id) } else { Err(Damaged::Range) }
    }

    /// Only nodes that were read already can be named: there are no circles.
    fn node(&mut self) -> Result<NodeId, Damaged> {
        let id = self.number()?;
        if id < self.nodes { Ok(id) } else { Err(Damaged::Range) }
    }

    fn kind(&mut self) -> Result<[StringId; 3], Damaged> {
        Ok([self.string()?, self.string()?, self.string()?])
    }

    fn verbs(&mut self) -> Result<u8, Damaged> {
        u8::try_from(self.number()?).map_err(|_| Damaged::Range)
    }

    fn when<T>(
        &mut self,
        there: bool,
        part: impl FnOnce(&mut Self) -> Result<T, Damaged>,
    ) -> Result<Option<T>, Damaged> {
        if there { part(self).map(Some) } else { Ok(None) }
    }

    fn list<T>(
        &mut self,
        mut entry: impl FnMut(&mut Self) -> Result<T, Damaged>,
    ) -> Result<Vec<T>, Damaged> {
        let length = self.length()?;
        let mut entries = Vec::with_capacity(length.min(BELIEVED));
        for _ in 0..length {
            entries.push(entry(self)?);
        }
        Ok(entries)
    }
}
