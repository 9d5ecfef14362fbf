//! What the API server knows and no schema says: one row for each type, sorted by group and name.
//!
//! A row holds in all versions of its type, so that only what every version refuses can stand here; a
//! minor that differs is asked for where the check is made. A false alarm is worse than silence: what
//! depends on feature gates, on flags of the cluster or on other objects is left out. Checks of more
//! than one field are functions of `pods.rs` and `rules.rs`.

use super::check::Check::{
    self, By, Differ, Is, Labels, Must, Needs, NotNegative, OneOf, Port, Single, Within,
};
use super::check::PORT_RANGE;
use super::text::Form;
use super::{pods, rules};

/// What is known of one type.
pub(super) struct Facts {
    /// Group, without what follows its first dot, and name: `("apps", "DeploymentSpec")`.
    pub(super) of: (&'static str, &'static str),
    /// Structures that need not be there, and whose fields are missed all the same.
    pub(super) implied: &'static [&'static str],
    /// Fields that the schema calls required and the server does not miss.
    pub(super) optional: &'static [&'static str],
    /// What its fields have to be.
    pub(super) checks: &'static [Check],
}

/// How objects of a kind may be called.
pub(super) struct Name {
    of: (&'static str, &'static str),
    pub(super) form: Form,
    /// The most bytes.
    pub(super) longest: usize,
}

pub(super) fn of(group: &str, name: &str) -> Option<&'static Facts> {
    let at = FACTS.binary_search_by(|row| row.of.cmp(&(group, name))).ok()?;
    Some(&FACTS[at])
}

/// What may be the name of any object: it is part of an address.
static SEGMENT: Name = name("", "", Form::Segment);

pub(super) fn name_of(group: &str, kind: &str) -> &'static Name {
    let at = NAMES.binary_search_by(|row| row.of.cmp(&(group, kind)));
    at.map_or(&SEGMENT, |at| &NAMES[at])
}

/// Kinds whose objects are questions: nothing is stored, and nothing has a name.
pub(super) const NAMELESS: &[(&str, &str)] = &[
    ("authentication", "SelfSubjectReview"),
    ("authentication", "TokenRequest"),
    ("authentication", "TokenReview"),
    ("authorization", "LocalSubjectAccessReview"),
    ("authorization", "SelfSubjectAccessReview"),
    ("authorization", "SelfSubjectRulesReview"),
    ("authorization", "SubjectAccessReview"),
    ("core", "Status"),
    ("meta", "DeleteOptions"),
    ("meta", "Status"),
];

const fn facts(group: &'static str, name: &'static str, checks: &'static [Check]) -> Facts {
    Facts { of: (group, name), implied: &[], optional: &[], checks }
}

const fn implied(
    group: &'static str,
    name: &'static str,
    implied: &'static [&'static str],
    checks: &'static [Check],
) -> Facts {
    Facts { of: (group, name), implied, optional: &[], checks }
}

const fn optional(
    group: &'static str,
    name: &'static str,
    optional: &'static [&'static str],
    checks: &'static [Check],
) -> Facts {
    Facts { of: (group, name), implied: &[], optional, checks }
}

const fn name(group: &'static str, kind: &'static str, form: Form) -> Name {
    Name { of: (group, kind), form, longest: 253 }
}

const PROTOCOLS: &[&str] = &["SCTP", "TCP", "UDP"];
const EFFECTS: &[&str] = &["NoExecute", "NoSchedule", "PreferNoSchedule"];
const UPDATES: &[&str] = &["OnDelete", "RollingUpdate"];
const WEIGHT: &str = "must be in the range 1-100";
const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";
const MANY_VOLUMES: &str = "may not specify more than 1 volume type";
const POSITIVE: &str = "must be greater than 0";
const MOST: i64 = i64::MAX;

const CLAIM: &[Check] = &[
    By(rules::access_modes),
    OneOf("volumeMode", &["Block", "Filesystem"]),
    Is("storageClassName", Form::Subdomain),
];
const CONTAINER: &[Check] = &[
    Is("name", Form::Label),
    Needs("image", ""),
    OneOf("imagePullPolicy", &["Always", "IfNotPresent", "Never"]),
    OneOf("terminationMessagePolicy", &["FallbackToLogsOnError", "File"]),
    Differ("ports", "name"),
    By(pods::container),
];
const KEY_SELECTOR: &[Check] = &[Must("name", Form::Subdomain), Is("key", Form::ConfigKey)];
const HANDLER: &[Check] = &[By(pods::handler)];
const WEBHOOK: &[Check] = &[
    Is("name", Form::Webhook),
    OneOf("failurePolicy", &["Fail", "Ignore"]),
    OneOf("matchPolicy", &["Equivalent", "Exact"]),
    OneOf("reinvocationPolicy", &["IfNeeded", "Never"]),
    OneOf("sideEffects", &["None", "NoneOnDryRun", "Some", "Unknown"]),
    Within("timeoutSeconds", 1, 30, "the timeout value must be between 1 and 30 seconds"),
    By(rules::webhook),
];

/// Sources of the contract, by group, are the files below `kubernetes/kubernetes:pkg/apis`:
/// `GROUP/validation/validation.go` for the checks, `GROUP/VERSION/defaults.go` for what may be left out;
/// for `apiextensions` and `apiregistration` those of the servers of their own.
static FACTS: &[Facts] = &[
    facts("admissionregistration", "MutatingWebhook", WEBHOOK),
    facts("admissionregistration", "MutatingWebhookConfiguration", &[Differ("webhooks", "name")]),
    facts(
        "admissionregistration",
        "RuleWithOperations",
        &[
            Needs("apiGroups", ""),
            Needs("apiVersions", ""),
            Needs("operations", ""),
            Needs("resources", ""),
            OneOf("scope", &["*", "Cluster", "Namespaced"]),
            By(rules::operations),
        ],
    ),
    facts(
        "admissionregistration",
        "ServiceReference",
        &[Within("port", 1, 65535, "port is not valid: must be between 1 and 65535, inclusive")],
    ),
    facts("admissionregistration", "ValidatingWebhook", WEBHOOK),
    facts("admissionregistration", "ValidatingWebhookConfiguration", &[Differ("webhooks", "name")]),
    facts("apiextensions", "CustomResourceDefinition", &[By(rules::definition)]),
    facts(
        "apiextensions",
        "CustomResourceDefinitionSpec",
        &[OneOf("scope", &["Cluster", "Namespaced"])],
    ),
    optional(
        "apiextensions",
        "CustomResourceDefinitionVersion",
        &["served", "storage"],
        &[By(rules::definition_version)],
    ),
    optional("apiregistration", "APIServiceSpec", &["service"], &[]),
    implied("apps", "DaemonSet", &["spec"], &[]),
    implied(
        "apps",
        "DaemonSetSpec",
        &["template"],
        &[NotNegative("minReadySeconds"), NotNegative("revisionHistoryLimit"), By(pods::workload)],
    ),
    facts("apps", "DaemonSetUpdateStrategy", &[OneOf("type", UPDATES)]),
    implied("apps", "Deployment", &["spec"], &[]),
    implied(
        "apps",
        "DeploymentSpec",
        &["template"],
        &[
            NotNegative("minReadySeconds"),
            NotNegative("progressDeadlineSeconds"),
            NotNegative("replicas"),
            NotNegative("revisionHistoryLimit"),
            By(rules::progress),
            By(pods::workload),
        ],
    ),
    facts(
        "apps",
        "DeploymentStrategy",
        &[OneOf("type", &["Recreate", "RollingUpdate"]), By(rules::strategy)],
    ),
    implied("apps", "ReplicaSet", &["spec"], &[]),
    implied(
        "apps",
        "ReplicaSetSpec",
        &["template"],
        &[NotNegative("minReadySeconds"), NotNegative("replicas"), By(pods::workload)],
    ),
    implied("apps", "StatefulSet", &["spec"], &[]),
    Facts {
        of: ("apps", "StatefulSetSpec"),
        implied: &["template"],
        optional: &["serviceName"],
        checks: &[
            NotNegative("minReadySeconds"),
            NotNegative("replicas"),
            OneOf("podManagementPolicy", &["OrderedReady", "Parallel"]),
            By(pods::workload),
        ],
    },
    facts("apps", "StatefulSetUpdateStrategy", &[OneOf("type", UPDATES)]),
    facts(
        "autoscaling",
        "HPAScalingPolicy",
        &[
            OneOf("type", &["Percent", "Pods"]),
            Within("periodSeconds", 1, 1800, "must be between 1 and 1800"),
            Within("value", 1, MOST, "must be greater than zero"),
        ],
    ),
    facts(
        "autoscaling",
        "HPAScalingRules",
        &[
            OneOf("selectPolicy", &["Disabled", "Max", "Min"]),
            Within("stabilizationWindowSeconds", 0, 3600, "must be less than or equal to 3600"),
        ],
    ),
    implied("autoscaling", "HorizontalPodAutoscaler", &["spec"], &[]),
    facts(
        "autoscaling",
        "HorizontalPodAutoscalerSpec",
        &[
            NotNegative("minReplicas"),
            Within("maxReplicas", 1, MOST, POSITIVE),
            By(rules::autoscaler),
        ],
    ),
    facts(
        "autoscaling",
        "MetricSpec",
        &[OneOf("type", &["ContainerResource", "External", "Object", "Pods", "Resource"])],
    ),
    facts(
        "autoscaling",
        "MetricTarget",
        &[OneOf("type", &["AverageValue", "Utilization", "Value"])],
    ),
    implied("batch", "CronJob", &["spec"], &[]),
    implied(
        "batch",
        "CronJobSpec",
        &["jobTemplate"],
        &[
            Is("schedule", Form::Schedule),
            OneOf("concurrencyPolicy", &["Allow", "Forbid", "Replace"]),
            NotNegative("startingDeadlineSeconds"),
            NotNegative("successfulJobsHistoryLimit"),
            NotNegative("failedJobsHistoryLimit"),
        ],
    ),
    implied("batch", "Job", &["spec"], &[]),
    implied(
        "batch",
        "JobSpec",
        &["template"],
        &[
            NotNegative("activeDeadlineSeconds"),
            NotNegative("backoffLimit"),
            NotNegative("completions"),
            NotNegative("parallelism"),
            NotNegative("ttlSecondsAfterFinished"),
            OneOf("completionMode", &["Indexed", "NonIndexed"]),
            By(pods::job),
        ],
    ),
    implied("batch", "JobTemplateSpec", &["spec"], &[]),
    optional("batch", "PodFailurePolicy", &["rules"], &[]),
    optional("batch", "PodFailurePolicyOnPodConditionsPattern", &["status"], &[]),
    facts("core", "ConfigMap", &[By(rules::data)]),
    facts("core", "ConfigMapEnvSource", &[Must("name", Form::Subdomain)]),
    facts("core", "ConfigMapKeySelector", KEY_SELECTOR),
    facts(
        "core",
        "ConfigMapVolumeSource",
        &[Needs("name", ""), Within("defaultMode", 0, 0o777, MODE)],
    ),
    facts("core", "Container", CONTAINER),
    optional(
        "core",
        "ContainerPort",
        &["containerPort"],
        &[
            Needs("containerPort", ""),
            Within("containerPort", 0, 65535, PORT_RANGE),
            Within("hostPort", 0, 65535, PORT_RANGE),
            OneOf("protocol", PROTOCOLS),
            Is("name", Form::PortName),
        ],
    ),
    facts("core", "EnvFromSource", &[By(pods::variables)]),
    facts("core", "EnvVar", &[Is("name", Form::EnvName), By(pods::variable)]),
    optional("core", "Event", &["involvedObject", "metadata"], &[]),
    facts("core", "GRPCAction", &[Within("port", 1, 65535, PORT_RANGE)]),
    facts("core", "HTTPGetAction", &[Port("port"), OneOf("scheme", &["HTTP", "HTTPS"])]),
    optional("core", "HTTPHeader", &["value"], &[]),
    facts("core", "Handler", HANDLER),
    facts(
        "core",
        "HostPathVolumeSource",
        &[OneOf(
            "type",
            &[
                "BlockDevice",
                "CharDevice",
                "Directory",
                "DirectoryOrCreate",
                "File",
                "FileOrCreate",
                "Socket",
            ],
        )],
    ),
    optional("core", "ISCSIPersistentVolumeSource", &["lun"], &[]),
    optional("core", "ISCSIVolumeSource", &["lun"], &[]),
    facts("core", "KeyToPath", &[Within("mode", 0, 0o777, MODE)]),
    facts("core", "LifecycleHandler", HANDLER),
    optional("core", "LimitRangeSpec", &["limits"], &[]),
    facts("core", "NodeSelectorRequirement", &[By(pods::node_requirement)]),
    implied("core", "PersistentVolumeClaim", &["spec"], &[By(rules::claim)]),
    facts("core", "PersistentVolumeClaimSpec", CLAIM),
    facts(
        "core",
        "PersistentVolumeSpec",
        &[
            Needs("accessModes", ""),
            Needs("capacity", ""),
            By(rules::access_modes),
            OneOf("persistentVolumeReclaimPolicy", &["Delete", "Recycle", "Retain"]),
            OneOf("volumeMode", &["Block", "Filesystem"]),
        ],
    ),
    implied("core", "Pod", &["spec"], &[]),
    facts(
        "core",
        "PodSpec",
        &[
            By(pods::pod),
            Differ("volumes", "name"),
            OneOf("dnsPolicy", &["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
            OneOf("preemptionPolicy", &["Never", "PreemptLowerPriority"]),
            OneOf("restartPolicy", &["Always", "Never", "OnFailure"]),
            NotNegative("terminationGracePeriodSeconds"),
            Within(
                "activeDeadlineSeconds",
                1,
                2_147_483_647,
                "must be between 1 and 2147483647, inclusive",
            ),
            Is("hostname", Form::Label),
            Is("priorityClassName", Form::Subdomain),
            Is("serviceAccountName", Form::Subdomain),
            Is("subdomain", Form::Label),
            Labels("nodeSelector"),
        ],
    ),
    implied("core", "PodTemplateSpec", &["spec"], &[By(pods::template)]),
    optional(
        "core",
        "PreferredSchedulingTerm",
        &["preference"],
        &[Within("weight", 1, 100, WEIGHT)],
    ),
    facts(
        "core",
        "Probe",
        &[
            By(pods::handler),
            NotNegative("failureThreshold"),
            NotNegative("initialDelaySeconds"),
            NotNegative("periodSeconds"),
            NotNegative("successThreshold"),
            NotNegative("timeoutSeconds"),
            Within("terminationGracePeriodSeconds", 1, MOST, POSITIVE),
        ],
    ),
    facts("core", "ProjectedVolumeSource", &[Within("defaultMode", 0, 0o777, MODE)]),
    facts("core", "ResourceRequirements", &[By(pods::resources)]),
    facts(
        "core",
        "SeccompProfile",
        &[OneOf("type", &["Localhost", "RuntimeDefault", "Unconfined"])],
    ),
    facts("core", "Secret", &[By(rules::data), By(rules::secret)]),
    facts("core", "SecretEnvSource", &[Must("name", Form::Subdomain)]),
    facts("core", "SecretKeySelector", KEY_SELECTOR),
    facts(
        "core",
        "SecretVolumeSource",
        &[Needs("secretName", ""), Within("defaultMode", 0, 0o777, MODE)],
    ),
    implied("core", "Service", &["spec"], &[]),
    facts(
        "core",
        "ServicePort",
        &[
            Within("port", 1, 65535, PORT_RANGE),
            Port("targetPort"),
            OneOf("protocol", PROTOCOLS),
            Is("name", Form::Label),
        ],
    ),
    facts(
        "core",
        "ServiceSpec",
        &[
            OneOf("type", &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
            OneOf("sessionAffinity", &["ClientIP", "None"]),
            OneOf("externalTrafficPolicy", &["Cluster", "Local"]),
            OneOf("internalTrafficPolicy", &["Cluster", "Local"]),
            OneOf("ipFamilyPolicy", &["PreferDualStack", "RequireDualStack", "SingleStack"]),
            Labels("selector"),
            By(rules::service),
        ],
    ),
    optional("core", "SleepAction", &["seconds"], &[]),
    optional("core", "Sysctl", &["value"], &[]),
    facts("core", "TCPSocketAction", &[Port("port")]),
    facts("core", "Taint", &[OneOf("effect", EFFECTS), Is("key", Form::Qualified)]),
    facts(
        "core",
        "Toleration",
        &[Is("key", Form::Qualified), OneOf("effect", EFFECTS), By(pods::toleration)],
    ),
    facts(
        "core",
        "TopologySpreadConstraint",
        &[
            OneOf("whenUnsatisfiable", &["DoNotSchedule", "ScheduleAnyway"]),
            Within("maxSkew", 1, MOST, "must be greater than zero"),
        ],
    ),
    facts("core", "Volume", &[Is("name", Form::Label), Single(&["name"], MANY_VOLUMES)]),
    facts(
        "core",
        "VolumeMount",
        &[OneOf("mountPropagation", &["Bidirectional", "HostToContainer", "None"])],
    ),
    facts("core", "WeightedPodAffinityTerm", &[Within("weight", 1, 100, WEIGHT)]),
    facts("discovery", "EndpointSlice", &[OneOf("addressType", &["FQDN", "IPv4", "IPv6"])]),
    optional("events", "Event", &["eventTime", "metadata"], &[]),
    facts("meta", "LabelSelector", &[Labels("matchLabels")]),
    facts("meta", "LabelSelectorRequirement", &[Is("key", Form::Qualified), By(pods::requirement)]),
    // Said in words of their own.
    optional("meta", "OwnerReference", &["apiVersion", "kind", "name", "uid"], &[]),
    facts(
        "networking",
        "HTTPIngressPath",
        &[
            OneOf("pathType", &["Exact", "ImplementationSpecific", "Prefix"]),
            By(rules::ingress_path),
        ],
    ),
    facts("networking", "HTTPIngressRuleValue", &[Needs("paths", "")]),
    facts("networking", "IPBlock", &[Is("cidr", Form::Cidr)]),
    implied("networking", "Ingress", &["spec"], &[]),
    facts("networking", "IngressBackend", &[By(rules::backend)]),
    facts("networking", "IngressRule", &[By(rules::ingress_rule)]),
    facts("networking", "IngressSpec", &[By(rules::ingress)]),
    facts("networking", "NetworkPolicyPeer", &[By(rules::peer)]),
    facts("networking", "NetworkPolicyPort", &[OneOf("protocol", PROTOCOLS), Port("port")]),
    optional("networking", "NetworkPolicySpec", &["podSelector"], &[By(rules::directions)]),
    facts("policy", "PodDisruptionBudgetSpec", &[By(rules::budget)]),
    optional("rbac", "ClusterRole", &["rules"], &[]),
    facts("rbac", "ClusterRoleBinding", &[By(rules::cluster_binding)]),
    optional("rbac", "PolicyRule", &["verbs"], &[By(rules::role)]),
    optional("rbac", "Role", &["rules"], &[By(rules::namespaced_role)]),
    facts("rbac", "RoleBinding", &[By(rules::binding)]),
    optional("rbac", "RoleRef", &["apiGroup"], &[]),
    facts("rbac", "Subject", &[By(rules::subject)]),
    optional(
        "scheduling",
        "PriorityClass",
        &["value"],
        &[OneOf("preemptionPolicy", &["Never", "PreemptLowerPriority"]), By(rules::priority)],
    ),
    optional("storage", "CSIDriver", &["spec"], &[]),
    optional("storage", "CSINodeSpec", &["drivers"], &[]),
    facts(
        "storage",
        "StorageClass",
        &[
            OneOf("reclaimPolicy", &["Delete", "Retain"]),
            OneOf("volumeBindingMode", &["Immediate", "WaitForFirstConsumer"]),
        ],
    ),
    optional("storage", "TokenRequest", &["audience"], &[]),
];

/// Names that are more than a part of an address.
static NAMES: &[Name] = &[
    name("admissionregistration", "MutatingWebhookConfiguration", Form::Subdomain),
    name("admissionregistration", "ValidatingWebhookConfiguration", Form::Subdomain),
    name("apps", "DaemonSet", Form::Subdomain),
    name("apps", "Deployment", Form::Subdomain),
    name("apps", "ReplicaSet", Form::Subdomain),
    name("apps", "StatefulSet", Form::Subdomain),
    name("autoscaling", "HorizontalPodAutoscaler", Form::Subdomain),
    // The controller adds eleven characters.
    Name { of: ("batch", "CronJob"), form: Form::Subdomain, longest: 52 },
    name("batch", "Job", Form::Subdomain),
    name("core", "ConfigMap", Form::Subdomain),
    name("core", "Endpoints", Form::Subdomain),
    name("core", "LimitRange", Form::Subdomain),
    name("core", "Namespace", Form::Label),
    name("core", "Node", Form::Subdomain),
    name("core", "PersistentVolume", Form::Subdomain),
    name("core", "PersistentVolumeClaim", Form::Subdomain),
    name("core", "Pod", Form::Subdomain),
    name("core", "ReplicationController", Form::Subdomain),
    name("core", "ResourceQuota", Form::Subdomain),
    name("core", "Secret", Form::Subdomain),
    name("core", "Service", Form::ServiceName),
    name("core", "ServiceAccount", Form::Subdomain),
    name("networking", "Ingress", Form::Subdomain),
    name("networking", "IngressClass", Form::Subdomain),
    name("networking", "NetworkPolicy", Form::Subdomain),
    name("node", "RuntimeClass", Form::Subdomain),
    name("policy", "PodDisruptionBudget", Form::Subdomain),
    name("scheduling", "PriorityClass", Form::Subdomain),
    name("storage", "StorageClass", Form::Subdomain),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use towpath_catalog::{Catalog, Minor};

    use super::*;
    use crate::builtin::walk::{definition, short};

    #[test]
    fn rows_are_sorted() {
        assert!(FACTS.is_sorted_by(|a, b| a.of < b.of));
        assert!(NAMES.is_sorted_by(|a, b| a.of < b.of));
    }

    #[test]
    fn every_row_is_of_a_type_that_some_minor_has() {
        let mut known = BTreeSet::new();
        for minor in Minor::all() {
            let catalog = Catalog::load(minor).expect("the minor is known");
            known.extend(catalog.definitions().map(|(name, _)| {
                let (group, name) = definition(name);
                (group.to_owned(), name.to_owned())
            }));
            known.extend(
                catalog
                    .schemas()
                    .map(|(gvk, _)| (short(gvk.group).to_owned(), gvk.kind.to_owned())),
            );
        }
        let rows = FACTS.iter().map(|row| row.of).chain(NAMES.iter().map(|row| row.of));
        for (group, name) in rows {
            assert!(known.contains(&(group.to_owned(), name.to_owned())), "{group} {name}");
        }
    }
}
