//! Who a cluster is and who is its administrator: a certificate authority of its own, and a token.
//!
//! Both are made once. A cluster that is kept keeps them, so that the kubeconfig that was written for it still opens it
//! after a restart; the certificate of the server is made anew for the address of each start.

use std::io::Write as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};

/// Names under which programs in a cluster know its API.
const NAMES: [&str; 5] = [
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

/// For how many years a certificate is good.
const YEARS: i16 = 10;

/// A certificate authority and a token.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Identity {
    certificate: String,
    key: String,
    token: String,
}

/// Why a cluster has no identity.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A certificate could not be made.
    #[error("cannot make a certificate")]
    Certificate(#[from] rcgen::Error),
    /// A certificate that was made cannot be used.
    #[error("cannot use the certificate of the cluster")]
    Tls(#[from] rustls::Error),
    /// The file cannot be read or written.
    #[error("cannot use {}", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// The file is not what was written.
    #[error("{} is damaged", .0.display())]
    Damaged(PathBuf, #[source] serde_json::Error),
}

impl Identity {
    /// A new one.
    ///
    /// # Errors
    ///
    /// [`IdentityError::Certificate`].
    pub fn new(now: Timestamp) -> Result<Self, IdentityError> {
        let key = KeyPair::generate()?;
        let certificate = authority(now).self_signed(&key)?.pem();
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).expect("the system has random bits");
        let token = URL_SAFE_NO_PAD.encode(bits);
        Ok(Self { certificate, key: key.serialize_pem(), token })
    }

    /// That of the cluster which is kept in a folder; a new one if there is none yet.
    ///
    /// # Errors
    ///
    /// [`IdentityError`].
    pub fn of_folder(folder: &Path, now: Timestamp) -> Result<Self, IdentityError> {
        let file = folder.join("identity.json");
        match std::fs::read(&file) {
            Ok(text) => {
                serde_json::from_slice(&text).map_err(|error| IdentityError::Damaged(file, error))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let identity = Self::new(now)?;
                let text = serde_json::to_vec_pretty(&identity).expect("it is only texts");
                write_private(&file, &text).map_err(|error| IdentityError::File(file, error))?;
                Ok(identity)
            }
            Err(error) => Err(IdentityError::File(file, error)),
        }
    }

    /// The certificate of the authority, in PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The token of the administrator.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What a server at an address shows and speaks: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    ///
    /// [`IdentityError`].
    pub fn server(&self, at: IpAddr, now: Timestamp) -> Result<Arc<ServerConfig>, IdentityError> {
        let issuer = Issuer::new(authority(now), KeyPair::from_pem(&self.key)?);
        let mut names: Vec<String> = NAMES.map(str::to_owned).to_vec();
        names.extend(["127.0.0.1".to_owned(), "::1".to_owned(), at.to_string()]);
        names.dedup();
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.use_authority_key_identifier_extension = true;
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        span(&mut params, now);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}

fn authority(now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "towpath");
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
    ];
    span(&mut params, now);
    params
}

/// Good from the year before, whatever the time zone.
fn span(params: &mut CertificateParams, now: Timestamp) {
    let year = now.to_zoned(jiff::tz::TimeZone::UTC).year();
    params.not_before = rcgen::date_time_ymd(i32::from(year - 1), 1, 1);
    params.not_after = rcgen::date_time_ymd(i32::from(year + YEARS), 1, 1);
}

/// Writes a file that only its owner can read: whole or not at all, and for good.
///
/// # Errors
///
/// When the file or its folder cannot be written.
pub fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // A temporary file is its owner's alone from the beginning.
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(file)?;
    std::fs::File::open(folder)?.sync_all()
}
