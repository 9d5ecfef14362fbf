//! Arguments of the commands that tell gates something, and of what looks at gates again.
//! Only shapes and words. Next: [`super`] for the commands.

use clap::{Args, Subcommand, ValueEnum};

/// `towpath abort`
#[derive(Debug, Args)]
pub(crate) struct AbortArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// The component
    #[arg(long, value_name = "NAME")]
    pub(crate) component: Option<String>,
}

/// `towpath report`
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The status, by the name that a gate has: ci/build
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// What is reported
    #[arg(value_enum, value_name = "VERDICT")]
    pub(crate) verdict: ReportVerdict,
    /// The release; without it the one that waits for this status, else the newest
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
    /// The component; needed where the path has several with artifacts
    #[arg(long, value_name = "NAME")]
    pub(crate) component: Option<String>,
    /// What there is to say, in one line
    #[arg(long, value_name = "TEXT")]
    pub(crate) detail: Option<String>,
    /// Where to read more
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
}

/// What is reported of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportVerdict {
    /// It is good
    Success,
    /// It is not
    Failure,
}

/// `towpath gate`
#[derive(Debug, Args)]
pub(crate) struct GateArgs {
    #[command(subcommand)]
    pub(crate) command: GateCommand,
}

/// What is done about gates.
#[derive(Debug, Subcommand)]
pub(crate) enum GateCommand {
    /// Judge the gates of a recorded promotion again, on what the record says that they saw
    #[command(
        after_help = "Nobody is asked: neither clusters nor Prometheus. A condition of a metric is evaluated again over the\n\
        numbers that were recorded. A file may hold the JSON of a record or what `git log --format=%B` prints.\n\n\
        Exit code 0 when every verdict is the one that was recorded, 1 when one is not or its evidence is missing.\n\n\
        Examples:\n  towpath gate replay 5f2c9a1b\n  towpath gate replay 5f2c9a1b --gate soak\n  \
        towpath gate replay ./record.json"
    )]
    Replay(ReplayArgs),
}

/// `towpath gate replay`
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The record: its commit in the ledger, as `towpath history` shows it; a file; or - for standard input
    #[arg(value_name = "RECORD")]
    pub(crate) record: String,
    /// Only this gate, with what it looked at
    #[arg(long, value_name = "GATE")]
    pub(crate) gate: Option<String>,
}

/// `towpath test`
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    /// The test, one of those that towpath.yaml states
    #[arg(value_name = "NAME")]
    pub(crate) test: String,
    /// The component
    #[arg(long, value_name = "NAME")]
    pub(crate) component: Option<String>,
    /// This release instead of the one that the environment has
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<String>,
}
