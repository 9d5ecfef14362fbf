//! Bytes as numbered fields. What a field means is for `message.rs` to say.
//!
//! Source of the contract: the encoding of Protocol Buffers, without groups, which no Kubernetes type has.

use super::fault::Fault;

/// A field as it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32,
    Bytes(&'a [u8]),
}

/// What is left to read.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next field and its number, `None` at the end.
    pub(super) fn field(&mut self) -> Result<Option<(u32, Wire<'a>)>, Fault> {
        if self.is_empty() {
            return Ok(None);
        }
        let key = self.varint()?;
        let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0);
        let number = number.ok_or(Fault::Tag(key >> 3))?;
        let wire = match key & 7 {
            0 => Wire::Varint(self.varint()?),
            1 => {
                let (bytes, rest) = self.rest.split_first_chunk().ok_or(Fault::Cut)?;
                self.rest = rest;
                Wire::Fixed64(u64::from_le_bytes(*bytes))
            }
            2 => {
                let length = usize::try_from(self.varint()?).map_err(|_| Fault::Cut)?;
                let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Fault::Cut)?;
                self.rest = rest;
                Wire::Bytes(bytes)
            }
            5 => {
                self.rest = self.rest.get(4..).ok_or(Fault::Cut)?;
                Wire::Fixed32
            }
            other => return Err(Fault::WireType(other)),
        };
        Ok(Some((number, wire)))
    }

    /// A number of one to ten bytes.
    pub(super) fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(Fault::Cut)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::Overflow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(bytes: &[u8]) -> Result<Vec<(u32, Wire<'_>)>, Fault> {
        let mut reader = Reader::new(bytes);
        std::iter::from_fn(|| reader.field().transpose()).collect()
    }

    #[test]
    fn fields_are_numbered_and_bounded() {
        let of = |number, wire| Ok(vec![(number, wire)]);
        let long = [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
        for (bytes, expected) in [
            (&[][..], Ok(vec![])),
            (&[0x08, 0x96, 0x01], of(1, Wire::Varint(150))),
            (&long, of(1, Wire::Varint(u64::MAX))),
            (&[0x12, 2, b'a', b'b'], of(2, Wire::Bytes(b"ab"))),
            (&[0x0d, 1, 2, 3, 4], of(1, Wire::Fixed32)),
            (&[0x09, 1, 0, 0, 0, 0, 0, 0, 0], of(1, Wire::Fixed64(1))),
            (&[0x12, 3, b'a'], Err(Fault::Cut)),
            (&[0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], Err(Fault::Cut)),
            (&[0x08, 0x80], Err(Fault::Cut)),
            (&[0xff; 11], Err(Fault::Overflow)),
            (&[0x0b], Err(Fault::WireType(3))),
            (&[0x00], Err(Fault::Tag(0))),
        ] {
            assert_eq!(fields(bytes), expected, "{bytes:?}");
        }
    }
}
