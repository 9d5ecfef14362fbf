//! A Git repository through the `git` program: the user's own credentials, SSH and signing all hold.
//!
//! Plumbing commands only, with `-z` output; the user's index, work tree and references are not touched
//! by any read nor by [`Repository::write`]. Only [`Repository::publish`] moves anything, and it moves
//! all or nothing. Must not decide what to commit. Next: `publish` for the compare-and-set, `read` and
//! `write` for the objects, `signatures` for who signed (and `verdicts` for what is known of that), `remote_bases` for other people's repositories, `command` for how Git is run.

mod command;
mod error;
mod local;
mod objects;
mod publish;
mod read;
mod remote_bases;
mod signatures;
mod verdicts;
mod write;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use towpath_core::id::{BranchName, CommitId};
use towpath_core::record::Signature;
use towpath_engine::ports::{
    BranchUpdate, Commit, Head, Merge, NewCommit, Person, Published, Repository, RepositoryError,
    SignedBy, TreeEntry,
};
use towpath_engine::signers::Keys;

use command::{Program, Running};

pub use remote_bases::RemoteBases;

/// A repository on this machine, with the one remote that matters if there is one.
///
/// Paths are relative to the top level, wherever it was opened. Work trees, linked work trees, bare
/// repositories, SHA-1 and SHA-256 are all the same here. In a shallow clone, questions whose answer lies
/// beyond the cut are errors and never guesses.
#[derive(Debug, Clone)]
pub struct Git {
    program: Program,
    git_dir: PathBuf,
    common_dir: PathBuf,
    top_level: Option<PathBuf>,
    remote: Option<String>,
    /// Whether commits are signed, whatever the user's configuration says.
    signs: bool,
    /// The files of the commit that was listed last: a command asks for the same one again and again.
    listed: Arc<Mutex<Option<Listed>>>,
    /// The `cat-file` that answers small questions, once there was one.
    objects: Arc<Mutex<Option<Running>>>,
}

/// A commit, and its files.
type Listed = (CommitId, Vec<TreeEntry>);

impl Git {
    /// Opens the repository that `dir` is in; `None` where it is in none.
    ///
    /// The remote that matters is the upstream remote of the branch that is checked out, else `origin`,
    /// else the only one; see [`Git::with_trunk`].
    ///
    /// # Errors
    /// [`RepositoryError`] when there is no such folder, no `git`, or Git refuses the repository; or
    /// when there are several remotes and nothing says which.
    pub fn open(dir: &Path) -> Result<Option<Self>, RepositoryError> {
        Self::open_with(dir, Vec::new())
    }

    /// As [`Git::open`], with variables set for every `git` on top of this process's environment.
    ///
    /// # Errors
    /// As [`Git::open`].
    pub fn open_with(
        dir: &Path,
        env: Vec<(OsString, OsString)>,
    ) -> Result<Option<Self>, RepositoryError> {
        let what = format!("cannot open the repository at {}", dir.display());
        if !dir.is_dir() {
            return Err(error::refusal(format!("{what}: there is no such folder"), None));
        }
        let interactive = std::io::stdin().is_terminal();
        let mut program = Program { dir: dir.to_owned(), env, interactive };

        // One process for all of it: every command begins here.
        let asked = ["--is-inside-work-tree", "--absolute-git-dir", "--git-common-dir"];
        let found = program
            .call(["rev-parse"].into_iter().chain(asked).chain(["--show-toplevel"]))
            .finish(&what)?;
        let lines: Vec<&[u8]> = found
            .stdout
            .strip_suffix(b"\n")
            .unwrap_or(&found.stdout)
            .split(|b| *b == b'\n')
            .collect();
        let (git_dir, common_dir, top_level) = match lines.as_slice() {
            [b"true", git_dir, common_dir, top_level] if found.status.success() => {
                (git_dir, common_dir, Some(os_path(top_level)))
            }
            // Where there is no work tree, the last question fails after the others were answered.
            [b"false", git_dir, common_dir] => (git_dir, common_dir, None),
            _ if found.status.success() => {
                return Err(error::refusal(
                    format!("{what}: its path has a line break"),
                    Some("rename the folder"),
                ));
            }
            _ if String::from_utf8_lossy(&found.stderr).contains("not a git repository") => {
                return Ok(None);
            }
            _ => return Err(error::failure(what, &found.stderr)),
        };
        let git_dir = os_path(git_dir);
        let common_dir = program.dir.join(os_path(common_dir));
        program.dir = top_level.clone().unwrap_or_else(|| git_dir.clone());

        let mut git = Self {
            program,
            git_dir,
            common_dir,
            top_level,
            remote: None,
            signs: false,
            listed: Arc::default(),
            objects: Arc::default(),
        };
        git.remote = git.choose_remote(|| read::current_branch(&git))?;
        Ok(Some(git))
    }

    /// The same repository with the remote that `trunk` follows, whatever is checked out.
    ///
    /// # Errors
    /// [`RepositoryError`] as of [`Git::open`], about remotes.
    pub fn with_trunk(mut self, trunk: &BranchName) -> Result<Self, RepositoryError> {
        self.remote = self.choose_remote(|| Ok(Some(trunk.clone())))?;
        Ok(self)
    }

    /// The same repository, in which each commit that is written is signed. Without this, those are that the user's
    /// `commit.gpgSign` asks for. The key, the format and the program are those of the user's Git in any case.
    #[must_use]
    pub fn that_signs(self) -> Self {
        Self { signs: true, ..self }
    }

    /// The folder that paths are relative to; `None` where there is no work tree.
    #[must_use]
    pub fn top_level(&self) -> Option<&Path> {
        self.top_level.as_deref()
    }

    /// Git's own folder of this work tree: where caches may be kept.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The name of the remote that matters.
    #[must_use]
    pub fn remote(&self) -> Option<&str> {
        self.remote.as_deref()
    }

    /// `followed` is asked for the branch whose upstream decides, and only where something is to be decided.
    fn choose_remote(
        &self,
        followed: impl FnOnce() -> Result<Option<BranchName>, RepositoryError>,
    ) -> Result<Option<String>, RepositoryError> {
        let what = "cannot read the remotes";
        let listed = self.program.call(["remote"]).run(what)?;
        let remotes: Vec<&str> = std::str::from_utf8(&listed).unwrap_or_default().lines().collect();
        if let Some(odd) = remotes.iter().find(|name| name.starts_with('-')) {
            return Err(error::refusal(
                format!("the remote `{odd}` has a name that reads as an option"),
                Some("rename it: git config --rename-section"),
            ));
        }
        match remotes.as_slice() {
            [] => return Ok(None),
            [only] => return Ok(Some((*only).to_owned())),
            _ => {}
        }
        if let Some(branch) = followed()? {
            let key = format!("branch.{branch}.remote");
            let upstream = self.program.call(["config", "--get", key.as_str()]).finish(what)?;
            let upstream = String::from_utf8_lossy(&upstream.stdout);
            let upstream = upstream.trim_end_matches('\n');
            if remotes.contains(&upstream) {
                return Ok(Some(upstream.to_owned()));
            }
        }
        match remotes.as_slice() {
            many if many.contains(&"origin") => Ok(Some("origin".to_owned())),
            many => Err(error::refusal(
                format!("there are several remotes and none is followed: {}", many.join(", ")),
                Some("say which one to follow: git branch --set-upstream-to REMOTE/BRANCH"),
            )),
        }
    }

    /// The remote as errors name it: its name and its URL without credentials.
    fn remote_words(&self, remote: &str) -> String {
        match self.remote_url() {
            Ok(Some(url)) => format!("`{remote}` ({url})"),
            _ => format!("`{remote}`"),
        }
    }
}

/// A path as Git printed it.
#[cfg(unix)]
fn os_path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

/// A path as Git printed it.
#[cfg(not(unix))]
fn os_path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

impl Repository for Git {
    fn fetch(&self) -> Result<(), RepositoryError> {
        publish::fetch(self)
    }

    fn remote_url(&self) -> Result<Option<String>, RepositoryError> {
        let Some(remote) = &self.remote else { return Ok(None) };
        let what = format!("cannot read the URL of the remote `{remote}`");
        let url = self.program.call(["remote", "get-url", remote]).run(&what)?;
        Ok(Some(error::public_url(String::from_utf8_lossy(&url).trim_end_matches('\n'))))
    }

    fn head(&self) -> Result<Head, RepositoryError> {
        read::head(self)
    }

    fn tip(&self, branch: &BranchName) -> Result<Option<CommitId>, RepositoryError> {
        if let Some(remote) = &self.remote
            && let Some(tip) = read::reference(self, &format!("refs/remotes/{remote}/{branch}"))?
        {
            return Ok(Some(tip));
        }
        self.local_tip(branch)
    }

    fn local_tip(&self, branch: &BranchName) -> Result<Option<CommitId>, RepositoryError> {
        read::reference(self, &format!("refs/heads/{branch}"))
    }

    fn branches(&self) -> Result<Vec<(BranchName, CommitId)>, RepositoryError> {
        read::branches(self)
    }

    fn tags(&self) -> Result<Vec<(String, CommitId)>, RepositoryError> {
        read::tags(self)
    }

    fn resolve(&self, revision: &str) -> Result<Option<CommitId>, RepositoryError> {
        read::resolve(self, revision)
    }

    fn entries(&self, commit: &CommitId) -> Result<Vec<TreeEntry>, RepositoryError> {
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, entries)) = &*listed
            && known == commit
        {
            return Ok(entries.clone());
        }
        let entries = objects::entries(self, commit)?;
        *listed = Some((commit.clone(), entries.clone()));
        Ok(entries)
    }

    fn each_blob(
        &self,
        names: &[String],
        take: &mut dyn FnMut(Vec<u8>),
    ) -> Result<(), RepositoryError> {
        objects::each_blob(self, names, take)
    }

    fn history(
        &self,
        tip: &CommitId,
        without: Option<&CommitId>,
    ) -> Result<Vec<Commit>, RepositoryError> {
        objects::history(self, tip, without)
    }

    fn commits(&self, names: &[CommitId]) -> Result<Vec<Commit>, RepositoryError> {
        objects::commits(self, names)
    }

    fn is_ancestor(&self, ancestor: &CommitId, of: &CommitId) -> Result<bool, RepositoryError> {
        read::is_ancestor(self, ancestor, of)
    }

    fn signatures(
        &self,
        asked: &[SignedBy],
        keys: &Keys,
    ) -> Result<Vec<Signature>, RepositoryError> {
        signatures::signatures(self, asked, keys)
    }

    fn merge(&self, ours: &CommitId, theirs: &CommitId) -> Result<Merge, RepositoryError> {
        write::merge(self, ours, theirs)
    }

    fn dirty(&self) -> Result<Vec<String>, RepositoryError> {
        match &self.top_level {
            Some(folder) => read::dirty(self, folder, "normal"),
            None => Ok(Vec::new()),
        }
    }

    fn write(&self, commit: &NewCommit) -> Result<CommitId, RepositoryError> {
        write::write(self, commit)
    }

    fn publish(&self, updates: &[BranchUpdate]) -> Result<Published, RepositoryError> {
        publish::publish(self, updates)
    }

    fn user(&self) -> Result<Person, RepositoryError> {
        let ident =
            self.program.call(["var", "GIT_AUTHOR_IDENT"]).run("cannot tell who the user is")?;
        Ok(objects::person(&String::from_utf8_lossy(&ident)).0)
    }
}
