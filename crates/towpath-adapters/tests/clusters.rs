//! Clusters that are watched: what they say reaches us without being asked for, and so does that they say nothing.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use kube::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use towpath_adapters::kubernetes::{Connected, Settings};
use towpath_apimachinery::surface::Surface;
use towpath_apiserver::{Clock, Cluster, Server, kubeconfig};
use towpath_catalog::Minor;
use towpath_core::id::{ClusterName, ComponentName, EnvironmentName, RepoPath};
use towpath_core::pin::{Location, ObjectRef, Pin};
use towpath_core::running::{ClusterReport, Contact, Health, Running};
use towpath_core::tracking::{Exact, Tracking};
use towpath_engine::ports::clusters::{Clusters as _, Sight};
use towpath_engine::running::objects::{KindName, Listed};
use towpath_engine::running::{flux, observe_clusters};
use towpath_testkit::api_server::{ApiServer, Served, refusal};
use towpath_testkit::faulty_registry::{Answer, Rule};

/// A test that has not seen what it waits for by then has failed.
const GUARD: Duration = Duration::from_secs(60);

const KUSTOMIZATIONS: &str =
    "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations";
const SOURCES: &str = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/ocirepositories";
const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/apps/deployments";
const TIME: &str = "2026-11-21T12:00:00Z";

/// A cluster on a socket, in a thread of its own.
struct Live {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Live {
    fn serve(cluster: &Cluster, at: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let server = Server::plain(cluster.clone());
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("it listens");
                let stopped = async { drop(stopped.await) };
                server.serve(listener, stopped).await;
            });
            // Connections that are still open are cut.
            runtime.shutdown_background();
        });
        Ok(Self { address, stop, thread })
    }

    fn stop(self) -> Result<SocketAddr> {
        let _ = self.stop.send(());
        self.thread.join().map_err(|_| anyhow::anyhow!("the server panicked"))?;
        Ok(self.address)
    }
}

struct World {
    runtime: Runtime,
    cluster: Cluster,
    folder: TempDir,
}

impl World {
    fn new() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let surface = Arc::new(Surface::load(Minor::new(36))?);
        let cluster = Cluster::new(surface, Clock::Real);
        let world = Self { runtime, cluster, folder: tempfile::tempdir()? };
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        world.send("POST", definitions, &definition(&flux::kustomization(), "kustomizations"))?;
        let source = definition(&flux::source("OCIRepository"), "ocirepositories");
        world.send("POST", definitions, &source)?;
        for name in ["flux-system", "apps"] {
            world.send("POST", "/api/v1/namespaces", &json!({"metadata": {"name": name}}))?;
        }
        Ok(world)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let kind = if method == "PATCH" { "merge-patch+json" } else { "json" };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("Content-Type", format!("application/{kind}"))
            .body(serde_json::to_vec(body)?)?;
        // A client belongs to the runtime that it was made in.
        let (cluster, sent) = (self.cluster.clone(), format!("{method} {path}"));
        self.runtime
            .block_on(async { Client::new(cluster, "default").request(request).await })
            .with_context(|| sent)
    }

    fn watch(&self, live: &Live) -> Result<Connected> {
        let file = self.folder.path().join("config");
        let server = format!("http://{}", live.address);
        std::fs::write(&file, kubeconfig::text("embedded", &server, None))?;
        Ok(Connected::watch([(name()?, "embedded".to_owned())], &settings(file))?)
    }
}

fn settings(kubeconfig: std::path::PathBuf) -> Settings {
    Settings {
        kubeconfigs: vec![kubeconfig],
        retry_wait: Duration::from_millis(20),
        ..Settings::for_user(|_| None)
    }
}

fn definition(kind: &KindName, plural: &str) -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "metadata": {"name": format!("{plural}.{}", kind.group)},
        "spec": {
            "group": kind.group, "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind.kind},
            "versions": [{
                "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": schema},
            }],
        },
    })
}

fn name() -> Result<ClusterName> {
    Ok(ClusterName::parse("staging")?)
}

fn pin() -> Result<Pin> {
    let part = str::to_owned;
    Ok(Pin {
        component: ComponentName::parse("platform")?,
        environment: EnvironmentName::parse("staging")?,
        cluster: name()?,
        object: ObjectRef {
            kind: part("OCIRepository"),
            namespace: part("flux-system"),
            name: part("platform"),
        }
        .into(),
        field: part("spec.ref.tag"),
        at: Location { file: RepoPath::parse("platform.yaml")?, line: 1, column: 1 },
        tracking: Tracking::Exact(Exact::tag("0.0.8")),
        splices: Ok(Vec::new()),
    })
}

fn report(connected: &Connected) -> Result<ClusterReport> {
    let mut all = observe_clusters(&[pin()?], connected, Timestamp::now());
    all.remove(&name()?).context("it is connected")
}

/// Waits until what is known is as it should be.
fn until(
    connected: &Connected,
    what: &str,
    is: impl Fn(&ClusterReport) -> bool,
) -> Result<ClusterReport> {
    loop {
        let seen = connected.changes();
        let report = report(connected)?;
        if is(&report) {
            return Ok(report);
        }
        let now = connected.wait(seen, GUARD);
        ensure!(now > seen, "nothing changes any more, and never {what}: {report:#?}");
    }
}

fn runs(report: &ClusterReport) -> Option<&Running> {
    report.now(&ComponentName::parse("platform").ok()?)
}

fn is(health: Health, version: &str) -> impl Fn(&ClusterReport) -> bool {
    move |report| {
        runs(report).is_some_and(|it| it.health == health && it.short().as_deref() == Some(version))
    }
}

fn revision(number: u8) -> String {
    format!("0.0.{number}@sha256:{}", format!("{number:02x}").repeat(32))
}

fn ready(status: &str, reason: &str, message: &str) -> Value {
    json!([{
        "type": "Ready", "status": status, "reason": reason, "message": message,
        "lastTransitionTime": TIME,
    }])
}

fn applied(number: u8, inventory: &[&str]) -> Value {
    let entries = inventory.iter().map(|id| json!({"id": id, "v": "v1"}));
    json!({"status": {
        "observedGeneration": 1,
        "lastAppliedRevision": revision(number), "lastAttemptedRevision": revision(number),
        "inventory": {"entries": entries.collect::<Vec<_>>()},
        "conditions": ready("True", "ReconciliationSucceeded", &format!("Applied revision: {}", revision(number))),
    }})
}

fn fetched(number: u8) -> Value {
    json!({"status": {
        "observedGeneration": 1, "conditions": ready("True", "Succeeded", "stored"),
        "artifact": {"revision": revision(number), "lastUpdateTime": TIME},
    }})
}

#[test]
fn what_a_cluster_says_arrives_and_so_does_its_silence() -> Result<()> {
    let world = World::new()?;
    let live = Live::serve(&world.cluster, SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let connected = world.watch(&live)?;
    ensure!(connected.settle(GUARD), "it answers");
    let empty = report(&connected)?;
    assert_eq!((&empty.contact, empty.components.len()), (&Contact::Connected, 0));

    let source = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "OCIRepository",
        "metadata": {"name": "platform"}, "spec": {"interval": "1m"},
    });
    world.send("POST", SOURCES, &source)?;
    world.send("PATCH", &format!("{SOURCES}/platform/status"), &fetched(8))?;
    let kustomization = json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
        "metadata": {"name": "platform"},
        "spec": {"interval": "1m", "sourceRef": {"kind": "OCIRepository", "name": "platform"}},
    });
    world.send("POST", KUSTOMIZATIONS, &kustomization)?;
    let status = format!("{KUSTOMIZATIONS}/platform/status");
    let failed = json!({"status": {
        "observedGeneration": 1, "conditions": ready("False", "BuildFailed", "no such file"),
    }});
    world.send("PATCH", &status, &failed)?;
    let report = until(&connected, "failed", |report| {
        runs(report).is_some_and(|it| it.health == Health::Failed)
    })?;
    assert_eq!(runs(&report).context("it is told")?.ailing[0].why, "no such file");
    world.send("PATCH", &status, &applied(8, &[]))?;
    let healthy = until(&connected, "healthy", is(Health::Healthy, "0.0.8"))?;
    assert_eq!(runs(&healthy).context("it is told")?.since, TIME.parse()?);

    // A kind that no inventory named before is followed from now on.
    let web = json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    });
    world.send("POST", DEPLOYMENTS, &web)?;
    world.send("PATCH", &status, &applied(8, &["apps_web_apps_Deployment"]))?;
    until(&connected, "progressing", is(Health::Progressing, "0.0.8"))?;
    let up = json!({"status": {
        "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
        "availableReplicas": 1, "conditions": [
            {"type": "Available", "status": "True", "reason": "Up", "message": "up", "lastTransitionTime": TIME},
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "message": "up"},
        ],
    }});
    world.send("PATCH", &format!("{DEPLOYMENTS}/web/status"), &up)?;
    until(&connected, "healthy with its workload", is(Health::Healthy, "0.0.8"))?;

    // What it said before is kept, and is no answer any more.
    let before = Timestamp::now();
    let address = live.stop()?;
    let lost = until(&connected, "lost", |it| it.contact != Contact::Connected)?;
    let Contact::Lost { since, why } = &lost.contact else { anyhow::bail!("it is lost") };
    ensure!(*since <= Timestamp::now() && !why.is_empty(), "{since} {before} {why}");
    assert_eq!(runs(&lost), None);
    assert_eq!(lost.components.len(), 1);

    // While it is away it moves on.
    world.send("PATCH", &format!("{SOURCES}/platform/status"), &fetched(9))?;
    world.send("PATCH", &status, &applied(9, &[]))?;
    let live = Live::serve(&world.cluster, address)?;
    until(&connected, "back with what it runs by now", is(Health::Healthy, "0.0.9"))?;
    // A cluster in memory that was served before ends every watch at once; what happens is learned nevertheless.
    world.send("DELETE", &format!("{KUSTOMIZATIONS}/platform"), &json!({}))?;
    until(&connected, "without what delivers it", |report| {
        runs(report).is_some_and(|it| it.health == Health::Unknown)
    })?;
    drop(connected);
    live.stop()?;
    Ok(())
}

/// What is known of the kind that a scripted server has.
fn sight_of(instead: Vec<Rule>, is: impl Fn(&Sight) -> bool) -> Result<(ApiServer, Sight)> {
    let served = Served::new("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "kustomizations")
        .with([json!({"metadata": {"name": "listed", "resourceVersion": "1"}})]);
    let server = ApiServer::start("36", &[served], instead)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config");
    std::fs::write(&file, server.kubeconfig("scripted"))?;
    let connected = Connected::watch([(name()?, "scripted".to_owned())], &settings(file))?;
    loop {
        let seen = connected.changes();
        let sight = connected.look(&name()?).context("it is connected")?;
        if is(&sight) {
            return Ok((server, sight));
        }
        ensure!(connected.wait(seen, GUARD) > seen, "nothing changes any more: {sight:#?}");
    }
}

const WATCHED: &str = "GET /apis/kustomize.toolkit.fluxcd.io/v1/kustomizations?watch=true";

fn names(sight: &Sight) -> Vec<&str> {
    let all = sight.objects.of(&flux::kustomization());
    all.filter_map(|object| object.pointer("/metadata/name")?.as_str()).collect()
}

fn events(all: &[(&str, Value)]) -> Answer {
    let lines =
        all.iter().map(|(what, object)| json!({"type": what, "object": object}).to_string());
    Answer::ok(lines.collect::<Vec<_>>().join("\n") + "\n")
}

fn object(name: &str, version: &str) -> Value {
    json!({"metadata": {"name": name, "resourceVersion": version}})
}

#[test]
fn a_watch_goes_on_where_it_ended_and_begins_anew_where_it_is_forgotten() -> Result<()> {
    let first = events(&[("ADDED", object("new", "5")), ("BOOKMARK", object("", "7"))]);
    let gone = json!({"kind": "Status", "code": 410, "message": "too old"});
    let second = events(&[("DELETED", object("listed", "8")), ("ERROR", gone)]);
    let third = events(&[("ADDED", object("later", "9"))]);
    let rules = vec![Rule::new(WATCHED, [first, second, refusal(410, "too old"), third])];
    let (server, sight) = sight_of(rules, |sight| names(sight).contains(&"later"))?;
    assert_eq!(names(&sight), ["later", "listed"]);
    let seen = server.seen();
    let lines: Vec<&str> = seen.iter().map(|seen| seen.line.as_str()).collect();
    let of_kind = |line: &&&str| line.contains("/kustomizations?");
    let asked: Vec<&str> = lines.iter().filter(of_kind).take(7).copied().collect();
    let from = |line: &str| {
        let (_, version) = line.split_once("resourceVersion=").unwrap_or_default();
        version.split(['&', ' ']).next().unwrap_or_default().to_owned()
    };
    let versions: Vec<String> = asked.iter().map(|line| from(line)).collect();
    // A list, a watch, one where that ended; a list, a watch that is refused; a list and a watch.
    assert_eq!(versions, ["", "1", "7", "", "1", "", "1"], "{asked:#?}");
    assert!(lines.iter().all(|line| line.starts_with("GET ")), "{lines:#?}");
    Ok(())
}

#[test]
fn a_kind_that_is_refused_is_not_taken_for_empty() -> Result<()> {
    let list = "GET /apis/kustomize.toolkit.fluxcd.io/v1/kustomizations?limit=500";
    let rules = vec![Rule::new(list, [refusal(403, "not for you")])];
    let (_server, sight) = sight_of(rules, |sight| sight.contact == Contact::Connected)?;
    let refused = Listed::Refused("403, not for you".to_owned());
    assert_eq!(sight.objects.kind(&flux::kustomization()), Some(&refused));
    Ok(())
}

#[test]
fn what_makes_no_sense_is_no_contact() -> Result<()> {
    for answer in [Answer::ok("<html>log in</html>\n"), events(&[("SOMETHING", object("a", "1"))])]
    {
        let rules = vec![Rule::new(WATCHED, [answer])];
        let is_lost = |sight: &Sight| matches!(&sight.contact, Contact::Lost { why, .. } if why.contains("none of a Kubernetes"));
        sight_of(rules, is_lost)?;
    }
    Ok(())
}

#[test]
fn a_context_that_is_not_there_is_a_cluster_that_does_not_answer() -> Result<()> {
    let file = tempfile::tempdir()?.path().join("config");
    let connected = Connected::watch([(name()?, "nowhere".to_owned())], &settings(file))?;
    ensure!(connected.settle(GUARD), "it is settled that it does not answer");
    let report = report(&connected)?;
    let Contact::Lost { why, .. } = &report.contact else { anyhow::bail!("{report:?}") };
    assert_eq!(why, "no kubeconfig has a context");
    Ok(())
}
