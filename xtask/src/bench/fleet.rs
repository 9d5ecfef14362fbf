//! `towpath status` on a repository: with no cache, with a full one, and after one file changed.
//!
//! The least that any tool must do is to read the files, so the first comparison is with `cat`. The others are what
//! scripts use to get at the pins: `yq`, and Python with libyaml, where they are on the machine.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use super::Bench;
use super::stopwatch::{median, table};
use crate::{run, tree};

/// Kustomizations of each cluster of a made repository.
const KUSTOMIZATIONS: usize = 20;

/// Measures on a copy of a real repository.
pub(super) fn status_of_copy(bench: &Bench, dir: &Path) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let repository = folder.path().join("repository");
    tree::copy(dir, &repository)?;
    tree::commit(&repository)?;
    let times = measure(bench, &repository)?;
    table(&format!("towpath status, a copy of {}", dir.display()), &times.rows());
    Ok(())
}

/// Measures on made repositories, and how the time grows with their size.
pub(super) fn status_of_fleets(bench: &Bench, sizes: &[usize]) -> Result<()> {
    let mut growth = Vec::new();
    for &clusters in sizes {
        let folder = tempfile::tempdir()?;
        let repository = folder.path().join("repository");
        write(&repository, clusters)?;
        tree::commit(&repository)?;
        let times = measure(bench, &repository)?;
        table(
            &format!("towpath status, {clusters} clusters x {KUSTOMIZATIONS} Kustomizations"),
            &times.rows(),
        );
        growth.push((clusters, times));
    }
    println!("\ntime for each cluster");
    for (clusters, times) in &growth {
        let each = |time: Duration| time.as_secs_f64() * 1e6 / (*clusters).max(1) as f64;
        println!(
            "  {clusters:>6} clusters  {:>8.1} us cold  {:>8.1} us after one change",
            each(times.cold),
            each(times.changed)
        );
    }
    Ok(())
}

struct Times {
    cold: Duration,
    warm: Duration,
    changed: Duration,
    others: Vec<(&'static str, Duration)>,
}

impl Times {
    fn rows(&self) -> Vec<(String, Duration)> {
        [("status, no cache", self.cold), ("status, full cache", self.warm)]
            .into_iter()
            .chain([("status, one file changed", self.changed)])
            .chain(self.others.iter().copied())
            .map(|(name, time)| (name.to_owned(), time))
            .collect()
    }
}

fn measure(bench: &Bench, repository: &Path) -> Result<Times> {
    let cache = repository.join(".git/towpath");
    let status = || {
        let mut command = Command::new(&bench.towpath);
        // Registries are other people's machines: what they answer is no part of the time.
        command.args(["status", "--offline", "-C"]).arg(repository);
        command
    };
    let empty_cache = || match fs::remove_dir_all(&cache) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    };
    let file = first_yaml(repository)?.context("the repository has no YAML file")?;
    let text = fs::read_to_string(&file)?;
    let mut changes = 0;
    let change = || {
        changes += 1;
        fs::write(&file, format!("{text}# change {changes}\n")).map_err(Into::into)
    };

    let cold = median(bench.runs, empty_cache, status)?;
    let warm = median(bench.runs, || Ok(()), status)?;
    let changed = median(bench.runs, change, status)?;
    fs::write(&file, &text)?;
    let mut others = Vec::new();
    for (name, program) in others_there() {
        let all_files =
            format!("find . -name .git -prune -o -name '*.yaml' -print0 | xargs -0 {program}");
        let command = || {
            let mut command = Command::new("sh");
            command.args(["-c", &all_files]).current_dir(repository);
            command
        };
        others.push((name, median(bench.runs, || Ok(()), command)?));
    }
    Ok(Times { cold, warm, changed, others })
}

/// What reads the same files: a name to show and what `xargs` runs.
fn others_there() -> Vec<(&'static str, &'static str)> {
    const PYTHON: &str = "python3 -c '
import sys, yaml
for name in sys.argv[1:]:
    for one in yaml.load_all(open(name), Loader=yaml.CSafeLoader):
        if one and one.get(\"kind\") == \"OCIRepository\":
            print(name, one[\"spec\"][\"ref\"])
'";
    let mut others = vec![("cat | wc -c", "cat | wc -c")];
    if run::on_path("yq").is_some() {
        others.push(("yq", r#"yq 'select(.kind == "OCIRepository") | .spec.ref'"#));
    }
    let has_yaml = Command::new("python3")
        .args(["-c", "import yaml; yaml.CSafeLoader"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if has_yaml {
        others.push(("python3 with libyaml", PYTHON));
    }
    others
}

/// The first YAML file below `clusters`, or anywhere.
fn first_yaml(repository: &Path) -> Result<Option<std::path::PathBuf>> {
    let clusters = repository.join("clusters");
    let mut folders = vec![if clusters.is_dir() { clusters } else { repository.to_owned() }];
    while let Some(folder) = folders.pop() {
        let mut entries = fs::read_dir(&folder)?.collect::<std::io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                return Ok(Some(path));
            }
            if path.is_dir() && entry.file_name() != ".git" {
                folders.push(path);
            }
        }
    }
    Ok(None)
}

/// Writes a repository of `clusters` clusters: a tenth are development on a branch, two tenths staging on a range, the
/// rest production on an exact version.
fn write(repository: &Path, clusters: usize) -> Result<()> {
    for number in 0..clusters {
        let (environment, source) = match number % 10 {
            0 => ("development", source("GitRepository", "branch: main")),
            1 | 2 => ("staging", source("OCIRepository", "semver: \"1.4.x\"")),
            _ => ("production", source("OCIRepository", "tag: \"1.4.2\"")),
        };
        let cluster = format!("{environment}-{number:04}");
        let folder = repository.join("clusters").join(&cluster);
        fs::create_dir_all(folder.join("flux-system"))?;
        fs::write(folder.join("flux-system/gotk-sync.yaml"), sync(&cluster))?;
        fs::write(folder.join("platform.yaml"), source)?;
        let kind = if environment == "development" { "GitRepository" } else { "OCIRepository" };
        for service in 0..KUSTOMIZATIONS {
            fs::write(
                folder.join(format!("service-{service:02}.yaml")),
                kustomization(service, kind),
            )?;
        }
    }
    Ok(())
}

fn source(kind: &str, reference: &str) -> String {
    let url = if kind == "GitRepository" {
        "https://git.example.com/platform/platform.git"
    } else {
        "oci://registry.example.com/manifests/platform"
    };
    format!(
        "\
# What this cluster follows.
apiVersion: source.toolkit.fluxcd.io/v1
kind: {kind}
metadata:
  name: platform
  namespace: flux-system
spec:
  interval: 1m
  url: {url}
  ref:
    {reference} # the pin
"
    )
}

/// What `flux bootstrap` writes for a cluster.
pub(super) fn sync(cluster: &str) -> String {
    format!(
        "\
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 1m0s
  ref:
    branch: main
  url: https://git.example.com/platform/fleet.git
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 10m0s
  path: ./clusters/{cluster}
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
"
    )
}

fn kustomization(service: usize, kind: &str) -> String {
    let mut text = format!(
        "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: service-{service:02}
  namespace: flux-system
spec:
  interval: 5m
  path: ./services/service-{service:02}
  prune: true
  wait: true
  timeout: 5m
  sourceRef:
    kind: {kind}
    name: platform
"
    );
    if service > 0 {
        let _ = write!(text, "  dependsOn:\n    - name: service-{:02}\n", service - 1);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_repository_has_the_same_files_for_every_cluster() -> Result<()> {
        let folder = tempfile::tempdir()?;
        write(folder.path(), 4)?;
        let mut clusters: Vec<_> = fs::read_dir(folder.path().join("clusters"))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_>>()?;
        clusters.sort();
        assert_eq!(
            clusters,
            ["development-0000", "production-0003", "staging-0001", "staging-0002"]
        );
        for cluster in clusters {
            let files = fs::read_dir(folder.path().join("clusters").join(cluster))?.count();
            assert_eq!(files, KUSTOMIZATIONS + 2);
        }
        Ok(())
    }
}
