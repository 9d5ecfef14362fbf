//! Keys and values of a plainly written source, as far as one line goes.
//!
//! Every function gives up (`None`) where the grammar has more to say than it knows. Input is printable ASCII.

/// What follows a key or a dash on its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'s> {
    /// A plain scalar.
    Plain(&'s str),
    /// What stands between quotes.
    Quoted(&'s str),
    /// The header of a block scalar, whose lines follow.
    Block,
    /// A bracket, and all that follows on the line.
    Flow(&'s [u8]),
}

/// A parser looks no further for the end of a key.
const MAX_KEY: usize = 512;

/// A plain key in front of a colon, and what follows the colon.
pub(super) fn key(rest: &[u8]) -> Option<(&str, &[u8])> {
    let length = name(rest)?;
    let after = rest[length..].strip_prefix(b":")?;
    matches!(after.first(), None | Some(b' ')).then_some(())?;
    Some((str::from_utf8(&rest[..length]).ok()?, after))
}

/// As [`key`], in brackets: up to the value, which follows on the line.
pub(super) fn flow_key(rest: &[u8]) -> Option<(&str, &[u8])> {
    let (key, after) = key(rest)?;
    (!after.is_empty()).then(|| (key, after.trim_ascii_start()))
}

/// The length of a word that is plain wherever it stands.
fn name(rest: &[u8]) -> Option<usize> {
    let is_in = |byte: &&u8| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'/' | b'-');
    let length = rest.iter().take_while(is_in).count();
    (rest.first()?.is_ascii_alphabetic() && length <= MAX_KEY).then_some(length)
}

/// The value at the beginning of what is left of a line.
pub(super) fn value(content: &[u8]) -> Option<Value<'_>> {
    match content {
        [b'|' | b'>'] | [b'|' | b'>', b'-' | b'+'] => Some(Value::Block),
        [b'{' | b'[', ..] => Some(Value::Flow(content)),
        [b'"' | b'\'', ..] => {
            let (text, rest) = quoted(content)?;
            ends(rest).then_some(Value::Quoted(text))
        }
        _ => plain(content).map(Value::Plain),
    }
}

/// A scalar in brackets, and what follows it.
pub(super) fn flow_scalar(rest: &[u8]) -> Option<(Value<'_>, &[u8])> {
    if let [b'"' | b'\'', ..] = rest {
        let (text, after) = quoted(rest)?;
        return Some((Value::Quoted(text), after));
    }
    let is_in = |byte: &&u8| matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'/' | b'-' | b'=');
    let length = rest.iter().take_while(is_in).count();
    let starts = rest.first()?.is_ascii_alphanumeric() || rest[0] == b'/';
    starts.then_some(())?;
    let text = str::from_utf8(&rest[..length]).ok()?;
    Some((Value::Plain(text), &rest[length..]))
}

/// What stands between quotes that have nothing escaped between them, and what follows.
fn quoted(rest: &[u8]) -> Option<(&str, &[u8])> {
    let (quote, rest) = rest.split_first()?;
    let length = rest.iter().position(|byte| byte == quote)?;
    let (text, after) = (&rest[..length], &rest[length + 1..]);
    let is_simple = match quote {
        b'"' => !text.contains(&b'\\'),
        _ => after.first() != Some(&b'\''),
    };
    is_simple.then_some((str::from_utf8(text).ok()?, after))
}

/// Whether nothing but space and a comment is left of a line.
pub(super) fn ends(rest: &[u8]) -> bool {
    let lead = rest.iter().take_while(|byte| **byte == b' ').count();
    lead == rest.len() || (lead > 0 && rest[lead] == b'#')
}

/// A plain scalar that ends on its line.
fn plain(content: &[u8]) -> Option<&str> {
    match content {
        [b'-', after, ..] if *after != b' ' => {}
        [b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'+' | b'$' | b'(', ..]
        | [b'~' | b'^' | b'<' | b'=' | b';' | b'\\', ..] => {}
        _ => return None,
    }
    let mut end = content.len();
    for (at, byte) in content.iter().enumerate() {
        match byte {
            b':' if matches!(content.get(at + 1), None | Some(b' ')) => return None,
            b'#' if at > 0 && content[at - 1] == b' ' => {
                end = at;
                break;
            }
            _ => {}
        }
    }
    str::from_utf8(content[..end].trim_ascii_end()).ok()
}
