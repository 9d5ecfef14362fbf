//! `towpath promote`, `rollback`, `approve` and `override`: the commands that move an environment, and
//! those that let it be moved.

use std::fmt::Write as _;
use std::time::Duration;

use towpath_api::output::{ActOutput, RecordedOutput, SignatureOutput};
use towpath_api::path_file::duration;
use towpath_api::record::RecordFile;
use towpath_core::action::Outcome as ActOutcome;
use towpath_core::gate::{Inputs, can_override};
use towpath_core::id::BranchName;
use towpath_core::path::Path as ChangePath;
use towpath_core::plan::{Outcome, Proposal, Request};
use towpath_core::record::{Event, History, Signature};
use towpath_core::rollout::Followed;
use towpath_engine::act::Target;
use towpath_engine::ledger::{self, Entry};
use towpath_engine::ports::Repository as _;
use towpath_engine::promote::Promoted;

use super::args::{
    ApproveArgs, Global, OutputFormat, OverrideArgs, PlanArgs, PromoteArgs, RollbackArgs,
};
use super::failure::Failure;
use super::plan::{self, wants_signatures};
use super::print::{GREEN, Printer, RED, YELLOW, styled};
use super::session::{self, Session};
use super::{Answer, exit, run};

pub(crate) fn promote(global: &Global, args: &PromoteArgs) -> Result<Answer, Failure> {
    Ok(carry_out(global, &wanted(args)?)?.0)
}

fn wanted(args: &PromoteArgs) -> Result<Wanted<'_>, Failure> {
    Ok(Wanted {
        environment: &args.plan.environment,
        component: args.plan.component.as_deref(),
        branch: args.branch.as_deref(),
        request: plan::request(&args.plan)?,
    })
}

/// Promotes, and stays with what was promoted, or with what is on its way already. Where nothing is on its way, the
/// plan is the answer as without it: a promotion that has not begun cannot be followed.
pub(crate) fn promote_and_follow(
    global: &Global,
    args: &PromoteArgs,
    printer: &Printer,
) -> Result<u8, Failure> {
    if args.follow.interval < Duration::from_secs(1) {
        return Err(Failure::new("--interval must be at least one second"));
    }
    let wanted = wanted(args)?;
    let (answer, promoted) = carry_out(global, &wanted)?;
    let on_its_way = underway(global, &promoted)?;
    if on_its_way.is_none() || global.output != OutputFormat::Json {
        printer.answer(&answer, global.output)?;
    }
    match on_its_way {
        Some(followed) => {
            let begun = (followed, &promoted);
            run::follow(global, &args.follow, begun, &wanted.request, printer)
        }
        None => Ok(if answer.yes { exit::YES } else { exit::NO }),
    }
}

/// The promotion of this very release, as the ledger has it now.
fn underway(global: &Global, promoted: &Promoted) -> Result<Option<Followed>, Failure> {
    let Some(release) = &promoted.proposal.candidate else { return Ok(None) };
    let session = Session::open(global)?;
    let (_, view) = session.look()?;
    let Some(environment) = view.path().environment(&promoted.proposal.environment) else {
        return Ok(None);
    };
    let followed = Followed::last(&view.snapshot, environment, &promoted.proposal.component);
    let followed = followed.filter(|followed| followed.version == release.version);
    // Of one that has ended there is an answer at once, unless somebody wants to try it again and may not yet.
    Ok(followed.filter(|followed| {
        promoted.outcome.is_some() || followed.standing(&view.snapshot, environment).end.is_none()
    }))
}

pub(crate) fn rollback(global: &Global, args: &RollbackArgs) -> Result<Answer, Failure> {
    let wanted = Wanted {
        environment: &args.environment,
        component: args.component.as_deref(),
        branch: args.branch.as_deref(),
        request: Request {
            to: args.to.as_deref().map(session::version).transpose()?,
            rollback: true,
            ..Request::default()
        },
    };
    Ok(carry_out(global, &wanted)?.0)
}

struct Wanted<'a> {
    environment: &'a str,
    component: Option<&'a str>,
    branch: Option<&'a str>,
    request: Request,
}

fn carry_out(global: &Global, wanted: &Wanted<'_>) -> Result<(Answer, Promoted), Failure> {
    let session = Session::open(global)?;
    let (engine, view) = session.look()?;
    session.refuse_unpublished(&view.path().trunk)?;
    let environment = session::environment(view.path(), wanted.environment)?;
    let component =
        session::component_in(view.path(), &view.snapshot, environment, wanted.component)?;
    let target = match wanted.branch {
        Some(name) => Target::Branch(branch_for_review(view.path(), name)?),
        None => Target::Trunk,
    };
    let promoted = engine
        .promote(&environment.name, &component, &wanted.request, &target)?
        .ok_or_else(|| Failure::new(format!("there is no environment {}", wanted.environment)))?;
    let difference = plan::difference(&session, &view, &promoted.proposal);
    let objects = plan::objects(&session, &view, &promoted.proposal);
    let output = plan::output(&view, &promoted.proposal, &difference, objects.as_ref());
    let mut text = String::new();
    let yes = match &promoted.outcome {
        Some(outcome) => said(&mut text, &promoted, outcome, &target),
        None => {
            let proposal = &promoted.proposal;
            text.push_str(&plan::text(&view, proposal, &difference, objects.as_ref()));
            false
        }
    };
    session.save_cache();
    let answer = match &promoted.outcome {
        Some(outcome) => {
            let branch = promoted.branch.as_ref().map(ToString::to_string);
            let record = promoted.record.as_ref().map(|e| e.commit.to_string());
            let output = ActOutput::new(outcome, output, branch.as_deref(), record.as_deref());
            let answer = Answer::new(yes, text, "Promote", output)?;
            match (outcome, &target) {
                (ActOutcome::Done { .. }, Target::Trunk) => answer.next(format!(
                    "the clusters of {} take it at their next reconciliation",
                    environment.name
                )),
                (ActOutcome::Done { .. }, Target::Branch(branch)) => answer
                    .next(format!("open a pull request from {branch} to {}", view.path().trunk)),
                _ => answer,
            }
        }
        None => Answer::new(yes, text, "Plan", output)?,
    };
    Ok((answer, promoted))
}

/// The branch of a pull request: any but those that Towpath writes itself.
fn branch_for_review(path: &ChangePath, name: &str) -> Result<BranchName, Failure> {
    let branch = BranchName::parse(name)?;
    if branch == path.trunk {
        return Err(Failure::new(format!(
            "{branch} is the trunk, not a branch for a pull request"
        ))
        .hint("leave --branch out to promote on the trunk"));
    }
    if branch == ledger::branch() {
        return Err(Failure::new(format!("{branch} is the ledger's branch"))
            .hint("name another branch, such as promote-0.0.8"));
    }
    Ok(branch)
}

/// Says what came of it. Whether that is a yes.
fn said(out: &mut String, promoted: &Promoted, outcome: &ActOutcome, target: &Target) -> bool {
    let proposal = &promoted.proposal;
    let (environment, component) = (&proposal.environment, &proposal.component);
    let version = proposal.candidate.as_ref().map(|r| r.version.to_string()).unwrap_or_default();
    match outcome {
        ActOutcome::Done { commit } => {
            let what = match target {
                Target::Trunk => {
                    format!("{environment} is now on exactly {version} of {component}")
                }
                Target::Branch(branch) => {
                    format!("{branch} moves {environment} to exactly {version} of {component}")
                }
            };
            let _ = writeln!(out, "{}", styled(GREEN, what));
            for edit in &proposal.edits {
                let _ =
                    writeln!(out, "  {}:{}  {} -> {}", edit.file, edit.line, edit.old, edit.new);
            }
            let branch = promoted.branch.as_ref().map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(out, "  commit {} on {branch}", commit.short());
            if let Some(entry) = &promoted.record {
                let _ = writeln!(out, "  record {} in the ledger", entry.commit.short());
            }
            true
        }
        ActOutcome::AlreadyDone => {
            let what = match target {
                Target::Branch(branch) if promoted.branch.is_some() => {
                    format!(
                        "{branch} already moves {environment} to exactly {version} of {component}"
                    )
                }
                _ => format!("{environment} is already on exactly {version} of {component}"),
            };
            let _ = writeln!(out, "{what}");
            if let Some(entry) = &promoted.record {
                let _ = writeln!(out, "  record {} in the ledger", entry.commit.short());
            }
            true
        }
        ActOutcome::Stale { found } => {
            let at =
                found.as_ref().map(|c| format!(" (it is at {})", c.short())).unwrap_or_default();
            let what = match target {
                Target::Trunk => {
                    format!("the trunk moved and the plan is not the same any more{at}")
                }
                Target::Branch(branch) => format!("branch {branch} is already there{at}"),
            };
            let _ = writeln!(out, "{}", styled(YELLOW, what));
            let _ =
                writeln!(out, "nothing was changed; look at `towpath plan {environment}` again");
            false
        }
    }
}

pub(crate) fn approve(global: &Global, args: &ApproveArgs) -> Result<Answer, Failure> {
    let (session, proposal, history) =
        planned(global, &args.environment, args.component.as_deref(), args.to.as_deref())?;
    let hash = proposal.hash.clone().ok_or_else(|| nothing_planned(&proposal))?;
    if args.hash.len() < 8 {
        return Err(Failure::new(format!("{:?} is too short for a plan's hash", args.hash)).hint(
            format!("`towpath plan {}` prints it; give at least eight digits", args.environment),
        ));
    }
    if !hash.begins_with(&args.hash) {
        return Err(Failure::new(format!(
            "the plan for {} is {}, not {}",
            args.environment,
            hash.short(),
            args.hash
        ))
        .hint(format!(
            "the plan has changed since: look at `towpath plan {}` before approving it",
            args.environment
        )));
    }
    let version = candidate_version(&proposal)?;
    let git = session.git_signing(args.sign)?;
    let me = git.user()?.to_string();
    let event = Event::Approved {
        environment: proposal.environment.clone(),
        component: proposal.component.clone(),
        version: version.clone(),
        plan: hash.clone(),
    };
    // An approval from before a rollback does not count any more, so it does not stand in the way either.
    // Nor does one without a signature where one is wanted.
    let wanted = args.sign || wants_signatures(&proposal);
    let is_good = |signature: &Signature| matches!(signature, Signature::Good { .. });
    let counts = history.approvers(&hash).contains(&me.as_str())
        && (!wanted || own_signatures(&proposal, &me).any(is_good));
    let (entry, new) = ledger::append_unless(&git, session.now, event, |record| {
        let same = matches!(&record.event, Event::Approved { plan, .. } if *plan == hash);
        counts && record.by == me && same
    })?;
    let mut text = String::new();
    let verb = if new { "approved" } else { "already approved" };
    let what = format!("{verb}: {} {version} into {}", proposal.component, proposal.environment);
    let _ = writeln!(text, "{}", styled(GREEN, what));
    let _ = writeln!(text, "  plan   {}", hash.short());
    let _ = writeln!(text, "  by     {}", entry.record.by);
    let _ = writeln!(text, "  record {} in the ledger", entry.commit.short());
    let request = (args.component.as_deref(), args.to.as_deref());
    let (_, now, _) = planned(global, &args.environment, request.0, request.1)?;
    let signature = own_signatures(&now, &me).last().cloned().unwrap_or(Signature::NotChecked);
    if let Some(words) = signature.words() {
        let _ = writeln!(text, "  {words}");
    }
    let gate = now.gates.iter().find(|gate| gate.gate.as_str() == "approval" && !gate.passes());
    let why = gate.and_then(|gate| gate.why());
    if let Some(why) = why {
        let _ = writeln!(text, "{}", styled(YELLOW, format!("  but    {why}")));
    }
    let answer = recorded_and_signed(text, &entry, &signature)?;
    Ok(match why {
        None => answer.next(format!("towpath promote {}", proposal.environment)),
        Some(_) if wants_signatures(&now) && signature == Signature::Missing => {
            let (environment, hash) = (&proposal.environment, hash.short());
            answer.next(format!("towpath approve {environment} {hash} --sign"))
        }
        Some(_) => answer,
    })
}

/// Whether the gate passes now that its override is recorded.
fn passes(global: &Global, args: &OverrideArgs) -> Result<bool, Failure> {
    let request = (args.component.as_deref(), args.to.as_deref());
    let (_, now, _) = planned(global, &args.environment, request.0, request.1)?;
    Ok(now.gates.iter().any(|gate| gate.gate.as_str() == args.gate && gate.passes()))
}

/// The signatures of somebody's own approvals of the plan, oldest first.
fn own_signatures<'a>(proposal: &'a Proposal, me: &'a str) -> impl Iterator<Item = &'a Signature> {
    let given = proposal.gates.iter().filter_map(|gate| match &gate.inputs {
        Inputs::Approval { given, .. } => Some(given),
        _ => None,
    });
    given.flatten().filter(move |given| given.by == me).map(|given| &given.signature)
}

pub(crate) fn override_gate(global: &Global, args: &OverrideArgs) -> Result<Answer, Failure> {
    if args.reason.trim().is_empty() {
        return Err(
            Failure::new("an override needs a reason").hint("--reason \"why this is right\"")
        );
    }
    let lasts = duration(&args.duration).map_err(Failure::new)?;
    if lasts.is_zero() {
        return Err(Failure::new("an override of no duration lets nothing pass")
            .hint("say how long it counts, for example --for 1h"));
    }
    let (session, proposal, _) =
        planned(global, &args.environment, args.component.as_deref(), args.to.as_deref())?;
    let hash = proposal.hash.clone().ok_or_else(|| nothing_planned(&proposal))?;
    let Some(gate) = proposal.gates.iter().find(|g| g.gate.as_str() == args.gate) else {
        let names: Vec<_> = proposal.gates.iter().map(|g| g.gate.as_str()).collect();
        return Err(Failure::new(format!("{} has no gate {}", args.environment, args.gate))
            .hint(format!("its gates are {}", super::words::list(&names))));
    };
    if !can_override(&gate.gate) {
        return Err(Failure::new(format!("gate {} cannot be overridden", gate.gate))
            .hint("neither content that is in doubt, nor findings of severity error, nor a freeze pass by a person's word"));
    }
    if gate.passes() {
        return Err(Failure::new(format!("gate {} passes already", gate.gate)));
    }
    let expires = session.now.checked_add(lasts)?;
    let event = Event::Overridden {
        environment: proposal.environment.clone(),
        component: proposal.component.clone(),
        gate: args.gate.clone(),
        plan: hash.clone(),
        reason: args.reason.trim().to_owned(),
        expires,
    };
    let entry = ledger::append(&session.git_signing(args.sign)?, session.now, event)?;
    let mut text = String::new();
    if matches!(gate.inputs, Inputs::Approval { signed: true, .. }) && !passes(global, args)? {
        let what = format!("gate {} of {} does not pass all the same", args.gate, args.environment);
        let _ = writeln!(text, "{}", styled(YELLOW, what));
        let _ = writeln!(text, "  record {} in the ledger", entry.commit.short());
        let _ =
            writeln!(text, "  but    the gate asks for signatures, and this has none that counts");
        return recorded(text, &entry);
    }
    let what = format!("gate {} of {} is overridden until {expires}", args.gate, args.environment);
    let _ = writeln!(text, "{}", styled(RED, what));
    let _ = writeln!(text, "  plan   {}", hash.short());
    let _ = writeln!(text, "  by     {}", entry.record.by);
    let _ = writeln!(text, "  reason {}", args.reason.trim());
    let _ = writeln!(text, "  record {} in the ledger", entry.commit.short());
    Ok(recorded(text, &entry)?.next(format!("towpath promote {}", args.environment)))
}

pub(crate) fn recorded(text: String, entry: &Entry) -> Result<Answer, Failure> {
    recorded_and_signed(text, entry, &Signature::NotChecked)
}

fn recorded_and_signed(
    text: String,
    entry: &Entry,
    signature: &Signature,
) -> Result<Answer, Failure> {
    let output = RecordedOutput {
        commit: entry.commit.to_string(),
        record: RecordFile::from(&entry.record),
        signature: SignatureOutput::of(signature),
    };
    Answer::new(true, text, "Recorded", output)
}

/// The plan that a hash is compared with.
fn planned(
    global: &Global,
    environment: &str,
    component: Option<&str>,
    to: Option<&str>,
) -> Result<(Session, Proposal, History), Failure> {
    let session = Session::open(global)?;
    let (engine, view) = session.look()?;
    let args = PlanArgs {
        environment: environment.to_owned(),
        component: component.map(str::to_owned),
        to: to.map(str::to_owned),
        allow_downgrade: to.is_some(),
        allow_unknown: to.is_some(),
    };
    let proposal = plan::propose(&engine, &view, &args)?;
    let history = view.snapshot.history;
    Ok((session, proposal, history))
}

fn nothing_planned(proposal: &Proposal) -> Failure {
    let environment = &proposal.environment;
    let failure = Failure::new(match proposal.outcome {
        Outcome::UpToDate => format!("{environment} is up to date: there is no plan"),
        Outcome::Follows => format!("{environment} moves by itself: there is no plan"),
        _ => format!("no release can enter {environment} now: there is no plan"),
    });
    failure.hint(format!("`towpath explain {environment}` says why"))
}

fn candidate_version(proposal: &Proposal) -> Result<towpath_core::version::Version, Failure> {
    proposal.candidate.as_ref().map(|r| r.version.clone()).ok_or_else(|| nothing_planned(proposal))
}
