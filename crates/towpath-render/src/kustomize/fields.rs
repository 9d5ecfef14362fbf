//! What the fields of a kustomization ask for, in Kustomize's order: generators, then transformers.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/internal/target/kusttarget_configplugin.go`.
//!
//! Where to go next: `transform/` and `patch/` do the work; `plugin.rs` is for what is configured by objects.

use serde_json::{Value, json};

use super::accumulate::{Accumulated, Target, stamp};
use super::error::{Error, Problem};
use super::kustomization::Labels;
use super::patch::target::Selector;
use super::patch::{PatchSpec, apply_patches};
use super::provenance::{ORIGIN, Provenance, annotate};
use super::read;
use super::resource::Resource;
use super::shape::{flag, text};
use super::shared::settle;
use super::transform::defaults::METADATA_LABELS;
use super::transform::fieldspec::{FieldSpec, merge};
use super::transform::image::Image;
use super::transform::name::{Side, affix};
use super::transform::namespace::{Namespace, Subjects};
use super::transform::{metadata, replicas};
use crate::Touch;

impl Target<'_, '_, '_> {
    /// Adds what the generators make.
    pub(crate) fn generate(&self, all: &mut Accumulated) -> Result<(), Error> {
        let kustomization = &*self.kustomization;
        let schema = self.context.schema();
        let kinds = [
            (&kustomization.config_map_generator, "ConfigMapGenerator"),
            (&kustomization.secret_generator, "SecretGenerator"),
        ];
        for (items, kind) in kinds {
            for item in items {
                let options = kustomization.generator_options.as_ref();
                let mut resource =
                    self.make(kind, &item.value, options, item.line).map_err(self.at(item))?;
                if let Some(provenance) = &self.provenance {
                    let text = provenance.builtin(self.file_name, kind).annotation();
                    annotate_new(&mut resource, text);
                }
                all.set.absorb(resource, schema).map_err(self.at(item))?;
            }
        }
        if let Some(helm) = &kustomization.helm {
            return Err(self.at(helm)(Problem::Refused(
                "Helm charts in a kustomization are not expanded".to_owned(),
            )));
        }
        for (item, config) in self.plugins(&kustomization.generators)? {
            let mut resource = self.generate_with(&config).map_err(self.at(&item))?;
            if let Some(origin) = Provenance::of(&config.value) {
                annotate_new(&mut resource, origin.configured(&config.value).annotation());
            }
            all.set.absorb(resource, schema).map_err(self.at(&item))?;
        }
        Ok(())
    }

    /// Goes over all objects as the fields of the kustomization ask for.
    pub(crate) fn transform(&self, all: &mut Accumulated) -> Result<(), Error> {
        self.strategic_merge_patches(all)?;
        self.patches(all)?;
        self.names(all)?;
        self.labels(all)?;
        self.json_patches(all)?;
        self.workloads(all)?;
        self.replacements(all)?;
        for (item, config) in self.plugins(&self.kustomization.transformers)? {
            self.transform_with(all, &config, &self.touch(&item.field)).map_err(self.at(&item))?;
            if let Some(origin) = Provenance::of(&config.value) {
                stamp(&mut all.set, &origin.configured(&config.value));
            }
        }
        Ok(())
    }

    fn names(&self, all: &mut Accumulated) -> Result<(), Error> {
        let kustomization = &*self.kustomization;
        let (config, schema) = (&all.config, self.context.schema());
        if !kustomization.namespace.is_empty() {
            let namespace = Namespace {
                namespace: &kustomization.namespace,
                specs: &config.namespace,
                unset_only: false,
                subjects: Subjects::DefaultOnly,
            };
            namespace
                .apply(&mut all.set, schema, &self.touch("namespace"))
                .map_err(self.at_field("namespace"))?;
            self.stamp(&mut all.set, "NamespaceTransformer");
        }
        let sides = [
            (
                Side::Before,
                &kustomization.name_prefix,
                &config.name_prefix,
                "namePrefix",
                "PrefixTransformer",
            ),
            (
                Side::Behind,
                &kustomization.name_suffix,
                &config.name_suffix,
                "nameSuffix",
                "SuffixTransformer",
            ),
        ];
        for (side, text, specs, field, kind) in sides {
            if !text.is_empty() {
                affix(&mut all.set, side, text, specs, &self.touch(field))
                    .map_err(self.at_field(field))?;
                self.stamp(&mut all.set, kind);
            }
        }
        Ok(())
    }

    fn labels(&self, all: &mut Accumulated) -> Result<(), Error> {
        let kustomization = &*self.kustomization;
        for item in &kustomization.labels {
            let specs = self.label_fields(all, &item.value).map_err(|why| {
                self.at(item)(Problem::BadValue { field: format!("{}.fields", item.field), why })
            })?;
            metadata::set(&mut all.set, &item.value.pairs, &specs, &self.touch(&item.field))
                .map_err(self.at(item))?;
            self.stamp(&mut all.set, "LabelTransformer");
        }
        let common = &kustomization.common_labels;
        if !common.is_empty() || !kustomization.labels.is_empty() {
            let touch = self.touch("commonLabels");
            metadata::set(&mut all.set, common, &all.config.common_labels, &touch)
                .map_err(self.at_field("commonLabels"))?;
            self.stamp(&mut all.set, "LabelTransformer");
        }
        let annotations = &kustomization.common_annotations;
        if !annotations.is_empty() {
            let touch = self.touch("commonAnnotations");
            metadata::set(&mut all.set, annotations, &all.config.common_annotations, &touch)
                .map_err(self.at_field("commonAnnotations"))?;
            self.stamp(&mut all.set, "AnnotationsTransformer");
        }
        Ok(())
    }

    /// The fields that an entry of `labels` goes into.
    fn label_fields(&self, all: &Accumulated, labels: &Labels) -> Result<Vec<FieldSpec>, String> {
        let config = &*all.config;
        let mut specs = labels.fields.clone();
        let mut add = |more: &[FieldSpec]| more.iter().try_for_each(|spec| merge(&mut specs, spec));
        add(&config.labels)?;
        if labels.include_selectors {
            add(&config.common_labels)?;
        } else {
            if labels.include_templates {
                add(&config.template_labels)?;
            }
            add(&[METADATA_LABELS])?;
        }
        Ok(specs)
    }

    fn workloads(&self, all: &mut Accumulated) -> Result<(), Error> {
        let config = std::rc::Rc::clone(&all.config);
        for item in &self.kustomization.replicas {
            let count = item.value.get("count").and_then(Value::as_i64).unwrap_or_default();
            let (name, touch) = (text(&item.value, "name"), self.touch(&item.field));
            replicas::set(&mut all.set, &name, count, &config.replicas, &touch)
                .map_err(self.at(item))?;
            self.stamp(&mut all.set, "ReplicaCountTransformer");
        }
        for item in &self.kustomization.images {
            let image = Image::of(&item.value).map_err(self.at(item))?;
            image
                .apply(&mut all.set, &config.images, &self.touch(&item.field))
                .map_err(self.at(item))?;
            self.stamp(&mut all.set, "ImageTagTransformer");
        }
        Ok(())
    }

    fn strategic_merge_patches(&self, all: &mut Accumulated) -> Result<(), Error> {
        let items = &self.kustomization.patches_strategic_merge;
        let Some(first) = items.first() else { return Ok(()) };
        let mut specs = Vec::new();
        for item in items {
            let spec = self.patch_of_text_or_file(&item.value).map_err(self.at(item))?;
            specs.push((item, named(spec, &item.field, self.touch(&item.field))));
        }
        if specs.iter().all(|(_, spec)| spec.is_empty()) {
            return Err(self.at(first)(Problem::failed("patches", "all of them are empty")));
        }
        for (item, spec) in specs {
            self.patch(all, &[spec]).map_err(self.at(item))?;
        }
        self.stamp(&mut all.set, "PatchStrategicMergeTransformer");
        Ok(())
    }

    /// A patch that is given as itself, or as the path of a file.
    pub(crate) fn patch_of_text_or_file(&self, given: &str) -> Result<PatchSpec, Problem> {
        if read::objects(&"patch".into(), given.as_bytes()).is_ok() {
            return Ok(PatchSpec { text: given.to_owned(), ..PatchSpec::default() });
        }
        let text = self.text(given)?;
        Ok(PatchSpec { text, source: given.to_owned(), ..PatchSpec::default() })
    }

    /// The text of a file.
    pub(crate) fn text(&self, path: &str) -> Result<String, Problem> {
        let bytes = self.folder.read(path)?;
        String::from_utf8(bytes.into_owned())
            .map_err(|_| Problem::Yaml(format!("`{path}` is no UTF-8")))
    }

    fn patches(&self, all: &mut Accumulated) -> Result<(), Error> {
        for item in &self.kustomization.patches {
            let spec = self.patch_spec(&item.value).map_err(self.at(item))?;
            let spec = named(spec, &item.field, self.touch(&item.field));
            self.patch(all, &[spec]).map_err(self.at(item))?;
            self.stamp(&mut all.set, "PatchTransformer");
        }
        Ok(())
    }

    pub(crate) fn patch_spec(&self, value: &Value) -> Result<PatchSpec, Problem> {
        let (inline, path) = (text(value, "patch"), text(value, "path"));
        let inline = inline.trim();
        let (text, source) = match (inline.is_empty(), path.is_empty()) {
            (true, true) => return Err(Problem::failed("patch", "it has neither patch nor path")),
            (false, false) => return Err(Problem::failed("patch", "it has both patch and path")),
            (false, true) => (inline.to_owned(), String::new()),
            (true, false) => (self.text(&path)?, path),
        };
        let target = value.get("target").map(selector).transpose()?;
        let options = value.get("options").unwrap_or(&Value::Null);
        Ok(PatchSpec {
            text,
            source,
            target,
            allow_name_change: flag(options, "allowNameChange"),
            allow_kind_change: flag(options, "allowKindChange"),
            touch: None,
        })
    }

    pub(crate) fn patch(&self, all: &mut Accumulated, specs: &[PatchSpec]) -> Result<(), Problem> {
        apply_patches(all.set.list_mut(), specs, self.context.schema())
            .map_err(|error| Problem::Refused(chain(&error)))?;
        let merged = specs.iter().all(|spec| !is_operations(&spec.text));
        for resource in all.set.inner_mut() {
            let last = resource.origin.touched.last();
            if resource.shared.is_empty() || !specs.iter().any(|spec| spec.touch.as_ref() == last) {
                continue;
            }
            if merged {
                settle(resource);
            } else {
                resource.shared.clear();
            }
        }
        Ok(())
    }

    fn json_patches(&self, all: &mut Accumulated) -> Result<(), Error> {
        for item in &self.kustomization.patches_json6902 {
            let value = &item.value;
            let config = json!({
                "target": value.get("target"),
                "path": text(value, "path"),
                "jsonOp": text(value, "patch"),
            });
            self.json_patch(all, &config, &self.touch(&item.field)).map_err(self.at(item))?;
            self.stamp(&mut all.set, "PatchJson6902Transformer");
        }
        Ok(())
    }

    pub(crate) fn json_patch(
        &self,
        all: &mut Accumulated,
        config: &Value,
        touch: &Touch,
    ) -> Result<(), Problem> {
        let target = config.get("target").unwrap_or(&Value::Null);
        if text(target, "name").is_empty() {
            return Err(Problem::failed("patch", "its target has no name"));
        }
        let (path, operations) = (text(config, "path"), text(config, "jsonOp"));
        let operations = match (path.is_empty(), operations.is_empty()) {
            (true, false) => operations,
            (false, true) => self.text(&path)?,
            (true, true) => return Err(Problem::failed("patch", "it has neither path nor patch")),
            (false, false) => return Err(Problem::failed("patch", "it has both path and patch")),
        };
        let parsed = super::patch::json6902::parse(&operations)
            .map_err(|error| Problem::failed("patch", chain(&error)))?;
        if parsed.is_empty() {
            return Err(Problem::failed("patch", "it is empty"));
        }
        let spec = PatchSpec {
            text: operations,
            source: path,
            target: Some(selector(target)?),
            ..PatchSpec::default()
        };
        let spec = named(spec, &touch.field, touch.clone());
        // This kind of patch leaves no former name behind, unlike the same patch in `patches`.
        let names: Vec<usize> = all.set.iter().map(|resource| resource.former.len()).collect();
        self.patch(all, &[spec])?;
        for (resource, count) in all.set.inner_mut().iter_mut().zip(names) {
            resource.former.truncate(count);
        }
        Ok(())
    }

    fn replacements(&self, all: &mut Accumulated) -> Result<(), Error> {
        let items = &self.kustomization.replacements;
        if items.is_empty() {
            return Ok(());
        }
        for item in items {
            let touch = self.touch(&item.field);
            self.replace(&mut all.set, &item.value, &touch).map_err(self.at(item))?;
        }
        self.stamp(&mut all.set, "ReplacementTransformer");
        Ok(())
    }
}

/// Whether a patch is a list of operations: its first sign says so.
fn is_operations(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_start);
    let first = lines
        .find(|line| !line.is_empty() && !line.starts_with(['#', '%']) && !line.starts_with("---"));
    first.is_some_and(|line| line.starts_with(['-', '[']))
}

/// A patch with what it is called where it stands, and what it leaves in what it changed.
pub(crate) fn named(spec: PatchSpec, field: &str, touch: Touch) -> PatchSpec {
    let source = if spec.source.is_empty() { field.to_owned() } else { spec.source };
    PatchSpec { source, touch: Some(touch), ..spec }
}

pub(crate) fn selector(value: &Value) -> Result<Selector, Problem> {
    Selector::from_value(value).map_err(|error| Problem::failed("target", chain(&error)))
}

pub(crate) fn annotate_new(resource: &mut Resource, origin: String) {
    if resource.value.pointer("/metadata/annotations/config.kubernetes.io~1origin").is_none() {
        annotate(&mut resource.value, ORIGIN, origin);
    }
}

/// An error with all its causes, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut out = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        out = format!("{out}: {error}");
        cause = error.source();
    }
    out
}
