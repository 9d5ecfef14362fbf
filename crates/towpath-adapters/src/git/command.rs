//! Runs `git`, and `gpg` to give it keys: the only place that starts a process.
//!
//! No shell; words of Git in English; no question to a user who is not there. Environment variables that
//! would point Git at another repository (as inside a hook) are taken out: the folder decides. The
//! objects that it reads are the ones that delivery agents read, so `refs/replace` does not count.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use towpath_engine::ports::RepositoryError;

use super::error;

/// Variables that bind Git to another place than the folder it is run in.
const UNBIND: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
];

/// How `git` is run in one folder.
#[derive(Debug, Clone)]
pub(super) struct Program {
    /// Where commands run: the top level of the work tree, or the repository when it is bare.
    pub(super) dir: PathBuf,
    /// Variables on top of the process's own.
    pub(super) env: Vec<(OsString, OsString)>,
    /// Whether somebody is there to type a password.
    pub(super) interactive: bool,
}

impl Program {
    pub(super) fn call<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call {
        self.call_of("git", args)
    }

    /// A call of GnuPG, which takes no part in the repository.
    pub(super) fn gpg<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call {
        self.call_of("gpg", args)
    }

    fn call_of<A: AsRef<OsStr>>(
        &self,
        program: &'static str,
        args: impl IntoIterator<Item = A>,
    ) -> Call {
        let mut command = Command::new(program);
        for name in UNBIND {
            command.env_remove(name);
        }
        command
            .current_dir(&self.dir)
            .env("LC_ALL", "C")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if !self.interactive {
            command.env("GIT_TERMINAL_PROMPT", "0");
        }
        Call { command, input: Vec::new() }
    }

    /// A call that reaches the remote, and may ask for a password where somebody is there.
    pub(super) fn remote_call<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call {
        let mut call = self.call(args);
        if self.interactive {
            call.command.stdin(Stdio::inherit());
        }
        call
    }
}

/// One command, not yet run.
#[derive(Debug)]
pub(super) struct Call {
    command: Command,
    input: Vec<u8>,
}

impl Call {
    pub(super) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(super) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    pub(super) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.command.stdin(Stdio::piped());
        self.input = bytes.into();
        self
    }

    /// Runs to the end, however it ends.
    pub(super) fn finish(mut self, what: &str) -> Result<Output, RepositoryError> {
        let mut child =
            self.command.spawn().map_err(|source| cannot_start(what, &self.command, source))?;
        let stdin = child.stdin.take();
        let input = self.input;
        std::thread::scope(|scope| {
            // A thread of its own: Git may answer before it has read everything.
            scope.spawn(move || {
                // Git may also end before it has read everything; its exit code tells.
                stdin.map(|mut stdin| stdin.write_all(&input))
            });
            child.wait_with_output()
        })
        .map_err(|source| cannot_run(what, source))
    }

    /// Runs to the end, however it ends, without input; `None` when it took longer and was killed.
    pub(super) fn finish_within(
        mut self,
        what: &str,
        time: Duration,
    ) -> Result<Option<Output>, RepositoryError> {
        let started = Instant::now();
        let mut child =
            self.command.spawn().map_err(|source| cannot_start(what, &self.command, source))?;
        let pipes = [child.stdout.take().map(read_apart), child.stderr.take().map(read_apart)];
        let mut came = Vec::new();
        for pipe in pipes.iter().flatten() {
            match pipe.recv_timeout(time.saturating_sub(started.elapsed())) {
                Ok(read) => came.push(read.map_err(|source| cannot_run(what, source))?),
                Err(RecvTimeoutError::Timeout) => {
                    // It may have ended by itself in this moment; it is late all the same.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Ok(None);
                }
                Err(RecvTimeoutError::Disconnected) => came.push(Vec::new()),
            }
        }
        let status = child.wait().map_err(|source| cannot_run(what, source))?;
        let mut came = came.into_iter();
        let mut next = || came.next().unwrap_or_default();
        Ok(Some(Output { status, stdout: next(), stderr: next() }))
    }

    /// Runs to the end; its output if it went well, else the error that begins with `what`.
    pub(super) fn run(self, what: &str) -> Result<Vec<u8>, RepositoryError> {
        let output = self.finish(what)?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(error::failure(what, &output.stderr))
        }
    }

    /// Starts without waiting, for a conversation or a pipe.
    pub(super) fn start(mut self, what: &str) -> Result<Running, RepositoryError> {
        let mut child =
            self.command.spawn().map_err(|source| cannot_start(what, &self.command, source))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().map(BufReader::new);
        Ok(Running { child, stdin, stdout })
    }

    /// Reads from where another command writes to.
    pub(super) fn input_from(mut self, stdout: ChildStdout) -> Self {
        self.command.stdin(stdout);
        self
    }
}

/// A command at work. It is waited for in any case, and ends by itself when nobody writes to it any more.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    pub(super) stdin: Option<ChildStdin>,
    stdout: Option<BufReader<ChildStdout>>,
}

impl Running {
    /// The output, to be read by another command; nothing of it has been read here.
    pub(super) fn take_output(&mut self) -> Option<ChildStdout> {
        self.stdout.take().map(BufReader::into_inner)
    }

    /// The reader of the output.
    pub(super) fn output(&mut self) -> Option<&mut BufReader<ChildStdout>> {
        self.stdout.as_mut()
    }

    /// The next line of the output without its end; `None` at the end.
    pub(super) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stdout.as_mut()?.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end_matches('\n').to_owned())
    }

    /// Lets it end, and says whether it ended well; else the error that begins with `what`.
    pub(super) fn end(mut self, what: &str) -> Result<(), RepositoryError> {
        drop(self.stdin.take());
        drop(self.stdout.take());
        let mut stderr = Vec::new();
        if let Some(mut pipe) = self.child.stderr.take() {
            pipe.read_to_end(&mut stderr).map_err(|source| cannot_run(what, source))?;
        }
        let status = self.child.wait().map_err(|source| cannot_run(what, source))?;
        if status.success() { Ok(()) } else { Err(error::failure(what, &stderr)) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Closing its pipes ends it; a kill would leave its lock files behind.
        drop(self.stdin.take());
        drop(self.stdout.take());
        drop(self.child.stderr.take());
        // Waited for so that no zombie stays; how it ended no longer matters.
        let _ = self.child.wait();
    }
}

/// Reads in a thread that nobody waits for: a helper of Git's that outlives it holds its pipes open.
fn read_apart(mut pipe: impl std::io::Read + Send + 'static) -> Receiver<std::io::Result<Vec<u8>>> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // Nobody listens any more where it came too late.
        let _ = send.send(pipe.read_to_end(&mut bytes).map(|_| bytes));
    });
    receive
}

fn cannot_start(what: &str, command: &Command, source: std::io::Error) -> RepositoryError {
    let program = command.get_program().to_string_lossy().into_owned();
    let package = if program == "gpg" { "GnuPG" } else { "Git" };
    let hint = (source.kind() == std::io::ErrorKind::NotFound).then(|| {
        format!("the program `{program}` was not found: install {package}, or put it on PATH")
    });
    RepositoryError {
        message: format!("{}: cannot start `{program}`", error::redact(what)),
        hint,
        source: Some(source.into()),
    }
}

pub(super) fn cannot_run(what: &str, source: std::io::Error) -> RepositoryError {
    RepositoryError { message: error::redact(what), hint: None, source: Some(source.into()) }
}
