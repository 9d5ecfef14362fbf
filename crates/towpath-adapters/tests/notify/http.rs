//! Letters over HTTP, to a chat and to a program.

use std::time::Duration;

use towpath_core::notification::Channel;
use towpath_core::source::{Credential, SourceUrl};
use towpath_engine::hook::{SIGNATURE, Secret, Sender, verify};
use towpath_engine::notify::Letter;
use towpath_testkit::faulty_registry::{Answer, FaultyRegistry, Rule};

use super::{letter, send};

const KEY: &str = "a key of some length";

fn slack() -> Channel {
    Channel::Slack { url: Credential::Variable("SLACK".to_owned()) }
}

/// Sends letters to a server with these answers; what the server saw, and what was complained of.
fn sent(
    letters: impl FnOnce(&str) -> Vec<Letter>,
    answers: Vec<Answer>,
) -> (FaultyRegistry, Vec<String>) {
    let server = FaultyRegistry::start([Rule::new("POST /", answers)]).unwrap();
    let url = format!("http://{}/services/T0/hunter2", server.host());
    let letters = letters(&url);
    let lookup = move |name: &str| match name {
        "SLACK" => Some(url.clone()),
        "KEY" => Some(KEY.to_owned()),
        _ => None,
    };
    let complaints = send(letters, Duration::from_millis(500), lookup);
    (server, complaints)
}

#[test]
fn a_chat_is_told_in_one_text() {
    let (server, complaints) = sent(|_| vec![letter(slack())], vec![Answer::ok("ok")]);
    assert_eq!(complaints, [""; 0]);
    let seen = server.seen();
    assert_eq!(seen[0].line, "POST /services/T0/hunter2");
    assert_eq!(seen[0].header("content-type"), Some("application/json"));
    let text =
        "2026-01-05T09:00:00Z promote production platform to 1.4.2 (Ada &lt;ada@example.com&gt;)";
    assert_eq!(String::from_utf8_lossy(&seen[0].body), format!("{{\"text\":\"{text}\"}}"));
}

#[test]
fn a_program_can_check_who_sends() {
    let to = |url: &str| {
        let secret = Credential::Variable("KEY".to_owned());
        vec![letter(Channel::Webhook { url: SourceUrl::parse(url).unwrap(), secret })]
    };
    let (server, complaints) = sent(to, vec![Answer::status(204, "")]);
    assert_eq!(complaints, [""; 0]);
    let seen = &server.seen()[0];
    let proof = seen.header(SIGNATURE).unwrap().as_bytes();
    let key = Secret::new(KEY).unwrap();
    assert_eq!(verify(Sender::Generic, [(SIGNATURE, proof)], &seen.body, &key), Ok(()));
    let body: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(
        (&body["kind"], &body["changes"][0]["on"]),
        (&"Notification".into(), &"promoted".into())
    );
}

#[test]
fn what_may_pass_is_tried_again_and_the_rest_is_told_without_the_secret() {
    let cases = [
        (vec![Answer::status(503, ""), Answer::HangUp, Answer::ok("")], 3, None),
        (vec![Answer::status(500, "hunter2")], 3, Some("it failed with status 500")),
        (vec![Answer::status(404, "hunter2")], 1, Some("it refused with status 404")),
        (vec![Answer::redirect("/hunter2")], 1, Some("it refused with status 307")),
        (vec![Answer::Silence], 3, Some("it did not answer in time")),
    ];
    for (answers, tries, complaint) in cases {
        let what = format!("{answers:?}");
        let (server, complaints) = sent(|_| vec![letter(slack())], answers);
        assert_eq!(server.count("POST"), tries, "{what}");
        let expected = complaint.map(|why| format!("notification platform was not sent: {why}"));
        assert_eq!(complaints, expected.into_iter().collect::<Vec<_>>(), "{what}");
    }
}

#[test]
fn a_secret_that_is_not_there_is_named_and_one_that_is_no_url_is_not() {
    let missing = Channel::Slack { url: Credential::Variable("NOBODY".to_owned()) };
    let no_url = Channel::Slack { url: Credential::Variable("KEY".to_owned()) };
    let (_server, complaints) = sent(|_| vec![letter(missing), letter(no_url)], Vec::new());
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints[0].ends_with("environment variable NOBODY is not set"), "{complaints:?}");
    assert!(!complaints[1].contains(KEY), "{complaints:?}");
}
