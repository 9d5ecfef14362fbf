//! Arguments of `towpath sandbox` and its subcommands.
//! Only shapes and words. Next: [`super`] for the commands.

use clap::{Args, Subcommand};

/// `towpath sandbox`
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    #[command(subcommand)]
    pub(crate) command: SandboxCommand,
}

/// `towpath sandbox …`
#[derive(Debug, Subcommand)]
pub(crate) enum SandboxCommand {
    /// Clone an environment on a branch of its own
    #[command(
        after_help = "Examples:\n  towpath sandbox create sandbox-a --from development --ticket PLAT-123 \
        --summary \"add keda\""
    )]
    Create(SandboxCreateArgs),
    /// List the sandboxes: owner, age, expiry, branch, divergence
    List,
    /// Prepare the change for the trunk, without what belongs to the sandbox
    #[command(after_help = "Examples:\n  towpath sandbox promote sandbox-a\n  \
        towpath sandbox promote sandbox-a --merge")]
    Promote(SandboxPromoteArgs),
    /// Take a sandbox down in order, and close its branch
    #[command(after_help = "Examples:\n  towpath sandbox delete sandbox-a --dry-run\n  \
        towpath sandbox delete sandbox-a")]
    Delete(SandboxDeleteArgs),
}

/// `towpath sandbox create`
#[derive(Debug, Args)]
pub(crate) struct SandboxCreateArgs {
    /// The sandbox's name, which becomes its folder's name
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The environment to clone
    #[arg(long, value_name = "ENV")]
    pub(crate) from: String,
    /// The cluster to clone, where the environment has several
    #[arg(long, value_name = "CLUSTER")]
    pub(crate) cluster: Option<String>,
    /// The ticket that asks for the change
    #[arg(long, value_name = "TICKET")]
    pub(crate) ticket: String,
    /// What the change is, in a few words
    #[arg(long, value_name = "TEXT")]
    pub(crate) summary: String,
    /// How long the sandbox is meant to live
    #[arg(long = "for", value_name = "DURATION", default_value = "7d")]
    pub(crate) duration: String,
    /// Keep ranges and tags at the exact digest of this moment
    #[arg(long)]
    pub(crate) pin: bool,
    /// The kubeconfig context of the sandbox's cluster, where it has one
    #[arg(long, value_name = "CONTEXT")]
    pub(crate) context: Option<String>,
}

/// `towpath sandbox promote`
#[derive(Debug, Args)]
pub(crate) struct SandboxPromoteArgs {
    /// The sandbox
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Merge to the trunk now, instead of preparing a branch for a pull request
    #[arg(long)]
    pub(crate) merge: bool,
}

/// `towpath sandbox delete`
#[derive(Debug, Args)]
pub(crate) struct SandboxDeleteArgs {
    /// The sandbox
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Print the teardown and delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How it is known that nothing is left on the cluster, where one is connected
    #[arg(long, value_name = "TEXT")]
    pub(crate) emptied: Option<String>,
    /// Delete a branch that has commits which are nowhere else
    #[arg(long)]
    pub(crate) force: bool,
}
