//! `cargo xtask bench`: whole processes, side by side with what a user would use instead, in one run.
//!
//! What counts is the ratio: both sides ran on the same machine in the same minute. Every figure is the median of
//! some runs. Nothing is asserted about time, so a slow machine never fails anything. Parts of a process are measured
//! by the benchmarks of the crates.

mod check;
mod cluster;
mod diff;
mod fleet;
mod release;
mod render;
mod stopwatch;

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::run::Answer;
use crate::workspace;

/// Arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
    /// How often each process runs; the median is shown
    #[arg(long, global = true, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// The binary to measure, instead of one that is built now
    #[arg(long, global = true, value_name = "FILE")]
    towpath: Option<PathBuf>,
}

#[derive(clap::Subcommand)]
enum What {
    /// `towpath status` on a copy of a repository
    Status {
        /// The folder of the repository
        dir: PathBuf,
    },
    /// `towpath status` on made repositories of many clusters with 20 Kustomizations each
    Fleet {
        /// Sizes to measure, in clusters
        #[arg(long, value_delimiter = ',', default_values_t = [100, 300, 1000])]
        clusters: Vec<usize>,
    },
    /// `towpath release` of many files
    Release {
        /// How many files
        #[arg(long, default_value_t = 5000)]
        files: usize,
    },
    /// `towpath check` of a folder of manifests
    Check {
        /// How many files, of two documents each
        #[arg(long, default_value_t = 5000)]
        files: usize,
    },
    /// `towpath diff` of a made fleet in which one base changed
    Diff {
        /// Sizes to measure, in clusters
        #[arg(long, value_delimiter = ',', default_values_t = [100, 300, 1000])]
        clusters: Vec<usize>,
    },
    /// `towpath cluster start` and many clusters in one process: how soon they are ready, what they take and do
    Cluster(cluster::Sizes),
    /// `towpath render --kustomize` of one overlay and of many
    Render {
        /// How many overlays
        #[arg(long, default_value_t = 200)]
        overlays: usize,
    },
}

/// What every benchmark is given.
struct Bench {
    towpath: PathBuf,
    runs: u16,
}

/// Measures and prints a table.
pub(crate) fn run(args: &Args) -> Result<Answer> {
    let towpath = match &args.towpath {
        Some(file) => file.canonicalize().with_context(|| format!("no file {}", file.display()))?,
        None => workspace::towpath(true)?,
    };
    let bench = Bench { towpath, runs: args.runs };
    match &args.what {
        What::Status { dir } => fleet::status_of_copy(&bench, dir)?,
        What::Fleet { clusters } => fleet::status_of_fleets(&bench, clusters)?,
        What::Release { files } => release::release(&bench, *files)?,
        What::Check { files } => check::check(&bench, *files)?,
        What::Diff { clusters } => diff::diff(&bench, clusters)?,
        What::Cluster(sizes) => cluster::cluster(&bench, sizes)?,
        What::Render { overlays } => render::render(&bench, *overlays)?,
    }
    Ok(Answer::Yes)
}
