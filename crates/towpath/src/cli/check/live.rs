//! Connected clusters: asked once for what they have, and judged beside what files say.
//!
//! Only asks and hands over: what is read of an answer is `towpath_check::live`. What a cluster refuses to list is told as
//! not checked. Next: [`kinds`], for what is asked for.

mod kinds;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use towpath_adapters::kubernetes::{ClusterError, Settings};
use towpath_catalog::Minor;
use towpath_check::given::Given;
use towpath_check::judge;
use towpath_check::live::{self, Answered};
use towpath_check::projects::projects;
use towpath_check::subject::{Kubernetes, Subject, Target, TargetId};
use towpath_core::finding::Finding;
use towpath_core::id::{ClusterName, EnvironmentName};

use super::super::connected::{self, Answers};
use super::super::failure::Failure;
use super::Question;

/// A cluster as it answered.
pub(super) struct Connected {
    /// The context that it is known by.
    context: String,
    /// Its Kubernetes; `None` where it does not say.
    kubernetes: Option<Minor>,
    objects: Vec<Value>,
    /// What could not be asked: one line each.
    not_checked: Vec<String>,
}

/// Clusters that are judged, with what they say besides their objects.
pub(super) struct Joined {
    pub(super) given: Given,
    /// How objects were written, and what Helm has stored.
    pub(super) said: Vec<Subject>,
    /// What cannot be read.
    pub(super) findings: Vec<Finding>,
}

/// Asks the clusters of some contexts for all that is judged.
pub(super) fn connect(contexts: &[String]) -> Result<Vec<Connected>, Failure> {
    let settings = connected::settings();
    let mut seen = BTreeSet::new();
    let contexts = contexts.iter().filter(|context| seen.insert(context.as_str()));
    Ok(contexts.map(|context| ask(context, &settings)).collect::<Result<_, ClusterError>>()?)
}

fn ask(context: &str, settings: &Settings) -> Result<Connected, ClusterError> {
    let Answers { kubernetes, objects, unanswered } =
        connected::ask(context, settings, kinds::listing)?;
    Ok(Connected { context: context.to_owned(), kubernetes, objects, not_checked: unanswered })
}

impl Connected {
    /// It, as objects are judged for it.
    fn target(&self, asked: Option<Minor>) -> Target {
        let minor = asked.or(self.kubernetes);
        Target {
            place: self.place(),
            production: false,
            sandbox: false,
            kubernetes: Kubernetes {
                minor: minor.unwrap_or(Minor::NEWEST),
                assumed: minor.is_none(),
            },
            projects: BTreeMap::new(),
            // Secrets and what others make are not asked for.
            whole: false,
        }
    }

    /// The context as a name: what names cannot have is replaced.
    fn place(&self) -> Option<(EnvironmentName, ClusterName)> {
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let name: String = self.context.chars().map(|c| if sound(c) { c } else { '-' }).collect();
        let mut name = name.trim_start_matches(['-', '_', '.']).replace("..", "-");
        // The end of a long name is what tells it from others.
        let long = name.len().saturating_sub(63);
        name.drain(..long);
        let name = name.trim_start_matches(['-', '_', '.']);
        Some((EnvironmentName::parse(name).ok()?, ClusterName::parse(name).ok()?))
    }

    fn answered(&self, id: TargetId) -> Answered {
        live::answered(self.objects.clone(), &live::place(&self.context), id)
    }
}

/// What could not be asked of all clusters.
pub(super) fn not_checked(question: &Question) -> impl Iterator<Item = String> + '_ {
    question.connected.iter().flat_map(|cluster| cluster.not_checked.iter().cloned())
}

/// The contexts that were asked.
pub(super) fn contexts(question: &Question) -> Vec<String> {
    question.connected.iter().map(|cluster| cluster.context.clone()).collect()
}

/// The clusters, as files are judged for them.
pub(super) fn targets(question: &Question) -> Vec<Target> {
    question.connected.iter().map(|cluster| cluster.target(question.kubernetes)).collect()
}

/// Adds the clusters and their objects to what is judged. Those that are among its targets already are the last of them.
pub(super) fn join(given: Given, question: &Question, are_targets: bool) -> Joined {
    let new = if are_targets { Vec::new() } else { targets(question) };
    let first = given.targets.len() - if are_targets { question.connected.len() } else { 0 };
    let mut subjects = Vec::new();
    let (mut said, mut findings) = (Vec::new(), Vec::new());
    let mut of = Vec::new();
    for (number, cluster) in (first..).zip(&question.connected) {
        let id = TargetId(u32::try_from(number).unwrap_or(u32::MAX));
        let answered = cluster.answered(id);
        of.push((number, projects(answered.subjects.iter())));
        subjects.extend(answered.subjects);
        said.extend(answered.said);
        findings.extend(answered.findings);
    }
    let mut given = given.with(new, subjects);
    for (number, projects) in of {
        if let Some(target) = given.targets.get_mut(number) {
            target.projects = projects;
        }
    }
    given.define(&question.definitions);
    Joined { given, said, findings }
}

impl Joined {
    /// What the rules find that ask how objects were written.
    pub(super) fn judged(&self, question: &Question) -> Vec<Finding> {
        let said = self.said.iter();
        said.flat_map(|one| judge::head(&question.chosen, &one.head, &self.given)).collect()
    }

    /// All of it as objects, for those who ask whose they are.
    pub(super) fn whole(self, question: &Question) -> Given {
        let mut given = self.given.with(Vec::new(), self.said);
        given.define(&question.definitions);
        given
    }
}
