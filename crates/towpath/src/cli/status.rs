//! `towpath status`: each environment, what it tracks, what it should get, and what comes next.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use towpath_api::output::StatusOutput;
use towpath_core::finding::{Finding, Severity};
use towpath_core::plan::plan;
use towpath_core::status::{ComponentStatus, EnvironmentStatus, Next, Status, status};
use towpath_core::why::Why;

use super::Answer;
use super::args::{Global, StatusArgs};
use super::failure::Failure;
use super::print::{BOLD, DIM, GREEN, RED, YELLOW, styled};
use super::session::Session;
use super::words::{count, list, table};

/// So many clusters of one environment are listed; of more, only those that differ.
const MAX_CLUSTERS: usize = 8;
/// So many findings of one rule are told to people.
const MAX_OF_RULE: usize = 5;

pub(crate) fn run(global: &Global, args: &StatusArgs) -> Result<Answer, Failure> {
    let session = Session::open(global)?;
    if args.fetch {
        session.fetch()?;
    }
    let survey = session.survey_here()?;
    let snapshot = session.snapshot_here(&survey)?;
    let plan = plan(&survey.resolved.path, &snapshot);
    let status = status(&survey.resolved.path, &snapshot, &plan);
    let output = StatusOutput::new(survey.resolved.path.trunk.as_str(), &status);
    let text = text(&status, survey.has_path_file);
    session.save_cache();
    // The process is about to end: giving back a fleet's facts one by one would take a tenth of its time.
    std::mem::forget((session, survey, snapshot, plan, status));
    Answer::new(true, text, "Status", output)
}

fn text(status: &Status, has_path_file: bool) -> String {
    let mut out = String::new();
    let rows = status.environments.iter().flat_map(rows).collect();
    out.push_str(&table(
        &["environment", "component", "tracks", "should get", "runs", "next"],
        rows,
    ));
    unknown_releases(&mut out, status);
    clusters(&mut out, status);
    findings(&mut out, &status.findings);
    if !has_path_file {
        let _ = writeln!(
            out,
            "\n{}",
            styled(DIM, "The path is inferred; `towpath init` writes it down as towpath.yaml.")
        );
    }
    out
}

fn rows(environment: &EnvironmentStatus) -> Vec<Vec<String>> {
    let known = environment.clusters.iter().filter(|c| c.running.is_some()).count();
    let runs = if known == 0 { "unknown".to_owned() } else { format!("{known} known") };
    if environment.components.is_empty() {
        let name = styled(BOLD, &environment.name);
        return vec![vec![
            name,
            "-".into(),
            "-".into(),
            "-".into(),
            runs,
            "nothing is tracked".into(),
        ]];
    }
    environment
        .components
        .iter()
        .enumerate()
        .map(|(i, component)| {
            let name = if i == 0 { styled(BOLD, &environment.name) } else { String::new() };
            vec![
                name,
                component.component.to_string(),
                tracks(component),
                should_get(component),
                runs.clone(),
                next(component),
            ]
        })
        .collect()
}

fn tracks(component: &ComponentStatus) -> String {
    if component.policy == component.actual.policy() {
        return component.actual.to_string();
    }
    format!("{} (Git: {})", component.policy, component.actual)
}

fn should_get(component: &ComponentStatus) -> String {
    let desired = &component.desired;
    match (&desired.version, &desired.revision) {
        (Some(version), _) => version.to_string(),
        (None, Some(revision)) => revision.short(),
        (None, None) => "unknown".to_owned(),
    }
}

fn next(component: &ComponentStatus) -> String {
    let text = component.next.to_string();
    match &component.next {
        Next::Nothing | Next::Follows(_) => text,
        Next::Promote(_) => styled(GREEN, text),
        // The whole reason stands below the table, once for all who wait for it.
        Next::Waits { why: Some(why), .. } if is_about_releases(why) => {
            styled(YELLOW, "waits: its releases are not known")
        }
        Next::Waits { .. } => styled(YELLOW, text),
    }
}

/// Whether a reason is that releases are unknown, which is the same for all environments.
fn is_about_releases(why: &Why) -> bool {
    matches!(why, Why::RegistryUnreachable { .. } | Why::NotListable { .. } | Why::NotAsked)
}

/// What is not known of the releases, each reason once with the components it is about.
fn unknown_releases(out: &mut String, status: &Status) {
    let mut reasons: Vec<(&Why, Vec<&str>)> = Vec::new();
    for component in status.environments.iter().flat_map(|e| &e.components) {
        let whys = component.waiting.iter().chain(&component.desired.unknown);
        for why in whys.filter(|why| is_about_releases(why)) {
            let name = component.component.as_str();
            match reasons.iter_mut().find(|(known, _)| *known == why) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => reasons.push((why, vec![name])),
            }
        }
    }
    for (why, components) in reasons {
        let _ = writeln!(out, "{}", styled(YELLOW, format!("{}: {why}", list(&components))));
    }
}

fn clusters(out: &mut String, status: &Status) {
    let mut lines = Vec::new();
    for environment in &status.environments {
        let many = environment.clusters.len() > MAX_CLUSTERS;
        for cluster in environment.clusters.iter().filter(|c| !many || !c.differs.is_empty()) {
            let differs: Vec<String> =
                cluster.differs.iter().map(|(c, t)| format!("{c} {t}")).collect();
            let note = if differs.is_empty() {
                String::new()
            } else {
                styled(YELLOW, format!("differs: {}", differs.join(", ")))
            };
            lines.push(vec![
                environment.name.to_string(),
                cluster.name.to_string(),
                cluster.folder.to_string(),
                note,
            ]);
        }
        if many {
            let note = styled(DIM, count(environment.clusters.len(), "cluster"));
            lines.push(vec![environment.name.to_string(), note, String::new(), String::new()]);
        }
    }
    out.push('\n');
    out.push_str(&table(&["environment", "cluster", "folder", ""], lines));
    if status.environments.iter().all(|e| e.clusters.iter().all(|c| c.running.is_none())) {
        let _ = writeln!(
            out,
            "{}",
            styled(DIM, "What the clusters run is unknown: none is connected.")
        );
    }
}

fn findings(out: &mut String, findings: &[Finding]) {
    if findings.is_empty() {
        out.push_str("\nNo findings.\n");
        return;
    }
    let _ = writeln!(out, "\n{}", styled(BOLD, count(findings.len(), "finding")));
    let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        let of_rule = shown.entry(finding.rule).or_default();
        *of_rule += 1;
        if *of_rule > MAX_OF_RULE {
            continue;
        }
        let style = match finding.severity {
            Severity::Error => RED,
            Severity::Warning => YELLOW,
            Severity::Info => DIM,
        };
        let _ = writeln!(
            out,
            "{} {} {}\n    {}\n    {}",
            styled(style, finding.severity.as_str()),
            finding.at,
            styled(DIM, format!("[{}]", finding.rule)),
            finding.message,
            styled(DIM, format!("do: {}", finding.fix)),
        );
    }
    for (rule, more) in shown.into_iter().filter(|(_, n)| *n > MAX_OF_RULE) {
        let _ = writeln!(out, "and {} more of {rule}; -o json has them all", more - MAX_OF_RULE);
    }
}
