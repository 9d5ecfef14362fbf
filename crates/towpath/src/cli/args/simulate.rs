//! Arguments of `towpath simulate`. Only shapes and words. Next: [`super`] for the commands.

use std::path::PathBuf;

use clap::Args;

/// `towpath simulate`
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// What happens; left out: a release of each component every week for 90 days from now
    #[arg(value_name = "SCENARIO", conflicts_with_all = ["history", "since"])]
    pub(crate) scenario: Option<PathBuf>,
    /// Play what the ledger has recorded, from its first record on
    #[arg(long)]
    pub(crate) history: bool,
    /// Play what the ledger has recorded since so long ago: 90d
    #[arg(long, value_name = "DURATION")]
    pub(crate) since: Option<String>,
    /// State the path by this file instead of the repository's towpath.yaml
    #[arg(long, value_name = "FILE")]
    pub(crate) path_file: Option<PathBuf>,
    /// Play it once more with the path that this file states, and compare
    #[arg(long, value_name = "FILE")]
    pub(crate) against: Option<PathBuf>,
    /// Draw chance by this number instead of the scenario's
    #[arg(long, value_name = "NUMBER")]
    pub(crate) seed: Option<u64>,
    /// Print every moment, however many there are
    #[arg(long)]
    pub(crate) timeline: bool,
}
