//! `towpath check`: what a change would break, where, and for whom.
//!
//! Reads files and renders clusters, hands the objects to the rules and prints what they find. Must not judge: that is
//! `towpath-check`. Next: `path` for a repository with clusters, `files` for manifests as they stand, `show` for people.

mod files;
mod mend;
mod path;
mod show;

use std::collections::BTreeMap;

use rayon::prelude::*;
use towpath_api::output::{
    CheckOutput, CheckedOutput, FindingOutput, FixedOutput, KubernetesOutput, Output, SummaryOutput,
};
use towpath_catalog::Minor;
use towpath_check::fix::Fixed;
use towpath_check::given::Given;
use towpath_check::judge::{self, Chosen};
use towpath_check::subject::{Subject, Target};
use towpath_core::finding::{Finding, Severity};

use super::args::{CheckArgs, FailOn, Global, OutputFormat};
use super::exit;
use super::failure::Failure;
use super::print::Printer;
use super::words::list;

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
}

/// What was checked, and what was found.
#[derive(Default)]
struct Checked {
    findings: Vec<Finding>,
    files: usize,
    objects: usize,
    targets: Vec<Target>,
    not_checked: Vec<String>,
}

pub(crate) fn run(global: &Global, args: &CheckArgs, printer: &Printer) -> Result<u8, Failure> {
    let question = Question {
        kubernetes: kubernetes(args)?,
        chosen: chosen(args)?,
        since: args.since.clone(),
        definitions: files::definitions(&args.definitions)?,
    };
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
        files::check(&args.paths, &question)?
    };
    checked.findings.retain(|finding| question.chosen.has(finding.rule));
    let findings = judge::arranged(std::mem::take(&mut checked.findings));
    let mut output = output(&checked, &findings, question.kubernetes);
    output.fixed = fixed.iter().map(fixed_output).collect();
    match global.output {
        OutputFormat::Json => {
            let json = serde_json::to_string_pretty(&Output::new("Check", output))?;
            printer.data(&(json + "\n"))?;
        }
        OutputFormat::Yaml => {
            let json = serde_json::to_value(Output::new("Check", output))?;
            printer.data(&towpath_yaml::emit(&json))?;
        }
        _ => printer.data(&show::text(&output))?,
    }
    let fails = findings.iter().any(|finding| fails(args.fail_on, finding.severity));
    Ok(if fails { exit::NO } else { exit::YES })
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

fn output(checked: &Checked, findings: &[Finding], asked: Option<Minor>) -> CheckOutput {
    let of = |severity| findings.iter().filter(|f| f.severity == severity).count();
    CheckOutput {
        findings: findings.iter().map(FindingOutput::from).collect(),
        silenced: Vec::new(),
        fixed: Vec::new(),
        checked: CheckedOutput {
            files: checked.files,
            objects: checked.objects,
            kubernetes: kubernetes_output(&checked.targets, asked),
            not_checked: checked.not_checked.clone(),
        },
        summary: SummaryOutput {
            errors: of(Severity::Error),
            warnings: of(Severity::Warning),
            infos: of(Severity::Info),
            silenced: 0,
        },
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
