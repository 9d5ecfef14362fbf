//! Cases that a law found, as they are told: one promotion at a time, a record that names whom it moved, and a failure
//! that no second try undoes.

use crate::dice::Dice;
use crate::journey::{Happened, Journey};
use crate::world::{pin, read};
use towpath_core::id::{ClusterName, EnvironmentName};
use towpath_core::plan::{Outcome, Proposal, plan};
use towpath_core::record::{Event, History, OfRelease, Verified};
use towpath_core::tracking::{Exact, Tracking};
use towpath_core::why::Why;

/// Two clusters without waves that were moved to 0.0.2 at once; one was taken back by hand.
fn taken_back() -> Journey {
    // Two environments, the first of two clusters; everything else is the simplest.
    let mut journey = Journey::begin(&mut Dice(&[0, 1]));
    assert!(matches!(journey.promote(&mut Dice(&[]), false), Happened::Acted(_)));
    let environment: EnvironmentName = read("e0");
    let cluster: ClusterName = read("e0-0");
    let mut pins = journey.snapshot.pins.of(&environment, &read("apps")).to_vec();
    let old = Tracking::Exact(Exact::tag("0.0.1"));
    pins[0] = pin(&environment, &cluster, &read("apps"), old);
    journey.snapshot.pins.replace(&environment, &read("apps"), pins);
    journey
}

fn apps(journey: &Journey) -> Proposal {
    let proposals = plan(&journey.path, &journey.snapshot).proposals;
    let apps = |p: &Proposal| p.environment.as_str() == "e0" && p.component.as_str() == "apps";
    proposals.into_iter().find(apps).expect("it is on the path")
}

#[test]
fn another_promotion_waits_for_who_is_on_its_way_in_the_last() {
    let mut journey = taken_back();
    journey.connect(&read("e0-1"), false);
    journey.release(&mut Dice(&[]));
    let waiting = apps(&journey);
    assert_eq!(waiting.outcome, Outcome::Waiting);
    assert!(
        waiting.waiting.iter().any(|why| matches!(why, Why::RollingOut { .. })),
        "{:?}",
        waiting.waiting
    );
    journey.connect(&read("e0-1"), true);
    let ready = apps(&journey);
    assert_eq!(ready.outcome, Outcome::Ready);
    assert_eq!(ready.candidate.map(|r| r.tag).as_deref(), Some("0.0.3"));
}

#[test]
fn an_action_that_leaves_out_who_is_ahead_names_whom_it_moves() {
    let mut journey = taken_back();
    journey.snapshot.history = History::default();
    // Nobody knows 0.0.2 any more, which one cluster has.
    let list = &mut journey.snapshot.releases.get_mut(&read("apps")).expect("it is there").list;
    list[1].tag = "0.0.1+1".to_owned();
    list[1].version = read("0.0.1+1");
    let action = apps(&journey).action.expect("it is ready");
    assert_eq!(action.clusters, [read::<ClusterName>("e0-0")]);
}

#[test]
fn what_failed_is_not_verified_again_by_trying_again() {
    let mut journey = Journey::begin(&mut Dice(&[0, 1]));
    let release = journey.snapshot.releases[&read("apps")].list[1].clone();
    let of = || OfRelease {
        environment: read("e0"),
        component: read("apps"),
        version: release.version.clone(),
        digest: release.digest.clone(),
    };
    let verified = |journey: &Journey| journey.snapshot.history.verified(&read("e0"), &release);
    let now = journey.snapshot.now;
    let good = Event::Verified(Verified { release: of(), since: now, set: Vec::new() });
    journey.record("Towpath <towpath@x>", good.clone());
    assert!(verified(&journey).is_some());
    journey.record("Towpath <towpath@x>", Event::Failed(of(), "it crashes".to_owned()));
    assert!(verified(&journey).is_none());
    assert!(matches!(journey.promote(&mut Dice(&[]), false), Happened::Acted(_)));
    assert!(verified(&journey).is_none(), "it is tried again, and nothing is known of that yet");
    journey.record("Towpath <towpath@x>", good);
    assert!(verified(&journey).is_some());
}
