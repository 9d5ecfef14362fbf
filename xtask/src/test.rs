//! `cargo xtask test`: everything that the project's tests need, then the tests.
//!
//! Tests run against real local peers: a registry, Git over HTTP, the programs that sign, `kubectl`, Prometheus and
//! Alertmanager. A peer that is not there is installed where that is possible, and otherwise ends the run before it
//! begins: a test that cannot run has failed, it is never skipped.
//! Services are never started here; each test starts its own peer on a port of its own.
//!
//! Properties are tried on the same generated values in every run, or a change would fail for what somebody else did.
//! Whoever looks for what nobody has seen yet asks for another seed.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::run::{self, Answer};
use crate::workspace;

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What properties are tried on follows from this: a number, or `random` for values that no run has seen
    #[arg(long, value_name = "SEED", default_value_t = Seed::Fixed(1))]
    seed: Seed,
    /// Passed on to the test runner, for example `-p towpath-core` or part of a test's name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

/// Where generated values begin.
#[derive(Debug, Clone, Copy)]
enum Seed {
    Fixed(u64),
    Random,
}

impl std::str::FromStr for Seed {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "random" { Ok(Self::Random) } else { text.parse().map(Self::Fixed) }
    }
}

impl std::fmt::Display for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fixed(seed) => write!(f, "{seed}"),
            Self::Random => f.write_str("random"),
        }
    }
}

/// A program that tests start themselves.
struct Peer {
    what: &'static str,
    debian_package: &'static str,
    is_there: fn() -> bool,
}

const PEERS: [Peer; 8] = [
    Peer { what: "git", debian_package: "git", is_there: || run::on_path("git").is_some() },
    Peer { what: "git-http-backend", debian_package: "git", is_there: git_serves_http },
    Peer {
        what: "ssh-keygen",
        debian_package: "openssh-client",
        is_there: || run::on_path("ssh-keygen").is_some(),
    },
    Peer {
        what: "gpg",
        debian_package: "gnupg",
        is_there: || run::on_path("gpg").is_some() && run::on_path("gpg-agent").is_some(),
    },
    Peer {
        what: "docker-registry",
        debian_package: "docker-registry",
        is_there: || run::on_path("docker-registry").is_some(),
    },
    Peer {
        what: "kubectl",
        debian_package: "kubernetes-client",
        is_there: || run::on_path("kubectl").is_some(),
    },
    Peer {
        what: "prometheus",
        debian_package: "prometheus",
        is_there: || run::on_path("prometheus").is_some() && run::on_path("promtool").is_some(),
    },
    Peer {
        what: "prometheus-alertmanager",
        debian_package: "prometheus-alertmanager",
        is_there: || run::on_path("prometheus-alertmanager").is_some(),
    },
];

/// Makes sure of the peers, then runs tests and documentation tests.
pub(crate) fn run(args: &Args) -> Result<Answer> {
    provide_peers()?;
    let mut command = workspace::cargo();
    if let Seed::Fixed(seed) = args.seed {
        command.env("PROPTEST_RNG_SEED", seed.to_string());
    }
    eprintln!("properties are tried with seed {}", args.seed);
    if run::on_path("cargo-nextest").is_some() {
        command.args(["nextest", "run"]);
    } else {
        command.args(["test", "--lib", "--bins", "--tests"]);
    }
    // Whoever waits for a run wants to see all that fails.
    command.arg("--no-fail-fast");
    if !names_a_package(&args.rest) {
        command.arg("--workspace");
    }
    let tests = run::shown(command.args(&args.rest))?;
    // Arguments choose among tests; documentation tests are a check of the whole.
    if !args.rest.is_empty() {
        return Ok(tests);
    }
    Ok(tests.and(run::shown(workspace::cargo().args(["test", "--doc", "--workspace"]))?))
}

/// Whether the arguments choose packages, so that the others need not be built.
fn names_a_package(args: &[String]) -> bool {
    args.iter().any(|arg| {
        let long = arg
            .strip_prefix("--package")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('='));
        long || (arg.starts_with("-p") && !arg.starts_with("--"))
    })
}

fn provide_peers() -> Result<()> {
    let missing = || PEERS.iter().filter(|peer| !(peer.is_there)()).collect::<Vec<_>>();
    let packages = packages(&missing());
    if packages.is_empty() {
        return Ok(());
    }
    if is_root() && run::on_path("apt-get").is_some() {
        // What counts is whether the programs are there afterwards: without an init system a package may be in place
        // although starting its service was refused.
        let _ = run::shown(apt_get().arg("update"))?;
        let _ = run::shown(
            apt_get().args(["install", "--yes", "--no-install-recommends"]).args(&packages),
        )?;
    }
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|peer| peer.what).collect();
    bail!(
        "tests need {}, which is not on this machine\nhint: on Debian, as root: apt-get install {}",
        names.join(", "),
        self::packages(&missing).join(" ")
    )
}

fn packages(missing: &[&Peer]) -> Vec<&'static str> {
    let mut packages: Vec<_> = missing.iter().map(|peer| peer.debian_package).collect();
    packages.dedup();
    packages
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        // Debian's invoke-rc.d starts no service in the run level of maintenance.
        .env("RUNLEVEL", "1")
        .args(["-o", "DPkg::Lock::Timeout=120"]);
    command
}

fn is_root() -> bool {
    run::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn git_serves_http() -> bool {
    run::output(Command::new("git").arg("--exec-path"))
        .is_ok_and(|folder| Path::new(folder.trim()).join("git-http-backend").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_chosen_package_is_built() {
        for (args, expected) in [
            (&["-p", "towpath-core"][..], true),
            (&["-ptowpath-core"], true),
            (&["--package=towpath-core", "plan"], true),
            (&["plan"], false),
            (&["--packaged"], false),
            (&[], false),
        ] {
            let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
            assert_eq!(names_a_package(&args), expected, "{args:?}");
        }
    }

    #[test]
    fn a_package_is_named_once_however_much_of_it_is_missing() {
        let all: Vec<_> = PEERS.iter().collect();
        let expected = [
            "git",
            "openssh-client",
            "gnupg",
            "docker-registry",
            "kubernetes-client",
            "prometheus",
            "prometheus-alertmanager",
        ];
        assert_eq!(packages(&all), expected);
        assert!(packages(&[]).is_empty());
    }
}
