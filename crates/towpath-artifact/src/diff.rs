//! What changed between two artifacts, file by file.
//!
//! Contents are compared, never compressed bytes: two tools that pack the same files give different layers, and
//! the difference means nothing to a cluster. What a change means is for others to say.

use std::collections::BTreeSet;

use crate::read::{Contents, Entry};

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Its path.
    pub path: String,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Its length before, in bytes; nothing if it was not there.
    pub old_len: Option<usize>,
    /// Its length after, in bytes; nothing if it is gone.
    pub new_len: Option<usize>,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// Its bytes differ.
    Modified,
    /// Its bytes are the same; one of the two is executable.
    Mode,
}

/// The files that differ, by path. Of the modes only the executable bit counts, because it is all that
/// source-controller keeps; folders do not count at all.
pub fn diff(old: &Contents, new: &Contents) -> Vec<FileChange> {
    let paths: BTreeSet<&String> = old.files.keys().chain(new.files.keys()).collect();
    paths
        .into_iter()
        .filter_map(|path| {
            let (before, after) = (old.files.get(path), new.files.get(path));
            let kind = change(before, after)?;
            let [old_len, new_len] =
                [before, after].map(|entry| entry.map(|entry| entry.bytes.len()));
            Some(FileChange { path: path.clone(), kind, old_len, new_len })
        })
        .collect()
}

fn change(before: Option<&Entry>, after: Option<&Entry>) -> Option<ChangeKind> {
    match (before, after) {
        (None, None) => None,
        (None, Some(_)) => Some(ChangeKind::Added),
        (Some(_), None) => Some(ChangeKind::Removed),
        (Some(before), Some(after)) if before.bytes != after.bytes => Some(ChangeKind::Modified),
        (Some(before), Some(after)) => {
            (before.is_executable() != after.is_executable()).then_some(ChangeKind::Mode)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(files: &[(&str, &str, u32)]) -> Contents {
        let entry = |text: &str, mode| Entry { bytes: text.as_bytes().to_vec(), mode };
        let files = files.iter().map(|(path, text, mode)| ((*path).to_owned(), entry(text, *mode)));
        Contents { files: files.collect(), ..Contents::default() }
    }

    #[test]
    fn every_kind_of_change_is_told() {
        let old = contents(&[
            ("a", "1", 0o644),
            ("b", "22", 0o644),
            ("c", "3", 0o644),
            ("d", "4", 0o600),
        ]);
        let new = contents(&[
            ("b", "222", 0o755),
            ("c", "3", 0o755),
            ("d", "4", 0o664),
            ("e", "", 0o644),
        ]);
        let changes: Vec<_> =
            diff(&old, &new).into_iter().map(|c| (c.path, c.kind, c.old_len, c.new_len)).collect();
        assert_eq!(
            changes,
            [
                ("a".to_owned(), ChangeKind::Removed, Some(1), None),
                ("b".to_owned(), ChangeKind::Modified, Some(2), Some(3)),
                ("c".to_owned(), ChangeKind::Mode, Some(1), Some(1)),
                ("e".to_owned(), ChangeKind::Added, None, Some(0)),
            ]
        );
        assert_eq!(diff(&old, &old), []);
    }
}
