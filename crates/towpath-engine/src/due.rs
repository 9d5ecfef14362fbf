//! Which tests a release has before it in an environment. Running them is not done here.
//!
//! A test is due where the environment is verified by it, or where a gate of an environment behind wants it passed here, and
//! it has not been run for the release yet. One that failed is not due again: a person says so. Whoever runs tests by
//! itself waits until the release is healthy there. Must not judge a gate.

use std::collections::BTreeSet;

use towpath_core::gate::Condition;
use towpath_core::id::{ComponentName, EnvironmentName, TestName};
use towpath_core::path::{Environment, Path};
use towpath_core::plan::healthy;
use towpath_core::release::Release;
use towpath_core::snapshot::Snapshot;
use towpath_core::stated::StatedTest;

/// The tests that are due for a release in an environment, in the order in which they are stated.
#[must_use]
pub fn due<'a>(
    tests: &'a [StatedTest],
    path: &Path,
    snapshot: &Snapshot,
    environment: &Environment,
    release: &Release,
) -> Vec<&'a StatedTest> {
    let wanted = wanted(path, snapshot, environment, &release.component);
    let has_run =
        |name: &TestName| snapshot.history.last_test(&environment.name, release, name).is_some();
    tests.iter().filter(|test| wanted.contains(&test.name) && !has_run(&test.name)).collect()
}

/// A test that is due, and what is put to it.
#[derive(Debug, Clone)]
pub struct Due<'a> {
    /// Where.
    pub environment: &'a Environment,
    /// Which release: every cluster of the environment runs it, healthy.
    pub release: Release,
    /// The test.
    pub test: &'a StatedTest,
}

/// The tests of the whole path that may be run without anybody who asks: those of releases that are healthy.
#[must_use]
pub fn due_by_itself<'a>(
    tests: &'a [StatedTest],
    path: &'a Path,
    snapshot: &Snapshot,
) -> Vec<Due<'a>> {
    let mut out = Vec::new();
    if tests.is_empty() {
        return out;
    }
    for environment in path.environments() {
        for release in healthy(path, snapshot, environment) {
            let due = due(tests, path, snapshot, environment, &release);
            out.extend(due.into_iter().map(|test| Due {
                environment,
                release: release.clone(),
                test,
            }));
        }
    }
    out
}

/// The names of the tests that somebody wants passed in an environment.
fn wanted<'a>(
    path: &'a Path,
    snapshot: &Snapshot,
    environment: &'a Environment,
    component: &ComponentName,
) -> BTreeSet<&'a TestName> {
    let mut wanted: BTreeSet<&TestName> = environment.conduct.verify.tests.iter().collect();
    for behind in path.environments() {
        for gate in &behind.gates {
            let Condition::Test { name, environments } = &gate.condition else { continue };
            let is_here = match environments.as_slice() {
                [] => before(path, snapshot, behind, component).contains(&environment.name),
                named => named.contains(&environment.name),
            };
            if is_here {
                wanted.insert(name);
            }
        }
    }
    wanted
}

/// The environments before one which have the component; one without it is looked through.
fn before<'a>(
    path: &'a Path,
    snapshot: &Snapshot,
    environment: &'a Environment,
    component: &ComponentName,
) -> BTreeSet<&'a EnvironmentName> {
    let mut out = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut ask: Vec<&EnvironmentName> = environment.after.iter().collect();
    while let Some(name) = ask.pop() {
        if !seen.insert(name) {
            continue;
        }
        if snapshot.pins_of(name, component).next().is_some() {
            out.insert(name);
        } else if let Some(found) = path.environment(name) {
            ask.extend(&found.after);
        }
    }
    out
}
