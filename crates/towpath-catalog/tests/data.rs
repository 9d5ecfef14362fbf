//! What holds for all data of all minors, and some facts that anybody can look up.

use std::collections::BTreeSet;

use proptest::prelude::*;
use towpath_catalog::{
    Catalog, GroupVersionKind, ListType, Minor, Phase, SchemaRef, Scope, Strategy, Type,
    UnknownMinor, Verb, lifecycle, lifecycles,
};

fn of(minor: u8) -> Catalog {
    Catalog::load(Minor::new(minor)).expect("the minor is known")
}

fn every_minor() -> impl Iterator<Item = Catalog> {
    Minor::all().map(|minor| Catalog::load(minor).expect("the minor is known"))
}

fn schema<'c>(catalog: &'c Catalog, api_version: &str, kind: &str) -> SchemaRef<'c> {
    catalog.schema(&GroupVersionKind::of(api_version, kind)).expect("the minor has the kind")
}

/// Every place that is reached without following references, which are definitions of their own.
fn places<'c>(schema: SchemaRef<'c>, path: &str, see: &mut impl FnMut(&str, SchemaRef<'c>)) {
    see(path, schema);
    if !path.is_empty() && schema.reference().is_some() {
        return;
    }
    for field in schema.fields() {
        places(field.schema, &format!("{path}.{}", field.name), see);
    }
    if let Some(items) = schema.items() {
        places(items, &format!("{path}[]"), see);
    }
    if let Some(values) = schema.additional() {
        places(values, &format!("{path}{{}}"), see);
    }
}

fn every_place(mut see: impl FnMut(Minor, &str, &str, SchemaRef<'_>)) {
    for catalog in every_minor() {
        for (name, schema) in catalog.definitions() {
            places(schema, "", &mut |path, place| see(catalog.minor(), name, path, place));
        }
    }
}

#[test]
fn every_minor_has_hundreds_of_definitions() {
    for catalog in every_minor() {
        assert!(catalog.definitions().len() > 500, "{}", catalog.minor());
        assert!(catalog.kinds().len() > 50, "{}", catalog.minor());
        assert!(catalog.schemas().count() > 100, "{}", catalog.minor());
    }
}

#[test]
fn every_reference_leads_somewhere() {
    every_place(|minor, name, path, place| {
        assert!(place.is_resolved(), "{minor} {name}{path} names {:?}", place.reference());
    });
}

#[test]
fn items_are_told_apart_by_fields_that_they_have() {
    let mut without = BTreeSet::new();
    every_place(|minor, name, path, place| {
        let keys: Vec<&str> = place.list_map_keys().collect();
        let by_keys = place.list_type() == Some(ListType::Map);
        assert_eq!(by_keys, !keys.is_empty(), "{minor} {name}{path}");
        // Lists of texts have merge keys too, which mean nothing there.
        if let Some(items) = place.items().filter(|items| items.types() == Type::Object) {
            for key in keys.into_iter().chain(place.patch_merge_key()) {
                if items.field(key).is_none() {
                    without.insert(format!("{name}{path} by {key}"));
                }
            }
        }
    });
    // Published like that: the key is a field of the metadata or of the status. Lists are read and never merged.
    let mistaken = [
        "storage.v1.CSIStorageCapacityList.items by name",
        "storage.v1alpha1.CSIStorageCapacityList.items by name",
        "storage.v1beta1.CSIStorageCapacityList.items by name",
        "storagemigration.v1alpha1.StorageVersionMigrationList.items by type",
    ];
    assert_eq!(without, mistaken.map(|place| format!("io.k8s.api.{place}")).into());
}

#[test]
fn arrays_have_items_and_nothing_else_has() {
    every_place(|minor, name, path, place| {
        assert_eq!(place.types() == Type::Array, place.items().is_some(), "{minor} {name}{path}");
        let below = place.fields().len() > 0 || place.additional().is_some();
        assert!(!below || place.types() == Type::Object, "{minor} {name}{path}");
    });
}

#[test]
fn a_kind_lives_as_long_as_its_schema() {
    for catalog in every_minor() {
        let minor = catalog.minor();
        for row in lifecycles() {
            let there = matches!(row.phase(minor), Phase::Current | Phase::Deprecated);
            assert_eq!(catalog.schema(&row.kind).is_some(), there, "{} in {minor}", row.kind);
        }
        for (kind, schema) in catalog.schemas() {
            let of_every_group = schema.reference().is_none() && kind.group.is_empty();
            assert!(lifecycle(&kind).is_some() || of_every_group, "{kind} in {minor}");
        }
    }
}

#[test]
fn what_is_served_has_a_schema_and_a_life() {
    for catalog in every_minor() {
        for kind in catalog.kinds() {
            let name = format!("{} in {}", kind.kind, catalog.minor());
            assert!(lifecycle(&kind.kind).is_some(), "{name}");
            let schema = catalog.schema(&kind.kind).expect(&name);
            assert!(schema.field("metadata").is_some(), "{name}");
            assert_eq!(catalog.kind(&kind.kind).as_ref(), Some(&kind), "{name}");
            assert!(kind.verbs.contains(Verb::Create) || kind.verbs.contains(Verb::Get), "{name}");
            for below in &kind.subresources {
                let described = catalog.schema(&below.kind).is_some();
                let connects = below.kind.kind.ends_with("Options");
                assert!(described != connects, "{name}/{}", below.name);
            }
        }
        let mut addresses = BTreeSet::new();
        for kind in catalog.kinds() {
            assert!(addresses.insert((kind.kind.api_version(), kind.plural)), "{}", kind.kind);
        }
    }
}

#[test]
fn pods_are_served_as_discovery_says() {
    let catalog = of(36);
    let pod = catalog.kind(&GroupVersionKind::of("v1", "Pod")).expect("there are pods");
    assert_eq!(
        (pod.plural, pod.singular().as_str(), pod.scope),
        ("pods", "pod", Scope::Namespaced)
    );
    assert_eq!((pod.short_names(), pod.categories()), (&["po"][..], &["all"][..]));
    assert!(pod.served_by_default);
    let verbs =
        |verbs: towpath_catalog::Verbs| verbs.iter().map(Verb::name).collect::<Vec<_>>().join(",");
    assert_eq!(verbs(pod.verbs), "create,delete,deletecollection,get,list,patch,update,watch");
    let below: Vec<String> = pod
        .subresources
        .iter()
        .map(|below| format!("{} {} {}", below.name, below.kind, verbs(below.verbs)))
        .collect();
    assert_eq!(
        below,
        [
            "attach v1 PodAttachOptions create,get",
            "binding v1 Binding create",
            "ephemeralcontainers v1 Pod get,patch,update",
            "eviction policy/v1 Eviction create",
            "exec v1 PodExecOptions create,get",
            "log v1 Pod get",
            "portforward v1 PodPortForwardOptions create,get",
            "proxy v1 PodProxyOptions create,delete,get,patch,update",
            "resize v1 Pod get,patch,update",
            "status v1 Pod get,patch,update",
        ]
    );
    let status = catalog.kind(&GroupVersionKind::of("v1", "ComponentStatus")).expect("still there");
    assert_eq!((verbs(status.verbs).as_str(), status.scope), ("get,list", Scope::Cluster));
    let namespace = catalog.kind(&GroupVersionKind::of("v1", "Namespace")).expect("there are some");
    assert!(!namespace.verbs.contains(Verb::DeleteCollection));
    assert!(namespace.subresource("finalize").is_some());
}

#[test]
fn a_path_is_walked_through_references_lists_and_maps() {
    let catalog = of(37);
    let deployment = schema(&catalog, "apps/v1", "Deployment");
    let at = |path: &str| deployment.at(path.split('.')).expect("the path is there");

    let containers = at("spec.template.spec.containers");
    assert_eq!(containers.types(), Type::Array);
    assert_eq!(containers.patch_merge_key(), Some("name"));
    assert_eq!(containers.patch_strategy(), Some(Strategy::Merge));
    let ports = at("spec.template.spec.containers.0.ports");
    assert_eq!(ports.list_map_keys().collect::<Vec<_>>(), ["containerPort", "protocol"]);
    let container = containers.items().expect("lists have items");
    assert_eq!(container.required().collect::<Vec<_>>(), ["name"]);
    assert_eq!(container.reference(), Some("io.k8s.api.core.v1.Container"));

    let replicas = at("spec.replicas");
    assert_eq!((replicas.types(), replicas.format()), (Type::Integer, Some("int32")));
    assert_eq!(at("spec.strategy").patch_strategy(), Some(Strategy::RetainKeys));
    assert_eq!(at("spec.strategy.rollingUpdate.maxSurge").types(), Type::IntOrString);
    assert_eq!(at("metadata.labels.app").types(), Type::String);
    assert_eq!(at("metadata.creationTimestamp").format(), Some("date-time"));
    let limit = at("spec.template.spec.containers.0.resources.limits.cpu");
    assert_eq!(limit.types(), Type::Quantity);

    assert!(deployment.at(["spec", "replica"]).is_none());
    assert!(deployment.at(["spec", "replicas", "more"]).is_none());
    let revision = schema(&catalog, "apps/v1", "ControllerRevision");
    assert!(revision.field("data").is_some_and(|field| field.schema.is_free_form()));
    assert!(
        deployment
            .at(["metadata", "managedFields", "0", "fieldsV1"])
            .is_some_and(|it| it.is_free_form())
    );
    let policy = catalog.definition("io.k8s.api.scheduling.v1beta1.BasicSchedulingPolicy");
    assert!(policy.is_some_and(|empty| !empty.is_free_form() && empty.at(["any"]).is_none()));
}

#[test]
fn a_schema_can_contain_itself() {
    let catalog = of(37);
    let crd = schema(&catalog, "apiextensions.k8s.io/v1", "CustomResourceDefinition");
    let root = crd.at(["spec", "versions", "0", "schema", "openAPIV3Schema"]).expect("it is there");
    let deep = std::iter::repeat_n(["properties", "any"], 50).flatten();
    assert_eq!(root.at(deep).and_then(|place| place.reference()), root.reference());
    assert!(root.field("x-kubernetes-int-or-string").is_some());
}

#[test]
fn the_shape_tells_whether_a_version_can_be_rewritten() {
    let catalog = of(24);
    let same = |a: (&str, &str), b: (&str, &str)| {
        schema(&catalog, a.0, a.1).is_same_shape(&schema(&catalog, b.0, b.1))
    };
    assert!(same(("batch/v1beta1", "CronJob"), ("batch/v1", "CronJob")));
    assert!(!same(
        ("discovery.k8s.io/v1beta1", "EndpointSlice"),
        ("discovery.k8s.io/v1", "EndpointSlice")
    ));
    assert!(!same(("v1", "ConfigMap"), ("v1", "Secret")));
    let (old, new) = (of(36), of(37));
    let crd = |catalog| schema(catalog, "apiextensions.k8s.io/v1", "CustomResourceDefinition");
    assert!(crd(&new).is_same_shape(&crd(&new)));
    let (old, new) = (schema(&old, "v1", "ConfigMap"), schema(&new, "v1", "ConfigMap"));
    assert!(old.is_same_shape(&new), "over two minors");
}

#[test]
fn alphas_and_later_betas_are_there_and_not_served() {
    let catalog = of(37);
    let served = |api_version, kind| {
        let kind = catalog.kind(&GroupVersionKind::of(api_version, kind)).expect("it is there");
        kind.served_by_default
    };
    assert!(served("resource.k8s.io/v1", "ResourceClaim"));
    assert!(!served("resource.k8s.io/v1beta1", "ResourceClaim"));
    assert!(!served("internal.apiserver.k8s.io/v1alpha1", "StorageVersion"));
    assert_eq!(catalog.kind(&GroupVersionKind::of("autoscaling/v1", "Scale")), None);
    assert!(catalog.schema(&GroupVersionKind::of("autoscaling/v1", "Scale")).is_some());
    assert!(catalog.schema(&GroupVersionKind::of("apps/v1", "DeploymentList")).is_some());
}

#[test]
fn other_minors_are_refused() {
    for minor in [0, 18, 38, 255].map(Minor::new) {
        let refused = Catalog::load(minor).expect_err("there is no data");
        assert_eq!(refused, UnknownMinor(minor));
    }
    assert_eq!(
        UnknownMinor(Minor::new(38)).to_string(),
        "nothing is known of Kubernetes 1.38, only of 1.19 to 1.37"
    );
}

#[test]
fn the_file_is_small() {
    assert!(include_bytes!("../data/catalog.bin").len() < 200_000);
}

#[test]
fn no_path_is_too_strange() {
    let catalog = of(37);
    let pod = schema(&catalog, "v1", "Pod");
    proptest!(|(path: Vec<String>)| {
        let path = path.iter().map(String::as_str);
        let _ = pod.at(path.clone());
        let _ = pod.at(["spec"].into_iter().chain(path));
    });
}
