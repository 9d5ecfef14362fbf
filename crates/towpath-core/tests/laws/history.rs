//! Laws of the ledger's records, folded.

use crate::world::{commit, read, version};
use proptest::collection::vec;
use proptest::prelude::*;
use towpath_core::id::{ComponentName, EnvironmentName};
use towpath_core::record::{Event, History, PlanHash, Promotion, Record, Sandbox, Signature};
use towpath_core::version::Version;

fn at(event: Event) -> Record {
    Record {
        at: read("2026-01-05T09:00:00Z"),
        by: "Ann <ann@x>".to_owned(),
        event,
        signature: Signature::NotChecked,
    }
}

fn here() -> (EnvironmentName, ComponentName) {
    (read("production"), read("apps"))
}

fn plan() -> PlanHash {
    PlanHash::parse(&"ab".repeat(32)).expect("64 digits")
}

fn promoted(replaced: Option<Version>, version: Version, rollback: bool) -> Record {
    let (environment, component) = here();
    at(Event::Promoted(Promotion {
        environment,
        component,
        from: "exact".to_owned(),
        replaced,
        version,
        digest: None,
        plan: plan(),
        commit: commit(1),
        branch: read("main"),
        rollback,
        automatic: false,
        clusters: Vec::new(),
        skipped: Vec::new(),
        gates: Vec::new(),
    }))
}

fn back(history: &History, current: Option<&Version>) -> Option<String> {
    let (environment, component) = here();
    let version = history.last_good(&environment, &component, current);
    version.map(|v| v.original().to_owned())
}

/// `7>8` is a promotion, `8<7` a rollback; the last word is what the environment has.
fn told(story: &str) -> (History, Option<Version>) {
    let read_one = |n: &str| read::<Version>(&format!("0.0.{n}"));
    let mut history = History::default();
    let mut has = None;
    for word in story.split(' ') {
        let (from, to, rollback) = match (word.split_once('>'), word.split_once('<')) {
            (Some((from, to)), _) => (from, to, false),
            (None, Some((from, to))) => (from, to, true),
            (None, None) => {
                has = Some(read_one(word));
                continue;
            }
        };
        let replaced = (!from.is_empty()).then(|| read_one(from));
        history.push(promoted(replaced, read_one(to), rollback));
        has = Some(read_one(to));
    }
    (history, has)
}

#[test]
fn back_is_the_version_before() {
    for (story, want) in [
        ("7", None),
        (">7", None),
        ("6>7", Some("0.0.6")),
        ("6>7 7>8", Some("0.0.7")),
        ("6>7 7>8 8<7", Some("0.0.6")),
        ("6>7 7>8 8<7 7<6", None),
        ("6>7 7>8 8<7 7>9", Some("0.0.7")),
        // Promoted again after it was rolled back: whoever did that knows.
        ("6>7 7>8 8<7 7>8", Some("0.0.7")),
        // On a branch that was not merged: the environment still has 0.0.7.
        ("6>7 7>8 7", Some("0.0.6")),
        ("6>7 7>8 7>9", Some("0.0.7")),
        // Down by a promotion is back, too.
        ("6>7 7>9 9>8", Some("0.0.7")),
        // The same version again, by an exact pin instead of a range.
        ("7>7", None),
        ("7>7 7>8", Some("0.0.7")),
        // By hand to a version that no record tells of.
        ("6>7 9", Some("0.0.7")),
        ("6>7 5", None),
    ] {
        let (history, has) = told(story);
        assert_eq!(back(&history, has.as_ref()).as_deref(), want, "{story}");
    }
}

proptest! {
    #[test]
    fn back_is_never_where_it_is(
        moves in vec((proptest::option::of(version()), version(), any::<bool>()), 0..8),
        current in proptest::option::of(version()),
    ) {
        let records = moves.into_iter().map(|(from, to, rollback)| promoted(from, to, rollback));
        let history = History::new(records);
        let answer = back(&history, current.as_ref());
        prop_assert_eq!(&answer, &back(&history.clone(), current.as_ref()));
        prop_assert!(answer.is_none() || answer.as_deref() != current.as_ref().map(Version::original));
    }

    #[test]
    fn going_back_ends_and_never_comes_by_a_version_twice(
        start in version(),
        moves in vec(version(), 0..8),
    ) {
        let mut history = History::default();
        let mut has = start;
        for to in moves {
            history.push(promoted(Some(has), to.clone(), false));
            has = to;
        }
        let mut left = vec![has.original().to_owned()];
        while let Some(to) = back(&history, Some(&has)) {
            prop_assert!(!left.contains(&to), "{} again: {:?}", to, left);
            left.push(to.clone());
            history.push(promoted(Some(has), read(&to), true));
            has = read(&to);
        }
    }
}

#[test]
fn an_approver_counts_once_and_an_override_until_its_end() {
    let (environment, component) = here();
    let approved = at(Event::Approved {
        environment: environment.clone(),
        component: component.clone(),
        version: read("0.0.8"),
        plan: plan(),
    });
    let overridden = at(Event::Overridden {
        environment,
        component,
        gate: "soak".to_owned(),
        plan: plan(),
        reason: "because".to_owned(),
        expires: read("2026-01-06T09:00:00Z"),
    });
    let history = History::new([approved.clone(), overridden, approved]);
    assert_eq!(history.approvers(&plan()), ["Ann <ann@x>"]);
    let counts = |gate, now| history.override_of(gate, &plan(), read(now)).is_some();
    assert!(counts("soak", "2026-01-06T08:59:59Z"));
    assert!(!counts("soak", "2026-01-06T09:00:00Z"));
    assert!(!counts("checks", "2026-01-06T08:59:59Z"));
}

#[test]
fn a_sandbox_is_there_until_it_is_deleted() {
    let created = |name: &str| {
        at(Event::SandboxCreated(Sandbox {
            name: read(name),
            from: read("development"),
            branch: read("PLAT-1"),
            folder: format!("clusters/{name}"),
            origin: commit(1),
            commit: commit(2),
            ticket: "PLAT-1".to_owned(),
            summary: "add keda".to_owned(),
            expires: read("2026-01-06T09:00:00Z"),
            context: None,
        }))
    };
    let deleted = at(Event::SandboxDeleted {
        name: read("a"),
        branch: read("PLAT-1"),
        head: None,
        emptied: "no cluster".to_owned(),
    });
    let names = |records: Vec<Record>| -> Vec<String> {
        let history = History::new(records);
        history.sandboxes().iter().map(|(_, s)| s.name.to_string()).collect()
    };
    assert_eq!(names(vec![created("a"), created("b")]), ["a", "b"]);
    assert_eq!(names(vec![created("a"), created("b"), deleted.clone()]), ["b"]);
    assert_eq!(names(vec![created("a"), deleted, created("a")]), ["a"]);
    assert_eq!(names(vec![created("a"), created("b"), created("a")]), ["b", "a"]);
}
