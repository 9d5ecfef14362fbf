//! A difference as `diff -u` writes it: the YAML of both sides, object by object, as if each were a file.
//!
//! Secrets are `***`, and `*** (before)` and `*** (after)` where they differ.

use std::fmt::Write as _;

use towpath_render::Identity;
use towpath_render::compare::{Change, Groups, Hunk, Kind, On, Side, lines};

use super::lack::{self, Lack};
use super::words;

/// The whole text; nothing where nothing differs.
pub(super) fn write(groups: &Groups, lacks: &[Lack]) -> String {
    let mut out = String::new();
    for line in lack::lines(lacks) {
        let _ = writeln!(out, "# not compared: {line}");
    }
    for group in &groups.groups {
        if let Some(places) = words::places(group, groups) {
            let _ = writeln!(out, "# {places}");
        }
        for change in &group.changes {
            object(&mut out, change);
        }
    }
    out
}

/// One object.
pub(super) fn object(out: &mut String, change: &Change) {
    let file = file_name(&change.identity);
    let old_file = match &change.kind {
        Kind::Changed { renamed_from: Some(was), .. } => {
            file_name(&Identity { name: was.clone(), ..change.identity.clone() })
        }
        _ => file.clone(),
    };
    let yaml = |side: Option<&Side>| {
        side.and_then(|side| side.object.value()).map_or_else(String::new, towpath_yaml::write)
    };
    let header = |side: Option<&Side>, prefix: &str, file: &str| match side {
        Some(_) => format!("{prefix}/{file}"),
        None => "/dev/null".to_owned(),
    };
    let _ = writeln!(out, "--- {}", header(change.before(), "a", &old_file));
    let _ = writeln!(out, "+++ {}", header(change.after(), "b", &file));
    for hunk in lines(&yaml(change.before()), &yaml(change.after())) {
        write_hunk(out, &hunk);
    }
}

/// `web/Deployment.apps/web.yaml`; what has no namespace is in `_`.
fn file_name(identity: &Identity) -> String {
    let Identity { group, kind, namespace, name, .. } = identity;
    let namespace = if namespace.is_empty() { "_" } else { namespace };
    let dot = if group.is_empty() { "" } else { "." };
    format!("{namespace}/{kind}{dot}{group}/{name}.yaml")
}

/// A stretch with its head.
fn write_hunk(out: &mut String, hunk: &Hunk) {
    let range = |start: usize, lines: usize| match lines {
        1 => start.to_string(),
        lines => format!("{start},{lines}"),
    };
    let _ = writeln!(
        out,
        "@@ -{} +{} @@",
        range(hunk.old_start, hunk.old_lines),
        range(hunk.new_start, hunk.new_lines)
    );
    for line in &hunk.lines {
        let sign = match line.on {
            On::Both => ' ',
            On::Old => '-',
            On::New => '+',
        };
        let _ = writeln!(out, "{sign}{}", line.text);
        if !line.ends {
            out.push_str("\\ No newline at end of file\n");
        }
    }
}
