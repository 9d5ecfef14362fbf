//! The in-memory twin of a registry: tags are created and never moved, and failures come on demand.
//!
//! It holds [`crate::registry_contract`] as the real ones do. Only [`MemoryRegistry::move_tag`] breaks
//! that word, for tests of what other tools may do to a registry. Must not know what a release is.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use towpath_core::id::Digest;
use towpath_engine::ports::{
    ArtifactLocation, FetchedManifest, PushContent, Pushed, Registry, RegistryError,
    RegistryProblem,
};

/// What goes wrong at the next call that it fits, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryFault {
    /// Any call: the registry answers with this problem.
    Answers(RegistryProblem),
    /// A blob is cut on its way.
    HalfABlob,
    /// A push fails, and nothing was kept that has a tag.
    PushBefore,
    /// A push fails after the tag was made: the answer is lost.
    PushAfter,
}

#[derive(Debug, Clone, Default)]
struct Repository {
    tags: BTreeMap<String, Digest>,
    manifests: BTreeMap<Digest, Vec<u8>>,
    blobs: BTreeMap<Digest, Vec<u8>>,
}

#[derive(Debug, Clone, Default)]
struct State {
    repositories: BTreeMap<ArtifactLocation, Repository>,
    down: Option<RegistryProblem>,
    faults: VecDeque<RegistryFault>,
}

/// All that a registry answers, past faults that come once: where its tags point, and with which problem it is down.
pub type Contents = (BTreeMap<ArtifactLocation, BTreeMap<String, Digest>>, Option<RegistryProblem>);

/// A registry in memory. Everybody who holds a reference sees the same one.
#[derive(Debug, Default)]
pub struct MemoryRegistry {
    state: Mutex<State>,
}

/// The SHA-256 digest of bytes, as registries name them.
#[must_use]
pub fn digest_of(bytes: &[u8]) -> Digest {
    Digest::parse(towpath_artifact::Digest::of(bytes).as_str()).expect("a digest is a digest")
}

fn fail<T>(problem: RegistryProblem, message: String) -> Result<T, RegistryError> {
    Err(RegistryError { problem, message, hint: None, source: None })
}

impl MemoryRegistry {
    /// A registry without a repository.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the next call that it fits go wrong, once. Several wait in their order.
    pub fn inject(&self, fault: RegistryFault) {
        self.lock().faults.push_back(fault);
    }

    /// Takes back what is injected and has not happened.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Answers every call with this problem from now on; `None` ends it.
    pub fn set_down(&self, problem: Option<RegistryProblem>) {
        self.lock().down = problem;
    }

    /// Moves a tag to a manifest with these bytes, as a registry lets other tools do.
    pub fn move_tag(&self, at: &ArtifactLocation, tag: &str, manifest: &[u8]) {
        let digest = digest_of(manifest);
        let mut state = self.lock();
        let repository = state.repositories.entry(at.clone()).or_default();
        repository.manifests.insert(digest.clone(), manifest.to_vec());
        repository.tags.insert(tag.to_owned(), digest);
    }

    /// The registry as it is now, for whoever asked now and not since.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { state: Mutex::new(self.lock().clone()) }
    }

    /// Whether every call is answered with a problem.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.lock().down.is_some()
    }

    /// What it would answer.
    #[must_use]
    pub fn contents(&self) -> Contents {
        let state = self.lock();
        let tags = state.repositories.iter().map(|(at, r)| (at.clone(), r.tags.clone()));
        (tags.collect(), state.down.clone())
    }

    /// What a tag names, past all faults.
    #[must_use]
    pub fn tagged(&self, at: &ArtifactLocation, tag: &str) -> Option<Digest> {
        self.lock().repositories.get(at)?.tags.get(tag).cloned()
    }

    /// All tags of a location with what they name, past all faults.
    #[must_use]
    pub fn all_tags(&self, at: &ArtifactLocation) -> BTreeMap<String, Digest> {
        self.lock().repositories.get(at).map(|r| r.tags.clone()).unwrap_or_default()
    }
}

impl State {
    fn take(&mut self, fits: impl Fn(&RegistryFault) -> bool) -> Option<RegistryFault> {
        let at = self.faults.iter().position(fits)?;
        self.faults.remove(at)
    }

    fn answer(&mut self, at: &ArtifactLocation) -> Result<(), RegistryError> {
        let once = self.take(|f| matches!(f, RegistryFault::Answers(_)));
        let problem = match once {
            Some(RegistryFault::Answers(problem)) => Some(problem),
            _ => self.down.clone(),
        };
        match problem {
            Some(problem) => fail(problem, format!("{at} does not answer")),
            None => Ok(()),
        }
    }

    fn repository(&self, at: &ArtifactLocation) -> Result<&Repository, RegistryError> {
        match self.repositories.get(at) {
            Some(repository) => Ok(repository),
            None => fail(RegistryProblem::NotFound, format!("{at} is not there")),
        }
    }
}

impl Registry for MemoryRegistry {
    fn tags(&self, at: &ArtifactLocation) -> Result<Vec<String>, RegistryError> {
        let mut state = self.lock();
        state.answer(at)?;
        Ok(state.repository(at)?.tags.keys().cloned().collect())
    }

    fn manifest(
        &self,
        at: &ArtifactLocation,
        reference: &str,
    ) -> Result<Option<FetchedManifest>, RegistryError> {
        let mut state = self.lock();
        state.answer(at)?;
        let repository = state.repository(at)?;
        let digest = match Digest::parse(reference) {
            Ok(digest) => Some(digest),
            Err(_) => repository.tags.get(reference).cloned(),
        };
        Ok(digest.and_then(|digest| {
            let bytes = repository.manifests.get(&digest)?.clone();
            Some(FetchedManifest { digest, bytes })
        }))
    }

    fn blob(
        &self,
        at: &ArtifactLocation,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        let mut state = self.lock();
        state.answer(at)?;
        let cut = state.take(|f| *f == RegistryFault::HalfABlob).is_some();
        let Some(bytes) = state.repository(at)?.blobs.get(digest) else {
            return fail(RegistryProblem::NotFound, format!("{at} has no blob {digest}"));
        };
        if cut {
            return fail(RegistryProblem::Corrupt, format!("blob {digest} of {at} was cut"));
        }
        if bytes.len() as u64 > max_bytes {
            return fail(RegistryProblem::Refused, format!("blob {digest} is over {max_bytes}"));
        }
        Ok(bytes.clone())
    }

    fn push(
        &self,
        at: &ArtifactLocation,
        content: &PushContent<'_>,
        tag: &str,
    ) -> Result<Pushed, RegistryError> {
        let mut state = self.lock();
        state.answer(at)?;
        let fault =
            state.take(|f| matches!(f, RegistryFault::PushBefore | RegistryFault::PushAfter));
        let lost = || fail(RegistryProblem::Unreachable, format!("the push to {at} was cut off"));
        for (digest, bytes) in &content.blobs {
            if *digest != digest_of(bytes) {
                return fail(RegistryProblem::Refused, format!("a blob is not {digest}"));
            }
        }
        let digest = digest_of(content.manifest);
        let repository = state.repositories.entry(at.clone()).or_default();
        for (digest, bytes) in &content.blobs {
            repository.blobs.insert(digest.clone(), bytes.to_vec());
        }
        repository.manifests.insert(digest.clone(), content.manifest.to_vec());
        if fault == Some(RegistryFault::PushBefore) {
            return lost();
        }
        let answer = match repository.tags.get(tag) {
            Some(found) if *found == digest => Pushed::AlreadyThere,
            Some(found) => Pushed::Conflict { found: found.clone() },
            None => {
                repository.tags.insert(tag.to_owned(), digest);
                Pushed::Created
            }
        };
        if fault == Some(RegistryFault::PushAfter) { lost() } else { Ok(answer) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry_contract;

    fn location(name: &str) -> ArtifactLocation {
        let repository = format!("registry.example/{name}");
        ArtifactLocation::Registry { repository, insecure: false }
    }

    #[test]
    fn memory_keeps_the_contract() -> Result<(), RegistryError> {
        registry_contract::run(&MemoryRegistry::new(), location)
    }

    #[test]
    fn each_fault_happens_once_and_leaves_what_it_says() -> Result<(), RegistryError> {
        let registry = MemoryRegistry::new();
        let at = location("a");
        let (config, manifest) = (b"{}".as_slice(), b"{\"a\":1}".as_slice());
        let blob = digest_of(config);
        let content =
            PushContent { media_type: "x", manifest, blobs: vec![(blob.clone(), config)] };
        registry.inject(RegistryFault::PushBefore);
        assert!(registry.push(&at, &content, "1.0.0").is_err());
        assert_eq!(registry.tagged(&at, "1.0.0"), None);
        registry.inject(RegistryFault::PushAfter);
        assert!(registry.push(&at, &content, "1.0.0").is_err());
        assert_eq!(registry.push(&at, &content, "1.0.0")?, Pushed::AlreadyThere);
        registry.inject(RegistryFault::HalfABlob);
        let cut = registry.blob(&at, &blob, 10).expect_err("the blob is cut");
        assert_eq!(cut.problem, RegistryProblem::Corrupt);
        assert_eq!(registry.blob(&at, &blob, 10)?, config);
        registry.set_down(Some(RegistryProblem::Unauthorized));
        registry.inject(RegistryFault::Answers(RegistryProblem::RateLimited));
        let problems: Vec<_> =
            (0..2).filter_map(|_| registry.tags(&at).err().map(|e| e.problem)).collect();
        assert_eq!(problems, [RegistryProblem::RateLimited, RegistryProblem::Unauthorized]);
        registry.set_down(None);
        assert_eq!(registry.tags(&at)?, ["1.0.0"]);
        Ok(())
    }
}
