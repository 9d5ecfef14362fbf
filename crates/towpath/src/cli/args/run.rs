//! The arguments of `towpath run`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use towpath_api::path_file::duration;

/// `towpath run`
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// How often Git and the registries are asked for news: 30s, 5m
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = duration)]
    pub(crate) interval: Duration,
    /// Take one turn and end
    #[arg(long)]
    pub(crate) once: bool,
    /// Where to hear webhooks and tell metrics: 127.0.0.1:8080; plain HTTP
    #[arg(long, value_name = "ADDRESS", conflicts_with = "once")]
    pub(crate) listen: Option<SocketAddr>,
    /// The file with the secret of webhooks. Without a secret no webhook is taken
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub(crate) webhook_secret_file: Option<PathBuf>,
    /// The environment variable with the secret of webhooks
    #[arg(long, value_name = "NAME", requires = "listen", conflicts_with = "webhook_secret_file")]
    pub(crate) webhook_secret_env: Option<String>,
}
