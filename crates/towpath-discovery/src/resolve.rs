//! From clusters to the path: components, environments, their order, and every pin.
//!
//! [`Resolved`] is what the rest of Towpath decides with. What `towpath.yaml` states wins over what
//! is inferred; stating all that was inferred changes nothing. Each inference says why, as a typed
//! reason that `towpath init` puts into comments. Must not judge: rules are in `towpath-check`.

use std::collections::BTreeMap;
use std::sync::Arc;

use towpath_core::id::{BranchName, ClusterName, ComponentName, EnvironmentName, Folder};
use towpath_core::path::{Path, PathError};
use towpath_core::pin::{Location, Pin};
use towpath_core::stated::Stated;
use towpath_core::tracking::Tracking;

use crate::facts::FactsError;
use crate::inventory::{FoundBy, FoundCluster, Inventory};

mod candidates;
mod components;
mod environments;
mod naming;
mod order;
mod reading;
mod tracked;

pub use self::naming::says_sandbox;

/// The path of a repository and the pins along it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The path.
    pub path: Path,
    /// Every cluster with what it is given, in the order of the path.
    pub clusters: Vec<ClusterOnPath>,
    /// Every pin: environments in the order of the path, then clusters, then components.
    pub pins: Vec<Pin>,
    /// How each environment follows each of its components, in the order of `pins`.
    pub tracked: Vec<Tracked>,
    /// Clusters of one environment that follow a component differently.
    pub disagreements: Vec<Disagreement>,
    /// Why the path is as it is.
    pub why: Why,
}

/// A cluster and its place on the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterOnPath {
    /// Its name.
    pub name: ClusterName,
    /// The environment it belongs to.
    pub environment: EnvironmentName,
    /// What it is given.
    pub found: Arc<FoundCluster>,
}

/// How an environment follows a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// The environment.
    pub environment: EnvironmentName,
    /// The component.
    pub component: ComponentName,
    /// What most of its clusters have; of equals the one of the first cluster.
    pub tracking: Tracking,
    /// Where that stands, on the first cluster that has it.
    pub at: Location,
    /// Where the files come from, on that cluster.
    pub origin: Origin,
    /// The positions of its pins in [`Resolved::pins`].
    pub pins: Vec<usize>,
}

/// Where an environment gets a component from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// This very repository, over Git.
    ThisRepository,
    /// Another Git repository.
    Git {
        /// Its URL, without credentials.
        url: String,
    },
    /// An OCI repository.
    Oci {
        /// Its URL, with `oci://`.
        url: String,
    },
    /// A chart of a Helm repository.
    Helm {
        /// The repository's URL; empty where the repository does not define it.
        url: String,
        /// The chart.
        chart: String,
    },
    /// A Kratix Promise, which holds its own version.
    Promise,
}

/// Clusters of one environment that follow a component differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The environment.
    pub environment: EnvironmentName,
    /// The component.
    pub component: ComponentName,
    /// Every value, with the clusters that have it; the most common first.
    pub values: Vec<(Tracking, Vec<ClusterName>)>,
}

/// Why the path is as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// Why the trunk is what it is.
    pub trunk: TrunkReason,
    /// Components, in the order of the path.
    pub components: Vec<ComponentWhy>,
    /// Environments, in the order of the path.
    pub environments: Vec<EnvironmentWhy>,
}

/// Why a branch is the trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrunkReason {
    /// `towpath.yaml` says so.
    Stated,
    /// So many clusters are synchronised from it.
    Synced {
        /// How many.
        clusters: usize,
        /// Out of how many that name a branch.
        of: usize,
    },
    /// No cluster names a branch.
    Default,
}

/// A component, and why it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentWhy {
    /// Which.
    pub name: ComponentName,
    /// What made it a component.
    pub reason: ComponentReason,
    /// What to write under `pins` to state it: each is `name`, `namespace/name` or
    /// `Kind/namespace/name`.
    pub pins: Vec<String>,
    /// How many clusters have it.
    pub clusters: usize,
}

/// What makes a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComponentReason {
    /// `towpath.yaml` says so.
    Stated,
    /// Sources of this name.
    Source,
    /// HelmReleases of this name.
    HelmRelease,
    /// Promises of this name.
    Promise,
    /// Clusters that get everything from their own source.
    Repository,
}

/// An environment, and why it is one and stands where it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentWhy {
    /// Which.
    pub name: EnvironmentName,
    /// What made it an environment.
    pub reason: EnvironmentReason,
    /// What put it in its place.
    pub order: OrderReason,
    /// What showed each of its clusters.
    pub clusters: Vec<(ClusterName, Folder, FoundBy)>,
}

/// What makes an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvironmentReason {
    /// `towpath.yaml` says so.
    Stated,
    /// A well-known word in the names of its clusters' folders.
    Word(&'static str),
    /// The folder its clusters stand in, or their common name.
    Folder,
    /// It is a sandbox, and why.
    Sandbox(SandboxReason),
}

/// Why an environment is a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SandboxReason {
    /// Its name says so.
    Name,
    /// It is a clone without `gotk-sync.yaml`, or with one that was copied.
    Clone,
    /// No source leads to its folder, unlike other clusters' folders.
    Unreached,
    /// It is synchronised from this branch, other clusters from the trunk.
    Branch(BranchName),
}

/// What puts an environment in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderReason {
    /// `towpath.yaml` says so.
    Stated,
    /// Its well-known name.
    Name,
    /// Its tracking policy: branch, then range, then exact.
    Policy,
    /// A sandbox is outside the order.
    Sandbox,
}

/// Why what is stated and what is there make no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// A stated cluster's folder is not there or holds nothing.
    #[error(
        "cluster {cluster} of environment {environment} has the folder {folder}, which holds nothing"
    )]
    EmptyCluster {
        /// The cluster.
        cluster: ClusterName,
        /// Its environment.
        environment: EnvironmentName,
        /// The folder.
        folder: Folder,
    },
    /// A stated environment lists no clusters, and no folder has its name.
    #[error(
        "environment {0} has no clusters: none are stated and no cluster's folder has its name"
    )]
    NoClusters(EnvironmentName),
    /// Two stated clusters have one folder.
    #[error("clusters {first} and {second} have the same folder {folder}")]
    SharedFolder {
        /// The one.
        first: ClusterName,
        /// The other.
        second: ClusterName,
        /// The folder of both.
        folder: Folder,
    },
    /// A file of a stated cluster or component cannot be read.
    #[error("a file of {of} cannot be read")]
    Unreadable {
        /// The cluster or component, with the word for it.
        of: String,
        /// The file and its fault.
        #[source]
        source: FactsError,
    },
    /// What is stated and inferred contradicts itself.
    #[error("the path contradicts itself")]
    Path(#[source] PathError),
}

impl ResolveError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::EmptyCluster { .. } => {
                "correct `folder` in towpath.yaml, or remove the cluster from it"
            }
            Self::NoClusters(_) => {
                "list its `clusters` in towpath.yaml, or remove the environment from it"
            }
            Self::SharedFolder { .. } => "give each cluster in towpath.yaml a folder of its own",
            Self::Unreadable { .. } => "mend the file",
            Self::Path(_) => "correct towpath.yaml",
        }
    }
}

/// Joins what the repository shows with what `towpath.yaml` states; what is stated wins.
///
/// Deterministic, and linear in clusters and pins but for sorting.
///
/// # Errors
/// [`ResolveError`] where something stated is not there, or where no order fits what is stated.
pub fn resolve(inventory: &Inventory, stated: &Stated) -> Result<Resolved, ResolveError> {
    let (trunk, trunk_reason) = trunk(inventory, stated);
    let (found, mut drafts) = environments::drafts(inventory, stated, &trunk)?;
    environments::must_be_readable(inventory, stated)?;
    let refs: Vec<&FoundCluster> = found.iter().map(|cluster| &**cluster).collect();
    let components = components::components(inventory, &refs, stated);

    let policies = tracked::policies(&drafts, &components);
    let environments = order::arrange(&mut drafts, &policies);
    let names: Vec<ComponentName> = components.list.iter().map(|c| c.name.clone()).collect();
    let path = Path::new(trunk, components.list, environments).map_err(ResolveError::Path)?;

    let mut by_name: BTreeMap<EnvironmentName, environments::Draft<'_>> =
        drafts.into_iter().map(|draft| (draft.name.clone(), draft)).collect();
    let drafts: Vec<environments::Draft<'_>> =
        path.environments().iter().filter_map(|e| by_name.remove(&e.name)).collect();
    let clusters = drafts.iter().flat_map(|draft| draft.on_path(&found)).collect();
    let (pins, tracked, disagreements) = tracked::pins(&drafts, &names, components.pins);
    let why = Why {
        trunk: trunk_reason,
        components: components.why,
        environments: drafts.iter().map(|draft| draft.why(&found)).collect(),
    };
    Ok(Resolved { path, clusters, pins, tracked, disagreements, why })
}

/// The branch that most clusters are synchronised from.
fn trunk(inventory: &Inventory, stated: &Stated) -> (BranchName, TrunkReason) {
    if let Some(trunk) = &stated.trunk {
        return (trunk.clone(), TrunkReason::Stated);
    }
    let mut counts: BTreeMap<BranchName, usize> = BTreeMap::new();
    for cluster in &inventory.clusters {
        let branch = cluster.sync.as_ref().and_then(|sync| sync.branch.as_deref());
        if let Some(branch) = branch.and_then(|b| BranchName::parse(b).ok()) {
            *counts.entry(branch).or_default() += 1;
        }
    }
    let of = counts.values().sum();
    let usual = |branch: &BranchName| match branch.as_str() {
        "main" => 2,
        "master" => 1,
        _ => 0,
    };
    let most = counts.into_iter().max_by_key(|(branch, count)| (*count, usual(branch)));
    match most {
        Some((branch, clusters)) => (branch, TrunkReason::Synced { clusters, of }),
        None => {
            let main = BranchName::parse("main").expect("`main` is a branch name");
            (main, TrunkReason::Default)
        }
    }
}
