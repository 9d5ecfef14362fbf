//! Every change is told once, to whom it concerns.

use std::time::Duration;

use jiff::SignedDuration;
use towpath_core::conduct::Conduct;
use towpath_core::id::{BranchName, CommitId};
use towpath_core::notification::Channel;
use towpath_core::path::Environment;
use towpath_core::record::{OfRelease, Signature};
use towpath_core::release::{Release, Seen};
use towpath_core::source::Credential;

use super::*;

fn at(minutes: i64) -> Timestamp {
    "2026-01-05T09:00:00Z".parse::<Timestamp>().expect("a time")
        + SignedDuration::from_mins(minutes)
}

fn name(text: &str) -> EnvironmentName {
    EnvironmentName::parse(text).expect("a name")
}

fn component() -> ComponentName {
    ComponentName::parse("platform").expect("a name")
}

fn version(text: &str) -> Version {
    Version::parse(text).expect("a version")
}

fn path() -> Path {
    let environment = |text: &str| Environment {
        name: name(text),
        clusters: Vec::new(),
        after: Vec::new(),
        stated: None,
        gates: Vec::new(),
        conduct: Conduct::default(),
        production: text == "production",
        kubernetes: None,
        sandbox: text == "sandbox-a",
    };
    let environments = vec![environment("sandbox-a"), environment("production")];
    Path::new(BranchName::parse("main").expect("a branch"), Vec::new(), environments)
        .expect("a path")
}

fn record(minutes: i64, event: Event) -> Record {
    let by = "Ada <ada@example.com>".to_owned();
    Record { at: at(minutes), by, event, signature: Signature::NotChecked }
}

fn failed(environment: &str, text: &str) -> Event {
    let (environment, version) = (name(environment), version(text));
    let release = OfRelease { environment, component: component(), version, digest: None };
    Event::Failed(release, "a cluster".to_owned())
}

fn frozen() -> Event {
    Event::Frozen { environment: None, reason: "an outage".to_owned() }
}

/// Production waits with a candidate for these reasons.
fn waiting(text: &str, waiting: Vec<Why>) -> Plan {
    let release = Release {
        component: component(),
        version: version(text),
        tag: text.to_owned(),
        digest: None,
        commit: CommitId::parse(&"a".repeat(40)).ok(),
        seen: Seen::default(),
    };
    let proposal = Proposal {
        environment: name("production"),
        component: component(),
        is_first: true,
        tracking: None,
        has: None,
        newest: None,
        candidate: Some(release),
        with: Vec::new(),
        skipped: Vec::new(),
        rollout: None,
        outcome: if waiting.is_empty() { Outcome::Ready } else { Outcome::Waiting },
        gates: Vec::new(),
        waiting,
        edits: Vec::new(),
        hash: None,
        action: None,
        holds: Vec::new(),
    };
    Plan { based_on: None, proposals: vec![proposal] }
}

fn nothing() -> Plan {
    Plan { based_on: None, proposals: Vec::new() }
}

fn soaking(minutes: i64) -> Why {
    Why::Soaking { duration: Duration::from_secs(3600), began: at(minutes) }
}

fn to(text: &str, environments: Option<&[&str]>, digest: Option<u64>) -> Notification {
    Notification {
        name: NotificationName::parse(text).expect("a name"),
        channel: Channel::Slack { url: Credential::Variable("SLACK".to_owned()) },
        environments: environments.map(|all| all.iter().map(|it| name(it)).collect()),
        on: Occasion::ALL.into_iter().collect(),
        digest: digest.map(Duration::from_secs),
    }
}

fn told(letters: &[Letter]) -> Vec<(String, Vec<&str>)> {
    letters.iter().map(|letter| (letter.to.to_string(), texts_of(letter))).collect()
}

fn texts_of(letter: &Letter) -> Vec<&str> {
    letter.happenings.iter().map(|it| it.text.as_str()).collect()
}

#[test]
fn a_record_is_told_once_and_none_from_before_the_process() {
    let (path, all) = (path(), [to("team", None, None)]);
    let mut history = History::new([record(0, failed("production", "1.0.0"))]);
    let mut told_of = Told::since(at(5));
    assert_eq!(told(&told_of.turn(&all, &path, &history, &nothing(), at(5))), []);
    history.push(record(6, failed("production", "1.0.1")));
    history.push(record(6, frozen()));
    let letters = told_of.turn(&all, &path, &history, &nothing(), at(6));
    let texts =
        vec!["fail platform 1.0.1 in production: a cluster", "freeze all environments: an outage"];
    assert_eq!(told(&letters), [("team".to_owned(), texts)]);
    assert_eq!(told(&told_of.turn(&all, &path, &history, &nothing(), at(7))), []);
    // Another ledger in the place of this one is no news.
    assert_eq!(told(&told_of.turn(&all, &path, &History::default(), &nothing(), at(8))), []);
}

#[test]
fn who_is_told_is_stated_and_of_sandboxes_only_who_asks() {
    let (path, begin) = (path(), History::default());
    let mut quiet = to("quiet", None, None);
    quiet.on = [Occasion::Promoted].into_iter().collect();
    let all = [
        to("default", None, None),
        to("sandboxes", Some(&["sandbox-a"]), None),
        to("staging", Some(&["staging"]), None),
        quiet,
    ];
    let mut told_of = Told::since(at(0));
    told_of.turn(&all, &path, &begin, &nothing(), at(0));
    let history = History::new([
        record(1, failed("sandbox-a", "1.0.0")),
        record(1, failed("production", "1.0.0")),
        record(1, frozen()),
    ]);
    let letters = told_of.turn(&all, &path, &history, &nothing(), at(1));
    let counts: Vec<_> = letters.iter().map(|it| (it.to.as_str(), it.happenings.len())).collect();
    assert_eq!(counts, [("default", 2), ("sandboxes", 2), ("staging", 1)]);
}

#[test]
fn waiting_is_told_when_it_begins_and_when_its_reasons_are_others() {
    let (path, all, history) = (path(), [to("team", None, None)], History::default());
    let mut told_of = Told::since(at(0));
    let mut turn = |plan: &Plan| {
        let letters = told_of.turn(&all, &path, &history, plan, at(0));
        letters.iter().map(|it| it.happenings.len()).sum::<usize>()
    };
    let frozen = Why::NotAsked;
    let on_its_way = Why::Settling { version: version("1.0.1"), wave: None, until: at(9) };
    // What happens at each look, and how much is told.
    let steps = [
        ("what waits at first is known", waiting("1.0.0", vec![soaking(0)]), 0),
        ("the same with other words", waiting("1.0.0", vec![soaking(5)]), 0),
        ("a newer release waits", waiting("1.0.1", vec![soaking(5)]), 1),
        ("another reason", waiting("1.0.1", vec![frozen.clone()]), 1),
        ("one more", waiting("1.0.1", vec![frozen, soaking(5)]), 1),
        ("nothing holds it", waiting("1.0.1", Vec::new()), 0),
        ("on its way", waiting("1.0.1", vec![on_its_way]), 0),
        ("it waits again", waiting("1.0.1", vec![soaking(5)]), 1),
    ];
    for (what, plan, expected) in steps {
        assert_eq!(turn(&plan), expected, "{what}");
    }
}

#[test]
fn a_digest_gathers_and_is_bounded() {
    let (path, all) = (path(), [to("team", None, Some(3600))]);
    let mut told_of = Told::since(at(0));
    let mut history = History::default();
    for minute in 1..=30 {
        for _ in 0..10 {
            history.push(record(minute, failed("production", "1.0.0")));
        }
        let letters = told_of.turn(&all, &path, &history, &nothing(), at(minute));
        assert_eq!(told(&letters), []);
        assert_eq!(told_of.due_at(), Some(at(61)));
    }
    assert_eq!(told(&told_of.due(at(60))), []);
    let letters = told_of.due(at(61));
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].happenings.len(), letters[0].more), (MOST_HELD, 100));
    assert_eq!(letters[0].subject(), "towpath: production: 300 changes, some failed");
    assert_eq!((told_of.due_at(), told(&told_of.rest())), (None, Vec::new()));
}

#[test]
fn nothing_in_a_chat_is_a_link_or_a_second_line() {
    let happening = Happening {
        at: at(0),
        occasion: Occasion::Failed,
        environment: None,
        component: None,
        version: None,
        by: None,
        state: "failed",
        text: format!("<!channel>\n<https://evil|me> & {}", "x".repeat(1000)),
    };
    let to = to("team", None, None);
    let letter = Letter { to: to.name, channel: to.channel, happenings: vec![happening], more: 0 };
    let slack = String::from_utf8(letter.slack()).expect("it is JSON");
    assert!(slack.contains("&lt;!channel&gt; &lt;https://evil|me&gt; &amp; x"), "{slack}");
    assert!(!slack.contains(['<', '>']) && slack.len() < 800 && !slack.contains("\\n"), "{slack}");
}

fn letter(happenings: Vec<Happening>, more: usize) -> Letter {
    let to = to("on-call", None, None);
    Letter { to: to.name, channel: to.channel, happenings, more }
}

fn happening(environment: Option<&str>, event: Event) -> Happening {
    let mut happening = happened(&record(0, event)).expect("it is told");
    happening.environment = environment.map(name);
    happening
}

#[test]
fn mail_says_first_where_and_what() {
    let failed = |environment: &str| happening(Some(environment), failed(environment, "1.4.2"));
    let frozen = || happening(None, frozen());
    let subject = |happenings, more| letter(happenings, more).subject();
    let one = failed("production");
    assert_eq!(subject(vec![one.clone()], 0), "towpath: production: platform 1.4.2 failed");
    assert_eq!(subject(vec![frozen()], 0), "towpath: all environments: frozen");
    assert_eq!(subject(vec![frozen(), frozen()], 0), "towpath: all environments: 2 changes");
    assert_eq!(
        subject(vec![one.clone(), failed("staging")], 5),
        "towpath: 7 changes in production, staging, some failed"
    );
    let many = ["a", "b", "c", "d"].map(failed).to_vec();
    assert_eq!(subject(many, 0), "towpath: 4 changes in 4 environments, some failed");
    let body = "production: platform 1.4.2 failed
  fail platform 1.4.2 in production: a cluster
  2026-01-05T09:00:00Z, Ada <ada@example.com>

and 1 more

Why, and what can be done:  towpath explain production
How everything stands now:  towpath status
What was recorded:          towpath history

-- 
Sent by the notification on-call of towpath.yaml.
";
    assert_eq!(letter(vec![one], 1).mail(), body);
}

#[test]
fn mail_about_one_release_in_one_place_is_one_thread() {
    let thread = |happenings| letter(happenings, 0).thread();
    let failed = |environment: &str, version: &str| {
        happening(Some(environment), failed(environment, version))
    };
    let one = thread(vec![failed("production", "1.4.2")]);
    assert!(one.is_some());
    assert_eq!(thread(vec![failed("production", "1.4.2"), failed("production", "1.4.2")]), one);
    assert_ne!(thread(vec![failed("staging", "1.4.2")]), one);
    assert_ne!(thread(vec![failed("production", "1.4.3")]), one);
    assert_eq!(thread(vec![failed("production", "1.4.2"), failed("staging", "1.4.2")]), None);
    assert_eq!(thread(vec![happening(None, frozen())]), None);
}
