//! Findings as SARIF 2.1.0, which code scanning reads (OASIS, `sarif-schema-2.1.0.json`).
//!
//! What is silenced is left out: readers that do not know suppressions would show it. What could not be checked is a
//! notification of the run.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;

use towpath_api::output::FindingOutput;
use towpath_check::page::{Page, pages};

use super::report::Report;

pub(super) fn log(report: &Report<'_>) -> Value {
    let pages = pages();
    let index: BTreeMap<&str, usize> =
        pages.iter().enumerate().map(|(at, page)| (page.id.as_str(), at)).collect();
    let mut seen = BTreeMap::new();
    let results: Vec<Value> =
        report.output.findings.iter().map(|finding| result(finding, &index, &mut seen)).collect();
    let not_checked: Vec<Value> = report
        .output
        .checked
        .not_checked
        .iter()
        .map(
            |what| json!({"level": "warning", "message": {"text": format!("not checked: {what}")}}),
        )
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "towpath",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": pages.iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": not_checked,
            }],
            "results": results,
        }],
    })
}

fn level(severity: &str) -> &str {
    if severity == "info" { "note" } else { severity }
}

fn rule(page: &Page) -> Value {
    let Page { title, why, fix, fails, passes, .. } = page;
    let text = format!("{why}\n\n{fix}");
    let markdown = format!(
        "{why}\n\n{fix}\n\nIt finds:\n\n```yaml\n{fails}\n```\n\nIt does not find:\n\n```yaml\n{passes}\n```\n"
    );
    json!({
        "id": page.id,
        "shortDescription": {"text": title},
        "fullDescription": {"text": why},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": level(page.severity)},
    })
}

fn result(
    finding: &FindingOutput,
    index: &BTreeMap<&str, usize>,
    seen: &mut BTreeMap<String, usize>,
) -> Value {
    let mut region =
        json!({"startLine": finding.line.max(1), "startColumn": finding.column.max(1)});
    if let Some(end) = finding.end_column {
        region["endColumn"] = end.into();
    }
    let mut text = finding.message.clone();
    if !finding.environments.is_empty() {
        let _ = write!(text, " (in {})", super::super::words::list(&finding.environments));
    }
    let _ = write!(text, ". To mend it: {}.", finding.fix);
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(&finding.file), "uriBaseId": "%SRCROOT%"},
            "region": region,
        },
    });
    if let Some(object) = &finding.object {
        location["logicalLocations"] = json!([{"name": object, "kind": "resource"}]);
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(&finding.severity),
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"towpathFinding/v1": fingerprint(finding, seen)},
        "properties": {"environments": finding.environments},
    });
    if let Some(at) = index.get(finding.rule.as_str()) {
        result["ruleIndex"] = (*at).into();
    }
    result
}

/// The same for a finding whose line moved; of several that say the same of one object each has its own.
fn fingerprint(finding: &FindingOutput, seen: &mut BTreeMap<String, usize>) -> String {
    let object = finding.object.as_deref().unwrap_or_default();
    let field = finding.field.as_deref().unwrap_or_default();
    let said = [&finding.rule, &finding.file, object, field, &finding.message].join("\0");
    let number = seen.entry(said.clone()).or_insert(0);
    let digest = Sha256::digest(format!("{said}\0{number}"));
    *number += 1;
    digest[..16].iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// A relative reference by RFC 3986.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn every_path_is_a_relative_reference() {
        assert_eq!(uri("a b/ü:1%.yaml"), "a%20b/%C3%BC%3A1%25.yaml");
    }
}
