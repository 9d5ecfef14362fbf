//! Repositories in memory, and what discovery makes of them as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use towpath_core::id::RepoPath;
use towpath_core::path::ReleaseStream;
use towpath_core::stated::{Stated, StatedCluster, StatedComponent, StatedEnvironment};
use towpath_discovery::facts::facts;
use towpath_discovery::inventory::{Inventory, Unreadable};
use towpath_discovery::resolve::Resolved;

/// Files by path.
pub(crate) type Files = BTreeMap<String, String>;

/// Joins the facts of all files.
pub(crate) fn inventory(files: &Files) -> Result<Inventory, Unreadable> {
    let (mut good, mut bad) = (BTreeMap::new(), Vec::new());
    for (path, text) in files {
        let path = RepoPath::parse(path).expect("the paths of tests are valid");
        match facts(&path, text.as_bytes()) {
            Ok(facts) => drop(good.insert(path, Arc::new(facts))),
            Err(error) => bad.push(error),
        }
    }
    Inventory::build(good, bad)
}

/// The path, the pins and what differs, a line each.
pub(crate) fn show(resolved: &Resolved) -> String {
    let mut out = format!("trunk {}\n", resolved.path.trunk);
    for component in &resolved.path.components {
        let paths: Vec<String> = component.paths.iter().map(ToString::to_string).collect();
        let releases = match &component.releases {
            ReleaseStream::Oci { url, insecure: false } => url.clone(),
            ReleaseStream::Oci { url, insecure: true } => format!("{url} (insecure)"),
            ReleaseStream::GitTags => "Git tags".to_owned(),
            ReleaseStream::Elsewhere { location } => location.clone(),
        };
        let _ = writeln!(out, "component {} [{}] <- {releases}", component.name, paths.join(" "));
    }
    for environment in resolved.path.environments() {
        let after: Vec<&str> = environment.after.iter().map(|name| name.as_str()).collect();
        let _ = write!(out, "environment {}", environment.name);
        if !after.is_empty() {
            let _ = write!(out, " after {}", after.join(" "));
        }
        let flags = [(environment.production, ", production"), (environment.sandbox, ", sandbox")];
        flags.iter().filter(|(on, _)| *on).for_each(|(_, word)| out.push_str(word));
        out.push('\n');
        for cluster in &environment.clusters {
            let _ = writeln!(out, "  cluster {} {}", cluster.name, cluster.folder);
            for pin in resolved.pins.iter().filter(|pin| pin.cluster == cluster.name) {
                let _ = write!(out, "    {} {} at {}", pin.component, pin.tracking, pin.at);
                match &pin.splices {
                    Ok(_) => out.push('\n'),
                    Err(why) => drop(writeln!(out, ", fixed: {why}")),
                }
            }
        }
    }
    for other in &resolved.disagreements {
        let values = other.values.iter().map(|(tracking, clusters)| {
            let clusters: Vec<&str> = clusters.iter().map(|name| name.as_str()).collect();
            format!("{tracking} on {}", clusters.join(" "))
        });
        let values: Vec<String> = values.collect();
        let _ = writeln!(
            out,
            "{} differs in {}: {}",
            other.component,
            other.environment,
            values.join("; ")
        );
    }
    out
}

/// Everything that was inferred, stated.
pub(crate) fn stated(resolved: &Resolved) -> Stated {
    let component = |(component, why): (
        &towpath_core::path::Component,
        &towpath_discovery::resolve::ComponentWhy,
    )| {
        StatedComponent {
            name: component.name.clone(),
            paths: Some(component.paths.clone()),
            ignore: component.ignore.clone(),
            releases: match &component.releases {
                ReleaseStream::Oci { url, .. } => Some(url.clone()),
                _ => None,
            },
            pins: why.pins.clone(),
        }
    };
    let environment = |environment: &towpath_core::path::Environment| StatedEnvironment {
        name: environment.name.clone(),
        clusters: Some(
            environment
                .clusters
                .iter()
                .map(|cluster| StatedCluster {
                    name: cluster.name.clone(),
                    folder: cluster.folder.clone(),
                    context: None,
                    labels: std::collections::BTreeMap::new(),
                    kubernetes: None,
                })
                .collect(),
        ),
        tracks: None,
        after: Some(environment.after.clone()),
        gates: Vec::new(),
        conduct: towpath_core::conduct::Conduct::default(),
        production: Some(environment.production),
        kubernetes: None,
    };
    Stated {
        trunk: Some(resolved.path.trunk.clone()),
        components: resolved
            .path
            .components
            .iter()
            .zip(&resolved.why.components)
            .map(component)
            .collect(),
        environments: resolved.path.environments().iter().map(environment).collect(),
        ..Stated::default()
    }
}
