//! Remote bases over Git's own HTTP server: what URLs name, what the cache keeps, and what is refused.

use std::path::{Path, PathBuf};

use towpath_adapters::git::RemoteBases;
use towpath_core::id::CommitId;
use towpath_render::MemoryTree;
use towpath_render::kustomize::{Options, RemoteUrl, Remotes as _, build, print};
use towpath_testkit::git::TestRepo;
use towpath_testkit::http_backend::{Fault, HttpBackend, Login};

/// A remote with a base that refers to its neighbour, and its server.
struct Bases {
    repo: TestRepo,
    remote: TestRepo,
    server: HttpBackend,
    first: CommitId,
}

fn conf(text: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: conf\ndata:\n  a: {text}\n")
}

impl Bases {
    fn new() -> Self {
        Self::with_login(None)
    }

    fn with_login(login: Option<Login>) -> Self {
        Self::of(TestRepo::new(), login)
    }

    fn of(repo: TestRepo, login: Option<Login>) -> Self {
        let first = repo
            .file("deep/base/kustomization.yaml", "resources: [../other]\nnameSuffix: -base\n")
            .file("deep/other/kustomization.yaml", "resources: [conf.yaml]\n")
            .file("deep/other/conf.yaml", conf("first"))
            .commit("first");
        repo.git(&["tag", "--annotate", "--message", "one", "v1"]);
        repo.git(&["tag", "light"]);
        let remote = repo.bare_remote();
        let server = HttpBackend::start(&repo, login);
        let bases = Self { repo, remote, server, first };
        bases.push("main", "second");
        bases
    }

    /// Moves a branch of the remote on to a commit in which the file says `text`.
    fn push(&self, branch: &str, text: &str) -> CommitId {
        let commit = self.repo.file("deep/other/conf.yaml", conf(text)).commit(text);
        self.repo.git(&["push", "--quiet", "origin", &format!("HEAD:refs/heads/{branch}")]);
        commit
    }

    fn cache(&self) -> PathBuf {
        self.repo.outside().join("cache")
    }

    fn supply(&self) -> RemoteBases {
        RemoteBases::new(Some(self.cache()), self.repo.env())
    }

    /// What the base says at a reference; else why it cannot be had.
    fn says(&self, bases: &RemoteBases, query: &str) -> Result<String, String> {
        says(bases, &format!("{}//deep/base{query}", self.server.url(&self.remote)))
    }

    /// How many commits the cache holds, and that nothing else is in it.
    fn kept(&self) -> usize {
        let names = |folder: &Path| -> Vec<PathBuf> {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect()
        };
        let kept: Vec<_> = names(&self.cache()).iter().flat_map(|folder| names(folder)).collect();
        assert!(kept.iter().all(|path| path.extension().is_some_and(|e| e == "git")), "{kept:?}");
        kept.len()
    }
}

fn says(bases: &RemoteBases, url: &str) -> Result<String, String> {
    let tree = MemoryTree::new([("kustomization.yaml", format!("resources: ['{url}']\n"))]);
    let options = Options { remotes: Some(bases), ..Options::default() };
    let built = build(&tree, "", &options).map_err(|error| error.to_string())?;
    let text = print(&built.objects);
    assert!(text.contains("name: conf-base"), "{text}");
    let said = text.lines().find_map(|line| line.strip_prefix("  a: "));
    Ok(said.expect("it says something").to_owned())
}

/// Why it cannot be had, without the URL.
fn why(answer: Result<String, String>) -> String {
    let error = answer.expect_err("it cannot be had");
    error.split_once("cannot be had: ").map_or(error.clone(), |(_, why)| why.to_owned())
}

#[test]
fn a_reference_is_a_branch_a_tag_or_a_commit() {
    let bases = Bases::new();
    let other = bases.push("release/1.x", "other");
    let supply = bases.supply();
    for (query, want) in [
        (String::new(), "second"),
        ("?ref=main".to_owned(), "second"),
        ("?ref=refs/heads/main".to_owned(), "second"),
        ("?ref=heads/main".to_owned(), "second"),
        ("?ref=release/1.x".to_owned(), "other"),
        ("?ref=release%2F1.x&timeout=60".to_owned(), "other"),
        ("?ref=v1".to_owned(), "first"),
        ("?version=light".to_owned(), "first"),
        (format!("?ref={}", bases.first), "first"),
        (format!("?ref={}", other.as_str().to_uppercase()), "other"),
    ] {
        assert_eq!(bases.says(&supply, &query).as_deref(), Ok(want), "{query}");
    }
    assert_eq!(bases.kept(), 3);
}

/// As `git fetch` has it.
#[test]
fn a_tag_comes_before_a_branch() {
    let bases = Bases::new();
    bases.push("v1", "branch");
    assert_eq!(bases.says(&bases.supply(), "?ref=v1").as_deref(), Ok("first"));
    assert_eq!(bases.says(&bases.supply(), "?ref=heads/v1").as_deref(), Ok("branch"));
}

#[test]
fn a_repository_of_sha256_works_as_well() {
    let bases = Bases::of(TestRepo::init(&["--object-format=sha256"]), None);
    let supply = bases.supply();
    assert_eq!(bases.says(&supply, "?ref=main").as_deref(), Ok("second"));
    let query = format!("?ref={}", bases.first);
    assert_eq!(bases.says(&supply, &query).as_deref(), Ok("first"));
}

#[test]
fn a_commit_that_is_there_needs_no_network() {
    let bases = Bases::new();
    let query = format!("?ref={}", bases.first);
    let url = format!("{}//deep/base", bases.server.url(&bases.remote));
    assert_eq!(bases.says(&bases.supply(), &query).as_deref(), Ok("first"));
    let Bases { repo, server, .. } = bases;
    drop(server);
    let cache = repo.outside().join("cache");
    let again = || RemoteBases::new(Some(cache.clone()), repo.env());
    assert_eq!(says(&again(), &format!("{url}{query}")).as_deref(), Ok("first"));
    let offline = again().offline("no remote may be asked");
    assert_eq!(says(&offline, &format!("{url}{query}")).as_deref(), Ok("first"));
    assert_eq!(why(says(&offline, &format!("{url}?ref=main"))), "no remote may be asked");
    // What a branch names is never told from memory.
    let gone = why(says(&again(), &format!("{url}?ref=light")));
    assert!(gone.starts_with("the remote cannot be asked: unable to access"), "{gone}");
}

#[test]
fn a_branch_is_asked_again_by_the_next_process_and_not_by_this_one() {
    let bases = Bases::new();
    let supply = bases.supply();
    assert_eq!(bases.says(&supply, "?ref=main").as_deref(), Ok("second"));
    bases.push("main", "third");
    let before = bases.server.requests().len();
    assert_eq!(bases.says(&supply, "?ref=main").as_deref(), Ok("second"));
    assert_eq!(bases.server.requests().len(), before);
    assert_eq!(bases.says(&bases.supply(), "?ref=main").as_deref(), Ok("third"));
    // What is there already is not sent again.
    let count = || bases.server.requests().iter().filter(|r| r.starts_with("POST")).count();
    let before = count();
    assert_eq!(bases.says(&bases.supply(), "?ref=main").as_deref(), Ok("third"));
    assert!(count() <= before + 1, "{:?}", bases.server.requests());
    assert_eq!(bases.kept(), 2);
}

#[test]
fn threads_that_ask_at_once_ask_the_remote_once() {
    let bases = Bases::new();
    let one = bases.supply();
    assert_eq!(bases.says(&one, "?ref=main").as_deref(), Ok("second"));
    let alone = bases.server.requests().len();
    std::fs::remove_dir_all(bases.cache()).expect("the cache can be deleted");
    let supply = bases.supply();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(bases.says(&supply, "?ref=main").as_deref(), Ok("second")));
        }
    });
    assert_eq!(bases.server.requests().len(), 2 * alone);
}

#[test]
fn processes_that_fetch_at_once_do_not_disturb_each_other() {
    let bases = Bases::new();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let supply = bases.supply();
                assert_eq!(bases.says(&supply, "?ref=main").as_deref(), Ok("second"));
            });
        }
    });
    assert_eq!(bases.kept(), 1);
}

/// Before protocol 2, servers give only what branches and tags name.
#[test]
fn a_commit_that_the_server_does_not_give_by_id_is_found() {
    let bases = Bases::new();
    bases.push("main", "third");
    let middle = bases.repo.commit_id("HEAD~1");
    bases.repo.configure("protocol.version", "0");
    let supply = bases.supply();
    assert_eq!(bases.says(&supply, &format!("?ref={middle}")).as_deref(), Ok("second"));
    let nowhere = "0123456789012345678901234567890123456789";
    let error = why(bases.says(&supply, &format!("?ref={nowhere}")));
    assert_eq!(error, format!("the remote has no commit {nowhere}"));
}

#[test]
fn what_is_not_there_is_told() {
    let bases = Bases::new();
    let supply = bases.supply();
    let nowhere = "0123456789012345678901234567890123456789";
    for (query, want) in [
        ("?ref=nope".to_owned(), "the remote has no branch or tag `nope`".to_owned()),
        // The end of a name is not the name.
        ("?ref=1.x".to_owned(), "the remote has no branch or tag `1.x`".to_owned()),
        (format!("?ref={nowhere}"), format!("the remote has no commit {nowhere}")),
        ("?ref=-x".to_owned(), "\"-x\" cannot be the name of a branch, tag or commit".to_owned()),
        (
            "?ref=--upload-pack%3Dtouch%20x".to_owned(),
            "\"--upload-pack=touch x\" cannot be the name of a branch, tag or commit".to_owned(),
        ),
    ] {
        assert_eq!(why(bases.says(&supply, &query)), want, "{query}");
    }
    let url = format!("{}//no/where?ref=main", bases.server.url(&bases.remote));
    assert_eq!(why(says(&supply, &url)), "there is no folder `no/where` in it");
    let url = format!("{}//deep?ref=main", bases.server.url(&bases.remote));
    let error = says(&supply, &url).expect_err("there is no kustomization");
    assert!(error.contains("@main//deep: no kustomization file"), "{error}");
}

#[test]
fn options_are_no_addresses() {
    let supply = RemoteBases::new(None, TestRepo::new().env());
    for repo in ["--upload-pack=touch x", "ext::sh -c true", "/srv/repo", "-x:y"] {
        let url = RemoteUrl {
            repo: repo.to_owned(),
            ..RemoteUrl::parse("https://h/o/r").expect("a URL")
        };
        let error = supply.tree(&url).err().expect("it is refused");
        assert!(error.starts_with("only https, http"), "{error}");
    }
}

#[test]
fn a_password_is_used_and_never_shown() {
    let login = Login { user: "ada".to_owned(), password: "open-sesame".to_owned() };
    let bases = Bases::with_login(Some(login.clone()));
    let supply = bases.supply();
    let url = format!("{}//deep/base", bases.server.url_with_login(&bases.remote, &login));
    assert_eq!(says(&supply, &url).as_deref(), Ok("second"));
    let wrong = Login { password: "wrong-sesame".to_owned(), ..login };
    let refused = format!("{}//deep/base", bases.server.url_with_login(&bases.remote, &wrong));
    let nobody = says(&supply, &refused).expect_err("it is not let in");
    assert!(!nobody.contains("sesame") && nobody.contains("Authentication failed"), "{nobody}");
    let nobody = bases.says(&supply, "").expect_err("nobody is asked");
    assert!(nobody.contains("terminal prompts disabled"), "{nobody}");
    bases.server.set_fault(Some(Fault::Status(500)));
    let broken = says(&bases.supply(), &url).expect_err("the server is broken");
    assert!(!broken.contains("sesame"), "{broken}");
    bases.server.set_fault(None);
    let tree = MemoryTree::new([("kustomization.yaml", format!("resources: ['{url}']\n"))]);
    let options = Options { remotes: Some(&supply), ..Options::default() };
    let built = build(&tree, "", &options).expect("it builds");
    let file = &built.objects[0].origin.file;
    assert!(!file.contains("sesame") && file.ends_with("//deep/other/conf.yaml"), "{file}");
    for entry in std::fs::read_dir(bases.cache()).expect("it is there").flatten() {
        for commit in std::fs::read_dir(entry.path()).expect("it is there").flatten() {
            let config = std::fs::read_to_string(commit.path().join("config"));
            assert!(!config.expect("a repository").contains("sesame"));
        }
    }
}

/// A server that takes connections and says nothing.
#[test]
fn a_remote_that_never_answers_is_given_up() {
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("the loopback");
    let address = silent.local_addr().expect("it has an address");
    let bases = Bases::new();
    let url = format!("http://{address}/r.git//deep/base?ref=main&timeout=50ms");
    let error = why(says(&bases.supply(), &url));
    assert_eq!(error, "the remote cannot be asked: it did not answer within 50ms");
    assert_eq!(bases.kept(), 0);
}

#[test]
fn a_damaged_cache_is_told() {
    let bases = Bases::new();
    let query = format!("?ref={}", bases.first);
    assert_eq!(bases.says(&bases.supply(), &query).as_deref(), Ok("first"));
    let folder = std::fs::read_dir(bases.cache()).expect("it is there").flatten().next();
    let place = folder.expect("a remote").path().join(format!("{}.git", bases.first));
    std::fs::remove_dir_all(place.join("objects")).expect("it is there");
    let error = why(bases.says(&bases.supply(), &query));
    assert!(error.starts_with(&format!("delete {}, which is damaged", place.display())), "{error}");
}

#[test]
fn without_a_cache_all_is_gone_afterwards() {
    let bases = Bases::new();
    let supply = RemoteBases::new(None, bases.repo.env());
    assert_eq!(bases.says(&supply, "?ref=v1").as_deref(), Ok("first"));
    assert_eq!(bases.kept(), 0);
}

#[test]
fn a_repository_of_this_machine_is_named_by_file() {
    let bases = Bases::new();
    let url = format!("file://{}//deep/base?ref=v1", bases.remote.path().display());
    assert_eq!(says(&bases.supply(), &url).as_deref(), Ok("first"));
}
