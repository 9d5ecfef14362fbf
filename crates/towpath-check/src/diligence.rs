//! What a new component brings and needs, before anybody depends on it.
//!
//! [`diligence`] looks at the component's own objects beside those of the path: what it adds, what it requires, where it
//! could not run, and what of it is there already. What a chart brings is seen only where somebody rendered it; where
//! nobody did, that is told. Must not judge whether the component is wanted.
//!
//! Next: `diligence/adds.rs`, `diligence/powers.rs` for roles, `diligence/needs.rs`, `diligence/verdict.rs` for where it
//! cannot run, `diligence/words.rs` for the text.

mod adds;
mod charts;
mod needs;
mod powers;
mod present;
mod verdict;
mod view;
mod words;

use towpath_catalog::{Minor, Stability};
use towpath_core::id::EnvironmentName;
use towpath_core::pin::{Location, ObjectRef};

use crate::given::Given;
use crate::subject::Subject;

pub use verdict::{CannotRun, Reason};
pub use words::{maturity, text};

/// The Kubernetes that a chart says it runs on: `kubeVersion` of its `Chart.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChartKubernetes {
    /// The chart.
    pub chart: String,
    /// The range, as written.
    pub range: String,
}

/// What is known of a component before it is let in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diligence {
    /// What it adds.
    pub adds: Adds,
    /// What it requires.
    pub requires: Requires,
    /// The environments that could not run it, or may not, in the order of the path.
    pub cannot_run: Vec<CannotRun>,
    /// What of it is in the path already.
    pub present: Vec<Present>,
    /// What could not be seen: a fragment each, to stand after `not seen:`.
    pub not_seen: Vec<String>,
}

/// What a component adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adds {
    /// Definitions of custom resources, by name.
    pub definitions: Vec<AddedDefinition>,
    /// API groups that it serves, by name.
    pub groups: Vec<AddedGroup>,
    /// Admission webhooks.
    pub webhooks: Vec<AddedWebhook>,
    /// Powers over the cluster that it gives, by role.
    pub roles: Vec<AddedRole>,
    /// Pods with powers over their node.
    pub pods: Vec<AddedPods>,
    /// Namespaces, by name.
    pub namespaces: Vec<String>,
    /// Charts and how exactly they are said.
    pub charts: Vec<AddedChart>,
    /// Images, by name.
    pub images: Vec<AddedImage>,
}

/// A definition that a component adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedDefinition {
    /// `scaledobjects.keda.sh`.
    pub name: String,
    /// `keda.sh`.
    pub group: String,
    /// `ScaledObject`.
    pub kind: String,
    /// Whether its objects lie in no namespace.
    pub cluster_wide: bool,
    /// The versions, in the order of the file.
    pub versions: Vec<AddedVersion>,
    /// Where it begins.
    pub at: Location,
}

/// A version of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedVersion {
    /// `v1alpha1`.
    pub name: String,
    /// How far it has come.
    pub stability: Stability,
    /// Whether it can be used.
    pub served: bool,
    /// Whether objects are stored in it.
    pub stored: bool,
    /// Whether it is announced to go.
    pub deprecated: bool,
}

/// An API group that a component serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedGroup {
    /// `keda.sh`.
    pub name: String,
    /// How far the version of it has come that has come furthest.
    pub stability: Stability,
    /// Whether a server of the component answers for it, and not the API server.
    pub aggregated: bool,
}

/// An admission webhook that a component adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedWebhook {
    /// The object that holds it.
    pub configuration: ObjectRef,
    /// Its name.
    pub name: String,
    /// Whether requests are refused while it does not answer.
    pub blocks: bool,
    /// Whether it changes objects.
    pub mutates: bool,
    /// Whether it is asked of every namespace, that of the system included.
    pub every_namespace: bool,
    /// What it is asked of: `pods`, `apps/deployments`, `*/*`.
    pub resources: Vec<String>,
    /// Where its configuration begins.
    pub at: Location,
}

/// Powers over the cluster that a component gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedRole {
    /// The role.
    pub role: String,
    /// Whether the role is of the component; else one that is there is given to somebody.
    pub own: bool,
    /// Where the component gives it.
    pub given: RoleGiven,
    /// To whom: `ServiceAccount keda/keda-operator`.
    pub to: Vec<String>,
    /// What it allows that is dangerous; empty where it is nothing of note.
    pub powers: Vec<String>,
    /// Where the role begins, or the binding of a role that is there.
    pub at: Location,
}

/// Where a role is given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleGiven {
    /// In the whole cluster.
    Cluster,
    /// In these namespaces.
    Namespaces(Vec<String>),
    /// To whoever has this role: it is aggregated into it.
    Into(String),
    /// To nobody by the component.
    Nowhere,
}

/// Pods with powers over the node that they run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedPods {
    /// What makes them.
    pub object: ObjectRef,
    /// The powers: `privileged container`, `network of the node`.
    pub powers: Vec<&'static str>,
    /// Where it begins.
    pub at: Location,
}

/// A chart that a component installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedChart {
    /// The release.
    pub release: ObjectRef,
    /// The chart: `keda`, or the source that it is, `OCIRepository keda/keda`.
    pub chart: String,
    /// The version or the reference as written; empty where nothing is said.
    pub version: String,
    /// How exactly that says which content it is.
    pub says: Exactness,
    /// Where the release begins.
    pub at: Location,
}

/// How exactly something says which content is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exactness {
    /// One content for ever: a digest or a commit.
    Content,
    /// One version or tag.
    Exact,
    /// New patches are taken by themselves.
    Patch,
    /// New minors are taken by themselves.
    Minor,
    /// New majors are taken by themselves, or whatever a name that moves means.
    Open,
    /// It is not known.
    Unknown,
}

impl Exactness {
    /// Its name in JSON: how far it moves by itself.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Exact => "exact",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Open => "open",
            Self::Unknown => "unknown",
        }
    }

    /// In words: `an exact version`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Content => "exact content",
            Self::Exact => "an exact version",
            Self::Patch => "takes new patches",
            Self::Minor => "takes new minors",
            Self::Open => "takes anything new",
            Self::Unknown => "not known",
        }
    }
}

/// An image that a component runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddedImage {
    /// As written.
    pub image: String,
    /// How exactly that says which content it is.
    pub says: Exactness,
}

/// What a component requires.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requires {
    /// The first Kubernetes with all that it uses, and the kinds that make it so. `None`: any will do.
    pub from: Option<(Minor, Vec<String>)>,
    /// The first Kubernetes without something that it uses, and those kinds.
    pub below: Option<(Minor, Vec<String>)>,
    /// What its charts say of Kubernetes.
    pub charts: Vec<ChartKubernetes>,
    /// Kinds that it uses and does not define.
    pub kinds: Vec<NeededKind>,
    /// Namespaces that it uses and does not bring.
    pub namespaces: Vec<Needed<String>>,
    /// Objects that it names and does not bring: sources, values, what it depends on.
    pub objects: Vec<Needed<ObjectRef>>,
}

/// A kind that a component uses and does not define.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeededKind {
    /// `cert-manager.io/v1`.
    pub api_version: String,
    /// `Certificate`.
    pub kind: String,
    /// Where the path defines it, if something that is seen does.
    pub defined_at: Option<Location>,
    /// An object that is of it.
    pub used_by: ObjectRef,
}

/// Something that a component needs to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needed<T> {
    /// What.
    pub what: T,
    /// Who needs it.
    pub used_by: ObjectRef,
    /// The environments in which nothing that is seen brings it, in the order of the path.
    pub missing_in: Vec<EnvironmentName>,
    /// Whether nothing that is seen brings it anywhere.
    pub missing: bool,
}

/// Something of a component that the path has already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// What.
    pub what: PresentWhat,
    /// Where it is there.
    pub at: Location,
    /// The environments that have it, in the order of the path.
    pub environments: Vec<EnvironmentName>,
}

/// What the path has already.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PresentWhat {
    /// A definition of the same kind.
    Definition {
        /// Its name there.
        name: String,
        /// Its versions there.
        versions: Vec<String>,
    },
    /// Another release of the same chart.
    Chart {
        /// The chart.
        chart: String,
        /// The release there.
        release: ObjectRef,
    },
    /// The same object.
    Object(ObjectRef),
    /// Another class that is the default, as one of the component is.
    Default {
        /// The class there.
        there: ObjectRef,
        /// That of the component.
        own: String,
    },
}

impl PresentWhat {
    /// Its name in JSON.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Definition { .. } => "definition",
            Self::Chart { .. } => "chart",
            Self::Object(_) => "object",
            Self::Default { .. } => "default",
        }
    }

    /// The name of the definition or the chart, or the object.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Definition { name, .. } => name.clone(),
            Self::Chart { chart, .. } => chart.clone(),
            Self::Object(object) | Self::Default { there: object, .. } => object.to_string(),
        }
    }
}

/// What a component brings and needs.
///
/// `component`: its objects, from a file, a folder, or as a Kustomization renders them. `charts`: what is known of its
/// charts. `given`: the path; objects of it that stand in the component's own files are taken for the component itself.
#[must_use]
pub fn diligence(component: &[Subject], charts: &[ChartKubernetes], given: &Given) -> Diligence {
    let view = view::View::new(component, given);
    Diligence {
        adds: adds::adds(&view),
        requires: needs::requires(&view, charts),
        cannot_run: verdict::cannot_run(&view, charts),
        present: present::present(&view),
        not_seen: view.not_seen(),
    }
}
