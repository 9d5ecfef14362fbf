//! `cargo xtask catalog`: the data of `towpath-catalog`, made from packages that others publish.
//!
//! The packages and their checksums are in `crates/towpath-catalog/data/packages.tsv`; they are no part of the
//! repository. A new minor of Kubernetes is: a row there for its `lightkube-models` and another `kubernetes-validate`,
//! [`Minor::NEWEST`], `fetch`, `build`, and the hand-kept columns of `lifecycle.tsv` for the rows that are new.
//!
//! One module a step: `packages` gets and opens them, `schemas` and `resources` read what is in them, `pool` makes
//! equal things one and orders them, `lifecycles` says since when and until when a kind was there. `messages` reads, of
//! packages of their own, the numbers that fields have in bodies of typed clients.

mod lifecycles;
mod messages;
mod packages;
mod pool;
mod resources;
mod schemas;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use towpath_catalog::{Minor, format};

use crate::run::{self, Answer};
use crate::workspace;

/// Arguments of `cargo xtask catalog`.
#[derive(clap::Subcommand)]
pub(crate) enum Command {
    /// Download the packages that are not in DIR yet, and compare their checksums
    Fetch {
        /// Where the packages are kept
        dir: PathBuf,
        /// Address of a package index with a page of links for each package (the "simple" interface)
        #[arg(long, env = "TOWPATH_PACKAGE_INDEX")]
        index: String,
    },
    /// Make the data from the packages in a folder
    Build {
        /// Where the packages are kept
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// Write nothing; say what differs and fail if anything does
        #[arg(long)]
        check: bool,
    },
}

/// The folder of the data, relative to the root.
const DATA: &str = "crates/towpath-catalog/data";
/// The file of kinds and schemas.
const CATALOG: &str = "catalog.bin";
/// The file of messages.
const MESSAGES: &str = "messages.bin";
/// The table of lives.
const LIFECYCLE: &str = "lifecycle.tsv";
/// The table of packages.
const PACKAGES: &str = "packages.tsv";

pub(crate) fn run(command: &Command) -> Result<Answer> {
    match command {
        Command::Fetch { dir, index } => packages::fetch(&manifest()?, dir, index),
        Command::Build { from, check: true } => {
            let differing: Vec<String> = stale(from)?
                .into_keys()
                .map(|name| format!("{DATA}/{name} is not what the packages say"))
                .collect();
            Ok(run::report("catalog", &differing))
        }
        Command::Build { from, check: false } => {
            for (name, bytes) in stale(from)? {
                fs::write(data_file(name), &bytes)
                    .with_context(|| format!("cannot write {DATA}/{name}"))?;
                println!("wrote {DATA}/{name}: {} bytes", bytes.len());
            }
            Ok(Answer::Yes)
        }
    }
}

/// Files of the data whose bytes are not those that the packages give.
fn stale(from: &Path) -> Result<BTreeMap<&'static str, Vec<u8>>> {
    let mut made = make(from)?;
    made.retain(|name, bytes| fs::read(data_file(name)).ok().as_ref() != Some(bytes));
    Ok(made)
}

fn make(from: &Path) -> Result<BTreeMap<&'static str, Vec<u8>>> {
    let manifest = manifest()?;
    let mut pool = pool::Pool::default();
    let mut spans = lifecycles::Spans::default();
    for package in manifest.iter().filter(|package| !package.is_of_messages()) {
        for (minor, file) in package.open(from)? {
            let whose = || format!("in {} of {}", file.path, package.file);
            if package.name == packages::SCHEMAS {
                let definitions = schemas::parse(&file.bytes).with_context(whose)?;
                spans.add(minor, &definitions);
                if minor.is_known() {
                    pool.add_definitions(minor, definitions);
                }
            } else if minor.is_known() {
                let text = std::str::from_utf8(&file.bytes).with_context(whose)?;
                for resource in resources::parse(text).with_context(whose)? {
                    pool.add_resource(minor, resource);
                }
            }
        }
    }
    for minor in Minor::all() {
        pool.add_connections(minor)?;
    }
    let mut messages = messages::Messages::default();
    let mut sources: Vec<&packages::Package> =
        manifest.iter().filter(|package| package.is_of_messages()).collect();
    sources.sort_by_key(|package| std::cmp::Reverse(package.newest()));
    for package in sources {
        messages.add(&package.sources(from)?).with_context(|| format!("of {}", package.file))?;
    }
    let table = fs::read_to_string(data_file(LIFECYCLE))?;
    Ok(BTreeMap::from([
        (CATALOG, format::write(&pool.finish()?)),
        (MESSAGES, messages.finish()?),
        (LIFECYCLE, spans.update(&table)?.into_bytes()),
    ]))
}

fn manifest() -> Result<Vec<packages::Package>> {
    packages::parse(&fs::read_to_string(data_file(PACKAGES))?)
}

fn data_file(name: &str) -> PathBuf {
    workspace::root().join(DATA).join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a developer or CI keeps the packages: they are 20 MB of others' and so no part of the repository.
    const FOLDER: &str = "TOWPATH_CATALOG_PACKAGES";

    #[test]
    fn the_data_is_what_the_packages_say() -> Result<()> {
        let Some(folder) = std::env::var_os(FOLDER) else {
            eprintln!("{FOLDER} names no folder: nothing is compared");
            return Ok(());
        };
        let stale: Vec<&str> = stale(Path::new(&folder))?.into_keys().collect();
        assert!(stale.is_empty(), "run `cargo xtask catalog build`: {stale:?}");
        Ok(())
    }

    #[test]
    fn every_minor_has_its_packages() -> Result<()> {
        let manifest = manifest()?;
        for minor in Minor::all() {
            for name in [packages::SCHEMAS, packages::RESOURCES] {
                let packages = manifest.iter().filter(|it| it.name == name && it.has(minor));
                assert_eq!(packages.count(), 1, "{name} for {minor}");
            }
        }
        Ok(())
    }
}
