//! A real registry on loopback: Debian's `docker-registry`, the reference implementation.
//!
//! Each one has a port and a folder of its own and ends when dropped, so tests run beside each other.
//! Must not be replaced by an imitation: what a registry really answers is the point. For answers that
//! a sound registry never gives, see [`crate::faulty_registry`].

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tempfile::TempDir;

/// The user of a registry with log-in.
pub const USER: &str = "towpath";
/// The password of [`USER`].
pub const PASSWORD: &str = "only-for-tests-4711";
/// The bcrypt hash of [`PASSWORD`].
pub(crate) const PASSWORD_HASH: &str =
    "$2y$05$56uzlbIBTWgXUX3fgWKSj.k2e9wOqYOoTzMAQMYgKURFjFedFBqRe";

const BINARY: &str = "docker-registry";
/// How often a new registry is asked whether it is ready.
const READY_ATTEMPTS: u32 = 300;
const READY_WAIT: Duration = Duration::from_millis(50);
/// How often another port is tried when somebody else took the free one first.
const PORT_ATTEMPTS: u32 = 5;

/// A running registry.
pub struct TestRegistry {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl TestRegistry {
    /// Starts a registry that everybody may read and write.
    ///
    /// # Errors
    /// When the package `docker-registry` is not installed or the registry does not come up.
    pub fn start() -> anyhow::Result<Self> {
        Self::start_with(false)
    }

    /// Starts a registry that only [`USER`] with [`PASSWORD`] may use, by HTTP basic authentication.
    ///
    /// # Errors
    /// When the package `docker-registry` is not installed or the registry does not come up.
    pub fn start_with_login() -> anyhow::Result<Self> {
        Self::start_with(true)
    }

    /// `127.0.0.1:PORT`, as references have it. It speaks plain HTTP.
    #[must_use]
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// The content of Docker's `config.json` for a user of this registry.
    #[must_use]
    pub fn docker_config(&self, user: &str, password: &str) -> String {
        docker_config(&self.host(), user, password)
    }

    fn start_with(login: bool) -> anyhow::Result<Self> {
        for _ in 0..PORT_ATTEMPTS {
            if let Some(registry) = Self::try_start(login)? {
                return Ok(registry);
            }
        }
        bail!("{PORT_ATTEMPTS} free ports in turn were taken before {BINARY} could listen")
    }

    /// `None` when the port was taken meanwhile.
    fn try_start(login: bool) -> anyhow::Result<Option<Self>> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.local_addr())
            .context("no free port on loopback")?;
        let folder = tempfile::tempdir().context("no temporary folder")?;
        let config = folder.path().join("config.yml");
        fs::write(&config, configuration(folder.path(), address, login)?)?;
        let log_path = folder.path().join("log");
        let log = File::create(&log_path)?;
        let spawned = Command::new(BINARY)
            .arg("serve")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn();
        let process = spawned.with_context(|| {
            format!("cannot run {BINARY}; is Debian's package docker-registry installed?")
        })?;
        let mut registry = Self { process, address, _folder: folder };
        for _ in 0..READY_ATTEMPTS {
            if registry.process.try_wait()?.is_some() {
                let log = fs::read_to_string(&log_path).unwrap_or_default();
                if log.contains("address already in use") {
                    return Ok(None);
                }
                bail!("{BINARY} ended at once: {log}");
            }
            if registry.answers() {
                return Ok(Some(registry));
            }
            std::thread::sleep(READY_WAIT);
        }
        let log = fs::read_to_string(&log_path).unwrap_or_default();
        bail!("{BINARY} did not become ready: {log}")
    }

    fn answers(&self) -> bool {
        let ask = || -> std::io::Result<bool> {
            let mut stream = TcpStream::connect(self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(b"GET /v2/ HTTP/1.0\r\n\r\n")?;
            let mut start = [0; 9];
            stream.read_exact(&mut start)?;
            Ok(start.starts_with(b"HTTP/1."))
        };
        ask().unwrap_or(false)
    }
}

impl Drop for TestRegistry {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The content of Docker's `config.json` with one user of one host.
#[must_use]
pub fn docker_config(host: &str, user: &str, password: &str) -> String {
    serde_json::json!({ "auths": { host: { "username": user, "password": password } } }).to_string()
}

fn configuration(folder: &Path, address: SocketAddr, login: bool) -> anyhow::Result<String> {
    let storage = folder.join("storage");
    let mut config = serde_json::json!({
        "version": "0.1",
        "log": { "level": "warn", "accesslog": { "disabled": true } },
        "storage": {
            "filesystem": { "rootdirectory": storage },
            "delete": { "enabled": true },
        },
        "http": { "addr": address.to_string(), "secret": "only-for-tests" },
    });
    if login {
        let htpasswd = folder.join("htpasswd");
        fs::write(&htpasswd, format!("{USER}:{PASSWORD_HASH}\n"))?;
        config["auth"] = serde_json::json!({ "htpasswd": { "realm": "test", "path": htpasswd } });
    }
    // JSON is YAML, so the registry reads it.
    Ok(config.to_string())
}
