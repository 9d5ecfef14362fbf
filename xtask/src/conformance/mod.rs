//! `cargo xtask conformance DIR`: recorded answers of real tools against ours.
//!
//! The recordings live outside of this repository and are read where they are. A suite is one file here and one line
//! of [`SUITES`]; it reads what it [needs](Suite::needs) below `DIR` and counts. What is missing is an error and not
//! an empty suite: what could not be compared is never a success.

mod api_lifecycle;
mod flux_artifact;
mod flux_build;
mod flux_status;
mod flux_substitution;
mod ignore_patterns;
mod kstatus;
mod kubernetes_catalog;
mod kubernetes_sdlc;
mod kustomize;
mod semver_ranges;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::run::Answer;

/// Arguments of `cargo xtask conformance`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The folder with the recordings (`cases/`, `corpus/` and `reference/`)
    dir: PathBuf,
    /// Run only the suites whose name contains this
    #[arg(long, value_name = "PART")]
    only: Option<String>,
}

/// Recordings of one kind and how they are judged.
struct Suite {
    /// Shown in front of the count.
    name: &'static str,
    /// Files and folders below `DIR` that `run` reads.
    needs: &'static [&'static str],
    /// Judges every recording below `DIR`. An error means that the suite could not be run.
    run: fn(&Path) -> Result<Tally>,
}

const SUITES: [Suite; 11] = [
    semver_ranges::SUITE,
    ignore_patterns::SUITE,
    flux_artifact::SUITE,
    kubernetes_sdlc::SUITE,
    kustomize::SUITE,
    flux_substitution::SUITE,
    flux_build::SUITE,
    flux_status::SUITE,
    kstatus::SUITE,
    kubernetes_catalog::SUITE,
    api_lifecycle::SUITE,
];

/// How a suite ended.
#[derive(Default)]
struct Tally {
    passed: usize,
    failures: Vec<String>,
    /// What else was counted, printed beside the count.
    note: Option<String>,
}

impl Tally {
    /// Counts one comparison; `failure` is asked only when it did not hold.
    fn count(&mut self, held: bool, failure: impl FnOnce() -> String) {
        if held {
            self.passed += 1;
        } else {
            self.failures.push(failure());
        }
    }
}

/// Runs the suites and prints a line for each, and every failure.
pub(crate) fn run(args: &Args) -> Result<Answer> {
    ensure!(
        args.dir.is_dir(),
        "no folder {}: the recorded cases are not part of this repository; name the folder that \
         holds `cases/` and `corpus/`",
        args.dir.display()
    );
    let chosen: Vec<&Suite> = SUITES
        .iter()
        .filter(|suite| args.only.as_deref().is_none_or(|part| suite.name.contains(part)))
        .collect();
    ensure!(
        !chosen.is_empty(),
        "no such suite; there are {}",
        SUITES.map(|suite| suite.name).join(", ")
    );
    for suite in &chosen {
        for needed in suite.needs.iter().map(|needed| args.dir.join(needed)) {
            ensure!(
                needed.exists(),
                "{} needs {}, which is not there",
                suite.name,
                needed.display()
            );
        }
    }

    let mut answer = Answer::Yes;
    for suite in chosen {
        let tally = (suite.run)(&args.dir).with_context(|| format!("cannot run {}", suite.name))?;
        for failure in &tally.failures {
            eprintln!("{}: {failure}", suite.name);
        }
        let note = tally.note.map(|note| format!("; {note}")).unwrap_or_default();
        println!("{}: {} passed, {} failed{note}", suite.name, tally.passed, tally.failures.len());
        answer = answer.and(Answer::from_bool(tally.failures.is_empty()));
    }
    Ok(answer)
}

/// Judges each line of a table of JSON objects; `judge` says what is wrong with a row. An empty table is an error.
fn table(file: &Path, judge: impl Fn(&Value) -> Result<Option<String>>) -> Result<Tally> {
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    let mut tally = Tally::default();
    for (line, number) in text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty()) {
        let row = serde_json::from_str(line)
            .map_err(anyhow::Error::new)
            .and_then(|row| judge(&row))
            .with_context(|| format!("{name}:{number}: cannot read the row"))?;
        tally.count(row.is_none(), || {
            format!("row {number}: {} in {line}", row.unwrap_or_default())
        });
    }
    ensure!(tally.passed + tally.failures.len() > 0, "{name} has no rows");
    Ok(tally)
}

/// A text field of a row.
fn text<'a>(row: &'a Value, field: &str) -> Result<&'a str> {
    row[field].as_str().with_context(|| format!("no text `{field}`"))
}

/// A yes or no of a row.
fn flag(row: &Value, field: &str) -> Result<bool> {
    row[field].as_bool().with_context(|| format!("no boolean `{field}`"))
}

/// A list of texts of a row.
fn texts<'a>(row: &'a Value, field: &str) -> Result<Vec<&'a str>> {
    row[field]
        .as_array()
        .and_then(|items| items.iter().map(Value::as_str).collect())
        .with_context(|| format!("no list of texts `{field}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(dir: &Path, only: Option<&str>) -> Args {
        Args { dir: dir.to_owned(), only: only.map(str::to_owned) }
    }

    #[test]
    fn a_missing_folder_is_an_error_and_no_success() -> Result<()> {
        let folder = tempfile::tempdir()?;
        assert!(run(&args(&folder.path().join("none"), None)).is_err());
        let error = run(&args(folder.path(), Some("semver"))).map_err(|error| error.to_string());
        assert!(error.is_err_and(|error| error.contains("semver-constraints.jsonl")));
        assert!(run(&args(folder.path(), Some("no such suite"))).is_err());
        Ok(())
    }

    #[test]
    fn a_table_counts_its_rows_and_shows_those_that_fail() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("table.jsonl");
        std::fs::write(&file, "{\"good\": true}\n\n{\"good\": false}\n")?;
        let judge = |row: &Value| Ok((!flag(row, "good")?).then(|| "is bad".to_owned()));
        let tally = table(&file, judge)?;
        assert_eq!(tally.passed, 1);
        assert_eq!(tally.failures, ["row 3: is bad in {\"good\": false}"]);

        for unreadable in ["", "{\"good\": 1}\n", "{\n"] {
            std::fs::write(&file, unreadable)?;
            assert!(table(&file, judge).is_err(), "{unreadable:?}");
        }
        Ok(())
    }
}
