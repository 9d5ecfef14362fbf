//! Tar, as Go's `archive/tar` writes it for Flux.
//!
//! Headers are USTAR where the name allows it and PAX where it does not, with no owner and no time. The choice, the
//! fields and the padding follow Go, so the stream is byte for byte what `flux push artifact` would have written
//! for files of the same modes. This module writes; reading is in [`crate::read`].

use std::io::Write;

const BLOCK: usize = 512;
const NAME_LEN: usize = 100;
const PREFIX_LEN: usize = 155;
/// How much is gathered before it is handed on: the steps of a compressor do not depend on the caller's.
const CHUNK: usize = 64 << 10;

/// The longest content that the size field of a USTAR header can state, in bytes.
pub(crate) const MAX_FILE_LEN: usize = 0o77_777_777_777;

/// A tar stream being written into memory, or into what compresses it there.
pub(crate) struct Tarball<W> {
    bytes: Vec<u8>,
    sink: W,
}

impl<W: Write> Tarball<W> {
    pub(crate) fn new(sink: W) -> Self {
        Self { bytes: Vec::with_capacity(2 * CHUNK), sink }
    }

    /// Writes a folder; its name carries no trailing slash.
    pub(crate) fn directory(&mut self, name: &str, mode: u32) {
        self.header(name, mode, b'5', 0);
    }

    /// Writes a regular file of at most [`MAX_FILE_LEN`] bytes.
    pub(crate) fn file(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.header(name, mode, b'0', content.len());
        self.content(content);
        if self.bytes.len() >= CHUNK {
            let whole = self.bytes.len() - self.bytes.len() % CHUNK;
            self.hand_on(whole);
        }
    }

    /// Closes the archive with its two empty blocks.
    pub(crate) fn finish(mut self) -> W {
        self.bytes.resize(self.bytes.len() + 2 * BLOCK, 0);
        self.hand_on(self.bytes.len());
        self.sink
    }

    fn hand_on(&mut self, len: usize) {
        for chunk in self.bytes[..len].chunks(CHUNK) {
            self.sink.write_all(chunk).expect("writing to memory does not fail");
        }
        self.bytes.drain(..len);
    }

    fn header(&mut self, name: &str, mode: u32, kind: u8, len: usize) {
        match split_name(name) {
            Some((prefix, name)) => {
                self.block(&Header {
                    prefix: prefix.as_bytes(),
                    name: name.as_bytes(),
                    mode,
                    kind,
                    len,
                });
            }
            None => self.pax_header(name, mode, kind, len),
        }
    }

    /// A name that USTAR cannot hold goes into a record of its own, before a header that holds what it can.
    fn pax_header(&mut self, name: &str, mode: u32, kind: u8, len: usize) {
        let record = pax_record("path", name);
        let (parent, base) = name.rsplit_once('/').unwrap_or(("", name));
        let slash = if parent.is_empty() { "" } else { "/" };
        let record_name = shorten(&format!("{parent}{slash}PaxHeaders.0/{base}"));
        let record_name = record_name.trim_end_matches('/').as_bytes();
        self.block(&Header {
            prefix: b"",
            name: record_name,
            mode: 0,
            kind: b'x',
            len: record.len(),
        });
        self.content(record.as_bytes());
        self.block(&Header { prefix: b"", name: shorten(name).as_bytes(), mode, kind, len });
    }

    fn block(&mut self, header: &Header<'_>) {
        let start = self.bytes.len();
        self.bytes.resize(start + BLOCK, 0);
        header.write(&mut self.bytes[start..]);
    }

    fn content(&mut self, content: &[u8]) {
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(BLOCK), 0);
    }
}

struct Header<'a> {
    prefix: &'a [u8],
    name: &'a [u8],
    mode: u32,
    kind: u8,
    len: usize,
}

impl Header<'_> {
    /// Fills a zeroed block, field by field as POSIX lays them out.
    fn write(&self, block: &mut [u8]) {
        block[..self.name.len()].copy_from_slice(self.name);
        octal(&mut block[100..107], u64::from(self.mode));
        octal(&mut block[108..115], 0);
        octal(&mut block[116..123], 0);
        octal(&mut block[124..135], self.len as u64);
        octal(&mut block[136..147], 0);
        block[156] = self.kind;
        block[257..265].copy_from_slice(b"ustar\x0000");
        if self.kind != b'x' {
            octal(&mut block[329..336], 0);
            octal(&mut block[337..344], 0);
        }
        block[345..345 + self.prefix.len()].copy_from_slice(self.prefix);

        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        octal(&mut block[148..154], sum);
        block[154] = 0;
    }
}

/// Writes a number in zero-padded octal over the whole field.
fn octal(field: &mut [u8], mut value: u64) {
    for digit in field.iter_mut().rev() {
        *digit = b'0' + (value & 7) as u8;
        value >>= 3;
    }
}

/// The prefix and name fields of a USTAR header, where the name fits them.
fn split_name(name: &str) -> Option<(&str, &str)> {
    if !name.is_ascii() {
        return None;
    }
    if name.len() <= NAME_LEN {
        return Some(("", name));
    }
    let end = name.len().min(PREFIX_LEN + 1);
    let slash = name[..end].rfind('/')?;
    let (prefix, rest) = (&name[..slash], &name[slash + 1..]);
    (slash > 0 && rest.len() <= NAME_LEN && !rest.is_empty()).then_some((prefix, rest))
}

/// The ASCII characters of a name, as many as fit.
fn shorten(name: &str) -> String {
    name.chars().filter(char::is_ascii).take(NAME_LEN).collect()
}

/// A PAX record: its own length in decimal, a space, `key=value` and a line end.
fn pax_record(key: &str, value: &str) -> String {
    let fixed = key.len() + value.len() + " =\n".len();
    let mut len = fixed + decimal_len(fixed);
    if decimal_len(len) > decimal_len(fixed) {
        len = fixed + decimal_len(len);
    }
    format!("{len} {key}={value}\n")
}

fn decimal_len(number: usize) -> usize {
    number.checked_ilog10().unwrap_or(0) as usize + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_where_go_splits_them() {
        let (a, b) = ("a".repeat(100), "b".repeat(100));
        let long = format!("{}/{b}", "p".repeat(155));
        for (name, split) in [
            ("a/b", Some(("", "a/b"))),
            (a.as_str(), Some(("", a.as_str()))),
            (&format!("x/{b}"), Some(("x", b.as_str()))),
            (&long, Some((&long[..155], b.as_str()))),
            (&format!("p{long}"), None),
            (&format!("x/{b}b"), None),
            (&format!("{a}a"), None),
            ("é", None),
        ] {
            assert_eq!(split_name(name), split, "{name}");
        }
    }

    #[test]
    fn pax_records_count_themselves() {
        for len in 0..2000 {
            let record = pax_record("path", &"n".repeat(len));
            let stated: usize = record
                .split(' ')
                .next()
                .and_then(|n| n.parse().ok())
                .expect("a record begins with its length");
            assert_eq!(stated, record.len());
        }
    }

    #[test]
    fn numbers_fill_their_field() {
        let mut field = [0; 11];
        octal(&mut field, MAX_FILE_LEN as u64);
        assert_eq!(&field, b"77777777777");
        octal(&mut field, 0o644);
        assert_eq!(&field, b"00000000644");
    }
}
