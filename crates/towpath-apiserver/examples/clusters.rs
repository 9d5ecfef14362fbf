//! Many clusters in one process, all at once: what each of them takes.
//!
//! `clusters N` starts N clusters of the newest minor and applies to each of them, side by side, the objects that are on
//! standard input, one a line as JSON, as a client would: it asks what is served and applies on the side of the server.
//! All clusters stay until all are done. What was measured is told as one line of JSON; `cargo xtask bench cluster`
//! shows it beside what was hoped for.

#![expect(clippy::print_stdout, reason = "what it measures is what it is for")]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::hint::black_box;
use std::io::BufRead as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tower_service::Service as _;
use towpath_apimachinery::bootstrap::Bootstrap;
use towpath_apimachinery::surface::Surface;
use towpath_apiserver::{Clock, Cluster};
use towpath_catalog::Minor;

/// How many clusters are started to know what one of them takes.
const FRESH: usize = 100;

type Fault = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Fault> {
    let count: usize = std::env::args().nth(1).ok_or("usage: clusters N < OBJECTS")?.parse()?;
    let objects = std::io::stdin().lock().lines();
    let objects: Vec<Value> =
        objects.map(|line| Ok(serde_json::from_str(&line?)?)).collect::<Result<_, Fault>>()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;

    let begin = Instant::now();
    let surface = Arc::new(Surface::load(Minor::NEWEST)?);
    let clock = Clock::Real;
    let bootstrap = Bootstrap::new(surface, clock.now());
    let first = start(&bootstrap);
    runtime.block_on(ask(&first, "GET", "/readyz", None))?;
    let first_ready = begin.elapsed();

    let before = resident()?;
    let begin = Instant::now();
    let mut fresh = Vec::new();
    for _ in 0..FRESH {
        let cluster = start(&bootstrap);
        runtime.block_on(ask(&cluster, "GET", "/readyz", None))?;
        fresh.push(cluster);
    }
    let fresh_ready = begin.elapsed() / FRESH as u32;
    let fresh_takes = resident()?.saturating_sub(before) / FRESH as u64;
    drop(black_box(fresh));

    let objects = Arc::new(objects);
    let before = resident()?;
    let begin = Instant::now();
    let clusters: Vec<Cluster> = (0..count).map(|_| start(&bootstrap)).collect();
    let unserved = runtime.block_on(async {
        let all = clusters.iter().map(|cluster| {
            let (cluster, objects) = (cluster.clone(), Arc::clone(&objects));
            tokio::spawn(async move { apply(&cluster, &objects).await })
        });
        let mut unserved = BTreeSet::new();
        for one in all.collect::<Vec<_>>() {
            unserved.append(&mut one.await??);
        }
        Ok::<_, Fault>(unserved)
    })?;
    let applied = begin.elapsed();
    let takes = resident()?.saturating_sub(before) / count.max(1) as u64;
    let figures = json!({
        "firstReadyMs": millis(first_ready),
        "furtherReadyMs": millis(fresh_ready),
        "furtherKiB": fresh_takes,
        "clusters": clusters.len(),
        "objects": objects.len(),
        "unserved": unserved,
        "appliedMs": millis(applied),
        "eachKiB": takes,
    });
    println!("{figures}");
    Ok(())
}

/// A further cluster, which lives.
fn start(bootstrap: &Bootstrap) -> Cluster {
    Cluster::fresh(bootstrap, Clock::Real).living(Arc::default())
}

/// Applies all objects, in order. Gives the kinds that are not served.
async fn apply(cluster: &Cluster, objects: &[Value]) -> Result<BTreeSet<String>, Fault> {
    let mut served = BTreeMap::new();
    let mut unserved = BTreeSet::new();
    for object in objects {
        let text = |path| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
        let (version, kind) = (text("/apiVersion"), text("/kind"));
        let root = if version.contains('/') { "/apis" } else { "/api" };
        // What a definition adds is asked for when it is needed, and once.
        if !served.contains_key(version) {
            let list = ask(cluster, "GET", &format!("{root}/{version}"), None).await;
            served.insert(version.to_owned(), list.unwrap_or_default());
        }
        let Some((plural, is_namespaced)) = find(&served[version], kind) else {
            unserved.insert(format!("{kind}.{version}"));
            continue;
        };
        let space = match text("/metadata/namespace") {
            _ if !is_namespaced => String::new(),
            "" => "namespaces/default/".to_owned(),
            namespace => format!("namespaces/{namespace}/"),
        };
        let name = text("/metadata/name");
        let path = format!("{root}/{version}/{space}{plural}/{name}?fieldManager=example");
        ask(cluster, "PATCH", &path, Some(object)).await?;
    }
    Ok(unserved)
}

/// The name of a kind in paths, and whether its objects have a namespace.
fn find<'a>(list: &'a Value, kind: &str) -> Option<(&'a str, bool)> {
    let resources = list.get("resources")?.as_array()?;
    let found = resources.iter().find(|one| {
        one["kind"] == kind && !one["name"].as_str().unwrap_or_default().contains('/')
    })?;
    Some((found["name"].as_str()?, found["namespaced"] == true))
}

async fn ask(
    cluster: &Cluster,
    verb: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Value, Fault> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = Request::builder()
        .method(verb)
        .uri(path)
        .header("Content-Type", "application/apply-patch+yaml")
        .body(Full::new(Bytes::from(body)))?;
    let response = cluster.clone().call(request).await?;
    let status = response.status();
    let bytes = response.into_body().collect().await?.to_bytes();
    if status != StatusCode::OK && status != StatusCode::CREATED {
        return Err(format!("{verb} {path}: {status} {}", String::from_utf8_lossy(&bytes)).into());
    }
    Ok(serde_json::from_slice(&bytes).unwrap_or_default())
}

/// Resident memory, in KiB.
fn resident() -> Result<u64, Fault> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmRSS")?;
    Ok(number.parse()?)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
