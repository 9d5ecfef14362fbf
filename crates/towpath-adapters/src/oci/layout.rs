//! An OCI image layout folder as a registry: `oci-layout`, `index.json` and `blobs/sha256/`.
//!
//! Written after `opencontainers/image-spec:image-layout.md`; tags are the
//! `org.opencontainers.image.ref.name` annotations of `index.json`. Layouts of other tools are read, also
//! where the annotation is a full reference or the tagged manifests stand in a nested index. Every file
//! is written beside its place, synced and renamed, and `index.json` only changes under a lock: a crash
//! leaves the old content, and two writers lose nothing. Must not touch a folder that is something else.
//! Next: `files` for how a file is written.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};
use towpath_core::id::Digest;
use towpath_engine::ports::{FetchedManifest, PushContent, Pushed, RegistryError, RegistryProblem};

use super::files::{self, Lock, OWN_PREFIX, read_at_most};
use super::{MAX_MANIFEST_BYTES, Name, digest_of, is_tag};

const MARKER: &str = "oci-layout";
const INDEX: &str = "index.json";
const LOCK: &str = ".towpath-lock";
const REF_NAME: &str = "org.opencontainers.image.ref.name";
const INDEX_TYPES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
/// The largest `index.json` that is read: some 200,000 tags.
const MAX_INDEX_BYTES: u64 = 64 * 1024 * 1024;
/// How deep indexes may stand in indexes.
const MAX_DEPTH: u32 = 8;

/// One layout folder, which need not exist yet.
pub(super) struct Layout {
    folder: PathBuf,
    lock_attempts: u32,
    lock_wait: Duration,
}

/// What names a manifest in an index.
struct Tagged {
    /// The annotation as it stands.
    ref_name: String,
    digest: Digest,
    size: Option<u64>,
}

impl Tagged {
    /// The tag that the annotation means: all of it, or what follows the repository of a full reference.
    fn tag(&self) -> Option<&str> {
        if is_tag(&self.ref_name) {
            return Some(&self.ref_name);
        }
        let name = self.ref_name.split_once('@').map_or(self.ref_name.as_str(), |(name, _)| name);
        name.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| is_tag(tag))
    }
}

impl Layout {
    pub(super) fn new(folder: &str, lock_attempts: u32, lock_wait: Duration) -> Self {
        Self { folder: PathBuf::from(folder), lock_attempts: lock_attempts.max(1), lock_wait }
    }

    pub(super) fn tags(&self) -> Result<Vec<String>, RegistryError> {
        self.require()?;
        let mut tags: Vec<String> =
            self.tagged()?.iter().filter_map(|t| t.tag().map(str::to_owned)).collect();
        tags.sort();
        tags.dedup();
        Ok(tags)
    }

    pub(super) fn manifest(&self, name: &Name) -> Result<Option<FetchedManifest>, RegistryError> {
        self.require()?;
        match name {
            Name::Digest(digest) => {
                let bytes = self.read_blob(digest, None, MAX_MANIFEST_BYTES);
                match bytes {
                    Ok(bytes) => Ok(bytes
                        .filter(|bytes| is_manifest(bytes))
                        .map(|bytes| FetchedManifest { digest: digest.clone(), bytes })),
                    Err(ReadBlob::TooLarge(_)) => Ok(None),
                    Err(ReadBlob::Other(error)) => Err(error),
                }
            }
            Name::Tag(tag) => {
                let Some(found) = self.find(tag)? else { return Ok(None) };
                let bytes = self
                    .read_blob(&found.digest, found.size, MAX_MANIFEST_BYTES)
                    .map_err(|e| self.explain(e, &found.digest))?
                    .ok_or_else(|| {
                        self.corrupt(format!(
                            "tag {tag} names {}, which is not in {}",
                            found.digest,
                            self.shown()
                        ))
                    })?;
                Ok(Some(FetchedManifest { digest: found.digest, bytes }))
            }
        }
    }

    pub(super) fn blob(&self, digest: &Digest, max_bytes: u64) -> Result<Vec<u8>, RegistryError> {
        self.require()?;
        self.read_blob(digest, None, max_bytes).map_err(|e| self.explain(e, digest))?.ok_or_else(
            || RegistryError {
                problem: RegistryProblem::NotFound,
                message: format!("{} has no blob {digest}", self.shown()),
                hint: None,
                source: None,
            },
        )
    }

    pub(super) fn push(
        &self,
        content: &PushContent<'_>,
        tag: &str,
    ) -> Result<Pushed, RegistryError> {
        let digest = digest_of(content.manifest);
        self.create()?;
        if let Some(answer) = self.already(tag, &digest)? {
            return Ok(answer);
        }
        for (digest, bytes) in &content.blobs {
            self.write_blob(digest, bytes)?;
        }
        self.write_blob(&digest, content.manifest)?;

        let _lock = self.lock()?;
        if let Some(answer) = self.already(tag, &digest)? {
            return Ok(answer);
        }
        let mut index = self.index()?;
        let manifests = index
            .entry("manifests")
            .or_insert_with(|| Value::Array(Vec::new()))
            .as_array_mut()
            .ok_or_else(|| {
                self.corrupt(format!("{} has no list of manifests", self.shown_index()))
            })?;
        let mut annotations = Map::new();
        annotations.insert(REF_NAME.to_owned(), Value::from(tag));
        manifests.push(json!({
            "mediaType": content.media_type,
            "digest": digest.as_str(),
            "size": content.manifest.len(),
            "annotations": annotations,
        }));
        let bytes = serde_json::to_vec_pretty(&index).expect("a JSON value has only text keys");
        self.write(&self.folder, INDEX, &bytes)?;
        Ok(Pushed::Created)
    }

    fn already(&self, tag: &str, digest: &Digest) -> Result<Option<Pushed>, RegistryError> {
        Ok(self.find(tag)?.map(|found| {
            if found.digest == *digest {
                Pushed::AlreadyThere
            } else {
                Pushed::Conflict { found: found.digest }
            }
        }))
    }

    /// The one manifest of a tag: named by exactly this annotation, else by a full reference that ends so.
    fn find(&self, tag: &str) -> Result<Option<Tagged>, RegistryError> {
        let (exact, full): (Vec<Tagged>, Vec<Tagged>) = self
            .tagged()?
            .into_iter()
            .filter(|t| t.tag() == Some(tag))
            .partition(|t| t.ref_name == tag);
        let mut candidates = if exact.is_empty() { full } else { exact }.into_iter();
        let Some(found) = candidates.next() else { return Ok(None) };
        if let Some(other) = candidates.find(|other| other.digest != found.digest) {
            return Err(RegistryError {
                problem: RegistryProblem::Refused,
                message: format!(
                    "tag {tag} of {} is ambiguous: {} is {}, {} is {}",
                    self.shown(),
                    found.ref_name,
                    found.digest.short(),
                    other.ref_name,
                    other.digest.short(),
                ),
                hint: Some("name the artifact by its digest".to_owned()),
                source: None,
            });
        }
        Ok(Some(found))
    }

    fn tagged(&self) -> Result<Vec<Tagged>, RegistryError> {
        let mut found = Vec::new();
        self.collect(&self.index()?, 0, &mut HashSet::new(), &mut found)?;
        Ok(found)
    }

    fn collect(
        &self,
        index: &Map<String, Value>,
        depth: u32,
        seen: &mut HashSet<Digest>,
        found: &mut Vec<Tagged>,
    ) -> Result<(), RegistryError> {
        for entry in index.get("manifests").and_then(Value::as_array).into_iter().flatten() {
            let text = |key: &str| entry.get(key).and_then(Value::as_str);
            // Digests of other algorithms cannot be verified here, so what they name is not offered.
            let Some(digest) = text("digest").and_then(|d| Digest::parse(d).ok()) else { continue };
            let size = entry.get("size").and_then(Value::as_u64);
            let ref_name = entry.pointer("/annotations").and_then(|a| a.get(REF_NAME));
            if let Some(ref_name) = ref_name.and_then(Value::as_str) {
                found.push(Tagged { ref_name: ref_name.to_owned(), digest, size });
            } else if text("mediaType").is_some_and(|t| INDEX_TYPES.contains(&t))
                && seen.insert(digest.clone())
            {
                if depth == MAX_DEPTH {
                    return Err(self.corrupt(format!(
                        "{} has indexes nested more than {MAX_DEPTH} deep",
                        self.shown()
                    )));
                }
                let nested = self
                    .read_blob(&digest, size, MAX_MANIFEST_BYTES)
                    .map_err(|e| self.explain(e, &digest))?;
                // A layout may hold a part of an image: an absent index is allowed and names nothing.
                if let Some(bytes) = nested
                    && let Ok(nested) = serde_json::from_slice(&bytes)
                {
                    self.collect(&nested, depth + 1, seen, found)?;
                }
            }
        }
        Ok(())
    }

    fn index(&self) -> Result<Map<String, Value>, RegistryError> {
        let path = self.folder.join(INDEX);
        let bytes = match read_at_most(&path, MAX_INDEX_BYTES) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                return Err(self.corrupt(format!(
                    "{} has more than {MAX_INDEX_BYTES} bytes",
                    self.shown_index()
                )));
            }
            // The marker is written first: between the two, the layout is there and empty.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(empty_index());
            }
            Err(error) => return Err(self.io(format!("cannot read {}", self.shown_index()), error)),
        };
        serde_json::from_slice(&bytes).map_err(|error| RegistryError {
            source: Some(Box::new(error)),
            ..self.corrupt(format!("{} is not a JSON object", self.shown_index()))
        })
    }

    /// That the folder is a layout, for reading.
    fn require(&self) -> Result<(), RegistryError> {
        let marker = self.folder.join(MARKER);
        let bytes = match read_at_most(&marker, MAX_MANIFEST_BYTES) {
            Ok(bytes) => bytes.unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(match fs::metadata(&self.folder) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => RegistryError {
                        problem: RegistryProblem::NotFound,
                        message: format!("there is no folder {}", self.folder.display()),
                        hint: Some("a push creates it".to_owned()),
                        source: None,
                    },
                    _ => self.not_a_layout("it has no file oci-layout"),
                });
            }
            Err(error) => return Err(self.io(format!("cannot read {}", marker.display()), error)),
        };
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        match value.get("imageLayoutVersion").and_then(Value::as_str) {
            Some(version) if version.starts_with("1.") => Ok(()),
            Some(_) => Err(self.not_a_layout("its layout version is not 1.x")),
            None => Err(self.not_a_layout("its file oci-layout names no version")),
        }
    }

    /// Makes a missing or empty folder a layout; accepts one; refuses anything else.
    fn create(&self) -> Result<(), RegistryError> {
        fs::create_dir_all(&self.folder)
            .map_err(|e| self.io(format!("cannot create {}", self.folder.display()), e))?;
        let listed = fs::read_dir(&self.folder)
            .and_then(|entries| entries.map(|e| Ok(e?.file_name())).collect::<io::Result<Vec<_>>>())
            .map_err(|e| self.io(format!("cannot list {}", self.folder.display()), e))?;
        // Listed first, looked at second: whoever creates the layout meanwhile writes the marker before
        // all else, so a foreign name without a marker is never a layout in the making.
        if !self.folder.join(MARKER).exists() {
            if listed.iter().any(|name| !name.to_string_lossy().starts_with(OWN_PREFIX)) {
                return Err(self.not_a_layout("it has other files and no file oci-layout"));
            }
            self.write(&self.folder, MARKER, br#"{"imageLayoutVersion":"1.0.0"}"#)?;
        }
        self.require()?;
        let blobs = self.blobs();
        fs::create_dir_all(&blobs)
            .map_err(|e| self.io(format!("cannot create {}", blobs.display()), e))
    }

    fn blobs(&self) -> PathBuf {
        self.folder.join("blobs").join("sha256")
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(&digest.as_str()["sha256:".len()..])
    }

    fn write_blob(&self, digest: &Digest, bytes: &[u8]) -> Result<(), RegistryError> {
        let path = self.blob_path(digest);
        // What another tool left half-written does not count as there.
        if read_at_most(&path, bytes.len() as u64)
            .is_ok_and(|found| found.as_deref() == Some(bytes))
        {
            return Ok(());
        }
        self.write(&self.blobs(), &digest.as_str()["sha256:".len()..], bytes)
    }

    fn read_blob(
        &self,
        digest: &Digest,
        size: Option<u64>,
        max_bytes: u64,
    ) -> Result<Option<Vec<u8>>, ReadBlob> {
        let path = self.blob_path(digest);
        let bytes = match read_at_most(&path, max_bytes) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(ReadBlob::TooLarge(max_bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let message = format!("cannot read {}", path.display());
                return Err(ReadBlob::Other(self.io(message, error)));
            }
        };
        if let Some(size) = size.filter(|size| *size != bytes.len() as u64) {
            return Err(ReadBlob::Other(self.corrupt(format!(
                "{} has {} bytes, not the {size} that its descriptor says",
                path.display(),
                bytes.len()
            ))));
        }
        let found = digest_of(&bytes);
        if found != *digest {
            return Err(ReadBlob::Other(
                self.corrupt(format!("{} has the digest {found}", path.display())),
            ));
        }
        Ok(Some(bytes))
    }

    fn write(&self, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), RegistryError> {
        files::write(folder, name, bytes)
            .map_err(|e| self.io(format!("cannot write {}", folder.join(name).display()), e))
    }

    fn lock(&self) -> Result<Lock, RegistryError> {
        let path = self.folder.join(LOCK);
        let lock = Lock::take(path.clone(), self.lock_attempts, self.lock_wait)
            .map_err(|e| self.io(format!("cannot create {}", path.display()), e))?;
        lock.ok_or_else(|| RegistryError {
            problem: RegistryProblem::Unreachable,
            message: format!("{} is locked by another writer", self.shown()),
            hint: Some(format!(
                "if no other process is writing to the layout, one has left {} behind: remove the file",
                path.display()
            )),
            source: None,
        })
    }

    fn shown(&self) -> String {
        format!("oci-layout:{}", self.folder.display())
    }

    fn shown_index(&self) -> String {
        self.folder.join(INDEX).display().to_string()
    }

    fn explain(&self, failure: ReadBlob, digest: &Digest) -> RegistryError {
        match failure {
            ReadBlob::TooLarge(max) => {
                self.corrupt(format!("blob {digest} of {} has more than {max} bytes", self.shown()))
            }
            ReadBlob::Other(error) => error,
        }
    }

    fn not_a_layout(&self, why: &str) -> RegistryError {
        RegistryError {
            problem: RegistryProblem::Refused,
            message: format!("{} is not an OCI image layout: {why}", self.folder.display()),
            hint: Some("name a layout, an empty folder, or one that does not exist yet".to_owned()),
            source: None,
        }
    }

    fn corrupt(&self, message: String) -> RegistryError {
        RegistryError { problem: RegistryProblem::Corrupt, message, hint: None, source: None }
    }

    fn io(&self, message: String, error: io::Error) -> RegistryError {
        let problem = match error.kind() {
            io::ErrorKind::PermissionDenied => RegistryProblem::Unauthorized,
            _ => RegistryProblem::Refused,
        };
        RegistryError { problem, message, hint: None, source: Some(Box::new(error)) }
    }
}

/// Why a blob could not be read.
enum ReadBlob {
    TooLarge(u64),
    Other(RegistryError),
}

fn empty_index() -> Map<String, Value> {
    let mut index = Map::new();
    index.insert("schemaVersion".to_owned(), Value::from(2));
    index.insert("mediaType".to_owned(), Value::from(INDEX_TYPES[0]));
    index.insert("manifests".to_owned(), Value::Array(Vec::new()));
    index
}

/// Whether a blob is a manifest or an index, and no layer or configuration.
fn is_manifest(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Map<String, Value>>(bytes)
        .is_ok_and(|object| object.get("schemaVersion").is_some_and(Value::is_u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_a_full_reference_follows_its_repository() {
        let cases = [
            ("1.2.3", Some("1.2.3")),
            ("r.example/org/app:1.2.3", Some("1.2.3")),
            ("r.example:5000/org/app:v1", Some("v1")),
            ("r.example/org/app:v1@sha256:00", Some("v1")),
            ("r.example:5000/org/app", None),
            ("r.example/org/app@sha256:00", None),
            ("r.example/org/app:", None),
            ("", None),
        ];
        for (ref_name, tag) in cases {
            let tagged =
                Tagged { ref_name: ref_name.to_owned(), digest: digest_of(b""), size: None };
            assert_eq!(tagged.tag(), tag, "{ref_name}");
        }
    }
}
