//! Columns say what the reports say, whatever was changed in whichever way.

use jiff::Timestamp;
use proptest::prelude::*;

use super::{ClusterReport, Health, Reports, Running};
use crate::id::{ClusterName, ComponentName, Digest};
use crate::release::{Release, Revision, Seen};
use crate::version::Version;

const COMPONENTS: usize = 3;
const RELEASES: usize = 3;
const CLUSTERS: usize = 4;

fn component(number: usize) -> ComponentName {
    ComponentName::parse(&format!("c{number}")).expect("a name")
}

fn cluster(number: usize) -> ClusterName {
    ClusterName::parse(&format!("k{number}")).expect("a name")
}

/// The last of them is a chart of which no digest is known.
fn release(of: usize, number: usize) -> Release {
    let digest = Digest::parse(&format!("sha256:{number:064x}")).expect("a digest");
    let version = Version::parse_loose(&format!("1.{number}.0")).expect("a version");
    Release {
        component: component(of),
        tag: version.original().to_owned(),
        version,
        digest: (number + 1 < RELEASES).then_some(digest),
        commit: None,
        seen: Seen::default(),
    }
}

fn running() -> impl Strategy<Value = Running> {
    let health = prop::sample::select(vec![Health::Healthy, Health::Progressing, Health::Failed]);
    (0..RELEASES, health, 0..3_i64).prop_map(|(number, health, since)| {
        let release = release(0, number);
        let tag = Some(release.tag.clone());
        Running {
            revision: release.digest.map(|digest| Revision::Oci { tag, digest }),
            version: Some(release.version),
            attempted: None,
            health,
            since: Timestamp::from_second(since).expect("a time"),
            suspended: false,
            ailing: Vec::new(),
        }
    })
}

fn report() -> impl Strategy<Value = ClusterReport> {
    prop::collection::btree_map((0..COMPONENTS).prop_map(component), running(), 0..=COMPONENTS)
        .prop_map(|components| ClusterReport { components, ..ClusterReport::connected() })
}

#[derive(Debug, Clone)]
enum Change {
    Insert(usize, ClusterReport),
    Replace(usize, ClusterReport),
    Tell(usize, usize, Running),
    Remove(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (0..CLUSTERS, report()).prop_map(|(at, report)| Change::Insert(at, report)),
        (0..CLUSTERS, report()).prop_map(|(at, report)| Change::Replace(at, report)),
        (0..CLUSTERS, 0..COMPONENTS, running()).prop_map(|(at, of, it)| Change::Tell(at, of, it)),
        (0..CLUSTERS).prop_map(Change::Remove),
    ]
}

fn columns_are_of(reports: &Reports) {
    for (name, report) in reports.iter() {
        let (slot, _) = reports.placed(name).expect("it is there");
        for of in 0..COMPONENTS {
            let running = report.components.get(&component(of));
            for release in (0..RELEASES).map(|number| release(of, number)) {
                let is_well =
                    |it: &&Running| it.health == Health::Healthy && it.is_exactly(&release);
                let expected = running.filter(is_well).map(|it| it.since);
                let column = reports.column(&component(of));
                let said = column.and_then(|column| column.well_with(&release).since(slot));
                assert_eq!(said, expected, "{name} of {release:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn columns_say_what_reports_say(changes in prop::collection::vec(change(), 1..40)) {
        let mut reports = Reports::default();
        for change in changes {
            // A copy that somebody keeps stays as it is.
            let (kept, before) = (reports.clone(), format!("{reports:?}"));
            match change {
                Change::Insert(at, report) => reports.insert(cluster(at), report),
                Change::Replace(at, new) => reports.change(&cluster(at), |report| *report = new),
                Change::Tell(at, of, running) => {
                    reports.tell(&cluster(at), &component(of), running);
                }
                Change::Remove(at) => reports.remove(&cluster(at)),
            }
            columns_are_of(&reports);
            columns_are_of(&kept);
            prop_assert_eq!(format!("{kept:?}"), before);
        }
    }
}
