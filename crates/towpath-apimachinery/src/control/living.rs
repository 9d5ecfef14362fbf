//! A living cluster, simulated: no container runs, and every workload gets the status that a healthy cluster would give
//! it, or the one that a [`Script`] asks for.
//!
//! All of it is a function of what the machine holds, the script and the time. A controller is a file with a function
//! `look`: it looks at one object, compares what should be with what is, and says what to write. It keeps nothing, so
//! that it may look as often as it likes; looking twice writes nothing twice.
//!
//! Where to go next: `desk.rs` for what controllers work with, `kubelet.rs` for what becomes of pods,
//! [`script`] for what goes wrong.

mod autoscalers;
mod budgets;
mod claims;
mod cronjobs;
mod daemons;
mod deployments;
mod desk;
mod jobs;
mod judged;
mod kubelet;
mod node;
mod notes;
mod pods;
pub(crate) mod quota;
mod replicas;
mod revisions;
mod schedule;
pub mod script;
mod services;
mod statefulsets;

use std::sync::Arc;

use jiff::Timestamp;

pub use script::Script;

use crate::admission::Configuration;
use crate::machine::Machine;
use crate::store::{Change, Event, Happened, Stored};
use desk::Desk;

/// The ConfigMap that changes the script of a running cluster, and its key.
pub const FAULTS: (&str, &str, &str) = ("kube-system", "towpath-faults", "faults.yaml");

const CONFIG_MAPS: &str = "configmaps";

/// What controllers look at.
const LOOKED_AT: &[&str] = &[
    pods::PODS,
    replicas::SETS,
    replicas::CONTROLLERS,
    deployments::DEPLOYMENTS,
    statefulsets::STATEFUL,
    daemons::DAEMONS,
    jobs::JOBS,
    cronjobs::CRON_JOBS,
    claims::CLAIMS,
    claims::VOLUMES,
    services::SERVICES,
    services::INGRESSES,
    budgets::BUDGETS,
    autoscalers::AUTOSCALERS,
    quota::QUOTAS,
    "nodes",
];

/// What has to be written because of an event.
pub(super) fn react(machine: &Machine, event: &Event, now: Timestamp, todo: &mut Vec<Vec<Change>>) {
    let Some(script) = machine.script() else { return };
    let mut desk = Desk::new(machine, script, now);
    turn(&mut desk, event);
    todo.extend(desk.finish().0);
}

fn turn(desk: &mut Desk<'_>, event: &Event) {
    let id = &*event.key.resource;
    let is_gone = event.happened == Happened::Deleted;
    if id == notes::EVENTS {
        return;
    }
    if let Some(stored) = desk.machine.state().get(&event.key) {
        look(desk, id, stored);
    }
    match id {
        pods::PODS if pods::counts(event) => {
            owners(desk, event);
            services::pod_changed(desk, event);
            budgets::pod_changed(desk, event);
            if is_gone {
                for claim in desk.all(claims::CLAIMS, &event.key.namespace) {
                    if claim.head.is_deleted {
                        look(desk, claims::CLAIMS, claim);
                    }
                }
            }
        }
        replicas::SETS | revisions::REVISIONS | jobs::JOBS => owners(desk, event),
        claims::CLAIMS => {
            pods::look_at_waiting(desk, Some(&event.key.namespace));
            let volume = event.object.tail().contains("\"volumeName\":");
            if volume && is_gone {
                for volume in desk.machine.state().list(claims::VOLUMES, None) {
                    look(desk, claims::VOLUMES, volume);
                }
            }
        }
        claims::VOLUMES | "storageclasses.storage.k8s.io" => {
            for claim in desk.machine.state().list(claims::CLAIMS, None) {
                if !claim.tail().contains("\"phase\":\"Bound\"") {
                    look(desk, claims::CLAIMS, claim);
                }
            }
        }
        "nodes" => node_changed(desk, event),
        "serviceaccounts" | "limitranges" | "priorityclasses.scheduling.k8s.io"
            if event.previous.is_none() || id == "limitranges" =>
        {
            // A class of priorities is everybody's.
            makers(desk, Some(&*event.key.namespace).filter(|namespace| !namespace.is_empty()));
        }
        // A webhook may be reached again, and may be about all that is.
        services::SLICES
            if event.object.head.label(services::OF_SERVICE).is_some_and(|service| {
                desk.machine.admission().asks(&event.key.namespace, service)
            }) =>
        {
            makers(desk, None);
        }
        id if Configuration::is_made_of(id) => makers(desk, None),
        CONFIG_MAPS if is_faults(event) => faults_changed(desk, event),
        "namespaces" if !is_gone && &*event.key.name == "kube-node-lease" => {
            look_at_all(desk, &["nodes"]);
        }
        // Policies may be about its labels.
        "namespaces"
            if event.happened == Happened::Modified && !desk.machine.admission().is_empty() =>
        {
            makers(desk, Some(&event.key.name));
        }
        _ => {}
    }
    if matches!(id, deployments::DEPLOYMENTS | statefulsets::STATEFUL | replicas::SETS) {
        autoscalers::target_changed(desk, event);
    }
    if (event.happened != Happened::Modified || (id == pods::PODS && pods::counts(event)))
        && !event.key.namespace.is_empty()
    {
        quota::changed(desk, event);
    }
}

/// Looks at one object.
fn look<'m>(desk: &mut Desk<'m>, id: &str, stored: &'m Arc<Stored>) {
    if !LOOKED_AT.contains(&id) {
        return;
    }
    let Some(seen) = desk.open(id, stored) else { return };
    match id {
        pods::PODS => pods::look(desk, &seen),
        replicas::SETS | replicas::CONTROLLERS => replicas::look(desk, &seen),
        deployments::DEPLOYMENTS => deployments::look(desk, &seen),
        statefulsets::STATEFUL => statefulsets::look(desk, &seen),
        daemons::DAEMONS => daemons::look(desk, &seen),
        jobs::JOBS => jobs::look(desk, &seen),
        cronjobs::CRON_JOBS => cronjobs::look(desk, &seen),
        claims::CLAIMS => claims::look(desk, &seen),
        claims::VOLUMES => claims::look_at_volume(desk, &seen),
        services::SERVICES => services::look(desk, &seen),
        services::INGRESSES => services::look_at_ingress(desk, &seen),
        budgets::BUDGETS => budgets::look(desk, &seen),
        autoscalers::AUTOSCALERS => autoscalers::look(desk, &seen),
        quota::QUOTAS => quota::look(desk, &seen),
        "nodes" => node::look(desk, &seen),
        _ => {}
    }
}

fn look_at_all(desk: &mut Desk<'_>, resources: &[&str]) {
    for id in resources {
        for stored in desk.machine.state().list(id, None) {
            look(desk, id, stored);
        }
    }
}

/// Those who control an object look again; so do those who did.
fn owners(desk: &mut Desk<'_>, event: &Event) {
    let Some(resource) = desk.machine.stored(&event.key.resource) else { return };
    let now = super::value(resource, &event.object);
    let before = event.previous.as_ref().filter(|one| one.head.owners != event.object.head.owners);
    let before = before.map(|before| super::value(resource, before));
    for value in [Some(&now), before.as_ref()].into_iter().flatten() {
        let Some(owner) = desk::controller(value) else {
            if event.happened == Happened::Added {
                adopters(desk, event);
            }
            continue;
        };
        let id = match desk::text(owner, &["kind"]) {
            "ReplicaSet" => replicas::SETS,
            "ReplicationController" => replicas::CONTROLLERS,
            "Deployment" => deployments::DEPLOYMENTS,
            "StatefulSet" => statefulsets::STATEFUL,
            "DaemonSet" => daemons::DAEMONS,
            "Job" => jobs::JOBS,
            "CronJob" => cronjobs::CRON_JOBS,
            _ => continue,
        };
        let (space, name) = (&*event.key.namespace, desk::text(owner, &["name"]));
        if let Some(stored) = desk.machine.state().find(id, space, name) {
            look(desk, id, stored);
        }
    }
}

/// Those who make pods, in a namespace or in all, try again: what kept them from it may be gone.
fn makers(desk: &mut Desk<'_>, namespace: Option<&str>) {
    let machine = desk.machine;
    for id in [
        deployments::DEPLOYMENTS,
        replicas::SETS,
        replicas::CONTROLLERS,
        statefulsets::STATEFUL,
        daemons::DAEMONS,
        jobs::JOBS,
    ] {
        let is_meant = |stored: &Stored| namespace.is_none_or(|it| *stored.head.namespace == *it);
        for stored in machine.state().list(id, None).filter(|stored| is_meant(stored)) {
            look(desk, id, stored);
        }
    }
}

/// Those that may take for their own what nobody controls.
fn adopters(desk: &mut Desk<'_>, event: &Event) {
    let resources: &[&str] = match &*event.key.resource {
        pods::PODS => &[replicas::SETS, replicas::CONTROLLERS],
        replicas::SETS => &[deployments::DEPLOYMENTS],
        _ => &[],
    };
    for id in resources {
        for stored in desk.all(id, &event.key.namespace) {
            look(desk, id, stored);
        }
    }
}

fn node_changed(desk: &mut Desk<'_>, event: &Event) {
    let facts = |stored: &Stored| {
        let value = stored.value(None);
        let of = |path: &str| value.pointer(path).cloned();
        (of("/spec"), of("/metadata/labels"), desk::says_true(stored, "Ready"))
    };
    let is_same = event.happened == Happened::Modified
        && event.previous.as_ref().is_some_and(|before| facts(before) == facts(&event.object));
    if is_same {
        return;
    }
    pods::look_at_waiting(desk, None);
    look_at_all(desk, &[daemons::DAEMONS]);
    if event.happened == Happened::Modified {
        for pod in desk.machine.state().list(pods::PODS, None) {
            if pod.head.field("spec.nodeName") == &*event.key.name {
                look(desk, pods::PODS, pod);
            }
        }
    }
}

/// Whether an event is about the ConfigMap that changes the script.
pub(crate) fn is_faults(event: &Event) -> bool {
    *event.key.resource == *CONFIG_MAPS
        && *event.key.namespace == *FAULTS.0
        && *event.key.name == *FAULTS.1
}

/// The script that a cluster holds in its ConfigMap, if there is one.
pub(crate) fn held(state: &crate::store::State) -> Option<Result<Script, String>> {
    let stored = state.find(CONFIG_MAPS, FAULTS.0, FAULTS.1)?;
    let value = stored.value(None);
    let Some(text) = crate::object::text(&value, &["data", FAULTS.2]) else {
        return Some(Err(format!("data: there is no key {:?}", FAULTS.2)));
    };
    Some(Script::read(text).map_err(|error| error.to_string()))
}

/// Everything that a script is about looks again.
fn faults_changed(desk: &mut Desk<'_>, event: &Event) {
    if let Some(fault) = desk.machine.script_fault()
        && let Some(resource) = desk.machine.stored(CONFIG_MAPS)
    {
        let about = super::value(resource, &event.object);
        let message = format!("{}: {fault}; the cluster goes on as if it were not there", FAULTS.2);
        let note = notes::Note {
            source: "towpath",
            is_warning: true,
            reason: "MalformedFaults",
            message: &message,
        };
        desk.note(&about, &note);
    }
    look_at_all(desk, &["nodes", pods::PODS, claims::CLAIMS, jobs::JOBS]);
}

/// What has to be written when a cluster goes on that was stopped in the middle, or that is new.
pub(super) fn begin(machine: &Machine, now: Timestamp, todo: &mut Vec<Vec<Change>>) {
    let Some(script) = machine.script() else { return };
    let mut desk = Desk::new(machine, script, now);
    node::begin(&mut desk);
    for (id, table) in machine.state().tables() {
        for stored in table.values() {
            look(&mut desk, id, stored);
        }
    }
    todo.extend(desk.finish().0);
}

/// What has to be written because time has passed, and when to look again.
pub(super) fn due(machine: &Machine, now: Timestamp) -> (Vec<Vec<Change>>, Option<Timestamp>) {
    let Some(script) = machine.script() else { return (Vec::new(), None) };
    let mut desk = Desk::new(machine, script, now);
    let state = machine.state();
    for pod in state.list(pods::PODS, None) {
        if pods::is_timed(&desk, pod) {
            look(&mut desk, pods::PODS, pod);
        }
    }
    for job in state.list(jobs::JOBS, None) {
        if jobs::is_timed(job) {
            look(&mut desk, jobs::JOBS, job);
        }
    }
    for deployment in state.list(deployments::DEPLOYMENTS, None) {
        if !deployment.tail().contains("\"reason\":\"NewReplicaSetAvailable\"") {
            look(&mut desk, deployments::DEPLOYMENTS, deployment);
        }
    }
    for id in [replicas::SETS, replicas::CONTROLLERS, statefulsets::STATEFUL, daemons::DAEMONS] {
        for stored in state.list(id, None) {
            if stored.tail().contains("\"minReadySeconds\":") {
                look(&mut desk, id, stored);
            }
        }
    }
    look_at_all(&mut desk, &["nodes", cronjobs::CRON_JOBS]);
    let (mut todo, mut wake) = desk.finish();
    if let Some(at) = notes::clear(machine, now, &mut todo) {
        wake = Some(wake.map_or(at, |wake| wake.min(at)));
    }
    (todo, wake)
}
