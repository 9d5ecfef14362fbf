//! `towpath.yaml`: what a platform team states about its path. Everything in it is optional.
//!
//! Reads the file into [`Stated`] with every mistake placed at its line. Unknown keys are mistakes.
//! Next: [`crate::path_text`], which writes the file for `towpath init`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_catalog::Minor;
use towpath_core::gate::Gate;
use towpath_core::id::{BranchName, ClusterName, ComponentName, EnvironmentName, Folder};
use towpath_core::path::KubernetesMinor;
use towpath_core::stated::{
    RegistryMapping, Stated, StatedCluster, StatedComponent, StatedEnvironment,
};
use towpath_core::tracking::Policy;
use towpath_yaml::Span;

pub use self::checks::{ChecksSpec, SeveritySpec, SilenceSpec};
pub use self::conduct::{AmountSpec, OnFailureSpec, SupersedeSpec, VerifySpec, WaveSpec};
pub use self::email::{EmailSpec, MailServerSpec, MailTlsSpec};
use self::gates::Known;
pub use self::gates::{ApprovalSpec, GateSpec, OrderSpec, TestGateSpec};
use self::mistake::{Wrong, deepest, locate, report, tidy, without_nulls, wrong};
pub use self::notifications::{NotificationSpec, OccasionSpec, SlackSpec, WebhookSpec};
pub use self::signers::SignersSpec;
pub use self::sources::{
    AlertsSpec, AuthSpec, BasicSpec, CredentialSpec, InvalidValue, MetricSpec, SourceSpec,
};
pub use self::tests::TestSpec;
pub use self::windows::{WindowSpec, WindowsSpec};
use crate::API_VERSION;

mod checks;
mod conduct;
mod email;
mod gates;
pub(crate) mod mistake;
mod notifications;
mod signers;
mod sources;
mod tests;
mod windows;

/// The file's name, at the root of the repository.
pub const FILE_NAME: &str = "towpath.yaml";

/// The whole file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "Path")]
pub struct PathFile {
    /// `towpath.dev/v1alpha1`.
    pub api_version: String,
    /// `Path`.
    pub kind: String,
    /// What is stated. What is left out is inferred from the repository.
    #[serde(default)]
    pub spec: PathSpec,
}

/// What is stated of the path.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PathSpec {
    /// The branch that environments are defined on and that changes are merged to.
    pub trunk: Option<String>,
    /// The parts of the platform with release streams of their own, the most important first.
    #[serde(default)]
    pub components: Vec<ComponentSpec>,
    /// The environments that a change travels.
    #[serde(default)]
    pub environments: Vec<EnvironmentSpec>,
    /// Groups of people by name, as e-mail addresses: who may approve.
    #[serde(default)]
    pub groups: BTreeMap<String, Vec<String>>,
    /// Tests that releases are put to in environments.
    #[serde(default)]
    pub tests: Vec<TestSpec>,
    /// Sources of alerts and metrics, which gates ask.
    #[serde(default)]
    pub sources: Vec<SourceSpec>,
    /// Whom the loop tells of changes.
    #[serde(default)]
    pub notifications: Vec<NotificationSpec>,
    /// Where to look for artifacts instead of where the clusters look: mirrors and OCI layout folders.
    #[serde(default)]
    pub registries: Vec<RegistrySpec>,
    /// What is made of the findings of checks.
    #[serde(default)]
    pub checks: ChecksSpec,
    /// Whose signatures count.
    #[serde(default)]
    pub signers: SignersSpec,
}

/// A component.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ComponentSpec {
    /// Its name.
    pub name: String,
    /// The folders that its releases hold.
    pub paths: Option<Vec<String>>,
    /// Flux ignore patterns that choose the files of a release, separated by commas or line ends.
    pub ignore: Option<String>,
    /// Where its releases are: `oci://HOST/REPOSITORY`.
    pub releases: Option<String>,
    /// Names (`name` or `namespace/name`) of the Flux sources and HelmReleases whose versions move
    /// together as this component. Left out: those with the component's name.
    #[serde(default)]
    pub pins: Vec<String>,
}

/// An environment.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvironmentSpec {
    /// Its name.
    pub name: String,
    /// How it follows releases.
    pub tracks: Option<PolicySpec>,
    /// Its clusters. Left out: those found under its name.
    pub clusters: Option<Vec<ClusterSpec>>,
    /// The environments that a release must have entered before. Left out: inferred.
    pub after: Option<Vec<String>>,
    /// Conditions on entering.
    #[serde(default)]
    pub gates: Vec<GateSpec>,
    /// Whether open gates start a promotion by themselves (`towpath run`). Left out: no.
    #[serde(default)]
    pub auto: bool,
    /// What becomes of a release that waits while a newer one comes. Left out: `latest`.
    pub supersede: Option<SupersedeSpec>,
    /// What happens when a promotion fails. Left out: `halt`.
    pub on_failure: Option<OnFailureSpec>,
    /// Groups of clusters that move together, in order. Clusters that none takes are the last.
    #[serde(default)]
    pub waves: Vec<WaveSpec>,
    /// Components whose versions move together, as a set that was verified together.
    #[serde(default)]
    pub bundle: Vec<String>,
    /// What it takes to verify a release here.
    pub verify: Option<VerifySpec>,
    /// Whether an exact version is demanded of it. Left out: by its name.
    pub production: Option<bool>,
    /// The Kubernetes that its clusters run: `"1.36"`, or what `kubectl version` prints. What is checked for it
    /// is checked against that version.
    pub kubernetes: Option<KubernetesSpec>,
}

/// A tracking policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PolicySpec {
    /// Every commit of a branch.
    Branch,
    /// The highest release in a range.
    Semver,
    /// One version, until a promotion moves it.
    Exact,
}

/// A cluster.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClusterSpec {
    /// Its name. Left out: the last part of its path.
    pub name: Option<String>,
    /// Its folder in the repository.
    pub path: String,
    /// The kubeconfig context that reaches it.
    pub context: Option<String>,
    /// The Kubernetes that it runs, where it is another one than its environment's.
    pub kubernetes: Option<KubernetesSpec>,
    /// What is said of it, for waves to choose by.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

/// A version of Kubernetes: `"1.36"`, `v1.36.2`. Without quotes `1.30` is a number to YAML and means 1.3, so quotes are
/// asked for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct KubernetesSpec(pub String);

/// A mapping of registries.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RegistrySpec {
    /// A prefix of `oci://…` URLs.
    pub from: String,
    /// `oci://HOST/REPOSITORY`, or `oci-layout:FOLDER` relative to the repository.
    pub to: String,
    /// Whether `to` speaks plain HTTP.
    #[serde(default)]
    pub insecure: bool,
}

/// A mistake in `towpath.yaml`, with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{report}")]
pub struct PathFileError {
    /// File, line, column, what is wrong, and the line itself.
    pub report: String,
}

/// Reads `towpath.yaml`.
///
/// # Errors
/// [`PathFileError`] with file, line, column and the line, for malformed YAML, unknown keys, wrong types,
/// names that are no names, ranges that are no ranges.
pub fn parse(file: &str, source: &[u8]) -> Result<Stated, PathFileError> {
    let reader = Reader { is_rule: &|_| true, is_condition: &|_, _| Ok(()) };
    parse_with(file, source, &reader)
}

/// A mistake that only shows beside the repository, at the place that these keys lead to.
#[must_use]
pub fn mistake_at(
    file: &str,
    source: &[u8],
    keys: &[&dyn Display],
    message: &str,
) -> PathFileError {
    let documents = towpath_yaml::parse(source).unwrap_or_default();
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    let span = documents.first().map(|document| deepest(&document.root, &keys).span);
    PathFileError { report: report(file, source, span.as_ref(), message) }
}

/// What is wrong with a condition on a metric, in one line; its second argument says whether a baseline is asked for.
pub type IsCondition = dyn Fn(&str, bool) -> Result<(), String>;

/// What only the reader knows of the words in the file.
pub struct Reader<'a> {
    /// Whether an id names a rule of checks.
    pub is_rule: &'a dyn Fn(&str) -> bool,
    /// Whether a text is a condition.
    pub is_condition: &'a IsCondition,
}

/// As [`parse`], by whoever knows the rules of checks and the language of conditions.
///
/// # Errors
/// As [`parse`].
pub fn parse_with(file: &str, source: &[u8], reader: &Reader<'_>) -> Result<Stated, PathFileError> {
    let documents = towpath_yaml::parse(source)
        .map_err(|e| PathFileError { report: e.report(file, source) })?;
    let place = |span: Option<Span>, message: &str| PathFileError {
        report: report(file, source, span.as_ref(), message),
    };
    let [document] = documents.as_slice() else {
        return Err(place(
            documents.get(1).map(|d| d.root.span),
            "a path is stated in exactly one YAML document",
        ));
    };
    if document.root.as_map().is_none() {
        let message = "a path is a mapping: apiVersion, kind and spec";
        return Err(place(Some(document.root.span), message));
    }
    let json = without_nulls(document.root.to_json());
    let parsed: PathFile = serde_path_to_error::deserialize(&json).map_err(|e| {
        let keys: Vec<String> = e.path().iter().map(|s| s.to_string()).collect();
        let message = e.inner().to_string();
        place(Some(locate(document, &keys, &message)), &tidy(&message))
    })?;
    let value = |key: &str| document.root.get(key).map(|node| node.span);
    if parsed.kind != "Path" {
        return Err(place(value("kind"), "kind must be `Path`"));
    }
    if parsed.api_version != API_VERSION {
        let message = format!("apiVersion must be `{API_VERSION}`");
        return Err(place(value("apiVersion"), &message));
    }
    let stated = convert(&parsed.spec, reader).and_then(|stated| {
        let is_rule = reader.is_rule;
        let checks = checks::convert(&parsed.spec.checks, file, &document.root, is_rule)?;
        Ok(Stated { checks, ..stated })
    });
    stated.map_err(|wrong| place(Some(deepest(&document.root, &wrong.at).span), &wrong.message))
}

fn convert(spec: &PathSpec, reader: &Reader<'_>) -> Result<Stated, Wrong> {
    let trunk = spec
        .trunk
        .as_deref()
        .map(BranchName::parse)
        .transpose()
        .map_err(|e| wrong(&[&"trunk"], e))?;
    let mut stated = Stated { trunk, ..Stated::default() };
    for (i, component) in spec.components.iter().enumerate() {
        stated.components.push(convert_component(i, component)?);
    }
    for (i, source) in spec.sources.iter().enumerate() {
        let source = sources::convert(i, source, &stated.sources)?;
        stated.sources.push(source);
    }
    let known =
        Known { groups: &spec.groups, sources: &stated.sources, is_condition: reader.is_condition };
    for (i, environment) in spec.environments.iter().enumerate() {
        stated.environments.push(convert_environment(i, environment, &known)?);
    }
    for (i, test) in spec.tests.iter().enumerate() {
        stated.tests.push(tests::convert(i, test)?);
    }
    for (i, notification) in spec.notifications.iter().enumerate() {
        let notification = notifications::convert(i, notification, &stated.notifications)?;
        stated.notifications.push(notification);
    }
    for (i, registry) in spec.registries.iter().enumerate() {
        if !registry.from.starts_with("oci://") {
            return Err(wrong(&[&"registries", &i, &"from"], "must begin with `oci://`"));
        }
        if !registry.to.starts_with("oci://") && !registry.to.starts_with("oci-layout:") {
            let message = "must begin with `oci://` or `oci-layout:`";
            return Err(wrong(&[&"registries", &i, &"to"], message));
        }
        stated.registries.push(RegistryMapping {
            from: registry.from.trim_end_matches('/').to_owned(),
            to: registry.to.trim_end_matches('/').to_owned(),
            insecure: registry.insecure,
        });
    }
    stated.signers = signers::convert(&spec.signers, &stated.environments)?;
    Ok(stated)
}

fn convert_component(i: usize, component: &ComponentSpec) -> Result<StatedComponent, Wrong> {
    let name = ComponentName::parse(&component.name)
        .map_err(|e| wrong(&[&"components", &i, &"name"], e))?;
    let mut paths = None;
    if let Some(listed) = &component.paths {
        let mut folders = Vec::new();
        for (j, path) in listed.iter().enumerate() {
            folders.push(
                Folder::parse(path).map_err(|e| wrong(&[&"components", &i, &"paths", &j], e))?,
            );
        }
        paths = Some(folders);
    }
    if component.releases.as_ref().is_some_and(|url| !url.starts_with("oci://")) {
        return Err(wrong(&[&"components", &i, &"releases"], "must begin with `oci://`"));
    }
    Ok(StatedComponent {
        name,
        paths,
        ignore: component.ignore.clone(),
        releases: component.releases.clone(),
        pins: component.pins.clone(),
    })
}

fn convert_environment(
    i: usize,
    spec: &EnvironmentSpec,
    known: &Known<'_>,
) -> Result<StatedEnvironment, Wrong> {
    let name = EnvironmentName::parse(&spec.name)
        .map_err(|e| wrong(&[&"environments", &i, &"name"], e))?;
    let mut clusters = None;
    if let Some(listed) = &spec.clusters {
        let mut out = Vec::new();
        for (j, cluster) in listed.iter().enumerate() {
            let folder = Folder::parse(&cluster.path)
                .map_err(|e| wrong(&[&"environments", &i, &"clusters", &j, &"path"], e))?;
            let name = cluster.name.as_deref().unwrap_or(folder.name());
            let name = ClusterName::parse(name)
                .map_err(|e| wrong(&[&"environments", &i, &"clusters", &j, &"name"], e))?;
            let kubernetes =
                kubernetes(&cluster.kubernetes, &[&"environments", &i, &"clusters", &j])?;
            let context = cluster.context.clone();
            let labels = cluster.labels.clone();
            out.push(StatedCluster { name, folder, context, labels, kubernetes });
        }
        clusters = Some(out);
    }
    let after = spec.after.as_deref().map(|l| environments(l, &[&"environments", &i, &"after"]));
    let mut conditions = Vec::new();
    for (j, gate) in spec.gates.iter().enumerate() {
        conditions.push(gates::convert(i, j, gate, known)?);
    }
    Ok(StatedEnvironment {
        name,
        clusters,
        tracks: spec.tracks.map(|p| match p {
            PolicySpec::Branch => Policy::Branch,
            PolicySpec::Semver => Policy::Semver,
            PolicySpec::Exact => Policy::Exact,
        }),
        after: after.transpose()?,
        gates: Gate::named(conditions),
        conduct: conduct::convert(i, spec)?,
        production: spec.production,
        kubernetes: kubernetes(&spec.kubernetes, &[&"environments", &i])?,
    })
}

fn kubernetes(
    spec: &Option<KubernetesSpec>,
    below: &[&dyn Display],
) -> Result<Option<KubernetesMinor>, Wrong> {
    let Some(KubernetesSpec(text)) = spec else { return Ok(None) };
    let minor: Minor = text.parse().map_err(|error| {
        let at: Vec<&dyn Display> = below.iter().copied().chain([&"kubernetes" as _]).collect();
        wrong(&at, error)
    })?;
    Ok(Some(KubernetesMinor(minor.number())))
}

fn environments(
    list: &[String],
    at: &[&dyn std::fmt::Display],
) -> Result<Vec<EnvironmentName>, Wrong> {
    let one = |(i, name): (usize, &String)| {
        EnvironmentName::parse(name).map_err(|e| {
            let at: Vec<_> = at.iter().copied().chain([&i as &dyn std::fmt::Display]).collect();
            wrong(&at, e)
        })
    };
    list.iter().enumerate().map(one).collect()
}

/// Reads `48h`, `90m`, `30s`, `2d`, `1h30m`: whole numbers with units, as Kubernetes writes durations.
///
/// # Errors
/// What is wrong, as a sentence.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration; write `48h`, `90m` or `1h30m`");
    let mut seconds: u64 = 0;
    let mut number = String::new();
    for c in text.trim().chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return Err(wrong()),
        };
        let count: u64 = number.parse().map_err(|_| wrong())?;
        number.clear();
        seconds = count.checked_mul(unit).and_then(|s| seconds.checked_add(s)).ok_or_else(wrong)?;
    }
    if !number.is_empty() || text.trim().is_empty() {
        return Err(wrong());
    }
    Ok(Duration::from_secs(seconds))
}
