//! Repository chores, run as `cargo xtask CHORE`: one module each.
//!
//! Nothing here is shipped, and no other crate may import it. The rules themselves are data elsewhere: the walls are
//! the tables of `docs/architecture.md`, the bans of the pure crates are listed in [`generate`]. Rules that can be
//! judged without building anything ([`arch`], [`tidy`]) are tests of this crate as well.
//!
//! Exit codes are the project's: 0 all is well, 1 the honest answer is no, 2 the chore could not be done.
//! Start reading at [`Chore`].
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a chore talks to the person who runs it"
)]

mod arch;
mod bench;
mod catalog;
mod conformance;
mod definitions;
mod download;
mod generate;
mod lockfile;
mod promises;
mod run;
mod test;
mod tidy;
mod tree;
mod walls;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::run::Answer;

/// Chores of the Towpath repository.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Chore {
    /// Hold the crates against the walls of docs/architecture.md
    Arch,
    /// Hold the tree against the habits of the house: headers, lengths, words, no paths of a machine
    Tidy,
    /// Install what the tests need where possible, then run every test and every documentation test
    Test(test::Args),
    /// Compare our answers with recorded answers of real tools
    Conformance(conformance::Args),
    /// Write the files that are derived from code, or check that they are fresh
    Gen(generate::Args),
    /// Make the data of towpath-catalog from published packages
    #[command(subcommand)]
    Catalog(catalog::Command),
    /// Compare definitions of custom resources that others publish, release after release, with what is recorded
    Definitions(definitions::Args),
    /// Measure whole processes beside what a user would use instead
    Bench(bench::Args),
}

fn main() -> ExitCode {
    let answer = match Chore::parse() {
        Chore::Arch => arch::run(),
        Chore::Tidy => tidy::run(),
        Chore::Test(args) => test::run(&args),
        Chore::Conformance(args) => conformance::run(&args),
        Chore::Gen(args) => generate::run(&args),
        Chore::Catalog(command) => catalog::run(&command),
        Chore::Definitions(args) => definitions::run(&args),
        Chore::Bench(args) => bench::run(&args),
    };
    match answer {
        Ok(Answer::Yes) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
