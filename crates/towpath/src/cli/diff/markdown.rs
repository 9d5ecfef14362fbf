//! A difference as a comment on a pull request: a line or two that are always seen, the rest folded away, and never
//! longer than a comment may be.

use std::fmt::Write as _;

use towpath_render::compare::{Change, FieldChange, Groups, Kind, Masked, On, Path, What, lines};

use super::super::words::count;
use super::lack::{self, Lack};
use super::{Sides, words};

/// Bytes of a comment; GitHub takes 65,536 characters.
pub(super) const MOST: usize = 60_000;

/// Lines of one object.
const MOST_LINES: usize = 200;

/// Columns up to which a value stands on one line.
const WIDTH: usize = 100;

/// The whole text, of at most about `most` bytes.
pub(super) fn write(groups: &Groups, sides: Sides<'_>, most: usize) -> String {
    let Sides { old, new, lacks } = sides;
    let (old, new) = (escape(old), escape(new));
    if groups.is_empty() {
        let mut out = format!("**{old}** and **{new}** give the same objects.\n");
        not_compared(&mut out, lacks);
        return out;
    }
    let mut out = format!("**{old} → {new}**: {}\n", words::counts(groups.summary.total));
    summary(&mut out, groups);
    not_compared(&mut out, lacks);
    let mut left = 0;
    for group in &groups.groups {
        let mut started = false;
        for change in group.changes.iter().filter(|change| !change.only_follows()) {
            let mut details = String::new();
            if !started && let Some(places) = words::places(group, groups) {
                let _ = writeln!(details, "\n**{}**", escape(&places));
            }
            object(&mut details, change);
            if left > 0 || out.len() + details.len() > most {
                left += 1;
                continue;
            }
            started = true;
            out.push_str(&details);
        }
    }
    if left > 0 {
        let changes = count(left, "object");
        let _ = writeln!(
            out,
            "\n{changes} more changed than fit here: `towpath diff -o unified` shows all."
        );
    }
    out
}

/// What nothing is said of; a reader who does not look further must know.
fn not_compared(out: &mut String, lacks: &[Lack]) {
    if !lacks.is_empty() {
        out.push('\n');
    }
    for line in lack::lines(lacks) {
        let _ = writeln!(out, "- not compared: {}", escape(&line));
    }
}

fn summary(out: &mut String, groups: &Groups) {
    let environments = &groups.summary.environments;
    if environments.iter().all(|environment| environment.name.is_empty()) {
        return;
    }
    out.push_str("\n| environment | clusters that differ | added | changed | removed |\n");
    out.push_str("| --- | --- | --: | --: | --: |\n");
    for environment in environments {
        let counts = environment.counts;
        let _ = writeln!(
            out,
            "| {} | {} of {} | {} | {} | {} |",
            escape(&environment.name),
            environment.differing(),
            environment.clusters.len(),
            counts.added,
            counts.changed + counts.following,
            counts.removed
        );
    }
}

fn object(out: &mut String, change: &Change) {
    let mut shown = Vec::new();
    let word = match &change.kind {
        Kind::Added(side) => {
            prefixed(&mut shown, "+ ", &words::body(&side.object));
            "added".to_owned()
        }
        Kind::Removed(side) => {
            prefixed(&mut shown, "- ", &words::body(&side.object));
            "removed".to_owned()
        }
        Kind::Changed { fields, renamed_from, .. } => {
            let (told, follows) = words::told(fields);
            told.iter().for_each(|told| field(&mut shown, told));
            shown.extend(follows.map(|follows| format!("  {follows}")));
            let was = renamed_from.as_ref().map(|was| format!(", was {was}")).unwrap_or_default();
            format!("{}{was}", count(told.len(), "field"))
        }
    };
    let name = escape(&words::name(&change.identity));
    let sign = words::sign(change);
    if shown.is_empty() {
        let _ = writeln!(out, "\n<code>{sign} {name}</code> {word}");
        return;
    }
    let more = shown.len().saturating_sub(MOST_LINES);
    shown.truncate(MOST_LINES);
    let fence = fence(&shown);
    let _ = writeln!(out, "\n<details><summary><code>{sign} {name}</code> {word}</summary>\n");
    let _ = writeln!(out, "{fence}diff\n{}\n{fence}", shown.join("\n"));
    if more > 0 {
        let _ = writeln!(out, "\n{more} more lines: `towpath diff -o unified` shows all.");
    }
    out.push_str("\n</details>\n");
}

fn field(out: &mut Vec<String>, change: &FieldChange) {
    let path = &change.path;
    match &change.what {
        What::Added { new, .. } => sided(out, "+ ", path, new),
        What::Removed { old } => sided(out, "- ", path, old),
        What::Reordered { .. } => {
            let order = words::order(&change.what).unwrap_or_default();
            out.push(format!("! {path}: in another order: {order}"));
        }
        What::Changed { old, new } if old.value().is_none() || new.value().is_none() => {
            out.push(format!("! {path}: {} changed", words::SECRET));
        }
        What::Changed { old, new } => match words::texts(old, new) {
            Some((old, new)) => {
                for hunk in lines(old, new) {
                    out.push(format!("@@ {path}, line {} @@", hunk.new_start.max(1)));
                    out.extend(hunk.lines.iter().map(|line| {
                        let sign = match line.on {
                            On::Both => ' ',
                            On::Old => '-',
                            On::New => '+',
                        };
                        format!("{sign} {}", line.text).trim_end().to_owned()
                    }));
                }
            }
            None => {
                sided(out, "- ", path, old);
                sided(out, "+ ", path, new);
            }
        },
    }
}

/// A field as one side has it.
fn sided(out: &mut Vec<String>, sign: &str, path: &Path, value: &Masked) {
    match words::one_side(path, value, WIDTH) {
        (_, Some(block)) => {
            out.push(format!("{sign}{path}:"));
            prefixed(out, &format!("{sign}  "), &block);
        }
        (Some(line), None) => out.push(format!("{sign}{path}: {line}")),
        (None, None) => out.push(format!("{sign}{path}")),
    }
}

fn prefixed(out: &mut Vec<String>, prefix: &str, text: &str) {
    out.extend(text.lines().map(|line| format!("{prefix}{line}").trim_end().to_owned()));
}

/// A fence that no line closes.
fn fence(lines: &[String]) -> String {
    let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max();
    "`".repeat(longest.unwrap_or_default().max(2) + 1)
}

/// Text as Markdown and HTML take it for itself.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '|' => out.push_str("&#124;"),
            '*' => out.push_str("&#42;"),
            '`' => out.push_str("&#96;"),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
