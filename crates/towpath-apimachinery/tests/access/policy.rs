use serde_json::{Value, json};
use towpath_apimachinery::access::User;
use towpath_apimachinery::request::Method;

use crate::world::{By, RBAC, TOKEN, World, admin, named, user};

fn world() -> World {
    let mut world = World::new();
    for name in ["a", "b"] {
        world.create("/api/v1/namespaces", &json!({"metadata": {"name": name}}));
    }
    world.grant(
        "a",
        "reader",
        &json!([
            {"apiGroups": [""], "resources": ["configmaps", "pods/log"], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["one"], "verbs": ["*"]},
            {"apiGroups": ["*"], "resources": ["*/scale"], "verbs": ["get"]},
            {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]},
        ]),
        &json!([named("User", "bob"), {"kind": "ServiceAccount", "name": "default", "namespace": "b"}]),
    );
    world.grant(
        "",
        "paths",
        &json!([{"nonResourceURLs": ["/metrics/*", "/logs"], "verbs": ["get"]}]),
        &json!([named("Group", "watchers")]),
    );
    world
}

#[test]
fn what_is_granted_is_allowed_and_the_rest_is_refused_in_the_words_of_the_server() {
    let mut world = world();
    for (method, path, message) in [
        (Method::Get, "/api/v1/namespaces/a/configmaps", ""),
        (Method::Get, "/api/v1/namespaces/a/configmaps/x", "configmaps \"x\" not found"),
        (
            Method::Get,
            "/api/v1/namespaces/a/configmaps?watch=1",
            "configmaps is forbidden: User \"bob\" cannot watch resource \"configmaps\" in API group \"\" in the namespace \"a\"",
        ),
        (
            Method::Get,
            "/api/v1/namespaces/b/configmaps",
            "configmaps is forbidden: User \"bob\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"b\"",
        ),
        (
            Method::Get,
            "/api/v1/configmaps",
            "configmaps is forbidden: User \"bob\" cannot list resource \"configmaps\" in API group \"\" at the cluster scope",
        ),
        (Method::Get, "/api/v1/namespaces/a/pods/p/log", "pods \"p\" not found"),
        (
            Method::Get,
            "/api/v1/namespaces/a/pods/p/status",
            "pods \"p\" is forbidden: User \"bob\" cannot get resource \"pods/status\" in API group \"\" in the namespace \"a\"",
        ),
        (Method::Get, "/api/v1/namespaces/a/secrets/one", "secrets \"one\" not found"),
        (Method::Get, "/api/v1/namespaces/a/secrets?fieldSelector=metadata.name%3Done", ""),
        (
            Method::Get,
            "/api/v1/namespaces/a/secrets/two",
            "secrets \"two\" is forbidden: User \"bob\" cannot get resource \"secrets\" in API group \"\" in the namespace \"a\"",
        ),
        (
            Method::Delete,
            "/api/v1/namespaces/a/secrets",
            "secrets is forbidden: User \"bob\" cannot deletecollection resource \"secrets\" in API group \"\" in the namespace \"a\"",
        ),
        (
            Method::Get,
            "/apis/apps/v1/namespaces/a/deployments/d/scale",
            "deployments.apps \"d\" not found",
        ),
        (
            Method::Get,
            "/apis/apps/v1/namespaces/a/deployments/d",
            "deployments.apps \"d\" is forbidden: User \"bob\" cannot get resource \"deployments\" in API group \"apps\" in the namespace \"a\"",
        ),
        (Method::Get, "/api/v1/namespaces/a", ""),
        (
            Method::Get,
            "/api/v1/namespaces/b",
            "namespaces \"b\" is forbidden: User \"bob\" cannot get resource \"namespaces\" in API group \"\" in the namespace \"b\"",
        ),
        (
            Method::Get,
            "/apis/none.example.com/v1/things",
            "things.none.example.com is forbidden: User \"bob\" cannot list resource \"things\" in API group \"none.example.com\" at the cluster scope",
        ),
        (Method::Get, "/metrics", "forbidden: User \"bob\" cannot get path \"/metrics\""),
        (Method::Post, "/<&>", "forbidden: User \"bob\" cannot post path \"/&lt;&amp;&gt;\""),
        (Method::Get, "/api/v1", ""),
    ] {
        let (_, answer) = world.ask(&user("bob"), method, path, &Value::Null);
        assert_eq!(answer["message"].as_str().unwrap_or_default(), message, "{path}");
    }
}

#[test]
fn a_refusal_names_the_resource_and_not_the_kind() {
    let (code, answer) = world().get(&user("eve"), "/apis/apps/v1/namespaces/a/deployments/d");
    assert_eq!(code, 403);
    assert_eq!(answer["details"], json!({"name": "d", "group": "apps", "kind": "deployments"}));
    assert_eq!(answer["reason"], "Forbidden");
}

#[test]
fn groups_accounts_and_paths_count() {
    let mut world = world();
    let watcher = || By { identity: Some(User::named("w", &["watchers"])), ..By::default() };
    assert_eq!(world.get(&watcher(), "/logs").0, 404);
    assert_eq!(world.get(&watcher(), "/metrics/a/b").0, 404);
    assert_eq!(world.get(&watcher(), "/logs/a").0, 403);
    assert_eq!(world.get(&user("w"), "/logs").0, 403);
    let account = user("system:serviceaccount:b:default");
    assert_eq!(world.get(&account, "/api/v1/namespaces/a/configmaps").0, 200);
}

#[test]
fn what_is_taken_back_is_refused_from_then_on() {
    let mut world = world();
    let path = "/api/v1/namespaces/a/configmaps";
    assert_eq!(world.get(&user("bob"), path).0, 200);
    let role = format!("{RBAC}/namespaces/a/roles/reader");
    world.ask(&admin(), Method::Delete, &role, &Value::Null);
    let (code, answer) = world.get(&user("bob"), path);
    assert_eq!(code, 403);
    let message = answer["message"].as_str().expect("a refusal says why");
    assert!(
        message.ends_with(
            "in the namespace \"a\": RBAC: role.rbac.authorization.k8s.io \"reader\" not found"
        ),
        "{message}"
    );
    let binding = format!("{RBAC}/namespaces/a/rolebindings/reader");
    world.ask(&admin(), Method::Delete, &binding, &Value::Null);
    let (_, answer) = world.get(&user("bob"), path);
    assert!(!answer["message"].as_str().expect("it says why").contains("RBAC"), "{answer}");
}

#[test]
fn credentials_are_who_asks() {
    let mut world = world();
    for (authorization, code) in [
        ("Bearer let-me-in", 200),
        ("bearer let-me-in", 200),
        ("Bearer wrong", 401),
        ("Bearer let-me-i", 401),
        ("Basic eDp5", 403),
        ("Bearer ", 403),
        ("", 403),
    ] {
        let by = By { authorization, ..By::default() };
        assert_eq!(world.get(&by, "/api/v1/namespaces").0, code, "{authorization}");
    }
    assert!(!format!("{:?}", world.cluster.machine).contains(TOKEN));
    let (_, refused) = world.get(&By::default(), "/api/v1/nodes");
    assert_eq!(
        refused["message"],
        "nodes is forbidden: User \"system:anonymous\" cannot list resource \"nodes\" in API group \"\" at the cluster scope"
    );
    assert_eq!(world.get(&By::default(), "/version").0, 200);
    assert_eq!(world.get(&By::default(), "/readyz").0, 200);
    assert_eq!(world.get(&By::default(), "/api").0, 403);
}

#[test]
fn impersonation_is_granted_name_by_name() {
    let mut world = world();
    world.grant(
        "",
        "actors",
        &json!([
            {"apiGroups": [""], "resources": ["users"], "resourceNames": ["bob"], "verbs": ["impersonate"]},
            {"apiGroups": [""], "resources": ["groups"], "resourceNames": ["watchers"], "verbs": ["impersonate"]},
            {"apiGroups": ["authentication.k8s.io"], "resources": ["userextras/scope"], "verbs": ["impersonate"]},
        ]),
        &json!([named("User", "actor")]),
    );
    let whoami = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let forbidden = |what: &str| format!("{what} at the cluster scope");
    for (headers, expected) in [
        (&[("Impersonate-User", "bob")][..], Ok(json!(["system:authenticated"]))),
        (
            &[
                ("impersonate-user", "bob"),
                ("Impersonate-Group", "watchers"),
                ("Impersonate-Extra-Scope", "x"),
            ],
            Ok(json!(["watchers", "system:authenticated"])),
        ),
        (
            &[("Impersonate-User", "eve")],
            Err(forbidden(
                "users \"eve\" is forbidden: User \"actor\" cannot impersonate resource \"users\" in API group \"\"",
            )),
        ),
        (
            &[("Impersonate-User", "bob"), ("Impersonate-Group", "system:masters")],
            Err(forbidden(
                "groups \"system:masters\" is forbidden: User \"actor\" cannot impersonate resource \"groups\" in API group \"\"",
            )),
        ),
        (
            &[("Impersonate-User", "bob"), ("Impersonate-Uid", "1")],
            Err(forbidden(
                "uids.authentication.k8s.io \"1\" is forbidden: User \"actor\" cannot impersonate resource \"uids\" in API group \"authentication.k8s.io\"",
            )),
        ),
        (
            &[("Impersonate-User", "bob"), ("Impersonate-Extra-Other%2fkey", "x")],
            Err(forbidden(
                "userextras.authentication.k8s.io \"x\" is forbidden: User \"actor\" cannot impersonate resource \"userextras/other/key\" in API group \"authentication.k8s.io\"",
            )),
        ),
    ] {
        let by = By { headers, ..user("actor") };
        let (_, answer) = world.post(&by, whoami, &json!({}));
        let found = match answer["message"].as_str() {
            Some(message) => Err(message.to_owned()),
            None => Ok(answer["status"]["userInfo"]["groups"].clone()),
        };
        assert_eq!(found, expected, "{headers:?}");
    }
    let by = By { headers: &[("Impersonate-User", "system:serviceaccount:b:default")], ..admin() };
    let (_, answer) = world.post(&by, whoami, &json!({}));
    assert_eq!(
        answer["status"]["userInfo"]["groups"],
        json!(["system:serviceaccounts", "system:serviceaccounts:b", "system:authenticated"])
    );
    let by = By { headers: &[("Impersonate-Group", "x")], ..admin() };
    assert_eq!(world.post(&by, whoami, &json!({})).0, 500);
}
