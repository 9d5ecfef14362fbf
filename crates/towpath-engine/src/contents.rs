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

/// An object as it was found.
#[derive(Debug, Clone)]
struct Found {
    /// `Kind namespace/name`, with the group where kinds are commonly shared.
    object: String,
    /// The API group; empty for the core one.
    group: String,
    file: String,
    value: Value,
}

/// Compares two contents.
#[must_use]
pub fn compare(old: &Contents, new: &Contents) -> Difference {
    let files = diff(old, new);
    let mut opaque = Vec::new();
    let mut before = Vec::new();
    let mut after = Vec::new();
    for change in &files {
        let read = |contents: &Contents| match contents.files.get(&change.path) {
            Some(entry) => objects(&change.path, &entry.bytes),
            None => Some(Vec::new()),
        };
        // Where one side is no object, nothing can be said of the objects of the other.
        match (read(old), read(new)) {
            (Some(was), Some(is)) => {
                before.extend(was);
                after.extend(is);
            }
            _ => opaque.push(change.path.clone()),
        }
    }
    let mut changes: Vec<ObjectChange> = Vec::new();
    for (was, is) in pairs(before, after) {
        let (shown, change, fields) = match (&was, &is) {
            (Some(was), Some(is)) if was.value == is.value => continue,
            (Some(was), Some(is)) => (is, Change::Changed, fields(&was.value, &is.value)),
            (Some(was), None) => (was, Change::Removed, Vec::new()),
            (None, Some(is)) => (is, Change::Added, Vec::new()),
            (None, None) => continue,
        };
        let (object, file) = (shown.object.clone(), shown.file.clone());
        changes.push(ObjectChange { object, change, file, fields });
    }
    changes.sort_by(|a, b| (&a.file, &a.object).cmp(&(&b.file, &b.object)));
    Difference { files, objects: changes, opaque }
}

/// What two objects may have in common, the closest first. One name can stand in several files, as a
/// base and its patch, and one kind can belong to several groups.
const LIKENESS: [fn(&Found, &Found) -> bool; 3] = [
    |a, b| a.group == b.group && a.file == b.file,
    |a, b| a.group == b.group,
    |a, b| a.file == b.file,
];

/// Pairs the objects of both sides by name: those most alike first, each at most once.
fn pairs(before: Vec<Found>, after: Vec<Found>) -> Vec<(Option<Found>, Option<Found>)> {
    let mut by_name: BTreeMap<String, (Vec<Found>, Vec<Found>)> = BTreeMap::new();
    for found in before {
        by_name.entry(found.object.clone()).or_default().0.push(found);
    }
    for found in after {
        by_name.entry(found.object.clone()).or_default().1.push(found);
    }
    let mut out = Vec::new();
    for (mut before, mut after) in by_name.into_values() {
        for alike in LIKENESS {
            let mut left = Vec::new();
            for was in before {
                match after.iter().position(|is| alike(&was, is)) {
                    Some(at) => out.push((Some(was), Some(after.remove(at)))),
                    None => left.push(was),
                }
            }
            before = left;
        }
        out.extend(before.into_iter().map(|was| (Some(was), None)));
        out.extend(after.into_iter().map(|is| (None, Some(is))));
    }
    out
}

/// The objects of a file, those inside of lists too; `None` where it holds something that is no object.
fn objects(path: &str, bytes: &[u8]) -> Option<Vec<Found>> {
    if !(path.ends_with(".yaml") || path.ends_with(".yml")) {
        return None;
    }
    let mut out = Vec::new();
    for document in towpath_yaml::parse(bytes).ok()? {
        let value = document.root.to_json();
        if !value.is_null() {
            add_objects(path, value, &mut out)?;
        }
    }
    Some(out)
}

fn add_objects(path: &str, mut value: Value, out: &mut Vec<Found>) -> Option<()> {
    let items = value.get("items").and_then(Value::as_array);
    let is_list = value.get("kind").and_then(Value::as_str).is_some_and(|k| k.ends_with("List"))
        && items.is_some_and(|items| items.iter().all(|item| item.get("kind").is_some()));
    if is_list && let Some(Value::Array(items)) = value.get_mut("items").map(Value::take) {
        return items.into_iter().try_for_each(|item| add_objects(path, item, out));
    }
    let (object, group) = identity(&value)?;
    out.push(Found { object, group, file: path.to_owned(), value });
    Some(())
}

/// What people call an object, and its API group.
fn identity(value: &Value) -> Option<(String, String)> {
    let kind = value.get("kind")?.as_str()?;
    let meta = value.get("metadata");
    let text = |key: &str| meta.and_then(|m| m.get(key)).and_then(Value::as_str);
    let group = value.get("apiVersion")?.as_str()?.split_once('/').map_or("", |(g, _)| g);
    let object = match (text("namespace"), text("name")) {
        (Some(namespace), Some(name)) => format!("{kind} {namespace}/{name}"),
        (None, Some(name)) => format!("{kind} {name}"),
        (_, None) => kind.to_owned(),
    };
    // A kind that two groups share would otherwise be taken for one object by who reads it.
    let shared = matches!(kind, "Kustomization" | "Cluster" | "Ingress" | "Event");
    let object = if shared && !group.is_empty() { format!("{object} ({group})") } else { object };
    Some((object, group.to_owned()))
}

fn fields(old: &Value, new: &Value) -> Vec<String> {
    let mut out = Vec::new();
    walk(false, String::new(), Some(old), Some(new), &mut out);
    if out.len() > MAX_FIELDS {
        let more = out.len() - MAX_FIELDS;
        out.truncate(MAX_FIELDS);
        out.push(format!("and {more} more"));
    }
    out
}

fn walk(
    sealed: bool,
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
                let sealed = sealed || [a, b].iter().any(|object| seals(object, key));
                walk(sealed, below, a.get(key), b.get(key), out);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            for i in 0..a.len().max(b.len()) {
                walk(sealed, format!("{path}[{i}]"), a.get(i), b.get(i), out);
            }
        }
        _ => {
            let sealed = sealed || [old, new].into_iter().flatten().any(tells_of_a_secret);
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

/// Whether what stands under a key of an object is secret, wherever the object stands.
fn seals(object: &serde_json::Map<String, Value>, key: &str) -> bool {
    let kind = object.get("kind").and_then(Value::as_str);
    match key {
        "data" | "stringData" => kind == Some("Secret"),
        "secretGenerator" => true,
        // The whole object once more, as `kubectl apply` left it.
        "kubectl.kubernetes.io/last-applied-configuration" => true,
        _ => false,
    }
}

/// Whether a value that is shown whole holds a Secret, as the text of a patch may.
fn tells_of_a_secret(value: &Value) -> bool {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let text: String = text.chars().filter(|c| !matches!(c, ' ' | '"' | '\'' | '\\')).collect();
    text.contains("kind:Secret") && !text.contains("kind:SecretStore")
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

    fn one(kind: &str, rest: &str) -> String {
        format!("apiVersion: v1\nkind: {kind}\nmetadata: {{name: a}}\n{rest}")
    }

    fn told(old: &[(&str, &str)], new: &[(&str, &str)]) -> Vec<String> {
        let difference = compare(&contents(old), &contents(new));
        let line = |c: ObjectChange| {
            format!("{} {} in {}: {}", c.change.as_str(), c.object, c.file, c.fields.join("; "))
        };
        difference.objects.into_iter().map(line).collect()
    }

    #[test]
    fn a_base_and_its_patch_have_one_name_and_are_two() {
        let (base, patch) =
            (one("ConfigMap", "data: {x: a}\n"), one("ConfigMap", "data: {z: a}\n"));
        let (base2, patch2) =
            (one("ConfigMap", "data: {x: b}\n"), one("ConfigMap", "data: {z: b}\n"));
        let old = [("base.yaml", base.as_str()), ("patch.yaml", patch.as_str())];
        let new = [("base.yaml", base2.as_str()), ("patch.yaml", patch2.as_str())];
        assert_eq!(
            told(&old, &new),
            [
                "changed ConfigMap a in base.yaml: data.x: a -> b",
                "changed ConfigMap a in patch.yaml: data.z: a -> b"
            ]
        );
        assert_eq!(
            told(&old, &[("base.yaml", base.as_str()), ("moved.yaml", patch2.as_str())]),
            ["changed ConfigMap a in moved.yaml: data.z: a -> b"]
        );
        assert_eq!(told(&old, &new[..1]).len(), 2, "one changed, one is gone");
    }

    #[test]
    fn objects_without_a_name_are_told_apart_by_their_files() {
        let list = |what: &str| {
            format!(
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{what}]\n"
            )
        };
        let (a, b, c) = (list("a"), list("b"), list("c"));
        let old = [("x/kustomization.yaml", a.as_str()), ("y/kustomization.yaml", a.as_str())];
        let new = [("x/kustomization.yaml", b.as_str()), ("y/kustomization.yaml", c.as_str())];
        let kind = "changed Kustomization (kustomize.config.k8s.io)";
        assert_eq!(
            told(&old, &new),
            [
                format!("{kind} in x/kustomization.yaml: resources[0]: a -> b"),
                format!("{kind} in y/kustomization.yaml: resources[0]: a -> c"),
            ]
        );
    }

    #[test]
    fn two_groups_with_one_kind_are_two_objects() {
        let core = one("Service", "spec: {type: a}\n");
        let other = core.replace("apiVersion: v1", "apiVersion: serving.knative.dev/v1");
        let both = format!("{core}---\n{other}");
        let changed = format!("{core}---\n{}", other.replace("type: a", "type: b"));
        let swapped = format!("{}---\n{core}", other.replace("type: a", "type: b"));
        for new in [changed, swapped] {
            assert_eq!(
                told(&[("a.yaml", &both)], &[("a.yaml", &new)]),
                ["changed Service a in a.yaml: spec.type: a -> b"]
            );
        }
    }

    #[test]
    fn a_new_api_version_or_group_is_a_change_of_the_same_object() {
        for (old, new) in [("apps/v1beta1", "apps/v1"), ("extensions/v1beta1", "apps/v1")] {
            let text = |version: &str| {
                one("Deployment", "").replace("apiVersion: v1", &format!("apiVersion: {version}"))
            };
            assert_eq!(
                told(&[("a.yaml", &text(old))], &[("a.yaml", &text(new))]),
                [format!("changed Deployment a in a.yaml: apiVersion: {old} -> {new}")]
            );
        }
    }

    #[test]
    fn a_file_that_is_broken_on_one_side_removes_nothing() {
        let whole = format!("{}---\n{}", one("ConfigMap", ""), one("Role", ""));
        for broken in ["a: [", "a: 1\n", "kind: 3\napiVersion: v1\n"] {
            let broken = format!("{}---\n{broken}", one("ConfigMap", "data: {x: y}\n"));
            let difference =
                compare(&contents(&[("a.yaml", &whole)]), &contents(&[("a.yaml", &broken)]));
            assert_eq!(
                (difference.objects, difference.opaque),
                (vec![], vec!["a.yaml".to_owned()])
            );
        }
    }

    #[test]
    fn empty_documents_and_comments_are_no_obstacle() {
        let old = format!("# words\n---\n# more\n---\n{}---\n", one("ConfigMap", ""));
        let new = one("ConfigMap", "data: {x: z}\n");
        assert_eq!(
            told(&[("a.yaml", &old)], &[("a.yaml", &new)]),
            ["changed ConfigMap a in a.yaml: data: added {\"x\":\"z\"}"]
        );
    }

    #[test]
    fn lists_hold_objects_and_nested_fields_have_their_place() {
        let list = |n: u8| {
            format!(
                "apiVersion: v1\nkind: List\nitems:\n- apiVersion: apps/v1\n  kind: Deployment\n  metadata: {{name: b, namespace: ns}}\n  spec: {{containers: [{{ports: [{{p: 1}}, {{p: {n}}}]}}]}}\n"
            )
        };
        assert_eq!(
            told(&[("a.yaml", &list(2))], &[("a.yaml", &list(3))]),
            ["changed Deployment ns/b in a.yaml: spec.containers[0].ports[1].p: 2 -> 3"]
        );
    }

    #[test]
    fn no_secret_is_told_wherever_it_stands() {
        let secret =
            |v: &str| one("Secret", &format!("data: {{p: {v}}}\nstringData: {{q: [{v}]}}\n"));
        let applied = |v: &str| {
            one("Secret", "").replace(
                "{name: a}",
                &format!("{{name: a, annotations: {{kubectl.kubernetes.io/last-applied-configuration: 'x{v}'}}}}"),
            )
        };
        let indent = |text: &str| text.lines().map(|l| format!("    {l}\n")).collect::<String>();
        let list = |v: &str| {
            let text = indent(&secret(v)).replacen("    apiVersion", "  - apiVersion", 1);
            format!("apiVersion: v1\nkind: List\nitems:\n{text}")
        };
        let nested =
            |v: &str| one("Bundle", &format!("spec:\n  template:\n{}", indent(&secret(v))));
        let patch = |v: &str| {
            one("Kustomization", &format!("patches:\n- patch: |\n{}", indent(&secret(v))))
        };
        let generator = |v: &str| {
            one("Kustomization", &format!("secretGenerator:\n- name: s\n  literals: [p={v}]\n"))
        };
        let json = |v: &str| {
            one(
                "ConfigMap",
                &format!("data: {{f: '{{\"kind\": \"Secret\", \"data\": \"{v}\"}}'}}\n"),
            )
        };
        for make in [
            &secret as &dyn Fn(&str) -> String,
            &applied,
            &list,
            &nested,
            &patch,
            &generator,
            &json,
        ] {
            let (old, new) = (make("hunter1"), make("hunter2"));
            let lines = told(&[("a.yaml", &old)], &[("a.yaml", &new)]);
            assert_eq!(lines.len(), 1, "{new}");
            assert!(lines[0].contains("secret value changed"), "{lines:?}");
            assert!(!lines[0].contains("hunter"), "{lines:?}");
        }
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
