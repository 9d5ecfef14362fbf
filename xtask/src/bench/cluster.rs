//! `cargo xtask bench cluster`: a sandbox cluster as a process, as clients meet it, and many of them in one process.
//!
//! Beside each figure stands what was hoped for, and what a real server was measured at: `cluster/table.rs`.

mod client;
mod many;
mod server;
mod table;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use self::client::Client;
use self::server::{OBJECTS, Server, object_of};
use self::table::{REAL_LIST, REAL_MB, REAL_P99, REAL_RATE, REAL_READY, Row, Table};
use super::Bench;

/// A page of a long list, as kubectl asks for.
const PAGE: usize = 500;

/// How often the list is asked for; the median is shown.
const LISTS: usize = 9;

/// How much to do.
#[derive(Debug, Clone, clap::Args)]
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
    /// Clusters at once in one process
    #[arg(long, default_value_t = 500)]
    clusters: usize,
    /// Folders and files of the platform that is applied to each of them
    #[arg(long, value_name = "PATH", num_args = 1..)]
    platform: Vec<PathBuf>,
}

/// Measures and prints.
pub(super) fn cluster(bench: &Bench, sizes: &Sizes) -> Result<()> {
    let home = tempfile::tempdir()?;
    let many = many::build()?;
    let mut table = Table::begin("in memory");
    let server = start(bench, home.path(), None, &mut table)?;
    creations(&server, sizes, "10,500/s", &mut table)?;
    reads(&server, sizes, &mut table)?;
    drop(server);
    let mut table = Table::begin("kept on disk");
    let server = start(bench, home.path(), Some("data"), &mut table)?;
    creations(&server, sizes, "4,200/s", &mut table)?;
    drop(server);
    let mut table = Table::begin("in process");
    many::measure(&mut table, &many, sizes.clusters, &sizes.platform)
}

/// Starts servers one after the other, and gives the last of them.
fn start(bench: &Bench, home: &Path, data: Option<&str>, table: &mut Table) -> Result<Server> {
    let mut times = Vec::new();
    let mut last = None;
    for run in 0..bench.runs {
        drop(last.take());
        let data = data.map(|name| home.join(format!("{name}-{run}")));
        let server = Server::start(bench, home, data.as_deref())?;
        times.push(millis(server.ready));
        last = Some(server);
    }
    times.sort_by(f64::total_cmp);
    let ready = times.get(times.len() / 2).copied().context("no runs")?;
    table.row(Row {
        name: "ready",
        here: format!("{ready:.1} ms"),
        goal: "< 30 ms",
        real: "2,300 ms",
        better: Some(REAL_READY / ready),
    });
    let server = last.context("no runs")?;
    let resident = server.resident();
    table.row(Row {
        name: "resident, idle",
        here: format!("{resident:.1} MB"),
        goal: "< 25 MB",
        real: "310 MB",
        better: Some(REAL_MB / resident),
    });
    Ok(server)
}

fn creations(server: &Server, sizes: &Sizes, goal: &'static str, table: &mut Table) -> Result<()> {
    let begin = Instant::now();
    let times = server.create("a", sizes.connections, sizes.creations)?;
    let rate = sizes.creations as f64 / begin.elapsed().as_secs_f64();
    let p99 = millis(times.get(times.len() * 99 / 100).copied().unwrap_or_default());
    table.row(Row {
        name: "ConfigMaps created",
        here: format!("{rate:.0}/s"),
        goal,
        real: "2,100/s",
        better: Some(rate / REAL_RATE),
    });
    table.row(Row {
        name: "99 of 100 took less than",
        here: format!("{p99:.1} ms"),
        goal: "",
        real: "26 ms",
        better: Some(REAL_P99 / p99),
    });
    Ok(())
}

fn reads(server: &Server, sizes: &Sizes, table: &mut Table) -> Result<()> {
    let mut client = server.client()?;
    let mut times = Vec::new();
    for _ in 0..LISTS {
        let begin = Instant::now();
        client.ask("GET", &format!("{OBJECTS}?limit=2000"), b"")?;
        times.push(millis(begin.elapsed()));
    }
    times.sort_by(f64::total_cmp);
    let took = times.get(times.len() / 2).copied().unwrap_or_default();
    table.row(Row {
        name: "list of 2,000",
        here: format!("{took:.1} ms"),
        goal: "< 11 ms",
        real: "11 ms",
        better: Some(REAL_LIST / took),
    });
    fan_out(server, sizes.watchers, table)?;
    let more = sizes.listed.saturating_sub(sizes.creations);
    server.create("b", sizes.connections, more)?;
    let begin = Instant::now();
    let pages = pages(server, &mut client)?;
    let took = millis(begin.elapsed());
    let Pages { objects, pages, before, most } = pages;
    table.row(Row::here(
        "page by page",
        format!("{objects} objects on {pages} pages in {took:.0} ms, {before:.1} MB before and {most:.1} at most"),
    ));
    let mut idle = Vec::new();
    for _ in 0..sizes.idle {
        // Whoever has no more sockets of its own has shown what it can.
        let Ok(client) = server.client() else { break };
        idle.push(client);
    }
    let begin = Instant::now();
    server.client()?.ask("GET", "/readyz", b"")?;
    let took = millis(begin.elapsed());
    let resident = server.resident();
    table.row(Row::here(
        "beside idle connections",
        format!("{}, answered in {took:.1} ms, {resident:.1} MB", idle.len()),
    ));
    Ok(())
}

/// Every watcher is told of every change.
fn fan_out(server: &Server, watchers: usize, table: &mut Table) -> Result<()> {
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
    table.row(Row::here(
        "fan-out",
        format!("{told} events to {watchers} watchers in {took:.0} ms, none lost"),
    ));
    Ok(())
}

/// A long list, read to its end.
struct Pages {
    objects: usize,
    pages: usize,
    /// What the server held before, in MB.
    before: f64,
    /// What it held at most after a page.
    most: f64,
}

fn pages(server: &Server, client: &mut Client) -> Result<Pages> {
    let before = server.resident();
    let mut seen = Pages { objects: 0, pages: 0, before, most: before };
    let mut next = String::new();
    loop {
        let page = client.ask("GET", &format!("{OBJECTS}?limit={PAGE}&continue={next}"), b"")?;
        let page: serde_json::Value = serde_json::from_slice(&page)?;
        seen.objects += page["items"].as_array().map_or(0, Vec::len);
        seen.pages += 1;
        seen.most = seen.most.max(server.resident());
        match page["metadata"]["continue"].as_str() {
            Some(token) if !token.is_empty() => next = token.to_owned(),
            _ => return Ok(seen),
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
