//! Registries of artifacts: OCI registries over HTTP and OCI image layout folders, behind the engine's
//! [`Registry`] port.
//!
//! The two back ends promise the same: content is verified against its digest on the way in and out, a
//! tag is created and never moved, and no error text holds a credential. Calls block; a runtime of this
//! module's own drives the network, so a call from inside another asynchronous runtime panics. Must not
//! know what an artifact means: bytes in, bytes out. Next: `layout` for the folder, `registry` and
//! `session` for the network, `seen` for what need not be asked again, `fault` for what can go wrong there.

mod credentials;
mod fault;
mod files;
mod layout;
mod registry;
mod roots;
mod seen;
mod session;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use towpath_core::id::Digest;
use towpath_engine::ports::{
    ArtifactLocation, FetchedManifest, PushContent, Pushed, Registry, RegistryError,
    RegistryProblem,
};

use self::layout::Layout;
use self::registry::Remote;

/// How long a connection may take to come about.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long one request for tags, a manifest or a blob's existence may take, answer included; for a blob's
/// content, how long the registry may be silent.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// How long one upload or download of a blob may take.
pub const TRANSFER_TIMEOUT: Duration = Duration::from_secs(600);
/// How often a request is made before its passing fault becomes the answer.
pub const ATTEMPTS: u32 = 3;
/// The wait before the second attempt after a 5xx or a lost connection; it doubles from there.
pub const RETRY_WAIT: Duration = Duration::from_millis(500);
/// The wait before the second attempt after a 429; it doubles from there. What `Retry-After` asks for is not
/// known here: the client does not show it.
pub const RATE_LIMIT_WAIT: Duration = Duration::from_secs(2);
/// How often a layout's lock is tried before it counts as left behind.
pub const LOCK_ATTEMPTS: u32 = 100;
/// The wait between two tries of a layout's lock.
pub const LOCK_WAIT: Duration = Duration::from_millis(50);

/// The largest manifest that is read, in bytes: what registries accept at most by
/// `opencontainers/distribution-spec:spec.md`.
const MAX_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

/// What can be set about the access to registries and layouts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OciSettings {
    /// The folder of Docker's `config.json`; `None`: all access is anonymous.
    pub docker_config: Option<PathBuf>,
    /// See [`CONNECT_TIMEOUT`].
    pub connect_timeout: Duration,
    /// See [`REQUEST_TIMEOUT`].
    pub request_timeout: Duration,
    /// See [`TRANSFER_TIMEOUT`].
    pub transfer_timeout: Duration,
    /// See [`ATTEMPTS`]; 0 counts as 1.
    pub attempts: u32,
    /// See [`RETRY_WAIT`].
    pub retry_wait: Duration,
    /// See [`RATE_LIMIT_WAIT`].
    pub rate_limit_wait: Duration,
    /// See [`LOCK_ATTEMPTS`]; 0 counts as 1.
    pub lock_attempts: u32,
    /// See [`LOCK_WAIT`].
    pub lock_wait: Duration,
}

impl Default for OciSettings {
    /// Anonymous, with the constants of this module.
    fn default() -> Self {
        Self {
            docker_config: None,
            connect_timeout: CONNECT_TIMEOUT,
            request_timeout: REQUEST_TIMEOUT,
            transfer_timeout: TRANSFER_TIMEOUT,
            attempts: ATTEMPTS,
            retry_wait: RETRY_WAIT,
            rate_limit_wait: RATE_LIMIT_WAIT,
            lock_attempts: LOCK_ATTEMPTS,
            lock_wait: LOCK_WAIT,
        }
    }
}

impl OciSettings {
    /// The defaults with the folder where Docker's tools keep the user's credentials, from the values of
    /// `$DOCKER_CONFIG` and `$HOME`.
    #[must_use]
    pub fn for_user(docker_config: Option<OsString>, home: Option<OsString>) -> Self {
        let set = |value: Option<OsString>| value.filter(|value| !value.is_empty());
        let folder = set(docker_config)
            .map(PathBuf::from)
            .or_else(|| set(home).map(|home| Path::new(&home).join(".docker")));
        Self { docker_config: folder, ..Self::default() }
    }
}

/// The [`Registry`] of the outside world.
pub struct Oci {
    settings: OciSettings,
    remote: Remote,
}

impl std::fmt::Debug for Oci {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Oci").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Oci {
    /// Takes the settings; reads nothing and connects to nothing yet.
    ///
    /// # Errors
    /// [`RegistryError`] when the operating system refuses what network access needs.
    pub fn new(settings: OciSettings) -> Result<Self, RegistryError> {
        let remote = Remote::new(settings.clone())?;
        Ok(Self { settings, remote })
    }

    fn layout(&self, folder: &str) -> Layout {
        Layout::new(folder, self.settings.lock_attempts, self.settings.lock_wait)
    }
}

impl Registry for Oci {
    fn tags(&self, at: &ArtifactLocation) -> Result<Vec<String>, RegistryError> {
        match at {
            ArtifactLocation::Registry { repository, insecure } => {
                self.remote.tags(repository, *insecure)
            }
            ArtifactLocation::Layout { folder } => self.layout(folder).tags(),
        }
    }

    fn manifest(
        &self,
        at: &ArtifactLocation,
        reference: &str,
    ) -> Result<Option<FetchedManifest>, RegistryError> {
        let name = Name::parse(at, reference)?;
        match at {
            ArtifactLocation::Registry { repository, insecure } => {
                self.remote.manifest(repository, *insecure, &name)
            }
            ArtifactLocation::Layout { folder } => self.layout(folder).manifest(&name),
        }
    }

    fn blob(
        &self,
        at: &ArtifactLocation,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        match at {
            ArtifactLocation::Registry { repository, insecure } => {
                self.remote.blob(repository, *insecure, digest, max_bytes)
            }
            ArtifactLocation::Layout { folder } => self.layout(folder).blob(digest, max_bytes),
        }
    }

    fn push(
        &self,
        at: &ArtifactLocation,
        content: &PushContent<'_>,
        tag: &str,
    ) -> Result<Pushed, RegistryError> {
        if !is_tag(tag) {
            return Err(invalid_name(at, tag, "is not a tag"));
        }
        for (digest, bytes) in &content.blobs {
            if digest_of(bytes) != *digest {
                return Err(RegistryError {
                    problem: RegistryProblem::Corrupt,
                    message: format!("blob {digest} for {at} has other content than its name says"),
                    hint: None,
                    source: None,
                });
            }
        }
        match at {
            ArtifactLocation::Registry { repository, insecure } => {
                self.remote.push(repository, *insecure, content, tag)
            }
            ArtifactLocation::Layout { folder } => self.layout(folder).push(content, tag),
        }
    }
}

/// What a manifest is asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Tag(String),
    Digest(Digest),
}

impl Name {
    fn parse(at: &ArtifactLocation, text: &str) -> Result<Self, RegistryError> {
        if let Ok(digest) = Digest::parse(text) {
            return Ok(Self::Digest(digest));
        }
        if is_tag(text) {
            return Ok(Self::Tag(text.to_owned()));
        }
        Err(invalid_name(at, text, "is neither a tag nor a digest"))
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Tag(tag) => tag,
            Self::Digest(digest) => digest.as_str(),
        }
    }
}

fn invalid_name(at: &ArtifactLocation, text: &str, problem: &str) -> RegistryError {
    let text: String = text.chars().take(80).collect();
    RegistryError {
        problem: RegistryProblem::Refused,
        message: format!("{text:?} for {at} {problem}"),
        hint: Some(
            "a tag has at most 128 letters, digits, `_`, `.` and `-`; a digest is `sha256:` and 64 \
             hexadecimal digits"
                .to_owned(),
        ),
        source: None,
    }
}

/// The grammar of tags in `opencontainers/distribution-spec:spec.md`.
fn is_tag(text: &str) -> bool {
    let first = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    text.len() <= 128
        && text.as_bytes().first().is_some_and(first)
        && text.bytes().all(|b| first(&b) || matches!(b, b'.' | b'-'))
}

fn digest_of(bytes: &[u8]) -> Digest {
    use std::fmt::Write as _;
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        write!(text, "{byte:02x}").expect("a string takes all that is written");
    }
    Digest::parse(&text).expect("SHA-256 has 32 bytes, written as 64 hexadecimal digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_what_the_distribution_specification_allows() {
        for good in ["1.2.3", "v1", "_", "latest", "sha256-abc.sig", &"x".repeat(128)] {
            assert!(is_tag(good), "{good}");
        }
        for bad in ["", ".1", "-1", "a/b", "a:b", "a@b", "a b", "../x", "é", &"x".repeat(129)] {
            assert!(!is_tag(bad), "{bad}");
        }
    }

    #[test]
    fn digests_are_those_of_sha256() {
        assert_eq!(
            digest_of(b"").as_str(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn the_users_docker_folder_comes_from_the_environments_values() {
        let folder = |config: Option<&str>, home: Option<&str>| {
            OciSettings::for_user(config.map(Into::into), home.map(Into::into)).docker_config
        };
        assert_eq!(folder(Some("/a"), Some("/home/me")), Some("/a".into()));
        assert_eq!(folder(Some(""), Some("/home/me")), Some("/home/me/.docker".into()));
        assert_eq!(folder(None, Some("/home/me")), Some("/home/me/.docker".into()));
        assert_eq!(folder(None, None), None);
    }
}
