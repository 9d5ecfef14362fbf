//! One Kustomization of a cluster: what it asks for, what its folder builds to, and when two are made of the same.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::json;

use super::super::generate::inside;
use super::super::render::{Error, Inputs, Rendered};
use super::super::spec::Spec;
use super::super::substitute::Variables;
use super::{GROUP, Id, Memo, SOURCES, Trouble, TroubleKind};
use crate::{Origin, Value};

/// A Kustomization on the walk.
#[derive(Debug, Clone)]
pub struct Walked {
    /// What it is called.
    pub id: Id,
    /// The Kustomization itself.
    pub kustomization: Arc<Value>,
    /// Where it stands.
    pub origin: Origin,
    /// The one that creates it; none for the root.
    pub parent: Option<Id>,
    /// What it asks for; none where it cannot be read.
    pub spec: Option<Arc<Spec>>,
    /// What its folder builds to, before its variables; none where it cannot be built.
    pub built: Option<Arc<Rendered>>,
    /// Its objects, without owner labels; none where it cannot be rendered, or was not yet.
    pub rendered: Option<Arc<Rendered>>,
    /// Its variables; none where it substitutes nothing.
    pub(super) variables: Option<Arc<Variables>>,
    /// All of the spec that shapes what its folder builds to.
    pub(super) shape: Arc<str>,
    /// Whether it stands for the root that only its path is known of.
    pub(super) assumed: bool,
    /// Whether its source was met before it was built.
    pub(super) source_was_met: bool,
}

/// Whether a build may hold what leads the walk on.
pub(super) fn creates(built: &Rendered) -> bool {
    built.objects.iter().any(|object| {
        let version = object.value["apiVersion"].as_str().unwrap_or_default();
        let group = version.split_once('/').map_or("", |(group, _)| group);
        group == SOURCES || group == GROUP || group.contains("${")
    })
}

impl Walked {
    /// Its objects, whether the walk went so far or not; none where it cannot be rendered.
    ///
    /// # Errors
    /// Its variables cannot be put in.
    pub fn finish(
        &self,
        inputs: &Inputs<'_>,
        memo: &mut Memo<'_>,
    ) -> Result<Option<Arc<Rendered>>, Error> {
        let (None, Some(built), Some(spec)) = (&self.rendered, &self.built, &self.spec) else {
            return Ok(self.rendered.clone());
        };
        memo.finish(built, &self.shape, spec, self.variables.as_deref(), inputs).map(Some)
    }

    /// Whether another one renders to the same because it is made of the same; both by the same memo.
    #[must_use]
    pub fn is_made_as(&self, other: &Self) -> bool {
        let (Some(built), Some(other_built)) = (&self.built, &other.built) else { return false };
        Arc::ptr_eq(built, other_built)
            && self.variables == other.variables
            && self.shape == other.shape
    }

    pub(super) fn trouble(&self, kind: TroubleKind) -> Trouble {
        let Origin { file, line, .. } = &self.origin;
        Trouble { kustomization: self.id.clone(), file: Arc::clone(file), line: *line, kind }
    }
}

/// The fields that shape what a Kustomization renders to, as JSON; its variables are told apart on their own.
pub(super) fn shape(kustomization: &Value) -> Arc<str> {
    const OTHERS: [&str; 16] = [
        "interval",
        "retryInterval",
        "timeout",
        "dependsOn",
        "sourceRef",
        "prune",
        "deletionPolicy",
        "wait",
        "suspend",
        "force",
        "ignore",
        "healthChecks",
        "healthCheckExprs",
        "serviceAccountName",
        "kubeConfig",
        "postBuild",
    ];
    let Some(spec) = kustomization["spec"].as_object() else { return Arc::default() };
    let mut fields: Vec<_> =
        spec.iter().filter(|(field, _)| !OTHERS.contains(&field.as_str())).collect();
    fields.sort_unstable_by_key(|(field, _)| *field);
    let mut shape = String::from("{");
    for (field, value) in fields {
        // However it is written, the folder is the same.
        let path = value.as_str().filter(|_| field == "path").map(|path| json!(inside("", path)));
        let comma = if shape.len() > 1 { "," } else { "" };
        let _ = write!(shape, "{comma}{}:{}", json!(field), path.as_ref().unwrap_or(value));
    }
    shape.push('}');
    shape.into()
}
