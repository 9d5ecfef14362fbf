//! `towpath demo`: an example repository, a remote and a registry folder on this machine, and one change
//! carried from a sandbox to production by the very commands a user would type.
//!
//! Every line that begins with `$` can be repeated by hand in the folder that is named. Runs this
//! program itself, so what is shown is what it does. Touches nothing outside its folder.

mod files;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::args::DemoArgs;
use super::exit;
use super::failure::Failure;
use super::print::{BOLD, DIM, Printer, styled};

/// Somebody of the platform team.
struct Actor {
    name: &'static str,
    email: &'static str,
}

const ADA: Actor = Actor { name: "Ada Engineer", email: "ada@example.com" };
const GRACE: Actor = Actor { name: "Grace Reviewer", email: "grace@example.com" };

/// What `towpath.yaml` needs besides what `init` infers: the registry of the example is a folder.
const REGISTRIES: &str =
    "  registries:\n  - from: oci://registry.example.com/acme\n    to: oci-layout:../registry\n";

pub(crate) fn run(args: &DemoArgs, printer: &Printer) -> Result<u8, Failure> {
    let (folder, _kept) = match &args.into {
        Some(folder) => {
            if folder.exists() {
                return Err(Failure::new(format!("{} is already there", folder.display()))
                    .hint("name a folder that does not exist; the demo makes it"));
            }
            fs::create_dir_all(folder)?;
            (fs::canonicalize(folder)?, None)
        }
        None => {
            let temporary = tempfile::Builder::new().prefix("towpath-demo-").tempdir()?;
            (fs::canonicalize(temporary.path())?, Some(temporary))
        }
    };
    let demo = Demo { folder, program: std::env::current_exe()?, printer };
    demo.set_up()?;
    demo.look()?;
    demo.sandbox()?;
    demo.release()?;
    demo.promote()?;
    demo.look_back()?;
    let (folder, keep) = (demo.folder.display(), args.into.is_some());
    demo.say(&if keep {
        format!("That was the whole path. Everything is still in {folder}.")
    } else {
        "That was the whole path. `towpath demo --into DIR` keeps the folder to try for yourself."
            .to_owned()
    })?;
    Ok(exit::YES)
}

struct Demo<'a> {
    folder: PathBuf,
    program: PathBuf,
    printer: &'a Printer,
}

impl Demo<'_> {
    fn set_up(&self) -> Result<(), Failure> {
        self.say(&format!(
            "A platform team keeps three clusters in Git. This is an example of such a repository, its remote and\n\
             its registry, in {}. Towpath needs nothing else.",
            self.folder.display()
        ))?;
        let platform = self.platform();
        for (path, text) in files::PLATFORM {
            let file = platform.join(path);
            fs::create_dir_all(file.parent().unwrap_or(&platform))?;
            fs::write(file, text)?;
        }
        self.quiet_git(
            &self.folder,
            &["init", "--quiet", "--bare", "--initial-branch=main", "remote.git"],
        )?;
        self.quiet_git(&platform, &["init", "--quiet", "--initial-branch=main"])?;
        self.quiet_git(&platform, &["config", "commit.gpgSign", "false"])?;
        self.quiet_git(&platform, &["remote", "add", "origin", "../remote.git"])?;
        self.quiet_git(&platform, &["add", "--all"])?;
        self.quiet_git(&platform, &["commit", "--quiet", "--message", "the platform as it is"])?;
        self.quiet_git(&platform, &["push", "--quiet", "--set-upstream", "origin", "main"])?;
        self.show(&format!("$ cd {}\n", platform.display()))
    }

    fn look(&self) -> Result<(), Failure> {
        self.say(
            "1. The path is discovered from the files; `init` writes it down, with its reasons.",
        )?;
        self.towpath(&ADA, &["status", "--offline"], exit::YES)?;
        self.towpath(&ADA, &["init"], exit::YES)?;
        self.say("The registry of this example is a folder; towpath.yaml can say so.")?;
        let file = self.platform().join("towpath.yaml");
        let mut text = fs::read_to_string(&file)?;
        text.push_str(REGISTRIES);
        fs::write(&file, text)?;
        self.show(&format!(
            "{}\n",
            styled(DIM, format!("$ cat >> towpath.yaml <<EOF\n{REGISTRIES}EOF"))
        ))?;
        self.git(&ADA, &["add", "towpath.yaml"])?;
        self.git(&ADA, &["commit", "--quiet", "--message", "state the path"])?;
        self.git(&ADA, &["push", "--quiet"])?;
        self.say("What the clusters have today becomes the first release: an OCI artifact that Flux reads.")?;
        self.towpath(&ADA, &["release", "0.0.7"], exit::YES)?;
        self.say(
            "Production is on a range, and should be on an exact version. The first promotion mends that: it waits\n\
             for an approval of the plan, which Grace gives, because who made the release does not count.",
        )?;
        let hash = self.plan_hash()?;
        self.towpath(&GRACE, &["approve", "production", &hash], exit::YES)?;
        self.towpath(&ADA, &["promote", "production"], exit::YES)
    }

    fn sandbox(&self) -> Result<(), Failure> {
        self.say("2. A ticket asks for KEDA. A sandbox is a clone of development on a branch of its own.")?;
        let create =
            ["sandbox", "create", "sandbox-a", "--from", "development", "--ticket", "PLAT-123"];
        self.towpath(&ADA, &[&create[..], &["--summary", "add keda"]].concat(), exit::YES)?;
        self.git(&ADA, &["switch", "--quiet", "PLAT-123-add-keda"])?;
        self.say("The engineer adds the component, and the sandbox's cluster would take it from the branch.")?;
        fs::write(self.platform().join("platform/services/keda.yaml"), files::KEDA)?;
        self.git(&ADA, &["add", "platform/services/keda.yaml"])?;
        self.git(&ADA, &["commit", "--quiet", "--message", "add keda"])?;
        self.git(&ADA, &["push", "--quiet"])?;
        self.towpath(&ADA, &["sandbox", "list"], exit::YES)?;
        self.say("3. It works. Only the platform change goes to the trunk; what is the sandbox's own stays out.")?;
        self.git(&ADA, &["switch", "--quiet", "main"])?;
        self.towpath(&ADA, &["sandbox", "promote", "sandbox-a", "--merge"], exit::YES)
    }

    fn release(&self) -> Result<(), Failure> {
        self.say("4. Development follows the trunk and takes it by itself. 5. The change becomes release 0.0.8.")?;
        self.towpath(&ADA, &["release", "0.0.8"], exit::YES)?;
        self.towpath(&ADA, &["release", "diff", "0.0.7", "0.0.8"], exit::NO)?;
        self.say(
            "6. Staging follows the range 0.0.x and takes it by itself. Production must be told.",
        )?;
        self.towpath(&ADA, &["status"], exit::YES)
    }

    fn promote(&self) -> Result<(), Failure> {
        self.say(
            "7. The plan is exact to the byte. It waits for an approval; exit code 1 says so.",
        )?;
        self.towpath(&ADA, &["plan", "production"], exit::NO)?;
        let hash = self.plan_hash()?;
        self.say("The approval is bound to the plan's hash: when the plan changes, it is void.")?;
        self.towpath(&GRACE, &["approve", "production", &hash], exit::YES)?;
        self.towpath(&ADA, &["promote", "production"], exit::YES)?;
        self.git(&ADA, &["show", "--unified=0", "--format=%an: %s", "HEAD"])?;
        self.towpath(&ADA, &["explain", "production"], exit::YES)
    }

    fn look_back(&self) -> Result<(), Failure> {
        self.say("If it turns out badly, the last good version is one command away.")?;
        self.towpath(&ADA, &["rollback", "production"], exit::YES)?;
        self.say("Everything is in the ledger, on a branch of its own, and can be proven.")?;
        self.towpath(&ADA, &["history"], exit::YES)?;
        self.towpath(&ADA, &["history", "verify"], exit::YES)?;
        self.say("8. The sandbox is taken down in order: what uses custom resources before what provides them.")?;
        self.towpath(&ADA, &["sandbox", "delete", "sandbox-a", "--dry-run"], exit::YES)?;
        self.towpath(&ADA, &["sandbox", "delete", "sandbox-a"], exit::YES)
    }

    fn platform(&self) -> PathBuf {
        self.folder.join("platform")
    }

    /// Shows a command and runs it; an exit code other than the expected one ends the demo.
    fn towpath(&self, actor: &Actor, args: &[&str], expected: u8) -> Result<(), Failure> {
        self.command("towpath", args, actor)?;
        let status = self.program(actor, args).status()?;
        if status.code() != Some(i32::from(expected)) {
            return Err(Failure::new(format!("`towpath {}` ended with {status}", args.join(" ")))
                .hint("the demo expected something else; this is a bug of Towpath"));
        }
        self.show("\n")
    }

    fn program(&self, actor: &Actor, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(self.platform());
        actor.speak(&mut command);
        command
    }

    fn plan_hash(&self) -> Result<String, Failure> {
        let output = self.program(&ADA, &["plan", "production", "--output", "json"]).output()?;
        let plan: serde_json::Value = serde_json::from_slice(&output.stdout)?;
        let hash = plan.get("hash").and_then(serde_json::Value::as_str);
        let hash =
            hash.and_then(|h| h.get(..12)).ok_or_else(|| Failure::new("the plan has no hash"))?;
        Ok(hash.to_owned())
    }

    fn git(&self, actor: &Actor, args: &[&str]) -> Result<(), Failure> {
        self.command("git", args, actor)?;
        self.run_git(&self.platform(), args, actor)
    }

    fn quiet_git(&self, folder: &Path, args: &[&str]) -> Result<(), Failure> {
        self.run_git(folder, args, &ADA)
    }

    fn run_git(&self, folder: &Path, args: &[&str], actor: &Actor) -> Result<(), Failure> {
        let mut command = Command::new("git");
        command.arg("--no-pager").args(args).current_dir(folder);
        actor.speak(&mut command);
        let status = command.status().map_err(|error| {
            Failure::new("git cannot be run").because(error).hint("install git")
        })?;
        if !status.success() {
            return Err(Failure::new(format!("`git {}` ended with {status}", args.join(" "))));
        }
        Ok(())
    }

    fn command(&self, program: &str, args: &[&str], actor: &Actor) -> Result<(), Failure> {
        let args: Vec<String> = args
            .iter()
            .map(|a| if a.contains(' ') { format!("\"{a}\"") } else { (*a).to_owned() })
            .collect();
        let line = format!("$ {program} {}", args.join(" "));
        let who = if actor.name == GRACE.name {
            styled(DIM, "  # Grace, on her machine")
        } else {
            String::new()
        };
        self.show(&format!("{}{who}\n", styled(BOLD, line)))
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        self.show(&format!("\n{text}\n\n"))
    }

    fn show(&self, text: &str) -> Result<(), Failure> {
        self.printer.data(text)
    }
}

impl Actor {
    /// Makes a command this person's, whatever the user's own Git is configured for.
    fn speak(&self, command: &mut Command) {
        command
            .env("GIT_AUTHOR_NAME", self.name)
            .env("GIT_AUTHOR_EMAIL", self.email)
            .env("GIT_COMMITTER_NAME", self.name)
            .env("GIT_COMMITTER_EMAIL", self.email);
    }
}
