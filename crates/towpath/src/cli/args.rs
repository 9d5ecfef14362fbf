//! The grammar of the command line: what users type, with its help.
//!
//! Only shapes and words; commands resolve them. The reference, man pages and completion are made from
//! this file.

mod gates;
mod promotion;
mod release;
mod run;
mod sandbox;
mod simulate;

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use super::failure::Failure;

pub(crate) use gates::{
    AbortArgs, GateArgs, GateCommand, ReplayArgs, ReportArgs, ReportVerdict, TestArgs,
};
pub(crate) use promotion::{
    ApproveArgs, FollowArgs, FreezeArgs, FreezeCommand, FreezeOnArgs, HistoryArgs, HistoryCommand,
    OverrideArgs, PlanArgs, PromoteArgs, RollbackArgs,
};
pub(crate) use release::{PlaceArgs, ReleaseArgs, ReleaseCommand};
pub(crate) use run::{LeaseArg, RunArgs, RunTests};
pub(crate) use sandbox::{
    SandboxArgs, SandboxCommand, SandboxCreateArgs, SandboxDeleteArgs, SandboxPromoteArgs,
};
pub(crate) use simulate::SimulateArgs;

/// Carries a platform change from a sandbox to production, through Git, on a path that it discovers.
#[derive(Debug, Parser)]
#[command(
    name = "towpath",
    version,
    after_help = "Start with `towpath status` in a Flux repository, or with `towpath demo` anywhere.\n\
                  Exit codes: 0 yes or done, 1 the honest answer is no, 2 could not answer."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Work on the repository in this folder
    #[arg(short = 'C', long = "directory", value_name = "DIR", default_value = ".", global = true)]
    pub(crate) directory: PathBuf,
    /// Print the answer in this format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = OutputFormat::Table, global = true)]
    pub(crate) output: OutputFormat,
    /// Ask no registry and no remote
    #[arg(long, global = true)]
    pub(crate) offline: bool,
    /// Print only the answer, no notes
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto, global = true)]
    pub(crate) color: Color,
}

/// The formats of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people; carries no promise
    Table,
    /// For programs; see docs/schemas
    Json,
    /// The same as YAML
    Yaml,
    /// For a pull request; `towpath diff` and `towpath check` have it
    Markdown,
    /// As `diff -u` writes; only `towpath diff` has it
    Unified,
    /// For code scanning; only `towpath check` has it
    Sarif,
    /// For reports of tests; only `towpath check` has it
    Junit,
    /// Annotations of GitHub Actions; only `towpath check` has it
    Github,
}

/// Whether a command answers in this format.
pub(super) fn allow(format: OutputFormat, command: &Command) -> Result<(), Failure> {
    let who = match format {
        OutputFormat::Table | OutputFormat::Json | OutputFormat::Yaml => return Ok(()),
        OutputFormat::Markdown if matches!(command, Command::Diff(_) | Command::Check(_)) => {
            return Ok(());
        }
        OutputFormat::Unified if matches!(command, Command::Diff(_)) => return Ok(()),
        OutputFormat::Sarif | OutputFormat::Junit | OutputFormat::Github
            if matches!(command, Command::Check(_)) =>
        {
            return Ok(());
        }
        OutputFormat::Markdown => "only `towpath diff` and `towpath check` have markdown output",
        OutputFormat::Unified => "only `towpath diff` has unified output",
        OutputFormat::Sarif | OutputFormat::Junit | OutputFormat::Github => {
            "only `towpath check` has sarif, junit and github output"
        }
    };
    Err(Failure::new(who).hint("ask for table, json or yaml"))
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Infer the path from the repository and write towpath.yaml
    #[command(after_help = "An existing towpath.yaml is never overwritten.\n\nExamples:\n  \
        towpath init\n  towpath init --dry-run")]
    Init(InitArgs),
    /// Show each environment: what it tracks, what it should get, what comes next
    #[command(
        after_help = "Reads the files as they are in the folder, and branches as of the last fetch. Clusters that have a\n\
        context in towpath.yaml, or are named here, are asked what they run; nothing is written to them.\n\n\
        Examples:\n  towpath status\n  towpath status -C ../platform -o json\n  \
        towpath status --context production-eu=admin@eu --context sandbox-a=sandbox-a"
    )]
    Status(StatusArgs),
    /// Say every reason why an environment is not on the newest release, and when it can be
    #[command(
        after_help = "Every gate is told with its verdict, why, since when that is known, and when it can open at the\n\
        earliest. The time at which the release can be there is a bound: what it supposes is told with it.\n\n\
        Examples:\n  towpath explain production\n  towpath explain production --to 1.4.2"
    )]
    Explain(ExplainArgs),
    /// Show what entering an environment would change, to the byte, and the gates before it
    #[command(
        after_help = "Exit code 0 when it could be promoted now or is up to date, else 1.\n\n\
        Examples:\n  towpath plan production\n  towpath plan production --to 0.0.8"
    )]
    Plan(PlanArgs),
    /// Print the objects that a cluster is given, or that a folder builds to
    #[command(
        after_help = "The files are those of the folder; a release is read from its registry, or from the commit that it\n\
        was made from. Exit code 1 when something is wrong with the objects or not at hand.\n\
        With --kustomize, standard output is what `kustomize build DIR` prints.\n\n\
        Examples:\n  towpath render production\n  towpath render production -o json\n  \
        towpath render production --to ./rendered\n  towpath render --kustomize apps/overlays/production"
    )]
    Render(RenderArgs),
    /// Check what clusters are given, or a folder of manifests, before it is merged
    #[command(
        after_help = "In a repository with clusters, every cluster is rendered and its objects are judged for the\n\
        Kubernetes of its environment: spec.environments[].kubernetes in towpath.yaml, or --kubernetes\n\
        to ask what would be. With a PATH, or where there are no clusters, files are judged as they stand.\n\n\
        With --context, what a connected cluster has is judged, too, for the Kubernetes that it runs: alone, where the\n\
        folder has no clusters, beside files that are named, or beside the path. Nothing is written there, and of\n\
        Secrets only the releases that Helm has stored are read. With --since only what the change does to its\n\
        objects is told.\n\n\
        With --impact, the answer is whom the change since --since concerns, or the removal that --removing\n\
        names: exit code 1 when that is somebody. With --component, it is what a component brings and needs:\n\
        exit code 1 when an environment certainly cannot run it.\n\n\
        Exit code 1 when there are findings at or above --fail-on, else 0.\n\nExamples:\n  \
        towpath check\n  towpath check --kubernetes 1.36\n  \
        towpath check --kubernetes 1.36 --only removed-api,deprecated-api manifests/\n  \
        kubectl get deployments,hpa -A -o yaml --show-managed-fields | towpath check --only removed-api -\n  \
        kubectl get secrets -A -l owner=helm -o yaml | towpath check --only removed-api -\n  \
        towpath check --context production --kubernetes 1.36\n  \
        towpath check --impact --since origin/main --context production\n  \
        towpath check -o sarif > towpath.sarif\n  \
        towpath check --impact --since origin/main --messages\n  \
        towpath check --removing policy/v1beta1/PodDisruptionBudget\n  \
        towpath check --component infrastructure/keda"
    )]
    Check(CheckArgs),
    /// Explain a rule of the checks, or list them
    #[command(after_help = "Examples:\n  towpath explain-rule\n  towpath explain-rule removed-api")]
    ExplainRule(ExplainRuleArgs),
    /// Show what differs between two sides, object by object
    #[command(after_help = "A side is one of:\n  \
        a cluster (CLUSTER or ENV/CLUSTER) or an environment, as the files of the folder have it;\n  \
        a release (VERSION or COMPONENT@VERSION), on the clusters that use its component;\n  \
        a Git revision, or . for the work tree: on every cluster;\n  \
        a folder that is built or a file of manifests; - for standard input.\n\
        A prefix says which where a name could be several: env:, cluster:, release:, path:, rev:.\n\n\
        A change that is the same on many clusters is shown once. Values of Secrets and what SOPS has\n\
        sealed are never shown, only that they changed.\n\n\
        Exit code 0 when nothing differs, 1 when something does or could not be compared.\n\nExamples:\n  \
        towpath diff 0.0.7 0.0.8\n  towpath diff main HEAD -o markdown\n  towpath diff HEAD .\n  \
        towpath diff production 0.0.8\n  towpath diff staging production\n  \
        kubectl get -A -o yaml deployments | towpath diff - production/eu\n  \
        towpath diff old/ new/ -o unified")]
    Diff(DiffArgs),
    /// Move an environment to a release: one edit, one commit, pushed on the expected parent
    #[command(after_help = "Examples:\n  towpath promote production\n  \
        towpath promote production --to 0.0.8\n  towpath promote production --branch promote-0.0.8\n  \
        towpath promote production --follow --timeout 1h")]
    Promote(PromoteArgs),
    /// Move an environment back to its last recorded good version
    #[command(after_help = "Examples:\n  towpath rollback production")]
    Rollback(RollbackArgs),
    /// Give up the last promotion of an environment: nothing moves on
    #[command(
        after_help = "Nothing goes back by itself: clusters that have the release keep it until `towpath rollback ENV`.\n\
        The release counts as failed there, so the environments behind it do not take it. A person may promote\n\
        it again.\n\nExamples:\n  towpath abort production --reason \"errors since 9:00\""
    )]
    Abort(AbortArgs),
    /// Approve a plan by its hash
    #[command(
        after_help = "The hash is the one that `towpath plan` prints; an approval is void when the plan\n\
        changes.\n\nExamples:\n  towpath approve production 3f1c9a2b7d40"
    )]
    Approve(ApproveArgs),
    /// Let one plan pass one gate, with a reason and an expiry
    #[command(
        after_help = "Examples:\n  towpath override production soak --reason \"fixes the outage\" --for 2h"
    )]
    Override(OverrideArgs),
    /// Stop every promotion, of one environment or of all, and let go again
    #[command(
        after_help = "A freeze is recorded in the ledger, so everybody who promotes sees it. No override passes it. \
        A person may roll back all the same.\n\nExamples:\n  \
        towpath freeze on --reason \"the registry is being moved\"\n  \
        towpath freeze on production --reason \"outage 4711\"\n  towpath freeze list\n  \
        towpath freeze off production --reason \"it is over\""
    )]
    Freeze(FreezeArgs),
    /// Report a status of a release, for the gates that wait for it
    #[command(
        after_help = "For other programs, such as a pipeline that has built the release. What was reported already is not\n\
        recorded again. Exit code 0 when it is in the ledger, whatever it says.\n\nExamples:\n  \
        towpath report ci/build success --version 0.0.8 --url https://ci.example.com/4711\n  \
        towpath report security-scan failure --detail \"2 critical findings\""
    )]
    Report(ReportArgs),
    /// Put a release to a test of towpath.yaml in an environment, and record what came of it
    #[command(
        after_help = "A command is run in the root of the repository, without a shell; what it is to test stands in\n\
        TOWPATH_ENVIRONMENT, TOWPATH_COMPONENT, TOWPATH_VERSION, TOWPATH_DIGEST and TOWPATH_CLUSTERS. At the\n\
        timeout all that it started is killed, and that is a failure. The last lines of its output are\n\
        recorded.\n\nExit code 0 when it passed, 1 when it failed, 2 when it could not be run: then nothing is recorded.\n\n\
        Examples:\n  towpath test staging smoke\n  towpath test staging smoke --version 0.0.8"
    )]
    Test(TestArgs),
    /// Show the ledger: who moved what, when, on what evidence
    #[command(
        after_help = "Examples:\n  towpath history\n  towpath history --environment production -o json\n  \
        towpath history verify"
    )]
    History(HistoryArgs),
    /// Play a scenario, or what the ledger recorded, on the path: what would happen, and what waits for what
    #[command(
        after_help = "The planner that decides for `towpath promote` decides here, on a virtual clock. Nothing is written.\n\
        Exit code 0; with --against 1 where the two policies do not come to the same.\n\nExamples:\n  \
        towpath simulate\n  towpath simulate quarter.yaml --timeline\n  towpath simulate --since 90d\n  \
        towpath simulate quarter.yaml --against stricter.yaml"
    )]
    Simulate(SimulateArgs),
    /// Judge the gates of a recorded promotion again
    Gate(GateArgs),
    /// Package a component as a Flux OCI artifact and publish it
    #[command(
        after_help = "Packages a commit (the version's Git tag if there is one, else HEAD), never the\n\
        work tree unless asked. Same commit, same bytes.\n\nExamples:\n  towpath release 0.0.8\n  \
        towpath release 0.0.8 --to oci-layout:../artifacts\n  towpath release list\n  \
        towpath release diff 0.0.7 0.0.8"
    )]
    Release(ReleaseArgs),
    /// Create, list, promote and delete sandboxes
    Sandbox(SandboxArgs),
    /// Start, list, stop and delete sandbox clusters on this machine
    Cluster(super::cluster::args::ClusterArgs),
    /// Promote by itself what gates let pass, in the environments that are automatic
    #[command(
        after_help = "The loop in the foreground. It asks Git and the registries for news at every interval, watches the clusters\n\
        that have a context in towpath.yaml, records what follows from what they report (verified, failed), and\n\
        promotes into environments with `auto: true` what their gates let pass. It goes back where `onFailure:\n\
        rollback` says so. All that it knows is in Git and the clusters: it can be killed and started at any time,\n\
        and several may run at once. With a lease (in a pod, or by --lease) one of them acts, and the others stand by.\n\
        A line is told for what it does, and for each environment that stands otherwise than it did; with -o json one\n\
        object each.\n\n\
        Examples:\n  towpath run\n  towpath run --interval 30s -o json\n  towpath run --once\n  \
        towpath run --lease towpath/platform --lease-context management"
    )]
    Run(RunArgs),
    /// Carry an example change from a sandbox to production, on this machine, narrated
    #[command(after_help = "Examples:\n  towpath demo\n  towpath demo --into ./towpath-demo")]
    Demo(DemoArgs),
    /// Print the completion script of a shell
    #[command(after_help = "Examples:\n  towpath completion bash > /etc/bash_completion.d/towpath")]
    Completion(CompletionArgs),
}

/// `towpath init`
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Print the file instead of writing it
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `towpath status`
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Fetch from the remote first
    #[arg(long)]
    pub(crate) fetch: bool,
    /// Ask a cluster what it runs, by a context of the kubeconfig; in-cluster is that of the pod
    #[arg(long = "context", value_name = "CLUSTER=CONTEXT")]
    pub(crate) contexts: Vec<String>,
}

/// `towpath explain`
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The environment
    #[arg(value_name = "ENV")]
    pub(crate) environment: String,
    /// Only this component
    #[arg(long, value_name = "NAME")]
    pub(crate) component: Option<String>,
    /// Say when this release can be there, instead of the newest
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<String>,
}

/// `towpath render`
#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    /// The cluster, or an environment that has only one; may be left out where there is only one cluster
    pub(crate) cluster: Option<String>,
    /// Build this folder as `kustomize build` does, instead of rendering a cluster
    #[arg(long, value_name = "DIR", conflicts_with_all = ["cluster", "to", "show_secrets"])]
    pub(crate) kustomize: Option<PathBuf>,
    /// Write a file for each object into this new folder, instead of printing them
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
    /// Show the values of Secrets that stand in the repository
    #[arg(long)]
    pub(crate) show_secrets: bool,
}

/// `towpath diff`
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The old side
    #[arg(value_name = "A")]
    pub(crate) old: String,
    /// The new side
    #[arg(value_name = "B")]
    pub(crate) new: String,
}

/// `towpath check`
#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("whom").args(["impact", "removing"]).multiple(true)))]
pub(crate) struct CheckArgs {
    /// Files or folders of manifests, or - for standard input, instead of what the clusters of the repository are given
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Judge for this Kubernetes, whatever the environments run
    #[arg(long, value_name = "VERSION")]
    pub(crate) kubernetes: Option<String>,
    /// Only these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Only findings that this revision did not have, and what changed since in definitions of custom resources; of a
    /// release, as COMPONENT@VERSION, only the definitions
    #[arg(long, value_name = "REV|RELEASE")]
    pub(crate) since: Option<String>,
    /// Write the apiVersion that replaces a deprecated or removed one where the shape is the same, and nothing else
    #[arg(long)]
    pub(crate) fix: bool,
    /// Definitions of custom resources besides those of the repository: files or folders
    #[arg(long = "definitions", value_name = "PATH")]
    pub(crate) definitions: Vec<PathBuf>,
    /// A connected cluster that is judged, too, by a context of the kubeconfig; in-cluster is that of the pod
    #[arg(long = "context", value_name = "NAME", conflicts_with_all = ["fix", "component"])]
    pub(crate) contexts: Vec<String>,
    /// Answer no when there is a finding of at least this severity
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Error)]
    pub(crate) fail_on: FailOn,
    /// Say whom the change concerns: owners, their objects, and what to do
    #[arg(long, conflicts_with_all = ["fix", "only", "fail_on", "component"])]
    pub(crate) impact: bool,
    /// Say who uses an API that is to be removed: keda.sh, scaledobjects.keda.sh, policy/v1beta1, or with a kind
    #[arg(
        long,
        value_name = "API",
        conflicts_with_all = ["fix", "only", "fail_on", "component", "since"]
    )]
    pub(crate) removing: Option<String>,
    /// Print a message for each owner after the table, ready to send
    #[arg(long, requires = "whom")]
    pub(crate) messages: bool,
    /// Say what a component brings and needs, and which environments cannot run it: a file or folder of manifests, or -
    #[arg(
        long,
        value_name = "PATH",
        conflicts_with_all = ["paths", "fix", "only", "fail_on", "since"]
    )]
    pub(crate) component: Option<PathBuf>,
}

/// `towpath explain-rule`
#[derive(Debug, Args)]
pub(crate) struct ExplainRuleArgs {
    /// The rule
    #[arg(value_name = "RULE")]
    pub(crate) rule: Option<String>,
}

/// Which findings make the answer no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Every finding
    Info,
    /// Warnings and errors
    Warning,
    /// Errors
    Error,
    /// None
    Never,
}

/// `towpath demo`
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Write into this folder, which must not exist, and keep it
    #[arg(long, value_name = "DIR")]
    pub(crate) into: Option<PathBuf>,
}

/// `towpath completion`
#[derive(Debug, Args)]
pub(crate) struct CompletionArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}
