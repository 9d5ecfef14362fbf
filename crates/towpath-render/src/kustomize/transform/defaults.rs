//! The fields that Kustomize changes unless it is told of more: labels, names, images, references.
//!
//! Source of the tables: `kubernetes-sigs/kustomize:api/internal/konfig/builtinpluginconsts`.

use std::sync::LazyLock;

use super::config::{BackReference, Config};
use super::fieldspec::FieldSpec;

const fn any(path: &'static str, create: bool) -> FieldSpec {
    FieldSpec::fixed("", "", "", path, create)
}

const fn of(kind: &'static str, path: &'static str, create: bool) -> FieldSpec {
    FieldSpec::fixed("", "", kind, path, create)
}

const fn in_group(
    group: &'static str,
    kind: &'static str,
    path: &'static str,
    create: bool,
) -> FieldSpec {
    FieldSpec::fixed(group, "", kind, path, create)
}

/// `metadata/labels`, as `labels` changes it whatever else it changes.
pub(crate) const METADATA_LABELS: FieldSpec = any("metadata/labels", true);
/// `metadata/annotations`.
pub(crate) const METADATA_ANNOTATIONS: FieldSpec = any("metadata/annotations", true);

const METADATA_NAME: [FieldSpec; 1] = [any("metadata/name", false)];

const NAMESPACE: [FieldSpec; 3] = [
    of("Namespace", "metadata/name", true),
    in_group("apiregistration.k8s.io", "APIService", "spec/service/namespace", true),
    in_group(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "spec/conversion/webhook/clientConfig/service/namespace",
        false,
    ),
];

const TEMPLATE_LABELS: [FieldSpec; 10] = [
    METADATA_LABELS,
    FieldSpec::fixed("", "v1", "ReplicationController", "spec/template/metadata/labels", true),
    of("Deployment", "spec/template/metadata/labels", true),
    of("ReplicaSet", "spec/template/metadata/labels", true),
    of("DaemonSet", "spec/template/metadata/labels", true),
    in_group("apps", "StatefulSet", "spec/template/metadata/labels", true),
    in_group("apps", "StatefulSet", "spec/volumeClaimTemplates[]/metadata/labels", true),
    in_group("batch", "Job", "spec/template/metadata/labels", true),
    in_group("batch", "CronJob", "spec/jobTemplate/metadata/labels", true),
    in_group("batch", "CronJob", "spec/jobTemplate/spec/template/metadata/labels", true),
];

const SELECTORS: [FieldSpec; 11] = [
    FieldSpec::fixed("", "v1", "Service", "spec/selector", true),
    FieldSpec::fixed("", "v1", "ReplicationController", "spec/selector", true),
    of("Deployment", "spec/selector/matchLabels", true),
    of("ReplicaSet", "spec/selector/matchLabels", true),
    of("DaemonSet", "spec/selector/matchLabels", true),
    in_group("apps", "StatefulSet", "spec/selector/matchLabels", true),
    in_group("batch", "Job", "spec/selector/matchLabels", false),
    in_group("batch", "CronJob", "spec/jobTemplate/spec/selector/matchLabels", false),
    in_group("policy", "PodDisruptionBudget", "spec/selector/matchLabels", false),
    in_group("networking.k8s.io", "NetworkPolicy", "spec/podSelector/matchLabels", false),
    in_group(
        "networking.k8s.io",
        "NetworkPolicy",
        "spec/ingress/from/podSelector/matchLabels",
        false,
    ),
];

const EGRESS_SELECTOR: FieldSpec =
    in_group("networking.k8s.io", "NetworkPolicy", "spec/egress/to/podSelector/matchLabels", false);

/// In the pod template of a Deployment or StatefulSet.
const POD_SELECTORS: [&str; 5] = [
    "affinity/podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
    "affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
    "topologySpreadConstraints/labelSelector/matchLabels",
];

const ANNOTATIONS: [FieldSpec; 9] = [
    METADATA_ANNOTATIONS,
    FieldSpec::fixed("", "v1", "ReplicationController", "spec/template/metadata/annotations", true),
    of("Deployment", "spec/template/metadata/annotations", true),
    of("ReplicaSet", "spec/template/metadata/annotations", true),
    of("DaemonSet", "spec/template/metadata/annotations", true),
    of("StatefulSet", "spec/template/metadata/annotations", true),
    in_group("batch", "Job", "spec/template/metadata/annotations", true),
    in_group("batch", "CronJob", "spec/jobTemplate/metadata/annotations", true),
    in_group("batch", "CronJob", "spec/jobTemplate/spec/template/metadata/annotations", true),
];

const IMAGES: [FieldSpec; 6] = [
    any("spec/containers[]/image", true),
    any("spec/initContainers[]/image", true),
    any("spec/volumes[]/image/reference", true),
    any("spec/template/spec/containers[]/image", true),
    any("spec/template/spec/initContainers[]/image", true),
    any("spec/template/spec/volumes[]/image/reference", true),
];

const REPLICAS: [FieldSpec; 4] = [
    of("Deployment", "spec/replicas", true),
    of("ReplicationController", "spec/replicas", true),
    of("ReplicaSet", "spec/replicas", true),
    of("StatefulSet", "spec/replicas", true),
];

/// Kinds with pods, and where the pod's own fields are in them.
const POD: (&str, &str) = ("Pod", "spec");
const POD_TEMPLATE: (&str, &str) = ("PodTemplate", "template/spec");
const DEPLOYMENT: (&str, &str) = ("Deployment", "spec/template/spec");
const REPLICA_SET: (&str, &str) = ("ReplicaSet", "spec/template/spec");
const REPLICATION_CONTROLLER: (&str, &str) = ("ReplicationController", "spec/template/spec");
const DAEMON_SET: (&str, &str) = ("DaemonSet", "spec/template/spec");
const STATEFUL_SET: (&str, &str) = ("StatefulSet", "spec/template/spec");
const JOB: (&str, &str) = ("Job", "spec/template/spec");
const CRON_JOB: (&str, &str) = ("CronJob", "spec/jobTemplate/spec/template/spec");

/// Kinds whose pods may name config maps and secrets.
const MOUNTING: [(&str, &str); 8] =
    [POD, POD_TEMPLATE, DEPLOYMENT, REPLICA_SET, DAEMON_SET, STATEFUL_SET, JOB, CRON_JOB];
/// Kinds whose pods may name accounts, claims and priorities.
const RUNNING: [(&str, &str); 7] =
    [POD, STATEFUL_SET, DEPLOYMENT, REPLICATION_CONTROLLER, CRON_JOB, JOB, DAEMON_SET];
/// Kinds in whose pods variables are expanded.
const EXPANDING: [(&str, &str); 7] =
    [CRON_JOB, DAEMON_SET, DEPLOYMENT, JOB, POD, REPLICA_SET, STATEFUL_SET];

const CONFIG_MAP_IN_POD: [&str; 6] = [
    "volumes/configMap/name",
    "containers/env/valueFrom/configMapKeyRef/name",
    "initContainers/env/valueFrom/configMapKeyRef/name",
    "containers/envFrom/configMapRef/name",
    "initContainers/envFrom/configMapRef/name",
    "volumes/projected/sources/configMap/name",
];
const SECRET_IN_POD: [&str; 7] = [
    "volumes/secret/secretName",
    "containers/env/valueFrom/secretKeyRef/name",
    "initContainers/env/valueFrom/secretKeyRef/name",
    "containers/envFrom/secretRef/name",
    "initContainers/envFrom/secretRef/name",
    "imagePullSecrets/name",
    "volumes/projected/sources/secret/name",
];
const VARIABLE_IN_POD: [&str; 8] = [
    "containers/args",
    "containers/command",
    "containers/env/value",
    "containers/volumeMounts/mountPath",
    "initContainers/args",
    "initContainers/command",
    "initContainers/env/value",
    "initContainers/volumeMounts/mountPath",
];

const VARIABLES: [FieldSpec; 16] = [
    of("CronJob", "spec/jobTemplate/spec/template/volumes/nfs/server", false),
    of("DaemonSet", "spec/template/spec/volumes/nfs/server", false),
    of("Deployment", "spec/template/spec/volumes/nfs/server", false),
    of("Deployment", "spec/template/metadata/annotations", false),
    of("Ingress", "spec/rules/host", false),
    of("Ingress", "spec/tls/hosts", false),
    of("Ingress", "spec/tls/secretName", false),
    of("Job", "spec/template/spec/volumes/nfs/server", false),
    of("Pod", "spec/volumes/nfs/server", false),
    of("ReplicaSet", "spec/template/spec/volumes/nfs/server", false),
    of("Service", "spec/ports/port", false),
    of("Service", "spec/ports/targetPort", false),
    of("StatefulSet", "spec/volumeClaimTemplates/spec/nfs/server", false),
    of("PersistentVolume", "spec/nfs/server", false),
    any("metadata/labels", false),
    any("metadata/annotations", false),
];

const SCALED: [&str; 4] = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"];
const SCALE_TARGET: [FieldSpec; 1] =
    [of("HorizontalPodAutoscaler", "spec/scaleTargetRef/name", false)];

const CONFIG_MAP_REFERRERS: [FieldSpec; 4] = [
    of("Node", "spec/configSource/configMap", false),
    of("Role", "rules/resourceNames", false),
    of("ClusterRole", "rules/resourceNames", false),
    of(
        "Ingress",
        r"metadata/annotations/nginx.ingress.kubernetes.io\/fastcgi-params-configmap",
        false,
    ),
];
const SECRET_REFERRERS: [FieldSpec; 13] = [
    of("Ingress", "spec/tls/secretName", false),
    of("Ingress", r"metadata/annotations/ingress.kubernetes.io\/auth-secret", false),
    of("Ingress", r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-secret", false),
    of("Ingress", r"metadata/annotations/nginx.ingress.kubernetes.io\/auth-tls-secret", false),
    of("ServiceAccount", "imagePullSecrets/name", false),
    of("StorageClass", "parameters/secretName", false),
    of("StorageClass", "parameters/adminSecretName", false),
    of("StorageClass", "parameters/userSecretName", false),
    of("StorageClass", "parameters/secretRef", false),
    of("Role", "rules/resourceNames", false),
    of("ClusterRole", "rules/resourceNames", false),
    FieldSpec::fixed(
        "serving.knative.dev",
        "v1",
        "Service",
        "spec/template/spec/containers/env/valueFrom/secretKeyRef/name",
        false,
    ),
    of("PersistentVolume", "spec/azureFile/secretName", false),
];
const SERVICE_REFERRERS: [FieldSpec; 8] = [
    in_group("apps", "StatefulSet", "spec/serviceName", false),
    of("Ingress", "spec/rules/http/paths/backend/serviceName", false),
    of("Ingress", "spec/backend/serviceName", false),
    of("Ingress", "spec/rules/http/paths/backend/service/name", false),
    of("Ingress", "spec/defaultBackend/service/name", false),
    in_group("apiregistration.k8s.io", "APIService", "spec/service/name", false),
    in_group(
        "admissionregistration.k8s.io",
        "ValidatingWebhookConfiguration",
        "webhooks/clientConfig/service",
        false,
    ),
    in_group(
        "admissionregistration.k8s.io",
        "MutatingWebhookConfiguration",
        "webhooks/clientConfig/service",
        false,
    ),
];
const RBAC: &str = "rbac.authorization.k8s.io";
const ROLE_REFERRERS: [FieldSpec; 1] = [in_group(RBAC, "RoleBinding", "roleRef/name", false)];
const CLUSTER_ROLE_REFERRERS: [FieldSpec; 2] = [
    in_group(RBAC, "RoleBinding", "roleRef/name", false),
    in_group(RBAC, "ClusterRoleBinding", "roleRef/name", false),
];
const ACCOUNT_REFERRERS: [FieldSpec; 2] = [
    in_group(RBAC, "RoleBinding", "subjects", false),
    in_group(RBAC, "ClusterRoleBinding", "subjects", false),
];
const VOLUME_REFERRERS: [FieldSpec; 2] = [
    of("PersistentVolumeClaim", "spec/volumeName", false),
    of("ClusterRole", "rules/resourceNames", false),
];
const STORAGE_CLASS_REFERRERS: [FieldSpec; 3] = [
    of("PersistentVolume", "spec/storageClassName", false),
    of("PersistentVolumeClaim", "spec/storageClassName", false),
    of("StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName", false),
];
const INGRESS_CLASS_REFERRERS: [FieldSpec; 1] = [of("Ingress", "spec/ingressClassName", false)];
const POLICY_REFERRERS: [FieldSpec; 1] = [in_group(
    "admissionregistration.k8s.io",
    "ValidatingAdmissionPolicyBinding",
    "spec/policyName",
    false,
)];

/// The fields of a build that configures nothing: sorted once, because sorting them costs more than a small build.
pub(crate) static CONFIG: LazyLock<Config> = LazyLock::new(config);

fn config() -> Config {
    let mut labels = SELECTORS.to_vec();
    labels.push(EGRESS_SELECTOR);
    for kind in ["Deployment", "StatefulSet"] {
        labels.extend(POD_SELECTORS.map(|path| FieldSpec {
            path: format!("spec/template/spec/{path}").into(),
            ..in_group("apps", kind, "", false)
        }));
    }
    labels.extend(TEMPLATE_LABELS);
    let mut variables = in_pods(&EXPANDING, &VARIABLE_IN_POD);
    variables.extend(VARIABLES);
    let mut config = Config {
        name_prefix: METADATA_NAME.to_vec(),
        name_suffix: METADATA_NAME.to_vec(),
        namespace: NAMESPACE.to_vec(),
        common_labels: labels,
        labels: Vec::new(),
        template_labels: TEMPLATE_LABELS.to_vec(),
        common_annotations: ANNOTATIONS.to_vec(),
        name_reference: references(),
        var_reference: variables,
        images: IMAGES.to_vec(),
        replicas: REPLICAS.to_vec(),
    };
    config.sort();
    config
}

fn references() -> Vec<BackReference> {
    let to = |group: &'static str, version: &'static str, kind: &'static str, referrers| {
        BackReference { group: group.into(), version: version.into(), kind: kind.into(), referrers }
    };
    let with_pods =
        |kinds: &[(&'static str, &'static str)], in_pod: &[&str], more: &[FieldSpec]| {
            let mut referrers = in_pods(kinds, in_pod);
            referrers.extend_from_slice(more);
            referrers
        };
    let account = with_pods(&RUNNING, &["serviceAccountName"], &ACCOUNT_REFERRERS);
    let claim = with_pods(&RUNNING, &["volumes/persistentVolumeClaim/claimName"], &[]);
    let priority = with_pods(&RUNNING, &["priorityClassName"], &[]);
    let mut references: Vec<BackReference> =
        SCALED.iter().map(|kind| to("", "", kind, SCALE_TARGET.to_vec())).collect();
    references.extend([
        to("", "v1", "ConfigMap", with_pods(&MOUNTING, &CONFIG_MAP_IN_POD, &CONFIG_MAP_REFERRERS)),
        to("", "v1", "Secret", with_pods(&MOUNTING, &SECRET_IN_POD, &SECRET_REFERRERS)),
        to("", "v1", "Service", SERVICE_REFERRERS.to_vec()),
        to(RBAC, "", "Role", ROLE_REFERRERS.to_vec()),
        to(RBAC, "", "ClusterRole", CLUSTER_ROLE_REFERRERS.to_vec()),
        to("", "v1", "ServiceAccount", account),
        to("", "v1", "PersistentVolumeClaim", claim),
        to("", "v1", "PersistentVolume", VOLUME_REFERRERS.to_vec()),
        to("storage.k8s.io", "v1", "StorageClass", STORAGE_CLASS_REFERRERS.to_vec()),
        to("scheduling.k8s.io", "v1", "PriorityClass", priority),
        to("networking.k8s.io/v1", "v1", "IngressClass", INGRESS_CLASS_REFERRERS.to_vec()),
        to(
            "admissionregistration.k8s.io",
            "",
            "ValidatingAdmissionPolicy",
            POLICY_REFERRERS.to_vec(),
        ),
    ]);
    references
}

/// Each path in the pods of each kind.
fn in_pods(kinds: &[(&'static str, &'static str)], paths: &[&str]) -> Vec<FieldSpec> {
    kinds
        .iter()
        .flat_map(|(kind, pod)| {
            paths.iter().map(move |path| FieldSpec {
                path: format!("{pod}/{path}").into(),
                ..of(kind, "", false)
            })
        })
        .collect()
}
