//! The arguments of `towpath run`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use towpath_adapters::kubernetes::Place;
use towpath_api::path_file::duration;
use towpath_engine::lease::Terms;

/// `towpath run`
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// How often Git and the registries are asked for news: 30s, 5m
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = duration)]
    pub(crate) interval: Duration,
    /// Take one turn and end
    #[arg(long)]
    pub(crate) once: bool,
    /// Which tests that are due the loop runs by itself
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = RunTests::Jobs)]
    pub(crate) tests: RunTests,
    /// Where to hear webhooks and tell metrics: 127.0.0.1:8080; plain HTTP
    #[arg(long, value_name = "ADDRESS", conflicts_with = "once")]
    pub(crate) listen: Option<SocketAddr>,
    /// The file with the secret of webhooks. Without a secret no webhook is taken
    #[arg(long, value_name = "FILE", requires = "listen")]
    pub(crate) webhook_secret_file: Option<PathBuf>,
    /// The environment variable with the secret of webhooks
    #[arg(long, value_name = "NAME", requires = "listen", conflicts_with = "webhook_secret_file")]
    pub(crate) webhook_secret_env: Option<String>,
    /// The lease that must be held to act, of those that run on one path: NAMESPACE/NAME, or none. In a pod there is
    /// one of its own accord
    #[arg(long, value_name = "LEASE", value_parser = lease, conflicts_with = "once")]
    pub(crate) lease: Option<LeaseArg>,
    /// The cluster of the lease, by a context of the kubeconfig; in-cluster is that of the pod
    #[arg(long, value_name = "CONTEXT", default_value = "in-cluster", requires = "lease")]
    pub(crate) lease_context: String,
    /// How long the others wait when whoever holds the lease says nothing any more
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = terms)]
    pub(crate) lease_duration: Terms,
}

/// What `--lease` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeaseArg {
    /// No lease, also in a pod.
    None,
    /// This one.
    At(Place),
}

fn lease(text: &str) -> Result<LeaseArg, String> {
    if text == "none" {
        return Ok(LeaseArg::None);
    }
    let is_name = |name: &str| {
        let of_name =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
        !name.is_empty() && name.len() <= 253 && name.chars().all(of_name)
    };
    match text.split_once('/') {
        Some((namespace, name)) if is_name(namespace) && is_name(name) => {
            Ok(LeaseArg::At(Place { namespace: namespace.to_owned(), name: name.to_owned() }))
        }
        _ => Err("write NAMESPACE/NAME, in small letters, digits and hyphens, or none".to_owned()),
    }
}

fn terms(text: &str) -> Result<Terms, String> {
    Terms::lasting(duration(text)?)
        .ok_or_else(|| "a lease lasts three seconds or longer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_named_with_its_namespace() {
        let place = Place { namespace: "towpath".to_owned(), name: "a-path.eu".to_owned() };
        assert_eq!(lease("towpath/a-path.eu"), Ok(LeaseArg::At(place)));
        assert_eq!(lease("none"), Ok(LeaseArg::None));
        for text in ["", "towpath", "/a", "a/", "a/b/c", "A/b", "a/b_c"] {
            assert!(lease(text).is_err(), "{text}");
        }
        assert!(terms("2s").is_err() && terms("3s").is_ok());
    }
}

/// Which tests the loop runs by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunTests {
    /// None
    None,
    /// Those that are Jobs, on their clusters
    Jobs,
    /// Jobs, and commands on this machine
    All,
}
