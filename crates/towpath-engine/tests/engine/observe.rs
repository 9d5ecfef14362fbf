//! What is believed of releases when places fail, disagree, or tell of nothing.

use towpath_core::id::Digest;
use towpath_core::path::ReleaseStream;
use towpath_core::release::{Reach, Releases, Seen};
use towpath_engine::observe::{World, observe};
use towpath_engine::ports::{
    ArtifactLocation, FetchedManifest, PushContent, Pushed, Registry, RegistryError,
    RegistryProblem, Repository,
};
use towpath_engine::survey::{NoStore, Survey, read_commit, survey};
use towpath_testkit::contract::put;
use towpath_testkit::memory_registry::{MemoryRegistry, RegistryFault, digest_of};
use towpath_testkit::registry_contract::{artifact, push};
use towpath_testkit::world::{self, artifacts, platform};

use crate::actor::{Actor, version};

type Outcomes = Result<(), Box<dyn std::error::Error>>;
type Answer<T> = Result<T, Box<dyn std::error::Error>>;

fn surveyed(git: &dyn Repository) -> Answer<Survey> {
    let head = git.tip(&world::main())?.expect("the trunk is there");
    Ok(survey(read_commit(git, &head, &NoStore)?)?)
}

fn releases(
    git: &dyn Repository,
    registry: Option<&dyn Registry>,
    survey: &Survey,
) -> Answer<Releases> {
    let now = world::at("2026-03-01T09:00:00Z");
    let world = World { now, repository: Some(git), registry, base: None };
    Ok(observe(survey, &world, Vec::new())?.releases[&platform()].clone())
}

#[test]
fn what_the_ledger_knows_stays_known_when_the_registry_fails_anywhere() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = world::remote();
    let ada = Actor::new(&remote, "Ada", &registry);
    ada.release(&version("0.0.1"))?;
    push(&registry, &artifacts(), &artifact("by another tool"), "0.0.2")?;
    let survey = surveyed(&ada.git)?;
    let all = releases(&ada.git, Some(&registry), &survey)?;
    assert_eq!((all.list.len(), &all.reach), (2, &Reach::Reached));

    let known = |list: &Releases| -> Vec<(String, Seen)> {
        list.list.iter().map(|r| (r.tag.clone(), r.seen)).collect()
    };
    let ledger_only = [("0.0.1".to_owned(), Seen { ledger: true, ..Seen::default() })];
    let offline = releases(&ada.git, None, &survey)?;
    assert_eq!((known(&offline), &offline.reach), (ledger_only.to_vec(), &Reach::NotAsked));
    registry.set_down(Some(RegistryProblem::Unauthorized));
    let down = releases(&ada.git, Some(&registry), &survey)?;
    assert_eq!(known(&down), ledger_only);
    assert!(matches!(&down.reach, Reach::Unreachable { why, .. } if !why.is_empty()));
    registry.set_down(None);

    // The tags are told, and then no manifest: half an answer is none.
    let half = HalfAnswer(&registry);
    let half = releases(&ada.git, Some(&half), &survey)?;
    assert_eq!(known(&half), ledger_only);
    assert!(matches!(half.reach, Reach::Unreachable { .. }));
    Ok(())
}

/// A registry that lists tags and gives no manifest.
struct HalfAnswer<'a>(&'a MemoryRegistry);

impl Registry for HalfAnswer<'_> {
    fn tags(&self, at: &ArtifactLocation) -> Result<Vec<String>, RegistryError> {
        self.0.tags(at)
    }

    fn manifest(
        &self,
        at: &ArtifactLocation,
        reference: &str,
    ) -> Result<Option<FetchedManifest>, RegistryError> {
        self.0.inject(RegistryFault::Answers(RegistryProblem::RateLimited));
        self.0.manifest(at, reference)
    }

    fn blob(
        &self,
        at: &ArtifactLocation,
        digest: &Digest,
        max_bytes: u64,
    ) -> Result<Vec<u8>, RegistryError> {
        self.0.blob(at, digest, max_bytes)
    }

    fn push(
        &self,
        at: &ArtifactLocation,
        content: &PushContent<'_>,
        tag: &str,
    ) -> Result<Pushed, RegistryError> {
        self.0.push(at, content, tag)
    }
}

#[test]
fn a_tag_that_somebody_moved_is_seen() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = world::remote();
    let ada = Actor::new(&remote, "Ada", &registry);
    ada.release(&version("0.0.1"))?;
    let other = artifact("other").manifest.bytes;
    registry.move_tag(&artifacts(), "0.0.1", &other);
    let survey = surveyed(&ada.git)?;
    let found = releases(&ada.git, Some(&registry), &survey)?;
    let release = found.find(&version("0.0.1")).expect("it is known");
    assert_eq!(release.seen, Seen { ledger: true, source: true, differs: true });
    assert_eq!(release.digest, Some(digest_of(&other)), "what a cluster would get");
    Ok(())
}

#[test]
fn tags_that_are_no_versions_are_no_releases() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = world::remote();
    let ada = Actor::new(&remote, "Ada", &registry);
    let signature = format!("sha256-{}.sig", "a".repeat(64));
    for tag in ["latest", "0.1", signature.as_str(), "v0.0.3", "0.0.3", "0.0.4-rc.1"] {
        push(&registry, &artifacts(), &artifact(tag), tag)?;
    }
    let found = releases(&ada.git, Some(&registry), &surveyed(&ada.git)?)?;
    let tags: Vec<_> = found.list.iter().map(|r| r.tag.as_str()).collect();
    assert_eq!(tags, ["0.0.3", "v0.0.3", "0.0.4-rc.1"]);
    Ok(())
}

#[test]
fn git_tags_are_releases_where_the_repository_is_their_place() -> Outcomes {
    let remote = world::remote();
    let clone = world::clone_of(&remote, "Ada");
    let first = clone.tip(&world::main())?.expect("the trunk is there");
    let second = world::commit(&clone, "more", vec![put("x", "y")])?;
    clone.tag("v0.0.1", &first);
    clone.tag("0.0.2", &second);
    clone.tag("nightly", &second);
    let mut survey = surveyed(&clone)?;
    survey.resolved.path.components[0].releases = ReleaseStream::GitTags;
    let found = releases(&clone, None, &survey)?;
    let told: Vec<_> = found.list.iter().map(|r| (r.tag.as_str(), r.commit.clone())).collect();
    assert_eq!(told, [("v0.0.1", Some(first)), ("0.0.2", Some(second))]);
    assert_eq!(found.reach, Reach::Reached);
    assert!(found.list.iter().all(|r| r.seen.source && !r.seen.differs));
    Ok(())
}

#[test]
fn a_branch_contains_the_releases_that_it_contains() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = world::remote();
    let ada = Actor::new(&remote, "Ada", &registry);
    ada.release(&version("0.0.1"))?;
    let aside = towpath_testkit::contract::commit_on(&ada.git.inner, None, "aside", vec![])?;
    let event = towpath_core::record::Event::Released {
        component: platform(),
        version: version("0.0.2"),
        tag: "0.0.2".to_owned(),
        digest: digest_of(b"x"),
        commit: aside,
        location: world::ARTIFACTS.to_owned(),
    };
    towpath_engine::ledger::append(&ada.git, ada.now, event)?;
    let view = ada.engine().look()?;
    let first = ada.git.inner.tip(&world::main())?.expect("the trunk is there");
    let all: Vec<_> = view.snapshot.contained.into_iter().collect();
    assert_eq!(all, [(world::main(), first)], "0.0.2 is made from elsewhere");
    Ok(())
}
