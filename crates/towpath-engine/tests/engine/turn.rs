//! Turns of the loop: what may be done without a person is done once, whoever dies or is late.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use towpath_core::id::{ClusterName, Digest};
use towpath_core::path::Path;
use towpath_core::pin::Pin;
use towpath_core::plan::Request;
use towpath_core::record::Event;
use towpath_core::release::Revision;
use towpath_core::running::{ClusterReport, Contact, Health, Running};
use towpath_core::version::Version;
use towpath_engine::ledger;
use towpath_engine::ports::Repository as _;
use towpath_engine::promote::Reports;
use towpath_engine::turn::Turn;
use towpath_testkit::contract::put;
use towpath_testkit::memory::MemoryRemote;
use towpath_testkit::memory_registry::MemoryRegistry;
use towpath_testkit::watched::Crash;
use towpath_testkit::world::{self, clone_of, platform};

use crate::actor::{Actor, version};

pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

const AUTOMATIC: &str = "\
apiVersion: towpath.dev/v1alpha1
kind: Path
spec:
  trunk: main
  environments:
  - name: development
  - name: staging
    tracks: semver
    after: [development]
  - name: production
    tracks: exact
    after: [staging]
    auto: true
    onFailure: rollback
    gates:
    - verified: [staging]
";

/// What clusters say of the platform.
#[derive(Default)]
pub(crate) struct Told(BTreeMap<ClusterName, ClusterReport>);

impl Told {
    pub(crate) fn say(
        &mut self,
        cluster: &str,
        release: (&Version, &Digest),
        health: Health,
        since: &str,
    ) {
        let (version, digest) = release;
        let revision =
            Revision::Oci { tag: Some(version.original().to_owned()), digest: digest.clone() };
        let running = Running {
            revision: Some(revision),
            version: Some(version.clone()),
            attempted: None,
            health,
            since: world::at(since),
            suspended: false,
            ailing: Vec::new(),
        };
        let components = [(platform(), running)].into();
        let report = ClusterReport { contact: Contact::Connected, components };
        self.0.insert(cluster.parse().expect("a name"), report);
    }
}

impl Reports for Told {
    fn reports(
        &self,
        _: &Path,
        _: &[Pin],
        _: jiff::Timestamp,
    ) -> BTreeMap<ClusterName, ClusterReport> {
        self.0.clone()
    }
}

/// A world in which 0.0.1 is in production and 0.0.2 is released.
fn begun(registry: &MemoryRegistry) -> Result<MemoryRemote, Box<dyn std::error::Error>> {
    let remote = world::remote();
    let ada = Actor::new(&remote, "Ada", registry);
    world::try_commit(
        &ada.git.inner,
        "production by itself",
        vec![put("towpath.yaml", AUTOMATIC)],
    )?;
    ada.release(&version("0.0.1"))?;
    ada.git.fetch()?;
    world::try_commit(
        &ada.git.inner,
        "another word",
        vec![put("platform/services/app.yaml", world::service("two"))],
    )?;
    ada.release(&version("0.0.2"))?;
    Ok(remote)
}

pub(crate) fn digest(actor: &Actor<'_>, of: &Version) -> Digest {
    let (view, _) = actor.plan(&Request::default()).expect("the world can be read");
    let releases = &view.snapshot.releases[&platform()];
    releases.find(of).and_then(|r| r.digest.clone()).expect("it is released")
}

fn turn(actor: &Actor<'_>, told: &Told) -> Result<Turn, towpath_engine::promote::PromoteError> {
    let mut engine = actor.engine();
    engine.clusters = Some(told);
    engine.turn()
}

/// The titles of the ledger, without the releases.
pub(crate) fn titles(remote: &MemoryRemote) -> Vec<String> {
    let entries = ledger::read(&clone_of(remote, "Di")).expect("the ledger can be read");
    let told = entries.iter().filter(|e| !matches!(e.record.event, Event::Released { .. }));
    told.map(|entry| ledger::title(&entry.record.event)).collect()
}

#[test]
fn what_nothing_holds_moves_and_what_follows_is_recorded() -> Outcome {
    let registry = MemoryRegistry::new();
    let remote = begun(&registry)?;
    let mut actor = Actor::new(&remote, "Towpath", &registry);
    let (one, two) = (version("0.0.1"), version("0.0.2"));
    let (d1, d2) = (digest(&actor, &one), digest(&actor, &two));
    let mut told = Told::default();

    let first = turn(&actor, &told)?;
    assert!(first.moved.is_empty() && first.noted.is_empty(), "nobody has seen 0.0.2 in staging");

    told.say("staging", (&two, &d2), Health::Healthy, "2026-03-01T08:00:00Z");
    told.say("production", (&one, &d1), Health::Healthy, "2026-03-01T08:00:00Z");
    let second = turn(&actor, &told)?;
    assert_eq!((second.noted.len(), second.moved.len()), (1, 1));
    let nothing = turn(&actor, &told)?;
    assert!(nothing.moved.is_empty() && nothing.noted.is_empty());
    assert_eq!(
        titles(&remote),
        [
            "verify platform 0.0.2 in staging",
            "promote production platform from semver 0.0.x to 0.0.2"
        ]
    );

    actor.now = actor.now.checked_add(10.minutes())?;
    told.say("production", (&two, &d2), Health::Healthy, "2026-03-01T09:05:00Z");
    turn(&actor, &told)?;
    assert_eq!(titles(&remote)[2..], ["verify platform 0.0.2 in production"]);
    Ok(())
}

#[test]
fn a_turn_that_dies_at_any_call_is_made_good_by_the_next() -> Outcome {
    for call in 0..300 {
        let mut survived = false;
        for crash in [Crash::Before(call), Crash::After(call)] {
            let registry = MemoryRegistry::new();
            let remote = begun(&registry)?;
            let actor = Actor::new(&remote, "Towpath", &registry);
            let two = version("0.0.2");
            let mut told = Told::default();
            let release = (&two, &digest(&actor, &two));
            told.say("staging", release, Health::Healthy, "2026-03-01T08:00:00Z");
            actor.git.crash(crash);
            let first = turn(&actor, &told);
            survived = !actor.git.revive();
            assert_eq!(first.is_ok(), survived, "{crash:?}");
            let again = Actor::new(&remote, "Towpath", &registry);
            turn(&again, &told)?;
            assert_eq!(
                titles(&remote),
                [
                    "verify platform 0.0.2 in staging",
                    "promote production platform from semver 0.0.x to 0.0.2"
                ],
                "{crash:?}"
            );
        }
        if survived {
            return Ok(());
        }
    }
    panic!("a turn takes more than 300 calls");
}

#[test]
fn of_two_at_once_the_second_does_nothing_again() -> Outcome {
    let registry = MemoryRegistry::new();
    let remote = begun(&registry)?;
    let (first, second) =
        (Actor::new(&remote, "One", &registry), Actor::new(&remote, "Two", &registry));
    let two = version("0.0.2");
    let mut told = Told::default();
    let release = (&two, &digest(&first, &two));
    told.say("staging", release, Health::Healthy, "2026-03-01T08:00:00Z");
    assert_eq!(turn(&first, &told)?.moved.len(), 1);
    // The second one has not fetched since.
    let late = turn(&second, &told)?;
    assert!(late.moved.is_empty() && late.noted.is_empty());
    second.git.fetch()?;
    turn(&second, &told)?;
    assert_eq!(titles(&remote).len(), 2);
    Ok(())
}

#[test]
fn what_another_tool_released_moves_when_the_plan_that_was_shown_is_approved() -> Outcome {
    let registry = MemoryRegistry::new();
    let remote = begun(&registry)?;
    let ada = Actor::new(&remote, "Ada", &registry);
    let each = AUTOMATIC.replace("    onFailure: rollback\n", "    supersede: every\n");
    let exact = world::source("OCIRepository", world::ARTIFACTS, "tag: 0.0.1");
    let files = vec![
        put("towpath.yaml", each + "    - approval: {count: 1}\n"),
        put("clusters/production/platform.yaml", exact),
    ];
    world::try_commit(&ada.git.inner, "each in turn, and approved", files)?;
    let towpath = Actor::new(&remote, "Towpath", &registry);
    let mut told = Told::default();
    for number in [3, 4] {
        let released = version(&format!("0.0.{number}"));
        registry.move_tag(&world::artifacts(), released.original(), released.original().as_bytes());
        let digest = digest(&towpath, &released);
        told.say("staging", (&released, &digest), Health::Healthy, "2026-03-01T08:00:00Z");
        turn(&towpath, &told)?;
    }
    // Staging has 0.0.4, and nobody but the registry knows what 0.0.3 is.
    let bo = Actor::new(&remote, "Bo", &registry);
    bo.approve(&Request::default())?.expect("there is a plan");
    towpath.git.fetch()?;
    let moved = turn(&towpath, &told)?.moved;
    let to: Vec<_> = moved.iter().filter_map(|m| m.proposal.candidate.as_ref()).collect();
    assert_eq!(to.iter().map(|r| &r.version).collect::<Vec<_>>(), [&version("0.0.3")]);
    Ok(())
}
