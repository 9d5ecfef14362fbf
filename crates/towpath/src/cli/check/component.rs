//! `towpath check --component`: what a component brings and needs, before it is let in.
//!
//! Reads the files of the component and of its charts. Must not judge: that is `towpath_check::diligence`. Next: `output`
//! for its JSON.

mod output;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use towpath_check::chart::Chart;
use towpath_check::diligence::{self, CannotRun, ChartKubernetes, Reason};
use towpath_check::given::Given;
use towpath_check::subject::Subject;
use towpath_core::id::RepoPath;

use super::super::args::Global;
use super::super::exit;
use super::super::failure::Failure;
use super::super::print::Printer;
use super::answer::{Answer, has_format};
use super::files::{self, Listed};
use super::seen::{Seen, unread};
use super::{Question, path};

pub(super) fn run(
    global: &Global,
    question: &Question,
    place: &Path,
    printer: &Printer,
) -> Result<u8, Failure> {
    has_format(global, "--component")?;
    if place != Path::new("-") && !place.exists() {
        return Err(Failure::new(format!("there is no {}", place.display()))
            .hint("name a file or a folder of manifests with --component"));
    }
    let seen = path::seen(global, question)?;
    let component = Component::read(place, seen.as_ref().and_then(|seen| seen.root.as_deref()))?;
    let (given, not_seen) = match seen {
        Some(Seen { given, not_seen, .. }) => (given, not_seen),
        None => {
            let mut given = Given::new(vec![files::target(question)], Vec::new());
            given.define(&question.definitions);
            (given, Vec::new())
        }
    };
    let mut found = diligence::diligence(&component.subjects, &component.charts, &given);
    found.not_seen.extend(component.not_seen);
    found.not_seen.extend(not_seen);
    let text = diligence::text(&found);
    let answer = Answer {
        kind: "Component",
        markdown: markdown(&text),
        text,
        content: output::output(&found),
    };
    answer.print(global.output, printer)?;
    let certain = |place: &CannotRun| place.reasons.iter().any(Reason::is_certain);
    Ok(if found.cannot_run.iter().any(certain) { exit::NO } else { exit::YES })
}

/// The sections of the text as headings with lists.
fn markdown(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let _ = match line.strip_prefix("  ") {
            Some(item) => writeln!(out, "- {item}"),
            None if line.is_empty() => writeln!(out),
            None => writeln!(out, "### {line}\n"),
        };
    }
    out
}

/// A component as its files have it.
struct Component {
    subjects: Vec<Subject>,
    charts: Vec<ChartKubernetes>,
    not_seen: Vec<String>,
}

impl Component {
    /// Reads a file or a folder. `root`: the repository whose names of files are to be used.
    fn read(place: &Path, root: Option<&Path>) -> Result<Self, Failure> {
        let mut listed = files::listed(&[place.to_path_buf()])?;
        listed.sort_by(|a, b| a.path.cmp(&b.path));
        let mut charts: Vec<(Chart, PathBuf)> = Vec::new();
        for file in &listed {
            if file.disk.file_name().is_some_and(|name| name == "Chart.yaml") {
                charts.extend(chart(file)?);
            }
        }
        let is_template = |file: &Listed| {
            charts.iter().any(|(_, folder)| file.disk.starts_with(folder.join("templates")))
        };
        listed.retain(|file| !is_template(file));
        if let Some(root) = root.and_then(|root| root.canonicalize().ok()) {
            for file in &mut listed {
                name_from(&root, file);
            }
        }
        // Nobody is given it yet.
        let (subjects, unreadable) = files::subjects_of(&listed, &Arc::from([]))?;
        let mut not_seen: Vec<String> = unreadable.iter().map(unread).collect();
        not_seen.extend(charts.iter().map(|(chart, _)| {
            format!("what the templates of the chart {} bring: they are not rendered", chart.name)
        }));
        if subjects.is_empty() && not_seen.is_empty() {
            return Err(Failure::new(format!("there is no object in {}", place.display()))
                .hint("name a file or a folder of manifests"));
        }
        let said = |(chart, _): (Chart, PathBuf)| {
            Some(ChartKubernetes { chart: chart.name, range: chart.kubernetes? })
        };
        let charts = charts.into_iter().filter_map(said).collect();
        Ok(Self { subjects, charts, not_seen })
    }
}

/// Names a file as the repository does. One that lies outside keeps its name.
fn name_from(root: &Path, file: &mut Listed) {
    let disk = file.disk.canonicalize().ok();
    let below =
        disk.as_deref().and_then(|disk| disk.strip_prefix(root).ok()).and_then(Path::to_str);
    if let Some(path) = below.and_then(|below| RepoPath::parse(below).ok()) {
        file.path = path;
    }
}

/// What a `Chart.yaml` says; `None` where it is none.
fn chart(file: &Listed) -> Result<Option<(Chart, PathBuf)>, Failure> {
    let failed = || Failure::new(format!("{} cannot be read", file.path));
    let bytes = std::fs::read(&file.disk).map_err(|e| failed().because(e))?;
    let chart = Chart::parse(&file.path, &bytes).map_err(|e| failed().because(e))?;
    let folder = file.disk.parent().unwrap_or(Path::new("")).to_path_buf();
    Ok(chart.map(|chart| (chart, folder)))
}
