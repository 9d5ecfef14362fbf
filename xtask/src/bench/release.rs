//! `towpath release` to a folder, against `tar | gzip` over the same files.
//!
//! `gzip` has its default level. The archive of `tar` is no release: it holds owners and times, has no manifest, and
//! differs from one machine to the next.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Bench;
use super::stopwatch::{median, table};
use crate::tree;

/// Measures with that many files of a few hundred bytes to a few kilobytes.
pub(super) fn release(bench: &Bench, files: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let repository = folder.path().join("repository");
    write(&repository, files)?;
    tree::commit(&repository)?;
    tree::pack(&repository)?;

    let output = folder.path().join("artifacts");
    let release = |more: &'static [&'static str]| {
        let mut command = Command::new(&bench.towpath);
        command.args(["release", "1.0.0", "--quiet", "-C"]).arg(&repository);
        command.arg("--to").arg(format!("oci-layout:{}", output.display()));
        command.args(more);
        tree::as_nobody(&mut command);
        command
    };
    let no_output = || {
        remove(&output)?;
        tree::delete_branch(&repository, "towpath/ledger")
    };
    let archive = || {
        let mut command = Command::new("sh");
        command.args(["-c", "tar cf - --exclude .git . | gzip > ../archive.tar.gz"]);
        command.current_dir(&repository);
        command
    };
    let no_cache = || remove(&repository.join(".git/towpath"));
    let rows = [
        (
            "release --dry-run: archive and digest".to_owned(),
            median(bench.runs, || Ok(()), || release(&["--dry-run"]))?,
        ),
        (
            "  in a clone that has read none of them yet".to_owned(),
            median(bench.runs, no_cache, || release(&["--dry-run"]))?,
        ),
        (
            "release: published and recorded".to_owned(),
            median(bench.runs, no_output, || release(&[]))?,
        ),
        ("tar | gzip".to_owned(), median(bench.runs, || Ok(()), archive)?),
    ];
    table(&format!("towpath release, {files} files"), &rows);
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// A cluster, so that there is a component to release.
const CLUSTER: &str = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata:
  name: platform
  namespace: flux-system
spec:
  interval: 1m
  url: oci://registry.example.com/manifests/platform
  ref:
    semver: 1.x
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: platform
  namespace: flux-system
spec:
  interval: 5m
  path: ./platform
  prune: true
  sourceRef:
    kind: OCIRepository
    name: platform
";

fn write(repository: &Path, files: usize) -> Result<()> {
    let cluster = repository.join("clusters/staging");
    fs::create_dir_all(&cluster)?;
    fs::write(cluster.join("platform.yaml"), CLUSTER)?;
    for number in 0..files {
        let folder = repository.join(format!("platform/part-{:02}", number / 100));
        fs::create_dir_all(&folder)?;
        let mut text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-{number:05}\ndata:\n"
        );
        // Values that compress about as well as real manifests do: words, and numbers that differ.
        for line in 0..10 + number % 60 {
            let value = number.wrapping_mul(2_654_435_761).wrapping_add(line * 40_503) % 1_000_003;
            let _ = writeln!(text, "  setting-{line:02}: \"{value:06} of the platform\"");
        }
        fs::write(folder.join(format!("settings-{number:05}.yaml")), text)?;
    }
    Ok(())
}
