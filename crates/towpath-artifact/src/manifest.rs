//! The OCI image manifest around a Flux layer.
//!
//! Flux fixes the media types and three annotations (`fluxcd/pkg:oci/globals.go`, `fluxcd/pkg:oci/meta.go`); all
//! else is OCI (`opencontainers/image-spec:manifest.md`). The config blob says nothing: Flux writes an empty one and
//! reads none, so it is carried by digest only.
//!
//! [`Manifest::parse`] reads what any tool wrote and refuses what is no image manifest, such as an index.
//! [`Manifest::layer`] is source-controller's choice of the layer to unpack. Fetching is elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The media type of the manifest.
pub const MANIFEST_MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of Flux's config blob.
pub const CONFIG_MEDIA_TYPE: &str = "application/vnd.cncf.flux.config.v1+json";
/// The media type of Flux's layer.
pub const LAYER_MEDIA_TYPE: &str = "application/vnd.cncf.flux.content.v1.tar+gzip";

/// Annotation: when the artifact was made, RFC 3339.
pub const CREATED: &str = "org.opencontainers.image.created";
/// Annotation: where its files come from, usually the URL of a Git repository.
pub const SOURCE: &str = "org.opencontainers.image.source";
/// Annotation: the revision of the files in their source; see [`crate::RevisionRef`].
pub const REVISION: &str = "org.opencontainers.image.revision";

const DOCKER_MANIFEST_MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// Media type, length and digest of a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the blob is.
    pub media_type: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its digest.
    pub digest: Digest,
}

impl Descriptor {
    /// Checks that the bytes are the ones described.
    pub fn verify(&self, bytes: &[u8]) -> Result<(), ManifestError> {
        if self.size == bytes.len() as u64 && self.digest.matches(bytes) {
            return Ok(());
        }
        Err(ManifestError::WrongBlob { expected: self.digest.clone(), found: Digest::of(bytes) })
    }
}

/// An OCI image manifest, as far as Flux has use for it. Unknown fields are dropped on reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    schema_version: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    media_type: String,
    /// The config blob.
    pub config: Descriptor,
    /// The layers, of which Flux unpacks one.
    pub layers: Vec<Descriptor>,
    /// The annotations, which Flux shows as the artifact's metadata.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// A manifest with one layer.
    pub(crate) fn new(
        config: Descriptor,
        layer: Descriptor,
        annotations: BTreeMap<String, String>,
    ) -> Self {
        let media_type = MANIFEST_MEDIA_TYPE.to_owned();
        Self { schema_version: 2, media_type, config, layers: vec![layer], annotations }
    }

    /// Reads a manifest as a registry returns it.
    ///
    /// The media type may be missing, as OCI allows; where it is there it must be that of an OCI or Docker image
    /// manifest. An index of manifests is refused by name, because Flux would choose one by platform.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Kind {
            schema_version: u32,
            #[serde(default)]
            media_type: String,
            #[serde(default)]
            manifests: Option<serde::de::IgnoredAny>,
        }

        let kind: Kind = serde_json::from_slice(bytes).map_err(ManifestError::Malformed)?;
        if kind.schema_version != 2 {
            return Err(ManifestError::SchemaVersion(kind.schema_version));
        }
        if kind.manifests.is_some() {
            return Err(ManifestError::Index);
        }
        if !matches!(
            kind.media_type.as_str(),
            "" | MANIFEST_MEDIA_TYPE | DOCKER_MANIFEST_MEDIA_TYPE
        ) {
            return Err(ManifestError::MediaType(kind.media_type));
        }
        serde_json::from_slice(bytes).map_err(ManifestError::Malformed)
    }

    /// The bytes to push. Keys are in the order in which Flux writes them.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a manifest has text keys only")
    }

    /// The layer that source-controller would unpack: with a selector the first of exactly that media type, without
    /// one the first of any (`fluxcd/source-controller:internal/controller/ocirepository_controller.go`).
    pub fn layer(&self, selector: Option<&str>) -> Result<&Descriptor, ManifestError> {
        match selector {
            None => self.layers.first().ok_or(ManifestError::NoLayers),
            Some(media_type) => self
                .layers
                .iter()
                .find(|layer| layer.media_type == media_type)
                .ok_or_else(|| ManifestError::NoSuchLayer(media_type.to_owned())),
        }
    }

    /// Whether Flux made it, or a tool that keeps to Flux's media types.
    pub fn is_flux(&self) -> bool {
        self.config.media_type == CONFIG_MEDIA_TYPE
            && self.layers.iter().any(|layer| layer.media_type == LAYER_MEDIA_TYPE)
    }

    /// The annotation [`SOURCE`].
    pub fn source(&self) -> Option<&str> {
        self.annotation(SOURCE)
    }

    /// The annotation [`REVISION`].
    pub fn revision(&self) -> Option<&str> {
        self.annotation(REVISION)
    }

    /// The annotation [`CREATED`].
    pub fn created(&self) -> Option<&str> {
        self.annotation(CREATED)
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }
}

/// What is wrong with a manifest, or with a blob that does not belong to it.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON, or not of the shape of a manifest.
    #[error("the manifest is malformed")]
    Malformed(#[source] serde_json::Error),
    /// A schema that OCI left behind, or has not made yet.
    #[error("the manifest has schema version {0}, not 2")]
    SchemaVersion(u32),
    /// Several manifests under one name.
    #[error("it is an index of manifests, not a manifest")]
    Index,
    /// Another document than an image manifest.
    #[error("`{0}` is not the media type of an image manifest")]
    MediaType(String),
    /// Nothing to unpack.
    #[error("the manifest has no layers")]
    NoLayers,
    /// Nothing to unpack for this selector.
    #[error("the manifest has no layer of media type `{0}`")]
    NoSuchLayer(String),
    /// The bytes are not those that the manifest names.
    #[error("the blob is {found}, not {expected}")]
    WrongBlob {
        /// What the manifest says.
        expected: Digest,
        /// What the bytes are.
        found: Digest,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(layers: &str, head: &str) -> String {
        let empty = Digest::of(b"");
        format!(
            r#"{{"schemaVersion":2,{head}"config":{{"mediaType":"c","size":0,"digest":"{empty}"}},"layers":[{layers}]}}"#
        )
    }

    fn layer(media_type: &str) -> String {
        let digest = Digest::of(media_type.as_bytes());
        format!(r#"{{"mediaType":"{media_type}","size":1,"digest":"{digest}","urls":[]}}"#)
    }

    #[test]
    fn manifests_of_other_tools_are_read() -> Result<(), ManifestError> {
        let two = format!("{},{}", layer("first"), layer("second"));
        for head in [
            "",
            r#""mediaType":"application/vnd.docker.distribution.manifest.v2+json","artifactType":"x","#,
        ] {
            let manifest = Manifest::parse(json(&two, head).as_bytes())?;
            assert_eq!(manifest.layer(None)?.media_type, "first");
            assert_eq!(manifest.layer(Some("second"))?.media_type, "second");
            assert_eq!(manifest.layer(Some("second"))?.digest, Digest::of(b"second"));
            assert_eq!((manifest.source(), manifest.is_flux()), (None, false));
            assert_eq!(Manifest::parse(&manifest.to_bytes())?, manifest);
        }
        Ok(())
    }

    #[test]
    fn what_is_no_manifest_is_refused() {
        let cases = [
            ("{", "the manifest is malformed"),
            (r#"{"schemaVersion":1}"#, "the manifest has schema version 1, not 2"),
            (
                r#"{"schemaVersion":2,"manifests":[]}"#,
                "it is an index of manifests, not a manifest",
            ),
            (
                r#"{"schemaVersion":2,"mediaType":"text/plain"}"#,
                "`text/plain` is not the media type of an image manifest",
            ),
            (r#"{"schemaVersion":2,"layers":[]}"#, "the manifest is malformed"),
        ];
        for (text, message) in cases {
            let error = Manifest::parse(text.as_bytes()).expect_err(text);
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn a_missing_layer_is_named() -> Result<(), ManifestError> {
        let manifest = Manifest::parse(json(&layer("only"), "").as_bytes())?;
        let error = manifest.layer(Some("other")).expect_err("there is no such layer");
        assert_eq!(error.to_string(), "the manifest has no layer of media type `other`");
        let manifest = Manifest::parse(json("", "").as_bytes())?;
        assert!(matches!(manifest.layer(None), Err(ManifestError::NoLayers)));
        Ok(())
    }

    #[test]
    fn blobs_are_checked_against_their_descriptor() {
        let descriptor =
            Descriptor { media_type: String::new(), size: 3, digest: Digest::of(b"abc") };
        assert!(descriptor.verify(b"abc").is_ok());
        assert!(matches!(descriptor.verify(b"abd"), Err(ManifestError::WrongBlob { .. })));
    }
}
