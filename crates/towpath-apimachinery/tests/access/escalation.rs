use serde_json::{Value, json};
use towpath_apimachinery::request::Method;

use crate::world::{RBAC, World, admin, named, user};

fn world() -> World {
    let mut world = World::new();
    world.create("/api/v1/namespaces", &json!({"metadata": {"name": "a"}}));
    world.grant(
        "a",
        "manager",
        &json!([
            {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"], "verbs": ["create", "get", "list", "update", "patch"]},
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["one"], "verbs": ["get"]},
        ]),
        &json!([named("User", "bob")]),
    );
    world
}

fn rule(resource: &str, verbs: &[&str]) -> Value {
    json!({"apiGroups": [""], "resources": [resource], "verbs": verbs})
}

fn role(rules: &Value) -> Value {
    json!({"metadata": {"name": "r"}, "rules": rules})
}

fn binding(kind: &str, name: &str) -> Value {
    json!({
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
        "subjects": [named("User", "eve")],
    })
}

const START: &str = "user \"bob\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n";

#[test]
fn nobody_writes_a_role_with_rights_that_they_lack() {
    for (rules, missing) in [
        (json!([rule("configmaps", &["get"])]), ""),
        (
            json!([rule("configmaps", &["get", "delete", "create"])]),
            "{APIGroups:[\"\"], Resources:[\"configmaps\"], Verbs:[\"delete\" \"create\"]}",
        ),
        (
            json!([rule("secrets", &["get"])]),
            "{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}",
        ),
        (
            json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["one", "two"], "verbs": ["get"]}]),
            "{APIGroups:[\"\"], Resources:[\"secrets\"], ResourceNames:[\"two\"], Verbs:[\"get\"]}",
        ),
        (
            json!([rule("pods/log", &["get"]), rule("nodes", &["get"])]),
            "{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\"]}\n{APIGroups:[\"\"], Resources:[\"pods/log\"], Verbs:[\"get\"]}",
        ),
    ] {
        let mut world = world();
        let path = format!("{RBAC}/namespaces/a/roles");
        let (code, answer) = world.post(&user("bob"), &path, &role(&rules));
        if missing.is_empty() {
            assert_eq!(code, 201, "{answer}");
            continue;
        }
        assert_eq!(code, 403, "{rules}");
        assert_eq!(
            answer["message"],
            format!("roles.rbac.authorization.k8s.io \"r\" is forbidden: {START}{missing}")
        );
        assert_eq!(
            answer["details"],
            json!({"name": "r", "group": "rbac.authorization.k8s.io", "kind": "roles"})
        );
    }
}

#[test]
fn a_role_that_is_changed_is_looked_at_again() {
    let mut world = world();
    let path = format!("{RBAC}/namespaces/a/roles");
    world.create(&path, &role(&json!([rule("nodes", &["get"])])));
    let path = format!("{path}/r");
    let more = role(&json!([rule("nodes", &["get", "list"])]));
    assert_eq!(world.ask(&user("bob"), Method::Put, &path, &more).0, 403);
    let less = role(&json!([rule("configmaps", &["get"])]));
    assert_eq!(world.ask(&user("bob"), Method::Put, &path, &less).0, 200);
}

#[test]
fn nobody_binds_a_role_with_rights_that_they_lack() {
    let mut world = world();
    let path = format!("{RBAC}/namespaces/a/rolebindings");
    let (code, answer) =
        world.post(&user("bob"), &path, &binding("ClusterRole", "system:kube-dns"));
    assert_eq!(code, 403);
    assert_eq!(
        answer["message"],
        format!(
            "rolebindings.rbac.authorization.k8s.io \"b\" is forbidden: {START}{{APIGroups:[\"\"], Resources:[\"endpoints\"], Verbs:[\"list\" \"watch\"]}}\n{{APIGroups:[\"\"], Resources:[\"services\"], Verbs:[\"list\" \"watch\"]}}"
        )
    );
    let (code, answer) = world.post(&user("bob"), &path, &binding("Role", "none"));
    assert_eq!(code, 404);
    assert_eq!(answer["message"], "roles.rbac.authorization.k8s.io \"none\" not found");
    assert_eq!(world.post(&user("bob"), &path, &binding("Role", "manager")).0, 201);
}

#[test]
fn whoever_may_bind_or_escalate_needs_no_rights_of_their_own() {
    let mut world = world();
    world.grant(
        "a",
        "binder",
        &json!([
            {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "resourceNames": ["view"], "verbs": ["bind"]},
            {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "verbs": ["escalate"]},
        ]),
        &json!([named("User", "bob")]),
    );
    let bindings = format!("{RBAC}/namespaces/a/rolebindings");
    assert_eq!(world.post(&user("bob"), &bindings, &binding("ClusterRole", "admin")).0, 403);
    assert_eq!(world.post(&user("bob"), &bindings, &binding("ClusterRole", "view")).0, 201);
    let roles = format!("{RBAC}/namespaces/a/roles");
    assert_eq!(world.post(&user("bob"), &roles, &role(&json!([rule("nodes", &["get"])]))).0, 201);
}

#[test]
fn only_an_administrator_lets_a_role_gather() {
    let mut world = world();
    world.grant(
        "",
        "cluster-manager",
        &json!([{"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "verbs": ["create"]}]),
        &json!([named("User", "bob")]),
    );
    let gatherer = json!({
        "metadata": {"name": "g"},
        "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"x": "y"}}]},
    });
    let path = format!("{RBAC}/clusterroles");
    let (code, answer) = world.post(&user("bob"), &path, &gatherer);
    assert_eq!(code, 403);
    assert_eq!(
        answer["message"],
        "clusterroles.rbac.authorization.k8s.io \"g\" is forbidden: must have cluster-admin privileges to use the aggregationRule"
    );
    world.create(&path, &gatherer);
    let part =
        |rules: Value| json!({"metadata": {"name": "p", "labels": {"x": "y"}}, "rules": rules});
    world.create(&path, &part(json!([rule("pods", &["get"])])));
    let gathered = |world: &mut World| world.get(&admin(), &format!("{path}/g")).1["rules"].clone();
    assert_eq!(gathered(&mut world), json!([rule("pods", &["get"])]));
    let changed = part(json!([rule("nodes", &["get"])]));
    world.ask(&admin(), Method::Put, &format!("{path}/p"), &changed);
    assert_eq!(gathered(&mut world), json!([rule("nodes", &["get"])]));
    world.ask(&admin(), Method::Delete, &format!("{path}/p"), &Value::Null);
    assert_eq!(gathered(&mut world), json!([]));
}
