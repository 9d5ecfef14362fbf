//! When people answer, and who of them may.
//!
//! Must not decide what they answer: they say yes to what the path asks of them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use towpath_core::record::{email, is_same_person};
use towpath_core::scenario::{Known, People};
use towpath_core::version::Version;
use towpath_core::window::{Openness, judge};

use super::island::Place;
use super::later;

/// When somebody who is asked at a time answers; `None`: at no time that was found.
pub(super) fn answers(people: &People, asked: Timestamp) -> Option<Timestamp> {
    at_work(people, later(asked, people.after))
}

/// The first moment from a time at which somebody is at work.
pub(super) fn at_work(people: &People, from: Timestamp) -> Option<Timestamp> {
    if people.hours.is_empty() {
        return Some(from);
    }
    match judge(&people.hours, from) {
        Openness::Open { .. } => Some(from),
        Openness::Shut { opens_at, .. } => opens_at,
    }
}

/// What is known of the answers for a release, in the order of time.
pub(super) fn known<'a>(
    people: &'a People,
    place: &'a Place,
    version: &'a Version,
) -> impl Iterator<Item = &'a Known> {
    people.known.iter().filter(move |known| {
        known.environment == place.0 && known.component == place.1 && known.version == *version
    })
}

/// So many people who may approve, and are none of the authors; fewer where there are not as many.
pub(super) fn approvers(
    people: &People,
    allowed: &BTreeSet<String>,
    authors: &[String],
    count: usize,
) -> Vec<String> {
    let may = |who: &String| {
        (allowed.is_empty() || allowed.iter().any(|one| is_same_person(one, who)))
            && !authors.iter().any(|author| is_same_person(author, who))
    };
    if !people.by.is_empty() {
        return people.by.iter().filter(|who| may(who)).take(count).cloned().collect();
    }
    if !allowed.is_empty() {
        let named = allowed.iter().map(|address| format!("{} <{}>", name(address), email(address)));
        return named.filter(may).take(count).collect();
    }
    (1..=count).map(|n| format!("Approver {n} <approver-{n}@example.com>")).collect()
}

/// Who promotes.
pub(super) fn promoter(people: &People) -> String {
    people.by.first().cloned().unwrap_or_else(|| "Promoter <promoter@example.com>".to_owned())
}

fn name(address: &str) -> &str {
    let address = email(address);
    address.split_once('@').map_or(address, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use towpath_core::window::{Kind, Recurring, Span, Window};

    use super::*;

    fn people(by: &[&str]) -> People {
        let hours = Recurring::parse("0 9 * * mon-fri", "8h", "UTC").expect("a schedule");
        People {
            by: by.iter().map(ToString::to_string).collect(),
            hours: vec![Window { kind: Kind::Allow, reason: None, span: Span::Recurring(hours) }],
            after: Duration::from_secs(7200),
            known: Vec::new(),
        }
    }

    #[test]
    fn people_answer_when_they_are_at_work() {
        let cases = [
            ("2026-01-05T10:00:00Z", "2026-01-05T12:00:00Z"),
            ("2026-01-05T15:30:00Z", "2026-01-06T09:00:00Z"),
            ("2026-01-09T16:00:00Z", "2026-01-12T09:00:00Z"),
        ];
        for (asked, answered) in cases {
            let asked = asked.parse().expect("a time");
            assert_eq!(answers(&people(&[]), asked), Some(answered.parse().expect("a time")));
        }
    }

    #[test]
    fn an_author_approves_nothing_of_theirs() {
        let allowed: BTreeSet<String> = ["ann@x".to_owned(), "bob@x".to_owned()].into();
        let authors = vec!["Ann <ANN@x>".to_owned()];
        let chosen =
            |by: &[&str], allowed: &BTreeSet<String>| approvers(&people(by), allowed, &authors, 2);
        assert_eq!(
            chosen(&["Ann <ann@x>", "Cat <cat@x>", "Bob <bob@x>"], &allowed),
            ["Bob <bob@x>"]
        );
        assert_eq!(chosen(&[], &allowed), ["bob <bob@x>"]);
        assert_eq!(chosen(&[], &BTreeSet::new()).len(), 2);
    }
}
