//! LimitRanges: what containers get that say nothing, and what is too little or too much.
//!
//! Source of the contract, words included: `kubernetes/kubernetes:plugin/pkg/admission/limitranger/admission.go`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::control::living::quota::amount;
use crate::machine::Machine;
use crate::object;

const RANGES: &str = "limitranges";

/// What is noted of a pod that was given something.
const NOTE: &str = "kubernetes.io/limit-ranger";

/// What is asked for, or granted at most, by the name of the resource.
type Amounts = BTreeMap<String, String>;

fn ranges<'a>(machine: &'a Machine, namespace: &'a str) -> impl Iterator<Item = Value> + 'a {
    machine.state().list(RANGES, Some(namespace)).map(|stored| stored.value(None))
}

fn items<'a>(value: &'a Value, path: &[&str]) -> impl Iterator<Item = &'a Value> + use<'a> {
    object::at(value, path).and_then(Value::as_array).into_iter().flatten()
}

fn amounts(value: Option<&Value>) -> Amounts {
    let amounts = value.and_then(Value::as_object).into_iter().flatten();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    amounts.map(|(name, value)| (name.clone(), text(value))).collect()
}

/// Gives containers of a pod what the namespace says that they get.
pub(super) fn fill(machine: &Machine, namespace: &str, pod: &mut Value) {
    let mut notes = Vec::new();
    for range in ranges(machine, namespace) {
        let (mut requests, mut limits) = (Amounts::new(), Amounts::new());
        for limit in items(&range, &["spec", "limits"]) {
            if object::text(limit, &["type"]) == Some("Container") {
                requests.extend(amounts(limit.get("defaultRequest")));
                limits.extend(amounts(limit.get("default")));
            }
        }
        for (list, kind) in [("containers", "container"), ("initContainers", "init container")] {
            let spec = object::child(object::map(pod), "spec");
            let containers = spec.get_mut(list).and_then(Value::as_array_mut);
            for container in containers.into_iter().flatten() {
                let name = object::text(container, &["name"]).unwrap_or_default().to_owned();
                for (of, what, given) in
                    [("requests", "request", &requests), ("limits", "limit", &limits)]
                {
                    let set = give(object::map(container), of, given);
                    if !set.is_empty() {
                        notes.push(format!("{} {what} for {kind} {name}", set.join(", ")));
                    }
                }
            }
        }
    }
    if !notes.is_empty() {
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        object::child(object::metadata(pod), "annotations").insert(NOTE.into(), note.into());
    }
}

/// Gives a container what it does not say itself. Gives the names of what it was given.
fn give(container: &mut Map<String, Value>, of: &str, given: &Amounts) -> Vec<String> {
    if given.is_empty() {
        return Vec::new();
    }
    let own = object::child(object::child(container, "resources"), of);
    let missing: Vec<String> =
        given.keys().filter(|name| !own.contains_key(*name)).cloned().collect();
    for name in &missing {
        own.insert(name.clone(), json!(given[name]));
    }
    missing
}

/// Whether the namespace lets an object ask for what it asks for.
///
/// # Errors
///
/// The server's sentence after `is forbidden: `.
pub(crate) fn check(
    machine: &Machine,
    namespace: &str,
    resource: &str,
    value: &Value,
) -> Result<(), String> {
    for range in ranges(machine, namespace) {
        let mut faults = Vec::new();
        for limit in items(&range, &["spec", "limits"]) {
            match (resource, object::text(limit, &["type"])) {
                ("pods", Some("Container")) => {
                    for container in items(value, &["spec", "containers"]) {
                        judge(limit, "Container", &Wanted::of(container), &mut faults);
                    }
                }
                ("pods", Some("Pod")) => judge(limit, "Pod", &Wanted::of_pod(value), &mut faults),
                ("persistentvolumeclaims", Some("PersistentVolumeClaim")) => {
                    judge_claim(limit, value, &mut faults);
                }
                _ => {}
            }
        }
        match faults.as_slice() {
            [] => {}
            [fault] => return Err(fault.clone()),
            faults => return Err(format!("[{}]", faults.join(", "))),
        }
    }
    Ok(())
}

/// What a container or a pod wants.
struct Wanted {
    requests: Amounts,
    limits: Amounts,
}

impl Wanted {
    fn of(container: &Value) -> Self {
        let of = |field| amounts(object::at(container, &["resources", field]));
        Self { requests: of("requests"), limits: of("limits") }
    }

    /// What a pod wants is what its containers want together, or the first of them one after the other.
    fn of_pod(pod: &Value) -> Self {
        let all = |list| items(pod, &["spec", list]).map(Wanted::of).collect::<Vec<_>>();
        let (main, first) = (all("containers"), all("initContainers"));
        let sum = |of: fn(&Wanted) -> &Amounts| {
            let names: Vec<&String> = main.iter().flat_map(|one| of(one).keys()).collect();
            let mut sums = Amounts::new();
            for name in names {
                if main.iter().all(|one| of(one).contains_key(name)) {
                    let each = |one| of(one).get(name).map_or(0, |text| amount(text));
                    let total: i128 = main.iter().map(each).sum();
                    let longest = first.iter().map(each).max().unwrap_or_default();
                    sums.insert(name.clone(), format!("{}m", total.max(longest)));
                }
            }
            sums
        };
        Self { requests: sum(|one| &one.requests), limits: sum(|one| &one.limits) }
    }
}

fn judge(limit: &Value, kind: &str, wanted: &Wanted, faults: &mut Vec<String>) {
    for (name, least) in amounts(limit.get("min")) {
        let begins = format!("minimum {name} usage per {kind} is {least}");
        let (request, most) = (wanted.requests.get(&name), wanted.limits.get(&name));
        match (request, most) {
            (None, _) => faults.push(format!("{begins}.  No request is specified")),
            (Some(request), _) if amount(request) < amount(&least) => {
                faults.push(format!("{begins}, but request is {}", plain(request)));
            }
            (_, Some(most)) if amount(most) < amount(&least) => {
                faults.push(format!("{begins}, but limit is {}", plain(most)));
            }
            _ => {}
        }
    }
    for (name, greatest) in amounts(limit.get("max")) {
        let begins = format!("maximum {name} usage per {kind} is {greatest}");
        let (request, most) = (wanted.requests.get(&name), wanted.limits.get(&name));
        match (request, most) {
            (_, None) => faults.push(format!("{begins}.  No limit is specified")),
            (_, Some(most)) if amount(most) > amount(&greatest) => {
                faults.push(format!("{begins}, but limit is {}", plain(most)));
            }
            (Some(request), _) if amount(request) > amount(&greatest) => {
                faults.push(format!("{begins}, but request is {}", plain(request)));
            }
            _ => {}
        }
    }
    for (name, greatest) in amounts(limit.get("maxLimitRequestRatio")) {
        let begins = format!("{name} max limit to request ratio per {kind} is {greatest}");
        let of = |amounts: &Amounts| amounts.get(&name).map_or(0, |text| amount(text));
        let (request, most) = (of(&wanted.requests), of(&wanted.limits));
        if request == 0 {
            faults.push(format!("{begins}, but no request is specified or request is 0"));
        } else if most == 0 {
            faults.push(format!("{begins}, but no limit is specified or limit is 0"));
        } else {
            let ratio = most as f64 / request as f64;
            if ratio * 1000.0 > amount(&greatest) as f64 {
                faults.push(format!("{begins}, but provided ratio is {ratio:.6}"));
            }
        }
    }
}

fn judge_claim(limit: &Value, claim: &Value, faults: &mut Vec<String>) {
    let kind = "PersistentVolumeClaim";
    let requests = amounts(object::at(claim, &["spec", "resources", "requests"]));
    for (field, word) in [("min", "minimum"), ("max", "maximum")] {
        for (name, bound) in amounts(limit.get(field)) {
            let begins = format!("{word} {name} usage per {kind} is {bound}");
            let Some(request) = requests.get(&name) else {
                faults.push(format!("{begins}.  No request is specified"));
                continue;
            };
            let (request_amount, bound) = (amount(request), amount(&bound));
            let is_out =
                if field == "min" { request_amount < bound } else { request_amount > bound };
            if is_out {
                faults.push(format!("{begins}, but request is {request}"));
            }
        }
    }
}

/// A sum in thousandths as people write it.
fn plain(text: &str) -> String {
    let whole = text.strip_suffix("000m").filter(|whole| !whole.is_empty());
    whole.map_or_else(|| text.to_owned(), str::to_owned)
}
