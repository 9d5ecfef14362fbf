//! `towpath test ENV NAME`: a release is put to a test of the path in an environment, and what came of it is recorded.
//!
//! What is run or read is in a file each: [`command`], [`job`], [`junit`]. A test that failed, or took too long, is an
//! answer and recorded; one that could not be run is none. Flakiness is recorded and never hidden: a pass after a retry says
//! so. The loop runs tests by the same. Must not decide which tests are due: that is `towpath_engine::due`.

mod command;
mod job;
mod junit;

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;
use towpath_adapters::interrupt::on_interrupt;
use towpath_api::path_file::FILE_NAME;
use towpath_core::id::{ComponentName, RepoPath, TestName};
use towpath_core::path::Environment;
use towpath_core::plan::{Request, propose};
use towpath_core::record::{Event, OfRelease, Tested};
use towpath_core::release::Release;
use towpath_core::stated::{StatedTest, TestMeans};
use towpath_core::why::Why;
use towpath_engine::due::due;
use towpath_engine::job::{Known, Outcome, known};
use towpath_engine::ledger::{self, Entry};
use towpath_engine::ports::Repository;
use towpath_engine::ports::jobs::JobAt;
use towpath_engine::promote::View;

pub(crate) use command::Groups;

use super::Answer;
use super::args::{Global, TestArgs};
use super::failure::Failure;
use super::print::{GREEN, Printer, RED, YELLOW, styled};
use super::promote::recorded;
use super::session::{self, Session};
use super::words::{count, list};

/// What a release is put to a test with: all that it takes, so that it can be done beside other things.
pub(crate) struct Subject {
    /// The root of the repository.
    root: PathBuf,
    /// Where.
    environment: Environment,
    /// Which release.
    release: Release,
    /// The test.
    test: StatedTest,
    means: Means,
    /// The results that the ledger had.
    known: Vec<Known>,
}

/// What a test runs or reads, ready for that.
enum Means {
    Command(Vec<String>),
    Junit(RepoPath),
    Job(job::OnClusters),
}

/// What a test came to.
pub(crate) struct Put {
    tested: Tested,
    /// Jobs that stay until it is recorded.
    jobs: Vec<JobAt>,
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
    if global.offline && matches!(test.means, TestMeans::Job(_)) {
        let name = &test.name;
        return Err(Failure::new(format!("{name} is a Job, and --offline asks no cluster")));
    }
    let subject = Subject::new(&session, &view, environment, &release, test)?;
    let groups = Groups::default();
    if let Means::Command(_) = subject.means {
        end_with_us(&groups)?;
    }
    let put = put_to(&subject, &groups, &|text| printer.note(text))?;
    let git = session.git()?;
    // It is as old as its end, however long it took.
    let now = session::now()?;
    let entry = match &subject.means {
        // Each run of these is one of its own.
        Means::Command(_) | Means::Junit(_) => {
            ledger::append(git, now, Event::Tested(put.tested.clone()))?
        }
        Means::Job(_) => {
            let (entry, is_new) = subject.record(git, now, &put)?;
            if !is_new {
                printer.note(
                    "somebody else followed the same Jobs, and has recorded what came of them",
                );
            }
            entry
        }
    };
    if let Err(failure) = subject.clear(&put) {
        printer.note(&format!("its Jobs are left to their clusters: {}", failure.one_line()));
    }
    let Tested { passed, attempts, detail, .. } = &put.tested;
    let mut text = String::new();
    let (style, word) = match (passed, attempts) {
        (true, 0 | 1) => (GREEN, "passed".to_owned()),
        (true, more) => (YELLOW, format!("passed after {} more", tries(more - 1))),
        (false, n) => (RED, format!("failed, {}", tries(*n))),
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
    let mut answer = Answer { yes: *passed, ..recorded(text, &entry)? };
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

/// Lets the commands of tests end with this program when it is interrupted.
///
/// # Errors
/// Where signals cannot be heard.
pub(crate) fn end_with_us(groups: &Groups) -> Result<(), Failure> {
    let groups = groups.clone();
    on_interrupt(move |signal| {
        let _held = groups.end();
        #[expect(clippy::exit, reason = "whoever interrupts a program wants it to end at once")]
        std::process::exit(128 + signal)
    })
    .map_err(|error| Failure::new("signals cannot be heard").because(error))
}

impl Subject {
    /// What it takes to put a release to a test.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be: there is no such Job, or no cluster to run it on.
    pub(crate) fn new(
        session: &Session,
        view: &View,
        environment: &Environment,
        release: &Release,
        test: &StatedTest,
    ) -> Result<Self, Failure> {
        let means = match &test.means {
            TestMeans::Command(argv) => Means::Command(argv.clone()),
            TestMeans::Junit(file) => Means::Junit(file.clone()),
            TestMeans::Job(file) => {
                let of = (&test.name, file);
                Means::Job(job::prepare(session.git()?, view, environment, release, of)?)
            }
        };
        Ok(Self {
            root: session.root.clone(),
            environment: environment.clone(),
            release: release.clone(),
            test: test.clone(),
            means,
            known: known(&view.snapshot.history, &environment.name, release, &test.name),
        })
    }

    /// Records what came of it, unless somebody has recorded a result since this was made: the entry, and whether it is new.
    ///
    /// # Errors
    /// Where the ledger cannot be written.
    pub(crate) fn record(
        &self,
        repository: &dyn Repository,
        at: Timestamp,
        put: &Put,
    ) -> Result<(Entry, bool), Failure> {
        Ok(towpath_engine::job::record(repository, at, put.tested.clone(), &self.known)?)
    }

    /// Deletes the Jobs of a result that is recorded.
    ///
    /// # Errors
    /// Where a cluster does not.
    pub(crate) fn clear(&self, put: &Put) -> Result<(), Failure> {
        match &self.means {
            Means::Job(on) => job::delete(on, &put.jobs),
            Means::Command(_) | Means::Junit(_) => Ok(()),
        }
    }

    /// `platform 0.0.8 in staging with smoke`.
    pub(crate) fn told(&self) -> String {
        let Release { component, version, .. } = &self.release;
        format!("{component} {version} in {} with {}", self.environment.name, self.test.name)
    }

    fn came_to(&self, passed: bool, attempts: u32, detail: String) -> Tested {
        let release = OfRelease {
            environment: self.environment.name.clone(),
            component: self.release.component.clone(),
            version: self.release.version.clone(),
            digest: self.release.digest.clone(),
        };
        Tested { release, test: self.test.name.clone(), passed, attempts, detail }
    }
}

/// Puts a release to a test, again and again as often as the test is stated to be tried. `note` is told what is going on.
///
/// # Errors
/// [`Failure`] where the test could not be run; that says nothing of the release.
pub(crate) fn put_to(
    subject: &Subject,
    groups: &Groups,
    note: &dyn Fn(&str),
) -> Result<Put, Failure> {
    let (test, what) = (&subject.test, subject.told());
    let tested = match &subject.means {
        Means::Job(on) => {
            note(&format!("testing {what}"));
            let Outcome { passed, attempts, detail, jobs } = job::run(subject, on, note)?;
            return Ok(Put { tested: subject.came_to(passed, attempts, detail), jobs });
        }
        // What somebody else wrote says the same however often it is read.
        Means::Junit(file) => {
            note(&format!("testing {what}"));
            let Trial { passed, detail } = junit::judge(subject, file)?;
            subject.came_to(passed, 1, detail)
        }
        Means::Command(argv) => {
            let most = test.retries.saturating_add(1);
            let mut attempts = 1;
            loop {
                let of =
                    if most > 1 { format!(", try {attempts} of {most}") } else { String::new() };
                note(&format!("testing {what}{of}"));
                let Trial { passed, detail } = command::try_once(subject, argv, groups, note)?;
                if passed || attempts >= most {
                    break subject.came_to(passed, attempts, detail);
                }
                note(&format!("{} failed: {detail}", test.name));
                attempts += 1;
            }
        }
    };
    Ok(Put { tested, jobs: Vec::new() })
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
