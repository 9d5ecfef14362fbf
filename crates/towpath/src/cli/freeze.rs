//! `towpath freeze on|off|list`: the emergency stop, of one environment or of all.
//!
//! A freeze is a record of the ledger, so everybody who plans sees it. Must not judge: that is the gate `freeze`.

use std::fmt::Write as _;

use towpath_api::output::{FreezeOutput, FreezesOutput};
use towpath_core::gate::Frozen;
use towpath_core::id::EnvironmentName;
use towpath_core::record::Event;
use towpath_engine::ledger;

use super::Answer;
use super::args::{FreezeArgs, FreezeCommand, FreezeOnArgs, Global};
use super::failure::Failure;
use super::print::{DIM, GREEN, RED, styled};
use super::promote::recorded;
use super::session::{self, Session};
use super::words::table;

pub(crate) fn run(global: &Global, args: &FreezeArgs) -> Result<Answer, Failure> {
    match &args.command {
        FreezeCommand::On(args) => change(global, args, true),
        FreezeCommand::Off(args) => change(global, args, false),
        FreezeCommand::List => list(global),
    }
}

/// The words for what a freeze holds.
fn extent(environment: Option<&EnvironmentName>) -> String {
    environment.map_or_else(|| "all environments".to_owned(), ToString::to_string)
}

fn change(global: &Global, args: &FreezeOnArgs, on: bool) -> Result<Answer, Failure> {
    let reason = args.reason.trim().to_owned();
    if reason.is_empty() {
        return Err(
            Failure::new("whoever stops or lets go says why").hint("--reason \"what is going on\"")
        );
    }
    let session = Session::open(global)?;
    let (_, view) = session.look()?;
    let environment = match &args.environment {
        Some(name) => Some(session::environment(view.path(), name)?.name.clone()),
        None => None,
    };
    let holds = |freezes: &[Frozen]| freezes.iter().any(|f| f.environment == environment);
    let frozen = view.snapshot.history.all_freezes();
    let what = extent(environment.as_ref());
    if !on && !holds(&frozen) {
        let mut failure = Failure::new(format!("{what} is not frozen"));
        for other in &frozen {
            let extent = extent(other.environment.as_ref());
            failure = failure.hint(format!("{extent}: frozen by {}: {}", other.by, other.reason));
        }
        return Err(failure);
    }
    let event = match on {
        true => Event::Frozen { environment: environment.clone(), reason },
        false => Event::Thawed { environment: environment.clone(), reason },
    };
    let entry = ledger::append(session.git()?, session.now, event)?;
    let (style, verb) = if on { (RED, "frozen") } else { (GREEN, "no longer frozen") };
    let mut text = String::new();
    let _ = writeln!(text, "{}", styled(style, format!("{what}: {verb}")));
    let _ = writeln!(text, "  by     {}", entry.record.by);
    let _ = writeln!(text, "  reason {}", args.reason.trim());
    let _ = writeln!(text, "  record {} in the ledger", entry.commit.short());
    let answer = recorded(text, &entry)?;
    Ok(match (on, &environment) {
        (true, Some(name)) => answer.next(format!("towpath freeze off {name} --reason TEXT")),
        (true, None) => answer.next("towpath freeze off --reason TEXT".to_owned()),
        (false, _) => answer,
    })
}

fn list(global: &Global) -> Result<Answer, Failure> {
    let session = Session::open(global)?;
    session.fetch()?;
    let frozen = ledger::fold(&ledger::read(session.git()?)?).all_freezes();
    let rows: Vec<Vec<String>> = frozen
        .iter()
        .map(|f| {
            let since = f.since.strftime("%Y-%m-%d %H:%M").to_string();
            let what = styled(RED, extent(f.environment.as_ref()));
            vec![what, styled(DIM, since), f.by.clone(), f.reason.clone()]
        })
        .collect();
    let text = match rows.is_empty() {
        true => "nothing is frozen\n".to_owned(),
        false => table(&["frozen", "since", "by", "why"], rows),
    };
    let freezes = frozen
        .iter()
        .map(|f| FreezeOutput {
            environment: f.environment.as_ref().map(ToString::to_string),
            by: f.by.clone(),
            reason: f.reason.clone(),
            since: f.since.to_string(),
        })
        .collect();
    Answer::new(true, text, "Freezes", FreezesOutput { freezes })
}
