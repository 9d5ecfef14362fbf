//! Whoever follows a promotion does what they would do by promoting again, and nothing else.

use jiff::ToSpan as _;
use towpath_core::plan::Request;
use towpath_core::rollout::{End, Followed};
use towpath_core::running::Health;
use towpath_engine::follow::Look;
use towpath_engine::ports::Repository as _;
use towpath_testkit::contract::put;
use towpath_testkit::memory::MemoryRemote;
use towpath_testkit::memory_registry::MemoryRegistry;
use towpath_testkit::world::{self, environment, platform};

use crate::actor::{Actor, version};
use crate::turn::{Outcome, Told, digest, titles};

/// Production on two clusters, one after the other, and only by hand.
const IN_WAVES: &str = "\
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
    clusters:
    - {name: eu, path: clusters/production}
    - {name: us, path: clusters/us}
    waves:
    - {name: canary, clusters: [eu]}
    - {name: rest, clusters: [us]}
";

/// 0.0.1 is everywhere, 0.0.2 in staging and begun in production.
fn begun(
    registry: &MemoryRegistry,
    told: &mut Told,
) -> Result<MemoryRemote, Box<dyn std::error::Error>> {
    let remote = world::remote();
    let ada = Actor::new(&remote, "Ada", registry);
    let us = world::source("OCIRepository", world::ARTIFACTS, "tag: 0.0.1");
    let files = vec![
        put("towpath.yaml", IN_WAVES),
        put("clusters/production/platform.yaml", us.clone()),
        put("clusters/us/platform.yaml", us),
        put("clusters/us/flux-system/gotk-sync.yaml", world::sync("us")),
    ];
    world::try_commit(&ada.git.inner, "production in waves", files)?;
    ada.release(&version("0.0.1"))?;
    ada.git.fetch()?;
    let change = vec![put("platform/services/app.yaml", world::service("two"))];
    world::try_commit(&ada.git.inner, "another word", change)?;
    ada.release(&version("0.0.2"))?;
    let one = version("0.0.1");
    for cluster in ["eu", "us"] {
        told.say(cluster, (&one, &digest(&ada, &one)), Health::Healthy, "2026-03-01T08:00:00Z");
    }
    let promoted = ada.promote(&Request::default())?;
    assert!(promoted.outcome.is_some(), "{:?}", promoted.proposal.waiting);
    Ok(remote)
}

fn followed(actor: &Actor<'_>) -> Result<Followed, Box<dyn std::error::Error>> {
    let view = actor.engine().look()?;
    let production = view.path().environment(&environment("production")).ok_or("it is there")?;
    Ok(Followed::last(&view.snapshot, production, &platform()).ok_or("it was promoted")?)
}

fn look(
    actor: &Actor<'_>,
    told: &Told,
    followed: &mut Followed,
) -> Result<Look, Box<dyn std::error::Error>> {
    actor.git.fetch()?;
    let mut engine = actor.engine();
    engine.clusters = Some(told);
    Ok(engine.follow(followed, &Request::default())?.ok_or("production is there")?)
}

#[test]
fn the_next_wave_moves_when_it_is_its_turn_until_the_release_is_verified() -> Outcome {
    let (registry, mut told) = (MemoryRegistry::new(), Told::default());
    let remote = begun(&registry, &mut told)?;
    let mut actor = Actor::new(&remote, "Ada", &registry);
    let mut followed = followed(&actor)?;
    let two = version("0.0.2");
    let digest = digest(&actor, &two);

    let first = look(&actor, &told, &mut followed)?;
    assert!(first.moved.is_none() && first.noted.is_empty() && first.standing.end.is_none());

    actor.now = actor.now.checked_add(10.minutes())?;
    told.say("eu", (&two, &digest), Health::Healthy, "2026-03-01T09:05:00Z");
    let second = look(&actor, &told, &mut followed)?;
    assert!(second.moved.is_some() && second.standing.end.is_none());

    // A newer release is nobody's business here.
    let change = vec![put("platform/services/app.yaml", world::service("three"))];
    world::try_commit(&actor.git.inner, "one more word", change)?;
    actor.release(&version("0.0.3"))?;
    actor.now = actor.now.checked_add(10.minutes())?;
    told.say("us", (&two, &digest), Health::Healthy, "2026-03-01T09:15:00Z");
    let third = look(&actor, &told, &mut followed)?;
    assert_eq!((third.noted.len(), third.moved.is_none()), (1, true));
    assert_eq!(third.standing.end, Some(End::Verified));
    let again = look(&actor, &told, &mut followed)?;
    assert!(again.noted.is_empty() && again.moved.is_none());
    assert_eq!(
        titles(&remote),
        [
            "promote production platform from 0.0.1 to 0.0.2 on eu",
            "promote production platform from 0.0.1 to 0.0.2 on us",
            "verify platform 0.0.2 in production",
        ]
    );
    Ok(())
}

#[test]
fn a_failure_ends_it_and_nothing_goes_back_by_itself() -> Outcome {
    let (registry, mut told) = (MemoryRegistry::new(), Told::default());
    let remote = begun(&registry, &mut told)?;
    let mut actor = Actor::new(&remote, "Ada", &registry);
    let mut followed = followed(&actor)?;
    let two = version("0.0.2");
    actor.now = actor.now.checked_add(10.minutes())?;
    told.say("eu", (&two, &digest(&actor, &two)), Health::Failed, "2026-03-01T09:05:00Z");
    let look = look(&actor, &told, &mut followed)?;
    assert!(matches!(look.standing.end, Some(End::Failed { .. })), "{:?}", look.standing);
    assert!(look.moved.is_none());
    assert_eq!(titles(&remote).len(), 2, "{:?}", titles(&remote));
    Ok(())
}

#[test]
fn what_others_do_ends_it_too() -> Outcome {
    let (registry, mut told) = (MemoryRegistry::new(), Told::default());
    let remote = begun(&registry, &mut told)?;
    let actor = Actor::new(&remote, "Ada", &registry);
    let mut followed = followed(&actor)?;
    let bob = Actor::new(&remote, "Bob", &registry);
    let back = Request { to: Some(version("0.0.1")), rollback: true, ..Request::default() };
    assert!(bob.promote(&back)?.outcome.is_some());
    let look = look(&actor, &told, &mut followed)?;
    let by = Some(("Bob <bob@example.org>".to_owned(), version("0.0.1")));
    assert_eq!(look.standing.end, Some(End::Replaced { by }));
    Ok(())
}
