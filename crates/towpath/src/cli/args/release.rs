//! Arguments of `towpath release` and its subcommands.
//! Only shapes and words. Next: [`super`] for the commands.

use clap::{Args, Subcommand};

/// `towpath release`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_precedence_over_arg = true)]
pub(crate) struct ReleaseArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ReleaseCommand>,
    /// The version
    #[arg(value_name = "VERSION", required = true)]
    pub(crate) version: Option<String>,
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Package this commit, tag or branch
    #[arg(long, value_name = "REVISION", conflicts_with = "work_tree")]
    pub(crate) commit: Option<String>,
    /// Package the files as they are in the work tree; such a release is not recorded
    #[arg(long)]
    pub(crate) work_tree: bool,
    /// Flux ignore patterns that choose the files, instead of the component's
    #[arg(long, value_name = "PATTERNS", allow_hyphen_values = true)]
    pub(crate) ignore_paths: Option<String>,
    /// Say what would be published, and publish nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Which component, and where its artifacts are.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlaceArgs {
    /// The component; needed where there are several
    #[arg(long, value_name = "NAME")]
    pub(crate) component: Option<String>,
    /// The place: `oci://HOST/REPOSITORY` or `oci-layout:FOLDER`
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: Option<String>,
    /// Speak plain HTTP with the registry
    #[arg(long)]
    pub(crate) insecure: bool,
}

/// `towpath release …`
#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseCommand {
    /// List the releases of a component
    List {
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Compare the contents of two releases
    Diff {
        /// The first: a version, tag or digest
        #[arg(value_name = "A")]
        from: String,
        /// The second
        #[arg(value_name = "B")]
        to_release: String,
        #[command(flatten)]
        place: PlaceArgs,
    },
}
