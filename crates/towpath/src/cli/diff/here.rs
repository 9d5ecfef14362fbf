//! The repository at hand, for sides that are more than files: its survey, its releases, and other states of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use towpath_core::id::CommitId;
use towpath_core::path::{Cluster, Component, Environment, Path as ChangePath};
use towpath_core::snapshot::Snapshot;
use towpath_core::version::Version;
use towpath_engine::rendered::{
    Blobs, ClusterDifference, CommitTree, Named, Rendering, RepositorySources, Side,
};
use towpath_engine::survey::{Survey, survey};
use towpath_render::compare::Place;
use towpath_render::flux::Walk;

use super::super::commit_files;
use super::super::failure::Failure;
use super::super::session::Session;
use super::between::each;

/// The repository as it is in the folder, or as a commit has it.
pub(super) struct Here<'s> {
    pub(super) session: &'s Session,
    pub(super) survey: Arc<Survey>,
    /// States that were read already.
    known: Vec<State<'s>>,
    pub(super) snapshot: Snapshot,
    /// Contents that states have in common are read once.
    blobs: Option<Arc<Blobs<'s>>>,
    /// Whether anything but files had a say.
    asked_beyond: AtomicBool,
}

/// One state of the repository, with its files.
#[derive(Clone)]
pub(super) struct State<'s> {
    pub(super) survey: Arc<Survey>,
    pub(super) base: Named<'s>,
}

impl<'s> Here<'s> {
    /// `commits`: the two sides, where the question is of nothing else. Then the later one stands for the repository
    /// instead of the folder.
    pub(super) fn new(
        session: &'s Session,
        commits: Option<&(CommitId, CommitId)>,
    ) -> Result<Self, Failure> {
        let blobs = session.repository().map(|repository| Arc::new(Blobs::of(repository)));
        let (survey, known) = match (commits, &blobs) {
            (Some((was, is)), Some(blobs)) => {
                let known = both(session, blobs, was, is)?;
                (Arc::clone(&known[1].survey), Vec::from(known))
            }
            _ => (Arc::new(session.survey_here()?), Vec::new()),
        };
        let snapshot = session.unchecked_snapshot_here(&survey)?;
        let asked_beyond = AtomicBool::new(false);
        Ok(Self { session, survey, known, snapshot, blobs, asked_beyond })
    }

    pub(super) fn path(&self) -> &ChangePath {
        &self.survey.resolved.path
    }

    /// The repository as a commit has it.
    pub(super) fn at(&self, commit: &CommitId) -> Result<State<'s>, Failure> {
        let Some(blobs) = &self.blobs else {
            return Err(Failure::new("this folder is in no Git repository"));
        };
        if let Some(known) = self.known.iter().find(|known| *known.base.id == *commit.as_str()) {
            return Ok(known.clone());
        }
        let tree = CommitTree::new(Arc::clone(blobs), commit)?;
        let survey = survey(commit_files::read(&tree, &self.session.cache)?)?;
        Ok(State::new(commit, tree, survey))
    }

    /// The repository as it is in the folder.
    pub(super) fn here(&self) -> Result<State<'s>, Failure> {
        Ok(State { survey: Arc::clone(&self.survey), base: self.session.base_here()? })
    }

    /// Whether all that [`Here::states`] said is a function of the files of its states.
    pub(super) fn is_of_files_alone(&self) -> bool {
        !self.asked_beyond.load(Ordering::Relaxed) && !self.session.remotes().were_asked()
    }

    pub(super) fn rendering(&self) -> Rendering<'_> {
        self.session.rendering()
    }

    pub(super) fn sources<'a>(&'a self, state: &'a State<'a>) -> RepositorySources<'a> {
        let side =
            Side { survey: &state.survey, snapshot: &self.snapshot, base: state.base.clone() };
        self.rendering().sources(&side)
    }

    /// One cluster as it is in the folder.
    pub(super) fn cluster(&self, cluster: &Cluster) -> Result<Walk, Failure> {
        let state = self.here()?;
        Ok(self.rendering().cluster(&self.sources(&state), cluster))
    }

    /// Every cluster in two states of the repository.
    pub(super) fn states(&self, old: &State<'_>, new: &State<'_>) -> Vec<ClusterDifference> {
        let (was, is) = (self.sources(old), self.sources(new));
        let differences = self.pairs(&was, &is, &clusters(&old.survey), &clusters(&new.survey));
        if !was.is_of_files_alone() || !is.is_of_files_alone() {
            self.asked_beyond.store(true, Ordering::Relaxed);
        }
        differences
    }

    /// Every cluster with one release of a component, and with another one.
    pub(super) fn releases(
        &self,
        component: &Component,
        old: &Version,
        new: &Version,
    ) -> Result<Vec<ClusterDifference>, Failure> {
        let state = self.here()?;
        let with = |version: &Version| {
            let mut sources = self.sources(&state);
            sources.instead = BTreeMap::from([(component.name.to_string(), version.clone())]);
            sources
        };
        let (was, is) = (with(old), with(new));
        let clusters = clusters(&state.survey);
        Ok(self.pairs(&was, &is, &clusters, &clusters))
    }

    fn pairs(
        &self,
        was: &RepositorySources<'_>,
        is: &RepositorySources<'_>,
        old: &BTreeMap<(String, String), Cluster>,
        new: &BTreeMap<(String, String), Cluster>,
    ) -> Vec<ClusterDifference> {
        let mut names: Vec<&(String, String)> = old.keys().chain(new.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let one = |rendering: &mut Rendering<'_>, name: &(String, String)| {
            let place = Place {
                environment: name.0.clone(),
                cluster: name.1.clone(),
                kustomization: String::new(),
            };
            let old = old.get(name).map(|cluster| (was, cluster));
            let new = new.get(name).map(|cluster| (is, cluster));
            rendering.difference(&place, old, new)
        };
        each(names, || self.rendering(), one)
    }
}

/// Two commits, of which most is the same: what the one says is known of the other.
fn both<'s>(
    session: &Session,
    blobs: &Arc<Blobs<'s>>,
    was: &CommitId,
    is: &CommitId,
) -> Result<[State<'s>; 2], Failure> {
    let tree = |commit| CommitTree::new(Arc::clone(blobs), commit);
    let (old, new) = rayon::join(|| tree(was), || tree(is));
    let (old, new) = (old?, new?);
    let of_new = commit_files::read(&new, &session.cache)?;
    let (of_new, of_old) = rayon::join(
        || survey(of_new),
        || Ok::<_, Failure>(survey(commit_files::read(&old, &session.cache)?)?),
    );
    Ok([State::new(was, old, of_old?), State::new(is, new, of_new?)])
}

impl<'s> State<'s> {
    fn new(commit: &CommitId, tree: CommitTree<'s>, survey: Survey) -> Self {
        let base = Named { id: commit.as_str().into(), tree: Arc::new(tree) };
        Self { survey: Arc::new(survey), base }
    }
}

/// The clusters of a state by environment and name.
fn clusters(survey: &Survey) -> BTreeMap<(String, String), Cluster> {
    let of = |environment: &Environment| {
        let name = environment.name.to_string();
        let clusters = environment.clusters.clone();
        clusters
            .into_iter()
            .map(move |cluster| ((name.clone(), cluster.name.to_string()), cluster))
            .collect::<Vec<_>>()
    };
    survey.resolved.path.environments().iter().flat_map(of).collect()
}
