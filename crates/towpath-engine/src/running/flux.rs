//! Flux objects, read once at the border: what they deliver, and what their status is about.
//!
//! A status counts for one generation and one revision (`fluxcd/pkg:apis/meta/conditions.go`,
//! `fluxcd/kustomize-controller:api/v1/kustomization_types.go`, `fluxcd/helm-controller:api/v2/helmrelease_types.go`,
//! `fluxcd/source-controller:api/v1`): the controllers write it in several steps, so that `Ready` can be true of a
//! revision that is not yet, or no longer, the one that is told as applied. Must not look at another object, nor at a
//! clock. Next: [`super::report`].

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use towpath_artifact::RevisionRef;
use towpath_core::id::{CommitId, Digest};
use towpath_core::release::Revision;
use towpath_core::running::Health;
use towpath_core::version::Version;

use super::kstatus::{Condition, condition, text};
use super::objects::{KindName, ObjectId};

/// The group of sources.
pub const SOURCE_GROUP: &str = "source.toolkit.fluxcd.io";
/// The kinds of sources.
pub const SOURCE_KINDS: [&str; 5] =
    ["OCIRepository", "GitRepository", "Bucket", "HelmRepository", "HelmChart"];

/// `Kustomization` of Flux.
#[must_use]
pub fn kustomization() -> KindName {
    KindName::new("kustomize.toolkit.fluxcd.io", "Kustomization")
}

/// `HelmRelease`.
#[must_use]
pub fn helm_release() -> KindName {
    KindName::new("helm.toolkit.fluxcd.io", "HelmRelease")
}

/// `FluxInstance` of the Flux operator.
#[must_use]
pub fn flux_instance() -> KindName {
    KindName::new("fluxcd.controlplane.io", "FluxInstance")
}

/// A kind of source.
#[must_use]
pub fn source(kind: &str) -> KindName {
    KindName::new(SOURCE_GROUP, kind)
}

/// The kinds that are read of every cluster that serves them.
pub fn kinds() -> impl Iterator<Item = KindName> {
    let delivering = [kustomization(), helm_release(), flux_instance()];
    SOURCE_KINDS.into_iter().map(source).chain(delivering)
}

/// Whether a kind is one of [`kinds`].
#[must_use]
pub fn is_flux(kind: &KindName) -> bool {
    kinds().any(|known| known == *kind)
}

/// Whether what it delivers goes to another cluster than the one it is on.
#[must_use]
pub fn is_remote(object: &Value) -> bool {
    object.pointer("/spec/kubeConfig").is_some_and(|it| !it.is_null())
}

/// What an object says it has applied: `NAMESPACE_NAME_GROUP_KIND`, with `__` for the `:` of names of RBAC
/// (`fluxcd/cli-utils:pkg/object/objmetadata.go`). Entries of another form are left out.
pub fn inventory(object: &Value) -> impl Iterator<Item = ObjectId> {
    let entries = object.pointer("/status/inventory/entries").and_then(Value::as_array);
    entries.into_iter().flatten().filter_map(|entry| {
        let (namespace, rest) = text(entry, "/id").split_once('_')?;
        let (rest, kind) = rest.rsplit_once('_')?;
        let (name, group) = rest.rsplit_once('_')?;
        let place = (namespace.to_owned(), name.replace("__", ":"));
        Some(ObjectId { kind: KindName::new(group, kind), place })
    })
}

/// A revision as a source of this kind writes it; `None` for a form that names no content.
#[must_use]
pub fn revision(text: &str, source_kind: &str) -> Option<Revision> {
    if source_kind == "GitRepository" {
        let RevisionRef { pointer, commit } = RevisionRef::parse(text).ok()?;
        return Some(Revision::Git { pointer, commit: CommitId::parse(&commit).ok()? });
    }
    let (tag, digest) = match text.rsplit_once('@') {
        Some((tag, digest)) => (Some(tag.to_owned()), digest),
        None => (None, text),
    };
    let tag = tag.filter(|tag| !tag.is_empty());
    Some(Revision::Oci { tag, digest: Digest::parse(digest).ok()? })
}

/// How an object is, why, and since when, by its own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How.
    pub health: Health,
    /// Why, in one line; empty where it is healthy.
    pub why: String,
    /// Since when.
    pub since: Option<Timestamp>,
}

impl Judgement {
    pub(super) fn new(health: Health, why: impl Into<String>, since: Option<Timestamp>) -> Self {
        Self { health, why: why.into(), since }
    }
}

/// What all Flux objects have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which it is.
    pub id: ObjectId,
    /// Whether somebody holds it still.
    pub suspended: bool,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Whether its status is of what it says now.
    pub observed: bool,
    /// What `Ready` and its companions say; healthy only if [`Head::observed`].
    pub ready: Judgement,
}

/// Reasons with which `Ready` is false while something else is waited for.
const WAITING: [&str; 6] = [
    "ArtifactFailed",
    "DependencyNotReady",
    "HealthCheckCanceled",
    "Progressing",
    "ProgressingWithRetry",
    "SourceNotReady",
];

impl Head {
    /// Reads it. What is missing or of another shape is unknown, with a reason.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
        let observed = object.pointer("/status/observedGeneration").and_then(Value::as_i64);
        let is_observed = generation.is_some() && generation == observed;
        let ready = condition(object, "Ready");
        Self {
            id: ObjectId::of(object),
            suspended: object.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true),
            created: text(object, "/metadata/creationTimestamp").parse().ok(),
            observed: is_observed,
            ready: judge(object, generation, observed, ready.as_ref()),
        }
    }
}

fn judge(
    object: &Value,
    generation: Option<i64>,
    observed: Option<i64>,
    ready: Option<&Condition<'_>>,
) -> Judgement {
    let since = ready.and_then(|it| it.since);
    if !text(object, "/metadata/deletionTimestamp").is_empty() {
        let since = text(object, "/metadata/deletionTimestamp").parse().ok();
        return Judgement::new(Health::Progressing, "it is being deleted", since);
    }
    let (Some(generation), Some(ready)) = (generation, ready) else {
        return Judgement::new(Health::Unknown, "it does not say whether it is ready", since);
    };
    let of_condition = ready.generation.is_none_or(|it| it == generation);
    // A failure is told before its generation counts as observed, which can take until it is mended.
    let is_about = match ready.status {
        "True" => observed == Some(generation) && of_condition,
        _ => observed == Some(generation) || ready.generation == Some(generation),
    };
    if !is_about {
        let told = if of_condition { observed } else { ready.generation };
        let told =
            told.filter(|it| *it >= 0).map_or_else(|| "none".to_owned(), |it| it.to_string());
        let why = format!("its status is of generation {told}, and it is at {generation}");
        return Judgement::new(Health::Unknown, why, None);
    }
    if let Some(stalled) = condition(object, "Stalled").filter(Condition::is_true) {
        return Judgement::new(Health::Failed, stalled.why(), stalled.since.or(since));
    }
    match ready.status {
        "True" => match condition(object, "Reconciling").filter(Condition::is_true) {
            Some(it) => Judgement::new(Health::Progressing, it.why(), it.since),
            None if since.is_none() => {
                Judgement::new(Health::Unknown, "it does not say since when it is ready", None)
            }
            None => Judgement::new(Health::Healthy, "", since),
        },
        "False" if WAITING.contains(&ready.reason) => {
            Judgement::new(Health::Progressing, ready.why(), since)
        }
        "False" => Judgement::new(Health::Failed, ready.why(), since),
        "Unknown" => Judgement::new(Health::Progressing, ready.why(), since),
        other => Judgement::new(Health::Unknown, format!("its Ready is {other:?}"), since),
    }
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// What it has in common with others.
    pub head: Head,
    /// The revision of its artifact, as written.
    pub revision: Option<String>,
    /// Since when its artifact is there.
    pub stored: Option<Timestamp>,
}

impl Source {
    /// Reads a source.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let revision = text(object, "/status/artifact/revision");
        Self {
            head: Head::of(object),
            revision: (!revision.is_empty()).then(|| revision.to_owned()),
            stored: text(object, "/status/artifact/lastUpdateTime").parse().ok(),
        }
    }
}

/// A `Kustomization`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kustomization {
    /// What it has in common with others; healthy only if `Ready` is about [`Kustomization::applied`].
    pub head: Head,
    /// The source that it delivers.
    pub source: ObjectId,
    /// The revision that it applied last as a whole, as written.
    pub applied: Option<String>,
    /// The revision that it applied or tried to apply last, as written.
    pub attempted: Option<String>,
    /// Since when it reports success of this content without a gap, by its history; `None`: only `Ready` tells.
    pub steady: Option<Timestamp>,
    /// The objects that it says it has applied; empty where they are on another cluster.
    pub inventory: Vec<ObjectId>,
}

impl Kustomization {
    /// Reads a `Kustomization`.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let mut head = Head::of(object);
        let applied = told(object, "/status/lastAppliedRevision");
        let attempted = told(object, "/status/lastAttemptedRevision");
        if head.ready.health == Health::Healthy {
            head.ready = of_revision(object, head.ready, applied.as_deref(), attempted.as_deref());
        }
        Self {
            source: source_of(object, "/spec/sourceRef"),
            steady: applied.as_deref().and_then(|applied| steady(object, applied)),
            inventory: if is_remote(object) { Vec::new() } else { inventory(object).collect() },
            head,
            applied,
            attempted,
        }
    }

    /// How it is, with what its source tells of the time: an artifact is applied no sooner than it is stored. That is
    /// needed where two revisions have the same content, which share an entry of the history.
    #[must_use]
    pub fn judgement(&self, source: Option<&Source>) -> Judgement {
        let mut judgement = self.head.ready.clone();
        let stored = source.filter(|it| it.revision == self.applied).and_then(|it| it.stored);
        if let (Health::Healthy, Some(steady), Some(stored)) =
            (judgement.health, self.steady, stored)
        {
            // Whatever else is told: since then `Ready` has not turned over.
            judgement.since = judgement.since.map(|ready| ready.min(steady.max(stored)));
        }
        judgement
    }
}

/// The source that a reference names, in the object's own namespace unless it says another.
fn source_of(object: &Value, at: &str) -> ObjectId {
    let part = |name: &str| text(object, &format!("{at}/{name}"));
    let namespace = match part("namespace") {
        "" => text(object, "/metadata/namespace"),
        other => other,
    };
    let place = (namespace.to_owned(), part("name").to_owned());
    ObjectId { kind: source(part("kind")), place }
}

fn told(object: &Value, pointer: &str) -> Option<String> {
    let text = text(object, pointer);
    (!text.is_empty()).then(|| text.to_owned())
}

/// Whether a `Ready` that is true is about the revision that is told as applied, and since when it is without a gap.
fn of_revision(
    object: &Value,
    ready: Judgement,
    applied: Option<&str>,
    attempted: Option<&str>,
) -> Judgement {
    let unknown = |why: String| Judgement::new(Health::Unknown, why, None);
    let Some(applied) = applied else {
        return unknown("it is ready, and does not say what it has applied".to_owned());
    };
    if let Some(attempted) = attempted
        && attempted != applied
    {
        return unknown(format!("{applied} is applied, and {attempted} was tried"));
    }
    // `fluxcd/kustomize-controller:internal/controller/kustomization_controller.go` says so of what it applied.
    let message = condition(object, "Ready").map(|ready| ready.message).unwrap_or_default();
    if let Some(of) = message.strip_prefix("Applied revision: ")
        && of != applied
    {
        return unknown(format!("{applied} is told as applied, and {of} as ready"));
    }
    ready
}

/// Since when the history of a `Kustomization` has only success of a revision's content.
///
/// `Ready` turns over at every reconciliation, so its own time is no older than the interval. The history has an entry
/// for each pair of content and outcome, with its first and its last time (`fluxcd/pkg:apis/meta/history.go`): nothing
/// else was reported after the last time of every other entry. When the success came back after that is not told, but
/// it was to be tried again after the interval. A wait for a dependency is in no history.
fn steady(object: &Value, applied: &str) -> Option<Timestamp> {
    let of = |entry: &Value, key: &str| text(entry, key).parse::<Timestamp>().ok();
    let history = object.pointer("/status/history").and_then(Value::as_array)?;
    let (current, others) = history.split_first()?;
    if text(current, "/lastReconciledStatus") != "ReconciliationSucceeded"
        || text(current, "/metadata/revision") != applied
    {
        return None;
    }
    let first = of(current, "/firstReconciled")?;
    let mut steady = first;
    for other in others {
        let last = of(other, "/lastReconciled")?;
        if last >= first {
            steady = steady.max(last.checked_add(retry(object)).ok()?);
        }
    }
    Some(steady)
}

/// How long after a failure the next attempt comes.
fn retry(object: &Value) -> SignedDuration {
    let of = |pointer: &str| text(object, pointer).parse::<SignedDuration>().ok();
    of("/spec/retryInterval").or_else(|| of("/spec/interval")).unwrap_or(SignedDuration::ZERO)
}

/// A `HelmRelease`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelmRelease {
    /// What it has in common with others; healthy only if `Ready` is about [`HelmRelease::version`].
    pub head: Head,
    /// The source that it names itself, where it does not have a chart made of a template.
    pub source: Option<ObjectId>,
    /// The version of the chart that is deployed.
    pub version: Option<Version>,
    /// The digest of the chart's OCI artifact, where it came as one.
    pub digest: Option<Digest>,
    /// The objects that it says it has applied; empty where they are on another cluster.
    pub inventory: Vec<ObjectId>,
}

impl HelmRelease {
    /// Reads a `HelmRelease`.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let mut head = Head::of(object);
        let last = object.pointer("/status/history/0");
        // Older versions of the kind tell it there, and have no history.
        let chart = match last {
            Some(last) => text(last, "/chartVersion"),
            None => text(object, "/status/lastAppliedRevision"),
        };
        let digest = last.and_then(|last| Digest::parse(text(last, "/ociDigest")).ok());
        if head.ready.health == Health::Healthy {
            head.ready = of_chart(object, head.ready, last, chart);
        }
        let has_source = object.pointer("/spec/chartRef").is_some();
        Self {
            source: has_source.then(|| source_of(object, "/spec/chartRef")),
            version: Version::parse_loose(plain(chart, digest.as_ref())).ok(),
            digest,
            inventory: if is_remote(object) { Vec::new() } else { inventory(object).collect() },
            head,
        }
    }

    /// The revision of the chart, where it came as an OCI artifact.
    #[must_use]
    pub fn revision(&self) -> Option<Revision> {
        let digest = self.digest.clone()?;
        Some(Revision::Oci { tag: self.version.as_ref().map(ToString::to_string), digest })
    }
}

/// The version without the first digits of the digest, which the controller puts behind it.
fn plain<'a>(chart: &'a str, digest: Option<&Digest>) -> &'a str {
    let of = |digest: &Digest| digest.as_str().trim_start_matches("sha256:").to_owned();
    match (chart.rsplit_once('+'), digest.map(of)) {
        (Some((version, build)), Some(digest)) if digest.starts_with(build) => version,
        _ => chart,
    }
}

/// Whether a `Ready` that is true is about the release that is deployed.
fn of_chart(object: &Value, ready: Judgement, last: Option<&Value>, chart: &str) -> Judgement {
    let unknown = |why: String| Judgement::new(Health::Unknown, why, None);
    if chart.is_empty() {
        return unknown("it is ready, and does not say what is deployed".to_owned());
    }
    if let Some(it) = condition(object, "Remediated").filter(Condition::is_true) {
        return Judgement::new(Health::Failed, it.why(), it.since);
    }
    let attempted = text(object, "/status/lastAttemptedRevision");
    if !attempted.is_empty() && attempted != chart {
        return unknown(format!("{chart} is deployed, and {attempted} was tried"));
    }
    let Some(last) = last else { return ready };
    match text(last, "/status") {
        "deployed" => {}
        status => return unknown(format!("it is ready, and its release is {status}")),
    }
    let deployed = text(last, "/lastDeployed").parse().ok();
    Judgement { since: ready.since.max(deployed), ..ready }
}
