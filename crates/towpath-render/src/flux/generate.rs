//! The kustomization that Flux builds: that of the folder or a generated one, with the fields of the Flux object in it.
//!
//! Source of the contract: `fluxcd/pkg:kustomize/kustomize_generator.go`. The tree itself is never changed: what Flux
//! would write stands in an [`Overlay`] on top of it.

use std::borrow::Cow;

use serde_json::{Map, json};
use towpath_yaml::{Duplicates, Limits};

use super::spec::Spec;
use crate::{Entry, Tree, TreeError, Value};

/// The names of a kustomization file, in the order in which Flux looks for them.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The fields of a kustomization. Flux reads it into a structure, so others are lost without a word.
const FIELDS: [&str; 34] = [
    "apiVersion",
    "kind",
    "metadata",
    "openapi",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "commonLabels",
    "labels",
    "commonAnnotations",
    "patchesStrategicMerge",
    "patchesJson6902",
    "patches",
    "images",
    "imageTags",
    "replacements",
    "replicas",
    "vars",
    "sortOptions",
    "resources",
    "components",
    "crds",
    "bases",
    "configMapGenerator",
    "secretGenerator",
    "helmGlobals",
    "helmCharts",
    "helmChartInflationGenerator",
    "generatorOptions",
    "configurations",
    "generators",
    "transformers",
    "validators",
    "buildMetadata",
];

/// Why no kustomization can be made.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// The tree could not answer.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The folder is not there.
    #[error("the folder `{0}` does not exist in the source")]
    MissingPath(String),
    /// The kustomization of the folder cannot be read.
    #[error("{file}:{line}: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u32,
        /// What is wrong.
        why: String,
    },
    /// A field of it holds something else than a list.
    #[error("{file}: `{field}` must be a list")]
    NotAList {
        /// The file.
        file: String,
        /// The field.
        field: &'static str,
    },
    /// A component from elsewhere.
    #[error("the component `{0}` must be a folder of the source")]
    RemoteComponent(String),
}

/// A tree with one file put on top of it.
pub struct Overlay<'t> {
    tree: &'t dyn Tree,
    file: String,
    content: Option<Vec<u8>>,
}

impl Tree for Overlay<'_> {
    fn read(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, TreeError> {
        match &self.content {
            Some(content) if path == self.file => Ok(Some(Cow::Borrowed(content))),
            _ => self.tree.read(path),
        }
    }

    fn entry(&self, path: &str) -> Result<Option<Entry>, TreeError> {
        match &self.content {
            Some(_) if path == self.file => Ok(Some(Entry::File)),
            _ => self.tree.entry(path),
        }
    }

    fn list(&self, path: &str) -> Result<Option<Vec<(String, Entry)>>, TreeError> {
        let Some(mut names) = self.tree.list(path)? else { return Ok(None) };
        let (folder, name) = self.file.rsplit_once('/').unwrap_or(("", &self.file));
        if self.content.is_some()
            && folder == path
            && let Err(place) = names.binary_search_by(|(other, _)| other.as_str().cmp(name))
        {
            names.insert(place, (name.to_owned(), Entry::File));
        }
        Ok(Some(names))
    }

    fn content_id(&self, path: &str) -> Option<Cow<'_, str>> {
        if self.content.is_some() && path == self.file { None } else { self.tree.content_id(path) }
    }
}

/// `path` from the folder `base`, `.` and `..` followed; nothing gets out of the tree, as in Flux.
#[must_use]
pub fn inside(base: &str, path: &str) -> String {
    let start = if path.starts_with('/') { "" } else { base };
    let mut steps: Vec<&str> = Vec::new();
    for step in start.split('/').chain(path.split('/')) {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// The tree in which Flux runs Kustomize, and the folder: where the folder's own kustomization says all, its lines keep
/// their numbers.
///
/// # Errors
/// The folder is missing, its kustomization cannot be read, or a component is remote.
pub fn generate<'t>(
    tree: &'t dyn Tree,
    spec: &Spec,
) -> Result<(Overlay<'t>, String), GenerateError> {
    let folder = inside("", &spec.path);
    if tree.entry(&folder)? != Some(Entry::Folder) {
        return Err(GenerateError::MissingPath(spec.path.clone()));
    }
    let (file, written, mut kustomization) = match find(tree, &folder)? {
        Some(file) => {
            let written = read(tree, &file)?;
            let kustomization = as_flux_reads(&written);
            (file, written, kustomization)
        }
        None => (join(&folder, NAMES[0]), Map::new(), scanned(tree, &folder)?),
    };
    merge(tree, &folder, &file, &mut kustomization, spec)?;
    // Flux keeps the order of the files where `kustomize build` sorts by kind.
    kustomization.entry("sortOptions").or_insert_with(|| json!({"order": "fifo"}));
    let content = content(tree, &file, &written, kustomization)?;
    Ok((Overlay { tree, file, content }, folder))
}

/// What the file must hold; none where it does already. What is only added is put behind what is written, so that lines
/// keep their numbers.
fn content(
    tree: &dyn Tree,
    file: &str,
    written: &Map<String, Value>,
    meant: Map<String, Value>,
) -> Result<Option<Vec<u8>>, TreeError> {
    let kept = written.iter().all(|(field, value)| meant.get(field) == Some(value));
    if kept && written.len() == meant.len() {
        return Ok(None);
    }
    if kept && !written.is_empty() {
        let mut added = meant.clone();
        added.retain(|field, _| !written.contains_key(field));
        let mut content = tree.read(file)?.unwrap_or_default().into_owned();
        content.push(b'\n');
        content.extend_from_slice(towpath_yaml::write(&Value::Object(added)).as_bytes());
        // It may end with `...`, or be in brackets.
        let read = towpath_yaml::parse_with(&content, &limits()).unwrap_or_default();
        if matches!(&*read, [document] if document.root.to_json().as_object() == Some(&meant)) {
            return Ok(Some(content));
        }
    }
    Ok(Some(towpath_yaml::write(&Value::Object(meant)).into_bytes()))
}

/// Flux reads a kustomization without minding keys that come twice.
fn limits() -> Limits {
    Limits { duplicates: Duplicates::LastWins, ..Limits::default() }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

fn find(tree: &dyn Tree, folder: &str) -> Result<Option<String>, TreeError> {
    for name in NAMES {
        let file = join(folder, name);
        if tree.entry(&file)? == Some(Entry::File) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

fn read(tree: &dyn Tree, file: &str) -> Result<Map<String, Value>, GenerateError> {
    let content = tree.read(file)?.unwrap_or_default();
    let unreadable =
        |line, why: String| GenerateError::Unreadable { file: file.to_owned(), line, why };
    let documents = towpath_yaml::parse_with(&content, &limits())
        .map_err(|error| unreadable(error.line(), error.to_string()))?;
    match documents.first().map(|document| document.root.to_json()) {
        Some(Value::Object(map)) => Ok(map),
        None | Some(Value::Null) => Ok(Map::new()),
        Some(_) => Err(unreadable(1, "a kustomization must be a mapping".to_owned())),
    }
}

/// Flux reads a kustomization into a structure: fields in any case, and no others.
fn as_flux_reads(written: &Map<String, Value>) -> Map<String, Value> {
    let field = |key: &str| FIELDS.iter().find(|field| field.eq_ignore_ascii_case(key));
    let mut known: Map<String, Value> = written
        .iter()
        .filter_map(|(key, value)| Some(((*field(key)?).to_owned(), value.clone())))
        .collect();
    if known.get("resources").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        // So that Kustomize does not refuse it as empty.
        known.insert("buildMetadata".to_owned(), json!(["originAnnotations"]));
    }
    known
}

/// A kustomization of all that lies in a folder that has none.
fn scanned(tree: &dyn Tree, folder: &str) -> Result<Map<String, Value>, TreeError> {
    let mut resources = Vec::new();
    scan(tree, folder, ".", &mut resources)?;
    let mut kustomization = Map::new();
    kustomization.insert("apiVersion".to_owned(), "kustomize.config.k8s.io/v1beta1".into());
    kustomization.insert("kind".to_owned(), "Kustomization".into());
    if resources.is_empty() {
        kustomization.insert("namespace".to_owned(), "_placeholder".into());
    } else {
        kustomization.insert("resources".to_owned(), resources.into());
    }
    Ok(kustomization)
}

/// In the order of names, a folder at its own; one with a kustomization is taken as a whole.
fn scan(
    tree: &dyn Tree,
    folder: &str,
    shown: &str,
    resources: &mut Vec<String>,
) -> Result<(), TreeError> {
    for (name, entry) in tree.list(folder)?.unwrap_or_default() {
        let (path, shown) = (join(folder, &name), format!("{shown}/{name}"));
        match entry {
            Entry::Folder if find(tree, &path)?.is_some() => resources.push(shown),
            Entry::Folder => scan(tree, &path, &shown, resources)?,
            Entry::File if name.ends_with(".yaml") || name.ends_with(".yml") => {
                resources.push(shown)
            }
            Entry::File => {}
        }
    }
    Ok(())
}

/// Puts the fields of the Flux object into the kustomization.
fn merge(
    tree: &dyn Tree,
    folder: &str,
    file: &str,
    kustomization: &mut Map<String, Value>,
    spec: &Spec,
) -> Result<(), GenerateError> {
    let texts = [
        ("namespace", &spec.target_namespace),
        ("namePrefix", &spec.name_prefix),
        ("nameSuffix", &spec.name_suffix),
    ];
    for (field, text) in texts {
        if let Some(text) = text {
            kustomization.insert(field.to_owned(), text.as_str().into());
        }
    }
    let mut append = |field: &'static str, items: Vec<Value>| {
        if items.is_empty() {
            return Ok(());
        }
        let list = kustomization.entry(field).or_insert(Value::Null);
        if list.is_null() {
            *list = json!([]);
        }
        match list {
            Value::Array(list) => list.extend(items),
            _ => return Err(GenerateError::NotAList { file: file.to_owned(), field }),
        }
        Ok(())
    };
    append("patches", spec.patches.clone())?;
    append("components", components(tree, folder, spec)?)?;
    let strategic = spec.strategic_patches.iter().map(|patch| patch.to_string().into());
    append("patchesStrategicMerge", strategic.collect())?;
    let operations =
        |patch: &Value| json!({"patch": patch["patch"].to_string(), "target": patch["target"]});
    append("patchesJson6902", spec.json_patches.iter().map(operations).collect())?;
    if !spec.images.is_empty() {
        images(kustomization, file, spec)?;
    }
    if !spec.build_metadata.is_empty() {
        kustomization.insert("buildMetadata".to_owned(), json!(spec.build_metadata));
    }
    Ok(())
}

fn components(tree: &dyn Tree, folder: &str, spec: &Spec) -> Result<Vec<Value>, GenerateError> {
    const REMOTE: [&str; 8] =
        ["git::", "gh:", "ssh://", "https://", "http://", "git@", "github.com:", "github.com/"];
    let mut found = Vec::new();
    for component in &spec.components {
        let lower = component.to_ascii_lowercase();
        let absolute = lower.strip_prefix("file://").unwrap_or(&lower).starts_with('/');
        if absolute || REMOTE.iter().any(|prefix| lower.starts_with(prefix)) {
            return Err(GenerateError::RemoteComponent(component.clone()));
        }
        if spec.ignore_missing_components && tree.entry(&inside(folder, component))?.is_none() {
            continue;
        }
        found.push(component.as_str().into());
    }
    Ok(found)
}

/// An image that the kustomization names already is changed where the Flux object says something; tag and digest are
/// one thing, so that no old digest stays beside a new tag.
fn images(
    kustomization: &mut Map<String, Value>,
    file: &str,
    spec: &Spec,
) -> Result<(), GenerateError> {
    let list = kustomization.entry("images").or_insert(Value::Null);
    if list.is_null() {
        *list = json!([]);
    }
    let Value::Array(list) = list else {
        return Err(GenerateError::NotAList { file: file.to_owned(), field: "images" });
    };
    for image in &spec.images {
        let place = list.iter().position(|other| other["name"] == image.name.as_str());
        let place = place.unwrap_or_else(|| {
            list.push(json!({"name": image.name}));
            list.len() - 1
        });
        let Value::Object(entry) = &mut list[place] else { continue };
        let mut put = |field: &str, text: &str| {
            if text.is_empty() {
                entry.shift_remove(field);
            } else {
                entry.insert(field.to_owned(), text.into());
            }
        };
        if !image.new_name.is_empty() {
            put("newName", &image.new_name);
        }
        if !image.new_tag.is_empty() || !image.digest.is_empty() {
            put("newTag", &image.new_tag);
            put("digest", &image.digest);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTree;

    fn spec(value: Value) -> Spec {
        Spec::parse(&json!({"spec": value})).expect("a good spec")
    }

    fn made(files: &[(&str, &str)], value: Value) -> Result<Value, String> {
        let tree = MemoryTree::new(files.iter().map(|(path, text)| (*path, *text)));
        let (overlay, folder) = generate(&tree, &spec(value)).map_err(|error| error.to_string())?;
        let names = overlay.list(&folder).expect("memory answers").expect("a folder");
        assert!(names.is_sorted_by_key(|(name, _)| name.clone()));
        assert!(names.iter().any(|(name, _)| overlay.file.ends_with(name)));
        let content = overlay.read(&overlay.file).expect("memory answers").expect("a file");
        let mut made = towpath_yaml::parse(&content).expect("YAML")[0].root.to_json();
        let map = made.as_object_mut().expect("a mapping");
        assert_eq!(map.shift_remove("sortOptions"), Some(json!({"order": "fifo"})));
        Ok(made)
    }

    fn keeps_lines(text: &str) -> bool {
        let tree = MemoryTree::new([("kustomization.yaml", text)]);
        let (overlay, _) = generate(&tree, &spec(json!({}))).expect("a good kustomization");
        overlay.content.is_none_or(|content| content.starts_with(text.as_bytes()))
    }

    #[test]
    fn what_lies_in_a_folder_is_built() {
        let files = [
            ("a/z.yaml", ""),
            ("a/b/x.yml", ""),
            ("a/b/readme.md", ""),
            ("a/c/kustomization.yml", ""),
            ("a/c/y.yaml", ""),
            ("a/b.yaml", ""),
            ("other.yaml", ""),
        ];
        let expected = json!({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": ["./b/x.yml", "./b.yaml", "./c", "./z.yaml"],
        });
        for path in ["a", "./a/", "/a", "../../a", "x/../a"] {
            assert_eq!(made(&files, json!({"path": path})), Ok(expected.clone()), "{path}");
        }
        let nothing = made(&[("a/readme.md", "")], json!({"path": "a"}));
        assert_eq!(nothing.map(|made| made["namespace"].clone()), Ok(json!("_placeholder")));
        let missing = made(&files, json!({"path": "./no"}));
        assert_eq!(missing, Err("the folder `./no` does not exist in the source".to_owned()));
    }

    #[test]
    fn a_kustomization_is_read_as_flux_reads_it() {
        let table = [
            ("resources: [a.yaml]\n", json!({"resources": ["a.yaml"]}), true),
            ("resources: [a.yaml]", json!({"resources": ["a.yaml"]}), true),
            ("{resources: [a.yaml]}", json!({"resources": ["a.yaml"]}), false),
            ("resources: [a.yaml]\n...\n", json!({"resources": ["a.yaml"]}), false),
            ("Resources: [a.yaml]\n", json!({"resources": ["a.yaml"]}), false),
            ("resorces: [a.yaml]\n", json!({"buildMetadata": ["originAnnotations"]}), false),
            (
                "namePrefix: x\n",
                json!({"namePrefix": "x", "buildMetadata": ["originAnnotations"]}),
                true,
            ),
        ];
        for (text, expected, kept) in table {
            assert_eq!(made(&[("kustomization.yaml", text)], json!({})), Ok(expected), "{text}");
            assert_eq!(keeps_lines(text), kept, "{text}");
        }
        assert!(keeps_lines("resources: [a.yaml]\nsortOptions: {order: legacy}\n"));
        let broken = made(&[("kustomization.yaml", "\nresources: [\n")], json!({}));
        assert!(broken.is_err_and(|error| error.starts_with("kustomization.yaml:")));
    }

    #[test]
    fn fields_of_the_flux_object_come_on_top() {
        let own = "resources: [a.yaml]\nnamespace: mine\nnamePrefix: p-\npatches: [{path: p.yaml}]\n\
            images: [{name: a, newTag: '1', digest: d}, {name: b, newName: c, newTag: '1'}]\n";
        let flux = json!({
            "targetNamespace": "theirs", "namePrefix": "q-", "nameSuffix": "-s",
            "patches": [{"patch": "x", "target": {"kind": "A"}}],
            "images": [{"name": "a", "newTag": "2"}, {"name": "b", "newName": "d"}, {"name": "e", "digest": "f"}],
            "components": ["../x", "../y"], "ignoreMissingComponents": true,
            "buildMetadata": ["originAnnotations"],
        });
        let files = [("f/kustomization.yaml", own), ("x/kustomization.yaml", "")];
        let mut flux = flux;
        flux["path"] = "f".into();
        let expected = json!({
            "resources": ["a.yaml"], "namespace": "theirs", "namePrefix": "q-", "nameSuffix": "-s",
            "patches": [{"path": "p.yaml"}, {"patch": "x", "target": {"kind": "A"}}],
            "images": [
                {"name": "a", "newTag": "2"},
                {"name": "b", "newName": "d", "newTag": "1"},
                {"name": "e", "digest": "f"},
            ],
            "components": ["../x"],
            "buildMetadata": ["originAnnotations"],
        });
        assert_eq!(made(&files, flux), Ok(expected));
        let remote = made(&files, json!({"path": "f", "components": ["https://x/y"]}));
        assert_eq!(
            remote,
            Err("the component `https://x/y` must be a folder of the source".to_owned())
        );
    }
}
