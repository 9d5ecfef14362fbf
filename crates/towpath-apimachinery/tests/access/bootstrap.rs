use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use towpath_apimachinery::access::Authority;
use towpath_apimachinery::bootstrap::Bootstrap;
use towpath_apimachinery::request::Method;
use towpath_apimachinery::surface::Surface;
use towpath_catalog::Minor;

use crate::world::{RBAC, World, admin, named, user};

#[test]
fn a_fresh_cluster_has_what_clients_count_on() {
    let mut world = World::new();
    for path in [
        "/api/v1/namespaces/default",
        "/api/v1/namespaces/kube-system",
        "/api/v1/namespaces/kube-public",
        "/api/v1/namespaces/kube-node-lease",
        "/api/v1/namespaces/default/services/kubernetes",
        "/api/v1/namespaces/default/serviceaccounts/default",
        "/api/v1/namespaces/kube-public/configmaps/kube-root-ca.crt",
        "/apis/scheduling.k8s.io/v1/priorityclasses/system-node-critical",
        "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/exempt",
        "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations/catch-all",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles/extension-apiserver-authentication-reader",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/rolebindings/system::extension-apiserver-authentication-reader",
    ] {
        let (code, object) = world.get(&admin(), path);
        assert_eq!(code, 200, "{path}");
        assert_eq!(object["metadata"]["uid"].as_str().map(str::len), Some(36), "{path}");
    }
}

#[test]
fn the_roles_of_people_are_gathered() {
    let mut world = World::new();
    let mut rules = |name: &str| {
        let (_, role) = world.get(&admin(), &format!("{RBAC}/clusterroles/{name}"));
        role["rules"].as_array().map(Vec::len).unwrap_or_default()
    };
    let (view, edit, admin_) = (rules("view"), rules("edit"), rules("admin"));
    assert!(0 < view && view < edit && edit < admin_, "{view} {edit} {admin_}");
    world.create("/api/v1/namespaces", &json!({"metadata": {"name": "a"}}));
    let path = format!("{RBAC}/namespaces/a/rolebindings");
    for (name, role) in [("v", "view"), ("e", "edit")] {
        world.create(&path, &json!({
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [named("User", role)],
        }));
    }
    let map = json!({"metadata": {"name": "m"}});
    let maps = "/api/v1/namespaces/a/configmaps";
    assert_eq!(world.post(&user("view"), maps, &map).0, 403);
    assert_eq!(world.post(&user("edit"), maps, &map).0, 201);
    assert_eq!(world.get(&user("view"), maps).0, 200);
    assert_eq!(world.get(&user("view"), "/api/v1/namespaces/a/secrets").0, 403);
    assert_eq!(world.get(&user("edit"), "/api/v1/namespaces/a/secrets").0, 200);
}

#[test]
fn clusters_differ_in_the_uid_of_one_namespace_and_share_the_rest() {
    let surface = Arc::new(Surface::load(Minor::new(36)).expect("the catalog has this minor"));
    let bootstrap = Bootstrap::new(surface, Timestamp::UNIX_EPOCH);
    let cluster =
        |entropy| bootstrap.cluster(Arc::new(Authority::default()), Timestamp::UNIX_EPOCH, entropy);
    let (a, b) = (cluster(1), cluster(2));
    let mut own = 0;
    for (resource, table) in a.state().tables() {
        for ((namespace, name), stored) in table {
            let other = b.state().find(resource, namespace, name).expect("both have it");
            if !Arc::ptr_eq(stored, other) {
                own += 1;
                assert_eq!((&**resource, &**name), ("namespaces", "kube-system"));
                assert_ne!(stored.head.uid, other.head.uid);
            }
        }
    }
    assert_eq!(own, 1);
}

#[test]
fn a_role_of_the_cluster_can_be_changed_in_one_and_is_as_it_was_in_another() {
    let path = format!("{RBAC}/clusterrolebindings/system:basic-user");
    let mut world = World::new();
    assert_eq!(world.ask(&admin(), Method::Delete, &path, &serde_json::Value::Null).0, 200);
    let review = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    assert_eq!(world.post(&user("bob"), review, &json!({})).0, 403);
    assert_eq!(World::new().post(&user("bob"), review, &json!({})).0, 201);
}
