//! `towpath sandbox`: create, list, promote and delete disposable clones of environments.

use std::fmt::Write as _;

use towpath_api::output::{
    SandboxCreateOutput, SandboxDeleteOutput, SandboxListOutput, SandboxPromoteOutput, SandboxRow,
    TeardownStep,
};
use towpath_api::path_file::duration;
use towpath_core::id::{BranchName, ClusterName, CommitId, EnvironmentName, Folder};
use towpath_core::record::{History, Sandbox};
use towpath_discovery::facts::{Detail, SourceKind};
use towpath_engine::ledger;
use towpath_engine::ports::{NewCommit, Repository as _};
use towpath_engine::promote::View;
use towpath_engine::sandbox::create::{self, Ask, Create, Moment, Trunk};
use towpath_engine::sandbox::{delete, list, live, pins, promote, teardown};
use towpath_engine::survey::{read_commit, survey};

use super::Answer;
use super::args::{
    Global, SandboxArgs, SandboxCommand, SandboxCreateArgs, SandboxDeleteArgs, SandboxPromoteArgs,
};
use super::failure::Failure;
use super::print::{BOLD, DIM, GREEN, RED, YELLOW, styled};
use super::session::Session;
use super::words::{self, count, span, table};

pub(crate) fn run(global: &Global, args: &SandboxArgs) -> Result<Answer, Failure> {
    let session = Session::open(global)?;
    match &args.command {
        SandboxCommand::Create(args) => create(&session, args),
        SandboxCommand::List => show(&session),
        SandboxCommand::Promote(args) => carry_on(&session, args),
        SandboxCommand::Delete(args) => close(&session, args),
    }
}

fn create(session: &Session, args: &SandboxCreateArgs) -> Result<Answer, Failure> {
    let lasts = duration(&args.duration).map_err(Failure::new)?;
    let asked = Create {
        name: EnvironmentName::parse(&args.name)?,
        from: EnvironmentName::parse(&args.from)?,
        cluster: args.cluster.as_deref().map(ClusterName::parse).transpose()?,
        ticket: args.ticket.clone(),
        summary: args.summary.clone(),
        expires: session.now.checked_add(lasts)?,
        context: args.context.clone(),
        pin: args.pin,
    };
    let (_, view) = session.look()?;
    let base = view.snapshot.base.clone().ok_or_else(|| Failure::new("the trunk has no commit"))?;
    let trunk = Trunk {
        tip: &base,
        inventory: &view.survey.inventory,
        resolved: &view.survey.resolved,
        history: &view.snapshot.history,
    };
    let git = session.git()?;
    let plan = create::plan(git, trunk, &asked, &|ask| moment(&view, ask))?;
    let created = create::carry_out(git, session.now, &plan)?;
    let sandbox = &created.sandbox;

    let mut text = String::new();
    let what =
        format!("sandbox {} of {} is on branch {}", sandbox.name, sandbox.from, sandbox.branch);
    let _ = writeln!(text, "{}", styled(GREEN, what));
    let _ = writeln!(text, "  folder  {}, cloned from {}", sandbox.folder, plan.origin);
    let _ = writeln!(text, "  commit  {}", sandbox.commit.short());
    let _ = writeln!(
        text,
        "  expires {} (in {})",
        sandbox.expires.strftime("%Y-%m-%d %H:%M UTC"),
        span(session.now, sandbox.expires)
    );
    for change in &plan.changes {
        let _ = writeln!(text, "  changed {change}");
    }
    for kept in &plan.kept {
        let _ = writeln!(text, "  {}", styled(DIM, format!("kept    {kept}")));
    }
    let output = SandboxCreateOutput {
        name: sandbox.name.to_string(),
        from: sandbox.from.to_string(),
        branch: sandbox.branch.to_string(),
        path: sandbox.folder.clone(),
        commit: sandbox.commit.to_string(),
        expires: sandbox.expires.to_string(),
        changes: plan.changes.iter().map(ToString::to_string).collect(),
        kept: plan.kept.iter().map(ToString::to_string).collect(),
    };
    let next = format!(
        "git switch {}, make the change, push it; then towpath sandbox promote {}",
        sandbox.branch, sandbox.name
    );
    Ok(Answer::new(true, text, "SandboxCreate", output)?.next(next))
}

/// What a source gives at this moment, as the snapshot has it.
fn moment(view: &View, ask: &Ask<'_>) -> Option<Moment> {
    let pin = view.snapshot.pins.iter().find(|pin| {
        pin.at.file == *ask.placed.file && *pin.object == ask.placed.object.reference()
    })?;
    let desired = view.snapshot.desired(&pin.component, &pin.tracking);
    match &ask.placed.object.detail {
        Detail::Source(source) => match (source.kind, desired.revision?) {
            (SourceKind::OciRepository, towpath_core::release::Revision::Oci { digest, .. }) => {
                Some(Moment::Digest(digest))
            }
            (SourceKind::GitRepository, towpath_core::release::Revision::Git { commit, .. }) => {
                Some(Moment::Commit(commit))
            }
            _ => None,
        },
        Detail::HelmRelease(_) => desired.version.map(|v| Moment::Version(v.original().to_owned())),
        _ => None,
    }
}

fn show(session: &Session) -> Result<Answer, Failure> {
    session.fetch()?;
    let git = session.git()?;
    let history = ledger::fold(&ledger::read(git)?);
    let rows = list::list(git, &session.trunk()?, &history, session.now)?;
    let text = if rows.is_empty() {
        "there are no sandboxes\n".to_owned()
    } else {
        let heads =
            ["sandbox", "owner", "from", "branch", "age", "expires", "ahead", "behind", "diverged"];
        table(&heads, rows.iter().map(|row| shown(session, row)).collect())
    };
    let sandboxes = rows
        .iter()
        .map(|row| {
            let stands = row.stands.as_ref();
            SandboxRow {
                name: row.sandbox.name.to_string(),
                owner: row.owner.clone(),
                from: row.sandbox.from.to_string(),
                branch: row.sandbox.branch.to_string(),
                created: row.created.to_string(),
                expires: row.sandbox.expires.to_string(),
                expired: row.expired,
                ticket: row.sandbox.ticket.clone(),
                summary: row.sandbox.summary.clone(),
                ahead: stands.map(|s| s.ahead),
                behind: stands.map(|s| s.behind),
                diverged: stands
                    .map(|s| s.diverged.iter().map(ToString::to_string).collect())
                    .unwrap_or_default(),
            }
        })
        .collect();
    session.save_cache();
    Answer::new(true, text, "SandboxList", SandboxListOutput { sandboxes })
}

fn shown(session: &Session, row: &list::Row) -> Vec<String> {
    let expires = if row.expired {
        styled(RED, format!("{} ago", span(row.sandbox.expires, session.now)))
    } else {
        format!("in {}", span(session.now, row.sandbox.expires))
    };
    let (ahead, behind, diverged) = match &row.stands {
        Some(s) => {
            let files = if s.diverged.is_empty() {
                "no".to_owned()
            } else {
                count(s.diverged.len(), "file")
            };
            (s.ahead.to_string(), s.behind.to_string(), files)
        }
        None => ("-".to_owned(), "-".to_owned(), styled(YELLOW, "branch is gone")),
    };
    vec![
        styled(BOLD, &row.sandbox.name),
        row.owner.split(" <").next().unwrap_or_default().to_owned(),
        row.sandbox.from.to_string(),
        row.sandbox.branch.to_string(),
        span(row.created, session.now),
        expires,
        ahead,
        behind,
        diverged,
    ]
}

/// The sandbox of a name, as the ledger has it.
fn recorded(history: &History, name: &str) -> Result<Sandbox, Failure> {
    let parsed = EnvironmentName::parse(name)?;
    match live(history, &parsed) {
        Some((_, sandbox)) => Ok(sandbox.clone()),
        None => {
            let known: Vec<_> =
                history.sandboxes().iter().map(|(_, s)| s.name.to_string()).collect();
            let failure = Failure::new(format!("there is no sandbox {name}"));
            Err(if known.is_empty() {
                failure.hint("there are no sandboxes; `towpath sandbox create` makes one")
            } else {
                failure.hint(format!("there is {}", words::list(&known)))
            })
        }
    }
}

fn carry_on(session: &Session, args: &SandboxPromoteArgs) -> Result<Answer, Failure> {
    session.fetch()?;
    let git = session.git()?;
    let trunk = session.trunk()?;
    session.refuse_unpublished(&trunk)?;
    let history = ledger::fold(&ledger::read(git)?);
    let sandbox = recorded(&history, &args.name)?;
    if let (Some(local), Some(tip)) = (git.local_tip(&sandbox.branch)?, git.tip(&sandbox.branch)?)
        && local != tip
        && !git.is_ancestor(&local, &tip)?
    {
        let message =
            format!("the local {} has commits that the remote does not have", sandbox.branch);
        return Err(Failure::new(message).hint("push them first; nothing was changed"));
    }
    let plan = promote::plan(git, &trunk, &sandbox)?;
    refuse_moved_pins(session, &plan)?;
    let to = if args.merge { promote::To::Trunk } else { promote::To::PullRequest };
    let promoted = promote::carry_out(git, &sandbox, plan, to)?;

    let mut text = String::new();
    let verb = match (promoted.already, promoted.merged) {
        (true, _) => "is already on",
        (false, true) => "is merged to",
        (false, false) => "is ready on",
    };
    let what = format!("the change of {} {verb} {}", sandbox.name, promoted.branch);
    let _ = writeln!(text, "{}", styled(GREEN, what));
    let _ = writeln!(text, "  commit {}", promoted.commit.short());
    for file in &promoted.plan.files {
        let _ = writeln!(text, "  {file}");
    }
    for left_out in &promoted.plan.left_out {
        let _ = writeln!(text, "  {}", styled(DIM, format!("left out {left_out}")));
    }
    for mention in &promoted.plan.mentions {
        let note = format!("{mention} still names the sandbox's branch or folder: look at it");
        let _ = writeln!(text, "  {}", styled(YELLOW, note));
    }
    let output = SandboxPromoteOutput {
        name: sandbox.name.to_string(),
        branch: promoted.branch.to_string(),
        commit: promoted.commit.to_string(),
        merged: promoted.merged,
        files: promoted.plan.files.iter().map(ToString::to_string).collect(),
        left_out: promoted.plan.left_out.iter().map(ToString::to_string).collect(),
    };
    session.save_cache();
    let answer = Answer::new(true, text, "SandboxPromote", output)?;
    if promoted.merged {
        return Ok(answer);
    }
    Ok(answer.next(format!("open a pull request from {} to {trunk}", promoted.branch)))
}

/// A change that would move a promoted environment passes no gate, so it does not go this way.
fn refuse_moved_pins(session: &Session, plan: &promote::PromotePlan) -> Result<(), Failure> {
    let git = session.git()?;
    let merged = git.write(&NewCommit {
        parents: vec![plan.onto.clone()],
        base: Some(plan.onto.clone()),
        changes: plan.changes.clone(),
        message: plan.message.clone(),
    })?;
    let look =
        |commit| -> Result<_, Failure> { Ok(survey(read_commit(git, commit, &session.cache)?)?) };
    let moved = pins::moved(&look(&plan.onto)?, &look(&merged)?);
    let Some(first) = moved.first() else { return Ok(()) };
    Err(Failure::new(format!(
        "the change moves {} of {} from {} to {} at {}, past every gate",
        first.component, first.environment, first.from, first.to, first.at
    ))
    .hint(format!(
        "take that edit off the branch; a release enters with `towpath promote {}`",
        first.environment
    )))
}

fn close(session: &Session, args: &SandboxDeleteArgs) -> Result<Answer, Failure> {
    session.fetch()?;
    let git = session.git()?;
    let trunk = session.trunk()?;
    let history = ledger::fold(&ledger::read(git)?);
    let name = EnvironmentName::parse(&args.name)?;
    let steps = match live(&history, &name) {
        Some((_, sandbox)) => steps(session, &trunk, sandbox)?,
        None => Vec::new(),
    };
    let mut text = String::new();
    let mut output = SandboxDeleteOutput {
        name: name.to_string(),
        branch: String::new(),
        dry_run: args.dry_run,
        teardown: steps.iter().map(step).collect(),
        record: None,
    };
    if args.dry_run {
        let sandbox = recorded(&history, &args.name)?;
        output.branch = sandbox.branch.to_string();
        let _ = writeln!(text, "{}", styled(BOLD, format!("the teardown of {name}, in order")));
        order(&mut text, &steps);
        let _ = writeln!(text, "then the branch {} is deleted; nothing was done", sandbox.branch);
        session.save_cache();
        return Answer::new(true, text, "SandboxDelete", output);
    }
    let options = delete::Options { proof: args.emptied.clone(), force: args.force };
    let plan = delete::plan(git, &trunk, &history, &name, &options)?;
    leave(session, &plan.sandbox.branch)?;
    let deleted = delete::carry_out(git, session.now, &plan)?;
    output.branch = plan.sandbox.branch.to_string();
    output.record = deleted.ledger.as_ref().map(CommitId::to_string);
    let what = if deleted.already {
        format!("sandbox {name} is already deleted")
    } else {
        format!("sandbox {name} and its branch {} are deleted", plan.sandbox.branch)
    };
    let _ = writeln!(text, "{}", styled(GREEN, what));
    if let Some(head) = &deleted.head {
        let _ = writeln!(
            text,
            "  the branch was at {head}; `git branch {} {head}` brings it back",
            plan.sandbox.branch
        );
    }
    if let Some(removed) = &deleted.removed {
        let _ = writeln!(text, "  commit {} removed its folder from {trunk}", removed.short());
    }
    if let Some(record) = &deleted.ledger {
        let _ = writeln!(text, "  record {} in the ledger", record.short());
    }
    session.save_cache();
    Answer::new(true, text, "SandboxDelete", output)
}

/// A branch that is checked out cannot go.
fn leave(session: &Session, branch: &BranchName) -> Result<(), Failure> {
    if session.git()?.head()?.branch.as_ref() == Some(branch) {
        return Err(Failure::new(format!("branch {branch} is checked out here"))
            .hint("git switch to the trunk first; nothing was changed"));
    }
    Ok(())
}

/// The teardown, from the sandbox's own branch: what its cluster was given.
fn steps(
    session: &Session,
    trunk: &BranchName,
    sandbox: &Sandbox,
) -> Result<Vec<teardown::Step>, Failure> {
    let git = session.git()?;
    let Some(commit) = git.tip(&sandbox.branch)?.or(git.tip(trunk)?) else { return Ok(Vec::new()) };
    let surveyed = survey(read_commit(git, &commit, &session.cache)?)?;
    Ok(teardown::plan(&surveyed.inventory, &Folder::parse(&sandbox.folder)?))
}

fn step(step: &teardown::Step) -> TeardownStep {
    TeardownStep {
        stage: step.stage,
        verb: step.verb.as_str(),
        object: step.object.to_string(),
        because: step.because.to_string(),
        file: step.at.file.to_string(),
        line: step.at.line,
    }
}

fn order(out: &mut String, steps: &[teardown::Step]) {
    let rows = steps
        .iter()
        .map(|s| {
            vec![
                s.stage.to_string(),
                s.verb.to_string(),
                s.object.to_string(),
                styled(DIM, &s.because),
                styled(DIM, &s.at),
            ]
        })
        .collect();
    out.push_str(&table(&["stage", "", "object", "because", ""], rows));
}
