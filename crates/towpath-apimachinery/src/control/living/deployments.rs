//! Deployments: from one ReplicaSet to the next.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/deployment`.

mod rollout;
mod status;

use serde_json::{Value, json};

use super::desk::{Desk, MANAGER, Seen, hash, int, share, text};
use super::notes::Note;
use super::replicas::{SETS, adopt};
use crate::object;

pub(super) const DEPLOYMENTS: &str = "deployments.apps";
const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";
const HISTORY: &str = "deployment.kubernetes.io/revision-history";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
const CONTROLLER: &str = "deployment-controller";

/// A Deployment with its ReplicaSets.
struct Work<'s, 'm> {
    deployment: &'s Seen<'m>,
    /// What becomes of the Deployment.
    value: Value,
    /// The one of the template, if there is one.
    new: Option<Seen<'m>>,
    /// The others, the oldest first.
    old: Vec<Seen<'m>>,
    /// Why the new one could not be made, or what happened to it now.
    made: Option<String>,
}

/// Looks at a Deployment.
pub(super) fn look<'m>(desk: &mut Desk<'m>, deployment: &Seen<'m>) {
    if deployment.is_deleted() {
        return;
    }
    adopt(desk, deployment, SETS, deployment.value.pointer("/spec/selector"));
    let machine = desk.machine;
    let mut sets: Vec<Seen<'m>> =
        desk.owned(deployment.uid(), SETS).filter_map(|set| desk.open(SETS, set)).collect();
    let _ = machine;
    sets.sort_by(|a, b| {
        let made = |set: &Seen<'_>| text(&set.value, &["metadata", "creationTimestamp"]).to_owned();
        (made(a), revision(&a.value), a.name()).cmp(&(made(b), revision(&b.value), b.name()))
    });
    let template = bare(deployment.value.pointer("/spec/template"));
    let at = sets.iter().position(|set| bare(set.value.pointer("/spec/template")) == template);
    let new = at.map(|at| sets.remove(at));
    let value = deployment.value.clone();
    let mut work = Work { deployment, value, new, old: sets, made: None };
    let is_paused = work.value.pointer("/spec/paused") == Some(&Value::Bool(true));
    if !is_paused {
        work.settle_new(desk);
    }
    rollout::scale(desk, &mut work, is_paused);
    status::write(desk, &mut work, is_paused);
    desk.flush();
}

/// A template without the label that tells its pods from those of others.
fn bare(template: Option<&Value>) -> Value {
    let mut template = template.cloned().unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.shift_remove(HASH);
    }
    template
}

fn annotation<'a>(value: &'a Value, name: &str) -> &'a str {
    text(value, &["metadata", "annotations", name])
}

fn revision(value: &Value) -> i64 {
    annotation(value, REVISION).parse().unwrap_or_default()
}

fn annotate(value: &mut Value, name: &str, to: String) {
    object::child(object::metadata(value), "annotations").insert(name.to_owned(), to.into());
}

impl<'m> Work<'_, 'm> {
    fn replicas(&self) -> i64 {
        int(&self.value, &["spec", "replicas"])
    }

    /// How many pods may be added above, and how many may be missing.
    fn slack(&self) -> (i64, i64) {
        if text(&self.value, &["spec", "strategy", "type"]) == "Recreate" {
            return (0, 0);
        }
        let get =
            |field: &str| self.value.pointer(&format!("/spec/strategy/rollingUpdate/{field}"));
        let surge = share(get("maxSurge"), self.replicas(), true);
        let missing = share(get("maxUnavailable"), self.replicas(), false);
        if surge == 0 && missing == 0 { (0, 1) } else { (surge, missing.min(self.replicas())) }
    }

    /// Makes sure that there is a ReplicaSet of the template, with the newest revision.
    fn settle_new(&mut self, desk: &mut Desk<'m>) {
        let newest = self.old.iter().map(|set| revision(&set.value)).max().unwrap_or_default();
        let next = newest + 1;
        if let Some(new) = &mut self.new {
            let was = revision(&new.value);
            if was < next {
                let mut past = annotation(&new.value, HISTORY).to_owned();
                if was > 0 {
                    past = if past.is_empty() { was.to_string() } else { format!("{past},{was}") };
                    annotate(&mut new.value, HISTORY, past);
                }
                annotate(&mut new.value, REVISION, next.to_string());
                copy_annotations(&self.value, &mut new.value);
            }
            let is = revision(&new.value).to_string();
            if annotation(&self.value, REVISION) != is {
                annotate(&mut self.value, REVISION, is);
            }
            return;
        }
        let is_recreate = text(&self.value, &["spec", "strategy", "type"]) == "Recreate";
        if is_recreate && self.old.iter().any(|set| rollout::has_pods(desk, set)) {
            return;
        }
        self.create(desk, next);
        annotate(&mut self.value, REVISION, next.to_string());
    }

    fn create(&mut self, desk: &mut Desk<'m>, revision: i64) {
        let mut template = bare(self.value.pointer("/spec/template"));
        let hash = hash(&template);
        let labels = object::child(object::metadata(&mut template), "labels");
        labels.insert(HASH.into(), hash.as_str().into());
        let labels = Value::Object(labels.clone());
        let mut selector = self.value.pointer("/spec/selector").cloned().unwrap_or_default();
        let matched = object::child(object::map(&mut selector), "matchLabels");
        matched.insert(HASH.into(), hash.as_str().into());
        let (surge, _) = self.slack();
        let replicas = self.replicas();
        let others: i64 = self.old.iter().map(|set| int(&set.value, &["spec", "replicas"])).sum();
        let is_recreate = text(&self.value, &["spec", "strategy", "type"]) == "Recreate";
        let first =
            if is_recreate { replicas } else { (replicas + surge - others).clamp(0, replicas) };
        let name = format!("{}-{hash}", self.deployment.name());
        let mut set = json!({
            "metadata": {
                "name": name,
                "namespace": self.deployment.namespace(),
                "labels": labels,
                "annotations": {
                    DESIRED: replicas.to_string(),
                    MAXIMUM: (replicas + surge).to_string(),
                    REVISION: revision.to_string(),
                },
                "ownerReferences": [self.deployment.controls()],
            },
            "spec": {"replicas": first, "selector": selector, "template": template},
        });
        copy_annotations(&self.value, &mut set);
        let seconds = self.value.pointer("/spec/minReadySeconds").cloned();
        if let Some(seconds) = seconds.filter(|seconds| *seconds != 0) {
            object::child(object::map(&mut set), "spec").insert("minReadySeconds".into(), seconds);
        }
        match desk.create(SETS, set, MANAGER) {
            Ok(Some(_)) => {
                self.made = Some(name.clone());
                if first > 0 {
                    let message = format!("Scaled up replica set {name} from 0 to {first}");
                    tell(desk, &self.value, false, "ScalingReplicaSet", &message);
                }
            }
            Ok(None) => {}
            Err(fault) => tell(desk, &self.value, true, "ReplicaSetCreateError", &fault),
        }
    }
}

/// Annotations of a Deployment are those of its ReplicaSets, except those that are about itself.
fn copy_annotations(from: &Value, to: &mut Value) {
    let all = from.pointer("/metadata/annotations").and_then(Value::as_object);
    let own =
        [REVISION, HISTORY, DESIRED, MAXIMUM, LAST_APPLIED, "deprecated.deployment.rollback.to"];
    for (name, value) in all.into_iter().flatten().filter(|(name, _)| !own.contains(&name.as_str()))
    {
        object::child(object::metadata(to), "annotations").insert(name.clone(), value.clone());
    }
}

fn tell(desk: &mut Desk<'_>, about: &Value, is_warning: bool, reason: &str, message: &str) {
    desk.note(about, &Note { source: CONTROLLER, is_warning, reason, message });
}
