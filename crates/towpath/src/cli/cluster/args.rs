//! The grammar of `towpath cluster`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The name of a cluster that is given none.
const NAME: &str = "towpath";

/// `towpath cluster`
#[derive(Debug, Args)]
pub(crate) struct ClusterArgs {
    #[command(subcommand)]
    pub(crate) command: ClusterCommand,
}

/// `towpath cluster …`
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// Serve the API of a Kubernetes cluster that runs no containers, until stopped
    #[command(
        after_help = "Clients find it by a kubeconfig of its own, with a certificate authority and a token that are made\n\
        with the cluster. Without --data it lives in memory and is gone when it stops; with --data every change\n\
        that was answered is on disk, and the cluster goes on where it was.\n\nExamples:\n  \
        towpath cluster start --kubernetes 1.36\n  \
        towpath cluster start --kubernetes 1.36 --name next --data ./next\n  \
        towpath cluster start --kubernetes 1.36 --listen 127.0.0.1:6443 --kubeconfig ./kubeconfig"
    )]
    Start(ClusterStartArgs),
    /// Copy a live cluster into a sandbox of the same or a newer version, and serve it
    #[command(
        after_help = "A rehearsal of an upgrade: what the version refuses, warns of or no longer serves is told before it is\n\
        served. The live cluster is only read. What clusters make by themselves stays behind, and placeholders stand for\n\
        the values of Secrets. With --dry-run it exits 1 if anything is refused or not served.\n\nExamples:\n  \
        towpath cluster clone --context prod --name sandbox-a\n  \
        towpath cluster clone --context prod --name next --kubernetes 1.37\n  \
        towpath cluster clone --context prod --kubernetes 1.37 --dry-run -o json"
    )]
    Clone(ClusterCloneArgs),
    /// List the clusters that run or are kept
    #[command(after_help = "Examples:\n  towpath cluster list\n  towpath cluster list -o json")]
    List,
    /// Stop a cluster and wait until it has ended
    #[command(after_help = "Examples:\n  towpath cluster stop\n  towpath cluster stop next")]
    Stop(ClusterNameArgs),
    /// Stop a cluster and remove its kubeconfig and all that is kept of it
    #[command(after_help = "Examples:\n  towpath cluster delete\n  towpath cluster delete next")]
    Delete(ClusterNameArgs),
}

/// `towpath cluster start`
#[derive(Debug, Args)]
pub(crate) struct ClusterStartArgs {
    /// The version whose API is served
    #[arg(long, value_name = "VERSION")]
    pub(crate) kubernetes: String,
    #[command(flatten)]
    pub(crate) serve: ClusterServeArgs,
}

/// `towpath cluster clone`
#[derive(Debug, Args)]
pub(crate) struct ClusterCloneArgs {
    /// The live cluster, by its context in the kubeconfig
    #[arg(long, value_name = "CONTEXT")]
    pub(crate) context: String,
    /// The version whose API is served, instead of that of the live cluster
    #[arg(long, value_name = "VERSION")]
    pub(crate) kubernetes: Option<String>,
    /// Take the values of Secrets along
    #[arg(long)]
    pub(crate) secrets: bool,
    /// Take the configurations of webhooks along, although nothing in a sandbox answers them
    #[arg(long)]
    pub(crate) webhooks: bool,
    /// Only tell what would come of it
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) serve: ClusterServeArgs,
}

/// How a cluster is served.
#[derive(Debug, Args)]
pub(crate) struct ClusterServeArgs {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Write the kubeconfig to this file, instead of one in the user's state folder
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// Keep the cluster in this folder, or go on with the one that is kept there
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// What the cluster is called
    #[arg(long, value_name = "NAME", default_value = NAME)]
    pub(crate) name: String,
    /// Without TLS and without a token, for tests; only on a loopback address
    #[arg(long)]
    pub(crate) plain_http: bool,
}

/// Which cluster.
#[derive(Debug, Args)]
pub(crate) struct ClusterNameArgs {
    /// The cluster
    #[arg(value_name = "NAME", default_value = NAME)]
    pub(crate) name: String,
}
