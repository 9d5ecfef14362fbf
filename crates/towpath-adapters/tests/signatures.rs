//! Who signed a commit, asked of real Git with real keys: SSH keys of `ssh-keygen` and OpenPGP keys of `gpg`.

use std::ffi::OsString;

use jiff::Timestamp;
use towpath_adapters::git::Git;
use towpath_core::id::{CommitId, Folder, RepoPath};
use towpath_core::record::Signature;
use towpath_engine::ports::{Repository as _, RepositoryError, SignedBy};
use towpath_engine::signers::{Keys, OpenPgpKeys, ssh};
use towpath_testkit::contract::{commit_on, put};
use towpath_testkit::git::TestRepo;
use towpath_testkit::signing::{GnuPg, SshKey};

const ANN: &str = "ann@example.org";
const BOB: &str = "bob@example.org";

/// Git as somebody has configured it.
fn with(repo: &TestRepo, configuration: &[(&str, String)], env: &[(&str, OsString)]) -> Git {
    let mut all = repo.env();
    all.push(("GIT_CONFIG_COUNT".into(), configuration.len().to_string().into()));
    for (i, (key, value)) in configuration.iter().enumerate() {
        all.push((format!("GIT_CONFIG_KEY_{i}").into(), (*key).into()));
        all.push((format!("GIT_CONFIG_VALUE_{i}").into(), value.into()));
    }
    all.extend(env.iter().map(|(name, value)| ((*name).into(), value.clone())));
    Git::open_with(repo.path(), all).expect("it opens").expect("it is a repository")
}

fn signed_by(repo: &TestRepo, key: &SshKey, message: &str) -> CommitId {
    let git = with(repo, &key.configuration(), &[]).that_signs();
    commit_on(&git, None, message, vec![put("a", "1")]).expect("it is signed")
}

/// Keys as a file of allowed signers lists them.
fn listed(lines: &str) -> Keys {
    Keys {
        ssh_file: Some(RepoPath::parse("signers").expect("a path")),
        ssh: ssh::parse(lines).expect("lines"),
        ..Keys::default()
    }
}

fn asked(commit: &CommitId, email: &str) -> SignedBy {
    SignedBy { commit: commit.clone(), email: email.to_owned() }
}

fn verdict(git: &Git, commit: &CommitId, email: &str, keys: &Keys) -> String {
    let found = git.signatures(&[asked(commit, email)], keys).expect("git answers");
    match found.as_slice() {
        [Signature::Good { by }] => format!("good: {by}"),
        [Signature::Bad { why }] => why.clone(),
        other => format!("{other:?}"),
    }
}

/// The commit was made on the fifth of January 2026, at nine.
#[test]
fn an_ssh_signature_counts_for_whom_the_lines_say() {
    let repo = TestRepo::new();
    let key = SshKey::new(&repo, "ann");
    let commit = signed_by(&repo, &key, "by ann");
    let git = with(&repo, &[], &[]);
    let public = &key.public;
    let name = repo.git(&[
        "-c",
        "gpg.ssh.allowedSignersFile=/dev/null",
        "log",
        "-1",
        "--format=%GK",
        commit.as_str(),
    ]);
    for (lines, email, expected) in [
        ("ann@example.org KEY", ANN, "good: ann@example.org"),
        ("ann@example.org KEY", "Ann@Example.org", "good: Ann@Example.org"),
        ("bob@example.org,*@example.org KEY", ANN, "good: ann@example.org"),
        ("ann@example.org,bob@example.org namespaces=\"git\" KEY", BOB, "good: bob@example.org"),
        (
            "ann@example.org KEY",
            BOB,
            "it is signed by ann@example.org, and the record is by bob@example.org",
        ),
        (
            "*@example.org,!bob@example.org KEY",
            BOB,
            "it is signed by *@example.org,!bob@example.org, and the record is by bob@example.org",
        ),
        (
            "*@example.org KEY",
            "*@example.org",
            "it is signed by *@example.org, and the record is by *@example.org",
        ),
        ("", ANN, "signers does not list NAME"),
        ("ann@example.org valid-before=\"202601050900\" KEY", ANN, "good: ann@example.org"),
        (
            "ann@example.org valid-before=\"202601050859\" KEY",
            ANN,
            "signers:1 lets NAME sign until 2026-01-05T08:59:00Z only",
        ),
        (
            "ann@example.org valid-after=\"20260106\" KEY",
            ANN,
            "signers:1 lets NAME sign from 2026-01-06T00:00:00Z on, and it signed 2026-01-05T09:00:00Z",
        ),
        (
            "ann@example.org valid-before=\"20250101\" KEY\nann@example.org valid-after=\"20250101\" KEY",
            ANN,
            "good: ann@example.org",
        ),
        (
            "ann@example.org namespaces=\"file\" KEY",
            ANN,
            "signers:1 does not let NAME sign in the namespace `git`",
        ),
        (
            "ann@example.org namespaces=\"file\" KEY\nann@example.org KEY",
            ANN,
            "good: ann@example.org",
        ),
    ] {
        let keys = listed(&lines.replace("KEY", public));
        let expected = expected.replace("NAME", &name);
        assert_eq!(verdict(&git, &commit, email, &keys), expected, "{lines}");
    }
}

/// A commit says itself when it was made. What is asked for now does not count by a key that is over.
#[test]
fn a_key_that_is_over_opens_nothing_now() {
    let repo = TestRepo::new();
    let key = SshKey::new(&repo, "ann");
    let commit = signed_by(&repo, &key, "by ann");
    let git = with(&repo, &[], &[]);
    let keys = listed(&format!("{ANN} valid-before=\"20260201\" {}", key.public));
    assert_eq!(verdict(&git, &commit, ANN, &keys), "good: ann@example.org");
    let at = |text: &str| keys.clone().asked_at(text.parse::<Timestamp>().expect("a time"));
    let before = at("2026-02-01T00:00:00Z");
    assert_eq!(verdict(&git, &commit, ANN, &before), "good: ann@example.org");
    let after = verdict(&git, &commit, ANN, &at("2026-02-01T00:00:01Z"));
    assert!(after.ends_with("sign until 2026-02-01T00:00:00Z only"), "{after}");
}

#[test]
fn what_was_changed_or_signed_for_something_else_does_not_fit() {
    let repo = TestRepo::new();
    let key = SshKey::new(&repo, "ann");
    let commit = signed_by(&repo, &key, "approve 1");
    let git = with(&repo, &[], &[]);
    let keys = listed(&format!("{ANN} {}", key.public));
    let write = |content: &str| {
        repo.file("commit", content);
        let name = repo.git(&["hash-object", "-t", "commit", "-w", "commit"]);
        CommitId::parse(&name).expect("a commit")
    };
    let content = repo.git(&["cat-file", "commit", commit.as_str()]);
    let changed = write(&content.replace("approve 1", "approve 2"));
    assert_eq!(verdict(&git, &changed, ANN, &keys), "the signature does not fit the commit");

    let plain = with(&repo, &[], &[]);
    let plain = commit_on(&plain, None, "approve 1", vec![put("a", "1")]).expect("it is written");
    assert_eq!(verdict(&git, &plain, ANN, &keys), "[Missing]");
    let content = repo.git(&["cat-file", "commit", plain.as_str()]) + "\n";
    for (namespace, expected) in
        [("git", "good: ann@example.org"), ("file", "the signature does not fit the commit")]
    {
        let signature = key.sign(namespace, content.as_bytes());
        let header = format!("gpgsig {}", signature.trim_end().replace('\n', "\n "));
        let (head, message) = content.split_once("\n\n").expect("a header and a message");
        let signed = write(&format!("{head}\n{header}\n\n{message}"));
        assert_eq!(verdict(&git, &signed, ANN, &keys), expected, "{namespace}");
    }
}

/// What a user's own Git trusts, and with which programs, is the user's affair.
#[test]
fn a_users_own_keys_and_programs_have_no_say() {
    let repo = TestRepo::new();
    let (ann, eve) = (SshKey::new(&repo, "ann"), SshKey::new(&repo, "eve"));
    let (good, forged) = (signed_by(&repo, &ann, "1"), signed_by(&repo, &eve, "2"));
    let trusted = repo.outside().join("trusted");
    std::fs::write(&trusted, format!("{ANN} {}\n", eve.public)).expect("it is written");
    std::fs::write(repo.outside().join("revoked"), format!("{}\n", ann.public))
        .expect("it is written");
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let git = with(
        &repo,
        &[
            ("gpg.ssh.allowedSignersFile", text(&trusted)),
            ("gpg.ssh.revocationFile", text(&repo.outside().join("revoked"))),
            ("gpg.ssh.program", "true".to_owned()),
            ("gpg.program", "true".to_owned()),
            ("gpg.minTrustLevel", "ultimate".to_owned()),
            ("log.showSignature", "true".to_owned()),
            ("log.mailmap", "true".to_owned()),
            ("format.pretty", "oneline".to_owned()),
        ],
        &[("TZ", "Pacific/Kiritimati".into())],
    );
    let keys = listed(&format!("{ANN} valid-before=\"202601050900\" {}", ann.public));
    assert_eq!(verdict(&git, &good, ANN, &keys), "good: ann@example.org");
    let forged = verdict(&git, &forged, ANN, &keys);
    assert!(forged.starts_with("signers does not list SHA256:"), "{forged}");
}

#[test]
fn many_are_checked_at_once_each_for_its_own_signer() -> Result<(), RepositoryError> {
    let repo = TestRepo::new();
    let (ann, bob) = (SshKey::new(&repo, "ann"), SshKey::new(&repo, "bob"));
    let keys = listed(&format!("{ANN} {}\n{BOB} {}", ann.public, bob.public));
    let good = |by: &str| Signature::Good { by: by.to_owned() };
    let (mut wanted, mut expected) = (Vec::new(), Vec::new());
    for n in 0..14 {
        let of_ann = signed_by(&repo, &ann, &format!("ann {n}"));
        wanted.extend([asked(&of_ann, ANN), asked(&of_ann, BOB)]);
        let why = format!("it is signed by {ANN}, and the record is by {BOB}");
        expected.extend([good(ANN), Signature::Bad { why }]);
        let plain = commit_on(&with(&repo, &[], &[]), None, &n.to_string(), vec![])?;
        wanted
            .extend([asked(&signed_by(&repo, &bob, &format!("bob {n}")), BOB), asked(&plain, ANN)]);
        expected.extend([good(BOB), Signature::Missing]);
    }
    assert_eq!(with(&repo, &[], &[]).signatures(&wanted, &keys)?, expected);
    Ok(())
}

/// What was good by these keys is good by them for ever; that is all that is remembered.
#[test]
fn a_good_signature_is_checked_once_and_by_other_keys_anew() {
    let repo = TestRepo::new();
    let (ann, bob, home) =
        (SshKey::new(&repo, "ann"), SshKey::new(&repo, "bob"), GnuPg::new(&repo));
    let key = home.key("Ann <ann@example.org>", "never");
    let (by_ssh, by_gpg) = (signed_by(&repo, &ann, "1"), signed_with_gpg(&repo, &home, &key));
    let line = format!("{ANN} valid-before=\"20260201\" {}", ann.public);
    let keys =
        |lines: &str| Keys { ssh: ssh::parse(lines).expect("lines"), ..with_gpg(&home, &key) };
    let git = with(&repo, &[], &[]);
    // A Git that finds none of the programs that check.
    let path = repo.outside().join("bin");
    std::fs::create_dir(&path).expect("it is made");
    let programs = std::env::var_os("PATH").unwrap_or_default();
    let real = std::env::split_paths(&programs).map(|dir| dir.join("git")).find(|f| f.is_file());
    std::os::unix::fs::symlink(real.expect("git is there"), path.join("git")).expect("it is made");
    let blind = with(&repo, &[], &[("PATH", path.into())]);
    let cannot = |said: String| assert!(said.starts_with("it cannot be checked here"), "{said}");

    cannot(verdict(&blind, &by_ssh, ANN, &keys(&line)));
    for commit in [&by_ssh, &by_gpg] {
        assert_eq!(verdict(&git, commit, ANN, &keys(&line)), "good: ann@example.org");
    }
    assert_eq!(verdict(&blind, &by_ssh, ANN, &keys(&line)), "good: ann@example.org");
    // An OpenPGP key may end while nobody touches it.
    cannot(verdict(&blind, &by_gpg, ANN, &keys(&line)));
    let longer = line.replace("20260201", "20260301");
    for (lines, now) in [
        (longer, "2026-01-05T09:00:00Z"),
        (format!("{ANN} {}", bob.public), "2026-01-05T09:00:00Z"),
        (line.clone(), "2026-03-01T00:00:00Z"),
    ] {
        let now = now.parse().expect("a time");
        cannot(verdict(&blind, &by_ssh, ANN, &keys(&lines).asked_at(now)));
    }
    cannot(verdict(&blind, &by_ssh, BOB, &keys(&format!("{line}\n{BOB} {}", ann.public))));

    let kept = repo.path().join(".git/towpath/signatures");
    let bytes = std::fs::read(&kept).expect("it is kept");
    std::fs::write(&kept, &bytes[1..]).expect("it is written");
    cannot(verdict(&blind, &by_ssh, ANN, &keys(&line)));
    assert_eq!(verdict(&git, &by_ssh, ANN, &keys(&line)), "good: ann@example.org");
    assert_eq!(std::fs::read(&kept).expect("it is kept"), bytes);
}

fn with_gpg(home: &GnuPg, key: &str) -> Keys {
    Keys { ssh_file: listed("").ssh_file, ..openpgp(&[(ANN, &home.export(key))]) }
}

fn openpgp(files: &[(&str, &str)]) -> Keys {
    let one = |(email, text): &(&str, &str)| OpenPgpKeys {
        file: RepoPath::parse(&format!("keys/{email}.asc")).expect("a path"),
        email: (*email).to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    Keys {
        openpgp_folder: Some(Folder::parse("keys").expect("a folder")),
        openpgp: files.iter().map(one).collect(),
        ..Keys::default()
    }
}

fn signed_with_gpg(repo: &TestRepo, home: &GnuPg, key: &str) -> CommitId {
    let configuration = [("gpg.format", "openpgp".to_owned()), ("user.signingKey", key.to_owned())];
    let git = with(repo, &configuration, &[("GNUPGHOME", home.home().into())]).that_signs();
    commit_on(&git, None, key, vec![]).expect("it is signed")
}

#[test]
fn an_openpgp_signature_counts_for_whom_the_file_of_its_key_is_named() {
    let repo = TestRepo::new();
    let home = GnuPg::new(&repo);
    // What a key says of itself does not matter: nobody who reviews it sees that.
    let (ann, bob) = (
        home.key("Ann <ann@example.org>", "never"),
        home.key("Also Ann <ann@example.org>", "never"),
    );
    let (by_ann, by_bob) =
        (signed_with_gpg(&repo, &home, &ann), signed_with_gpg(&repo, &home, &bob));
    let (ann_key, bob_key) = (home.export(&ann), home.export(&bob));
    let git = with(&repo, &[], &[("GNUPGHOME", home.home().into())]);
    let both = openpgp(&[(ANN, &ann_key), (BOB, &bob_key)]);
    assert_eq!(verdict(&git, &by_ann, ANN, &both), "good: ann@example.org");
    assert_eq!(verdict(&git, &by_bob, BOB, &both), "good: bob@example.org");
    let why = verdict(&git, &by_bob, ANN, &both);
    assert_eq!(
        why,
        format!("it is signed with {}, which is no key of ann@example.org in keys", &bob[24..])
    );
    assert_eq!(
        verdict(&git, &by_ann, "cat@example.org", &both),
        "keys holds no key of cat@example.org"
    );
    let two_of_one = openpgp(&[(ANN, &format!("{ann_key}{bob_key}"))]);
    assert_eq!(verdict(&git, &by_bob, ANN, &two_of_one), "good: ann@example.org");
    assert_eq!(
        verdict(&git, &by_ann, ANN, &openpgp(&[(ANN, "no key")])),
        "keys/ann@example.org.asc is no exported OpenPGP key"
    );
    let only_ssh = verdict(&git, &by_ann, ANN, &listed(""));
    assert_eq!(
        only_ssh,
        "it is signed with an OpenPGP key, and towpath.yaml names no folder of them"
    );
    let content = repo.git(&["cat-file", "commit", by_ann.as_str()]);
    repo.file("commit", content.replace(&ann, "changed"));
    let changed = repo.git(&["hash-object", "-t", "commit", "-w", "commit"]);
    let changed = CommitId::parse(&changed).expect("a commit");
    assert_eq!(verdict(&git, &changed, ANN, &both), "the signature does not fit the commit");
}

#[test]
fn an_openpgp_key_that_ended_or_was_revoked_counts_no_more() {
    let repo = TestRepo::new();
    let home = GnuPg::new(&repo);
    let conf = home.home().join("gpg.conf");
    std::fs::write(&conf, "faked-system-time 20260105T090000!\n").expect("it is written");
    let key = home.key("Ann <ann@example.org>", "1d");
    let revoked = home.key("Also Ann <ann@example.org>", "never");
    let (commit, other) =
        (signed_with_gpg(&repo, &home, &key), signed_with_gpg(&repo, &home, &revoked));
    home.revoke(&revoked);
    let keys = openpgp(&[(ANN, &(home.export(&key) + &home.export(&revoked)))]);
    let git = with(&repo, &[], &[]);
    assert_eq!(verdict(&git, &commit, ANN, &keys), format!("key {} has expired", &key[24..]));
    assert_eq!(verdict(&git, &other, ANN, &keys), format!("key {} was revoked", &revoked[24..]));
}

#[test]
fn a_program_that_is_missing_makes_no_signature_good() {
    let repo = TestRepo::new();
    let (ann, home) = (SshKey::new(&repo, "ann"), GnuPg::new(&repo));
    let key = home.key("Ann <ann@example.org>", "never");
    let keys = Keys {
        openpgp: openpgp(&[(ANN, &home.export(&key))]).openpgp,
        openpgp_folder: Some(Folder::root()),
        ..listed(&format!("{ANN} {}", ann.public))
    };
    let (by_ssh, by_gpg) = (signed_by(&repo, &ann, "1"), signed_with_gpg(&repo, &home, &key));
    let path = repo.outside().join("bin");
    std::fs::create_dir(&path).expect("it is made");
    let programs = std::env::var_os("PATH").unwrap_or_default();
    let real = std::env::split_paths(&programs).map(|dir| dir.join("git")).find(|f| f.is_file());
    std::os::unix::fs::symlink(real.expect("git is there"), path.join("git")).expect("it is made");
    let git = with(&repo, &[], &[("PATH", path.into())]);
    for commit in [&by_ssh, &by_gpg] {
        let why = verdict(&git, commit, ANN, &keys);
        assert!(why.starts_with("it cannot be checked here: cann"), "{why}");
    }
}

#[test]
fn what_cannot_be_signed_is_not_written() {
    let repo = TestRepo::new();
    repo.file("a", "1").commit("first");
    let before = repo.snapshot();
    let ssh =
        |key: &str| vec![("gpg.format", "ssh".to_owned()), ("user.signingKey", key.to_owned())];
    let nowhere = repo.outside().join("nowhere");
    let home: OsString = GnuPg::new(&repo).home().into();
    for (configuration, hint) in [
        (vec![("gpg.format", "ssh".to_owned())], "git config user.signingKey"),
        (ssh(&nowhere.to_string_lossy()), "see that `git commit -S --allow-empty` works"),
        (vec![], "git config user.signingKey"),
        (
            vec![("gpg.program", nowhere.to_string_lossy().into_owned())],
            "Git did not find the program",
        ),
    ] {
        let git = with(&repo, &configuration, &[("GNUPGHOME", home.clone())]).that_signs();
        let error = commit_on(&git, None, "x", vec![]).expect_err("no key");
        assert_eq!(error.to_string(), "the commit could not be signed, so it was not written");
        let found = error.hint.unwrap_or_default();
        assert!(found.contains(hint), "{configuration:?}: {found}");
        assert!(error.source.is_some(), "{configuration:?}");
    }
    assert_eq!(repo.snapshot(), before);
}
