//! The command line: a file for each command, and what they share.
//!
//! Parses, resolves into a [`Session`](session::Session), calls the engine, prints. Must not decide:
//! what a command answers comes from core. Shared parts: [`args`] (the grammar), [`session`] (where and
//! when we are), [`failure`] (errors and hints), [`print`] (stdout, stderr, colour), [`exit`].

mod abort;
mod answers;
mod args;
mod builds;
mod built;
mod cache;
mod check;
mod cluster;
mod commit_files;
mod complete;
mod connected;
mod demo;
mod diff;
mod disk_tree;
pub mod exit;
mod explain;
mod explain_rule;
mod failure;
mod freeze;
mod gate;
mod history;
mod init;
mod pack;
mod plan;
mod print;
mod promote;
mod release;
mod render;
mod report;
mod run;
mod sandbox;
mod session;
mod simulate;
mod status;
mod test;
mod watched;
mod words;
mod work_tree;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use failure::Failure;
use print::Printer;

/// What a command answers: what to print, and whether the answer is yes.
pub(crate) struct Answer {
    /// Whether the honest answer is yes.
    yes: bool,
    /// For people.
    text: String,
    /// For programs.
    json: serde_json::Value,
    /// What to do next, said on stderr after the answer.
    next: Vec<String>,
}

impl Answer {
    fn new<T: serde::Serialize>(
        yes: bool,
        text: String,
        kind: &'static str,
        content: T,
    ) -> Result<Self, Failure> {
        let json = serde_json::to_value(towpath_api::output::Output::new(kind, content))
            .map_err(|e| Failure::new("the answer could not be written as JSON").because(e))?;
        Ok(Self { yes, text, json, next: Vec::new() })
    }

    fn next(mut self, text: impl Into<String>) -> Self {
        self.next.push(text.into());
        self
    }
}

/// The command with all its subcommands, for references, man pages and completion.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command line and answers with its exit code.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { exit::NO_ANSWER } else { exit::YES };
            // A terminal that is gone cannot be told so.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let printer = Printer::new(&cli.global);
    match dispatch(&cli, &printer) {
        Ok(code) => ExitCode::from(code),
        Err(failure) if failure.is_broken_pipe() => ExitCode::from(exit::YES),
        Err(failure) => {
            printer.failure(&failure);
            ExitCode::from(exit::NO_ANSWER)
        }
    }
}

fn dispatch(cli: &Cli, printer: &Printer) -> Result<u8, Failure> {
    let global = &cli.global;
    args::allow(global.output, &cli.command)?;
    let answer = match &cli.command {
        Command::Init(args) => init::run(global, args)?,
        Command::Status(args) => status::run(global, args)?,
        Command::Explain(args) => explain::run(global, args, printer)?,
        Command::ExplainRule(args) => explain_rule::run(args)?,
        Command::Plan(args) => plan::run(global, args, printer)?,
        Command::Diff(args) => diff::run(global, args, printer)?,
        Command::Promote(args) if args.follow.follow => {
            return promote::promote_and_follow(global, args, printer);
        }
        Command::Promote(args) => promote::promote(global, args)?,
        Command::Rollback(args) => promote::rollback(global, args)?,
        Command::Abort(args) => abort::run(global, args)?,
        Command::Approve(args) => promote::approve(global, args)?,
        Command::Override(args) => promote::override_gate(global, args)?,
        Command::Freeze(args) => freeze::run(global, args)?,
        Command::Report(args) => report::run(global, args)?,
        Command::Test(args) => test::run(global, args, printer)?,
        Command::History(args) => history::run(global, args)?,
        Command::Gate(args) => gate::run(global, args)?,
        Command::Release(args) => release::run(global, args, printer)?,
        Command::Sandbox(args) => sandbox::run(global, args)?,
        Command::Simulate(args) => simulate::run(global, args)?,
        Command::Run(args) => return run::run(global, args, printer),
        Command::Demo(args) => return demo::run(args, printer),
        Command::Render(args) => return render::run(global, args, printer),
        Command::Check(args) => return check::run(global, args, printer),
        Command::Cluster(args) => return cluster::run(global, args, printer),
        Command::Completion(args) => return complete::run(args, printer),
    };
    printer.answer(&answer, global.output)?;
    for next in &answer.next {
        printer.note(&format!("next: {next}"));
    }
    Ok(if answer.yes { exit::YES } else { exit::NO })
}
