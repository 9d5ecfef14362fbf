//! The ledger: races, retries, what cannot be read, and every kind of tampering.

use towpath_core::id::CommitId;
use towpath_core::plan::Request;
use towpath_core::record::{Event, PlanHash};
use towpath_engine::ledger::{self, LedgerError, append, append_unless, verify};
use towpath_engine::ports::{BranchUpdate, Commit, NewCommit, Person, Published, Repository};
use towpath_testkit::contract::put;
use towpath_testkit::memory::{Fault, MemoryRemote, MemoryRepository};
use towpath_testkit::memory_registry::MemoryRegistry;
use towpath_testkit::watched::Watched;
use towpath_testkit::world::{self, at, clone_of, environment, platform, somebody};

use crate::actor::{Actor, version};

type Outcomes = Result<(), Box<dyn std::error::Error>>;

pub(crate) fn approval(n: u32) -> Event {
    Event::Approved {
        environment: environment("production"),
        component: platform(),
        version: version("0.0.1"),
        plan: PlanHash::parse(&format!("{n:064x}")).expect("64 digits"),
    }
}

fn now() -> jiff::Timestamp {
    at("2026-03-01T09:00:00Z")
}

#[test]
fn many_writers_lose_nothing_and_repeat_nothing() -> Outcomes {
    let remote = world::remote();
    let clones: Vec<_> = ["Ada", "Bo", "Cy"].iter().map(|w| clone_of(&remote, w)).collect();
    for n in 0..12_u32 {
        // Nobody fetches by themselves: every clone but the last writer's is behind.
        let clone = &clones[usize::try_from(n % 3)?];
        if n % 4 == 0 {
            clone.inject(Fault::PublishStale);
        }
        append(clone, now(), approval(n))?;
        let same = |r: &towpath_core::record::Record| r.event == approval(n);
        let other = &clones[usize::try_from((n + 1) % 3)?];
        other.fetch()?;
        assert!(!append_unless(other, now(), approval(n), same)?.1, "it is there");
    }
    let entries = ledger::read(&remote.clone_here())?;
    let events: Vec<_> = entries.into_iter().map(|e| e.record.event).collect();
    assert_eq!(events, (0..12).map(approval).collect::<Vec<_>>());
    assert_eq!(verify(&remote.clone_here(), &world::main())?, (12, vec![]));
    Ok(())
}

#[test]
fn a_record_that_came_meanwhile_is_found_after_the_lost_race() -> Outcomes {
    let remote = world::remote();
    let (ada, bo) = (clone_of(&remote, "Ada"), Watched::new(clone_of(&remote, "Bo")));
    append(&ada, now(), approval(1))?;
    bo.fetch()?;
    for n in 2..40 {
        append(&ada, now(), approval(n))?;
    }
    bo.forget();
    let (entry, new) = append_unless(&bo, now(), approval(39), |r| r.event == approval(39))?;
    assert_eq!((new, entry.record.by.as_str()), (false, "Ada <ada@example.org>"));
    assert!(bo.items("history") <= 39, "each record is read once at most");
    Ok(())
}

#[test]
fn writers_who_are_always_late_give_up() -> Outcomes {
    let alone = MemoryRepository::alone();
    for _ in 0..64 {
        alone.inject(Fault::PublishStale);
    }
    assert!(matches!(append(&alone, now(), approval(1)), Err(LedgerError::Contended)));
    assert_eq!(ledger::read(&alone)?, []);
    Ok(())
}

#[test]
fn a_reason_of_any_shape_is_read_again() -> Outcomes {
    let repository = MemoryRepository::alone();
    for reason in
        ["one\n{two}\n", "{\"a\": 1}", "\n\n{", "tab\tand\r\nreturn", "ünï – \u{2028}x", ""]
    {
        let event = Event::Overridden {
            environment: environment("production"),
            component: platform(),
            gate: "soak".to_owned(),
            plan: PlanHash::parse(&"a".repeat(64))?,
            reason: reason.to_owned(),
            expires: now(),
        };
        let entry = append(&repository, now(), event.clone())?;
        assert_eq!(entry.record.event, event);
        assert_eq!(ledger::read(&repository)?.pop(), Some(entry), "{reason:?}");
    }
    assert_eq!(verify(&repository, &world::main())?, (6, vec![]));
    Ok(())
}

#[test]
fn a_commit_without_a_record_is_never_skipped() -> Outcomes {
    for message in ["words", "title\n\n{\"kind\": \"Record\"}", "title\n\n{", ""] {
        let repository = MemoryRepository::alone();
        append(&repository, now(), approval(1))?;
        let tip = repository.tip(&ledger::branch())?.expect("there is a record");
        forge(&repository, Some(tip), message)?;
        let unreadable = |e: LedgerError| matches!(e, LedgerError::Unreadable { .. });
        assert!(ledger::read(&repository).is_err_and(unreadable), "{message:?}");
        assert!(append(&repository, now(), approval(2)).is_err_and(unreadable), "{message:?}");
        let none = |_: &towpath_core::record::Record| false;
        let appended = append_unless(&repository, now(), approval(2), none);
        assert!(appended.is_err_and(unreadable), "{message:?}");
        let (count, problems) = verify(&repository, &world::main())?;
        assert_eq!((count, problems.len()), (2, 1), "{message:?}: {problems:?}");
    }
    Ok(())
}

/// Puts a commit with this message at the head of the ledger.
fn forge(
    repository: &MemoryRepository,
    parent: Option<CommitId>,
    message: &str,
) -> Result<CommitId, Box<dyn std::error::Error>> {
    let head = repository.tip(&ledger::branch())?;
    let commit = repository.write(&NewCommit {
        parents: parent.iter().cloned().collect(),
        base: parent,
        changes: Vec::new(),
        message: message.to_owned(),
    })?;
    let update =
        BranchUpdate { branch: ledger::branch(), expected: head, new: Some(commit.clone()) };
    assert_eq!(repository.publish(&[update])?, Published::Done);
    Ok(commit)
}

/// A remote whose ledger holds a release, an approval and a promotion.
fn promoted() -> Result<MemoryRemote, Box<dyn std::error::Error>> {
    let registry = MemoryRegistry::new();
    let remote = world::remote();
    let ada = Actor::new(&remote, "Ada", &registry);
    ada.release(&version("0.0.1"))?;
    Actor::new(&remote, "Bo", &registry).approve(&Request::default())?;
    ada.git.fetch()?;
    ada.promote(&Request::default())?;
    Ok(remote)
}

/// The ledger with its records rewritten by `edit`, and what is found then.
fn tampered(
    who: &str,
    edit: impl Fn(usize, &Commit) -> String,
) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let remote = promoted()?;
    let clone = clone_of(&remote, who);
    let mut commits = world::log(&clone, &ledger::branch())?;
    commits.reverse();
    let mut parent = None;
    for (at, commit) in commits.iter().enumerate() {
        clone.set_user(Some(if edit(at, commit) == commit.message {
            commit.author.clone()
        } else {
            somebody(who)
        }));
        parent = Some(forge(&clone, parent, &edit(at, commit))?);
    }
    let (count, problems) = verify(&remote.clone_here(), &world::main())?;
    assert_eq!(count, 3);
    Ok(problems.into_iter().map(|p| p.message).collect())
}

#[test]
fn every_edit_of_a_record_is_found() -> Outcomes {
    assert_eq!(tampered("Ada", |_, c| c.message.clone())?, Vec::<String>::new());
    let other = "2".repeat(64);
    let cases: [(&str, &str, &str, &str); 9] = [
        // What is edited, into what, by whom it is committed, and what is said of it.
        ("\"replaced\": \"0.0.1\"", "\"replaced\": \"0.0.7\"", "Ada", "Towpath-Replaced: 0.0.7"),
        ("\"from\": \"semver 0.0.x\"", "\"from\": \"exact 1\"", "Ada", "Towpath-From: exact 1"),
        ("\"rollback\": false", "\"rollback\": true", "Ada", "does not go back"),
        ("\"environment\": \"production\"", "\"environment\": \"staging\"", "Ada", "title"),
        ("\"plan\": \"", "\"plan\": \"PLAN", "Ada", "Towpath-Plan"),
        ("\"commit\": \"", "\"commit\": \"COMMIT", "Ada", "is not here"),
        ("promote production", "promote nothing", "Ada", "title"),
        ("\"rollback\": false", "\"rollback\":  false", "Mallory", "the commit by Mallory"),
        ("{", "[", "Ada", "holds no record"),
    ];
    for (old, new, who, said) in cases {
        let found = tampered(who, |_, commit| {
            let text = &commit.message;
            if !text.contains("\"promoted\"") && !text.starts_with("promote") {
                return text.clone();
            }
            match new.find("PLAN").or_else(|| new.find("COMMIT")) {
                None => {
                    let edited = text.replacen(old, new, 1);
                    assert_ne!(&edited, text, "{old} is in {text}");
                    edited
                }
                Some(_) => {
                    let from = text.find(old).expect("it is there") + old.len();
                    format!("{}{other}{}", &text[..from], &text[from + 64..])
                }
            }
        })?;
        assert!(found.iter().any(|problem| problem.contains(said)), "{new}: {found:?}");
    }
    Ok(())
}

#[test]
fn a_chain_that_was_merged_is_found() -> Outcomes {
    let repository = MemoryRepository::alone();
    let one = append(&repository, now(), approval(1))?.commit;
    let two = append(&repository, now(), approval(2))?.commit;
    let side = repository.write(&NewCommit {
        parents: vec![one.clone()],
        base: Some(one),
        changes: Vec::new(),
        message: "side".to_owned(),
    })?;
    let merge = repository.write(&NewCommit {
        parents: vec![two.clone(), side],
        base: Some(two.clone()),
        changes: Vec::new(),
        message: "merge".to_owned(),
    })?;
    let update = BranchUpdate { branch: ledger::branch(), expected: Some(two), new: Some(merge) };
    repository.publish(&[update])?;
    let (_, problems) = verify(&repository, &world::main())?;
    assert!(problems.iter().any(|p| p.message.contains("merged or rewritten")), "{problems:?}");
    Ok(())
}

#[test]
fn a_promotion_that_left_its_branch_is_found() -> Outcomes {
    let remote = promoted()?;
    let clone = clone_of(&remote, "Mallory");
    let mut trunk = world::log(&clone, &world::main())?;
    let (head, before) = (trunk.remove(0), trunk.remove(0));
    let other = clone.write(&NewCommit {
        parents: vec![before.id.clone()],
        base: Some(before.id),
        changes: vec![put("x", "y")],
        message: "as if nothing had been".to_owned(),
    })?;
    let update = BranchUpdate { branch: world::main(), expected: Some(head.id), new: Some(other) };
    clone.publish(&[update])?;
    let (_, problems) = verify(&clone, &world::main())?;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains("no longer on main"));
    Ok(())
}

#[test]
fn a_digest_that_changes_between_records_is_found() -> Outcomes {
    let repository = MemoryRepository::alone();
    let commit = world::commit(&repository, "files", vec![put("a", "b")])?;
    for digit in ["a", "b"] {
        let event = Event::Released {
            component: platform(),
            version: version("0.0.1"),
            tag: "0.0.1".to_owned(),
            digest: towpath_core::id::Digest::parse(&format!("sha256:{}", digit.repeat(64)))?,
            commit: commit.clone(),
            location: world::ARTIFACTS.to_owned(),
        };
        append(&repository, now(), event)?;
    }
    let (_, problems) = verify(&repository, &world::main())?;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].message.contains("another digest"), "{problems:?}");
    Ok(())
}

#[test]
fn nobody_without_a_name_writes() {
    let repository = MemoryRepository::alone();
    repository.set_user(None::<Person>);
    assert!(append(&repository, now(), approval(1)).is_err());
    assert!(ledger::read(&repository).is_ok_and(|entries| entries.is_empty()));
}
