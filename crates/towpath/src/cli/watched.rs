//! Which clusters of a path are connected, and what they run.
//!
//! A cluster is connected by the context that `towpath.yaml` or the command line names. Nothing is asked where none is
//! named or the command is to stay offline. Must not judge what they say: that is `towpath_engine::running`.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use towpath_adapters::kubernetes::Connected;
use towpath_core::id::ClusterName;
use towpath_core::path::{Cluster, Path};
use towpath_core::pin::Pin;
use towpath_core::running::{ClusterReport, Contact};
use towpath_engine::promote::Reports;
use towpath_engine::running::observe_clusters;

use super::connected::settings;
use super::failure::Failure;

/// How long somebody who looks waits for clusters that do not answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// What the connected clusters run of these pins.
pub(crate) fn look(
    path: &Path,
    named: &[String],
    pins: &[Pin],
    now: Timestamp,
) -> Result<BTreeMap<ClusterName, ClusterReport>, Failure> {
    let contexts = contexts(path, named)?;
    if contexts.is_empty() {
        return Ok(BTreeMap::new());
    }
    let connected = Connected::watch(contexts, &settings())?;
    // Who has not answered by then says so in the report.
    connected.settle(PATIENCE);
    Ok(observe_clusters(pins, &connected, now))
}

/// The clusters whose contexts `towpath.yaml` names.
pub(crate) struct Watched;

impl Reports for Watched {
    fn reports(
        &self,
        path: &Path,
        pins: &[Pin],
        now: Timestamp,
    ) -> BTreeMap<ClusterName, ClusterReport> {
        look(path, &[], pins, now).unwrap_or_else(|failure| lost(path, &failure, now))
    }
}

/// Reports of clusters to which nothing could connect: whoever cannot must not take that for a cluster that is none of
/// the path's.
pub(super) fn lost(
    path: &Path,
    failure: &Failure,
    now: Timestamp,
) -> BTreeMap<ClusterName, ClusterReport> {
    let lost = |cluster: &Cluster| {
        cluster.context.as_ref()?;
        let contact = Contact::Lost { since: now, why: failure.one_line() };
        Some((cluster.name.clone(), ClusterReport { contact, components: BTreeMap::new() }))
    };
    path.environments().iter().flat_map(|e| &e.clusters).filter_map(lost).collect()
}

/// The contexts of clusters: of `towpath.yaml`, and before them those that are named.
pub(super) fn contexts(
    path: &Path,
    named: &[String],
) -> Result<BTreeMap<ClusterName, String>, Failure> {
    let all = || path.environments().iter().flat_map(|environment| &environment.clusters);
    let stated = all().filter_map(|it| Some((it.name.clone(), it.context.clone()?)));
    let mut contexts: BTreeMap<ClusterName, String> = stated.collect();
    for named in named {
        let (cluster, context) =
            named.split_once('=').filter(|(_, it)| !it.is_empty()).ok_or_else(|| {
                Failure::new(format!("{named:?} names no cluster and its context"))
                    .hint("write --context CLUSTER=CONTEXT")
            })?;
        let Some(known) = all().find(|known| known.name.as_str() == cluster) else {
            let known: Vec<&str> = all().map(|known| known.name.as_str()).collect();
            return Err(Failure::new(format!("the path has no cluster {cluster}"))
                .hint(format!("there are: {}", known.join(", "))));
        };
        contexts.insert(known.name.clone(), context.to_owned());
    }
    Ok(contexts)
}
