//! Strings as YAML scalars that every reader takes back as the same string.
//!
//! Two strengths: [`quote`] is for text that any YAML 1.1 or 1.2 reader may see, and quotes when in
//! doubt; [`stays_plain`] asks only whether go-yaml would read a plain scalar back as it is, so that
//! an edit need not add quotes that the author did not write. Whole documents are not written here.

use crate::load::Reading;
use crate::scalar;
use std::borrow::Cow;

/// A string as a scalar on one line that YAML 1.1 (go-yaml v2) and YAML 1.2 readers take back as
/// that string, in block and in flow, as a key and as a value.
///
/// Plain where nothing could be misread, else in single quotes, else (line breaks, control
/// characters) in double quotes.
#[must_use]
pub fn quote(text: &str) -> Cow<'_, str> {
    if plain_everywhere(text) {
        Cow::Borrowed(text)
    } else if fits_single(text) {
        Cow::Owned(single(text))
    } else {
        Cow::Owned(double(text))
    }
}

/// Whether go-yaml reads the plain scalar `text` back as the string `text`.
pub(crate) fn stays_plain(text: &str, in_flow: bool) -> bool {
    let bytes = text.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else { return false };
    let starts = match first {
        b'-' => bytes.get(1).is_some_and(u8::is_ascii_alphanumeric),
        b'?' | b':' | b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|'
        | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' | b' ' => false,
        _ => true,
    };
    starts
        && !matches!(last, b' ' | b':')
        && !text.starts_with("...")
        && !text.contains(": ")
        && !text.contains(" #")
        && text.chars().all(is_printable)
        && !(in_flow && text.contains([',', '?', '[', ']', '{', '}']))
        && text != "<<"
        && scalar::resolve_plain(text, Reading::GoYaml2).is_none()
}

pub(crate) fn single(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Whether single quotes can hold the text on one line.
pub(crate) fn fits_single(text: &str) -> bool {
    text.chars().all(is_printable)
}

pub(crate) fn double(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            _ if is_printable(c) => out.push(c),
            _ => push_code(&mut out, u32::from(c)),
        }
    }
    out.push('"');
    out
}

fn push_code(out: &mut String, code: u32) {
    let (letter, width) = match code {
        ..0x100 => ('x', 2),
        0x100..0x1_0000 => ('u', 4),
        _ => ('U', 8),
    };
    out.push('\\');
    out.push(letter);
    out.extend((0..width).rev().filter_map(|i| char::from_digit(code >> (4 * i) & 0xF, 16)));
}

/// What may stand unescaped on one line for every reader.
fn is_printable(c: char) -> bool {
    !(c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}'))
}

/// Letters, digits and `_./@+-` only, and nothing that some reader takes for another type.
fn plain_everywhere(text: &str) -> bool {
    let Some(first) = text.bytes().next() else { return false };
    let inner = |b: u8| b.is_ascii_alphanumeric() || b"_./@+-".contains(&b);
    if !text.bytes().all(inner) || scalar::resolve_plain(text, Reading::GoYaml2).is_some() {
        return false;
    }
    match first {
        b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'/' => !text.eq_ignore_ascii_case("nan"),
        b'0'..=b'9' => is_version(text),
        _ => false,
    }
}

/// At least two dots between digits before anything else, as `1.2.3-rc.1`: never a number or a
/// date. Readers differ on `1_0`, `1.5.` and `2026-11-21`, so those do not pass.
fn is_version(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts = core.split('.').filter(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    !text.contains('_')
        && parts.count() == core.matches('.').count() + 1
        && core.matches('.').count() >= 2
}
