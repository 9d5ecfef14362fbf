//! Which objects of a cluster deliver a pin, and what all of them together say.
//!
//! A component is as healthy as the worst of what delivers it and of what that has applied, and its revision is the one
//! on which all agree. Must not guess: who is not there or not readable is unknown, with a reason.
//! Next: `towpath_core::running`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use towpath_core::id::{ClusterName, ComponentName};
use towpath_core::pin::{ObjectRef, Pin};
use towpath_core::release::Revision;
use towpath_core::running::{Ailing, ClusterReport, Health, Running};
use towpath_core::version::Version;

use super::flux::{self, HelmRelease, Judgement, Kustomization, Source};
use super::kstatus::{self, Progress, text};
use super::objects::{KindName, Listed, Look, ObjectId, Objects};
use crate::ports::clusters::Clusters;

/// What the connected clusters run of their pins. A cluster that is not connected is not in it.
#[must_use]
pub fn observe_clusters(
    pins: &[Pin],
    clusters: &dyn Clusters,
    now: Timestamp,
) -> BTreeMap<ClusterName, ClusterReport> {
    let mut of: BTreeMap<&ClusterName, Vec<&Pin>> = BTreeMap::new();
    for pin in pins {
        of.entry(&pin.cluster).or_default().push(pin);
    }
    let mut out = BTreeMap::new();
    for name in clusters.names() {
        let Some(sight) = clusters.look(&name) else { continue };
        let pins = of.remove(&name).unwrap_or_default();
        let components = report(&sight.objects, pins, now);
        out.insert(name, ClusterReport { contact: sight.contact, components });
    }
    out
}

/// What one cluster runs of its pins, by the objects that it has. A component of whose pins it has no object at all is
/// left out. `now` decides only how long a pod may wait for its place.
#[must_use]
pub fn report<'p>(
    objects: &Objects,
    pins: impl IntoIterator<Item = &'p Pin>,
    now: Timestamp,
) -> BTreeMap<ComponentName, Running> {
    let cluster = Cluster::of(objects, now);
    let mut parts: BTreeMap<&ComponentName, Vec<Part>> = BTreeMap::new();
    for pin in pins {
        parts.entry(&pin.component).or_default().extend(cluster.pinned(&pin.object));
    }
    parts
        .into_iter()
        .filter(|(_, parts)| parts.iter().any(|part| part.is_there))
        .map(|(component, parts)| (component.clone(), joined(parts)))
        .collect()
}

/// What one object that delivers says.
#[derive(Debug, Clone)]
struct Part {
    is_there: bool,
    revision: Option<Revision>,
    version: Option<Version>,
    attempted: Option<Revision>,
    health: Health,
    since: Option<Timestamp>,
    suspended: bool,
    ailing: Vec<Ailing>,
}

impl Part {
    /// What delivers nothing, and why.
    fn nothing(object: ObjectRef, is_there: bool, why: impl Into<String>) -> Self {
        let health = Health::Unknown;
        Self {
            is_there,
            revision: None,
            version: None,
            attempted: None,
            health,
            since: None,
            suspended: false,
            ailing: vec![Ailing { object, health, why: why.into() }],
        }
    }

    /// One more thing that its health depends on.
    fn depends_on(&mut self, object: ObjectRef, judgement: Judgement) {
        let Judgement { health, why, since } = judgement;
        self.since = match (health, self.health) {
            // Healthy since the last became so; otherwise ill since the first of the worst did.
            (Health::Healthy, Health::Healthy) => self.since.max(since),
            (new, old) if new > old => since.or(self.since),
            (new, old) if new == old => earliest(self.since, since),
            _ => self.since,
        };
        self.health = self.health.max(health);
        if health != Health::Healthy {
            self.ailing.push(Ailing { object, health, why });
        }
    }
}

fn earliest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    a.into_iter().chain(b).min()
}

fn joined(parts: Vec<Part>) -> Running {
    fn common<T: PartialEq + Clone>(mut all: impl Iterator<Item = Option<T>>) -> Option<T> {
        let first = all.next()??;
        all.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }
    let health = parts.iter().map(|part| part.health).max().unwrap_or(Health::Unknown);
    let worst = parts.iter().filter(|part| part.health == health).map(|part| part.since);
    let since = match health {
        Health::Healthy => worst.max().flatten(),
        _ => worst.flatten().min(),
    };
    let mut ailing: Vec<Ailing> = parts.iter().flat_map(|part| part.ailing.clone()).collect();
    ailing.sort_by(|a, b| b.health.cmp(&a.health).then_with(|| a.cmp(b)));
    ailing.dedup();
    Running {
        revision: common(parts.iter().map(|part| part.revision.clone())),
        version: common(parts.iter().map(|part| part.version.clone())),
        attempted: parts.iter().find_map(|part| part.attempted.clone()),
        health,
        since: since.unwrap_or(Timestamp::UNIX_EPOCH),
        suspended: parts.iter().any(|part| part.suspended),
        ailing,
    }
}

/// The Flux objects of a cluster, read once.
struct Cluster<'a> {
    objects: &'a Objects,
    now: Timestamp,
    /// By the source that they deliver.
    kustomizations: BTreeMap<ObjectId, Vec<Kustomization>>,
    /// By the source that they name themselves.
    releases: BTreeMap<ObjectId, Vec<HelmRelease>>,
}

impl<'a> Cluster<'a> {
    fn of(objects: &'a Objects, now: Timestamp) -> Self {
        let mut kustomizations: BTreeMap<ObjectId, Vec<Kustomization>> = BTreeMap::new();
        for object in objects.of(&flux::kustomization()) {
            let one = Kustomization::of(object);
            kustomizations.entry(one.source.clone()).or_default().push(one);
        }
        let mut releases: BTreeMap<ObjectId, Vec<HelmRelease>> = BTreeMap::new();
        for object in objects.of(&flux::helm_release()) {
            let one = HelmRelease::of(object);
            if let Some(source) = one.source.clone() {
                releases.entry(source).or_default().push(one);
            }
        }
        Self { objects, now, kustomizations, releases }
    }

    /// What delivers the version that a pin's object says.
    fn pinned(&self, pin: &ObjectRef) -> Vec<Part> {
        let kind = match pin.kind.as_str() {
            "HelmRelease" => flux::helm_release(),
            "FluxInstance" => return self.of_instance(pin),
            kind => flux::source(kind),
        };
        match self.find(&kind, pin) {
            Err(part) => vec![*part],
            Ok(object) if kind == flux::helm_release() => {
                vec![self.released(&HelmRelease::of(object), None)]
            }
            Ok(object) => self.delivered(&Source::of(object)),
        }
    }

    /// The operator makes a source of what its object says (`controlplaneio-fluxcd/flux-operator:api/v1`).
    fn of_instance(&self, pin: &ObjectRef) -> Vec<Part> {
        let instance = match self.find(&flux::flux_instance(), pin) {
            Ok(instance) => instance,
            Err(part) => return vec![*part],
        };
        let namespace = text(instance, "/metadata/namespace").to_owned();
        let name = match text(instance, "/spec/sync/name") {
            "" => namespace.clone(),
            name => name.to_owned(),
        };
        let kind = text(instance, "/spec/sync/kind").to_owned();
        self.pinned(&ObjectRef { kind, namespace, name })
    }

    /// The object of a pin. Where the files do not say its namespace, the only one of its name is meant.
    fn find(&self, kind: &KindName, pin: &ObjectRef) -> Result<&'a serde_json::Value, Box<Part>> {
        let nothing = |is_there, why: String| Box::new(Part::nothing(pin.clone(), is_there, why));
        match self.objects.kind(kind) {
            Some(Listed::Whole(_)) => {}
            Some(Listed::Refused(why)) => {
                return Err(nothing(true, format!("the cluster does not tell: {why}")));
            }
            None => return Err(nothing(false, "the cluster does not know its kind".to_owned())),
        }
        let mut found = self.objects.of(kind).filter(|object| {
            let namespace = text(object, "/metadata/namespace");
            text(object, "/metadata/name") == pin.name
                && (pin.namespace.is_empty() || pin.namespace == namespace)
        });
        match (found.next(), found.next()) {
            (Some(object), None) => Ok(object),
            (None, _) => Err(nothing(false, "it is not on the cluster".to_owned())),
            (Some(_), Some(_)) => {
                let why = "several namespaces have one, and the files do not say which is meant";
                Err(nothing(true, why.to_owned()))
            }
        }
    }

    /// What delivers a source.
    fn delivered(&self, source: &Source) -> Vec<Part> {
        let id = &source.head.id;
        let applying = self.kustomizations.get(id).into_iter().flatten();
        let mut parts: Vec<Part> = applying.map(|it| self.applied(it, source)).collect();
        let releases = self.releases.get(id).into_iter().flatten();
        parts.extend(releases.map(|it| self.released(it, Some(source))));
        if parts.is_empty() {
            let untold = [flux::kustomization(), flux::helm_release()].into_iter();
            let why = untold
                .filter_map(|kind| match self.objects.kind(&kind) {
                    Some(Listed::Refused(why)) => {
                        Some(format!("the cluster tells no {kind}: {why}"))
                    }
                    _ => None,
                })
                .next();
            let why = why.unwrap_or_else(|| "nothing on the cluster delivers it".to_owned());
            let mut part = Part::nothing(id.reference(), true, why);
            part.since = source.head.created;
            parts.push(part);
        }
        // A source that cannot be fetched any more does not change what runs; whoever looks wants to know.
        let ready = &source.head.ready;
        if ready.health != Health::Healthy {
            let (health, why) = (ready.health, ready.why.clone());
            let ailing = Ailing { object: id.reference(), health, why };
            parts.iter_mut().for_each(|part| part.ailing.push(ailing.clone()));
        }
        parts
    }

    fn applied(&self, it: &Kustomization, source: &Source) -> Part {
        let kind = &source.head.id.kind.kind;
        let read =
            |text: &Option<String>| text.as_deref().and_then(|text| flux::revision(text, kind));
        let judgement = it.judgement(Some(source));
        let is_there = it.head.observed || it.head.ready.health != Health::Unknown;
        let revision = if is_there { read(&it.applied) } else { None };
        let mut part = Part {
            is_there: true,
            version: revision.as_ref().and_then(version_of),
            attempted: read(&it.attempted).filter(|_| it.attempted != it.applied),
            revision,
            health: Health::Healthy,
            since: None,
            suspended: it.head.suspended || source.head.suspended,
            ailing: Vec::new(),
        };
        let is_healthy = judgement.health == Health::Healthy;
        let readable = part.revision.is_some();
        part.depends_on(it.head.id.reference(), or_created(judgement, it.head.created));
        if is_healthy && !readable {
            let applied = it.applied.as_deref().unwrap_or("nothing");
            let why = format!("{applied:?} is applied, which names no content");
            let judgement = Judgement::new(Health::Unknown, why, it.head.created);
            part.depends_on(it.head.id.reference(), judgement);
        }
        if is_healthy && !part.suspended {
            self.lags(&mut part, source, it.applied.as_deref());
        }
        self.inventoried(&mut part, &it.inventory);
        part
    }

    /// A source has moved on, and what it has now is not applied yet.
    fn lags(&self, part: &mut Part, source: &Source, applied: Option<&str>) {
        let object = source.head.id.reference();
        if let Some(revision) = source.revision.as_deref()
            && applied != Some(revision)
        {
            part.attempted = flux::revision(revision, &source.head.id.kind.kind);
            let why = format!("{revision} is fetched, and not applied yet");
            part.depends_on(object, Judgement::new(Health::Progressing, why, source.stored));
        } else if !source.head.observed {
            let why = "what it says now is not fetched yet";
            part.depends_on(object, Judgement::new(Health::Progressing, why, None));
        }
    }

    fn released(&self, it: &HelmRelease, source: Option<&Source>) -> Part {
        let judgement = it.head.ready.clone();
        let is_healthy = judgement.health == Health::Healthy;
        let mut part = Part {
            is_there: true,
            revision: it.revision(),
            version: it.version.clone(),
            attempted: None,
            health: Health::Healthy,
            since: None,
            suspended: it.head.suspended || source.is_some_and(|source| source.head.suspended),
            ailing: Vec::new(),
        };
        part.depends_on(it.head.id.reference(), or_created(judgement, it.head.created));
        if let Some(source) = source
            && is_healthy
            && !part.suspended
        {
            // Older controllers do not tell the digest: then the version alone has to do.
            let fetched = source.revision.as_deref();
            let same = match (&it.digest, fetched) {
                (Some(digest), Some(fetched)) => fetched.ends_with(digest.as_str()),
                _ => true,
            };
            self.lags(&mut part, source, if same { fetched } else { None });
        }
        self.inventoried(&mut part, &it.inventory);
        part
    }

    /// What was applied, as far as it is known.
    fn inventoried(&self, part: &mut Part, inventory: &[ObjectId]) {
        for id in inventory {
            let judgement = match self.objects.get(id) {
                Look::NotKnown => continue,
                // A Job may be gone because it is done.
                Look::Absent if id.kind == KindName::new("batch", "Job") => continue,
                Look::Absent => {
                    Judgement::new(Health::Unknown, "it was applied, and is gone", None)
                }
                Look::There(object) => self.judged(id, object),
            };
            part.depends_on(id.reference(), judgement);
        }
    }

    /// How one object is by what it says of itself.
    fn judged(&self, id: &ObjectId, object: &serde_json::Value) -> Judgement {
        if id.kind == flux::kustomization() {
            let it = Kustomization::of(object);
            let source = match self.objects.get(&it.source) {
                Look::There(source) => Some(Source::of(source)),
                _ => None,
            };
            return or_created(it.judgement(source.as_ref()), it.head.created);
        }
        if id.kind == flux::helm_release() {
            let it = HelmRelease::of(object);
            return or_created(it.head.ready, it.head.created);
        }
        if id.kind.group == flux::SOURCE_GROUP {
            // Of a source counts what comes of it.
            return Judgement::new(Health::Healthy, "", None);
        }
        let status = kstatus::status(object, self.now);
        let health = match status.progress {
            Progress::Current if is_running_job(id, object) => Health::Progressing,
            Progress::Current => Health::Healthy,
            Progress::InProgress | Progress::Terminating => Health::Progressing,
            Progress::Unknown => Health::Unknown,
            Progress::Failed => Health::Failed,
        };
        let why = match (health, status.why) {
            (Health::Progressing, why) if why.is_empty() => "it is not complete".to_owned(),
            (_, why) => why,
        };
        Judgement::new(health, why, turned(object, health == Health::Healthy))
    }
}

/// Flux waits for a Job until it is complete (`fluxcd/pkg:runtime/statusreaders/job.go`).
fn is_running_job(id: &ObjectId, object: &serde_json::Value) -> bool {
    let is_complete =
        || kstatus::condition(object, "Complete").is_some_and(|complete| complete.is_true());
    id.kind == KindName::new("batch", "Job") && !is_complete()
}

/// When an object that is well, or is not, became so: its conditions tell, of those kinds that have some.
fn turned(object: &serde_json::Value, well: bool) -> Option<Timestamp> {
    const TELLING: [&str; 4] = ["Ready", "Available", "Established", "Complete"];
    kstatus::conditions(object)
        .filter(|condition| TELLING.contains(&condition.kind) && condition.is_true() == well)
        .filter_map(|condition| condition.since)
        .max()
}

fn or_created(judgement: Judgement, created: Option<Timestamp>) -> Judgement {
    match judgement.health {
        Health::Healthy => judgement,
        _ => Judgement { since: judgement.since.or(created), ..judgement },
    }
}

/// The version that a revision's tag names.
fn version_of(revision: &Revision) -> Option<Version> {
    match revision {
        Revision::Oci { tag: Some(tag), .. } => Version::parse(tag).ok(),
        Revision::Git { pointer: Some(pointer), .. } => {
            Version::parse(pointer.trim_start_matches("refs/tags/")).ok()
        }
        _ => None,
    }
}
