//! Findings as annotations of GitHub Actions: workflow commands on standard output.

use std::fmt::Write as _;

use super::report::{Report, whom};

pub(super) fn text(report: &Report<'_>) -> String {
    let mut out = String::new();
    for finding in &report.output.findings {
        let command = match finding.severity.as_str() {
            "info" => "notice",
            severity => severity,
        };
        let _ = write!(out, "::{command} file={},line={}", property(&finding.file), finding.line);
        let _ = write!(out, ",col={}", finding.column);
        if let Some(end) = finding.end_column {
            let _ = write!(out, ",endColumn={end}");
        }
        let whom = whom(finding);
        let whom = if whom.is_empty() { whom } else { format!("\n{whom}") };
        let message = format!("{}{whom}\n{}", finding.message, finding.fix);
        let _ = writeln!(out, ",title={}::{}", property(&finding.rule), data(&message));
    }
    let _ = writeln!(out, "{}", report.headline());
    for remark in report.remarks() {
        let _ = writeln!(out, "{remark}");
    }
    out
}

/// What follows the second `::`. The runner undoes these three.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which also ends at a comma or colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn nothing_in_a_text_ends_it_or_begins_a_command() {
        assert_eq!(data("a%0A\r\n::error::b"), "a%250A%0D%0A::error::b");
        assert_eq!(property("a,line=1::b"), "a%2Cline=1%3A%3Ab");
    }
}
