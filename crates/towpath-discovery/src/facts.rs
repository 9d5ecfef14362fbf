//! What one YAML file says of Flux and Kubernetes, small enough to keep for every file of a fleet.
//!
//! [`FileFacts`] is a value: equal bytes under an equal file name give equal facts, so the edge may
//! store them under the hash of the bytes with [`FACTS_VERSION`] and skip the parse. Facts must not
//! judge, follow a reference or know of another file. Next: [`crate::inventory`], which joins the
//! facts of all files.

use serde::{Deserialize, Serialize};
use towpath_core::id::RepoPath;
use towpath_core::pin::{Location, ObjectRef};

mod read;
mod relevant;

pub use read::facts;
pub use relevant::is_relevant;

/// The version of [`FileFacts`] in a cache. It changes whenever the types or what is read into them
/// change; facts stored under another version are worth nothing.
pub const FACTS_VERSION: u32 = 1;

/// Why a file has no facts: it is not YAML that Kubernetes tools would read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot read {file}")]
pub struct FactsError {
    /// The file.
    pub file: RepoPath,
    /// What is wrong with it, and where.
    #[source]
    pub source: towpath_yaml::Error,
}

impl FactsError {
    /// Where the fault stands.
    #[must_use]
    pub fn at(&self) -> Location {
        let (line, column) = (self.source.line(), self.source.column());
        Location { file: self.file.clone(), line, column }
    }

    /// The fault as a person wants to see it: file, line, column and the line itself. `source` is
    /// the content of the file.
    #[must_use]
    pub fn report(&self, source: &[u8]) -> String {
        self.source.report(self.file.as_str(), source)
    }
}

/// What one file says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FileFacts {
    /// The Kubernetes objects, in the order of the file; the items of a `List` stand in its place.
    pub objects: Vec<Object>,
    /// What the file tells kustomize, where its name makes it a kustomization.
    pub kustomize: Option<KustomizeFile>,
}

impl FileFacts {
    /// Whether the file holds anything that is meant for Kubernetes or kustomize.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.kustomize.is_none()
    }
}

/// A place in the file: line and column from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mark {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Mark {
    /// The place in `file`.
    #[must_use]
    pub fn in_file(self, file: &RepoPath) -> Location {
        Location { file: file.clone(), line: self.line, column: self.column }
    }
}

/// A Kubernetes object: who it is, and for the kinds that carry a change what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// `apiVersion` as written.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// `metadata.namespace`; empty where it is left out.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
    /// Where the object begins.
    pub at: Mark,
    /// What it says, for the kinds that discovery reads.
    pub detail: Detail,
}

impl Object {
    /// The group of `apiVersion`; empty for Kubernetes' core group.
    #[must_use]
    pub fn group(&self) -> &str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The object by kind and name.
    #[must_use]
    pub fn reference(&self) -> ObjectRef {
        ObjectRef {
            kind: self.kind.clone(),
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

/// What an object of a known kind says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Detail {
    /// Only its identity is known.
    None,
    /// A source of Flux.
    Source(Box<Source>),
    /// A `Kustomization` of `kustomize.toolkit.fluxcd.io`.
    Kustomization(Box<Kustomization>),
    /// A `HelmRelease`.
    HelmRelease(Box<HelmRelease>),
    /// A `FluxInstance` of the Flux operator.
    FluxInstance(Box<FluxInstance>),
    /// A `CustomResourceDefinition`.
    Crd(ResourceType),
    /// A Kratix `Promise`.
    Promise(Promise),
}

/// One entry of a mapping with a scalar value, with the bytes to replace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The value as Kubernetes reads it, as text.
    pub value: String,
    /// The bytes of the file from the first of the key to the last of the value.
    pub written: String,
    /// How many bytes of `written` are the key, with its quotes.
    pub key_len: usize,
    /// Where in `written` the value begins, with its quotes.
    pub value_at: usize,
    /// Where in the file `written` begins.
    pub start: usize,
    /// Where the key stands.
    pub key: Mark,
    /// Where the value stands.
    pub at: Mark,
    /// How the value is written.
    pub style: Style,
    /// The value is reached by an alias or merge key, or stands under an anchor that others may
    /// repeat: an edit here would edit elsewhere too.
    pub shared: bool,
}

impl Field {
    /// The bytes of the value in the file, quotes included.
    #[must_use]
    pub fn value_range(&self) -> std::ops::Range<usize> {
        self.start + self.value_at..self.start + self.written.len()
    }

    /// The value as written, quotes included.
    #[must_use]
    pub fn value_written(&self) -> &str {
        self.written.get(self.value_at..).unwrap_or_default()
    }
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In `'single quotes'`.
    Single,
    /// In `"double quotes"`.
    Double,
    /// As a block, with a tag, or otherwise not in one piece.
    Other,
}

/// A reference to another object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The kind; empty where it is left out.
    pub kind: String,
    /// The namespace; `None`: that of the object that refers.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
    /// Where the reference begins.
    pub at: Mark,
}

/// The kinds of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SourceKind {
    /// A Git repository.
    GitRepository,
    /// An OCI repository.
    OciRepository,
    /// A Helm repository.
    HelmRepository,
    /// A bucket.
    Bucket,
}

/// A source of Flux, `source.toolkit.fluxcd.io` of any version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its kind.
    pub kind: SourceKind,
    /// `spec.url`.
    pub url: Option<Field>,
    /// `spec.ref`.
    pub reference: SourceReference,
    /// Whether `spec.verify` is there.
    pub verify: bool,
    /// `spec.insecure`.
    pub insecure: bool,
    /// `spec.suspend`.
    pub suspend: bool,
    /// The name of `spec.secretRef`.
    pub secret: Option<String>,
}

/// The fields of `spec.ref`; those with an empty value are left out, as Flux does.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SourceReference {
    /// Where `spec.ref` stands, if it is there at all.
    pub at: Option<Mark>,
    /// `branch`.
    pub branch: Option<Field>,
    /// `tag`.
    pub tag: Option<Field>,
    /// `semver`.
    pub semver: Option<Field>,
    /// `name`: a Git reference in full.
    pub name: Option<Field>,
    /// `commit`.
    pub commit: Option<Field>,
    /// `digest`.
    pub digest: Option<Field>,
    /// Whether there is a key `tag`, with or without a value.
    pub tag_key: bool,
}

/// A `Kustomization` of Flux, `kustomize.toolkit.fluxcd.io` of any version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kustomization {
    /// `spec.path`; `None` is the root of the source.
    pub path: Option<Field>,
    /// `spec.sourceRef`.
    pub source: Option<Reference>,
    /// `spec.dependsOn`, in order.
    pub depends_on: Vec<Reference>,
    /// Where the key `dependsOn` stands.
    pub depends_on_at: Option<Mark>,
    /// `spec.components`: kustomize components, relative to `path`.
    pub components: Vec<String>,
    /// `spec.wait`.
    pub wait: bool,
    /// Whether `spec.healthChecks` lists anything.
    pub health_checks: bool,
    /// Whether `spec.healthCheckExprs` lists anything.
    pub health_check_exprs: bool,
    /// `spec.prune`.
    pub prune: bool,
    /// `spec.suspend`.
    pub suspend: bool,
    /// `spec.targetNamespace`.
    pub target_namespace: Option<String>,
    /// Whether `spec.kubeConfig` sends the objects to another cluster.
    pub remote: bool,
}

/// A `HelmRelease`, `helm.toolkit.fluxcd.io` of any version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelmRelease {
    /// `spec.chart.spec.chart`.
    pub chart: Option<Field>,
    /// `spec.chart.spec.version`.
    pub version: Option<Field>,
    /// `spec.chart.spec.sourceRef`.
    pub source: Option<Reference>,
    /// `spec.chartRef`.
    pub chart_ref: Option<Reference>,
    /// `spec.dependsOn`, in order.
    pub depends_on: Vec<Reference>,
    /// `spec.targetNamespace`.
    pub target_namespace: Option<String>,
    /// Whether install or upgrade is remediated after a failure.
    pub remediation: bool,
    /// `spec.suspend`.
    pub suspend: bool,
}

/// A `FluxInstance` (`controlplaneio-fluxcd/flux-operator:api/v1/fluxinstance_types.go`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FluxInstance {
    /// `spec.sync`.
    pub sync: Option<InstanceSync>,
}

/// `spec.sync` of a `FluxInstance`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceSync {
    /// `GitRepository`, `OCIRepository` or `Bucket`.
    pub kind: String,
    /// The name of the source and the Kustomization made from it, where it is stated.
    pub name: Option<String>,
    /// Where the cluster's files come from.
    pub url: Option<Field>,
    /// `refs/heads/main` for Git, a tag for OCI.
    pub reference: Option<Field>,
    /// The cluster's folder.
    pub path: Option<Field>,
}

/// A type of custom resources.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ResourceType {
    /// Its group.
    pub group: String,
    /// Its kind.
    pub kind: String,
}

/// A Kratix `Promise`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The label `kratix.io/promise-version`.
    pub version: Option<Field>,
    /// The type of `spec.api`.
    pub api: Option<ResourceType>,
}

/// What a file tells kustomize.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct KustomizeFile {
    /// Whether it is a `Component`.
    pub component: bool,
    /// `resources` and the old `bases`, in order.
    pub resources: Vec<PathEntry>,
    /// `components`.
    pub components: Vec<PathEntry>,
    /// The files named by `patches`, `patchesStrategicMerge` and `patchesJson6902`.
    pub patches: Vec<PathEntry>,
    /// Whether a patch is written inside the file.
    pub inline_patches: bool,
}

/// A path as a kustomization names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathEntry {
    /// The path or URL as written.
    pub text: String,
    /// Where it stands.
    pub at: Mark,
}
