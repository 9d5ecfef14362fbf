//! One repository of an OCI registry, by `opencontainers/distribution-spec:spec.md`.
//!
//! The protocol is `oci-client`'s; here is what it leaves open: how often to try, how much to read, all
//! pages of the tags, and the rule that a tag is created and never moved. HTTP has no compare-and-set for
//! tags, so the tag is read right before and after it is put: two pushers are told apart unless one puts
//! between the other's last two requests, which only a registry with immutable tags prevents. The client
//! shows neither `Retry-After` nor `ETag` nor a manifest before all of it is here, so the waits are ours, tags are
//! listed anew each time, and time, not size, bounds the reading of a manifest. Must not choose credentials. Next: `fault`.

use std::collections::HashSet;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use oci_client::errors::OciDistributionError;
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE,
    OCI_IMAGE_MEDIA_TYPE,
};
use oci_client::{Client, Reference};
use tokio::task::{JoinError, JoinSet};
use towpath_core::id::Digest;
use towpath_engine::ports::{FetchedManifest, PushContent, Pushed, RegistryError, RegistryProblem};

use super::credentials::Credentials;
use super::fault::{Fault, Faults, Retry};
use super::{MAX_MANIFEST_BYTES, Name, OciSettings, digest_of};

/// How many tags one page is asked for; registries may give fewer.
const PAGE: usize = 1000;
/// After so many pages a registry is taken to answer without end.
const MAX_PAGES: usize = 10_000;
/// How many blobs of one push are on their way at the same time.
const CONCURRENT_BLOBS: usize = 4;

const MANIFEST_TYPES: [&str; 4] = [
    OCI_IMAGE_MEDIA_TYPE,
    OCI_IMAGE_INDEX_MEDIA_TYPE,
    IMAGE_MANIFEST_MEDIA_TYPE,
    IMAGE_MANIFEST_LIST_MEDIA_TYPE,
];

/// The access to one repository.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) client: Client,
    /// Names the repository; its tag means nothing.
    pub(super) reference: Reference,
    pub(super) credentials: Credentials,
    pub(super) settings: Arc<OciSettings>,
    pub(super) faults: Faults,
}

impl Session {
    fn named(&self, name: &Name) -> Reference {
        let registry = self.reference.registry().to_owned();
        let repository = self.reference.repository().to_owned();
        match name {
            Name::Tag(tag) => Reference::with_tag(registry, repository, tag.clone()),
            Name::Digest(digest) => {
                Reference::with_digest(registry, repository, digest.as_str().to_owned())
            }
        }
    }

    /// Bounds one request and translates its error.
    pub(super) async fn limited<T>(
        &self,
        doing: &str,
        limit: Duration,
        request: impl Future<Output = Result<T, OciDistributionError>>,
    ) -> Result<T, Fault> {
        match tokio::time::timeout(limit, request).await {
            Ok(answer) => answer.map_err(|error| self.faults.of(doing, error)),
            Err(_) => Err(self.faults.timeout(doing)),
        }
    }

    /// Makes a request again while its fault may pass.
    pub(super) async fn retrying<T, F: Future<Output = Result<T, Fault>>>(
        &self,
        request: impl Fn() -> F,
    ) -> Result<T, Fault> {
        let mut factor = 1;
        for _ in 1..self.settings.attempts {
            let wait = match request().await {
                Err(Fault { retry: Retry::Soon, .. }) => self.settings.retry_wait,
                Err(Fault { retry: Retry::RateLimited, .. }) => self.settings.rate_limit_wait,
                answer => return answer,
            };
            tokio::time::sleep(wait.saturating_mul(factor)).await;
            factor = factor.saturating_mul(2);
        }
        request().await
    }

    pub(super) async fn tags(&self) -> Result<Vec<String>, Fault> {
        let doing = "list the tags of";
        let mut tags = Vec::new();
        let mut seen = HashSet::new();
        let mut last: Option<String> = None;
        let mut page_was_short = false;
        for _ in 0..MAX_PAGES {
            let page = || {
                let auth = &self.credentials.auth;
                let page =
                    self.client.list_tags(&self.reference, auth, Some(PAGE), last.as_deref());
                self.limited(doing, self.settings.request_timeout, page)
            };
            let page = match self.retrying(page).await {
                Ok(page) => page.tags,
                // Some registries page by marks of their own and refuse a tag as one; where the page
                // before was short there is no next one.
                Err(Fault { status: Some(400 | 404 | 405), .. }) if page_was_short => {
                    return Ok(tags);
                }
                Err(fault) => return Err(fault),
            };
            page_was_short = page.len() < PAGE;
            last = page.last().cloned();
            let before = tags.len();
            tags.extend(page.into_iter().filter(|tag| seen.insert(tag.clone())));
            // Some registries give fewer than asked on a page that is not the last, and some give all
            // again: only a page with nothing new is the end.
            if tags.len() == before {
                return Ok(tags);
            }
        }
        Err(self.faults.refused(doing, &format!("there are more than {MAX_PAGES} pages"), None))
    }

    pub(super) async fn manifest(&self, name: &Name) -> Result<Option<FetchedManifest>, Fault> {
        let doing = format!("read manifest {} of", name.as_str());
        let image = self.named(name);
        let auth = &self.credentials.auth;
        let answer = self.client.pull_manifest_raw(&image, auth, &MANIFEST_TYPES);
        let bytes = match self.limited(&doing, self.settings.request_timeout, answer).await {
            Ok((bytes, _)) => bytes.to_vec(),
            Err(Fault {
                error: RegistryError { problem: RegistryProblem::NotFound, .. }, ..
            }) => {
                return Ok(None);
            }
            Err(fault) => return Err(fault),
        };
        if bytes.len() as u64 > MAX_MANIFEST_BYTES {
            return Err(self.faults.too_large(&doing, MAX_MANIFEST_BYTES));
        }
        if serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes).is_err() {
            return Err(self.faults.not_a_registry(&doing));
        }
        let digest = digest_of(&bytes);
        if let Name::Digest(asked) = name
            && *asked != digest
        {
            return Err(self.faults.corrupt(&doing, &format!("content with digest {digest} came")));
        }
        Ok(Some(FetchedManifest { digest, bytes }))
    }

    /// The digest that a tag names now, as the registry says it; only where the registry leaves it out, the client reads the
    /// manifest for it.
    pub(super) async fn digest(&self, name: &Name) -> Result<Option<String>, Fault> {
        let doing = format!("read the digest of {} of", name.as_str());
        let image = self.named(name);
        let answer = self.client.fetch_manifest_digest(&image, &self.credentials.auth);
        match self.limited(&doing, self.settings.request_timeout, answer).await {
            Ok(digest) => Ok(Some(digest)),
            Err(Fault {
                error: RegistryError { problem: RegistryProblem::NotFound, .. }, ..
            }) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    pub(super) async fn blob(&self, digest: &Digest, max_bytes: u64) -> Result<Vec<u8>, Fault> {
        let doing = format!("read blob {digest} of");
        self.client
            .store_auth_if_needed(self.reference.resolve_registry(), &self.credentials.auth)
            .await;
        let mut sink = Sink { bytes: Vec::new(), max_bytes, full: false };
        let answer = self.client.pull_blob(&self.reference, digest.as_str(), &mut sink);
        let answer = self.limited(&doing, self.settings.transfer_timeout, answer).await;
        if sink.full {
            return Err(self.faults.too_large(&doing, max_bytes));
        }
        match answer {
            Ok(()) if digest_of(&sink.bytes) == *digest => Ok(sink.bytes),
            Ok(()) => Err(self.faults.corrupt(&doing, "other content came")),
            // Part of it came: to the caller the content is cut, not the registry away.
            Err(mut fault) => {
                if fault.retry == Retry::Soon && !sink.bytes.is_empty() {
                    fault.error.problem = RegistryProblem::Corrupt;
                }
                Err(fault)
            }
        }
    }

    pub(super) async fn push(&self, content: &PushContent<'_>, tag: &str) -> Result<Pushed, Fault> {
        let digest = digest_of(content.manifest);
        let name = Name::Tag(tag.to_owned());
        if let Some(found) = self.retrying(|| self.manifest(&name)).await? {
            return Ok(settled(found.digest, &digest));
        }
        self.push_blobs(content).await?;
        self.put_tag(content, &name, &digest).await
    }

    async fn push_blobs(&self, content: &PushContent<'_>) -> Result<(), Fault> {
        let mut running = JoinSet::new();
        let mut sent = HashSet::new();
        for (digest, bytes) in &content.blobs {
            if !sent.insert(digest) {
                continue;
            }
            if running.len() == CONCURRENT_BLOBS {
                self.finish(running.join_next().await)?;
            }
            let (session, digest, bytes) = (self.clone(), digest.clone(), bytes.to_vec());
            running.spawn(async move { session.push_blob(&digest, &bytes).await });
        }
        while let Some(done) = running.join_next().await {
            self.finish(Some(done))?;
        }
        Ok(())
    }

    fn finish(&self, done: Option<Result<Result<(), Fault>, JoinError>>) -> Result<(), Fault> {
        match done {
            Some(Ok(answer)) => answer,
            // The client does not expect every answer that a broken registry can give.
            Some(Err(_)) => {
                let why = "the answer breaks the OCI distribution specification";
                Err(self.faults.refused("push a blob to", why, None))
            }
            None => Ok(()),
        }
    }

    async fn push_blob(&self, digest: &Digest, bytes: &[u8]) -> Result<(), Fault> {
        let doing = format!("push blob {digest} to");
        let there = || {
            let there = self.client.blob_exists(&self.reference, digest.as_str());
            self.limited(&doing, self.settings.request_timeout, there)
        };
        if self.retrying(there).await? {
            return Ok(());
        }
        let push = || {
            let push = self.client.push_blob(&self.reference, bytes.to_vec(), digest.as_str());
            self.limited(&doing, self.settings.transfer_timeout, push)
        };
        self.retrying(push).await.map(drop)
    }

    /// Puts the manifest under its tag, unless somebody else was first.
    async fn put_tag(
        &self,
        content: &PushContent<'_>,
        name: &Name,
        digest: &Digest,
    ) -> Result<Pushed, Fault> {
        let doing = format!("push tag {} to", name.as_str());
        let media_type = content.media_type.parse().map_err(|_| {
            let why = format!("{:?} is not a media type", content.media_type);
            self.faults.refused(&doing, &why, None)
        })?;
        let image = self.named(name);
        // Every attempt reads the tag first: an attempt whose answer was lost may have succeeded, and
        // another pusher may have come between.
        let tried = std::cell::Cell::new(false);
        let (doing, image, tried) = (&doing, &image, &tried);
        let media_type = &media_type;
        let put = || async move {
            if let Some(found) = self.manifest(name).await? {
                let ours = found.digest == *digest && tried.get();
                return Ok(if ours { Pushed::Created } else { settled(found.digest, digest) });
            }
            tried.set(true);
            let put = self.client.push_manifest_raw(
                image,
                content.manifest.to_vec(),
                Clone::clone(media_type),
            );
            self.limited(doing, self.settings.request_timeout, put).await?;
            Ok(Pushed::Created)
        };
        let answer = self.retrying(put).await;
        match answer {
            Ok(Pushed::Created) => {}
            Ok(settled) => return Ok(settled),
            // A registry with immutable tags refuses the second of two pushers.
            Err(fault) if fault.error.problem == RegistryProblem::Refused => {
                return match self.retrying(|| self.manifest(name)).await {
                    Ok(Some(found)) => Ok(settled(found.digest, digest)),
                    _ => Err(fault),
                };
            }
            Err(fault) => return Err(fault),
        }
        match self.retrying(|| self.manifest(name)).await? {
            Some(found) if found.digest == *digest => Ok(Pushed::Created),
            Some(found) => Ok(Pushed::Conflict { found: found.digest }),
            None => Err(self.faults.refused(doing, "the tag is gone right after the push", None)),
        }
    }
}

/// What a push comes to where the tag is there.
fn settled(found: Digest, pushed: &Digest) -> Pushed {
    if found == *pushed { Pushed::AlreadyThere } else { Pushed::Conflict { found } }
}

/// Takes a blob as it comes, and no more than it may have.
struct Sink {
    bytes: Vec<u8>,
    max_bytes: u64,
    full: bool,
}

impl tokio::io::AsyncWrite for Sink {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if (self.bytes.len() + bytes.len()) as u64 > self.max_bytes {
            self.full = true;
            return Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()));
        }
        self.bytes.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
