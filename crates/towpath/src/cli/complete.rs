//! `towpath completion`: the script that a shell sources.

use super::args::CompletionArgs;
use super::failure::Failure;
use super::print::Printer;
use super::{command, exit};

pub(crate) fn run(args: &CompletionArgs, printer: &Printer) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command(), "towpath", &mut script);
    printer.data(&String::from_utf8_lossy(&script))?;
    Ok(exit::YES)
}
