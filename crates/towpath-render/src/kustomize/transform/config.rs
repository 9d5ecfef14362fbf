//! Which fields the transformers change: the defaults, and what `configurations` and `crds` add.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/internal/plugins/builtinconfig`. What a base adds holds for
//! every kustomization above it.

use std::borrow::Cow;
use std::rc::Rc;

use serde_json::Value;

use super::fieldspec::{FieldSpec, merge};
use super::sort::legacy_rank;
use crate::kustomize::kustomization::FIELD_SPECS;
use crate::kustomize::shape::{Misfit, Shape, Unknown, fit, items, text};

/// A kind of object, and the fields that name one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BackReference {
    pub(crate) group: Cow<'static, str>,
    pub(crate) version: Cow<'static, str>,
    pub(crate) kind: Cow<'static, str>,
    pub(crate) referrers: Vec<FieldSpec>,
}

/// The fields that each transformer changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) name_prefix: Vec<FieldSpec>,
    pub(crate) name_suffix: Vec<FieldSpec>,
    pub(crate) namespace: Vec<FieldSpec>,
    pub(crate) common_labels: Vec<FieldSpec>,
    pub(crate) labels: Vec<FieldSpec>,
    pub(crate) template_labels: Vec<FieldSpec>,
    pub(crate) common_annotations: Vec<FieldSpec>,
    pub(crate) name_reference: Vec<BackReference>,
    pub(crate) var_reference: Vec<FieldSpec>,
    pub(crate) images: Vec<FieldSpec>,
    pub(crate) replicas: Vec<FieldSpec>,
}

const SHAPE: Shape = Shape::Record(&[
    ("namePrefix", FIELD_SPECS),
    ("nameSuffix", FIELD_SPECS),
    ("namespace", FIELD_SPECS),
    ("commonLabels", FIELD_SPECS),
    ("labels", FIELD_SPECS),
    ("templateLabels", FIELD_SPECS),
    ("commonAnnotations", FIELD_SPECS),
    (
        "nameReference",
        Shape::List(&Shape::Record(&[
            ("group", Shape::Text),
            ("version", Shape::Text),
            ("kind", Shape::Text),
            ("fieldSpecs", FIELD_SPECS),
        ])),
    ),
    ("varReference", FIELD_SPECS),
    ("images", FIELD_SPECS),
    ("replicas", FIELD_SPECS),
]);

impl Config {
    /// One as a file of `configurations` has it.
    pub(crate) fn of(value: &Value) -> Result<Self, Misfit> {
        let value = fit(value, &SHAPE, Unknown::Refuse)?;
        let specs = |name: &str| FieldSpec::list(items(&value, name));
        let mut config = Self {
            name_prefix: specs("namePrefix"),
            name_suffix: specs("nameSuffix"),
            namespace: specs("namespace"),
            common_labels: specs("commonLabels"),
            labels: specs("labels"),
            template_labels: specs("templateLabels"),
            common_annotations: specs("commonAnnotations"),
            name_reference: items(&value, "nameReference").iter().map(BackReference::of).collect(),
            var_reference: specs("varReference"),
            images: specs("images"),
            replicas: specs("replicas"),
        };
        config.sort();
        Ok(config)
    }

    /// What both say. The shared one is handed on where the other adds nothing. What is merged into nothing is merged
    /// nevertheless: one for any kind is left out behind one for a certain kind, which order comes of sorting.
    ///
    /// # Errors
    /// They disagree on a field.
    pub(crate) fn merged(this: &Rc<Self>, other: &Rc<Self>) -> Result<Rc<Self>, String> {
        if Rc::ptr_eq(this, other) || **other == Self::default() {
            return Ok(Rc::clone(this));
        }
        let mut merged = Self::clone(this);
        merged.add(other)?;
        Ok(Rc::new(merged))
    }

    /// Adds what `other` says.
    ///
    /// # Errors
    /// They disagree on a field.
    pub(crate) fn add(&mut self, other: &Self) -> Result<(), String> {
        for (own, more) in self.lists().into_iter().zip(other.clone().lists()) {
            more.iter().try_for_each(|spec| merge(own, spec))?;
        }
        other.name_reference.iter().try_for_each(|reference| self.add_reference(reference))?;
        self.sort();
        Ok(())
    }

    /// Adds the fields that name objects of one kind.
    ///
    /// # Errors
    /// They disagree with those known.
    pub(crate) fn add_reference(&mut self, reference: &BackReference) -> Result<(), String> {
        let known = self.name_reference.iter_mut().find(|known| {
            (&known.group, &known.version, &known.kind)
                == (&reference.group, &reference.version, &reference.kind)
        });
        match known {
            Some(known) => {
                reference.referrers.iter().try_for_each(|spec| merge(&mut known.referrers, spec))
            }
            None => {
                self.name_reference.push(reference.clone());
                Ok(())
            }
        }
    }

    /// The order in which Kustomize goes through them.
    pub(crate) fn sort(&mut self) {
        for list in self.lists() {
            list.sort_by(|a, b| {
                legacy_rank(&a.group, &a.version, &a.kind)
                    .cmp(&legacy_rank(&b.group, &b.version, &b.kind))
            });
        }
        self.name_reference.sort_by(|a, b| {
            legacy_rank(&a.group, &a.version, &a.kind)
                .cmp(&legacy_rank(&b.group, &b.version, &b.kind))
        });
    }

    fn lists(&mut self) -> [&mut Vec<FieldSpec>; 10] {
        [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.common_annotations,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ]
    }
}

impl BackReference {
    fn of(value: &Value) -> Self {
        Self {
            group: text(value, "group").into(),
            version: text(value, "version").into(),
            kind: text(value, "kind").into(),
            referrers: FieldSpec::list(items(value, "fieldSpecs")),
        }
    }
}
