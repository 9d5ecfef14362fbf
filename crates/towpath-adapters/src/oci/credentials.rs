//! The user's credentials for a registry, from Docker's `config.json`.
//!
//! `auths`, `credHelpers` and `credsStore` are read as Docker does. Must not print what it reads: errors
//! name the file, the host and the helper, and never a helper's output, which may hold a secret.
//! Next: `registry`.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use docker_credential::{CredentialRetrievalError, DockerCredential};
use oci_client::secrets::RegistryAuth;
use serde::Deserialize;
use towpath_engine::ports::{RegistryError, RegistryProblem};

/// What Docker's helpers say when they know nothing of a host, by
/// `docker/docker-credential-helpers:credentials/error.go`.
const HELPER_KNOWS_NOTHING: &str = "credentials not found in native keychain";

/// Docker Hub's key in Docker's configuration.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// Credentials and the texts that must never be shown because of them.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) auth: RegistryAuth,
    /// The secret in every form in which it is sent.
    pub(super) secrets: Vec<String>,
}

impl Credentials {
    pub(super) fn anonymous() -> Self {
        Self { auth: RegistryAuth::Anonymous, secrets: Vec::new() }
    }

    fn basic(user: String, password: String) -> Self {
        let encoded =
            base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        Self { secrets: vec![password.clone(), encoded], auth: RegistryAuth::Basic(user, password) }
    }
}

/// The part of `config.json` that says which helper would be asked.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Helpers {
    cred_helpers: std::collections::BTreeMap<String, String>,
    creds_store: Option<String>,
}

/// The user's credentials for `host`; anonymous where there is no configuration or no word of the host.
pub(super) fn read(folder: Option<&Path>, host: &str) -> Result<Credentials, RegistryError> {
    let Some(folder) = folder else { return Ok(Credentials::anonymous()) };
    let path = folder.join("config.json");
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(Credentials::anonymous());
        }
        Err(error) => {
            return Err(RegistryError {
                source: Some(Box::new(error)),
                ..unusable(format!("cannot read {}", path.display()), None)
            });
        }
    };
    let mut answer = Err(CredentialRetrievalError::NoCredentialConfigured);
    for key in keys(host) {
        answer = docker_credential::get_credential_from_reader(bytes.as_slice(), key);
        if answer != Err(CredentialRetrievalError::NoCredentialConfigured) {
            break;
        }
    }
    match answer {
        Ok(DockerCredential::UsernamePassword(user, password)) => {
            Ok(Credentials::basic(user, password))
        }
        Ok(DockerCredential::IdentityToken(_)) => Err(unusable(
            format!("{} holds an identity token for {host}, which cannot be used", path.display()),
            Some(format!(
                "log in with a user name and a password or access token: docker login {host}"
            )),
        )),
        Err(error) => explain(&error, &path, host, &bytes),
    }
}

/// The names under which Docker may keep a host.
fn keys(host: &str) -> Vec<&str> {
    match host {
        "docker.io" | "index.docker.io" | "registry-1.docker.io" => {
            vec![DOCKER_HUB_KEY, "index.docker.io"]
        }
        _ => vec![host],
    }
}

/// Tells an absent credential from a broken configuration, without a word of what a helper printed.
fn explain(
    error: &CredentialRetrievalError,
    path: &Path,
    host: &str,
    config: &[u8],
) -> Result<Credentials, RegistryError> {
    let helper = || {
        let helpers: Helpers = serde_json::from_slice(config).unwrap_or_default();
        let name = keys(host)
            .into_iter()
            .find_map(|key| helpers.cred_helpers.get(key).filter(|name| !name.is_empty()).cloned())
            .or(helpers.creds_store)
            .unwrap_or_default();
        format!("docker-credential-{name}")
    };
    let path = path.display();
    match error {
        CredentialRetrievalError::NoCredentialConfigured
        | CredentialRetrievalError::ConfigNotFound => Ok(Credentials::anonymous()),
        CredentialRetrievalError::HelperFailure { stdout, .. }
            if stdout.trim() == HELPER_KNOWS_NOTHING =>
        {
            Ok(Credentials::anonymous())
        }
        CredentialRetrievalError::HelperFailure { helper, .. } => Err(unusable(
            format!("the credential helper {helper} failed for {host}"),
            Some(format!("see what it says: echo {host} | {helper} get")),
        )),
        CredentialRetrievalError::HelperCommunicationError => Err(unusable(
            format!("the credential helper {} for {host} cannot be run", helper()),
            Some(format!("install it, or change {path}")),
        )),
        CredentialRetrievalError::MalformedHelperResponse => Err(unusable(
            format!("the credential helper {} gave no credential for {host}", helper()),
            Some("its answer is not of the form that Docker's helpers give".to_owned()),
        )),
        CredentialRetrievalError::ConfigReadError => {
            Err(unusable(format!("{path} is not a configuration of Docker"), None))
        }
        CredentialRetrievalError::CredentialDecodingError
        | CredentialRetrievalError::CredentialMismatchError => Err(unusable(
            format!("the credential for {host} in {path} cannot be decoded"),
            Some(format!("docker login {host}")),
        )),
    }
}

fn unusable(message: String, hint: Option<String>) -> RegistryError {
    RegistryError { problem: RegistryProblem::Unauthorized, message, hint, source: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "correct-horse";

    fn read_config(config: &str, host: &str) -> Result<Credentials, RegistryError> {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        fs::write(folder.path().join("config.json"), config).expect("it can be written to");
        read(Some(folder.path()), host)
    }

    fn encoded(user: &str) -> String {
        base64::engine::general_purpose::STANDARD.encode(format!("{user}:{SECRET}"))
    }

    #[test]
    fn the_users_credentials_are_found_as_docker_finds_them() {
        let auth = encoded("me");
        let cases = [
            (format!(r#"{{"auths":{{"r.example:5000":{{"auth":"{auth}"}}}}}}"#), "r.example:5000"),
            (
                format!(r#"{{"auths":{{"https://r.example/v2/":{{"auth":"{auth}"}}}}}}"#),
                "r.example",
            ),
            (
                format!(r#"{{"auths":{{"https://index.docker.io/v1/":{{"auth":"{auth}"}}}}}}"#),
                "index.docker.io",
            ),
            (
                format!(r#"{{"auths":{{"r.example":{{"username":"me","password":"{SECRET}"}}}}}}"#),
                "r.example",
            ),
        ];
        for (config, host) in cases {
            let found = read_config(&config, host).map(|found| found.auth);
            let expected = RegistryAuth::Basic("me".to_owned(), SECRET.to_owned());
            assert_eq!(found.ok(), Some(expected), "{config}");
        }
    }

    #[test]
    fn no_configuration_and_no_word_of_the_host_are_anonymous() {
        let anonymous = |found: Result<Credentials, RegistryError>| {
            matches!(found, Ok(Credentials { auth: RegistryAuth::Anonymous, .. }))
        };
        assert!(anonymous(read(None, "r.example")));
        assert!(anonymous(read(Some(Path::new("/nonexistent/folder")), "r.example")));
        for config in ["{}", r#"{"auths":{}}"#, r#"{"auths":{"r.example":{}}}"#] {
            assert!(anonymous(read_config(config, "r.example")), "{config}");
        }
        let other = format!(r#"{{"auths":{{"other.example":{{"auth":"{}"}}}}}}"#, encoded("me"));
        assert!(anonymous(read_config(&other, "r.example")));
    }

    #[test]
    fn a_broken_configuration_names_the_culprit_and_no_secret() {
        let undecodable = base64::engine::general_purpose::STANDARD.encode(SECRET);
        let cases = [
            (format!("{SECRET}: yaml"), "config.json is not a configuration of Docker"),
            (
                r#"{"credHelpers":{"r.example":"towpath-test-absent"}}"#.to_owned(),
                "the credential helper docker-credential-towpath-test-absent for r.example cannot be run",
            ),
            (
                r#"{"credsStore":"towpath-test-absent"}"#.to_owned(),
                "the credential helper docker-credential-towpath-test-absent for r.example cannot be run",
            ),
            (
                format!(r#"{{"auths":{{"r.example":{{"auth":"{undecodable}"}}}}}}"#),
                "cannot be decoded",
            ),
            (
                format!(r#"{{"auths":{{"r.example":{{"identitytoken":"{SECRET}"}}}}}}"#),
                "holds an identity token for r.example",
            ),
        ];
        for (config, expected) in cases {
            let error = read_config(&config, "r.example").err().expect("it is broken");
            assert_eq!(error.problem, RegistryProblem::Unauthorized, "{config}");
            assert!(error.message.contains(expected), "{}", error.message);
            assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
        }
    }

    #[test]
    fn a_helpers_output_is_never_repeated() {
        let failure = |stdout: &str| CredentialRetrievalError::HelperFailure {
            helper: "docker-credential-x".to_owned(),
            stdout: stdout.to_owned(),
            stderr: SECRET.to_owned(),
        };
        let explain = |stdout| explain(&failure(stdout), Path::new("c"), "r.example", b"{}");
        let error = explain(SECRET).err().expect("the helper failed");
        assert_eq!(error.message, "the credential helper docker-credential-x failed for r.example");
        assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
        assert!(explain("credentials not found in native keychain\n").is_ok());
    }
}
