//! `towpath report NAME success|failure`: what somebody outside says of a release, recorded for the gates `status`.
//!
//! Made for other programs: what was said already is not recorded again, so that a job may be run twice. Must not judge:
//! that is the gate.

use std::fmt::Write as _;

use towpath_api::path_file::FILE_NAME;
use towpath_core::gate::{Condition, Inputs};
use towpath_core::path::Path;
use towpath_core::plan::plan;
use towpath_core::record::Event;
use towpath_core::release::Release;
use towpath_core::snapshot::not_whole;
use towpath_engine::ledger;
use towpath_engine::promote::View;

use super::Answer;
use super::args::{Global, ReportArgs, ReportVerdict};
use super::failure::Failure;
use super::print::{GREEN, RED, YELLOW, styled};
use super::promote::recorded;
use super::session::{self, Session};
use super::words::{list, one_line};

pub(crate) fn run(global: &Global, args: &ReportArgs) -> Result<Answer, Failure> {
    let name = args.name.trim();
    if name.is_empty() || name.contains(char::is_control) {
        return Err(Failure::new(format!("{:?} is no name of a status", args.name))
            .hint("write it as the gate has it, such as ci/build"));
    }
    let detail = detail(args)?;
    let session = Session::open(global)?;
    let (_, view) = session.look()?;
    let release = release(&view, args, name)?;
    let success = args.verdict == ReportVerdict::Success;
    let (component, version) = (release.component.clone(), release.version.clone());
    let event = Event::Reported {
        component: component.clone(),
        version: version.clone(),
        name: name.to_owned(),
        success,
        detail: detail.clone(),
    };
    let last = view.snapshot.history.last_report(&release, name);
    let counts = last.is_some_and(|last| last.success == success && last.detail == detail);
    let (entry, new) =
        ledger::append_unless(session.git()?, session.now, event.clone(), |record| {
            counts && record.event == event
        })?;
    let mut text = String::new();
    let (style, word) = if success { (GREEN, "success") } else { (RED, "no success") };
    let already = if new { "" } else { ", as was reported already" };
    let what = format!("{name} of {component} {version}: {word}{already}");
    let _ = writeln!(text, "{}", styled(style, what));
    let _ = writeln!(text, "  by     {}", entry.record.by);
    if !detail.is_empty() {
        let _ = writeln!(text, "  detail {detail}");
    }
    let _ = writeln!(text, "  record {} in the ledger", entry.commit.short());
    let asked = asked(view.path());
    if !asked.contains(&name) {
        let others = match asked.as_slice() {
            [] => format!("no gate of {FILE_NAME} asks for a status"),
            others => format!("no gate asks for {name}; what is asked for is {}", list(others)),
        };
        let _ = writeln!(text, "{}", styled(YELLOW, format!("  but    {others}")));
    }
    session.save_cache();
    recorded(text, &entry)
}

/// What is said with it: the text and the address.
fn detail(args: &ReportArgs) -> Result<String, Failure> {
    let mut detail = args.detail.as_deref().map(one_line).unwrap_or_default();
    if let Some(url) = &args.url {
        let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
        let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
        if host.is_empty() || url.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(Failure::new(format!("{url:?} is no address of a page"))
                .hint("it begins with https:// or http://"));
        }
        // The ledger is read by many and forgets nothing.
        if host.contains('@') {
            return Err(Failure::new("the address holds a user or a password")
                .hint("leave out what stands before the @: a ledger is no place for a secret"));
        }
        let gap = if detail.is_empty() { "" } else { " " };
        let _ = write!(detail, "{gap}{url}");
    }
    Ok(detail)
}

/// The names of the statuses that gates of the path ask for, each once.
fn asked(path: &Path) -> Vec<&str> {
    let gates = path.environments().iter().flat_map(|environment| &environment.gates);
    let mut names: Vec<&str> = gates
        .filter_map(|gate| match &gate.condition {
            Condition::Status { name } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The release that is meant: the one asked for, the one that waits for the status, or the newest.
fn release(view: &View, args: &ReportArgs, name: &str) -> Result<Release, Failure> {
    let component = &session::component_on(view.path(), args.component.as_deref())?.name;
    let releases = view.snapshot.releases.get(component);
    let Some(version) = &args.version else {
        let waits = |inputs: &Inputs| matches!(inputs, Inputs::Status { name: n, .. } if n == name);
        let plan = plan(view.path(), &view.snapshot);
        let waiting = plan.proposals.into_iter().filter(|p| p.component == *component).find(|p| {
            p.candidate.is_some() && p.gates.iter().any(|g| waits(&g.inputs) && !g.passes())
        });
        let newest = || view.snapshot.newest(component).cloned();
        return waiting.and_then(|p| p.candidate).or_else(newest).ok_or_else(|| {
            Failure::new(format!("{component} has no release that is known"))
                .hint("name one with --version once it is released")
        });
    };
    let version = session::version(version)?;
    releases.and_then(|r| r.meant(&version)).cloned().ok_or_else(|| {
        let failure = Failure::new(format!("nobody knows {component} {version}"));
        match releases.and_then(|r| not_whole(&r.reach)) {
            Some(why) => failure.hint(why.to_string()),
            None => failure.hint("`towpath release list` shows what there is"),
        }
    })
}
