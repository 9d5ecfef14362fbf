//! The columns of built-in kinds behind the name, in their order.
//!
//! Source of the contract: `kubernetes/kubernetes:pkg/printers/internalversion/printers.go`.

use jiff::Timestamp;
use serde_json::Value;

use super::cells::{
    addresses, backends, class, conditions, containers, count, endpoints, event, field, flag_list,
    join, number, object, pod, reference, role_ref, selector, service, storage, subjects, text,
    workload,
};

/// A column behind the name.
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) of_type: &'static str,
    /// Whether only wide tables show it.
    pub(super) is_wide: bool,
    pub(super) cell: fn(&Value, Timestamp) -> Value,
}

const fn column(
    name: &'static str,
    of_type: &'static str,
    cell: fn(&Value, Timestamp) -> Value,
) -> Column {
    Column { name, of_type, is_wide: false, cell }
}

const fn string(name: &'static str, cell: fn(&Value, Timestamp) -> Value) -> Column {
    column(name, "string", cell)
}

const fn integer(name: &'static str, cell: fn(&Value, Timestamp) -> Value) -> Column {
    column(name, "integer", cell)
}

const fn wide(name: &'static str, cell: fn(&Value, Timestamp) -> Value) -> Column {
    Column { name, of_type: "string", is_wide: true, cell }
}

const AGE: Column = string("Age", object::age);
const CREATED: Column = string("Created At", |o, _| text(o, "/metadata/creationTimestamp", ""));

static OTHER: &[Column] = &[CREATED];
static ONLY_AGE: &[Column] = &[AGE];

static POD: &[Column] = &[
    string("Ready", pod::ready),
    string("Status", pod::status),
    string("Restarts", pod::restarts),
    AGE,
    wide("IP", |o, _| text(o, "/status/podIP", "<none>")),
    wide("Node", |o, _| text(o, "/spec/nodeName", "<none>")),
    wide("Nominated Node", |o, _| text(o, "/status/nominatedNodeName", "<none>")),
    wide("Readiness Gates", |_, _| "<none>".into()),
];

static DEPLOYMENT: &[Column] = &[
    string("Ready", |o, _| workload::ratio(o, "/status/readyReplicas", "/spec/replicas")),
    string("Up-to-date", |o, _| number(o, "/status/updatedReplicas")),
    string("Available", |o, _| number(o, "/status/availableReplicas")),
    AGE,
    wide("Containers", containers::names),
    wide("Images", containers::images),
    wide("Selector", |o, _| selector(o, "/spec/selector")),
];

static REPLICA_SET: &[Column] = &[
    integer("Desired", |o, _| number(o, "/spec/replicas")),
    integer("Current", |o, _| number(o, "/status/replicas")),
    integer("Ready", |o, _| number(o, "/status/readyReplicas")),
    AGE,
    wide("Containers", containers::names),
    wide("Images", containers::images),
    wide("Selector", |o, _| selector(o, "/spec/selector")),
];

static STATEFUL_SET: &[Column] = &[
    string("Ready", |o, _| workload::ratio(o, "/status/readyReplicas", "/spec/replicas")),
    AGE,
    wide("Containers", containers::names),
    wide("Images", containers::images),
];

static DAEMON_SET: &[Column] = &[
    integer("Desired", |o, _| number(o, "/status/desiredNumberScheduled")),
    integer("Current", |o, _| number(o, "/status/currentNumberScheduled")),
    integer("Ready", |o, _| number(o, "/status/numberReady")),
    integer("Up-to-date", |o, _| number(o, "/status/updatedNumberScheduled")),
    integer("Available", |o, _| number(o, "/status/numberAvailable")),
    string("Node Selector", |o, _| selector(o, "/spec/template/spec/nodeSelector")),
    AGE,
    wide("Containers", containers::names),
    wide("Images", containers::images),
    wide("Selector", |o, _| selector(o, "/spec/selector")),
];

static JOB: &[Column] = &[
    string("Status", workload::job_status),
    string("Completions", workload::completions),
    string("Duration", workload::job_duration),
    AGE,
    wide("Containers", containers::names),
    wide("Images", containers::images),
    wide("Selector", |o, _| selector(o, "/spec/selector")),
];

static CRON_JOB: &[Column] = &[
    string("Schedule", |o, _| text(o, "/spec/schedule", "")),
    string("Timezone", |o, _| text(o, "/spec/timeZone", "<none>")),
    string("Suspend", |o, _| workload::truth(o, "/spec/suspend")),
    integer("Active", |o, _| count(o, "/status/active")),
    string("Last Schedule", |o, now| object::since(o, "/status/lastScheduleTime", now, "<none>")),
    AGE,
    wide("Containers", containers::of_cron_job_names),
    wide("Images", containers::of_cron_job_images),
    wide("Selector", |o, _| selector(o, "/spec/jobTemplate/spec/selector")),
];

static SERVICE: &[Column] = &[
    string("Type", |o, _| text(o, "/spec/type", "")),
    string("Cluster-IP", |o, _| text(o, "/spec/clusterIP", "<none>")),
    string("External-IP", service::external),
    string("Port(s)", service::ports),
    AGE,
    wide("Selector", |o, _| selector(o, "/spec/selector")),
];

static INGRESS: &[Column] = &[
    string("Class", |o, _| text(o, "/spec/ingressClassName", "<none>")),
    string("Hosts", service::hosts),
    string("Address", |o, _| addresses(o, "/status/loadBalancer/ingress")),
    string("Ports", service::ingress_ports),
    AGE,
];

static INGRESS_CLASS: &[Column] = &[
    string("Controller", |o, _| text(o, "/spec/controller", "")),
    string("Parameters", |o, _| reference(o, "/spec/parameters")),
    AGE,
];

static CONFIG_MAP: &[Column] = &[
    string("Data", |o, _| {
        let entries = |path| o.pointer(path).and_then(Value::as_object).map_or(0, |map| map.len());
        (entries("/data") + entries("/binaryData")).into()
    }),
    AGE,
];

static SECRET: &[Column] =
    &[string("Type", |o, _| text(o, "/type", "")), integer("Data", |o, _| count(o, "/data")), AGE];

static NAMESPACE: &[Column] = &[string("Status", |o, _| text(o, "/status/phase", "")), AGE];

static NODE: &[Column] = &[
    string("Status", conditions::node),
    string("Roles", conditions::roles),
    AGE,
    string("Version", |o, _| text(o, "/status/nodeInfo/kubeletVersion", "")),
    wide("Internal-IP", |o, _| conditions::node_address(o, "InternalIP")),
    wide("External-IP", |o, _| conditions::node_address(o, "ExternalIP")),
    wide("OS-Image", |o, _| text(o, "/status/nodeInfo/osImage", "<unknown>")),
    wide("Kernel-Version", |o, _| text(o, "/status/nodeInfo/kernelVersion", "<unknown>")),
    wide("Container-Runtime", |o, _| {
        text(o, "/status/nodeInfo/containerRuntimeVersion", "<unknown>")
    }),
];

static VOLUME: &[Column] = &[
    string("Capacity", |o, _| text(o, "/spec/capacity/storage", "")),
    string("Access Modes", |o, _| storage::access_modes(o, "/spec/accessModes")),
    string("Reclaim Policy", |o, _| text(o, "/spec/persistentVolumeReclaimPolicy", "")),
    string("Status", storage::phase),
    string("Claim", storage::claim),
    string("StorageClass", |o, _| text(o, "/spec/storageClassName", "")),
    string("VolumeAttributesClass", |o, _| text(o, "/spec/volumeAttributesClassName", "<unset>")),
    string("Reason", |o, _| text(o, "/status/reason", "")),
    AGE,
    wide("VolumeMode", |o, _| text(o, "/spec/volumeMode", "<unset>")),
];

static CLAIM: &[Column] = &[
    string("Status", storage::phase),
    string("Volume", |o, _| text(o, "/spec/volumeName", "")),
    string("Capacity", |o, _| text(o, "/status/capacity/storage", "")),
    string("Access Modes", |o, _| storage::access_modes(o, "/status/accessModes")),
    string("StorageClass", |o, _| text(o, "/spec/storageClassName", "")),
    string("VolumeAttributesClass", |o, _| text(o, "/spec/volumeAttributesClassName", "<unset>")),
    AGE,
    wide("VolumeMode", |o, _| text(o, "/spec/volumeMode", "<unset>")),
];

static STORAGE_CLASS: &[Column] = &[
    string("Provisioner", |o, _| text(o, "/provisioner", "")),
    string("ReclaimPolicy", |o, _| text(o, "/reclaimPolicy", "Delete")),
    string("VolumeBindingMode", |o, _| text(o, "/volumeBindingMode", "Immediate")),
    string("AllowVolumeExpansion", |o, _| field(o, "/allowVolumeExpansion", false.into())),
    AGE,
];

static BINDING: &[Column] = &[
    string("Role", role_ref),
    AGE,
    wide("Users", |o, _| subjects(o, "User")),
    wide("Groups", |o, _| subjects(o, "Group")),
    wide("ServiceAccounts", |o, _| subjects(o, "ServiceAccount")),
];

static ROLE: &[Column] = &[CREATED];

static AUTOSCALER: &[Column] = &[
    string("Reference", |o, _| reference(o, "/spec/scaleTargetRef")),
    string("Targets", workload::targets),
    string("MinPods", |o, _| field(o, "/spec/minReplicas", "<unset>".into())),
    string("MaxPods", |o, _| number(o, "/spec/maxReplicas")),
    string("Replicas", |o, _| number(o, "/status/currentReplicas")),
    AGE,
];

static BUDGET: &[Column] = &[
    string("Min Available", |o, _| field(o, "/spec/minAvailable", "N/A".into())),
    string("Max Unavailable", |o, _| field(o, "/spec/maxUnavailable", "N/A".into())),
    integer("Allowed Disruptions", |o, _| number(o, "/status/disruptionsAllowed")),
    AGE,
];

static POLICY: &[Column] = &[string("Pod-Selector", |o, _| selector(o, "/spec/podSelector")), AGE];

static ENDPOINTS: &[Column] = &[string("Endpoints", endpoints::of_subsets), AGE];

static SLICE: &[Column] = &[
    string("AddressType", |o, _| text(o, "/addressType", "")),
    string("Ports", endpoints::ports),
    string("Endpoints", endpoints::of_slice),
    AGE,
];

static EVENT: &[Column] = &[
    string("Last Seen", event::last_seen),
    string("Type", |o, _| text(o, "/type", "")),
    string("Reason", |o, _| text(o, "/reason", "")),
    string("Object", event::object),
    wide("Subobject", event::part),
    wide("Source", event::source),
    string("Message", event::message),
    wide("First Seen", event::first_seen),
    wide("Count", event::count),
];

static ACCOUNT: &[Column] = &[string("Secrets", |o, _| count(o, "/secrets")), AGE];

static DEFINITION: &[Column] = &[CREATED];

static API_SERVICE: &[Column] =
    &[string("Service", backends::service), string("Available", backends::available), AGE];

static WEBHOOKS: &[Column] = &[integer("Webhooks", |o, _| count(o, "/webhooks")), AGE];

static ADMISSION_POLICY: &[Column] = &[
    integer("Validations", |o, _| count(o, "/spec/validations")),
    string("ParamKind", |o, _| reference(o, "/spec/paramKind")),
    AGE,
];

static ADMISSION_BINDING: &[Column] = &[
    string("PolicyName", |o, _| text(o, "/spec/policyName", "")),
    string("ParamRef", |o, _| text(o, "/spec/paramRef/name", "<unset>")),
    AGE,
];

static PRIORITY_CLASS: &[Column] = &[
    integer("Value", |o, _| number(o, "/value")),
    column("Global-Default", "boolean", |o, _| field(o, "/globalDefault", false.into())),
    AGE,
    string("PreemptionPolicy", |o, _| text(o, "/preemptionPolicy", "PreemptLowerPriority")),
];

static LEASE: &[Column] = &[string("Holder", |o, _| text(o, "/spec/holderIdentity", "")), AGE];

static RUNTIME_CLASS: &[Column] = &[string("Handler", |o, _| text(o, "/handler", "")), AGE];

static QUOTA: &[Column] =
    &[string("Request", class::requests), string("Limit", class::limits), AGE];

static REVISION: &[Column] = &[
    string("Controller", class::controller),
    string("Revision", |o, _| number(o, "/revision")),
    AGE,
];

static TEMPLATE: &[Column] = &[
    string("Containers", containers::of_template_names),
    string("Images", containers::of_template_images),
    string("Pod Labels", |o, _| selector(o, "/template/metadata/labels")),
];

static CERTIFICATE: &[Column] = &[
    AGE,
    string("SignerName", |o, _| text(o, "/spec/signerName", "<none>")),
    string("Requestor", |o, _| text(o, "/spec/username", "")),
    string("RequestedDuration", class::duration),
    string("Condition", class::certificate),
];

static DRIVER: &[Column] = &[
    column("AttachRequired", "boolean", |o, _| field(o, "/spec/attachRequired", true.into())),
    column("PodInfoOnMount", "boolean", |o, _| field(o, "/spec/podInfoOnMount", false.into())),
    column("StorageCapacity", "boolean", |o, _| field(o, "/spec/storageCapacity", false.into())),
    string("TokenRequests", |o, _| join(o, "/spec/tokenRequests", "audience", "<unset>")),
    column("RequiresRepublish", "boolean", |o, _| {
        field(o, "/spec/requiresRepublish", false.into())
    }),
    string("Modes", |o, _| flag_list(o, "/spec/volumeLifecycleModes")),
    AGE,
];

static CSI_NODE: &[Column] = &[integer("Drivers", |o, _| count(o, "/spec/drivers")), AGE];

static FLOW: &[Column] = &[
    string("PriorityLevel", |o, _| text(o, "/spec/priorityLevelConfiguration/name", "")),
    integer("MatchingPrecedence", |o, _| number(o, "/spec/matchingPrecedence")),
    string("DistinguisherMethod", |o, _| text(o, "/spec/distinguisherMethod/type", "<none>")),
    AGE,
    string("MissingPL", |_, _| "False".into()),
];

static LEVEL: &[Column] = &[
    string("Type", |o, _| text(o, "/spec/type", "")),
    string("NominalConcurrencyShares", |o, _| {
        field(o, "/spec/limited/nominalConcurrencyShares", "<none>".into())
    }),
    string("Queues", |o, _| {
        field(o, "/spec/limited/limitResponse/queuing/queues", "<none>".into())
    }),
    string("HandSize", |o, _| {
        field(o, "/spec/limited/limitResponse/queuing/handSize", "<none>".into())
    }),
    string("QueueLengthLimit", |o, _| {
        field(o, "/spec/limited/limitResponse/queuing/queueLengthLimit", "<none>".into())
    }),
    AGE,
];

/// The columns of a kind behind the name.
pub(super) fn of(group: &str, kind: &str) -> &'static [Column] {
    match (group, kind) {
        ("", "Pod") => POD,
        ("apps", "Deployment") => DEPLOYMENT,
        ("apps", "ReplicaSet") | ("", "ReplicationController") => REPLICA_SET,
        ("apps", "StatefulSet") => STATEFUL_SET,
        ("apps", "DaemonSet") => DAEMON_SET,
        ("apps", "ControllerRevision") => REVISION,
        ("batch", "Job") => JOB,
        ("batch", "CronJob") => CRON_JOB,
        ("", "Service") => SERVICE,
        ("networking.k8s.io" | "extensions", "Ingress") => INGRESS,
        ("networking.k8s.io", "IngressClass") => INGRESS_CLASS,
        ("networking.k8s.io", "NetworkPolicy") => POLICY,
        ("", "ConfigMap") => CONFIG_MAP,
        ("", "Secret") => SECRET,
        ("", "Namespace") => NAMESPACE,
        ("", "Node") => NODE,
        ("", "PersistentVolume") => VOLUME,
        ("", "PersistentVolumeClaim") => CLAIM,
        ("storage.k8s.io", "StorageClass") => STORAGE_CLASS,
        ("storage.k8s.io", "CSIDriver") => DRIVER,
        ("storage.k8s.io", "CSINode") => CSI_NODE,
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => BINDING,
        ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => ROLE,
        ("autoscaling", "HorizontalPodAutoscaler") => AUTOSCALER,
        ("policy", "PodDisruptionBudget") => BUDGET,
        ("", "Endpoints") => ENDPOINTS,
        ("discovery.k8s.io", "EndpointSlice") => SLICE,
        ("" | "events.k8s.io", "Event") => EVENT,
        ("", "ServiceAccount") => ACCOUNT,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => DEFINITION,
        ("apiregistration.k8s.io", "APIService") => API_SERVICE,
        (
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration",
        ) => WEBHOOKS,
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") => ADMISSION_POLICY,
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding") => ADMISSION_BINDING,
        ("scheduling.k8s.io", "PriorityClass") => PRIORITY_CLASS,
        ("coordination.k8s.io", "Lease") => LEASE,
        ("node.k8s.io", "RuntimeClass") => RUNTIME_CLASS,
        ("", "ResourceQuota") => QUOTA,
        ("", "PodTemplate") => TEMPLATE,
        ("certificates.k8s.io", "CertificateSigningRequest") => CERTIFICATE,
        ("flowcontrol.apiserver.k8s.io", "FlowSchema") => FLOW,
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration") => LEVEL,
        ("", "LimitRange") => OTHER,
        _ => ONLY_AGE,
    }
}
