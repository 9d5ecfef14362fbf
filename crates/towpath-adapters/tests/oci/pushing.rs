//! The order of a push over HTTP, and its races: a tag is created and never moved.

use anyhow::Result;
use towpath_engine::ports::{Pushed, Registry as _, RegistryProblem};
use towpath_testkit::faulty_registry::{Answer, FaultyRegistry, Rule};

use super::{Artifact, MEDIA_TYPE, at, oci, refused};

/// The rules of a registry that takes any blob and manifest; the tag reads as scripted.
fn accepting(tag: Vec<Answer>) -> Vec<Rule> {
    let created = Answer::status(201, "").header("Location", "/v2/org/app/x");
    let accepted = Answer::status(202, "").header("Location", "/v2/org/app/blobs/uploads/1");
    vec![
        Rule::new("GET /v2/org/app/manifests/1.0.0", tag),
        Rule::new("HEAD /v2/org/app/blobs/", [Answer::status(404, "")]),
        Rule::new("POST /v2/org/app/blobs/uploads/", [accepted.clone()]),
        Rule::new("PATCH /v2/org/app/blobs/uploads/", [accepted]),
        Rule::new("PUT /v2/org/app/blobs/uploads/", [created.clone()]),
        Rule::new("PUT /v2/org/app/manifests/1.0.0", [created]),
    ]
}

#[test]
fn a_push_that_races_with_another_is_a_conflict() -> Result<()> {
    let ours = Artifact::new("ours");
    let theirs = Artifact::new("theirs");
    let absent = Answer::status(404, r#"{"errors":[{"code":"MANIFEST_UNKNOWN"}]}"#);
    let mine = Answer::ok(ours.manifest.clone());
    let other = Answer::ok(theirs.manifest.clone());
    let conflict = Pushed::Conflict { found: theirs.digest() };
    let push = |rules: Vec<Rule>| -> Result<(Pushed, usize)> {
        let server = FaultyRegistry::start(rules)?;
        let pushed = oci()?.push(&at(&server.host()), &ours.content(), "1.0.0")?;
        Ok((pushed, server.count("PUT /v2/org/app/manifests/")))
    };

    // They come while our blobs are on their way, and right after our own put.
    let rules = accepting(vec![absent.clone(), other.clone()]);
    assert_eq!(push(rules)?, (conflict.clone(), 0));
    let rules = accepting(vec![absent.clone(), absent.clone(), other.clone()]);
    assert_eq!(push(rules)?, (conflict.clone(), 1));
    let rules = accepting(vec![absent.clone(), absent.clone(), mine.clone()]);
    assert_eq!(push(rules)?, (Pushed::Created, 1));

    // Our put succeeds, but its answer is lost: it is not put again.
    let mut rules = accepting(vec![absent.clone(), absent.clone(), mine]);
    rules[5] = Rule::new("PUT /v2/org/app/manifests/1.0.0", [Answer::HangUp]);
    assert_eq!(push(rules)?, (Pushed::Created, 1));

    // The registry does not see the blobs yet that it has just taken.
    let unseen = r#"{"errors":[{"code":"DIGEST_INVALID"},{"code":"MANIFEST_BLOB_UNKNOWN"}]}"#;
    let created = Answer::status(201, "").header("Location", "/v2/org/app/x");
    let mine = Answer::ok(ours.manifest.clone());
    let mut rules = accepting(vec![absent.clone(), absent.clone(), absent.clone(), mine]);
    let put = [Answer::status(400, unseen), created];
    rules[5] = Rule::new("PUT /v2/org/app/manifests/1.0.0", put);
    assert_eq!(push(rules)?, (Pushed::Created, 2));

    // A registry with immutable tags refuses us.
    let mut rules = accepting(vec![absent.clone(), absent, other]);
    rules[5] = Rule::new("PUT /v2/org/app/manifests/1.0.0", [Answer::status(409, "")]);
    assert_eq!(push(rules)?, (conflict, 1));
    Ok(())
}

#[test]
fn the_manifest_is_pushed_last_and_as_it_is() -> Result<()> {
    let artifact = Artifact::new("ours");
    let absent = Answer::status(404, "");
    let tag = vec![absent.clone(), absent, Answer::ok(artifact.manifest.clone())];
    let server = FaultyRegistry::start(accepting(tag))?;
    oci()?.push(&at(&server.host()), &artifact.content(), "1.0.0")?;
    let seen = server.seen();
    let puts: Vec<_> = seen.iter().filter(|seen| seen.line.starts_with("PUT ")).collect();
    assert_eq!(puts.len(), 3);
    assert_eq!(puts[2].line, "PUT /v2/org/app/manifests/1.0.0");
    assert_eq!(puts[2].body, artifact.manifest);
    assert_eq!(puts[2].header("content-type"), Some(MEDIA_TYPE));
    Ok(())
}

#[test]
fn a_blob_that_is_there_is_not_pushed_again() -> Result<()> {
    let artifact = Artifact::new("ours");
    let absent = Answer::status(404, "");
    let tag = vec![absent.clone(), absent, Answer::ok(artifact.manifest.clone())];
    let mut rules = accepting(tag);
    rules[1] = Rule::new("HEAD /v2/org/app/blobs/", [Answer::ok("")]);
    let server = FaultyRegistry::start(rules)?;
    assert_eq!(oci()?.push(&at(&server.host()), &artifact.content(), "1.0.0")?, Pushed::Created);
    assert_eq!(server.count("POST "), 0);
    Ok(())
}

#[test]
fn a_registry_that_breaks_the_upload_protocol_is_refused() -> Result<()> {
    let artifact = Artifact::new("ours");
    let at_path = |path: &str| Answer::status(202, "").header("Location", path);
    let starts = [at_path("/v2/org/app/blobs/uploads/1"), at_path("nonsense")];
    for (post, patch) in [
        (vec![Answer::status(202, "")], Answer::status(202, "")),
        (vec![at_path("nonsense")], Answer::status(202, "")),
        (starts.to_vec(), Answer::status(200, "")),
    ] {
        let mut rules = accepting(vec![Answer::status(404, "")]);
        rules[2] = Rule::new("POST /v2/org/app/blobs/uploads/", post);
        rules[3] = Rule::new("PATCH /v2/org/app/blobs/uploads/", [patch]);
        let server = FaultyRegistry::start(rules)?;
        let error = refused(oci()?.push(&at(&server.host()), &artifact.content(), "1.0.0"));
        assert_eq!(error.problem, RegistryProblem::Refused, "{error}");
        assert_eq!(server.count("PUT /v2/org/app/manifests/"), 0);
    }
    Ok(())
}
