//! `towpath test ENV NAME`: a release is put to a test of the path in an environment, and what came of it is recorded.
//!
//! What is run or read is in a file each: [`command`], [`junit`]. A test that failed, or took too long, is an
//! answer and recorded; one that could not be run is none. Flakiness is recorded and never hidden: a pass after a retry says
//! so. Must not decide which tests are due: that is `towpath_engine::due`.

mod command;
mod junit;

use std::fmt::Write as _;
use std::path::Path;

use towpath_api::path_file::FILE_NAME;
use towpath_core::id::{ComponentName, RepoPath, TestName};
use towpath_core::path::Environment;
use towpath_core::plan::{Request, propose};
use towpath_core::record::{Event, OfRelease, Tested};
use towpath_core::release::Release;
use towpath_core::stated::{StatedTest, TestMeans};
use towpath_core::why::Why;
use towpath_engine::due::due;
use towpath_engine::ledger;
use towpath_engine::promote::View;

use super::Answer;
use super::args::{Global, TestArgs};
use super::failure::Failure;
use super::print::{GREEN, Printer, RED, YELLOW, styled};
use super::promote::recorded;
use super::session::{self, Session};
use super::words::{count, list};

/// So much of what a test printed is kept in the ledger, in characters.
const DETAIL: usize = 500;
/// So many of its last lines.
const LINES: usize = 5;

/// What a release is put to a test in.
pub(crate) struct Subject<'a> {
    /// The root of the repository.
    pub(crate) root: &'a Path,
    /// Where.
    pub(crate) environment: &'a Environment,
    /// Which release.
    pub(crate) release: &'a Release,
}

/// What one try of a test came to.
struct Trial {
    passed: bool,
    /// What there is to say, in one line.
    detail: String,
}

pub(crate) fn run(global: &Global, args: &TestArgs, printer: &Printer) -> Result<Answer, Failure> {
    let session = Session::open(global)?;
    let (_, view) = session.look()?;
    let environment = session::environment(view.path(), &args.environment)?;
    let component =
        session::component_in(view.path(), &view.snapshot, environment, args.component.as_deref())?;
    let test = stated(&view, &args.test)?;
    let release = release(&view, environment, &component, args.version.as_deref())?;
    let subject = Subject { root: &session.root, environment, release: &release };
    let tested = put_to(&subject, test, &|text| printer.note(text))?;
    let (passed, attempts, detail) = (tested.passed, tested.attempts, tested.detail.clone());
    // It is as old as its end, however long it took.
    let entry = ledger::append(session.git()?, session::now()?, Event::Tested(tested))?;
    let mut text = String::new();
    let (style, word) = match (passed, attempts) {
        (true, 0 | 1) => (GREEN, "passed".to_owned()),
        (true, more) => (YELLOW, format!("passed after {} more", tries(more - 1))),
        (false, n) => (RED, format!("failed, {}", tries(n))),
    };
    let what = format!("{} of {component} {} in {}", test.name, release.version, environment.name);
    let _ = writeln!(text, "{}", styled(style, format!("{what}: {word}")));
    if let Some(digest) = &release.digest {
        let _ = writeln!(text, "  digest {}", digest.short());
    }
    if !detail.is_empty() {
        let _ = writeln!(text, "  said   {detail}");
    }
    let _ = writeln!(text, "  by     {}", entry.record.by);
    let _ = writeln!(text, "  record {} in the ledger", entry.commit.short());
    session.save_cache();
    let mut answer = Answer { yes: passed, ..recorded(text, &entry)? };
    let tests = &view.survey.stated.tests;
    let due = due(tests, view.path(), &view.snapshot, environment, &release);
    for other in due.into_iter().filter(|other| other.name != test.name) {
        let (name, version) = (&environment.name, &release.version);
        let command = format!("`towpath test {name} {} --version {version}`", other.name);
        answer = answer.next(format!("{command}: it is wanted and has not been run"));
    }
    Ok(answer)
}

fn tries(n: u32) -> String {
    if n == 1 { "1 try".to_owned() } else { format!("{n} tries") }
}

/// Puts a release to a test, again and again as often as the test is stated to be tried. `note` is told what is going on.
///
/// # Errors
/// [`Failure`] where the test could not be run; that says nothing of the release.
pub(crate) fn put_to(
    subject: &Subject<'_>,
    test: &StatedTest,
    note: &dyn Fn(&str),
) -> Result<Tested, Failure> {
    // What somebody else wrote says the same however often it is read.
    let most = match &test.means {
        TestMeans::Junit(_) => 1,
        TestMeans::Command(_) | TestMeans::Job(_) => test.retries.saturating_add(1),
    };
    let mut attempts = 0;
    loop {
        attempts += 1;
        let of = if most > 1 { format!(", try {attempts} of {most}") } else { String::new() };
        note(&format!(
            "testing {} {} in {} with {}{of}",
            subject.release.component, subject.release.version, subject.environment.name, test.name
        ));
        let trial = match &test.means {
            TestMeans::Command(argv) => command::try_once(subject, argv, test.timeout, note)?,
            TestMeans::Junit(file) => junit::judge(subject, file)?,
            TestMeans::Job(file) => return Err(job(&test.name, file)),
        };
        if trial.passed || attempts >= most {
            let Trial { passed, detail } = trial;
            let release = OfRelease {
                environment: subject.environment.name.clone(),
                component: subject.release.component.clone(),
                version: subject.release.version.clone(),
                digest: subject.release.digest.clone(),
            };
            return Ok(Tested { release, test: test.name.clone(), passed, attempts, detail });
        }
        note(&format!("{} failed: {}", test.name, trial.detail));
    }
}

/// Clusters are only read.
fn job(test: &TestName, file: &RepoPath) -> Failure {
    Failure::new(format!("{test} is the Job of {file}, and nothing is created on clusters")).hint(
        "state a command that creates it and waits for it, or report its end: a `status` gate and `towpath report`",
    )
}

fn stated<'a>(view: &'a View, name: &str) -> Result<&'a StatedTest, Failure> {
    let parsed = TestName::parse(name)?;
    let tests = &view.survey.stated.tests;
    tests.iter().find(|test| test.name == parsed).ok_or_else(|| {
        let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
        let failure = Failure::new(format!("{FILE_NAME} states no test {name}"));
        match names.as_slice() {
            [] => failure.hint("tests are stated in spec.tests"),
            names => failure.hint(format!("it states {}", list(names))),
        }
    })
}

/// The release that is put to the test: the one asked for, or the one that the environment has.
fn release(
    view: &View,
    environment: &Environment,
    component: &ComponentName,
    version: Option<&str>,
) -> Result<Release, Failure> {
    let snapshot = &view.snapshot;
    let name = &environment.name;
    let version = match version {
        Some(version) => session::version(version)?,
        None => {
            let request = Request::default();
            let proposal = propose(view.path(), snapshot, environment, component, &request);
            if proposal.waiting.iter().any(|why| matches!(why, Why::ClustersDiffer { .. })) {
                let clusters = count(environment.clusters.len(), "cluster");
                return Err(Failure::new(format!(
                    "{name} is on its way: its {clusters} have several releases of {component}"
                ))
                .hint("say with --version which one is tested"));
            }
            proposal.has.ok_or_else(|| {
                Failure::new(format!("nobody knows which release of {component} {name} has"))
                    .hint("say with --version which one is tested")
            })?
        }
    };
    let releases = snapshot.releases.get(component);
    releases.and_then(|r| r.meant(&version)).cloned().ok_or_else(|| {
        Failure::new(format!("nobody knows {component} {version}"))
            .hint("`towpath release list` shows what there is")
    })
}

/// The last lines of what was printed, as one line for the ledger.
fn last_lines(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| super::words::one_line(&plain(line)))
        .filter(|line| !line.is_empty())
        .collect();
    let last = lines[lines.len().saturating_sub(LINES)..].join(" / ");
    let over = last.chars().count().saturating_sub(DETAIL);
    if over == 0 { last } else { format!("…{}", last.chars().skip(over).collect::<String>()) }
}

/// A line without what tells a terminal to colour it.
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.next_if_eq(&'[').is_some() {
            while chars.next_if(|c| !c.is_ascii_alphabetic()).is_some() {}
            chars.next();
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_output_is_its_end_in_one_line() {
        let cases = [
            ("", ""),
            ("ok\n", "ok"),
            ("a\n\n b\tc \r\n", "a / b c"),
            ("1\n2\n3\n4\n5\n6\n7", "3 / 4 / 5 / 6 / 7"),
            ("\u{1b}[31mred\u{1b}[0m \u{7}bell", "red bell"),
        ];
        for (text, kept) in cases {
            assert_eq!(last_lines(text), kept, "{text:?}");
        }
        let long = last_lines(&format!("{}end", "ä".repeat(2 * DETAIL)));
        assert!(long.starts_with("…ä") && long.ends_with("end"), "{long}");
        assert_eq!(long.chars().count(), DETAIL + 1);
    }
}
