//! A ledger, played again: with the policy that wrote it, and with another.

use jiff::Timestamp;
use towpath_core::conduct::OnFailure;
use towpath_core::id::{CommitId, Digest};
use towpath_core::record::{
    Event, History, OfRelease, PlanHash, Promotion, Record, Signature, Verified,
};
use towpath_core::snapshot::Snapshot;
use towpath_engine::simulate::{Recorded, recorded, simulate};

use crate::world::{Given, arrival, given, hours, lines, minutes, read, soak};

const BOB: &str = "Bob <bob@example.com>";

fn record(at: &str, by: &str, event: Event) -> Record {
    Record { at: read(at), by: by.to_owned(), event, signature: Signature::NotChecked }
}

fn released(version: &str) -> Event {
    Event::Released {
        component: read("platform"),
        version: read(version),
        tag: version.to_owned(),
        digest: Digest::parse(&format!("sha256:{:064x}", 2)).expect("a digest"),
        commit: CommitId::parse(&format!("{:040x}", 2)).expect("a commit"),
        location: "registry.example.com".to_owned(),
    }
}

fn of(version: &str) -> OfRelease {
    OfRelease {
        environment: read("production"),
        component: read("platform"),
        version: read(version),
        digest: None,
    }
}

fn promoted(version: &str, from: &str, plan: char) -> Event {
    let plan = plan.to_string().repeat(64);
    Event::Promoted(Promotion {
        environment: read("production"),
        component: read("platform"),
        from: format!("exact {from}"),
        replaced: Some(read(from)),
        version: read(version),
        digest: None,
        plan: PlanHash::parse(&plan).expect("a hash"),
        commit: CommitId::parse(&format!("{:040x}", 3)).expect("a commit"),
        branch: read("main"),
        rollback: false,
        automatic: false,
        clusters: Vec::new(),
        skipped: Vec::new(),
        gates: Vec::new(),
    })
}

/// Bob promotes 0.0.2 as soon as it has soaked for two days; it is healthy after ten minutes and fails five hours later.
fn records() -> Vec<Record> {
    vec![
        record("2026-01-06T12:00:00Z", "Ann <ann@example.com>", released("0.0.2")),
        record("2026-01-08T15:00:00Z", BOB, promoted("0.0.2", "0.0.1", 'a')),
        record(
            "2026-01-08T15:10:00Z",
            BOB,
            Event::Verified(Verified {
                release: of("0.0.2"),
                since: read("2026-01-08T15:10:00Z"),
                set: Vec::new(),
            }),
        ),
        record("2026-01-08T20:10:00Z", BOB, Event::Failed(of("0.0.2"), "it crashes".to_owned())),
    ]
}

/// The path as it is now, with its ledger: production is on 0.0.2.
fn now(given: &Given) -> Snapshot {
    let mut given = given.clone();
    given.tracking.insert("production", crate::world::exact("0.0.2"));
    Snapshot { history: History::new(records()), ..given.snapshot() }
}

fn played(given: &Given) -> (Recorded, towpath_engine::simulate::Simulation) {
    let path = given.path();
    let (since, until): (Timestamp, Timestamp) =
        (read("2026-01-05T00:00:00Z"), read("2026-01-20T00:00:00Z"));
    let recorded = recorded(&path, &now(given), since, until);
    let simulation = simulate(&path, &recorded.snapshot, &recorded.scenario);
    (recorded, simulation.expect("it is played"))
}

#[test]
fn what_was_recorded_happens_again() {
    let mut given = given();
    given.environment("production").conduct.auto = false;
    let (recorded, simulation) = played(&given);
    assert_eq!(recorded.scenario.deliveries.len(), 2);
    assert_eq!(recorded.scenario.deliveries[1].takes.least, minutes(10));
    let told: Vec<String> =
        lines(&simulation).into_iter().filter(|l| l.contains("production")).collect();
    assert_eq!(
        told,
        [
            "08 15:00 production 0.0.2 promoted",
            "08 15:10 production 0.0.2 arrived",
            "08 15:10 production 0.0.2 verified",
            "08 20:10 production 0.0.2 failed on 2",
            "08 20:10 production 0.0.2 promotionFailed",
        ]
    );
}

#[test]
fn another_policy_does_otherwise_with_it() {
    let mut given = given();
    given.environment("production").gates = soak(hours(24));
    given.environment("production").conduct.on_failure = OnFailure::Rollback;
    let (recorded, simulation) = played(&given);
    // It moves by itself a day earlier, and fails as long after it came.
    assert_eq!(arrival(&simulation, "production", "0.0.2").as_deref(), Some("07 12:15"));
    let told = lines(&simulation);
    assert!(told.contains(&"07 17:15 production 0.0.1 rolledBack".to_owned()), "{told:#?}");
    assert!(recorded.assumptions.iter().any(|a| a.contains("fails there again")));
}
