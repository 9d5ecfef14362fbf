//! The objects of one cluster as far as they are known, each kind by itself: all of it, or why not.
//!
//! What was never asked for is not "not there". Only [`essence`] of an object is kept, so that a cluster costs little
//! memory and nothing of a Secret stays. Must not judge. Next: [`super::flux`].

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};
use towpath_core::pin::ObjectRef;

use super::flux;
use super::kstatus::text;

/// A kind by group: all versions of it are the same objects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KindName {
    /// `apps`; empty for the core group.
    pub group: String,
    /// `Deployment`.
    pub kind: String,
}

impl KindName {
    /// A kind.
    #[must_use]
    pub fn new(group: &str, kind: &str) -> Self {
        Self { group: group.to_owned(), kind: kind.to_owned() }
    }

    /// The kind of an object.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let group = text(object, "/apiVersion").rsplit_once('/').map_or("", |(group, _)| group);
        Self::new(group, text(object, "/kind"))
    }
}

impl fmt::Display for KindName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.group.as_str() {
            "" => f.write_str(&self.kind),
            group => write!(f, "{}.{group}", self.kind),
        }
    }
}

/// An object by kind and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// The kind.
    pub kind: KindName,
    /// Where it is.
    pub place: Place,
}

/// Namespace and name; the namespace is empty where there is none.
pub type Place = (String, String);

impl ObjectId {
    /// The object itself.
    #[must_use]
    pub fn of(object: &Value) -> Self {
        let part = |pointer: &str| text(object, pointer).to_owned();
        let place = (part("/metadata/namespace"), part("/metadata/name"));
        Self { kind: KindName::of(object), place }
    }

    /// As people write it.
    #[must_use]
    pub fn reference(&self) -> ObjectRef {
        let (namespace, name) = self.place.clone();
        ObjectRef { kind: self.kind.kind.clone(), namespace, name }
    }
}

/// All objects of a kind, or why they are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// All there are.
    Whole(Arc<BTreeMap<Place, Arc<Value>>>),
    /// The cluster does not tell; why, in one line.
    Refused(String),
}

/// What is known of one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look<'a> {
    /// It is there.
    There(&'a Value),
    /// The cluster has none.
    Absent,
    /// Nobody asked for its kind, or the cluster does not tell.
    NotKnown,
}

/// The objects of one cluster. Cheap to clone: what does not change is shared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Objects {
    kinds: BTreeMap<KindName, Listed>,
}

impl Objects {
    /// All objects of a kind, in place of what was known of it.
    pub fn set(&mut self, kind: KindName, listed: Listed) {
        self.kinds.insert(kind, listed);
    }

    /// All objects of a kind by their [`essence`], in place of what was known of it.
    pub fn set_whole(&mut self, kind: KindName, objects: impl IntoIterator<Item = Value>) {
        let by_place = objects.into_iter().map(|o| (ObjectId::of(&o).place, Arc::new(essence(o))));
        self.set(kind, Listed::Whole(Arc::new(by_place.collect())));
    }

    /// One object that is new or changed, by its [`essence`]; of a kind that is known as a whole.
    pub fn put(&mut self, object: Value) {
        let id = ObjectId::of(&object);
        if let Some(Listed::Whole(all)) = self.kinds.get_mut(&id.kind) {
            Arc::make_mut(all).insert(id.place, Arc::new(essence(object)));
        }
    }

    /// One object that is gone.
    pub fn remove(&mut self, id: &ObjectId) {
        if let Some(Listed::Whole(all)) = self.kinds.get_mut(&id.kind) {
            Arc::make_mut(all).remove(&id.place);
        }
    }

    /// Nothing is known of a kind any more.
    pub fn forget(&mut self, kind: &KindName) {
        self.kinds.remove(kind);
    }

    /// What is known of a kind.
    #[must_use]
    pub fn kind(&self, kind: &KindName) -> Option<&Listed> {
        self.kinds.get(kind)
    }

    /// The kinds of which something is known.
    pub fn kinds(&self) -> impl Iterator<Item = &KindName> {
        self.kinds.keys()
    }

    /// The objects of a kind, by namespace and name; none where it is not known.
    pub fn of<'a>(&'a self, kind: &KindName) -> impl Iterator<Item = &'a Value> + use<'a> {
        let all = match self.kinds.get(kind) {
            Some(Listed::Whole(all)) => Some(all),
            _ => None,
        };
        all.into_iter().flat_map(|all| all.values().map(Arc::as_ref))
    }

    /// One object.
    #[must_use]
    pub fn get(&self, id: &ObjectId) -> Look<'_> {
        match self.kinds.get(&id.kind) {
            Some(Listed::Whole(all)) => {
                all.get(&id.place).map_or(Look::Absent, |object| Look::There(object))
            }
            _ => Look::NotKnown,
        }
    }

    /// The kinds that the inventories of Flux objects name, as far as their objects say how they are.
    #[must_use]
    pub fn named_kinds(&self) -> BTreeSet<KindName> {
        let delivering = [flux::kustomization(), flux::helm_release()];
        let objects = delivering.iter().flat_map(|kind| self.of(kind));
        objects
            .filter(|object| !flux::is_remote(object))
            .flat_map(flux::inventory)
            .map(|id| id.kind)
            .filter(says_how_it_is)
            .collect()
    }
}

/// Whether the objects of a kind say more than that they are there.
#[must_use]
pub fn says_how_it_is(kind: &KindName) -> bool {
    let silent = match kind.group.as_str() {
        "" => matches!(
            kind.kind.as_str(),
            "ConfigMap" | "Secret" | "ServiceAccount" | "LimitRange" | "Endpoints" | "Event"
        ),
        "rbac.authorization.k8s.io"
        | "storage.k8s.io"
        | "scheduling.k8s.io"
        | "node.k8s.io"
        | "admissionregistration.k8s.io"
        | "coordination.k8s.io"
        | "discovery.k8s.io"
        | "events.k8s.io" => true,
        "networking.k8s.io" => matches!(kind.kind.as_str(), "NetworkPolicy" | "IngressClass"),
        _ => false,
    };
    !silent
}

/// What the health of an object can depend on: all else is not worth its memory, or nobody's business.
const METADATA: [&str; 5] =
    ["creationTimestamp", "deletionTimestamp", "generation", "name", "namespace"];
const SPEC: [&str; 12] = [
    "chartRef",
    "clusterIP",
    "interval",
    "kubeConfig",
    "progressDeadlineSeconds",
    "replicas",
    "retryInterval",
    "sourceRef",
    "suspend",
    "sync",
    "type",
    "updateStrategy",
];
const STATUS: [&str; 26] = [
    "artifact",
    "availableReplicas",
    "conditions",
    "containerStatuses",
    "currentNumberScheduled",
    "currentReplicas",
    "currentRevision",
    "desiredNumberScheduled",
    "fullyLabeledReplicas",
    "history",
    "inventory",
    "lastAppliedRevision",
    "lastAttemptedRevision",
    "lastAttemptedRevisionDigest",
    "numberAvailable",
    "numberReady",
    "observedGeneration",
    "phase",
    "readyReplicas",
    "replicas",
    "startTime",
    "succeeded",
    "updateRevision",
    "updatedNumberScheduled",
    "updatedReplicas",
    "url",
];

/// An object with only what its health can depend on.
#[must_use]
pub fn essence(object: Value) -> Value {
    let Value::Object(mut fields) = object else { return Value::Null };
    let mut kept = Map::new();
    for key in ["apiVersion", "kind"] {
        kept.extend(fields.remove_entry(key));
    }
    let parts: [(&str, &[&str]); 3] =
        [("metadata", &METADATA), ("spec", &SPEC), ("status", &STATUS)];
    for (key, names) in parts {
        if let Some(Value::Object(part)) = fields.remove(key) {
            let chosen = part.into_iter().filter(|(name, _)| names.contains(&name.as_str()));
            kept.insert(key.to_owned(), Value::Object(chosen.collect()));
        }
    }
    Value::Object(kept)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_a_secret_nothing_stays_but_that_it_is_there() {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "data": {"password": "aHVudGVyMg=="},
            "metadata": {"name": "a", "namespace": "b", "annotations": {"last": "aHVudGVyMg=="}},
        });
        let kept = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "b"}});
        assert_eq!(essence(secret), kept);
    }

    #[test]
    fn what_nobody_asked_for_is_not_absent() {
        let map = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}});
        let id = ObjectId::of(&map);
        let mut objects = Objects::default();
        objects.put(map.clone());
        assert_eq!(objects.get(&id), Look::NotKnown);
        objects.set(id.kind.clone(), Listed::Refused("403".to_owned()));
        assert_eq!(objects.get(&id), Look::NotKnown);
        objects.set_whole(id.kind.clone(), []);
        assert_eq!(objects.get(&id), Look::Absent);
        let before = objects.clone();
        objects.put(map);
        assert!(matches!(objects.get(&id), Look::There(_)));
        assert_eq!(before.get(&id), Look::Absent);
        objects.remove(&id);
        assert_eq!(objects, before);
    }

    #[test]
    fn the_kinds_of_inventories_are_those_that_say_how_they_are() {
        let entries = json!([
            {"id": "p_web_apps_Deployment", "v": "v1"}, {"id": "p_settings__ConfigMap", "v": "v1"},
            {"id": "p_system__web_rbac.authorization.k8s.io_Role", "v": "v1"}, {"id": "odd", "v": "v1"},
            {"id": "p_web__Service", "v": "v1"},
        ]);
        let kustomization = |name: &str, spec: Value| {
            json!({
                "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "spec": spec,
                "metadata": {"name": name}, "status": {"inventory": {"entries": entries}},
            })
        };
        let mut objects = Objects::default();
        let elsewhere =
            kustomization("elsewhere", json!({"kubeConfig": {"secretRef": {"name": "x"}}}));
        objects.set_whole(flux::kustomization(), [elsewhere]);
        assert_eq!(objects.named_kinds(), BTreeSet::new());
        objects.put(kustomization("here", json!({})));
        let want = [KindName::new("", "Service"), KindName::new("apps", "Deployment")];
        assert_eq!(objects.named_kinds(), BTreeSet::from(want));
    }
}
