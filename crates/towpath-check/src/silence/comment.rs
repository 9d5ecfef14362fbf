//! `# towpath:ignore RULE[,RULE] until 2027-01-31: reason`, in a file of manifests.
//!
//! At the end of a line it holds for that line; in a line of its own for the next line; before all of a document for
//! the document; before all of the file for the file. Must not take text inside a value for a comment.

use jiff::civil::Date;
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::RepoPath;
use towpath_core::pin::Location;
use towpath_yaml::{Node, Value};

use crate::place::Source;
use crate::rules::BAD_SILENCE;

/// What a comment begins with.
const WORD: &str = "towpath:ignore";

/// What the comments of a file silence.
#[derive(Debug, Clone, Default)]
pub struct Comments {
    pub(super) said: Vec<Comment>,
    pub(super) mistakes: Vec<Finding>,
}

/// One rule that a comment silences.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) rule: String,
    pub(super) reason: String,
    pub(super) until: Option<Date>,
    pub(super) at: Location,
    pub(super) covers: Covers,
}

/// The lines for which a comment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Covers {
    first: u32,
    last: u32,
}

impl Covers {
    pub(super) fn line(self, line: u32) -> bool {
        (self.first..=self.last).contains(&line)
    }
}

impl Comments {
    /// Whether a file could have such comments: asked of every file, so it is only a look.
    #[must_use]
    pub fn are_in(bytes: &[u8]) -> bool {
        let (first, word) = (WORD.as_bytes()[0], WORD.as_bytes());
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == first) {
            if rest[at..].starts_with(word) {
                return true;
            }
            rest = &rest[at + 1..];
        }
        false
    }

    /// Reads the comments of a file. `is_rule`: whether an id names a rule.
    #[must_use]
    pub fn read(file: &RepoPath, source: &Source<'_>, is_rule: impl Fn(&str) -> bool) -> Self {
        let mut comments = Self::default();
        let lines: Vec<&str> = source.lines().iter().collect();
        for (line, text) in (1..).zip(&lines) {
            let Some((column, said)) = comment_of(text) else { continue };
            if is_in_value(source, line, text.len() - said.len()) {
                continue;
            }
            let at = Location { file: file.clone(), line, column };
            let covers = covers(source, &lines, line);
            comments.take(&at, covers, said, &is_rule);
        }
        comments
    }

    fn take(&mut self, at: &Location, covers: Covers, said: &str, is_rule: &impl Fn(&str) -> bool) {
        let (head, reason) = said.split_once(':').unwrap_or((said, ""));
        let (names, until) = match head.split_once(" until ") {
            Some((names, day)) => (names, Some(day.trim())),
            None => (head, None),
        };
        let names: Vec<&str> = names.split([',', ' ']).filter(|name| !name.is_empty()).collect();
        let (known, unknown): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| is_rule(name));
        let mut wrong = |message: String| {
            let fix =
                format!("write `# {WORD} RULE until 2027-01-31: reason`; the day may be left out");
            self.mistakes.push(told(BAD_SILENCE, at.clone(), message, fix));
        };
        for name in &unknown {
            wrong(format!("the silence names {name:?}, and there is no such rule"));
        }
        if names.is_empty() {
            return wrong("the silence names no rule".to_owned());
        }
        if reason.trim().is_empty() {
            return wrong("the silence gives no reason, so it silences nothing".to_owned());
        }
        let until = match until.map(str::parse::<Date>) {
            Some(Err(_)) => {
                let day = until.unwrap_or_default();
                return wrong(format!("{day:?} is no day, so the silence silences nothing"));
            }
            Some(Ok(day)) => Some(day),
            None => None,
        };
        self.said.extend(known.into_iter().map(|rule| Comment {
            rule: rule.to_owned(),
            reason: reason.trim().to_owned(),
            until,
            at: at.clone(),
            covers,
        }));
    }
}

/// A finding about a silence.
pub(super) fn told(
    (rule, severity): (&'static str, Severity),
    at: Location,
    message: String,
    fix: String,
) -> Finding {
    Finding {
        rule,
        severity,
        environments: Vec::new(),
        object: None,
        field: None,
        at,
        message,
        fix,
    }
}

/// The column of the `#` of such a comment, and what follows its first word.
fn comment_of(text: &str) -> Option<(u32, &str)> {
    let (before, said) = text.split_once(WORD)?;
    let hash = before.trim_end().strip_suffix('#')?.trim_end_matches('#');
    if !(hash.is_empty() || hash.ends_with([' ', '\t'])) {
        return None;
    }
    if !(said.is_empty() || said.starts_with([' ', '\t', ':'])) {
        return None;
    }
    Some((u32::try_from(hash.chars().count()).unwrap_or(u32::MAX).saturating_add(1), said))
}

/// Whether a byte of a line is a part of a text, as the lines of a block scalar are.
fn is_in_value(source: &Source<'_>, line: u32, byte: usize) -> bool {
    let Some(start) = source.lines().start_of(line) else { return false };
    let at = start + byte;
    let mut open: Vec<&Node> = source.documents().iter().map(|document| &document.root).collect();
    while let Some(node) = open.pop() {
        match &node.value {
            Value::Seq(items) => open.extend(items),
            Value::Map(map) => open.extend(map.iter().map(|entry| &entry.value)),
            _ if node.span.range().contains(&at) => return true,
            _ => {}
        }
    }
    false
}

fn covers(source: &Source<'_>, lines: &[&str], line: u32) -> Covers {
    let own = |line: u32| lines.get(line as usize - 1).copied().unwrap_or_default().trim_start();
    if !own(line).starts_with('#') {
        return Covers { first: line, last: line };
    }
    let empty = |line: &u32| own(*line).is_empty() || own(*line).starts_with('#');
    let before = (1..line).rev().find(|line| !empty(line));
    let is_first = (1..line).all(|line| {
        empty(&line)
            || own(line).starts_with("---") && own(line).len() == 3
            || own(line).starts_with('%')
    });
    if is_first {
        return Covers { first: 1, last: u32::MAX };
    }
    if before.is_some_and(|line| own(line).trim_end() == "---") {
        let documents = source.documents().iter();
        let mut behind = documents.filter(|document| document.root.span.line > line);
        if let Some(document) = behind.next() {
            let last = source.lines().line_of(document.root.span.end);
            return Covers { first: line, last };
        }
    }
    // Several comments one below the other hold for the same line.
    let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    let next = (line + 1..=count).find(|line| !own(*line).starts_with('#'));
    Covers { first: line, last: next.unwrap_or(line) }
}
