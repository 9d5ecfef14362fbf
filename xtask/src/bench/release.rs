//! `towpath release` without a registry, against `tar | gzip` over the same files.
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

    let output = folder.path().join("artifact");
    let release = || {
        let mut command = Command::new(&bench.towpath);
        command.args(["release", "1.0.0", "-C"]).arg(&repository);
        command.arg("--output").arg(&output);
        command.env("XDG_CACHE_HOME", folder.path().join("cache"));
        command
    };
    let no_output = || match fs::remove_dir_all(&output) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    };
    let archive = || {
        let mut command = Command::new("sh");
        command.args(["-c", "tar cf - --exclude .git . | gzip > ../archive.tar.gz"]);
        command.current_dir(&repository);
        command
    };
    let rows = [
        ("towpath release".to_owned(), median(bench.runs, no_output, release)?),
        ("tar | gzip".to_owned(), median(bench.runs, || Ok(()), archive)?),
    ];
    table(&format!("towpath release, {files} files"), &rows);
    Ok(())
}

fn write(repository: &Path, files: usize) -> Result<()> {
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
