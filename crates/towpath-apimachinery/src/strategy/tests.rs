//! Objects of many kinds on their way through all steps of a write.

use proptest::prelude::*;
use serde_json::{Value, json};
use towpath_catalog::{Catalog, GroupVersionKind, Minor, Scope, Type};

use super::*;
use crate::object;

fn catalog(minor: u8) -> Catalog {
    Catalog::load(Minor::new(minor)).expect("the minor is known")
}

fn kind_of(object: &Value) -> GroupVersionKind<'_> {
    let text = |field| object::text(object, &[field]).unwrap_or_default();
    GroupVersionKind::of(text("apiVersion"), text("kind"))
}

/// What a server answers to a creation.
fn created(catalog: &Catalog, sent: &Value) -> Value {
    let gvk = kind_of(sent);
    let mut object = sent.clone();
    normalise(catalog, &gvk, &mut object);
    defaults(catalog, &gvk, &mut object);
    prepare_create(catalog, &gvk, &mut object);
    object
}

fn updated(catalog: &Catalog, old: &Value, new: &Value) -> Value {
    let gvk = kind_of(old);
    let mut object = new.clone();
    normalise(catalog, &gvk, &mut object);
    defaults(catalog, &gvk, &mut object);
    prepare_update(catalog, &gvk, old, &mut object, None);
    object
}

fn lines(causes: &[crate::refusal::Cause]) -> Vec<String> {
    causes.iter().map(crate::refusal::Cause::line).collect()
}

fn pod_spec(policy: &str, pull: &str, image: &str) -> Value {
    json!({
        "containers": [{
            "name": "c", "image": image, "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File", "imagePullPolicy": pull,
        }],
        "restartPolicy": policy, "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst", "securityContext": {}, "schedulerName": "default-scheduler",
    })
}

/// What is refused, all in all.
fn refused(
    catalog: &Catalog,
    gvk: &GroupVersionKind<'_>,
    old: Option<&Value>,
    new: &Value,
) -> Vec<Cause> {
    let report = towpath_schema::builtin::validate(catalog, new).unwrap_or_default();
    causes(catalog, gvk, old, new, &report.violations)
}

#[test]
fn what_is_sent_comes_back_filled_in() {
    let catalog = catalog(36);
    let labels = json!({"app": "d"});
    let cases = [
        (
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
                "spec": {
                    "selector": {"matchLabels": labels}, "replicas": 0,
                    "template": {
                        "metadata": {"labels": labels, "creationTimestamp": null},
                        "spec": {"containers": [{"name": "c", "image": "i:1", "stdin": false}]},
                    },
                },
                "status": {"replicas": 7},
            }),
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "d", "generation": 1},
                "spec": {
                    "selector": {"matchLabels": labels}, "replicas": 0,
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": pod_spec("Always", "IfNotPresent", "i:1"),
                    },
                    "strategy": {
                        "type": "RollingUpdate",
                        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
                    },
                    "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600,
                },
                "status": {},
            }),
        ),
        (
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
                "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]},
            }),
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
                "spec": {
                    "selector": {"a": "b"}, "type": "ClusterIP", "sessionAffinity": "None",
                    "ports": [{"protocol": "TCP", "port": 80, "targetPort": 80}],
                    "internalTrafficPolicy": "Cluster",
                },
                "status": {"loadBalancer": {}},
            }),
        ),
        (
            json!({
                "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j", "uid": "u"},
                "spec": {"suspend": true, "template": {"spec": {
                    "restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}],
                }}},
            }),
            {
                let labels = json!({
                    "batch.kubernetes.io/controller-uid": "u", "batch.kubernetes.io/job-name": "j",
                    "controller-uid": "u", "job-name": "j",
                });
                json!({
                    "apiVersion": "batch/v1", "kind": "Job",
                    "metadata": {"name": "j", "uid": "u", "generation": 1, "labels": labels},
                    "spec": {
                        "parallelism": 1, "completions": 1, "backoffLimit": 6,
                        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "u"}},
                        "manualSelector": false,
                        "template": {
                            "metadata": {"labels": labels},
                            "spec": pod_spec("Never", "Always", "i"),
                        },
                        "completionMode": "NonIndexed", "suspend": true,
                        "podReplacementPolicy": "TerminatingOrFailed",
                    },
                    "status": {},
                })
            },
        ),
        (
            json!({
                "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "c"},
                "spec": {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": {"spec": {
                    "restartPolicy": "OnFailure", "containers": [{"name": "c", "image": "i"}],
                }}}}},
            }),
            json!({
                "apiVersion": "batch/v1", "kind": "CronJob",
                "metadata": {"name": "c", "generation": 1},
                "spec": {
                    "schedule": "0 0 1 1 *", "concurrencyPolicy": "Allow", "suspend": false,
                    "jobTemplate": {"metadata": {}, "spec": {"template": {
                        "metadata": {}, "spec": pod_spec("OnFailure", "Always", "i"),
                    }}},
                    "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
                },
                "status": {},
            }),
        ),
        (
            json!({
                "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s"},
                "spec": {
                    "selector": {"matchLabels": labels}, "serviceName": "s",
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {"containers": [{"name": "c", "image": "i:1"}]},
                    },
                    "volumeClaimTemplates": [{
                        "metadata": {"name": "v"},
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "resources": {"requests": {"storage": "1024Mi"}},
                        },
                    }],
                },
            }),
            json!({
                "apiVersion": "apps/v1", "kind": "StatefulSet",
                "metadata": {"name": "s", "generation": 1},
                "spec": {
                    "replicas": 1, "selector": {"matchLabels": labels}, "serviceName": "s",
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": pod_spec("Always", "IfNotPresent", "i:1"),
                    },
                    "volumeClaimTemplates": [{
                        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                        "metadata": {"name": "v"},
                        "spec": {
                            "accessModes": ["ReadWriteOnce"],
                            "resources": {"requests": {"storage": "1Gi"}},
                            "volumeMode": "Filesystem",
                        },
                        "status": {"phase": "Pending"},
                    }],
                    "podManagementPolicy": "OrderedReady",
                    "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
                    "revisionHistoryLimit": 10,
                    "persistentVolumeClaimRetentionPolicy": {
                        "whenDeleted": "Retain", "whenScaled": "Retain",
                    },
                },
                "status": {"replicas": 0, "availableReplicas": 0},
            }),
        ),
        (
            json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "labels": {}},
                "data": {}, "unknown": 1,
            }),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}),
        ),
        (
            json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
                "data": {"a": "YQ=="}, "stringData": {"b": "b"},
            }),
            json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
                "data": {"a": "YQ==", "b": "Yg=="}, "type": "Opaque",
            }),
        ),
        (
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}),
            json!({
                "apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": "n", "labels": {"kubernetes.io/metadata.name": "n"}},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
            }),
        ),
        (
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": {"name": "b"}, "roleRef": {"kind": "Role", "name": "r"},
                "subjects": [
                    {"kind": "User", "name": "u"},
                    {"kind": "ServiceAccount", "name": "a", "namespace": "n"},
                ],
            }),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": {"name": "b"},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
                "subjects": [
                    {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "u"},
                    {"kind": "ServiceAccount", "name": "a", "namespace": "n"},
                ],
            }),
        ),
        (
            json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": "p"}, "spec": {"egress": [{"ports": [{"port": 53.0}]}]},
            }),
            json!({
                "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                "metadata": {"name": "p", "generation": 1},
                "spec": {
                    "podSelector": {}, "policyTypes": ["Ingress", "Egress"],
                    "egress": [{"ports": [{"port": 53, "protocol": "TCP"}]}],
                },
            }),
        ),
        (
            json!({
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": "h"},
                "spec": {
                    "maxReplicas": 3, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 5}},
                    "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"},
                },
            }),
            json!({
                "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": "h"},
                "spec": {
                    "minReplicas": 1, "maxReplicas": 3,
                    "scaleTargetRef": {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"},
                    "metrics": [{"type": "Resource", "resource": {
                        "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80},
                    }}],
                    "behavior": {
                        "scaleUp": {
                            "stabilizationWindowSeconds": 0, "selectPolicy": "Max",
                            "policies": [
                                {"type": "Pods", "value": 4, "periodSeconds": 15},
                                {"type": "Percent", "value": 100, "periodSeconds": 15},
                            ],
                        },
                        "scaleDown": {
                            "stabilizationWindowSeconds": 5, "selectPolicy": "Max",
                            "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
                        },
                    },
                },
                "status": {"desiredReplicas": 0, "currentMetrics": null},
            }),
        ),
        (
            json!({
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "ValidatingWebhookConfiguration", "metadata": {"name": "w"},
                "webhooks": [{
                    "name": "a.b.c", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                    "clientConfig": {"service": {"name": "s", "namespace": "n"}},
                    "rules": [{
                        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"],
                        "resources": ["pods"],
                    }],
                }],
            }),
            json!({
                "apiVersion": "admissionregistration.k8s.io/v1",
                "kind": "ValidatingWebhookConfiguration",
                "metadata": {"name": "w", "generation": 1},
                "webhooks": [{
                    "name": "a.b.c", "sideEffects": "None", "admissionReviewVersions": ["v1"],
                    "clientConfig": {"service": {"name": "s", "namespace": "n", "port": 443}},
                    "rules": [{
                        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"],
                        "resources": ["pods"], "scope": "*",
                    }],
                    "failurePolicy": "Fail", "matchPolicy": "Equivalent", "namespaceSelector": {},
                    "objectSelector": {}, "timeoutSeconds": 10,
                }],
            }),
        ),
        (
            json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"], "storageClassName": "",
                    "resources": {"requests": {"storage": "1.5Gi"}},
                },
            }),
            json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"},
                "spec": {
                    "accessModes": ["ReadWriteOnce"], "storageClassName": "",
                    "resources": {"requests": {"storage": "1536Mi"}}, "volumeMode": "Filesystem",
                },
                "status": {"phase": "Pending"},
            }),
        ),
    ];
    for (sent, answer) in cases {
        assert_eq!(created(&catalog, &sent), answer, "{sent}");
    }
}

#[test]
fn pods_have_what_their_templates_have_not() {
    let catalog = catalog(36);
    let pod = created(
        &catalog,
        &json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"},
            "spec": {
                "serviceAccountName": "a", "volumes": [{"name": "v"}],
                "containers": [{
                    "name": "c", "image": "i", "resources": {"limits": {"cpu": "1000m"}},
                    "livenessProbe": {"httpGet": {"port": 80}, "periodSeconds": 0},
                    "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
                }],
            },
        }),
    );
    let spec = &pod["spec"];
    assert_eq!(spec["enableServiceLinks"], true);
    assert_eq!(spec["serviceAccount"], "a");
    assert_eq!(spec["volumes"][0]["emptyDir"], json!({}));
    let container = &spec["containers"][0];
    assert_eq!(container["resources"], json!({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}));
    assert_eq!(
        container["livenessProbe"],
        json!({
            "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"}, "timeoutSeconds": 1,
            "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
        })
    );
    assert_eq!(container["env"][0]["valueFrom"]["fieldRef"]["apiVersion"], "v1");
    assert_eq!(pod["status"], json!({"phase": "Pending", "qosClass": "Burstable"}));
}

#[test]
fn all_that_is_wrong_is_told_in_the_order_of_the_server() {
    let catalog = catalog(36);
    let cases = [
        (
            json!({
                "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"},
                "spec": {"template": {"spec": {"containers": []}}},
            }),
            vec![
                "spec.selector: Required value",
                "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
                "spec.template.spec.containers: Required value",
            ],
        ),
        (
            json!({
                "apiVersion": "v1", "kind": "Service", "metadata": {"name": "t"},
                "spec": {"ports": [{"port": 99999}]},
            }),
            vec![
                "spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive",
                "spec.ports[0].targetPort: Invalid value: 99999: must be between 1 and 65535, inclusive",
            ],
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}),
            vec!["metadata.name: Required value: name or generateName is required"],
        ),
    ];
    for (sent, said) in cases {
        let gvk = kind_of(&sent);
        let object = created(&catalog, &sent);
        assert_eq!(lines(&refused(&catalog, &gvk, None, &object)), said);
    }
}

#[test]
fn a_change_is_told_after_what_is_wrong_anyway() {
    let catalog = catalog(36);
    let deployment = |app: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "d", "namespace": "n"},
            "spec": {
                "selector": {"matchLabels": {"app": app}},
                "template": {
                    "metadata": {"labels": {"app": "d", "only": "this"}},
                    "spec": {"containers": [{"name": "c", "image": "i:1"}]},
                },
            },
        })
    };
    let old = created(&catalog, &deployment("d"));
    let new = updated(&catalog, &old, &deployment("other"));
    assert_eq!(
        lines(&refused(&catalog, &kind_of(&old), Some(&old), &new)),
        [
            "spec.template.metadata.labels: Invalid value: {\"app\":\"d\",\"only\":\"this\"}: `selector` does not match template `labels`",
            "spec.selector: Invalid value: {\"matchLabels\":{\"app\":\"other\"}}: field is immutable",
        ]
    );
    let held = |finalizers: &[&str]| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {
                "name": "a", "namespace": "n", "finalizers": finalizers,
                "deletionTimestamp": "2026-01-01T00:00:00Z",
            },
        })
    };
    let (old, new) = (held(&["a.b/c"]), held(&["a.b/c", "a.b/d"]));
    let said = lines(&refused(&catalog, &kind_of(&old), Some(&old), &new));
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0], said[1]);
}

#[test]
fn generations_count_what_matters() {
    let catalog = catalog(36);
    let old = created(
        &catalog,
        &json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "d", "uid": "u"},
            "spec": {
                "selector": {"matchLabels": {"a": "b"}},
                "template": {
                    "metadata": {"labels": {"a": "b"}},
                    "spec": {"containers": [{"name": "c", "image": "i:1"}]},
                },
            },
        }),
    );
    let generations = |object: &Value| {
        let annotation = "deprecated.daemonset.template.generation";
        (
            object["metadata"]["generation"].clone(),
            object["metadata"]["annotations"][annotation].clone(),
        )
    };
    assert_eq!(generations(&old), (json!(1), json!("1")));
    let mut new = old.clone();
    new["metadata"]["labels"] = json!({"x": "y"});
    new["status"] = json!({"numberReady": 7});
    let new = updated(&catalog, &old, &new);
    assert_eq!(generations(&new), (json!(1), json!("1")));
    assert_eq!(new["status"], old["status"]);
    let mut slower = old.clone();
    slower["spec"]["minReadySeconds"] = json!(7);
    assert_eq!(generations(&updated(&catalog, &old, &slower)), (json!(2), json!("1")));
    let mut image = old.clone();
    image["spec"]["template"]["spec"]["containers"][0]["image"] = json!("i:2");
    assert_eq!(generations(&updated(&catalog, &old, &image)), (json!(2), json!("2")));
}

#[test]
fn a_write_of_the_status_changes_nothing_else() {
    let catalog = catalog(36);
    let old = created(
        &catalog,
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}}),
    );
    let mut new = old.clone();
    new["spec"]["finalizers"] = json!([]);
    new["status"]["phase"] = json!("Terminating");
    let mut written = new.clone();
    let gvk = kind_of(&old);
    prepare_update(&catalog, &gvk, &old, &mut written, Some("status"));
    assert_eq!(written["spec"], old["spec"]);
    assert_eq!(written["status"], new["status"]);
    let mut finalized = new.clone();
    prepare_update(&catalog, &gvk, &old, &mut finalized, Some("finalize"));
    assert_eq!(finalized["status"], old["status"]);
    assert_eq!(finalized["spec"], json!({}));
}

#[test]
fn services_keep_what_they_were_given() {
    let catalog = catalog(36);
    let service = |spec: Value| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec});
    let mut old = created(&catalog, &service(json!({"type": "NodePort", "ports": [{"port": 80}]})));
    allocate(&mut old, &mut || "10.0.0.9".to_owned(), &mut || 30080);
    let new = updated(
        &catalog,
        &old,
        &service(json!({"type": "NodePort", "ports": [{"port": 80, "name": "web"}]})),
    );
    assert_eq!(new["spec"]["clusterIPs"], json!(["10.0.0.9"]));
    assert_eq!(new["spec"]["ports"][0]["nodePort"], 30080);
    assert_eq!(needs(&new), Needs::default());
    let mut inner = old.clone();
    inner["spec"]["type"] = json!("ClusterIP");
    let inner = updated(&catalog, &old, &inner);
    assert_eq!(inner["spec"]["ports"][0].get("nodePort"), None);
    assert_eq!(inner["spec"].get("externalTrafficPolicy"), None);
}

#[test]
fn definitions_name_what_they_store() {
    let object = created(
        &catalog(36),
        &json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "as.b.c"},
            "spec": {
                "group": "b.c", "scope": "Namespaced", "names": {"plural": "as", "kind": "A"},
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                    "openAPIV3Schema": {"type": "object", "maximum": 3.0},
                }}],
            },
        }),
    );
    let names = json!({"plural": "as", "singular": "a", "kind": "A", "listKind": "AList"});
    assert_eq!(object["spec"]["names"], names);
    assert_eq!(object["spec"]["conversion"], json!({"strategy": "None"}));
    assert_eq!(object["status"]["storedVersions"], json!(["v1"]));
    assert_eq!(object["metadata"]["generation"], 1);
}

/// Choices, of which there is an end: schemas contain themselves.
struct Bits<'a> {
    bits: &'a [u8],
    taken: usize,
}

impl Bits<'_> {
    fn chance(&mut self, least: u8) -> bool {
        self.taken += 1;
        self.taken < 3000 && self.bits[self.taken % self.bits.len()] >= least
    }
}

fn value(schema: towpath_catalog::SchemaRef<'_>, depth: usize, bits: &mut Bits<'_>) -> Value {
    if bits.chance(250) {
        return Value::Null;
    }
    match schema.types() {
        Type::Object if depth > 0 => {
            let mut fields = serde_json::Map::new();
            if let Some(entry) = schema.additional() {
                fields.insert("a".to_owned(), value(entry, depth - 1, bits));
            }
            for field in schema.fields() {
                if bits.chance(170) {
                    fields.insert(field.name.to_owned(), value(field.schema, depth - 1, bits));
                }
            }
            Value::Object(fields)
        }
        Type::Object => json!({}),
        Type::Array if depth > 0 => match schema.items() {
            Some(item) if bits.chance(60) => json!([value(item, depth - 1, bits)]),
            _ => json!([]),
        },
        Type::Array => json!([]),
        Type::String => match schema.format() {
            Some("byte") => json!("YQ==\n"),
            Some("date-time") => json!("2024-01-01T01:00:00.123456789+01:00"),
            _ if bits.chance(200) => json!(""),
            _ => json!("text"),
        },
        Type::Integer | Type::Number => json!(if bits.chance(128) { 0.0 } else { 7.0 }),
        Type::Boolean => json!(bits.chance(128)),
        Type::IntOrString => json!(if bits.chance(128) { json!("50%") } else { json!(0) }),
        Type::Quantity => json!(if bits.chance(128) { "1000m" } else { "0.5Gi" }),
        _ => json!({"any": [1]}),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_write_that_changes_nothing_changes_nothing(
        bits in prop::collection::vec(any::<u8>(), 64..256),
        minor in prop::sample::select(vec![22u8, 30, 36]),
        at in any::<prop::sample::Index>(),
    ) {
        let catalog = catalog(minor);
        let kinds: Vec<_> = catalog.kinds().collect();
        let kind = &kinds[at.index(kinds.len())];
        let schema = catalog.schema(&kind.kind).expect("a kind has a schema");
        let mut bits = Bits { bits: &bits, taken: 0 };
        let mut sent = value(schema, 7, &mut bits);
        let fields = object::map(&mut sent);
        fields.insert("apiVersion".to_owned(), json!(kind.kind.api_version()));
        fields.insert("kind".to_owned(), json!(kind.kind.kind));
        fields.insert("metadata".to_owned(), json!({"name": "a", "uid": "u"}));
        if kind.scope == Scope::Namespaced {
            sent["metadata"]["namespace"] = json!("n");
        }

        let mut written = sent.clone();
        normalise(&catalog, &kind.kind, &mut written);
        let mut again = written.clone();
        normalise(&catalog, &kind.kind, &mut again);
        prop_assert_eq!(&again, &written);

        defaults(&catalog, &kind.kind, &mut again);
        let filled = again.clone();
        defaults(&catalog, &kind.kind, &mut again);
        prop_assert_eq!(&again, &filled);

        let old = created(&catalog, &sent);
        prop_assert_eq!(&updated(&catalog, &old, &old), &old);
        prop_assert_eq!(validate_update(&catalog, &kind.kind, &old, &old), vec![]);
        let mut status = old.clone();
        prepare_update(&catalog, &kind.kind, &old, &mut status, Some("status"));
        prop_assert_eq!(&status, &old);
    }
}

#[test]
fn a_definition_keeps_defaults_that_are_false_or_empty() {
    let catalog = catalog(36);
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "boolean", "default": false},
        "b": {"type": "integer", "default": 0},
        "c": {"type": "object", "default": {}, "additionalProperties": false},
        "d": {"type": "array", "default": [], "items": {"type": "string"}},
    }});
    let mut definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "as.example.com"},
        "spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]},
    });
    normalise(&catalog, &kind_of(&definition.clone()), &mut definition);
    assert_eq!(definition.pointer("/spec/versions/0/schema/openAPIV3Schema"), Some(&schema));
}
