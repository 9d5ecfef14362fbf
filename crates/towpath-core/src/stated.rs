//! What `towpath.yaml` states. Everything is optional: what is left out is inferred, what is stated wins.
//!
//! `towpath-api` reads it from YAML; `towpath-discovery` joins it with what the repository shows.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::civil::Date;

use crate::conduct::Conduct;
use crate::finding::Severity;
use crate::gate::Gate;
use crate::id::{
    BranchName, ClusterName, ComponentName, EnvironmentName, Folder, RepoPath, TestName,
};
use crate::notification::Notification;
use crate::path::KubernetesMinor;
use crate::pin::Location;
use crate::source::Source;
use crate::tracking::Policy;

/// The stated part of a path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stated {
    /// The branch that environments are defined on.
    pub trunk: Option<BranchName>,
    /// Components, in the order of their importance.
    pub components: Vec<StatedComponent>,
    /// Environments.
    pub environments: Vec<StatedEnvironment>,
    /// Tests.
    pub tests: Vec<StatedTest>,
    /// Sources of alerts and metrics.
    pub sources: Vec<Source>,
    /// Whom to tell of changes.
    pub notifications: Vec<Notification>,
    /// Where to look for artifacts instead of where the cluster looks.
    pub registries: Vec<RegistryMapping>,
    /// What is made of the findings of checks.
    pub checks: StatedChecks,
    /// Where the keys of those are whose signatures count.
    pub signers: StatedSigners,
}

/// Where the trunk lists the keys of those whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatedSigners {
    /// A file of SSH keys, in OpenSSH's form of allowed signers.
    pub ssh: Option<RepoPath>,
    /// A folder of exported OpenPGP keys, each file named by an e-mail address.
    pub openpgp: Option<Folder>,
}

impl StatedSigners {
    /// Whether no place is stated: then no signature is checked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ssh.is_none() && self.openpgp.is_none()
    }
}

/// A component as stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedComponent {
    /// Its name.
    pub name: ComponentName,
    /// The folders that its releases hold.
    pub paths: Option<Vec<Folder>>,
    /// Flux ignore patterns that choose the files of a release.
    pub ignore: Option<String>,
    /// `oci://…` of its releases.
    pub releases: Option<String>,
    /// Names (`name` or `namespace/name`) of the source objects and HelmReleases whose versions move
    /// together as this component; empty: those with the component's name.
    pub pins: Vec<String>,
}

/// An environment as stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedEnvironment {
    /// Its name.
    pub name: EnvironmentName,
    /// Its clusters; `None`: those inferred under its name.
    pub clusters: Option<Vec<StatedCluster>>,
    /// How it is to follow releases.
    pub tracks: Option<Policy>,
    /// The environments before it; `None`: inferred.
    pub after: Option<Vec<EnvironmentName>>,
    /// Conditions on entering.
    pub gates: Vec<Gate>,
    /// How it takes releases.
    pub conduct: Conduct,
    /// Whether an exact version is demanded of it; `None`: by its name.
    pub production: Option<bool>,
    /// The Kubernetes that its clusters run.
    pub kubernetes: Option<KubernetesMinor>,
}

/// A cluster as stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedCluster {
    /// Its name.
    pub name: ClusterName,
    /// Its folder.
    pub folder: Folder,
    /// The kubeconfig context that reaches it.
    pub context: Option<String>,
    /// What is said of it, for waves to choose by.
    pub labels: BTreeMap<String, String>,
    /// The Kubernetes that it runs, where it is another one than its environment's.
    pub kubernetes: Option<KubernetesMinor>,
}

/// A test as stated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedTest {
    /// Its name.
    pub name: TestName,
    /// What is run or read.
    pub means: TestMeans,
    /// How long one try may take.
    pub timeout: Duration,
    /// How often it is tried again.
    pub retries: u32,
}

/// What a test runs or reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestMeans {
    /// A command with its arguments, in the root of the repository.
    Command(Vec<String>),
    /// The file of a Kubernetes Job, which is run on each of the environment's clusters.
    Job(RepoPath),
    /// A file in JUnit's form.
    Junit(RepoPath),
}

/// Sends what would be read from `from` to `to`: a mirror, or an OCI layout folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryMapping {
    /// A prefix of `oci://…` URLs, whole path segments.
    pub from: String,
    /// `oci://…` or `oci-layout:DIR`, relative to the repository.
    pub to: String,
    /// Whether `to` speaks plain HTTP.
    pub insecure: bool,
}

/// What a team makes of the findings of checks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StatedChecks {
    /// Findings that are known and accepted.
    pub silences: Vec<StatedSilence>,
    /// Rules whose findings matter otherwise than the rule says, by id; `None`: they are off.
    pub severities: BTreeMap<String, Option<Severity>>,
    /// The labels that name the owner of an object, the most telling first; `None`: those that most teams use.
    pub owners: Option<Vec<String>>,
}

/// Findings that are known and accepted. What is left out fits every finding of the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedSilence {
    /// The id of the rule.
    pub rule: String,
    /// Files, from the root of the repository: `*` stands for any characters but `/`, `**` for any.
    pub file: Option<String>,
    /// Objects, `Kind namespace/name`, with `*` as in `file`.
    pub object: Option<String>,
    /// The environments for which it holds.
    pub environments: Option<Vec<EnvironmentName>>,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// Where it is stated.
    pub at: Location,
}
