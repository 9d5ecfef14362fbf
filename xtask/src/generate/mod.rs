//! `cargo xtask gen`: files that are derived from code, and kept in the tree so that they can be read and reviewed.
//!
//! A source is one module here: a function from nothing to files by name. Writing and comparing are the same walk, so
//! `--check` and the test below cannot disagree with what is written. A folder of [`OWNED`] holds generated files
//! only: what is in it and no longer generated is stale too.

mod bootstrap;
mod cli;
mod clippy;
mod rules;
mod schemas;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context, Result};

use crate::run::{self, Answer};
use crate::workspace;

/// Arguments of `cargo xtask gen`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; list the files that are stale and fail if there are any
    #[arg(long)]
    check: bool,
}

/// Generated files by their path from the root.
type Files = BTreeMap<String, String>;

/// Folders without a file of any other origin.
const OWNED: [&str; 5] =
    ["docs/reference/", "docs/man/", "docs/completions/", "docs/schemas/", "docs/rules/"];

/// Writes every generated file, or compares it.
pub(crate) fn run(args: &Args) -> Result<Answer> {
    let files = files()?;
    let stale = stale(&files)?;
    if args.check {
        let problems: Vec<String> =
            stale.iter().map(|file| format!("{file} is stale: run `cargo xtask gen`")).collect();
        return Ok(run::report("gen", &problems));
    }
    for name in &stale {
        let file = workspace::root().join(name);
        match files.get(name) {
            Some(text) => {
                if let Some(folder) = file.parent() {
                    fs::create_dir_all(folder)?;
                }
                fs::write(&file, text).with_context(|| format!("cannot write {name}"))?;
                println!("wrote {name}");
            }
            None => {
                fs::remove_file(&file).with_context(|| format!("cannot remove {name}"))?;
                println!("removed {name}");
            }
        }
    }
    Ok(Answer::Yes)
}

fn files() -> Result<Files> {
    let sources =
        [bootstrap::files(), cli::files()?, clippy::files()?, rules::files(), schemas::files()?];
    Ok(sources.into_iter().flatten().collect())
}

/// Names of files that differ, are missing or are left over.
fn stale(files: &Files) -> Result<BTreeSet<String>> {
    let owned = |file: &String| OWNED.iter().any(|folder| file.starts_with(folder));
    let mut stale: BTreeSet<String> = workspace::files()?.into_iter().filter(owned).collect();
    stale.retain(|file| !files.contains_key(file));
    for (name, text) in files {
        if fs::read_to_string(workspace::root().join(name)).ok().as_ref() != Some(text) {
            stale.insert(name.clone());
        }
    }
    Ok(stale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_generated_file_is_stale() -> Result<()> {
        let stale = stale(&files()?)?;
        assert!(stale.is_empty(), "stale, run `cargo xtask gen`: {stale:?}");
        Ok(())
    }
}
