//! The binary: hands the arguments to [`towpath::cli`] and the answer to the shell. Nothing else.

use std::process::ExitCode;

/// Commands make millions of small values and give most of them back at once, where the allocator of the C library is
/// slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    towpath::cli::run(std::env::args_os())
}
