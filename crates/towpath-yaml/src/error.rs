//! What can be wrong with a source, where, and how to show it to a person.
//!
//! An [`Error`] is a fragment that names the fault; [`Error::report`] adds the file, the place and
//! the line itself. It must not name files on its own: this crate never sees one.

use crate::position::Span;
use std::fmt::{self, Write as _};

/// Why a source could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    span: Span,
}

/// The kinds of fault in a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes do not follow the grammar of YAML.
    #[error("{0}")]
    Syntax(String),
    /// A mapping holds one key twice.
    #[error("duplicate key `{key}`, first on line {first_line}")]
    DuplicateKey {
        /// The key, as a JSON reader would see it.
        key: String,
        /// Line of the first of the two, counted from 1.
        first_line: u32,
    },
    /// The source is not UTF-8.
    #[error("not valid UTF-8")]
    NotUtf8,
    /// The source starts with the byte order mark of another encoding.
    #[error("{0} is not read, only UTF-8 is")]
    Encoding(&'static str),
    /// A character that YAML does not admit.
    #[error("control character U+{:04X} is not allowed in YAML", u32::from(*.0))]
    ControlCharacter(char),
    /// A line break to go-yaml, but text to a YAML 1.2 reader.
    #[error(
        "U+{:04X} ends a line for some YAML readers and not for others: write it as an escape",
        u32::from(*.0)
    )]
    AmbiguousLineBreak(char),
    /// A byte order mark at the start of a later line, as when files were put together.
    #[error("a byte order mark may only stand at the very beginning")]
    ByteOrderMark,
    /// A tab where only spaces may indent.
    #[error("a tab cannot indent, use spaces")]
    Tab,
    /// An alias names no anchor of its document.
    #[error("unknown anchor `{0}`")]
    UnknownAnchor(String),
    /// An alias stands inside the value that it names.
    #[error("anchor `{0}` contains itself")]
    RecursiveAlias(String),
    /// A key that JSON cannot hold.
    #[error("{0} cannot be a key, only a string, number or bool can")]
    UnsupportedKey(&'static str),
    /// `<<` was given something else than a mapping or a list of mappings.
    #[error("`<<` takes a mapping or a list of mappings")]
    BadMerge,
    /// A tag that the scalar does not satisfy.
    #[error("`{text}` is not a {tag}")]
    BadTag {
        /// The scalar as written.
        text: String,
        /// The tag in its short form, as `!!int`.
        tag: &'static str,
    },
    /// `!!binary`, which `sigs.k8s.io/yaml` does not carry into JSON.
    #[error("`!!binary` cannot become JSON, write the base64 text as a plain string")]
    Binary,
    /// More bytes than [`Limits::max_bytes`](crate::Limits).
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// Nested deeper than [`Limits::max_depth`](crate::Limits).
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit, in levels.
        limit: usize,
    },
    /// More values than [`Limits::max_nodes`](crate::Limits) once aliases are expanded.
    #[error("more than {limit} values once aliases are expanded")]
    TooManyNodes {
        /// The limit, in values.
        limit: usize,
    },
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, span: Span) -> Self {
        Self { kind, span }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Line of the fault, counted from 1.
    #[must_use]
    pub fn line(&self) -> u32 {
        self.span.line
    }

    /// Column of the fault in characters, counted from 1.
    #[must_use]
    pub fn column(&self) -> u32 {
        self.span.column
    }

    /// The bytes at fault; may be empty.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// The fault as a person wants to see it: file, line and column, and the line with a mark.
    ///
    /// A long line is shortened around the column and control characters are escaped, so that the
    /// text is safe to print. It ends without a line break.
    #[must_use]
    pub fn report(&self, file: &str, source: &[u8]) -> String {
        report(file, source, &self.span, &self.to_string())
    }
}

/// What a reader of values says of one of them, in the form of [`Error::report`]: file, line and
/// column of `span`, `message`, and the line with a mark.
#[must_use]
pub fn report(file: &str, source: &[u8], span: &Span, message: &str) -> String {
    let (line, column) = (span.line, span.column);
    let mut out = format!("{file}:{line}:{column}: {message}");
    let (shown, mark) = excerpt(source, *span);
    let number = line.to_string();
    let _ = write!(out, "\n{number:>4} | {shown}");
    let _ = write!(out, "\n{:>width$} | {:mark$}^", "", "", width = number.len().max(4));
    out
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl std::error::Error for Error {}

/// How many characters of a long line are shown on either side of the column.
const AROUND: usize = 60;

/// The line around `span` made printable, and the printed column of its start, from 0.
fn excerpt(source: &[u8], span: Span) -> (String, usize) {
    let at = span.start.min(source.len());
    let is_break = |b: &u8| matches!(b, b'\n' | b'\r');
    let mut begin = source[..at].iter().rposition(is_break).map_or(0, |i| i + 1);
    if begin == 0 && source.starts_with(crate::position::BOM) && at >= 3 {
        begin = 3;
    }
    let end = source[at..].iter().position(is_break).map_or(source.len(), |i| at + i);
    // Bounds the decoding of a line of megabytes; a character has at most four bytes.
    let far = 4 * (AROUND + 4);
    let (from, to) = (begin.max(at.saturating_sub(far)), end.min(at + far));
    let before: Vec<char> = String::from_utf8_lossy(&source[from..at]).chars().collect();
    let after: Vec<char> = String::from_utf8_lossy(&source[at..to]).chars().collect();
    let mut shown = String::new();
    let cut = before.len().saturating_sub(AROUND);
    if cut > 0 || from > begin {
        shown.push('…');
    }
    before[cut..].iter().for_each(|c| push_visible(&mut shown, *c));
    let mark = shown.chars().count();
    after.iter().take(AROUND).for_each(|c| push_visible(&mut shown, *c));
    if after.len() > AROUND || to < end {
        shown.push('…');
    }
    (shown, mark)
}

fn push_visible(out: &mut String, c: char) {
    if c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    {
        out.extend(c.escape_default());
    } else {
        out.push(c);
    }
}
