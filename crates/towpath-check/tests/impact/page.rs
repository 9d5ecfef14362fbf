//! Pages of cases. Fenced blocks are named:
//!
//! - `path ENVIRONMENT:VERSION ...`: the path, a cluster each, with its Kubernetes.
//! - `before FILE`, `after FILE`, `both FILE`: a file of one state, or of both. One in the folder of an environment is
//!   for that alone, any other for all.
//! - `stored NAMESPACE/NAME FILE`: the manifest that Helm has stored of a release, in both states.
//! - `component FILE`: a file of the component.
//! - `chart NAME RANGE`: what a chart says of Kubernetes.
//! - `owners LABEL ...`, `removal WHAT`: what is asked.
//! - `says`: what is expected.

use std::collections::BTreeMap;

use towpath_catalog::Minor;
use towpath_check::diligence::ChartKubernetes;
use towpath_check::given::Given;
use towpath_check::projects::projects;
use towpath_check::read;
use towpath_check::subject::{Kubernetes, Source, Subject, Target, TargetId};
use towpath_core::id::{ClusterName, EnvironmentName, RepoPath};

#[derive(Default)]
pub(crate) struct Case {
    pub(crate) title: String,
    pub(crate) owners: Vec<String>,
    pub(crate) removal: Option<String>,
    pub(crate) charts: Vec<ChartKubernetes>,
    pub(crate) expected: String,
    path: Vec<(String, Minor)>,
    /// State, how it is known, file, text.
    files: Vec<(String, Source, String, String)>,
}

pub(crate) fn cases(page: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    let mut block: Option<(&str, String)> = None;
    for line in page.lines() {
        block = match (block, line.strip_prefix("```")) {
            (None, Some(name)) => Some((name, String::new())),
            (None, None) => {
                if let Some(title) = line.strip_prefix("## ") {
                    cases.push(Case { title: title.to_owned(), ..Case::default() });
                }
                None
            }
            (Some((name, text)), Some(_)) => {
                cases.last_mut().expect("a block stands in a case").take(name, text);
                None
            }
            (Some((name, text)), None) => Some((name, format!("{text}{line}\n"))),
        };
    }
    cases
}

impl Case {
    fn take(&mut self, name: &str, text: String) {
        let words: Vec<&str> = name.split(' ').collect();
        match words.as_slice() {
            ["says"] => self.expected = text,
            ["path", clusters @ ..] => {
                self.path = clusters
                    .iter()
                    .map(|it| {
                        let (name, version) = it.split_once(':').expect("NAME:VERSION");
                        (name.to_owned(), version.parse().expect("a version"))
                    })
                    .collect();
            }
            ["owners", labels @ ..] => {
                self.owners = labels.iter().map(|it| (*it).to_owned()).collect()
            }
            ["removal", what] => self.removal = Some((*what).to_owned()),
            ["chart", chart, range @ ..] => self
                .charts
                .push(ChartKubernetes { chart: (*chart).to_owned(), range: range.join(" ") }),
            ["stored", release, file] => {
                let source = Source::HelmRelease { release: (*release).to_owned() };
                self.files.push(("both".to_owned(), source, (*file).to_owned(), text));
            }
            [state @ ("before" | "after" | "both" | "component"), file] => {
                self.files.push(((*state).to_owned(), Source::Rendered, (*file).to_owned(), text));
            }
            other => panic!("what is {other:?}?"),
        }
    }

    /// The objects of the component.
    pub(crate) fn component(&self) -> Vec<Subject> {
        self.subjects(&["component"])
    }

    /// A state of the path.
    pub(crate) fn given(&self, state: &str) -> Given {
        let subjects = self.subjects(&[state, "both"]);
        let mut targets: Vec<Target> = self
            .path
            .iter()
            .map(|(name, minor)| Target {
                place: Some((
                    EnvironmentName::parse(name).expect("a name"),
                    ClusterName::parse(name).expect("a name"),
                )),
                production: name == "production",
                sandbox: false,
                kubernetes: Kubernetes { minor: *minor, assumed: false },
                projects: BTreeMap::new(),
                whole: true,
            })
            .collect();
        for (number, target) in (0..).zip(&mut targets) {
            let own = |subject: &&Subject| subject.head.targets.contains(&TargetId(number));
            target.projects = projects(subjects.iter().filter(own));
        }
        Given::new(targets, subjects)
    }

    fn subjects(&self, states: &[&str]) -> Vec<Subject> {
        let mut found = Vec::new();
        for (state, source, file, text) in &self.files {
            if !states.contains(&state.as_str()) {
                continue;
            }
            let own = self.path.iter().position(|(name, _)| file.starts_with(&format!("{name}/")));
            let of: Vec<TargetId> = (0..)
                .map(TargetId)
                .take(self.path.len())
                .filter(|id| own.is_none_or(|own| own == id.0 as usize))
                .collect();
            let path = RepoPath::parse(file).expect("a path");
            let subjects = read::subjects(&path, text.as_bytes()).expect("objects");
            found.extend(subjects.into_iter().map(|mut subject| {
                subject.head.targets = of.clone().into();
                subject.head.source = source.clone();
                subject
            }));
        }
        found
    }
}
