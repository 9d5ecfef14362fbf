//! `towpath history` and `towpath history verify`: the ledger, read and proven.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use towpath_api::output::{
    HistoryOutput, HistoryRow, ProblemOutput, SignatureOutput, SignedRecordOutput, VerifyOutput,
};
use towpath_api::record::RecordFile;
use towpath_core::record::{Event, Record, Signature, Tested, Verified};
use towpath_engine::ledger::{self, Entry, title};
use towpath_engine::signers::{self, Listed};

use super::Answer;
use super::args::{Global, HistoryArgs, HistoryCommand};
use super::failure::Failure;
use super::print::{DIM, GREEN, RED, YELLOW, styled};
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
    let signatures = signatures(session, &entries)?;
    let with_signatures = || entries.iter().zip(&signatures);
    let rows = with_signatures().map(|(entry, signature)| row(entry, signature)).collect();
    let text = if none_at_all {
        "the ledger has no record yet\n".to_owned()
    } else if entries.is_empty() {
        "the ledger has no such record\n".to_owned()
    } else {
        table(&["when", "record", "what", "by"], rows)
    };
    let records = with_signatures()
        .map(|(e, signature)| HistoryRow {
            commit: e.commit.to_string(),
            record: RecordFile::from(&e.record),
            signature: SignatureOutput::of(signature),
        })
        .collect();
    Answer::new(true, text, "History", HistoryOutput { records })
}

/// The signatures of approvals and overrides, by the keys that the trunk lists now and for the time of each commit.
fn signatures(session: &Session, entries: &[Entry]) -> Result<Vec<Signature>, Failure> {
    let mut out = vec![Signature::NotChecked; entries.len()];
    let said = |i: &usize| signers::plan_of(&entries[*i].record.event).is_some();
    let said: Vec<usize> = (0..entries.len()).filter(said).collect();
    if said.is_empty() {
        return Ok(out);
    }
    let git = session.git()?;
    let Some(survey) = session.survey_if_any()? else { return Ok(out) };
    let Some(listed) = Listed::on(git, &survey.resolved.path.trunk)? else { return Ok(out) };
    let asked: Vec<&Entry> = said.iter().map(|i| &entries[*i]).collect();
    let found = signers::check(git, &asked, listed.keys(git))?;
    for (i, signature) in said.into_iter().zip(found) {
        out[i] = signature;
    }
    Ok(out)
}

fn row(entry: &Entry, signature: &Signature) -> Vec<String> {
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
    if let Some(words) = signature.words() {
        let style = if matches!(signature, Signature::Good { .. }) { GREEN } else { YELLOW };
        let _ = write!(what, " {}", styled(style, format!("[{words}]")));
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
    let signed = match ledger::read(session.git()?) {
        Ok(entries) => verified_signatures(session, &entries)?,
        // What cannot be read is among the problems; whose word it is cannot be told then.
        Err(_) => None,
    };
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
    text.push_str(&signed.as_deref().map(told).unwrap_or_default());
    let signatures = signed.map(|signed| {
        let row = |(entry, signature): &(Entry, Signature)| {
            Some(SignedRecordOutput {
                commit: entry.commit.to_string(),
                record: title(&entry.record.event),
                of: entry.record.by.clone(),
                signature: SignatureOutput::of(signature)?,
            })
        };
        signed.iter().filter_map(row).collect()
    });
    let problems = problems
        .into_iter()
        .map(|p| ProblemOutput { commit: p.commit.to_string(), message: p.message })
        .collect();
    Answer::new(whole, text, "HistoryVerify", VerifyOutput { whole, records, problems, signatures })
}

/// Every approval and override with its signature; `None` where the trunk lists no keys to judge them by.
fn verified_signatures(
    session: &Session,
    entries: &[Entry],
) -> Result<Option<Vec<(Entry, Signature)>>, Failure> {
    let signatures = signatures(session, entries)?;
    let with = entries.iter().cloned().zip(signatures);
    let signed: Vec<_> = with.filter(|(_, it)| *it != Signature::NotChecked).collect();
    Ok((!signed.is_empty()).then_some(signed))
}

/// How many are signed, by whom, and each that is not.
fn told(signed: &[(Entry, Signature)]) -> String {
    let mut good: BTreeMap<&str, usize> = BTreeMap::new();
    let mut others = Vec::new();
    for (entry, signature) in signed {
        match signature {
            Signature::Good { by } => *good.entry(by).or_default() += 1,
            other => others.push((entry, other)),
        }
    }
    let said = match signed.len() {
        1 => "1 approval or override".to_owned(),
        many => format!("{many} approvals and overrides"),
    };
    let mut text = format!("{said}, by the keys that the trunk lists:\n");
    for (by, many) in good {
        let _ = writeln!(text, "  {}", styled(GREEN, format!("{many} signed by {by}")));
    }
    for (entry, signature) in others {
        let words = signature.words().unwrap_or_default();
        let (commit, what) = (entry.commit.short(), title(&entry.record.event));
        let by = &entry.record.by;
        let _ = writeln!(text, "  {commit} {what}, by {by}: {}", styled(YELLOW, words));
    }
    text
}
