//! Records of the ledger as JSON: there and back, from older and from newer versions.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use towpath_api::record::{RecordError, from_json, to_json};
use towpath_core::record::{Event, GateEvidence, PlanHash, Promotion, Record, Sandbox};

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
    let evidence = (text(), text(), text()).prop_map(|(gate, verdict, because)| GateEvidence {
        gate,
        verdict,
        because,
    });
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
    )
        .prop_map(|((environment, component, from, replaced, version, digest), rest)| {
            let (plan, commit, branch, rollback, gates) = rest;
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
                gates,
            })
        });
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
    prop_oneof![released, promoted, approved, overridden, created, deleted]
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
        let record = Record { at, by, event };
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
