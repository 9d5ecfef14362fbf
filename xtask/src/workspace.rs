//! Where the repository is and what is in it: root, crates, files, Cargo itself.
//!
//! Nothing here judges. [`crate::arch`] and [`crate::tidy`] do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{DependencyKind, Message, Metadata, MetadataCommand};

use crate::run;

/// One crate of the workspace and what its manifest lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// Name of the package.
    pub(crate) name: String,
    /// Folder, relative to the root, with `/` between its parts.
    pub(crate) folder: String,
    /// Names of direct dependencies for use (normal and build), ours and others'.
    pub(crate) uses: BTreeSet<String>,
    /// Names of direct dependencies for tests only.
    pub(crate) tests_use: BTreeSet<String>,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map(Path::to_path_buf).unwrap_or(here)
}

/// The Cargo that runs us, in the root of the repository.
///
/// What Cargo said to us about ourselves is taken out again. Build scripts of dependencies look at it, so they, and all
/// that links them, would be built once for each way of calling Cargo, every time that the way changes.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    let of_ourselves = |name: &str| {
        ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.starts_with(prefix))
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(of_ourselves) {
            command.env_remove(name);
        }
    }
    command
}

/// What Cargo says of the workspace's own manifests. Needs no network and resolves nothing.
pub(crate) fn metadata() -> Result<Metadata> {
    MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .context("cannot read the workspace's manifests")
}

/// The crates of the workspace in the order of their names.
pub(crate) fn members() -> Result<Vec<Member>> {
    let metadata = metadata()?;
    let mut members = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| {
            let folder = package
                .manifest_path
                .parent()
                .and_then(|folder| folder.strip_prefix(&metadata.workspace_root).ok())
                .with_context(|| format!("{} is outside the workspace", package.manifest_path))?;
            let of_kind = |for_tests: bool| {
                package
                    .dependencies
                    .iter()
                    .filter(|one| (one.kind == DependencyKind::Development) == for_tests)
                    .map(|one| one.name.clone())
                    .collect()
            };
            Ok(Member {
                name: package.name.to_string(),
                folder: folder.as_str().replace('\\', "/"),
                uses: of_kind(false),
                tests_use: of_kind(true),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    members.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(members)
}

/// Builds the binary as users run it (`release`) or as tests do, and says where it is.
pub(crate) fn towpath(release: bool) -> Result<PathBuf> {
    // With ourselves among the chosen packages Cargo unites features as it did to build us, so that nothing is built
    // a second time.
    let mut what = vec!["--package", "towpath", "--package", "xtask", "--bin", "towpath"];
    if release {
        what.push("--release");
    }
    built(&what)
}

/// Builds one program and says where it is.
pub(crate) fn built(what: &[&str]) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--quiet", "--message-format", "json-render-diagnostics"]).args(what);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo build")?;
    ensure!(output.status.success(), "cannot build {}", what.join(" "));
    Message::parse_stream(output.stdout.as_slice())
        .filter_map(|message| match message.ok()? {
            Message::CompilerArtifact(artifact) => artifact.executable,
            _ => None,
        })
        .last()
        .map(PathBuf::from)
        .context("cargo built no program")
}

/// Every file that Git tracks or would track, relative to the root, in the order of their names.
pub(crate) fn files() -> Result<Vec<String>> {
    let listed = run::output(Command::new("git").current_dir(root()).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    let mut files: Vec<String> =
        listed.split('\0').filter(|file| !file.is_empty()).map(str::to_owned).collect();
    // A file that was removed but not yet from the index is listed still.
    files.retain(|file| root().join(file).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}
