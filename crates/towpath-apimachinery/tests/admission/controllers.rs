//! What controllers make is judged as well.

use std::sync::Arc;

use serde_json::{Value, json};
use towpath_apimachinery::control::living::Script;
use towpath_apimachinery::request::Method;

use crate::world::World;

const API: &str = "/apis/admissionregistration.k8s.io/v1";
const CORE: &str = "/api/v1/namespaces/default";
const APPS: &str = "/apis/apps/v1/namespaces/default";

fn living() -> World {
    let mut world = World::new();
    world.cluster.machine.live_by(Arc::new(Script::default()));
    world
}

fn deployment(privileged: bool) -> Value {
    json!({"metadata": {"name": "web"}, "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [
                {"name": "c", "image": "i:1", "securityContext": {"privileged": privileged}},
            ]},
        },
    }})
}

fn items(world: &mut World, path: &str) -> Vec<Value> {
    let list = world.ask(Method::Get, path, &Value::Null).body;
    list["items"].as_array().cloned().unwrap_or_default()
}

fn pods(world: &mut World) -> usize {
    items(world, &format!("{CORE}/pods")).len()
}

/// The message of a condition of the Deployment.
fn condition(world: &mut World, of_type: &str) -> Option<String> {
    let deployment = &items(world, &format!("{APPS}/deployments"))[0];
    let conditions = deployment["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let found = conditions.into_iter().find(|one| one["type"] == of_type)?;
    Some(found["message"].as_str().unwrap_or_default().to_owned())
}

fn forbid(world: &mut World, constraints: &Value, expression: &str) {
    let spec = json!({
        "matchConstraints": constraints,
        "validations": [{"expression": expression, "message": "not here"}],
    });
    let policy = json!({"metadata": {"name": "p"}, "spec": spec});
    world.create(&format!("{API}/validatingadmissionpolicies"), &policy);
    let spec = json!({"policyName": "p", "validationActions": ["Deny"]});
    let binding = json!({"metadata": {"name": "b"}, "spec": spec});
    world.create(&format!("{API}/validatingadmissionpolicybindings"), &binding);
}

fn of(group: &str, resource: &str) -> Value {
    let rule = json!({
        "apiGroups": [group], "apiVersions": ["*"], "resources": [resource], "operations": ["CREATE"],
    });
    json!({"resourceRules": [rule]})
}

const UNPRIVILEGED: &str =
    "!object.spec.containers.exists(c, c.?securityContext.?privileged.orValue(false))";

#[test]
fn a_policy_against_pods_keeps_those_of_a_deployment_away() {
    let mut world = living();
    forbid(&mut world, &of("", "pods"), UNPRIVILEGED);
    world.create(&format!("{APPS}/deployments"), &deployment(true));
    assert_eq!(pods(&mut world), 0);
    let why =
        "is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: not here";
    let told = condition(&mut world, "ReplicaFailure").unwrap();
    assert!(told.starts_with("pods \"web-") && told.ends_with(why), "{told}");
    let events = items(&mut world, &format!("{CORE}/events"));
    let failed = events.iter().find(|event| event["reason"] == "FailedCreate").unwrap();
    assert_eq!(
        (&failed["involvedObject"]["kind"], &failed["type"]),
        (&json!("ReplicaSet"), &json!("Warning"))
    );
    let told = failed["message"].as_str().unwrap();
    assert!(told.starts_with("Error creating: pods \"web-") && told.ends_with(why), "{told}");

    let path = format!("{API}/validatingadmissionpolicybindings/b");
    assert_eq!(world.ask(Method::Delete, &path, &Value::Null).code, 200);
    assert_eq!(pods(&mut world), 2);
    assert_eq!(condition(&mut world, "ReplicaFailure"), None);
}

#[test]
fn a_policy_lets_pass_what_it_is_not_about() {
    let mut world = living();
    forbid(&mut world, &of("", "pods"), UNPRIVILEGED);
    world.create(&format!("{APPS}/deployments"), &deployment(false));
    assert_eq!(pods(&mut world), 2);
}

#[test]
fn a_policy_knows_which_controller_it_is() {
    let mut world = living();
    let account = "system:serviceaccount:kube-system:replicaset-controller";
    let expression = format!("request.userInfo.username != '{account}'");
    forbid(&mut world, &of("", "pods"), &expression);
    world.create(&format!("{APPS}/deployments"), &deployment(false));
    assert_eq!(pods(&mut world), 0);
}

#[test]
fn a_replica_set_that_may_not_be_made_is_told_of() {
    let mut world = living();
    forbid(&mut world, &of("apps", "replicasets"), "false");
    world.create(&format!("{APPS}/deployments"), &deployment(false));
    assert_eq!(items(&mut world, &format!("{APPS}/replicasets")), Vec::<Value>::new());
    let events = items(&mut world, &format!("{CORE}/events"));
    assert!(events.iter().any(|event| event["reason"] == "ReplicaSetCreateError"), "{events:?}");
}

#[test]
fn pods_wait_for_a_webhook_that_nothing_is_behind() {
    let mut world = living();
    let hook = json!({
        "name": "w.hooks.example",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"service": {"namespace": "default", "name": "hooks"}},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
    });
    let hooks = json!({"metadata": {"name": "hooks"}, "webhooks": [hook]});
    world.create(&format!("{API}/validatingwebhookconfigurations"), &hooks);
    world.create(&format!("{APPS}/deployments"), &deployment(false));
    assert_eq!(pods(&mut world), 0);
    let told = condition(&mut world, "ReplicaFailure").unwrap();
    assert!(told.contains("failed calling webhook \"w.hooks.example\""), "{told}");

    let service = json!({"metadata": {"name": "hooks"}, "spec": {"ports": [{"port": 443}]}});
    world.create(&format!("{CORE}/services"), &service);
    assert_eq!(pods(&mut world), 0);
    let slice = json!({
        "metadata": {"name": "hooks-1", "labels": {"kubernetes.io/service-name": "hooks"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.0.9"], "conditions": {"ready": true}}],
    });
    world.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", &slice);
    assert_eq!(pods(&mut world), 2);
}

/// A reaction waits for nobody.
#[test]
fn a_webhook_that_would_have_to_be_asked_lets_pass() {
    let mut world = living();
    let hook = json!({
        "name": "w.hooks.example",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"url": "https://hooks.example/judge"},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
    });
    let hooks = json!({"metadata": {"name": "hooks"}, "webhooks": [hook]});
    world.create(&format!("{API}/mutatingwebhookconfigurations"), &hooks);
    world.create(&format!("{APPS}/deployments"), &deployment(false));
    assert_eq!((pods(&mut world), world.calls.len()), (2, 0));
}
