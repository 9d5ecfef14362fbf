//! OCI registries over HTTP: the clients, the log-in and the runtime that drives them.
//!
//! The protocol is `oci-client`'s; here is what it leaves open about access: which credentials, which
//! token, which scheme. Plain HTTP is spoken where `insecure` says so and nowhere else, loopback
//! included, as Flux does. Must not speak to a repository itself. Next: `session`, which does.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::{Client, Reference, RegistryOperation};
use tokio::runtime::Runtime;
use towpath_core::id::Digest;
use towpath_engine::ports::{FetchedManifest, PushContent, Pushed, RegistryError, RegistryProblem};

use super::credentials::{self, Credentials};
use super::fault::{Fault, Faults};
use super::roots;
use super::seen::Seen;
use super::session::Session;
use super::{Name, OciSettings};

/// All registries: their clients, and the runtime that drives them.
pub(super) struct Remote {
    settings: Arc<OciSettings>,
    runtime: Runtime,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// One client for HTTPS (`false`) and one for plain HTTP (`true`), made when first needed.
    clients: HashMap<bool, Client>,
    /// By host; a credential helper is asked once.
    credentials: HashMap<String, Credentials>,
    /// The bearer tokens seen, so that they are never shown.
    tokens: Vec<String>,
    /// Which repositories have been logged in to: plain HTTP or not, repository, for pushing or not.
    logged_in: HashSet<(bool, String, bool)>,
    seen: Seen,
}

impl Remote {
    pub(super) fn new(settings: OciSettings) -> Result<Self, RegistryError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(
            |error| RegistryError {
                problem: RegistryProblem::Unreachable,
                message: "cannot prepare network access".to_owned(),
                hint: None,
                source: Some(Box::new(error)),
            },
        )?;
        Ok(Self { settings: Arc::new(settings), runtime, state: Mutex::default() })
    }

    pub(super) fn tags(&self, at: &str, insecure: bool) -> Result<Vec<String>, RegistryError> {
        self.run(at, insecure, false, |session| async move { session.tags().await })
    }

    pub(super) fn manifest(
        &self,
        at: &str,
        insecure: bool,
        name: &Name,
    ) -> Result<Option<FetchedManifest>, RegistryError> {
        let known = match name {
            Name::Digest(digest) => match self.state().seen.manifest(at, digest) {
                Some(known) => return Ok(Some(known)),
                None => None,
            },
            Name::Tag(tag) => self.state().seen.named(at, tag),
        };
        let seen = |digest: &str| {
            let digest = Digest::parse(digest).ok()?;
            self.state().seen.manifest(at, &digest)
        };
        let found = self.run(at, insecure, false, |session| async move {
            if known.is_some() {
                match session.retrying(|| session.digest(name)).await? {
                    None => return Ok(None),
                    Some(now) => {
                        if let Some(same) = seen(&now) {
                            return Ok(Some(same));
                        }
                    }
                }
            }
            session.retrying(|| session.manifest(name)).await
        })?;
        if let Some(found) = &found {
            self.state().seen.keep(at, name, found);
        }
        Ok(found)
    }

    pub(super) fn blob(
        &self,
        at: &str,
        insecure: bool,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        self.run(at, insecure, false, |session| async move {
            session.retrying(|| session.blob(digest, max_bytes)).await
        })
    }

    pub(super) fn push(
        &self,
        at: &str,
        insecure: bool,
        content: &PushContent<'_>,
        tag: &str,
    ) -> Result<Pushed, RegistryError> {
        self.run(at, insecure, true, |session| async move { session.push(content, tag).await })
    }

    fn run<T, F: Future<Output = Result<T, Fault>>>(
        &self,
        at: &str,
        insecure: bool,
        push: bool,
        work: impl FnOnce(Session) -> F,
    ) -> Result<T, RegistryError> {
        let mut session = self.session(at, insecure)?;
        let work = async {
            self.log_in(&mut session, RegistryOperation::Pull).await?;
            if push {
                self.log_in(&mut session, RegistryOperation::Push).await?;
            }
            work(session).await
        };
        self.runtime.block_on(work).map_err(|fault| fault.error)
    }

    fn session(&self, at: &str, insecure: bool) -> Result<Session, RegistryError> {
        let reference = parse(at)?;
        let host = reference.resolve_registry().to_owned();
        let mut state = self.state();
        let credentials = match state.credentials.get(&host) {
            Some(known) => known.clone(),
            None => {
                let read = credentials::read(self.settings.docker_config.as_deref(), &host)?;
                state.credentials.insert(host.clone(), read.clone());
                read
            }
        };
        let client = match state.clients.get(&insecure) {
            Some(known) => known.clone(),
            None => {
                let made = client(&self.settings, insecure)?;
                state.clients.insert(insecure, made.clone());
                made
            }
        };
        let mut secrets = credentials.secrets.clone();
        secrets.extend(state.tokens.iter().cloned());
        Ok(Session {
            client,
            reference,
            credentials,
            settings: Arc::clone(&self.settings),
            faults: Faults { at: format!("oci://{at}"), host, insecure, secrets },
        })
    }

    /// Gets the token that the repository asks for, once; later the client renews it by itself. Done
    /// apart because the client says nothing about a failed log-in when it does it on the way.
    async fn log_in(
        &self,
        session: &mut Session,
        operation: RegistryOperation,
    ) -> Result<(), Fault> {
        let push = operation == RegistryOperation::Push;
        let key = (session.faults.insecure, session.faults.at.clone(), push);
        if self.state().logged_in.contains(&key) {
            return Ok(());
        }
        let log_in = async || {
            let auth = &session.credentials.auth;
            let answer = session.client.auth(&session.reference, auth, operation);
            session.limited("get access to", session.settings.request_timeout, answer).await
        };
        let token = session.retrying(log_in).await?;
        if let Some(token) = token {
            if !token.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(session.faults.not_a_registry("get access to"));
            }
            session.faults.secrets.push(token.clone());
            self.state().tokens.push(token);
        }
        self.state().logged_in.insert(key);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing is left half-changed by a panic: every change is one insertion.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn client(settings: &OciSettings, insecure: bool) -> Result<Client, RegistryError> {
    // An error says that a provider is there already, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config = ClientConfig {
        protocol: if insecure { ClientProtocol::Http } else { ClientProtocol::Https },
        platform_resolver: None,
        connect_timeout: Some(settings.connect_timeout),
        read_timeout: Some(settings.request_timeout),
        tls_certs_only: if insecure { Vec::new() } else { roots::bundle() },
        user_agent: concat!("towpath/", env!("CARGO_PKG_VERSION")),
        ..ClientConfig::default()
    };
    Client::try_from(config).map_err(|error| RegistryError {
        problem: RegistryProblem::Unreachable,
        message: "cannot prepare network access".to_owned(),
        hint: Some("are the system's certificates installed?".to_owned()),
        source: Some(Box::new(error)),
    })
}

/// Reads `host[:port]/repository`, as `OCIRepository.spec.url` has it after `oci://`.
fn parse(at: &str) -> Result<Reference, RegistryError> {
    let refuse = |why: &str| RegistryError {
        problem: RegistryProblem::Refused,
        message: format!("{at:?} is not the repository of a registry: {why}"),
        hint: Some("write HOST[:PORT]/REPOSITORY in lower case, without tag or digest".to_owned()),
        source: None,
    };
    // By hand, by the grammar of `distribution/reference:regexp.go`: the library's expression takes
    // longer to compile than everything else that a command does without the network.
    let Some((host, repository)) = at.split_once('/') else {
        return Err(refuse("it has no repository after the host"));
    };
    if !is_host(host) {
        return Err(refuse("its host is none"));
    }
    if repository.contains([':', '@']) {
        return Err(refuse("it has a tag or digest"));
    }
    if at.len() > 255 || !repository.split('/').all(is_component) {
        return Err(refuse("its name has characters or separators that registries do not allow"));
    }
    // The hub is reached under another name than it is called by, as everywhere.
    let (host, repository) = match (host, repository.contains('/')) {
        ("docker.io" | "index.docker.io", true) => ("docker.io", repository.to_owned()),
        ("docker.io" | "index.docker.io", false) => ("docker.io", format!("library/{repository}")),
        _ => (host, repository.to_owned()),
    };
    Ok(Reference::with_tag(host.to_owned(), repository, "latest".to_owned()))
}

/// `name`, `name:port`, an IPv4 address, or an IPv6 address in brackets.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            ("v6", port)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port_is_one = port.is_empty()
        || port.strip_prefix(':').is_some_and(|p| p.parse::<u16>().is_ok_and(|p| p > 0));
    let part_is_one = |part: &str| {
        part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    port_is_one && name.split('.').all(part_is_one)
}

/// Lower-case letters and digits, with `.`, `_`, `__` or dashes between them.
fn is_component(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = |b: Option<&u8>| b.is_some_and(|b| letter(*b));
    if !ends(bytes.first()) || !ends(bytes.last()) {
        return false;
    }
    text.split(|c: char| c.is_ascii() && letter(c as u8)).all(|between| {
        matches!(between, "" | "." | "_" | "__") || between.bytes().all(|b| b == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_repositories_are_those_of_registries() {
        for good in [
            "ghcr.io/acme/platform",
            "localhost:5000/a",
            "127.0.0.1:5000/a/b_c/d__e/f--g.h",
            "[::1]:5000/a",
            "docker.io/library/x",
            "registry/a",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "ghcr.io",
            "/a",
            "ghcr.io/",
            "ghcr.io/A",
            "ghcr.io/a//b",
            "ghcr.io/a/",
            "ghcr.io/a:1",
            "ghcr.io/a@sha256:0",
            "ghcr.io/a..b",
            "ghcr.io/a___b",
            "ghcr.io/-a",
            "gh cr.io/a",
            "host:0/a",
            "host:99999/a",
            "[x]/a",
            "user:pw@host/a",
            "ghcr.io/ä",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_hub_is_called_as_everywhere() {
        let reference = parse("docker.io/x").map(|r| r.whole());
        assert_eq!(reference.ok().as_deref(), Some("docker.io/library/x:latest"));
    }
}
