//! Webhooks, as far as a cluster goes that reaches nobody.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use towpath_apimachinery::control::living::Script;
use towpath_apimachinery::request::Method;

use crate::world::{Hook, World};

const API: &str = "/apis/admissionregistration.k8s.io/v1";
const MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A webhook for ConfigMaps, at a URL if it does not say where.
fn hook(name: &str, more: &Value) -> Value {
    let mut hook = json!({
        "name": name,
        "clientConfig": {"url": format!("https://hooks.example/{name}")},
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["*"]}],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    });
    hook.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    hook
}

fn with(kind: &str, hooks: &[Value]) -> World {
    let mut world = World::new();
    let path = format!("{API}/{kind}webhookconfigurations");
    world.create(&path, &json!({"metadata": {"name": "hooks"}, "webhooks": hooks}));
    world
}

fn says(response: Value) -> Hook {
    Box::new(move |_| Ok(response.clone()))
}

fn patches(operations: &Value) -> Value {
    let patch = STANDARD.encode(operations.to_string());
    json!({"allowed": true, "patchType": "JSONPatch", "patch": patch})
}

fn map() -> Value {
    json!({"metadata": {"name": "m"}, "data": {"a": "1"}})
}

#[test]
fn answers_decide() {
    let failed = |why: &str| {
        format!("Internal error occurred: failed calling webhook \"w.hooks.example\": {why}")
    };
    let url = "Post \"https://hooks.example/w.hooks.example?timeout=10s\"";
    for (said, code, wanted) in [
        (Ok(json!({"allowed": true})), 201, String::new()),
        (
            Ok(json!({"allowed": false})),
            400,
            "admission webhook \"w.hooks.example\" denied the request without explanation"
                .to_owned(),
        ),
        (
            Ok(
                json!({"allowed": false, "status": {"code": 403, "reason": "Forbidden", "message": "no maps"}}),
            ),
            403,
            "admission webhook \"w.hooks.example\" denied the request: no maps".to_owned(),
        ),
        (
            Ok(json!({"allowed": true, "patchType": "JSONPatch"})),
            500,
            failed(
                "received invalid webhook response: validating webhook may not return response.patchType",
            ),
        ),
        (
            Err("context deadline exceeded".to_owned()),
            500,
            failed(&format!("failed to call webhook: {url}: context deadline exceeded")),
        ),
    ] {
        for policy in ["Fail", "Ignore"] {
            let more = json!({"failurePolicy": policy});
            let mut world = with("validating", &[hook("w.hooks.example", &more)]);
            let answer = said.clone();
            world.hooks.insert("w.hooks.example", Box::new(move |_| answer.clone()));
            let told = world.post(MAPS, &map());
            if policy == "Ignore" && code == 500 {
                assert_eq!(told.code, 201, "{wanted}");
                continue;
            }
            assert_eq!((told.code, told.message()), (code, wanted.as_str()));
            if code == 500 {
                let cause = wanted.split_once(": ").unwrap().1;
                assert_eq!(told.body["details"], json!({"causes": [{"message": cause}]}));
                assert_eq!(told.body["reason"], "InternalError");
            }
        }
    }
}

#[test]
fn reviews_tell_the_request() {
    let mut world = with("validating", &[hook("w.hooks.example", &json!({}))]);
    world.hooks.insert("w.hooks.example", says(json!({"allowed": true, "warnings": ["beware"]})));
    let told = world.post(&format!("{MAPS}?dryRun=All&fieldManager=me"), &map());
    assert_eq!((told.code, told.warnings), (201, vec!["beware".to_owned()]));
    assert_eq!(world.post(MAPS, &map()).code, 201);
    let path = format!("{MAPS}/m");
    assert_eq!(world.ask(Method::Patch, &path, &json!({"data": {"a": "2"}})).code, 200);
    assert_eq!(world.ask(Method::Delete, &path, &Value::Null).code, 200);
    let calls: Vec<&Value> = world.calls.iter().map(|(_, request)| request).collect();
    let of = |field: &str| -> Vec<&Value> { calls.iter().map(|call| &call[field]).collect() };
    assert_eq!(of("operation"), ["CREATE", "CREATE", "UPDATE", "DELETE"]);
    assert_eq!(of("dryRun"), [true, false, false, false]);
    let kind = json!({"group": "", "version": "v1", "kind": "ConfigMap"});
    let resource = json!({"group": "", "version": "v1", "resource": "configmaps"});
    for call in &calls {
        assert_eq!((&call["kind"], &call["requestKind"]), (&kind, &kind));
        assert_eq!((&call["resource"], &call["requestResource"]), (&resource, &resource));
        assert_eq!((&call["name"], &call["namespace"]), (&json!("m"), &json!("default")));
        assert_eq!(call["userInfo"]["username"], "kubernetes-admin");
    }
    let options = json!({
        "kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "dryRun": ["All"],
        "fieldManager": "me", "fieldValidation": "Warn",
    });
    assert_eq!(calls[0]["options"], options);
    let data: Vec<_> =
        calls.iter().map(|c| (&c["object"]["data"], &c["oldObject"]["data"])).collect();
    let (one, two, none) = (json!({"a": "1"}), json!({"a": "2"}), Value::Null);
    assert_eq!(data, [(&one, &none), (&one, &none), (&two, &one), (&none, &two)]);
    let mut uids = of("uid");
    uids.dedup();
    assert_eq!(uids.len(), 4);
}

#[test]
fn what_webhooks_change_is_nobodys() {
    let mut world = with(
        "mutating",
        &[hook("a.hooks.example", &json!({})), hook("b.hooks.example", &json!({}))],
    );
    let operations = json!([{"op": "add", "path": "/metadata/labels", "value": {"by": "a"}}]);
    world.hooks.insert("a.hooks.example", says(patches(&operations)));
    let operations = json!([
        {"op": "test", "path": "/metadata/labels/by", "value": "a"},
        {"op": "add", "path": "/data/b", "value": "2"},
    ]);
    world.hooks.insert("b.hooks.example", says(patches(&operations)));
    let made = world.create(MAPS, &map());
    assert_eq!(made["metadata"]["labels"], json!({"by": "a"}));
    assert_eq!(made["data"], json!({"a": "1", "b": "2"}));
    let owned = json!({"f:data": {".": {}, "f:a": {}}});
    assert_eq!(made["metadata"]["managedFields"][0]["fieldsV1"], owned);
    assert_eq!(world.calls.len(), 2);
}

#[test]
fn webhooks_are_asked_once_more_if_they_need_it() {
    let again = json!({"reinvocationPolicy": "IfNeeded"});
    let mut world =
        with("mutating", &[hook("a.hooks.example", &again), hook("b.hooks.example", &again)]);
    world.hooks.insert("a.hooks.example", says(json!({"allowed": true})));
    let operations = json!([{"op": "add", "path": "/data/b", "value": "2"}]);
    world.hooks.insert("b.hooks.example", says(patches(&operations)));
    world.create(MAPS, &map());
    let names: Vec<&str> = world.calls.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["a.hooks.example", "b.hooks.example", "a.hooks.example"]);
    assert_eq!(world.calls[2].1["object"]["data"], json!({"a": "1", "b": "2"}));
}

#[test]
fn only_those_that_are_concerned_are_asked() {
    for (more, is_asked) in [
        (json!({}), true),
        (json!({"objectSelector": {"matchLabels": {"a": "b"}}}), false),
        (
            json!({"matchConditions": [{"name": "c", "expression": "object.metadata.name != 'm'"}]}),
            false,
        ),
        (
            json!({"matchConditions": [{"name": "c", "expression": "request.operation == 'CREATE'"}]}),
            true,
        ),
        (
            json!({"rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["UPDATE"]}]}),
            false,
        ),
    ] {
        let mut world = with("validating", &[hook("w.hooks.example", &more)]);
        world.hooks.insert("w.hooks.example", says(json!({"allowed": false})));
        let told = world.post(MAPS, &map());
        assert_eq!(told.code, if is_asked { 400 } else { 201 }, "{more}");
    }
    let mut world = with(
        "validating",
        &[hook(
            "w.hooks.example",
            &json!({"rules": [
                {"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"], "operations": ["*"]},
            ]}),
        )],
    );
    let path = format!("{API}/validatingwebhookconfigurations/hooks");
    assert_eq!(world.ask(Method::Delete, &path, &Value::Null).code, 200);
}

#[test]
fn dry_runs_ask_nobody_who_does_something() {
    let more = json!({"sideEffects": "Some", "failurePolicy": "Ignore"});
    let mut world = with("validating", &[hook("w.hooks.example", &more)]);
    let told = world.post(&format!("{MAPS}?dryRun=All"), &map());
    let wanted = "admission webhook \"w.hooks.example\" does not support dry run";
    assert_eq!((told.code, told.message()), (400, wanted));
}

#[test]
fn behind_a_service_nobody_is_asked() {
    let service = json!({"service": {"namespace": "default", "name": "s", "path": "/check"}});
    let more = json!({"clientConfig": service, "timeoutSeconds": 5});
    let url = "Post \"https://s.default.svc:443/check?timeout=5s\"";
    let why = |world: &mut World| {
        let told = world.post(&format!("{MAPS}?dryRun=All"), &map());
        let message = told.message();
        message.split_once("failed to call webhook: ").map_or("", |(_, why)| why).to_owned()
    };
    let mut world = with("validating", &[hook("w.hooks.example", &more)]);
    assert_eq!(why(&mut world), format!("{url}: service \"s\" not found"));
    let spec = json!({"clusterIP": "10.96.0.77", "ports": [{"port": 443}], "selector": {"a": "b"}});
    let body = json!({"metadata": {"name": "s"}, "spec": spec});
    world.create("/api/v1/namespaces/default/services", &body);
    let refused = format!("{url}: dial tcp 10.96.0.77:443: connect: connection refused");
    assert_eq!(why(&mut world), refused);
    let slice = json!({
        "metadata": {"name": "s-1", "labels": {"kubernetes.io/service-name": "s"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["10.0.0.9"], "conditions": {"ready": true}}],
    });
    world.create("/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", &slice);
    let told = world.post(&format!("{MAPS}?dryRun=All"), &map());
    assert_eq!(told.code, 201, "{}", told.message());
    assert_eq!(told.warnings.len(), 1);
    world
        .cluster
        .machine
        .live_by(std::sync::Arc::new(Script::read("webhooksDown: [hooks]").unwrap()));
    assert_eq!(why(&mut world), refused);
}
