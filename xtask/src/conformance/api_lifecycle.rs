//! `towpath check --kubernetes 1.N FOLDER` against the table of when built-in kinds were deprecated and went: for every
//! row and every minor, whether the object is told as deprecated and as removed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use towpath_catalog::Minor;

use super::kubernetes_catalog::rows;
use super::{Suite, Tally, text};
use crate::workspace;

const LIFECYCLE: &str = "reference/kubernetes-api-lifecycle.tsv";

pub(super) const SUITE: Suite = Suite { name: "api-lifecycle", needs: &[LIFECYCLE], run };

/// What is expected of one kind: its file, since when it is deprecated, since when it is gone.
struct Row {
    file: String,
    deprecated: Option<Minor>,
    gone: Option<Minor>,
}

fn run(dir: &Path) -> Result<Tally> {
    let towpath = workspace::towpath(false)?;
    let folder = tempfile::tempdir()?;
    let mut expected = Vec::new();
    for row in rows(&dir.join(LIFECYCLE))? {
        let (group, version, kind) = (&row["group"], &row["version"], &row["kind"]);
        let api_version =
            if group == "core" { version.clone() } else { format!("{group}/{version}") };
        let file = format!("{}.yaml", format!("{api_version}-{kind}").replace('/', "-"));
        let object = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\n");
        fs::write(folder.path().join(&file), object)?;
        let minor = |cell: &str| -> Result<Option<Minor>> {
            let cell = &row[cell];
            if cell.is_empty() { Ok(None) } else { Ok(Some(cell.parse()?)) }
        };
        expected.push(Row { file, deprecated: minor("deprecated")?, gone: minor("gone_schema")? });
    }
    ensure!(!expected.is_empty(), "the table is empty");
    let mut tally = Tally::default();
    for minor in Minor::all() {
        let output = Command::new(&towpath)
            .args(["check", "--only", "removed-api,deprecated-api", "-o", "json", "--kubernetes"])
            .arg(minor.to_string())
            .arg(folder.path())
            .output()
            .context("cannot run towpath check")?;
        let answer: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        let of_rule = |rule: &str| -> Result<BTreeSet<String>> {
            let findings = answer["findings"].as_array().context("no findings")?;
            let hit = findings.iter().filter(|finding| finding["rule"] == rule);
            // The folder is named as on the command line; a row's file is told by its last part.
            hit.map(|finding| {
                let file = text(finding, "file")?;
                Ok(file.rsplit('/').next().unwrap_or(file).to_owned())
            })
            .collect()
        };
        let (removed, deprecated) = (of_rule("removed-api")?, of_rule("deprecated-api")?);
        for row in &expected {
            let is_gone = row.gone.is_some_and(|gone| gone <= minor);
            let is_deprecated = !is_gone && row.deprecated.is_some_and(|since| since <= minor);
            let said = (removed.contains(&row.file), deprecated.contains(&row.file));
            tally.count(said == (is_gone, is_deprecated), || {
                format!(
                    "{} in {minor}: removed and deprecated are {said:?}, not {:?}",
                    row.file,
                    (is_gone, is_deprecated)
                )
            });
        }
    }
    Ok(tally)
}
