//! The binary: hands the arguments to [`towpath::cli`] and the answer to the shell. Nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    towpath::cli::run(std::env::args_os())
}
