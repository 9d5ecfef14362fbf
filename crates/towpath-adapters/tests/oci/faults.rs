//! What comes of a registry that misbehaves, and what is never shown whatever it does.

use std::fs;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tempfile::TempDir;
use towpath_adapters::oci::{Oci, OciSettings};
use towpath_engine::ports::{ArtifactLocation, Registry as _, RegistryProblem};
use towpath_testkit::faulty_registry::{Answer, FaultyRegistry, Rule};
use towpath_testkit::registry::{PASSWORD, TestRegistry, USER, docker_config};

use super::{Artifact, MAX, at, oci, refused, settings};

#[test]
fn passing_faults_are_tried_again_and_lasting_ones_told() -> Result<()> {
    use RegistryProblem as P;
    let page = Answer::ok(r#"{"name":"org/app","tags":["1"]}"#);
    let end = Answer::ok(r#"{"name":"org/app","tags":[]}"#);
    let limited = Answer::status(429, "").header("Retry-After", "1");
    let down = Answer::status(503, "down");
    let html = Answer::ok("<html>log in here</html>");
    let cases: Vec<(Vec<Answer>, Result<(), P>, &str)> = vec![
        (vec![limited.clone(), limited.clone(), page.clone(), end.clone()], Ok(()), ""),
        (vec![down.clone(), Answer::status(500, ""), page.clone(), end.clone()], Ok(()), ""),
        (vec![Answer::HangUp, page.clone(), end.clone()], Ok(()), ""),
        (vec![Answer::Half(b"{\"name\":".to_vec()), page, end], Ok(()), ""),
        (vec![limited], Err(P::RateLimited), "limits the rate"),
        (vec![down], Err(P::Refused), "status 503"),
        (vec![Answer::HangUp], Err(P::Unreachable), "broke off"),
        (vec![Answer::status(401, "")], Err(P::Unauthorized), "not logged in"),
        (vec![Answer::status(403, "")], Err(P::Unauthorized), "denied"),
        (vec![Answer::status(404, "")], Err(P::NotFound), "no such repository"),
        (vec![Answer::status(404, "<html>")], Err(P::Refused), "not a registry"),
        (vec![html], Err(P::Refused), "not a registry"),
    ];
    for (answers, expected, text) in cases {
        let shown = format!("{answers:?}");
        let server = FaultyRegistry::start([Rule::new("GET /v2/org/app/tags/", answers)])?;
        match (oci()?.tags(&at(&server.host())), expected) {
            (Ok(tags), Ok(())) => assert_eq!(tags, ["1"], "{shown}"),
            (Err(error), Err(problem)) => {
                assert_eq!(error.problem, problem, "{shown}: {error}");
                assert!(error.message.contains(text), "{shown}: {error}");
                let passing =
                    [P::RateLimited, P::Unreachable].contains(&problem) || text.contains("503");
                let requests = server.count("GET /v2/org/app/tags/");
                assert_eq!(requests, if passing { 3 } else { 1 }, "{shown}");
            }
            (answer, _) => panic!("{shown}: {answer:?}"),
        }
    }
    Ok(())
}

#[test]
fn all_pages_of_the_tags_are_read() -> Result<()> {
    let page = |tags: Value| Answer::ok(json!({ "name": "org/app", "tags": tags }).to_string());
    let list = "GET /v2/org/app/tags/list?n=1000";
    // Fewer than asked on every page, and the end is an empty page or none.
    let mut rules = vec![
        Rule::new(&format!("{list}&last=b"), [page(json!(["c"]))]),
        Rule::new(&format!("{list}&last=c"), [page(Value::Null)]),
        Rule::new(list, [page(json!(["a", "b"]))]),
    ];
    let server = FaultyRegistry::start(rules.clone())?;
    assert_eq!(oci()?.tags(&at(&server.host()))?, ["a", "b", "c"]);

    // No pages at all: everything comes again.
    let server = FaultyRegistry::start([Rule::new(list, [page(json!(["a", "b"]))])])?;
    assert_eq!(oci()?.tags(&at(&server.host()))?, ["a", "b"]);

    // A mark of its own kind: `last` is refused.
    rules[1] = Rule::new(&format!("{list}&last=c"), [Answer::status(400, "")]);
    let server = FaultyRegistry::start(rules)?;
    assert_eq!(oci()?.tags(&at(&server.host()))?, ["a", "b", "c"]);
    Ok(())
}

#[test]
fn content_that_is_not_what_was_named_is_corrupt() -> Result<()> {
    let artifact = Artifact::new("x");
    let (digest, bytes) = &artifact.blobs[1];
    let name = artifact.digest();
    let server = FaultyRegistry::start([
        Rule::new("GET /v2/org/app/blobs/", [Answer::ok("something else")]),
        Rule::new("GET /v2/org/app/manifests/", [Answer::ok("{}")]),
    ])?;
    let error = refused(oci()?.blob(&at(&server.host()), digest, MAX));
    assert_eq!(error.problem, RegistryProblem::Corrupt, "{error}");
    assert_eq!(server.count("GET /v2/org/app/blobs/"), 1, "the content will not change");
    let error = refused(oci()?.manifest(&at(&server.host()), name.as_str()));
    assert_eq!(error.problem, RegistryProblem::Corrupt, "{error}");

    let blob = |answers: Vec<Answer>| -> Result<_> {
        let server = FaultyRegistry::start([Rule::new("GET /v2/org/app/blobs/", answers)])?;
        Ok(oci()?.blob(&at(&server.host()), digest, bytes.len() as u64))
    };
    let half = Answer::Half(bytes.clone());
    let short = Answer::ok(&bytes[..3]);
    assert_eq!(refused(blob(vec![half.clone()])?).problem, RegistryProblem::Corrupt);
    assert_eq!(refused(blob(vec![short])?).problem, RegistryProblem::Corrupt);
    assert_eq!(refused(blob(vec![Answer::Endless])?).problem, RegistryProblem::Corrupt);
    assert_eq!(refused(blob(vec![Answer::HangUp])?).problem, RegistryProblem::Unreachable);
    assert_eq!(blob(vec![half, Answer::HangUp, Answer::ok(bytes.clone())])??, *bytes);
    Ok(())
}

#[test]
fn a_manifest_that_is_no_json_comes_from_no_registry() -> Result<()> {
    let html = Answer::ok("<!doctype html><title>Log in</title>");
    let server = FaultyRegistry::start([Rule::new("GET /v2/org/app/manifests/", [html])])?;
    let error = refused(oci()?.manifest(&at(&server.host()), "1.0.0"));
    assert_eq!(error.problem, RegistryProblem::Refused);
    assert!(error.message.contains("is not a registry"), "{error}");
    Ok(())
}

#[test]
fn silence_ends() -> Result<()> {
    let server = FaultyRegistry::start([Rule::new("GET /v2/org/app/", [Answer::Silence])])?;
    let settings = OciSettings { request_timeout: Duration::from_millis(100), ..settings() };
    let error = refused(Oci::new(settings)?.tags(&at(&server.host())));
    assert_eq!(error.problem, RegistryProblem::Unreachable, "{error}");
    assert!(error.message.contains("no answer in time"), "{error}");
    Ok(())
}

#[test]
fn hosts_that_cannot_be_reached_are_told_apart() -> Result<()> {
    // One closes the connection at the sight of TLS, the other answers in plain HTTP.
    let (closing, plain) = (FaultyRegistry::start([])?, TestRegistry::start()?);
    let secure = |host: &str| ArtifactLocation::Registry {
        repository: format!("{host}/org/app"),
        insecure: false,
    };
    for host in [closing.host(), plain.host()] {
        let error = refused(oci()?.tags(&secure(&host)));
        assert_eq!(error.problem, RegistryProblem::Unreachable);
        assert!(error.hint.as_deref().is_some_and(|h| h.contains("insecure: true")), "{error:?}");
    }
    assert!(closing.seen().is_empty(), "plain HTTP is spoken only where that is stated");

    // Port 1 is reserved and nothing listens there.
    let error = refused(oci()?.tags(&at("127.0.0.1:1")));
    assert!(error.message.contains("refused"), "{error}");
    let error = refused(oci()?.tags(&at("nowhere.invalid")));
    assert_eq!(error.problem, RegistryProblem::Unreachable);
    assert!(error.message.contains("name is not found"), "{error:?}");

    for bad in ["127.0.0.1:1", "127.0.0.1:1/a:1.0", "127.0.0.1:1/../a", "127.0.0.1:1/A"] {
        let location = ArtifactLocation::Registry { repository: bad.into(), insecure: true };
        let error = refused(oci()?.tags(&location));
        assert_eq!(error.problem, RegistryProblem::Refused, "{bad}: {error}");
    }
    Ok(())
}

fn logged_in(host: &str) -> Result<(TempDir, Oci)> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("config.json"), docker_config(host, USER, PASSWORD))?;
    let docker_config = Some(folder.path().to_owned());
    Ok((folder, Oci::new(OciSettings { docker_config, ..settings() })?))
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_host() -> Result<()> {
    let artifact = Artifact::new("x");
    let (digest, bytes) = &artifact.blobs[1];
    let store = FaultyRegistry::start([Rule::new("GET /store", [Answer::ok(bytes.clone())])])?;
    let challenge = Answer::status(401, "").header("WWW-Authenticate", "Basic realm=\"r\"");
    let server = FaultyRegistry::start([
        Rule::new(
            "GET /v2/org/app/blobs/",
            [Answer::redirect(&format!("http://{}/store?signature=s3cret", store.host()))],
        ),
        Rule::new("GET /v2/", [challenge]),
    ])?;
    let (_folder, oci) = logged_in(&server.host())?;
    assert_eq!(oci.blob(&at(&server.host()), digest, MAX)?, *bytes);
    let asked = server.seen();
    assert!(asked.last().is_some_and(|seen| seen.header("authorization").is_some()), "{asked:?}");
    assert_eq!(store.seen().len(), 1);
    assert_eq!(store.seen()[0].header("authorization"), None);
    Ok(())
}

#[test]
fn no_error_holds_a_credential_even_if_the_registry_repeats_it() -> Result<()> {
    use base64::Engine as _;
    let token = "tiny-token-9";
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let artifact = Artifact::new("x");
    for bearer in [false, true] {
        for status in [400, 401, 403, 404, 429, 500] {
            let tokens = FaultyRegistry::start([Rule::new(
                "GET /token",
                [Answer::ok(json!({ "token": token }).to_string())],
            )])?;
            let challenge = if bearer {
                format!("Bearer realm=\"http://{}/token\",service=\"s\"", tokens.host())
            } else {
                "Basic realm=\"r\"".to_owned()
            };
            let server = FaultyRegistry::start([
                Rule::new("GET /v2/org/app/", [Answer::EchoAuthorization(status)]),
                Rule::new("HEAD /v2/org/app/", [Answer::status(404, "")]),
                Rule::new("POST /v2/org/app/", [Answer::EchoAuthorization(status)]),
                Rule::new(
                    "GET /v2/",
                    [Answer::status(401, "").header("WWW-Authenticate", &challenge)],
                ),
            ])?;
            let (_folder, oci) = logged_in(&server.host())?;
            let at = at(&server.host());
            let errors = [
                oci.tags(&at).err(),
                oci.manifest(&at, "1.0.0").err(),
                oci.blob(&at, &artifact.blobs[1].0, MAX).err(),
                oci.push(&at, &artifact.content(), "1.0.0").err(),
            ];
            assert!(errors.iter().any(Option::is_some));
            let sent = server.seen();
            let sent = sent.iter().filter_map(|seen| seen.header("authorization"));
            let sent: Vec<&str> = sent.collect();
            assert!(
                sent.iter().any(|a| a.contains(if bearer { token } else { &encoded })),
                "{sent:?}"
            );
            let shown = format!("{errors:?} {oci:?}");
            for secret in [PASSWORD, &encoded, token] {
                assert!(!shown.contains(secret), "{status}: {shown}");
            }
        }
    }
    Ok(())
}

#[test]
fn a_failing_token_server_is_told() -> Result<()> {
    let tokens = FaultyRegistry::start([Rule::new("GET /token", [Answer::status(403, PASSWORD)])])?;
    let challenge = format!("Bearer realm=\"http://{}/token\"", tokens.host());
    let challenge = Answer::status(401, "").header("WWW-Authenticate", &challenge);
    let server = FaultyRegistry::start([Rule::new("GET /v2/", [challenge])])?;
    let (_folder, oci) = logged_in(&server.host())?;
    let error = refused(oci.tags(&at(&server.host())));
    assert_eq!(error.problem, RegistryProblem::Unauthorized, "{error}");
    assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
    Ok(())
}
