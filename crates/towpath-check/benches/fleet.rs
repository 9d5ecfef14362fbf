//! How long it takes from the facts of a fleet to its findings: 1,000 clusters with 20 Kustomizations
//! each, which is 21,000 files and more. Linear means that 500 clusters take half of it. And how long one
//! custom resource takes, with rules in CEL and without.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, BenchmarkId, Criterion};
use serde_json::{Map, Value, json};
use towpath_check::{Context, check};
use towpath_core::id::RepoPath;
use towpath_core::stated::Stated;
use towpath_discovery::facts::{FileFacts, facts};
use towpath_discovery::inventory::Inventory;
use towpath_discovery::resolve::resolve;
use towpath_schema::crd::Definition;
use towpath_schema::crd::schema::Schema;

type Files = BTreeMap<RepoPath, Arc<FileFacts>>;

const ENVIRONMENTS: &[(&str, &str)] =
    &[("dev", "semver: '>=0.0.0-0'"), ("staging", "semver: 0.0.x"), ("prod", "tag: 0.0.7")];

fn put(files: &mut Files, path: &str, text: &str) {
    let path = RepoPath::parse(path).expect("a path");
    let facts = facts(&path, text.as_bytes()).expect("the text is YAML");
    files.insert(path, Arc::new(facts));
}

/// The file that `flux bootstrap` puts into every cluster: definitions and controllers.
fn components() -> String {
    let mut text = String::new();
    for number in 0..40 {
        text.push_str(&format!(
            "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n\
             metadata: {{name: kind{number}.example.com}}\n\
             spec: {{group: example.com, names: {{kind: Kind{number}}}}}\n"
        ));
    }
    text
}

fn fleet(clusters: usize) -> Files {
    let mut files = Files::new();
    put(&mut files, "components.yaml", &components());
    let shared = files.pop_first().expect("just put").1;
    for number in 0..clusters {
        let (environment, reference) = ENVIRONMENTS[number % ENVIRONMENTS.len()];
        let folder = format!("clusters/{environment}-{number:04}");
        let sync = format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\n\
             metadata: {{name: flux-system, namespace: flux-system}}\n\
             spec: {{url: https://git.example.com/fleet, ref: {{branch: main}}}}\n---\n\
             apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
             metadata: {{name: flux-system, namespace: flux-system}}\n\
             spec: {{path: ./{folder}, sourceRef: {{kind: GitRepository, name: flux-system}}}}\n"
        );
        put(&mut files, &format!("{folder}/flux-system/gotk-sync.yaml"), &sync);
        let path = format!("{folder}/flux-system/gotk-components.yaml");
        files.insert(RepoPath::parse(&path).expect("a path"), shared.clone());
        let source = format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\n\
             metadata: {{name: platform, namespace: flux-system}}\n\
             spec:\n  url: oci://registry.example.com/platform\n  ref:\n    {reference}\n"
        );
        put(&mut files, &format!("{folder}/platform.yaml"), &source);
        for step in 0..20 {
            let kind = if step % 2 == 0 { "OCIRepository" } else { "GitRepository" };
            let name = if step % 2 == 0 { "platform" } else { "flux-system" };
            let text = format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
                 metadata: {{name: step-{step}, namespace: flux-system}}\n\
                 spec:\n  path: ./parts/{step}\n  sourceRef: {{kind: {kind}, name: {name}}}\n\
                 \u{20} dependsOn: [{{name: step-{}}}]\n",
                (step + 19) % 20
            );
            put(&mut files, &format!("{folder}/step-{step:02}.yaml"), &text);
        }
    }
    for step in 0..20 {
        for object in 0..10 {
            let text = format!(
                "apiVersion: policy.example.com/v1\nkind: Policy\nmetadata: {{name: p-{object}}}\n"
            );
            put(&mut files, &format!("parts/{step}/{object}.yaml"), &text);
        }
    }
    files
}

/// An object of 200 fields, with and without a rule for each.
fn judge(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("validate");
    for rules in [0, 200] {
        let field = |number: usize| {
            let mut schema = json!({"type": "string", "maxLength": 20});
            if number < rules {
                let rule = json!({"rule": "self.startsWith('v') && self != 'value-x'"});
                schema["x-kubernetes-validations"] = json!([rule]);
            }
            (format!("field{number}"), schema)
        };
        let fields: Map<String, Value> = (0..200).map(field).collect();
        let spec = json!({"type": "object", "properties": fields});
        let version = json!({
            "name": "v1", "served": true, "storage": true,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
        });
        let definition = Definition::parse(&json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.example.com"},
            "spec": {
                "group": "example.com", "scope": "Namespaced", "versions": [version],
                "names": {"plural": "widgets", "kind": "Widget"},
            },
        }));
        let definition = definition.expect("a definition");
        let spec: Map<String, Value> =
            (0..200).map(|n| (format!("field{n}"), Value::from(format!("value-{n}")))).collect();
        let object = json!({
            "apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec,
        });
        group.bench_with_input(BenchmarkId::new("prepare", rules), &(), |bencher, ()| {
            bencher.iter(|| Schema::of(black_box(&definition), &definition.versions[0]));
        });
        let schema = Schema::of(&definition, &definition.versions[0]);
        group.bench_with_input(BenchmarkId::new("object", rules), &(), |bencher, ()| {
            bencher.iter(|| schema.validate(black_box(&object)));
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(20);
    let mut group = criterion.benchmark_group("fleet");
    for clusters in [500, 1000] {
        let files = fleet(clusters);
        let stated = Stated::default();
        let inventory = Inventory::build(files.clone(), Vec::new()).expect("readable");
        let resolved = resolve(&inventory, &stated).expect("a path");
        let context =
            Context { inventory: &inventory, resolved: &resolved, stated: &stated, on_trunk: true };
        group.bench_with_input(BenchmarkId::new("build", clusters), &files, |bencher, files| {
            let build = |files| Inventory::build(files, Vec::new());
            bencher.iter_batched(|| files.clone(), build, BatchSize::LargeInput);
        });
        group.bench_with_input(BenchmarkId::new("resolve", clusters), &(), |bencher, ()| {
            bencher.iter(|| resolve(black_box(&inventory), &stated));
        });
        group.bench_with_input(BenchmarkId::new("check", clusters), &(), |bencher, ()| {
            bencher.iter(|| check(black_box(&context)));
        });
    }
    group.finish();
    judge(&mut criterion);
    criterion.final_summary();
}
