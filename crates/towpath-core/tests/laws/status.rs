//! What the status says of clusters is what their reports say, one by one: the status itself reads them in columns.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use towpath_core::id::ClusterName;
use towpath_core::pin::Pin;
use towpath_core::plan::plan;
use towpath_core::release::Revision;
use towpath_core::running::{ClusterReport, Contact, Health, Running};
use towpath_core::status::status;

use crate::dice::Dice;
use crate::world::{World, world};

/// Lets the clusters of a world say something: mostly that they are well with one of the releases.
fn connect(world: &mut World, bytes: &[u8]) {
    let dice = &mut Dice(bytes);
    let at = |hours: usize| {
        let hours = i64::try_from(hours).expect("a few hours");
        Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
    };
    for cluster in world.path.environments().iter().flat_map(|e| &e.clusters) {
        let mut report = ClusterReport::connected();
        for (component, releases) in &world.snapshot.releases {
            let Some(release) = releases.list.get(dice.roll(releases.list.len() + 1)) else {
                continue;
            };
            let tag = Some(release.tag.clone());
            let revision = release.digest.clone().map(|digest| Revision::Oci { tag, digest });
            let health = [Health::Healthy, Health::Healthy, Health::Progressing, Health::Failed];
            let running = Running {
                revision: revision.filter(|_| !dice.once_in(4)),
                version: Some(release.version.clone()).filter(|_| !dice.once_in(4)),
                attempted: None,
                health: dice.pick(&health),
                since: at(dice.roll(3)),
                suspended: false,
                ailing: Vec::new(),
            };
            report.components.insert(component.clone(), running);
        }
        match dice.roll(6) {
            0 => continue,
            1 => {
                report.contact = Contact::Lost { since: at(dice.roll(3)), why: "away".to_owned() };
            }
            _ => {}
        }
        world.snapshot.running.insert(cluster.name.clone(), report);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_status_says_what_the_reports_say(
        mut world in world(),
        bytes in vec(any::<u8>(), 0..120),
    ) {
        connect(&mut world, &bytes);
        let World { path, snapshot } = &world;
        let status = status(path, snapshot, &plan(path, snapshot));
        for environment in &status.environments {
            for component in &environment.components {
                let name = &component.component;
                let pins: Vec<&Pin> = snapshot.pins_of(&environment.name, name).collect();
                let running = |cluster: &ClusterName| snapshot.running.get(cluster)?.now(name);
                let drifts = |pin: &&&Pin| {
                    let desired = snapshot.desired(name, &pin.tracking);
                    running(&pin.cluster).is_some_and(|it| it.is(&desired) == Some(false))
                };
                let drifting: BTreeSet<&ClusterName> =
                    pins.iter().filter(drifts).map(|pin| &pin.cluster).collect();
                for cluster in &environment.clusters {
                    let said = cluster.drift.contains(name);
                    prop_assert_eq!(said, drifting.contains(&cluster.name), "{}", cluster.name);
                }
                let all: BTreeSet<&ClusterName> = pins.iter().map(|pin| &pin.cluster).collect();
                let connected: Vec<&ClusterName> =
                    all.into_iter().filter(|c| snapshot.running.is_connected(c)).collect();
                let Some(runs) = &component.runs else {
                    prop_assert!(connected.is_empty());
                    continue;
                };
                let health =
                    |c: &&ClusterName| running(c).map_or(Health::Unknown, |it| it.health);
                let worst = connected.iter().map(&health).max();
                prop_assert_eq!((runs.connected, Some(runs.health)), (connected.len(), worst));
                prop_assert_eq!(runs.drift, !drifting.is_empty());
                let what: BTreeSet<Option<String>> =
                    connected.iter().map(|c| running(c).and_then(|it| it.short())).collect();
                let one = what.first().cloned().flatten().filter(|_| what.len() == 1);
                prop_assert_eq!(&runs.what, &one);
                let since = connected.iter().filter(|c| health(c) == runs.health).filter_map(|c| {
                    match &snapshot.running.get(c)?.contact {
                        Contact::Lost { since, .. } => Some(*since),
                        Contact::Connected => Some(running(c)?.since)
                            .filter(|since| *since != Timestamp::UNIX_EPOCH),
                    }
                });
                let since = match runs.health {
                    Health::Healthy => since.max(),
                    _ => since.min(),
                };
                prop_assert_eq!(runs.since, since);
            }
        }
    }
}
