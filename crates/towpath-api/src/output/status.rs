//! `towpath status -o json`.

use schemars::JsonSchema;
use serde::Serialize;
use towpath_core::id::ComponentName;
use towpath_core::running::{Contact, Running};
use towpath_core::status::{ClusterStatus, ComponentStatus, EnvironmentStatus, Status};
use towpath_core::tracking::Tracking;

use super::{FindingOutput, WhyOutput};

/// The path as it stands.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StatusOutput {
    /// The branch that environments are defined on.
    pub trunk: String,
    /// The newest release of each component.
    pub releases: Vec<NewestOutput>,
    /// The environments, in the order of the path.
    pub environments: Vec<EnvironmentOutput>,
    /// What the checks found.
    pub findings: Vec<FindingOutput>,
}

/// The newest release of a component.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewestOutput {
    /// The component.
    pub component: String,
    /// Its newest version.
    pub version: String,
    /// Its digest, where known.
    pub digest: Option<String>,
}

/// One environment. `tracks`, `desired` and `next` are those of its first component; all of them are in
/// `components`.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentOutput {
    /// Its name.
    pub name: String,
    /// The environments before it.
    pub after: Vec<String>,
    /// Whether an exact version is demanded of it.
    pub production: bool,
    /// Whether it is a disposable clone.
    pub sandbox: bool,
    /// How it follows releases; `null` where nothing in it is tracked.
    pub tracks: Option<TracksOutput>,
    /// What it should get now.
    pub desired: Option<DesiredOutput>,
    /// What comes next, in words.
    pub next: String,
    /// Each of its components.
    pub components: Vec<ComponentOutput>,
    /// Its clusters.
    pub clusters: Vec<ClusterOutput>,
}

/// A tracking.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TracksOutput {
    /// `branch`, `semver` or `exact`: as stated, else as Git has it.
    pub policy: String,
    /// The value: `main`, `0.0.x`, `0.0.8`; `null` where the stated policy is not the one in Git.
    pub value: Option<String>,
    /// What Git has.
    pub actual: ActualOutput,
}

/// What Git has.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActualOutput {
    /// `branch`, `semver` or `exact`.
    pub policy: String,
    /// The value.
    pub value: String,
    /// The file that says so; `null` where a cluster differs and none can be named.
    pub file: Option<String>,
    /// The line in it, from 1.
    pub line: Option<u32>,
}

/// What an environment should get.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DesiredOutput {
    /// The version; `null` for a branch's head, or where it is not known.
    pub version: Option<String>,
    /// The revision in Flux's form; `null` where it is not known.
    pub revision: Option<String>,
    /// Why something is not known.
    pub unknown: Option<WhyOutput>,
}

/// One component of an environment.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentOutput {
    /// Its name.
    pub name: String,
    /// How it follows releases.
    pub tracks: TracksOutput,
    /// What it should get now.
    pub desired: DesiredOutput,
    /// What its clusters run; `null` where none of them is connected.
    pub runs: Option<RunsOutput>,
    /// What comes next, in words.
    pub next: String,
    /// Why it is not on the newest release; empty when it is.
    pub waiting: Vec<WhyOutput>,
}

/// What the connected clusters of an environment run of a component: as healthy as the worst of them.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunsOutput {
    /// How many of its clusters are connected.
    pub connected: usize,
    /// The version or the shortened revision, where all run the same.
    pub what: Option<String>,
    /// `healthy`, `progressing`, `unknown` or `failed`: of the worst of them; one that does not answer is unknown.
    pub health: &'static str,
    /// Since when, RFC 3339; `null` where that is not told.
    pub since: Option<String>,
    /// Whether one of them runs something else than it should get.
    pub drift: bool,
}

/// One cluster.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterOutput {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: String,
    /// Where it differs from the first cluster of its environment.
    pub differs: Vec<DifferenceOutput>,
    /// What it runs.
    pub running: RunningOutput,
}

/// A component that one cluster tracks differently.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DifferenceOutput {
    /// The component.
    pub component: String,
    /// How this cluster tracks it.
    pub tracks: ActualOutput,
}

/// What a cluster runs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunningOutput {
    /// `unknown` or `known`.
    pub state: &'static str,
    /// Why it is unknown.
    pub reason: Option<String>,
    /// Since when it does not answer, RFC 3339; `null` where it does, and where nobody is connected.
    pub unknown_since: Option<String>,
    /// Its components as it last reported them.
    pub components: Vec<RunningComponentOutput>,
}

/// What a cluster runs of a component.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunningComponentOutput {
    /// The component.
    pub name: String,
    /// The revision that it has applied, in Flux's form; `null` also for charts of which no digest is known.
    pub revision: Option<String>,
    /// The version that it has applied.
    pub version: Option<String>,
    /// Another revision that is being applied, or was tried and is not applied: `health` is about that one.
    pub attempted: Option<String>,
    /// Whether it is something else than it should get.
    pub drift: bool,
    /// `healthy`, `progressing`, `unknown` or `failed`.
    pub health: &'static str,
    /// Since when it reports both, RFC 3339, by the cluster's clock; `null` where that is not told.
    pub since: Option<String>,
    /// Whether its delivery is suspended.
    pub suspended: bool,
    /// What is not well.
    pub ailing: Vec<AilingOutput>,
}

/// An object that is not well.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AilingOutput {
    /// Which: `Deployment apps/web`.
    pub object: String,
    /// `progressing`, `unknown` or `failed`.
    pub health: &'static str,
    /// Why, as the cluster tells it.
    pub why: String,
}

impl StatusOutput {
    /// The wire form of a status.
    #[must_use]
    pub fn new(trunk: &str, status: &Status) -> Self {
        Self {
            trunk: trunk.to_owned(),
            releases: status
                .newest
                .iter()
                .map(|r| NewestOutput {
                    component: r.component.to_string(),
                    version: r.version.to_string(),
                    digest: r.digest.as_ref().map(ToString::to_string),
                })
                .collect(),
            environments: status.environments.iter().map(environment).collect(),
            findings: status.findings.iter().map(FindingOutput::from).collect(),
        }
    }
}

fn environment(e: &EnvironmentStatus) -> EnvironmentOutput {
    let components: Vec<_> = e.components.iter().map(component).collect();
    let first = components.first();
    EnvironmentOutput {
        name: e.name.to_string(),
        after: e.after.iter().map(ToString::to_string).collect(),
        production: e.production,
        sandbox: e.sandbox,
        tracks: first.map(|c| c.tracks.clone()),
        desired: first.map(|c| c.desired.clone()),
        next: first.map_or_else(|| "nothing in it is tracked".to_owned(), |c| c.next.clone()),
        clusters: e
            .clusters
            .iter()
            .map(|c| ClusterOutput {
                name: c.name.to_string(),
                path: c.folder.to_string(),
                differs: c
                    .differs
                    .iter()
                    .map(|(name, tracking)| DifferenceOutput {
                        component: name.to_string(),
                        tracks: actual(tracking),
                    })
                    .collect(),
                running: running(c),
            })
            .collect(),
        components,
    }
}

fn running(cluster: &ClusterStatus) -> RunningOutput {
    let Some(report) = &cluster.running else {
        let reason = Some("no cluster is connected".to_owned());
        let components = Vec::new();
        return RunningOutput { state: "unknown", reason, unknown_since: None, components };
    };
    let (state, reason, unknown_since) = match &report.contact {
        Contact::Connected => ("known", None, None),
        Contact::Lost { since, why } => {
            let reason = format!("not reached since {since}: {why}");
            ("unknown", Some(reason), Some(since.to_string()))
        }
    };
    let components = report.components.iter();
    let components =
        components.map(|(name, it)| running_component(name, it, &cluster.drift)).collect();
    RunningOutput { state, reason, unknown_since, components }
}

fn running_component(
    name: &ComponentName,
    running: &Running,
    drift: &[ComponentName],
) -> RunningComponentOutput {
    let since = Some(running.since).filter(|since| *since != jiff::Timestamp::UNIX_EPOCH);
    let ailing = running.ailing.iter().map(|ailing| AilingOutput {
        object: ailing.object.to_string(),
        health: ailing.health.word(),
        why: ailing.why.clone(),
    });
    RunningComponentOutput {
        name: name.to_string(),
        revision: running.revision.as_ref().map(ToString::to_string),
        version: running.version.as_ref().map(ToString::to_string),
        attempted: running.attempted.as_ref().map(ToString::to_string),
        drift: drift.contains(name),
        health: running.health.word(),
        since: since.map(|since| since.to_string()),
        suspended: running.suspended,
        ailing: ailing.collect(),
    }
}

fn component(c: &ComponentStatus) -> ComponentOutput {
    let as_stated = c.policy == c.actual.policy();
    ComponentOutput {
        name: c.component.to_string(),
        tracks: TracksOutput {
            policy: c.policy.to_string(),
            value: as_stated.then(|| c.actual.value()),
            actual: ActualOutput {
                file: Some(c.at.file.to_string()),
                line: Some(c.at.line),
                ..actual(&c.actual)
            },
        },
        desired: DesiredOutput {
            version: c.desired.version.as_ref().map(ToString::to_string),
            revision: c.desired.revision.as_ref().map(ToString::to_string),
            unknown: c.desired.unknown.as_ref().map(WhyOutput::from),
        },
        runs: c.runs.as_ref().map(|runs| RunsOutput {
            connected: runs.connected,
            what: runs.what.clone(),
            health: runs.health.word(),
            since: runs.since.map(|since| since.to_string()),
            drift: runs.drift,
        }),
        next: c.next.to_string(),
        waiting: c.waiting.iter().map(WhyOutput::from).collect(),
    }
}

fn actual(tracking: &Tracking) -> ActualOutput {
    ActualOutput {
        policy: tracking.policy().to_string(),
        value: tracking.value(),
        file: None,
        line: None,
    }
}
