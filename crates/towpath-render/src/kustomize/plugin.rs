//! Built-in transformers and generators that `generators`, `transformers` and `validators` configure by objects.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/internal/plugins/loader`. Any other plugin would be a program,
//! and none is run.

use std::sync::Arc;

use serde_json::{Value, json};

use super::accumulate::{Accumulated, Target};
use super::error::{Error, Problem};
use super::fields::{named, selector};
use super::generators;
use super::kustomization::{
    CONFIG_MAP, FIELD_SPECS, IMAGE, Item, PATCH, REPLACEMENT, REPLICA, SECRET, SELECTOR,
};
use super::patch::PatchSpec;
use super::provenance::{ORIGIN, annotate};
use super::read;
use super::resource::Resource;
use super::shape::{Shape, Unknown, fit, flag, items, pairs, text};
use super::transform::fieldspec::FieldSpec;
use super::transform::image::Image;
use super::transform::name::{Side, affix};
use super::transform::namespace::{Namespace, Subjects};
use super::transform::{metadata, replicas, value_add};
use crate::{Origin, Touch};

impl Target<'_, '_, '_> {
    pub(crate) fn generate_with(&self, config: &Resource) -> Result<Resource, Problem> {
        let id = config.identity();
        let kind = id.kind.as_str();
        match builtin(config)? {
            "ConfigMapGenerator" | "SecretGenerator" => {
                let shape = if kind == "SecretGenerator" { &SECRET } else { &CONFIG_MAP };
                let fitted = fitted(&with_metadata(&config.value), shape)?;
                self.make(kind, &fitted, None, config.origin.line)
            }
            "IAMPolicyGenerator" => service_account(config),
            "HelmChartInflationGenerator" => {
                Err(Problem::Refused("Helm charts in a kustomization are not expanded".to_owned()))
            }
            other => Err(Problem::Refused(format!("`{other}` is not a built-in generator"))),
        }
    }

    /// The objects that configure plugins, with the item that each came from.
    pub(crate) fn plugins(
        &self,
        items: &[Item<String>],
    ) -> Result<Vec<(Item<String>, Resource)>, Error> {
        let mut found = Vec::new();
        // Those that stand in the kustomization itself come first.
        let (mut inline, mut named) = (Accumulated::default(), Vec::new());
        for item in items {
            let file = &self.kustomization.file;
            let Ok(objects) = read::objects(file, item.value.as_bytes()) else {
                named.push(item);
                continue;
            };
            for object in objects {
                let mut value = object.value;
                if let Some(provenance) = &self.provenance {
                    annotate(&mut value, ORIGIN, provenance.append(self.file_name).annotation());
                }
                let origin =
                    Origin { file: Arc::clone(file), line: item.line, touched: Vec::new() };
                let schema = self.context.schema();
                inline.set.append(Resource::new(value, origin), schema).map_err(self.at(item))?;
                found.push(item.clone());
            }
        }
        for item in named {
            let before = inline.set.len();
            self.resources(&mut inline, std::slice::from_ref(item))?;
            found.extend((before..inline.set.len()).map(|_| item.clone()));
        }
        Ok(found.into_iter().zip(inline.set.take()).collect())
    }

    pub(crate) fn transform_with(
        &self,
        all: &mut Accumulated,
        config: &Resource,
        touch: &Touch,
    ) -> Result<(), Problem> {
        let schema = self.context.schema();
        let kind = builtin(config)?;
        let value = plugin_config(kind, config)?;
        let specs = || FieldSpec::list(items(&value, "fieldSpecs"));
        match kind {
            "AnnotationsTransformer" => {
                metadata::set(&mut all.set, &pairs(&value, "annotations"), &specs(), touch)
            }
            "LabelTransformer" => {
                metadata::set(&mut all.set, &pairs(&value, "labels"), &specs(), touch)
            }
            "NamespaceTransformer" => {
                let mode = text(&value, "setRoleBindingSubjects");
                let namespace = Namespace {
                    namespace: &text(&value["metadata"], "namespace"),
                    specs: &specs(),
                    unset_only: flag(&value, "unsetOnly"),
                    subjects: Subjects::of(&mode).ok_or_else(|| Problem::BadValue {
                        field: "setRoleBindingSubjects".to_owned(),
                        why: format!("`{mode}` is not defaultOnly, allServiceAccounts or none"),
                    })?,
                };
                namespace.apply(&mut all.set, schema, touch)
            }
            "PrefixTransformer" | "SuffixTransformer" | "PrefixSuffixTransformer" => {
                if value.get("fieldSpecs").is_none() {
                    return Err(Problem::failed(kind, "it has no fieldSpecs"));
                }
                if kind != "SuffixTransformer" {
                    let prefix = text(&value, "prefix");
                    affix(&mut all.set, Side::Before, &prefix, &specs(), touch)?;
                }
                if kind != "PrefixTransformer" {
                    let suffix = text(&value, "suffix");
                    affix(&mut all.set, Side::Behind, &suffix, &specs(), touch)?;
                }
                Ok(())
            }
            "ImageTagTransformer" => {
                Image::of(&value["imageTag"])?.apply(&mut all.set, &specs(), touch)
            }
            "ReplicaCountTransformer" => {
                let replica = &value["replica"];
                let count = replica.get("count").and_then(Value::as_i64).unwrap_or_default();
                replicas::set(&mut all.set, &text(replica, "name"), count, &specs(), touch)
            }
            "PatchTransformer" => {
                let spec = named(self.patch_spec(&value)?, &touch.field, touch.clone());
                self.patch(all, &[spec])
            }
            "PatchStrategicMergeTransformer" => self.strategic_merge(all, &value, touch),
            "PatchJson6902Transformer" => self.json_patch(all, &value, touch),
            "ReplacementTransformer" => items(&value, "replacements")
                .iter()
                .try_for_each(|value| self.replace(&mut all.set, value, touch)),
            "HashTransformer" => generators::add_hashes(&mut all.set, touch),
            "ValueAddTransformer" => self.value_add(all, &value, touch),
            other => Err(Problem::Refused(format!("`{other}` is not a built-in transformer"))),
        }
    }

    fn strategic_merge(
        &self,
        all: &mut Accumulated,
        value: &Value,
        touch: &Touch,
    ) -> Result<(), Problem> {
        let mut specs = Vec::new();
        for given in items(value, "paths").iter().filter_map(Value::as_str) {
            specs.push(self.patch_of_text_or_file(given)?);
        }
        let inline = text(value, "patches");
        if !inline.is_empty() {
            specs.push(PatchSpec { text: inline, ..PatchSpec::default() });
        }
        if specs.is_empty() {
            return Err(Problem::failed("patch", "it has neither paths nor patches"));
        }
        if specs.iter().all(PatchSpec::is_empty) {
            return Err(Problem::failed("patches", "all of them are empty"));
        }
        let specs: Vec<PatchSpec> =
            specs.into_iter().map(|spec| named(spec, &touch.field, touch.clone())).collect();
        self.patch(all, &specs)
    }

    fn value_add(
        &self,
        all: &mut Accumulated,
        value: &Value,
        touch: &Touch,
    ) -> Result<(), Problem> {
        let schema = self.context.schema();
        let own = text(value, "value");
        let folder = self.folder.path.rsplit('/').next().unwrap_or_default();
        let put = if own.trim().is_empty() { folder } else { own.trim() };
        let mut targets = items(value, "targets").to_vec();
        let path = text(value, "targetFilePath");
        if !path.is_empty() {
            let read = fitted(&self.document(&path)?, &VALUE_ADD)?;
            targets.extend_from_slice(items(&read, "targets"));
        }
        if targets.is_empty() {
            return Err(Problem::failed("ValueAddTransformer", "it has no targets"));
        }
        for target in &targets {
            let selector = target.get("selector").map(selector).transpose()?;
            let field = text(target, "fieldPath");
            let position = target.get("filePathPosition").and_then(Value::as_i64).unwrap_or(0);
            let position = usize::try_from(position).map_err(|_| {
                Problem::failed("ValueAddTransformer", "filePathPosition is negative")
            })?;
            if field.is_empty() {
                return Err(Problem::failed("ValueAddTransformer", "a target has no fieldPath"));
            }
            for resource in all.set.list_mut() {
                if selector.as_ref().is_some_and(|selector| !selector.matches(resource, schema)) {
                    continue;
                }
                let changed = if field == "metadata/namespace" {
                    let namespace = Namespace {
                        namespace: put,
                        specs: &[],
                        unset_only: false,
                        subjects: Subjects::DefaultOnly,
                    };
                    namespace.put(resource, schema)
                } else {
                    value_add::set(&mut resource.value, &field, position, put)
                };
                let failed = |why| Problem::failed(resource.identity().to_string(), why);
                if changed.map_err(failed)? {
                    resource.touch(touch);
                }
            }
        }
        Ok(())
    }

    /// Runs the validators, which may object and change nothing.
    pub(crate) fn validate(&self, all: &mut Accumulated) -> Result<(), Error> {
        for (item, config) in self.plugins(&self.kustomization.validators)? {
            let mut checked = all.clone();
            self.transform_with(&mut checked, &config, &self.touch(&item.field))
                .map_err(self.at(&item))?;
            let values = |all: &Accumulated| -> Vec<Value> {
                all.set.iter().map(|resource| resource.value.clone()).collect()
            };
            if values(&checked) != values(all) {
                return Err(self.at(&item)(Problem::failed(
                    config.identity().to_string(),
                    "a validator must not change objects",
                )));
            }
        }
        Ok(())
    }
}

const VALUE_ADD: Shape = Shape::Record(&[
    ("value", Shape::Text),
    (
        "targets",
        Shape::List(&Shape::Record(&[
            ("selector", SELECTOR),
            ("fieldPath", Shape::Text),
            ("filePathPosition", Shape::Int),
        ])),
    ),
    ("targetFilePath", Shape::Text),
]);

/// The fields of each transformer that is configured by an object.
const TRANSFORMERS: [(&str, Shape); 14] = [
    (
        "AnnotationsTransformer",
        Shape::Record(&[("annotations", Shape::Texts), ("fieldSpecs", FIELD_SPECS)]),
    ),
    ("LabelTransformer", Shape::Record(&[("labels", Shape::Texts), ("fieldSpecs", FIELD_SPECS)])),
    (
        "NamespaceTransformer",
        Shape::Record(&[
            ("metadata", Shape::Record(&[("namespace", Shape::Text)])),
            ("fieldSpecs", FIELD_SPECS),
            ("unsetOnly", Shape::Flag),
            ("setRoleBindingSubjects", Shape::Text),
        ]),
    ),
    ("PrefixTransformer", AFFIXES),
    ("SuffixTransformer", AFFIXES),
    ("PrefixSuffixTransformer", AFFIXES),
    ("ImageTagTransformer", Shape::Record(&[("imageTag", IMAGE), ("fieldSpecs", FIELD_SPECS)])),
    (
        "ReplicaCountTransformer",
        Shape::Record(&[("replica", REPLICA), ("fieldSpecs", FIELD_SPECS)]),
    ),
    ("PatchTransformer", PATCH),
    (
        "PatchStrategicMergeTransformer",
        Shape::Record(&[("paths", Shape::List(&Shape::Text)), ("patches", Shape::Text)]),
    ),
    (
        "PatchJson6902Transformer",
        Shape::Record(&[("target", SELECTOR), ("path", Shape::Text), ("jsonOp", Shape::Text)]),
    ),
    ("ReplacementTransformer", Shape::Record(&[("replacements", Shape::List(&REPLACEMENT))])),
    ("HashTransformer", Shape::Record(&[])),
    ("ValueAddTransformer", VALUE_ADD),
];

const AFFIXES: Shape =
    Shape::Record(&[("prefix", Shape::Text), ("suffix", Shape::Text), ("fieldSpecs", FIELD_SPECS)]);

/// The kind of a plugin, if it is one that is built in.
fn builtin(config: &Resource) -> Result<&str, Problem> {
    let kind = config.value.get("kind").and_then(Value::as_str).unwrap_or_default();
    if config.value.get("apiVersion").is_some_and(|version| version == "builtin") {
        return Ok(kind);
    }
    Err(Problem::Refused(format!(
        "`{kind}` is a plugin that is not built in: Towpath runs no programs"
    )))
}

fn plugin_config(kind: &str, config: &Resource) -> Result<Value, Problem> {
    let Some((_, shape)) = TRANSFORMERS.iter().find(|(name, _)| *name == kind) else {
        return Err(Problem::Refused(format!("`{kind}` is not a built-in transformer")));
    };
    fitted(&config.value, shape)
}

/// The fields of `shape` in a value that may have others.
fn fitted(value: &Value, shape: &Shape) -> Result<Value, Problem> {
    fit(value, shape, Unknown::Ignore).map_err(|misfit| Problem::WrongType {
        field: misfit.field(),
        expected: misfit.expected.unwrap_or("something else"),
    })
}

/// The configuration of a generator, with name and namespace from its metadata where it has none itself.
fn with_metadata(config: &Value) -> Value {
    let mut config = config.clone();
    let metadata = config["metadata"].take();
    for field in ["name", "namespace"] {
        if text(&config, field).is_empty() && !text(&metadata, field).is_empty() {
            config[field] = metadata[field].clone();
        }
    }
    config
}

/// The account of a cloud's workload identity.
fn service_account(config: &Resource) -> Result<Resource, Problem> {
    let value = &config.value;
    let cloud = text(value, "cloud");
    if cloud != "gke" {
        return Err(Problem::failed("IAMPolicyGenerator", format!("cloud `{cloud}` is not known")));
    }
    let (account, service) = (&value["serviceAccount"], &value["kubernetesService"]);
    let email =
        format!("{}@{}.iam.gserviceaccount.com", text(account, "name"), text(account, "projectId"));
    let mut object = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {
            "annotations": {"iam.gke.io/gcp-service-account": email},
            "name": text(service, "name"),
        },
    });
    let namespace = text(service, "namespace");
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = Value::String(namespace);
    }
    Ok(Resource::new(object, config.origin.clone()))
}
