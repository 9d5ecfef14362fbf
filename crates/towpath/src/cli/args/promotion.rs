//! Arguments of the commands that move releases into environments, and of what they recorded.
//! Only shapes and words. Next: [`super`] for the commands.

use std::time::Duration;

use clap::{Args, Subcommand};
use towpath_api::path_file::duration;

/// `towpath plan`
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    /// The component; needed where the environment has several that differ
    #[arg(long, value_name = "NAME")]
    pub(crate) component: Option<String>,
    /// This version instead of the one that the path offers
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<String>,
    /// Accept a version below the present one
    #[arg(long, requires = "to")]
    pub(crate) allow_downgrade: bool,
    /// Accept a version that neither the ledger nor the registry knows
    #[arg(long, requires = "to")]
    pub(crate) allow_unknown: bool,
}

/// `towpath promote`
#[derive(Debug, Args)]
pub(crate) struct PromoteArgs {
    #[command(flatten)]
    pub(crate) plan: PlanArgs,
    /// Push to this new branch, for a pull request, instead of to the trunk
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
    #[command(flatten)]
    pub(crate) follow: FollowArgs,
}

/// How long somebody stays with a promotion.
#[derive(Debug, Args)]
pub(crate) struct FollowArgs {
    /// Stay until the release is verified (0), failed or was given up (1), and tell what happens on the way
    #[arg(long, conflicts_with = "branch")]
    pub(crate) follow: bool,
    /// How often Git and the registries are asked for news meanwhile: 30s, 5m
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration, requires = "follow")]
    pub(crate) interval: Duration,
    /// Stay no longer than this (2): 1h
    #[arg(long, value_name = "TIME", value_parser = duration, requires = "follow")]
    pub(crate) timeout: Option<Duration>,
}

/// `towpath rollback`
#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    /// The component
    #[arg(long, value_name = "NAME")]
    pub(crate) component: Option<String>,
    /// This version instead of the last recorded good one
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<String>,
    /// Push to this new branch, for a pull request, instead of to the trunk
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
}

/// `towpath approve`
#[derive(Debug, Args)]
pub(crate) struct ApproveArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    /// The plan's hash, or at least its first eight digits
    #[arg(value_name = "HASH")]
    pub(crate) hash: String,
    /// The component
    #[arg(long, value_name = "NAME")]
    pub(crate) component: Option<String>,
    /// The version, where the plan is not for the one that the path offers
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<String>,
    /// Sign it with the key that Git is configured for, also where commit.gpgSign is not set
    #[arg(long)]
    pub(crate) sign: bool,
}

/// `towpath override`
#[derive(Debug, Args)]
pub(crate) struct OverrideArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    /// The gate, by the name that `towpath plan` shows: soak, window, approval, test/smoke
    #[arg(value_name = "GATE")]
    pub(crate) gate: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// How long it counts
    #[arg(long = "for", value_name = "DURATION", default_value = "1h")]
    pub(crate) duration: String,
    /// The component
    #[arg(long, value_name = "NAME")]
    pub(crate) component: Option<String>,
    /// The version, where the plan is not for the one that the path offers
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<String>,
    /// Sign it with the key that Git is configured for, also where commit.gpgSign is not set
    #[arg(long)]
    pub(crate) sign: bool,
}

/// `towpath freeze`
#[derive(Debug, Args)]
pub(crate) struct FreezeArgs {
    #[command(subcommand)]
    pub(crate) command: FreezeCommand,
}

/// What is done about freezes.
#[derive(Debug, Subcommand)]
pub(crate) enum FreezeCommand {
    /// Stop every promotion
    On(FreezeOnArgs),
    /// Let go again of an environment, or of all where all were stopped
    Off(FreezeOnArgs),
    /// Show what is frozen, by whom and why
    List,
}

/// `towpath freeze on` and `off`
#[derive(Debug, Args)]
pub(crate) struct FreezeOnArgs {
    /// The environment; all of them where none is named
    #[arg(value_name = "ENV")]
    pub(crate) environment: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

/// `towpath history`
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    #[command(subcommand)]
    pub(crate) command: Option<HistoryCommand>,
    /// Only records of this environment
    #[arg(long, value_name = "ENV")]
    pub(crate) environment: Option<String>,
    /// Only records of this component
    #[arg(long, value_name = "NAME")]
    pub(crate) component: Option<String>,
    /// Only overrides and what passed by one
    #[arg(long)]
    pub(crate) overrides: bool,
    /// At most so many records, the newest
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
}

/// `towpath history …`
#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// Prove that the chain is whole and agrees with the commits it names
    Verify,
}
