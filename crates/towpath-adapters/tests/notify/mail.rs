//! Letters as mail, to a server that speaks SMTP and TLS.

use std::fs;
use std::time::Duration;

use towpath_core::id::ComponentName;
use towpath_core::notification::email::{
    MailAddress, MailHost, MailLogin, MailServer as Server, MailTls,
};
use towpath_core::notification::{Channel, Email};
use towpath_core::source::Credential;
use towpath_core::version::Version;
use towpath_engine::notify::Letter;
use towpath_testkit::mail_server::{MailServer, Setup, Tls};

use super::{letter, send};

const PASSWORD: &str = "hunter2";

fn login() -> Option<(String, String)> {
    Some(("towpath".to_owned(), PASSWORD.to_owned()))
}

/// A server, a file of its authority in a folder, and how it is reached.
struct Post {
    server: MailServer,
    folder: tempfile::TempDir,
    email: Email,
    limit: Duration,
}

impl Post {
    fn start(setup: Setup, tls: MailTls) -> Self {
        let login = setup.login.is_some().then(|| MailLogin {
            user: "towpath".to_owned(),
            password: Credential::Variable("PASSWORD".to_owned()),
        });
        let server = MailServer::start(setup).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca = folder.path().join("ca.pem");
        fs::write(&ca, server.authority()).unwrap();
        let email = Email {
            server: Server {
                host: MailHost::parse("127.0.0.1").unwrap(),
                port: server.port(),
                tls,
                login,
                ca_file: Some(ca.to_string_lossy().into_owned()),
            },
            from: MailAddress::parse("towpath@example.com").unwrap(),
            to: vec![MailAddress::parse("oncall@example.com").unwrap()],
        };
        Self { server, folder, email, limit: Duration::from_secs(30) }
    }

    fn letter(&self) -> Letter {
        letter(Channel::Email(self.email.clone()))
    }

    fn send(&self, letters: Vec<Letter>) -> Vec<String> {
        send(letters, self.limit, |name| (name == "PASSWORD").then(|| PASSWORD.to_owned()))
    }

    /// Sends one letter that cannot arrive; what was complained of, without what is always the same.
    fn fails(&self) -> String {
        let complaints = self.send(vec![self.letter()]);
        assert_eq!((self.server.taken(), complaints.len()), (Vec::new(), 1), "{complaints:?}");
        assert!(!complaints[0].contains(PASSWORD), "{complaints:?}");
        let why = complaints[0].strip_prefix("notification platform was not sent: ");
        why.unwrap_or(&complaints[0]).to_owned()
    }
}

/// A letter about a release.
fn about(post: &Post, version: &str, state: &'static str) -> Letter {
    let mut letter = post.letter();
    letter.happenings[0].component = ComponentName::parse("platform").ok();
    letter.happenings[0].version = Version::parse(version).ok();
    letter.happenings[0].state = state;
    letter
}

#[test]
fn mail_says_where_and_what_and_that_no_person_wrote_it() {
    for (tls, stated) in [(Tls::Offered, MailTls::StartTls), (Tls::AtOnce, MailTls::Tls)] {
        let post = Post::start(Setup { tls, login: login(), ..Setup::default() }, stated);
        assert_eq!(post.send(vec![about(&post, "1.4.2", "promoted")]), [""; 0]);
        let taken = post.server.taken();
        assert_eq!((taken.len(), taken[0].over_tls), (1, true));
        assert_eq!(taken[0].from, "towpath@example.com");
        assert_eq!(taken[0].to, ["oncall@example.com"]);
        let header = |name| taken[0].header(name).unwrap_or_default();
        assert_eq!(header("Subject"), "towpath: production: platform 1.4.2 promoted");
        assert_eq!(header("From"), "Towpath <towpath@example.com>");
        assert_eq!(header("Auto-Submitted"), "auto-generated");
        assert!(header("Message-ID").ends_with("@example.com>"), "{}", taken[0].text);
        let body = taken[0].body();
        assert!(body.starts_with("production: platform 1.4.2 promoted\n  promote prod"), "{body}");
        assert!(body.ends_with("-- \nSent by the notification platform of towpath.yaml.\n"));
        // What is told before TLS is a greeting at most.
        let clear = post.server.in_the_clear();
        let expected: &[&str] =
            if tls == Tls::Offered { &["EHLO [127.0.0.1]", "STARTTLS"] } else { &[] };
        assert_eq!(clear, expected);
    }
}

#[test]
fn mail_about_one_release_is_one_thread_and_the_same_letter_has_one_id() {
    let post = Post::start(Setup { tls: Tls::Never, ..Setup::default() }, MailTls::None);
    let letters = vec![
        about(&post, "1.4.2", "promoted"),
        about(&post, "1.4.2", "verified"),
        about(&post, "1.4.3", "promoted"),
        post.letter(),
        about(&post, "1.4.2", "promoted"),
    ];
    assert_eq!(post.send(letters), [""; 0]);
    let taken = post.server.taken();
    let all = |name| taken.iter().map(|mail| mail.header(name)).collect::<Vec<_>>();
    let (threads, ids) = (all("References"), all("Message-ID"));
    assert_eq!(threads, all("In-Reply-To"));
    assert!(threads[0].is_some() && threads[3].is_none(), "{threads:?}");
    assert_eq!(threads[0], threads[1]);
    assert_ne!(threads[0], threads[2]);
    assert_eq!(ids[0], ids[4]);
    assert_ne!(ids[0], ids[2]);
}

#[test]
fn a_recipient_who_is_refused_holds_up_no_other() {
    let answers = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect();
    let recipients = [
        ("gone@example.com".to_owned(), answers(&["550 5.1.1 no such user"])),
        ("later@example.com".to_owned(), answers(&["450 4.2.0 greylisted", "250 ok"])),
    ];
    let setup = Setup { recipients: recipients.into(), ..Setup::default() };
    let mut post = Post::start(setup, MailTls::StartTls);
    for to in ["gone@example.com", "later@example.com"] {
        post.email.to.push(MailAddress::parse(to).unwrap());
    }
    let complaints = post.send(vec![post.letter()]);
    let gone = "gone@example.com: it refused with status 550: 5.1.1 no such user";
    assert_eq!(complaints, [format!("notification platform did not reach {gone}")]);
    let to: Vec<_> = post.server.taken().into_iter().map(|mail| mail.to).collect();
    assert_eq!(to, [["oncall@example.com"], ["later@example.com"]]);
}

#[test]
fn who_is_refused_for_ever_is_told() {
    let recipients = [("oncall@example.com".to_owned(), vec!["450 4.2.0 busy".to_owned()])];
    let setup = Setup { recipients: recipients.into(), ..Setup::default() };
    let why = Post::start(setup, MailTls::StartTls).fails();
    assert_eq!(why, "oncall@example.com: it refused for now with status 450: 4.2.0 busy");
}

#[test]
fn a_server_without_tls_is_told_no_password() {
    let setup = Setup { tls: Tls::Never, login: login(), ..Setup::default() };
    let post = Post::start(setup, MailTls::StartTls);
    let why = post.fails();
    assert!(why.starts_with("127.0.0.1 offers no STARTTLS, so it was told nothing"), "{why}");
    // Once: it will not offer it at the next try, either.
    assert_eq!(post.server.in_the_clear(), ["EHLO [127.0.0.1]", "QUIT"]);
}

#[test]
fn a_certificate_of_somebody_else_ends_it() {
    let mut post = Post::start(Setup { login: login(), ..Setup::default() }, MailTls::StartTls);
    let other = MailServer::start(Setup::default()).unwrap();
    let ca = post.folder.path().join("other.pem");
    fs::write(&ca, other.authority()).unwrap();
    post.email.server.ca_file = Some(ca.to_string_lossy().into_owned());
    let why = post.fails();
    assert!(why.starts_with("its certificate is not trusted: "), "{why}");
    assert_eq!(post.server.in_the_clear(), ["EHLO [127.0.0.1]", "STARTTLS"]);
    post.email.server.ca_file = Some("/nowhere/ca.pem".to_owned());
    let why = post.fails();
    assert!(
        why.starts_with("no certificate authority: file /nowhere/ca.pem cannot be read"),
        "{why}"
    );
}

#[test]
fn a_wrong_password_is_not_repeated_and_not_tried_again() {
    let setup =
        Setup { login: Some(("towpath".to_owned(), "another".to_owned())), ..Setup::default() };
    let post = Post::start(setup, MailTls::StartTls);
    assert_eq!(post.fails(), "it refused the log-in with status 535");
    assert_eq!(post.server.in_the_clear().len(), 2);
}

#[test]
fn a_server_that_is_not_there_or_silent_is_tried_again_and_then_told() {
    let mut post = Post::start(Setup { silent: true, ..Setup::default() }, MailTls::StartTls);
    post.limit = Duration::from_millis(200);
    assert_eq!(post.fails(), "it did not answer in time");
    post.limit = Duration::from_secs(30);
    post.email.server.port = 1;
    let why = post.fails();
    assert!(why.starts_with("it cannot be reached: "), "{why}");
    post.email.server.login = Some(MailLogin {
        user: "towpath".to_owned(),
        password: Credential::Variable("NOBODY".to_owned()),
    });
    assert!(post.fails().ends_with("environment variable NOBODY is not set"));
}
