//! Temporary Git repositories with fixed people and dates, deaf to the user's configuration.
//!
//! Everything is explicit environment on each command ([`TestRepo::env`]), never the process's own, so
//! tests run in parallel. A failing command panics with what Git said: a fixture that cannot be built is a
//! bug of the test.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use towpath_core::id::CommitId;

/// Seconds since the epoch of the first commit of every fixture: 2026-01-05 09:00 UTC, a Monday.
pub const FIRST_COMMIT: u64 = 1_767_603_600;

/// The folder that a family of repositories lives in, and the environment they share.
#[derive(Debug)]
struct Home {
    folder: tempfile::TempDir,
    commits: AtomicU64,
    clones: AtomicU64,
}

/// A repository of its own folder, removed when the last of its family is dropped.
#[derive(Debug, Clone)]
pub struct TestRepo {
    home: Arc<Home>,
    path: PathBuf,
}

impl Default for TestRepo {
    fn default() -> Self {
        Self::new()
    }
}

impl TestRepo {
    /// An empty repository on the branch `main`, with a work tree and no remote.
    ///
    /// # Panics
    /// When there is no temporary folder or no `git`.
    #[must_use]
    pub fn new() -> Self {
        Self::init(&["--initial-branch=main"])
    }

    /// As [`TestRepo::new`], with options of `git init`.
    ///
    /// # Panics
    /// As [`TestRepo::new`].
    #[must_use]
    pub fn init(options: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("towpath-test-").tempdir();
        let folder = folder.expect("a temporary folder can be made");
        let config = "[user]\n\tname = Ada Lock\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[core]\n\tfsync = none\n[protocol \"file\"]\n\tallow = always\n[advice]\n\tdetachedHead = false\n";
        std::fs::write(folder.path().join("gitconfig"), config)
            .expect("a temporary folder can be written");
        let path = folder.path().join("repo");
        let home = Home { folder, commits: AtomicU64::new(0), clones: AtomicU64::new(0) };
        let repo = Self { home: Arc::new(home), path };
        std::fs::create_dir(&repo.path).expect("a temporary folder can be written");
        let mut args = vec!["init", "--quiet"];
        args.extend(options);
        repo.git(&args);
        repo
    }

    /// Where the repository is: its work tree, or Git's folder when it is bare.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder above the repositories, for files beside them.
    #[must_use]
    pub fn outside(&self) -> &Path {
        self.home.folder.path()
    }

    /// The environment that keeps a process away from the user's Git: for commands that tests start.
    #[must_use]
    pub fn env(&self) -> Vec<(OsString, OsString)> {
        let home = self.home.folder.path().as_os_str().to_owned();
        let config = self.home.folder.path().join("gitconfig").into_os_string();
        let date = format!("@{FIRST_COMMIT} +0000");
        [
            ("HOME", home.clone()),
            ("XDG_CONFIG_HOME", home),
            ("GIT_CONFIG_GLOBAL", config),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("GIT_AUTHOR_DATE", date.clone().into()),
            ("GIT_COMMITTER_DATE", date.into()),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect()
    }

    /// The environment of [`TestRepo::env`] for a user who has told Git no name.
    #[must_use]
    pub fn env_without_identity(&self) -> Vec<(OsString, OsString)> {
        let config = self.home.folder.path().join("gitconfig-nobody");
        std::fs::write(&config, "[user]\n\tuseConfigOnly = true\n")
            .expect("a temporary folder can be written");
        let mut env = self.env();
        env.push(("GIT_CONFIG_GLOBAL".into(), config.into()));
        env
    }

    /// Adds `key = value` to the configuration of all repositories of the family.
    ///
    /// # Panics
    /// When Git does not take it.
    pub fn configure(&self, key: &str, value: &str) {
        self.git(&["config", "--global", key, value]);
    }

    /// Runs `git` here, and gives its output without the last line end.
    ///
    /// # Panics
    /// When the command fails.
    pub fn git(&self, args: &[&str]) -> String {
        let (fine, stdout, stderr) = self.try_git(args);
        assert!(fine, "git {args:?} failed: {stderr}");
        stdout
    }

    /// Runs `git` here: whether it went well, its output and its errors.
    ///
    /// # Panics
    /// When `git` cannot be started.
    pub fn try_git(&self, args: &[&str]) -> (bool, String, String) {
        let date = FIRST_COMMIT + 60 * self.home.commits.load(Ordering::Relaxed);
        let date = format!("@{date} +0000");
        let output = Command::new("git")
            .current_dir(&self.path)
            .envs(self.env())
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .args(args)
            .output()
            .expect("git can be started");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end_matches('\n').to_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    }

    /// Writes a file of the work tree, and the folders that it is in.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn file(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path.join(path);
        let folder = path.parent().expect("a file is in a folder");
        std::fs::create_dir_all(folder).expect("a temporary folder can be written");
        std::fs::write(path, content).expect("a temporary folder can be written");
        self
    }

    /// Commits all that is in the work tree, one minute after the last commit of the family.
    ///
    /// # Panics
    /// When Git does not commit.
    pub fn commit(&self, message: &str) -> CommitId {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.home.commits.fetch_add(1, Ordering::Relaxed);
        self.commit_id("HEAD")
    }

    /// The commit that a revision names.
    ///
    /// # Panics
    /// When it names none.
    #[must_use]
    pub fn commit_id(&self, revision: &str) -> CommitId {
        let text = self.git(&["rev-parse", "--verify", &format!("{revision}^{{commit}}")]);
        CommitId::parse(&text).expect("git names commits as we do")
    }

    /// Makes a bare repository with all of this one, and makes it the remote `origin` here.
    ///
    /// # Panics
    /// When Git does not clone or push.
    pub fn bare_remote(&self) -> Self {
        let remote = self.sibling("remote.git");
        self.git(&["clone", "--quiet", "--bare", ".", &remote.path.to_string_lossy()]);
        remote.git(&["remote", "remove", "origin"]);
        self.git(&["remote", "add", "origin", &remote.path.to_string_lossy()]);
        self.git(&["fetch", "--quiet", "origin"]);
        if self.try_git(&["rev-parse", "--verify", "--quiet", "HEAD"]).0 {
            self.git(&["branch", "--quiet", "--set-upstream-to=origin/main"]);
        }
        remote
    }

    /// A clone of this repository with a work tree.
    ///
    /// # Panics
    /// When Git does not clone.
    #[must_use]
    pub fn clone_here(&self) -> Self {
        self.clone_with(&self.path.to_string_lossy(), &[])
    }

    /// A clone of a URL in the family of this repository, with options of `git clone`.
    ///
    /// # Panics
    /// When Git does not clone.
    #[must_use]
    pub fn clone_with(&self, url: &str, options: &[&str]) -> Self {
        let number = self.home.clones.fetch_add(1, Ordering::Relaxed);
        let clone = self.sibling(&format!("clone-{number}"));
        let mut args = vec!["clone", "--quiet"];
        args.extend(options);
        let path = clone.path.to_string_lossy();
        args.extend([url, &path]);
        self.git(&args);
        clone
    }

    fn sibling(&self, name: &str) -> Self {
        Self { home: Arc::clone(&self.home), path: self.home.folder.path().join(name) }
    }

    /// The same family with another folder: for linked work trees.
    #[must_use]
    pub fn at(&self, path: &Path) -> Self {
        Self { home: Arc::clone(&self.home), path: path.to_owned() }
    }

    /// Writes an executable hook of Git's; `script` is the body of a `sh` script.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn hook(&self, name: &str, script: &str) {
        let folder = self.git(&["rev-parse", "--git-path", "hooks"]);
        let file = self.path.join(folder).join(name);
        std::fs::create_dir_all(file.parent().expect("a file is in a folder"))
            .expect("a temporary folder can be written");
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n"))
            .expect("a temporary folder can be written");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))
                .expect("a temporary folder can be written");
        }
    }

    /// All that a failed command must leave as it was: references, `HEAD`, configuration, the index and
    /// the files of the work tree, byte by byte.
    ///
    /// # Panics
    /// When something cannot be read.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        all.insert("references".to_owned(), self.git(&["for-each-ref"]).into_bytes());
        all.insert("worktrees".to_owned(), self.git(&["worktree", "list"]).into_bytes());
        for name in ["HEAD", "index", "config"] {
            let file = self.path.join(self.git(&["rev-parse", "--git-path", name]));
            all.insert(format!("git: {name}"), std::fs::read(file).unwrap_or_default());
        }
        if self.git(&["rev-parse", "--is-bare-repository"]) == "false" {
            read_folder(&self.path, "", &mut all);
        }
        all
    }
}

fn read_folder(folder: &Path, prefix: &str, all: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the test can be read") {
        let entry = entry.expect("a folder of the test can be read");
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if name == ".git" {
            continue;
        }
        let kind = entry.file_type().expect("a file of the test can be read");
        if kind.is_dir() {
            read_folder(&entry.path(), &format!("{name}/"), all);
        } else if kind.is_symlink() {
            let target = std::fs::read_link(entry.path()).expect("a link of the test can be read");
            all.insert(name, target.to_string_lossy().into_owned().into_bytes());
        } else {
            let bytes = std::fs::read(entry.path()).expect("a file of the test can be read");
            all.insert(name, bytes);
        }
    }
}
