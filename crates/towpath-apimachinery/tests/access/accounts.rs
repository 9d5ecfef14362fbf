use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use towpath_apimachinery::request::Method;

use crate::world::{By, TOKEN, World, admin};

const ACCOUNT: &str = "/api/v1/namespaces/a/serviceaccounts/default";
const REVIEW: &str = "/apis/authentication.k8s.io/v1/tokenreviews";
const WHOAMI: &str = "/apis/authentication.k8s.io/v1/selfsubjectreviews";

fn world() -> World {
    let mut world = World::new();
    let namespace = json!({"metadata": {"name": "a"}, "spec": {"finalizers": ["kubernetes"]}});
    world.create("/api/v1/namespaces", &namespace);
    world
}

fn token(world: &mut World, spec: &Value) -> (u16, Value) {
    world.post(&admin(), &format!("{ACCOUNT}/token"), &json!({"spec": spec}))
}

fn whoami(world: &mut World, token: &str) -> (u16, Value) {
    let authorization = format!("Bearer {token}");
    let by = By { authorization: &authorization, ..By::default() };
    let (code, answer) = world.post(&by, WHOAMI, &json!({}));
    (code, answer["status"]["userInfo"].clone())
}

#[test]
fn every_namespace_has_an_account_and_the_certificate_authority() {
    let mut world = world();
    let root = "/api/v1/namespaces/a/configmaps/kube-root-ca.crt";
    for path in [ACCOUNT, root, "/api/v1/namespaces/kube-system/serviceaccounts/default"] {
        let (_, before) = world.get(&admin(), path);
        assert_eq!(before["kind"].as_str().map(str::is_empty), Some(false), "{before}");
        world.ask(&admin(), Method::Delete, path, &Value::Null);
        let (code, after) = world.get(&admin(), path);
        assert_eq!(code, 200);
        assert_ne!(before["metadata"]["uid"], after["metadata"]["uid"], "{path}");
    }
    let other = json!({"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": "mine"}});
    world.ask(&admin(), Method::Put, root, &other);
    let (_, map) = world.get(&admin(), root);
    assert_eq!(map["data"]["ca.crt"], "-----BEGIN CERTIFICATE-----\n");
    world.ask(&admin(), Method::Delete, "/api/v1/namespaces/a", &Value::Null);
    assert_eq!(world.get(&admin(), "/api/v1/namespaces/a").0, 404);
    assert_eq!(world.get(&admin(), ACCOUNT).0, 404);
}

#[test]
fn a_token_is_good_for_its_time_and_its_account() {
    let mut world = world();
    let (code, answer) = token(&mut world, &json!({"expirationSeconds": 600}));
    assert_eq!(code, 201, "{answer}");
    assert_eq!(answer["kind"], "TokenRequest");
    assert_eq!(answer["status"]["expirationTimestamp"], "1970-01-12T13:56:40Z");
    let token = answer["status"]["token"].as_str().expect("it is a token").to_owned();
    let (code, info) = whoami(&mut world, &token);
    assert_eq!(code, 201);
    assert_eq!(info["username"], "system:serviceaccount:a:default");
    assert_eq!(
        info["groups"],
        json!(["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"])
    );
    world.later(600);
    assert_eq!(whoami(&mut world, &token).0, 201);
    world.later(1);
    assert_eq!(whoami(&mut world, &token).0, 401);
    world.later(-300);
    assert_eq!(whoami(&mut world, &token).0, 201);
    world.ask(&admin(), Method::Delete, ACCOUNT, &Value::Null);
    assert_eq!(whoami(&mut world, &token).0, 401);
}

#[test]
fn a_token_for_others_is_none_for_the_cluster() {
    let mut world = world();
    let (_, answer) = token(&mut world, &json!({"audiences": ["vault"]}));
    let token = answer["status"]["token"].as_str().expect("it is a token").to_owned();
    assert_eq!(whoami(&mut world, &token).0, 401);
    let mut review =
        |spec: Value| world.post(&admin(), REVIEW, &json!({"spec": spec})).1["status"].clone();
    let wrong = json!({"user": {}, "error": "invalid bearer token"});
    assert_eq!(review(json!({"token": token})), wrong);
    assert_eq!(review(json!({"token": "x.y.z"})), wrong);
    let right = review(json!({"token": token, "audiences": ["vault", "x"]}));
    assert_eq!(right["authenticated"], true);
    assert_eq!(right["audiences"], json!(["vault"]));
    assert_eq!(right["user"]["username"], "system:serviceaccount:a:default");
    assert_eq!(review(json!({"token": TOKEN}))["user"]["username"], "root");
}

#[test]
fn requests_for_tokens_are_judged() {
    let mut world = world();
    for (spec, code, message) in [
        (
            json!({"expirationSeconds": 10}),
            422,
            "TokenRequest.authentication.k8s.io \"default\" is invalid: spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes",
        ),
        (
            json!({"boundObjectRef": {"apiVersion": "v1", "kind": "Pod", "name": "p"}}),
            404,
            "pods \"p\" not found",
        ),
        (
            json!({"boundObjectRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "p"}}),
            400,
            "cannot bind token for object of type /v1, Kind=ConfigMap",
        ),
    ] {
        let (found, answer) = token(&mut world, &spec);
        assert_eq!((found, answer["message"].as_str()), (code, Some(message)));
    }
}

#[test]
fn a_token_lives_and_dies_with_what_it_is_bound_to() {
    let mut world = world();
    let secrets = "/api/v1/namespaces/a/secrets";
    world.create(secrets, &json!({"metadata": {"name": "s"}}));
    let bound = json!({"boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": "s"}});
    let (_, answer) = token(&mut world, &bound);
    let token = answer["status"]["token"].as_str().expect("it is a token").to_owned();
    assert_eq!(whoami(&mut world, &token).0, 201);
    world.ask(&admin(), Method::Delete, &format!("{secrets}/s"), &Value::Null);
    assert_eq!(whoami(&mut world, &token).0, 401);
}

#[test]
fn secrets_for_tokens_are_filled_and_go_with_their_account() {
    let mut world = world();
    let secrets = "/api/v1/namespaces/a/secrets";
    let secret = |name: &str, account: &str| {
        json!({
            "metadata": {"name": name, "annotations": {"kubernetes.io/service-account.name": account}},
            "type": "kubernetes.io/service-account-token",
        })
    };
    world.create(secrets, &secret("s", "default"));
    world.create(secrets, &secret("none", "nobody"));
    assert_eq!(world.get(&admin(), &format!("{secrets}/none")).0, 404);
    let (_, filled) = world.get(&admin(), &format!("{secrets}/s"));
    let field = |name: &str| {
        let text = filled["data"][name].as_str().expect("it is filled");
        String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
    };
    assert_eq!(field("namespace"), "a");
    assert_eq!(field("ca.crt"), "-----BEGIN CERTIFICATE-----\n");
    assert_eq!(
        whoami(&mut world, &field("token")).1["username"],
        "system:serviceaccount:a:default"
    );
    world.ask(&admin(), Method::Delete, ACCOUNT, &Value::Null);
    assert_eq!(world.get(&admin(), &format!("{secrets}/s")).0, 404);
}
