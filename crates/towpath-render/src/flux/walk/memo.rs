//! What was rendered already: by other walks, of other trees, or by a process that has ended.
//!
//! A render has two halves. What a folder builds to depends on files alone and is shared by all clusters, by all trees
//! that give the build the same answers, and through [`Store`] by later processes. Variables are of one cluster.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::render::{self, Error, Inputs, Rendered};
use super::super::spec::Spec;
use super::super::substitute::{Strictness, Variables};
use super::Walk;
use crate::kustomize::{RemoteUrl, Remotes};
use crate::traced::{Traced, holds};
use crate::{Trace, Tree};

/// Where builds are kept beyond a process. Losing it costs time and nothing else.
pub trait Store: Sync {
    /// The build that was kept last under a key, with what it asked its tree.
    fn get(&self, key: &str) -> Option<(Trace, Rendered)>;
    /// Keeps a build.
    fn put(&self, key: &str, trace: &Trace, built: &Rendered);
}

/// What was rendered already, for walks through clusters that share folders.
#[derive(Default)]
pub struct Memo<'m> {
    store: Option<&'m dyn Store>,
    /// By the shape of the spec, then by the tree's id.
    of_tree: BTreeMap<Arc<str>, Vec<(Arc<str>, Answer)>>,
    /// By the shape of the spec: builds of whatever tree, with what they asked it.
    traced: BTreeMap<Arc<str>, Vec<(Trace, Arc<Rendered>)>>,
    /// By the build, the shape of the spec and the variables. The build is kept with it, so that its address stays its own.
    finished: BTreeMap<FinishedKey, (Arc<Rendered>, Answer)>,
    builds: usize,
}

/// What came of rendering.
type Answer = Result<Arc<Rendered>, Error>;

/// A build is told from others by its address.
type FinishedKey = (usize, Arc<str>, Option<Variables>, Strictness);

impl<'m> Memo<'m> {
    /// Nothing rendered yet by this process, and builds of earlier ones at hand.
    #[must_use]
    pub fn with(store: &'m dyn Store) -> Self {
        Self { store: Some(store), ..Self::default() }
    }

    /// How many folders were really built.
    #[must_use]
    pub fn builds(&self) -> usize {
        self.builds
    }

    /// Gives up what the folders of a walk's roots built to: no other cluster has them. A fleet's would fill the memory.
    pub fn forget_roots(&mut self, walk: &Walk) {
        for root in walk.kustomizations.iter().filter(|walked| walked.parent.is_none()) {
            self.traced.remove(&root.shape);
            self.of_tree.remove(&root.shape);
        }
    }

    /// What the folder of a spec builds to in the tree `id`. `shape` is all of the spec that counts.
    pub(super) fn build(
        &mut self,
        id: &Arc<str>,
        tree: &dyn Tree,
        shape: &Arc<str>,
        spec: &Spec,
        inputs: &Inputs<'_>,
    ) -> Result<Arc<Rendered>, Error> {
        let mut known = self.of_tree.get(shape).into_iter().flatten();
        if let Some((_, built)) = known.find(|(known, _)| known == id) {
            return built.clone();
        }
        let built = self.build_anew(tree, shape, spec, inputs);
        self.of_tree.entry(Arc::clone(shape)).or_default().push((Arc::clone(id), built.clone()));
        built
    }

    fn build_anew(
        &mut self,
        tree: &dyn Tree,
        shape: &Arc<str>,
        spec: &Spec,
        inputs: &Inputs<'_>,
    ) -> Result<Arc<Rendered>, Error> {
        let known = self.traced.entry(Arc::clone(shape)).or_default();
        if let Some((_, built)) = known.iter().find(|(trace, _)| holds(tree, trace)) {
            return Ok(Arc::clone(built));
        }
        if let Some((trace, built)) = self.store.and_then(|store| store.get(shape))
            && holds(tree, &trace)
        {
            let built = Arc::new(built);
            known.push((trace, Arc::clone(&built)));
            return Ok(built);
        }
        let traced = Traced::new(tree);
        let noted = inputs.remotes.map(|remotes| Noted { remotes, moving: AtomicBool::new(false) });
        let remotes = noted.as_ref().map(|noted| noted as &dyn Remotes);
        self.builds += 1;
        let built = Arc::new(render::build(&traced, spec, &Inputs { remotes, ..*inputs })?);
        let moving = noted.is_some_and(|noted| noted.moving.load(Ordering::Relaxed));
        if let Some(trace) = traced.trace().filter(|_| !moving) {
            if let Some(store) = self.store {
                store.put(shape, &trace, &built);
            }
            known.push((trace, Arc::clone(&built)));
        }
        Ok(built)
    }

    /// A build with its variables in place.
    pub(super) fn finish(
        &mut self,
        built: &Arc<Rendered>,
        shape: &Arc<str>,
        spec: &Spec,
        variables: Option<&Variables>,
        inputs: &Inputs<'_>,
    ) -> Result<Arc<Rendered>, Error> {
        if render::is_finished(built, spec, variables) {
            return Ok(Arc::clone(built));
        }
        let address = Arc::as_ptr(built) as usize;
        let key = (address, Arc::clone(shape), variables.cloned(), inputs.strictness);
        if let Some((_, known)) = self.finished.get(&key) {
            return known.clone();
        }
        let finished =
            render::finish(Rendered::clone(built), spec, variables, inputs).map(Arc::new);
        self.finished.insert(key, (Arc::clone(built), finished.clone()));
        finished
    }
}

/// Remote trees, and whether one was asked for that may be another tomorrow. What a commit holds stays as it is; what
/// a branch or tag holds is not among the answers of a trace.
struct Noted<'r> {
    remotes: &'r dyn Remotes,
    moving: AtomicBool,
}

impl Remotes for Noted<'_> {
    fn tree(&self, url: &RemoteUrl) -> Result<Arc<dyn Tree + Send + Sync>, String> {
        if !url.is_pinned() {
            self.moving.store(true, Ordering::Relaxed);
        }
        self.remotes.tree(url)
    }
}
