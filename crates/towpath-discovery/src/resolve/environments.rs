//! Environments and the clusters they claim: stated ones first, inferred ones with what is left.
//!
//! Must not know of pins; the order of environments is made in [`super::order`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use towpath_core::id::{BranchName, ClusterName, EnvironmentName, Folder};
use towpath_core::path::Cluster;
use towpath_core::stated::{Stated, StatedEnvironment};

use super::naming;
use super::{
    ClusterOnPath, EnvironmentReason, EnvironmentWhy, OrderReason, ResolveError, SandboxReason,
};
use crate::inventory::{FoundCluster, Inventory};

/// An environment in the making.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) name: EnvironmentName,
    pub(super) stated: Option<&'a StatedEnvironment>,
    pub(super) reason: EnvironmentReason,
    pub(super) sandbox: bool,
    pub(super) order: OrderReason,
    /// Its clusters, with the position of what each is given.
    pub(super) clusters: Vec<(usize, Cluster)>,
}

impl Draft<'_> {
    pub(super) fn on_path(&self, found: &[Arc<FoundCluster>]) -> Vec<ClusterOnPath> {
        let on_path = |(position, cluster): &(usize, Cluster)| ClusterOnPath {
            name: cluster.name.clone(),
            environment: self.name.clone(),
            found: found[*position].clone(),
        };
        self.clusters.iter().map(on_path).collect()
    }

    pub(super) fn why(&self, found: &[Arc<FoundCluster>]) -> EnvironmentWhy {
        let of = |(position, cluster): &(usize, Cluster)| {
            (cluster.name.clone(), cluster.folder.clone(), found[*position].found_by)
        };
        EnvironmentWhy {
            name: self.name.clone(),
            reason: self.reason.clone(),
            order: self.order,
            clusters: self.clusters.iter().map(of).collect(),
        }
    }
}

/// All clusters, and the environments that share them out.
pub(super) fn drafts<'a>(
    inventory: &Inventory,
    stated: &'a Stated,
    trunk: &BranchName,
) -> Result<(Vec<Arc<FoundCluster>>, Vec<Draft<'a>>), ResolveError> {
    let refs: Vec<&FoundCluster> = inventory.clusters.iter().map(|cluster| &**cluster).collect();
    let (inferred, names) = naming::infer(&refs, trunk);
    let mut reasons: Vec<Option<SandboxReason>> = vec![None; refs.len()];
    for environment in &inferred {
        if let EnvironmentReason::Sandbox(why) = &environment.reason {
            environment.clusters.iter().for_each(|i| reasons[*i] = Some(why.clone()));
        }
    }
    let mut found = inventory.clusters.clone();
    let by_folder: BTreeMap<&Folder, usize> =
        inventory.clusters.iter().enumerate().map(|(i, c)| (&c.folder, i)).collect();
    let mut claimed: BTreeMap<Folder, ClusterName> = BTreeMap::new();
    let mut drafts: Vec<Draft<'a>> = Vec::new();
    for environment in &stated.environments {
        let mut clusters = Vec::new();
        for cluster in environment.clusters.iter().flatten() {
            if let Some(first) = claimed.insert(cluster.folder.clone(), cluster.name.clone()) {
                return Err(ResolveError::SharedFolder {
                    first,
                    second: cluster.name.clone(),
                    folder: cluster.folder.clone(),
                });
            }
            let position = match by_folder.get(&cluster.folder) {
                Some(position) => *position,
                None => {
                    found.push(stated_cluster(inventory, environment, cluster)?);
                    found.len() - 1
                }
            };
            clusters.push((
                position,
                Cluster {
                    name: cluster.name.clone(),
                    folder: cluster.folder.clone(),
                    context: cluster.context.clone(),
                    labels: cluster.labels.clone(),
                    kubernetes: cluster.kubernetes,
                },
            ));
        }
        drafts.push(Draft {
            name: environment.name.clone(),
            stated: Some(environment),
            reason: EnvironmentReason::Stated,
            sandbox: false,
            order: OrderReason::Policy,
            clusters,
        });
    }
    let mut taken: BTreeSet<ClusterName> = claimed.values().cloned().collect();
    for environment in inferred {
        let mut clusters = Vec::new();
        for position in environment.clusters {
            let folder = found[position].folder.clone();
            if !claimed.contains_key(&folder) {
                let name = unique(&names[position], &mut taken);
                let labels = BTreeMap::new();
                let cluster = Cluster { name, folder, context: None, labels, kubernetes: None };
                clusters.push((position, cluster));
            }
        }
        match drafts.iter_mut().find(|draft| draft.name == environment.name) {
            Some(draft) => draft.clusters.extend(clusters),
            None if clusters.is_empty() => {}
            None => drafts.push(Draft {
                name: environment.name,
                stated: None,
                reason: environment.reason,
                sandbox: false,
                order: OrderReason::Policy,
                clusters,
            }),
        }
    }
    for draft in &mut drafts {
        if draft.clusters.is_empty() {
            return Err(ResolveError::NoClusters(draft.name.clone()));
        }
        let all = draft.clusters.iter().all(|(i, _)| reasons.get(*i).is_some_and(Option::is_some));
        draft.sandbox = all && !draft.stated.is_some_and(says_more_than_a_sandbox);
    }
    Ok((found, drafts))
}

/// A place in the order, or an exact version, is nothing that a sandbox has.
fn says_more_than_a_sandbox(stated: &StatedEnvironment) -> bool {
    stated.production == Some(true) || stated.after.as_ref().is_some_and(|after| !after.is_empty())
}

fn unique(name: &ClusterName, taken: &mut BTreeSet<ClusterName>) -> ClusterName {
    let mut free = name.clone();
    let mut number = 2;
    while !taken.insert(free.clone()) {
        let short: String = name.as_str().chars().take(56).collect();
        let text = naming::tame(&format!("{short}-{number}"));
        free = ClusterName::parse(&text).expect("tame makes names");
        number += 1;
    }
    free
}

fn stated_cluster(
    inventory: &Inventory,
    environment: &StatedEnvironment,
    cluster: &towpath_core::stated::StatedCluster,
) -> Result<Arc<FoundCluster>, ResolveError> {
    let found = inventory.stated_cluster(&cluster.folder);
    let holds = |f: &FoundCluster| inventory.objects(&f.applied).next().is_some();
    found.filter(holds).map(Arc::new).ok_or_else(|| ResolveError::EmptyCluster {
        cluster: cluster.name.clone(),
        environment: environment.name.clone(),
        folder: cluster.folder.clone(),
    })
}

/// Stating a folder makes its unreadable files an error: nobody knew before that they matter.
pub(super) fn must_be_readable(inventory: &Inventory, stated: &Stated) -> Result<(), ResolveError> {
    let clusters = stated.environments.iter().flat_map(|e| e.clusters.iter().flatten());
    let clusters = clusters.map(|c| (format!("cluster {}", c.name), &c.folder));
    let components = stated.components.iter().flat_map(|c| {
        let paths = c.paths.iter().flatten();
        paths.map(|path| (format!("component {}", c.name), path))
    });
    for (of, folder) in clusters.chain(components).filter(|(_, folder)| !folder.is_root()) {
        let below = |error: &&crate::facts::FactsError| folder.contains(error.file.as_str());
        if let Some(source) = inventory.unreadable.iter().find(below) {
            return Err(ResolveError::Unreadable { of, source: source.clone() });
        }
    }
    Ok(())
}
