//! `cargo xtask definitions`: what `towpath_schema::crd` says of definitions that others publish, release after release.
//!
//! Nothing of them is part of the repository. A folder holds clones (`owner+repo`) and source archives; what is in the
//! table and at hand is compared, each release with the one before. The number of tightenings of a pair is recorded: one
//! more is a false alarm or a change of a rule, and either is to be read before it is written down. `releases` gets the
//! files of a release.

mod releases;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use towpath_core::version::Version;
use towpath_schema::crd::{Change, Definition, Effect, compare};

use crate::download;
use crate::run::{self, Answer};
use crate::workspace;
use releases::{Archive, Project};

/// Arguments of `cargo xtask definitions`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where clones and archives are
    dir: PathBuf,
    /// Only this project
    #[arg(long)]
    project: Option<String>,
    /// List every tightening, and not only those of pairs with another number than recorded
    #[arg(long)]
    show: bool,
    /// Record what is found
    #[arg(long)]
    update: bool,
    /// Download the archives that are not in DIR yet, from this package index (the "simple" interface)
    #[arg(long, env = "TOWPATH_PACKAGE_INDEX")]
    index: Option<String>,
}

/// The projects: name, folder of the definitions, first release.
const PROJECTS: &str = "definitions.tsv";
/// The source archives of those that are packages.
const ARCHIVES: &str = "definition-archives.tsv";
/// The pairs with their numbers.
const PAIRS: &str = "definition-pairs.tsv";
const PROJECT_COLUMNS: &str = "project\tfolder\tfirst";
const ARCHIVE_COLUMNS: &str = "project\tversion\tfile\tsha256";
const PAIR_COLUMNS: &str = "project\tfolder\tfrom\tto\tdefinitions\ttightenings";

/// Project, folder, and the two releases.
type Pair = (String, String, String, String);

/// What there is to say of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    /// Definitions that both releases have.
    definitions: usize,
    tightenings: usize,
}

pub(crate) fn run(args: &Args) -> Result<Answer> {
    let mut recorded = pairs(&read(PAIRS)?)?;
    let mut problems = Vec::new();
    let (mut compared, mut definitions, mut tightenings) = (0, 0, 0);
    for project in projects(&read(PROJECTS)?, &read(ARCHIVES)?)? {
        if args.project.as_ref().is_some_and(|only| *only != project.name) {
            continue;
        }
        if let Some(index) = &args.index {
            for archive in &project.archives {
                let (file, sha256) = (&archive.file, &archive.sha256);
                download::archive(&args.dir, index, &project.name, file, sha256)?;
            }
        }
        let Some(releases) = project.releases(&args.dir)? else {
            println!("{} is not at hand", project.name);
            continue;
        };
        let mut before: Option<(String, BTreeMap<String, Definition>)> = None;
        for version in releases {
            let now = sound(&project, &version, &args.dir, &mut problems)?;
            if let Some((from, was)) = before.replace((version.clone(), now.clone())) {
                let key = (project.name.clone(), project.folder.clone(), from, version);
                let (counts, told) = judged(&was, &now);
                compared += 1;
                definitions += counts.definitions;
                tightenings += counts.tightenings;
                let known = recorded.insert(key.clone(), counts);
                let is_new = known != Some(counts);
                if args.show || (is_new && !args.update) {
                    println!("{} {}: {} to {}\n{told}", key.0, key.1, key.2, key.3);
                }
                if is_new && !args.update {
                    let was = known.map_or("nothing".to_owned(), |it| it.tightenings.to_string());
                    let Counts { tightenings, .. } = counts;
                    let what = format!("{} {} to {}", key.0, key.2, key.3);
                    problems.push(format!("{what}: {tightenings} tightenings, recorded: {was}"));
                }
            }
        }
    }
    println!("{compared} pairs of releases, {definitions} definitions, {tightenings} tightenings");
    if args.update {
        fs::write(data(PAIRS), written(&recorded)).context("cannot write the pairs")?;
    }
    Ok(run::report("definitions", &problems))
}

/// The definitions of a release. One that is refused is a problem: a cluster has taken it.
fn sound(
    project: &Project,
    version: &str,
    dir: &Path,
    problems: &mut Vec<String>,
) -> Result<BTreeMap<String, Definition>> {
    let mut found = BTreeMap::new();
    for (path, text) in project.files(dir, version)? {
        // Templates of charts are no YAML.
        let Ok(documents) = towpath_yaml::parse(&text) else { continue };
        for document in documents {
            let value = document.root.to_json();
            let is =
                |key: &str, want: &str| value.get(key).and_then(|it| it.as_str()) == Some(want);
            if !is("kind", "CustomResourceDefinition")
                || !is("apiVersion", "apiextensions.k8s.io/v1")
            {
                continue;
            }
            match Definition::parse(&value) {
                Ok(definition) => drop(found.insert(definition.name.clone(), definition)),
                Err(error) => {
                    problems.push(format!("{} {version} {path}: {error}", project.name));
                }
            }
        }
    }
    Ok(found)
}

/// What changed from one release to the next, in numbers and as a text.
fn judged(
    was: &BTreeMap<String, Definition>,
    now: &BTreeMap<String, Definition>,
) -> (Counts, String) {
    let mut counts = Counts { definitions: 0, tightenings: 0 };
    let mut told = String::new();
    for (name, old) in was {
        let Some(new) = now.get(name) else { continue };
        counts.definitions += 1;
        let changes = compare(old, new);
        let tightening = |change: &&Change| change.effect == Effect::Tightening;
        for change in changes.iter().filter(tightening) {
            counts.tightenings += 1;
            let Change { path, message, versions, .. } = change;
            let (rule, versions) = (change.rule.rule().id, versions.join(","));
            let _ = writeln!(told, "  {name} {rule} {path}: {message} ({versions})");
        }
    }
    (counts, told)
}

fn projects(table: &str, archives: &str) -> Result<Vec<Project>> {
    let owned = |text: &&str| (*text).to_owned();
    let archives = rows(archives, ARCHIVE_COLUMNS, |cells| {
        let [project, version, file, sha256] = cells else { bail!("{cells:?} are not four cells") };
        let archive = Archive { version: owned(version), file: owned(file), sha256: owned(sha256) };
        Ok((owned(project), archive))
    })?;
    rows(table, PROJECT_COLUMNS, |cells| {
        let [name, folder, first] = cells else { bail!("{cells:?} are not three cells") };
        let own = archives.iter().filter(|(project, _)| project == name);
        Ok(Project {
            name: owned(name),
            folder: owned(folder),
            first: Version::parse_loose(first)?,
            archives: own.map(|(_, archive)| archive.clone()).collect(),
        })
    })
}

fn pairs(table: &str) -> Result<BTreeMap<Pair, Counts>> {
    let rows = rows(table, PAIR_COLUMNS, |cells| {
        let [project, folder, from, to, definitions, tightenings] = cells else {
            bail!("{cells:?} are not six cells")
        };
        let owned = |text: &&str| (*text).to_owned();
        let counts =
            Counts { definitions: definitions.parse()?, tightenings: tightenings.parse()? };
        Ok(((owned(project), owned(folder), owned(from), owned(to)), counts))
    });
    Ok(rows?.into_iter().collect())
}

fn rows<T>(table: &str, columns: &str, row: impl Fn(&[&str]) -> Result<T>) -> Result<Vec<T>> {
    let rows = table.strip_prefix(columns).context("the table has other columns")?;
    rows.trim().lines().map(|line| row(&line.split('\t').collect::<Vec<_>>())).collect()
}

fn written(pairs: &BTreeMap<Pair, Counts>) -> String {
    // In the order of the versions, so that a difference of the table reads well.
    let mut rows: Vec<(&Pair, &Counts)> = pairs.iter().collect();
    rows.sort_by_cached_key(|((project, folder, from, _), _)| {
        (project, folder, Version::parse_loose(from).ok())
    });
    let mut text = format!("{PAIR_COLUMNS}\n");
    for ((project, folder, from, to), counts) in rows {
        let Counts { definitions, tightenings } = counts;
        let _ = writeln!(text, "{project}\t{folder}\t{from}\t{to}\t{definitions}\t{tightenings}");
    }
    text
}

fn read(name: &str) -> Result<String> {
    fs::read_to_string(data(name)).with_context(|| format!("cannot read {name}"))
}

fn data(name: &str) -> PathBuf {
    workspace::root().join("xtask/data").join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_read_and_are_in_order() -> Result<()> {
        assert!(!projects(&read(PROJECTS)?, &read(ARCHIVES)?)?.is_empty());
        let table = read(PAIRS)?;
        assert_eq!(written(&pairs(&table)?), table);
        Ok(())
    }
}
