//! What clusters are given, rendered: the trees that Flux's sources stand for, and a walk through each cluster.
//!
//! Rendering itself is in `towpath-render`, which knows no repository; here its trees come from commits and releases.
//! Must not decide what a difference means for a promotion. Next: `sources` for which tree a source stands
//! for, `difference` for what a change does to a cluster.

mod difference;
mod edited;
mod sources;
#[cfg(test)]
mod tests;
mod tree;

use towpath_core::path::Cluster;
use towpath_core::snapshot::Snapshot;
use towpath_render::compare::Place;
use towpath_render::flux::{self, Depth, Inputs, Memo, Start, Store, Walk};
use towpath_render::kustomize::Remotes;

use crate::ports::{Registry, Repository};
use crate::survey::Survey;

use difference::Compared;

pub use difference::{ClusterDifference, NotCompared};
pub use sources::{Named, RepositorySources};
pub use tree::{Blobs, CommitTree};

/// One state of the repository, to be rendered.
pub struct Side<'s> {
    /// What its files say.
    pub survey: &'s Survey,
    /// Which releases there are.
    pub snapshot: &'s Snapshot,
    /// Its files.
    pub base: Named<'s>,
}

/// Renders clusters, and renders once what they share.
pub struct Rendering<'r> {
    repository: Option<&'r dyn Repository>,
    registry: Option<&'r dyn Registry>,
    remotes: Option<&'r dyn Remotes>,
    memo: Memo<'r>,
    compared: Compared,
}

impl<'r> Rendering<'r> {
    /// Nothing rendered yet. `registry`: `None` stays offline. `remotes`: `None` refuses remote bases. `store`: what
    /// earlier processes built.
    #[must_use]
    pub fn new(
        repository: Option<&'r dyn Repository>,
        registry: Option<&'r dyn Registry>,
        remotes: Option<&'r dyn Remotes>,
        store: &'r dyn Store,
    ) -> Self {
        Self { repository, registry, remotes, memo: Memo::with(store), compared: Compared::new() }
    }

    /// The sources of a side, to be kept for all of its clusters.
    #[must_use]
    pub fn sources<'s>(&self, side: &Side<'s>) -> RepositorySources<'s>
    where
        'r: 's,
    {
        RepositorySources::new(
            side.base.clone(),
            side.survey,
            side.snapshot,
            self.repository,
            self.registry,
        )
    }

    /// All that one cluster is given.
    #[must_use]
    pub fn cluster(&mut self, sources: &RepositorySources<'_>, cluster: &Cluster) -> Walk {
        self.walk(sources, cluster, Depth::Whole)
    }

    fn walk(&mut self, sources: &RepositorySources<'_>, cluster: &Cluster, depth: Depth) -> Walk {
        let start = Start::Path(cluster.folder.as_str().to_owned());
        flux::walk(&start, sources, &self.inputs(), &mut self.memo, depth)
    }

    fn inputs(&self) -> Inputs<'r> {
        Inputs { remotes: self.remotes, ..Inputs::default() }
    }

    /// How two states of a cluster differ, or two clusters of which one stands for the other. A side that is missing
    /// has nothing.
    #[must_use]
    pub fn difference(
        &mut self,
        place: &Place,
        old: Option<(&RepositorySources<'_>, &Cluster)>,
        new: Option<(&RepositorySources<'_>, &Cluster)>,
    ) -> ClusterDifference {
        let same_folder = old.zip(new).is_some_and(|((_, a), (_, b))| a.folder == b.folder);
        let old = old.map(|(sources, cluster)| self.walk(sources, cluster, Depth::Lean));
        let inputs = self.inputs();
        let new = new.map(|(sources, cluster)| {
            let again = old
                .as_ref()
                .filter(|_| same_folder)
                .and_then(|old| flux::walk_again(old, sources, &inputs, &mut self.memo));
            again.unwrap_or_else(|| self.walk(sources, cluster, Depth::Lean))
        });
        let (old, new) = (old.as_ref(), new.as_ref());
        let difference =
            difference::difference(place, old, new, &mut self.memo, &mut self.compared);
        for walk in old.into_iter().chain(new) {
            self.memo.forget_roots(walk);
        }
        difference
    }
}
