//! PodDisruptionBudgets: how many pods may go on purpose.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/disruption/disruption.go`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::desk::{Desk, MANAGER, Seen, controller, int, list, set, share, text};
use super::pods::{self, PODS};
use crate::object;
use crate::selector::Selector;
use crate::store::{Event, Stored};

pub(super) const BUDGETS: &str = "poddisruptionbudgets.policy";

/// A pod changed in what others count: budgets of its namespace look again.
pub(super) fn pod_changed(desk: &mut Desk<'_>, event: &Event) {
    for budget in desk.all(BUDGETS, &event.key.namespace) {
        let Some(budget) = desk.open(BUDGETS, budget) else { continue };
        let selector = selector(&budget.value);
        if selector.matches(&event.object)
            || event.previous.as_ref().is_some_and(|pod| selector.matches(pod))
        {
            look(desk, &budget);
        }
    }
}

fn selector(budget: &Value) -> Selector {
    budget.pointer("/spec/selector").map(Selector::of_labels).unwrap_or_default()
}

/// Looks at a budget.
pub(super) fn look<'m>(desk: &mut Desk<'m>, budget: &Seen<'m>) {
    if budget.is_deleted() || budget.value.pointer("/spec/selector").is_none() {
        return;
    }
    let value = &budget.value;
    let selector = selector(value);
    let pods: Vec<&Arc<Stored>> = desk
        .all(PODS, budget.namespace())
        .into_iter()
        .filter(|pod| selector.matches(pod))
        .filter(|pod| !matches!(pod.head.field("status.phase"), "Succeeded" | "Failed"))
        .collect();
    let healthy = pods.iter().filter(|pod| !pod.head.is_deleted && pods::is_ready(pod)).count();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let (least, most) =
        (value.pointer("/spec/minAvailable"), value.pointer("/spec/maxUnavailable"));
    let (expected, desired) = match (least, most) {
        (_, Some(most)) => {
            let expected = expected(desk, &pods);
            (expected, (expected - share(Some(most), expected, true)).max(0))
        }
        (Some(least @ Value::String(_)), None) => {
            let expected = expected(desk, &pods);
            (expected, share(Some(least), expected, true))
        }
        (Some(least), None) => (count(pods.len()), least.as_i64().unwrap_or_default()),
        (None, None) => (count(pods.len()), 1),
    };
    let healthy = count(healthy);
    let allowed = if expected <= 0 { 0 } else { (healthy - desired).max(0) };
    let mut status = value.get("status").cloned().unwrap_or_else(|| json!({}));
    let mut conditions = list(&status, &["conditions"]).to_vec();
    let (is, reason) =
        if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let time = desk.time();
    let condition = json!({
        "type": "DisruptionAllowed", "status": is, "observedGeneration": budget.generation(),
        "reason": reason, "message": "",
    });
    set(&mut conditions, condition, &time);
    let fields = object::map(&mut status);
    for (name, number) in [
        ("observedGeneration", budget.generation()),
        ("disruptionsAllowed", allowed),
        ("currentHealthy", healthy),
        ("desiredHealthy", desired),
        ("expectedPods", expected),
    ] {
        fields.insert(name.into(), number.into());
    }
    fields.insert("conditions".into(), conditions.into());
    desk.status(budget, status, MANAGER);
    desk.flush();
}

/// How many pods those that control them ask for.
fn expected(desk: &Desk<'_>, pods: &[&Arc<Stored>]) -> i64 {
    let mut seen = BTreeSet::new();
    let mut expected = 0;
    for pod in pods {
        let Some(pod) = desk.open(PODS, pod) else { continue };
        let Some(owner) = controller(&pod.value) else { continue };
        if !seen.insert(text(owner, &["uid"]).to_owned()) {
            continue;
        }
        let resource = match text(owner, &["kind"]) {
            "ReplicaSet" => super::replicas::SETS,
            "ReplicationController" => super::replicas::CONTROLLERS,
            "StatefulSet" => super::statefulsets::STATEFUL,
            _ => continue,
        };
        let Some(found) = desk.see(resource, pod.namespace(), text(owner, &["name"])) else {
            continue;
        };
        match desk.controller(&found.value, "Deployment", super::deployments::DEPLOYMENTS) {
            Some(deployment) if seen.insert(deployment.uid().to_owned()) => {
                expected += int(&deployment.value, &["spec", "replicas"]);
            }
            Some(_) => {}
            None => expected += int(&found.value, &["spec", "replicas"]),
        }
    }
    expected
}
