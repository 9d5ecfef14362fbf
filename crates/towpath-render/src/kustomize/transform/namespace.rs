//! The namespace of every object, and of the service accounts that role bindings name.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/filters/namespace`.

use serde_json::{Map, Value};

use super::fieldspec::{Create, FieldSpec, set_scalar};
use crate::Touch;
use crate::kustomize::error::Problem;
use crate::kustomize::patch::schema::Schema;
use crate::kustomize::read::scalar_text;
use crate::kustomize::resource::Resource;
use crate::kustomize::set::Set;

/// What a namespace is put into.
#[derive(Debug, Clone)]
pub(crate) struct Namespace<'c> {
    pub(crate) namespace: &'c str,
    pub(crate) specs: &'c [FieldSpec],
    /// Leave alone what has one.
    pub(crate) unset_only: bool,
    pub(crate) subjects: Subjects,
}

/// Which subjects of role bindings get the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subjects {
    /// Those named `default`.
    DefaultOnly,
    /// All service accounts.
    AllServiceAccounts,
    /// None.
    None,
}

const METADATA_NAMESPACE: FieldSpec = FieldSpec::fixed("", "", "", "metadata/namespace", true);

impl Subjects {
    /// One by its name in a file.
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            "" | "defaultOnly" => Some(Self::DefaultOnly),
            "allServiceAccounts" => Some(Self::AllServiceAccounts),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

impl Namespace<'_> {
    /// Puts it into each object.
    ///
    /// # Errors
    /// A field holds no scalar, or two objects get one identity.
    pub(crate) fn apply(
        &self,
        set: &mut Set,
        schema: &Schema,
        touch: &Touch,
    ) -> Result<(), Problem> {
        if self.namespace.is_empty() {
            return Ok(());
        }
        for resource in set.list_mut() {
            resource.remember();
            let changed = self
                .put(resource, schema)
                .map_err(|why| Problem::failed(resource.identity().to_string(), why))?;
            if changed {
                resource.touch(touch);
            }
        }
        match set.twice(schema) {
            Some(id) => Err(Problem::Conflict(format!(
                "putting everything into namespace {}: {id}",
                self.namespace
            ))),
            None => Ok(()),
        }
    }

    /// Puts it into one object, whose former names stay as they are.
    pub(crate) fn put(&self, resource: &mut Resource, schema: &Schema) -> Result<bool, String> {
        let id = resource.identity();
        let set = &mut |value: &mut Value| self.set(value);
        let mut changed = false;
        if schema.namespaced(&id.api_version(), &id.kind) != Some(false) {
            changed |= METADATA_NAMESPACE.visit(&mut resource.value, Create::Scalar, set)?;
        }
        let binding = is_binding(&id.kind);
        if binding {
            changed |= self.subjects(&mut resource.value)?;
        }
        for spec in self.specs.iter().filter(|spec| spec.selects(&id)) {
            let dealt_with = spec.path == "metadata/namespace"
                || (spec.path == "metadata/name" && id.api_version() != "v1")
                || (binding && spec.path == "subjects/namespace" && is_binding(&spec.kind));
            if !dealt_with {
                changed |= spec.visit(&mut resource.value, Create::Scalar, set)?;
            }
        }
        Ok(changed)
    }

    fn set(&self, value: &mut Value) -> Result<bool, String> {
        if self.unset_only && !scalar_text(value).is_empty() {
            return Ok(false);
        }
        set_scalar(value, Value::String(self.namespace.to_owned()))
    }

    fn subjects(&self, object: &mut Value) -> Result<bool, String> {
        let wanted = |subject: &Map<String, Value>| match self.subjects {
            Subjects::DefaultOnly => subject.get("name").is_some_and(|name| name == "default"),
            Subjects::AllServiceAccounts => {
                subject.get("kind").is_some_and(|kind| kind == "ServiceAccount")
            }
            Subjects::None => false,
        };
        let mut changed = false;
        match object.get_mut("subjects") {
            None | Some(Value::Null) => {}
            Some(Value::Array(subjects)) => {
                let subjects = subjects.iter_mut().filter_map(Value::as_object_mut);
                for subject in subjects.filter(|subject| wanted(subject)) {
                    changed |= self.set(subject.entry("namespace").or_insert(Value::Null))?;
                }
            }
            Some(_) => return Err("`subjects` is no list".to_owned()),
        }
        Ok(changed)
    }
}

fn is_binding(kind: &str) -> bool {
    matches!(kind, "RoleBinding" | "ClusterRoleBinding")
}
