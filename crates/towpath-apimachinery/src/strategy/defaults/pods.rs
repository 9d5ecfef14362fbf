//! Defaults of pods and of templates of pods, and what admission adds to a pod.

use serde_json::{Map, Value, json};
use towpath_catalog::Minor;

use super::{Fields, below, get, has_any, is_missing, items, text, value};
use crate::object;

/// Until then ports of the host were filled in in templates as well.
const PORTS_IN_PODS_ONLY: Minor = Minor::new(28);

/// A pod itself: its template has none of this.
pub(super) fn pod(fields: &mut Fields) {
    let spec = object::child(fields, "spec");
    for list in ["containers", "initContainers"] {
        for container in items(spec, list) {
            requests(container);
        }
    }
    value(spec, "enableServiceLinks", true);
    host_ports(spec);
}

/// What is granted at most is requested if nothing else is.
fn requests(container: &mut Fields) {
    let Some(resources) = below(container, "resources") else { return };
    let Some(Value::Object(limits)) = resources.get("limits").cloned() else { return };
    let requests = object::child(resources, "requests");
    for (name, amount) in limits {
        requests.entry(name).or_insert(amount);
    }
}

fn host_ports(spec: &mut Fields) {
    if spec.get("hostNetwork") != Some(&Value::Bool(true)) {
        return;
    }
    for list in ["containers", "initContainers"] {
        for port in items(spec, list).flat_map(|container| items(container, "ports")) {
            let is_unset = port.get("hostPort").is_none_or(|port| port.as_i64().unwrap_or(0) == 0);
            if let Some(number) = port.get("containerPort").cloned().filter(|_| is_unset) {
                port.insert("hostPort".to_owned(), number);
            }
        }
    }
}

/// The account has two names, of which the older one follows the newer.
pub(super) fn spec(fields: &mut Fields, minor: Minor) {
    let account = match get(fields, "serviceAccountName") {
        "" => get(fields, "serviceAccount"),
        name => name,
    };
    if !account.is_empty() {
        let account = Value::from(account);
        fields.insert("serviceAccountName".to_owned(), account.clone());
        fields.insert("serviceAccount".to_owned(), account);
    }
    if minor < PORTS_IN_PODS_ONLY {
        host_ports(fields);
    }
}

pub(super) fn container(fields: &mut Fields) {
    text(fields, "terminationMessagePath", "/dev/termination-log");
    text(fields, "terminationMessagePolicy", "File");
    let policy = pull_policy(get(fields, "image"));
    text(fields, "imagePullPolicy", policy);
}

/// What is latest may change at any time.
fn pull_policy(image: &str) -> &'static str {
    let (name, is_pinned) = match image.split_once('@') {
        Some((name, _)) => (name, true),
        None => (image, false),
    };
    let last = name.rsplit('/').next().unwrap_or(name);
    match last.split_once(':') {
        Some((_, "latest")) => "Always",
        None if !is_pinned => "Always",
        _ => "IfNotPresent",
    }
}

/// A volume of which nothing is said is an empty folder.
pub(super) fn volume(fields: &mut Fields) {
    if !fields.iter().any(|(name, source)| name != "name" && !source.is_null()) {
        fields.insert("emptyDir".to_owned(), Value::Object(Map::new()));
    }
    if let Some(image) = below(fields, "image") {
        let policy = pull_policy(get(image, "reference"));
        text(image, "pullPolicy", policy);
    }
}

/// What the admission of a cluster adds to a pod with the plugins that are on by default: the account and its token,
/// how long it stays on a node that is not ready, and its priority. `suffix` are five random characters for the name
/// of the volume of the token; without them there is none. `priority` is that of the class of the pod, and 0 if it has
/// none.
pub fn admit_pod(pod: &mut Value, priority: i64, suffix: Option<&str>) {
    let spec = object::child(object::map(pod), "spec");
    text(spec, "serviceAccountName", "default");
    let account = spec["serviceAccountName"].clone();
    spec.insert("serviceAccount".to_owned(), account);
    value(spec, "priority", priority);
    text(spec, "preemptionPolicy", "PreemptLowerPriority");
    tolerate(spec);
    let is_wanted = spec.get("automountServiceAccountToken") != Some(&Value::Bool(false));
    if let Some(suffix) = suffix.filter(|_| is_wanted) {
        mount(spec, suffix);
    }
}

const TOLERATED: [&str; 2] = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];

fn tolerate(spec: &mut Fields) {
    let matches = |toleration: &Value, key: &str| {
        let text = |name| toleration.get(name).and_then(Value::as_str).unwrap_or_default();
        (text("key").is_empty() || text("key") == key) && matches!(text("effect"), "" | "NoExecute")
    };
    let list = spec.entry("tolerations").or_insert(Value::Null);
    if !list.is_array() {
        *list = json!([]);
    }
    let Value::Array(list) = list else { return };
    let missing = TOLERATED.iter().filter(|key| !list.iter().any(|one| matches(one, key)));
    let missing: Vec<Value> = missing
        .map(|key| {
            json!({
                "key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
            })
        })
        .collect();
    list.extend(missing);
}

const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

fn mount(spec: &mut Fields, suffix: &str) {
    let name = format!("kube-api-access-{suffix}");
    let mut is_used = false;
    for list in ["initContainers", "containers"] {
        for container in items(spec, list) {
            if items(container, "volumeMounts").any(|mount| get(mount, "mountPath") == TOKEN) {
                continue;
            }
            is_used = true;
            push(
                container,
                "volumeMounts",
                json!({"name": name, "readOnly": true, "mountPath": TOKEN}),
            );
        }
    }
    if is_used && !items(spec, "volumes").any(|volume| get(volume, "name") == name) {
        push(
            spec,
            "volumes",
            json!({"name": name, "projected": {"defaultMode": 0o644, "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                }},
                {"downwardAPI": {"items": [{
                    "path": "namespace",
                    "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                }]}},
            ]}}),
        );
    }
}

fn push(fields: &mut Fields, list: &str, item: Value) {
    if is_missing(fields, list) || !has_any(fields, list) {
        fields.insert(list.to_owned(), json!([item]));
    } else if let Some(Value::Array(items)) = fields.get_mut(list) {
        items.push(item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_without_a_tag_are_latest() {
        for (image, policy) in [
            ("i", "Always"),
            ("i:latest", "Always"),
            ("i:1", "IfNotPresent"),
            ("host:5000/i", "Always"),
            ("host:5000/i:1", "IfNotPresent"),
            ("i@sha256:00", "IfNotPresent"),
            ("i:1@sha256:00", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }

    #[test]
    fn admission_adds_what_a_pod_does_not_say() {
        let toleration = json!({"key": "node.kubernetes.io/not-ready", "operator": "Exists"});
        let mut pod = json!({"spec": {"containers": [{"name": "c"}], "tolerations": [toleration]}});
        admit_pod(&mut pod, 0, Some("abcde"));
        let spec = &pod["spec"];
        assert_eq!(spec["serviceAccount"], "default");
        assert_eq!(spec["priority"], 0);
        assert_eq!(spec["tolerations"].as_array().map(Vec::len), Some(2));
        assert_eq!(spec["volumes"][0]["name"], "kube-api-access-abcde");
        assert_eq!(spec["containers"][0]["volumeMounts"][0]["mountPath"], TOKEN);
        let once = pod.clone();
        admit_pod(&mut pod, 0, Some("abcde"));
        assert_eq!(pod, once);
    }
}
