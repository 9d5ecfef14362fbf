//! What Helm stored of its releases: the manifests that it applied, which stand in no file.
//!
//! A Secret of type `helm.sh/release.v1`, or a ConfigMap with Helm's labels, holds a release as compressed JSON. The
//! contract is `helm/helm:pkg/storage/driver/{util,secrets,cfgmaps}.go`. Input is not trusted: what unpacks to more than
//! [`Limits`] allow is refused before it is held. Must not judge, and must not show values: a release holds those that
//! its chart was given. Next: [`crate::judge`], which takes the objects like any others.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::Value;
use towpath_core::finding::{Finding, Severity};
use towpath_core::pin::{Location, ObjectRef};

use crate::read;
use crate::subject::{Head, Source, Subject};

/// What a stored release may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the release as it is stored. An object of Kubernetes has 1.5 MiB at most.
    pub stored: usize,
    /// Bytes of the release when it is unpacked.
    pub unpacked: u64,
    /// Objects of its manifests.
    pub objects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { stored: 4 << 20, unpacked: 64 << 20, objects: 20_000 }
    }
}

/// A release that is deployed.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its revision, from 1 on.
    pub revision: u64,
    /// The name of its chart, and the chart's version.
    pub chart: Option<(String, String)>,
    /// The objects of its manifest and of its hooks, each with [`Source::HelmRelease`], where the release itself stands.
    /// An object without a namespace is left so: it is in the release's if its kind has one.
    pub subjects: Vec<Subject>,
}

/// A stored release that cannot be read.
#[derive(Debug)]
pub struct Unreadable {
    /// The Secret or ConfigMap.
    pub object: ObjectRef,
    /// Where it stands.
    pub at: Location,
    /// Why.
    pub error: Error,
}

impl Unreadable {
    /// The same as a finding: nothing is skipped in silence.
    #[must_use]
    pub fn finding(&self) -> Finding {
        Finding {
            rule: "unreadable-file",
            severity: Severity::Error,
            environments: Vec::new(),
            object: Some(self.object.clone()),
            field: Some("data.release".to_owned()),
            at: self.at.clone(),
            message: format!(
                "the stored Helm release cannot be read, so nothing in it is checked: {}",
                self.error
            ),
            fix: "see what `helm get manifest` says of the release".to_owned(),
        }
    }
}

/// Why a stored release cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is nothing under `data.release`.
    #[error("it has no data.release")]
    Empty,
    /// It is larger than an object can be.
    #[error("it has {0} bytes, more than are read")]
    TooLarge(usize),
    /// It is not base64.
    #[error("it is not base64")]
    Base64(#[source] base64::DecodeError),
    /// It is not gzip, or ends too early.
    #[error("it cannot be unpacked")]
    Gzip(#[source] std::io::Error),
    /// It would be larger than what is read of any.
    #[error("it unpacks to more than {0} bytes")]
    Bomb(u64),
    /// It is not a release.
    #[error("it is no release")]
    Json(#[source] serde_json::Error),
    /// Its manifest is not YAML.
    #[error("its manifest is not YAML")]
    Manifest(#[source] towpath_yaml::Error),
    /// It has too many objects.
    #[error("its manifest has more than {0} objects")]
    TooMany(usize),
}

/// The fields of a release that are looked at.
#[derive(Deserialize)]
struct Stored {
    name: String,
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    version: u64,
    info: Option<Info>,
    chart: Option<Chart>,
    #[serde(default)]
    manifest: String,
    hooks: Option<Vec<Hook>>,
}

#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    status: String,
}

#[derive(Deserialize)]
struct Chart {
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

#[derive(Deserialize)]
struct Hook {
    #[serde(default)]
    manifest: String,
}

/// The deployed releases among the objects, the newest revision of each, by namespace and name; and what cannot be read.
/// Revisions that were superseded, failed or are on their way are left out.
#[must_use]
pub fn releases(subjects: &[Subject]) -> (Vec<Release>, Vec<Unreadable>) {
    let mut found: BTreeMap<(String, String, Vec<u32>), Release> = BTreeMap::new();
    let mut unreadable = Vec::new();
    for subject in subjects {
        match release(subject, &Limits::default()) {
            None => {}
            Some(Err(error)) => unreadable.push(Unreadable {
                object: subject.head.reference(),
                at: subject.head.at.clone(),
                error,
            }),
            Some(Ok(release)) => {
                // A release of the same name in another cluster is another release.
                let of = subject.head.targets.iter().map(|id| id.0).collect();
                let key = (release.namespace.clone(), release.name.clone(), of);
                if found.get(&key).is_none_or(|known| known.revision < release.revision) {
                    found.insert(key, release);
                }
            }
        }
    }
    (found.into_values().collect(), unreadable)
}

/// The deployed release that an object holds; `None` for any other object, and for a release that is not deployed.
///
/// # Errors
/// The object is where Helm stores a release, and it cannot be read or breaks a limit.
pub fn release(subject: &Subject, limits: &Limits) -> Option<Result<Release, Error>> {
    let (value, head) = (&subject.value, &subject.head);
    let label = |name: &str| {
        value
            .pointer("/metadata/labels")
            .and_then(|labels| labels.get(name))
            .and_then(Value::as_str)
    };
    let is_secret = match (&*head.api_version, &*head.kind) {
        ("v1", "Secret") if value["type"] == "helm.sh/release.v1" => true,
        ("v1", "ConfigMap") if label("owner") == Some("helm") => false,
        _ => return None,
    };
    // The label says it without unpacking; a store without labels is asked itself.
    if label("status").is_some_and(|status| status != "deployed") {
        return None;
    }
    let text = ["data", "stringData"].into_iter().find_map(|field| {
        let text = value.get(field)?.get("release")?.as_str()?;
        Some((text, is_secret && field == "data"))
    });
    let Some((text, twice)) = text else { return Some(Err(Error::Empty)) };
    unpack(text, twice, limits).and_then(|stored| opened(stored, head, limits)).transpose()
}

fn unpack(text: &str, twice: bool, limits: &Limits) -> Result<Stored, Error> {
    if text.len() > limits.stored {
        return Err(Error::TooLarge(text.len()));
    }
    let mut bytes = decode(text.as_bytes())?;
    if twice {
        bytes = decode(&bytes)?;
    }
    // As Helm does: what was stored before there was compression is JSON as it is.
    if bytes.starts_with(&[0x1f, 0x8b, 0x08]) {
        let mut unpacked = Vec::new();
        let mut reader = MultiGzDecoder::new(bytes.as_slice()).take(limits.unpacked + 1);
        reader.read_to_end(&mut unpacked).map_err(Error::Gzip)?;
        if unpacked.len() as u64 > limits.unpacked {
            return Err(Error::Bomb(limits.unpacked));
        }
        bytes = unpacked;
    }
    serde_json::from_slice(&bytes).map_err(Error::Json)
}

fn decode(text: &[u8]) -> Result<Vec<u8>, Error> {
    // Line ends are legal inside of base64 as Go reads it, and YAML may have brought some.
    let text: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(text).map_err(Error::Base64)
}

fn opened(stored: Stored, head: &Head, limits: &Limits) -> Result<Option<Release>, Error> {
    if stored.info.is_none_or(|info| info.status != "deployed") {
        return Ok(None);
    }
    let namespace =
        if stored.namespace.is_empty() { head.namespace.clone() } else { stored.namespace };
    let source = Source::HelmRelease { release: format!("{namespace}/{}", stored.name) };
    let hooks = stored.hooks.unwrap_or_default();
    let mut subjects = Vec::new();
    for manifest in std::iter::once(stored.manifest).chain(hooks.into_iter().map(|h| h.manifest)) {
        let found = read::documents(&head.at.file, manifest.as_bytes()).map_err(Error::Manifest)?;
        if subjects.len() + found.len() > limits.objects {
            return Err(Error::TooMany(limits.objects));
        }
        subjects.extend(found.into_iter().map(|mut subject| {
            subject.head.at = head.at.clone();
            subject.head.source = source.clone();
            subject.head.targets = head.targets.clone();
            subject
        }));
    }
    let chart = stored.chart.and_then(|chart| chart.metadata);
    Ok(Some(Release {
        namespace,
        name: stored.name,
        revision: stored.version,
        chart: chart.map(|chart| (chart.name, chart.version)),
        subjects,
    }))
}
