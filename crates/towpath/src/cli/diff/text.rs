//! A difference for people at a terminal: first how much changes where, then each change once.

use std::borrow::Cow;
use std::fmt::Write as _;

use towpath_render::compare::{
    Change, Counts, FieldChange, Groups, Kind, Masked, On, Path, Side, What, lines,
};

use super::super::print::{BOLD, DIM, GREEN, RED, YELLOW, styled};
use super::super::words::{count, table};
use super::lack::{self, Lack};
use super::{Sides, words};

/// Columns up to which both values of a field stand on its line.
const WIDTH: usize = 100;

/// Lines of one value that are shown; `-o unified` has them all.
const MOST_LINES: usize = 40;

/// Clusters of an environment that have a row each.
const MOST_CLUSTERS: usize = 8;

/// The whole text.
pub(super) fn write(groups: &Groups, sides: Sides<'_>) -> String {
    let mut out = String::new();
    summary(&mut out, groups, sides);
    changes(&mut out, groups, usize::MAX);
    if !sides.lacks.is_empty() {
        out.push('\n');
    }
    lacking(&mut out, sides.lacks);
    out
}

/// What nothing is said of, and why.
pub(in crate::cli) fn lacking(out: &mut String, lacks: &[Lack]) {
    for line in lack::lines(lacks) {
        let _ = writeln!(out, "{} {line}", styled(YELLOW, "not compared:"));
    }
}

/// The changes, each object whole, until about `most` lines are written; gives how many objects are left.
pub(in crate::cli) fn changes(out: &mut String, groups: &Groups, most: usize) -> usize {
    let (mut lines, mut left) = (0, 0);
    for group in &groups.groups {
        let mut head = String::from("\n");
        if let Some(places) = words::places(group, groups) {
            let _ = writeln!(head, "{}\n", styled(BOLD, places));
        }
        let (following, told): (Vec<&Change>, Vec<&Change>) =
            group.changes.iter().partition(|change| change.only_follows());
        let follow = |change: &Change| {
            let (_, follows) = words::told(change.fields());
            let name = words::name(&change.identity);
            let text = format!("~ {name}: only {}", follows.unwrap_or_default());
            styled(DIM, text) + "\n"
        };
        let told = told.iter().enumerate().map(|(number, change)| {
            let mut text = String::from(if number > 0 { "\n" } else { "" });
            object(&mut text, change);
            text
        });
        let gap = if told.len() > 0 { "\n" } else { "" };
        let following = following.into_iter().enumerate().map(|(number, change)| {
            if number == 0 { gap } else { "" }.to_owned() + &follow(change)
        });
        for text in told.chain(following) {
            let text = std::mem::take(&mut head) + &text;
            lines += text.lines().count();
            if left > 0 || lines > most {
                left += 1;
                continue;
            }
            out.push_str(&text);
        }
    }
    left
}

fn summary(out: &mut String, groups: &Groups, sides: Sides<'_>) {
    let Sides { old, new, lacks } = sides;
    let environments = &groups.summary.environments;
    let clusters: usize = environments.iter().map(|e| e.clusters.len()).sum();
    let only_folders = clusters <= 1 && environments.iter().all(|e| e.name.is_empty());
    if groups.is_empty() {
        let on = match clusters {
            _ if only_folders => String::new(),
            clusters => format!(" on {}", count(clusters, "cluster")),
        };
        let but = if lacks.is_empty() { "" } else { ", as far as they can be rendered here" };
        let _ = writeln!(out, "{old} and {new} give the same objects{on}{but}");
        return;
    }
    let _ = writeln!(
        out,
        "{} -> {}: {}",
        styled(BOLD, old),
        styled(BOLD, new),
        words::counts(groups.summary.total)
    );
    if only_folders {
        return;
    }
    let mut rows = Vec::new();
    for environment in environments {
        let row = |name: String, differ: String, counts: Counts| {
            let number = |n: usize| if n == 0 { "-".to_owned() } else { n.to_string() };
            let numbers = [counts.added, counts.changed, counts.removed, counts.following];
            [name, differ].into_iter().chain(numbers.map(number)).collect()
        };
        let differ = format!("{} of {}", environment.differing(), environment.clusters.len());
        rows.push(row(environment.name.clone(), differ, environment.counts));
        let alike = environment.clusters.windows(2).all(|pair| pair[0].counts == pair[1].counts);
        if !alike && environment.clusters.len() <= MOST_CLUSTERS {
            for cluster in &environment.clusters {
                rows.push(row(format!("  {}", cluster.name), String::new(), cluster.counts));
            }
        }
    }
    out.push('\n');
    let heads = ["environment", "clusters differ", "added", "changed", "removed", "follow"];
    out.push_str(&table(&heads, rows));
}

fn object(out: &mut String, change: &Change) {
    let style = match change.kind {
        Kind::Added(_) => GREEN,
        Kind::Removed(_) => RED,
        Kind::Changed { .. } => YELLOW,
    };
    let _ = write!(
        out,
        "{} {}",
        styled(style, words::sign(change)),
        styled(BOLD, words::name(&change.identity))
    );
    match &change.kind {
        Kind::Added(side) => {
            let _ = writeln!(out, "{}", from(side));
            cut(out, "    ", &words::body(&side.object));
        }
        Kind::Removed(side) => {
            let _ = writeln!(out, "{}", from(side));
        }
        Kind::Changed { new, renamed_from, fields, .. } => {
            if let Some(was) = renamed_from {
                let _ = write!(out, " (was {was})");
            }
            let _ = writeln!(out, "{}", from(new));
            let (told, follows) = words::told(fields);
            told.into_iter().for_each(|told| field(out, told));
            if let Some(follows) = follows {
                let _ = writeln!(out, "    {}", styled(DIM, follows));
            }
        }
    }
}

/// The file that has it, and what touched it last.
fn from(side: &Side) -> String {
    if side.origin.file.is_empty() {
        return String::new();
    }
    let mut text = format!("  {}:{}", side.origin.file, side.origin.line);
    if let Some(last) = side.origin.touched.last() {
        let _ = write!(text, ", {} of {}", last.field, last.file);
    }
    styled(DIM, text)
}

fn field(out: &mut String, change: &FieldChange) {
    let path = &change.path;
    match &change.what {
        What::Added { new, at } => {
            let at = at.map_or_else(String::new, |at| format!(" (at place {})", at + 1));
            sided(out, '+', path, &at, new);
        }
        What::Removed { old } => sided(out, '-', path, "", old),
        What::Reordered { .. } => {
            let order = words::order(&change.what).unwrap_or_default();
            let _ = writeln!(out, "    {path}: in another order: {order}");
        }
        What::Changed { old, new } if old.value().is_none() || new.value().is_none() => {
            let _ = writeln!(out, "    {path}: {} changed", words::SECRET);
        }
        What::Changed { old, new } => {
            let _ = write!(out, "    {path}:");
            if let Some((old, new)) = words::texts(old, new) {
                out.push('\n');
                text(out, old, new);
                return;
            }
            let (old, new) = (words::shown(old), words::shown(new));
            if path.to_string().len() + old.len() + new.len() <= WIDTH {
                let _ = writeln!(out, " {} -> {}", styled(RED, old), styled(GREEN, new));
            } else {
                out.push('\n');
                let _ = writeln!(out, "      {}", styled(RED, format!("- {old}")));
                let _ = writeln!(out, "      {}", styled(GREEN, format!("+ {new}")));
            }
        }
    }
}

/// A field that only one side has; `note` is said behind its path.
fn sided(out: &mut String, sign: char, path: &Path, note: &str, value: &Masked) {
    let style = if sign == '+' { GREEN } else { RED };
    let (line, block) = words::one_side(path, value, WIDTH);
    let colon = if line.is_some() || block.is_some() { ":" } else { "" };
    let _ = write!(out, "    {}", styled(style, format!("{sign} {path}{note}{colon}")));
    let _ = line.map(|line| write!(out, " {line}"));
    out.push('\n');
    cut(out, "        ", &block.unwrap_or_default());
}

/// The lines in which two texts differ.
fn text(out: &mut String, old: &str, new: &str) {
    let mut shown = 0;
    let mut left = 0;
    for hunk in lines(old, new) {
        if shown < MOST_LINES {
            let _ =
                writeln!(out, "      {}", styled(DIM, format!("line {}", hunk.new_start.max(1))));
        }
        for line in &hunk.lines {
            shown += 1;
            if shown > MOST_LINES {
                left += 1;
                continue;
            }
            let end = if line.ends { "" } else { "  (no line break at the end)" };
            let said = visible(&line.text);
            let text = |sign: char| format!("{sign} {said}{end}").trim_end().to_owned();
            let _ = match line.on {
                On::Both => writeln!(out, "      {}", text(' ')),
                On::Old => writeln!(out, "      {}", styled(RED, text('-'))),
                On::New => writeln!(out, "      {}", styled(GREEN, text('+'))),
            };
        }
    }
    rest(out, "      ", left);
}

fn cut(out: &mut String, indent: &str, text: &str) {
    for line in text.lines().take(MOST_LINES) {
        let _ = writeln!(out, "{}", format!("{indent}{}", visible(line)).trim_end());
    }
    rest(out, indent, text.lines().count().saturating_sub(MOST_LINES));
}

/// A line that cannot speak to the terminal: control characters are written as escapes.
fn visible(line: &str) -> Cow<'_, str> {
    let hidden = |c: char| c.is_control() && c != '\t';
    if !line.contains(hidden) {
        return Cow::Borrowed(line);
    }
    let escaped = |c: char| if hidden(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(line.chars().map(escaped).collect())
}

fn rest(out: &mut String, indent: &str, lines: usize) {
    if lines > 0 {
        let text = format!("... {lines} more lines, see -o unified");
        let _ = writeln!(out, "{indent}{}", styled(DIM, text));
    }
}
