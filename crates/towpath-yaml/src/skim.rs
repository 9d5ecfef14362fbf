//! The uppermost entries of a plainly written source, without its tree.
//!
//! Most manifests are written plainly: block style, keys of ASCII letters, values on one line. Such a source is proven
//! line by line to be one that [`parse`](crate::parse) reads without a fault, which takes a tenth of the time, and what
//! its upper levels hold is answered on the way. Whatever is not certainly plain is not answered at all: the caller
//! parses it. Must accept nothing that the parser refuses and see nothing that it does not; it may give up on anything.
//! Next: `skim/line.rs` for what stands on one line.

mod line;

use crate::load::Reading;
use crate::scalar;
use line::{Value, key, value};

/// Entries are told down to this level: `metadata.labels.owner` is on the third.
pub const LEVELS: usize = 3;

/// Larger sources and deeper ones are left to the parser, which knows their limits; so are mappings of more keys, whose
/// duplicates are searched for one by one.
const MAX_BYTES: usize = 1 << 20;
const MAX_DEPTH: usize = 64;
const MAX_KEYS: usize = 128;

/// A document, as far as it is looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skimmed<'s> {
    /// Line of its first key, from 1; it stands in the first column.
    pub line: u32,
    entries: Vec<Entry<'s>>,
}

/// An entry of one of the upper levels of a document that is a mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Entry<'s> {
    /// From 1.
    level: usize,
    key: &'s str,
    text: Text<'s>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text<'s> {
    /// The value is no string.
    None,
    /// It is a string on one line.
    Line(&'s str),
    /// It is a string that was not put together.
    Block,
}

impl<'s> Skimmed<'s> {
    /// The string at a path of keys, of [`LEVELS`] at most; `None` where there is none, or where it is [a
    /// block](Self::is_block).
    #[must_use]
    pub fn text(&self, path: &[&str]) -> Option<&'s str> {
        match self.entry(path)?.text {
            Text::Line(text) => Some(text),
            Text::None | Text::Block => None,
        }
    }

    /// Whether the string at a path of keys is a block scalar, whose text only the parser tells.
    #[must_use]
    pub fn is_block(&self, path: &[&str]) -> bool {
        self.entry(path).is_some_and(|entry| entry.text == Text::Block)
    }

    /// Whether there is an entry at a path of keys, of [`LEVELS`] at most.
    #[must_use]
    pub fn has(&self, path: &[&str]) -> bool {
        self.entry(path).is_some()
    }

    fn entry(&self, path: &[&str]) -> Option<&Entry<'s>> {
        let mut level = 1;
        // Entries stand in the order of the source, each before those below it.
        for entry in &self.entries {
            if entry.level < level {
                return None;
            }
            if entry.level == level && path.get(level - 1) == Some(&entry.key) {
                if level == path.len() {
                    return Some(entry);
                }
                level += 1;
            }
        }
        None
    }
}

/// What the documents of a plainly written source hold on their upper levels, as [`parse`](crate::parse) would find it;
/// `None` for any other source, with a fault or without. Documents without any content are left out.
#[must_use]
pub fn skim(source: &[u8]) -> Option<Vec<Skimmed<'_>>> {
    if source.len() > MAX_BYTES {
        return None;
    }
    // Nothing but printable ASCII and line feeds: no tabs, no other line ends, no marks of any kind.
    if !source.iter().fold(true, |plain, byte| plain & matches!(byte, b'\n' | b' '..=b'~')) {
        return None;
    }
    let mut skimmer = Skimmer { lines: Lines { rest: source, number: 0 }, ..Skimmer::default() };
    while let Some(line) = skimmer.lines.next() {
        skimmer.line(line)?;
    }
    Some(skimmer.documents)
}

/// A collection that is still open.
#[derive(Debug, Clone, Copy)]
struct Frame {
    kind: Kind,
    indent: usize,
    /// How many keys were known when it began.
    keys: usize,
    /// The level of its entries; none below a list or below the levels that are told.
    level: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Map,
    Seq,
}

#[derive(Default)]
struct Skimmer<'s> {
    lines: Lines<'s>,
    frames: Vec<Frame>,
    /// The keys of all open mappings.
    keys: Vec<&'s str>,
    /// Whether the last key or dash has no value yet.
    waits: bool,
    documents: Vec<Skimmed<'s>>,
}

#[derive(Default)]
struct Lines<'s> {
    rest: &'s [u8],
    number: u32,
}

impl<'s> Lines<'s> {
    /// The next line and where its text begins.
    fn peek(&self) -> Option<(&'s [u8], usize)> {
        if self.rest.is_empty() {
            return None;
        }
        let line = self.rest.split(|byte| *byte == b'\n').next()?;
        let indent = line.iter().take_while(|byte| **byte == b' ').count();
        Some((line, indent))
    }

    fn next(&mut self) -> Option<(&'s [u8], usize)> {
        let found = self.peek()?;
        self.rest = self.rest.get(found.0.len() + 1..).unwrap_or_default();
        self.number += 1;
        Some(found)
    }
}

impl<'s> Skimmer<'s> {
    fn line(&mut self, (line, indent): (&'s [u8], usize)) -> Option<()> {
        let rest = &line[indent..];
        if rest.is_empty() || rest[0] == b'#' {
            return Some(());
        }
        if indent == 0 && (rest.starts_with(b"---") || rest.starts_with(b"...") || rest[0] == b'%')
        {
            // What follows a marker on its line, and all other markers, are the parser's.
            if rest != b"---" {
                return None;
            }
            self.frames.clear();
            self.keys.clear();
            self.waits = false;
            return Some(());
        }
        if self.frames.is_empty() {
            return self.begin(rest, indent);
        }
        let dashed = is_dash(rest);
        let top = *self.frames.last()?;
        if std::mem::take(&mut self.waits) {
            if indent > top.indent {
                return self.content(rest, indent);
            }
            if dashed && indent == top.indent && top.kind == Kind::Map {
                return self.content(rest, indent);
            }
        }
        while self.frames.last()?.indent > indent {
            self.close();
        }
        if !dashed && self.frames.last()?.kind == Kind::Seq {
            // A list that is not indented below its key ends with the next key.
            self.close();
        }
        let top = *self.frames.last()?;
        match top.kind {
            _ if top.indent != indent => None,
            Kind::Seq => self.item(rest, indent),
            Kind::Map if dashed => None,
            Kind::Map => self.entry(rest),
        }
    }

    /// The first line of a document with content.
    fn begin(&mut self, rest: &'s [u8], indent: usize) -> Option<()> {
        if indent != 0 || is_dash(rest) {
            return None;
        }
        self.documents.push(Skimmed { line: self.lines.number, entries: Vec::new() });
        self.open(Kind::Map, 0, Some(1))?;
        self.entry(rest)
    }

    /// What a key or dash before it waited for.
    fn content(&mut self, rest: &'s [u8], indent: usize) -> Option<()> {
        if is_dash(rest) {
            self.open(Kind::Seq, indent, None)?;
            return self.item(rest, indent);
        }
        let top = self.frames.last()?;
        let level = (top.kind == Kind::Map).then_some(top.level).flatten().map(|level| level + 1);
        self.open(Kind::Map, indent, level.filter(|level| *level <= LEVELS))?;
        self.entry(rest)
    }

    fn open(&mut self, kind: Kind, indent: usize, level: Option<usize>) -> Option<()> {
        self.frames.push(Frame { kind, indent, keys: self.keys.len(), level });
        (self.frames.len() < MAX_DEPTH).then_some(())
    }

    fn close(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.keys.truncate(frame.keys);
        }
    }

    /// From a dash on.
    fn item(&mut self, rest: &'s [u8], indent: usize) -> Option<()> {
        let lead = 1 + rest[1..].iter().take_while(|byte| **byte == b' ').count();
        let content = &rest[lead..];
        if content.is_empty() || content[0] == b'#' {
            self.waits = true;
            return Some(());
        }
        if is_dash(content) || key(content).is_some() {
            return self.content(content, indent + lead);
        }
        self.value(content).map(drop)
    }

    /// From a key on.
    fn entry(&mut self, rest: &'s [u8]) -> Option<()> {
        let (key, after) = key(rest)?;
        let level = self.key(key)?;
        let at = level.and_then(|level| {
            let entries = &mut self.documents.last_mut()?.entries;
            entries.push(Entry { level, key, text: Text::None });
            Some(entries.len() - 1)
        });
        let lead = after.iter().take_while(|byte| **byte == b' ').count();
        let content = &after[lead..];
        if content.is_empty() || (content[0] == b'#' && lead > 0) {
            self.waits = true;
            return Some(());
        }
        let text = self.value(content)?;
        if let (Some(at), Some(document)) = (at, self.documents.last_mut()) {
            document.entries[at].text = text;
        }
        Some(())
    }

    /// Notes a key of the innermost mapping, which may not have it yet; its level, if it is one that is told.
    fn key(&mut self, key: &'s str) -> Option<Option<usize>> {
        let frame = *self.frames.last()?;
        let known = &self.keys[frame.keys..];
        if known.len() >= MAX_KEYS || known.contains(&key) {
            return None;
        }
        // A bool or a null is another key than it looks.
        if scalar::resolve_plain(key, Reading::GoYaml2).is_some() {
            return None;
        }
        self.keys.push(key);
        Some(frame.level)
    }

    /// A value that begins on this line.
    fn value(&mut self, content: &'s [u8]) -> Option<Text<'s>> {
        match value(content)? {
            Value::Plain(text) => Some(plain(text)),
            Value::Quoted(text) => Some(Text::Line(text)),
            Value::Block => self.block().map(|()| Text::Block),
            Value::Flow(content) => self.flow(content).map(|()| Text::None),
        }
    }

    /// The lines of a block scalar.
    fn block(&mut self) -> Option<()> {
        let parent = self.frames.last()?.indent;
        let mut own = None;
        while let Some((line, indent)) = self.lines.peek() {
            let is_blank = indent == line.len();
            match own {
                // How far white space leads into text that is not there yet is the parser's.
                None if is_blank && indent > 0 => return None,
                None if !is_blank && indent <= parent => break,
                None if !is_blank => own = Some(indent),
                Some(own) if !is_blank && indent < own => {
                    if indent > parent {
                        return None;
                    }
                    break;
                }
                _ => {}
            }
            self.lines.next();
        }
        Some(())
    }

    /// A collection in brackets that ends on its line.
    fn flow(&mut self, content: &'s [u8]) -> Option<()> {
        let rest = self.collection(content)?;
        line::ends(rest).then_some(())
    }

    /// From an opening bracket to behind the closing one.
    fn collection(&mut self, content: &'s [u8]) -> Option<&'s [u8]> {
        let (first, mut rest) = content.split_first()?;
        let (kind, closing) = match first {
            b'{' => (Kind::Map, b'}'),
            _ => (Kind::Seq, b']'),
        };
        let top = self.frames.last()?;
        let level = match (top.kind, kind) {
            (Kind::Map, Kind::Map) => top.level.map(|level| level + 1).filter(|l| *l <= LEVELS),
            _ => None,
        };
        let indent = top.indent;
        self.open(kind, indent, level)?;
        rest = rest.trim_ascii_start();
        if rest.first() == Some(&closing) {
            self.close();
            return Some(&rest[1..]);
        }
        loop {
            let mut at = None;
            if kind == Kind::Map {
                let (key, after) = line::flow_key(rest)?;
                if let Some(level) = self.key(key)? {
                    let entries = &mut self.documents.last_mut()?.entries;
                    entries.push(Entry { level, key, text: Text::None });
                    at = Some(entries.len() - 1);
                }
                rest = after;
            }
            if matches!(rest.first(), Some(b'{' | b'[')) {
                rest = self.collection(rest)?;
            } else {
                let (scalar, after) = line::flow_scalar(rest)?;
                let text = match scalar {
                    Value::Plain(text) => plain(text),
                    Value::Quoted(text) => Text::Line(text),
                    Value::Block | Value::Flow(_) => return None,
                };
                if let (Some(at), Some(document)) = (at, self.documents.last_mut()) {
                    document.entries[at].text = text;
                }
                rest = after;
            }
            rest = rest.trim_ascii_start();
            match rest.split_first()? {
                (b',', after) => rest = after.trim_ascii_start(),
                (byte, after) if *byte == closing => {
                    self.close();
                    return Some(after);
                }
                _ => return None,
            }
        }
    }
}

/// What a plain scalar is.
fn plain(text: &str) -> Text<'_> {
    match scalar::resolve_plain(text, Reading::GoYaml2) {
        None => Text::Line(text),
        Some(_) => Text::None,
    }
}

fn is_dash(rest: &[u8]) -> bool {
    matches!(rest, [b'-'] | [b'-', b' ', ..])
}
