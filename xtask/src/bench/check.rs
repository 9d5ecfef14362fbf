//! `towpath check` of a folder of manifests, beside `pluto` and `kubeconform` where they are on the machine, and beside
//! `cat` of the same files as the least that reading them costs.
//!
//! The folder is made: two documents a file, of kinds that a platform has, every hundredth in a version that is removed.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::Bench;
use super::stopwatch::{median, peak, table};
use crate::run;

/// Measures the scan for removed APIs and the whole check, for a quarter of the files and for all.
pub(super) fn check(bench: &Bench, files: usize) -> Result<()> {
    for files in [files / 4, files] {
        let folder = tempfile::tempdir()?;
        write(folder.path(), files)?;
        let scan = ["check", "--only", "removed-api,deprecated-api,unreadable-file"];
        measure(
            bench,
            folder.path(),
            files,
            "removed APIs",
            &scan,
            ("pluto", &["detect-files", "-d"]),
        )?;
        let kubeconform = ("kubeconform", &["-strict", "-summary"][..]);
        measure(bench, folder.path(), files, "every rule", &["check"], kubeconform)?;
    }
    Ok(())
}

fn measure(
    bench: &Bench,
    folder: &Path,
    files: usize,
    what: &str,
    ours: &[&str],
    other: (&str, &[&str]),
) -> Result<()> {
    let towpath = || {
        let mut command = Command::new(&bench.towpath);
        command.args(ours).args(["--kubernetes", "1.36", "--offline"]).arg(folder);
        command
    };
    let read = || {
        let mut command = Command::new("sh");
        command.args(["-c", "find \"$0\" -type f -print0 | xargs -0 cat"]).arg(folder);
        command
    };
    let mut rows = Vec::new();
    let memory =
        peak(towpath())?.map_or(String::new(), |kib| format!(" ({} MB at its peak)", kib / 1024));
    rows.push((format!("towpath{memory}"), median(bench.runs, || Ok(()), towpath)?));
    rows.push(("find | xargs cat".to_owned(), median(bench.runs, || Ok(()), read)?));
    let (program, arguments) = other;
    if run::on_path(program).is_some() {
        let command = || {
            let mut command = Command::new(program);
            command.args(arguments).arg(folder);
            command
        };
        rows.push((program.to_owned(), median(bench.runs, || Ok(()), command)?));
    }
    table(&format!("check, {what}: {} documents in {files} files", 2 * files), &rows);
    Ok(())
}

fn write(root: &Path, files: usize) -> Result<()> {
    for number in 0..files {
        let folder = root.join(format!("team-{:03}", number / 50));
        fs::create_dir_all(&folder)?;
        let mut text = String::new();
        for document in 0..2 {
            let name = format!("app-{number:05}-{document}");
            let _ = write!(text, "---\n{}", manifest(2 * number + document, &name));
        }
        fs::write(folder.join(format!("app-{number:05}.yaml")), text)?;
    }
    Ok(())
}

fn manifest(number: usize, name: &str) -> String {
    match number % 100 {
        0 => format!(
            "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {{name: {name}, namespace: web}}\n\
             spec:\n  minAvailable: 1\n  selector: {{matchLabels: {{app: {name}}}}}\n"
        ),
        one if one % 4 == 0 => format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: web\n  labels:\n    \
             app: {name}\nspec:\n  replicas: 3\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n    \
             metadata:\n      labels:\n        app: {name}\n    spec:\n      containers:\n        - name: web\n          \
             image: registry.example.com/{name}:1.2.3\n          ports:\n            - containerPort: 8080\n          \
             resources:\n            requests: {{cpu: 100m, memory: 64Mi}}\n"
        ),
        one if one % 4 == 1 => format!(
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  namespace: web\nspec:\n  selector:\n    \
             app: {name}\n  ports:\n    - name: http\n      port: 80\n      targetPort: 8080\n"
        ),
        one if one % 4 == 2 => format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: web\ndata:\n  \
             application.properties: |\n    name={name}\n    level=info\n    retries=3\n"
        ),
        _ => format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: {name}\n  namespace: web\nspec:\n  \
             rules:\n    - host: {name}.example.com\n      http:\n        paths:\n          - path: /\n            \
             pathType: Prefix\n            backend:\n              service:\n                name: {name}\n                \
             port:\n                  number: 80\n"
        ),
    }
}
