//! From clusters to the path: components, environments, their order, and every pin.
//!
//! [`Resolved`] is what the rest of Towpath decides with. What `towpath.yaml` states wins over what
//! is inferred; stating all that was inferred changes nothing. Each inference says why, as a typed
//! reason that `towpath init` puts into comments. Must not judge: rules are in `towpath-check`.

use towpath_core::id::{BranchName, ClusterName, ComponentName, EnvironmentName, Folder};
use towpath_core::path::Path;
use towpath_core::pin::{Location, Pin};
use towpath_core::tracking::Tracking;

use crate::inventory::FoundBy;

/// The path of a repository and the pins along it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The path.
    pub path: Path,
    /// Every pin: environments in the order of the path, then clusters, then components.
    pub pins: Vec<Pin>,
    /// How each environment follows each of its components, in the order of `pins`.
    pub tracked: Vec<Tracked>,
    /// Clusters of one environment that follow a component differently.
    pub disagreements: Vec<Disagreement>,
    /// Why the path is as it is.
    pub why: Why,
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
        /// Its URL as written.
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
