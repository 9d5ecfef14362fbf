//! `towpath check`: what a change would break, where, and for whom.
//!
//! Reads files and renders clusters, hands the objects to the rules and prints what they find. Must not judge: that is
//! `towpath-check`. Next: `path` for a repository with clusters, `files` for manifests as they stand, `live` for
//! connected clusters, `settled` for places
//! and silences, `report` for what the forms share, `show` for people; `impact` for whom a change concerns, `component`
//! for what a component brings.

mod answer;
mod component;
mod files;
mod github;
mod impact;
mod junit;
mod live;
mod loose;
mod markdown;
mod mend;
mod path;
mod report;
mod sarif;
mod seen;
mod settled;
mod show;
mod since;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use towpath_api::output::{
    CheckOutput, CheckedOutput, FindingOutput, FixedOutput, KubernetesOutput, Output,
    SilencedOutput, SummaryOutput,
};
use towpath_catalog::Minor;
use towpath_check::fix::Fixed;
use towpath_check::given::Given;
use towpath_check::judge::{self, Chosen};
use towpath_check::place::Placed;
use towpath_check::silence::Settled;
use towpath_check::subject::{Subject, Target};
use towpath_core::finding::{Finding, Severity};
use towpath_core::id::RepoPath;
use towpath_core::stated::StatedChecks;

use super::args::{CheckArgs, FailOn, Global, OutputFormat};
use super::exit;
use super::failure::Failure;
use super::print::Printer;
use super::words::list;
use report::Report;

/// What is asked.
struct Question {
    /// The Kubernetes that is asked about.
    kubernetes: Option<Minor>,
    /// The rules.
    chosen: Chosen,
    /// The state whose findings are known.
    since: Option<String>,
    /// Definitions of custom resources that stand beside what is checked.
    definitions: Vec<Subject>,
    /// Clusters that are judged, too.
    connected: Vec<live::Connected>,
    /// Whether folders are named.
    is_part: bool,
}

impl Question {
    /// Whether it is about everything, as the path has it.
    fn is_whole(&self) -> bool {
        !self.is_part && self.kubernetes.is_none() && self.since.is_none() && self.chosen.is_all()
    }
}

/// What was checked, and what was found.
#[derive(Default)]
struct Checked {
    findings: Vec<Finding>,
    files: usize,
    objects: usize,
    targets: Vec<Target>,
    not_checked: Vec<String>,
    /// Where the files are that findings can be in.
    disk: BTreeMap<RepoPath, PathBuf>,
    /// What `towpath.yaml` says of findings, where there is a path.
    checks: Option<StatedChecks>,
}

pub(crate) fn run(global: &Global, args: &CheckArgs, printer: &Printer) -> Result<u8, Failure> {
    let args = &below(args, &global.directory);
    let question = Question {
        kubernetes: kubernetes(args)?,
        chosen: chosen(args)?,
        since: args.since.clone(),
        definitions: files::definitions(&args.definitions)?,
        connected: live::connect(&args.contexts)?,
        is_part: !args.paths.is_empty(),
    };
    if let Some(place) = &args.component {
        return component::run(global, &question, place, printer);
    }
    if args.impact || args.removing.is_some() {
        return impact::run(global, args, question, printer);
    }
    let fixed = match (args.fix, args.paths.is_empty()) {
        (false, _) => Vec::new(),
        (true, true) => path::mend(global, &question)?,
        (true, false) => files::mend(&args.paths, &question)?,
    };
    for one in &fixed {
        printer.note(&format!("fixed: {} {}: {} is {} now", one.at, one.object, one.was, one.is));
    }
    let mut checked = if args.paths.is_empty() {
        path::check(global, &question)?
    } else {
        files::check(global, &args.paths, &question)?
    };
    checked.findings.retain(|finding| question.chosen.has(finding.rule));
    let findings = judge::arranged(std::mem::take(&mut checked.findings));
    let settled = settled::settled(global, &question, &checked, findings)?;
    let mut output = output(&checked, &settled, question.kubernetes);
    output.checked.clusters = live::contexts(&question);
    output.fixed = fixed.iter().map(fixed_output).collect();
    print(global.output, printer, args.fail_on, &settled, output)?;
    let mut severities = settled.open.iter().map(|placed| placed.finding.severity);
    let fails = severities.any(|severity| fails(args.fail_on, severity));
    Ok(if fails { exit::NO } else { exit::YES })
}

fn print(
    format: OutputFormat,
    printer: &Printer,
    fail_on: FailOn,
    settled: &Settled,
    output: CheckOutput,
) -> Result<(), Failure> {
    let excerpts = settled.open.iter().map(|placed| placed.mark.as_ref()?.excerpt.as_ref());
    let report = Report { output: &output, excerpts: excerpts.collect(), fail_on };
    match format {
        OutputFormat::Json => {
            let json = serde_json::to_string_pretty(&Output::new("Check", output))?;
            printer.data(&(json + "\n"))
        }
        OutputFormat::Yaml => {
            let json = serde_json::to_value(Output::new("Check", output))?;
            printer.data(&towpath_yaml::emit(&json))
        }
        OutputFormat::Sarif => {
            let json = serde_json::to_string_pretty(&sarif::log(&report))?;
            printer.data(&(json + "\n"))
        }
        OutputFormat::Markdown => printer.data(&markdown::text(&report)),
        OutputFormat::Junit => printer.data(&junit::text(&report)),
        OutputFormat::Github => printer.data(&github::text(&report)),
        OutputFormat::Table | OutputFormat::Unified => printer.data(&show::text(&report)),
    }
}

/// The same, with paths that are relative to the folder of `-C`, as those of every command are.
fn below(args: &CheckArgs, folder: &Path) -> CheckArgs {
    let mut args = args.clone();
    let is_elsewhere = folder != Path::new(".");
    let paths = args.paths.iter_mut().chain(&mut args.definitions).chain(&mut args.component);
    for path in paths.filter(|path| is_elsewhere && path.as_path() != Path::new("-")) {
        *path = folder.join(&*path);
    }
    args
}

fn fixed_output(fixed: &Fixed) -> FixedOutput {
    FixedOutput {
        object: fixed.object.to_string(),
        file: fixed.at.file.to_string(),
        line: fixed.at.line,
        was: fixed.was.clone(),
        is: fixed.is.clone(),
    }
}

fn fails(on: FailOn, severity: Severity) -> bool {
    let least = match on {
        FailOn::Info => Severity::Info,
        FailOn::Warning => Severity::Warning,
        FailOn::Error => Severity::Error,
        FailOn::Never => return false,
    };
    severity >= least
}

fn kubernetes(args: &CheckArgs) -> Result<Option<Minor>, Failure> {
    let Some(text) = &args.kubernetes else { return Ok(None) };
    let minor: Minor = text.parse().map_err(|error| {
        Failure::new("the Kubernetes to judge for is not understood").because(error)
    })?;
    if !minor.is_known() {
        return Err(Failure::new(format!("nothing is known of Kubernetes {minor}")).hint(format!(
            "known are {} to {}",
            Minor::OLDEST,
            Minor::NEWEST
        )));
    }
    Ok(Some(minor))
}

fn chosen(args: &CheckArgs) -> Result<Chosen, Failure> {
    let unknown: Vec<&String> =
        args.only.iter().filter(|id| towpath_check::rule(id).is_none()).collect();
    if !unknown.is_empty() {
        return Err(Failure::new(format!("there is no rule {}", list(&unknown)))
            .hint("`towpath explain-rule` lists them"));
    }
    if args.only.is_empty() {
        return Ok(Chosen::all());
    }
    Ok(Chosen::where_id(|id| args.only.iter().any(|only| only == id)))
}

/// What the rules over objects find.
fn judged(question: &Question, given: &Given) -> Vec<Finding> {
    let each = given.subjects.par_iter();
    let mut found: Vec<Finding> =
        each.flat_map_iter(|subject| judge::one(&question.chosen, subject, given)).collect();
    found.extend(judge::together(&question.chosen, given));
    found
}

/// As [`fails`], of a finding as it is reported.
fn fails_output(on: FailOn, finding: &FindingOutput) -> bool {
    let severity = match finding.severity.as_str() {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        _ => Severity::Info,
    };
    fails(on, severity)
}

fn output(checked: &Checked, settled: &Settled, asked: Option<Minor>) -> CheckOutput {
    let of = |severity| settled.open.iter().filter(|p| p.finding.severity == severity).count();
    let silenced = settled.silenced.iter().map(|silenced| SilencedOutput {
        finding: finding_output(&silenced.placed),
        reason: silenced.reason.clone(),
        until: silenced.until.map(|until| until.to_string()),
        silenced_at: silenced.at.to_string(),
    });
    CheckOutput {
        findings: settled.open.iter().map(finding_output).collect(),
        silenced: silenced.collect(),
        fixed: Vec::new(),
        checked: CheckedOutput {
            files: checked.files,
            objects: checked.objects,
            clusters: Vec::new(),
            kubernetes: kubernetes_output(&checked.targets, asked),
            not_checked: checked.not_checked.clone(),
        },
        summary: SummaryOutput {
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            infos: of(Severity::Info),
            silenced: settled.silenced.len(),
        },
    }
}

fn finding_output(placed: &Placed) -> FindingOutput {
    FindingOutput {
        end_column: placed.mark.as_ref().map(|mark| mark.end_column),
        ..FindingOutput::from(&placed.finding)
    }
}

fn kubernetes_output(targets: &[Target], asked: Option<Minor>) -> Vec<KubernetesOutput> {
    let mut found: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for target in targets {
        let environments = found.entry(target.kubernetes).or_default();
        if let Some(name) = target.environment()
            && !environments.iter().any(|known| known == name.as_str())
        {
            environments.push(name.to_string());
        }
    }
    let known_by = |assumed| match (asked, assumed) {
        (Some(_), _) => "asked",
        (None, false) => "stated",
        (None, true) => "assumed",
    };
    found
        .into_iter()
        .map(|(kubernetes, environments)| KubernetesOutput {
            version: kubernetes.minor.to_string(),
            known_by: known_by(kubernetes.assumed).to_owned(),
            environments,
        })
        .collect()
}
