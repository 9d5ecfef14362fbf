//! Defaults that are a value and depend on nothing else: one row for each type, sorted by group and name.
//!
//! A field that the minor does not have yet is left out, so that a row holds for all minors.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/apis/GROUP/VERSION/defaults.go`, and `+default` in
//! `kubernetes/api:GROUP/VERSION/types.go`.

use serde_json::{Map, Value};
use towpath_catalog::SchemaRef;

use super::Fields;
use crate::strategy::written::Of;

/// A value to be filled in.
#[derive(Clone, Copy)]
enum Filling {
    /// For what is missing or empty.
    Text(&'static str),
    /// For what is missing.
    Kept(&'static str),
    /// For what is missing or zero.
    Count(i64),
    /// For what is missing.
    Number(i64),
    /// For what is missing.
    Is(bool),
    /// An empty object for what is missing.
    Empty,
}

use Filling::{Count, Empty, Is, Kept, Number, Text};

type Row = (&'static str, &'static str, &'static [(&'static str, Filling)]);

const MODE: &[(&str, Filling)] = &[("defaultMode", Number(0o644))];
const WEBHOOK: &[(&str, Filling)] = &[
    ("failurePolicy", Text("Fail")),
    ("matchPolicy", Text("Equivalent")),
    ("namespaceSelector", Empty),
    ("objectSelector", Empty),
    ("timeoutSeconds", Number(10)),
];
const RESOURCES: &[(&str, Filling)] =
    &[("matchPolicy", Text("Equivalent")), ("namespaceSelector", Empty), ("objectSelector", Empty)];
const SERVICE: &[(&str, Filling)] = &[("port", Number(443))];
const ISCSI: &[(&str, Filling)] = &[("iscsiInterface", Text("default"))];
const RBD: &[(&str, Filling)] =
    &[("keyring", Text("/etc/ceph/keyring")), ("pool", Text("rbd")), ("user", Text("admin"))];
const SCALE_IO: &[(&str, Filling)] =
    &[("fsType", Text("xfs")), ("storageMode", Text("ThinProvisioned"))];

static ROWS: &[Row] = &[
    ("admissionregistration", "MatchResources", RESOURCES),
    (
        "admissionregistration",
        "MutatingAdmissionPolicySpec",
        &[("failurePolicy", Text("Fail")), ("reinvocationPolicy", Text("Never"))],
    ),
    (
        "admissionregistration",
        "MutatingWebhook",
        &[
            ("failurePolicy", Text("Fail")),
            ("matchPolicy", Text("Equivalent")),
            ("namespaceSelector", Empty),
            ("objectSelector", Empty),
            ("reinvocationPolicy", Text("Never")),
            ("timeoutSeconds", Number(10)),
        ],
    ),
    ("admissionregistration", "NamedRuleWithOperations", &[("scope", Text("*"))]),
    ("admissionregistration", "RuleWithOperations", &[("scope", Text("*"))]),
    ("admissionregistration", "ServiceReference", SERVICE),
    ("admissionregistration", "ValidatingAdmissionPolicySpec", &[("failurePolicy", Text("Fail"))]),
    ("admissionregistration", "ValidatingWebhook", WEBHOOK),
    ("apiextensions", "ServiceReference", SERVICE),
    ("apiregistration", "ServiceReference", SERVICE),
    ("apps", "DaemonSetSpec", &[("revisionHistoryLimit", Number(10))]),
    (
        "apps",
        "DeploymentSpec",
        &[
            ("progressDeadlineSeconds", Number(600)),
            ("replicas", Number(1)),
            ("revisionHistoryLimit", Number(10)),
        ],
    ),
    ("apps", "ReplicaSetSpec", &[("replicas", Number(1))]),
    (
        "apps",
        "StatefulSetSpec",
        &[
            ("podManagementPolicy", Text("OrderedReady")),
            ("replicas", Number(1)),
            ("revisionHistoryLimit", Number(10)),
        ],
    ),
    ("autoscaling", "HorizontalPodAutoscalerSpec", &[("minReplicas", Number(1))]),
    (
        "batch",
        "CronJobSpec",
        &[
            ("concurrencyPolicy", Text("Allow")),
            ("failedJobsHistoryLimit", Number(1)),
            ("successfulJobsHistoryLimit", Number(3)),
            ("suspend", Is(false)),
        ],
    ),
    ("batch", "PodFailurePolicyOnPodConditionsPattern", &[("status", Text("True"))]),
    (
        "core",
        "AzureDiskVolumeSource",
        &[
            ("cachingMode", Text("ReadWrite")),
            ("fsType", Text("ext4")),
            ("kind", Text("Shared")),
            ("readOnly", Is(false)),
        ],
    ),
    ("core", "ConfigMapVolumeSource", MODE),
    ("core", "ContainerPort", &[("protocol", Text("TCP"))]),
    ("core", "DownwardAPIVolumeSource", MODE),
    ("core", "EndpointPort", &[("protocol", Text("TCP"))]),
    ("core", "GRPCAction", &[("service", Kept(""))]),
    ("core", "HTTPGetAction", &[("path", Text("/")), ("scheme", Text("HTTP"))]),
    ("core", "HostPathVolumeSource", &[("type", Kept(""))]),
    ("core", "ISCSIPersistentVolumeSource", ISCSI),
    ("core", "ISCSIVolumeSource", ISCSI),
    ("core", "NamespaceStatus", &[("phase", Text("Active"))]),
    ("core", "ObjectFieldSelector", &[("apiVersion", Text("v1"))]),
    ("core", "PersistentVolumeClaimSpec", &[("volumeMode", Text("Filesystem"))]),
    ("core", "PersistentVolumeClaimStatus", &[("phase", Text("Pending"))]),
    (
        "core",
        "PersistentVolumeSpec",
        &[("persistentVolumeReclaimPolicy", Text("Retain")), ("volumeMode", Text("Filesystem"))],
    ),
    ("core", "PersistentVolumeStatus", &[("phase", Text("Pending"))]),
    (
        "core",
        "PodSpec",
        &[
            ("dnsPolicy", Text("ClusterFirst")),
            ("restartPolicy", Text("Always")),
            ("schedulerName", Text("default-scheduler")),
            ("securityContext", Empty),
            ("terminationGracePeriodSeconds", Number(30)),
        ],
    ),
    (
        "core",
        "Probe",
        &[
            ("failureThreshold", Count(3)),
            ("periodSeconds", Count(10)),
            ("successThreshold", Count(1)),
            ("timeoutSeconds", Count(1)),
        ],
    ),
    ("core", "ProjectedVolumeSource", MODE),
    ("core", "RBDPersistentVolumeSource", RBD),
    ("core", "RBDVolumeSource", RBD),
    ("core", "ReplicationControllerSpec", &[("replicas", Number(1))]),
    ("core", "ScaleIOPersistentVolumeSource", SCALE_IO),
    ("core", "ScaleIOVolumeSource", SCALE_IO),
    ("core", "Secret", &[("type", Text("Opaque"))]),
    ("core", "SecretVolumeSource", MODE),
    ("core", "ServiceAccountTokenProjection", &[("expirationSeconds", Number(3600))]),
    ("core", "ServicePort", &[("protocol", Text("TCP"))]),
    ("discovery", "EndpointPort", &[("name", Kept("")), ("protocol", Text("TCP"))]),
    ("flowcontrol", "FlowSchemaSpec", &[("matchingPrecedence", Count(1000))]),
    ("networking", "IngressClassParametersReference", &[("scope", Text("Cluster"))]),
    ("networking", "NetworkPolicyPort", &[("protocol", Text("TCP"))]),
    ("rbac", "RoleRef", &[("apiGroup", Text("rbac.authorization.k8s.io"))]),
    ("resource", "DeviceToleration", &[("operator", Text("Equal"))]),
    ("scheduling", "PriorityClass", &[("preemptionPolicy", Text("PreemptLowerPriority"))]),
    (
        "storage",
        "StorageClass",
        &[("reclaimPolicy", Text("Delete")), ("volumeBindingMode", Text("Immediate"))],
    ),
];

/// Fills in what the row of the type says.
pub(super) fn fill(schema: &SchemaRef<'_>, of: Of<'_>, fields: &mut Fields) {
    let key = (of.group, of.name);
    let Ok(at) = ROWS.binary_search_by(|row| (row.0, row.1).cmp(&key)) else { return };
    for (name, default) in ROWS[at].2 {
        let is_missing = super::is_missing(fields, name);
        let has = |zero: Value| fields.get(*name) == Some(&zero);
        let value = match default {
            Text(text) if is_missing || has(Value::from("")) => Value::from(*text),
            Count(number) if is_missing || has(Value::from(0)) => Value::from(*number),
            Kept(text) if is_missing => Value::from(*text),
            Number(number) if is_missing => Value::from(*number),
            Is(is) if is_missing => Value::from(*is),
            Empty if is_missing => Value::Object(Map::new()),
            _ => continue,
        };
        if schema.field(name).is_some() {
            fields.insert((*name).to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ROWS;

    #[test]
    fn rows_are_sorted() {
        assert!(ROWS.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }
}
