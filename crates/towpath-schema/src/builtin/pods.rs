//! What the server knows of pods beyond their schema, where one field has to fit another.
//!
//! Source of the contract, words included: `kubernetes/kubernetes:pkg/apis/core/validation/validation.go`.

use serde_json::{Map, Value};

use super::check::{Place, repeated, text};
use super::metadata;
use super::quantity;
use super::run::Run;
use crate::crd::schema::Fault;

fn name(item: &Value) -> &str {
    text(item, "name")
}

/// Names of containers, which initial ones share with the others, and mounts of volumes that there are.
pub(super) fn pod(pod: Place<'_>, run: &mut Run) {
    let lists = ["containers", "initContainers"];
    if pod.items("containers").is_empty() && pod.has("containers") {
        run.required(&pod.at.field("containers"), "");
    }
    let all: Vec<(&str, usize, &Value)> = lists
        .iter()
        .flat_map(|list| {
            pod.items(list).iter().enumerate().map(move |(index, item)| (*list, index, item))
        })
        .collect();
    repeated(
        &all,
        |(_, _, item)| name(item),
        |at, name| {
            let (list, index, _) = all[at];
            let list_at = pod.at.field(list);
            run.duplicate(&list_at.item(index).field("name"), &Value::from(*name));
        },
    );
    let volumes = pod.items("volumes");
    let mut volumes: Vec<&str> = volumes.iter().map(name).collect();
    volumes.sort_unstable();
    mounts(pod, &all, &volumes, run);
    for (index, container) in pod.items("initContainers").iter().enumerate() {
        if container.get("restartPolicy").is_some_and(|policy| !policy.is_null()) {
            continue;
        }
        let list_at = pod.at.field("initContainers");
        let at = list_at.item(index);
        for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] {
            if container.get(field).is_some_and(|value| !value.is_null()) {
                run.forbidden(
                    &at.field(field),
                    "may not be set for init containers without restartPolicy=Always",
                );
            }
        }
    }
}

fn mounts(pod: Place<'_>, containers: &[(&str, usize, &Value)], volumes: &[&str], run: &mut Run) {
    for (list, index, container) in containers {
        let list_at = pod.at.field(list);
        let at = list_at.item(*index);
        let mounts_at = at.field("volumeMounts");
        let mounts = container.get("volumeMounts").and_then(Value::as_array);
        let mounts = mounts.map_or(&[][..], Vec::as_slice);
        for (index, mount) in mounts.iter().enumerate() {
            let named = name(mount);
            if !named.is_empty() && volumes.binary_search(&named).is_err() && !run.has_claim(named)
            {
                let at = mounts_at.item(index);
                run.add(Fault::Invalid, &at.field("name"), || format!("Not found: {named:?}"));
            }
        }
        repeated(
            mounts,
            |mount| text(mount, "mountPath"),
            |index, path| {
                let at = mounts_at.item(index);
                run.invalid(&at.field("mountPath"), &Value::from(*path), "must be unique");
            },
        );
    }
}

/// A container.
pub(super) fn container(container: Place<'_>, run: &mut Run) {
    if let Some(image) = container.get("image").and_then(Value::as_str)
        && image.len() != image.trim().len()
    {
        let why = "must not have leading or trailing whitespace";
        run.invalid(&container.at.field("image"), &Value::from(image), why);
    }
    for probe in ["livenessProbe", "startupProbe"] {
        let threshold = container.object(probe).and_then(|probe| probe.get("successThreshold"));
        if let Some(threshold) = threshold
            && threshold.as_i64().is_some_and(|n| n > 1)
        {
            let at = container.at.field(probe);
            run.invalid(&at.field("successThreshold"), threshold, "must be 1");
        }
    }
}

const HANDLERS: [&str; 5] = ["exec", "grpc", "httpGet", "sleep", "tcpSocket"];

/// A probe, or a hook: it has exactly one handler.
pub(super) fn handler(here: Place<'_>, run: &mut Run) {
    let mut there = HANDLERS.into_iter().filter(|name| here.has(name));
    if there.next().is_none() {
        run.required(here.at, "must specify a handler type");
    }
    for second in there {
        run.forbidden(&here.at.field(second), "may not specify more than 1 handler type");
    }
}

/// A variable: its value stands there or somewhere else.
pub(super) fn variable(here: Place<'_>, run: &mut Run) {
    let Some(source) = here.object("valueFrom") else { return };
    let at = here.at.field("valueFrom");
    let empty = Value::from("");
    match source.values().filter(|value| !value.is_null()).count() {
        0 => run.invalid(&at, &empty, if run.minor.number() >= 34 {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        } else {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        }),
        _ if here.text("value").is_some() => {
            run.invalid(&at, &empty, "may not be specified when `value` is not empty");
        }
        1 => {}
        _ => run.invalid(&at, &empty, "may not have more than one field specified at a time"),
    }
}

/// Variables from a map: exactly one.
pub(super) fn variables(here: Place<'_>, run: &mut Run) {
    let sources = ["configMapRef", "secretRef"];
    let why = match sources.iter().filter(|name| here.has(name)).count() {
        0 => "must specify one of: `configMapRef` or `secretRef`",
        1 => return,
        _ => "may not have more than one field specified at a time",
    };
    run.invalid(here.at, &Value::from(""), why);
}

/// What is requested is not more than what is granted at most.
pub(super) fn resources(here: Place<'_>, run: &mut Run) {
    let (Some(requests), Some(limits)) = (here.object("requests"), here.object("limits")) else {
        return;
    };
    let amount = |value: &Value| match value {
        Value::String(text) => quantity::parse(text).ok(),
        value => value.as_f64(),
    };
    for (resource, requested) in requests {
        let Some(limit) = limits.get(resource) else { continue };
        let (Some(request), Some(most)) = (amount(requested), amount(limit)) else { continue };
        // What is so near may well be equal: this is no exact arithmetic.
        if request > most + most.abs() * 1e-9 {
            let shown =
                |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let why = format!("must be less than or equal to {resource} limit of {}", shown(limit));
            run.invalid(&here.at.field("requests"), &Value::from(shown(requested)), &why);
        }
    }
}

/// A toleration.
pub(super) fn toleration(here: Place<'_>, run: &mut Run) {
    let operator = here.text("operator");
    let at = here.at.field("operator");
    if here.text("key").is_none() && operator != Some("Exists") {
        let why = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
        run.invalid(&at, &Value::from(operator.unwrap_or("Equal")), why);
    }
    if operator == Some("Exists") && here.text("value").is_some() {
        let why = "value must be empty when `operator` is 'Exists'";
        run.invalid(&at, &here.fields["value"], why);
    }
    if here.has("tolerationSeconds") && here.text("effect") != Some("NoExecute") {
        let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        run.invalid(
            &here.at.field("effect"),
            &Value::from(here.text("effect").unwrap_or_default()),
            why,
        );
    }
}

/// A requirement of a label selector.
pub(super) fn requirement(here: Place<'_>, run: &mut Run) {
    let at = here.at.field("values");
    match here.text("operator") {
        Some("In" | "NotIn") if here.items("values").is_empty() => {
            run.required(&at, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        Some("Exists" | "DoesNotExist") if !here.items("values").is_empty() => {
            run.forbidden(
                &at,
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            );
        }
        Some("In" | "NotIn" | "Exists" | "DoesNotExist") | None => {}
        Some(other) => {
            let why = "not a valid selector operator";
            run.invalid(&here.at.field("operator"), &Value::from(other), why);
        }
    }
}

/// A requirement of a selector of nodes.
pub(super) fn node_requirement(here: Place<'_>, run: &mut Run) {
    let at = here.at.field("values");
    let values = here.items("values").len();
    match here.text("operator") {
        Some("In" | "NotIn") if values == 0 => {
            run.required(&at, "must be specified when `operator` is 'In' or 'NotIn'");
        }
        Some("Exists" | "DoesNotExist") if values > 0 => {
            run.forbidden(
                &at,
                "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            );
        }
        Some("Gt" | "Lt") if values != 1 => {
            run.required(&at, "must be specified single value when `operator` is 'Lt' or 'Gt'");
        }
        Some("In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt") | None => {}
        Some(other) => {
            let why = "not a valid selector operator";
            run.invalid(&here.at.field("operator"), &Value::from(other), why);
        }
    }
}

/// The metadata of a template.
pub(super) fn template(here: Place<'_>, run: &mut Run) {
    if let Some(fields) = here.object("metadata") {
        metadata::both(Place { fields, at: &here.at.field("metadata") }, run);
    }
}

fn restarts(here: Place<'_>) -> Option<&str> {
    let template = here.object("template")?.get("spec")?;
    template.get("restartPolicy")?.as_str().filter(|policy| !policy.is_empty())
}

/// A workload whose pods run for ever: its selector takes the labels of its template.
pub(super) fn workload(here: Place<'_>, run: &mut Run) {
    let template_at = here.at.field("template");
    let metadata_at = template_at.field("metadata");
    let labels = here.object("template").and_then(|template| template.get("metadata"));
    let labels = labels.and_then(|metadata| metadata.get("labels"));
    let labels = labels.and_then(Value::as_object);
    let is_empty = |selector: &Map<String, Value>| {
        !selector.values().any(|part| match part {
            Value::Object(fields) => !fields.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => false,
        })
    };
    match here.object("selector") {
        Some(selector) if is_empty(selector) => {
            let why = "empty selector is invalid for deployment";
            run.invalid(&here.at.field("selector"), &Value::Object(selector.clone()), why);
        }
        Some(selector) if !metadata::selects(selector, labels) => {
            let shown = labels.map_or(Value::Null, |labels| Value::Object(labels.clone()));
            let why = "`selector` does not match template `labels`";
            run.invalid(&metadata_at.field("labels"), &shown, why);
        }
        None if !here.has("selector") => {
            let shown = labels.map_or(Value::Null, |labels| Value::Object(labels.clone()));
            let why = "`selector` does not match template `labels`";
            run.invalid(&metadata_at.field("labels"), &shown, why);
        }
        _ => {}
    }
    if let Some(policy) = restarts(here)
        && policy != "Always"
    {
        let at = template_at.field("spec");
        run.unsupported(&at.field("restartPolicy"), policy, &["Always"]);
    }
}

/// A job, whose pods end.
pub(super) fn job(here: Place<'_>, run: &mut Run) {
    let at = here.at.field("template");
    let at = at.field("spec");
    match restarts(here) {
        Some("OnFailure" | "Never") => {}
        None | Some("Always") => {
            run.required(&at.field("restartPolicy"), "valid values: \"OnFailure\", \"Never\"");
        }
        Some(other) => {
            run.unsupported(&at.field("restartPolicy"), other, &["OnFailure", "Never"]);
        }
    }
}
