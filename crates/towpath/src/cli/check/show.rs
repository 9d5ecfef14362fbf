//! Findings for people, on a terminal.

use std::fmt::Write as _;

use towpath_api::output::CheckOutput;

use super::super::print::{BOLD, DIM, RED, YELLOW, styled};
use super::super::words::{count, list};

pub(super) fn text(output: &CheckOutput) -> String {
    let mut out = String::new();
    for finding in &output.findings {
        let style = match finding.severity.as_str() {
            "error" => RED,
            "warning" => YELLOW,
            _ => DIM,
        };
        let severity = styled(style, &finding.severity);
        let _ = writeln!(out, "{severity}: {} [{}]", styled(BOLD, &finding.message), finding.rule);
        let place = format!("{}:{}:{}", finding.file, finding.line, finding.column);
        let _ = writeln!(out, "  {place}");
        if let Some(object) = &finding.object {
            let _ = writeln!(out, "  {object}");
        }
        if !finding.environments.is_empty() {
            let _ = writeln!(out, "  in {}", list(&finding.environments));
        }
        let _ = writeln!(out, "  {}\n", finding.fix);
    }
    let (summary, checked) = (output.summary, &output.checked);
    let _ = writeln!(
        out,
        "{}, {} and {} in {} of {}",
        count(summary.errors, "error"),
        count(summary.warnings, "warning"),
        count(summary.infos, "note"),
        count(checked.objects, "object"),
        count(checked.files, "file"),
    );
    out
}
