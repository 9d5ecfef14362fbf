//! Many clusters in one process: the example `clusters` of `towpath-apiserver` is given a platform and asked.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::table::{REAL_MB, REAL_READY, Row, Table};
use crate::workspace;

/// Builds the example as users build, and says where it is.
pub(super) fn build() -> Result<PathBuf> {
    workspace::built(&["--release", "--package", "towpath-apiserver", "--example", "clusters"])
}

/// Measures clusters in process, and so many at once to which the objects below the folders are applied.
pub(super) fn measure(
    table: &mut Table,
    program: &Path,
    count: usize,
    platform: &[PathBuf],
) -> Result<()> {
    let mut objects = Vec::new();
    for folder in platform {
        read(folder, &mut objects)?;
    }
    // What others stand on comes first, as whoever applies folders does it.
    objects.sort_by_key(|object| match object["kind"].as_str() {
        Some("Namespace" | "CustomResourceDefinition") => 0,
        _ => 1,
    });
    let mut child = Command::new(program)
        .arg(count.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let lines: String = objects.iter().map(|object| format!("{object}\n")).collect();
    child.stdin.take().context("it has an input")?.write_all(lines.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "clusters in process ended with {}", output.status);
    let figures: Value = serde_json::from_slice(&output.stdout)?;
    let number = |name: &str| figures[name].as_f64().unwrap_or_default();

    let first = number("firstReadyMs");
    table.row(Row {
        name: "ready, the first",
        here: format!("{first:.2} ms"),
        goal: "< 3 ms",
        real: "2,300 ms",
        better: Some(REAL_READY / first),
    });
    let further = number("furtherReadyMs");
    table.row(Row {
        name: "ready, a further one",
        here: format!("{further:.2} ms"),
        goal: "< 3 ms",
        real: "2,300 ms",
        better: Some(REAL_READY / further),
    });
    let takes = number("furtherKiB") / 1024.0;
    table.row(Row {
        name: "resident, a further one",
        here: format!("{takes:.2} MB"),
        goal: "< 1 MB",
        real: "310 MB",
        better: Some(REAL_MB / takes),
    });
    let (clusters, unserved) = (number("clusters"), &figures["unserved"]);
    table.row(Row::here(
        "clusters at once",
        format!(
            "{clusters} with {} objects each in {:.1} s, {:.2} MB each; not served: {unserved}",
            number("objects"),
            number("appliedMs") / 1000.0,
            number("eachKiB") / 1024.0,
        ),
    ));
    Ok(())
}

/// The objects of all files of YAML below a folder, in the order of their names. What only `kustomize` reads is left out.
fn read(path: &Path, objects: &mut Vec<Value>) -> Result<()> {
    let context = || format!("cannot read {}", path.display());
    if path.is_dir() {
        let entries = std::fs::read_dir(path).with_context(context)?;
        let mut below: Vec<PathBuf> =
            entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        below.sort();
        return below.iter().try_for_each(|path| read(path, objects));
    }
    if !path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        return Ok(());
    }
    let text = std::fs::read(path).with_context(context)?;
    for document in towpath_yaml::parse(&text).with_context(context)? {
        let object = document.root.to_json();
        let version = object["apiVersion"].as_str().unwrap_or_default();
        if !version.is_empty() && !version.starts_with("kustomize.config.k8s.io/") {
            objects.push(object);
        }
    }
    Ok(())
}
