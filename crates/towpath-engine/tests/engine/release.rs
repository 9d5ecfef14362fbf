//! Releases: the same commit gives the same bytes, and a version is published and recorded once.

use std::sync::Arc;

use towpath_artifact::{ReadLimits, read_layer};
use towpath_core::id::{ComponentName, Folder, RepoPath};
use towpath_core::path::{Component, ReleaseStream};
use towpath_engine::ledger;
use towpath_engine::ports::{FileMode, Repository as _, TreeChange};
use towpath_engine::release::{self, About, Package, ReleaseError};
use towpath_testkit::contract::{commit_on, put};
use towpath_testkit::memory::MemoryRepository;
use towpath_testkit::memory_registry::{MemoryRegistry, RegistryFault};
use towpath_testkit::registry_contract::artifact;
use towpath_testkit::world::{self, artifacts};

use crate::actor::{Actor, version};

type Outcomes = Result<(), Box<dyn std::error::Error>>;

fn component(paths: &[&str], ignore: Option<&str>) -> Component {
    Component {
        name: ComponentName::parse("platform").expect("a name"),
        paths: paths.iter().map(|p| Folder::parse(p).expect("a folder")).collect(),
        ignore: ignore.map(str::to_owned),
        releases: ReleaseStream::GitTags,
    }
}

fn packed(
    changes: Vec<TreeChange>,
    component: &Component,
) -> Result<Package, Box<dyn std::error::Error>> {
    let repository = MemoryRepository::alone();
    let commit = commit_on(&repository, None, "files", changes)?;
    let about = About {
        version: version("0.0.1"),
        commit,
        created: world::at("2026-03-01T08:00:00Z"),
        source: world::URL.to_owned(),
    };
    Ok(release::package(&repository, &about, &release::matcher(&release::patterns(component)))?)
}

fn names(package: &Package) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let contents = read_layer(&package.artifact.layer.bytes, &ReadLimits::default())?;
    let bit = |mode: u32| if mode & 0o100 == 0 { "" } else { "*" };
    Ok(contents.files.iter().map(|(path, entry)| format!("{path}{}", bit(entry.mode))).collect())
}

fn special(path: &str, mode: FileMode, text: &str) -> TreeChange {
    TreeChange::Put {
        path: RepoPath::parse(path).expect("a path"),
        mode,
        bytes: text.as_bytes().to_vec(),
    }
}

#[test]
fn the_files_of_a_package_are_those_that_its_component_names() -> Outcomes {
    let files = || {
        vec![
            put("platform/a.yaml", "a"),
            put("platform/deep/b.yaml", "b"),
            put("platforms/c.yaml", "c"),
            put("clusters/d.yaml", "d"),
            put("e.zip", "e"),
            special("platform/run.sh", FileMode::Executable, "#!"),
            special("platform/link", FileMode::Symlink, "a.yaml"),
            special("clusters/link", FileMode::Symlink, "d.yaml"),
        ]
    };
    let platform = ["platform/a.yaml", "platform/deep/b.yaml", "platform/run.sh*"].as_slice();
    let all = [&["clusters/d.yaml"], platform, &["platforms/c.yaml"]].concat();
    let comment = "# all, but !/clusters/**\n*\n!/platform/**\r\n";
    for (paths, ignore, want, links) in [
        (["platform"].as_slice(), None, platform, 1),
        (&["platform/deep"], None, &["platform/deep/b.yaml"], 0),
        (&["", "platform"], None, &all, 2),
        (&[], None, &all, 2),
        (&[], Some("*\n!/platform/**"), platform, 1),
        (&["clusters"], Some(comment), platform, 1),
    ] {
        let package = packed(files(), &component(paths, ignore))?;
        assert_eq!(names(&package)?, want, "{paths:?} {ignore:?}");
        assert_eq!((package.files, package.left_out.len()), (want.len(), links), "{paths:?}");
    }
    Ok(())
}

#[test]
fn the_same_commit_is_the_same_bytes() -> Outcomes {
    let remote = world::remote();
    let mut digests = Vec::new();
    for who in ["Ada", "Bo"] {
        // Each has a registry of their own; the ledger would refuse a second digest.
        let registry = MemoryRegistry::new();
        Actor::new(&remote, who, &registry).release(&version("0.0.1"))?;
        digests.push(registry.tagged(&artifacts(), "0.0.1"));
    }
    assert!(digests[0].is_some());
    assert_eq!(digests[0], digests[1]);
    assert_eq!(ledger::read(&remote.clone_here())?.len(), 1, "recorded once");
    Ok(())
}

#[test]
fn a_release_is_finished_by_whoever_comes_next() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = world::remote();
    let ada = Actor::new(&remote, "Ada", &registry);
    registry.inject(RegistryFault::PushAfter);
    assert!(ada.release(&version("0.0.1")).is_err());
    assert_eq!(ledger::read(&ada.git.inner)?, []);
    let (created, entry) = Actor::new(&remote, "Bo", &registry).release(&version("0.0.1"))?;
    assert!(!created, "the tag was there");
    ada.git.fetch()?;
    assert_eq!(ada.release(&version("0.0.1"))?, (false, entry), "a quiet success");
    Ok(())
}

#[test]
fn another_content_is_refused_by_the_registry_and_by_the_ledger() -> Outcomes {
    let registry = MemoryRegistry::new();
    let remote = world::remote();
    let ada = Actor::new(&remote, "Ada", &registry);
    let other = artifact("other");
    registry.move_tag(&artifacts(), "0.0.1", &other.manifest.bytes);
    let taken = ada.release(&version("0.0.1")).expect_err("the tag is taken");
    assert!(
        matches!(&taken, ReleaseError::Taken { place, .. } if place == "oci://registry.example.org/acme/platform")
    );
    assert_eq!(ledger::read(&ada.git.inner)?, [], "nothing is recorded");

    ada.release(&version("0.0.2"))?;
    world::commit(&ada.git.inner, "more", vec![put("platform/services/x.yaml", "x: 1\n")])?;
    let tags = registry.all_tags(&artifacts());
    let taken = ada.release(&version("0.0.2")).expect_err("the ledger knows it");
    assert!(matches!(&taken, ReleaseError::Taken { place, .. } if place == "the ledger"));
    assert_eq!(registry.all_tags(&artifacts()), tags, "nothing is pushed");
    Ok(())
}

/// Two people, two places, one version: neither place says no, so the ledger must.
#[test]
fn a_version_has_one_digest_though_it_is_published_to_two_places_at_once() -> Outcomes {
    let (here, there) = (MemoryRegistry::new(), MemoryRegistry::new());
    let remote = world::remote();
    let (ada, bo) = (Actor::new(&remote, "Ada", &here), Actor::new(&remote, "Bo", &there));
    world::commit(&ada.git.inner, "more", vec![put("platform/services/x.yaml", "x: 1\n")])?;
    ada.release(&version("0.0.1"))?;
    let late = bo.release(&version("0.0.1")).expect_err("Bo has not seen Ada's");
    assert!(matches!(&late, ReleaseError::Taken { place, .. } if place == "the ledger"));
    assert_eq!(ledger::read(&remote.clone_here())?.len(), 1);
    Ok(())
}

/// Facts of contents that were read are kept, so that a second look parses nothing.
#[test]
fn a_second_look_parses_nothing() -> Outcomes {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use towpath_discovery::facts::FileFacts;
    use towpath_engine::survey::{FactsStore, read_commit};

    #[derive(Default)]
    struct Kept {
        facts: RefCell<BTreeMap<(String, String), Arc<FileFacts>>>,
        puts: RefCell<usize>,
    }

    impl FactsStore for Kept {
        fn get(&self, blob: &str, file_name: &str) -> Option<Arc<FileFacts>> {
            self.facts.borrow().get(&(blob.to_owned(), file_name.to_owned())).cloned()
        }

        fn put(&self, blob: &str, file_name: &str, facts: &Arc<FileFacts>) {
            *self.puts.borrow_mut() += 1;
            let key = (blob.to_owned(), file_name.to_owned());
            self.facts.borrow_mut().insert(key, Arc::clone(facts));
        }
    }

    let remote = world::remote();
    let clone = remote.clone_here();
    let store = Kept::default();
    let head = clone.tip(&world::main())?.expect("the trunk is there");
    let first = read_commit(&clone, &head, &store)?;
    let puts = *store.puts.borrow();
    assert!(puts > 0);
    assert_eq!(read_commit(&clone, &head, &store)?.facts.len(), first.facts.len());
    assert_eq!(*store.puts.borrow(), puts, "nothing was parsed again");
    let next = world::commit(
        &clone,
        "one",
        vec![put("platform/services/app.yaml", world::service("z2"))],
    )?;
    read_commit(&clone, &next, &store)?;
    assert_eq!(*store.puts.borrow(), puts + 1, "one content is new");
    Ok(())
}
