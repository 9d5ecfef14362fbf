//! Pairs the clusters of two sides, renders both of each pair and compares them.
//!
//! A side is a state of the repository, or the work tree with one release instead of those that it asks for; clusters
//! and environments say on which clusters. What only one side has is new or gone.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rayon::prelude::*;
use towpath_core::path::{Cluster, Environment};
use towpath_engine::rendered::{ClusterDifference, Rendering, RepositorySources};
use towpath_render::compare::Place;

use super::super::failure::Failure;
use super::super::print::Printer;
use super::here::{Here, State};
use super::operand::{self, Operand};

/// A cluster by the names of its environment and its own.
type Name = (String, String);

/// Two clusters to be compared, and what stands for both of them.
struct Pair {
    place: Place,
    old: Option<Cluster>,
    new: Option<Cluster>,
}

impl Pair {
    /// The same with its sides turned.
    fn turned(self) -> Self {
        Self { place: self.place, old: self.new, new: self.old }
    }
}

/// How the clusters of two sides differ; neither side is a list of objects.
pub(super) fn differences(
    here: &Here<'_>,
    old: &Operand<'_>,
    new: &Operand<'_>,
    printer: &Printer,
) -> Result<Vec<ClusterDifference>, Failure> {
    if let (Operand::Release(component, old), Operand::Release(other, new)) = (old, new) {
        if component.name != other.name {
            return Err(Failure::new(format!(
                "{} and {} are different components",
                component.name, other.name
            )));
        }
        return here.releases(component, old, new);
    }
    let (was, is) = (state(here, old)?, state(here, new)?);
    let pairs = match (old.names_clusters(), new.names_clusters()) {
        (true, true) => Some(namesakes(old, new, printer)?),
        (true, false) => Some(on(old, &by_name(&is)).collect()),
        (false, true) => Some(on(new, &by_name(&was)).map(Pair::turned).collect()),
        (false, false) => None,
    };
    // All has been read that the next command may want; what is built now is kept at the end.
    thread::scope(|scope| {
        scope.spawn(|| here.session.cache.save());
        let Some(pairs) = pairs else { return Ok(here.states(&was, &is)) };
        let (was, is) = (sources(here, &was, old), sources(here, &is, new));
        Ok(compared(pairs, &was, &is, || here.rendering()))
    })
}

/// How every cluster of an environment differs between two states of its files.
pub(in crate::cli) fn same_clusters<'r>(
    environment: &Environment,
    was: &RepositorySources<'_>,
    is: &RepositorySources<'_>,
    rendering: impl Fn() -> Rendering<'r> + Sync + Send,
) -> Vec<ClusterDifference> {
    let one = |cluster: &Cluster| Pair {
        place: place((environment.name.to_string(), cluster.name.to_string())),
        old: Some(cluster.clone()),
        new: Some(cluster.clone()),
    };
    compared(environment.clusters.iter().map(one).collect(), was, is, rendering)
}

fn compared<'r>(
    pairs: Vec<Pair>,
    was: &RepositorySources<'_>,
    is: &RepositorySources<'_>,
    rendering: impl Fn() -> Rendering<'r> + Sync + Send,
) -> Vec<ClusterDifference> {
    let one = |rendering: &mut Rendering<'_>, pair: Pair| {
        let old = pair.old.as_ref().map(|cluster| (was, cluster));
        let new = pair.new.as_ref().map(|cluster| (is, cluster));
        rendering.difference(&pair.place, old, new)
    };
    each(pairs, rendering, one)
}

/// `one` of each item, on all cores. There are no more renderings than cores: what one has met, it does not render again.
pub(in crate::cli) fn each<'r, T: Send, R: Send>(
    items: Vec<T>,
    rendering: impl Fn() -> Rendering<'r> + Sync,
    one: impl Fn(&mut Rendering<'r>, T) -> R + Sync,
) -> Vec<R> {
    let idle = Mutex::new(Vec::new());
    let idle = || idle.lock().unwrap_or_else(PoisonError::into_inner);
    let results = items.into_par_iter().map(|item| {
        let taken = idle().pop();
        let mut rendering = taken.unwrap_or_else(&rendering);
        let result = one(&mut rendering, item);
        idle().push(rendering);
        result
    });
    let results = results.collect();
    // The process is about to end: giving back what was rendered of a fleet piece by piece takes longer than that.
    std::mem::forget(std::mem::take(&mut *idle()));
    results
}

/// The files of a side.
fn state<'a>(here: &'a Here<'_>, side: &Operand<'_>) -> Result<State<'a>, Failure> {
    match side {
        Operand::Revision(commit) => here.at(commit),
        _ => here.here(),
    }
}

fn sources<'a>(
    here: &'a Here<'_>,
    state: &'a State<'a>,
    side: &Operand<'_>,
) -> RepositorySources<'a> {
    let mut sources = here.sources(state);
    if let Operand::Release(component, version) = side {
        sources.instead = BTreeMap::from([(component.name.to_string(), version.clone())]);
    }
    sources
}

/// The clusters that `side` names, each with what the other side has under its name.
fn on<'a>(
    side: &Operand<'a>,
    other: &'a BTreeMap<Name, Cluster>,
) -> impl Iterator<Item = Pair> + use<'a> {
    operand::clusters(side).into_iter().map(|(environment, cluster)| {
        let name = (environment.name.to_string(), cluster.name.to_string());
        let new = other.get(&name).cloned();
        Pair { place: place(name), old: Some(cluster.clone()), new }
    })
}

/// Each cluster of the new side with the one of the same name on the old side, or with its first.
fn namesakes(
    old: &Operand<'_>,
    new: &Operand<'_>,
    printer: &Printer,
) -> Result<Vec<Pair>, Failure> {
    let olds = operand::clusters(old);
    let Some((first_of, first)) = olds.first() else {
        return Err(Failure::new("the old side has no cluster"));
    };
    let mut strangers = 0;
    let one = |(environment, cluster): (&Environment, &Cluster)| {
        let namesake = olds.iter().find(|(_, other)| other.name == cluster.name);
        strangers += usize::from(namesake.is_none());
        let other = namesake.map_or(*first, |(_, other)| *other);
        let name = (environment.name.to_string(), cluster.name.to_string());
        Pair { place: place(name), old: Some(other.clone()), new: Some(cluster.clone()) }
    };
    let pairs = operand::clusters(new).into_iter().map(one).collect();
    if strangers > 0 && olds.len() > 1 {
        printer.note(&format!(
            "note: a cluster without a namesake is compared with {}/{}",
            first_of.name, first.name
        ));
    }
    Ok(pairs)
}

fn place((environment, cluster): Name) -> Place {
    Place { environment, cluster, kustomization: String::new() }
}

fn by_name(state: &State<'_>) -> BTreeMap<Name, Cluster> {
    let environments = state.survey.resolved.path.environments();
    let all = environments.iter().flat_map(|e| e.clusters.iter().map(move |c| (e, c)));
    all.map(|(e, c)| ((e.name.to_string(), c.name.to_string()), c.clone())).collect()
}
