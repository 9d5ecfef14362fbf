//! A world for one test: a platform repository, its remote and a registry folder in a temporary folder, the
//! binary, and a transcript. All redactions are here.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use towpath_testkit::git::TestRepo;

/// The example of `towpath demo`, by folder.
const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/platform");

/// Production's platform file in the example.
pub(crate) const PRODUCTION: &str = "clusters/production/platform.yaml";

/// What a team states about the example: as `init` writes it, with a registry that is a folder.
pub(crate) const PATH_FILE: &str = "\
apiVersion: towpath.dev/v1alpha1
kind: Path
spec:
  components:
  - name: platform
    paths:
    - platform
    releases: oci://registry.example.com/acme/platform
  environments:
  - name: development
    tracks: branch
  - name: staging
    tracks: semver
    after: [development]
  - name: production
    tracks: exact
    after: [staging]
  registries:
  - from: oci://registry.example.com/acme
    to: oci-layout:../registry
";

/// [`PATH_FILE`] with one approval before production.
pub(crate) fn path_file_with_approval() -> String {
    PATH_FILE.replace(
        "    after: [staging]\n",
        "    after: [staging]\n    gates:\n    - approval: {count: 1}\n",
    )
}

/// Somebody of the team.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actor(&'static str, &'static str);

/// Who the fixtures' Git is configured for.
pub(crate) const ADA: Actor = Actor("Ada Lock", "ada@example.org");
/// Somebody else.
pub(crate) const GRACE: Actor = Actor("Grace Weir", "grace@example.org");

/// The repository, its remote, and what was said so far.
pub(crate) struct World {
    pub(crate) repo: TestRepo,
    pub(crate) remote: TestRepo,
    transcript: RefCell<String>,
    hosts: RefCell<Vec<String>>,
}

impl World {
    /// A repository on `main` with these files, and a bare remote that has them.
    pub(crate) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let repo = TestRepo::new();
        for (path, bytes) in files {
            repo.file(path, bytes);
        }
        repo.commit("the platform as it is");
        let remote = repo.bare_remote();
        Self { repo, remote, transcript: RefCell::default(), hosts: RefCell::default() }
    }

    /// The example of `towpath demo`.
    pub(crate) fn example() -> Self {
        let files = example();
        Self::of(files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())))
    }

    /// The example with [`PATH_FILE`].
    pub(crate) fn stated() -> Self {
        Self::with_path_file(PATH_FILE)
    }

    /// The example with a `towpath.yaml`.
    pub(crate) fn with_path_file(text: &str) -> Self {
        let world = Self::example();
        world.push_file("towpath.yaml", text, "state the path");
        world
    }

    /// The example with [`PATH_FILE`], releases 0.0.7 and 0.0.8, and production on exactly 0.0.7.
    pub(crate) fn two_releases() -> Self {
        Self::two_releases_with(PATH_FILE)
    }

    /// As [`World::two_releases`], with another `towpath.yaml`.
    pub(crate) fn two_releases_with(path_file: &str) -> Self {
        let world = Self::with_path_file(path_file);
        world.edit(PRODUCTION, "semver: 0.0.x", "tag: 0.0.7");
        world.publish("production is exact");
        world.ok(&["release", "0.0.7"]);
        world.push_file("platform/services/keda.yaml", KEDA, "add keda");
        world.ok(&["release", "0.0.8"]);
        world
    }

    /// Writes a file, commits it and pushes.
    pub(crate) fn push_file(&self, path: &str, text: &str, message: &str) {
        self.repo.file(path, text);
        self.publish(message);
    }

    /// Replaces a text that is there once.
    pub(crate) fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert_eq!(text.matches(old).count(), 1, "{old:?} is once in {path}");
        self.repo.file(path, text.replace(old, new));
    }

    /// Commits all that is there and pushes it.
    pub(crate) fn publish(&self, message: &str) {
        self.repo.commit(message);
        self.repo.git(&["push", "--quiet", "origin", "HEAD"]);
    }

    /// A file of the work tree.
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.repo.path().join(path)).expect("the file is there")
    }

    /// Hides an address of a server from the transcript.
    pub(crate) fn hide(&self, host: &str) {
        self.hosts.borrow_mut().push(host.to_owned());
    }

    /// The command, not started: as Ada, in the repository, deaf to the machine's configuration.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.command_in(&self.repo, ADA, args)
    }

    /// As [`World::command`], as somebody and somewhere.
    pub(crate) fn command_in(&self, repo: &TestRepo, who: Actor, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_towpath"));
        command
            .args(args)
            .current_dir(repo.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(repo.env())
            .env("GIT_AUTHOR_NAME", who.0)
            .env("GIT_AUTHOR_EMAIL", who.1)
            .env("GIT_COMMITTER_NAME", who.0)
            .env("GIT_COMMITTER_EMAIL", who.1)
            .stdin(Stdio::null());
        command
    }

    /// Runs a command and adds it to the transcript; gives its exit code.
    pub(crate) fn run(&self, args: &[&str]) -> i32 {
        self.run_in(&self.repo, ADA, args)
    }

    /// As [`World::run`], with the access of a kubeconfig.
    pub(crate) fn run_with(&self, args: &[&str], kubeconfig: &str) -> i32 {
        let mut command = self.command(args);
        command.env("KUBECONFIG", kubeconfig);
        let output = command.output().expect("the binary can be started");
        self.tell(&format!("$ towpath {}", quoted(args)), &output)
    }

    /// As [`World::run`], as somebody else.
    pub(crate) fn run_as(&self, who: Actor, args: &[&str]) -> i32 {
        self.run_in(&self.repo, who, args)
    }

    /// As [`World::run`], as somebody and somewhere.
    pub(crate) fn run_in(&self, repo: &TestRepo, who: Actor, args: &[&str]) -> i32 {
        let output = self.command_in(repo, who, args).output().expect("the binary can be started");
        let who = if who.0 == ADA.0 { String::new() } else { format!("  # {}", who.0) };
        self.tell(&format!("$ towpath {}{who}", quoted(args)), &output)
    }

    /// Adds a command's output to the transcript; gives its exit code.
    pub(crate) fn tell(&self, line: &str, output: &Output) -> i32 {
        let code = output.status.code().expect("no signal ended it");
        let mut transcript = self.transcript.borrow_mut();
        let _ = writeln!(transcript, "{line}\nexit: {code}");
        for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !bytes.is_empty() {
                let text = String::from_utf8_lossy(bytes);
                let _ = write!(transcript, "--- {stream}\n{text}");
                if !text.ends_with('\n') {
                    transcript.push_str("\u{b6}\n");
                }
            }
        }
        transcript.push('\n');
        code
    }

    /// Adds a line of the test's own to the transcript.
    pub(crate) fn say(&self, line: &str) {
        let _ = writeln!(self.transcript.borrow_mut(), "# {line}\n");
    }

    /// Runs a command that must succeed, and leaves no trace in the transcript; gives its stdout.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        self.ok_as(ADA, args)
    }

    /// As [`World::ok`], as somebody else.
    pub(crate) fn ok_as(&self, who: Actor, args: &[&str]) -> String {
        let output =
            self.command_in(&self.repo, who, args).output().expect("the binary can be started");
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{args:?}:\n{stdout}{stderr}");
        stdout.into_owned()
    }

    /// A command's JSON, whatever its exit code.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let output = self.command(args).args(["-o", "json"]).output();
        let output = output.expect("the binary can be started");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{args:?}: {error}: {}", String::from_utf8_lossy(&output.stderr))
        })
    }

    /// The hash of an environment's plan.
    pub(crate) fn plan_hash(&self, environment: &str) -> String {
        let plan = self.json(&["plan", environment]);
        plan["hash"].as_str().expect("there is a plan")[..12].to_owned()
    }

    /// Runs commands that must fail with exit code 2 and leave the repository and its remote as they were.
    pub(crate) fn refused(&self, args: &[&str]) {
        // What a command fetches first is no change that it makes.
        self.repo.git(&["fetch", "--quiet", "--all"]);
        self.refused_unfetched(args);
    }

    /// As [`World::refused`], where the remote cannot be reached.
    pub(crate) fn refused_unfetched(&self, args: &[&str]) {
        let before = (self.repo.snapshot(), self.remote.snapshot());
        let code = self.run(args);
        let after = (self.repo.snapshot(), self.remote.snapshot());
        assert_eq!(code, 2, "{}", self.transcript.borrow());
        assert!(
            before == after,
            "{args:?} changed the repository:\n{}",
            differences(&before.0, &after.0)
        );
    }

    /// The transcript so far, redacted.
    pub(crate) fn transcript(&self) -> String {
        let mut text = self.transcript.borrow().clone();
        for host in self.hosts.borrow().iter() {
            text = text.replace(host, "[host]");
        }
        let outside = self.repo.outside().to_string_lossy().into_owned();
        let real = std::fs::canonicalize(&outside).expect("the folder is there");
        redact(&text.replace(&*real.to_string_lossy(), "[tmp]").replace(&outside, "[tmp]"))
    }
}

fn differences(
    before: &std::collections::BTreeMap<String, Vec<u8>>,
    after: &std::collections::BTreeMap<String, Vec<u8>>,
) -> String {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.dedup();
    let mut out = String::new();
    for name in names {
        let (old, new) = (before.get(name), after.get(name));
        if old != new {
            let text = |b: Option<&Vec<u8>>| b.map(|b| String::from_utf8_lossy(b).into_owned());
            let _ = writeln!(out, "{name}: {:?} -> {:?}", text(old), text(new));
        }
    }
    out
}

fn quoted(args: &[&str]) -> String {
    let quote = |arg: &&str| {
        if arg.is_empty() || arg.contains([' ', '|', '*']) {
            format!("'{arg}'")
        } else {
            (*arg).to_owned()
        }
    };
    args.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// What differs between two runs, by what it stands for.
fn redact(text: &str) -> String {
    static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            // As wide as what they stand for, where that is in a table.
            (r"SHA256:[A-Za-z0-9+/]{43}", "SHA256:[key]"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d", "[date and time ]"),
            (r"sha256:[0-9a-f]{64}", "sha256:[digest]"),
            (r"sha256:[0-9a-f]{12}", "sha256:[12 of hash]"),
            (r"\b[0-9a-f]{64}\b", "[hash]"),
            (r"\b[0-9a-f]{40}\b", "[whole commit]"),
            (r"\b[0-9a-f]{12}\b", "[plan  hash]"),
            (r"\b[0-9a-f]{8}\b", "[commit]"),
            (r"\b[0-9a-f]{7}\.\.[0-9a-f]{7}\b", "[blobs]"),
            // A moment after it was made, seven days are left, or a second less.
            (r"\bin [67]d\b", "in 7d"),
            (r"\b\d+ bytes packed", "[n] bytes packed"),
            (r#""size": \d+"#, r#""size": [n]"#),
            (r"127\.0\.0\.1 port \d+ after \d+ ms", "[host] after [n] ms"),
            (r"127\.0\.0\.1:\d+", "[host]"),
            // Two freezes of one second have one time, those of two seconds have two.
            (r"an outage; known since \[time\]", "an outage"),
        ]
        .into_iter()
        .map(|(pattern, with)| (Regex::new(pattern).expect("a valid pattern"), with))
        .collect()
    });
    RULES
        .iter()
        .fold(text.to_owned(), |text, (rule, with)| rule.replace_all(&text, *with).into_owned())
}

/// Compares the transcript of a world with the snapshot of this name.
macro_rules! assert_transcript {
    ($world:expr) => {
        insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => true}, {
            insta::assert_snapshot!($world.transcript());
        })
    };
}
pub(crate) use assert_transcript;

/// The change of the story: KEDA.
pub(crate) const KEDA: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/change/keda.yaml"));

/// The files of the example, by path.
pub(crate) fn example() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    walk(Path::new(EXAMPLE), "", &mut files);
    files
}

fn walk(folder: &Path, prefix: &str, files: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).expect("the example is there") {
        let entry = entry.expect("the example can be read");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            walk(&entry.path(), &format!("{name}/"), files);
        } else {
            files.push((name, std::fs::read(entry.path()).expect("the example can be read")));
        }
    }
}
