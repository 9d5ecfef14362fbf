//! Findings as a report of tests: a suite for each file, a case for each finding. What makes the answer no has failed, what
//! is silenced was skipped, and the rest passed with a remark.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use towpath_api::output::FindingOutput;

use super::fails_output;
use super::report::{Report, whom};

pub(super) fn text(report: &Report<'_>) -> String {
    let mut suites: BTreeMap<&str, Vec<Case<'_>>> = BTreeMap::new();
    for finding in &report.output.findings {
        let fails = fails_output(report.fail_on, finding);
        let what = if fails { What::Failed } else { What::Passed };
        suites.entry(&finding.file).or_default().push(Case { finding, what });
    }
    for silenced in &report.output.silenced {
        let case = Case { finding: &silenced.finding, what: What::Skipped(&silenced.reason) };
        suites.entry(&silenced.finding.file).or_default().push(case);
    }
    let cases: usize = suites.values().map(Vec::len).sum();
    let of = |cases: &[Case<'_>]| {
        let failed = cases.iter().filter(|case| matches!(case.what, What::Failed)).count();
        let skipped = cases.iter().filter(|case| matches!(case.what, What::Skipped(_))).count();
        (failed, skipped)
    };
    let failed: usize = suites.values().map(|cases| of(cases).0).sum();
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    // Readers of such reports take an empty one for a broken one: the check itself is a case.
    let _ = writeln!(
        out,
        "<testsuites name=\"towpath check\" tests=\"{}\" failures=\"{failed}\">",
        cases + 1
    );
    let _ = writeln!(
        out,
        "  <testsuite name=\"towpath check\" tests=\"1\" failures=\"0\" skipped=\"0\">"
    );
    let _ = writeln!(
        out,
        "    <testcase name=\"the check has an answer\" classname=\"towpath check\">"
    );
    let said: Vec<String> = std::iter::once(report.headline()).chain(report.remarks()).collect();
    let _ = writeln!(out, "      <system-out>{}</system-out>", xml(&said.join("\n")));
    out.push_str("    </testcase>\n  </testsuite>\n");
    for (file, cases) in suites {
        let (failed, skipped) = of(&cases);
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" skipped=\"{skipped}\">",
            attribute(file),
            cases.len()
        );
        cases.iter().for_each(|case| write_case(&mut out, case));
        out.push_str("  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

struct Case<'a> {
    finding: &'a FindingOutput,
    what: What<'a>,
}

enum What<'a> {
    Failed,
    Passed,
    Skipped(&'a str),
}

fn write_case(out: &mut String, case: &Case<'_>) {
    let finding = case.finding;
    let object = finding.object.as_deref().unwrap_or("the file");
    let name = format!("{}: {object}, line {}", finding.rule, finding.line);
    let (file, message) = (attribute(&finding.file), attribute(&finding.message));
    let _ = writeln!(
        out,
        "    <testcase name=\"{}\" classname=\"{file}\" file=\"{file}\" line=\"{}\">",
        attribute(&name),
        finding.line
    );
    let place = format!("{}:{}:{}", finding.file, finding.line, finding.column);
    let lines = [place, whom(finding), finding.message.clone(), finding.fix.clone()];
    let lines: Vec<String> = lines.into_iter().filter(|line| !line.is_empty()).collect();
    let text = xml(&lines.join("\n"));
    let _ = match &case.what {
        What::Failed => writeln!(
            out,
            "      <failure message=\"{message}\" type=\"{}\">{text}</failure>",
            attribute(&finding.severity)
        ),
        What::Passed => {
            writeln!(out, "      <system-out>{}: {text}</system-out>", xml(&finding.severity))
        }
        What::Skipped(reason) => {
            writeln!(out, "      <skipped message=\"{}\"/>", attribute(reason))
        }
    };
    out.push_str("    </testcase>\n");
}

/// Text between tags. XML 1.0 has no way to write most control characters, so they are replaced.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// The value of an attribute, in which line ends would become spaces.
fn attribute(text: &str) -> String {
    xml(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::{attribute, xml};

    #[test]
    fn every_text_is_xml() {
        assert_eq!(
            xml("<a b=\"c\"> & ]]>\x00\x1b\u{ffff}\n"),
            "&lt;a b=&quot;c&quot;&gt; &amp; ]]&gt;\u{fffd}\u{fffd}\u{fffd}\n"
        );
        assert_eq!(attribute("a\n\tb"), "a&#10;&#9;b");
    }
}
