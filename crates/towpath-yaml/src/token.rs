//! Where a token begins and ends, where the marks of the event parser are loose.
//!
//! Functions of the text alone: they find a token's own bytes, and know nothing of values.

pub(crate) fn alias_name(text: &str) -> &str {
    let name = text.strip_prefix(['*', '&']).unwrap_or(text);
    let end = name.find([' ', '\t', '\n', '\r', ',', '[', ']', '{', '}']).unwrap_or(name.len());
    &name[..end]
}

/// The length up to a closing bracket; after a last comma the event stands on the comma.
pub(crate) fn closing_length(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', ',']);
        if !rest.starts_with('#') {
            return (text.len() - rest.len() + 1).min(text.len());
        }
        rest = &rest[rest.find(['\n', '\r']).unwrap_or(rest.len())..];
    }
}

/// The length of the quoted scalar at the start of `text`; the event may take in what follows.
pub(crate) fn quoted_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let Some(quote) = bytes.first().copied() else { return 0 };
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 2,
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if *byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// `text` from the `|` or `>` of a block scalar on; only indicators, comments, anchor and tag may
/// come before it.
pub(crate) fn skip_to_header(text: &str) -> &str {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '|' | '>' => return rest,
            '#' | '&' | '!' => skip_properties(rest),
            _ => &rest[first.len_utf8()..],
        };
    }
    text
}

/// What follows the anchor and the tag at the start of `text`.
pub(crate) fn skip_properties(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        if rest.starts_with('#') {
            rest = &rest[rest.find(['\n', '\r']).unwrap_or(rest.len())..];
        } else if rest.starts_with("!<") {
            rest = &rest[rest.find('>').map_or(rest.len(), |end| end + 1)..];
        } else if rest.starts_with(['&', '!']) {
            let ends = [' ', '\t', '\n', '\r', ',', '[', ']', '{', '}'];
            rest = &rest[rest.find(ends).unwrap_or(rest.len())..];
        } else {
            return rest;
        }
    }
}
