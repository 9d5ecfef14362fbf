//! Expressions of policies: compiled or refused, and answered alike twice; a cluster that is asked under such a policy
//! answers.
//!
//! The input is expressions, a line each: of a validation, of its message, of a variable `v`, of a condition.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use towpath_apimachinery::request::Method;
use towpath_fuzz::{CORE, World};
use towpath_schema::cel::{Program, Scope, Steps};

const API: &str = "/apis/admissionregistration.k8s.io/v1";
const JSON: &str = "application/json";

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let object = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "m", "namespace": "shop", "labels": {"app": "shop"}},
        "data": {"a": "1", "url": "https://example.com:80/a?b=c", "ip": "10.0.0.0/8", "n": "1Gi", "long": "é".repeat(100)},
    });
    let expressions: Vec<&str> = text.splitn(4, '\n').collect();
    for expression in &expressions {
        evaluate(expression, &object);
    }
    let at = |place: usize| expressions.get(place).copied().filter(|text| !text.is_empty());
    let mut validation = Map::new();
    validation.insert("expression".into(), at(0).unwrap_or("true").into());
    if let Some(text) = at(1) {
        validation.insert("messageExpression".into(), text.into());
    }
    let mut spec = json!({
        "matchConstraints": {"resourceRules": [{
            "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["*"],
        }]},
        "validations": [validation],
    });
    if let Some(text) = at(2) {
        spec["variables"] = json!([{"name": "v", "expression": text}]);
    }
    if let Some(text) = at(3) {
        spec["matchConditions"] = json!([{"name": "c", "expression": text}]);
    }
    let mut world = World::holding();
    let policy = json!({"metadata": {"name": "p"}, "spec": spec});
    let written = post(&mut world, &format!("{API}/validatingadmissionpolicies"), &policy);
    if written != 201 {
        return;
    }
    let binding = json!({"metadata": {"name": "p"}, "spec": {"policyName": "p", "validationActions": ["Deny"]}});
    assert_eq!(
        post(&mut world, &format!("{API}/validatingadmissionpolicybindings"), &binding),
        201
    );
    post(&mut world, &format!("{CORE}/configmaps"), &object);
    let patch = br#"{"data": {"a": "2"}}"#;
    world.ask(
        Method::Patch,
        &format!("{CORE}/configmaps/one"),
        "application/merge-patch+json",
        patch,
    );
    world.ask(Method::Delete, &format!("{CORE}/configmaps/one"), "", b"");
});

fn post(world: &mut World, path: &str, object: &Value) -> u16 {
    world.ask(Method::Post, path, JSON, object.to_string().as_bytes()).code
}

fn evaluate(expression: &str, object: &Value) {
    let names = ["object", "oldObject", "request", "namespaceObject", "variables.v"];
    let Ok(program) = Program::compile(expression, &names) else { return };
    let answer = || {
        let mut scope = Scope::default();
        scope.set("object", object);
        scope.set("oldObject", &Value::Null);
        scope.set(
            "request",
            &json!({"operation": "CREATE", "dryRun": false, "userInfo": {"groups": ["a"]}}),
        );
        scope.set("namespaceObject", &json!({"metadata": {"name": "shop"}}));
        program.evaluate(&scope, &mut Steps::default())
    };
    assert_eq!(answer(), answer());
}
