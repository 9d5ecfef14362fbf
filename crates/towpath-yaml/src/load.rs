//! From events to the tree: anchors, merge keys, keys as strings, and the limits.
//!
//! The loader keeps its own stack, so the depth of a source never becomes depth of calls. It must
//! not decide what a scalar means (`scalar.rs`) nor what a tab may do (`check.rs`).

use crate::check::{self, Checked, Stretch, StretchKind};
use crate::error::{Error, ErrorKind};
use crate::merge::{build_mapping, mark_aliased};
use crate::node::{Document, Entry, Key, Node, Style, Value};
use crate::position::{Places, Span, advance};
use crate::scalar;
use crate::token::{alias_name, closing_length, quoted_length, skip_properties, skip_to_header};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span as Marks, Tag};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How much a source may ask for before it is refused.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of the source, and bytes of text that aliases may repeat.
    pub max_bytes: usize,
    /// Levels of nesting.
    pub max_depth: usize,
    /// Values once aliases are expanded.
    pub max_nodes: usize,
    /// Whose rules say what a scalar is.
    pub reading: Reading,
    /// What a key means that a mapping holds twice.
    pub duplicates: Duplicates,
}

/// Whose rules say what a plain scalar is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reading {
    /// As `sigs.k8s.io/yaml` reads what an API server is given: `yes` is a bool, a date is text.
    #[default]
    GoYaml2,
    /// As Kustomize reads (`kubernetes-sigs/kustomize:kyaml`): `yes` is text, a date is written out
    /// with its time, bools and fractions cannot be keys.
    GoYaml3,
}

/// What a key means that a mapping holds twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Duplicates {
    /// A fault: of two values that a person wrote, a reader drops one unseen.
    #[default]
    Refuse,
    /// The last one counts, as for readers of what a program wrote; it stands where the first stood.
    LastWins,
}

impl Default for Limits {
    /// 64 MiB is far above what an API server or an artifact takes; 128 levels are what
    /// `serde_json` reads back; 3 million values are what 64 MiB of manifests hold, and keep a
    /// hostile source below about half a gigabyte.
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            max_depth: 128,
            max_nodes: 3_000_000,
            reading: Reading::default(),
            duplicates: Duplicates::default(),
        }
    }
}

/// Reads all documents of a source, within the default [`Limits`].
///
/// # Errors
/// The first fault found, with its place.
pub fn parse(source: &[u8]) -> Result<Vec<Document>, Error> {
    parse_with(source, &Limits::default())
}

/// Reads all documents of a source. Documents without any content are left out.
///
/// # Errors
/// The first fault found, with its place.
pub fn parse_with(source: &[u8], limits: &Limits) -> Result<Vec<Document>, Error> {
    if source.len() > limits.max_bytes {
        let kind = ErrorKind::TooLarge { limit: limits.max_bytes };
        return Err(Error::new(kind, Span { line: 1, column: 1, ..Span::default() }));
    }
    let checked = check::characters(source)?;
    let mut loader = Loader::new(&checked, limits);
    for event in Parser::new_from_str(checked.text) {
        match event {
            Ok((event, marks)) => loader.event(event, marks)?,
            Err(error) => {
                let fault = loader.syntax(error.marker(), error.info());
                if checked.has_tab
                    && let Err(tab) =
                        check::tabs(source, checked.text, checked.base, &loader.stretches)
                    && (tab.line() == fault.line() || error.info().contains("tab"))
                {
                    return Err(tab);
                }
                return Err(fault);
            }
        }
    }
    if checked.has_tab {
        check::tabs(source, checked.text, checked.base, &loader.stretches)?;
    }
    Ok(loader.documents)
}

/// What a value costs when an alias repeats it.
#[derive(Debug, Clone, Copy, Default)]
struct Size {
    nodes: usize,
    bytes: usize,
    height: usize,
}

impl Size {
    fn add(&mut self, other: Size) {
        self.nodes += other.nodes;
        self.bytes += other.bytes;
        self.height = self.height.max(other.height);
    }
}

/// A collection that is still open.
struct Frame {
    content: Content,
    span: Span,
    style: Style,
    anchor: usize,
    anchored: bool,
    tagged: bool,
    in_flow: bool,
    /// Column, from 0, that a continued line must exceed; only of block collections.
    indent: usize,
    size: Size,
}

enum Content {
    Seq(Vec<Node>),
    Map { entries: Vec<Entry>, key: Pending, merged: Vec<Node> },
}

/// What a mapping waits for.
enum Pending {
    Key,
    Value(Key),
    Merge,
}

struct Loader<'s> {
    text: &'s str,
    base: usize,
    places: Places<'s>,
    keep_anchors: bool,
    keep_stretches: bool,
    limits: &'s Limits,
    frames: Vec<Frame>,
    /// Finished anchors of this document; none while the value is still open.
    anchors: BTreeMap<usize, Option<(Node, Size)>>,
    root: Option<Node>,
    nodes: usize,
    aliased_bytes: usize,
    /// The end of the last event.
    passed: Marker,
    documents: Vec<Document>,
    stretches: Vec<Stretch>,
}

impl<'s> Loader<'s> {
    fn new(checked: &Checked<'s>, limits: &'s Limits) -> Self {
        Self {
            text: checked.text,
            base: checked.base,
            places: Places::new(checked.text, checked.base, checked.ascii),
            keep_anchors: checked.has_star,
            keep_stretches: checked.has_tab,
            limits,
            frames: Vec::new(),
            anchors: BTreeMap::new(),
            root: None,
            nodes: 0,
            aliased_bytes: 0,
            passed: Marker::new(0, 1, 0),
            documents: Vec::new(),
            stretches: Vec::new(),
        }
    }

    fn event(&mut self, event: Event<'s>, marks: Marks) -> Result<(), Error> {
        // An implicit document starts with the token that is yet to come.
        let passes = !matches!(event, Event::DocumentStart(false));
        self.build(event, marks)?;
        if passes {
            self.passed = marks.end;
        }
        Ok(())
    }

    fn build(&mut self, event: Event<'s>, marks: Marks) -> Result<(), Error> {
        match event {
            Event::DocumentStart(_) => {
                self.anchors.clear();
                Ok(())
            }
            Event::DocumentEnd => {
                let root = self.root.take();
                let written =
                    |node: &Node| node.style != Style::Empty || node.anchored || node.tagged;
                self.documents.extend(root.filter(written).map(|root| Document { root }));
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(text, style, anchor, tag.as_deref(), marks)
            }
            Event::Alias(anchor) => self.alias(anchor, marks),
            Event::SequenceStart(anchor, tag) => {
                self.open(Content::Seq(Vec::new()), anchor, tag.as_deref(), marks)
            }
            Event::MappingStart(anchor, tag) => {
                let content =
                    Content::Map { entries: Vec::new(), key: Pending::Key, merged: Vec::new() };
                self.open(content, anchor, tag.as_deref(), marks)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(marks),
            Event::Nothing | Event::StreamStart | Event::StreamEnd => Ok(()),
        }
    }

    fn in_flow(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.style == Style::Flow || frame.in_flow)
    }

    fn span(&mut self, marks: Marks) -> Span {
        let (start, end) = (self.places.byte(&marks.start), self.places.byte(&marks.end));
        let (line, column) = (marks.start.line(), marks.start.col() + 1);
        self.places.span(start, end.max(start), line, column)
    }

    /// The part of a span after anchor and tag, trimmed of the space that follows it.
    fn own_bytes(&self, span: Span, properties: bool, trim: bool) -> Span {
        let whole = &self.text[span.start - self.base..span.end - self.base];
        let token = if properties { skip_properties(whole) } else { whole };
        let passed = &whole[..whole.len() - token.len()];
        let (line, column) = advance(passed, span.line as usize, span.column as usize);
        let token = if trim { token.trim_end_matches([' ', '\t', '\n', '\r']) } else { token };
        let start = span.start - self.base + passed.len();
        self.places.span(start, start + token.len(), line, column)
    }

    fn syntax(&mut self, mark: &Marker, info: &str) -> Error {
        let span = self.span(Marks::empty(*mark));
        if info.contains("unknown anchor") {
            let name = alias_name(&self.text[span.start - self.base..]);
            return Error::new(ErrorKind::UnknownAnchor(name.into()), span);
        }
        let mut info = info.to_owned();
        if !info.starts_with("TAG")
            && let Some(first) = info.get_mut(..1)
        {
            first.make_ascii_lowercase();
        }
        Error::new(ErrorKind::Syntax(info), span)
    }

    fn count(&mut self, nodes: usize, span: Span) -> Result<(), Error> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > self.limits.max_nodes {
            let limit = self.limits.max_nodes;
            return Err(Error::new(ErrorKind::TooManyNodes { limit }, span));
        }
        Ok(())
    }

    fn check_depth(&self, added: usize, span: Span) -> Result<(), Error> {
        if self.frames.len() + added > self.limits.max_depth {
            let limit = self.limits.max_depth;
            return Err(Error::new(ErrorKind::TooDeep { limit }, span));
        }
        Ok(())
    }

    fn scalar(
        &mut self,
        text: Cow<'s, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        marks: Marks,
    ) -> Result<(), Error> {
        let (anchored, tagged) = (anchor > 0, tag.is_some());
        let mut span = self.span(marks);
        let style = match style {
            ScalarStyle::Plain if text.is_empty() => Style::Empty,
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        match style {
            Style::Empty => span = self.empty_place(span, anchored || tagged),
            Style::Plain => span = self.own_bytes(span, anchored || tagged, true),
            Style::Literal | Style::Folded => span = self.header_on(span),
            Style::SingleQuoted | Style::DoubleQuoted => {
                span = self.own_bytes(span, anchored || tagged, false);
                span.end = span.start + quoted_length(&self.text[span.start - self.base..]);
            }
            Style::Block | Style::Flow => {}
        }
        self.count(1, span)?;
        if self.keep_stretches {
            self.note_scalar(style, span);
        }
        let in_flow = self.in_flow();
        let plain = matches!(style, Style::Plain | Style::Empty);
        let reading = self.limits.reading;
        let resolved = match tag {
            None if style == Style::Empty => Some(Value::Null),
            None if plain => scalar::resolve_plain(&text, reading),
            None => None,
            // The tag `!` alone means "as if plain" to go-yaml, even on a quoted scalar.
            Some(tag) if is_bare(tag) => {
                if text.is_empty() {
                    Some(Value::Null)
                } else {
                    scalar::resolve_plain(&text, reading)
                }
            }
            Some(tag) => match core_suffix(tag) {
                Some(suffix) => scalar::resolve_tagged(suffix, &text, reading)
                    .map_err(|kind| Error::new(kind, span))?,
                None => None,
            },
        };
        let merge = &*text == "<<"
            && match tag {
                None => plain,
                Some(tag) => is_bare(tag) || core_suffix(tag) == Some("merge"),
            };
        let size = Size { nodes: 1, bytes: text.len(), height: 0 };
        let (value, raw) = match resolved {
            Some(value) => (value, (!text.is_empty()).then(|| Box::from(&*text))),
            None => (Value::String(text.into_owned()), None),
        };
        let node = Node { value, span, style, aliased: false, anchored, tagged, in_flow, raw };
        if merge && self.at_key() {
            return self.await_merge();
        }
        self.finish(node, anchor, size, span)
    }

    /// The span of a block scalar from its `|` or `>` on; the event starts at its first text.
    fn header_on(&mut self, span: Span) -> Span {
        let from = self.places.byte(&self.passed);
        let end = span.end - self.base;
        let Some(between) = self.text.get(from..end) else { return span };
        let rest = skip_to_header(between);
        let before = &between[..between.len() - rest.len()];
        let (line, column) = advance(before, self.passed.line(), self.passed.col() + 1);
        let blank = rest.len() - rest.trim_end_matches([' ', '\t']).len();
        let next_line = rest[..rest.len() - blank].ends_with(['\n', '\r']);
        let end = if next_line { end - blank } else { end };
        self.places.span(from + before.len(), end, line, column)
    }

    /// Where a value would be that was not written: right after its `:` or `-`.
    fn empty_place(&self, span: Span, properties: bool) -> Span {
        let (start, end) = (span.start - self.base, span.end - self.base);
        let follows_indicator = || match &self.text.as_bytes()[start..] {
            [b':' | b'-'] => true,
            [b':', after, ..] => b" \t\r\n,}]".contains(after),
            [b'-', after, ..] => b" \t\r\n".contains(after),
            _ => false,
        };
        let (line, column) = (span.line as usize, span.column as usize);
        if properties {
            let (line, column) = advance(&self.text[start..end], line, column);
            return self.places.span(end, end, line, column);
        }
        if !self.at_key() && follows_indicator() {
            return self.places.span(start + 1, start + 1, line, column + 1);
        }
        let in_list = matches!(self.frames.last(), Some(Frame { content: Content::Seq(_), .. }));
        if !in_list || self.in_flow() {
            return Span { end: span.start, ..span };
        }
        // The event of an empty item stands after the space and comment that follow its `-`.
        let line_start = self.text[..start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let dashes = self.text[line_start..start]
            .bytes()
            .take_while(|b| matches!(b, b' ' | b'-'))
            .collect::<Vec<u8>>();
        let place = dashes.iter().rposition(|b| *b == b'-').map_or(0, |at| at + 1);
        self.places.span(line_start + place, line_start + place, line, place + 1)
    }

    fn note_scalar(&mut self, style: Style, span: Span) {
        if self.in_flow() || span.start == span.end {
            return;
        }
        let kind = match style {
            Style::Literal | Style::Folded => StretchKind::Block,
            Style::Plain => {
                StretchKind::Plain { indent: self.frames.last().map_or(0, |frame| frame.indent) }
            }
            _ => StretchKind::Free,
        };
        let (start, end) = (span.start - self.base, span.end - self.base);
        self.stretches.push(Stretch { start, end, kind });
    }

    fn at_key(&self) -> bool {
        matches!(
            self.frames.last(),
            Some(Frame { content: Content::Map { key: Pending::Key, .. }, .. })
        )
    }

    fn await_merge(&mut self) -> Result<(), Error> {
        if let Some(Frame { content: Content::Map { key, .. }, .. }) = self.frames.last_mut() {
            *key = Pending::Merge;
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, marks: Marks) -> Result<(), Error> {
        let span = self.span(marks);
        let name = |text: &str| alias_name(&text[span.start - self.base..]).to_owned();
        let (node, size) = match self.anchors.get(&anchor) {
            Some(Some((node, size))) => (node, *size),
            Some(None) => {
                return Err(Error::new(ErrorKind::RecursiveAlias(name(self.text)), span));
            }
            // The event parser keeps anchors across documents, YAML does not.
            None => return Err(Error::new(ErrorKind::UnknownAnchor(name(self.text)), span)),
        };
        self.check_depth(size.height, span)?;
        if self.aliased_bytes + size.bytes > self.limits.max_bytes {
            let limit = self.limits.max_bytes;
            return Err(Error::new(ErrorKind::TooLarge { limit }, span));
        }
        if self.nodes + size.nodes > self.limits.max_nodes {
            let limit = self.limits.max_nodes;
            return Err(Error::new(ErrorKind::TooManyNodes { limit }, span));
        }
        let mut node = node.clone();
        mark_aliased(&mut node);
        self.aliased_bytes += size.bytes;
        self.nodes += size.nodes;
        self.finish(node, 0, size, span)
    }

    fn open(
        &mut self,
        content: Content,
        anchor: usize,
        tag: Option<&Tag>,
        marks: Marks,
    ) -> Result<(), Error> {
        let (anchored, tagged) = (anchor > 0, tag.is_some());
        let mut span = self.span(marks);
        if anchored || tagged {
            span = self.own_bytes(span, true, false);
        } else if matches!(content, Content::Seq(_)) {
            span = self.dashed(span);
        }
        if tag.and_then(core_suffix) == Some("binary") {
            return Err(Error::new(ErrorKind::Binary, span));
        }
        self.check_depth(1, span)?;
        self.count(1, span)?;
        if self.at_key() {
            let what = if matches!(content, Content::Seq(_)) { "a list" } else { "a mapping" };
            return Err(Error::new(ErrorKind::UnsupportedKey(what), span));
        }
        let in_flow = self.in_flow();
        let bracketed =
            matches!(self.text.as_bytes().get(span.start - self.base), Some(b'[' | b'{'));
        let style = if bracketed { Style::Flow } else { Style::Block };
        let indent = if in_flow || bracketed {
            self.frames.last().map_or(0, |frame| frame.indent)
        } else {
            span.column as usize
        };
        if anchored {
            self.anchors.insert(anchor, None);
        }
        let size = Size { nodes: 1, bytes: 0, height: 1 };
        self.frames.push(Frame {
            content,
            span,
            style,
            anchor,
            anchored,
            tagged,
            in_flow,
            indent,
            size,
        });
        Ok(())
    }

    /// The span of a list from its first `-` on.
    ///
    /// The event of a list that is not indented below its key starts after the dash.
    fn dashed(&self, span: Span) -> Span {
        let Some(Frame { content: Content::Map { .. }, style: Style::Block, indent, .. }) =
            self.frames.last()
        else {
            return span;
        };
        if self.in_flow() {
            return span;
        }
        let start = span.start - self.base;
        let line_start = self.text[..start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let dash = line_start + indent - 1;
        let lead = self.text.as_bytes().get(line_start..dash).unwrap_or_default();
        let leads_line = dash < start && lead.iter().all(|b| *b == b' ');
        let separate = self.text.as_bytes().get(dash + 1).is_none_or(u8::is_ascii_whitespace);
        if !leads_line || self.text.as_bytes()[dash] != b'-' || !separate {
            return span;
        }
        self.places.span(dash, start, span.line as usize, *indent)
    }

    fn close(&mut self, marks: Marks) -> Result<(), Error> {
        let bracket = self.places.byte(&marks.start);
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let Frame { content, mut span, style, anchor, anchored, tagged, in_flow, size, .. } = frame;
        if style == Style::Flow {
            span.end = self.base + bracket + closing_length(&self.text[bracket..]);
            if self.keep_stretches && !in_flow {
                let (start, end) = (span.start - self.base, span.end - self.base);
                self.stretches.push(Stretch { start, end, kind: StretchKind::Free });
            }
        }
        let value = match content {
            Content::Seq(items) => {
                if style == Style::Block {
                    span.end = items.last().map_or(span.end, |item| item.span.end).max(span.end);
                }
                Value::Seq(items)
            }
            Content::Map { entries, merged, .. } => {
                if style == Style::Block
                    && let Some(last) = entries.last()
                {
                    span.end = last.value.span.end.max(last.key.span.end);
                }
                Value::Map(build_mapping(entries, merged, self.limits.duplicates)?)
            }
        };
        let node =
            Node { value, span, style, aliased: false, anchored, tagged, in_flow, raw: None };
        self.finish(node, anchor, size, span)
    }

    /// Puts a finished value where it belongs; `at` is where the source asked for it.
    fn finish(&mut self, node: Node, anchor: usize, size: Size, at: Span) -> Result<(), Error> {
        if anchor > 0 && self.keep_anchors {
            // The copy kept for aliases counts too: nested anchors would square the memory.
            self.count(size.nodes, node.span)?;
            self.anchors.insert(anchor, Some((node.clone(), size)));
        }
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.size.add(Size { height: size.height + 1, ..size });
        match &mut frame.content {
            Content::Seq(items) => items.push(node),
            Content::Map { entries, key, merged } => match std::mem::replace(key, Pending::Key) {
                Pending::Key => *key = Pending::Value(as_key(node, at, self.limits.reading)?),
                Pending::Value(key) => entries.push(Entry { key, value: node }),
                Pending::Merge => merged.push(node),
            },
        }
        Ok(())
    }
}

fn as_key(node: Node, at: Span, reading: Reading) -> Result<Key, Error> {
    let Node { value, span, style, aliased, tagged, in_flow, .. } = node;
    let is_string = matches!(value, Value::String(_));
    let text = scalar::key_text(value, reading)
        .map_err(|what| Error::new(ErrorKind::UnsupportedKey(what), at))?;
    Ok(Key { text, span, style, aliased, tagged, in_flow, is_string })
}

/// The tag `!` without a name.
fn is_bare(tag: &Tag) -> bool {
    tag.handle.is_empty() && tag.suffix == "!"
}

/// The name of a core tag, whether written `!!int` or `!<tag:yaml.org,2002:int>`.
fn core_suffix(tag: &Tag) -> Option<&str> {
    const PREFIX: &str = "tag:yaml.org,2002:";
    if tag.handle == PREFIX {
        return Some(&tag.suffix);
    }
    if tag.handle.is_empty() { tag.suffix.strip_prefix(PREFIX) } else { None }
}
