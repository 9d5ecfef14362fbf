//! Edits that replace the bytes of one value, and the proof that they changed nothing else.
//!
//! An [`Edit`] is a range and new bytes. [`set_scalar`] and [`set_entry`] make edits in the style
//! the author used; [`replace_checked`] applies them and compares the trees before and after. This
//! module never re-emits YAML and never moves a byte outside the given ranges.

use crate::error::Error;
use crate::load::parse;
use crate::node::{Document, Entry, Key, Node, Style, Value};
use crate::position::Span;
use crate::quote::{double, fits_single, single, stays_plain};
use std::ops::Range;

/// New text for a range of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The bytes to replace.
    pub range: Range<usize>,
    /// What to put there.
    pub new: String,
}

/// Why an edit is refused. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The range does not lie within the source, or ends before it starts.
    #[error("edit of bytes {}..{} in a source of {length} bytes", range.start, range.end)]
    OutOfBounds {
        /// The range asked for.
        range: Range<usize>,
        /// The length of the source.
        length: usize,
    },
    /// Edits are not in order or touch the same bytes.
    #[error("edits overlap or are out of order at byte {at}")]
    Overlap {
        /// Where the later one starts.
        at: usize,
    },
    /// The value is a list or a mapping.
    #[error("line {line} holds a list or mapping, not a single value")]
    Collection {
        /// Where the value starts.
        line: u32,
    },
    /// The value is a `|` or `>` block.
    #[error("line {line} holds a block scalar, which is not edited in place")]
    BlockScalar {
        /// Where the value starts.
        line: u32,
    },
    /// The value is reached through an alias or merge key, or repeated by one.
    #[error(
        "the value on line {line} is shared through an anchor, an edit would change it elsewhere"
    )]
    Shared {
        /// Where the value was written.
        line: u32,
    },
    /// The value has an explicit tag, which decides what the text means.
    #[error("the value on line {line} has an explicit tag")]
    Tagged {
        /// Where the value starts.
        line: u32,
    },
    /// Nothing was written there, and there is no place to write to.
    #[error("line {line} has no value to replace")]
    Nothing {
        /// Where the value would be.
        line: u32,
    },
    /// The node was read from another source.
    #[error("the source does not hold the value expected on line {line}")]
    Stale {
        /// Where the value was expected.
        line: u32,
    },
    /// The range is not exactly the bytes of one key or scalar.
    #[error("bytes {}..{} are not one key or value", range.start, range.end)]
    NotAValue {
        /// The range asked for.
        range: Range<usize>,
    },
    /// The source could not be read before the edit.
    #[error("cannot read the source")]
    Before(#[source] Error),
    /// The result could not be read.
    #[error("the edit would make the source unreadable")]
    After(#[source] Error),
    /// The result differs elsewhere, or the new bytes are not one value.
    #[error("the edit would change more than its own value, at line {line}")]
    Elsewhere {
        /// Where the trees first differ, in the source before the edit.
        line: u32,
    },
}

/// Applies edits that are in order, within the source and apart from one another.
///
/// # Errors
/// [`EditError::OutOfBounds`] and [`EditError::Overlap`].
pub fn apply(source: &[u8], edits: &[Edit]) -> Result<Vec<u8>, EditError> {
    let added: usize = edits.iter().map(|edit| edit.new.len()).sum();
    let mut out = Vec::with_capacity(source.len() + added);
    let mut at = 0;
    let mut last: Option<&Range<usize>> = None;
    for Edit { range, new } in edits {
        if range.start > range.end || range.end > source.len() {
            let length = source.len();
            return Err(EditError::OutOfBounds { range: range.clone(), length });
        }
        // Two insertions at one place have no order of their own.
        if range.start < at || last == Some(range) {
            return Err(EditError::Overlap { at: range.start });
        }
        out.extend_from_slice(&source[at..range.start]);
        out.extend_from_slice(new.as_bytes());
        at = range.end;
        last = Some(range);
    }
    out.extend_from_slice(&source[at..]);
    Ok(out)
}

/// The edit that makes a scalar the string `new`, in the quotes it had.
///
/// A plain scalar stays plain when go-yaml reads `new` back as the same string and is quoted
/// otherwise: `tag: 1.2.3` takes `1.3.0` plain and `1.3` as `'1.3'`. Single quotes become double
/// ones only for text that they cannot hold on one line. An empty value, as after `key:`, is
/// written after a space.
///
/// # Errors
/// A collection, block scalar, tagged or shared value, and a node that is not of this source.
pub fn set_scalar(source: &[u8], node: &Node, new: &str) -> Result<Edit, EditError> {
    let line = node.span.line;
    if node.aliased {
        return Err(EditError::Shared { line });
    }
    if node.tagged {
        return Err(EditError::Tagged { line });
    }
    if node.text().is_none() {
        return Err(EditError::Collection { line });
    }
    if node.style == Style::Empty {
        let before = node.span.start.checked_sub(1).and_then(|at| source.get(at));
        if node.anchored || !matches!(before, Some(b':' | b'-')) {
            return Err(EditError::Nothing { line });
        }
    }
    token_edit(source, node.span, node.style, node.in_flow, new)
}

/// The edits that give an entry another key and value: `semver: 0.0.x` to `tag: 0.0.8`.
///
/// Only the two tokens change; an edit that would write what is already there is left out.
///
/// # Errors
/// As [`set_scalar`], for the key too.
pub fn set_entry(
    source: &[u8],
    entry: &Entry,
    new_key: &str,
    new_value: &str,
) -> Result<Vec<Edit>, EditError> {
    let Key { span, style, aliased, tagged, in_flow, .. } = entry.key;
    let line = span.line;
    if aliased {
        return Err(EditError::Shared { line });
    }
    if tagged {
        return Err(EditError::Tagged { line });
    }
    if style == Style::Empty {
        return Err(EditError::Nothing { line });
    }
    let key = token_edit(source, span, style, in_flow, new_key)?;
    let value = set_scalar(source, &entry.value, new_value)?;
    let changes = |edit: &Edit| source[edit.range.clone()] != *edit.new.as_bytes();
    Ok([key, value].into_iter().filter(changes).collect())
}

fn token_edit(
    source: &[u8],
    span: Span,
    style: Style,
    in_flow: bool,
    new: &str,
) -> Result<Edit, EditError> {
    let line = span.line;
    let stale = EditError::Stale { line };
    let Some(token) = source.get(span.range()) else { return Err(stale) };
    let as_written = match style {
        Style::SingleQuoted => token.len() >= 2 && token.starts_with(b"'") && token.ends_with(b"'"),
        Style::DoubleQuoted => {
            token.len() >= 2 && token.starts_with(b"\"") && token.ends_with(b"\"")
        }
        Style::Plain => !token.is_empty() && !token[0].is_ascii_whitespace(),
        Style::Empty => token.is_empty(),
        Style::Literal | Style::Folded => return Err(EditError::BlockScalar { line }),
        Style::Block | Style::Flow => return Err(EditError::Collection { line }),
    };
    if !as_written {
        return Err(stale);
    }
    let new = match style {
        Style::DoubleQuoted => double(new),
        Style::Plain if stays_plain(new, in_flow) => new.to_owned(),
        Style::Empty if stays_plain(new, in_flow) => format!(" {new}"),
        Style::Empty if fits_single(new) => format!(" {}", single(new)),
        Style::Empty => format!(" {}", double(new)),
        _ if fits_single(new) => single(new),
        _ => double(new),
    };
    Ok(Edit { range: span.range(), new })
}

/// Applies edits and proves that nothing but the edited keys and scalars changed.
///
/// The source and the result are both read. Every value must be where it was, moved by the edits
/// before it, with the same bytes and the same meaning; each edited range must have been exactly
/// one key or scalar and its new text must be exactly one scalar.
///
/// # Errors
/// Whatever breaks the proof; the source is not changed then.
pub fn replace_checked(source: &[u8], edits: &[Edit]) -> Result<Vec<u8>, EditError> {
    let result = apply(source, edits)?;
    let before = parse(source).map_err(EditError::Before)?;
    let after = parse(&result).map_err(EditError::After)?;
    let mut proof = Proof::new(source, &result, edits);
    proof.documents(&before, &after)?;
    match proof.used.iter().position(|used| !used) {
        Some(unused) => Err(EditError::NotAValue { range: edits[unused].range.clone() }),
        None => Ok(result),
    }
}

/// Compares two trees under the edits that lie between them.
struct Proof<'a> {
    source: &'a [u8],
    result: &'a [u8],
    edits: &'a [Edit],
    /// Where the bytes after the edit of the same position have moved to: added and taken away.
    moved: Vec<(usize, usize)>,
    used: Vec<bool>,
}

/// A key or scalar: what the proof needs to know of it.
struct Token<'n> {
    span: Span,
    style: Style,
    aliased: bool,
    text: &'n str,
}

impl<'a> Proof<'a> {
    fn new(source: &'a [u8], result: &'a [u8], edits: &'a [Edit]) -> Self {
        let sum = |(added, taken): &mut (usize, usize), edit: &Edit| {
            *added += edit.new.len();
            *taken += edit.range.len();
            Some((*added, *taken))
        };
        let moved = edits.iter().scan((0, 0), sum).collect();
        Self { source, result, edits, moved, used: vec![false; edits.len()] }
    }

    /// Where a position that starts a token is after the edits that end at or before it.
    fn now(&self, start: usize) -> usize {
        match self.edits.partition_point(|edit| edit.range.end <= start) {
            0 => start,
            passed => {
                let (added, taken) = self.moved[passed - 1];
                start + added - taken
            }
        }
    }

    fn documents(&mut self, before: &[Document], after: &[Document]) -> Result<(), EditError> {
        if before.len() != after.len() {
            return Err(EditError::Elsewhere { line: 1 });
        }
        before.iter().zip(after).try_for_each(|(old, new)| self.node(&old.root, &new.root))
    }

    fn node(&mut self, old: &Node, new: &Node) -> Result<(), EditError> {
        let elsewhere = EditError::Elsewhere { line: old.span.line };
        let same_properties = (old.aliased, old.anchored, old.tagged, old.in_flow)
            == (new.aliased, new.anchored, new.tagged, new.in_flow);
        if !same_properties {
            return Err(elsewhere);
        }
        match (&old.value, &new.value) {
            (Value::Seq(olds), Value::Seq(news)) if olds.len() == news.len() => {
                self.collection(old, new)?;
                olds.iter().zip(news).try_for_each(|(old, new)| self.node(old, new))
            }
            (Value::Map(olds), Value::Map(news)) if olds.len() == news.len() => {
                self.collection(old, new)?;
                olds.iter().zip(news).try_for_each(|(old, new)| {
                    self.token(&Token::of_key(&old.key), &Token::of_key(&new.key), || {
                        old.key.is_string == new.key.is_string
                    })?;
                    self.node(&old.value, &new.value)
                })
            }
            _ => match (Token::of(old), Token::of(new)) {
                (Some(before), Some(after)) => {
                    self.token(&before, &after, || same_scalar(&old.value, &new.value))
                }
                _ => Err(elsewhere),
            },
        }
    }

    fn collection(&self, old: &Node, new: &Node) -> Result<(), EditError> {
        if old.style == new.style && self.now(old.span.start) == new.span.start {
            return Ok(());
        }
        Err(EditError::Elsewhere { line: old.span.line })
    }

    fn token(
        &mut self,
        old: &Token<'_>,
        new: &Token<'_>,
        same_value: impl FnOnce() -> bool,
    ) -> Result<(), EditError> {
        let line = old.span.line;
        let range = old.span.range();
        if let Ok(at) = self
            .edits
            .binary_search_by(|e| (e.range.start, e.range.end).cmp(&(range.start, range.end)))
        {
            return self.edited(at, old, new);
        }
        let kept = self.now(range.start) == new.span.start
            && old.style == new.style
            && old.text == new.text
            && same_value()
            && self.source[range] == self.result[new.span.range()];
        if kept { Ok(()) } else { Err(EditError::Elsewhere { line }) }
    }

    fn edited(&mut self, at: usize, old: &Token<'_>, new: &Token<'_>) -> Result<(), EditError> {
        let line = old.span.line;
        if old.aliased {
            return Err(EditError::Shared { line });
        }
        let edit = &self.edits[at];
        let (added, taken) = if at == 0 { (0, 0) } else { self.moved[at - 1] };
        let written = edit.new.trim_start_matches(' ');
        let start = edit.range.start + added - taken + edit.new.len() - written.len();
        if new.span.range() != (start..start + written.len()) {
            return Err(EditError::Elsewhere { line });
        }
        self.used[at] = true;
        Ok(())
    }
}

impl<'n> Token<'n> {
    fn of(node: &'n Node) -> Option<Self> {
        let text = node.text()?;
        Some(Self { span: node.span, style: node.style, aliased: node.aliased, text })
    }

    fn of_key(key: &'n Key) -> Self {
        Self { span: key.span, style: key.style, aliased: key.aliased, text: &key.text }
    }
}

/// Equality in which a number that is not one equals itself.
fn same_scalar(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Float(old), Value::Float(new)) => old.to_bits() == new.to_bits(),
        _ => old == new,
    }
}
