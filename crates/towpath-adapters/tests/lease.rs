//! The lease in a cluster: as client-go leaves it, one holder at a time, and none who cannot renew it.

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use kube::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use towpath_adapters::kubernetes::{Place, Problem, Settings, Standing, Tenure};
use towpath_apimachinery::surface::Surface;
use towpath_apiserver::{Clock, Cluster, Server, kubeconfig};
use towpath_catalog::Minor;
use towpath_engine::lease::Terms;
use towpath_testkit::api_server::{ApiServer, refusal};
use towpath_testkit::faulty_registry::Rule;

/// A test that has not seen what it waits for by then has failed.
const GUARD: Duration = Duration::from_secs(60);

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/default/leases/towpath";

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
                server.serve(listener, async { drop(stopped.await) }).await;
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
        Ok(Self { runtime, cluster, folder: tempfile::tempdir()? })
    }

    fn serve(&self) -> Result<Live> {
        Live::serve(&self.cluster, SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    fn seek(&self, live: &Live, me: &str) -> Result<Seeker> {
        let file = self.folder.path().join("config");
        std::fs::write(&file, kubeconfig::text("live", &format!("http://{}", live.address), None))?;
        Seeker::new(file, "live", me)
    }

    fn send(&self, method: &str, body: &Value) -> Result<Value> {
        let kind = if method == "PATCH" { "merge-patch+json" } else { "json" };
        let request = http::Request::builder()
            .method(method)
            .uri(LEASE)
            .header("Content-Type", format!("application/{kind}"))
            .body(serde_json::to_vec(body)?)?;
        // A client belongs to the runtime that it was made in.
        let cluster = self.cluster.clone();
        Ok(self
            .runtime
            .block_on(async { Client::new(cluster, "default").request(request).await })?)
    }

    fn spec(&self) -> Result<Value> {
        Ok(self.send("GET", &json!({}))?["spec"].take())
    }
}

/// Somebody who wants the lease.
struct Seeker {
    tenure: Tenure,
    news: Arc<(Mutex<u64>, Condvar)>,
}

impl Seeker {
    fn new(kubeconfig: std::path::PathBuf, context: &str, me: &str) -> Result<Self> {
        let settings = Settings { kubeconfigs: vec![kubeconfig], ..Settings::for_user(|_| None) };
        let place = Place { namespace: "default".to_owned(), name: "towpath".to_owned() };
        let terms = Terms::lasting(Duration::from_secs(6)).context("it is long enough")?;
        let news = Arc::new((Mutex::new(0), Condvar::new()));
        let bell = Arc::clone(&news);
        let changed = move || {
            *bell.0.lock().expect("nobody panics") += 1;
            bell.1.notify_all();
        };
        let tenure = Tenure::seek(&place, context, &settings, terms, me.to_owned(), changed)?;
        Ok(Self { tenure, news })
    }

    /// Waits until it stands so.
    fn until(&self, is: impl Fn(&Standing) -> bool) -> Result<Standing> {
        let mut seen = self.news.0.lock().expect("nobody panics");
        loop {
            let standing = self.tenure.standing();
            if is(&standing) {
                return Ok(standing);
            }
            let (now, waited) = self.news.1.wait_timeout(seen, GUARD).expect("nobody panics");
            ensure!(!waited.timed_out(), "nothing changes any more: {standing:?}");
            seen = now;
        }
    }
}

#[test]
fn one_holds_it_and_the_next_takes_it_over_when_it_is_given_back() -> Result<()> {
    let world = World::new()?;
    let live = world.serve()?;
    let first = world.seek(&live, "first")?;
    let standing = first.until(|standing| standing.holds)?;
    assert_eq!(standing.holder.as_deref(), Some("first"));
    let spec = world.spec()?;
    assert_eq!(spec["holderIdentity"], "first");
    assert_eq!(spec["leaseDurationSeconds"], 6);
    assert_eq!(spec["leaseTransitions"], 0);
    assert_eq!(spec["acquireTime"], spec["renewTime"]);

    let second = world.seek(&live, "second")?;
    let standing = second.until(|standing| standing.holder.is_some())?;
    assert_eq!((standing.holds, standing.holder.as_deref()), (false, Some("first")));
    // What somebody else writes beside it stays.
    world.send("PATCH", &json!({"metadata": {"labels": {"team": "platform"}}}))?;
    first.tenure.release();
    let standing = second.until(|standing| standing.holds)?;
    assert_eq!(standing.holder.as_deref(), Some("second"));
    ensure!(standing.before.is_some(), "it knows how long the first one acted");
    let lease = world.send("GET", &json!({}))?;
    assert_eq!(lease["spec"]["leaseTransitions"], 1, "{lease}");
    assert_eq!(lease["metadata"]["labels"]["team"], "platform", "{lease}");

    second.tenure.release();
    let spec = world.spec()?;
    assert_eq!((&spec["holderIdentity"], &spec["leaseDurationSeconds"]), (&Value::Null, &json!(1)));
    live.stop()?;
    Ok(())
}

#[test]
fn who_cannot_renew_it_holds_it_no_more_until_he_can_again() -> Result<()> {
    let world = World::new()?;
    let live = world.serve()?;
    let only = world.seek(&live, "only")?;
    only.until(|standing| standing.holds)?;
    let address = live.stop()?;
    let standing = only.until(|standing| !standing.holds)?;
    let trouble = standing.trouble.context("it says why")?;
    assert_eq!(trouble.problem, Problem::Unreachable, "{trouble}");
    let live = Live::serve(&world.cluster, address)?;
    let standing = only.until(|standing| standing.holds)?;
    assert_eq!((standing.holder.as_deref(), standing.trouble), (Some("only"), None));
    only.tenure.release();
    live.stop()?;
    Ok(())
}

#[test]
fn who_took_it_by_hand_has_it() -> Result<()> {
    let world = World::new()?;
    let live = world.serve()?;
    let only = world.seek(&live, "only")?;
    only.until(|standing| standing.holds)?;
    world.send("PATCH", &json!({"spec": {"holderIdentity": "somebody"}}))?;
    let standing = only.until(|standing| !standing.holds)?;
    assert_eq!(standing.holder.as_deref(), Some("somebody"));
    // It is not given back by whoever does not hold it.
    only.tenure.release();
    assert_eq!(world.spec()?["holderIdentity"], "somebody");
    live.stop()?;
    Ok(())
}

#[test]
fn a_refusal_says_which_verbs_are_lacking() -> Result<()> {
    let rules = vec![Rule::new(&format!("GET {LEASE}"), [refusal(403, "leases is forbidden")])];
    let server = ApiServer::start("36", &[], rules)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config");
    std::fs::write(&file, server.kubeconfig("scripted"))?;
    let only = Seeker::new(file, "scripted", "only")?;
    let standing = only.until(|standing| standing.trouble.is_some())?;
    ensure!(!standing.holds, "nothing is held that cannot be read");
    let trouble = standing.trouble.context("it is there")?;
    ensure!(
        trouble.to_string().contains("cannot read the lease default/towpath of cluster scripted")
    );
    ensure!(trouble.hint.as_deref().is_some_and(|hint| hint.contains("get, create and update")));
    Ok(())
}
