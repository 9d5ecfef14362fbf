//! A registry whose answers are kept until somebody says that there may be news: clusters report often, and what they
//! report is no news of a registry.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use towpath_core::id::Digest;
use towpath_engine::ports::{
    ArtifactLocation, FetchedManifest, PushContent, Pushed, Registry, RegistryError,
};

/// The answers of a registry since the last [`KeptRegistry::forget`]. Failures are not kept.
pub(crate) struct KeptRegistry<'a> {
    inner: &'a dyn Registry,
    tags: Mutex<BTreeMap<String, Vec<String>>>,
    manifests: Mutex<BTreeMap<(String, String), Option<FetchedManifest>>>,
}

impl<'a> KeptRegistry<'a> {
    pub(crate) fn new(inner: &'a dyn Registry) -> Self {
        Self { inner, tags: Mutex::default(), manifests: Mutex::default() }
    }

    /// There may be news.
    pub(crate) fn forget(&self) {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.manifests.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Registry for KeptRegistry<'_> {
    fn tags(&self, at: &ArtifactLocation) -> Result<Vec<String>, RegistryError> {
        let place = at.to_string();
        let mut kept = self.tags.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(&place) {
            return Ok(known.clone());
        }
        let tags = self.inner.tags(at)?;
        kept.insert(place, tags.clone());
        Ok(tags)
    }

    fn manifest(
        &self,
        at: &ArtifactLocation,
        reference: &str,
    ) -> Result<Option<FetchedManifest>, RegistryError> {
        let place = (at.to_string(), reference.to_owned());
        let mut kept = self.manifests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(&place) {
            return Ok(known.clone());
        }
        let manifest = self.inner.manifest(at, reference)?;
        kept.insert(place, manifest.clone());
        Ok(manifest)
    }

    fn blob(
        &self,
        at: &ArtifactLocation,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        self.inner.blob(at, digest, max_bytes)
    }

    fn push(
        &self,
        at: &ArtifactLocation,
        content: &PushContent<'_>,
        tag: &str,
    ) -> Result<Pushed, RegistryError> {
        self.forget();
        self.inner.push(at, content, tag)
    }
}
