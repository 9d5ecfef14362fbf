//! In which order a sandbox's objects have to go, and why.
//!
//! What uses custom resources goes before what provides them, so that controllers are still there to
//! run finalizers; what depends on something goes before it. A Kustomization of Flux goes with all that
//! it applied, so it is one step, unless it would bring other steps back: then it is suspended first,
//! like the root, and what it applied goes one by one. A pure function of the sandbox's files: nothing
//! is asked of a cluster. Reading what each object uses and provides is in `teardown/needs.rs`.

use std::collections::BTreeSet;
use std::fmt;

use towpath_core::id::Folder;
use towpath_core::pin::{Location, ObjectRef};
use towpath_discovery::facts::{Detail, ResourceType};
use towpath_discovery::inventory::{FoundCluster, Inventory, ObjectId};

mod needs;
mod order;

use needs::{Bootstrap, Group, Node};

/// One step. Steps of one stage may run together; a stage begins when the one before it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The stage, from 1.
    pub stage: usize,
    /// What is done.
    pub verb: Verb,
    /// To what.
    pub object: ObjectRef,
    /// Why it stands there.
    pub because: Because,
    /// Where it is defined; for an object that the bootstrap made, what speaks of it.
    pub at: Location,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Stops it from applying anything.
    Suspend,
    /// Deletes it, and waits until it is gone.
    Delete,
}

impl Verb {
    /// `suspend` or `delete`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::Delete => "delete",
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a step stands where it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Because {
    /// The `FluxInstance` would start the root again.
    Operator,
    /// The root would bring back what is deleted.
    Root,
    /// It applies other steps' objects, and would bring them back.
    Parent,
    /// It uses custom resources that something still there provides.
    Uses {
        /// Which.
        types: Vec<ResourceType>,
        /// What provides them, or may: a chart does not say what it holds.
        providers: Vec<ObjectRef>,
    },
    /// Nobody here provides the custom resources that it uses.
    UsesUnknown {
        /// Which.
        types: Vec<ResourceType>,
    },
    /// It depends on these, which go later.
    DependsOn(Vec<ObjectRef>),
    /// It provides, or may provide, custom resources; what uses them went before.
    Provides {
        /// What used them.
        users: Vec<ObjectRef>,
    },
    /// These depended on it and went before.
    DependedOn(Vec<ObjectRef>),
    /// Nothing that is left needs it.
    Left,
    /// What got its files from this source went before.
    Source,
    /// A namespace takes everything in it along, so it goes last.
    Namespace,
    /// These depend on each other in a circle, so one of them has to go first: the first by name.
    Cycle(Vec<ObjectRef>),
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator => f.write_str("it would start the root again"),
            Self::Root => f.write_str("it would bring back what is deleted"),
            Self::Parent => f.write_str("it would bring back what is deleted one by one below it"),
            Self::Uses { types, providers } => {
                write!(f, "it uses {}, which {} may provide", kinds(types), list(providers))
            }
            Self::UsesUnknown { types } => {
                write!(f, "it uses {}, which nothing here is known to provide", kinds(types))
            }
            Self::DependsOn(on) => write!(f, "it depends on {}", list(on)),
            Self::Provides { users } if users.is_empty() => {
                f.write_str("it may provide custom resources, and nothing here uses them")
            }
            Self::Provides { users } => {
                write!(f, "it may provide what {} used, and that went before", list(users))
            }
            Self::DependedOn(by) => write!(f, "{} depended on it and went before", list(by)),
            Self::Left => f.write_str("nothing that is left needs it"),
            Self::Source => f.write_str("what got its files from it went before"),
            Self::Namespace => f.write_str("a namespace takes everything in it along"),
            Self::Cycle(all) => {
                write!(
                    f,
                    "{} depend on each other in a circle; the first by name goes first",
                    list(all)
                )
            }
        }
    }
}

fn list(objects: &[ObjectRef]) -> String {
    objects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn kinds(types: &[ResourceType]) -> String {
    types.iter().map(|t| format!("{}.{}", t.kind, t.group)).collect::<Vec<_>>().join(", ")
}

/// The teardown of the sandbox whose cluster has `folder`, in order. `inventory` is of the sandbox's
/// branch. Empty where the folder is no cluster's.
#[must_use]
pub fn plan(inventory: &Inventory, folder: &Folder) -> Vec<Step> {
    let Some(cluster) = inventory.clusters.iter().find(|cluster| cluster.folder == *folder) else {
        return Vec::new();
    };
    let mut steps = first(inventory, cluster);
    let roots: Vec<ObjectRef> = steps.iter().map(|step| step.object.clone()).collect();
    let Group { nodes, suspended } = needs::read(inventory, cluster, &Bootstrap { roots: &roots });
    let stage = steps.last().map_or(1, |step: &Step| step.stage + 1);
    for (object, at) in &suspended {
        let (object, at) = (object.clone(), at.clone());
        steps.push(Step { stage, verb: Verb::Suspend, object, because: Because::Parent, at });
    }
    let stage = if suspended.is_empty() { stage } else { stage + 1 };
    for placed in order::order(&nodes) {
        let Node { object, at, .. } = &nodes[placed.node];
        steps.push(Step {
            stage: stage + placed.layer,
            verb: Verb::Delete,
            object: object.clone(),
            because: placed.because,
            at: at.clone(),
        });
    }
    steps
}

/// What makes the cluster follow its folder is suspended before anything is deleted.
fn first(inventory: &Inventory, cluster: &FoundCluster) -> Vec<Step> {
    let root = cluster.root.map(|id| inventory.object(id));
    let suspend =
        |stage, object, because, at| Step { stage, verb: Verb::Suspend, object, because, at };
    let kustomization = |namespace: &str, name: &str| ObjectRef {
        kind: "Kustomization".to_owned(),
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    };
    let Some(placed) = root else {
        // The bootstrap makes it, with these names (`fluxcd/flux2:pkg/manifestgen/sync/options.go`).
        return bootstrap_place(inventory, cluster)
            .map(|at| suspend(1, kustomization("flux-system", "flux-system"), Because::Root, at))
            .into_iter()
            .collect();
    };
    let Detail::FluxInstance(instance) = &placed.object.detail else {
        return vec![suspend(1, placed.object.reference(), Because::Root, placed.at())];
    };
    let namespace = match placed.object.namespace.as_str() {
        "" => "flux-system",
        namespace => namespace,
    };
    let name = instance.sync.as_ref().and_then(|sync| sync.name.as_deref()).unwrap_or(namespace);
    vec![
        suspend(1, placed.object.reference(), Because::Operator, placed.at()),
        suspend(2, kustomization(namespace, name), Because::Root, placed.at()),
    ]
}

/// A place in the folder that speaks of the bootstrap: the kustomization that names `gotk-sync.yaml`,
/// else the first file.
fn bootstrap_place(inventory: &Inventory, cluster: &FoundCluster) -> Option<Location> {
    let files = inventory.files_below(&cluster.folder);
    let named = files.iter().find_map(|id| {
        let file = inventory.file(*id);
        let resources = &file.facts.kustomize.as_ref()?.resources;
        let entry = resources.iter().find(|entry| entry.text.ends_with(super::SYNC_FILE))?;
        Some(entry.at.in_file(&file.path))
    });
    named.or_else(|| {
        let file = inventory.file(*files.first()?).path.clone();
        Some(Location { file, line: 1, column: 1 })
    })
}

/// The objects that a set of positions names, each once, in order of name.
fn named(nodes: &[Node], positions: impl IntoIterator<Item = usize>) -> Vec<ObjectRef> {
    let set: BTreeSet<&ObjectRef> =
        positions.into_iter().map(|position| &nodes[position].object).collect();
    set.into_iter().cloned().collect()
}

/// Objects that were seen.
type Seen = BTreeSet<ObjectId>;
