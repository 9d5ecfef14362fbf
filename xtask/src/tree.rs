//! Folders of files for conformance and benchmarks: copied, and committed as a Git repository.
//!
//! Only below temporary folders. The user's own Git configuration has no say, so that what is made is the same
//! everywhere.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Copies the files below `from` to the new folder `to`.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            // Not `fs::copy`: a recording may be read-only, its copy must not be.
            fs::write(&target, fs::read(entry.path())?)
                .with_context(|| format!("cannot write {}", target.display()))?;
        }
    }
    Ok(())
}

/// Makes the folder a Git repository with one commit of everything, on `main`.
pub(crate) fn commit(folder: &Path) -> Result<()> {
    git(folder, &["init", "--quiet", "--initial-branch", "main"])?;
    commit_more(folder)
}

/// One more commit of everything in the repository.
pub(crate) fn commit_more(folder: &Path) -> Result<()> {
    git(folder, &["add", "--all"])?;
    git(folder, &["commit", "--quiet", "--message", "as recorded"])
}

/// Packs the objects, as a clone has them.
pub(crate) fn pack(folder: &Path) -> Result<()> {
    git(folder, &["repack", "-a", "-d", "--quiet"])
}

/// Removes a branch, or does nothing where there is none.
pub(crate) fn delete_branch(folder: &Path, branch: &str) -> Result<()> {
    git(folder, &["update-ref", "-d", &format!("refs/heads/{branch}")])
}

/// Lets the command, and every Git below it, act for a person of our own and without the user's configuration.
pub(crate) fn as_nobody(command: &mut Command) {
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null").envs(
        ["AUTHOR", "COMMITTER"].into_iter().flat_map(|who| {
            [
                (format!("GIT_{who}_NAME"), "Towpath"),
                (format!("GIT_{who}_EMAIL"), "towpath@example.com"),
                (format!("GIT_{who}_DATE"), "2026-01-01T00:00:00Z"),
            ]
        }),
    );
}

fn git(folder: &Path, args: &[&str]) -> Result<()> {
    let mut command = Command::new("git");
    command.current_dir(folder).args(args).stdin(Stdio::null());
    as_nobody(&mut command);
    let status = command.status().context("cannot run git")?;
    ensure!(status.success(), "git {} ended with {status}", args.join(" "));
    Ok(())
}
