//! Reads a side of a comparison that is one list of objects: manifests of a folder, of a file or from standard input,
//! what a folder builds to, or what a cluster is given.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use ignore::WalkBuilder;
use serde_json::Value;
use towpath_render::kustomize::{self, Remotes};
use towpath_render::{Object, Origin};

use super::super::built;
use super::super::disk_tree::DiskTree;
use super::super::failure::Failure;
use super::here::Here;
use super::operand::{self, Operand};

/// Every object of a side that is one list of them; `name` is how the user calls it, from the folder `root`.
pub(super) fn objects(
    side: &Operand<'_>,
    name: &str,
    root: &Path,
    remotes: &dyn Remotes,
    here: Option<&Here<'_>>,
) -> Result<Vec<Object>, Failure> {
    let mut objects = Vec::new();
    match (side, here) {
        (Operand::Stdin, _) => {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes)?;
            add(&mut objects, "standard input", &bytes)?;
        }
        (Operand::Files(path), _) if path.is_file() => {
            add(&mut objects, name, &read_file(path, name)?)?;
        }
        (Operand::Files(path), _) => folder(&mut objects, path, name, root, remotes)?,
        (side, Some(here)) => {
            let [(_, cluster)] = operand::clusters(side)[..] else {
                return Err(Failure::new(format!("{name} has several clusters"))
                    .hint("name one of them: ENVIRONMENT/CLUSTER"));
            };
            let walk = here.cluster(cluster)?;
            let lacking: Vec<_> = walk
                .kustomizations
                .iter()
                .filter(|walked| walked.rendered.is_none())
                .map(|walked| &walked.id)
                .collect();
            if let Some(trouble) =
                walk.troubles.iter().find(|trouble| lacking.contains(&&trouble.kustomization))
            {
                return Err(Failure::new(format!("{name} cannot be rendered whole"))
                    .because(trouble.clone()));
            }
            let rendered = walk.kustomizations.iter().filter_map(|walked| walked.rendered.as_ref());
            objects.extend(rendered.flat_map(|rendered| rendered.objects.iter().cloned()));
        }
        (side, None) => {
            return Err(Failure::new(format!("{} is not known here", side.kind())));
        }
    }
    Ok(objects)
}

/// What a folder builds to, or the manifests in it where it holds no kustomization.
fn folder(
    objects: &mut Vec<Object>,
    path: &Path,
    name: &str,
    root: &Path,
    remotes: &dyn Remotes,
) -> Result<(), Failure> {
    if !path.is_dir() {
        return Err(Failure::new(format!("{name} is no folder and no file"))
            .hint("name two folders or files of manifests, or - for standard input"));
    }
    let (tree, folder) = DiskTree::around(path)?;
    if kustomize::is_kustomization(&tree, &folder)? {
        let options = kustomize::Options {
            restrictions: kustomize::Restrictions::None,
            remotes: Some(remotes),
        };
        let name = name.strip_prefix("path:").unwrap_or(name);
        objects.extend(built::build(root, name, &options)?.objects);
        return Ok(());
    }
    let walk = WalkBuilder::new(path)
        .standard_filters(false)
        .follow_links(false)
        .sort_by_file_name(std::ffi::OsStr::cmp)
        .build();
    for entry in walk {
        let entry = entry?;
        let manifest =
            entry.path().extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json");
        if !manifest || !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let below = entry.path().strip_prefix(path).unwrap_or(entry.path());
        let name = below.to_string_lossy();
        add(objects, &name, &read_file(entry.path(), &name)?)?;
    }
    Ok(())
}

fn read_file(path: &Path, name: &str) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::new(format!("cannot read {name}")).because(error))
}

fn add(objects: &mut Vec<Object>, file: &str, bytes: &[u8]) -> Result<(), Failure> {
    let unread = |report: String| Failure::new(report);
    let documents =
        towpath_yaml::parse(bytes).map_err(|error| unread(error.report(file, bytes)))?;
    let file_name: Arc<str> = file.into();
    for document in documents {
        let root = &document.root;
        if root.is_null() {
            continue;
        }
        let value = root.to_json();
        let line = usize::try_from(root.span.line).unwrap_or_default();
        let values = match (&value["kind"], &value["items"]) {
            (Value::String(kind), Value::Array(items)) if kind.ends_with("List") => items.clone(),
            _ => vec![value],
        };
        for value in values {
            for field in ["apiVersion", "kind"] {
                if !value[field].is_string() {
                    let message = format!("this is no object of Kubernetes: it has no {field}");
                    return Err(unread(towpath_yaml::report(file, bytes, &root.span, &message)));
                }
            }
            let origin = Origin { file: Arc::clone(&file_name), line, touched: Vec::new() };
            objects.push(Object { value: value.into(), origin });
        }
    }
    Ok(())
}
