//! What `flux build kustomization` makes of each Kustomization of a real repository.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use towpath_render::MemoryTree;
use towpath_render::flux::{Inputs, own, render};

use super::{Suite, Tally};

const REPOSITORY: &str = "corpus/kubernetes-sdlc";
const BUILT: &str = "corpus/flux-build";

pub(super) const SUITE: Suite = Suite { name: "flux-build", needs: &[REPOSITORY, BUILT], run };

fn run(dir: &Path) -> Result<Tally> {
    let mut files = Vec::new();
    collect(&dir.join(REPOSITORY), "", &mut files)?;
    let tree = MemoryTree::new(files);
    let mut tally = Tally::default();
    for cluster in names(&dir.join(BUILT))? {
        let kustomizations = kustomizations(&dir.join(REPOSITORY), &cluster)?;
        for file in names(&dir.join(BUILT).join(&cluster))? {
            let name = file.trim_end_matches(".yaml");
            let expected = documents(&dir.join(BUILT).join(&cluster).join(&file))?;
            let kustomization = kustomizations
                .iter()
                .find(|object| object["metadata"]["name"] == name)
                .with_context(|| format!("{cluster} has no Kustomization {name}"))?;
            let made = render(&tree, kustomization, &Inputs::default()).map(|rendered| {
                let mut objects = rendered.objects;
                let namespace = kustomization["metadata"]["namespace"].as_str().unwrap_or_default();
                own(&mut objects, namespace, name);
                objects
                    .into_iter()
                    .map(|object| Arc::unwrap_or_clone(object.value))
                    .collect::<Vec<Value>>()
            });
            let difference = match made {
                Ok(made) => first_difference(&made, &expected),
                Err(error) => Some(format!("we refuse: {error}")),
            };
            tally.count(difference.is_none(), || {
                format!("{cluster}/{name}: {}", difference.unwrap_or_default())
            });
        }
    }
    ensure!(tally.passed + tally.failures.len() > 0, "{BUILT} is empty");
    Ok(tally)
}

fn first_difference(made: &[Value], expected: &[Value]) -> Option<String> {
    if made.len() != expected.len() {
        return Some(format!("{} objects, expected {}", made.len(), expected.len()));
    }
    let (made, expected) = made.iter().zip(expected).find(|(made, expected)| made != expected)?;
    Some(format!("{}, expected {}", towpath_yaml::write(made), towpath_yaml::write(expected)))
}

/// The Kustomizations that a cluster is given.
fn kustomizations(repository: &Path, cluster: &str) -> Result<Vec<Value>> {
    let folder = repository.join("clusters").join(cluster);
    let mut found = Vec::new();
    for file in ["platform.yaml", "flux-system/gotk-sync.yaml"] {
        found.extend(documents(&folder.join(file))?);
    }
    found.retain(|object| object["kind"] == json!("Kustomization"));
    Ok(found)
}

fn documents(file: &Path) -> Result<Vec<Value>> {
    let content = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let documents =
        towpath_yaml::parse(&content).with_context(|| format!("in {}", file.display()))?;
    Ok(documents.iter().map(|document| document.root.to_json()).collect())
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Result<Vec<String>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<String>>>()?;
    names.sort();
    Ok(names)
}

fn collect(folder: &Path, below: &str, files: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for name in names(folder)? {
        let (path, below) = (folder.join(&name), format!("{below}{name}"));
        if path.is_dir() {
            collect(&path, &format!("{below}/"), files)?;
        } else {
            let content = std::fs::read(&path);
            files
                .push((below, content.with_context(|| format!("cannot read {}", path.display()))?));
        }
    }
    Ok(())
}
