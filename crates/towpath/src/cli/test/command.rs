//! A test that is a command: run in the root of the repository, without a shell, and told by variables what is tested.
//!
//! It passes when it exits with 0. At the timeout, and at its end, its whole process group is killed, so that nothing of it is
//! left behind. Of what it prints only the end is held.

use std::collections::VecDeque;
use std::io::{self, PipeReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use towpath_core::why::human;
use towpath_engine::last_words::last_words;

use super::{Subject, Trial};
use crate::cli::failure::Failure;

/// So much of its output is held, in bytes.
const HELD: usize = 64 << 10;
/// How often somebody who waits is told that it still runs.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the end of its output is waited for once it has ended.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Runs it once.
///
/// # Errors
/// Where it cannot be started.
pub(super) fn try_once(
    subject: &Subject,
    argv: &[String],
    groups: &Groups,
    note: &dyn Fn(&str),
) -> Result<Trial, Failure> {
    let cannot = |error: io::Error| {
        let program = argv.first().map(String::as_str).unwrap_or_default();
        Failure::new(format!("the test's command {program} could not be started")).because(error)
    };
    let started = Started::new(subject, argv).map_err(cannot)?;
    let timeout = subject.test.timeout;
    let ended = started.wait(timeout, groups, note).map_err(cannot)?;
    let said = last_words(&String::from_utf8_lossy(&ended.output));
    let verdict = match ended.status {
        None => Some(format!("it took longer than {}", human(timeout))),
        Some(status) if status.success() => None,
        Some(status) => Some(match (status.code(), status.signal()) {
            (Some(code), _) => format!("it exited with {code}"),
            (None, Some(signal)) => format!("signal {signal} ended it"),
            (None, None) => "it failed".to_owned(),
        }),
    };
    let detail = match (&verdict, said.is_empty()) {
        (None, _) => said,
        (Some(verdict), true) => verdict.clone(),
        (Some(verdict), false) => format!("{verdict}: {said}"),
    };
    Ok(Trial { passed: verdict.is_none(), detail })
}

/// The process groups of the commands that run: they are not this program's, so who interrupts it reaches none of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
pub(crate) struct Held {
    groups: Vec<Pid>,
    is_over: bool,
}

impl Groups {
    /// Kills all of them, and those that begin from now on. While the answer is held no command comes to an end that
    /// somebody could record.
    pub(crate) fn end(&self) -> MutexGuard<'_, Held> {
        let mut held = self.held();
        held.is_over = true;
        for group in &held.groups {
            let _ = kill_process_group(*group, Signal::KILL);
        }
        held
    }

    fn enter(&self, group: Pid) {
        let mut held = self.held();
        held.groups.push(group);
        if held.is_over {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Its number is somebody else's from now on.
    fn leave(&self, group: Pid) {
        self.held().groups.retain(|one| *one != group);
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A command that runs.
struct Started {
    child: Child,
    output: Arc<Mutex<VecDeque<u8>>>,
    /// Hears the end of its output.
    silent: mpsc::Receiver<()>,
}

struct Ended {
    /// How; `None`: it took too long.
    status: Option<ExitStatus>,
    output: Vec<u8>,
}

impl Started {
    fn new(subject: &Subject, argv: &[String]) -> io::Result<Self> {
        let (program, args) = argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        // A relative path is one of the repository, wherever this process stands.
        let program = match program.contains('/') {
            true => subject.root.canonicalize()?.join(program),
            false => PathBuf::from(program),
        };
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(program);
        let clusters: Vec<&str> =
            subject.environment.clusters.iter().map(|c| c.name.as_str()).collect();
        let digest = subject.release.digest.as_ref().map(ToString::to_string);
        command
            .args(args)
            .current_dir(&subject.root)
            .env("TOWPATH_ENVIRONMENT", subject.environment.name.as_str())
            .env("TOWPATH_COMPONENT", subject.release.component.as_str())
            .env("TOWPATH_VERSION", subject.release.version.original())
            .env("TOWPATH_DIGEST", digest.unwrap_or_default())
            .env("TOWPATH_CLUSTERS", clusters.join(","))
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0);
        let child = command.spawn()?;
        let output = Arc::new(Mutex::new(VecDeque::new()));
        let (said_all, silent) = mpsc::channel();
        let held = Arc::clone(&output);
        thread::spawn(move || {
            listen(reader, &held);
            // Nobody may wait for it any more.
            let _ = said_all.send(());
        });
        Ok(Self { child, output, silent })
    }

    fn wait(
        mut self,
        timeout: Duration,
        groups: &Groups,
        note: &dyn Fn(&str),
    ) -> io::Result<Ended> {
        let pid = Pid::from_child(&self.child);
        groups.enter(pid);
        let (over, is_over) = mpsc::channel();
        thread::spawn(move || {
            // It is left to be reaped, so that the number of its group is nobody else's yet.
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while matches!(waitid(WaitId::Pid(pid), options), Err(Errno::INTR)) {}
            let _ = over.send(());
        });
        let began = Instant::now();
        let in_time = loop {
            let left = timeout.saturating_sub(began.elapsed());
            match is_over.recv_timeout(left.min(PATIENCE)) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break true,
                Err(RecvTimeoutError::Timeout) if began.elapsed() >= timeout => break false,
                Err(RecvTimeoutError::Timeout) => {
                    let since = Duration::from_secs(began.elapsed().as_secs());
                    note(&format!(
                        "it runs since {}, and may for {}",
                        human(since),
                        human(timeout)
                    ));
                }
            }
        };
        // Where it has ended by itself, this is for what it started and left behind.
        let _ = kill_process_group(pid, Signal::KILL);
        groups.leave(pid);
        let status = self.child.wait()?;
        // Who left the group may hold its output open for ever.
        let _ = self.silent.recv_timeout(LAST_WORDS);
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        let output = output.iter().copied().collect();
        Ok(Ended { status: in_time.then_some(status), output })
    }
}

/// Hears all that is said and holds the end of it.
fn listen(mut from: PipeReader, held: &Mutex<VecDeque<u8>>) {
    let mut buffer = [0; 8192];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => {
                let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
                held.extend(&buffer[..n]);
                let over = held.len().saturating_sub(HELD);
                held.drain(..over);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
