//! `towpath gate replay RECORD`: the gates of a recorded promotion, judged again on what the record says that they saw.
//!
//! Asks nobody: what Prometheus or a cluster would say today is not the question. Must not judge: that is
//! `towpath_engine::replay`.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use towpath_api::output::{GateReplayOutput, ReplayedOutput, VerdictOutput};
use towpath_api::record::{self as wire, EvidenceFile};
use towpath_core::id::CommitId;
use towpath_core::record::{Event, Promotion, Record};
use towpath_engine::ledger::{self, Entry, title};
use towpath_engine::replay::{Replayed, replay};

use super::Answer;
use super::args::{GateArgs, GateCommand, Global, ReplayArgs};
use super::failure::Failure;
use super::print::{DIM, GREEN, RED, styled};
use super::session::Session;
use super::words::{list, table};

/// So much of a file is read at most; a record of ten thousand clusters is a tenth of it.
const MOST: u64 = 64 << 20;

pub(crate) fn run(global: &Global, args: &GateArgs) -> Result<Answer, Failure> {
    match &args.command {
        GateCommand::Replay(args) => replayed(global, args),
    }
}

/// A record, and what the ledger has to say of it.
struct Found {
    record: Record,
    /// The entry that holds it, or one that claims the same commit.
    commit: Option<CommitId>,
    /// The records before that entry.
    before: Option<Vec<Entry>>,
    problems: Vec<String>,
}

fn replayed(global: &Global, args: &ReplayArgs) -> Result<Answer, Failure> {
    let found = match is_entry(&args.record) {
        true => in_ledger(global, &args.record)?,
        false => in_file(global, &args.record)?,
    };
    let Event::Promoted(promotion) = &found.record.event else {
        let what = title(&found.record.event);
        return Err(Failure::new(format!("no gate was recorded with {what:?}"))
            .hint("`towpath history` shows promotions, which were recorded with their gates"));
    };
    let before: Option<Vec<&Record>> =
        found.before.as_ref().map(|entries| entries.iter().map(|e| &e.record).collect());
    let mut gates = replay(&found.record, promotion, before.as_deref());
    let mut problems = found.problems.clone();
    if gates.is_empty() {
        problems.push("the record says nothing of its gates".to_owned());
    }
    if let Some(name) = &args.gate {
        let names: Vec<&str> = gates.iter().map(|g| g.recorded.gate.as_str()).collect();
        if !names.contains(&name.as_str()) {
            return Err(Failure::new(format!("the record has no gate {name}"))
                .hint(format!("its gates are {}", list(&names))));
        }
        gates.retain(|gate| gate.recorded.gate == *name);
    }
    let same = problems.is_empty() && gates.iter().all(|gate| gate.problem.is_none());
    let mut text = text(&found, promotion, &gates, &problems, same);
    let gates: Vec<ReplayedOutput> = gates.iter().map(output).collect();
    if args.gate.is_some() {
        for inputs in gates.iter().filter_map(|gate| gate.inputs.as_ref()) {
            let json = serde_json::to_value(inputs)?;
            let _ = write!(text, "\n{}", towpath_yaml::emit(&json));
        }
    }
    let output = GateReplayOutput {
        commit: found.commit.as_ref().map(ToString::to_string),
        at: found.record.at.to_string(),
        by: found.record.by.clone(),
        environment: promotion.environment.to_string(),
        component: promotion.component.to_string(),
        version: promotion.version.to_string(),
        plan: promotion.plan.to_string(),
        same,
        problems,
        gates,
    };
    Answer::new(same, text, "GateReplay", output)
}

/// Whether this names an entry of the ledger: what `towpath history` shows, or all of it.
fn is_entry(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn in_ledger(global: &Global, prefix: &str) -> Result<Found, Failure> {
    let session = Session::open(global)?;
    session.fetch()?;
    let entries = ledger::read(session.git()?)?;
    let fits = |(_, entry): &(usize, &Entry)| entry.commit.as_str().starts_with(prefix);
    let at: Vec<usize> = entries.iter().enumerate().filter(fits).map(|(at, _)| at).collect();
    match at.as_slice() {
        [at] => {
            let mut before = entries;
            before.truncate(at + 1);
            let Entry { commit, record } =
                before.pop().ok_or_else(|| Failure::new("the ledger is empty"))?;
            Ok(Found { record, commit: Some(commit), before: Some(before), problems: Vec::new() })
        }
        [] => Err(Failure::new(format!("the ledger has no record {prefix}"))
            .hint("`towpath history` shows them; a file is named with a folder: ./NAME")),
        several => Err(Failure::new(format!("{} records begin with {prefix}", several.len()))
            .hint("give more of its digits")),
    }
}

fn in_file(global: &Global, name: &str) -> Result<Found, Failure> {
    let record = read_file(name)?;
    let mut found = Found { record, commit: None, before: None, problems: Vec::new() };
    // A copy can be changed so that its gates still agree with it. What is here of the ledger knows what was written.
    let Some(entries) = ledger_here(global) else { return Ok(found) };
    let Event::Promoted(promotion) = &found.record.event else { return Ok(found) };
    let is_it = |entry: &Entry| match &entry.record.event {
        Event::Promoted(p) => p.commit == promotion.commit && p.component == promotion.component,
        _ => false,
    };
    if let Some(at) = entries.iter().position(is_it) {
        let Entry { commit, record } = &entries[at];
        if record.at != found.record.at
            || record.by != found.record.by
            || record.event != found.record.event
        {
            let what = format!("it is not as record {} of the ledger has it", commit.short());
            found.problems.push(what);
        }
        found.commit = Some(commit.clone());
        found.before = Some(entries[..at].to_vec());
    }
    Ok(found)
}

/// The ledger of the folder, where there is one that can be read; nobody is asked for it.
fn ledger_here(global: &Global) -> Option<Vec<Entry>> {
    let session = Session::open(global).ok()?;
    ledger::read(session.git.as_ref()?).ok()
}

/// Reads a record from a file or from standard input: its JSON, or the message of a commit of the ledger.
fn read_file(name: &str) -> Result<Record, Failure> {
    let mut text = String::new();
    let read = match name {
        "-" => io::stdin().lock().take(MOST).read_to_string(&mut text),
        path => {
            fs::File::open(Path::new(path)).and_then(|f| f.take(MOST).read_to_string(&mut text))
        }
    };
    let what = if name == "-" { "standard input" } else { name };
    read.map_err(|error| Failure::new(format!("{what} could not be read")).because(error))?;
    let json = match text.trim_start().starts_with('{') {
        true => text.as_str(),
        false => text.find("\n{").map_or("", |at| &text[at..]),
    };
    wire::from_json(json)
        .map_err(|error| Failure::new(format!("{what} holds no record")).because(error))
}

fn text(
    found: &Found,
    promotion: &Promotion,
    gates: &[Replayed<'_>],
    problems: &[String],
    same: bool,
) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", title(&found.record.event));
    let _ = writeln!(out, "  at     {}", found.record.at);
    let _ = writeln!(out, "  by     {}", found.record.by);
    let _ = writeln!(out, "  plan   {}", promotion.plan.short());
    if let Some(commit) = &found.commit {
        let _ = writeln!(out, "  record {} in the ledger", commit.short());
    }
    let _ = writeln!(out);
    if !gates.is_empty() {
        out.push_str(&table(&["gate", "recorded", "replayed", "because"], rows(gates)));
        let _ = writeln!(out);
    }
    for problem in problems {
        let _ = writeln!(out, "{}", styled(RED, problem));
    }
    let _ = match same {
        true => writeln!(out, "{}", styled(GREEN, "every verdict is the one that was recorded")),
        false => writeln!(out, "{}", styled(RED, "the record does not bear out what it says")),
    };
    out
}

fn rows(gates: &[Replayed<'_>]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for Replayed { recorded, now, problem } in gates {
        let style = if problem.is_none() { GREEN } else { RED };
        let now_word = now.as_ref().map_or("unknown", |now| now.verdict);
        let mut row = vec![recorded.gate.clone(), recorded.verdict.clone()];
        row.extend([styled(style, now_word), recorded.because.clone()]);
        rows.push(row);
        let Some(problem) = problem else { continue };
        let more = |text: String| vec![String::new(), String::new(), String::new(), text];
        rows.push(more(styled(RED, problem)));
        if let Some(now) = now.as_ref().filter(|now| now.because != recorded.because) {
            rows.push(more(styled(DIM, format!("now: {}", now.because))));
        }
    }
    rows
}

fn output(gate: &Replayed<'_>) -> ReplayedOutput {
    let EvidenceFile { gate: name, verdict, because, inputs } = EvidenceFile::from(gate.recorded);
    ReplayedOutput {
        gate: name,
        same: gate.problem.is_none(),
        recorded: VerdictOutput { verdict, because },
        replayed: gate.now.as_ref().map(|now| VerdictOutput {
            verdict: now.verdict.to_owned(),
            because: now.because.clone(),
        }),
        problem: gate.problem.as_ref().map(ToString::to_string),
        inputs,
    }
}
