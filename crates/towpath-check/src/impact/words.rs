//! Whom a change concerns, in words: a table for whoever makes it, and a message for each owner, ready to send.
//!
//! Messages are Markdown that reads as plain text, too. Must not leave out an object.

use std::fmt::Write as _;

use towpath_core::id::EnvironmentName;

use super::{Affected, Because, Cause, Impact, Owner};
use crate::sight;
use crate::subject::Source;

/// A message to an owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// To whom.
    pub to: Owner,
    /// What to send, in Markdown; ends with a line break.
    pub text: String,
}

/// A message for each owner, in the order of owners.
#[must_use]
pub fn messages(impact: &Impact) -> Vec<Message> {
    let by_owner = impact.affected.chunk_by(|a, b| a.owner == b.owner);
    let message = |own: &[Affected]| Message {
        to: own[0].owner.clone(),
        text: message(own, &impact.environments),
    };
    by_owner.map(message).collect()
}

fn message(own: &[Affected], path: &[EnvironmentName]) -> String {
    let mut out = String::new();
    let (count, them) = match own.len() {
        1 => ("an object".to_owned(), "object"),
        many => (format!("{many} objects"), "objects"),
    };
    let of = match &own[0].owner {
        Owner::Named(name) => {
            let _ = writeln!(out, "Hello {name},\n");
            format!("{count} of yours")
        }
        Owner::Namespace(name) => {
            let _ = writeln!(out, "Hello to those who look after the namespace {name},\n");
            format!("{count} of yours")
        }
        Owner::Nobody => {
            let _ = writeln!(
                out,
                "Hello,\n\nNo label says whose these objects are. If they are yours, please tell us.\n"
            );
            count
        }
    };
    let planned = |why: &Because| matches!(why.cause, Cause::PlannedRemoval { .. });
    let all_planned = own.iter().flat_map(|it| &it.because).all(planned);
    let change = if all_planned { "A planned removal" } else { "A change of the platform" };
    let certain = own.iter().flat_map(|it| &it.because).any(|why| why.cause.is_certain());
    let concerns = if certain { "concerns" } else { "may concern" };
    let _ = writeln!(out, "{change} {concerns} {of}.{}", when(own, path, all_planned));
    let _ = writeln!(out, "\nThe {them}, why, and what to do:\n");
    for affected in own {
        line(affected, &mut out);
    }
    let last = if own.iter().all(|it| it.environments.is_empty()) {
        "Please look at this soon, and tell us if it does not suit you."
    } else {
        "Please look at this before it gets there, and tell us if it does not suit you."
    };
    let last = if all_planned { "Please tell us if you cannot do this." } else { last };
    let _ = writeln!(out, "\n{last}");
    out
}

/// Where objects are concerned, in the order of the path.
fn when(own: &[Affected], path: &[EnvironmentName], planned: bool) -> String {
    let concerned = |name: &&EnvironmentName| own.iter().any(|it| it.environments.contains(name));
    let names: Vec<&str> = path.iter().filter(concerned).map(EnvironmentName::as_str).collect();
    match names.as_slice() {
        [] => String::new(),
        names if planned => format!(" It is used in {}.", sight::list(names)),
        [only] => format!(" It comes to {only}."),
        [first, rest @ ..] => format!(" It comes to {first} first, then to {}.", sight::list(rest)),
    }
}

fn line(affected: &Affected, out: &mut String) {
    let _ = write!(out, "- {} ({})", affected.object, place(affected));
    let _ = writeln!(out, "{}", of(&affected.environments));
    for why in &affected.because {
        let of = if why.environments == affected.environments {
            String::new()
        } else {
            of(&why.environments)
        };
        let _ = writeln!(out, "  - {}{of}: {}", why.cause.says(), why.cause.todo());
    }
}

/// `, in staging and production`.
fn of(environments: &[EnvironmentName]) -> String {
    let names: Vec<&str> = environments.iter().map(EnvironmentName::as_str).collect();
    if names.is_empty() { String::new() } else { format!(", in {}", sight::list(&names)) }
}

/// Where an object is to be found.
fn place(affected: &Affected) -> String {
    match &affected.source {
        Source::File | Source::Rendered => affected.at.to_string(),
        Source::HelmRelease { release } => format!("the manifest of Helm release {release}"),
        Source::Served => match crate::live::cluster(&affected.at.file) {
            Some(cluster) => format!("on cluster {cluster}"),
            None => affected.at.to_string(),
        },
        Source::Live { said_by } => match crate::live::cluster(&affected.at.file) {
            Some(cluster) => format!("on cluster {cluster}, by {said_by}"),
            None => format!("on the cluster, by {said_by}"),
        },
    }
}

/// The heads of [`rows`].
pub const HEADS: [&str; 5] = ["owner", "namespace", "object", "environments", "why"];

/// A row for each object.
#[must_use]
pub fn rows(impact: &Impact) -> Vec<[String; 5]> {
    let row = |affected: &Affected| {
        let names: Vec<&str> = affected.environments.iter().map(EnvironmentName::as_str).collect();
        let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        let why: Vec<String> = affected.because.iter().map(|why| why.cause.says()).collect();
        [
            affected.owner.to_string(),
            or_none(affected.namespace.clone()),
            format!("{} ({})", affected.object, place(affected)),
            or_none(names.join(", ")),
            why.join("; "),
        ]
    };
    impact.affected.iter().map(row).collect()
}

/// [`table`], and a message for each owner, as plain text.
#[must_use]
pub fn text(impact: &Impact) -> String {
    let mut out = table(impact);
    for message in messages(impact) {
        let _ = write!(out, "\nto {}:\n\n{}", message.to, message.text);
    }
    out
}

/// A table as plain text, and what could not be seen.
#[must_use]
pub fn table(impact: &Impact) -> String {
    if impact.affected.is_empty() {
        return format!("nobody is concerned\n{}", not_seen(impact));
    }
    let rows = rows(impact);
    let width = |column: usize| {
        let own = rows.iter().map(|row| row[column].chars().count()).max();
        own.unwrap_or_default().max(HEADS[column].len())
    };
    let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
    let mut out = String::new();
    let mut line = |cells: &[String]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = padded.collect::<Vec<_>>().join("  ");
        let _ = writeln!(out, "{}", line.trim_end());
    };
    line(&HEADS.map(str::to_uppercase));
    rows.iter().for_each(|row| line(row));
    out.push_str(&not_seen(impact));
    out
}

/// The same in Markdown.
#[must_use]
pub fn markdown(impact: &Impact) -> String {
    if impact.affected.is_empty() {
        return format!("Nobody is concerned.\n{}", not_seen(impact));
    }
    let mut out = format!("| {} |\n|{}\n", HEADS.join(" | "), " --- |".repeat(HEADS.len()));
    for row in rows(impact) {
        let cells = row.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push_str(&not_seen(impact));
    for message in messages(impact) {
        let _ = write!(out, "\n### To {}\n\n{}", message.to, message.text);
    }
    out
}

fn not_seen(impact: &Impact) -> String {
    let mut out = String::new();
    for what in &impact.not_seen {
        let _ = writeln!(out, "\nnot seen: {what}");
    }
    out
}
