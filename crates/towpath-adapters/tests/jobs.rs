//! Jobs on a real API: created once, followed to their end, and what cannot be is told.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result};
use kube::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use towpath_adapters::kubernetes::{ClusterJobs, Settings};
use towpath_apimachinery::surface::Surface;
use towpath_apiserver::{Clock, Cluster, Server, kubeconfig};
use towpath_catalog::Minor;
use towpath_core::id::ClusterName;
use towpath_engine::ports::jobs::{JobAt, Jobs as _, Said, Started, Waited};
use towpath_testkit::api_server::{ApiServer, TOKEN, refusal};
use towpath_testkit::faulty_registry::{Answer, Rule};
use towpath_testkit::jobs_contract::{self, Controller, at, manifest, over};

/// A cluster on a socket, in a thread of its own; the test plays its controllers.
struct World {
    runtime: Runtime,
    cluster: Cluster,
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl World {
    fn new() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let cluster = Cluster::new(Arc::new(Surface::load(Minor::new(36))?), Clock::Real);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let server = Server::plain(cluster.clone());
        let thread = std::thread::spawn(move || {
            serving.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("it listens");
                server.serve(listener, async { drop(stopped.await) }).await;
            });
            serving.shutdown_background();
        });
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("config"), kubeconfig::text("live", &url, None))?;
        let (stop, thread) = (Some(stop), Some(thread));
        Ok(Self { runtime, cluster, folder, stop, thread })
    }

    fn jobs(&self) -> Result<ClusterJobs> {
        of(&self.folder, "live")
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let kind = if method == "PATCH" { "merge-patch+json" } else { "json" };
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("Content-Type", format!("application/{kind}"))
            .body(serde_json::to_vec(body)?)?;
        let (cluster, sent) = (self.cluster.clone(), format!("{method} {path}"));
        self.runtime
            .block_on(async { Client::new(cluster, "default").request(request).await })
            .with_context(|| sent)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let (Some(stop), Some(thread)) = (self.stop.take(), self.thread.take()) {
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

fn of(folder: &TempDir, context: &str) -> Result<ClusterJobs> {
    let settings = Settings {
        kubeconfigs: vec![folder.path().join("config")],
        retry_wait: Duration::from_millis(20),
        ..Settings::for_user(|_| None)
    };
    let contexts = BTreeMap::from([(ClusterName::parse("staging")?, context.to_owned())]);
    Ok(ClusterJobs::new(contexts, settings)?)
}

/// Sets a status by a connection of its own, so that the test may wait meanwhile.
struct Plays(Cluster);

impl Controller for Plays {
    fn set(&self, at: &JobAt, status: Value) {
        let path = format!("/apis/batch/v1/namespaces/{}/jobs/{}/status", at.namespace, at.name);
        let request = http::Request::patch(path)
            .header("Content-Type", "application/merge-patch+json")
            .body(json!({"status": status}).to_string().into_bytes())
            .expect("a request");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let cluster = self.0.clone();
        runtime
            .expect("there is a thread")
            .block_on(async { Client::new(cluster, "default").request::<Value>(request).await })
            .expect("the status is one");
    }
}

#[test]
fn jobs_of_a_cluster_keep_the_contract() -> Result<()> {
    let world = World::new()?;
    jobs_contract::run(&world.jobs()?, &Plays(world.cluster.clone()))?;
    Ok(())
}

#[test]
fn two_who_start_a_job_at_the_same_time_make_one() -> Result<()> {
    let world = World::new()?;
    let all = [world.jobs()?, world.jobs()?];
    let one = &at("one");
    let started: Vec<Started> = std::thread::scope(|scope| {
        let start = |jobs| scope.spawn(move || ClusterJobs::start(jobs, one, &manifest(one)));
        let threads: Vec<_> = all.iter().map(start).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect::<Result<_, _>>()
    })?;
    let created = started.iter().filter(|one| **one == Started::Created).count();
    assert_eq!(created, 1, "{started:?}");
    let all = world.send("GET", "/apis/batch/v1/namespaces/default/jobs", &Value::Null)?;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[test]
fn a_pod_that_does_not_run_says_why() -> Result<()> {
    let world = World::new()?;
    let (jobs, one) = (world.jobs()?, at("one"));
    jobs.start(&one, &manifest(&one))?;
    let pods = "/api/v1/namespaces/default/pods";
    let pod = json!({
        "metadata": {"name": "one-x", "labels": {"job-name": "one"}},
        "spec": {"containers": [{"name": "e2e", "image": "e2e:1"}]},
    });
    world.send("POST", pods, &pod)?;
    let waiting = json!({"reason": "ErrImagePull", "message": "no such image"});
    let status = json!({
        "phase": "Pending",
        "containerStatuses": [{
            "name": "e2e", "image": "e2e:1", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"waiting": waiting},
        }],
    });
    world.send("PATCH", &format!("{pods}/one-x/status"), &json!({"status": status}))?;
    let state = "e2e waits: ErrImagePull, no such image".to_owned();
    assert_eq!(jobs.said(&one)?, Said { state, ..Said::default() });
    Ok(())
}

#[test]
fn what_a_cluster_does_not_take_is_told() -> Result<()> {
    let world = World::new()?;
    let jobs = world.jobs()?;
    let elsewhere = JobAt { namespace: "nowhere".to_owned(), ..at("one") };
    let error = jobs.start(&elsewhere, &manifest(&elsewhere)).expect_err("there is no namespace");
    assert!(error.to_string().contains("cannot create Job nowhere/one on cluster live"), "{error}");
    assert!(error.to_string().contains("not found"), "{error}");
    let unknown = JobAt { cluster: ClusterName::parse("moon")?, ..at("one") };
    let error = jobs.start(&unknown, &manifest(&unknown)).expect_err("it is not connected");
    assert_eq!(error.to_string(), "cluster moon is not connected");
    Ok(())
}

/// What a server answers that is none of ours: rights, logs, faults.
fn scripted(rules: Vec<Rule>) -> Result<(ApiServer, TempDir)> {
    let server = ApiServer::start("36", &[], rules)?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("config"), server.kubeconfig("live"))?;
    Ok((server, folder))
}

const JOBS: &str = "/apis/batch/v1/namespaces/default/jobs";

#[test]
fn what_is_forbidden_is_not_asked_again_and_says_what_it_takes() -> Result<()> {
    let said = format!("User cannot create resource jobs, {TOKEN}");
    let rules = vec![Rule::new(&format!("POST {JOBS}"), [refusal(403, &said)])];
    let (server, folder) = scripted(rules)?;
    let one = at("one");
    let error = of(&folder, "live")?.start(&one, &manifest(&one)).expect_err("it is forbidden");
    assert!(error.to_string().contains("403, User cannot create resource jobs, ***"), "{error}");
    assert!(error.hint.is_some_and(|hint| hint.contains("Role")));
    assert_eq!(server.seen().len(), 1);
    Ok(())
}

#[test]
fn contact_that_is_lost_is_sought_again() -> Result<()> {
    let job = |status: Value| json!({"metadata": {"name": "one", "uid": "1", "resourceVersion": "7"}, "status": status});
    let answers = [
        Answer::HangUp,
        refusal(500, "etcd leader changed"),
        Answer::ok(job(json!({})).to_string()),
        Answer::ok(job(over("Complete", "CompletionsReached")).to_string()),
    ];
    let watch = Rule::new(&format!("GET {JOBS}?watch"), [refusal(410, "too old")]);
    let rules = vec![watch, Rule::new(&format!("GET {JOBS}/one"), answers)];
    let (_server, folder) = scripted(rules)?;
    let waited = of(&folder, "live")?.wait(&[at("one")], Duration::from_secs(60)).remove(0)?;
    assert!(matches!(waited, Waited::Ended(end) if end.passed));
    Ok(())
}

#[test]
fn a_cluster_that_stays_lost_says_nothing_of_its_job() -> Result<()> {
    let rules = vec![Rule::new(&format!("GET {JOBS}/one"), [refusal(500, "etcd is away")])];
    let (_server, folder) = scripted(rules)?;
    let jobs = of(&folder, "live")?;
    let error = jobs.wait(&[at("one")], Duration::from_secs(1)).remove(0).expect_err("it is lost");
    assert!(error.to_string().contains("etcd is away"), "{error}");
    Ok(())
}

#[test]
fn the_log_of_the_pod_that_failed_is_read_to_a_bound() -> Result<()> {
    let pod = json!({
        "metadata": {"name": "one-x"},
        "status": {"phase": "Failed", "containerStatuses": [
            {"name": "e2e", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}},
        ]},
    });
    let pods = "/api/v1/namespaces/default/pods";
    let log = format!("GET {pods}/one-x/log");
    let rules = vec![
        Rule::new(&log, [Answer::ok("no route to host\n"), refusal(403, "pods/log is forbidden")]),
        Rule::new(&format!("GET {pods}"), [Answer::ok(json!({"items": [pod]}).to_string())]),
    ];
    let (server, folder) = scripted(rules)?;
    let jobs = of(&folder, "live")?;
    let state = "e2e exited with 3".to_owned();
    let log = "no route to host\n".to_owned();
    assert_eq!(jobs.said(&at("one"))?, Said { state: state.clone(), log, unread: None });
    let unread = Some("403, pods/log is forbidden".to_owned());
    assert_eq!(jobs.said(&at("one"))?, Said { state, log: String::new(), unread });
    let asked: Vec<String> = server.seen().iter().map(|seen| seen.line.clone()).collect();
    assert!(asked[0].contains("labelSelector=job-name%3Done"), "{asked:?}");
    assert!(asked[1].contains("/log?container=e2e&tailLines=20&limitBytes=65536"), "{asked:?}");
    Ok(())
}
