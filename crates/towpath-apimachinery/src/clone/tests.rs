//! What comes along, what stays behind, and in which order.

use serde_json::json;

use super::*;

fn object(api_version: &str, kind: &str, name: &str, rest: Value) -> Value {
    let mut object = json!({"apiVersion": api_version, "kind": kind});
    for (field, value) in rest.as_object().cloned().unwrap_or_default() {
        object[field.as_str()] = value;
    }
    object["metadata"]["name"] = name.into();
    object["metadata"]["uid"] = format!("uid-of-{name}").into();
    object["metadata"]["resourceVersion"] = "7".into();
    object["metadata"]["managedFields"] = json!([{"manager": "x"}]);
    object
}

fn owned(by: &str, api_version: &str) -> Value {
    let owner = json!({"apiVersion": api_version, "kind": "Any", "name": by,
        "uid": format!("uid-of-{by}"), "controller": true});
    json!({"metadata": {"ownerReferences": [owner]}})
}

fn names(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|step| name(&step.object)).collect()
}

#[test]
fn definitions_come_before_objects_and_owners_before_what_they_own() {
    let clone = plan(
        [
            object("v1", "ResourceQuota", "quota", json!({})),
            object("acme.io/v1", "Part", "part", owned("whole", "acme.io/v1")),
            object("acme.io/v1", "Whole", "whole", json!({"status": {"ready": true}})),
            object("v1", "ConfigMap", "of-whole", owned("whole", "acme.io/v1")),
            object("apps/v1", "Deployment", "web", json!({"status": {"replicas": 1}})),
            object("rbac.authorization.k8s.io/v1", "RoleBinding", "binding", json!({})),
            object("rbac.authorization.k8s.io/v1", "Role", "role", json!({})),
            object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "definition", json!({})),
            object("v1", "Namespace", "shop", json!({})),
        ],
        Options::default(),
    );
    let expected =
        ["shop", "definition", "role", "web", "binding", "whole", "quota", "of-whole", "part"];
    assert_eq!(names(&clone), expected);
    assert_eq!(clone.left_out, BTreeMap::new());
    let of = |wanted: &str| clone.steps.iter().find(|step| name(&step.object) == wanted);
    // A status is kept where nobody would give it again.
    assert_eq!(of("whole").and_then(|step| step.status.clone()), Some(json!({"ready": true})));
    assert_eq!(
        of("web").map(|step| (step.status.clone(), step.object.get("status"))),
        Some((None, None))
    );
    let metadata = of("shop").map(|step| step.object["metadata"].clone());
    assert_eq!(metadata, Some(json!({"name": "shop"})));
}

#[test]
fn what_clusters_make_stays_behind() {
    let left = |object: Value| {
        let clone = plan([object], Options::default());
        clone.left_out.into_keys().map(|(why, _)| why).next()
    };
    let with = |metadata: Value| json!({"metadata": metadata});
    let rows = [
        (
            object("apps/v1", "ReplicaSet", "web-1", owned("web", "apps/v1")),
            Some(LeftOut::Controlled),
        ),
        (object("v1", "Pod", "of-operator", owned("whole", "acme.io/v1")), None),
        (object("v1", "Pod", "alone", json!({})), None),
        (
            object(
                "v1",
                "Pod",
                "mirror",
                with(json!({"annotations": {"kubernetes.io/config.mirror": "x"}})),
            ),
            Some(LeftOut::Made),
        ),
        (object("v1", "Event", "event", json!({})), Some(LeftOut::Made)),
        (object("coordination.k8s.io/v1", "Lease", "lease", json!({})), Some(LeftOut::Made)),
        (
            object("v1", "Secret", "token", json!({"type": "kubernetes.io/service-account-token"})),
            Some(LeftOut::Made),
        ),
        (object("v1", "ConfigMap", "kube-root-ca.crt", json!({})), Some(LeftOut::Made)),
        (object("v1", "ConfigMap", "settings", json!({})), None),
        (
            object(
                "rbac.authorization.k8s.io/v1",
                "ClusterRole",
                "view",
                with(json!({"labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}})),
            ),
            Some(LeftOut::Made),
        ),
        (
            object("apiregistration.k8s.io/v1", "APIService", "v1.apps", json!({})),
            Some(LeftOut::Unanswered),
        ),
        (
            object(
                "admissionregistration.k8s.io/v1",
                "ValidatingWebhookConfiguration",
                "hook",
                json!({}),
            ),
            Some(LeftOut::Unanswered),
        ),
        (
            object(
                "admissionregistration.k8s.io/v1",
                "ValidatingAdmissionPolicy",
                "policy",
                json!({}),
            ),
            None,
        ),
        (
            object(
                "v1",
                "ConfigMap",
                "going",
                with(json!({"deletionTimestamp": "2026-01-01T00:00:00Z"})),
            ),
            Some(LeftOut::Deleted),
        ),
    ];
    for (object, expected) in rows {
        assert_eq!(left(object.clone()), expected, "{object}");
    }
    let hook = object(
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        "hook",
        json!({}),
    );
    assert_eq!(names(&plan([hook], Options { webhooks: true, ..Options::default() })), ["hook"]);
}

#[test]
fn no_value_of_a_secret_comes_along_unless_it_is_asked_for() {
    let secret = |kind: &str| {
        object(
            "v1",
            "Secret",
            "secret",
            json!({
                "type": kind,
                "data": {".dockerconfigjson": "aHVudGVyMg==", "other": "aHVudGVyMg=="},
                "metadata": {"annotations": {LAST_APPLIED: "aHVudGVyMg==", "mine": "yes"}},
            }),
        )
    };
    for kind in ["Opaque", "kubernetes.io/dockerconfigjson", "helm.sh/release.v1"] {
        let clone = plan([secret(kind)], Options::default());
        let text = clone.steps[0].object.to_string();
        assert!(
            !text.contains("aHVudGVyMg") && text.contains("other") && text.contains("mine"),
            "{text}"
        );
        let clone = plan([secret(kind)], Options { secrets: true, ..Options::default() });
        assert_eq!(clone.steps[0].object["data"]["other"], "aHVudGVyMg==");
    }
}

#[test]
fn what_the_sandbox_gives_is_not_taken_along() {
    let spec = |rest: Value| json!({"spec": rest});
    let objects = [
        object(
            "v1",
            "Service",
            "web",
            spec(json!({"clusterIP": "10.0.0.7", "clusterIPs": ["10.0.0.7"], "ports": []})),
        ),
        object(
            "v1",
            "Service",
            "headless",
            spec(json!({"clusterIP": "None", "clusterIPs": ["None"]})),
        ),
        object(
            "v1",
            "PersistentVolume",
            "disk",
            spec(json!({"claimRef": {"name": "c", "uid": "u"}})),
        ),
        object(
            "batch/v1",
            "Job",
            "job",
            spec(json!({
                "selector": {"matchLabels": {"controller-uid": "u"}},
                "template": {"metadata": {"labels": {"controller-uid": "u", "app": "x"}}},
            })),
        ),
    ];
    let clone = plan(objects, Options::default());
    let spec = |wanted: &str| {
        clone
            .steps
            .iter()
            .find(|step| name(&step.object) == wanted)
            .map(|step| step.object["spec"].clone())
    };
    assert_eq!(spec("web"), Some(json!({"ports": []})));
    assert_eq!(spec("headless"), Some(json!({"clusterIP": "None", "clusterIPs": ["None"]})));
    assert_eq!(spec("disk"), Some(json!({"claimRef": {"name": "c"}})));
    assert_eq!(spec("job"), Some(json!({"template": {"metadata": {"labels": {"app": "x"}}}})));
}

#[test]
fn owners_are_those_of_the_sandbox() {
    let mut part = object("acme.io/v1", "Part", "part", owned("whole", "acme.io/v1"));
    let uids = BTreeMap::from([("uid-of-whole".to_owned(), "new".to_owned())]);
    reown(&mut part, &uids);
    assert_eq!(part["metadata"]["ownerReferences"][0]["uid"], "new");
    reown(&mut part, &uids);
    assert_eq!(part["metadata"].get("ownerReferences"), None);
}
