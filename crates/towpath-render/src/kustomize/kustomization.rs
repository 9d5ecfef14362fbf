//! The file `kustomization.yaml` as typed data: every field of Kustomize 5.8, the deprecated ones too.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/types/kustomization.go`. Deprecated fields are moved to where
//! they belong now, with a warning. It reads one file and nothing that the file names.

use std::sync::Arc;

use serde_json::Value;
use towpath_yaml::{Duplicates, Limits, Node};

use super::error::{Error, Place, Problem, Warning};
use super::shape::{Shape, Unknown, fit, flag, items, pairs, text};
use super::transform::fieldspec::FieldSpec;

/// The names that such a file may have, in the order of looking.
pub(crate) const FILE_NAMES: [&str; 3] =
    ["kustomization.yaml", "kustomization.yml", "Kustomization"];

const KUSTOMIZATION_VERSION: &str = "kustomize.config.k8s.io/v1beta1";
const COMPONENT_VERSION: &str = "kustomize.config.k8s.io/v1alpha1";

/// An item of a list, with where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Item<T> {
    /// What it says.
    pub(crate) value: T,
    /// Its line in the file, from 1.
    pub(crate) line: usize,
    /// The field: `patches[2]`.
    pub(crate) field: Arc<str>,
}

/// A kustomization.
#[derive(Debug, Clone)]
pub(crate) struct Kustomization {
    /// The file, from the root of its tree.
    pub(crate) file: Arc<str>,
    pub(crate) component: bool,
    pub(crate) openapi_path: Option<Item<String>>,
    pub(crate) openapi_version: Option<Item<String>>,
    pub(crate) name_prefix: String,
    pub(crate) name_suffix: String,
    pub(crate) namespace: String,
    pub(crate) common_labels: Vec<(String, String)>,
    pub(crate) labels: Vec<Item<Labels>>,
    pub(crate) common_annotations: Vec<(String, String)>,
    pub(crate) patches_strategic_merge: Vec<Item<String>>,
    pub(crate) patches_json6902: Vec<Item<Value>>,
    pub(crate) patches: Vec<Item<Value>>,
    pub(crate) images: Vec<Item<Value>>,
    pub(crate) replacements: Vec<Item<Value>>,
    pub(crate) replicas: Vec<Item<Value>>,
    pub(crate) vars: Vec<Item<Value>>,
    pub(crate) sort_options: Option<Item<Value>>,
    pub(crate) resources: Vec<Item<String>>,
    pub(crate) components: Vec<Item<String>>,
    pub(crate) crds: Vec<Item<String>>,
    pub(crate) config_map_generator: Vec<Item<Value>>,
    pub(crate) secret_generator: Vec<Item<Value>>,
    pub(crate) helm: Option<Item<()>>,
    pub(crate) generator_options: Option<Value>,
    pub(crate) configurations: Vec<Item<String>>,
    pub(crate) generators: Vec<Item<String>>,
    pub(crate) transformers: Vec<Item<String>>,
    pub(crate) validators: Vec<Item<String>>,
    pub(crate) build_metadata: Vec<String>,
    /// Lines of the fields that are no lists, by name.
    lines: Vec<(&'static str, usize)>,
}

/// One entry of `labels`.
#[derive(Debug, Clone)]
pub(crate) struct Labels {
    pub(crate) pairs: Vec<(String, String)>,
    pub(crate) include_selectors: bool,
    pub(crate) include_templates: bool,
    pub(crate) fields: Vec<FieldSpec>,
}

const TEXT: Shape = Shape::Text;
const TEXT_LIST: Shape = Shape::List(&TEXT);
/// A field specification.
pub(crate) const FIELD_SPEC: Shape = Shape::Record(&[
    ("group", TEXT),
    ("version", TEXT),
    ("kind", TEXT),
    ("path", TEXT),
    ("create", Shape::Flag),
]);
/// A list of them.
pub(crate) const FIELD_SPECS: Shape = Shape::List(&FIELD_SPEC);
/// What a patch is for.
pub(crate) const SELECTOR: Shape = Shape::Record(&[
    ("group", TEXT),
    ("version", TEXT),
    ("kind", TEXT),
    ("name", TEXT),
    ("namespace", TEXT),
    ("annotationSelector", TEXT),
    ("labelSelector", TEXT),
]);
const PATCH_OPTIONS: Shape =
    Shape::Record(&[("allowNameChange", Shape::Flag), ("allowKindChange", Shape::Flag)]);
/// An entry of `patches`.
pub(crate) const PATCH: Shape = Shape::Record(&[
    ("path", TEXT),
    ("patch", TEXT),
    ("target", SELECTOR),
    ("options", PATCH_OPTIONS),
]);
/// An entry of `images`.
pub(crate) const IMAGE: Shape = Shape::Record(&[
    ("name", TEXT),
    ("newName", TEXT),
    ("tagSuffix", TEXT),
    ("newTag", TEXT),
    ("digest", TEXT),
]);
/// An entry of `replicas`.
pub(crate) const REPLICA: Shape = Shape::Record(&[("name", TEXT), ("count", Shape::Int)]);
/// `sortOptions`.
pub(crate) const SORT_OPTIONS: Shape = Shape::Record(&[
    ("order", TEXT),
    ("legacySortOptions", Shape::Record(&[("orderFirst", TEXT_LIST), ("orderLast", TEXT_LIST)])),
]);
const GENERATOR_OPTIONS: Shape = Shape::Record(&[
    ("labels", Shape::Texts),
    ("annotations", Shape::Texts),
    ("disableNameSuffixHash", Shape::Flag),
    ("immutable", Shape::Flag),
]);
/// An entry of `configMapGenerator`.
pub(crate) const CONFIG_MAP: Shape = Shape::Record(&[
    ("namespace", TEXT),
    ("name", TEXT),
    ("behavior", TEXT),
    ("literals", TEXT_LIST),
    ("files", TEXT_LIST),
    ("envs", TEXT_LIST),
    ("env", TEXT),
    ("options", GENERATOR_OPTIONS),
]);
/// An entry of `secretGenerator`.
pub(crate) const SECRET: Shape = Shape::Record(&[
    ("namespace", TEXT),
    ("name", TEXT),
    ("behavior", TEXT),
    ("literals", TEXT_LIST),
    ("files", TEXT_LIST),
    ("envs", TEXT_LIST),
    ("env", TEXT),
    ("options", GENERATOR_OPTIONS),
    ("type", TEXT),
]);
const FIELD_OPTIONS: Shape = Shape::Record(&[
    ("delimiter", TEXT),
    ("index", Shape::Int),
    ("encoding", TEXT),
    ("create", Shape::Flag),
]);
/// An entry of `replacements`.
pub(crate) const REPLACEMENT: Shape = Shape::Record(&[
    ("path", TEXT),
    (
        "source",
        Shape::Record(&[
            ("group", TEXT),
            ("version", TEXT),
            ("kind", TEXT),
            ("name", TEXT),
            ("namespace", TEXT),
            ("fieldPath", TEXT),
            ("options", FIELD_OPTIONS),
        ]),
    ),
    ("sourceValue", TEXT),
    (
        "targets",
        Shape::List(&Shape::Record(&[
            ("select", SELECTOR),
            ("reject", Shape::List(&SELECTOR)),
            ("fieldPaths", TEXT_LIST),
            ("options", FIELD_OPTIONS),
        ])),
    ),
]);
const VAR: Shape = Shape::Record(&[
    ("name", TEXT),
    (
        "objref",
        Shape::Record(&[
            ("apiVersion", TEXT),
            ("group", TEXT),
            ("version", TEXT),
            ("kind", TEXT),
            ("name", TEXT),
            ("namespace", TEXT),
        ]),
    ),
    ("fieldref", Shape::Record(&[("fieldPath", TEXT)])),
]);
const LABELS: Shape = Shape::Record(&[
    ("pairs", Shape::Texts),
    ("includeSelectors", Shape::Flag),
    ("includeTemplates", Shape::Flag),
    ("fields", FIELD_SPECS),
]);
const KUSTOMIZATION: Shape = Shape::Record(&[
    ("apiVersion", TEXT),
    ("kind", TEXT),
    (
        "metadata",
        Shape::Record(&[
            ("name", TEXT),
            ("namespace", TEXT),
            ("labels", Shape::Texts),
            ("annotations", Shape::Texts),
        ]),
    ),
    ("openapi", Shape::Texts),
    ("namePrefix", TEXT),
    ("nameSuffix", TEXT),
    ("namespace", TEXT),
    ("commonLabels", Shape::Texts),
    ("labels", Shape::List(&LABELS)),
    ("commonAnnotations", Shape::Texts),
    ("patchesStrategicMerge", TEXT_LIST),
    ("patchesJson6902", Shape::List(&PATCH)),
    ("patches", Shape::List(&PATCH)),
    ("images", Shape::List(&IMAGE)),
    ("imageTags", Shape::List(&IMAGE)),
    ("replacements", Shape::List(&REPLACEMENT)),
    ("replicas", Shape::List(&REPLICA)),
    ("vars", Shape::List(&VAR)),
    ("sortOptions", SORT_OPTIONS),
    ("resources", TEXT_LIST),
    ("components", TEXT_LIST),
    ("crds", TEXT_LIST),
    ("bases", TEXT_LIST),
    ("configMapGenerator", Shape::List(&CONFIG_MAP)),
    ("secretGenerator", Shape::List(&SECRET)),
    ("helmGlobals", Shape::Any),
    ("helmCharts", Shape::List(&Shape::Any)),
    ("helmChartInflationGenerator", Shape::List(&Shape::Any)),
    ("generatorOptions", GENERATOR_OPTIONS),
    ("configurations", TEXT_LIST),
    ("generators", TEXT_LIST),
    ("transformers", TEXT_LIST),
    ("validators", TEXT_LIST),
    ("buildMetadata", TEXT_LIST),
]);

/// Deprecated fields and what replaces them.
const DEPRECATED: [(&str, &str); 6] = [
    ("bases", "resources"),
    ("commonLabels", "labels"),
    ("imageTags", "images"),
    ("patchesJson6902", "patches"),
    ("patchesStrategicMerge", "patches"),
    ("vars", "replacements"),
];

impl Kustomization {
    /// Reads the file `file` that holds `source`; deprecated fields are added to `warnings`.
    ///
    /// # Errors
    /// The source is no YAML, has unknown fields or wrong values, asks for nothing, or is of another kind.
    pub(crate) fn parse(
        file: &Arc<str>,
        source: &[u8],
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Error> {
        let limits = Limits { duplicates: Duplicates::LastWins, ..Limits::default() };
        let documents = towpath_yaml::parse_with(source, &limits)
            .map_err(|error| super::read::syntax(file, source, &error))?;
        let Some(document) = documents.first() else {
            return Err(Problem::EmptyKustomization.at(Place::file(file)));
        };
        let root = &document.root;
        let value = fit(&root.to_json(), &KUSTOMIZATION, Unknown::Refuse).map_err(|misfit| {
            let steps: Vec<&str> = misfit.path.iter().map(String::as_str).collect();
            let line = root
                .at(&steps)
                .map_or(root.span.line, |node| line_of_key(root, &steps).unwrap_or(node.span.line));
            let field = misfit.field();
            match misfit.expected {
                Some(expected) => Problem::WrongType { field, expected },
                None => Problem::UnknownField(field),
            }
            .at(Place::line(file, line as usize))
        })?;
        let reader = Reader { file, root, value: &value };
        reader.check()?;
        for (old, new) in DEPRECATED {
            if let Some(line) = reader.line(old) {
                let message = format!("`{old}` is deprecated, use `{new}`");
                warnings.push(Warning { place: Place::line(file, line), message });
            }
        }
        Ok(reader.kustomization())
    }

    /// The line of a field that is no list.
    pub(crate) fn line(&self, field: &str) -> usize {
        self.lines.iter().find(|(name, _)| *name == field).map_or(1, |(_, line)| *line)
    }

    /// The place of an item.
    pub(crate) fn place<T>(&self, item: &Item<T>) -> Place {
        Place::line(&self.file, item.line)
    }
}

/// The line of the key that the path ends with.
fn line_of_key(root: &Node, steps: &[&str]) -> Option<u32> {
    let (last, before) = steps.split_last()?;
    root.at(before)?.entry(last).map(|entry| entry.key.span.line)
}

/// A file that fits, and its nodes for their lines.
struct Reader<'a> {
    file: &'a Arc<str>,
    root: &'a Node,
    value: &'a Value,
}

impl Reader<'_> {
    fn check(&self) -> Result<(), Error> {
        let asks = self.value.as_object().is_some_and(|fields| {
            fields.keys().any(|key| !matches!(key.as_str(), "apiVersion" | "kind"))
        });
        if !asks {
            return Err(Problem::EmptyKustomization.at(Place::file(self.file)));
        }
        let kind = text(self.value, "kind");
        let required = match kind.as_str() {
            "" | "Kustomization" => KUSTOMIZATION_VERSION,
            "Component" => COMPONENT_VERSION,
            _ => return self.bad("kind", format!("`{kind}` is not Kustomization or Component")),
        };
        let version = text(self.value, "apiVersion");
        if !version.is_empty() && version != required {
            return self.bad("apiVersion", format!("`{version}` should be {required}"));
        }
        Ok(())
    }

    fn bad(&self, field: &str, why: String) -> Result<(), Error> {
        let line = self.line(field).unwrap_or(1);
        Err(Problem::BadValue { field: field.to_owned(), why }.at(Place::line(self.file, line)))
    }

    fn node(&self, field: &str) -> Option<(&Node, usize)> {
        let entries = self.root.as_map()?.entries();
        let entry = entries
            .iter()
            .find(|entry| entry.key.text == field)
            .or_else(|| entries.iter().find(|e| e.key.text.eq_ignore_ascii_case(field)))?;
        (!entry.value.is_null()).then_some((&entry.value, entry.key.span.line as usize))
    }

    fn line(&self, field: &str) -> Option<usize> {
        self.node(field).map(|(_, line)| line)
    }

    fn list<T>(&self, field: &str, each: impl Fn(&Value) -> T) -> Vec<Item<T>> {
        let nodes = self.node(field).and_then(|(node, _)| node.as_seq()).unwrap_or_default();
        let lines = nodes.iter().map(|node| node.span.line as usize);
        let values = items(self.value, field).iter().zip(lines).enumerate();
        values
            .map(|(at, (value, line))| Item {
                value: each(value),
                line,
                field: format!("{field}[{at}]").into(),
            })
            .collect()
    }

    fn texts(&self, field: &str) -> Vec<Item<String>> {
        self.list(field, |value| value.as_str().unwrap_or_default().to_owned())
    }

    fn values(&self, field: &str) -> Vec<Item<Value>> {
        self.list(field, Value::clone)
    }

    fn helm(&self) -> Option<Item<()>> {
        let field = ["helmCharts", "helmChartInflationGenerator"]
            .into_iter()
            .find(|field| !items(self.value, field).is_empty())?;
        Some(Item { value: (), line: self.line(field)?, field: field.into() })
    }

    fn openapi(&self, key: &str) -> Option<Item<String>> {
        let (node, line) = self.node("openapi")?;
        let text = self.value.get("openapi")?.get(key)?.as_str()?.to_owned();
        let line = node.entry(key).map_or(line, |entry| entry.key.span.line as usize);
        Some(Item { value: text, line, field: format!("openapi.{key}").into() })
    }

    fn kustomization(&self) -> Kustomization {
        let mut resources = self.texts("resources");
        resources.extend(self.texts("bases"));
        let mut images = self.values("images");
        images.extend(self.values("imageTags"));
        let sort_options = self.value.get("sortOptions").map(|value| Item {
            value: value.clone(),
            line: self.line("sortOptions").unwrap_or(1),
            field: "sortOptions".into(),
        });
        const SINGLE: [&str; 6] = [
            "namePrefix",
            "nameSuffix",
            "namespace",
            "commonLabels",
            "commonAnnotations",
            "generatorOptions",
        ];
        Kustomization {
            file: Arc::clone(self.file),
            component: text(self.value, "kind") == "Component",
            openapi_path: self.openapi("path"),
            openapi_version: self.openapi("version"),
            name_prefix: text(self.value, "namePrefix"),
            name_suffix: text(self.value, "nameSuffix"),
            namespace: text(self.value, "namespace"),
            common_labels: pairs(self.value, "commonLabels"),
            labels: self.list("labels", |value| Labels {
                pairs: pairs(value, "pairs"),
                include_selectors: flag(value, "includeSelectors"),
                include_templates: flag(value, "includeTemplates"),
                fields: FieldSpec::list(items(value, "fields")),
            }),
            common_annotations: pairs(self.value, "commonAnnotations"),
            patches_strategic_merge: self.texts("patchesStrategicMerge"),
            patches_json6902: self.values("patchesJson6902"),
            patches: self.values("patches"),
            images,
            replacements: self.values("replacements"),
            replicas: self.values("replicas"),
            vars: self.values("vars"),
            sort_options,
            resources,
            components: self.texts("components"),
            crds: self.texts("crds"),
            config_map_generator: self.values("configMapGenerator"),
            secret_generator: self.values("secretGenerator"),
            helm: self.helm(),
            generator_options: self.value.get("generatorOptions").cloned(),
            configurations: self.texts("configurations"),
            generators: self.texts("generators"),
            transformers: self.texts("transformers"),
            validators: self.texts("validators"),
            build_metadata: self.texts("buildMetadata").into_iter().map(|i| i.value).collect(),
            lines: SINGLE.iter().filter_map(|name| Some((*name, self.line(name)?))).collect(),
        }
    }
}
