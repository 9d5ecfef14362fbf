//! Reads the files of a commit on all cores. What is read is kept for the rendering that follows.
//!
//! The engine's `read_commit` says the same on one core; this is for where thousands of files are read.

use std::collections::BTreeMap;

use rayon::prelude::*;
use towpath_api::path_file;
use towpath_core::id::RepoPath;
use towpath_discovery::facts;
use towpath_engine::rendered::CommitTree;
use towpath_engine::survey::{FactsStore as _, Files, add_content};

use super::cache::Cache;
use super::failure::Failure;

/// What the files of a commit say.
pub(crate) fn read(tree: &CommitTree<'_>, cache: &Cache) -> Result<Files, Failure> {
    let mut by_content: BTreeMap<&str, Vec<RepoPath>> = BTreeMap::new();
    for (path, blob) in tree.below("") {
        if facts::is_relevant(path) {
            by_content.entry(blob).or_default().push(RepoPath::parse(path)?);
        }
    }
    let path_file = tree.content(path_file::FILE_NAME);
    tree.read_all(by_content.keys().copied().chain(path_file))?;
    let mut files = Files::default();
    if let Some(blob) = path_file {
        files.path_file = Some(tree.bytes(blob)?.to_vec());
    }
    let parts: Vec<Result<Files, Failure>> = by_content
        .into_par_iter()
        .map(|(blob, paths)| {
            let mut part = Files::default();
            let mut unknown = Vec::new();
            for path in paths {
                match cache.get(blob, path.file_name()) {
                    Some(known) => {
                        part.facts.insert(path, known);
                    }
                    None => unknown.push(path),
                }
            }
            if !unknown.is_empty() {
                let keep = |name: &str, facts: &_| cache.put(blob, name, facts);
                add_content(&mut part, &tree.bytes(blob)?, unknown, keep);
            }
            Ok(part)
        })
        .collect();
    for part in parts {
        let part = part?;
        files.facts.extend(part.facts);
        files.unreadable.extend(part.unreadable);
    }
    Ok(files)
}
