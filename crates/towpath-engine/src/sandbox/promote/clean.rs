//! Taking out of a merge what belongs to the sandbox: its folder, files of a bootstrap, references to
//! its branch. A pure function of files.

use std::collections::BTreeMap;

use towpath_core::id::{BranchName, CommitId, Folder, RepoPath};
use towpath_core::pin::Location;
use towpath_core::record::Sandbox;
use towpath_discovery::facts::{Detail, Field, FileFacts, Object, SourceKind, facts, is_relevant};

use super::super::clone::decides;
use super::super::edit::{New, rewrite};
use super::super::{SYNC_FILE, entries};
use super::{LeftOut, LeftOutWhy, PromoteError};
use crate::ports::{FileMode, Repository, RepositoryError, TreeChange};

/// What is taken out of a merge, and against what.
pub(super) struct Cleaning<'a> {
    /// What the trunk has at the paths of the merge.
    pub(super) before: Contents,
    pub(super) trunk: &'a BranchName,
    pub(super) folder: &'a Folder,
    pub(super) sandbox: &'a Sandbox,
}

/// Files of a commit.
pub(super) type Contents = BTreeMap<RepoPath, (FileMode, Vec<u8>)>;

/// What a commit has at the paths of some changes, read at once.
pub(super) fn contents(
    repository: &dyn Repository,
    commit: &CommitId,
    changes: &[TreeChange],
) -> Result<Contents, RepositoryError> {
    let tree = entries(repository, commit)?;
    let found: Vec<_> = changes.iter().filter_map(|c| tree.get_key_value(path_of(c))).collect();
    let names: Vec<String> = found.iter().map(|(_, (_, blob))| blob.clone()).collect();
    let blobs = repository.blobs(&names)?;
    let files = found.into_iter().zip(blobs);
    Ok(files.map(|((path, (mode, _)), bytes)| (path.clone(), (*mode, bytes))).collect())
}

/// The path that a change touches.
pub(super) fn path_of(change: &TreeChange) -> &RepoPath {
    match change {
        TreeChange::Put { path, .. } | TreeChange::Remove { path } => path,
    }
}

#[derive(Default)]
pub(super) struct Cleaned {
    pub(super) changes: Vec<TreeChange>,
    pub(super) left_out: Vec<LeftOut>,
    pub(super) mentions: Vec<Location>,
}

impl Cleaning<'_> {
    pub(super) fn clean(&self, changes: Vec<TreeChange>) -> Result<Cleaned, PromoteError> {
        let mut out = Cleaned::default();
        for change in changes {
            let path = path_of(&change).clone();
            if self.folder.contains(path.as_str()) || self.folder.as_str() == path.as_str() {
                out.left_out.push(LeftOut { path, why: LeftOutWhy::Folder });
                continue;
            }
            let TreeChange::Put { mode, bytes, .. } = change else {
                out.changes.push(change);
                continue;
            };
            if path.file_name() == SYNC_FILE && !self.before.contains_key(&path) {
                out.left_out.push(LeftOut { path, why: LeftOutWhy::SyncFile });
                continue;
            }
            let bytes = match mode {
                FileMode::Regular | FileMode::Executable => {
                    self.without_references(&path, bytes, &mut out.left_out)?
                }
                FileMode::Symlink | FileMode::Submodule => bytes,
            };
            if self.before.get(&path).is_some_and(|(m, b)| *m == mode && *b == bytes) {
                continue;
            }
            out.mentions.extend(self.mentions(&path, &bytes));
            out.changes.push(TreeChange::Put { path, mode, bytes });
        }
        out.changes.sort_by(|a, b| path_of(a).cmp(path_of(b)));
        Ok(out)
    }

    /// The file with every reference to the sandbox's branch as the trunk has it.
    fn without_references(
        &self,
        path: &RepoPath,
        bytes: Vec<u8>,
        left_out: &mut Vec<LeftOut>,
    ) -> Result<Vec<u8>, PromoteError> {
        let branch = self.sandbox.branch.as_str();
        if !is_relevant(path.as_str()) || !holds(&bytes, branch) {
            return Ok(bytes);
        }
        let merged = facts(path, &bytes)
            .map_err(|source| PromoteError::Unreadable { report: source.report(&bytes), source })?;
        // What the trunk's file cannot say is put back by the trunk's name.
        let before = match self.before.get(path) {
            Some((_, bytes)) => facts(path, bytes).unwrap_or_default(),
            None => FileFacts::default(),
        };
        let mut fields = Vec::new();
        let mut objects = Vec::new();
        for object in &merged.objects {
            let Some((field, prefix)) = follows(object, branch) else { continue };
            let old = before.objects.iter().find(|old| same_object(old, object));
            let new = match old.and_then(reference) {
                Some(old) if !names_branch(old, branch) && !old.shared => New::Written(old.clone()),
                _ => New::Value(format!("{prefix}{}", self.trunk)),
            };
            fields.push((field, new));
            objects.push(object);
        }
        if fields.is_empty() {
            return Ok(bytes);
        }
        let (bytes, written) = rewrite(path, &bytes, &fields)?;
        for (((field, _), object), new) in fields.iter().zip(objects).zip(written) {
            let (object, line, old) = (object.reference(), field.key.line, field.written.clone());
            let why = LeftOutWhy::Reference { object, line, old, new };
            left_out.push(LeftOut { path: path.clone(), why });
        }
        Ok(bytes)
    }

    /// The lines that name the sandbox's branch or folder and are not on the trunk.
    fn mentions(&self, path: &RepoPath, bytes: &[u8]) -> Vec<Location> {
        let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
        let words = [self.sandbox.branch.as_str(), self.folder.as_str()];
        let mut found = Vec::new();
        for (line, content) in (1..).zip(text.lines()) {
            if let Some(at) = words.iter().find_map(|word| content.find(word)) {
                let before = content[..at].chars().count();
                let column = u32::try_from(before + 1).unwrap_or(u32::MAX);
                found.push(Location { file: path.clone(), line, column });
            }
        }
        found
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn same_object(a: &Object, b: &Object) -> bool {
    a.kind == b.kind && a.namespace == b.namespace && a.name == b.name && a.group() == b.group()
}

/// The field that says what an object follows.
fn reference(object: &Object) -> Option<&Field> {
    match &object.detail {
        Detail::Source(source) => decides(source.kind, &source.reference),
        Detail::FluxInstance(instance) => instance.sync.as_ref()?.reference.as_ref(),
        _ => None,
    }
}

/// The field by which an object follows the branch, and what stands before the branch's name in it.
/// A field that does not decide counts too: it would once another is removed.
fn follows<'a>(object: &'a Object, branch: &str) -> Option<(&'a Field, &'static str)> {
    let field = match &object.detail {
        Detail::Source(source) if source.kind == SourceKind::GitRepository => {
            let fields = [&source.reference.branch, &source.reference.name];
            fields.into_iter().flatten().find(|field| names_branch(field, branch))?
        }
        Detail::FluxInstance(instance) => instance.sync.as_ref()?.reference.as_ref()?,
        _ => return None,
    };
    if !names_branch(field, branch) {
        return None;
    }
    let prefix = if field.value.starts_with("refs/heads/") { "refs/heads/" } else { "" };
    Some((field, prefix))
}

fn names_branch(field: &Field, branch: &str) -> bool {
    field.value == branch || field.value.strip_prefix("refs/heads/") == Some(branch)
}
