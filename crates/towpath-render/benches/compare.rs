//! How long it takes to compare what a cluster gets: 2,600 objects that are the same, that differ in one field, and a
//! fleet of 1,000 clusters with one change in common. And one definition of 10,000 lines, because those are long.

use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use serde_json::{Value, json};
use towpath_render::compare::{Grouper, NoKeys, Place, objects};
use towpath_render::{Object, Origin};

const OBJECTS: usize = 2_600;

fn object(value: Value) -> Object {
    Object { value: value.into(), origin: Origin::default() }
}

fn deployment(number: usize, image: &str) -> Object {
    object(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": format!("service-{number}"),
            "namespace": format!("team-{}", number % 13),
            "labels": {"app.kubernetes.io/name": "service", "app.kubernetes.io/part-of": "platform"},
        },
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{
            "name": "main",
            "image": image,
            "args": ["serve", "--port=8080", "--level=info"],
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "ports": [{"name": "http", "containerPort": 8080}],
            "resources": {"limits": {"memory": "128Mi"}, "requests": {"cpu": "100m"}},
        }]}}},
    }))
}

fn cluster(objects: usize) -> Vec<Object> {
    (0..objects).map(|number| deployment(number, "service:1.0.0")).collect()
}

/// About 10,000 lines as YAML; `text` is somewhere in its middle.
fn definition(text: &str) -> Object {
    let field = |number: usize| {
        let text = if number == 1_250 { text } else { "what this field is for" };
        let schema = json!({
            "type": "object",
            "description": text,
            "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
        });
        (format!("field{number}"), schema)
    };
    let fields: serde_json::Map<String, Value> = (0..1_250).map(field).collect();
    let more: serde_json::Map<String, Value> = (1_250..1_251).map(field).collect();
    object(json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": {
            "properties": {"spec": {"properties": fields}, "status": {"properties": more}},
        }}}]},
    }))
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();

    let (old, new) = (cluster(OBJECTS), cluster(OBJECTS));
    criterion.bench_function("2,600 objects, the same", |bench| {
        bench.iter(|| objects(black_box(&old), black_box(&new), &NoKeys));
    });

    let mut new = cluster(OBJECTS);
    new[1_300] = deployment(1_300, "service:1.0.1");
    criterion.bench_function("2,600 objects, one field", |bench| {
        bench.iter(|| objects(black_box(&old), black_box(&new), &NoKeys));
    });

    let new: Vec<Object> = (0..OBJECTS).map(|number| deployment(number, "service:2")).collect();
    criterion.bench_function("2,600 objects, a field of each", |bench| {
        bench.iter(|| objects(black_box(&old), black_box(&new), &NoKeys));
    });

    let (old, new) = ([definition("before")], [definition("after")]);
    criterion.bench_function("a definition of 10,000 lines", |bench| {
        bench.iter(|| objects(black_box(&old), black_box(&new), &NoKeys));
    });

    let (old, mut new) = (cluster(13), cluster(13));
    new[6] = deployment(6, "service:1.0.1");
    let changes = objects(&old, &new, &NoKeys);
    for clusters in [1_000, 2_000] {
        let fleet = || -> Vec<_> {
            let place = |number: usize| Place {
                environment: format!("environment-{}", number % 5),
                cluster: format!("cluster-{number:04}"),
                kustomization: "flux-system/apps".to_owned(),
            };
            (0..clusters).map(|number| (place(number), changes.clone())).collect()
        };
        criterion.bench_function(&format!("{clusters} clusters, one change in common"), |bench| {
            bench.iter_batched(
                fleet,
                |fleet| {
                    let mut grouper = Grouper::default();
                    fleet.into_iter().for_each(|(place, changes)| grouper.add(place, changes));
                    grouper.finish()
                },
                BatchSize::LargeInput,
            );
        });
    }
    criterion.final_summary();
}
