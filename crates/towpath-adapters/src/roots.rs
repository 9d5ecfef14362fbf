//! The certificate authorities of the system, read in the cheapest way.
//!
//! Left alone, HTTP clients read the system's bundle and then every file of the folder beside it, which
//! hold the same certificates, and do so for each client they build: some 60 ms of work before the first
//! byte is sent. The bundle alone is enough. Must not add authorities of its own.

use std::path::PathBuf;
use std::sync::OnceLock;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

/// The system's bundle. Empty where there is none.
pub(crate) fn bundle() -> &'static [CertificateDer<'static>] {
    static BUNDLE: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    BUNDLE.get_or_init(read)
}

/// The authorities of a PEM file, at least one and all of them sound; or why not.
pub(crate) fn file(path: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let bad = |why: String| format!("no certificate authority: file {path} {why}");
    let pem = std::fs::read(path).map_err(|error| bad(format!("cannot be read: {error}")))?;
    let mut authorities = Vec::new();
    for authority in CertificateDer::pem_slice_iter(&pem) {
        let authority = authority.map_err(|_| bad("is not PEM".to_owned()))?;
        let sound = RootCertStore::empty().add(authority.clone());
        sound.map_err(|error| bad(format!("holds a bad certificate: {error}")))?;
        authorities.push(authority);
    }
    if authorities.is_empty() {
        return Err(bad("holds no certificate".to_owned()));
    }
    Ok(authorities)
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
