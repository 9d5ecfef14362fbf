//! Findings, each on the line and column of the field that it speaks of.
//!
//! Rules know an object's first line and a field; [`Source`] reads the file once and finds the field in it, however many
//! findings there are. Where the field is not in the file, because a patch or a default brings it, the nearest thing
//! above it that is there is meant. Must not read a file, and shows no line that holds the value of a secret.
//! Next: `place/field.rs` for paths of fields, [`crate::silence`] for comments of the same file.

use towpath_core::finding::Finding;
use towpath_yaml::{Document, Node, Span, Style};

mod field;
mod lines;

use lines::Lines;
pub use lines::{Excerpt, Mark};

/// A finding in its place, with what to underline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The finding, moved to its field.
    pub finding: Finding,
    /// What to underline; `None` where the file is not at hand.
    pub mark: Option<Mark>,
}

impl From<Finding> for Placed {
    fn from(finding: Finding) -> Self {
        Self { finding, mark: None }
    }
}

/// A file, read so that findings can be placed in it.
#[derive(Debug)]
pub struct Source<'b> {
    lines: Lines<'b>,
    documents: Vec<Document>,
    /// First and last lines that hold values of secrets.
    secret: Vec<(u32, u32)>,
}

impl<'b> Source<'b> {
    /// Reads a file. One that is no YAML has lines and no fields.
    #[must_use]
    pub fn new(bytes: &'b [u8]) -> Self {
        let lines = Lines::new(bytes);
        let mut secret = Vec::new();
        let documents = match towpath_yaml::parse(bytes) {
            Ok(documents) => {
                documents.iter().for_each(|document| secrets(&document.root, &lines, &mut secret));
                documents
            }
            Err(_) => {
                // What cannot be parsed cannot be told apart either.
                if lines.text().contains("Secret") || lines.text().contains("secret") {
                    secret.push((1, u32::MAX));
                }
                Vec::new()
            }
        };
        Self { lines, documents, secret }
    }

    /// Puts a finding of this file in its place.
    #[must_use]
    pub fn place(&self, mut finding: Finding) -> Placed {
        let span = self.field(&finding).or_else(|| self.value_at(&finding));
        let mark = match span {
            Some(span) => {
                (finding.at.line, finding.at.column) = (span.line, span.column);
                self.lines.mark(span)
            }
            None => self.lines.rest(finding.at.line, finding.at.column),
        };
        Placed { mark: mark.map(|mark| self.without_secrets(mark, &finding)), finding }
    }

    pub(crate) fn documents(&self) -> &[Document] {
        &self.documents
    }

    pub(crate) fn lines(&self) -> &Lines<'b> {
        &self.lines
    }

    /// The bytes of the field of a finding, or of the nearest thing above it.
    fn field(&self, finding: &Finding) -> Option<Span> {
        let path = finding.field.as_deref()?;
        let object = self.object(finding)?;
        let found = field::find(object, path);
        let moved_before = finding.at.line != object.span.line;
        // What a rule placed by itself is placed better than what is only near.
        if !found.whole && moved_before { None } else { found.span }
    }

    /// The innermost object around the place of a finding, if it is the finding's.
    fn object(&self, finding: &Finding) -> Option<&Node> {
        let line = finding.at.line;
        let is_around =
            |node: &&Node| node.span.line <= line && line <= self.lines.line_of(node.span.end);
        let around = objects(&self.documents).filter(is_around).last()?;
        let kind = around.get("kind").and_then(Node::as_str);
        let is_it = finding.object.as_ref().is_none_or(|object| kind == Some(&object.kind));
        is_it.then_some(around)
    }

    /// The scalar that begins at the place of a finding.
    fn value_at(&self, finding: &Finding) -> Option<Span> {
        let (line, column) = (finding.at.line, finding.at.column);
        let mut open: Vec<&Node> = self.documents.iter().map(|document| &document.root).collect();
        while let Some(node) = open.pop() {
            let here = node.span.line == line && node.span.column == column;
            match &node.value {
                towpath_yaml::Value::Seq(items) => open.extend(items),
                towpath_yaml::Value::Map(map) => open.extend(map.iter().map(|entry| &entry.value)),
                _ if here && node.style != Style::Empty => return Some(node.span),
                _ => {}
            }
        }
        None
    }

    fn without_secrets(&self, mut mark: Mark, finding: &Finding) -> Mark {
        let line = finding.at.line;
        let holds = self.secret.iter().any(|(first, last)| (*first..=*last).contains(&line));
        // A rule about secrets has found one, in whatever kind of object.
        if holds || finding.rule.contains("secret") {
            mark.excerpt = None;
        }
        mark
    }
}

/// The objects of documents: their roots, and the items of lists behind the list that holds them.
fn objects(documents: &[Document]) -> impl Iterator<Item = &Node> {
    documents.iter().flat_map(|document| {
        let root = &document.root;
        let is_list =
            root.get("kind").and_then(Node::as_str).is_some_and(|kind| kind.ends_with("List"));
        let items = root.get("items").and_then(Node::as_seq).filter(|_| is_list);
        std::iter::once(root).chain(items.unwrap_or_default())
    })
}

/// The lines of values that nobody is to see: of Secrets, of what generates them, and what was applied last.
fn secrets(node: &Node, lines: &Lines<'_>, found: &mut Vec<(u32, u32)>) {
    const OF_SECRET: [&[&str]; 3] = [&["data"], &["stringData"], &["metadata", "annotations"]];
    let mut hide = |node: &Node| found.push((node.span.line, lines.line_of(node.span.end)));
    if node.get("kind").and_then(Node::as_str) == Some("Secret") {
        OF_SECRET.iter().filter_map(|path| node.at(path)).for_each(&mut hide);
    }
    if let Some(generated) = node.get("secretGenerator") {
        hide(generated);
    }
    for item in node.get("items").and_then(Node::as_seq).unwrap_or_default() {
        secrets(item, lines, found);
    }
}

#[cfg(test)]
mod tests;
