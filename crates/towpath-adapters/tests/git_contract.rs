//! The real adapter, held to the port's contract.

use std::cell::RefCell;

use towpath_adapters::git::Git;
use towpath_testkit::contract::{self, Bench};
use towpath_testkit::git::TestRepo;

/// Repositories of one object format. Keeps their folders for as long as the contract runs.
struct Real {
    format: &'static str,
    kept: RefCell<Vec<TestRepo>>,
}

impl Real {
    fn new_repo(&self) -> TestRepo {
        let format = format!("--object-format={}", self.format);
        let repo = TestRepo::init(&["--initial-branch=main", &format]);
        self.kept.borrow_mut().push(repo.clone());
        repo
    }
}

fn open(repo: &TestRepo) -> Git {
    Git::open_with(repo.path(), repo.env()).expect("it opens").expect("it is a repository")
}

impl Bench for Real {
    type Repo = Git;

    fn alone(&self) -> Git {
        open(&self.new_repo())
    }

    fn two_clones(&self) -> (Git, Git) {
        let remote = self.new_repo().bare_remote();
        (open(&remote.clone_here()), open(&remote.clone_here()))
    }
}

#[test]
fn git_keeps_the_contract() {
    let bench = Real { format: "sha1", kept: RefCell::default() };
    contract::run(&bench).expect("no errors but those that are asked for");
}

#[test]
fn git_keeps_the_contract_with_sha256() {
    let bench = Real { format: "sha256", kept: RefCell::default() };
    contract::run(&bench).expect("no errors but those that are asked for");
}
