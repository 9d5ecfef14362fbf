//! Cells that are more than a field, as the server writes them.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/printers/internalversion/printers.go`.

use jiff::Timestamp;
use serde_json::Value;

use super::words;
use crate::scale::selector_text;

/// What is at a path, or something else.
pub(super) fn field(object: &Value, path: &str, otherwise: Value) -> Value {
    match object.pointer(path) {
        None | Some(Value::Null) => otherwise,
        Some(value) => value.clone(),
    }
}

/// The text at a path; `otherwise` where there is none.
pub(super) fn text(object: &Value, path: &str, otherwise: &str) -> Value {
    let text = object.pointer(path).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.unwrap_or(otherwise).into()
}

fn string<'v>(object: &'v Value, path: &str) -> &'v str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// The number at a path, or zero.
pub(super) fn number(object: &Value, path: &str) -> Value {
    integer(object, path).into()
}

fn integer(object: &Value, path: &str) -> i64 {
    object.pointer(path).and_then(Value::as_i64).unwrap_or_default()
}

/// How many there are at a path.
pub(super) fn count(object: &Value, path: &str) -> Value {
    match object.pointer(path) {
        Some(Value::Array(items)) => items.len().into(),
        Some(Value::Object(fields)) => fields.len().into(),
        _ => 0.into(),
    }
}

fn items<'v>(object: &'v Value, path: &str) -> &'v [Value] {
    object.pointer(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn or(text: String, otherwise: &str) -> Value {
    if text.is_empty() { otherwise.into() } else { text.into() }
}

/// A field of each item, separated by commas.
pub(super) fn join(object: &Value, path: &str, field: &str, otherwise: &str) -> Value {
    let texts = items(object, path).iter().filter_map(|item| item.get(field)?.as_str());
    or(texts.collect::<Vec<_>>().join(","), otherwise)
}

/// Texts, separated by commas.
pub(super) fn flag_list(object: &Value, path: &str) -> Value {
    let texts = items(object, path).iter().filter_map(Value::as_str);
    texts.collect::<Vec<_>>().join(",").into()
}

/// A selector or labels.
pub(super) fn selector(object: &Value, path: &str) -> Value {
    or(object.pointer(path).map(selector_text).unwrap_or_default(), "<none>")
}

/// Another object: its kind and its name.
pub(super) fn reference(object: &Value, path: &str) -> Value {
    let Some(other) = object.pointer(path) else { return "<none>".into() };
    let kind = string(other, "/kind");
    match (string(other, "/apiGroup"), string(other, "/apiVersion"), string(other, "/name")) {
        ("", version, "") if !version.is_empty() => format!("{version}/{kind}").into(),
        ("", _, name) => format!("{kind}/{name}").into(),
        (group, _, name) => format!("{kind}.{group}/{name}").into(),
    }
}

/// Where a load balancer can be reached.
pub(super) fn addresses(object: &Value, path: &str) -> Value {
    let texts = items(object, path).iter().map(|one| match string(one, "/ip") {
        "" => string(one, "/hostname"),
        ip => ip,
    });
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(",").into()
}

/// The role of a binding.
pub(super) fn role_ref(object: &Value, _: Timestamp) -> Value {
    format!("{}/{}", string(object, "/roleRef/kind"), string(object, "/roleRef/name")).into()
}

/// The subjects of a binding of one kind.
pub(super) fn subjects(object: &Value, kind: &str) -> Value {
    let subjects = items(object, "/subjects").iter().filter(|one| string(one, "/kind") == kind);
    let texts = subjects.map(|one| match string(one, "/namespace") {
        "" => string(one, "/name").to_owned(),
        namespace => format!("{namespace}/{}", string(one, "/name")),
    });
    texts.collect::<Vec<_>>().join(", ").into()
}

/// What every object has.
pub(super) mod object {
    use super::{Timestamp, Value, string, words};

    pub(in super::super) fn age(object: &Value, now: Timestamp) -> Value {
        words::age(string(object, "/metadata/creationTimestamp"), now).into()
    }

    pub(in super::super) fn since(
        object: &Value,
        path: &str,
        now: Timestamp,
        otherwise: &str,
    ) -> Value {
        match string(object, path) {
            "" => otherwise.into(),
            time => words::age(time, now).into(),
        }
    }
}

/// Pods.
pub(super) mod pod {
    use super::{Timestamp, Value, integer, items, string};

    pub(in super::super) fn ready(pod: &Value, _: Timestamp) -> Value {
        let statuses = items(pod, "/status/containerStatuses");
        let ready = statuses.iter().filter(|one| one.get("ready") == Some(&Value::Bool(true)));
        format!("{}/{}", ready.count(), items(pod, "/spec/containers").len()).into()
    }

    pub(in super::super) fn restarts(pod: &Value, _: Timestamp) -> Value {
        let statuses = items(pod, "/status/containerStatuses");
        statuses.iter().map(|one| integer(one, "/restartCount")).sum::<i64>().to_string().into()
    }

    pub(in super::super) fn status(pod: &Value, _: Timestamp) -> Value {
        let reason = match string(pod, "/status/reason") {
            "" => string(pod, "/status/phase"),
            reason => reason,
        };
        let mut said = reason.to_owned();
        for (number, status) in items(pod, "/status/initContainerStatuses").iter().enumerate() {
            let exit = status.pointer("/state/terminated/exitCode").and_then(Value::as_i64);
            if exit == Some(0) || status.get("started") == Some(&Value::Bool(true)) {
                continue;
            }
            let waiting = string(status, "/state/waiting/reason");
            said = match (exit, string(status, "/state/terminated/reason")) {
                (Some(_), reason) if !reason.is_empty() => format!("Init:{reason}"),
                (Some(code), _) => format!("Init:ExitCode:{code}"),
                _ if !waiting.is_empty() && waiting != "PodInitializing" => {
                    format!("Init:{waiting}")
                }
                _ => format!("Init:{number}/{}", items(pod, "/spec/initContainers").len()),
            };
            return terminating(pod, said);
        }
        let mut is_running = false;
        for status in items(pod, "/status/containerStatuses").iter().rev() {
            let exit = status.pointer("/state/terminated/exitCode").and_then(Value::as_i64);
            let waiting = string(status, "/state/waiting/reason");
            match (waiting, exit, string(status, "/state/terminated/reason")) {
                (waiting, ..) if !waiting.is_empty() => said = waiting.to_owned(),
                (_, Some(_), reason) if !reason.is_empty() => said = reason.to_owned(),
                (_, Some(code), _) => said = format!("ExitCode:{code}"),
                _ => {
                    is_running |= status.get("ready") == Some(&Value::Bool(true))
                        && status.pointer("/state/running").is_some();
                }
            }
        }
        if said == "Completed" && is_running {
            said = "Running".to_owned();
        }
        terminating(pod, said)
    }

    fn terminating(pod: &Value, said: String) -> Value {
        if string(pod, "/metadata/deletionTimestamp").is_empty() {
            return said.into();
        }
        if string(pod, "/status/reason") == "NodeLost" { "Unknown" } else { "Terminating" }.into()
    }
}

/// What makes pods.
pub(super) mod workload {
    use super::{Timestamp, Value, integer, items, or, string, words};

    pub(in super::super) fn ratio(object: &Value, done: &str, wanted: &str) -> Value {
        format!("{}/{}", integer(object, done), integer(object, wanted)).into()
    }

    pub(in super::super) fn truth(object: &Value, path: &str) -> Value {
        let is = object.pointer(path) == Some(&Value::Bool(true));
        if is { "True" } else { "False" }.into()
    }

    pub(in super::super) fn job_status(job: &Value, _: Timestamp) -> Value {
        let is = |of_type: &str| {
            items(job, "/status/conditions").iter().any(|condition| {
                string(condition, "/type") == of_type && string(condition, "/status") == "True"
            })
        };
        let said = if is("Complete") {
            "Complete"
        } else if is("Failed") {
            "Failed"
        } else if !string(job, "/metadata/deletionTimestamp").is_empty() {
            "Terminating"
        } else if is("Suspended") {
            "Suspended"
        } else if is("FailureTarget") {
            "FailureTarget"
        } else if is("SuccessCriteriaMet") {
            "SuccessCriteriaMet"
        } else {
            "Running"
        };
        said.into()
    }

    pub(in super::super) fn completions(job: &Value, _: Timestamp) -> Value {
        let done = integer(job, "/status/succeeded");
        match job.pointer("/spec/completions").and_then(Value::as_i64) {
            Some(wanted) => format!("{done}/{wanted}").into(),
            None => match integer(job, "/spec/parallelism") {
                parallel if parallel > 1 => format!("{done}/1 of {parallel}").into(),
                _ => format!("{done}/1").into(),
            },
        }
    }

    pub(in super::super) fn job_duration(job: &Value, now: Timestamp) -> Value {
        let time = |path: &str| string(job, path).parse::<Timestamp>().ok();
        let Some(start) = time("/status/startTime") else { return "".into() };
        let end = time("/status/completionTime").unwrap_or(now);
        words::duration(end.as_second() - start.as_second()).into()
    }

    pub(in super::super) fn targets(scaler: &Value, _: Timestamp) -> Value {
        let texts = items(scaler, "/spec/metrics").iter().enumerate().map(|(number, metric)| {
            let of_type = string(metric, "/type");
            let part = format!(
                "{}{}",
                of_type[..of_type.len().min(1)].to_lowercase(),
                of_type.get(1..).unwrap_or_default()
            );
            let current = items(scaler, "/status/currentMetrics").get(number);
            let at = |value: Option<&Value>, field: &str, name: &str| {
                let value = value?.get(&part)?.get(field)?.get(name)?;
                Some(match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                })
            };
            let name = string(metric, "/resource/name");
            let prefix = if name.is_empty() { String::new() } else { format!("{name}: ") };
            match at(Some(metric), "target", "averageUtilization") {
                Some(wanted) => {
                    let found = at(current, "current", "averageUtilization");
                    let found = found.map_or("<unknown>".to_owned(), |found| format!("{found}%"));
                    format!("{prefix}{found}/{wanted}%")
                }
                None => {
                    let wanted = at(Some(metric), "target", "averageValue")
                        .map(|value| (value, " (avg)"))
                        .or_else(|| Some((at(Some(metric), "target", "value")?, "")));
                    let (wanted, average) = wanted.unwrap_or_default();
                    let found = at(current, "current", "averageValue")
                        .or_else(|| at(current, "current", "value"));
                    let found = found.unwrap_or_else(|| "<unknown>".to_owned());
                    format!("{prefix}{found}/{wanted}{average}")
                }
            }
        });
        or(texts.collect::<Vec<_>>().join(", "), "<none>")
    }
}

/// Containers of templates.
pub(super) mod containers {
    use super::{Timestamp, Value, join};

    pub(in super::super) fn names(object: &Value, _: Timestamp) -> Value {
        join(object, "/spec/template/spec/containers", "name", "")
    }

    pub(in super::super) fn images(object: &Value, _: Timestamp) -> Value {
        join(object, "/spec/template/spec/containers", "image", "")
    }

    pub(in super::super) fn of_cron_job_names(object: &Value, _: Timestamp) -> Value {
        join(object, "/spec/jobTemplate/spec/template/spec/containers", "name", "")
    }

    pub(in super::super) fn of_cron_job_images(object: &Value, _: Timestamp) -> Value {
        join(object, "/spec/jobTemplate/spec/template/spec/containers", "image", "")
    }

    pub(in super::super) fn of_template_names(object: &Value, _: Timestamp) -> Value {
        join(object, "/template/spec/containers", "name", "")
    }

    pub(in super::super) fn of_template_images(object: &Value, _: Timestamp) -> Value {
        join(object, "/template/spec/containers", "image", "")
    }
}

/// Services and what leads to them.
pub(super) mod service {
    use super::{Timestamp, Value, addresses, integer, items, or, string};

    pub(in super::super) fn external(service: &Value, _: Timestamp) -> Value {
        let stated: Vec<&str> =
            items(service, "/spec/externalIPs").iter().filter_map(Value::as_str).collect();
        match string(service, "/spec/type") {
            "LoadBalancer" => {
                let balanced = addresses(service, "/status/loadBalancer/ingress");
                let balanced = balanced.as_str().unwrap_or_default();
                let all: Vec<&str> =
                    [balanced].into_iter().filter(|text| !text.is_empty()).chain(stated).collect();
                or(all.join(","), "<pending>")
            }
            "ExternalName" => string(service, "/spec/externalName").into(),
            _ => or(stated.join(","), "<none>"),
        }
    }

    pub(in super::super) fn ports(service: &Value, _: Timestamp) -> Value {
        let texts = items(service, "/spec/ports").iter().map(|port| {
            let (number, protocol) = (integer(port, "/port"), string(port, "/protocol"));
            match integer(port, "/nodePort") {
                0 => format!("{number}/{protocol}"),
                node => format!("{number}:{node}/{protocol}"),
            }
        });
        or(texts.collect::<Vec<_>>().join(","), "<none>")
    }

    pub(in super::super) fn hosts(ingress: &Value, _: Timestamp) -> Value {
        let hosts = items(ingress, "/spec/rules").iter().map(|rule| string(rule, "/host"));
        let hosts: Vec<&str> = hosts.filter(|host| !host.is_empty()).collect();
        match hosts.len() {
            0 => "*".into(),
            more @ 4.. => format!("{} + {} more...", hosts[..3].join(","), more - 3).into(),
            _ => hosts.join(",").into(),
        }
    }

    pub(in super::super) fn ingress_ports(ingress: &Value, _: Timestamp) -> Value {
        if items(ingress, "/spec/tls").is_empty() { "80" } else { "80, 443" }.into()
    }
}

/// Where services lead.
pub(super) mod endpoints {
    use super::{Timestamp, Value, integer, items, or, string};

    fn some(texts: &[String], otherwise: &str) -> Value {
        match texts.len() {
            more @ 4.. => format!("{} + {} more...", texts[..3].join(","), more - 3).into(),
            _ => or(texts.join(","), otherwise),
        }
    }

    pub(in super::super) fn of_subsets(endpoints: &Value, _: Timestamp) -> Value {
        let mut texts = Vec::new();
        for subset in items(endpoints, "/subsets") {
            for address in items(subset, "/addresses") {
                let ip = string(address, "/ip");
                let ports = items(subset, "/ports");
                texts.extend(ports.iter().map(|port| format!("{ip}:{}", integer(port, "/port"))));
                if ports.is_empty() {
                    texts.push(ip.to_owned());
                }
            }
        }
        some(&texts, "<none>")
    }

    pub(in super::super) fn ports(slice: &Value, _: Timestamp) -> Value {
        let ports = items(slice, "/ports").iter().map(|port| integer(port, "/port").to_string());
        some(&ports.collect::<Vec<_>>(), "<unset>")
    }

    pub(in super::super) fn of_slice(slice: &Value, _: Timestamp) -> Value {
        let all = items(slice, "/endpoints").iter().flat_map(|one| items(one, "/addresses"));
        let texts: Vec<String> = all.filter_map(|one| Some(one.as_str()?.to_owned())).collect();
        some(&texts, "<unset>")
    }
}

/// Events.
pub(super) mod event {
    use super::{Timestamp, Value, integer, string, words};

    fn first<'v>(event: &'v Value, paths: &[&str]) -> &'v str {
        paths
            .iter()
            .map(|path| string(event, path))
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }

    pub(in super::super) fn last_seen(event: &Value, now: Timestamp) -> Value {
        let paths = [
            "/series/lastObservedTime",
            "/lastTimestamp",
            "/deprecatedLastTimestamp",
            "/eventTime",
            "/firstTimestamp",
        ];
        words::age(first(event, &paths), now).into()
    }

    pub(in super::super) fn first_seen(event: &Value, now: Timestamp) -> Value {
        words::age(
            first(event, &["/firstTimestamp", "/deprecatedFirstTimestamp", "/eventTime"]),
            now,
        )
        .into()
    }

    pub(in super::super) fn object(event: &Value, _: Timestamp) -> Value {
        let kind = first(event, &["/involvedObject/kind", "/regarding/kind"]).to_lowercase();
        format!("{kind}/{}", first(event, &["/involvedObject/name", "/regarding/name"])).into()
    }

    pub(in super::super) fn part(event: &Value, _: Timestamp) -> Value {
        first(event, &["/involvedObject/fieldPath", "/regarding/fieldPath"]).into()
    }

    pub(in super::super) fn source(event: &Value, _: Timestamp) -> Value {
        let component = first(
            event,
            &[
                "/source/component",
                "/deprecatedSource/component",
                "/reportingComponent",
                "/reportingController",
            ],
        );
        match first(event, &["/source/host", "/deprecatedSource/host"]) {
            "" => component.into(),
            host => format!("{component}, {host}").into(),
        }
    }

    pub(in super::super) fn message(event: &Value, _: Timestamp) -> Value {
        first(event, &["/message", "/note"]).trim().into()
    }

    pub(in super::super) fn count(event: &Value, _: Timestamp) -> Value {
        let counts = ["/series/count", "/count", "/deprecatedCount"];
        let count = counts.iter().map(|path| integer(event, path)).find(|count| *count > 0);
        count.unwrap_or(1).to_string().into()
    }
}

/// Nodes.
pub(super) mod conditions {
    use super::{Timestamp, Value, items, or, string};

    pub(in super::super) fn node(node: &Value, _: Timestamp) -> Value {
        let ready = items(node, "/status/conditions")
            .iter()
            .find(|condition| string(condition, "/type") == "Ready")
            .map(|condition| string(condition, "/status"));
        let mut said = match ready {
            Some("True") => "Ready",
            Some(_) => "NotReady",
            None => "Unknown",
        }
        .to_owned();
        if node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
            said.push_str(",SchedulingDisabled");
        }
        said.into()
    }

    pub(in super::super) fn roles(node: &Value, _: Timestamp) -> Value {
        let labels = node.pointer("/metadata/labels").and_then(Value::as_object);
        let mut roles: Vec<&str> = labels
            .into_iter()
            .flatten()
            .filter_map(|(label, value)| match label.strip_prefix("node-role.kubernetes.io/") {
                Some(role) => Some(role),
                None if label == "kubernetes.io/role" => value.as_str(),
                None => None,
            })
            .filter(|role| !role.is_empty())
            .collect();
        roles.sort_unstable();
        or(roles.join(","), "<none>")
    }

    pub(in super::super) fn node_address(node: &Value, of_type: &str) -> Value {
        let addresses = items(node, "/status/addresses");
        let found = addresses.iter().find(|address| string(address, "/type") == of_type);
        found.map_or("<none>", |address| string(address, "/address")).into()
    }
}

/// Volumes.
pub(super) mod storage {
    use super::{Timestamp, Value, items, string};

    pub(in super::super) fn access_modes(object: &Value, path: &str) -> Value {
        let has = |mode: &str| items(object, path).iter().any(|one| one == mode);
        let modes = [
            ("ReadWriteOnce", "RWO"),
            ("ReadOnlyMany", "ROX"),
            ("ReadWriteMany", "RWX"),
            ("ReadWriteOncePod", "RWOP"),
        ];
        let short = modes.into_iter().filter(|(mode, _)| has(mode)).map(|(_, short)| short);
        short.collect::<Vec<_>>().join(",").into()
    }

    pub(in super::super) fn phase(object: &Value, _: Timestamp) -> Value {
        if string(object, "/metadata/deletionTimestamp").is_empty() {
            string(object, "/status/phase").into()
        } else {
            "Terminating".into()
        }
    }

    pub(in super::super) fn claim(volume: &Value, _: Timestamp) -> Value {
        let name = string(volume, "/spec/claimRef/name");
        if name.is_empty() {
            return "".into();
        }
        format!("{}/{name}", string(volume, "/spec/claimRef/namespace")).into()
    }
}

/// What lies behind the API.
pub(super) mod backends {
    use super::{Timestamp, Value, items, string};

    pub(in super::super) fn service(service: &Value, _: Timestamp) -> Value {
        if service.pointer("/spec/service").is_none_or(Value::is_null) {
            return "Local".into();
        }
        let part = |field: &str| string(service, &format!("/spec/service/{field}")).to_owned();
        format!("{}/{}", part("namespace"), part("name")).into()
    }

    pub(in super::super) fn available(service: &Value, _: Timestamp) -> Value {
        let conditions = items(service, "/status/conditions");
        let found = conditions.iter().find(|one| string(one, "/type") == "Available");
        match found.map(|one| (string(one, "/status"), string(one, "/reason"))) {
            None => "Unknown".into(),
            Some((status, "")) | Some((status @ "True", _)) => status.into(),
            Some((status, reason)) => format!("{status} ({reason})").into(),
        }
    }
}

/// Quotas, certificates and revisions.
pub(super) mod class {
    use super::{Timestamp, Value, items, or, string, words};

    fn used(quota: &Value, is_limit: bool) -> Value {
        let hard = quota.pointer("/status/hard").and_then(Value::as_object);
        let mut texts: Vec<String> = hard
            .into_iter()
            .flatten()
            .filter(|(name, _)| name.starts_with("limits") == is_limit)
            .map(|(name, hard)| {
                let used = quota.pointer("/status/used").and_then(|used| used.get(name));
                let text =
                    |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or("0").to_owned();
                format!("{name}: {}/{}", text(used), text(Some(hard)))
            })
            .collect();
        texts.sort();
        texts.join(", ").into()
    }

    pub(in super::super) fn requests(quota: &Value, _: Timestamp) -> Value {
        used(quota, false)
    }

    pub(in super::super) fn limits(quota: &Value, _: Timestamp) -> Value {
        used(quota, true)
    }

    pub(in super::super) fn controller(revision: &Value, _: Timestamp) -> Value {
        let owners = items(revision, "/metadata/ownerReferences");
        let owner = owners.iter().find(|one| one.get("controller") == Some(&Value::Bool(true)));
        let Some(owner) = owner else { return "<none>".into() };
        let group = string(owner, "/apiVersion").split_once('/').map_or("", |(group, _)| group);
        let kind = string(owner, "/kind").to_lowercase();
        match group {
            "" => format!("{kind}/{}", string(owner, "/name")).into(),
            group => format!("{kind}.{group}/{}", string(owner, "/name")).into(),
        }
    }

    pub(in super::super) fn duration(request: &Value, _: Timestamp) -> Value {
        let seconds = request.pointer("/spec/expirationSeconds").and_then(Value::as_i64);
        seconds.map_or_else(|| "<none>".into(), |seconds| words::duration(seconds).into())
    }

    pub(in super::super) fn certificate(request: &Value, _: Timestamp) -> Value {
        let has = |of_type: &str| {
            items(request, "/status/conditions").iter().any(|one| string(one, "/type") == of_type)
        };
        let mut said: Vec<&str> = Vec::new();
        said.extend(["Approved", "Denied", "Failed"].into_iter().filter(|one| has(one)));
        if !string(request, "/status/certificate").is_empty() {
            said.push("Issued");
        }
        or(said.join(","), "Pending")
    }
}
