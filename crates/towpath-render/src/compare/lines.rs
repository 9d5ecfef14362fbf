//! Which lines of a text differ, with the lines around them.

use similar::{Algorithm, ChangeTag, TextDiff};

/// Lines around a difference that are shown with it.
const AROUND: usize = 3;

/// A stretch of lines in which there are differences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The first line of the old text that is in it, from 1; 0 if there is none.
    pub old_start: usize,
    /// How many lines of the old text are in it.
    pub old_lines: usize,
    /// As [`Hunk::old_start`], of the new text.
    pub new_start: usize,
    /// As [`Hunk::old_lines`], of the new text.
    pub new_lines: usize,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which side has it.
    pub on: On,
    /// Its text, without its end.
    pub text: String,
    /// Whether it has an end; only the last line of a text may have none.
    pub ends: bool,
}

/// Which side has a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Both.
    Both,
    /// Only the old one.
    Old,
    /// Only the new one.
    New,
}

/// The stretches in which two texts differ. A last line that only lacks its end is one that differs.
#[must_use]
pub fn lines(old: &str, new: &str) -> Vec<Hunk> {
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).diff_lines(old, new);
    let mut hunks = Vec::new();
    for group in diff.grouped_ops(AROUND) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old = first.old_range().start..last.old_range().end;
        let new = first.new_range().start..last.new_range().end;
        let lines = group.iter().flat_map(|op| diff.iter_changes(op)).map(|change| {
            let on = match change.tag() {
                ChangeTag::Equal => On::Both,
                ChangeTag::Delete => On::Old,
                ChangeTag::Insert => On::New,
            };
            let value = change.value();
            let text = value.strip_suffix('\n').unwrap_or(value).to_owned();
            Line { on, text, ends: value.ends_with('\n') }
        });
        let start = |range: &std::ops::Range<usize>| range.start + usize::from(!range.is_empty());
        hunks.push(Hunk {
            old_start: start(&old),
            old_lines: old.len(),
            new_start: start(&new),
            new_lines: new.len(),
            lines: lines.collect(),
        });
    }
    hunks
}
