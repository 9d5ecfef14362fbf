//! The public repository `danielloader/kubernetes-sdlc`, read by the binary as a user would.
//!
//! The data is copied to a temporary folder and committed there, so the recording stays as it is. No registry is asked.
//! What is expected is what the files say: three environments, the first tracks a branch, the others a semver range,
//! although the repository's own documentation promises an exact version for production. That promise is a finding.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Suite, Tally};
use crate::{run, workspace};

const CORPUS: &str = "corpus/kubernetes-sdlc";

pub(super) const SUITE: Suite = Suite { name: "kubernetes-sdlc", needs: &[CORPUS], run: judge };

/// Each environment in the order of the path, with the policy and value of what it tracks.
const EXPECTED: [(&str, &str, &str); 3] = [
    ("development", "branch", "main"),
    ("staging", "semver", "0.0.x"),
    ("production", "semver", "0.0.x"),
];

/// Findings that must be among those of `status`: rule, file and line.
const FINDINGS: [(&str, &str, u64); 3] = [
    ("production-not-exact", "clusters/production/platform.yaml", 14),
    ("depends-on-differs", "clusters/production/platform.yaml", 49),
    ("unverified-artifact", "clusters/production/platform.yaml", 12),
];

fn judge(dir: &Path) -> Result<Tally> {
    let towpath = workspace::towpath(false)?;
    let folder = tempfile::tempdir()?;
    let repository = folder.path().join("repository");
    crate::tree::copy(&dir.join(CORPUS), &repository)?;
    crate::tree::commit(&repository)?;
    let status = |dir: &Path| -> Result<(Option<i32>, Value)> {
        let output = Command::new(&towpath)
            .args(["status", "--offline", "-o", "json", "-C"])
            .arg(dir)
            .output()
            .context("cannot run towpath status")?;
        let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        Ok((output.status.code(), json))
    };

    let mut tally = Tally::default();
    let (code, answer) = status(&repository)?;
    tally.count(code == Some(0), || format!("status ends with {code:?} and not 0"));
    let environments = environments(&answer);
    tally.count(environments == EXPECTED, || {
        format!("the path is {environments:?}, not {EXPECTED:?}")
    });
    let findings = findings(&answer);
    for expected in FINDINGS {
        tally.count(findings.contains(&expected), || {
            format!("{expected:?} is not among the findings {findings:?}")
        });
    }

    let (code, _) = status(&folder.path().join("nowhere"))?;
    tally.count(code == Some(2), || format!("status of no folder ends with {code:?} and not 2"));

    let changes = run::output(
        Command::new("git").arg("-C").arg(&repository).args(["status", "--porcelain"]),
    )?;
    tally.count(changes.is_empty(), || format!("reading changed the repository: {changes}"));
    Ok(tally)
}

/// The same of `status -o json`; what is not there is empty.
fn environments(status: &Value) -> Vec<(&str, &str, &str)> {
    let mut environments = Vec::new();
    for environment in status["environments"].as_array().into_iter().flatten() {
        let tracks = &environment["tracks"];
        environments.push((
            text(&environment["name"]),
            text(&tracks["policy"]),
            text(&tracks["value"]),
        ));
    }
    environments
}

/// Rule, file and line of each finding; what is not there is empty.
fn findings(status: &Value) -> Vec<(&str, &str, u64)> {
    let findings = status["findings"].as_array().into_iter().flatten();
    findings
        .map(|one| (text(&one["rule"]), text(&one["file"]), one["line"].as_u64().unwrap_or(0)))
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
