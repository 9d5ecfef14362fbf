//! What holds for every scenario.
//!
//! That each promotion keeps the invariants of the core is checked by the simulator itself, whose error fails a property.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use towpath_core::conduct::{Amount, Conduct, OnFailure, Selector, Supersede, Wave};
use towpath_core::gate::{Condition, Gate};
use towpath_core::scenario::{Between, Failures, Ill, Scenario, Share, Trouble, When};
use towpath_core::version::Version;
use towpath_core::window::{Kind, Recurring, Span, Window};
use towpath_engine::simulate::{Crowds, Happening, Simulation};

use crate::world::{Given, component, exact, fails, given, hours, minutes, people, read};

fn condition() -> impl Strategy<Value = Condition> {
    let windows = || {
        let span = Recurring::parse("0 8 * * mon-thu", "6h", "Europe/Berlin").expect("a schedule");
        vec![Window { kind: Kind::Allow, reason: None, span: Span::Recurring(span) }]
    };
    prop_oneof![
        (1u64..100).prop_map(|h| Condition::Soak { duration: hours(h) }),
        Just(Condition::Window { windows: windows() }),
        (1u32..3, option::of(1u64..200)).prop_map(|(count, valid)| Condition::Approval {
            count,
            by: std::collections::BTreeSet::new(),
            valid_for: valid.map(hours),
            signed: false,
        }),
        Just(Condition::Verified { from: vec![read("staging")], any: false }),
        Just(Condition::Test { name: read("smoke"), environments: Vec::new() }),
        Just(Condition::Status { name: "ci".to_owned() }),
        Just(Condition::Order {
            component: read("platform"),
            range: towpath_core::version::Range::parse(">=0.0.2").expect("a range"),
        }),
    ]
}

fn conduct() -> impl Strategy<Value = Conduct> {
    let wave = |name: &str, names: &[&str], most| Wave {
        name: name.to_owned(),
        select: Selector {
            names: names.iter().map(ToString::to_string).collect(),
            ..Selector::default()
        },
        max_concurrency: Amount::Count(most),
        max_failures: Amount::Percent(20),
        min_success_time: hours(1),
        progress_deadline: Some(hours(3)),
    };
    let every = any::<[bool; 5]>();
    (every, 1u32..3).prop_map(move |([auto, every, back, waves, bundle], most)| Conduct {
        auto,
        supersede: if every { Supersede::Every } else { Supersede::Latest },
        on_failure: if back { OnFailure::Rollback } else { OnFailure::Halt },
        waves: match waves {
            true => vec![wave("first", &["*-0000"], 1), wave("rest", &[], most)],
            false => Vec::new(),
        },
        bundle: match bundle {
            true => [read("platform"), read("apps")].into(),
            false => std::collections::BTreeSet::new(),
        },
        ..Conduct::default()
    })
}

/// A world with two components, any policy and much that goes wrong.
fn worlds() -> impl Strategy<Value = Given> {
    let policy = || (vec(condition(), 0..3), conduct());
    let luck = (any::<u64>(), 0u16..5_000, 0u64..72, option::of(1u64..48), 10u64..100);
    let trouble = option::of((0usize..4, any::<bool>(), 0i64..300, option::of(1i64..100)));
    (policy(), policy(), luck, trouble, any::<[bool; 2]>(), 0u64..120).prop_map(
        |(staging, production, luck, trouble, [exactly, promotes], jitter)| {
            let mut given = given();
            given.components.push(component("apps"));
            given.clusters("production", 4);
            for (name, (gates, conduct)) in [("staging", staging), ("production", production)] {
                let environment = given.environment(name);
                environment.gates = Gate::named(gates);
                environment.conduct = conduct;
            }
            if exactly {
                given.tracking.insert("staging", exact("0.0.1"));
            }
            let scenario = &mut given.scenario;
            let (seed, chance, after, lasts, every) = luck;
            scenario.seed = seed;
            scenario.end = read("2026-01-20T00:00:00Z");
            scenario.releases[0].when = When::Every(hours(every));
            let mut how = fails("production", Duration::ZERO);
            how.environments.clear();
            how.after = Between { least: Duration::ZERO, most: hours(after) };
            how.lasts = lasts.map(hours);
            scenario.failures =
                vec![Failures { components: Vec::new(), chance: Share(chance), how }];
            scenario.deliveries[0].takes.most = minutes(5 + jitter);
            scenario.promotions = promotes.then(people);
            if let Some((cluster, lost, from, until)) = trouble {
                let at = |hours| scenario.start + jiff::SignedDuration::from_hours(hours);
                scenario.troubles = vec![Trouble {
                    clusters: vec![read(&format!("production-000{cluster}"))],
                    what: if lost { Ill::Lost } else { Ill::Broken },
                    from: at(from),
                    until: until.map(|long| at(from + long)),
                }];
            }
            given
        },
    )
}

/// When each release arrived in production.
fn arrivals(played: &Simulation) -> BTreeMap<Version, Option<jiff::Timestamp>> {
    let journeys = played.journeys.iter();
    journeys
        .map(|j| {
            let stay = j.stays.iter().find(|s| s.environment.as_str() == "production");
            (j.version.clone(), stay.and_then(|s| s.arrived))
        })
        .collect()
}

/// All of it, but for the words of a promotion that failed, which name every cluster that did.
fn told(played: &Simulation) -> Simulation {
    let mut played = played.clone();
    for moment in &mut played.moments {
        if let Happening::PromotionFailed { why } = &mut moment.what {
            *why = why.split("; ").next().unwrap_or_default().to_owned();
        }
    }
    played
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn a_scenario_is_played_the_same_each_time(given in worlds()) {
        prop_assert_eq!(given.play(), given.play());
    }

    #[test]
    fn the_moments_are_in_order_and_within_the_scenario(given in worlds()) {
        let Scenario { start, end, .. } = given.scenario;
        let played = given.play();
        prop_assert!(played.moments.is_sorted_by_key(|m| m.at));
        prop_assert!(played.moments.iter().all(|m| (start..=end).contains(&m.at)));
        for journey in &played.journeys {
            for stay in &journey.stays {
                prop_assert!(stay.entered.is_none_or(|at| at >= journey.released));
                prop_assert!(stay.arrived.is_none_or(|at| Some(at) > stay.entered));
                prop_assert!(!(stay.skipped && stay.arrived.is_some()));
                prop_assert!(stay.waited.iter().all(|w| w.alone <= w.time));
            }
        }
    }

    /// Whoever plays one cluster for many, and looks only when something can follow, must come to what is come to when
    /// each is played and looked at.
    #[test]
    fn a_group_is_played_as_each_of_its_clusters_would_be(
        given in worlds(),
        clusters in 1usize..60,
        groups in 1usize..8,
        percent in option::of(1u8..=100),
        failures in 0u32..30,
        named in vec(0usize..60, 0..3),
    ) {
        let mut given = given;
        let named = named.iter().map(|number| read(&format!("production-{number:04}")));
        given.scenario.failures[0].how.clusters = named.collect();
        given.clusters("production", clusters);
        given.clusters("staging", clusters / 2 + 1);
        let waves = &mut given.environment("production").conduct.waves;
        for wave in waves {
            wave.max_concurrency = percent.map_or(wave.max_concurrency, Amount::Percent);
            wave.max_failures = Amount::Count(failures);
        }
        given.scenario.end = read("2026-01-12T00:00:00Z");
        let played = |each| told(&given.play_crowds(Crowds { groups, each }));
        prop_assert_eq!(played(false), played(true));
    }

    /// What one component does is nobody else's business, unless the path says so: that is why they are played alone.
    #[test]
    fn components_that_the_path_does_not_join_do_not_concern_each_other(given in worlds()) {
        let mut alone = given;
        for environment in &mut alone.environments {
            environment.conduct.bundle.clear();
            environment.gates.retain(|g| !matches!(g.condition, Condition::Order { .. }));
        }
        let both = alone.play();
        alone.components.truncate(1);
        let one = alone.play();
        let of_it = |m: &&towpath_engine::simulate::Moment| {
            m.component.as_ref().is_none_or(|c| c.as_str() == "platform")
        };
        let of_both: Vec<_> = both.moments.iter().filter(of_it).collect();
        prop_assert_eq!(of_both, one.moments.iter().collect::<Vec<_>>());
    }

    /// True of the last environment of a path without failures, people and waves. A longer soak further up is another
    /// matter: it lets fewer releases through, so that those behind it are replaced less often.
    #[test]
    fn a_longer_soak_at_the_end_brings_nothing_earlier(
        every in 6u64..100,
        soak in 0u64..100,
        longer in 0u64..50,
        windows in any::<bool>(),
    ) {
        let play = |soak: u64| {
            let mut given = given();
            given.scenario.releases[0].when = When::Every(hours(every));
            let mut conditions = vec![Condition::Soak { duration: hours(soak) }];
            if windows {
                let span = Recurring::parse("0 8 * * mon-fri", "6h", "UTC").expect("a schedule");
                let windows = vec![Window {
                    kind: Kind::Allow,
                    reason: None,
                    span: Span::Recurring(span),
                }];
                conditions.push(Condition::Window { windows });
            }
            given.environment("production").gates = Gate::named(conditions);
            arrivals(&given.play())
        };
        let (short, long) = (play(soak), play(soak + longer));
        for (version, at) in long {
            if let Some(at) = at {
                let before = short.get(&version).copied().flatten();
                prop_assert!(before.is_some_and(|b| b <= at), "{version}: {before:?}, then {at}");
            }
        }
    }
}

/// Which releases are bad does not depend on the policy, so that two policies meet the same luck.
#[test]
fn two_policies_meet_the_same_luck() {
    let failed = |soak: u64| {
        let mut given = given();
        given.scenario.releases[0].when = When::Every(hours(60));
        given.scenario.failures = vec![Failures {
            components: Vec::new(),
            chance: Share(5_000),
            how: fails("staging", hours(24)),
        }];
        given.environment("production").gates = crate::world::soak(hours(soak));
        let played = given.play();
        let failed = played.moments.iter().filter(|m| matches!(m.what, Happening::Failed { .. }));
        failed.map(|m| (m.at, m.version.clone())).collect::<Vec<_>>()
    };
    let one = failed(10);
    assert!(one.len() > 2, "{one:?}");
    assert_eq!(one, failed(30));
}
