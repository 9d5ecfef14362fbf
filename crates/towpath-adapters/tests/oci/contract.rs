//! What every back end promises, and the credentials of a real registry.

use std::fs;

use anyhow::{Context as _, Result};
use towpath_adapters::oci::{Oci, OciSettings};
use towpath_engine::ports::{ArtifactLocation, Pushed, Registry as _, RegistryProblem};
use towpath_testkit::registry::{PASSWORD, TestRegistry, USER};

use super::{Artifact, MAX, at, digest, layout, oci, refused, settings};

/// What every back end promises. Nothing may be at the location before.
fn contract(at: &ArtifactLocation) -> Result<()> {
    let oci = oci()?;
    let first = Artifact::new("one");
    let second = Artifact::new("two");

    assert_eq!(refused(oci.tags(at)).problem, RegistryProblem::NotFound);

    assert_eq!(oci.push(at, &first.content(), "1.0.0")?, Pushed::Created);
    assert_eq!(oci.push(at, &first.content(), "1.0.0")?, Pushed::AlreadyThere);
    let conflict = Pushed::Conflict { found: first.digest() };
    assert_eq!(oci.push(at, &second.content(), "1.0.0")?, conflict);
    assert_eq!(oci.push(at, &second.content(), "1.1.0")?, Pushed::Created);
    assert_eq!(oci.push(at, &first.content(), "sha256-abc.sig")?, Pushed::Created);

    let mut tags = oci.tags(at)?;
    tags.sort();
    assert_eq!(tags, ["1.0.0", "1.1.0", "sha256-abc.sig"]);

    for (artifact, tag) in [(&first, "1.0.0"), (&second, "1.1.0")] {
        for name in [tag, artifact.digest().as_str()] {
            let found = oci.manifest(at, name)?.context("it was pushed")?;
            assert_eq!(found.digest, artifact.digest());
            assert_eq!(found.bytes, artifact.manifest, "a manifest is stored as it is");
        }
        for (digest, bytes) in &artifact.blobs {
            assert_eq!(oci.blob(at, digest, MAX)?, *bytes);
        }
    }
    assert_eq!(oci.manifest(at, "2.0.0")?, None);
    assert_eq!(oci.manifest(at, digest(b"nothing").as_str())?, None);

    let layer = &first.blobs[1];
    let exactly = layer.1.len() as u64;
    assert_eq!(oci.blob(at, &layer.0, exactly)?, layer.1);
    let too_large = refused(oci.blob(at, &layer.0, exactly - 1));
    assert_eq!(too_large.problem, RegistryProblem::Corrupt, "{too_large}");
    let absent = refused(oci.blob(at, &digest(b"nothing"), MAX));
    assert_eq!(absent.problem, RegistryProblem::NotFound, "{absent}");

    let mut lying = first.content();
    lying.blobs[0].0 = digest(b"other");
    assert_eq!(refused(oci.push(at, &lying, "3.0.0")).problem, RegistryProblem::Corrupt);
    for name in ["../../secret", "a/b", ""] {
        assert_eq!(refused(oci.push(at, &first.content(), name)).problem, RegistryProblem::Refused);
        assert_eq!(refused(oci.manifest(at, name)).problem, RegistryProblem::Refused);
    }
    assert_eq!(oci.manifest(at, "3.0.0")?, None);
    Ok(())
}

#[test]
fn a_layout_keeps_the_contract() -> Result<()> {
    let folder = tempfile::tempdir()?;
    contract(&layout(&folder))
}

#[test]
fn a_registry_keeps_the_contract() -> Result<()> {
    let registry = TestRegistry::start()?;
    contract(&at(&registry.host()))
}

#[test]
fn blobs_larger_than_one_chunk_and_empty_ones_are_pushed() -> Result<()> {
    let registry = TestRegistry::start()?;
    let (at, oci) = (at(&registry.host()), oci()?);
    let large: Vec<u8> = (0..9_000_000_u32).map(|n| (n % 251) as u8).collect();
    let mut artifact = Artifact::new("large");
    artifact.blobs.push((digest(&large), large.clone()));
    artifact.blobs.push((digest(b""), Vec::new()));
    assert_eq!(oci.push(&at, &artifact.content(), "1")?, Pushed::Created);
    assert_eq!(oci.blob(&at, &digest(&large), large.len() as u64)?, large);
    assert_eq!(oci.blob(&at, &digest(b""), 0)?, Vec::<u8>::new());
    Ok(())
}

#[test]
fn a_registry_with_login_takes_the_credentials_of_dockers_configuration() -> Result<()> {
    let registry = TestRegistry::start_with_login()?;
    let at = at(&registry.host());
    let artifact = Artifact::new("private");

    let with = |user: &str, password: &str| -> Result<Oci> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("config.json"), registry.docker_config(user, password))?;
        // Read when the first call needs it, so the folder has to outlive this function.
        let docker_config = Some(folder.keep());
        Ok(Oci::new(OciSettings { docker_config, ..settings() })?)
    };
    let right = with(USER, PASSWORD)?;
    assert_eq!(right.push(&at, &artifact.content(), "1.0.0")?, Pushed::Created);
    assert_eq!(right.tags(&at)?, ["1.0.0"]);
    assert_eq!(right.blob(&at, &artifact.blobs[1].0, MAX)?, artifact.blobs[1].1);

    for wrong in [oci()?, with(USER, "hunter2")?] {
        for error in [
            refused(wrong.tags(&at)),
            refused(wrong.manifest(&at, "1.0.0")),
            refused(wrong.blob(&at, &artifact.blobs[1].0, MAX)),
            refused(wrong.push(&at, &artifact.content(), "2.0.0")),
        ] {
            assert_eq!(error.problem, RegistryProblem::Unauthorized, "{error}");
            let hint = error.hint.as_deref().unwrap_or_default();
            assert_eq!(hint, format!("docker login {}", registry.host()));
            assert!(!format!("{error:?} {wrong:?}").contains("hunter2"), "{error:?}");
        }
    }
    Ok(())
}

#[test]
fn one_value_serves_threads_at_the_same_time() -> Result<()> {
    let registry = TestRegistry::start()?;
    // With the waits of production: this registry's storage lags when a blob is pushed twice at a time.
    let (at, oci) = (at(&registry.host()), Oci::new(OciSettings::default())?);
    std::thread::scope(|scope| {
        let push = |n: u32| {
            let (at, oci) = (&at, &oci);
            move || -> Result<()> {
                let artifact = Artifact::new(&n.to_string());
                assert_eq!(oci.push(at, &artifact.content(), &n.to_string())?, Pushed::Created);
                assert_eq!(oci.blob(at, &artifact.blobs[1].0, MAX)?, artifact.blobs[1].1);
                Ok(())
            }
        };
        let threads: Vec<_> = (0..4).map(|n| scope.spawn(push(n))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("no thread panics"))
    })?;
    assert_eq!(oci.tags(&at)?.len(), 4);
    Ok(())
}
