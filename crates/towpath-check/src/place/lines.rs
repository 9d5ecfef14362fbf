//! The lines of a file, and the part of one that is shown.

use std::borrow::Cow;

use towpath_yaml::Span;

/// What to underline of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The column behind it, from 1, in characters. It does not go over the end of the line.
    pub end_column: u32,
    /// The line; `None` where it is not to be shown.
    pub excerpt: Option<Excerpt>,
}

/// A part of a line, short and safe to print: one printable character for each of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The text; `…` stands for what is left out at its ends.
    pub text: String,
    /// The characters of `text` before what is underlined.
    pub before: usize,
    /// The characters that are underlined; at least one.
    pub marked: usize,
}

/// So many characters of a long line are shown before and behind the column.
const AROUND: usize = 72;

const BYTE_ORDER_MARK: char = '\u{feff}';

#[derive(Debug)]
pub(crate) struct Lines<'b> {
    text: Cow<'b, str>,
    starts: Vec<usize>,
}

impl<'b> Lines<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Every line, from the first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        // A byte order mark counts among bytes and not among columns.
        self.text.trim_start_matches(BYTE_ORDER_MARK).lines()
    }

    /// The line of a byte, from 1.
    pub(crate) fn line_of(&self, byte: usize) -> u32 {
        let line = self.starts.partition_point(|start| *start < byte.max(1));
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// The byte at which a line begins.
    pub(crate) fn start_of(&self, line: u32) -> Option<usize> {
        self.starts.get((line as usize).checked_sub(1)?).copied()
    }

    fn line(&self, number: u32) -> Option<&str> {
        let start = self.start_of(number)?;
        self.text[start..].trim_start_matches(BYTE_ORDER_MARK).lines().next()
    }

    /// What is underlined of a span: as much as stands on its first line.
    pub(super) fn mark(&self, span: Span) -> Option<Mark> {
        let line = self.line(span.line)?;
        let left = line.trim_end().chars().count().saturating_sub(span.column as usize - 1);
        let bytes = self.text.get(span.range()).unwrap_or_default();
        let wide = bytes.lines().next().unwrap_or_default().trim_end().chars().count();
        Some(mark(line, span.column, wide.min(left)))
    }

    /// As [`Lines::mark`], for all that follows a place on its line.
    pub(super) fn rest(&self, number: u32, column: u32) -> Option<Mark> {
        let line = self.line(number)?;
        let skipped = (column as usize).saturating_sub(1);
        Some(mark(line, column, line.trim_end().chars().count().saturating_sub(skipped)))
    }
}

fn mark(line: &str, column: u32, wide: usize) -> Mark {
    let wide = wide.max(1);
    let before = (column as usize).saturating_sub(1);
    let cut = before.saturating_sub(AROUND);
    let mut rest = line.chars().skip(cut).map(visible);
    let mut text = String::new();
    if cut > 0 {
        text.push('…');
    }
    let shown = before - cut + AROUND;
    text.extend(rest.by_ref().take(shown));
    let is_cut = rest.next().is_some();
    let text_end = text.trim_end().len();
    text.truncate(text_end);
    if is_cut {
        text.push('…');
    }
    let before = before - cut + usize::from(cut > 0);
    let wide_end = u32::try_from(wide).unwrap_or(u32::MAX);
    Mark {
        end_column: column.saturating_add(wide_end),
        excerpt: Some(Excerpt { text, before, marked: wide.min(AROUND) }),
    }
}

/// A character that is as wide and does nothing to a terminal.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
        {
            '\u{fffd}'
        }
        c => c,
    }
}
