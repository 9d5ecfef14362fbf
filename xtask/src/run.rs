//! What every chore shares: its answer, and running a program in the open.
//!
//! A program that cannot be started is an error (the chore could not be done); one that ends with another code than
//! zero is the answer no.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// What a chore found, as far as it could be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Answer {
    /// All is well.
    Yes,
    /// Something is not as it should be; the chore has said what.
    No,
}

impl Answer {
    /// `Yes` exactly when `well`.
    pub(crate) fn from_bool(well: bool) -> Self {
        if well { Self::Yes } else { Self::No }
    }

    /// The worse of the two.
    pub(crate) fn and(self, other: Self) -> Self {
        Self::from_bool(self == Self::Yes && other == Self::Yes)
    }
}

/// Prints the problems, or one line that all is well.
pub(crate) fn report(chore: &str, problems: &[String]) -> Answer {
    for problem in problems {
        eprintln!("{problem}");
    }
    match problems.len() {
        0 => println!("{chore}: all is well"),
        1 => eprintln!("{chore}: 1 problem"),
        n => eprintln!("{chore}: {n} problems"),
    }
    Answer::from_bool(problems.is_empty())
}

/// Says the command line, runs it with our own standard streams and tells whether it went well.
pub(crate) fn shown(command: &mut Command) -> Result<Answer> {
    let line = line(command);
    eprintln!("$ {line}");
    let status =
        command.stdin(Stdio::null()).status().with_context(|| format!("cannot run `{line}`"))?;
    Ok(Answer::from_bool(status.success()))
}

/// Standard output of a program that must go well.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run `{line}`"))?;
    anyhow::ensure!(output.status.success(), "`{line}` ended with {}", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` wrote no UTF-8"))
}

/// Where a program is on `PATH`.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn line(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
