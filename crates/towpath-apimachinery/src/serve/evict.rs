//! Evicting a pod: it is deleted, unless a budget says that too many would be missing.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/registry/core/pod/storage/eviction.go`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Call, decode};
use crate::admission::Operation;
use crate::decision::{Answer, Decision, Told};
use crate::deletion::{self, How};
use crate::object;
use crate::refusal::Refusal;
use crate::request::DryRun;
use crate::selector::Selector;
use crate::store::Stored;

const BUDGETS: &str = "poddisruptionbudgets.policy";

/// Deletes the pod that the path names, if budgets allow it.
pub(super) fn evict(mut call: Call<'_>) -> Result<Decision, Refusal> {
    let sent = decode::value(call.request.body, call.body)?;
    if let Some(options) = sent.get("deleteOptions").filter(|options| options.is_object()) {
        let own = std::mem::take(&mut call.options);
        call.options = own.with_body(options)?;
    }
    let stored = Arc::clone(call.stored()?);
    if let Some(asks) = call.judge(Operation::Create, Some(&sent), None)? {
        return Ok(Decision::Ask(asks));
    }
    let pod = call.value(&stored);
    let phase = object::text(&pod, &["status", "phase"]).unwrap_or_default();
    let mut changes = Vec::new();
    if !matches!(phase, "Succeeded" | "Failed" | "Pending")
        && !stored.head.is_deleted
        && let Some((budget, value)) = budget(&call, &stored)?
    {
        let resource = call.machine.stored(BUDGETS).ok_or_else(Refusal::no_such_resource)?;
        if let Some(spent) = spend(&value, &pod)? {
            changes.push(deletion::replace(resource, budget, spent));
        }
    }
    let how = How { propagation: call.options.propagation, grace: call.options.grace_period };
    let outcome = deletion::delete(&call.resource, &stored, pod, how, call.request.now);
    let done = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201,
    });
    changes.extend(outcome.change());
    if changes.is_empty() || call.options.dry_run == DryRun::All {
        return Ok(call.answer(Answer::value(201, &done, call.form.encoding)));
    }
    Ok(call.write(201, changes, Told::Value(done)))
}

/// The budget that covers a pod, if there is one.
fn budget<'a>(call: &'a Call<'_>, pod: &Stored) -> Result<Option<(&'a Stored, Value)>, Refusal> {
    let Some(resource) = call.machine.stored(BUDGETS) else { return Ok(None) };
    let mut found = None;
    for stored in call.machine.state().list(BUDGETS, Some(call.namespace())) {
        let value = stored.value(Some(resource.type_meta()));
        let selector = value.pointer("/spec/selector").map(Selector::of_labels);
        if selector.is_some_and(|selector| selector.matches(pod))
            && found.replace((&**stored, value)).is_some()
        {
            return Err(Refusal::internal(
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
            ));
        }
    }
    Ok(found)
}

/// The budget after one more pod went. None, if the pod does not count.
fn spend(budget: &Value, pod: &Value) -> Result<Option<Value>, Refusal> {
    let number = |field: &str| {
        object::at(budget, &["status", field]).and_then(Value::as_i64).unwrap_or_default()
    };
    let conditions = object::at(pod, &["status", "conditions"]).and_then(Value::as_array);
    let is_ready = conditions.into_iter().flatten().any(|one| {
        object::text(one, &["type"]) == Some("Ready")
            && object::text(one, &["status"]) == Some("True")
    });
    let policy = object::text(budget, &["spec", "unhealthyPodEvictionPolicy"]);
    let (healthy, desired) = (number("currentHealthy"), number("desiredHealthy"));
    if !is_ready && (policy == Some("AlwaysAllow") || (healthy >= desired && desired > 0)) {
        return Ok(None);
    }
    let name = object::name(budget);
    let allowed = number("disruptionsAllowed");
    if allowed <= 0 {
        return Err(Refusal::disrupts(format!(
            "The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
        )));
    }
    let mut spent = budget.clone();
    object::child(object::map(&mut spent), "status")
        .insert("disruptionsAllowed".into(), (allowed - 1).into());
    Ok(Some(spent))
}
