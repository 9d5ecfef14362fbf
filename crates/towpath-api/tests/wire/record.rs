//! Records of the ledger as JSON: there and back, from older and from newer versions.

use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::time::Duration;
use towpath_api::record::{RecordError, from_json, to_json};
use towpath_core::gate::{
    FailedIn, Frozen, Given, Inputs, Reported, SoakState, Soaking, TestRun, VerifiedIn,
};
use towpath_core::id::EnvironmentName;
use towpath_core::record::{
    Event, GateEvidence, OfRelease, PlanHash, Promotion, Record, Sandbox, SetMember, Signature,
    Tested, Verified,
};
use towpath_core::release::{Reach, Seen};
use towpath_core::running::Health;
use towpath_core::source::{
    AlertsQuestion, AlertsSeen, Answer, Labels, Matcher, Measured, Met, MetricQuestion, MetricSeen,
    Sampled, Series, Stretch, Unanswered,
};
use towpath_core::version::Range;
use towpath_core::window::{Kind, Once, Recurring, Span, Window};

fn read<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().expect("a text of the tests")
}

fn of<T: std::str::FromStr<Err: std::fmt::Debug> + std::fmt::Debug>(
    texts: &[&'static str],
) -> impl Strategy<Value = T> + use<T> {
    select(texts.to_vec()).prop_map(|text| read(text))
}

fn hash() -> impl Strategy<Value = PlanHash> {
    "[0-9a-f]{64}".prop_map(|text| PlanHash::parse(&text).expect("64 digits"))
}

fn commit<T: std::str::FromStr<Err: std::fmt::Debug> + std::fmt::Debug>() -> impl Strategy<Value = T>
{
    "([0-9a-f]{40}|[0-9a-f]{64})".prop_map(|text| read(&text))
}

/// Text as people write it: quotes, line ends, other alphabets.
fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

fn event() -> impl Strategy<Value = Event> {
    let version = || of(&["0.0.8", "v1.2.3", "1.0.0-rc.1+build.7", "1.02.3"]);
    let name = || of(&["production", "eu-1"]);
    let component = || of(&["platform", "apps"]);
    let branch = || of(&["main", "towpath/promote/x"]);
    let time =
        || of(&["2026-01-05T09:00:00Z", "2026-01-05T09:00:00.123456789Z", "1969-12-31T23:59:59Z"]);
    let digest = || "sha256:[0-9a-f]{64}".prop_map(|text| read(&text));
    let evidence = (text(), text(), text(), option::of(inputs())).prop_map(
        |(gate, verdict, because, inputs)| GateEvidence { gate, verdict, because, inputs },
    );
    let released = (component(), version(), text(), digest(), commit(), text()).prop_map(
        |(component, version, tag, digest, commit, location)| Event::Released {
            component,
            version,
            tag,
            digest,
            commit,
            location,
        },
    );
    let promoted = (
        (name(), component(), text(), option::of(version()), version(), option::of(digest())),
        (hash(), commit(), branch(), any::<bool>(), vec(evidence, 0..3)),
        (any::<bool>(), vec(of(&["eu-1", "eu-2"]), 0..3), vec(version(), 0..3)),
    )
        .prop_map(
            |((environment, component, from, replaced, version, digest), rest, steps)| {
                let (plan, commit, branch, rollback, gates) = rest;
                let (automatic, clusters, skipped) = steps;
                Event::Promoted(Promotion {
                    environment,
                    component,
                    from,
                    replaced,
                    version,
                    digest,
                    plan,
                    commit,
                    branch,
                    rollback,
                    automatic,
                    clusters,
                    skipped,
                    gates,
                })
            },
        );
    let approved = (name(), component(), version(), hash()).prop_map(
        |(environment, component, version, plan)| Event::Approved {
            environment,
            component,
            version,
            plan,
        },
    );
    let overridden = (name(), component(), text(), hash(), text(), time()).prop_map(
        |(environment, component, gate, plan, reason, expires)| Event::Overridden {
            environment,
            component,
            gate,
            plan,
            reason,
            expires,
        },
    );
    let created = (
        (name(), name(), branch(), text(), commit(), commit()),
        (text(), text(), time(), option::of(text())),
    )
        .prop_map(|((name, from, branch, folder, origin, commit), rest)| {
            let (ticket, summary, expires, context) = rest;
            Event::SandboxCreated(Sandbox {
                name,
                from,
                branch,
                folder,
                origin,
                commit,
                ticket,
                summary,
                expires,
                context,
            })
        });
    let deleted = (name(), branch(), option::of(commit()), text()).prop_map(
        |(name, branch, head, emptied)| Event::SandboxDeleted { name, branch, head, emptied },
    );
    let release = || {
        (name(), component(), version(), option::of(digest())).prop_map(
            |(environment, component, version, digest)| OfRelease {
                environment,
                component,
                version,
                digest,
            },
        )
    };
    let member = (component(), version(), option::of(digest()))
        .prop_map(|(component, version, digest)| SetMember { component, version, digest });
    let noted = prop_oneof![
        (release(), time(), vec(member, 0..3)).prop_map(|(release, since, set)| {
            Event::Verified(Verified { release, since, set })
        }),
        (release(), text()).prop_map(|(of, why)| Event::Failed(of, why)),
        (release(), text()).prop_map(|(of, why)| Event::Aborted(of, why)),
        (release(), time(), time()).prop_map(|(of, since, until)| Event::Soaked(of, since, until)),
        (release(), of(&["smoke", "load"]), any::<bool>(), 0u32..9, text()).prop_map(
            |(release, test, passed, attempts, detail)| {
                Event::Tested(Tested { release, test, passed, attempts, detail })
            }
        ),
        (component(), version(), text(), any::<bool>(), text()).prop_map(
            |(component, version, name, success, detail)| Event::Reported {
                component,
                version,
                name,
                success,
                detail,
            }
        ),
        (option::of(name()), text())
            .prop_map(|(environment, reason)| Event::Frozen { environment, reason }),
        (option::of(name()), text())
            .prop_map(|(environment, reason)| Event::Thawed { environment, reason }),
    ];
    prop_oneof![released, promoted, approved, overridden, created, deleted, noted]
}

/// Inputs of every kind of gate, with each of their shapes.
fn inputs() -> impl Strategy<Value = Inputs> {
    let time: Timestamp = read("2026-01-05T09:00:00.5Z");
    let production: EnvironmentName = read("production");
    let state = |state| Soaking { environment: production.clone(), cluster: read("eu-1"), state };
    let given = |signature| Given { by: "Ann <ann@x>".to_owned(), at: time, signature };
    let seen = Seen { ledger: true, source: false, differs: true };
    let reach =
        |reach| Inputs::Release { version: read("1.2.3"), seen, reach, unknown_allowed: true };
    let (location, why) = ("oci://x".to_owned(), "\"no\"\n".to_owned());
    select(vec![
        Inputs::Checks { errors: 2, first: Some("a-rule".to_owned()) },
        reach(None),
        reach(Some(Reach::Reached)),
        reach(Some(Reach::NotAsked)),
        reach(Some(Reach::NotListable { location: location.clone() })),
        reach(Some(Reach::Unreachable { location, why: why.clone() })),
        Inputs::Freeze {
            freezes: vec![Frozen {
                environment: None,
                by: "Ann".to_owned(),
                reason: why.clone(),
                since: time,
            }],
        },
        Inputs::Path {
            wanted: read("v1.2.3"),
            previous: vec![(production.clone(), None), (read("eu"), Some(read("1.2.2")))],
            failed: vec![FailedIn { environment: production.clone(), at: time, why: why.clone() }],
        },
        Inputs::Approval {
            need: 2,
            by: ["ann@x".to_owned()].into(),
            valid_for: Some(Duration::from_secs(60)),
            signed: true,
            plan: read_hash(),
            authors: vec!["Bob".to_owned()],
            given: vec![
                given(Signature::NotChecked),
                given(Signature::Missing),
                given(Signature::Good { by: "ann@x".to_owned() }),
                given(Signature::Bad { why: why.clone() }),
            ],
            now: time,
        },
        Inputs::Order {
            component: read("crds"),
            range: Range::parse(">=1.0.0 <2").expect("a range"),
            itself: false,
            has: vec![None, Some(read("1.0.0"))],
        },
        Inputs::Verified {
            from: vec![VerifiedIn {
                environment: production.clone(),
                since: Some(time),
                observed: true,
            }],
            any: true,
        },
        Inputs::Soak {
            need: Duration::from_secs(3600),
            environments: vec![production.clone()],
            clusters: vec![
                state(SoakState::Healthy { since: time }),
                state(SoakState::Unwell { health: Health::Failed, why: why.clone() }),
                state(SoakState::Unwell { health: Health::Progressing, why: why.clone() }),
                state(SoakState::OtherRevision { revision: None }),
                state(SoakState::Lost { since: time }),
                state(SoakState::Silent),
                state(SoakState::NotConnected),
            ],
            recorded: Some((time, time)),
            now: time,
        },
        Inputs::Test {
            name: read("smoke"),
            environments: vec![production.clone()],
            runs: vec![TestRun {
                environment: production,
                passed: true,
                attempts: 3,
                at: time,
                detail: why.clone(),
            }],
        },
        Inputs::Window {
            windows: vec![
                Window {
                    kind: Kind::Allow,
                    reason: None,
                    span: Span::Recurring(
                        Recurring::parse("0 9 * * 1-5", "1d12h", "Europe/Berlin")
                            .expect("a window"),
                    ),
                },
                Window {
                    kind: Kind::Deny,
                    reason: Some("why".to_owned()),
                    span: Span::Once(
                        Once::parse("2026-12-20", "2026-12-27", Some("UTC")).expect("a window"),
                    ),
                },
            ],
            now: time,
        },
        Inputs::Begun { at: time },
        alerts(None),
        alerts(Some(Ok(AlertsSeen {
            firing: [[("alertname", "Down")].into_iter().collect::<Labels>()].into(),
            history: vec![Sampled { at: time, firing: 1 }],
        }))),
        alerts(Some(Err(Unanswered { why: why.clone() }))),
        metric(None),
        metric(Some((Ok(MetricSeen::default()), Met::NoData))),
        metric(Some((Err(Unanswered { why: why.clone() }), Met::CannotTell(why.clone())))),
        metric(Some((
            Ok(MetricSeen { series: vec![series("NaN")], baseline: Some(vec![series("1e-05")]) }),
            Met::Holds,
        ))),
        Inputs::Status { name: "ci".to_owned(), last: None },
        Inputs::Status {
            name: "ci".to_owned(),
            last: Some(Reported { success: true, by: "Bob".to_owned(), at: time, detail: why }),
        },
    ])
}

fn alerts(value: Option<Result<AlertsSeen, Unanswered>>) -> Inputs {
    Inputs::Alerts {
        source: read("prometheus"),
        question: AlertsQuestion {
            matchers: vec![Matcher::parse(r#"severity=~"a|b""#).expect("a matcher")],
            over: Duration::from_secs(3600),
            count_silenced: true,
            clusters: ["eu-1".to_owned()].into(),
        },
        max: 2,
        answer: value.map(|value| Answer { at: moment(), value }),
    }
}

fn metric(measured: Option<(Result<MetricSeen, Unanswered>, Met)>) -> Inputs {
    Inputs::Metric {
        source: read("prometheus"),
        question: MetricQuestion {
            query: "up".to_owned(),
            baseline: Some(Stretch { from: moment(), until: moment() }),
        },
        condition: "change < 10.0".to_owned(),
        measured: measured
            .map(|(value, met)| Measured { seen: Answer { at: moment(), value }, met }),
    }
}

fn series(value: &str) -> Series {
    Series { labels: [("a", "b")].into_iter().collect(), value: value.to_owned() }
}

fn moment() -> Timestamp {
    "2026-01-05T09:00:00Z".parse().expect("a time")
}

fn read_hash() -> PlanHash {
    PlanHash::parse(&"ab".repeat(32)).expect("64 digits")
}

/// Not in the assertion, which would take the brace for a format.
const END: &str = "}\n";

proptest! {
    #[test]
    fn a_record_is_read_back(
        at in of(&["2026-01-05T09:00:00Z", "2026-01-05T09:00:00.5Z"]),
        by in text(),
        event in event(),
    ) {
        let record = Record { at, by, event, signature: Signature::NotChecked };
        let written = to_json(&record);
        prop_assert_eq!(from_json(&written).map_err(|e| e.to_string()), Ok(record.clone()));
        prop_assert!(written.ends_with(END));

        let newer = written.replacen('{', "{\n  \"addedLater\": {\"by\": 1},", 1);
        prop_assert_eq!(from_json(&newer).map_err(|e| e.to_string()), Ok(record));
    }
}

fn approved(version: &str, kind: &str, event: &str, plan: &str, environment: &str) -> String {
    format!(
        r#"{{"apiVersion": "{version}", "kind": "{kind}", "at": "2026-01-05T09:00:00Z", "by": "Ann <ann@x>",
            "event": {{"type": "{event}", "environment": "{environment}", "component": "apps",
                       "version": "0.0.8", "plan": "{plan}"}}}}"#
    )
}

#[test]
fn what_is_no_record_is_refused() {
    let (version, plan) = ("towpath.dev/v1alpha1", &*"ab".repeat(32));
    assert!(from_json(&approved(version, "Record", "approved", plan, "production")).is_ok());
    for (text, want) in [
        (approved("towpath.dev/v9", "Record", "approved", plan, "production"), "are not a record"),
        (approved(version, "Path", "approved", plan, "production"), "are not a record"),
        (approved(version, "Record", "blessed", plan, "production"), "not a record"),
        (approved(version, "Record", "approved", "ab", "production"), "invalid value"),
        (approved(version, "Record", "approved", plan, "../x"), "invalid value"),
        ("{".to_owned(), "not a record"),
        (String::new(), "not a record"),
    ] {
        let answer: Result<_, RecordError> = from_json(&text);
        let said = answer.map_or_else(|e| e.to_string(), |r| format!("{r:?}"));
        assert!(said.contains(want), "{text}\n{said}");
    }
}
