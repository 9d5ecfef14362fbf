//! What asking again costs: nothing is transferred that is known.

use anyhow::{Context as _, Result};
use serde_json::json;
use towpath_engine::ports::{FetchedManifest, Registry as _, RegistryProblem};
use towpath_testkit::faulty_registry::{Answer, FaultyRegistry, Rule};

use super::{Artifact, at, oci, refused};

const LIST: &str = "GET /v2/org/app/tags/list";
const READ: &str = "GET /v2/org/app/manifests/1";
const ASK: &str = "HEAD /v2/org/app/manifests/1";

fn named(artifact: &Artifact) -> Answer {
    Answer::ok(artifact.manifest.clone())
        .header("Docker-Content-Digest", artifact.digest().as_str())
}

fn fetched(artifact: &Artifact) -> FetchedManifest {
    FetchedManifest { digest: artifact.digest(), bytes: artifact.manifest.clone() }
}

#[test]
fn a_look_at_what_is_known_is_small_and_transfers_no_manifest() -> Result<()> {
    let (first, second) = (Artifact::new("1"), Artifact::new("2"));
    let page = |tags: &[&str]| Answer::ok(json!({"name": "org/app", "tags": tags}).to_string());
    let server = FaultyRegistry::start([
        Rule::new(&format!("{LIST}?n=1000&last=1"), [page(&[])]),
        Rule::new(LIST, [page(&["1"])]),
        Rule::new(READ, [named(&first), named(&second)]),
        Rule::new(ASK, [named(&first), named(&first), named(&second)]),
    ])?;
    let (oci, at) = (oci()?, at(&server.host()));
    let look = || -> Result<FetchedManifest> {
        oci.tags(&at)?;
        oci.manifest(&at, "1")?.context("the tag is there")
    };
    assert_eq!(look()?, fetched(&first));
    // Where nobody has to log in, the client asks for that again before each request.
    let asked = || server.seen().iter().filter(|seen| seen.line != "GET /v2/").count();
    let before = asked();
    for _ in 0..2 {
        assert_eq!(look()?, fetched(&first));
    }
    // The tags, that there are no more of them, and which digest the one of interest names.
    assert_eq!(asked() - before, 2 * 3);
    assert_eq!((server.count(READ), server.count(ASK)), (1, 2));

    // A tag that was moved is read, and what its digests name is known from then on.
    assert_eq!(look()?, fetched(&second));
    assert_eq!((server.count(READ), server.count(ASK)), (2, 3));
    let before = server.seen().len();
    for known in [&first, &second] {
        assert_eq!(oci.manifest(&at, known.digest().as_str())?, Some(fetched(known)));
    }
    assert_eq!(server.seen().len(), before);
    Ok(())
}

#[test]
fn a_tag_is_never_taken_for_what_it_was() -> Result<()> {
    let artifact = Artifact::new("1");
    let gone = Answer::status(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"gone"}]}"#);
    let server = FaultyRegistry::start([
        Rule::new(READ, [named(&artifact), gone, Answer::status(403, "")]),
        // Without a digest the client reads the manifest for it.
        Rule::new(ASK, [Answer::status(404, ""), Answer::status(403, "")]),
    ])?;
    let (oci, at) = (oci()?, at(&server.host()));
    assert_eq!(oci.manifest(&at, "1")?, Some(fetched(&artifact)));
    assert_eq!(oci.manifest(&at, "1")?, None);
    assert_eq!(refused(oci.manifest(&at, "1")).problem, RegistryProblem::Unauthorized);
    Ok(())
}

#[test]
fn a_registry_that_tells_no_digest_is_read() -> Result<()> {
    let artifact = Artifact::new("1");
    let plain = Answer::ok(artifact.manifest.clone());
    let server =
        FaultyRegistry::start([Rule::new(READ, [plain.clone()]), Rule::new(ASK, [plain])])?;
    let (oci, at) = (oci()?, at(&server.host()));
    for _ in 0..2 {
        assert_eq!(oci.manifest(&at, "1")?, Some(fetched(&artifact)));
    }
    Ok(())
}
