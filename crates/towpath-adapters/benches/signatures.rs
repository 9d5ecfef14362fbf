//! How long it takes to know whose word a thousand signed commits are: the first time, and from then on.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use towpath_adapters::git::Git;
use towpath_core::id::{CommitId, RepoPath};
use towpath_core::record::Signature;
use towpath_engine::ports::{Repository as _, SignedBy};
use towpath_engine::signers::{Keys, ssh};
use towpath_testkit::git::TestRepo;
use towpath_testkit::signing::SshKey;

const COMMITS: usize = 1000;
const EMAIL: &str = "ann@example.org";

/// Commits that one key signed.
fn signed(repo: &TestRepo, key: &SshKey) -> Vec<SignedBy> {
    let tree = repo.file("a", "1").git(&["write-tree"]);
    let mut names = Vec::new();
    for n in 0..COMMITS {
        let mut text = String::new();
        let _ = write!(
            text,
            "tree {tree}\nauthor Ann <{EMAIL}> {n} +0000\ncommitter Ann <{EMAIL}> {n} +0000"
        );
        let message = format!("approval {n}\n");
        let signature = key.sign("git", format!("{text}\n\n{message}").as_bytes());
        let signature = signature.trim_end().replace('\n', "\n ");
        repo.file("commit", format!("{text}\ngpgsig {signature}\n\n{message}"));
        names.push(repo.git(&["hash-object", "-t", "commit", "-w", "commit"]));
    }
    let asked = |name: &String| SignedBy {
        commit: CommitId::parse(name).expect("a commit"),
        email: EMAIL.to_owned(),
    };
    names.iter().map(asked).collect()
}

fn signatures(criterion: &mut Criterion) {
    let repo = TestRepo::new();
    let key = SshKey::new(&repo, "ann");
    let asked = signed(&repo, &key);
    let keys = Keys {
        ssh_file: Some(RepoPath::parse("signers").expect("a path")),
        ssh: ssh::parse(&format!("{EMAIL} {}", key.public)).expect("lines"),
        ..Keys::default()
    };
    let git = Git::open_with(repo.path(), repo.env()).expect("it opens").expect("a repository");
    let check = || {
        let began = Instant::now();
        let found = git.signatures(&asked, &keys).expect("git answers");
        let took = began.elapsed();
        assert!(found.iter().all(|it| matches!(it, Signature::Good { .. })), "all are good");
        took
    };
    let kept = repo.path().join(".git/towpath/signatures");
    let mut group = criterion.benchmark_group("a thousand signed commits");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    group.bench_function("the first time", |bencher| {
        bencher.iter_custom(|times| {
            let once = |_| {
                // There is none before the first time of all.
                let _ = std::fs::remove_file(&kept);
                check()
            };
            (0..times).map(once).sum()
        });
    });
    check();
    group.bench_function("from then on", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| check()).sum());
    });
    group.finish();
}

criterion_group!(benches, signatures);
criterion_main!(benches);
