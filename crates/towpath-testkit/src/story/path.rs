//! The path of a story: what stands under `spec` of `towpath.yaml`, completed without a repository.
//!
//! What is left out gets the plainest meaning: the trunk is `main`, the one component `platform`, an
//! environment comes after the one written before it, has one cluster of its own name and is production
//! by that name.

use towpath_api::{API_VERSION, path_file};
use towpath_core::id::{BranchName, ClusterName, ComponentName, Folder};
use towpath_core::path::{Cluster, Component, Environment, Path, ReleaseStream};
use towpath_core::source::Source;
use towpath_core::stated::{StatedComponent, StatedEnvironment};

/// Reads the block: the path, and the sources that its gates ask.
pub(super) fn read(body: &str) -> Result<(Path, Vec<Source>), String> {
    let mut text = format!("apiVersion: {API_VERSION}\nkind: Path\nspec:\n");
    for line in body.lines() {
        text.push_str("  ");
        text.push_str(line);
        text.push('\n');
    }
    let stated = path_file::parse("path", text.as_bytes()).map_err(|e| e.to_string())?;
    let trunk = match stated.trunk {
        Some(trunk) => trunk,
        None => BranchName::parse("main").map_err(|e| e.to_string())?,
    };
    let mut components: Vec<Component> = stated.components.into_iter().map(component).collect();
    if components.is_empty() {
        let name = ComponentName::parse("platform").map_err(|e| e.to_string())?;
        components.push(component(StatedComponent {
            name,
            paths: None,
            ignore: None,
            releases: None,
            pins: Vec::new(),
        }));
    }
    let mut environments: Vec<Environment> = Vec::new();
    for stated in stated.environments {
        let before = environments.last().map(|e| e.name.clone());
        environments.push(environment(stated, before)?);
    }
    let path = Path::new(trunk, components, environments).map_err(|e| e.to_string())?;
    Ok((path, stated.sources))
}

fn component(stated: StatedComponent) -> Component {
    let url =
        stated.releases.unwrap_or_else(|| format!("oci://registry.example.com/{}", stated.name));
    Component {
        paths: stated.paths.unwrap_or_default(),
        ignore: stated.ignore,
        releases: ReleaseStream::Oci { url, insecure: false },
        name: stated.name,
    }
}

fn environment(
    stated: StatedEnvironment,
    before: Option<towpath_core::id::EnvironmentName>,
) -> Result<Environment, String> {
    let clusters = match stated.clusters {
        Some(clusters) => clusters
            .into_iter()
            .map(|c| Cluster {
                name: c.name,
                folder: c.folder,
                context: c.context,
                labels: c.labels,
                kubernetes: c.kubernetes,
            })
            .collect(),
        None => vec![Cluster {
            name: ClusterName::parse(stated.name.as_str()).map_err(|e| e.to_string())?,
            folder: Folder::parse(&format!("clusters/{}", stated.name))
                .map_err(|e| e.to_string())?,
            context: None,
            labels: std::collections::BTreeMap::new(),
            kubernetes: None,
        }],
    };
    Ok(Environment {
        clusters,
        after: stated.after.unwrap_or_else(|| before.into_iter().collect()),
        stated: stated.tracks,
        gates: stated.gates,
        conduct: stated.conduct,
        production: stated.production.unwrap_or(stated.name.as_str() == "production"),
        kubernetes: stated.kubernetes,
        sandbox: false,
        name: stated.name,
    })
}
