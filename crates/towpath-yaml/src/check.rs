//! What must hold of the bytes before and after the grammar: encoding, characters and tabs.
//!
//! The event parser follows YAML 1.2 and is lenient where go-yaml is not. The checks here close
//! that gap; they must accept nothing more than the grammar does, only less.

use crate::error::{Error, ErrorKind};
use crate::position::{BOM, locate};

/// A source that is UTF-8 and holds no character that YAML forbids.
pub(crate) struct Checked<'s> {
    /// The source without its byte order mark.
    pub(crate) text: &'s str,
    /// How many bytes were cut off before `text`.
    pub(crate) base: usize,
    pub(crate) ascii: bool,
    pub(crate) has_tab: bool,
    /// Whether an alias is possible at all.
    pub(crate) has_star: bool,
}

pub(crate) fn characters(source: &[u8]) -> Result<Checked<'_>, Error> {
    if let Some(encoding) = foreign_encoding(source) {
        return Err(Error::new(ErrorKind::Encoding(encoding), locate(source, 0, 0)));
    }
    let text = std::str::from_utf8(source).map_err(|error| {
        let at = error.valid_up_to();
        let end = error.error_len().map_or(source.len(), |length| at + length);
        Error::new(ErrorKind::NotUtf8, locate(source, at, end))
    })?;
    let base = if source.starts_with(BOM) { BOM.len() } else { 0 };
    let text = &text[base..];
    let mut found = Checked { text, base, ascii: true, has_tab: false, has_star: false };
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'*' => found.has_star = true,
            b'\t' => found.has_tab = true,
            b'\n' | b'\r' | b' '..=b'~' => {}
            _ => {
                found.ascii &= byte.is_ascii();
                // Of a longer character only the first byte gets here with a fault to find.
                if let Some(kind) =
                    (!(0x80..0xC0).contains(&byte)).then(|| fault(text, at)).flatten()
                {
                    return Err(Error::new(kind, locate(source, base + at, base + at + 1)));
                }
            }
        }
    }
    Ok(found)
}

fn foreign_encoding(source: &[u8]) -> Option<&'static str> {
    match source {
        [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some("UTF-32"),
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
        _ => None,
    }
}

fn fault(text: &str, at: usize) -> Option<ErrorKind> {
    match text[at..].chars().next()? {
        c @ ('\u{85}' | '\u{2028}' | '\u{2029}') => Some(ErrorKind::AmbiguousLineBreak(c)),
        c @ ('\0'..='\u{1F}' | '\u{7F}'..='\u{9F}' | '\u{FFFE}' | '\u{FFFF}') => {
            Some(ErrorKind::ControlCharacter(c))
        }
        // Only the first character of a source may be one. Within a line it is text.
        '\u{FEFF}' if at == 0 || text[..at].ends_with(['\n', '\r']) => {
            Some(ErrorKind::ByteOrderMark)
        }
        _ => None,
    }
}

/// A stretch of the source where a leading tab has a meaning of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    /// Bytes within the checked text.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: StretchKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StretchKind {
    /// Quotes and brackets: any white space may lead a line.
    Free,
    /// A plain scalar: spaces up to the column (from 0) must come before a tab.
    Plain { indent: usize },
    /// A block scalar: its own indentation must be spaces.
    Block,
}

/// Refuses tabs where go-yaml does: as indentation, and after an indicator that a block
/// collection may follow. `stretches` are in order and do not overlap.
pub(crate) fn tabs(
    source: &[u8],
    text: &str,
    base: usize,
    stretches: &[Stretch],
) -> Result<(), Error> {
    let mut line_start = 0;
    let mut block_indent = None;
    for line in text.split_inclusive(['\n', '\r']) {
        let start = line_start;
        line_start += line.len();
        if !line.contains('\t') {
            continue;
        }
        let lead = line.bytes().take_while(|b| *b == b' ').count();
        let around = |at: usize| {
            let after = stretches.partition_point(|s| s.end <= at);
            stretches.get(after).filter(|s| s.start < at)
        };
        let fault = match around(start) {
            Some(Stretch { kind: StretchKind::Free, .. }) => None,
            Some(Stretch { kind: StretchKind::Plain { indent }, .. }) => {
                (line.as_bytes()[lead] == b'\t' && lead < *indent).then_some(lead)
            }
            Some(stretch @ Stretch { kind: StretchKind::Block, .. }) => {
                let indent = match block_indent {
                    Some((of, indent)) if of == stretch.start => indent,
                    _ => {
                        let indent = block_scalar_indent(&text[stretch.start..stretch.end]);
                        block_indent = Some((stretch.start, indent));
                        indent
                    }
                };
                (line.as_bytes()[lead] == b'\t' && lead < indent).then_some(lead)
            }
            None => leading_tab(line),
        };
        if let Some(offset) = fault {
            let at = base + start + offset;
            return Err(Error::new(ErrorKind::Tab, locate(source, at, at + 1)));
        }
    }
    Ok(())
}

/// The indentation of a block scalar: that of its first line with text.
fn block_scalar_indent(scalar: &str) -> usize {
    let mut lines = scalar.split(['\n', '\r']).skip(1);
    lines
        .find_map(|line| {
            let lead = line.bytes().take_while(|b| *b == b' ').count();
            (lead < line.len()).then_some(lead)
        })
        .unwrap_or(0)
        .max(1)
}

/// A tab before the first token of a line, or between block indicators that start it.
fn leading_tab(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b' ' => at += 1,
            b'\t' => return Some(at),
            b'-' | b'?' | b':' if matches!(bytes.get(at + 1), Some(b' ' | b'\t')) => at += 1,
            _ => return None,
        }
    }
}
