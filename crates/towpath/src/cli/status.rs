//! `towpath status`: each environment, what it tracks, what it should get, what it runs, and what comes next.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use towpath_api::output::StatusOutput;
use towpath_core::finding::{Finding, Severity};
use towpath_core::plan::plan;
use towpath_core::running::{Contact, Health};
use towpath_core::status::{
    ClusterStatus, ComponentStatus, EnvironmentStatus, Next, Runs, Status, status,
};
use towpath_core::why::Why;
use towpath_engine::gauge;

use super::Answer;
use super::args::{Global, StatusArgs};
use super::failure::Failure;
use super::print::{BOLD, DIM, GREEN, RED, YELLOW, styled};
use super::session::Session;
use super::watched;
use super::words::{count, list, table};

/// So many clusters of one environment are listed; of more, only those that differ.
const MAX_CLUSTERS: usize = 8;
/// So many objects that are not well are named of one cluster.
const MAX_AILING: usize = 5;
/// So many findings of one rule are told to people.
const MAX_OF_RULE: usize = 5;

pub(crate) fn run(global: &Global, args: &StatusArgs) -> Result<Answer, Failure> {
    let session = Session::open(global)?;
    if args.fetch {
        session.fetch()?;
    }
    let survey = session.survey_here()?;
    let mut snapshot = session.snapshot_here(&survey)?;
    if !session.offline {
        let (path, pins) = (&survey.resolved.path, &survey.resolved.pins);
        snapshot.running = watched::look(path, &args.contexts, pins, session.now)?.into();
    }
    if let Some(gauges) = session.gauges() {
        let path = &survey.resolved.path;
        snapshot.answers = gauge::for_path(gauges, &survey.stated.sources, path, &snapshot);
    }
    let mut plan = plan(&survey.resolved.path, &snapshot);
    if let Some(signed) = session.with_signatures(&survey.resolved.path.trunk, &snapshot, &plan)? {
        snapshot = signed;
        plan = towpath_core::plan::plan(&survey.resolved.path, &snapshot);
    }
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
    ailing(&mut out, status);
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
    if environment.components.is_empty() {
        let name = styled(BOLD, &environment.name);
        return vec![vec![
            name,
            "-".into(),
            "-".into(),
            "-".into(),
            "unknown".into(),
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
                runs(component.runs.as_ref(), environment.clusters.len()),
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

/// What the clusters of an environment run, as healthy as the worst of them.
fn runs(runs: Option<&Runs>, clusters: usize) -> String {
    let Some(runs) = runs else { return "unknown".to_owned() };
    let mut text = health(runs.what.as_deref(), runs.health, runs.since, runs.drift);
    if runs.connected < clusters {
        let _ = write!(text, " ({} of {})", runs.connected, count(clusters, "cluster"));
    }
    text
}

/// `0.0.8 healthy since 2026-11-21 12:00Z`, and whether it should be something else.
fn health(what: Option<&str>, health: Health, since: Option<Timestamp>, drift: bool) -> String {
    let style = match health {
        Health::Healthy if !drift => GREEN,
        Health::Healthy | Health::Progressing | Health::Unknown => YELLOW,
        Health::Failed => RED,
    };
    let mut text = what.map(|what| format!("{what} ")).unwrap_or_default();
    text.push_str(health.word());
    if let Some(since) = since {
        let _ = write!(text, " since {}", minute(since));
    }
    if drift {
        text.push_str(", drift");
    }
    styled(style, text)
}

/// A time to the minute, in UTC: what people compare with other clocks at night.
fn minute(time: Timestamp) -> impl std::fmt::Display {
    time.strftime("%Y-%m-%d %H:%MZ")
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
    let all = || status.environments.iter().flat_map(|environment| &environment.clusters);
    let any = all().any(|cluster| cluster.running.is_some());
    for environment in &status.environments {
        let many = environment.clusters.len() > MAX_CLUSTERS;
        let is_told = |c: &&ClusterStatus| !many || !c.differs.is_empty() || is_odd(c);
        for cluster in environment.clusters.iter().filter(is_told) {
            let differs: Vec<String> =
                cluster.differs.iter().map(|(c, t)| format!("{c} {t}")).collect();
            let note = if differs.is_empty() {
                String::new()
            } else {
                styled(YELLOW, format!("differs: {}", differs.join(", ")))
            };
            let mut line = vec![
                environment.name.to_string(),
                cluster.name.to_string(),
                cluster.folder.to_string(),
            ];
            line.extend(any.then(|| cluster_runs(cluster)));
            line.push(note);
            lines.push(line);
        }
        if many {
            let note = styled(DIM, count(environment.clusters.len(), "cluster"));
            let mut line = vec![environment.name.to_string(), note];
            line.resize(if any { 5 } else { 4 }, String::new());
            lines.push(line);
        }
    }
    let heads: &[&str] = match any {
        true => &["environment", "cluster", "folder", "runs", ""],
        false => &["environment", "cluster", "folder", ""],
    };
    out.push('\n');
    out.push_str(&table(heads, lines));
    if !any {
        let _ = writeln!(
            out,
            "{}",
            styled(DIM, "What the clusters run is unknown: none is connected.")
        );
    }
}

/// Whether somebody should look at a connected cluster.
fn is_odd(cluster: &ClusterStatus) -> bool {
    let report = cluster.running.as_ref();
    !cluster.drift.is_empty()
        || report.is_some_and(|report| {
            report.contact != Contact::Connected
                || report.components.values().any(|it| it.health != Health::Healthy)
        })
}

/// What one cluster runs, each component by its name.
fn cluster_runs(cluster: &ClusterStatus) -> String {
    let Some(report) = &cluster.running else { return styled(DIM, "not connected") };
    if let Contact::Lost { since, .. } = &report.contact {
        return styled(YELLOW, format!("unknown since {}", minute(*since)));
    }
    let told = report.components.iter().map(|(name, it)| {
        let since = Some(it.since).filter(|since| *since != Timestamp::UNIX_EPOCH);
        let is_held = if it.suspended { ", suspended" } else { "" };
        let drifts = cluster.drift.contains(name);
        format!("{name} {}{is_held}", health(it.short().as_deref(), it.health, since, drifts))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { styled(DIM, "nothing of the path") } else { told.join("; ") }
}

/// Why clusters do not answer, and what is not well on those that do.
fn ailing(out: &mut String, status: &Status) {
    for cluster in status.environments.iter().flat_map(|environment| &environment.clusters) {
        let Some(report) = &cluster.running else { continue };
        if let Contact::Lost { since, why } = &report.contact {
            let text = format!("{} is unknown since {}: {why}", cluster.name, minute(*since));
            let _ = writeln!(out, "{}", styled(YELLOW, text));
            continue;
        }
        for (component, running) in &report.components {
            if let Some(attempted) = &running.attempted {
                let text =
                    format!("{}: {component} is to become {}", cluster.name, attempted.short());
                let _ = writeln!(out, "{}", styled(YELLOW, text));
            }
            for one in running.ailing.iter().take(MAX_AILING) {
                let style = if one.health == Health::Failed { RED } else { YELLOW };
                let text = format!("{}: {} {}", cluster.name, one.object, one.health.word());
                let _ = writeln!(out, "{}: {}", styled(style, text), one.why);
            }
            if running.ailing.len() > MAX_AILING {
                let more = running.ailing.len() - MAX_AILING;
                let _ = writeln!(out, "and {more} more on {}; -o json has them all", cluster.name);
            }
        }
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
