//! What a cluster serves, each kind once, in the version that it prefers.
//!
//! Newer servers say it in two answers (`kubernetes/api:apidiscovery/v2/types.go`), older ones group by group
//! (`kubernetes/apimachinery:pkg/apis/meta/v1/types.go`, `APIGroupList`, `APIResourceList`). A group that does not answer
//! is told and never left out in silence: most often the server behind an `APIService` is down. Next: `session`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::fault::{ClusterError, Problem};
use super::session::Session;

/// Asks for all groups at once; a server that cannot do that answers the oldest form.
const ALL_AT_ONCE: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,\
    application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

const DOING: &str = "ask for the APIs of";

/// A kind that a cluster serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// `apps`; empty for the core group.
    pub group: String,
    /// The version that the server prefers, `v1`.
    pub version: String,
    /// `Deployment`.
    pub kind: String,
    /// `deployments`.
    pub plural: String,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// `list`, `watch` and what else can be done with it.
    pub verbs: Vec<String>,
}

impl Resource {
    /// `apps/v1`, or `v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `deployments.apps`, or `pods`.
    #[must_use]
    pub fn name(&self) -> String {
        if self.group.is_empty() {
            self.plural.clone()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// Whether its objects can be listed.
    #[must_use]
    pub fn is_listable(&self) -> bool {
        self.verbs.iter().any(|verb| verb == "list")
    }

    /// The address of its version.
    pub(super) fn root(&self) -> String {
        root(&self.group, &self.version)
    }
}

fn root(group: &str, version: &str) -> String {
    if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") }
}

/// A version of a group that does not say what it serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable {
    /// `metrics.k8s.io/v1beta1`.
    pub api_version: String,
    /// Why, as a fragment.
    pub why: String,
}

/// What a cluster serves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovered {
    /// The kinds, the core group first and then as the server orders its groups.
    pub resources: Vec<Resource>,
    /// What did not answer.
    pub unreachable: Vec<Unreachable>,
}

pub(super) async fn discover(session: &Session) -> Result<Discovered, ClusterError> {
    let mut found = Found::default();
    for path in ["/api", "/apis"] {
        let answer: Value = session.get_as(path, ALL_AT_ONCE, DOING).await?;
        if answer["kind"] == "APIGroupDiscoveryList" {
            let answer =
                Aggregated::deserialize(answer).map_err(|_| session.faults.garbage(DOING))?;
            answer.items.into_iter().for_each(|group| found.aggregated(group));
            continue;
        }
        let versions = versions(answer).ok_or_else(|| session.faults.garbage(DOING))?;
        for (group, version) in versions {
            found.asked(session, &group, &version).await?;
        }
    }
    Ok(found.discovered)
}

#[derive(Deserialize)]
struct Aggregated {
    #[serde(default)]
    items: Vec<AggregatedGroup>,
}

#[derive(Deserialize)]
struct AggregatedGroup {
    #[serde(default)]
    metadata: AggregatedMetadata,
    #[serde(default)]
    versions: Vec<AggregatedVersion>,
}

#[derive(Default, Deserialize)]
struct AggregatedMetadata {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct AggregatedVersion {
    version: String,
    #[serde(default)]
    freshness: String,
    #[serde(default)]
    resources: Vec<AggregatedResource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AggregatedResource {
    resource: String,
    response_kind: Option<AggregatedKind>,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    verbs: Vec<String>,
}

#[derive(Deserialize)]
struct AggregatedKind {
    #[serde(default)]
    kind: String,
}

/// The answers of the older form.
#[derive(Deserialize)]
struct Groups {
    versions: Option<Vec<String>>,
    groups: Option<Vec<Group>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    name: String,
    versions: Vec<GroupVersion>,
    preferred_version: Option<GroupVersion>,
}

#[derive(Deserialize)]
struct GroupVersion {
    version: String,
}

#[derive(Deserialize)]
struct Resources {
    resources: Vec<ListedResource>,
}

#[derive(Deserialize)]
struct ListedResource {
    name: String,
    kind: String,
    #[serde(default)]
    namespaced: bool,
    #[serde(default)]
    verbs: Vec<String>,
}

/// Groups and versions, the preferred version of each group first.
fn versions(answer: Value) -> Option<Vec<(String, String)>> {
    let answer = Groups::deserialize(answer).ok()?;
    let core = answer.versions.map(|all| all.into_iter().map(|version| (String::new(), version)));
    let named = answer.groups.map(|groups| {
        groups.into_iter().flat_map(|group| {
            let preferred = group.preferred_version.map(|it| it.version);
            let mut versions: Vec<String> =
                group.versions.into_iter().map(|it| it.version).collect();
            versions.sort_by_key(|version| preferred.as_ref() != Some(version));
            versions.into_iter().map(move |version| (group.name.clone(), version))
        })
    });
    if core.is_none() && named.is_none() {
        return None;
    }
    Some(core.into_iter().flatten().chain(named.into_iter().flatten()).collect())
}

#[derive(Default)]
struct Found {
    discovered: Discovered,
    /// Group and plural of the kinds that are known: the first version is the preferred one.
    known: BTreeSet<(String, String)>,
}

impl Found {
    fn add(&mut self, resource: Resource) {
        // These names become parts of addresses.
        let sound = |text: &str| {
            let one = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
            !text.is_empty() && text.bytes().all(one) && text != ".."
        };
        if !sound(&resource.plural)
            || !sound(&resource.version)
            || !(resource.group.is_empty() || sound(&resource.group))
        {
            let why = "a name that it serves is none of an API".to_owned();
            self.unreachable(&resource.group, &resource.version, why);
        } else if self.known.insert((resource.group.clone(), resource.plural.clone())) {
            self.discovered.resources.push(resource);
        }
    }

    fn unreachable(&mut self, group: &str, version: &str, why: String) {
        let api_version = root(group, version).split('/').skip(2).collect::<Vec<_>>().join("/");
        let one = Unreachable { api_version, why };
        if !self.discovered.unreachable.contains(&one) {
            self.discovered.unreachable.push(one);
        }
    }

    fn aggregated(&mut self, group: AggregatedGroup) {
        let name = group.metadata.name;
        for version in group.versions {
            if version.freshness == "Stale" {
                let why = "the server behind it does not answer".to_owned();
                self.unreachable(&name, &version.version, why);
                continue;
            }
            for resource in version.resources {
                // What has no kind of its own has only subresources.
                let Some(kind) = resource.response_kind.filter(|it| !it.kind.is_empty()) else {
                    continue;
                };
                self.add(Resource {
                    group: name.clone(),
                    version: version.version.clone(),
                    kind: kind.kind,
                    plural: resource.resource,
                    namespaced: resource.scope == "Namespaced",
                    verbs: resource.verbs,
                });
            }
        }
    }

    async fn asked(
        &mut self,
        session: &Session,
        group: &str,
        version: &str,
    ) -> Result<(), ClusterError> {
        let resources = match session.get::<Resources>(&root(group, version), DOING).await {
            Ok(answer) => answer.resources,
            Err(error) if matches!(error.problem, Problem::Status(_) | Problem::Garbage) => {
                self.unreachable(group, version, error.why);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        for resource in resources.into_iter().filter(|it| !it.name.contains('/')) {
            self.add(Resource {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: resource.kind,
                plural: resource.name,
                namespaced: resource.namespaced,
                verbs: resource.verbs,
            });
        }
        Ok(())
    }
}
