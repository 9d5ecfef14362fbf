//! `towpath diff` of two revisions of a made fleet in which one base changed, beside `git diff`.
//!
//! Every cluster has 20 Kustomizations with variables of its own, all of them building the same 20 bases. Git shows one
//! changed file; a reviewer wants to know what becomes of a thousand clusters.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Bench;
use super::stopwatch::{median, table};
use crate::tree;

/// Kustomizations of each cluster, and bases.
const BASES: usize = 20;

/// Measures with nothing kept, and with all that the first run kept.
pub(super) fn diff(bench: &Bench, sizes: &[usize]) -> Result<()> {
    for &clusters in sizes {
        let folder = tempfile::tempdir()?;
        let repository = folder.path().join("repository");
        write(&repository, clusters)?;
        tree::commit(&repository)?;
        let changed = repository.join("apps/app-07/deployment.yaml");
        fs::write(&changed, fs::read_to_string(&changed)?.replace(":1.0.0", ":1.0.1"))?;
        tree::commit_more(&repository)?;
        tree::pack(&repository)?;
        let kept = repository.join(".git/towpath");
        let nothing_kept = || match fs::remove_dir_all(&kept) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        };
        let towpath = || {
            let mut command = Command::new(&bench.towpath);
            command.args(["diff", "HEAD~1", "HEAD", "--offline", "-C"]).arg(&repository);
            tree::as_nobody(&mut command);
            command
        };
        let git = || {
            let mut command = Command::new("git");
            command.args(["diff", "--stat", "HEAD~1", "HEAD"]).current_dir(&repository);
            tree::as_nobody(&mut command);
            command
        };
        let rows = [
            ("diff, nothing kept".to_owned(), median(bench.runs, nothing_kept, towpath)?),
            ("diff, again".to_owned(), median(bench.runs, || Ok(()), towpath)?),
            ("git diff --stat: the files only".to_owned(), median(bench.runs, || Ok(()), git)?),
        ];
        table(&format!("towpath diff, one base of {clusters} clusters changed"), &rows);
    }
    Ok(())
}

fn write(repository: &Path, clusters: usize) -> Result<()> {
    for base in 0..BASES {
        let folder = repository.join(format!("apps/app-{base:02}"));
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("deployment.yaml"), APP.replace("APP", &format!("app-{base:02}")))?;
        fs::write(
            folder.join("kustomization.yaml"),
            "resources:\n- deployment.yaml\nconfigMapGenerator:\n- name: settings\n  literals:\n  - cluster=${cluster}\n",
        )?;
    }
    for number in 0..clusters {
        let environment = if number % 10 == 0 { "staging" } else { "production" };
        let cluster = format!("{environment}-{number:04}");
        let folder = repository.join("clusters").join(&cluster);
        fs::create_dir_all(folder.join("flux-system"))?;
        fs::write(folder.join("flux-system/gotk-sync.yaml"), super::fleet::sync(&cluster))?;
        for base in 0..BASES {
            let mut text = KUSTOMIZATION
                .replace("APP", &format!("app-{base:02}"))
                .replace("CLUSTER", &cluster);
            if base > 0 {
                let _ = writeln!(text, "  dependsOn:\n  - name: app-{:02}", base - 1);
            }
            fs::write(folder.join(format!("app-{base:02}.yaml")), text)?;
        }
    }
    Ok(())
}

const KUSTOMIZATION: &str = "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: APP
  namespace: flux-system
spec:
  interval: 5m
  path: ./apps/APP
  prune: true
  wait: true
  sourceRef:
    kind: GitRepository
    name: flux-system
  postBuild:
    substitute:
      cluster: CLUSTER
";

const APP: &str = "\
apiVersion: v1
kind: Service
metadata:
  name: APP
  namespace: APP
spec:
  selector: {app: APP}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: APP
  namespace: APP
  labels:
    cluster: ${cluster}
spec:
  replicas: 2
  selector: {matchLabels: {app: APP}}
  template:
    metadata:
      labels: {app: APP}
    spec:
      containers:
      - name: main
        image: registry.example.com/APP:1.0.0
        envFrom: [{configMapRef: {name: settings}}]
        resources: {requests: {cpu: 100m, memory: 64Mi}}
";
