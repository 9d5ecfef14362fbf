//! `towpath check --impact`, `--removing` and `--component`: whom a change concerns, and what a component brings.

use crate::fleet::{DEFINITION, fleet_of};
use crate::support::{KEDA, World, assert_transcript};

const PATH_FILE: &str = "\
apiVersion: towpath.dev/v1alpha1
kind: Path
spec:
  environments:
  - name: staging
    kubernetes: \"1.30\"
  - name: production
    kubernetes: \"1.24\"
";

const SHOP: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: shop-team, example.com/squad: till}}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: large, namespace: shop}
spec: {size: 8}
";

const BILLING: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: billing}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: small, namespace: billing}
spec: {size: 2}
---
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: bills, namespace: billing, labels: {owner: grace}}
spec: {minAvailable: 1, selector: {matchLabels: {app: bills}}}
";

/// Two clusters with the same definition; the shop runs on both, billing on production.
fn fleet() -> World {
    let files = [
        ("towpath.yaml", PATH_FILE),
        ("platform/widgets.yaml", DEFINITION),
        ("shop/shop.yaml", SHOP),
        ("billing/billing.yaml", BILLING),
    ];
    let clusters: [(&str, &[&str]); 2] =
        [("staging", &["platform", "shop"]), ("production", &["platform", "shop", "billing"])];
    fleet_of(&clusters, &files)
}

#[test]
fn a_definition_that_tightens_concerns_those_whose_objects_it_takes_or_refuses() {
    let world = fleet();
    assert_eq!(world.run(&["check", "--impact", "--since", "HEAD"]), 0);
    world.edit("platform/widgets.yaml", "maximum: 9", "maximum: 5");
    assert_eq!(world.run(&["check", "--impact", "--since", "HEAD", "--messages"]), 1);
    for form in ["markdown", "json", "yaml"] {
        assert_eq!(world.run(&["check", "--impact", "--since", "HEAD", "-o", form]), 1);
    }
    assert_transcript!(world);
}

#[test]
fn owners_are_known_by_the_labels_that_are_stated() {
    let world = fleet();
    world.edit("platform/widgets.yaml", "maximum: 9", "maximum: 5");
    let owners = |world: &World| {
        let impact = world.json(&["check", "--impact", "--since", "HEAD"]);
        let of = |row: &serde_json::Value| format!("{} {}", row["ownerKnownBy"], row["owner"]);
        impact["affected"].as_array().expect("rows").iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(owners(&world), ["\"label\" \"shop-team\"", "\"namespace\" \"billing\""]);
    world.repo.file("towpath.yaml", format!("{PATH_FILE}  checks: {{owners: [squad]}}\n"));
    assert_eq!(owners(&world), ["\"label\" \"till\"", "\"namespace\" \"billing\""]);
    world.repo.file("towpath.yaml", format!("{PATH_FILE}  checks: {{owners: ['a team']}}\n"));
    world.refused(&["check", "--impact"]);
    assert_transcript!(world);
}

#[test]
fn what_is_found_now_concerns_somebody_without_a_change() {
    let world = fleet();
    assert_eq!(world.run(&["check", "--impact", "--kubernetes", "1.30"]), 1);
    assert_eq!(world.run(&["check", "--impact", "--kubernetes", "1.30", "shop"]), 0);
    assert_eq!(world.run(&["check", "--impact", "--kubernetes", "1.30", "billing"]), 1);
    assert_transcript!(world);
}

#[test]
fn a_planned_removal_concerns_its_users() {
    let world = fleet();
    for (api, code) in [
        ("policy/v1beta1", 1),
        ("policy/v1beta1/PodDisruptionBudget", 1),
        ("policy/v1", 0),
        ("example.com", 1),
        ("widgets.example.com", 1),
        ("keda.sh", 0),
    ] {
        assert_eq!(world.run(&["check", "--removing", api]), code, "{api}");
    }
    world.run(&["check", "--impact", "--removing", "policy/v1beta1", "--messages"]);
    world.run(&["check", "--removing", "policy/v1beta1", "billing"]);
    world.refused(&["check", "--removing", "Pods!"]);
    assert_transcript!(world);
}

#[test]
fn what_is_hidden_is_told() {
    let world = fleet();
    world.edit("clusters/production/apps.yaml", "./billing", "./bills");
    world.run(&["check", "--removing", "policy/v1beta1"]);
    assert_transcript!(world);
}

/// As a cluster prints it: served as `policy/v1`, last written as something else.
const LIVE: &str = "\
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: web
  namespace: shop
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: |
      {\"apiVersion\":\"policy/v1beta1\",\"kind\":\"PodDisruptionBudget\",\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\"}}
";

#[test]
fn what_a_cluster_says_of_its_objects_counts() {
    let world = World::of([("live.yaml", LIVE.as_bytes())]);
    assert_eq!(world.run(&["check", "--removing", "policy/v1beta1", "live.yaml"]), 1);
    let impact = world.json(&["check", "--removing", "policy/v1beta1", "live.yaml"]);
    assert_eq!(impact["affected"][0]["knownBy"], "cluster", "{impact:#}");
    assert_transcript!(world);
}

const OPERATOR: &str = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.org}
spec:
  group: example.org
  names: {kind: Gadget, plural: gadgets}
  scope: Cluster
  versions:
  - {name: v1alpha1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: gadgets}
webhooks:
- name: gadgets.example.org
  failurePolicy: Fail
  admissionReviewVersions: [v1]
  sideEffects: None
  clientConfig: {service: {name: gadgets, namespace: gadgets}}
  rules:
  - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: gadgets}
rules:
- {apiGroups: ['*'], resources: ['*'], verbs: ['*']}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: gadgets}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: gadgets}
subjects:
- {kind: ServiceAccount, name: gadgets, namespace: gadgets}
---
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: gadgets, namespace: gadgets}
spec: {minAvailable: 1}
";

const CHART: &str = "apiVersion: v2\nname: gadgets\nversion: 1.0.0\nkubeVersion: '>=1.28.0'\n";

#[test]
fn a_helm_release_brings_a_chart_that_is_not_seen() {
    let world = fleet();
    world.repo.file("new/keda.yaml", KEDA);
    assert_eq!(world.run(&["check", "--component", "new/keda.yaml"]), 0);
    assert_eq!(world.run(&["check", "--component", "new", "-o", "markdown"]), 0);
    assert_transcript!(world);
}

#[test]
fn an_operator_brings_powers_and_does_not_run_everywhere() {
    let world = fleet();
    world.repo.file("new/operator.yaml", OPERATOR);
    for form in ["table", "json", "yaml"] {
        assert_eq!(world.run(&["check", "--component", "new", "-o", form]), 1);
    }
    world.repo.file("new/chart/Chart.yaml", CHART);
    world.repo.file("new/chart/templates/all.yaml", "{{ .Values.all }}\n");
    assert_eq!(world.run(&["check", "--component", "new/chart"]), 1);
    assert_transcript!(world);
}

#[test]
fn a_component_of_the_path_is_not_its_own_neighbour() {
    let world = fleet();
    let from_root = world.json(&["check", "--component", "shop"]);
    assert_eq!(from_root["present"], serde_json::json!([]));
    for roundabout in ["./clusters/../shop", "clusters/../shop/shop.yaml"] {
        let again = world.json(&["check", "--component", roundabout]);
        assert_eq!(again["present"], serde_json::json!([]), "{roundabout}");
    }
    // A file of the same content that is not of the path is its neighbour.
    world.repo.file("new/shop.yaml", SHOP);
    let copied = world.json(&["check", "--component", "new/shop.yaml"]);
    assert_eq!(copied["present"][0]["file"], "shop/shop.yaml", "{copied:#}");
}

#[test]
fn without_clusters_a_component_is_judged_for_one_kubernetes() {
    let world = World::of([("new/operator.yaml", OPERATOR.as_bytes())]);
    assert_eq!(world.run(&["check", "--component", "new"]), 0);
    assert_eq!(world.run(&["check", "--component", "new", "--kubernetes", "1.30"]), 1);
    assert_eq!(world.run(&["check", "--component", "new", "--kubernetes", "1.24"]), 0);
    assert_transcript!(world);
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let world = fleet();
    for form in ["sarif", "junit", "github"] {
        world.refused(&["check", "--impact", "-o", form]);
        world.refused(&["check", "--component", "shop", "-o", form]);
    }
    for args in [
        &["--impact", "--fix"][..],
        &["--impact", "--since", "HEAD", "shop"],
        &["--impact", "--since", "nowhere"],
        &["--messages"],
        &["--removing", "keda.sh", "--since", "HEAD"],
        &["--component", "shop", "billing"],
        &["--component", "shop", "--impact"],
        &["--component", "nowhere"],
    ] {
        world.refused(&[&["check"][..], args].concat());
    }
    world.repo.file("empty/values.yaml", "replicas: 1\n");
    world.refused(&["check", "--component", "empty"]);
    assert_transcript!(world);
}
