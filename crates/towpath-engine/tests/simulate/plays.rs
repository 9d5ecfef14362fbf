//! Small scenarios, moment by moment.

use std::collections::BTreeSet;

use towpath_core::conduct::{Amount, OnFailure, Selector, Wave};
use towpath_core::gate::{Condition, Gate};
use towpath_core::scenario::{Firing, Freeze, Ill, Trouble, When};
use towpath_core::source::{AlertsQuestion, Matcher};

use crate::world::{arrival, fails, given, hours, lines, minutes, people, read, soak};

#[test]
fn a_release_goes_to_production_when_it_has_soaked() {
    let played = given().play();
    assert_eq!(
        lines(&played),
        [
            "06 12:00 0.0.2 released",
            "06 12:05 development 0.0.2 arrived",
            "06 12:05 staging 0.0.2 arrived",
            "06 12:05 development 0.0.2 verified",
            "06 12:05 staging 0.0.2 verified",
            "08 12:05 production 0.0.2 promoted",
            "08 12:10 production 0.0.2 arrived",
            "08 12:10 production 0.0.2 verified",
        ]
    );
}

#[test]
fn what_waited_for_what_is_counted() {
    let played = given().play();
    let production = played.tallies().pop().expect("production is last");
    let waited: Vec<String> = production
        .waited
        .iter()
        .map(|w| format!("{} {}m {}m", w.what, w.time.as_secs() / 60, w.alone.as_secs() / 60))
        .collect();
    // It is offered as soon as staging is to have it, and the soak begins when staging is healthy with it.
    assert_eq!(waited, ["soak 2885m 2885m", "clusters 5m 5m"]);
    let lead = production.lead.expect("it arrived");
    assert_eq!(lead.median, hours(48) + minutes(10));
    assert_eq!((production.released, production.arrived, production.promotions), (1, 1, 1));
}

#[test]
fn people_approve_and_promote_when_they_are_at_work() {
    let mut given = given();
    given.environment("production").conduct.auto = false;
    given.environment("production").gates = Gate::named(vec![Condition::Approval {
        count: 1,
        by: BTreeSet::new(),
        valid_for: None,
        signed: true,
    }]);
    let nobody = given.play();
    assert_eq!(arrival(&nobody, "production", "0.0.2"), None);
    let told = |a: &String| a.starts_with("nobody promotes production");
    assert!(nobody.assumptions.iter().any(told), "{:?}", nobody.assumptions);

    // Asked at noon on Tuesday, approved two hours later, promoted two hours after that.
    given.scenario.promotions = Some(people());
    assert_eq!(arrival(&given.play(), "production", "0.0.2").as_deref(), Some("06 16:05"));

    // Asked on Friday evening: approved on Monday at nine, promoted at eleven.
    given.scenario.releases[0].when = When::At(read("2026-01-09T18:00:00Z"));
    assert_eq!(arrival(&given.play(), "production", "0.0.2").as_deref(), Some("12 11:05"));
}

#[test]
fn a_release_that_fails_while_it_soaks_goes_no_further() {
    let mut given = given();
    given.scenario.releases[0].fails = vec![fails("staging", hours(24))];
    let played = given.play();
    assert!(lines(&played).contains(&"07 12:05 staging 0.0.2 failed on 1".to_owned()));
    assert_eq!(arrival(&played, "production", "0.0.2"), None);
    assert_eq!(played.failed_in_production(), 0);

    given.environment("production").gates = soak(hours(12));
    given.scenario.releases[0].fails = vec![fails("production", hours(24))];
    let played = given.play();
    assert_eq!(played.failed_in_production(), 1);
}

#[test]
fn a_failed_promotion_goes_back() {
    let mut given = given();
    given.environment("production").conduct.on_failure = OnFailure::Rollback;
    given.scenario.releases[0].fails = vec![fails("production", hours(1))];
    let lines = lines(&given.play());
    let after: Vec<&str> =
        lines.iter().skip_while(|l| !l.contains("production")).map(String::as_str).collect();
    assert_eq!(
        after,
        [
            "08 12:05 production 0.0.2 promoted",
            "08 12:10 production 0.0.2 arrived",
            "08 12:10 production 0.0.2 verified",
            "08 13:10 production 0.0.2 failed on 2",
            "08 13:10 production 0.0.2 promotionFailed",
            "08 13:10 production 0.0.1 rolledBack",
            "08 13:15 production 0.0.1 arrived",
        ]
    );
}

#[test]
fn waves_move_one_after_another() {
    let mut given = given();
    given.clusters("production", 5);
    let wave = |name: &str, names: &[&str], max_concurrency| Wave {
        name: name.to_owned(),
        select: Selector {
            names: names.iter().map(ToString::to_string).collect(),
            ..Selector::default()
        },
        max_concurrency,
        max_failures: Amount::Count(0),
        min_success_time: hours(1),
        progress_deadline: Some(hours(2)),
    };
    given.environment("production").conduct.waves = vec![
        wave("canary", &["production-0000"], Amount::Percent(100)),
        wave("rest", &[], Amount::Count(2)),
    ];
    let played = given.play();
    let promoted: Vec<String> =
        lines(&played).into_iter().filter(|l| l.contains("promoted")).collect();
    assert_eq!(
        promoted,
        [
            "08 12:05 production 0.0.2 promoted 1 of 5",
            "08 13:10 production 0.0.2 promoted 2 of 5",
            "08 13:15 production 0.0.2 promoted 2 of 5",
        ]
    );
    let tally = played.tallies().pop().expect("production is last");
    assert_eq!((tally.promotions, tally.arrived), (1, 1));

    // A cluster that is lost holds the wave up until its deadline; then the promotion has failed.
    given.scenario.troubles = vec![Trouble {
        clusters: vec![read("production-0003")],
        what: Ill::Lost,
        from: read("2026-01-08T00:00:00Z"),
        until: None,
    }];
    let lines = lines(&given.play());
    let last: Vec<&str> = lines.iter().rev().take(2).map(String::as_str).collect();
    assert_eq!(
        last,
        ["08 15:15 production 0.0.2 promotionFailed", "08 13:15 production 0.0.2 promoted 2 of 5"]
    );
}

#[test]
fn nothing_moves_while_it_is_frozen() {
    let mut given = given();
    given.scenario.freezes = vec![Freeze {
        environment: None,
        from: read("2026-01-08T00:00:00Z"),
        until: Some(read("2026-01-10T09:00:00Z")),
        by: "Bob <bob@example.com>".to_owned(),
        reason: "an audit".to_owned(),
    }];
    let played = given.play();
    assert_eq!(arrival(&played, "production", "0.0.2").as_deref(), Some("10 09:05"));
    let words: Vec<String> = lines(&played).into_iter().filter(|l| l.contains("en")).collect();
    assert!(words.contains(&"08 00:00 frozen".to_owned()), "{words:?}");
}

#[test]
fn a_newer_release_takes_the_place_of_one_that_soaks() {
    let mut given = given();
    given.scenario.releases[0].when = When::Every(hours(36));
    let played = given.play();
    // Each is replaced in staging before it has soaked for two days there.
    let production = played.tallies().pop().expect("production is last");
    assert_eq!((production.arrived, production.promotions), (0, 0));

    given.environment("production").gates = soak(hours(24));
    let production = given.play().tallies().pop().expect("production is last");
    // The last one is still on its way when the scenario ends.
    assert_eq!((production.released, production.arrived, production.skipped), (20, 19, 0));
}

#[test]
fn an_alert_keeps_a_release_out() {
    let mut given = given();
    let question = AlertsQuestion {
        matchers: vec![Matcher::parse("severity=critical").expect("a matcher")],
        over: hours(2),
        count_silenced: false,
        clusters: BTreeSet::new(),
    };
    given.environment("production").gates = Gate::named(vec![Condition::Alerts {
        source: read("prometheus"),
        question,
        max: 0,
        environments: Vec::new(),
    }]);
    given.scenario.alerts = vec![Firing {
        source: None,
        labels: [("severity".to_owned(), "critical".to_owned())].into(),
        clusters: vec![read("staging")],
        from: read("2026-01-06T11:00:00Z"),
        until: Some(read("2026-01-06T15:00:00Z")),
    }];
    // Two hours after the alert, and the time to deliver.
    assert_eq!(arrival(&given.play(), "production", "0.0.2").as_deref(), Some("06 17:05"));

    given.scenario.alerts[0].clusters = vec![read("development")];
    assert_eq!(arrival(&given.play(), "production", "0.0.2").as_deref(), Some("06 12:05"));
}
