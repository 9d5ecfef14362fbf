//! `towpath render --kustomize` beside `kubectl kustomize`, and beside `kustomize` where it is on the machine.
//!
//! The tree is made: a base of 12 objects and overlays that each add a prefix, labels, an image, patches of both kinds
//! and a generator. One overlay shows what a start costs, all of them in one build how the cost grows.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Bench;
use super::stopwatch::{median, peak, table};
use crate::run;

/// What a program is called, and how it is run.
type Program<'p> = (&'static str, Box<dyn Fn() -> Command + 'p>);

/// Measures one overlay, a quarter of them, and all.
pub(super) fn render(bench: &Bench, overlays: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let root = folder.path();
    write(root, overlays)?;
    let all = |count: usize| -> Result<String> {
        let name = format!("all-{count}");
        let resources: String =
            (0..count).map(|number| format!("- ../overlays/{number:04}\n")).collect();
        put(root, &format!("{name}/kustomization.yaml"), &format!("resources:\n{resources}"))?;
        Ok(name)
    };
    let sizes = [
        ("one overlay".to_owned(), "overlays/0000".to_owned()),
        (format!("{} overlays in one build", overlays / 4), all(overlays / 4)?),
        (format!("{overlays} overlays in one build"), all(overlays)?),
    ];
    for (title, path) in sizes {
        let path = root.join(path);
        let towpath = || {
            let mut command = Command::new(&bench.towpath);
            command.args(["render", "--kustomize"]).arg(&path);
            command
        };
        let mut programs: Vec<Program<'_>> =
            vec![("towpath render --kustomize", Box::new(towpath))];
        for (name, program, first) in [
            ("kubectl kustomize", "kubectl", "kustomize"),
            ("kustomize build", "kustomize", "build"),
        ] {
            let path = path.clone();
            if run::on_path(program).is_some() {
                programs.push((
                    name,
                    Box::new(move || {
                        let mut command = Command::new(program);
                        command.arg(first).arg(&path);
                        command
                    }),
                ));
            }
        }
        let mut rows = Vec::new();
        for (name, command) in &programs {
            let time = median(bench.runs, || Ok(()), command)?;
            let memory = peak(command())?
                .map_or(String::new(), |kib| format!(" ({} MB at its peak)", kib / 1024));
            rows.push((format!("{name}{memory}"), time));
        }
        table(&format!("render, {title}"), &rows);
    }
    Ok(())
}

fn put(root: &Path, path: &str, text: &str) -> Result<()> {
    let path = root.join(path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, text)?)
}

fn write(root: &Path, overlays: usize) -> Result<()> {
    let mut resources = String::new();
    for number in 0..4 {
        put(root, &format!("base/app-{number}.yaml"), &app(number))?;
        resources.push_str(&format!("- app-{number}.yaml\n"));
    }
    put(root, "base/kustomization.yaml", &format!("resources:\n{resources}"))?;
    for number in 0..overlays {
        put(
            root,
            &format!("overlays/{number:04}/kustomization.yaml"),
            &OVERLAY.replace("NUMBER", &format!("{number:04}")),
        )?;
        put(root, &format!("overlays/{number:04}/replicas.yaml"), REPLICAS)?;
    }
    Ok(())
}

/// Three objects that refer to each other, as most applications have them.
fn app(number: usize) -> String {
    APP.replace("APP", &format!("app-{number}"))
}

const APP: &str = "\
apiVersion: v1
kind: ServiceAccount
metadata:
  name: APP
---
apiVersion: v1
kind: Service
metadata:
  name: APP
spec:
  selector:
    app: APP
  ports:
  - name: http
    port: 80
    targetPort: 8080
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: APP
spec:
  replicas: 1
  selector:
    matchLabels:
      app: APP
  template:
    metadata:
      labels:
        app: APP
    spec:
      serviceAccountName: APP
      containers:
      - name: main
        image: registry.example.com/APP:1.0.0
        args: [--listen, \":8080\"]
        ports:
        - name: http
          containerPort: 8080
        envFrom:
        - configMapRef:
            name: settings
        resources:
          requests: {cpu: 100m, memory: 64Mi}
          limits: {memory: 128Mi}
        readinessProbe:
          httpGet: {path: /ready, port: http}
";

const OVERLAY: &str = "\
resources:
- ../../base
namePrefix: o-NUMBER-
labels:
- pairs:
    environment: o-NUMBER
  includeSelectors: true
images:
- name: registry.example.com/app-1
  newTag: 2.0.NUMBER
patches:
- path: replicas.yaml
- target:
    kind: Deployment
    name: app-2
  patch: |-
    - op: replace
      path: /spec/template/spec/containers/0/resources/requests/cpu
      value: 250m
configMapGenerator:
- name: settings
  literals:
  - overlay=NUMBER
  - level=info
";

const REPLICAS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-0
spec:
  replicas: 3
  template:
    spec:
      containers:
      - name: main
        env:
        - name: LEVEL
          value: debug
";
