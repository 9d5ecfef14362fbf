//! A real Prometheus and a real Alertmanager on loopback: Debian's packages.
//!
//! Each one has a port and a folder of its own and ends when dropped. What they see is synthetic: series
//! of the past that are imported, rules that can be rewritten, alerts and silences that are posted. Must
//! not be replaced by an imitation; for answers that a sound server never gives, see
//! [`crate::faulty_registry`]. Next: [`prometheus`], [`alertmanager`].

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tempfile::TempDir;

pub mod alertmanager;
pub mod prometheus;

pub use alertmanager::TestAlertmanager;
pub use prometheus::{Access, Setup, TestPrometheus};

/// How often a peer is asked whether it is as it should be.
const ATTEMPTS: u32 = 600;
const WAIT: Duration = Duration::from_millis(50);
/// How often another port is tried when somebody else took the free one first.
const PORT_ATTEMPTS: u32 = 5;

/// A program that serves HTTP on loopback, with a folder of its own.
struct Peer {
    process: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Peer {
    /// Starts a program in a folder of its own; `prepare` writes there what it needs and says its arguments.
    /// It is ready when its log has `ready`.
    fn start(
        program: &str,
        package: &str,
        ready: &str,
        prepare: impl Fn(&Path, SocketAddr) -> anyhow::Result<Vec<String>>,
    ) -> anyhow::Result<Self> {
        for _ in 0..PORT_ATTEMPTS {
            let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .and_then(|listener| listener.local_addr())
                .context("no free port on loopback")?;
            let folder = tempfile::tempdir().context("no temporary folder")?;
            let arguments = prepare(folder.path(), address)?;
            let log = File::create(folder.path().join("log"))?;
            let process = Command::new(program)
                .args(arguments)
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log)
                .spawn()
                .with_context(|| {
                    format!("cannot run {program}; is Debian's package {package} installed?")
                })?;
            let mut peer = Self { process, address, folder };
            if peer.is_ready(program, ready)? {
                return Ok(peer);
            }
        }
        bail!("{PORT_ATTEMPTS} free ports in turn were taken before {program} could listen")
    }

    /// `false` when the port was taken meanwhile.
    fn is_ready(&mut self, program: &str, ready: &str) -> anyhow::Result<bool> {
        for _ in 0..ATTEMPTS {
            let log = fs::read_to_string(self.path("log")).unwrap_or_default();
            if log.contains(ready) {
                return Ok(true);
            }
            if self.process.try_wait()?.is_some() {
                if log.contains("address already in use") {
                    return Ok(false);
                }
                bail!("{program} ended at once: {log}");
            }
            std::thread::sleep(WAIT);
        }
        bail!("{program} did not become ready")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Asks over plain HTTP, and gives the body of an answer that is a success.
    fn ask(&self, method: &str, path: &str, json: &str) -> anyhow::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let length = json.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        if !status.starts_with('2') {
            bail!("{method} {path}: {head}\n{body}");
        }
        Ok(body.to_owned())
    }

    /// Waits until something is so, as the peer itself says.
    fn until(
        &self,
        what: &str,
        is_so: impl Fn(&Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        for _ in 0..ATTEMPTS {
            if is_so(self)? {
                return Ok(());
            }
            std::thread::sleep(WAIT);
        }
        bail!("it did not come about that {what}")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
