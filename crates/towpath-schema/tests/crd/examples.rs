//! Every page keeps its promise: the first example is found, with the effect it states, the second not.

use std::collections::BTreeSet;

use serde_json::Value;
use towpath_schema::crd::{Change, Example, Place, RuleId, compare};

use crate::{line, of_field, of_version, parse, widgets, yaml};

fn changes(place: Place, example: Example) -> Vec<Change> {
    let definition = |text: &str| -> Value {
        let fragment = yaml(text);
        match place {
            Place::Schema => of_field(&fragment),
            Place::Version => of_version(&fragment),
            Place::Definition | Place::Served => widgets(&fragment),
        }
    };
    compare(&parse(&definition(example.before)), &parse(&definition(example.after)))
}

#[test]
fn the_examples_on_every_page_are_true() {
    for id in RuleId::ALL {
        let rule = id.rule();
        let found = changes(rule.place, rule.found);
        let all: String = found.iter().map(line).collect();
        let of_rule: Vec<_> = found.iter().filter(|change| change.rule == *id).collect();
        assert!(!of_rule.is_empty(), "{} finds nothing, only\n{all}", rule.id);
        for change in of_rule {
            assert_eq!(change.effect, rule.effect, "{}: {all}", rule.id);
        }
        let passes = changes(rule.place, rule.passes);
        let all: String = passes.iter().map(line).collect();
        assert!(passes.iter().all(|change| change.rule != *id), "{} finds\n{all}", rule.id);
    }
}

#[test]
fn every_page_says_everything_once() {
    let mut ids = BTreeSet::new();
    for id in RuleId::ALL {
        let rule = id.rule();
        assert!(ids.insert(rule.id), "{} is there twice", rule.id);
        let kebab = |c: char| c.is_ascii_lowercase() || c == '-';
        assert!(rule.id.chars().all(kebab), "{}", rule.id);
        assert!(!rule.title.is_empty() && !rule.title.ends_with('.'), "{}", rule.id);
        assert!(rule.why.ends_with('.'), "{}", rule.id);
        assert!(rule.found != rule.passes, "{}", rule.id);
    }
}
