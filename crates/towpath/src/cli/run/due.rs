//! Tests that are due, run beside the turns of the loop: a turn starts them, and their end wakes the next one.
//!
//! No more than some at a time. A result is recorded between turns, once, whoever else has followed the same Jobs; a test
//! that could not be run is tried again after a while. Nothing is remembered that counts: what was begun and not recorded
//! is due again, and a Job that is there is followed. Must not decide what is due: that is `towpath_engine::due`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use jiff::{SignedDuration, Timestamp};
use towpath_core::id::{ComponentName, EnvironmentName, TestName};
use towpath_core::stated::TestMeans;
use towpath_engine::due::{Due, due_by_itself};
use towpath_engine::turn::Turn;

use super::super::args::RunTests;
use super::super::failure::Failure;
use super::super::session::{Session, now};
use super::super::test::{Groups, Put, Subject, put_to};
use super::tell::Teller;
use super::wake::{Cause, Wake};

/// So many run at the same time.
const AT_ONCE: usize = 4;
/// When what could not be run is tried again.
const AGAIN: SignedDuration = SignedDuration::from_mins(5);

/// A test of a release in an environment.
type Key = (EnvironmentName, ComponentName, String, TestName);

/// The tests that the loop runs.
pub(super) struct Tests {
    which: RunTests,
    wake: Arc<Wake>,
    groups: Groups,
    running: BTreeSet<Key>,
    /// What could not be run or recorded: when it is tried again, and what was told of it.
    failed: BTreeMap<Key, (Timestamp, String)>,
    /// What has ended and is not recorded.
    ended: Vec<(Key, Subject, Put)>,
    end: Sender<End>,
    ends: Receiver<End>,
}

struct End {
    key: Key,
    subject: Subject,
    put: Result<Put, Failure>,
}

impl Tests {
    /// Nothing runs yet.
    pub(super) fn new(which: RunTests, wake: &Arc<Wake>) -> Self {
        let (end, ends) = channel();
        Self {
            which,
            wake: Arc::clone(wake),
            groups: Groups::default(),
            running: BTreeSet::new(),
            failed: BTreeMap::new(),
            ended: Vec::new(),
            end,
            ends,
        }
    }

    /// The commands that run, for whoever ends them with this program.
    pub(super) fn groups(&self) -> Groups {
        self.groups.clone()
    }

    /// Records what came of those that have ended.
    ///
    /// # Errors
    /// Where nobody can be told.
    pub(super) fn record(
        &mut self,
        session: &Session,
        teller: &mut Teller<'_>,
    ) -> Result<(), Failure> {
        let ends: Vec<End> = self.ends.try_iter().collect();
        for end in ends {
            self.take(end, teller)?;
        }
        for (key, subject, put) in std::mem::take(&mut self.ended) {
            let at = now()?;
            match session.git().and_then(|git| subject.record(git, at, &put)) {
                Ok((entry, is_new)) => {
                    self.running.remove(&key);
                    self.failed.remove(&key);
                    if is_new {
                        teller.recorded(at, &entry)?;
                    }
                    clear(subject, put)?;
                }
                // It still counts as running: it is recorded as soon as that can be done.
                Err(failure) => {
                    self.fail(key.clone(), &subject.told(), &failure, teller)?;
                    self.ended.push((key, subject, put));
                }
            }
        }
        Ok(())
    }

    /// Starts what is due and may be run by itself.
    ///
    /// # Errors
    /// Where nobody can be told, or the system gives no thread.
    pub(super) fn start(
        &mut self,
        session: &Session,
        turn: &Turn,
        teller: &mut Teller<'_>,
    ) -> Result<(), Failure> {
        if self.which == RunTests::None {
            return Ok(());
        }
        let view = &turn.view;
        let mut due = due_by_itself(&view.survey.stated.tests, view.path(), &view.snapshot);
        due.retain(|due| self.is_ours(&due.test.means));
        let keys: BTreeSet<Key> = due.iter().map(key).collect();
        self.failed.retain(|key, _| keys.contains(key) || self.running.contains(key));
        for due in due {
            let (key, at) = (key(&due), now()?);
            let is_early = self.failed.get(&key).is_some_and(|(again, _)| *again > at);
            if is_early || self.running.contains(&key) {
                continue;
            }
            if self.running.len() >= AT_ONCE {
                break;
            }
            match Subject::new(session, view, due.environment, &due.release, due.test) {
                Ok(subject) => {
                    teller.testing(at, &subject.told())?;
                    self.running.insert(key.clone());
                    let (end, wake, groups) =
                        (self.end.clone(), Arc::clone(&self.wake), self.groups.clone());
                    let thread = std::thread::Builder::new().name("test".to_owned());
                    thread.spawn(move || {
                        let put = put_to(&subject, &groups, &|_| {});
                        // Nobody may listen any more.
                        let _ = end.send(End { key, subject, put });
                        wake.ring(Cause::Tests);
                    })?;
                }
                Err(failure) => {
                    let Due { environment, release, test } = &due;
                    let (component, version) = (&release.component, &release.version);
                    let told =
                        format!("{component} {version} in {} with {}", environment.name, test.name);
                    self.fail(key, &told, &failure, teller)?;
                }
            }
        }
        Ok(())
    }

    /// Waits for all that run.
    ///
    /// # Errors
    /// Where nobody can be told.
    pub(super) fn finish(&mut self, teller: &mut Teller<'_>) -> Result<(), Failure> {
        while self.running.len() > self.ended.len() {
            let Ok(end) = self.ends.recv() else { break };
            self.take(end, teller)?;
        }
        Ok(())
    }

    /// When something is tried again.
    pub(super) fn wakes_at(&self) -> Option<Timestamp> {
        self.failed.values().map(|(again, _)| *again).min()
    }

    fn take(&mut self, end: End, teller: &mut Teller<'_>) -> Result<(), Failure> {
        let End { key, subject, put } = end;
        match put {
            Ok(put) => self.ended.push((key, subject, put)),
            Err(failure) => {
                self.running.remove(&key);
                self.fail(key, &subject.told(), &failure, teller)?;
            }
        }
        Ok(())
    }

    /// Tells what could not be done, once, and says when it is tried again.
    fn fail(
        &mut self,
        key: Key,
        told: &str,
        failure: &Failure,
        teller: &mut Teller<'_>,
    ) -> Result<(), Failure> {
        let at = now()?;
        let message = failure.one_line();
        let again = at.saturating_add(AGAIN)?;
        let before = self.failed.insert(key, (again, message.clone()));
        if before.is_some_and(|(_, before)| before == message) {
            return Ok(());
        }
        teller.untested(at, &format!("{told}: {message}"))
    }

    fn is_ours(&self, means: &TestMeans) -> bool {
        match means {
            TestMeans::Job(_) => self.which != RunTests::None,
            TestMeans::Command(_) => self.which == RunTests::All,
            // Nobody knows when its file is written.
            TestMeans::Junit(_) => false,
        }
    }
}

fn key(due: &Due<'_>) -> Key {
    let release = &due.release;
    let version = release.version.original().to_owned();
    (due.environment.name.clone(), release.component.clone(), version, due.test.name.clone())
}

/// Deletes the Jobs of a result that is recorded, beside the turns. What is left ends with its cluster's patience.
fn clear(subject: Subject, put: Put) -> Result<(), Failure> {
    let thread = std::thread::Builder::new().name("recorded test".to_owned());
    thread.spawn(move || drop(subject.clear(&put)))?;
    Ok(())
}
