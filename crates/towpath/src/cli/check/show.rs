//! Findings for people, on a terminal: what is wrong, the line it is in, whom it concerns and what to do.

use std::fmt::Write as _;

use towpath_api::output::FindingOutput;
use towpath_check::place::Excerpt;

use super::super::print::{BOLD, DIM, GREEN, RED, YELLOW, styled};
use super::report::{Group, Report, place, plain, whom};

/// So many places of findings that say the same are shown.
const MOST_PLACES: usize = 3;

pub(super) fn text(report: &Report<'_>) -> String {
    let mut out = String::new();
    for group in report.groups() {
        write_group(&mut out, &group);
    }
    let headline = report.headline();
    let style = match report.output.summary {
        summary if summary.errors > 0 => RED,
        summary if summary.warnings > 0 => YELLOW,
        _ => GREEN,
    };
    let _ = writeln!(out, "{}", styled(style.bold(), headline));
    for remark in report.remarks() {
        let _ = writeln!(out, "{remark}");
    }
    out
}

fn write_group(out: &mut String, group: &Group<'_>) {
    let first = group.first();
    let style = match first.severity.as_str() {
        "error" => RED,
        "warning" => YELLOW,
        _ => DIM,
    };
    let label = match first.severity.as_str() {
        "info" => "note",
        severity => severity,
    };
    let label = styled(style.bold(), format!("{label}[{}]", first.rule));
    let _ = writeln!(out, "{label}: {}", styled(BOLD, plain(&first.message)));
    for (number, (finding, excerpt)) in group.places.iter().take(MOST_PLACES).enumerate() {
        let place = place(finding);
        let whom = whom(finding);
        match excerpt {
            Some(excerpt) if number == 0 => {
                let _ = writeln!(out, "  {} {place}", styled(DIM, "-->"));
                write_line(out, finding, excerpt, style);
                if !whom.is_empty() {
                    let _ = writeln!(out, "   {} {whom}", styled(DIM, "="));
                }
            }
            _ => {
                let line = format!("  {} {place} {whom}", styled(DIM, "-->"));
                let _ = writeln!(out, "{}", line.trim_end());
            }
        }
    }
    let left = group.places.len().saturating_sub(MOST_PLACES);
    if left > 0 {
        let _ = writeln!(out, "  and {left} more; -o json has all");
    }
    let _ = writeln!(out, "  {} {}\n", styled(GREEN, "help:"), plain(&first.fix));
}

fn write_line(out: &mut String, finding: &FindingOutput, excerpt: &Excerpt, style: anstyle::Style) {
    let number = finding.line.to_string();
    let bar = styled(DIM, "|");
    let wide = number.len();
    let under = styled(style, "^".repeat(excerpt.marked.max(1)));
    let before = " ".repeat(excerpt.before);
    let _ = writeln!(out, " {} {bar} {}", styled(DIM, &number), excerpt.text);
    let _ = writeln!(out, " {:wide$} {bar} {before}{under}", "");
}
