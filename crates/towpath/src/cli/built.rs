//! What a folder of this machine builds to, its files named as a user who works in another folder calls them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use towpath_render::Origin;
use towpath_render::kustomize::{self, Build, Options};

use super::disk_tree::DiskTree;
use super::failure::Failure;

/// Builds a folder of `directory` as `kustomize build` does; `name` is how the user calls it.
pub(super) fn build(directory: &Path, name: &str, options: &Options<'_>) -> Result<Build, Failure> {
    let (tree, path) = DiskTree::around(&directory.join(name))
        .map_err(|_| Failure::new(format!("{name} is no folder that can be read")))?;
    let near = Near::to(directory);
    let mut built = kustomize::build(&tree, &path, options).map_err(|mut error| {
        error.place.file = near.named(&error.place.file);
        Failure::new(format!("{name} cannot be built")).because(error)
    })?;
    for warning in &mut built.warnings {
        warning.place.file = near.named(&warning.place.file);
    }
    for object in &mut built.objects {
        let Origin { file, touched, .. } = &mut object.origin;
        *file = near.named(file);
        touched.iter_mut().for_each(|touch| touch.file = near.named(&touch.file));
    }
    Ok(built)
}

/// The folder that files are named from.
struct Near {
    /// With all links resolved; none where it cannot be.
    real: Option<PathBuf>,
}

impl Near {
    fn to(directory: &Path) -> Self {
        Self { real: directory.canonicalize().ok() }
    }

    /// A file of the whole disk: from the folder if it is below it, else from the root.
    fn named(&self, file: &str) -> Arc<str> {
        // The name of a remote file has two slashes between its repository and its path.
        let Some(real) = self.real.as_ref().filter(|_| !file.contains("//")) else {
            return file.into();
        };
        let root = real.ancestors().last().unwrap_or(real);
        let whole = root.join(file);
        let shown = whole.strip_prefix(real).unwrap_or(&whole).to_string_lossy();
        if shown.is_empty() { ".".into() } else { shown.into() }
    }
}
