//! What a tracking means: tables.

use std::collections::{BTreeMap, BTreeSet};

use crate::world::{commit, digest, pin, read};
use towpath_core::pin::{NotEditable, Pins, Replacement};
use towpath_core::record::History;
use towpath_core::release::{Reach, Release, Releases, Seen};
use towpath_core::running::Reports;
use towpath_core::snapshot::Snapshot;
use towpath_core::source::Answers;
use towpath_core::tracking::{Exact, Tracking};
use towpath_core::version::{Range, Version};

fn release(version: &str, made: u8, source: bool) -> Release {
    Release {
        component: read("apps"),
        version: read(version),
        tag: version.to_owned(),
        digest: Some(digest(version)),
        commit: Some(commit(made)),
        seen: Seen { ledger: true, source, differs: false },
    }
}

/// 0.0.7 and 0.0.8 of one commit, 0.0.9 lost by the registry.
fn snapshot(reach: Reach) -> Snapshot {
    let list =
        vec![release("0.0.7", 1, true), release("0.0.8", 1, true), release("0.0.9", 2, false)];
    Snapshot {
        now: read("2026-01-05T09:00:00Z"),
        base: None,
        branches: BTreeMap::from([(read("main"), commit(9))]),
        pins: Pins::default(),
        releases: BTreeMap::from([(read("apps"), Releases { list, reach })]),
        contained: BTreeSet::new(),
        running: Reports::default(),
        answers: Answers::default(),
        history: History::default(),
        findings: Vec::new(),
    }
}

fn exact(tag: Option<&str>, of: Option<&str>, made: Option<u8>) -> Tracking {
    let tag = tag.map(Exact::tag).unwrap_or_default();
    Tracking::Exact(Exact { digest: of.map(digest), commit: made.map(commit), ..tag })
}

#[test]
fn a_digest_or_commit_decides_and_the_tag_beside_it_is_a_name() {
    let snapshot = snapshot(Reach::Reached);
    for (tracking, want) in [
        (exact(Some("0.0.7"), None, None), Some("0.0.7")),
        (exact(Some("0.0.7"), Some("0.0.7"), None), Some("0.0.7")),
        (exact(Some("0.0.7"), Some("0.0.8"), None), Some("0.0.8")),
        (exact(None, Some("0.0.8"), None), Some("0.0.8")),
        (exact(None, Some("something else"), None), None),
        (exact(Some("latest"), None, None), None),
        (exact(Some("latest"), Some("0.0.7"), None), Some("0.0.7")),
        // One commit, two releases: the one named, else the newer.
        (exact(Some("0.0.7"), None, Some(1)), Some("0.0.7")),
        (exact(None, None, Some(1)), Some("0.0.8")),
        (exact(None, None, Some(3)), None),
        // Nobody knows it: then its name is all there is.
        (exact(Some("0.1.0"), None, None), Some("0.1.0")),
        (exact(Some("0.1.0"), Some("something else"), None), Some("0.1.0")),
        // The release of this name is known, and is not this content.
        (exact(Some("0.0.7"), Some("something else"), None), None),
    ] {
        let desired = snapshot.desired(&read("apps"), &tracking);
        assert_eq!(desired.version.as_ref().map(Version::original), want, "{tracking}");
    }
}

#[test]
fn a_range_means_the_highest_that_can_be_had() {
    let range = Tracking::Semver(Range::parse("0.0.x").expect("a range"));
    let unreachable = Reach::Unreachable { location: "oci://x".into(), why: "refused".into() };
    for (reach, want, whole) in [
        (Reach::Reached, "0.0.8", true),
        (unreachable, "0.0.9", false),
        (Reach::NotAsked, "0.0.9", false),
    ] {
        let desired = snapshot(reach).desired(&read("apps"), &range);
        assert_eq!(desired.version.as_ref().map(Version::original), Some(want));
        assert_eq!(desired.unknown.is_none(), whole);
    }
}

#[test]
fn a_pin_is_edited_only_where_it_says_something_else() {
    let new = release("0.0.8", 1, true);
    let undigested = Release { digest: None, ..new.clone() };
    let range = Tracking::Semver(Range::parse("0.0.x").expect("a range"));
    for (tracking, release, want) in [
        (range, &new, Ok(vec![("semver: 0.0.x", "tag: 0.0.8")])),
        (exact(Some("0.0.7"), None, None), &new, Ok(vec![("0.0.7", "0.0.8")])),
        (exact(Some("0.0.8"), None, None), &new, Ok(vec![])),
        (exact(Some("0.0.8"), None, None), &undigested, Ok(vec![])),
        (exact(Some("0.0.8"), Some("0.0.8"), None), &new, Ok(vec![])),
        (exact(Some("0.0.7"), Some("0.0.7"), None), &undigested, Err(NotEditable::Missing)),
    ] {
        let pin = pin(&read("e0"), &read("e0-0"), &read("apps"), tracking.clone());
        let told = |edit: &Replacement| (edit.old.clone(), edit.new.clone());
        let edits = pin.set_to(release).map(|all| all.iter().map(told).collect::<Vec<_>>());
        let own = |(old, new): (&str, &str)| (old.to_owned(), new.to_owned());
        let want = want.map(|all: Vec<_>| all.into_iter().map(own).collect());
        assert_eq!(edits, want, "{tracking}");
    }
    let mut both =
        pin(&read("e0"), &read("e0-0"), &read("apps"), exact(Some("0.0.7"), Some("0.0.7"), None));
    assert_eq!(both.set_to(&new).map(|edits| edits.len()), Ok(2));
    both.splices = Err(NotEditable::Aliased);
    assert_eq!(both.set_to(&new), Err(NotEditable::Aliased));
    assert_eq!(both.set_to(&release("0.0.7", 1, true)), Ok(vec![]));
}
