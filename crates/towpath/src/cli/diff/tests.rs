//! What is said of many clusters, and how long it may be.

use anstream::adapter::strip_str;
use serde_json::{Value, json};
use towpath_render::compare::{Change, Grouper, Groups, NoKeys, Place, objects};
use towpath_render::{Object, Origin};

use super::{Sides, markdown, text, unified};

const SIDES: Sides<'_> = Sides { old: "0.0.7", new: "0.0.8", lacks: &[] };

fn object(name: &str, data: Value) -> Object {
    let metadata = json!({"name": name, "namespace": "web"});
    Object {
        value: json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
            .into(),
        origin: Origin::default(),
    }
}

fn changes(old: &[Object], new: &[Object]) -> Vec<Change> {
    objects(old, new, &NoKeys)
}

/// 500 clusters of production share a change, and three of them have another; staging has a part of it.
fn fleet() -> Groups {
    let old = [object("web", json!({"level": "info"}))];
    let new = [object("web", json!({"level": "debug"}))];
    let more = [new[0].clone(), object("extra", json!({"a": "b"}))];
    let shared = changes(&old, &new);
    let odd = changes(&old, &more);
    let mut grouper = Grouper::default();
    let place = |environment: &str, number: usize| Place {
        environment: environment.to_owned(),
        cluster: format!("eu-{number:03}"),
        kustomization: "flux-system/apps".to_owned(),
    };
    for number in 0..500 {
        let changes = if number % 200 == 0 { &odd } else { &shared };
        grouper.add(place("production", number), changes.clone());
    }
    for number in 0..3 {
        grouper
            .add(place("staging", number), if number == 1 { Vec::new() } else { shared.clone() });
    }
    grouper.finish()
}

#[test]
fn the_same_change_on_500_clusters_is_said_once() {
    let groups = fleet();
    let all = [
        strip_str(&text::write(&groups, SIDES)).to_string(),
        markdown::write(&groups, SIDES, markdown::MOST),
        unified::write(&groups, &[]),
    ];
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("fleet", all.join("\n=====\n\n"));
    });
}

#[test]
fn a_plan_shows_whole_objects_up_to_a_number_of_lines() {
    let groups = fleet();
    let told = |most| {
        let mut out = String::new();
        let left = text::changes(&mut out, &groups, most);
        (out.lines().count(), left)
    };
    let (lines, left) = told(usize::MAX);
    assert_eq!(left, 0);
    assert_eq!(told(lines), (lines, 0));
    let (fewer, left) = told(lines - 1);
    assert!(fewer < lines && left == 1, "{fewer} of {lines}, {left}");
    assert_eq!(told(1), (0, 2));
}

#[test]
fn nothing_on_many_clusters_is_one_line() {
    let mut grouper = Grouper::default();
    for cluster in ["a", "b"] {
        let place = Place { cluster: cluster.to_owned(), ..Place::default() };
        grouper.add(place, Vec::new());
    }
    let said = text::write(&grouper.finish(), SIDES);
    assert_eq!(said, "0.0.7 and 0.0.8 give the same objects on 2 clusters\n");
}

#[test]
fn a_comment_is_never_too_long() {
    let new: Vec<Object> = (0..50)
        .map(|n| object(&format!("web-{n}"), json!({"text": "```\n".repeat(300)})))
        .collect();
    let groups = Groups::of_one(changes(&[], &new));
    let said = markdown::write(&groups, SIDES, 5_000);
    assert!(said.len() < 5_200, "{}", said.len());
    assert!(said.contains("objects more changed than fit here"), "{said}");
    assert!(said.contains("lines: `towpath diff -o unified` shows all."), "{said}");
    // The fence is longer than any in the text.
    assert!(said.contains("\n````diff\n") && !said.contains("\n```diff\n"), "{said}");
}

#[test]
fn a_long_text_is_cut_and_says_so() {
    let old = object("web", json!({"text": "a\n".repeat(100)}));
    let new = object("web", json!({"text": "b\n".repeat(100)}));
    let said = text::write(&Groups::of_one(changes(&[old], &[new])), SIDES);
    let said = strip_str(&said).to_string();
    assert!(said.contains("... 160 more lines, see -o unified"), "{said}");
}

#[test]
fn no_value_speaks_to_the_terminal() {
    let escape = "\u{1b}]0;title\u{7}";
    let old = object("web", json!({"a": "1", "b": "1\n2\n"}));
    let new = object(
        "web",
        json!({"a": escape, "b": format!("1\n{escape}\r\n"), "c": format!("1\n{escape}")}),
    );
    let said = text::write(&Groups::of_one(changes(&[old], &[new])), SIDES);
    let plain: String = said.split("\u{1b}[").collect();
    assert!(!plain.contains(['\u{1b}', '\u{7}', '\r']), "{said:?}");
}
