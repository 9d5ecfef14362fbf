//! The tests that `towpath.yaml` states: what is run to put a release to the test in an environment.
//!
//! Must not run them. Next: `towpath_core::stated::StatedTest`.

use std::fmt::Display;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use towpath_core::id::{RepoPath, TestName};
use towpath_core::stated::{StatedTest, TestMeans};

use super::duration;
use super::mistake::{Wrong, wrong};

/// A test: exactly one of `command`, `job` and `junit` says what is run or read.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestSpec {
    /// Its name.
    pub name: String,
    /// A command with its arguments, run in the root of the repository; it passes when it exits with 0. It is told the
    /// environment, component, version and digest in `TOWPATH_*` variables.
    #[serde(default)]
    pub command: Vec<String>,
    /// A file of the repository with a Kubernetes Job, which is created on each cluster of the environment; the test passes
    /// when all of them complete. Its containers are told the same in variables.
    pub job: Option<String>,
    /// A file with results in JUnit's form, which somebody else writes; it passes when it names no failure and no error.
    pub junit: Option<String>,
    /// How long one try may take: `10m`. Left out: ten minutes.
    pub timeout: Option<String>,
    /// How often it is tried again when it fails. Left out: not at all. A pass after a retry is recorded as such; that of a
    /// Job is tried again on the clusters where it failed.
    #[serde(default)]
    pub retries: u32,
}

/// The test that is stated; `i` is its place in the file.
pub(super) fn convert(i: usize, spec: &TestSpec) -> Result<StatedTest, Wrong> {
    let at = |key: &str, message: &dyn Display| wrong(&[&"tests", &i, &key], message);
    let file = |key: &str, text: &str| RepoPath::parse(text).map_err(|e| at(key, &e));
    let means = match (spec.command.as_slice(), &spec.job, &spec.junit) {
        ([], Some(job), None) => TestMeans::Job(file("job", job)?),
        ([], None, Some(junit)) => TestMeans::Junit(file("junit", junit)?),
        ([_, ..], None, None) => TestMeans::Command(spec.command.clone()),
        _ => return Err(at("name", &several(spec))),
    };
    let timeout = spec.timeout.as_deref().map(duration).transpose();
    Ok(StatedTest {
        name: TestName::parse(&spec.name).map_err(|e| at("name", &e))?,
        means,
        timeout: timeout
            .map_err(|e| at("timeout", &e))?
            .unwrap_or(std::time::Duration::from_secs(600)),
        retries: spec.retries,
    })
}

/// What is wrong with a test that states none or several of what it may run or read.
fn several(spec: &TestSpec) -> String {
    let stated = [
        ("`command`", !spec.command.is_empty()),
        ("`job`", spec.job.is_some()),
        ("`junit`", spec.junit.is_some()),
    ];
    let stated: Vec<&str> = stated.into_iter().filter(|(_, is)| *is).map(|(key, _)| key).collect();
    let found = match stated.as_slice() {
        [] => "none of them".to_owned(),
        several => several.join(" and "),
    };
    format!("a test states exactly one of `command`, `job` and `junit`; this one states {found}")
}
