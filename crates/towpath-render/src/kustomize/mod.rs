//! Kustomize: a folder with a `kustomization.yaml` becomes a list of objects, as `kustomize build` 5.8 makes it.
//!
//! Sources of the contract: `kubernetes-sigs/kustomize:api` and `kyaml`. It runs no plugin, no process and no
//! generator from the network, and keeps no schema beyond one build.
//!
//! Where to go next: `build.rs` is the order of things, `accumulate.rs` what happens in each folder, `transform/` what
//! changes objects, `generate/` what makes them, `patch/` the two kinds of patch.

mod accumulate;
mod build;
mod error;
mod fields;
pub mod generate;
mod generators;
mod kustomization;
mod load;
pub mod patch;
mod plugin;
mod provenance;
mod read;
mod remote;
pub mod replacement;
mod resource;
mod set;
mod shape;
mod shared;
pub(crate) mod transform;
pub mod vars;

pub use build::{Build, Options, Restrictions, build};
pub use error::{Error, Place, Problem, Warning};
pub use remote::{DEFAULT_TIMEOUT, RemoteUrl, Remotes};
pub use resource::{Behavior, Resource};

use crate::{Entry, Object, Tree, TreeError};

/// Whether a folder holds a kustomization.
///
/// # Errors
/// The tree could not answer.
pub fn is_kustomization(tree: &dyn Tree, folder: &str) -> Result<bool, TreeError> {
    for name in kustomization::FILE_NAMES {
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        if tree.entry(&path)? == Some(Entry::File) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The objects as `kustomize build` prints them.
#[must_use]
pub fn print(objects: &[Object]) -> String {
    let documents: Vec<String> =
        objects.iter().map(|object| towpath_yaml::write(&object.value)).collect();
    documents.join("---\n")
}
