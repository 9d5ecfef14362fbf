//! What a cluster adds to a pod that is created, whoever creates it, and what it refuses of one: its account, its
//! priority, and what the limits of its namespace say.
//!
//! Source of the contract, words included: `kubernetes/kubernetes:plugin/pkg/admission/serviceaccount/admission.go`,
//! `plugin/pkg/admission/priority/admission.go`. Next: `limits.rs`.

use serde_json::{Value, json};

use super::limits;
use crate::machine::Machine;
use crate::object;
use crate::strategy;

const ACCOUNTS: &str = "serviceaccounts";
const CLASSES: &str = "priorityclasses.scheduling.k8s.io";

/// The account of a pod that names none.
const DEFAULT: &str = "default";

/// What a node says of a pod that it runs by itself.
const MIRROR: [&str; 3] = ["metadata", "annotations", "kubernetes.io/config.mirror"];

/// Makes a pod of a namespace what the cluster wants it to be. `suffix` are five random characters.
///
/// # Errors
///
/// The server's sentence after `is forbidden: `.
pub(crate) fn furnish(
    machine: &Machine,
    namespace: &str,
    pod: &mut Value,
    suffix: &str,
) -> Result<(), String> {
    limits::fill(machine, namespace, pod);
    if object::at(pod, &MIRROR).is_some() {
        return Ok(());
    }
    let has_token = account(machine, namespace, pod)?;
    let priority = priority(machine, pod)?;
    strategy::admit_pod(pod, priority, has_token.then_some(suffix));
    Ok(())
}

/// Finds the account of a pod. Gives whether the pod gets its token.
fn account(machine: &Machine, namespace: &str, pod: &mut Value) -> Result<bool, String> {
    let named = object::text(pod, &["spec", "serviceAccountName"]).unwrap_or_default();
    let name = if named.is_empty() { DEFAULT } else { named }.to_owned();
    let Some(stored) = machine.state().find(ACCOUNTS, namespace, &name) else {
        return Err(format!(
            "error looking up service account {namespace}/{name}: serviceaccount {name:?} not found"
        ));
    };
    let account = stored.value(None);
    let spec = object::child(object::map(pod), "spec");
    let has_secrets = |value: Option<&Value>| {
        value.and_then(Value::as_array).is_some_and(|secrets| !secrets.is_empty())
    };
    if !has_secrets(spec.get("imagePullSecrets")) && has_secrets(account.get("imagePullSecrets")) {
        spec.insert("imagePullSecrets".into(), account["imagePullSecrets"].clone());
    }
    let said = |value: Option<&Value>| value.and_then(Value::as_bool);
    let field = "automountServiceAccountToken";
    Ok(said(spec.get(field)).or(said(account.get(field))).unwrap_or(true))
}

/// The priority of a pod, by its class or that of all pods without one.
fn priority(machine: &Machine, pod: &mut Value) -> Result<i64, String> {
    let named = object::text(pod, &["spec", "priorityClassName"]).unwrap_or_default().to_owned();
    let class = if named.is_empty() {
        let mut classes = machine.state().list(CLASSES, None).map(|stored| stored.value(None));
        classes.find(|class| class.get("globalDefault") == Some(&Value::Bool(true)))
    } else {
        let found = machine.state().find(CLASSES, "", &named);
        let missing = || format!("no PriorityClass with name {named} was found");
        Some(found.ok_or_else(missing)?.value(None))
    };
    let value = class.as_ref().and_then(|class| class.get("value")?.as_i64()).unwrap_or_default();
    let spec = object::child(object::map(pod), "spec");
    if let Some(class) = &class {
        spec.insert("priorityClassName".into(), object::name(class).into());
        let policy = object::text(class, &["preemptionPolicy"]).unwrap_or("PreemptLowerPriority");
        spec.entry("preemptionPolicy").or_insert_with(|| policy.into());
    }
    match spec.get("priority").and_then(Value::as_i64) {
        Some(given) if given != value => Err(format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name"
        )),
        _ => {
            spec.insert("priority".into(), json!(value));
            Ok(value)
        }
    }
}
