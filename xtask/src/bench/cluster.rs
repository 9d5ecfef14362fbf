//! `cargo xtask bench cluster`: a sandbox cluster as a process, as clients meet it.
//!
//! Beside each figure stands what kube-apiserver 1.36.2 with etcd 3.5 was measured at on two cores: ready in 2.3 to
//! 2.9 s with 310 MB resident, 2,100 creations a second over 20 connections, a list of 2,000 in 11 to 28 ms.

mod client;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use self::client::Client;
use super::Bench;

/// Where objects are created.
const OBJECTS: &str = "/api/v1/namespaces/default/configmaps";

/// A page of a long list, as kubectl asks for.
const PAGE: usize = 500;

/// How much to do.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Sizes {
    /// Connections that create at once
    #[arg(long, default_value_t = 20)]
    connections: usize,
    /// Objects that are created over them
    #[arg(long, default_value_t = 20_000)]
    creations: usize,
    /// Watchers that are told of 100 changes
    #[arg(long, default_value_t = 1000)]
    watchers: usize,
    /// Objects that are listed page by page
    #[arg(long, default_value_t = 100_000)]
    listed: usize,
    /// Connections that are opened and say nothing
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
}

/// A server that is killed when nobody needs it any more.
struct Server {
    child: Child,
    address: String,
    ready: Duration,
}

impl Server {
    fn start(bench: &Bench, home: &Path, data: Option<&Path>) -> Result<Self> {
        let mut command = Command::new(&bench.towpath);
        command.args(["cluster", "start", "--kubernetes", "1.36", "--plain-http", "-o", "json"]);
        command.args(data.iter().flat_map(|data| ["--data".as_ref(), data.as_os_str()]));
        command.env("XDG_STATE_HOME", home).stdin(Stdio::null());
        let begin = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let said = BufReader::new(child.stdout.take().context("it has an output")?);
        let mut address = None;
        for line in said.lines() {
            let line = line?;
            if let Some((_, rest)) = line.split_once("\"http://") {
                address = rest.split('"').next().map(str::to_owned);
            }
            if line == "}" {
                break;
            }
        }
        let address = address.context("the server does not say where it listens")?;
        ensure!(Client::connect(&address)?.ask("GET", "/readyz", b"")? == b"ok", "it is not ready");
        Ok(Self { child, address, ready: begin.elapsed() })
    }

    /// Resident memory, in MB; 0 where the system does not say.
    fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kib.unwrap_or_default() / 1024.0
    }

    fn client(&self) -> Result<Client> {
        Client::connect(&self.address)
    }

    /// Creates objects over several connections; gives how long each took.
    fn create(&self, prefix: &str, connections: usize, objects: usize) -> Result<Vec<Duration>> {
        let times: Vec<Result<Vec<Duration>>> = thread::scope(|scope| {
            let creators: Vec<_> = (0..connections)
                .map(|number| {
                    scope.spawn(move || {
                        let mut client = self.client()?;
                        let mut times = Vec::new();
                        for object in (number..objects).step_by(connections) {
                            let body = object_of(&format!("{prefix}-{object:06}"));
                            let begin = Instant::now();
                            client.ask("POST", OBJECTS, body.as_bytes())?;
                            times.push(begin.elapsed());
                        }
                        Ok(times)
                    })
                })
                .collect();
            creators.into_iter().map(|creator| creator.join().expect("no creator panics")).collect()
        });
        let mut all: Vec<Duration> = times.into_iter().collect::<Result<Vec<_>>>()?.concat();
        all.sort();
        Ok(all)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn object_of(name: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}},"data":{{"key":"a value of some length, as configuration has it"}}}}"#
    )
}

/// Measures and prints.
pub(super) fn cluster(bench: &Bench, sizes: Sizes) -> Result<()> {
    let home = tempfile::tempdir()?;
    let data = home.path().join("data");
    for (title, data) in [("in memory", None), ("kept on disk", Some(data.as_path()))] {
        println!("\n{title}");
        let server = Server::start(bench, home.path(), data)?;
        row("ready", format!("{:.1} ms", millis(server.ready)));
        row("resident, idle", format!("{:.1} MB", server.resident()));
        let begin = Instant::now();
        let times = server.create("a", sizes.connections, sizes.creations)?;
        let rate = sizes.creations as f64 / begin.elapsed().as_secs_f64();
        let p99 = times.get(times.len() * 99 / 100).copied().unwrap_or_default();
        row("creations", format!("{rate:.0}/s, p99 {:.1} ms", millis(p99)));
        if data.is_none() {
            reads(&server, sizes)?;
        }
    }
    Ok(())
}

fn reads(server: &Server, sizes: Sizes) -> Result<()> {
    let mut client = server.client()?;
    let begin = Instant::now();
    let list = client.ask("GET", &format!("{OBJECTS}?limit=2000"), b"")?;
    let took = millis(begin.elapsed());
    row("a list of 2,000", format!("{took:.1} ms, {} KB", list.len() >> 10));
    fan_out(server, sizes.watchers)?;
    let more = sizes.listed.saturating_sub(sizes.creations);
    server.create("b", sizes.connections, more)?;
    let before = server.resident();
    let begin = Instant::now();
    let (objects, pages) = pages(&mut client)?;
    let took = millis(begin.elapsed());
    row(
        "page by page",
        format!(
            "{objects} objects, {pages} pages, {took:.0} ms, {before:.0} MB before and {:.0} after",
            server.resident()
        ),
    );
    let mut idle = Vec::new();
    for _ in 0..sizes.idle {
        // Whoever has no more sockets of its own has shown what it can.
        let Ok(client) = server.client() else { break };
        idle.push(client);
    }
    let begin = Instant::now();
    server.client()?.ask("GET", "/readyz", b"")?;
    let took = millis(begin.elapsed());
    row("beside idle ones", format!("{} connections, answered in {took:.1} ms", idle.len()));
    Ok(())
}

/// Every watcher is told of every change.
fn fan_out(server: &Server, watchers: usize) -> Result<()> {
    const CHANGES: usize = 100;
    let mut watching = Vec::new();
    for _ in 0..watchers {
        let mut client = server.client()?;
        client.watch("/api/v1/namespaces/kube-public/configmaps?watch=true&resourceVersion=0")?;
        watching.push(client);
    }
    let begin = Instant::now();
    let told: Vec<Result<usize>> = thread::scope(|scope| {
        let readers: Vec<_> = watching
            .chunks_mut(watchers.div_ceil(8).max(1))
            .map(|some| {
                scope.spawn(move || {
                    let mut told = 0;
                    for client in some {
                        let mut text = Vec::new();
                        while text.iter().filter(|byte| **byte == b'\n').count() < CHANGES {
                            ensure!(client.chunk(&mut text)?, "a watch ended early");
                        }
                        told += CHANGES;
                    }
                    Ok(told)
                })
            })
            .collect();
        let path = "/api/v1/namespaces/kube-public/configmaps";
        let changed = server.client().and_then(|mut client| {
            (0..CHANGES).try_for_each(|number| {
                let body = object_of(&format!("told-{number}"));
                client.ask("POST", path, body.as_bytes()).map(drop)
            })
        });
        let told = readers.into_iter().map(|reader| reader.join().expect("no reader panics"));
        std::iter::once(changed.map(|()| 0)).chain(told).collect()
    });
    let told: usize = told.into_iter().sum::<Result<usize>>()?;
    ensure!(
        told == watchers * CHANGES,
        "{told} events were told instead of {}",
        watchers * CHANGES
    );
    let took = millis(begin.elapsed());
    row("fan-out", format!("{told} events to {watchers} watchers in {took:.0} ms, none lost"));
    Ok(())
}

fn pages(client: &mut Client) -> Result<(usize, usize)> {
    let (mut objects, mut pages, mut next) = (0, 0, String::new());
    loop {
        let page = client.ask("GET", &format!("{OBJECTS}?limit={PAGE}&continue={next}"), b"")?;
        let page: serde_json::Value = serde_json::from_slice(&page)?;
        objects += page["items"].as_array().map_or(0, Vec::len);
        pages += 1;
        match page["metadata"]["continue"].as_str() {
            Some(token) if !token.is_empty() => next = token.to_owned(),
            _ => return Ok((objects, pages)),
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn row(name: &str, figure: String) {
    println!("  {name:16}  {figure}");
}
