//! Live clusters, asked once: what they hold, and what they would not say.
//!
//! Which kinds are asked for is the caller's to say, and so is what becomes of the answers.

use std::collections::BTreeMap;

use serde_json::Value;
use towpath_adapters::kubernetes::{Cluster, ClusterError, Listing, Problem, Resource, Settings};
use towpath_catalog::Minor;

use super::words::list;

/// What a cluster answered.
pub(super) struct Answers {
    /// Its Kubernetes; `None` where it does not say.
    pub(super) kubernetes: Option<Minor>,
    pub(super) objects: Vec<Value>,
    /// What it did not say: one line each.
    pub(super) unanswered: Vec<String>,
}

/// The user's access to clusters.
pub(super) fn settings() -> Settings {
    Settings::for_user(|name| std::env::var_os(name))
}

/// Asks the cluster of a context for the kinds that are wanted of those that it serves.
pub(super) fn ask(
    context: &str,
    settings: &Settings,
    wanted: impl FnMut(Resource) -> Option<Listing>,
) -> Result<Answers, ClusterError> {
    let cluster = Cluster::connect(context, settings)?;
    let mut unanswered = Vec::new();
    let kubernetes = match cluster.version() {
        Ok(minor) => Some(Minor::new(minor.0)),
        Err(error) => {
            unanswered.push(refused("its version", context, error)?);
            None
        }
    };
    let discovered = cluster.resources()?;
    for one in discovered.unreachable {
        unanswered.push(format!("{} on cluster {context}: {}", one.api_version, one.why));
    }
    let wanted: Vec<_> = discovered.resources.into_iter().filter_map(wanted).collect();
    let mut objects = Vec::new();
    // Whoever may list little is told so in one line, not in one for each kind.
    let mut unlisted: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    for (listing, answer) in wanted.iter().zip(cluster.list(&wanted)) {
        let name = listing.resource.name();
        match answer {
            Ok(found) => objects.extend(found),
            Err(ClusterError { problem: Problem::Status(status), .. }) => {
                unlisted.entry(status).or_default().push(name);
            }
            Err(error) => unanswered.push(refused(&name, context, error)?),
        }
    }
    for (status, names) in unlisted {
        let why = match status {
            403 => "the user of the context may not list them (403)".to_owned(),
            status => format!("they cannot be listed ({status})"),
        };
        unanswered.push(format!("{} on cluster {context}: {why}", list(&names)));
    }
    Ok(Answers { kubernetes, objects, unanswered })
}

/// What is told of a question that a cluster does not answer, if it answers others.
fn refused(what: &str, context: &str, error: ClusterError) -> Result<String, ClusterError> {
    match error.problem {
        Problem::Status(_) | Problem::Garbage => {
            Ok(format!("{what} on cluster {context}: {}", error.why))
        }
        Problem::Access | Problem::Unreachable | Problem::Unauthorized => Err(error),
    }
}
