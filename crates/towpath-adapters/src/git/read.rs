//! References, and what Git knows about commits and files without opening them.

use std::collections::BTreeSet;
use std::path::Path;

use towpath_core::id::{BranchName, CommitId};
use towpath_engine::ports::{Head, RepositoryError};

use super::{Git, error};

pub(super) const UNSHALLOW: &str = "this clone is shallow: git fetch --unshallow";

/// A commit's name as Git printed it.
pub(super) fn commit_id(text: &[u8]) -> Result<CommitId, RepositoryError> {
    let text = String::from_utf8_lossy(text);
    CommitId::parse(text.trim_end_matches('\n')).map_err(|source| RepositoryError {
        message: "git answered with something that is no commit".to_owned(),
        hint: None,
        source: Some(source.into()),
    })
}

pub(super) fn head(git: &Git) -> Result<Head, RepositoryError> {
    Ok(Head { branch: current_branch(git)?, commit: resolve(git, "HEAD")? })
}

/// The branch that `HEAD` names; `None` when it is detached.
pub(super) fn current_branch(git: &Git) -> Result<Option<BranchName>, RepositoryError> {
    let what = "cannot read HEAD";
    let symbolic = git.program.call(["symbolic-ref", "--quiet", "HEAD"]).finish(what)?;
    let branch = match symbolic.status.code() {
        Some(0) => {
            let name = String::from_utf8_lossy(&symbolic.stdout);
            match name.trim_end_matches('\n').strip_prefix("refs/heads/") {
                Some(name) => Some(BranchName::parse(name).map_err(|source| RepositoryError {
                    message: what.to_owned(),
                    hint: None,
                    source: Some(source.into()),
                })?),
                None => None,
            }
        }
        Some(1) => None,
        _ => return Err(error::failure(what, &symbolic.stderr)),
    };
    Ok(branch)
}

/// The references below the patterns: full name, object, and for a symbolic one what it names.
fn references(
    git: &Git,
    patterns: &[&str],
) -> Result<Vec<(String, CommitId, bool)>, RepositoryError> {
    let what = "cannot read the references";
    let listed = git
        .program
        .call(["for-each-ref", "--format=%(refname)%00%(objectname)%00%(symref)", "--"])
        .args(patterns)
        .run(what)?;
    let mut references = Vec::new();
    for line in listed.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let mut fields = line.split(|b| *b == 0);
        let (Some(name), Some(object), Some(symbolic)) =
            (fields.next(), fields.next(), fields.next())
        else {
            return Err(error::refusal(format!("{what}: an answer that makes no sense"), None));
        };
        // A name that is no UTF-8 can be no branch of ours, and nothing of ours can ask for it.
        if let Ok(name) = std::str::from_utf8(name) {
            references.push((name.to_owned(), commit_id(object)?, !symbolic.is_empty()));
        }
    }
    Ok(references)
}

/// Where one reference is, by its full name.
pub(super) fn reference(git: &Git, name: &str) -> Result<Option<CommitId>, RepositoryError> {
    // A pattern also takes in what is below it.
    let found = references(git, &[name])?.into_iter().find(|(found, ..)| found == name);
    Ok(found.map(|(_, commit, _)| commit))
}

pub(super) fn branches(git: &Git) -> Result<Vec<(BranchName, CommitId)>, RepositoryError> {
    let mut all = std::collections::BTreeMap::new();
    for (name, commit, _) in references(git, &["refs/heads/"])? {
        // Git allows a few names that `BranchName` does not (`a./b`); nothing of ours can ask for them.
        if let Some(Ok(branch)) = name.strip_prefix("refs/heads/").map(BranchName::parse) {
            all.insert(branch, commit);
        }
    }
    if let Some(remote) = &git.remote {
        let below = format!("refs/remotes/{remote}/");
        for (name, commit, symbolic) in references(git, &[&below])? {
            if symbolic {
                continue;
            }
            if let Some(Ok(branch)) = name.strip_prefix(&below).map(BranchName::parse) {
                all.insert(branch, commit);
            }
        }
    }
    Ok(all.into_iter().collect())
}

pub(super) fn tags(git: &Git) -> Result<Vec<(String, CommitId)>, RepositoryError> {
    let what = "cannot read the tags";
    let listed = git
        .program
        .call([
            "for-each-ref",
            "--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)",
            "refs/tags/",
        ])
        .run(what)?;
    let mut tags = Vec::new();
    for line in String::from_utf8_lossy(&listed).lines() {
        let fields: Vec<&str> = line.split('\0').collect();
        let [name, kind, object, peeled_kind, peeled] = fields.as_slice() else {
            return Err(error::refusal(format!("{what}: an answer that makes no sense"), None));
        };
        let commit = match (*kind, *peeled_kind) {
            ("commit", _) => Some(commit_id(object.as_bytes())?),
            ("tag", "commit") => Some(commit_id(peeled.as_bytes())?),
            // Before 2.45 Git peels one layer only.
            ("tag", "tag") => resolve(git, object)?,
            _ => None,
        };
        let short = name.strip_prefix("refs/tags/").unwrap_or(name);
        tags.extend(commit.map(|commit| (short.to_owned(), commit)));
    }
    Ok(tags)
}

pub(super) fn resolve(git: &Git, revision: &str) -> Result<Option<CommitId>, RepositoryError> {
    // What would be an option, or no argument at all, is no revision.
    if revision.is_empty() || revision.starts_with('-') || revision.contains('\0') {
        return Ok(None);
    }
    let what = format!("cannot resolve `{revision}`");
    let wanted = format!("{revision}^{{commit}}");
    let output =
        git.program.call(["rev-parse", "--verify", "--quiet", wanted.as_str()]).finish(&what)?;
    match output.status.code() {
        Some(0) => Ok(Some(commit_id(&output.stdout)?)),
        Some(1) => Ok(None),
        _ => Err(error::failure(what, &output.stderr)),
    }
}

/// The commits at which a shallow clone is cut; empty for a whole one.
pub(super) fn shallow_cuts(git: &Git) -> Result<BTreeSet<String>, RepositoryError> {
    match std::fs::read_to_string(git.common_dir.join("shallow")) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(source) => {
            Err(super::command::cannot_run("cannot tell whether the clone is shallow", source))
        }
    }
}

pub(super) fn is_ancestor(
    git: &Git,
    ancestor: &CommitId,
    of: &CommitId,
) -> Result<bool, RepositoryError> {
    let what = format!("cannot tell whether {} is an ancestor of {}", ancestor.short(), of.short());
    let output = git
        .program
        .call(["merge-base", "--is-ancestor", ancestor.as_str(), of.as_str()])
        .finish(&what)?;
    let no = match output.status.code() {
        Some(0) => return Ok(true),
        Some(1) => true,
        _ => resolve(git, of.as_str())?.is_some() && resolve(git, ancestor.as_str())?.is_none(),
    };
    if !no {
        return Err(error::failure(what, &output.stderr));
    }
    if shallow_cuts(git)?.is_empty() {
        return Ok(false);
    }
    Err(error::refusal(format!("{what}: the history is cut here"), Some(UNSHALLOW)))
}

/// What differs from `HEAD` in a work tree; a renamed file is two paths.
pub(super) fn dirty(
    git: &Git,
    folder: &Path,
    untracked: &str,
) -> Result<Vec<String>, RepositoryError> {
    let what = format!("cannot read the state of the work tree {}", folder.display());
    let untracked = format!("--untracked-files={untracked}");
    let listed = git
        .program
        .call(["status", "--porcelain=v2", "-z", "--no-renames", "--no-ahead-behind", &untracked])
        .dir(folder)
        .run(&what)?;
    let mut paths = BTreeSet::new();
    for record in listed.split(|b| *b == 0).filter(|record| !record.is_empty()) {
        let record = String::from_utf8_lossy(record);
        // The path is what is left after the fields that every record of its kind has.
        let fields = match record.as_bytes()[0] {
            b'1' => 8,
            b'u' => 10,
            b'?' => 1,
            _ => continue,
        };
        paths.extend(record.splitn(fields + 1, ' ').nth(fields).map(str::to_owned));
    }
    Ok(paths.into_iter().collect())
}
