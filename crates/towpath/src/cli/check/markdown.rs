//! Findings as a comment on a pull request: a line that is always seen, then a list for each severity, folded away where
//! it is long, and never longer than a comment may be.

use std::fmt::Write as _;

use super::super::words::count;
use super::report::{Group, Report, is_on_cluster, whom};

/// Bytes of a comment; GitHub takes 65,536 characters.
const MOST: usize = 60_000;

/// A longer list is folded away.
const MOST_OPEN: usize = 20;

/// So many places of findings that say the same are named.
const MOST_PLACES: usize = 3;

pub(super) fn text(report: &Report<'_>) -> String {
    let mut out = format!("**Check**: {}\n", report.headline());
    let remarks = report.remarks();
    if !remarks.is_empty() {
        out.push('\n');
    }
    for remark in remarks {
        let _ = writeln!(out, "- {}", escape(&remark));
    }
    let groups = report.groups();
    for (severity, thing) in [("error", "error"), ("warning", "warning"), ("info", "note")] {
        let groups: Vec<_> = groups.iter().filter(|g| g.first().severity == severity).collect();
        let found: usize = groups.iter().map(|group| group.places.len()).sum();
        if found == 0 {
            continue;
        }
        let title = count(found, thing);
        let folded = groups.len() > MOST_OPEN;
        if folded {
            let _ = write!(out, "\n<details><summary>{title}</summary>\n\n");
        } else {
            let _ = write!(out, "\n### {title}\n\n");
        }
        for (number, group) in groups.iter().enumerate() {
            let item = item(group);
            if out.len() + item.len() > MOST {
                let left = groups.len() - number;
                let _ = writeln!(out, "- {left} more than fit here: `towpath check` shows all");
                break;
            }
            out.push_str(&item);
        }
        if folded {
            out.push_str("\n</details>\n");
        }
    }
    out
}

fn item(group: &Group<'_>) -> String {
    let first = group.first();
    let mut out = format!("- **{}** (<code>{}</code>)", escape(&first.message), first.rule);
    for (finding, _) in group.places.iter().take(MOST_PLACES) {
        let place = match is_on_cluster(finding) {
            true => escape(&finding.file),
            false => escape(&format!("{}:{}", finding.file, finding.line)),
        };
        let _ = write!(out, "<br>\n  <code>{place}</code> {}", escape(&whom(finding)));
        out.truncate(out.trim_end().len());
    }
    let left = group.places.len().saturating_sub(MOST_PLACES);
    if left > 0 {
        let _ = write!(out, "<br>\n  and {left} more");
    }
    let _ = writeln!(out, "<br>\n  Help: {}", escape(&first.fix));
    out
}

/// Text of others as Markdown and HTML take it for itself: no markup, no mention of a person, no link to an issue.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() => out.push('\u{fffd}'),
            '&' | '<' | '>' | '|' | '*' | '_' | '`' | '[' | ']' | '~' | '\\' | '@' | '#' | '!'
            | '$' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(
            escape("a\n@ada *b* <c> #1 [x](y)"),
            "a &#64;ada &#42;b&#42; &#60;c&#62; &#35;1 &#91;x&#93;(y)"
        );
        assert_eq!(escape("\x1b[0m"), "\u{fffd}&#91;0m");
    }
}
