//! `towpath plan`: what entering an environment would change, to the byte, and the gates before it.

mod objects;

use std::fmt::Write as _;

use towpath_api::output::{FileDiffOutput, ObjectDiffOutput, PlanOutput};
use towpath_artifact::{ChangeKind, Contents};
use towpath_core::chain;
use towpath_core::gate::{Inputs, Judged};
use towpath_core::id::ComponentName;
use towpath_core::plan::{Outcome, Proposal, Request};
use towpath_core::record::Signature;
use towpath_core::tracking::Tracking;
use towpath_core::why::Why;
use towpath_engine::contents::{self, Change, Difference};
use towpath_engine::ports::Repository as _;
use towpath_engine::promote::{Loop, View};
use towpath_engine::{locate, release};

use super::Answer;
use super::args::{Global, PlanArgs};
use super::failure::Failure;
use super::print::{BOLD, DIM, GREEN, Printer, RED, YELLOW, styled};
use super::session::{self, Session, release_words};
use super::words::{count, table};

pub(crate) use objects::{Objects, objects};

pub(crate) fn run(global: &Global, args: &PlanArgs, printer: &Printer) -> Result<Answer, Failure> {
    let session = Session::open(global)?;
    let (engine, view) = session.look()?;
    note_unpublished(&session, &view, printer)?;
    let proposal = propose(&engine, &view, args)?;
    let difference = difference(&session, &view, &proposal);
    let objects = objects(&session, &view, &proposal);
    let output = output(&view, &proposal, &difference, objects.as_ref());
    let text = text(&view, &proposal, &difference, objects.as_ref());
    session.save_cache();
    let yes = matches!(proposal.outcome, Outcome::Ready | Outcome::UpToDate | Outcome::Follows);
    Answer::new(yes, text, "Plan", output)
}

/// What a request asks of the planner.
pub(crate) fn request(args: &PlanArgs) -> Result<Request, Failure> {
    Ok(Request {
        to: args.to.as_deref().map(session::version).transpose()?,
        rollback: false,
        allow_downgrade: args.allow_downgrade,
        allow_unknown: args.allow_unknown,
        automatic: false,
    })
}

/// The proposal that the arguments ask for.
pub(crate) fn propose(
    engine: &Loop<'_>,
    view: &View,
    args: &PlanArgs,
) -> Result<Proposal, Failure> {
    let environment = session::environment(view.path(), &args.environment)?;
    let component =
        session::component_in(view.path(), &view.snapshot, environment, args.component.as_deref())?;
    engine
        .plan(view, &environment.name, &component, &request(args)?)?
        .ok_or_else(|| Failure::new(format!("there is no environment {}", args.environment)))
}

/// A plan is made on the trunk as the remote has it; whoever has more at hand should know.
pub(crate) fn note_unpublished(
    session: &Session,
    view: &View,
    printer: &Printer,
) -> Result<(), Failure> {
    let trunk = &view.path().trunk;
    let dirty = session.git()?.dirty()?;
    if !dirty.is_empty() {
        printer.note(&format!(
            "note: {} not committed; the plan is made on {trunk} and does not see {}",
            if dirty.len() == 1 {
                "1 file is".to_owned()
            } else {
                format!("{} files are", dirty.len())
            },
            if dirty.len() == 1 { "it" } else { "them" },
        ));
    }
    Ok(())
}

/// How the environment's content would change; or why that cannot be told.
pub(crate) fn difference(
    session: &Session,
    view: &View,
    proposal: &Proposal,
) -> Result<Difference, String> {
    let Some(candidate) = &proposal.candidate else {
        return Err("no release would enter".to_owned());
    };
    let old = content_now(session, view, proposal)?;
    let new = content_of(session, view, &proposal.component, &candidate.version.clone())?;
    Ok(contents::compare(&old, &new))
}

fn content_now(session: &Session, view: &View, proposal: &Proposal) -> Result<Contents, String> {
    match &proposal.tracking {
        Some(Tracking::Branch(branch)) => {
            let commit = view.snapshot.branches.get(branch);
            let commit = commit.ok_or_else(|| format!("the head of {branch} is not known here"))?;
            content_of_commit(session, view, &proposal.component, commit)
        }
        _ => {
            let has = proposal.has.as_ref().ok_or("what it has now is not known")?;
            content_of(session, view, &proposal.component, has)
        }
    }
}

/// The content of a release: from the registry, else packaged again from its commit.
fn content_of(
    session: &Session,
    view: &View,
    component: &ComponentName,
    version: &towpath_core::version::Version,
) -> Result<Contents, String> {
    let release = view
        .snapshot
        .releases
        .get(component)
        .and_then(|r| r.find(version))
        .ok_or_else(|| format!("{version} is not known"))?;
    let located = view.path().component(component);
    let at = located.and_then(|c| locate::of(c, &view.survey.stated.registries).ok().flatten());
    let mut why = String::from("the registry was not asked");
    if let (Some(registry), Some(at)) = (session.registry(), at) {
        match contents::of_release(registry, &at, release) {
            Ok(contents) => return Ok(contents),
            Err(error) => why = chain(&error),
        }
    }
    match &release.commit {
        Some(commit) => content_of_commit(session, view, component, commit),
        None => Err(why),
    }
}

fn content_of_commit(
    session: &Session,
    view: &View,
    component: &ComponentName,
    commit: &towpath_core::id::CommitId,
) -> Result<Contents, String> {
    let component = view.path().component(component).ok_or("the component is not on the path")?;
    let git = session.git().map_err(|e| e.message().to_owned())?;
    let matcher = release::matcher(&release::patterns(component));
    let mut out = Contents::default();
    let entries = git.entries(commit).map_err(|e| chain(&e))?;
    let kept: Vec<_> = entries
        .into_iter()
        .filter(|e| !matcher.excludes(&e.path.as_str().split('/').collect::<Vec<_>>(), false))
        .collect();
    let names: Vec<String> = kept.iter().map(|e| e.blob.clone()).collect();
    for (entry, bytes) in kept.into_iter().zip(git.blobs(&names).map_err(|e| chain(&e))?) {
        let executable = entry.mode == towpath_engine::ports::FileMode::Executable;
        let mode = if executable { 0o755 } else { 0o644 };
        out.files.insert(entry.path.to_string(), towpath_artifact::Entry { bytes, mode });
    }
    Ok(out)
}

/// The wire form of a plan.
pub(crate) fn output(
    view: &View,
    proposal: &Proposal,
    difference: &Result<Difference, String>,
    objects: Option<&Result<Objects, String>>,
) -> PlanOutput {
    let mut output = PlanOutput::new(proposal, view.snapshot.base.as_ref().map(|c| c.as_str()));
    match difference {
        Ok(difference) => {
            let files = difference
                .files
                .iter()
                .map(|f| FileDiffOutput { path: f.path.clone(), change: file_word(f.kind) });
            let objects = difference.objects.iter().map(|o| ObjectDiffOutput {
                object: o.object.clone(),
                change: o.change.as_str(),
                file: o.file.clone(),
                fields: o.fields.clone(),
            });
            output.files = Some(files.collect());
            output.objects = Some(objects.collect());
        }
        Err(why) => output.contents_unknown = Some(why.clone()),
    }
    match objects {
        Some(Ok(objects)) => output.rendered = Some(objects.output()),
        Some(Err(why)) => output.rendered_unknown = Some(why.clone()),
        None => {}
    }
    output
}

/// `added`, `removed`, `changed` or `mode`.
pub(crate) fn file_word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Removed => "removed",
        ChangeKind::Modified => "changed",
        ChangeKind::Mode => "mode",
    }
}

/// A plan for people.
pub(crate) fn text(
    view: &View,
    proposal: &Proposal,
    difference: &Result<Difference, String>,
    objects: Option<&Result<Objects, String>>,
) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", headline(proposal));
    let tracking = proposal.tracking.as_ref().map_or("nothing".to_owned(), ToString::to_string);
    let exact = matches!(proposal.tracking, Some(Tracking::Exact(_)));
    let has = proposal.has.as_ref().filter(|_| !exact);
    let has = has.map(|v| format!(", which means {v}")).unwrap_or_default();
    let _ = writeln!(out, "  tracks     {tracking}{has}");
    if let Some(candidate) = &proposal.candidate {
        let _ = writeln!(out, "  candidate  {}", release_words(candidate));
    }
    if let Some(newest) = &proposal.newest {
        let _ = writeln!(out, "  newest     {}", release_words(newest));
    }
    if let Some(base) = &view.snapshot.base {
        let _ = writeln!(out, "  based on   {} {}", view.path().trunk, base.short());
    }
    if let Some(hash) = &proposal.hash {
        let _ = writeln!(out, "  plan       {}", styled(BOLD, hash.short()));
    }
    for edit in &proposal.edits {
        let _ = writeln!(out, "\n{}:{}", edit.file, edit.line);
        let _ = writeln!(out, "  {}", styled(RED, format!("- {}", edit.old)));
        let _ = writeln!(out, "  {}", styled(GREEN, format!("+ {}", edit.new)));
    }
    if !proposal.edits.is_empty() {
        changes(&mut out, difference);
    }
    match objects {
        Some(Ok(objects)) => objects.write(&mut out),
        Some(Err(why)) => {
            let _ = writeln!(out, "\nThe clusters cannot be rendered: {why}");
        }
        None => {}
    }
    gates(&mut out, proposal);
    if let Some(mover) = moved_by(proposal) {
        let _ = writeln!(out, "\n{mover}");
    }
    reasons(&mut out, proposal);
    out
}

/// What moves an environment that no promotion moves.
fn moved_by(proposal: &Proposal) -> Option<Why> {
    if proposal.outcome != Outcome::Follows {
        return None;
    }
    match proposal.tracking.as_ref()? {
        Tracking::Branch(branch) => Some(Why::FollowsBranch { branch: branch.clone() }),
        Tracking::Semver(range) => Some(Why::FollowsRange { range: range.clone() }),
        Tracking::Exact(_) => None,
    }
}

fn headline(proposal: &Proposal) -> String {
    let (environment, component) = (&proposal.environment, &proposal.component);
    let to = proposal.candidate.as_ref().map(|r| r.version.to_string()).unwrap_or_default();
    match proposal.outcome {
        Outcome::UpToDate => {
            styled(GREEN, format!("{environment} is on exactly {to} of {component}"))
        }
        Outcome::Follows => {
            format!("{environment} follows {component} by itself; nothing to promote")
        }
        Outcome::Ready => styled(GREEN, format!("{component} {to} can enter {environment}")),
        Outcome::Waiting if to.is_empty() => {
            styled(YELLOW, format!("no release of {component} can enter {environment} yet"))
        }
        Outcome::Waiting => styled(YELLOW, format!("{component} {to} waits before {environment}")),
        Outcome::Refused => styled(RED, format!("refused for {component} in {environment}")),
    }
}

fn changes(out: &mut String, difference: &Result<Difference, String>) {
    let difference = match difference {
        Ok(difference) => difference,
        Err(why) => {
            let _ = writeln!(out, "\nWhat would change inside cannot be told: {why}");
            return;
        }
    };
    if difference.files.is_empty() {
        out.push_str("\nThe content is the same.\n");
        return;
    }
    let _ = writeln!(
        out,
        "\n{}, {}",
        count(difference.files.len(), "changed file"),
        count(difference.objects.len(), "changed object")
    );
    for object in &difference.objects {
        let (style, sign) = match object.change {
            Change::Added => (GREEN, '+'),
            Change::Removed => (RED, '-'),
            Change::Changed => (YELLOW, '~'),
        };
        let _ = writeln!(
            out,
            "  {} {}",
            styled(style, format!("{sign} {}", object.object)),
            styled(DIM, &object.file)
        );
        for field in &object.fields {
            let _ = writeln!(out, "      {field}");
        }
    }
    for path in &difference.opaque {
        let _ = writeln!(out, "  ~ {path} {}", styled(DIM, "(not Kubernetes objects)"));
    }
}

/// The gates, each with its verdict, why, how old that is, and when it can open.
pub(crate) fn gates(out: &mut String, proposal: &Proposal) {
    if proposal.gates.is_empty() {
        return;
    }
    out.push('\n');
    let rows = proposal
        .gates
        .iter()
        .map(|gate| {
            let output = towpath_api::output::GateOutput::from(gate);
            let style = match (gate.passes(), gate.word()) {
                (true, _) => GREEN,
                (false, "waiting") => YELLOW,
                _ => RED,
            };
            let mut because = output.because;
            // A reason that says the time itself need not say it twice.
            if let Some(as_of) = output.as_of.filter(|at| !because.contains(at.as_str())) {
                because = format!("{because}; known since {as_of}");
            }
            if let Some(opens) = output.opens_at.filter(|at| !because.contains(at.as_str())) {
                because = format!("{because}; opens {opens} at the earliest");
            }
            if let Some(overridden) = output.overridden {
                because = format!("{because}; overridden by {overridden}");
            }
            vec![gate.gate.to_string(), styled(style, gate.word()), because]
        })
        .collect();
    out.push_str(&table(&["gate", "", "because"], rows));
    for gate in &proposal.gates {
        approvals(out, gate);
    }
}

/// Whether a gate before the plan asks for signed approvals.
pub(crate) fn wants_signatures(proposal: &Proposal) -> bool {
    proposal.gates.iter().any(|g| matches!(g.inputs, Inputs::Approval { signed: true, .. }))
}

/// Who approved, and whether it is signed; where nobody looked at signatures, the gate's reason says enough.
pub(crate) fn approvals(out: &mut String, gate: &Judged) {
    let Inputs::Approval { given, .. } = &gate.inputs else { return };
    for (given, words) in given.iter().filter_map(|given| Some((given, given.signature.words()?))) {
        let style = if matches!(given.signature, Signature::Good { .. }) { GREEN } else { YELLOW };
        let _ = writeln!(out, "  approval of {}: {}", given.by, styled(style, words));
    }
}

/// The reasons that the gates do not show already, and what can be done.
pub(crate) fn reasons(out: &mut String, proposal: &Proposal) {
    let shown: Vec<_> = proposal.gates.iter().filter_map(|g| g.why()).collect();
    let others: Vec<_> = proposal.waiting.iter().filter(|w| !shown.contains(w)).collect();
    if !others.is_empty() {
        out.push('\n');
    }
    for why in others {
        let _ = writeln!(out, "{why}");
    }
    let mut hints: Vec<String> =
        proposal.waiting.iter().filter_map(|why| hint(proposal, why)).collect();
    hints.dedup();
    if !hints.is_empty() {
        out.push('\n');
    }
    for hint in hints {
        let _ = writeln!(out, "next: {}", styled(BOLD, hint));
    }
}

/// What to do about a reason. A version that is both unknown and a downgrade needs both words at once.
fn hint(proposal: &Proposal, why: &Why) -> Option<String> {
    let hint = proposal.hint(why)?;
    match why {
        Why::UnknownVersion { version } if proposal.has.as_ref().is_some_and(|v| version < v) => {
            Some(format!("{hint} --allow-downgrade"))
        }
        Why::Approvals { .. } if wants_signatures(proposal) => Some(format!("{hint} --sign")),
        _ => Some(hint),
    }
}
