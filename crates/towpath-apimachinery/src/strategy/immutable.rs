//! What may not change once an object is there, in the server's words.
//!
//! Where the server's sentence ends in a difference of structures of Go, ours ends before it.
//!
//! Source of the contract: the functions `Validate*Update` in
//! `kubernetes/kubernetes:pkg/apis/GROUP/validation/validation.go`, `pkg/registry/apps/deployment/strategy.go`.

use serde_json::{Map, Value, json};
use towpath_catalog::{Catalog, GroupVersionKind, Minor};

use crate::object;
use crate::refusal::Cause;

const IMMUTABLE: &str = "field is immutable";
const SEALED: &str = "field is immutable when `immutable` is set";

/// What of the change the server refuses, besides what it refuses of the new state alone. Both states have their
/// defaults and are of the version of the request.
#[must_use]
pub fn validate_update(
    catalog: &Catalog,
    gvk: &GroupVersionKind<'_>,
    old: &Value,
    new: &Value,
) -> Vec<Cause> {
    let mut change = Change { old, new, causes: Vec::new() };
    match (gvk.group, gvk.kind) {
        ("apps", "Deployment" | "DaemonSet" | "ReplicaSet") => change.fixed(&["spec", "selector"]),
        ("apps", "StatefulSet") => change.stateful_set(catalog.minor()),
        ("apps", "ControllerRevision") => change.fixed(&["data"]),
        ("batch", "Job") => change.job(),
        ("", "Pod") => change.pod(),
        ("", "Service") => change.service(),
        ("", "Secret") => {
            change.fixed(&["type"]);
            change.sealed(&["data"]);
        }
        ("", "ConfigMap") => change.sealed(&["data", "binaryData"]),
        ("", "PersistentVolume") => change.volume(),
        ("", "PersistentVolumeClaim") => change.claim(catalog.minor()),
        ("", "ResourceQuota") => change.fixed(&["spec", "scopes"]),
        ("storage.k8s.io", "StorageClass") => {
            for field in ["parameters", "provisioner", "reclaimPolicy"] {
                if change.differs(&[field]) {
                    change.forbid(&[field], &format!("updates to {field} are forbidden."));
                }
            }
            change.fixed(&["volumeBindingMode"]);
        }
        ("storage.k8s.io", "CSIDriver") => {
            change.fixed(&["spec", "attachRequired"]);
            change.fixed(&["spec", "volumeLifecycleModes"]);
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => change.role(),
        ("networking.k8s.io", "IngressClass") => change.fixed(&["spec", "controller"]),
        ("node.k8s.io", "RuntimeClass") => change.fixed(&["handler"]),
        ("discovery.k8s.io", "EndpointSlice") => change.fixed(&["addressType"]),
        ("scheduling.k8s.io", "PriorityClass") => {
            if change.differs(&["value"]) {
                change.forbid(&["value"], "may not be changed in an update.");
            }
            change.fixed(&["preemptionPolicy"]);
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => change.definition(),
        _ => {}
    }
    change.causes
}

struct Change<'a> {
    old: &'a Value,
    new: &'a Value,
    causes: Vec<Cause>,
}

impl Change<'_> {
    fn differs(&self, path: &[&str]) -> bool {
        object::at(self.old, path) != object::at(self.new, path)
    }

    fn forbid(&mut self, path: &[&str], why: &str) {
        self.causes.push(Cause::forbidden(path.join("."), why));
    }

    fn invalid(&mut self, field: String, value: &Value, why: &str) {
        self.causes.push(Cause::invalid(field, value, why));
    }

    /// The field stays as it is.
    fn fixed(&mut self, path: &[&str]) {
        if self.differs(path) {
            let value = object::at(self.new, path).cloned().unwrap_or(Value::Null);
            self.invalid(path.join("."), &sorted(&value), IMMUTABLE);
        }
    }

    /// Data that its author has closed.
    fn sealed(&mut self, fields: &[&str]) {
        let is_sealed = |one: &Value| one.get("immutable") == Some(&Value::Bool(true));
        if !is_sealed(self.old) {
            return;
        }
        if !is_sealed(self.new) {
            self.forbid(&["immutable"], SEALED);
        }
        for field in fields {
            if self.differs(&[field]) {
                self.forbid(&[field], SEALED);
            }
        }
    }

    fn stateful_set(&mut self, minor: Minor) {
        let mut free = vec![
            "replicas",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ];
        if minor.number() < 33 {
            free.retain(|field| *field != "revisionHistoryLimit");
        }
        if minor.number() >= 27 {
            free.insert(1, "ordinals");
        }
        let is_free = |field: &str| free.contains(&field);
        if without(self.old.get("spec"), is_free) != without(self.new.get("spec"), is_free) {
            let names: Vec<String> = free.iter().map(|field| format!("'{field}'")).collect();
            let (last, others) = names.split_last().expect("there are some");
            let names = format!("{} and {last}", others.join(", "));
            let why =
                format!("updates to statefulset spec for fields other than {names} are forbidden");
            self.forbid(&["spec"], &why);
        }
    }

    fn job(&mut self) {
        let at = |one: &Value, field: &str| object::at(one, &["spec", field]).cloned();
        // Jobs with an index can grow and shrink, both numbers together.
        let is_elastic = at(self.new, "completionMode") == Some(json!("Indexed"))
            && at(self.new, "completions") == at(self.new, "parallelism");
        if !is_elastic {
            self.fixed(&["spec", "completions"]);
        }
        self.fixed(&["spec", "selector"]);
        self.job_template();
        for field in [
            "completionMode",
            "podFailurePolicy",
            "backoffLimitPerIndex",
            "managedBy",
            "successPolicy",
        ] {
            self.fixed(&["spec", field]);
        }
    }

    /// Where the pods of a Job run may change until it starts.
    fn job_template(&mut self) {
        let path = ["spec", "template"];
        let is_suspended = object::at(self.old, &["spec", "suspend"]) == Some(&Value::Bool(true));
        let has_started = object::at(self.old, &["status", "startTime"]).is_some();
        let scheduling = |template: Option<&Value>| {
            let mut template = template.cloned().unwrap_or(Value::Null);
            if is_suspended && !has_started {
                let fields = object::map(&mut template);
                let metadata = object::child(fields, "metadata");
                metadata.shift_remove("annotations");
                metadata.shift_remove("labels");
                let spec = object::child(fields, "spec");
                for field in ["affinity", "nodeSelector", "schedulingGates", "tolerations"] {
                    spec.shift_remove(field);
                }
            }
            template
        };
        if scheduling(object::at(self.old, &path)) != scheduling(object::at(self.new, &path)) {
            self.fixed(&path);
        }
    }

    fn pod(&mut self) {
        for (list, what) in [("containers", "containers"), ("initContainers", "init containers")] {
            let count = |one: &Value| {
                object::at(one, &["spec", list]).and_then(Value::as_array).map_or(0, Vec::len)
            };
            if count(self.old) != count(self.new) {
                let why = format!("pod updates may not add or remove {what}");
                self.forbid(&["spec", list], &why);
                return;
            }
        }
        let fixed = |one: &Value| {
            let is_free = |field: &str| {
                matches!(
                    field,
                    "activeDeadlineSeconds"
                        | "ephemeralContainers"
                        | "schedulingGates"
                        | "terminationGracePeriodSeconds"
                        | "tolerations"
                )
            };
            let mut spec = without(one.get("spec"), is_free);
            for list in ["containers", "initContainers"] {
                let containers = spec.get_mut(list).and_then(Value::as_array_mut);
                for container in containers.into_iter().flatten() {
                    object::map(container).shift_remove("image");
                }
            }
            spec
        };
        if fixed(self.old) != fixed(self.new) || self.has_lost_tolerations() {
            self.forbid(
                &["spec"],
                "pod updates may not change fields other than `spec.containers[*].image`,\
                 `spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` \
                 (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` \
                 (allow it to be set to 1 if it was previously negative)",
            );
        }
    }

    fn has_lost_tolerations(&self) -> bool {
        let all = |one| {
            let list = object::at(one, &["spec", "tolerations"]).and_then(Value::as_array);
            list.cloned().unwrap_or_default()
        };
        let (old, new): (Vec<Value>, Vec<Value>) = (all(self.old), all(self.new));
        old.iter().any(|one| !new.contains(one))
    }

    fn service(&mut self) {
        let addresses = |one: &Value| {
            let list = object::at(one, &["spec", "clusterIPs"]).and_then(Value::as_array);
            list.cloned().unwrap_or_default()
        };
        let is_outside = |one: &Value| object::text(one, &["spec", "type"]) == Some("ExternalName");
        if is_outside(self.old) || is_outside(self.new) {
            return;
        }
        let (old, new): (Vec<Value>, Vec<Value>) = (addresses(self.old), addresses(self.new));
        let (Some(was), Some(is)) = (old.first(), new.first()) else { return };
        if was != is {
            self.invalid(
                "spec.clusterIPs[0]".to_owned(),
                &Value::Array(new.clone()),
                "may not change once set",
            );
        }
    }

    fn volume(&mut self) {
        // What is not named here is where the volume lies.
        let source = |one: &Value| {
            without(one.get("spec"), |field| {
                matches!(
                    field,
                    "accessModes"
                        | "capacity"
                        | "claimRef"
                        | "mountOptions"
                        | "nodeAffinity"
                        | "persistentVolumeReclaimPolicy"
                        | "storageClassName"
                        | "volumeAttributesClassName"
                        | "volumeMode"
                )
            })
        };
        if source(self.old) != source(self.new) {
            self.forbid(
                &["spec", "persistentvolumesource"],
                "spec.persistentvolumesource is immutable after creation",
            );
        }
        self.fixed(&["spec", "volumeMode"]);
        let affinity = ["spec", "nodeAffinity"];
        if object::at(self.old, &affinity).is_some() && self.differs(&affinity) {
            let value = object::at(self.new, &affinity).cloned().unwrap_or(Value::Null);
            let why = "field is immutable, except for updating from beta label to GA";
            self.invalid(affinity.join("."), &value, why);
        }
    }

    fn claim(&mut self, minor: Minor) {
        let fixed = |one: &Value| {
            let is_free = |field: &str| {
                field == "volumeAttributesClassName"
                    // A claim is given its volume, and the class that it did not name.
                    || (matches!(field, "storageClassName" | "volumeName")
                        && object::at(self.old, &["spec", field]).is_none())
            };
            let mut spec = without(one.get("spec"), is_free);
            if let Some(requests) =
                spec.get_mut("resources").and_then(|all| all.get_mut("requests"))
            {
                object::map(requests).shift_remove("storage");
            }
            spec
        };
        if fixed(self.old) != fixed(self.new) {
            let besides = if minor.number() >= 31 {
                "resources.requests and volumeAttributesClassName for bound claims"
            } else {
                "resources.requests for bound claims"
            };
            let why = format!("spec is immutable after creation except {besides}");
            self.forbid(&["spec"], &why);
            return;
        }
        let path = ["spec", "resources", "requests", "storage"];
        let is_bound = object::text(self.old, &["status", "phase"]) == Some("Bound");
        if self.differs(&path) && !is_bound {
            let why = "spec is immutable after creation except resources.requests for bound claims";
            self.forbid(&["spec"], why);
        }
    }

    fn role(&mut self) {
        if !self.differs(&["roleRef"]) {
            return;
        }
        // Shown as the server has it inside.
        let text =
            |field| object::text(self.new, &["roleRef", field]).unwrap_or_default().to_owned();
        let value = json!({
            "APIGroup": text("apiGroup"), "Kind": text("kind"), "Name": text("name"),
        });
        self.invalid("roleRef".to_owned(), &value, "cannot change roleRef");
    }

    /// Of a definition that is established; its versions and schemas are judged elsewhere.
    fn definition(&mut self) {
        let conditions = object::at(self.old, &["status", "conditions"]).and_then(Value::as_array);
        let is_established = conditions.into_iter().flatten().any(|condition| {
            condition.get("type") == Some(&json!("Established"))
                && condition.get("status") == Some(&json!("True"))
        });
        self.fixed(&["spec", "group"]);
        if is_established {
            self.fixed(&["spec", "scope"]);
            self.fixed(&["spec", "names", "kind"]);
        }
        self.fixed(&["spec", "names", "plural"]);
    }
}

/// The fields of an object but those that are free.
fn without(fields: Option<&Value>, is_free: impl Fn(&str) -> bool) -> Value {
    let fields = fields.and_then(Value::as_object).into_iter().flatten();
    let fields = fields.filter(|(name, _)| !is_free(name));
    Value::Object(fields.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Mappings are shown in the order of their keys, and the two parts of a selector in that of the server.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<&String> = fields.keys().collect();
            names.sort_by_key(|name| (*name != "matchLabels", *name));
            let fields = names.into_iter().map(|name| (name.clone(), sorted(&fields[name])));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(api_version: &str, kind: &str, old: &Value, new: &Value) -> Vec<String> {
        let catalog = Catalog::load(Minor::new(36)).expect("the minor is known");
        let gvk = GroupVersionKind::of(api_version, kind);
        validate_update(&catalog, &gvk, old, new).iter().map(Cause::line).collect()
    }

    #[test]
    fn what_may_not_change() {
        let selector = |app: &str| json!({"spec": {"selector": {"matchLabels": {"app": app}}}});
        let role = |name: &str| json!({"roleRef": {"apiGroup": "g", "kind": "Role", "name": name}});
        let sealed = |data: &str| json!({"immutable": true, "data": {"a": data}});
        let cases: Vec<(&str, &str, Value, Value, &str)> = vec![
            (
                "apps/v1",
                "Deployment",
                selector("d"),
                selector("other"),
                "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"other\"}}: field is immutable",
            ),
            (
                "apps/v1",
                "StatefulSet",
                json!({"spec": {"serviceName": "a", "replicas": 1}}),
                json!({"spec": {"serviceName": "b", "replicas": 2}}),
                "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
            ),
            (
                "rbac.authorization.k8s.io/v1",
                "RoleBinding",
                role("a"),
                role("b"),
                "roleRef: Invalid value: {\"APIGroup\":\"g\",\"Kind\":\"Role\",\"Name\":\"b\"}: cannot change roleRef",
            ),
            (
                "v1",
                "ConfigMap",
                sealed("1"),
                sealed("2"),
                "data: Forbidden: field is immutable when `immutable` is set",
            ),
            (
                "v1",
                "Secret",
                json!({"type": "Opaque"}),
                json!({"type": "x"}),
                "type: Invalid value: \"x\": field is immutable",
            ),
            (
                "scheduling.k8s.io/v1",
                "PriorityClass",
                json!({"value": 1}),
                json!({"value": 2}),
                "value: Forbidden: may not be changed in an update.",
            ),
            (
                "storage.k8s.io/v1",
                "StorageClass",
                json!({"provisioner": "a"}),
                json!({"provisioner": "b"}),
                "provisioner: Forbidden: updates to provisioner are forbidden.",
            ),
            (
                "v1",
                "Service",
                json!({"spec": {"clusterIPs": ["10.0.0.1"]}}),
                json!({"spec": {"clusterIPs": ["10.0.0.2"]}}),
                "spec.clusterIPs[0]: Invalid value: [\"10.0.0.2\"]: may not change once set",
            ),
        ];
        for (api_version, kind, old, new, cause) in cases {
            assert_eq!(said(api_version, kind, &old, &new), [cause], "{kind}");
            assert_eq!(said(api_version, kind, &old, &old), [""; 0], "{kind}");
        }
    }

    #[test]
    fn where_a_job_runs_may_change_until_it_starts() {
        let job = |node: &str, image: &str| {
            json!({"spec": {"suspend": true, "template": {"spec": {
                "nodeSelector": {"node": node}, "containers": [{"image": image}],
            }}}})
        };
        assert_eq!(said("batch/v1", "Job", &job("a", "i"), &job("b", "i")), [""; 0]);
        assert_eq!(said("batch/v1", "Job", &job("a", "i"), &job("b", "j")).len(), 1);
    }

    #[test]
    fn images_and_more_tolerations_of_a_pod_may_change() {
        let pod = |image: &str, policy: &str, tolerations: &[&str]| {
            json!({"spec": {
                "containers": [{"image": image}], "restartPolicy": policy, "tolerations": tolerations,
            }})
        };
        let old = pod("a", "Always", &["x"]);
        assert_eq!(said("v1", "Pod", &old, &pod("b", "Always", &["x", "y"])), [""; 0]);
        assert_eq!(said("v1", "Pod", &old, &pod("a", "Never", &["x"])).len(), 1);
        assert_eq!(said("v1", "Pod", &old, &pod("a", "Always", &[])).len(), 1);
    }
}
