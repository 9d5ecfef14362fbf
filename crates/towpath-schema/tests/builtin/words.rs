//! The API server's own words: recorded answers of kube-apiserver 1.36.

use serde_json::{Value, json};
use towpath_schema::builtin::{hint, validate};

use crate::{catalog, documents, said};

#[test]
fn recorded_answers() {
    let cases: [(Value, &[&str]); 7] = [
        (
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"},
                   "spec": {"template": {"spec": {"containers": []}}}}),
            &[
                "spec.selector: Required value",
                "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
                "spec.template.spec.containers: Required value",
            ],
        ),
        (
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "y"}, "spec": {
                   "selector": {"matchLabels": {"app": "z"}}, "template": {
                   "metadata": {"labels": {"app": "y"}},
                   "spec": {"containers": [{"name": "c", "image": "i:1"}]}}}}),
            &[
                "spec.template.metadata.labels: Invalid value: {\"app\":\"y\"}: `selector` does not match template `labels`",
            ],
        ),
        (
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "t"},
                   "spec": {"ports": [{"port": 99999}]}}),
            &[
                "spec.ports[0].port: Invalid value: 99999: must be between 1 and 65535, inclusive",
                "spec.ports[0].targetPort: Invalid value: 99999: must be between 1 and 65535, inclusive",
            ],
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Not_Valid"}, "data": {}}),
            &[
                "metadata.name: Invalid value: \"Not_Valid\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            ],
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}),
            &["metadata.name: Required value: name or generateName is required"],
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "badkey"},
                   "data": {"no/slash": "v"}}),
            &[
                "data[no/slash]: Invalid value: \"no/slash\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
            ],
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "u"}, "datum": {}}),
            &["unknown field \"datum\""],
        ),
    ];
    let catalog = catalog(36);
    for (object, expected) in cases {
        let mut said = said(&catalog, &object);
        said.sort();
        assert_eq!(said, expected, "{object}");
    }
}

#[test]
fn no_value_of_a_secret_is_shown() {
    let catalog = catalog(36);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "s", "annotations": {"a": ["hunter2"]}, "hunter2": 1},
        "data": {"a": "hunter2!", "b": {"hunter2": 1}, "c": ["hunter2"]},
        "stringData": {"pin": 20202, "flag": true},
        "type": {"hunter2": true}, "immutable": "hunter2",
    });
    let said = said(&catalog, &secret).join("\n");
    assert_eq!(said.lines().count(), 9, "{said}");
    let shown = said.replace("metadata.hunter2", "");
    assert!(!shown.contains("hunter2") && !shown.contains("20202"), "{said}");
}

#[test]
fn the_items_of_a_list_are_judged_one_by_one() {
    let list = "\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}, dta: {}}
- {apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}
- {apiVersion: v1, kind: Secret, metadata: {name: s}, data: {a: '-'}}
---
apiVersion: v1
kind: ConfigMapList
items:
- {metadata: {name: B}}
";
    let catalog = catalog(36);
    let lists = documents(list);
    assert_eq!(
        said(&catalog, &lists[0]),
        [
            "unknown field \"items[0].dta\"",
            "items[2].data.a: Invalid value: illegal base64 data at input byte 0",
            "not checked: items[1]: a kind that is not built in",
        ]
    );
    assert!(
        said(&catalog, &lists[1])[0].starts_with("items[0].metadata.name: Invalid value: \"B\"")
    );
}

#[test]
fn kinds_are_those_of_the_minor() {
    let ingress = json!({"apiVersion": "networking.k8s.io/v1beta1", "kind": "Ingress",
        "metadata": {"name": "i"},
        "spec": {"backend": {"serviceName": "a", "servicePort": 80}}});
    assert!(validate(&catalog(22), &ingress).is_none());
    assert_eq!(said(&catalog(21), &ingress), Vec::<String>::new());
    assert!(validate(&catalog(36), &json!("text")).is_none());
    assert!(validate(&catalog(36), &json!({})).is_none());
}

#[test]
fn a_near_miss_has_a_hint() {
    let catalog = catalog(36);
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": {
        "replica": 1, "Selector": {}, "nothingLikeIt": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {
        "metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i", "volumeMount": []}]}}}});
    let report = validate(&catalog, &deployment).expect("a kind that is built in");
    let hints: Vec<_> =
        report.violations.iter().map(|one| hint(&catalog, &deployment, one)).collect();
    assert_eq!(hints, [Some("replicas"), Some("selector"), None, Some("volumeMounts")]);
}

#[test]
fn what_is_hostile_ends() {
    let catalog = catalog(36);
    let mut schema = json!({"type": "object"});
    for _ in 0..300 {
        schema = json!({"type": "object", "properties": {"a": schema}});
    }
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "as.b"}, "spec": {"group": "b", "scope": "Cluster",
        "names": {"plural": "as", "kind": "A"},
        "versions": [{"name": "v1", "served": true, "storage": true,
                      "schema": {"openAPIV3Schema": schema}}]}});
    let lines = said(&catalog, &definition);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with(": what is nested too deeply"), "{lines:?}");

    let many: serde_json::Map<String, Value> =
        (0..1000).map(|number| (format!("field{number}"), Value::Null)).collect();
    let mut object = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}});
    object["data"] = json!({"a": 1});
    object.as_object_mut().expect("an object").extend(many);
    let report = validate(&catalog, &object).expect("a kind that is built in");
    assert_eq!(report.violations.len(), 100);
    assert_eq!(report.not_checked[0].what, "901 violations more");
}
