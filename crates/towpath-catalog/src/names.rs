//! What schemas do not say of kinds: short names and categories, as a cluster lists them in discovery
//! (`kubernetes/kubernetes:api/discovery/aggregated_v2.json`). They are the same in all versions of a kind.

/// Group, kind, short names, categories.
type Row = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const ALL: &[&str] = &["all"];
const API_EXTENSIONS: &[&str] = &["api-extensions"];
const ADMISSION: &str = "admissionregistration.k8s.io";

/// Sorted by group and kind.
static ROWS: [Row; 45] = [
    ("", "ComponentStatus", &["cs"], &[]),
    ("", "ConfigMap", &["cm"], &[]),
    ("", "Endpoints", &["ep"], &[]),
    ("", "Event", &["ev"], &[]),
    ("", "LimitRange", &["limits"], &[]),
    ("", "Namespace", &["ns"], &[]),
    ("", "Node", &["no"], &[]),
    ("", "PersistentVolume", &["pv"], &[]),
    ("", "PersistentVolumeClaim", &["pvc"], &[]),
    ("", "Pod", &["po"], ALL),
    ("", "ReplicationController", &["rc"], ALL),
    ("", "ResourceQuota", &["quota"], &[]),
    ("", "Service", &["svc"], ALL),
    ("", "ServiceAccount", &["sa"], &[]),
    (ADMISSION, "MutatingAdmissionPolicy", &[], API_EXTENSIONS),
    (ADMISSION, "MutatingAdmissionPolicyBinding", &[], API_EXTENSIONS),
    (ADMISSION, "MutatingWebhookConfiguration", &[], API_EXTENSIONS),
    (ADMISSION, "ValidatingAdmissionPolicy", &[], API_EXTENSIONS),
    (ADMISSION, "ValidatingAdmissionPolicyBinding", &[], API_EXTENSIONS),
    (ADMISSION, "ValidatingWebhookConfiguration", &[], API_EXTENSIONS),
    ("apiextensions.k8s.io", "CustomResourceDefinition", &["crd", "crds"], API_EXTENSIONS),
    ("apiregistration.k8s.io", "APIService", &[], API_EXTENSIONS),
    ("apps", "DaemonSet", &["ds"], ALL),
    ("apps", "Deployment", &["deploy"], ALL),
    ("apps", "ReplicaSet", &["rs"], ALL),
    ("apps", "StatefulSet", &["sts"], ALL),
    ("autoscaling", "HorizontalPodAutoscaler", &["hpa"], ALL),
    ("batch", "CronJob", &["cj"], ALL),
    ("batch", "Job", &[], ALL),
    ("certificates.k8s.io", "CertificateSigningRequest", &["csr"], &[]),
    ("events.k8s.io", "Event", &["ev"], &[]),
    ("extensions", "DaemonSet", &["ds"], ALL),
    ("extensions", "Deployment", &["deploy"], ALL),
    ("extensions", "Ingress", &["ing"], &[]),
    ("extensions", "NetworkPolicy", &["netpol"], &[]),
    ("extensions", "PodSecurityPolicy", &["psp"], &[]),
    ("extensions", "ReplicaSet", &["rs"], ALL),
    ("networking.k8s.io", "IPAddress", &["ip"], &[]),
    ("networking.k8s.io", "Ingress", &["ing"], &[]),
    ("networking.k8s.io", "NetworkPolicy", &["netpol"], &[]),
    ("policy", "PodDisruptionBudget", &["pdb"], &[]),
    ("policy", "PodSecurityPolicy", &["psp"], &[]),
    ("scheduling.k8s.io", "PriorityClass", &["pc"], &[]),
    ("storage.k8s.io", "StorageClass", &["sc"], &[]),
    ("storage.k8s.io", "VolumeAttributesClass", &["vac"], &[]),
];

/// Short names and categories of a kind.
pub(crate) fn of(group: &str, kind: &str) -> (&'static [&'static str], &'static [&'static str]) {
    ROWS.binary_search_by(|row| (row.0, row.1).cmp(&(group, kind)))
        .map_or((&[], &[]), |at| (ROWS[at].2, ROWS[at].3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted() {
        assert!(ROWS.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }

    #[test]
    fn short_names_and_categories() {
        assert_eq!(of("", "Pod"), (&["po"][..], &["all"][..]));
        assert_eq!(of("apiextensions.k8s.io", "CustomResourceDefinition").0, ["crd", "crds"]);
        assert_eq!(of("batch", "Job"), (&[][..], &["all"][..]));
        assert_eq!(of("example.com", "Thing"), (&[][..], &[][..]));
    }
}
