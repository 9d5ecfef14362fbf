//! The contract of the `Registry` port, held by layouts and by a real registry alike, what is particular
//! to each, and what comes of a registry that misbehaves.

mod contract;
mod faults;
mod layout;
mod polling;
mod pushing;

use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tempfile::TempDir;
use towpath_adapters::oci::{Oci, OciSettings};
use towpath_core::id::Digest;
use towpath_engine::ports::{ArtifactLocation, PushContent, RegistryError};

const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const MAX: u64 = 1 << 20;

/// An artifact of two blobs; the manifest has spaces that no encoder would write.
struct Artifact {
    manifest: Vec<u8>,
    blobs: Vec<(Digest, Vec<u8>)>,
}

impl Artifact {
    fn new(text: &str) -> Self {
        let blobs: Vec<_> = ["{}".to_owned(), format!("layer {text}")]
            .map(|content| (digest(content.as_bytes()), content.into_bytes()))
            .into();
        let descriptor = |(digest, bytes): &(Digest, Vec<u8>), media_type: &str| json!({ "mediaType": media_type, "digest": digest.as_str(), "size": bytes.len() });
        let config = descriptor(&blobs[0], "application/vnd.cncf.flux.config.v1+json");
        let layer = descriptor(&blobs[1], "application/vnd.cncf.flux.content.v1.tar+gzip");
        let manifest = format!(
            "{{\"schemaVersion\":  2, \"mediaType\": \"{MEDIA_TYPE}\",\n\"config\": {config}, \
             \"layers\": [{layer}] }}\n"
        );
        Self { manifest: manifest.into_bytes(), blobs }
    }

    fn digest(&self) -> Digest {
        digest(&self.manifest)
    }

    fn content(&self) -> PushContent<'_> {
        PushContent {
            media_type: MEDIA_TYPE,
            manifest: &self.manifest,
            blobs: self.blobs.iter().map(|(digest, bytes)| (digest.clone(), &bytes[..])).collect(),
        }
    }
}

fn digest(bytes: &[u8]) -> Digest {
    use sha2::{Digest as _, Sha256};
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    Digest::parse(&format!("sha256:{hex}")).expect("that is how digests are written")
}

fn settings() -> OciSettings {
    OciSettings {
        retry_wait: Duration::ZERO,
        rate_limit_wait: Duration::ZERO,
        ..OciSettings::default()
    }
}

fn oci() -> Result<Oci> {
    Ok(Oci::new(settings())?)
}

fn at(host: &str) -> ArtifactLocation {
    ArtifactLocation::Registry { repository: format!("{host}/org/app"), insecure: true }
}

fn layout(folder: &TempDir) -> ArtifactLocation {
    let folder = folder.path().join("new").to_string_lossy().into_owned();
    ArtifactLocation::Layout { folder }
}

fn refused<T: std::fmt::Debug>(answer: Result<T, RegistryError>) -> RegistryError {
    answer.expect_err("it must not succeed")
}
