//! `towpath check --context`: what connected clusters have, alone and beside the path, and what they refuse.

use serde_json::{Value, json};
use towpath_testkit::api_server::{ApiServer, Served, refusal};
use towpath_testkit::faulty_registry::{Answer, Rule};

use crate::fleet::DEFINITION;
use crate::render::{kustomization, sync};
use crate::support::{World, assert_transcript};

fn definition() -> Value {
    json!({
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": {
                        "type": "object", "properties": {"size": {"type": "integer", "maximum": 9}},
                    }},
                }},
            }],
        },
    })
}

fn widget(name: &str, size: i64) -> Value {
    json!({
        "metadata": {
            "name": name, "namespace": "shop", "labels": {"team": "shop-team"},
            "managedFields": [{"manager": "kubectl", "apiVersion": "example.com/v1"}],
        },
        "spec": {"size": size},
    })
}

/// A cluster with an autoscaler that Helm wrote in an old version, widgets, and secrets that are nobody's business.
fn served() -> Vec<Served> {
    let autoscaler = json!({
        "metadata": {
            "name": "web", "namespace": "shop",
            "managedFields": [
                {"manager": "helm", "operation": "Update", "apiVersion": "autoscaling/v2beta2"},
                {"manager": "kube-controller-manager", "apiVersion": "autoscaling/v2", "subresource": "status"},
            ],
        },
        "spec": {"maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    });
    let secret = json!({"metadata": {"name": "password", "namespace": "shop"}, "type": "Opaque", "data": {}});
    vec![
        Served::new("v1", "Namespace", "namespaces").with([json!({"metadata": {"name": "shop"}})]),
        Served::new("v1", "Secret", "secrets").with([secret]),
        Served::new("v1", "Event", "events").with([json!({"metadata": {"name": "noise"}})]),
        Served::new(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            "customresourcedefinitions",
        )
        .with([definition()]),
        Served::new("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
            .with([autoscaler]),
        Served::new("example.com/v1", "Widget", "widgets").with([
            widget("small", 2),
            widget("large", 8),
            widget("huge", 10),
        ]),
    ]
}

/// A context `prod` in the kubeconfig of the world's user.
fn connect(world: &World, instead: impl Into<Vec<Rule>>) -> ApiServer {
    let server = ApiServer::start("28", &served(), instead.into()).expect("loopback has a port");
    let folder = world.repo.outside().join(".kube");
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    std::fs::write(folder.join("config"), server.kubeconfig("prod")).expect("it can be written");
    server
}

fn nothing() -> World {
    World::of([("README.md", b"nothing to see\n".as_slice())])
}

/// A path whose cluster is given the definition, and no widget.
fn path() -> World {
    let (sync, apps) = (sync("clusters/staging"), kustomization("apps", "./apps", ""));
    World::of(
        [
            ("clusters/staging/flux-system/gotk-sync.yaml", sync.as_str()),
            ("clusters/staging/apps.yaml", &apps),
            ("apps/definition.yaml", DEFINITION),
        ]
        .map(|(path, text)| (path, text.as_bytes())),
    )
}

#[test]
fn a_cluster_is_judged_by_itself() {
    let world = nothing();
    let server = connect(&world, []);
    assert_eq!(world.run(&["check", "--context", "prod"]), 1, "a widget is too large");
    assert_eq!(world.run(&["check", "--context", "prod", "--only", "removed-api"]), 1);
    assert_eq!(
        world.run(&["check", "--context", "prod", "--only", "removed-api", "--kubernetes", "1.25"]),
        0
    );
    for form in ["json", "markdown", "github", "junit"] {
        world.run(&["check", "--context", "prod", "--only", "removed-api", "-o", form]);
    }
    for seen in server.seen() {
        assert!(seen.line.starts_with("GET "), "{}", seen.line);
        assert!(!seen.line.contains("/events"), "{}", seen.line);
        let is_secrets = seen.line.contains("/secrets");
        assert!(!is_secrets || seen.line.contains("fieldSelector=type%3Dhelm.sh"), "{}", seen.line);
    }
    assert_transcript!(world);
}

#[test]
fn files_are_judged_for_the_cluster_with_its_definitions() {
    let world = nothing();
    let _server = connect(&world, []);
    let widget = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: new, namespace: shop}\nspec: {size: many}\n";
    world.repo.file("new/widget.yaml", widget);
    assert_eq!(world.run(&["check", "--context", "prod", "new", "--only", "invalid-object"]), 1);
    assert_transcript!(world);
}

#[test]
fn what_a_change_would_refuse_on_a_cluster_is_told() {
    let world = path();
    let _server = connect(&world, []);
    assert_eq!(world.run(&["check", "--context", "prod", "--since", "HEAD"]), 0);
    world.edit("apps/definition.yaml", "maximum: 9", "maximum: 5");
    assert_eq!(world.run(&["check", "--context", "prod", "--since", "HEAD"]), 1);
    let impact = ["check", "--impact", "--since", "HEAD", "--context", "prod", "--messages"];
    assert_eq!(world.run(&impact), 1);
    assert_eq!(world.run(&impact[..4]), 0, "without the cluster nobody is known to be concerned");
    assert_transcript!(world);
}

#[test]
fn users_of_a_removal_are_found_on_clusters() {
    let world = path();
    let _server = connect(&world, []);
    for api in ["autoscaling/v2beta2", "widgets.example.com"] {
        assert_eq!(world.run(&["check", "--removing", api, "--context", "prod"]), 1, "{api}");
    }
    world.run(&["check", "--removing", "autoscaling/v2beta2", "--context", "prod", "-o", "json"]);
    assert_transcript!(world);
}

#[test]
fn what_may_not_be_listed_is_told_and_the_rest_is_judged() {
    let world = nothing();
    let forbidden = |address: &str| {
        Rule::new(&format!("GET {address}"), [refusal(403, "User \"ada\" cannot list it")])
    };
    let _server = connect(
        &world,
        [
            forbidden("/api/v1/secrets"),
            forbidden("/apis/example.com/v1/widgets"),
            Rule::new("GET /api/v1/namespaces", [Answer::ok("<html>")]),
        ],
    );
    assert_eq!(world.run(&["check", "--context", "prod", "--only", "removed-api"]), 1);
    world.run(&["check", "--removing", "autoscaling/v2beta2", "--context", "prod"]);
    assert_transcript!(world);
}

#[test]
fn a_cluster_that_cannot_be_asked_has_no_answer() {
    let world = nothing();
    world.refused(&["check", "--context", "prod"]);
    for answer in [refusal(401, "Unauthorized"), Answer::ok("<html>log in</html>"), Answer::HangUp]
    {
        let _server = connect(&world, [Rule::new("GET /", [answer])]);
        world.refused(&["check", "--context", "prod"]);
    }
    world.refused(&["check", "--context", "staging"]);
    world.refused(&["check", "--context", "prod", "--fix"]);
    assert_transcript!(world);
}
