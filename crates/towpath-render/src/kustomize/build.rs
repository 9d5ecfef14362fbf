//! A build: the objects of a folder, and what is settled once at its end: hashes, references, variables, order.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/krusty/kustomizer.go`.
//!
//! Where to go next: `accumulate.rs` is what happens in each folder.

use std::rc::Rc;

use serde_json::Value;

use super::accumulate::{Accumulated, Context, Target};
use super::error::{Error, Place, Problem, Warning};
use super::generators;
use super::kustomization::Kustomization;
use super::load::Folder;
use super::provenance::{ORIGIN, Provenance, TRANSFORMATIONS};
use super::read::scalar_text;
use super::remote::Remotes;
use super::set::Set;
use super::transform::defaults::METADATA_LABELS;
use super::transform::{metadata, name_reference, sort};
use crate::{Object, Tree};

/// Which files a kustomization may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restrictions {
    /// Those in or below its folder, as `kustomize build` has it.
    #[default]
    RootOnly,
    /// Any in the tree, as Flux has it.
    None,
}

/// How a folder is built.
#[derive(Clone, Copy, Default)]
pub struct Options<'o> {
    /// Which files a kustomization may read.
    pub restrictions: Restrictions,
    /// Supplies remote trees; without it they are refused.
    pub remotes: Option<&'o dyn Remotes>,
}

/// What a build makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Build {
    /// The objects, in the order in which `kustomize build` prints them.
    pub objects: Vec<Object>,
    /// What should not be left as it is.
    pub warnings: Vec<Warning>,
}

/// Builds the folder `path` of `tree`.
///
/// # Errors
/// `kustomize build` would fail, or would run a program or use the network. The error names the file.
pub fn build(tree: &dyn Tree, path: &str, options: &Options<'_>) -> Result<Build, Error> {
    let folder = Folder::root(tree, path, options.restrictions)
        .map_err(|problem| problem.at(Place::file(&path.into())))?;
    let context = Context::new(options);
    let mut target = Target::load(&context, Rc::new(folder), None)?;
    let kustomization = Rc::clone(&target.kustomization);
    if !kustomization.build_metadata.is_empty() {
        target.provenance = Some(Provenance::default());
    }
    let mut all = Accumulated::default();
    target.accumulate(&mut all)?;
    finish(&target, &mut all)?;
    let objects = all
        .set
        .take()
        .into_iter()
        .map(|resource| Object { value: resource.value.into(), origin: resource.origin })
        .collect();
    drop(target);
    Ok(Build { objects, warnings: context.warnings.into_inner() })
}

fn finish(target: &Target<'_, '_, '_>, all: &mut Accumulated) -> Result<(), Error> {
    let (schema, kustomization) = (target.context.schema(), &*target.kustomization);
    let somewhere = |problem: Problem| problem.at(Place::file(&kustomization.file));
    generators::add_hashes(&mut all.set, &target.touch("nameSuffixHash")).map_err(somewhere)?;
    name_reference::fix(&mut all.set, &all.config.name_reference, schema).map_err(somewhere)?;
    generators::expand(target, all)?;
    all.set.list_mut().retain(|resource| !is_local(&resource.value));
    let options = kustomization.sort_options.as_ref();
    sort::sort(&mut all.set, options.map(|item| &item.value)).map_err(|why| {
        let problem = Problem::BadValue { field: "sortOptions".to_owned(), why };
        options.map_or_else(|| somewhere(problem.clone()), |item| target.at(item)(problem.clone()))
    })?;
    let asks = |option: &str| kustomization.build_metadata.iter().any(|asked| asked == option);
    if asks("managedByLabel") {
        let pairs = [("app.kubernetes.io/managed-by".to_owned(), MANAGED_BY.to_owned())];
        metadata::set(&mut all.set, &pairs, &[METADATA_LABELS], &target.touch("buildMetadata"))
            .map_err(somewhere)?;
    }
    clean(&mut all.set, kustomization);
    Ok(())
}

/// The version whose output this is.
const MANAGED_BY: &str = "kustomize-v5.8.1";

/// Annotations that Kustomize keeps its own records in, and takes away at the end.
const OWN: [&str; 9] = [
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
    "internal.config.kubernetes.io/helm-generated",
];

/// Whether an object is for tools on the way and not for a cluster.
fn is_local(object: &Value) -> bool {
    object
        .pointer("/metadata/annotations/config.kubernetes.io~1local-config")
        .is_some_and(|local| scalar_text(local) != "false")
}

/// Takes away records that nobody asked for; annotations are text, and none are no field.
fn clean(set: &mut Set, kustomization: &Kustomization) {
    let asks = |option: &str| kustomization.build_metadata.iter().any(|asked| asked == option);
    let (origins, transformations) = (asks("originAnnotations"), asks("transformerAnnotations"));
    for resource in set.inner_mut() {
        let metadata = resource.value.get_mut("metadata").and_then(Value::as_object_mut);
        let Some(metadata) = metadata else { continue };
        let Some(annotations) = metadata.get_mut("annotations") else { continue };
        let mut empty = true;
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.retain(|key, _| {
                !OWN.contains(&key.as_str())
                    && (origins || key != ORIGIN)
                    && (transformations || key != TRANSFORMATIONS)
            });
            for text in annotations.values_mut().filter(|text| !text.is_string()) {
                *text = Value::String(scalar_text(text));
            }
            empty = annotations.is_empty();
        }
        if empty {
            metadata.shift_remove("annotations");
        }
    }
}
