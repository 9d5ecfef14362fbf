//! The certificate authorities that registries are trusted by: the system's, read in the cheapest way.
//!
//! Left alone, the HTTP client reads the system's bundle and then every file of the folder beside it,
//! which hold the same certificates, and does so for each client it builds: some 60 ms of work before
//! the first byte is sent. The bundle alone is enough. Must not add authorities of its own.

use std::path::PathBuf;
use std::sync::OnceLock;

use oci_client::client::{Certificate, CertificateEncoding};

/// The system's bundle. Empty where there is none: then the client looks for itself, which is also
/// right on systems whose authorities are not in files.
pub(super) fn bundle() -> Vec<Certificate> {
    static BUNDLE: OnceLock<Vec<Certificate>> = OnceLock::new();
    BUNDLE.get_or_init(read).clone()
}

fn read() -> Vec<Certificate> {
    // `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured by the probe.
    let found = openssl_probe::probe();
    let Some(file) = found.cert_file else { return Vec::new() };
    // The folder beside the bundle is the same again; one that somebody named may hold others.
    let named = std::env::var_os(openssl_probe::ENV_CERT_DIR).map(PathBuf::from);
    let folder = named.filter(|folder| file.parent() != Some(folder.as_path()));
    rustls_native_certs::load_certs_from_paths(Some(&file), folder.as_deref())
        .certs
        .into_iter()
        .map(|der| Certificate { encoding: CertificateEncoding::Der, data: der.to_vec() })
        .collect()
}
