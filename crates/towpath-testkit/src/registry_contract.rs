//! The words of [`Registry`] as assertions, for every implementation of it.
//!
//! Only the port is used, so registries, layout folders and the in-memory twin are held to the same.
//! What only HTTP has (credentials, redirects, limits) is tested with the adapter.

use towpath_artifact::ignore::Matcher;
use towpath_artifact::{Artifact, FileEntry, Metadata, pack};
use towpath_engine::ports::{
    ArtifactLocation, PushContent, Pushed, Registry, RegistryError, RegistryProblem,
};

use crate::memory_registry::digest_of;

/// All clauses, one after the other. `fresh` names a place that nothing was pushed to.
///
/// # Errors
/// Those of the implementation.
///
/// # Panics
/// Where the implementation does not hold.
pub fn run(
    registry: &dyn Registry,
    fresh: impl Fn(&str) -> ArtifactLocation,
) -> Result<(), RegistryError> {
    let at = fresh("contract");
    let nowhere = registry.tags(&at).expect_err("there is no such repository");
    assert_eq!(nowhere.problem, RegistryProblem::NotFound);

    let (one, two) = (artifact("one"), artifact("two"));
    assert_eq!(push(registry, &at, &one, "0.0.1")?, Pushed::Created);
    assert_eq!(push(registry, &at, &one, "0.0.1")?, Pushed::AlreadyThere);
    let taken = Pushed::Conflict { found: digest(&one) };
    assert_eq!(push(registry, &at, &two, "0.0.1")?, taken, "a tag never moves");
    assert_eq!(push(registry, &at, &two, "0.0.2")?, Pushed::Created);
    assert_eq!(push(registry, &at, &two, "latest")?, Pushed::Created);
    let mut tags = registry.tags(&at)?;
    tags.sort();
    assert_eq!(tags, ["0.0.1", "0.0.2", "latest"]);

    for (reference, want) in
        [("0.0.1", &one), ("0.0.2", &two), ("latest", &two), (digest(&one).as_str(), &one)]
    {
        let found = registry.manifest(&at, reference)?.expect("it was pushed");
        assert_eq!(found.digest, digest(want), "{reference}");
        assert_eq!(found.bytes, want.manifest.bytes, "{reference}: bytes as they were pushed");
    }
    assert_eq!(registry.manifest(&at, "0.0.3")?, None);
    assert_eq!(registry.manifest(&at, digest_of(b"nobody pushed this").as_str())?, None);

    let layer = digest_of(&one.layer.bytes);
    let length = one.layer.bytes.len() as u64;
    assert_eq!(registry.blob(&at, &layer, length)?, one.layer.bytes);
    assert!(registry.blob(&at, &layer, length - 1).is_err(), "more than was allowed");
    let missing = registry.blob(&at, &digest_of(b"nobody pushed this"), 1 << 20);
    assert_eq!(missing.expect_err("no such blob").problem, RegistryProblem::NotFound);

    let other = fresh("contract-other");
    assert_eq!(push(registry, &other, &two, "0.0.1")?, Pushed::Created, "places are apart");
    assert_eq!(registry.tags(&other)?, ["0.0.1"]);
    Ok(())
}

/// A small artifact whose content is this text.
#[must_use]
pub fn artifact(text: &str) -> Artifact {
    let file =
        FileEntry { path: "a.yaml".to_owned(), executable: false, bytes: text.as_bytes().into() };
    let metadata = Metadata {
        source: "https://git.example/platform".to_owned(),
        revision: format!("0.0.1@sha1:{}", "1".repeat(40)),
        created: "2026-01-01T00:00:00Z".to_owned(),
        ..Metadata::default()
    };
    pack(vec![file], &Matcher::for_push(None), &metadata).expect("one file can be packed")
}

/// Pushes an artifact under a tag.
///
/// # Errors
/// Those of the implementation.
pub fn push(
    registry: &dyn Registry,
    at: &ArtifactLocation,
    artifact: &Artifact,
    tag: &str,
) -> Result<Pushed, RegistryError> {
    let content = PushContent {
        media_type: artifact.manifest.media_type,
        manifest: &artifact.manifest.bytes,
        blobs: [&artifact.config, &artifact.layer]
            .map(|blob| (digest_of(&blob.bytes), blob.bytes.as_slice()))
            .to_vec(),
    };
    registry.push(at, &content, tag)
}

fn digest(artifact: &Artifact) -> towpath_core::id::Digest {
    digest_of(&artifact.manifest.bytes)
}
