//! The certificate authorities that registries are trusted by, as the registry client takes them.

use oci_client::client::{Certificate, CertificateEncoding};

use crate::roots;

/// The system's bundle. Empty where there is none: then the client looks for itself, which is also
/// right on systems whose authorities are not in files.
pub(super) fn bundle() -> Vec<Certificate> {
    let der = |der: &[u8]| Certificate { encoding: CertificateEncoding::Der, data: der.to_vec() };
    roots::bundle().iter().map(|authority| der(authority)).collect()
}
