//! The path: components, environments in their order, clusters and gates.
//!
//! A [`Path`] is proven acyclic when it is built, and its environments stand in an order in which every
//! one comes after those it waits for. Must not know whether it was inferred or stated.
//! Next: [`crate::snapshot`] for what is observed along it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::conduct::Conduct;
use crate::gate::{Condition, Gate};
use crate::id::{BranchName, ClusterName, ComponentName, EnvironmentName, Folder};
use crate::tracking::Policy;

/// The whole path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The branch that environments are defined on and that changes are merged to.
    pub trunk: BranchName,
    /// The components; the first is the one meant where a command names none and an environment has several.
    pub components: Vec<Component>,
    environments: Vec<Environment>,
}

/// A part of the platform with its own release stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its name.
    pub name: ComponentName,
    /// The folders that its releases hold.
    pub paths: Vec<Folder>,
    /// Flux ignore patterns that choose the files of a release; `None` chooses `paths`.
    pub ignore: Option<String>,
    /// Where its releases are.
    pub releases: ReleaseStream,
}

/// Where a component's releases are published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseStream {
    /// An OCI repository, `oci://…`.
    Oci {
        /// The URL, with `oci://`.
        url: String,
        /// Plain HTTP.
        insecure: bool,
    },
    /// Tags of this very Git repository.
    GitTags,
    /// Something that Towpath does not list: a Helm repository, another Git repository.
    Elsewhere {
        /// What it is called, for people.
        location: String,
    },
}

/// A named set of clusters with one tracking policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// Its clusters.
    pub clusters: Vec<Cluster>,
    /// The environments a release must have entered before this one.
    pub after: Vec<EnvironmentName>,
    /// The policy that `towpath.yaml` states; `None`: as Git has it.
    pub stated: Option<Policy>,
    /// Conditions on entering, besides `checks`, which is always there.
    pub gates: Vec<Gate>,
    /// How it takes releases.
    pub conduct: Conduct,
    /// Whether an exact version is demanded of it.
    pub production: bool,
    /// The Kubernetes that its clusters run, where it is stated.
    pub kubernetes: Option<KubernetesMinor>,
    /// Whether it is a disposable clone, outside the order of the path.
    pub sandbox: bool,
}

/// A minor version of Kubernetes 1: what follows `1.`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesMinor(pub u8);

impl fmt::Display for KubernetesMinor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

/// One cluster of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its name.
    pub name: ClusterName,
    /// Its folder in the repository.
    pub folder: Folder,
    /// The kubeconfig context that reaches it, where `towpath.yaml` names one.
    pub context: Option<String>,
    /// What is said of it, for waves to choose by.
    pub labels: BTreeMap<String, String>,
    /// The Kubernetes that it runs, where another one is stated than for its environment.
    pub kubernetes: Option<KubernetesMinor>,
}

/// Why environments and components do not make a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// An environment waits for itself, through the ones named.
    #[error("environments wait for each other: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> "))]
    Cycle(Vec<EnvironmentName>),
    /// `after` or a gate names an environment that is not there.
    #[error("environment {environment} names {missing}, which is not on the path")]
    UnknownEnvironment {
        /// Who names it.
        environment: EnvironmentName,
        /// What is not there.
        missing: EnvironmentName,
    },
    /// A gate names a component that is not there.
    #[error(
        "a gate of environment {environment} names component {missing}, which is not on the path"
    )]
    UnknownComponent {
        /// Whose gate.
        environment: EnvironmentName,
        /// What is not there.
        missing: ComponentName,
    },
    /// A name is used twice.
    #[error("{what} {name} is there twice")]
    Duplicate {
        /// `environment`, `component`, `cluster`.
        what: &'static str,
        /// The name.
        name: String,
    },
}

impl Path {
    /// Builds a path and puts the environments in order; those that could stand in any order keep theirs.
    ///
    /// # Errors
    /// [`PathError`] where a name is missing or doubled, or environments wait for each other.
    pub fn new(
        trunk: BranchName,
        components: Vec<Component>,
        environments: Vec<Environment>,
    ) -> Result<Self, PathError> {
        unique("component", components.iter().map(|c| c.name.as_str()))?;
        unique("environment", environments.iter().map(|e| e.name.as_str()))?;
        unique("cluster", environments.iter().flat_map(|e| &e.clusters).map(|c| c.name.as_str()))?;
        let names: BTreeSet<_> = environments.iter().map(|e| &e.name).collect();
        for environment in &environments {
            let named = environment.gates.iter().filter_map(|g| match &g.condition {
                Condition::Verified { from, .. } => Some(from),
                Condition::Test { environments, .. } => Some(environments),
                _ => None,
            });
            for named in environment.after.iter().chain(named.flatten()) {
                if !names.contains(named) {
                    return Err(PathError::UnknownEnvironment {
                        environment: environment.name.clone(),
                        missing: named.clone(),
                    });
                }
            }
            let ordered = environment.gates.iter().filter_map(|g| match &g.condition {
                Condition::Order { component, .. } => Some(component),
                _ => None,
            });
            for component in ordered.chain(&environment.conduct.bundle) {
                if !components.iter().any(|c| c.name == *component) {
                    return Err(PathError::UnknownComponent {
                        environment: environment.name.clone(),
                        missing: component.clone(),
                    });
                }
            }
        }
        Ok(Self { trunk, components, environments: in_order(environments)? })
    }

    /// The environments, each after those it waits for.
    #[must_use]
    pub fn environments(&self) -> &[Environment] {
        &self.environments
    }

    /// An environment by name.
    #[must_use]
    pub fn environment(&self, name: &EnvironmentName) -> Option<&Environment> {
        self.environments.iter().find(|e| e.name == *name)
    }

    /// A component by name.
    #[must_use]
    pub fn component(&self, name: &ComponentName) -> Option<&Component> {
        self.components.iter().find(|c| c.name == *name)
    }

    /// The environments that wait for this one.
    pub fn next_of<'a>(
        &'a self,
        name: &'a EnvironmentName,
    ) -> impl Iterator<Item = &'a Environment> {
        self.environments.iter().filter(move |e| e.after.contains(name))
    }
}

fn unique<'a>(what: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), PathError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(PathError::Duplicate { what, name: name.to_owned() });
        }
    }
    Ok(())
}

/// Kahn's algorithm over positions, so that the order given decides between equals.
fn in_order(environments: Vec<Environment>) -> Result<Vec<Environment>, PathError> {
    let index: BTreeMap<_, _> =
        environments.iter().enumerate().map(|(i, e)| (e.name.clone(), i)).collect();
    let mut blockers: Vec<BTreeSet<usize>> = environments
        .iter()
        .map(|e| e.after.iter().filter_map(|n| index.get(n).copied()).collect())
        .collect();
    let mut ready: BTreeSet<usize> =
        (0..environments.len()).filter(|i| blockers[*i].is_empty()).collect();
    let mut order = Vec::new();
    while let Some(next) = ready.pop_first() {
        order.push(next);
        for (i, blocking) in blockers.iter_mut().enumerate() {
            if blocking.remove(&next) && blocking.is_empty() {
                ready.insert(i);
            }
        }
    }
    if order.len() < environments.len() {
        let stuck = (0..environments.len()).find(|i| !order.contains(i)).unwrap_or(0);
        return Err(PathError::Cycle(cycle_from(stuck, &blockers, &environments)));
    }
    let mut slots: Vec<Option<Environment>> = environments.into_iter().map(Some).collect();
    Ok(order.into_iter().filter_map(|i| slots[i].take()).collect())
}

/// Walks blockers from a stuck environment until one comes again: that stretch is a cycle.
fn cycle_from(
    start: usize,
    blockers: &[BTreeSet<usize>],
    environments: &[Environment],
) -> Vec<EnvironmentName> {
    let mut walk = vec![start];
    loop {
        let at = walk[walk.len() - 1];
        let Some(next) = blockers[at].first().copied() else { break };
        if let Some(first) = walk.iter().position(|i| *i == next) {
            walk.drain(..first);
            walk.push(next);
            break;
        }
        walk.push(next);
    }
    walk.into_iter().map(|i| environments[i].name.clone()).collect()
}
