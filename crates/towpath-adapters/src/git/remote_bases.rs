//! Remote bases of kustomizations: trees of other repositories, by commit, read from a cache.
//!
//! Source of the contract: `kubernetes-sigs/kustomize:api/internal/git` (`repospec.go`, `cloner.go`). Unlike there,
//! submodules are not fetched, links are left out as in every tree of a commit, and nobody is asked for a password.
//!
//! The cache holds one bare repository for each remote and commit: it is made beside, without history, and put in its
//! place when it is whole. So processes need no lock, and what was cut off is never taken for whole. All of it may be
//! deleted at any time. A commit that is there needs no network; what a branch or tag names is asked once by each
//! [`RemoteBases`], and where the remote does not answer, nothing older is given instead.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::DirBuilder;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use towpath_core::chain;
use towpath_core::id::CommitId;
use towpath_engine::ports::RepositoryError;
use towpath_engine::rendered::{Blobs, CommitTree};
use towpath_render::Tree;
use towpath_render::kustomize::{RemoteUrl, Remotes};

use super::command::{Call, Program};
use super::error::{self, GitSaid};
use super::{Git, read};

/// What a fetched commit is called, so that nothing takes it for garbage.
const FETCHED: &str = "refs/towpath/base";

/// What the remote is called in the configuration that each command is given.
const REMOTE: &str = "towpath-remote-base";

/// Where Git finds the URL: the arguments of a process are for all to read, and it may hold a password.
const URL_VARIABLE: &str = "TOWPATH_REMOTE_BASE";

const SCHEMES: [&str; 5] = ["https", "http", "ssh", "git", "file"];

/// Supplies the trees of remote bases through the `git` program, with the user's own credentials.
pub struct RemoteBases {
    cache: Option<PathBuf>,
    /// Stands in for the cache where there is none.
    temporary: OnceLock<TempDir>,
    env: Vec<(OsString, OsString)>,
    offline: Option<String>,
    /// What was asked for already, by URL and reference.
    known: Mutex<BTreeMap<(String, String), Arc<Answer>>>,
}

/// What came of asking. Whoever asks for the same meanwhile waits for it.
type Answer = OnceLock<Result<Arc<CommitTree<'static>>, String>>;

impl RemoteBases {
    /// Remote bases that are kept in the folder `cache`, for as long as this lives where it is `None`. `env`: variables
    /// for every `git` on top of this process's environment.
    #[must_use]
    pub fn new(cache: Option<PathBuf>, env: Vec<(OsString, OsString)>) -> Self {
        let (temporary, known) = (OnceLock::new(), Mutex::default());
        Self { cache, temporary, env, offline: None, known }
    }

    /// Whether any tree was asked for.
    #[must_use]
    pub fn were_asked(&self) -> bool {
        !self.known.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The same without asking any remote: only commits that are in the cache are given. `why` is said of all others,
    /// as a lower-case fragment.
    #[must_use]
    pub fn offline(mut self, why: impl Into<String>) -> Self {
        self.offline = Some(why.into());
        self
    }

    fn find(&self, url: &RemoteUrl) -> Result<Arc<CommitTree<'static>>, RepositoryError> {
        check_address(&url.repo)?;
        check_reference(&url.reference)?;
        let cache = self.cache()?;
        let kept = cache.join(folder_name(&url.repo));
        if let Some(commit) = pinned(url)
            && let Some(tree) = self.kept(&kept, &commit)?
        {
            return Ok(tree);
        }
        if let Some(why) = &self.offline {
            return Err(error::refusal(why.as_str(), None));
        }
        let cannot_keep = |source| folder_error(&kept, source);
        make_folder(&kept).map_err(cannot_keep)?;
        let making = tempfile::Builder::new().prefix(".fetch-").tempdir_in(&kept);
        let making = making.map_err(cannot_keep)?;
        let remote = Remote { program: self.program(making.path()), url };
        let wanted = remote.wanted()?;
        if let Some(tree) = self.kept(&kept, &wanted.commit)? {
            return Ok(tree);
        }
        let commit = remote.fetch(&wanted)?;
        let place = place(&kept, &commit);
        match std::fs::rename(making.path(), &place) {
            Ok(()) => drop(making.keep()),
            // Somebody else was first with the same commit.
            Err(_) if place.is_dir() => {}
            Err(source) => return Err(cannot_keep(source)),
        }
        let found = self.kept(&kept, &commit)?;
        found.ok_or_else(|| error::refusal("the cache was deleted meanwhile", None))
    }

    /// The tree of a commit, if it is in the cache.
    fn kept(
        &self,
        kept: &Path,
        commit: &CommitId,
    ) -> Result<Option<Arc<CommitTree<'static>>>, RepositoryError> {
        let place = place(kept, commit);
        if !place.is_dir() {
            return Ok(None);
        }
        let git = Git {
            program: self.program(&place),
            git_dir: place.clone(),
            common_dir: place.clone(),
            top_level: None,
            remote: None,
            signs: false,
            listed: Arc::default(),
            objects: Arc::default(),
        };
        let blobs = Arc::new(Blobs::owning(Box::new(git)));
        let tree = CommitTree::new(blobs, commit).map_err(|source| RepositoryError {
            message: format!("delete {}, which is damaged", place.display()),
            hint: None,
            source: Some(source.into()),
        })?;
        Ok(Some(Arc::new(tree)))
    }

    /// Git in one repository of the cache, whatever is above it and whatever the user has Git look for.
    fn program(&self, dir: &Path) -> Program {
        let mut env = self.env.clone();
        env.push(("GIT_DIR".into(), dir.into()));
        Program { dir: dir.to_owned(), env, interactive: false }
    }

    fn cache(&self) -> Result<PathBuf, RepositoryError> {
        if let Some(cache) = &self.cache {
            return Ok(cache.clone());
        }
        if self.temporary.get().is_none() {
            let folder = tempfile::Builder::new().prefix("towpath-remotes-").tempdir();
            let folder = folder.map_err(|source| folder_error(Path::new("."), source))?;
            // A second one is dropped again where two threads come here at once.
            let _ = self.temporary.set(folder);
        }
        let folder = self.temporary.get().map(|folder| folder.path().to_owned());
        folder.ok_or_else(|| error::refusal("there is no temporary folder", None))
    }
}

impl Remotes for RemoteBases {
    fn tree(&self, url: &RemoteUrl) -> Result<Arc<dyn Tree + Send + Sync>, String> {
        let asked = (url.repo.clone(), url.reference.clone());
        let answer = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(asked).or_default())
        };
        let tree = answer.get_or_init(|| self.find(url).map_err(|error| chain(&error)));
        tree.clone().map(|tree| tree as Arc<dyn Tree + Send + Sync>)
    }
}

/// The commit that a reference names, and what the remote is to be asked for.
struct Wanted {
    commit: CommitId,
    /// A full name of the remote's, or a commit id.
    source: String,
}

/// A remote, and the folder that it is fetched into.
struct Remote<'u> {
    program: Program,
    url: &'u RemoteUrl,
}

impl Remote<'_> {
    /// Asks what the reference names, where it is no commit id. Tags come before branches, as for `git fetch`.
    fn wanted(&self) -> Result<Wanted, RepositoryError> {
        if let Some(commit) = pinned(self.url) {
            return Ok(Wanted { source: commit.to_string(), commit });
        }
        let what = "the remote cannot be asked";
        let name = self.url.reference.as_str();
        let patterns = match name {
            "" => vec!["HEAD".to_owned()],
            // A tag may be an object of its own; the commit that it names has a line of its own.
            name => vec![name.to_owned(), format!("{name}^{{}}")],
        };
        let said =
            self.run(self.call("ls-remote").args(["--quiet", "--", REMOTE]).args(&patterns), what)?;
        if !said.status.success() {
            return Err(error::failure(what, &said.stderr));
        }
        let said = String::from_utf8_lossy(&said.stdout);
        let there: BTreeMap<&str, &str> =
            said.lines().filter_map(|line| line.split_once('\t')).map(|(id, n)| (n, id)).collect();
        let sources = match name {
            "" => vec!["HEAD".to_owned()],
            name => ["", "refs/", "refs/tags/", "refs/heads/"]
                .iter()
                .map(|prefix| format!("{prefix}{name}"))
                .collect(),
        };
        for source in sources {
            let peeled = there.get(format!("{source}^{{}}").as_str());
            if let Some(id) = peeled.or_else(|| there.get(source.as_str())) {
                return Ok(Wanted { commit: read::commit_id(id.as_bytes())?, source });
            }
        }
        Err(error::refusal(
            match name {
                "" => "the remote has no default branch".to_owned(),
                name => format!("the remote has no branch or tag `{name}`"),
            },
            None,
        ))
    }

    /// Makes a repository with this commit, and gives the commit that came: a branch may have moved since it was asked.
    fn fetch(&self, wanted: &Wanted) -> Result<CommitId, RepositoryError> {
        let what = "the remote cannot be fetched";
        let format = if wanted.commit.as_str().len() == 64 { "sha256" } else { "sha1" };
        self.program
            .call(["init", "--quiet", "--bare", "--template="])
            .args([format!("--object-format={format}")])
            .run("a repository cannot be made")?;
        let fetch = || {
            self.call("fetch")
                .args(["--quiet", "--no-tags", "--no-recurse-submodules"])
                .args(["--no-write-fetch-head", "--no-auto-maintenance"])
        };
        let refspec = format!("+{}:{FETCHED}", wanted.source);
        let said = self.run(fetch().args(["--depth=1", "--", REMOTE, refspec.as_str()]), what)?;
        if said.status.success() {
            return self.commit(FETCHED);
        }
        let words = String::from_utf8_lossy(&said.stderr);
        let is_commit = pinned(self.url).is_some();
        let unknown =
            || error::refusal(format!("the remote has no commit {}", wanted.commit), None);
        if is_commit && words.contains("not our ref") {
            return Err(unknown());
        }
        // Older protocols, and some servers, give commits only by the names of branches and tags.
        if !is_commit || !["unadvertised object", "not valid"].iter().any(|w| words.contains(w)) {
            return Err(error::failure(what, &said.stderr));
        }
        let all = ["+refs/heads/*:refs/towpath/heads/*", "+refs/tags/*:refs/towpath/tags/*"];
        let said = self.run(fetch().args(["--", REMOTE]).args(all), what)?;
        if !said.status.success() {
            return Err(error::failure(what, &said.stderr));
        }
        self.commit(wanted.commit.as_str()).map_err(|_| unknown())
    }

    /// The commit that a name in the new repository stands for.
    fn commit(&self, name: &str) -> Result<CommitId, RepositoryError> {
        let what = "the reference names no commit";
        let peeled = format!("{name}^{{commit}}");
        let said = self.program.call(["rev-parse", "--verify", "--quiet", &peeled]).run(what)?;
        read::commit_id(&said)
    }

    /// A Git command that knows the remote.
    fn call(&self, command: &str) -> Call {
        // A helper of Git's that outlives it gives up by itself when nothing comes any more.
        let patience = self.url.timeout.as_secs().max(1);
        self.program
            .call([format!("--config-env=remote.{REMOTE}.url={URL_VARIABLE}")])
            .args(["-c", "http.lowSpeedLimit=1", "-c"])
            .args([format!("http.lowSpeedTime={patience}")])
            .args([command])
            .env(URL_VARIABLE, &self.url.repo)
    }

    fn run(&self, call: Call, what: &str) -> Result<Output, RepositoryError> {
        let time = self.url.timeout;
        call.finish_within(what, time)?.ok_or_else(|| too_late(what, time))
    }
}

fn too_late(what: &str, time: Duration) -> RepositoryError {
    RepositoryError {
        message: what.to_owned(),
        hint: Some("`timeout=` in the URL gives it more time".to_owned()),
        source: Some(GitSaid(format!("it did not answer within {time:?}")).into()),
    }
}

fn pinned(url: &RemoteUrl) -> Option<CommitId> {
    let id = url.is_pinned().then(|| url.reference.to_ascii_lowercase())?;
    CommitId::parse(&id).ok()
}

/// The folder of a remote in the cache. Credentials do not count: the commits are the same.
fn folder_name(repo: &str) -> String {
    let digest = Sha256::digest(error::public_url(repo));
    digest[..16].iter().fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

fn place(kept: &Path, commit: &CommitId) -> PathBuf {
    kept.join(format!("{commit}.git"))
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

fn folder_error(folder: &Path, source: std::io::Error) -> RepositoryError {
    RepositoryError {
        message: format!("it cannot be kept in {}", folder.display()),
        hint: None,
        source: Some(source.into()),
    }
}

/// Lets pass what Git reads as the address of a remote, and as nothing else: no option, no program, no local path.
fn check_address(url: &str) -> Result<(), RepositoryError> {
    let refused = || {
        let schemes = SCHEMES.join(", ");
        Err(error::refusal(format!("only {schemes} and user@host:path are fetched from"), None))
    };
    if url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return refused();
    }
    let (host, path) = if let Some((scheme, rest)) = url.split_once("://") {
        if !SCHEMES.contains(&scheme) {
            return refused();
        }
        if scheme == "file" {
            return Ok(());
        }
        rest.split_once('/').unwrap_or((rest, ""))
    } else {
        match url.split_once(':') {
            // `name::` would have Git run a helper of that name.
            Some((host, path)) if !host.contains('/') && !path.starts_with(':') => (host, path),
            _ => return refused(),
        }
    };
    let host_alone = host.rsplit_once('@').map_or(host, |(_, host)| host);
    if [host, host_alone].iter().any(|part| part.is_empty() || part.starts_with('-'))
        || path.starts_with('-')
    {
        return refused();
    }
    Ok(())
}

/// Lets pass what may be the name of a reference: no option, no pattern, no refspec. The rules are those of
/// `git check-ref-format`.
fn check_reference(name: &str) -> Result<(), RepositoryError> {
    let odd = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    let bad = name.starts_with(['-', '+', '/'])
        || name.contains(odd)
        || ["..", "@{", "//"].iter().any(|part| name.contains(part));
    if bad {
        let message = format!("{name:?} cannot be the name of a branch, tag or commit");
        return Err(error::refusal(message, None));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_addresses_only() {
        for fine in [
            "https://h/o/r",
            "http://u:p@h:80/r.git",
            "ssh://git@h/r",
            "git://h/r",
            "git@h:o/r.git",
            "file:///srv/r.git",
        ] {
            assert!(check_address(fine).is_ok(), "{fine}");
        }
        for bad in [
            "",
            "--upload-pack=x",
            "-oProxyCommand=x:r",
            "git@-oProxyCommand=x:r",
            "ssh://-oProxyCommand=x/r",
            "ssh://u@-x/r",
            "ext::sh -c x",
            "ext::x",
            "https://h/a\nb",
            "ftp://h/r",
            "https:///r",
            "/srv/r",
            "../r",
            "git@h:-r",
        ] {
            assert!(check_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn references_are_names_only() {
        for fine in ["", "main", "release/1.2", "v1.0.0-rc.1", "refs/pull/1/head", "a@b"] {
            assert!(check_reference(fine).is_ok(), "{fine}");
        }
        for bad in ["-x", "--upload-pack=x", "+main", "a:b", "a*", "a b", "a..b", "a^{}", "a\nb"] {
            assert!(check_reference(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_folder_is_named_without_credentials() {
        assert_eq!(folder_name("https://h/r"), folder_name("https://u:p@h/r"));
        assert_ne!(folder_name("https://h/r"), folder_name("https://h/s"));
    }
}
