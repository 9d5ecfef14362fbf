//! What is in a release, and how two contents differ: file by file, and object by object.
//!
//! Objects are matched by identity, fields compared as JSON; values of Secrets are never shown.
//! This compares files as they are written; what a cluster makes of them is for rendering.

use std::collections::BTreeMap;

use serde_json::Value;
use towpath_artifact::{Contents, Manifest, ReadLimits, diff, read_layer};
use towpath_core::id::Digest;
use towpath_core::release::Release;

use crate::ports::{ArtifactLocation, Registry, RegistryError};

/// At most so many fields of one object are told; a reader of more wants the files.
const MAX_FIELDS: usize = 40;
/// At most so many bytes of a layer are fetched: what Flux's own library takes.
const MAX_LAYER: u64 = 100 << 20;

/// Why a content could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    /// The registry could not answer.
    #[error("the artifact could not be fetched")]
    Registry(#[from] RegistryError),
    /// There is no such tag or digest.
    #[error("{reference} is not at {location}")]
    Missing {
        /// What was asked for.
        reference: String,
        /// Where.
        location: String,
    },
    /// The manifest is none that Flux would read.
    #[error("the manifest of {reference} cannot be read")]
    Manifest {
        /// Which artifact.
        reference: String,
        /// Why.
        #[source]
        source: towpath_artifact::ManifestError,
    },
    /// The layer is damaged or hostile.
    #[error("the content of {reference} cannot be read")]
    Layer {
        /// Which artifact.
        reference: String,
        /// Why.
        #[source]
        source: towpath_artifact::ReadError,
    },
}

/// Fetches the files of an artifact by tag or digest, whoever made it.
///
/// # Errors
/// [`ContentsError`].
pub fn fetch(
    registry: &dyn Registry,
    at: &ArtifactLocation,
    reference: &str,
) -> Result<(Digest, Contents), ContentsError> {
    let missing =
        || ContentsError::Missing { reference: reference.to_owned(), location: at.to_string() };
    let fetched = registry.manifest(at, reference)?.ok_or_else(missing)?;
    let wrong = |source| ContentsError::Manifest { reference: reference.to_owned(), source };
    let manifest = Manifest::parse(&fetched.bytes).map_err(wrong)?;
    let layer = manifest.layer(None).map_err(wrong)?;
    let digest = Digest::parse(layer.digest.as_str()).map_err(|_| missing())?;
    let bytes = registry.blob(at, &digest, MAX_LAYER)?;
    let contents = read_layer(&bytes, &ReadLimits::default())
        .map_err(|source| ContentsError::Layer { reference: reference.to_owned(), source })?;
    Ok((fetched.digest, contents))
}

/// Fetches the files of a release by its digest, or by its tag where the digest is not known.
///
/// # Errors
/// [`ContentsError`].
pub fn of_release(
    registry: &dyn Registry,
    at: &ArtifactLocation,
    release: &Release,
) -> Result<Contents, ContentsError> {
    let reference = release.digest.as_ref().map_or(release.tag.as_str(), |d| d.as_str());
    fetch(registry, at, reference).map(|(_, contents)| contents)
}

/// How two contents differ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// Files, by path.
    pub files: Vec<towpath_artifact::FileChange>,
    /// Objects, by file and identity.
    pub objects: Vec<ObjectChange>,
    /// Files that are not YAML objects on both sides, so that only the file is known to differ.
    pub opaque: Vec<String>,
}

/// An object that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectChange {
    /// `Kind namespace/name`.
    pub object: String,
    /// `added`, `removed` or `changed`.
    pub change: Change,
    /// The file: the new one, or the old one of a removed object.
    pub file: String,
    /// The fields: `spec.replicas: 1 -> 2`.
    pub fields: Vec<String>,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has other fields.
    Changed,
}

impl Change {
    /// `added`, `removed` or `changed`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

struct Found {
    file: String,
    value: Value,
}

/// Compares two contents.
#[must_use]
pub fn compare(old: &Contents, new: &Contents) -> Difference {
    let files = diff(old, new);
    let mut opaque = Vec::new();
    let mut before = BTreeMap::new();
    let mut after = BTreeMap::new();
    for change in &files {
        for (contents, found) in [(old, &mut before), (new, &mut after)] {
            let Some(entry) = contents.files.get(&change.path) else { continue };
            if objects(&change.path, &entry.bytes, found).is_none()
                && !opaque.contains(&change.path)
            {
                opaque.push(change.path.clone());
            }
        }
    }
    let mut changes = Vec::new();
    for (identity, was) in &before {
        match after.get(identity) {
            None => changes.push(ObjectChange {
                object: identity.clone(),
                change: Change::Removed,
                file: was.file.clone(),
                fields: Vec::new(),
            }),
            Some(is) if is.value != was.value => changes.push(ObjectChange {
                object: identity.clone(),
                change: Change::Changed,
                file: is.file.clone(),
                fields: fields(identity.starts_with("Secret "), &was.value, &is.value),
            }),
            Some(_) => {}
        }
    }
    for (identity, is) in after.iter().filter(|(identity, _)| !before.contains_key(*identity)) {
        changes.push(ObjectChange {
            object: identity.clone(),
            change: Change::Added,
            file: is.file.clone(),
            fields: Vec::new(),
        });
    }
    changes.sort_by(|a, b| (&a.file, &a.object).cmp(&(&b.file, &b.object)));
    Difference { files, objects: changes, opaque }
}

/// Adds the objects of a file; `None` where it holds something that is no object.
fn objects(path: &str, bytes: &[u8], into: &mut BTreeMap<String, Found>) -> Option<()> {
    if !(path.ends_with(".yaml") || path.ends_with(".yml")) {
        return None;
    }
    for document in towpath_yaml::parse(bytes).ok()? {
        let value = document.root.to_json();
        let identity = identity(&value)?;
        into.insert(identity, Found { file: path.to_owned(), value });
    }
    Some(())
}

fn identity(value: &Value) -> Option<String> {
    let kind = value.get("kind")?.as_str()?;
    let meta = value.get("metadata");
    let text = |key: &str| meta.and_then(|m| m.get(key)).and_then(Value::as_str);
    let group = value.get("apiVersion")?.as_str()?.split_once('/').map(|(g, _)| g);
    let name = text("name").unwrap_or("");
    let object = match text("namespace") {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    };
    // A kind that two groups share would otherwise be taken for one object.
    Some(match (kind, group) {
        ("Kustomization" | "Cluster" | "Ingress" | "Event", Some(group)) => {
            format!("{object} ({group})")
        }
        _ => object,
    })
}

fn fields(secret: bool, old: &Value, new: &Value) -> Vec<String> {
    let mut out = Vec::new();
    walk(secret, String::new(), Some(old), Some(new), &mut out);
    if out.len() > MAX_FIELDS {
        let more = out.len() - MAX_FIELDS;
        out.truncate(MAX_FIELDS);
        out.push(format!("and {more} more"));
    }
    out
}

fn walk(
    secret: bool,
    path: String,
    old: Option<&Value>,
    new: Option<&Value>,
    out: &mut Vec<String>,
) {
    match (old, new) {
        (Some(a), Some(b)) if a == b => {}
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            for key in a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))) {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(secret, below, a.get(key), b.get(key), out);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for i in 0..a.len().max(b.len()) {
                walk(secret, format!("{path}[{i}]"), a.get(i), b.get(i), out);
            }
        }
        _ => {
            let sealed = secret && (path.starts_with("data") || path.starts_with("stringData"));
            out.push(if sealed {
                format!("{path}: (secret value changed)")
            } else {
                match (old, new) {
                    (Some(a), Some(b)) => format!("{path}: {} -> {}", shown(a), shown(b)),
                    (None, Some(b)) => format!("{path}: added {}", shown(b)),
                    (Some(a), None) => format!("{path}: removed {}", shown(a)),
                    (None, None) => path,
                }
            });
        }
    }
}

/// A value on one line, cut where a table would break.
fn shown(value: &Value) -> String {
    let text = match value {
        Value::String(s) => s.escape_debug().to_string(),
        other => other.to_string(),
    };
    if text.chars().count() <= 80 {
        return text;
    }
    let cut: String = text.chars().take(77).collect();
    format!("{cut}...")
}

#[cfg(test)]
mod tests {
    use super::*;
    use towpath_artifact::Entry;

    fn contents(files: &[(&str, &str)]) -> Contents {
        let mut out = Contents::default();
        for (path, text) in files {
            out.files
                .insert((*path).to_owned(), Entry { bytes: text.as_bytes().to_vec(), mode: 0o644 });
        }
        out
    }

    #[test]
    fn an_object_that_moves_to_another_file_is_not_a_change_of_the_object() {
        let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: y}\n";
        let difference =
            compare(&contents(&[("a.yaml", object)]), &contents(&[("b.yaml", object)]));
        assert_eq!(difference.files.len(), 2);
        assert!(difference.objects.is_empty());
    }

    #[test]
    fn fields_are_told_and_secrets_are_not() {
        let old =
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {p: one}\ntype: a\n";
        let new =
            "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {p: two}\ntype: b\n";
        let difference = compare(&contents(&[("a.yaml", old)]), &contents(&[("a.yaml", new)]));
        assert_eq!(
            difference.objects[0].fields,
            ["stringData.p: (secret value changed)", "type: a -> b"]
        );
    }

    #[test]
    fn what_is_no_object_is_named_and_not_hidden() {
        let difference = compare(&contents(&[("a.txt", "1")]), &contents(&[("a.txt", "2")]));
        assert_eq!(difference.opaque, ["a.txt"]);
    }
}
