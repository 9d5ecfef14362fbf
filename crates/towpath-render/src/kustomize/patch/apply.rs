//! `patches:` as a whole: each patch in its order, laid over what it is for.
//!
//! It keeps an index of names, so that a patch for one object does not look at all others. It must not decide in which
//! order transformers run, nor drop the record of what changed an object. Source of the contract:
//! `kubernetes-sigs/kustomize:api/internal/builtins/PatchTransformer.go`, `api/resource/resource.go` (`ApplySmPatch`).
//!
//! Where to go next: `text.rs` reads a patch, `target.rs` selects.

use super::json6902;
use super::schema::Schema;
use super::strategic::{self, MergeError, Outcome, text_of};
use super::target::{Selector, same_object};
use super::text::{self, Patch, TextError};
use crate::kustomize::Resource;
use crate::{Identity, Touch, Value};
use std::collections::HashMap;

/// One entry of `patches:`, with its text at hand.
#[derive(Debug, Clone, Default)]
pub struct PatchSpec {
    /// The text: what `patch` says, or what stands in the file of `path`.
    pub text: String,
    /// Where the text stands, for errors: the path of the file, or the place in the kustomization.
    pub source: String,
    /// Which objects it is for; without it, the object that the text names.
    pub target: Option<Selector>,
    /// `options.allowNameChange`.
    pub allow_name_change: bool,
    /// `options.allowKindChange`.
    pub allow_kind_change: bool,
    /// What is written down in the origin of the objects that it changed.
    pub touch: Option<Touch>,
}

impl PatchSpec {
    /// Whether the text can be read and asks for nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        text::parse(&self.text).is_ok_and(|patch| match patch {
            Patch::Objects(objects) => objects.is_empty(),
            Patch::Operations(operations) => operations.is_empty(),
        })
    }
}

/// What patches did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// How many times an object was patched.
    pub patched: usize,
    /// How many objects are gone.
    pub deleted: usize,
}

/// Why a patch cannot be applied.
#[derive(Debug, thiserror::Error)]
#[error("patch {patch}")]
pub struct ApplyError {
    /// Where the patch stands.
    pub patch: String,
    /// What is wrong.
    #[source]
    pub fault: Fault,
}

/// What is wrong with a patch.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It cannot be read.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A JSON patch does not say what it is for.
    #[error("a JSON patch needs a target")]
    NoTarget,
    /// More than one object, and a target.
    #[error("a patch with a target holds one object, this one holds {0}")]
    ManyObjects(usize),
    /// Nothing has its name.
    #[error("no object matches {0}")]
    NoMatch(Box<Identity>),
    /// More than one object has its name.
    #[error("more than one object matches {0}")]
    ManyMatches(Box<Identity>),
    /// It cannot be laid over an object.
    #[error("cannot patch {object}")]
    Merge {
        /// The object.
        object: Box<Identity>,
        /// Why.
        source: MergeError,
    },
    /// An operation cannot be applied to an object.
    #[error("cannot patch {object}")]
    Operation {
        /// The object.
        object: Box<Identity>,
        /// Why.
        source: Box<json6902::PatchError>,
    },
    /// Two objects would be called the same.
    #[error("the patch makes a second {0}")]
    Collision(Box<Identity>),
}

/// Applies patches in their order.
///
/// # Errors
/// One cannot be applied; `resources` is then in a state that nobody should use.
pub fn apply_patches(
    resources: &mut Vec<Resource>,
    patches: &[PatchSpec],
    schema: &Schema,
) -> Result<Applied, ApplyError> {
    let mut all = All { resources, schema, names: None, applied: Applied::default() };
    for spec in patches {
        all.apply(spec).map_err(|fault| ApplyError { patch: spec.source.clone(), fault })?;
    }
    let applied = all.applied;
    if applied.deleted > 0 {
        resources.retain(|resource| !resource.value.is_null());
    }
    Ok(applied)
}

/// All objects, and who has which name. An object that is gone is null until the end.
struct All<'a> {
    resources: &'a mut Vec<Resource>,
    schema: &'a Schema,
    names: Option<HashMap<String, Vec<usize>>>,
    applied: Applied,
}

impl All<'_> {
    fn apply(&mut self, spec: &PatchSpec) -> Result<(), Fault> {
        match (text::parse(&spec.text)?, &spec.target) {
            (Patch::Objects(objects), Some(target)) => match objects.as_slice() {
                [] => Ok(()),
                [object] => {
                    for at in self.selected(target) {
                        self.merge(at, object, spec)?;
                    }
                    if spec.allow_name_change || spec.allow_kind_change {
                        self.collisions()
                    } else {
                        Ok(())
                    }
                }
                many => Err(Fault::ManyObjects(many.len())),
            },
            (Patch::Objects(objects), None) => objects.iter().try_for_each(|object| {
                let at = self.named(&Identity::of(object))?;
                self.merge(at, object, spec)
            }),
            (Patch::Operations(_), None) => Err(Fault::NoTarget),
            (Patch::Operations(operations), Some(target)) => {
                for at in self.selected(target) {
                    self.operate(at, &operations, spec)?;
                }
                Ok(())
            }
        }
    }

    /// The places of the objects that were ever called `name`.
    fn called(&mut self, name: &str) -> Vec<usize> {
        let names = self.names.get_or_insert_with(|| {
            let mut names: HashMap<String, Vec<usize>> =
                HashMap::with_capacity(self.resources.len());
            for (at, resource) in self.resources.iter().enumerate() {
                let former = resource.former.iter().map(|former| former.name.as_str());
                let now = resource.value.pointer("/metadata/name").and_then(Value::as_str);
                for name in former.chain(now) {
                    let places = names.entry(name.to_owned()).or_default();
                    if places.last() != Some(&at) {
                        places.push(at);
                    }
                }
            }
            names
        });
        names.get(name).cloned().unwrap_or_default()
    }

    fn selected(&mut self, target: &Selector) -> Vec<usize> {
        let candidates = match target.only_name() {
            Some(name) => self.called(name),
            None => (0..self.resources.len()).collect(),
        };
        let selects = |at: &usize| {
            let resource = &self.resources[*at];
            !resource.value.is_null() && target.matches(resource, self.schema)
        };
        candidates.into_iter().filter(selects).collect()
    }

    /// The place of the one object that is, or ever was, called so.
    fn named(&mut self, identity: &Identity) -> Result<usize, Fault> {
        let candidates = self.called(&identity.name);
        let mut found = candidates.into_iter().filter(|at| {
            let resource = &self.resources[*at];
            !resource.value.is_null()
                && (same_object(&resource.identity(), identity, self.schema)
                    || resource
                        .former
                        .iter()
                        .any(|former| same_object(former, identity, self.schema)))
        });
        match (found.next(), found.next()) {
            (Some(at), None) => Ok(at),
            (None, _) => Err(Fault::NoMatch(Box::new(identity.clone()))),
            (Some(_), Some(_)) => Err(Fault::ManyMatches(Box::new(identity.clone()))),
        }
    }

    fn merge(&mut self, at: usize, object: &Value, spec: &PatchSpec) -> Result<(), Fault> {
        let resource = &mut self.resources[at];
        let before = resource.identity();
        let renames = spec.allow_name_change || spec.allow_kind_change;
        if renames {
            resource.former.push(before.clone());
        }
        let api_version = resource.value.get("apiVersion").cloned();
        let outcome = strategic::merge(&mut resource.value, object, self.schema)
            .map_err(|source| Fault::Merge { object: Box::new(before.clone()), source })?;
        self.applied.patched += 1;
        if outcome == Outcome::Deleted
            || resource.value.as_object().is_none_or(serde_json::Map::is_empty)
        {
            self.applied.deleted += 1;
            resource.value = Value::Null;
            return Ok(());
        }
        if let (Some(fields), Some(api_version)) = (resource.value.as_object_mut(), api_version) {
            fields.insert("apiVersion".to_owned(), api_version);
            if !spec.allow_kind_change {
                fields.insert("kind".to_owned(), before.kind.into());
            }
        }
        if let Some(metadata) = metadata(&mut resource.value) {
            if !spec.allow_name_change {
                metadata.insert("name".to_owned(), before.name.into());
            }
            if before.namespace.is_empty() {
                metadata.shift_remove("namespace");
            } else {
                metadata.insert("namespace".to_owned(), before.namespace.into());
            }
        }
        resource.origin.touched.extend(spec.touch.clone());
        if renames {
            self.names = None;
        }
        Ok(())
    }

    fn operate(
        &mut self,
        at: usize,
        operations: &[json6902::Operation],
        spec: &PatchSpec,
    ) -> Result<(), Fault> {
        let resource = &mut self.resources[at];
        let before = resource.identity();
        json6902::apply(&mut resource.value, operations).map_err(|source| Fault::Operation {
            object: Box::new(before.clone()),
            source: Box::new(source),
        })?;
        settle_annotations(&mut resource.value);
        self.applied.patched += 1;
        if resource.identity().name != before.name {
            self.names = None;
        }
        resource.former.push(before);
        resource.origin.touched.extend(spec.touch.clone());
        Ok(())
    }

    fn collisions(&self) -> Result<(), Fault> {
        let mut seen: HashMap<String, Vec<Identity>> = HashMap::new();
        for resource in self.resources.iter().filter(|resource| !resource.value.is_null()) {
            let identity = resource.identity();
            let same = seen.entry(identity.name.clone()).or_default();
            if same.iter().any(|other| same_object(other, &identity, self.schema)) {
                return Err(Fault::Collision(Box::new(identity)));
            }
            same.push(identity);
        }
        Ok(())
    }
}

fn metadata(value: &mut Value) -> Option<&mut serde_json::Map<String, Value>> {
    let metadata = value.as_object_mut()?.entry("metadata").or_insert(Value::Null);
    if metadata.is_null() {
        *metadata = Value::Object(serde_json::Map::new());
    }
    metadata.as_object_mut()
}

/// After a JSON patch, annotations are texts, and no annotations are no field.
fn settle_annotations(value: &mut Value) {
    let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    match metadata.get_mut("annotations") {
        Some(Value::Object(annotations)) if !annotations.is_empty() => {
            for annotation in annotations.values_mut().filter(|annotation| !annotation.is_string())
            {
                *annotation = Value::String(text_of(annotation).into_owned());
            }
        }
        _ => {
            metadata.shift_remove("annotations");
        }
    }
}

#[cfg(test)]
mod tests;
