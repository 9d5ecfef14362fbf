//! A sandbox that is filled with a clone: what becomes of each object.

use http::Request;
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tower_service::Service as _;
use towpath_apiserver::Cluster;
use towpath_apiserver::clone::{Options, plan};
use towpath_apiserver::fill::{Filled, fill};

use crate::support;

/// An object of the namespace `default`, as a live cluster lists it.
fn object(api_version: &str, kind: &str, name: &str, rest: Value) -> Value {
    let mut object = json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": "default", "uid": format!("uid-of-{name}"), "resourceVersion": "7"},
    });
    for (field, value) in rest.as_object().cloned().unwrap_or_default() {
        object[field.as_str()] = value;
    }
    object
}

async fn filled(objects: impl IntoIterator<Item = Value>) -> (Cluster, Filled) {
    let cluster = support::cluster();
    let filled = fill(&cluster, plan(objects, Options::default())).await;
    (cluster, filled)
}

async fn get(cluster: &Cluster, path: &str) -> Value {
    let request = Request::get(path).body(Full::<bytes::Bytes>::default()).unwrap();
    let response = cluster.clone().call(request).await.unwrap();
    serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap()
}

/// What is told of objects, in short.
fn told<T: Clone>(told: &[(towpath_apiserver::fill::Named, T)]) -> Vec<(String, T)> {
    told.iter()
        .map(|(named, what)| (format!("{} {}", named.kind, named.name), what.clone()))
        .collect()
}

#[tokio::test]
async fn what_is_served_is_copied() {
    let map = object("v1", "ConfigMap", "settings", json!({"data": {"colour": "green"}}));
    let (cluster, filled) = filled([map]).await;
    assert_eq!(filled.copied.into_iter().collect::<Vec<_>>(), [("ConfigMap".to_owned(), 1)]);
    assert!(filled.refused.is_empty() && filled.not_served.is_empty() && filled.moved.is_empty());
    let map = get(&cluster, "/api/v1/namespaces/default/configmaps/settings").await;
    assert_eq!(map["data"], json!({"colour": "green"}));
    assert_eq!(map["metadata"]["managedFields"][0]["manager"], "towpath-clone");
}

#[tokio::test]
async fn what_the_sandbox_has_made_gets_the_fields_of_the_live_one() {
    let account = object(
        "v1",
        "ServiceAccount",
        "default",
        json!({"imagePullSecrets": [{"name": "registry"}]}),
    );
    let (cluster, filled) = filled([account]).await;
    assert_eq!(told(&filled.refused), []);
    let account = get(&cluster, "/api/v1/namespaces/default/serviceaccounts/default").await;
    assert_eq!(account["imagePullSecrets"], json!([{"name": "registry"}]));
}

#[tokio::test]
async fn an_object_in_a_version_that_is_gone_comes_in_the_shape_of_the_next() {
    let scaler = object(
        "autoscaling/v2beta1",
        "HorizontalPodAutoscaler",
        "web",
        json!({"spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "maxReplicas": 5,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "targetAverageUtilization": 70}}],
        }}),
    );
    let (cluster, filled) = filled([scaler]).await;
    let moved = [("HorizontalPodAutoscaler web".to_owned(), "autoscaling/v2".to_owned())];
    assert_eq!(told(&filled.moved), moved);
    assert_eq!((told(&filled.refused), told(&filled.warned)), (vec![], vec![]));
    let path = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/web";
    let metrics = get(&cluster, path).await["spec"]["metrics"].clone();
    let target = json!({"type": "Utilization", "averageUtilization": 70});
    let expected = json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]);
    assert_eq!(metrics, expected);
}

#[tokio::test]
async fn what_is_not_served_is_told_with_its_reason() {
    let (_, filled) = filled([
        object("policy/v1beta1", "PodSecurityPolicy", "tight", json!({"spec": {}})),
        object("acme.io/v1", "Widget", "one", json!({"spec": {}})),
    ])
    .await;
    let expected = [
        ("PodSecurityPolicy tight", "Kubernetes 1.25 no longer serves it"),
        ("Widget one", "no CustomResourceDefinition that was copied defines it"),
    ];
    let expected = expected.map(|(which, why)| (which.to_owned(), why.to_owned()));
    assert_eq!(told(&filled.not_served), expected);
    assert!(filled.copied.is_empty());
}

#[tokio::test]
async fn what_the_sandbox_refuses_is_told_in_its_words() {
    let deployment = object(
        "apps/v1",
        "Deployment",
        "web",
        json!({"spec": {"template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": "web:1"}]},
        }}}),
    );
    let (_, filled) = filled([deployment]).await;
    let [(_, why)] = filled.refused.as_slice() else { panic!("{:?}", filled.refused) };
    assert!(why.starts_with("Deployment.apps \"web\" is invalid: "), "{why}");
    assert!(why.contains("spec.selector: Required value"), "{why}");
}

#[tokio::test]
async fn custom_objects_keep_their_status() {
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.acme.io", "uid": "definition"},
        "spec": {
            "group": "acme.io",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
            }],
        },
    });
    let widget = object("acme.io/v1", "Widget", "one", json!({"status": {"ready": true}}));
    let (cluster, filled) = filled([widget, definition]).await;
    assert_eq!((told(&filled.refused), told(&filled.not_served)), (vec![], vec![]));
    let widget = get(&cluster, "/apis/acme.io/v1/namespaces/default/widgets/one").await;
    assert_eq!(widget["status"], json!({"ready": true}));
}
