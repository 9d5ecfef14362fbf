//! What every pod is given, and what is refused of one.

use serde_json::{Value, json};
use towpath_apimachinery::control::living::Script;
use towpath_apimachinery::request::Method;

use crate::world::World;

const PODS: &str = "/api/v1/namespaces/default/pods";
const CORE: &str = "/api/v1/namespaces/default";

fn pod(spec: &Value) -> Value {
    let mut all = json!({"containers": [{"name": "c", "image": "i:1"}]});
    all.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    json!({"metadata": {"name": "p"}, "spec": all})
}

fn resources(resources: &Value) -> Value {
    json!({"containers": [{"name": "c", "image": "i:1", "resources": resources}]})
}

#[test]
fn pods_have_an_account_a_token_and_a_priority() {
    let mut world = World::new();
    let made = world.create(PODS, &pod(&json!({})));
    let spec = &made["spec"];
    assert_eq!(
        (&spec["serviceAccountName"], &spec["serviceAccount"]),
        (&json!("default"), &json!("default"))
    );
    assert_eq!(
        (&spec["priority"], &spec["preemptionPolicy"]),
        (&json!(0), &json!("PreemptLowerPriority"))
    );
    let volume = spec["volumes"][0]["name"].as_str().unwrap();
    assert!(volume.starts_with("kube-api-access-") && volume.len() == 21, "{volume}");
    assert_eq!(spec["containers"][0]["volumeMounts"][0]["name"], volume);
    assert_eq!(spec["tolerations"].as_array().map(Vec::len), Some(2));
    let owned = made["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"].as_object().unwrap();
    for field in ["f:volumes", "f:serviceAccount", "f:priority", "f:tolerations"] {
        assert!(!owned.contains_key(field), "{field} is nobody's");
    }
}

#[test]
fn accounts_and_classes_have_to_be_there() {
    for (spec, wanted) in [
        (
            json!({"serviceAccountName": "gone"}),
            "error looking up service account default/gone: serviceaccount \"gone\" not found",
        ),
        (json!({"priorityClassName": "gone"}), "no PriorityClass with name gone was found"),
        (
            json!({"priorityClassName": "system-node-critical", "priority": 5}),
            "the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 2000001000 from the given PriorityClass name",
        ),
    ] {
        let told = World::new().post(PODS, &pod(&spec));
        assert_eq!(
            (told.code, told.message()),
            (403, &*format!("pods \"p\" is forbidden: {wanted}"))
        );
    }
    let made =
        World::new().create(PODS, &pod(&json!({"priorityClassName": "system-node-critical"})));
    assert_eq!(made["spec"]["priority"], 2_000_001_000);
}

#[test]
fn an_account_decides_what_its_pods_do_not() {
    let mut world = World::new();
    let account = json!({
        "metadata": {"name": "quiet"},
        "automountServiceAccountToken": false,
        "imagePullSecrets": [{"name": "registry"}],
    });
    world.create(&format!("{CORE}/serviceaccounts"), &account);
    let made = world.create(PODS, &pod(&json!({"serviceAccountName": "quiet"})));
    assert_eq!(made["spec"]["imagePullSecrets"], json!([{"name": "registry"}]));
    assert!(made["spec"].get("volumes").is_none());
    let mut loud =
        pod(&json!({"serviceAccountName": "quiet", "automountServiceAccountToken": true}));
    loud["metadata"]["name"] = "loud".into();
    assert_eq!(world.create(PODS, &loud)["spec"]["volumes"].as_array().map(Vec::len), Some(1));
}

fn limited(limits: &Value) -> World {
    let mut world = World::new();
    let range = json!({"metadata": {"name": "l"}, "spec": {"limits": limits}});
    world.create(&format!("{CORE}/limitranges"), &range);
    world
}

#[test]
fn containers_get_what_they_do_not_say() {
    let mut world = limited(&json!([{
        "type": "Container",
        "default": {"cpu": "500m", "memory": "256Mi"},
        "defaultRequest": {"cpu": "100m"},
    }]));
    let made = world.create(PODS, &pod(&resources(&json!({"limits": {"memory": "1Gi"}}))));
    let wanted = json!({
        "limits": {"memory": "1Gi", "cpu": "500m"},
        "requests": {"memory": "1Gi", "cpu": "100m"},
    });
    assert_eq!(made["spec"]["containers"][0]["resources"], wanted);
    assert_eq!(
        made["metadata"]["annotations"]["kubernetes.io/limit-ranger"],
        "LimitRanger plugin set: cpu request for container c; cpu limit for container c",
    );
}

#[test]
fn too_little_and_too_much_are_refused() {
    for (limit, wanted, why) in [
        (
            json!({"type": "Container", "min": {"cpu": "100m"}}),
            json!({"requests": {"cpu": "50m"}, "limits": {"cpu": "1"}}),
            "minimum cpu usage per Container is 100m, but request is 50m",
        ),
        (
            json!({"type": "Container", "max": {"memory": "1Gi"}}),
            json!({"limits": {"memory": "2Gi"}}),
            "maximum memory usage per Container is 1Gi, but limit is 2Gi",
        ),
        (
            json!({"type": "Pod", "max": {"cpu": "1"}}),
            json!({"limits": {"cpu": "2"}}),
            "maximum cpu usage per Pod is 1, but limit is 2",
        ),
        (
            json!({"type": "Pod", "max": {"cpu": "1"}}),
            json!({}),
            "maximum cpu usage per Pod is 1.  No limit is specified",
        ),
        (
            json!({"type": "Container", "maxLimitRequestRatio": {"cpu": "2"}}),
            json!({"requests": {"cpu": "100m"}, "limits": {"cpu": "300m"}}),
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        ),
    ] {
        let told = limited(&json!([limit])).post(PODS, &pod(&resources(&wanted)));
        assert_eq!(told.message(), format!("pods \"p\" is forbidden: {why}"));
        assert_eq!(told.code, 403);
    }
    let mut world = limited(&json!([{"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}}]));
    let claim = json!({"metadata": {"name": "v"}, "spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}},
    }});
    let told = world.post(&format!("{CORE}/persistentvolumeclaims"), &claim);
    let why = "persistentvolumeclaims \"v\" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi";
    assert_eq!(told.message(), why);
}

#[test]
fn controllers_make_pods_as_soon_as_they_may() {
    let mut world = World::new();
    world.cluster.machine.live_by(std::sync::Arc::new(Script::default()));
    let set = json!({"metadata": {"name": "s"}, "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"serviceAccountName": "later", "containers": [{"name": "c", "image": "i:1"}]},
        },
    }});
    world.create("/apis/apps/v1/namespaces/default/replicasets", &set);
    let count = |world: &mut World| {
        let list = world.ask(Method::Get, PODS, &Value::Null).body;
        list["items"].as_array().map(Vec::len)
    };
    assert_eq!(count(&mut world), Some(0));
    world.create(&format!("{CORE}/serviceaccounts"), &json!({"metadata": {"name": "later"}}));
    assert_eq!(count(&mut world), Some(2));
}
