//! Stories: a repository in, the path that discovery sees out. Each is a Markdown file below
//! `stories/`: fenced blocks named by a path are files, the block named `path` is what is expected.

use crate::common::{Files, inventory, show, stated};
use towpath_core::stated::Stated;
use towpath_discovery::resolve::resolve;

/// The files of a story, and its expected path.
fn read(story: &str) -> (Files, String) {
    let (mut files, mut expected) = (Files::new(), String::new());
    let mut block: Option<(&str, String)> = None;
    for line in story.lines() {
        block = match (block, line.strip_prefix("```")) {
            (None, Some(name)) => Some((name, String::new())),
            (None, None) => None,
            (Some(("path", text)), Some(_)) => {
                expected = text;
                None
            }
            (Some((name, text)), Some(_)) => {
                files.insert(name.to_owned(), text);
                None
            }
            (Some((name, mut text)), None) => {
                text.push_str(line);
                text.push('\n');
                Some((name, text))
            }
        };
    }
    (files, expected)
}

fn tell(story: &str) {
    let (files, expected) = read(story);
    let inventory = inventory(&files).expect("every file of a story can be read");
    let resolved = resolve(&inventory, &Stated::default()).expect("a story has a path");
    let actual = show(&resolved);
    assert!(actual == expected, "the path is\n{actual}\nand not\n{expected}");

    // Stating all that was inferred changes nothing.
    let again = resolve(&inventory, &stated(&resolved)).expect("what is inferred can be stated");
    assert_eq!(show(&again), actual);
    assert_eq!(again.path, resolved.path);
    assert_eq!(again.pins, resolved.pins);
    assert_eq!(again.tracked, resolved.tracked);
}

macro_rules! stories {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                tell(include_str!(concat!("stories/", stringify!($name), ".md")));
            }
        )*
    };
}

stories! {
    branch_range_exact
    charts_of_one_cluster
    clone_of_a_cluster
    flux_operator
    monolith
    neighbours
    overlays
    regions
    set_up_from_outside
}
