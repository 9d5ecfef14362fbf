//! What several rules look up: environments of clusters, dependencies, and who defines which type.
//! Must not judge.

use std::collections::BTreeMap;

use towpath_core::path::Environment;
use towpath_core::pin::Pin;
use towpath_discovery::facts::{Detail, Kustomization, Object, Reference};
use towpath_discovery::inventory::{Followed, Inventory, Placed};
use towpath_discovery::resolve::{ClusterOnPath, Resolved};

/// The environment of a pin.
pub(crate) fn environment_of<'a>(resolved: &'a Resolved, pin: &Pin) -> Option<&'a Environment> {
    resolved.path.environment(&pin.environment)
}

/// The clusters, each with its environment.
pub(crate) fn clusters(
    resolved: &Resolved,
) -> impl Iterator<Item = (&ClusterOnPath, &Environment)> {
    resolved.clusters.iter().filter_map(|cluster| {
        resolved.path.environment(&cluster.environment).map(|environment| (cluster, environment))
    })
}

/// A Flux Kustomization of a cluster.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) placed: Placed<'a>,
    pub(crate) what: &'a Kustomization,
    pub(crate) followed: &'a Followed,
}

/// The Flux Kustomizations of a cluster.
pub(crate) fn steps<'a>(
    inventory: &'a Inventory,
    cluster: &'a ClusterOnPath,
) -> impl Iterator<Item = Step<'a>> {
    cluster.found.kustomizations.iter().filter_map(|followed| {
        let placed = inventory.object(followed.object);
        let Detail::Kustomization(what) = &placed.object.detail else { return None };
        Some(Step { placed, what, followed })
    })
}

/// Flux Kustomizations by namespace and name.
pub(crate) fn by_name<'a>(steps: &[Step<'a>]) -> BTreeMap<(&'a str, &'a str), Step<'a>> {
    steps
        .iter()
        .map(|step| ((&*step.placed.object.namespace, &*step.placed.object.name), *step))
        .collect()
}

/// The namespace and name that a dependency of `object` means.
pub(crate) fn target<'a>(object: &'a Object, dependency: &'a Reference) -> (&'a str, &'a str) {
    (dependency.namespace.as_deref().unwrap_or(&object.namespace), &dependency.name)
}

/// Whether the object's type has to be installed first. Flux's own types come with bootstrapping.
pub(crate) fn is_custom(object: &Object) -> bool {
    !towpath_discovery::groups::is_built_in(object.group())
}

/// Words as people list them: `a`, `a and b`, `a, b and c`.
pub(crate) fn list<T: AsRef<str>>(words: &[T]) -> String {
    let (last, rest) = match words.split_last() {
        Some((last, [])) => return last.as_ref().to_owned(),
        Some(split) => split,
        None => return "nothing".to_owned(),
    };
    let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
    format!("{} and {}", rest.join(", "), last.as_ref())
}
