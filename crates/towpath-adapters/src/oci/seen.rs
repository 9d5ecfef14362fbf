//! Manifests that were read before, so that none is transferred twice: what a digest names never changes, and of a tag it
//! is enough to ask which digest it names now.
//!
//! Each repository has its own, because who may read one may not read another. Must not be asked whether a tag is still
//! what it was: only the registry knows.

use std::collections::BTreeMap;

use towpath_core::id::Digest;
use towpath_engine::ports::FetchedManifest;

use super::Name;

/// So many bytes of manifests are kept; then all are forgotten, and read again when they are asked for.
const MOST: usize = 64 << 20;

/// The manifests of all repositories, and what tags named when they were last asked for.
#[derive(Debug, Default)]
pub(super) struct Seen {
    repositories: BTreeMap<String, Repository>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Repository {
    manifests: BTreeMap<Digest, Vec<u8>>,
    tags: BTreeMap<String, Digest>,
}

impl Seen {
    /// What a digest names.
    pub(super) fn manifest(&self, at: &str, digest: &Digest) -> Option<FetchedManifest> {
        let bytes = self.repositories.get(at)?.manifests.get(digest)?.clone();
        Some(FetchedManifest { digest: digest.clone(), bytes })
    }

    /// What a tag named, if its manifest is known.
    pub(super) fn named(&self, at: &str, tag: &str) -> Option<FetchedManifest> {
        self.manifest(at, self.repositories.get(at)?.tags.get(tag)?)
    }

    /// A manifest was read by this name.
    pub(super) fn keep(&mut self, at: &str, name: &Name, found: &FetchedManifest) {
        if self.bytes + found.bytes.len() > MOST {
            *self = Self::default();
        }
        let known = self.repositories.entry(at.to_owned()).or_default();
        if known.manifests.insert(found.digest.clone(), found.bytes.clone()).is_none() {
            self.bytes += found.bytes.len();
        }
        if let Name::Tag(tag) = name {
            known.tags.insert(tag.clone(), found.digest.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::digest_of;
    use super::*;

    fn manifest(bytes: &[u8]) -> FetchedManifest {
        FetchedManifest { digest: digest_of(bytes), bytes: bytes.to_vec() }
    }

    #[test]
    fn what_is_known_is_known_of_one_repository() {
        let mut seen = Seen::default();
        let (one, tag) = (manifest(b"one"), Name::Tag("1".to_owned()));
        seen.keep("a", &tag, &one);
        assert_eq!(seen.named("a", "1"), Some(one.clone()));
        assert_eq!(seen.manifest("a", &one.digest), Some(one.clone()));
        assert_eq!((seen.named("b", "1"), seen.manifest("b", &one.digest)), (None, None));
        seen.keep("a", &tag, &manifest(b"two"));
        assert_eq!(seen.named("a", "1"), Some(manifest(b"two")));
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let mut seen = Seen::default();
        let (old, large) = (manifest(b"old"), manifest(&vec![0; MOST - 2]));
        seen.keep("a", &Name::Digest(old.digest.clone()), &old);
        seen.keep("a", &Name::Digest(large.digest.clone()), &large);
        assert_eq!(seen.manifest("a", &old.digest), None);
        assert_eq!(seen.manifest("a", &large.digest), Some(large));
    }
}
