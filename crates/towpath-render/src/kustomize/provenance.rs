//! What `buildMetadata` writes into objects: where they came from and which transformers went over them.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/resource/origin.go`. This is Kustomize's own record, text in
//! annotations; [`crate::Origin`] is ours and is always kept.

use serde_json::{Map, Value};

use super::remote::RemoteUrl;

/// The annotation that says where an object came from.
pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
/// The annotation that says which transformers went over it.
pub(crate) const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";

/// A path as Kustomize records it: from the folder of the build, or from the root of a remote repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Provenance {
    path: String,
    repo: String,
    reference: String,
}

/// What made or changed objects.
#[derive(Debug, Clone)]
pub(crate) struct Maker {
    /// Where it is configured.
    configured_in: Provenance,
    api_version: String,
    kind: String,
    name: String,
    namespace: String,
}

impl Provenance {
    /// The record of what `path`, seen from here, names.
    pub(crate) fn append(&self, path: &str) -> Self {
        match RemoteUrl::parse(path) {
            Some(url) => {
                Self { path: clean("", &url.path), repo: url.repo, reference: url.reference }
            }
            None => Self { path: clean(&self.path, path), ..self.clone() },
        }
    }

    /// The text of the annotation.
    pub(crate) fn annotation(&self) -> String {
        lines("", &[("path", &self.path), ("repo", &self.repo), ("ref", &self.reference)])
    }

    /// A built-in transformer or generator that the kustomization `file` asks for.
    pub(crate) fn builtin(&self, file: &str, kind: &str) -> Maker {
        Maker {
            configured_in: self.append(file),
            api_version: "builtin".to_owned(),
            kind: kind.to_owned(),
            name: String::new(),
            namespace: String::new(),
        }
    }

    /// One that is configured by an object of its own, which came from here.
    pub(crate) fn configured(&self, object: &Value) -> Maker {
        let text = |pointer: &str| {
            object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        Maker {
            configured_in: self.clone(),
            api_version: text("/apiVersion"),
            kind: text("/kind"),
            name: text("/metadata/name"),
            namespace: text("/metadata/namespace"),
        }
    }

    /// The record that an object's annotation holds.
    pub(crate) fn of(object: &Value) -> Option<Self> {
        let text = annotations(object)?.get(ORIGIN)?.as_str()?;
        let documents = towpath_yaml::parse(text.as_bytes()).ok()?;
        let root = &documents.first()?.root;
        let field = |name: &str| {
            root.get(name).and_then(towpath_yaml::Node::text).unwrap_or_default().to_owned()
        };
        Some(Self { path: field("path"), repo: field("repo"), reference: field("ref") })
    }
}

impl Maker {
    /// The text of the annotation of an object that it made.
    pub(crate) fn annotation(&self) -> String {
        let Provenance { path, repo, reference } = &self.configured_in;
        let by = lines(
            "  ",
            &[
                ("apiVersion", &self.api_version),
                ("kind", &self.kind),
                ("name", &self.name),
                ("namespace", &self.namespace),
            ],
        );
        let head = lines("", &[("repo", repo), ("ref", reference), ("configuredIn", path)]);
        format!("{head}configuredBy:\n{by}")
    }

    /// Records in `object` that this went over it, or made it where nothing else is known to have.
    pub(crate) fn stamp(&self, object: &mut Value) {
        if annotations(object).is_none_or(|annotations| !annotations.contains_key(ORIGIN)) {
            annotate(object, ORIGIN, self.annotation());
            return;
        }
        let before = annotations(object)
            .and_then(|annotations| annotations.get(TRANSFORMATIONS)?.as_str())
            .unwrap_or_default();
        let mut text = before.to_owned();
        for (line, at) in self.annotation().lines().zip(0..) {
            text.push_str(if at == 0 { "- " } else { "  " });
            text.push_str(line);
            text.push('\n');
        }
        annotate(object, TRANSFORMATIONS, text);
    }
}

fn annotations(object: &Value) -> Option<&Map<String, Value>> {
    object.get("metadata")?.get("annotations")?.as_object()
}

/// Puts an annotation into an object.
pub(crate) fn annotate(object: &mut Value, key: &str, text: String) {
    let empty = || Value::Object(Map::new());
    let Some(object) = object.as_object_mut() else { return };
    let metadata = object.entry("metadata").or_insert_with(empty);
    let Some(metadata) = metadata.as_object_mut() else { return };
    let annotations = metadata.entry("annotations").or_insert_with(empty);
    if annotations.is_null() {
        *annotations = empty();
    }
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.insert(key.to_owned(), Value::String(text));
    }
}

/// The fields that are not empty, a line each.
fn lines(indent: &str, fields: &[(&str, &str)]) -> String {
    fields
        .iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(key, text)| {
            let text = towpath_yaml::write(&Value::String((*text).to_owned()));
            format!("{indent}{key}: {text}")
        })
        .collect()
}

/// `path` seen from `from`, without `.` and with `..` only in front.
fn clean(from: &str, path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in from.split('/').chain(path.split('/')) {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_from_the_folder_of_the_build() {
        let base = Provenance::default().append("../base");
        assert_eq!(base.append("./x.yaml").annotation(), "path: ../base/x.yaml\n");
        assert_eq!(base.append("../other/x.yaml").annotation(), "path: ../other/x.yaml\n");
        let remote = base.append("github.com/o/r//sub?ref=v1").append("x.yaml");
        assert_eq!(
            remote.annotation(),
            "path: sub/x.yaml\nrepo: https://github.com/o/r\nref: v1\n"
        );
    }
}
