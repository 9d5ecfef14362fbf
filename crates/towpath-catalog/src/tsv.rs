//! Tables with tabs between their cells, read while the crate is compiled.
//!
//! A table under `data/` is the text that people review; as a `static` of rows it costs nothing to load. Rows name their
//! texts by where they lie in one `static` of all texts, without pointers: those would take more room than the texts.
//! Only constant functions: what is wrong with a table is an error of the compiler.

use std::cmp::Ordering;
use std::ops::Range;

use crate::gvk::GroupVersionKind;
use crate::minor::Minor;

/// Reads a table cell by cell, each line after the first, which names the columns.
pub(crate) struct Cursor {
    rest: &'static str,
}

impl Cursor {
    /// Behind the line that names the columns, which must be `columns`.
    pub(crate) const fn new(table: &'static str, columns: &str) -> Self {
        let (header, rest) = table.split_at(columns.len());
        assert!(equal(header, columns), "the table has other columns");
        let mut cursor = Self { rest };
        cursor.last();
        cursor
    }

    /// The next cell of this line, which is not its last.
    pub(crate) const fn cell(&mut self) -> &'static str {
        self.take(b'\t')
    }

    /// The last cell of this line.
    pub(crate) const fn last(&mut self) -> &'static str {
        self.take(b'\n')
    }

    const fn take(&mut self, end: u8) -> &'static str {
        let bytes = self.rest.as_bytes();
        let mut at = 0;
        while bytes[at] != end {
            assert!(bytes[at] >= b' ', "a line has too few cells or too many");
            at += 1;
        }
        let (cell, rest) = self.rest.split_at(at);
        self.rest = rest.split_at(1).1;
        cell
    }
}

/// Where a text lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    at: u16,
    length: u8,
}

impl Cell {
    /// The empty text.
    pub(crate) const EMPTY: Self = Self { at: 0, length: 0 };

    /// The text in `texts`, which are those that the cell was made for.
    pub(crate) fn text(self, texts: &str) -> &str {
        &texts[self.range()]
    }

    fn range(self) -> Range<usize> {
        let at = usize::from(self.at);
        at..at + usize::from(self.length)
    }
}

/// How the kind of a row is ordered to another. The order of bytes is that of texts, and needs less looking.
pub(crate) fn compare(row: [Cell; 3], texts: &[u8], kind: &GroupVersionKind<'_>) -> Ordering {
    let compare = |cell: Cell, text: &str| texts[cell.range()].cmp(text.as_bytes());
    compare(row[0], kind.group)
        .then_with(|| compare(row[1], kind.version))
        .then_with(|| compare(row[2], kind.kind))
}

/// The texts of a table while they are collected.
pub(crate) struct Texts<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Texts<N> {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    /// Adds a text, unless it is the one at `again`: in a sorted table most are that of the row before.
    pub(crate) const fn add(&mut self, text: &str, again: Cell) -> Cell {
        let text = text.as_bytes();
        if self.is_at(text, again) {
            return again;
        }
        assert!(self.length + text.len() <= u16::MAX as usize && text.len() <= u8::MAX as usize);
        let cell = Cell { at: self.length as u16, length: text.len() as u8 };
        let mut at = 0;
        while at < text.len() {
            self.bytes[self.length + at] = text[at];
            at += 1;
        }
        self.length += text.len();
        cell
    }

    const fn is_at(&self, text: &[u8], cell: Cell) -> bool {
        let mut same = cell.length as usize == text.len();
        let mut at = 0;
        while same && at < text.len() {
            same = self.bytes[cell.at as usize + at] == text[at];
            at += 1;
        }
        same
    }

    /// How many bytes there are.
    pub(crate) const fn length(&self) -> usize {
        self.length
    }

    /// Exactly the bytes that there are.
    pub(crate) const fn cut<const M: usize>(&self) -> [u8; M] {
        assert!(M == self.length, "M is the length");
        let mut cut = [0; M];
        let mut at = 0;
        while at < M {
            cut[at] = self.bytes[at];
            at += 1;
        }
        cut
    }
}

/// The bytes as what they were.
pub(crate) const fn utf8(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a table is UTF-8"),
    }
}

/// How many lines follow the first.
pub(crate) const fn rows(table: &str) -> usize {
    let bytes = table.as_bytes();
    let (mut at, mut lines) = (0, 0);
    while at < bytes.len() {
        if bytes[at] == b'\n' {
            lines += 1;
        }
        at += 1;
    }
    lines - 1
}

/// Whether two texts are the same.
pub(crate) const fn equal(a: &str, b: &str) -> bool {
    order(a, b) == 0
}

/// Less than zero, zero or more, as `a` comes before, at or after `b` by their bytes.
pub(crate) const fn order(a: &str, b: &str) -> i32 {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() {
        if a[at] != b[at] {
            return a[at] as i32 - b[at] as i32;
        }
        at += 1;
    }
    (a.len() > b.len()) as i32 - ((a.len() < b.len()) as i32)
}

/// `major.minor`, or nothing for an empty cell.
pub(crate) const fn version(cell: &str) -> Option<(u16, u16)> {
    if cell.is_empty() {
        return None;
    }
    let bytes = cell.as_bytes();
    let (mut at, mut numbers, mut part) = (0, [0u16; 2], 0);
    while at < bytes.len() {
        if bytes[at] == b'.' {
            assert!(part == 0, "a version has two numbers");
            part = 1;
        } else {
            assert!(bytes[at].is_ascii_digit(), "a version has digits");
            numbers[part] = numbers[part] * 10 + (bytes[at] - b'0') as u16;
        }
        at += 1;
    }
    assert!(part == 1, "a version has two numbers");
    Some((numbers[0], numbers[1]))
}

/// A minor of Kubernetes, or nothing for an empty cell.
pub(crate) const fn minor(cell: &str) -> Option<Minor> {
    match version(cell) {
        Some((1, number)) if number < 256 => Some(Minor::new(number as u8)),
        Some(_) => panic!("a minor of Kubernetes begins with 1"),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_one_by_one() {
        const TABLE: &str = "a\tb\n1\t2\n\t4\n";
        let mut cursor = Cursor::new(TABLE, "a\tb");
        assert_eq!(rows(TABLE), 2);
        assert_eq!((cursor.cell(), cursor.last()), ("1", "2"));
        assert_eq!((cursor.cell(), cursor.last()), ("", "4"));
    }

    #[test]
    fn a_text_that_comes_again_is_kept_once() {
        let mut texts = Texts::<8>::new();
        let a = texts.add("ab", Cell::EMPTY);
        let b = texts.add("ab", a);
        let c = texts.add("c", b);
        assert_eq!(texts.cut(), *b"abc");
        assert_eq!([a, b, c, Cell::EMPTY].map(|cell| cell.text("abc")), ["ab", "ab", "c", ""]);
    }

    #[test]
    fn texts_are_ordered_as_the_standard_library_does() {
        let texts = ["", "a", "ab", "b", "\u{e4}"];
        for a in texts {
            for b in texts {
                assert_eq!(order(a, b).cmp(&0), a.cmp(b), "{a} {b}");
            }
        }
    }

    #[test]
    fn versions_have_two_numbers() {
        assert_eq!(version(""), None);
        assert_eq!(version("0.35"), Some((0, 35)));
        assert_eq!(minor("1.9"), Some(Minor::new(9)));
    }
}
