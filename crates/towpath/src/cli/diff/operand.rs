//! What `A` and `B` of `towpath diff` stand for.
//!
//! A name is taken for the first of these that it is: standard input, a cluster or environment of the path, a release,
//! a file or folder, a Git revision. A prefix (`env:`, `cluster:`, `release:`, `path:`, `rev:`) says which.

use std::path::{Path, PathBuf};

use towpath_core::id::CommitId;
use towpath_core::path::{Cluster, Component, Environment};
use towpath_core::version::Version;
use towpath_engine::ports::Repository as _;

use super::super::failure::Failure;
use super::super::words::{count, list};
use super::here::Here;

/// Releases that are named where another was asked for.
const MOST_RELEASES: usize = 3;

/// One side of a comparison.
#[derive(Debug, Clone)]
pub(super) enum Operand<'h> {
    /// Manifests on standard input.
    Stdin,
    /// A file of manifests, or a folder of them or to be built.
    Files(PathBuf),
    /// One cluster.
    Cluster(&'h Environment, &'h Cluster),
    /// All clusters of an environment.
    Environment(&'h Environment),
    /// A release of a component.
    Release(&'h Component, Version),
    /// The repository as a commit has it.
    Revision(CommitId),
    /// The repository as it is in the folder.
    WorkTree,
}

impl Operand<'_> {
    /// What it is, for a refusal.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Stdin => "standard input",
            Self::Files(_) => "a folder or file",
            Self::Cluster(..) => "a cluster",
            Self::Environment(_) => "an environment",
            Self::Release(..) => "a release",
            Self::Revision(_) | Self::WorkTree => "a state of the repository",
        }
    }

    /// Whether it says of which clusters.
    pub(super) fn names_clusters(&self) -> bool {
        matches!(self, Self::Cluster(..) | Self::Environment(_))
    }

    /// Whether it is something that clusters are given, and no list of objects.
    pub(super) fn is_of_clusters(&self) -> bool {
        !matches!(self, Self::Stdin | Self::Files(_))
    }

    /// Whether it is a list of objects that what `other` is given can be compared with.
    pub(super) fn is_list_beside(&self, other: &Self) -> bool {
        !self.is_of_clusters() && (!other.is_of_clusters() || other.names_clusters())
    }
}

/// Whether a name can only be a file, a folder or standard input, so that no repository is needed.
pub(super) fn is_plain(root: &Path, name: &str) -> bool {
    name == "-" || name.starts_with("path:") || (root.join(name).exists() && has_slash(name))
}

fn has_slash(name: &str) -> bool {
    name.contains(['/', std::path::MAIN_SEPARATOR]) || name == "."
}

/// A side that needs no repository to be understood.
pub(super) fn plain<'h>(root: &Path, name: &str) -> Operand<'h> {
    match name {
        "-" => Operand::Stdin,
        name => Operand::Files(root.join(name.strip_prefix("path:").unwrap_or(name))),
    }
}

/// A side, as the repository at hand understands it.
pub(super) fn parse<'h>(
    here: &'h Here<'_>,
    root: &Path,
    name: &str,
) -> Result<Operand<'h>, Failure> {
    if name == "-" {
        return Ok(Operand::Stdin);
    }
    let (prefix, rest) = match name.split_once(':') {
        Some((prefix @ ("env" | "cluster" | "release" | "path" | "rev"), rest)) => (prefix, rest),
        _ => ("", name),
    };
    let asks = |kind: &str| prefix.is_empty() || prefix == kind;
    if asks("cluster")
        && let Some((environment, cluster)) = cluster(here, rest, prefix == "cluster")
    {
        return Ok(Operand::Cluster(environment, cluster));
    }
    if asks("env")
        && let Some(environment) =
            here.path().environments().iter().find(|e| e.name.as_str() == rest)
    {
        return Ok(Operand::Environment(environment));
    }
    if asks("release")
        && let Some((component, version)) = release(here, rest)?
    {
        return Ok(Operand::Release(component, version));
    }
    let path = root.join(rest);
    if asks("path") && path.exists() {
        let same = |top: &Path| path.canonicalize().ok() == top.canonicalize().ok();
        return Ok(match here.session.git.as_ref().and_then(|git| git.top_level()) {
            Some(top) if same(top) && prefix.is_empty() => Operand::WorkTree,
            _ => Operand::Files(path),
        });
    }
    if asks("rev")
        && let Some(git) = &here.session.git
        && let Some(commit) = git.resolve(rest)?
    {
        return Ok(Operand::Revision(commit));
    }
    Err(nothing(here, name, prefix, rest))
}

/// Says that a name stands for nothing, and what there is.
fn nothing(here: &Here<'_>, name: &str, prefix: &str, rest: &str) -> Failure {
    let environments: Vec<&str> =
        here.path().environments().iter().map(|e| e.name.as_str()).collect();
    let there = format!("the environments are {}", list(&environments));
    let failure = match prefix {
        "env" => return Failure::new(format!("{rest} is no environment")).hint(there),
        "cluster" => Failure::new(format!("{rest} is no cluster")).hint(there),
        "release" => Failure::new(format!("{rest} is no release that is known here")),
        "path" => return Failure::new(format!("{rest} is no folder and no file")),
        "rev" => return Failure::new(format!("{rest} is no Git revision")),
        _ => Failure::new(format!(
            "{name} is no cluster, environment, release, file, folder or Git revision"
        ))
        .hint(there)
        .hint("a prefix says what is meant: env:, cluster:, release:, path:, rev:"),
    };
    let version = rest.split_once('@').map_or(rest, |(_, version)| version);
    if prefix == "cluster" || prefix.is_empty() && Version::parse(version).is_err() {
        return failure;
    }
    here.path().components.iter().fold(failure, |failure, component| {
        let known = here.snapshot.releases.get(&component.name);
        let known: Vec<String> = known
            .into_iter()
            .flat_map(|releases| releases.list.iter().rev().take(MOST_RELEASES))
            .map(|release| release.version.to_string())
            .collect();
        if known.is_empty() {
            failure.hint(format!("no release of {} is known here", component.name))
        } else {
            failure.hint(format!("the newest releases of {}: {}", component.name, list(&known)))
        }
    })
}

/// `CLUSTER` or `ENVIRONMENT/CLUSTER`; an environment's own name comes before a cluster's, unless a cluster is `asked`
/// for. No two clusters of a path have one name.
fn cluster<'h>(
    here: &'h Here<'_>,
    name: &str,
    asked: bool,
) -> Option<(&'h Environment, &'h Cluster)> {
    let environments = here.path().environments();
    if !asked && environments.iter().any(|environment| environment.name.as_str() == name) {
        return None;
    }
    let mut all = environments.iter().flat_map(|e| e.clusters.iter().map(move |c| (e, c)));
    all.find(|(environment, cluster)| {
        cluster.name.as_str() == name || format!("{}/{}", environment.name, cluster.name) == name
    })
}

/// `VERSION` of the component that knows it, or `COMPONENT@VERSION`.
fn release<'h>(
    here: &'h Here<'_>,
    name: &str,
) -> Result<Option<(&'h Component, Version)>, Failure> {
    let (component, version) = match name.split_once('@') {
        Some((component, version)) => (Some(component), version),
        None => (None, name),
    };
    let Ok(version) = Version::parse(version) else { return Ok(None) };
    let knows = |c: &&Component| {
        component.is_none_or(|name| c.name.as_str() == name)
            && here.snapshot.releases.get(&c.name).is_some_and(|r| r.meant(&version).is_some())
    };
    let found: Vec<&Component> = here.path().components.iter().filter(knows).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((one, version))),
        many => {
            let names: Vec<String> = many.iter().map(|c| format!("{}@{version}", c.name)).collect();
            Err(Failure::new(format!(
                "{version} is a release of {}",
                count(many.len(), "component")
            ))
            .hint(format!("say which one: {}", names.join(", "))))
        }
    }
}

/// The clusters of a side that is one or several.
pub(super) fn clusters<'h>(side: &Operand<'h>) -> Vec<(&'h Environment, &'h Cluster)> {
    match side {
        Operand::Cluster(environment, cluster) => vec![(environment, cluster)],
        Operand::Environment(environment) => {
            environment.clusters.iter().map(|cluster| (*environment, cluster)).collect()
        }
        _ => Vec::new(),
    }
}

/// The revision that a name stands for, where it can stand for nothing else.
pub(super) fn revision(name: &str) -> Option<&str> {
    if let Some(revision) = name.strip_prefix("rev:") {
        return Some(revision);
    }
    let is_commit = matches!(name.len(), 40 | 64) && name.bytes().all(|b| b.is_ascii_hexdigit());
    let is_of_git = name == "HEAD" || name.contains(['~', '^']) || name.contains("@{");
    (is_commit || is_of_git).then_some(name)
}
