//! HorizontalPodAutoscalers: the number stays between its bounds; load there is none.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/controller/podautoscaler/horizontal.go`.

use serde_json::{Value, json};

use super::desk::{Desk, MANAGER, Seen, int, list, set, text};
use super::notes::Note;
use crate::object;
use crate::store::Event;

pub(super) const AUTOSCALERS: &str = "horizontalpodautoscalers.autoscaling";

/// What is scaled changed: autoscalers of its namespace look again.
pub(super) fn target_changed(desk: &mut Desk<'_>, event: &Event) {
    for scaler in desk.all(AUTOSCALERS, &event.key.namespace) {
        let Some(scaler) = desk.open(AUTOSCALERS, scaler) else { continue };
        if text(&scaler.value, &["spec", "scaleTargetRef", "name"]) == &*event.key.name {
            look(desk, &scaler);
        }
    }
}

/// Looks at an autoscaler.
pub(super) fn look<'m>(desk: &mut Desk<'m>, scaler: &Seen<'m>) {
    if scaler.is_deleted() {
        return;
    }
    let value = &scaler.value;
    let reference = value.pointer("/spec/scaleTargetRef").cloned().unwrap_or_default();
    let resource = match text(&reference, &["kind"]) {
        "Deployment" => super::deployments::DEPLOYMENTS,
        "StatefulSet" => super::statefulsets::STATEFUL,
        "ReplicaSet" => super::replicas::SETS,
        _ => return,
    };
    let mut status = value.get("status").cloned().unwrap_or_else(|| json!({}));
    let mut conditions = list(&status, &["conditions"]).to_vec();
    let time = desk.time();
    let mut put = |of_type: &str, is: &str, reason: &str, message: &str| {
        let one = json!({"type": of_type, "status": is, "reason": reason, "message": message});
        set(&mut conditions, one, &time);
    };
    let Some(target) = desk.see(resource, scaler.namespace(), text(&reference, &["name"])) else {
        let message = format!(
            "the HPA controller was unable to get the target's current scale: {resource} {:?} not found",
            text(&reference, &["name"])
        );
        put("AbleToScale", "False", "FailedGetScale", &message);
        finish(&mut status, conditions, 0, 0);
        desk.status(scaler, status, MANAGER);
        return desk.flush();
    };
    let asked = int(&target.value, &["spec", "replicas"]);
    let least = value.pointer("/spec/minReplicas").and_then(Value::as_i64).unwrap_or(1);
    let most = int(value, &["spec", "maxReplicas"]);
    let current = int(&target.value, &["status", "replicas"]);
    if asked == 0 && least != 0 {
        put(
            "AbleToScale",
            "True",
            "SucceededGetScale",
            "the HPA controller was able to get the target's current scale",
        );
        put(
            "ScalingActive",
            "False",
            "ScalingDisabled",
            "scaling is disabled since the replica count of the target is zero",
        );
        finish(&mut status, conditions, current, 0);
    } else {
        let wanted = asked.clamp(least.min(most), most);
        if wanted == asked {
            put("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size");
        } else {
            let message = "the HPA controller was able to update the target scale to ";
            put("AbleToScale", "True", "SucceededRescale", &format!("{message}{wanted}"));
        }
        put(
            "ScalingActive",
            "True",
            "ValidMetricFound",
            "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
        );
        put(
            "ScalingLimited",
            "False",
            "DesiredWithinRange",
            "the desired count is within the acceptable range",
        );
        finish(&mut status, conditions, current, wanted);
        if wanted != asked {
            let mut new = target.value.clone();
            object::child(object::map(&mut new), "spec").insert("replicas".into(), wanted.into());
            desk.exchange(&target, new, MANAGER);
            object::map(&mut status).insert("lastScaleTime".into(), time.into());
            let why = if wanted < asked { "maxReplicas" } else { "minReplicas" };
            let message = format!(
                "New size: {wanted}; reason: Current number of replicas is outside of {why}"
            );
            let source = "horizontal-pod-autoscaler";
            let note =
                Note { source, is_warning: false, reason: "SuccessfulRescale", message: &message };
            desk.note(value, &note);
        }
    }
    desk.status(scaler, status, MANAGER);
    desk.flush();
}

fn finish(status: &mut Value, conditions: Vec<Value>, current: i64, desired: i64) {
    let fields = object::map(status);
    fields.insert("currentReplicas".into(), current.into());
    fields.insert("desiredReplicas".into(), desired.into());
    fields.entry("currentMetrics").or_insert(Value::Null);
    fields.insert("conditions".into(), conditions.into());
}
