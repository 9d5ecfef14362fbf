//! TLS of a client over HTTP: ring, and whom it is told to trust.
//!
//! Must not choose whom to trust; that is `roots` and the authorities of `towpath.yaml`.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// A client that trusts these authorities and nobody else.
pub(crate) fn config(store: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider);
    let versions = versions.with_safe_default_protocol_versions()?;
    Ok(versions.with_root_certificates(store).with_no_client_auth())
}
