//! Places in a source: byte offsets with the line and column a person would name.
//!
//! The event parser counts characters; edits need bytes. [`Places`] turns the one into the other
//! for a source it has been given, and must never be asked about another source.

use saphyr_parser::Marker;

/// The bytes of one value in its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line of `start`, counted from 1.
    pub line: u32,
    /// Column of `start` in characters, counted from 1; a byte order mark is not counted.
    pub column: u32,
}

impl Span {
    /// The span as a range of bytes.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start..self.end
    }
}

/// Turns the event parser's lines and columns into byte offsets.
///
/// Its character index is not used where characters and bytes differ: it drifts after a directive
/// that is not ASCII, and lines do not. Columns are walked from the last answer on the same line,
/// so a whole parse stays linear even when all of it is one line.
pub(crate) struct Places<'s> {
    text: &'s str,
    base: usize,
    ascii: bool,
    /// Where each line starts; empty when `ascii`.
    lines: Vec<usize>,
    line: usize,
    column: usize,
    byte: usize,
}

impl<'s> Places<'s> {
    /// `base` is the number of bytes (a byte order mark) cut off before `text`.
    pub(crate) fn new(text: &'s str, base: usize, ascii: bool) -> Self {
        let lines = if ascii { Vec::new() } else { line_starts(text.as_bytes()) };
        Self { text, base, ascii, lines, line: 1, column: 0, byte: 0 }
    }

    /// The byte offset, within `text`, of a mark.
    pub(crate) fn byte(&mut self, mark: &Marker) -> usize {
        if self.ascii {
            return mark.index().min(self.text.len());
        }
        if self.line != mark.line() {
            self.line = mark.line();
            self.column = 0;
            let start = self.lines.get(mark.line().saturating_sub(1)).copied();
            self.byte = start.unwrap_or(self.text.len());
        }
        let bytes = self.text.as_bytes();
        let continues = |byte: usize| bytes.get(byte).is_some_and(|b| b & 0xC0 == 0x80);
        while self.column < mark.col() && self.byte < bytes.len() {
            self.byte += 1;
            while continues(self.byte) {
                self.byte += 1;
            }
            self.column += 1;
        }
        while self.column > mark.col() {
            self.byte = self.byte.saturating_sub(1);
            while continues(self.byte) {
                self.byte -= 1;
            }
            self.column -= 1;
        }
        self.byte
    }

    /// A span over `start..end` of `text`, where `line` and `column` (from 1) are those of `start`.
    pub(crate) fn span(&self, start: usize, end: usize, line: usize, column: usize) -> Span {
        Span {
            start: self.base + start,
            end: self.base + end,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }
}

fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n')) {
            starts.push(at + 1);
        }
    }
    starts
}

/// Moves a line and column (both from 1) over `passed`.
pub(crate) fn advance(passed: &str, line: usize, column: usize) -> (usize, usize) {
    let (mut line, mut column) = (line, column);
    let mut characters = passed.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\r' if characters.peek() == Some(&'\n') => {}
            '\n' | '\r' => {
                line += 1;
                column = 1;
            }
            _ => column += 1,
        }
    }
    (line, column)
}

/// The span of `start..end` in `source`, found by counting from the beginning.
///
/// Bytes that are not UTF-8 count as one character each run, as they are shown to a person.
pub(crate) fn locate(source: &[u8], start: usize, end: usize) -> Span {
    let base = if source.starts_with(BOM) { BOM.len().min(start) } else { 0 };
    let before = String::from_utf8_lossy(&source[base..start]);
    let (line, column) = advance(&before, 1, 1);
    Span {
        start,
        end,
        line: u32::try_from(line).unwrap_or(u32::MAX),
        column: u32::try_from(column).unwrap_or(u32::MAX),
    }
}

/// The UTF-8 byte order mark.
pub(crate) const BOM: &[u8] = b"\xEF\xBB\xBF";
