//! `towpath cluster clone`: a live cluster is read, and a sandbox is filled with what can be of it.
//!
//! What comes along is `towpath_apiserver::clone`, what becomes of it `towpath_apiserver::fill`; here it is told.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use towpath_adapters::kubernetes::{Listing, Resource};
use towpath_api::output::{ClonedObjectOutput, ClusterCloneOutput, LeftOutOutput};
use towpath_apiserver::clone::{self, LeftOut, Options};
use towpath_apiserver::fill::{Filled, Named};
use towpath_apiserver::{journal, process};
use towpath_catalog::Minor;

use super::args::ClusterCloneArgs;
use super::record::Record;
use super::{Started, data, not_started, output};
use crate::cli::args::Global;
use crate::cli::connected::{self, Answers};
use crate::cli::failure::Failure;
use crate::cli::print::{BOLD, DIM, GREEN, Printer, RED, YELLOW, styled};
use crate::cli::words::{count, list};
use crate::cli::{Answer, exit};

/// How many objects are named of which the same is told.
const NAMED: usize = 3;

/// What is told of a clone.
struct Told {
    context: String,
    from: Option<Minor>,
    to: Minor,
    filled: Filled,
    left_out: BTreeMap<(LeftOut, String), usize>,
    unanswered: Vec<String>,
}

pub(super) fn run(
    global: &Global,
    args: &ClusterCloneArgs,
    folder: &Path,
    printer: &Printer,
) -> Result<u8, Failure> {
    refuse_kept(global, args)?;
    let asked: Option<Minor> = args.kubernetes.as_ref().map(|it| it.parse()).transpose()?;
    printer.note(&format!("reading cluster {}", args.context));
    let Answers { kubernetes, objects, unanswered } =
        connected::ask(&args.context, &connected::settings(), wanted)?;
    let to = asked.or(kubernetes).ok_or_else(|| {
        Failure::new(format!("cluster {} does not say which Kubernetes it runs", args.context))
            .hint("say which version to serve with --kubernetes")
    })?;
    let options = Options { secrets: args.secrets, webhooks: args.webhooks };
    let plan = clone::plan(objects, options);
    let writing = format!("writing {}", count(plan.steps.len(), "object"));
    let (context, left_out) = (args.context.clone(), plan.left_out.clone());
    let told = |filled| Told { context, from: kubernetes, to, filled, left_out, unanswered };
    if args.dry_run {
        printer.note(&writing);
        let told = told(process::rehearse(to, plan).map_err(not_started)?);
        printer.answer(&told.answer(None)?, global.output)?;
        return Ok(if told.is_whole() { exit::YES } else { exit::NO });
    }
    let started = Started::new(global, &args.serve, to, folder)?;
    printer.note(&writing);
    let told = told(started.process.fill(plan));
    started.serve(printer, |record| printer.answer(&told.answer(Some(record))?, global.output))
}

/// A clone begins with nothing: what was kept would be mixed with it.
fn refuse_kept(global: &Global, args: &ClusterCloneArgs) -> Result<(), Failure> {
    match data(global, &args.serve)? {
        Some(folder) if args.dry_run => Err(Failure::new(format!(
            "a clone that is only tried is not kept in {}",
            folder.display()
        ))
        .hint("leave out --data or --dry-run")),
        Some(folder) if journal::FILES.iter().any(|file| folder.join(file).exists()) => {
            Err(Failure::new(format!("a cluster is kept in {} already", folder.display()))
                .hint("name another folder, or `towpath cluster delete` it first"))
        }
        _ => Ok(()),
    }
}

fn wanted(resource: Resource) -> Option<Listing> {
    let is_wanted = clone::is_asked_for(&resource.group, &resource.kind) && resource.is_listable();
    is_wanted.then(|| Listing::all(resource))
}

impl Told {
    /// Whether all that was to come along is there.
    fn is_whole(&self) -> bool {
        self.filled.refused.is_empty() && self.filled.not_served.is_empty()
    }

    fn answer(&self, record: Option<&Record>) -> Result<Answer, Failure> {
        let Self { context, from, to, filled, left_out, unanswered } = self;
        let left_out = left_out.iter().map(|((why, kind), number)| LeftOutOutput {
            kind: kind.clone(),
            count: *number,
            why: why.why().to_owned(),
        });
        let output = ClusterCloneOutput {
            context: context.clone(),
            from: from.map(|it| it.to_string()),
            to: to.to_string(),
            cluster: record.map(|record| output(record, "running")),
            copied: filled.copied.clone(),
            moved: objects(&filled.moved),
            not_served: objects(&filled.not_served),
            refused: objects(&filled.refused),
            warned: objects(&filled.warned),
            left_out: left_out.collect(),
            not_asked: unanswered.clone(),
        };
        Answer::new(self.is_whole(), self.text(record), "ClusterClone", output)
    }

    fn text(&self, record: Option<&Record>) -> String {
        let mut text = String::new();
        let Self { context, to, filled, .. } = self;
        let copied = count(filled.copied.values().sum(), "object");
        let of = match self.from {
            Some(from) => format!("{context} (Kubernetes {from})"),
            None => context.clone(),
        };
        match record {
            Some(record) => {
                let (name, server) = (&record.name, &record.server);
                let what = format!("cluster {name} is a clone of {of}: {copied}");
                let _ = writeln!(text, "{}", styled(GREEN, what));
                let _ = writeln!(text, "  serves      the API of Kubernetes {to} on {server}");
                let _ = writeln!(text, "  kubeconfig  {}", record.kubeconfig.display());
                let kept = match &record.data {
                    Some(folder) => folder.display().to_string(),
                    None => styled(DIM, "in memory, gone when it stops"),
                };
                let _ = writeln!(text, "  data        {kept}");
            }
            None => {
                let _ = writeln!(text, "a clone of {of} as Kubernetes {to} would have {copied}");
            }
        }
        section(&mut text, RED, "not served", &filled.not_served);
        section(&mut text, RED, "refused", &filled.refused);
        let moved = filled.moved.iter().map(|(of, to)| (of.clone(), format!("served as {to}")));
        let moved: Vec<_> = moved.collect();
        section(&mut text, YELLOW, "moved", &moved);
        section(&mut text, YELLOW, "warned of", &filled.warned);
        let mut behind: BTreeMap<LeftOut, Vec<String>> = BTreeMap::new();
        for ((why, kind), number) in &self.left_out {
            behind.entry(*why).or_default().push(format!("{number} {kind}"));
        }
        if !behind.is_empty() {
            let _ = writeln!(text, "\n{}", styled(DIM, "left out"));
        }
        for (why, kinds) in behind {
            let _ = writeln!(text, "  {}: {}", list(&kinds), why.why());
        }
        if !self.unanswered.is_empty() {
            let _ = writeln!(text, "\n{}", styled(YELLOW, "not answered"));
        }
        for line in &self.unanswered {
            let _ = writeln!(text, "  {line}");
        }
        text
    }
}

/// Objects of which the same is told are told of together.
fn section(text: &mut String, style: anstyle::Style, title: &str, told: &[(Named, String)]) {
    if told.is_empty() {
        return;
    }
    let mut same: Vec<(&str, Vec<String>)> = Vec::new();
    for (object, why) in told {
        match same.iter_mut().find(|(known, _)| known == why) {
            Some((_, objects)) => objects.push(called(object)),
            None => same.push((why, vec![called(object)])),
        }
    }
    let _ =
        writeln!(text, "\n{}", styled(style, format!("{title}: {}", count(told.len(), "object"))));
    for (why, mut objects) in same {
        let more = objects.len().saturating_sub(NAMED);
        objects.truncate(NAMED);
        if more > 0 {
            objects.push(format!("{more} more"));
        }
        let _ = writeln!(text, "  {}: {why}", styled(BOLD, list(&objects)));
    }
}

fn called(object: &Named) -> String {
    let Named { kind, namespace, name, .. } = object;
    match namespace.as_str() {
        "" => format!("{kind} {name}"),
        namespace => format!("{kind} {namespace}/{name}"),
    }
}

fn objects(told: &[(Named, String)]) -> Vec<ClonedObjectOutput> {
    let object = |(named, why): &(Named, String)| ClonedObjectOutput {
        api_version: named.api_version.clone(),
        kind: named.kind.clone(),
        namespace: Some(named.namespace.clone()).filter(|it| !it.is_empty()),
        name: named.name.clone(),
        why: why.clone(),
    };
    told.iter().map(object).collect()
}
