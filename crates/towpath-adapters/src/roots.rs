//! The certificate authorities of the system, read in the cheapest way.
//!
//! Left alone, HTTP clients read the system's bundle and then every file of the folder beside it, which
//! hold the same certificates, and do so for each client they build: some 60 ms of work before the first
//! byte is sent. The bundle alone is enough. Must not add authorities of its own.

use std::path::PathBuf;
use std::sync::OnceLock;

use rustls::pki_types::CertificateDer;

/// The system's bundle. Empty where there is none.
pub(crate) fn bundle() -> &'static [CertificateDer<'static>] {
    static BUNDLE: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    BUNDLE.get_or_init(read)
}

fn read() -> Vec<CertificateDer<'static>> {
    // `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured by the probe.
    let found = openssl_probe::probe();
    let Some(file) = found.cert_file else { return Vec::new() };
    // The folder beside the bundle is the same again; one that somebody named may hold others.
    let named = std::env::var_os(openssl_probe::ENV_CERT_DIR).map(PathBuf::from);
    let folder = named.filter(|folder| file.parent() != Some(folder.as_path()));
    rustls_native_certs::load_certs_from_paths(Some(&file), folder.as_deref()).certs
}
