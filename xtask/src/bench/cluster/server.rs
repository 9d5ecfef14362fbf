//! A server that is measured: started, asked, weighed, killed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::client::Client;
use crate::bench::Bench;

/// Where objects are created.
pub(super) const OBJECTS: &str = "/api/v1/namespaces/default/configmaps";

/// A server that is killed when nobody needs it any more.
pub(super) struct Server {
    child: Child,
    address: String,
    /// From the start of the process to its first `ok`.
    pub(super) ready: Duration,
}

impl Server {
    pub(super) fn start(bench: &Bench, home: &Path, data: Option<&Path>) -> Result<Self> {
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
    pub(super) fn resident(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kib.unwrap_or_default() / 1024.0
    }

    pub(super) fn client(&self) -> Result<Client> {
        Client::connect(&self.address)
    }

    /// Creates objects over several connections; gives how long each took, sorted.
    pub(super) fn create(
        &self,
        prefix: &str,
        connections: usize,
        objects: usize,
    ) -> Result<Vec<Duration>> {
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

pub(super) fn object_of(name: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}},"data":{{"key":"a value of some length, as configuration has it"}}}}"#
    )
}
