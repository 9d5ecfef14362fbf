use serde_json::{Value, json};

use crate::world::{World, admin, named, user};

const GROUP: &str = "/apis/authorization.k8s.io/v1";

fn world() -> World {
    let mut world = World::new();
    world.create("/api/v1/namespaces", &json!({"metadata": {"name": "a"}}));
    world.grant(
        "a",
        "reader",
        &json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}]),
        &json!([named("User", "bob"), {"kind": "ServiceAccount", "name": "default"}]),
    );
    world
}

fn attributes(verb: &str) -> Value {
    json!({"namespace": "a", "verb": verb, "resource": "configmaps"})
}

#[test]
fn reviews_say_what_a_request_would_be_told() {
    let mut world = world();
    let own = format!("{GROUP}/selfsubjectaccessreviews");
    let others = format!("{GROUP}/subjectaccessreviews");
    let local = format!("{GROUP}/namespaces/a/localsubjectaccessreviews");
    let by = "RBAC: allowed by RoleBinding \"reader/a\" of Role \"reader\" to";
    for (path, user, spec, status) in [
        (
            &own,
            user("bob"),
            json!({"resourceAttributes": attributes("get")}),
            json!({"allowed": true, "reason": format!("{by} User \"bob\"")}),
        ),
        (
            &own,
            user("bob"),
            json!({"resourceAttributes": attributes("delete")}),
            json!({"allowed": false}),
        ),
        (
            &own,
            admin(),
            json!({"nonResourceAttributes": {"path": "/x", "verb": "get"}}),
            json!({"allowed": true}),
        ),
        (
            &own,
            user("bob"),
            json!({"nonResourceAttributes": {"path": "/version", "verb": "get"}}),
            json!({
                "allowed": true,
                "reason": "RBAC: allowed by ClusterRoleBinding \"system:discovery\" of ClusterRole \"system:discovery\" to Group \"system:authenticated\"",
            }),
        ),
        (
            &others,
            admin(),
            json!({"user": "system:serviceaccount:a:default", "resourceAttributes": attributes("get")}),
            json!({"allowed": true, "reason": format!("{by} ServiceAccount \"default/a\"")}),
        ),
        (
            &local,
            admin(),
            json!({"user": "eve", "resourceAttributes": attributes("get")}),
            json!({"allowed": false}),
        ),
    ] {
        let (code, answer) = world.post(&user, path, &json!({"spec": spec}));
        assert_eq!(code, 201, "{answer}");
        assert_eq!(answer["status"], status, "{path} {spec}");
        assert_eq!(answer["spec"], spec);
    }
}

#[test]
fn reviews_that_ask_nothing_are_refused() {
    let mut world = world();
    let others = format!("{GROUP}/subjectaccessreviews");
    let local = format!("{GROUP}/namespaces/a/localsubjectaccessreviews");
    let elsewhere = json!({"namespace": "b", "verb": "get", "resource": "pods"});
    for (path, spec, code, field) in [
        (&others, json!({"user": "x"}), 422, "spec.resourceAttributes"),
        (&others, json!({"resourceAttributes": attributes("get")}), 422, "spec.user"),
        (
            &others,
            json!({"user": "x", "resourceAttributes": attributes("get"), "nonResourceAttributes": {"path": "/"}}),
            422,
            "spec.nonResourceAttributes",
        ),
        (
            &local,
            json!({"user": "x", "resourceAttributes": elsewhere}),
            422,
            "spec.resourceAttributes.namespace",
        ),
    ] {
        let (found, answer) = world.post(&admin(), path, &json!({"spec": spec}));
        assert_eq!(found, code, "{answer}");
        assert_eq!(answer["details"]["causes"][0]["field"], field);
    }
    let rules = format!("{GROUP}/selfsubjectrulesreviews");
    assert_eq!(world.post(&admin(), &rules, &json!({"spec": {}})).0, 400);
    let tokens = "/apis/authentication.k8s.io/v1/tokenreviews";
    assert_eq!(world.post(&admin(), tokens, &json!({"spec": {}})).0, 400);
}

#[test]
fn the_rules_of_a_user_are_those_of_the_cluster_and_of_the_namespace() {
    let mut world = world();
    let path = format!("{GROUP}/selfsubjectrulesreviews");
    let (_, answer) = world.post(&user("bob"), &path, &json!({"spec": {"namespace": "a"}}));
    let status = &answer["status"];
    assert_eq!(status["incomplete"], false);
    let rules = status["resourceRules"].as_array().expect("a list");
    assert!(
        rules.contains(&json!({"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}))
    );
    let urls = status["nonResourceRules"].as_array().expect("a list");
    assert!(urls.iter().any(|rule| rule["nonResourceURLs"][0] == "/api"), "{urls:?}");
}
