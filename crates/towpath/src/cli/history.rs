//! `towpath history` and `towpath history verify`: the ledger, read and proven.

use std::fmt::Write as _;

use towpath_api::output::{HistoryOutput, HistoryRow, ProblemOutput, VerifyOutput};
use towpath_api::record::RecordFile;
use towpath_core::record::{Event, Record, Tested, Verified};
use towpath_engine::ledger::{self, Entry, title};

use super::Answer;
use super::args::{Global, HistoryArgs, HistoryCommand};
use super::failure::Failure;
use super::print::{DIM, GREEN, RED, styled};
use super::session::Session;
use super::words::{count, table};

pub(crate) fn run(global: &Global, args: &HistoryArgs) -> Result<Answer, Failure> {
    let session = Session::open(global)?;
    session.fetch()?;
    match &args.command {
        Some(HistoryCommand::Verify) => verify(&session),
        None => show(&session, args),
    }
}

fn show(session: &Session, args: &HistoryArgs) -> Result<Answer, Failure> {
    let mut entries = ledger::read(session.git()?)?;
    let none_at_all = entries.is_empty();
    entries.reverse();
    entries.retain(|e| wanted(args, &e.record));
    if let Some(limit) = args.limit {
        entries.truncate(limit);
    }
    let rows = entries.iter().map(row).collect();
    let text = if none_at_all {
        "the ledger has no record yet\n".to_owned()
    } else if entries.is_empty() {
        "the ledger has no such record\n".to_owned()
    } else {
        table(&["when", "record", "what", "by"], rows)
    };
    let records = entries
        .iter()
        .map(|e| HistoryRow { commit: e.commit.to_string(), record: RecordFile::from(&e.record) })
        .collect();
    Answer::new(true, text, "History", HistoryOutput { records })
}

fn row(entry: &Entry) -> Vec<String> {
    let when = entry.record.at.strftime("%Y-%m-%d %H:%M").to_string();
    let by = entry.record.by.split(" <").next().unwrap_or_default().to_owned();
    let mut what = title(&entry.record.event);
    if let Event::Promoted(p) = &entry.record.event {
        let passed: Vec<_> =
            p.gates.iter().filter(|g| g.verdict != "open").map(|g| g.gate.as_str()).collect();
        if !passed.is_empty() {
            let _ =
                write!(what, " {}", styled(RED, format!("[overridden: {}]", passed.join(", "))));
        }
    }
    vec![styled(DIM, when), entry.commit.short().to_owned(), what, by]
}

fn wanted(args: &HistoryArgs, record: &Record) -> bool {
    let (environment, component) = subjects(&record.event);
    let overrides = match &record.event {
        Event::Overridden { .. } => true,
        Event::Promoted(p) => p.gates.iter().any(|g| g.verdict == "overridden"),
        _ => false,
    };
    args.environment.as_deref().is_none_or(|e| environment == Some(e))
        && args.component.as_deref().is_none_or(|c| component == Some(c))
        && (!args.overrides || overrides)
}

fn subjects(event: &Event) -> (Option<&str>, Option<&str>) {
    match event {
        Event::Released { component, .. } => (None, Some(component.as_str())),
        Event::Promoted(p) => (Some(p.environment.as_str()), Some(p.component.as_str())),
        Event::Approved { environment, component, .. }
        | Event::Overridden { environment, component, .. } => {
            (Some(environment.as_str()), Some(component.as_str()))
        }
        Event::Verified(Verified { release: of, .. })
        | Event::Tested(Tested { release: of, .. })
        | Event::Failed(of, _)
        | Event::Aborted(of, _)
        | Event::Soaked(of, ..) => (Some(of.environment.as_str()), Some(of.component.as_str())),
        Event::Reported { component, .. } => (None, Some(component.as_str())),
        Event::Frozen { environment, .. } | Event::Thawed { environment, .. } => {
            (environment.as_ref().map(|e| e.as_str()), None)
        }
        Event::SandboxCreated(s) => (Some(s.name.as_str()), None),
        Event::SandboxDeleted { name, .. } => (Some(name.as_str()), None),
    }
}

fn verify(session: &Session) -> Result<Answer, Failure> {
    let (records, problems) = ledger::verify(session.git()?, &session.trunk()?)?;
    let mut text = String::new();
    for problem in &problems {
        let _ = writeln!(text, "{} {}", styled(RED, problem.commit.short()), problem.message);
    }
    let whole = problems.is_empty();
    let records_said = count(records, "record");
    let _ = if whole {
        let said =
            format!("the ledger is whole: {records_said}, each agrees with the commits it names");
        writeln!(text, "{}", styled(GREEN, said))
    } else {
        let said = format!(
            "the ledger is not whole: {} in {records_said}",
            count(problems.len(), "problem")
        );
        writeln!(text, "{}", styled(RED, said))
    };
    let problems = problems
        .into_iter()
        .map(|p| ProblemOutput { commit: p.commit.to_string(), message: p.message })
        .collect();
    Answer::new(whole, text, "HistoryVerify", VerifyOutput { whole, records, problems })
}
