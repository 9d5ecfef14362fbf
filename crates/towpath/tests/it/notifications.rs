//! Whom `towpath run` tells: mail to a server, and mistakes where they are written.

use std::fs;

use towpath_testkit::mail_server::{MailServer, Setup};

use crate::support::{PATH_FILE, World, assert_transcript};

/// Production by itself, and these notifications.
fn path_file(notifications: &str) -> String {
    let after = "    after: [staging]\n";
    let path = PATH_FILE.replace(after, &format!("{after}    auto: true\n"));
    format!("{path}  notifications:\n{notifications}")
}

#[test]
fn a_promotion_is_told_by_mail() {
    let login = Some(("towpath".to_owned(), "hunter2".to_owned()));
    let gone = ("gone@example.org".to_owned(), vec!["550 no such user".to_owned()]);
    let setup = Setup { login, recipients: [gone].into(), ..Setup::default() };
    let server = MailServer::start(setup).expect("it starts");
    let email = format!(
        "  - name: on-call\n    email:\n      server: {{host: 127.0.0.1, port: {}}}\n      ca: ../ca.pem\n      \
         auth: {{user: towpath, password: {{env: SMTP_PASSWORD}}}}\n      from: towpath@example.org\n      \
         to: [oncall@example.org, gone@example.org]\n    environments: [production]\n",
        server.port()
    );
    let world = World::two_releases_with(&path_file(&email));
    fs::write(world.repo.outside().join("ca.pem"), server.authority()).expect("it is written");
    let mut command = world.command(&["run", "--once"]);
    let output = command.env("SMTP_PASSWORD", "hunter2").output().expect("it can be started");
    assert_eq!(world.tell("$ towpath run --once", &output), 0);
    let taken = server.taken();
    assert_eq!((taken.len(), taken[0].over_tls), (1, true));
    assert_eq!(taken[0].to, ["oncall@example.org"]);
    let subject = taken[0].header("Subject");
    world.say(&format!("Subject: {}\n\n{}", subject.unwrap_or_default(), taken[0].body()));
    assert_transcript!(world);
}

#[test]
fn whom_nobody_could_tell_is_refused_where_it_is_written() {
    let world = World::stated();
    let slack = "slack: {url: {env: SLACK}}";
    let email = |more: &str| {
        format!(
            "email: {{server: {{host: smtp.example.org}}, from: a@example.org, to: [b@example.org]{more}}}"
        )
    };
    for notification in [
        format!("{slack}, environments: [staging, prodution]"),
        email(", tls: none, auth: {user: a, password: {env: PASSWORD}}"),
        email(", auth: {user: a, password: hunter2}"),
        email("").replace("b@example.org", "On Call <b@example.org>"),
        format!("{slack}, {}", email("")),
    ] {
        let text = path_file(&format!("  - {{name: team, {notification}}}\n"));
        world.push_file("towpath.yaml", &text, "another notification");
        world.refused(&["status"]);
    }
    world.say("a sandbox comes and goes");
    let sandbox = format!("  - {{name: team, {slack}, environments: [sandbox-ada]}}\n");
    world.push_file("towpath.yaml", &path_file(&sandbox), "a sandbox");
    world.ok(&["status"]);
    assert_transcript!(world);
}
