//! All that a cluster is given: from its root Kustomization through every Kustomization that one creates.
//!
//! A Kustomization that cannot be rendered is a [`Trouble`], and the others go on. ConfigMaps and Secrets that the walk
//! meets supply variables to those that name them. HelmReleases stay objects, and so do sources.
//!
//! Where to go next: `walk/order.rs` puts them in order, `walk/check.rs` says what cannot work in that order.

mod check;
mod memo;
mod order;
mod trouble;
mod walked;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::generate::GenerateError;
use super::render::{self, Error, Found, Inputs, KindOfSource, RenderError, Rendered};
use super::spec::{SourceRef, Spec, SubstituteFrom};
use crate::{Identity, Object, Origin, Tree, Value};

use walked::{creates, shape};

pub use memo::{Memo, Store};
pub use trouble::{Trouble, TroubleKind};
pub use walked::Walked;

/// The group of Flux's Kustomization.
const GROUP: &str = "kustomize.toolkit.fluxcd.io";
/// The group of Flux's sources.
const SOURCES: &str = "source.toolkit.fluxcd.io";

/// Room for so many Kustomizations is there from the start: they are large to move.
const MANY: usize = 32;

/// What a Kustomization is called.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Where a walk starts.
#[derive(Debug, Clone)]
pub enum Start {
    /// A folder of the source `flux-system/flux-system`, as `flux bootstrap --path` has it. Where the folder holds the
    /// Kustomization `flux-system` itself, that one counts.
    Path(String),
    /// A Kustomization, and where it stands.
    Kustomization(Value, Origin),
}

/// The files of a source.
#[derive(Clone)]
pub enum Source<'t> {
    /// They are at hand. Two trees with one `id` hold the same files.
    Tree {
        /// What tells this tree from others: a commit, a digest.
        id: Arc<str>,
        /// The files.
        tree: Arc<dyn Tree + 't>,
    },
    /// They are not, and why, as a lower-case fragment.
    Unknown(String),
}

/// Where files and values come from that the walk does not find itself.
pub trait Sources {
    /// The files of a source; `object` is the source itself, if the walk met it.
    fn tree<'a>(&'a self, source: &SourceRef, object: Option<&Value>) -> Source<'a>;

    /// The data of a ConfigMap or Secret that the walk did not meet.
    fn variables(&self, kind: KindOfSource, namespace: &str, name: &str) -> Found {
        let _ = (kind, namespace, name);
        Found::Unknown
    }
}

/// How much of each Kustomization a walk looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Depth {
    /// All of it.
    #[default]
    Whole,
    /// What creates other Kustomizations; the rest is built and waits for [`Walked::finish`]. Only troubles of single
    /// Kustomizations are found.
    Lean,
}

/// A cluster's Kustomizations.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    /// Each one behind those that it depends on and the one that creates it.
    pub kustomizations: Vec<Walked>,
    /// What cannot work.
    pub troubles: Vec<Trouble>,
    /// The sources that were met.
    sources: BTreeMap<SourceRef, Value>,
    /// Whether the root was first built as something else than it says of itself.
    misjudged: bool,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl Id {
    fn of(kustomization: &Value) -> Self {
        let identity = Identity::of(kustomization);
        let namespace =
            if identity.namespace.is_empty() { "default".to_owned() } else { identity.namespace };
        Self { namespace, name: identity.name }
    }
}

/// Walks through a cluster. `memo` may be shared by walks with the same `inputs`, whose own variables are asked for
/// what neither the walk nor `sources` knows.
#[must_use]
pub fn walk(
    start: &Start,
    sources: &dyn Sources,
    inputs: &Inputs<'_>,
    memo: &mut Memo<'_>,
    depth: Depth,
) -> Walk {
    let mut walker = Walker {
        sources,
        inputs,
        memo,
        depth,
        walked: Vec::with_capacity(MANY),
        places: BTreeMap::new(),
        pending: Vec::new(),
        config: BTreeMap::new(),
        met: BTreeMap::new(),
        misjudged: false,
        troubles: Vec::new(),
    };
    match start {
        Start::Path(path) => walker.add(
            json!({
                "apiVersion": format!("{GROUP}/v1"),
                "kind": "Kustomization",
                "metadata": {"name": "flux-system", "namespace": "flux-system"},
                "spec": {
                    "path": path,
                    "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
                    "prune": true,
                },
            }),
            Origin { file: path.as_str().into(), line: 1, ..Origin::default() },
            None,
            true,
        ),
        Start::Kustomization(value, origin) => {
            walker.add(value.clone(), origin.clone(), None, false);
        }
    }
    while let Some(place) = walker.next() {
        walker.visit(place);
    }
    if depth == Depth::Lean && walker.needs_more() {
        return walk(start, sources, inputs, memo, Depth::Whole);
    }
    let Walker { walked, mut troubles, met, misjudged, .. } = walker;
    let order = order::order(&walked, &mut troubles);
    if depth == Depth::Whole {
        check::check(&walked, &order, &mut troubles);
    }
    let mut walked: Vec<Option<Walked>> = walked.into_iter().map(Some).collect();
    let kustomizations = order.places.iter().filter_map(|place| walked[*place].take()).collect();
    Walk { kustomizations, troubles, sources: met, misjudged }
}

/// A walk as it would be with other sources, from a lean one: none where it would lead elsewhere, because what creates
/// Kustomizations or sources changed.
#[must_use]
pub fn walk_again(
    before: &Walk,
    sources: &dyn Sources,
    inputs: &Inputs<'_>,
    memo: &mut Memo<'_>,
) -> Option<Walk> {
    let mut walk = before.clone();
    let variables_come_along = |walked: &Walked| {
        let post_build = walked.spec.as_ref().and_then(|spec| spec.post_build.as_ref());
        post_build.is_some_and(|post_build| !post_build.substitute_from.is_empty())
    };
    let may_lead_elsewhere = !before.troubles.is_empty() || before.misjudged;
    if may_lead_elsewhere || before.kustomizations.iter().any(variables_come_along) {
        return None;
    }
    for walked in &mut walk.kustomizations {
        let (spec, old) = (walked.spec.as_ref()?, walked.built.as_ref()?);
        let object = before.sources.get(&spec.source).filter(|_| walked.source_was_met);
        let Source::Tree { id, tree } = sources.tree(&spec.source, object) else { return None };
        let new = memo.build(&id, &*tree, &walked.shape, spec, inputs).ok()?;
        if Arc::ptr_eq(old, &new) {
            continue;
        }
        if creates(old) || creates(&new) {
            return None;
        }
        walked.built = Some(new);
        walked.rendered = None;
    }
    Some(walk)
}

struct Walker<'w, 'i, 'm> {
    sources: &'w dyn Sources,
    inputs: &'w Inputs<'i>,
    memo: &'w mut Memo<'m>,
    depth: Depth,
    walked: Vec<Walked>,
    places: BTreeMap<Id, usize>,
    pending: Vec<usize>,
    /// The ConfigMaps and Secrets that were met.
    config: BTreeMap<(KindOfSource, String, String), BTreeMap<String, String>>,
    /// The sources that were met.
    met: BTreeMap<SourceRef, Value>,
    misjudged: bool,
    troubles: Vec<Trouble>,
}

impl render::Sources for Walker<'_, '_, '_> {
    fn find(&self, kind: KindOfSource, namespace: &str, name: &str) -> Found {
        if let Some(values) = self.config.get(&(kind, namespace.to_owned(), name.to_owned())) {
            return Found::Values(values.clone());
        }
        match (self.sources.variables(kind, namespace, name), self.inputs.variables) {
            (Found::Unknown, Some(variables)) => variables.find(kind, namespace, name),
            (found, _) => found,
        }
    }
}

impl Walker<'_, '_, '_> {
    fn add(&mut self, kustomization: Value, origin: Origin, parent: Option<Id>, assumed: bool) {
        let id = Id::of(&kustomization);
        let spec = Spec::parse(&kustomization).map(Arc::new);
        let shape = shape(&kustomization);
        let kustomization = Arc::new(kustomization);
        if let Some(place) = self.places.get(&id) {
            // The root creates itself, and what it says of itself counts.
            let root = &mut self.walked[*place];
            if root.assumed {
                let same = root.shape == shape
                    && root.spec.as_ref().map(|spec| &spec.source)
                        == spec.as_ref().ok().map(|spec| &spec.source);
                root.assumed = false;
                root.kustomization = kustomization;
                root.shape = shape;
                root.origin = origin;
                root.spec = spec.ok();
                if !same {
                    self.misjudged = true;
                    self.pending.push(*place);
                }
            }
            return;
        }
        let place = self.walked.len();
        self.places.insert(id.clone(), place);
        let mut walked = Walked {
            id,
            kustomization,
            origin,
            parent,
            spec: None,
            built: None,
            rendered: None,
            variables: None,
            shape,
            assumed,
            source_was_met: false,
        };
        match spec {
            Ok(spec) => {
                walked.spec = Some(spec);
                self.pending.push(place);
            }
            Err(error) => {
                let kind = TroubleKind::CannotRender(error.into());
                self.troubles.push(walked.trouble(kind));
            }
        }
        self.walked.push(walked);
    }

    /// The next one to render: rather one whose variables were met, and rather one whose source was.
    fn next(&mut self) -> Option<usize> {
        let lacks = |place: &usize| {
            let walked = &self.walked[*place];
            let Some(spec) = &walked.spec else { return (false, false) };
            let from = spec.post_build.iter().flat_map(|post_build| &post_build.substitute_from);
            let mut needed = from.map(|from| {
                let kind = if from.secret { KindOfSource::Secret } else { KindOfSource::ConfigMap };
                (kind, walked.id.namespace.clone(), from.name.clone())
            });
            let variables = needed.any(|key| !self.config.contains_key(&key));
            (variables, walked.parent.is_some() && !self.met.contains_key(&spec.source))
        };
        let (at, _) = self.pending.iter().enumerate().min_by_key(|(_, place)| lacks(place))?;
        Some(self.pending.remove(at))
    }

    fn visit(&mut self, place: usize) {
        match self.render(place) {
            Ok(None) => {}
            Ok(Some(rendered)) => {
                let walked = &mut self.walked[place];
                walked.rendered = Some(Arc::clone(&rendered));
                let elsewhere = walked.spec.as_ref().is_some_and(|spec| spec.elsewhere);
                let parent = walked.id.clone();
                if !elsewhere {
                    self.meet(&rendered, &parent);
                }
            }
            Err(kind) => {
                let trouble = self.walked[place].trouble(*kind);
                self.troubles.push(trouble);
            }
        }
    }

    /// Renders one; `None` where that can wait.
    fn render(&mut self, place: usize) -> Result<Option<Arc<Rendered>>, Box<TroubleKind>> {
        let walked = &self.walked[place];
        let Some(spec) = &walked.spec else { return Ok(None) };
        let object = self.met.get(&spec.source);
        let source_was_met = object.is_some();
        let (id, tree) = match self.sources.tree(&spec.source, object) {
            Source::Tree { id, tree } => (id, tree),
            Source::Unknown(why) => {
                let source_ref = spec.source.clone();
                return Err(Box::new(TroubleKind::UnknownSource { source_ref, why }));
            }
        };
        let variables =
            render::variables(spec.post_build.as_ref(), &walked.id.namespace, Some(self))
                .map_err(cannot_render)?;
        let built = self
            .memo
            .build(&id, &*tree, &walked.shape, spec, self.inputs)
            .map_err(cannot_render)?;
        let waits = self.depth == Depth::Lean && !creates(&built);
        let rendered = if waits {
            Ok(None)
        } else {
            self.memo.finish(&built, &walked.shape, spec, variables.as_ref(), self.inputs).map(Some)
        };
        let walked = &mut self.walked[place];
        walked.built = Some(built);
        walked.source_was_met = source_was_met;
        walked.variables = variables.map(Arc::new);
        rendered.map_err(cannot_render)
    }

    /// Whether variables may come from what was left for later, if only beside what was met.
    fn needs_more(&self) -> bool {
        let named = self.walked.iter().flat_map(|walked| {
            let post_build = walked.spec.as_ref().and_then(|spec| spec.post_build.as_ref());
            post_build.into_iter().flat_map(|post_build| &post_build.substitute_from)
        });
        let kind_of = |from: &SubstituteFrom| if from.secret { "Secret" } else { "ConfigMap" };
        let named: BTreeSet<(&str, &str)> =
            named.map(|from| (kind_of(from), from.name.as_str())).collect();
        let supplies = |object: &Object| {
            let kind = object.value["kind"].as_str().unwrap_or_default();
            matches!(kind, "ConfigMap" | "Secret") && {
                let Identity { group, name, .. } = object.identity();
                let may_be = |name_of: &str| name == name_of || name.contains("${");
                group.is_empty() && named.iter().any(|(of, name_of)| *of == kind && may_be(name_of))
            }
        };
        let waiting = self.walked.iter().filter(|walked| walked.rendered.is_none());
        !named.is_empty()
            && waiting
                .filter_map(|walked| walked.built.as_ref())
                .any(|built| built.objects.iter().any(supplies))
    }

    /// Takes in what others on the walk may need.
    fn meet(&mut self, rendered: &Rendered, parent: &Id) {
        for object in &rendered.objects {
            let kind = object.value["kind"].as_str().unwrap_or_default();
            let version = object.value["apiVersion"].as_str().unwrap_or_default();
            let group = version.split_once('/').map_or("", |(group, _)| group);
            match (group, kind) {
                (GROUP, "Kustomization") => {
                    let value = Value::clone(&object.value);
                    self.add(value, object.origin.clone(), Some(parent.clone()), false);
                }
                (SOURCES, _) => {
                    let Identity { kind, namespace, name, .. } = object.identity();
                    self.met
                        .insert(SourceRef { kind, namespace, name }, Value::clone(&object.value));
                }
                ("", "ConfigMap" | "Secret") => {
                    let Identity { kind, namespace, name, .. } = object.identity();
                    let secret = kind == "Secret";
                    let kind = if secret { KindOfSource::Secret } else { KindOfSource::ConfigMap };
                    self.config.insert((kind, namespace, name), values(&object.value, secret));
                }
                _ => {}
            }
        }
    }
}

fn cannot_render(error: Error) -> Box<TroubleKind> {
    Box::new(match error.kind() {
        RenderError::Generate(GenerateError::MissingPath(path)) => {
            TroubleKind::MissingPath(path.clone())
        }
        _ => TroubleKind::CannotRender(error),
    })
}

/// The data of a ConfigMap or Secret as text. What is sealed stays so.
fn values(object: &Value, secret: bool) -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    let texts = |field: &str| {
        object[field]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
    };
    for (key, value) in texts("data") {
        let opened = if secret && !super::is_sealed(&value) {
            STANDARD.decode(&value).ok().and_then(|bytes| String::from_utf8(bytes).ok())
        } else {
            Some(value)
        };
        values.extend(opened.map(|value| (key, value)));
    }
    if secret {
        values.extend(texts("stringData"));
    }
    values
}

#[cfg(test)]
mod tests;
