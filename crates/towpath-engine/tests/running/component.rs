//! A component is as healthy as the worst of what delivers it.

use serde_json::{Value, json};
use towpath_core::running::{Contact, Health};
use towpath_core::snapshot::Desired;
use towpath_engine::running::objects::Listed;
use towpath_engine::running::{flux, observe_clusters, report};
use towpath_testkit::memory_clusters::MemoryClusters;

use crate::support::{
    NAMESPACE, ailing, at, cluster, helm_release, kustomization, pin, release, runs, runs_of,
    source, workload,
};

fn delivering(name: &str, revision: u8, since: i64, inventory: &[&str]) -> Value {
    let mut object = kustomization(name, &release(revision), since);
    let entries = inventory.iter().map(|id| json!({"id": id, "v": "v1"}));
    object["status"]["inventory"] = json!({"entries": entries.collect::<Vec<_>>()});
    object
}

#[test]
fn all_that_deliver_it_must_agree() {
    let all = [source(&release(8), 1), delivering("a", 8, 3, &[]), delivering("b", 8, 5, &[])];
    let running = runs(&all);
    assert_eq!((running.health, running.since), (Health::Healthy, at(5)));
    let all = [source(&release(8), 1), delivering("a", 8, 3, &[]), delivering("b", 7, 5, &[])];
    let running = runs(&all);
    assert_eq!((running.health, running.revision), (Health::Progressing, None));
    // What delivers another source of the same name is none of it.
    let mut other = delivering("b", 7, 5, &[]);
    other["metadata"]["namespace"] = json!("elsewhere");
    let all = [source(&release(8), 1), delivering("a", 8, 3, &[]), other.clone()];
    assert_eq!(runs(&all).since, at(3));
    // Unless it says that it means this one.
    other["spec"]["sourceRef"]["namespace"] = json!(NAMESPACE);
    let all = [source(&release(8), 1), delivering("a", 8, 3, &[]), other];
    assert_eq!(runs(&all).health, Health::Progressing);
}

#[test]
fn what_was_applied_must_be_well_too() {
    let of = |inventory: &[&str], more: &[Value]| {
        let all = [source(&release(8), 1), delivering("a", 8, 3, inventory)];
        runs(&[&all, more].concat())
    };
    let web = "apps_web_apps_Deployment";
    let running = of(&[web], &[workload("web", 2, "True", -9)]);
    assert_eq!((running.health, running.since), (Health::Healthy, at(3)));
    // It was down for a while, long after it was applied: that is a gap.
    let running = of(&[web], &[workload("web", 2, "True", 40)]);
    assert_eq!((running.health, running.since), (Health::Healthy, at(40)));
    let running = of(&[web], &[workload("web", 1, "False", 41)]);
    assert_eq!((running.health, running.since), (Health::Progressing, at(41)));
    assert_eq!(
        ailing(&running),
        ["Deployment apps/web progressing: 1 of 2 replicas are available"]
    );
    let running = of(&[web], &[]);
    assert_eq!(running.health, Health::Unknown);
    assert_eq!(ailing(&running), ["Deployment apps/web unknown: it was applied, and is gone"]);
    // Of a kind that nobody asked for, nothing is known to be wrong.
    assert_eq!(of(&["apps_web_apps_StatefulSet"], &[]).health, Health::Healthy);
    // A Job goes when it is done, and counts until then.
    assert_eq!(of(&["apps_seed_batch_Job"], &[]).health, Health::Healthy);
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "seed", "namespace": "apps"},
        "status": {"startTime": "2026-11-21T12:00:00Z"},
    });
    assert_eq!(of(&["apps_seed_batch_Job"], &[job]).health, Health::Progressing);
    let chart = of(&["keda_keda_helm.toolkit.fluxcd.io_HelmRelease"], &[helm_release("1.2.3")]);
    assert_eq!((chart.health, chart.since), (Health::Healthy, at(5)));
}

#[test]
fn what_goes_to_another_cluster_is_not_looked_for_on_this_one() {
    let mut remote = delivering("a", 8, 3, &["apps_web_apps_Deployment"]);
    remote["spec"]["kubeConfig"] = json!({"secretRef": {"name": "other"}});
    assert_eq!(runs(&[source(&release(8), 1), remote]).health, Health::Healthy);
}

#[test]
fn what_cannot_be_told_is_unknown_with_a_reason() {
    let running = runs(&[source(&release(8), 1)]);
    assert_eq!((running.health, running.revision.clone()), (Health::Unknown, None));
    let name = "OCIRepository flux-system/platform unknown:";
    assert_eq!(ailing(&running), [format!("{name} nothing on the cluster delivers it")]);
    let pins = [pin("OCIRepository", NAMESPACE, "platform")];
    assert_eq!(runs_of(&cluster(&[]), &pins), None);
    let mut refused = cluster(&[]);
    refused.set(flux::source("OCIRepository"), Listed::Refused("403".to_owned()));
    let running = runs_of(&refused, &pins).unwrap();
    assert_eq!(ailing(&running), [format!("{name} the cluster does not tell: 403")]);
    let mut refused = cluster(&[source(&release(8), 1)]);
    refused.set(flux::kustomization(), Listed::Refused("403".to_owned()));
    assert_eq!(runs_of(&refused, &pins).unwrap().health, Health::Unknown);
    // A component of two pins is there as soon as one of them is.
    let both = [pins[0].clone(), pin("HelmRelease", "keda", "keda")];
    let running = runs_of(&cluster(&[helm_release("1.2.3")]), &both).unwrap();
    assert_eq!(running.health, Health::Unknown);
}

#[test]
fn a_pin_without_a_namespace_means_the_only_one_of_its_name() {
    let object = || kustomization("a", &release(8), 3);
    let pins = [pin("OCIRepository", "", "platform")];
    let one = cluster(&[source(&release(8), 1), object()]);
    assert_eq!(runs_of(&one, &pins).unwrap().health, Health::Healthy);
    let mut other = source(&release(8), 1);
    other["metadata"]["namespace"] = json!("elsewhere");
    let two = cluster(&[source(&release(8), 1), other, object()]);
    assert_eq!(runs_of(&two, &pins).unwrap().health, Health::Unknown);
}

#[test]
fn the_source_of_an_instance_is_the_one_that_the_operator_makes() {
    let instance = json!({
        "apiVersion": "fluxcd.controlplane.io/v1", "kind": "FluxInstance",
        "metadata": {"name": "flux", "namespace": NAMESPACE},
        "spec": {"sync": {"kind": "OCIRepository", "name": "platform"}},
    });
    let all = [instance, source(&release(8), 1), kustomization("a", &release(8), 3)];
    let running = runs_of(&cluster(&all), &[pin("FluxInstance", NAMESPACE, "flux")]).unwrap();
    assert_eq!(running.health, Health::Healthy);
}

#[test]
fn drift_is_another_content_than_the_one_that_is_wanted() {
    let running = runs(&[source(&release(8), 1), kustomization("a", &release(8), 3)]);
    let wants = |version: &str, revision: Option<&str>| Desired {
        version: version.parse().ok(),
        revision: revision.and_then(|it| flux::revision(it, "OCIRepository")),
        unknown: None,
    };
    let (eight, nine) = (release(8), release(9));
    assert_eq!(running.is(&wants("0.0.8", Some(&eight))), Some(true));
    // Under the same name there is another content.
    assert_eq!(running.is(&wants("0.0.8", Some(&nine.replace("0.0.9", "0.0.8")))), Some(false));
    let digest = eight.trim_start_matches("0.0.8@");
    assert_eq!(running.is(&wants("", Some(digest))), Some(true));
    assert_eq!(running.is(&wants("0.0.8", None)), Some(true));
    assert_eq!(running.is(&wants("0.0.9", None)), Some(false));
    assert_eq!(running.is(&Desired::default()), None);
}

#[test]
fn a_cluster_that_does_not_answer_keeps_what_it_said_and_runs_nothing_now() {
    let pins = [pin("OCIRepository", NAMESPACE, "platform")];
    let objects = cluster(&[source(&release(8), 1), kustomization("a", &release(8), 3)]);
    let clusters = MemoryClusters::default();
    clusters.set(&pins[0].cluster, objects);
    let before = clusters_of(&clusters, &pins);
    let component = &pins[0].component;
    assert_eq!(before.now(component).unwrap().health, Health::Healthy);
    clusters.lose(&pins[0].cluster, at(7), "no answer in time");
    let after = clusters_of(&clusters, &pins);
    let lost = Contact::Lost { since: at(7), why: "no answer in time".to_owned() };
    assert_eq!((after.contact.clone(), after.now(component)), (lost, None));
    assert_eq!(after.components, before.components);
}

fn clusters_of(
    clusters: &MemoryClusters,
    pins: &[towpath_core::pin::Pin],
) -> towpath_core::running::ClusterReport {
    observe_clusters(pins, clusters, at(1000)).remove(&pins[0].cluster).unwrap()
}

#[test]
fn the_order_of_pins_and_objects_does_not_matter() {
    let mut all =
        vec![source(&release(8), 1), delivering("a", 8, 3, &[]), delivering("b", 7, 5, &[])];
    all.push(helm_release("1.2.3"));
    let mut pins =
        vec![pin("OCIRepository", NAMESPACE, "platform"), pin("HelmRelease", "keda", "keda")];
    let before = report(&cluster(&all), &pins, at(9));
    all.reverse();
    pins.reverse();
    assert_eq!(report(&cluster(&all), &pins, at(9)), before);
}
