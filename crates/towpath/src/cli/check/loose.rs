//! The files of a state that are not objects of clusters: those that no cluster is given, and charts.
//!
//! Objects that no cluster is given are judged by who they are and by what they give away, as they may be parts of others.
//! Must not render anything.

use std::borrow::Cow;
use std::path::PathBuf;

use rayon::prelude::*;
use towpath_check::chart::Chart;
use towpath_check::{judge, read};
use towpath_core::finding::Finding;
use towpath_core::id::RepoPath;
use towpath_engine::judged::Judged;
use towpath_engine::rendered::CommitTree;

use super::super::failure::Failure;
use super::super::session::Session;
use super::super::work_tree;
use super::Question;

/// The manifests of a state, by what they are read with.
pub(super) enum Files<'t> {
    /// On disk.
    Here(Vec<(RepoPath, PathBuf)>),
    /// In a commit.
    Commit(&'t CommitTree<'t>, Vec<(RepoPath, &'t str)>),
}

impl<'t> Files<'t> {
    /// Those of the work tree.
    pub(super) fn here(session: &Session) -> Result<Self, Failure> {
        let listed = work_tree::manifests(&session.root)?.into_iter();
        let named = listed.map(|(name, disk)| Ok((RepoPath::parse(&name)?, disk)));
        Ok(Self::Here(named.collect::<Result<_, Failure>>()?))
    }

    /// Those of a commit.
    pub(super) fn of(tree: &'t CommitTree<'t>) -> Result<Self, Failure> {
        let listed = tree.below("").iter().filter(|(path, _)| read::is_manifest(path));
        let named = listed.map(|(path, blob)| Ok((RepoPath::parse(path)?, blob.as_str())));
        let named = named.collect::<Result<Vec<_>, Failure>>()?;
        tree.read_all(named.iter().map(|(_, blob)| *blob))?;
        Ok(Self::Commit(tree, named))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        match self {
            Self::Here(files) => files.len(),
            Self::Commit(_, files) => files.len(),
        }
    }

    fn path(&self, number: usize) -> &RepoPath {
        match self {
            Self::Here(files) => &files[number].0,
            Self::Commit(_, files) => &files[number].0,
        }
    }

    fn bytes(&self, number: usize) -> Result<Cow<'_, [u8]>, Failure> {
        match self {
            Self::Here(files) => {
                let (path, disk) = &files[number];
                std::fs::read(disk)
                    .map(Cow::Owned)
                    .map_err(|e| Failure::new(format!("{path} cannot be read")).because(e))
            }
            Self::Commit(tree, files) => Ok(Cow::Owned(tree.bytes(files[number].1)?.to_vec())),
        }
    }

    /// The charts among them. What cannot be read is told by discovery.
    pub(super) fn charts(&self) -> Result<Vec<Chart>, Failure> {
        let mut found = Vec::new();
        for number in 0..self.count() {
            let path = self.path(number);
            if Chart::is_file(path.as_str()) {
                found.extend(Chart::parse(path, &self.bytes(number)?).unwrap_or_default());
            }
        }
        Ok(found)
    }

    /// How many objects no cluster is given, and what is wrong with them.
    pub(super) fn judged(
        &self,
        question: &Question,
        state: &Judged,
    ) -> Result<(usize, Vec<Finding>), Failure> {
        let loose = (0..self.count()).into_par_iter();
        let loose = loose.filter(|number| !state.files.contains(self.path(*number)));
        let each = loose.map(|number| {
            // What cannot be read is told by discovery, which knows whether a cluster needs it.
            let Ok(subjects) = read::subjects(self.path(number), &self.bytes(number)?) else {
                return Ok((0, Vec::new()));
            };
            let (held, mut findings) = read::held(&subjects);
            let parts = subjects.iter();
            findings
                .extend(parts.flat_map(|part| judge::part(&question.chosen, part, &state.given)));
            let heads = held.iter();
            findings
                .extend(heads.flat_map(|head| judge::head(&question.chosen, head, &state.given)));
            Ok((subjects.len() + held.len(), findings))
        });
        let all: Vec<(usize, Vec<Finding>)> = each.collect::<Result<_, Failure>>()?;
        let objects = all.iter().map(|(objects, _)| objects).sum();
        Ok((objects, all.into_iter().flat_map(|(_, findings)| findings).collect()))
    }
}
