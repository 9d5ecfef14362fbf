//! Files of a commit in memory: changes to them, and the merge of three trees, whole files only.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use towpath_core::id::RepoPath;
use towpath_engine::ports::{FileMode, Merge, RepositoryError, TreeChange};

use super::fail;

pub(super) type Tree = BTreeMap<RepoPath, File>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) mode: FileMode,
    pub(super) blob: String,
    pub(super) bytes: Arc<[u8]>,
}

/// All files of a commit, shared by the commits that change none.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) tree: Tree,
    /// Equal names, equal files.
    pub(super) name: String,
}

impl Files {
    /// These files with changes made.
    pub(super) fn changed(
        base: Arc<Self>,
        changes: &[TreeChange],
    ) -> Result<Arc<Self>, RepositoryError> {
        if changes.is_empty() {
            return Ok(base);
        }
        let mut tree = base.tree.clone();
        for change in changes {
            apply(&mut tree, change)?;
        }
        // Only what is new can clash with something.
        if tree.keys().any(|path| !base.tree.contains_key(path)) {
            refuse_case_clashes(&names(&base.tree), &tree)?;
        }
        let mut listed = String::new();
        for (path, file) in &tree {
            listed.push_str(&format!("{:?} {} {path}\n", file.mode, file.blob));
        }
        Ok(Arc::new(Self { tree, name: hex(&Sha256::digest(listed)) }))
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_file(tree: &Tree, path: &str) -> bool {
    tree.keys().any(|other| other.as_str() == path)
}

fn below(tree: &Tree, path: &RepoPath) -> Vec<RepoPath> {
    let prefix = format!("{path}/");
    tree.keys().filter(|other| other.as_str().starts_with(&prefix)).cloned().collect()
}

fn names(tree: &Tree) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in tree.keys() {
        names.insert(path.to_string());
        let mut folder = path.parent();
        while !folder.is_root() {
            names.insert(folder.as_str().to_owned());
            folder = folder.parent();
        }
    }
    names
}

fn apply(tree: &mut Tree, change: &TreeChange) -> Result<(), RepositoryError> {
    match change {
        TreeChange::Put { path, mode, bytes } => {
            if *mode == FileMode::Submodule {
                return fail(format!("{path} would be a submodule"));
            }
            if !below(tree, path).is_empty() {
                return fail(format!("{path} is a folder"));
            }
            let mut folder = path.parent();
            while !folder.is_root() {
                if is_file(tree, folder.as_str()) {
                    return fail(format!("{path} would be inside of a file"));
                }
                folder = folder.parent();
            }
            let mut hash = Sha256::new_with_prefix(format!("blob {}\0", bytes.len()));
            hash.update(bytes);
            let blob = hex(&hash.finalize());
            tree.insert(path.clone(), File { mode: *mode, blob, bytes: bytes.as_slice().into() });
        }
        TreeChange::Remove { path } => {
            let gone = below(tree, path);
            if tree.remove(path).is_none() && gone.is_empty() {
                return fail(format!("{path} is to be removed and is not there"));
            }
            tree.retain(|other, _| !gone.contains(other));
        }
    }
    Ok(())
}

fn refuse_case_clashes(before: &BTreeSet<String>, after: &Tree) -> Result<(), RepositoryError> {
    let after = names(after);
    for new in after.difference(before) {
        let folded = new.to_lowercase();
        if let Some(other) = after.iter().find(|n| *n != new && n.to_lowercase() == folded) {
            return fail(format!("{new} differs from {other} only in case"));
        }
    }
    Ok(())
}

/// Takes their changes since `base` into ours, as changes to ours.
pub(super) fn merge(base: &Tree, ours: &Tree, theirs: &Tree) -> Merge {
    let mut merged = ours.clone();
    let mut conflicts = BTreeSet::new();
    let paths: BTreeSet<&RepoPath> = base.keys().chain(theirs.keys()).collect();
    for path in paths {
        let (base, our, their) = (base.get(path), ours.get(path), theirs.get(path));
        if their == base || their == our {
            continue;
        }
        if our != base {
            conflicts.insert(path.to_string());
            continue;
        }
        match their {
            Some(file) => merged.insert(path.clone(), file.clone()),
            None => merged.remove(path),
        };
    }
    for path in merged.keys().filter(|path| !below(&merged, path).is_empty()) {
        conflicts.insert(path.to_string());
    }
    let changed =
        |path: &&RepoPath| ours.get(path) != merged.get(path) && !conflicts.contains(path.as_str());
    let removed = ours.keys().filter(|path| !merged.contains_key(path)).filter(changed);
    let removed = removed.map(|path| TreeChange::Remove { path: path.clone() });
    let put = merged.iter().filter(|(path, _)| changed(path)).map(|(path, file)| TreeChange::Put {
        path: path.clone(),
        mode: file.mode,
        bytes: file.bytes.to_vec(),
    });
    Merge { changes: removed.chain(put).collect(), conflicts: conflicts.iter().cloned().collect() }
}
