//! Edits keep every byte that they do not own, and refuse what they cannot prove.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use towpath_yaml::{
    Document, Edit, EditError, Node, apply, parse, replace_checked, set_entry, set_scalar,
};

fn root(source: &str) -> Node {
    let mut documents: Vec<Document> = parse(source.as_bytes()).unwrap();
    documents.remove(0).root
}

fn edited(source: &str, path: &[&str], new: &str) -> Result<String, EditError> {
    let root = root(source);
    let edit = set_scalar(source.as_bytes(), root.at(path).unwrap(), new)?;
    let result = replace_checked(source.as_bytes(), &[edit])?;
    Ok(String::from_utf8(result).unwrap())
}

#[test]
fn a_value_keeps_the_quotes_it_had() {
    let table = [
        ("tag: 1.2.3 # pinned\n", "1.3.0", "tag: 1.3.0 # pinned\n"),
        ("tag: \"1.2.3\"   # pinned\n", "1.3.0", "tag: \"1.3.0\"   # pinned\n"),
        ("tag: '1.2.3'\r\nx: 1\r\n", "1.3.0", "tag: '1.3.0'\r\nx: 1\r\n"),
        ("tag: 1.2.3\n", "1.3", "tag: '1.3'\n"),
        ("tag: a\n", "yes", "tag: 'yes'\n"),
        ("tag: a\n", "it's: so", "tag: 'it''s: so'\n"),
        ("tag: a\n", "two\nlines", "tag: \"two\\nlines\"\n"),
        ("tag: 'a'\n", "it's", "tag: 'it''s'\n"),
        ("tag: 'a'\n", "bell\u{7}", "tag: \"bell\\x07\"\n"),
        ("tag: \"a\"\n", "say \"hi\" \\o/", "tag: \"say \\\"hi\\\" \\\\o/\"\n"),
        ("tag: \"é\" # ü\n", "ñ", "tag: \"ñ\" # ü\n"),
        ("tag: a\n", "a,b", "tag: a,b\n"),
        ("{tag: a, x: y}\n", "a,b", "{tag: 'a,b', x: y}\n"),
        ("tag: one\n  two # c\n", "three", "tag: three # c\n"),
        ("tag: \"one\n  two\" # c\n", "three", "tag: \"three\" # c\n"),
        ("tag:\nx: y\n", "v", "tag: v\nx: y\n"),
        ("tag: # none yet\nx: y\n", "v", "tag: v # none yet\nx: y\n"),
        ("{tag: , x: y}\n", "v", "{tag: v , x: y}\n"),
        ("tag: ~\n", "", "tag: ''\n"),
        ("tag: &a v\nx: 1\n", "w", "tag: &a w\nx: 1\n"),
        ("\u{feff}tag: a\n", "b", "\u{feff}tag: b\n"),
        ("tag: a", "b", "tag: b"),
    ];
    for (source, new, expected) in table {
        assert_eq!(edited(source, &["tag"], new).unwrap(), expected, "{source:?} to {new:?}");
    }
}

#[test]
fn items_and_nested_values_are_reached_by_path() {
    let source = "spec:\n- image: a:1\n-\n- image: 'b:1'\n";
    let expected = "spec:\n- image: a:1\n-\n- image: 'b:2'\n";
    assert_eq!(edited(source, &["spec", "2", "image"], "b:2").unwrap(), expected);
    assert_eq!(edited("a:\n-  # none\n- b\n", &["a", "0"], "x").unwrap(), "a:\n- x  # none\n- b\n");
    let expected = "spec:\n- image: a:1\n- x\n- image: 'b:1'\n";
    assert_eq!(edited(source, &["spec", "1"], "x").unwrap(), expected);
}

#[test]
fn what_cannot_be_edited_in_place_is_refused() {
    let table = [
        ("tag: |\n  a\n", EditError::BlockScalar { line: 1 }),
        ("tag: >-\n  a\n", EditError::BlockScalar { line: 1 }),
        ("tag: [a]\n", EditError::Collection { line: 1 }),
        ("tag:\n  a: b\n", EditError::Collection { line: 2 }),
        ("a: &x v\ntag: *x\n", EditError::Shared { line: 1 }),
        ("a: &x {tag: v}\n<<: *x\n", EditError::Shared { line: 1 }),
        ("tag: &x v\na: *x\n", EditError::Shared { line: 1 }),
        ("tag: !!str v\n", EditError::Tagged { line: 1 }),
        ("tag: &x\n", EditError::Nothing { line: 1 }),
        ("{tag}\n", EditError::Nothing { line: 1 }),
    ];
    for (source, expected) in table {
        assert_eq!(edited(source, &["tag"], "b"), Err(expected), "{source:?}");
    }
}

#[test]
fn a_range_becomes_an_exact_version() {
    let source = "  ref:\n    semver: 0.0.x   # range\n    \"digest\": 'x'\n";
    let root = root(source);
    let entry = root.at(&["ref"]).unwrap().entry("semver").unwrap();
    let edits = set_entry(source.as_bytes(), entry, "tag", "0.0.8").unwrap();
    assert_eq!(edits.len(), 2);
    let result = replace_checked(source.as_bytes(), &edits).unwrap();
    assert_eq!(result, b"  ref:\n    tag: 0.0.8   # range\n    \"digest\": 'x'\n");

    let unchanged = set_entry(source.as_bytes(), entry, "semver", "0.0.x").unwrap();
    assert_eq!(unchanged, []);
    let clash = set_entry(source.as_bytes(), entry, "digest", "x").unwrap();
    let refused = replace_checked(source.as_bytes(), &clash);
    assert!(matches!(refused, Err(EditError::After(_))), "{refused:?}");
}

#[test]
fn edits_outside_one_value_are_refused() {
    let source = b"a: one two\nb: [x, y]\nc: 1\n";
    let edit = |range: std::ops::Range<usize>, new: &str| [Edit { range, new: new.into() }];
    let table = [
        (edit(3..6, "three"), EditError::Elsewhere { line: 1 }),
        (edit(3..10, "three #"), EditError::Elsewhere { line: 1 }),
        (edit(3..10, "[three]"), EditError::Elsewhere { line: 1 }),
        (edit(3..10, "three\nd: 1"), EditError::Elsewhere { line: 1 }),
        (edit(3..10, "&x three"), EditError::Elsewhere { line: 1 }),
        (edit(14..20, "z"), EditError::Elsewhere { line: 2 }),
        (edit(15..16, "x, z"), EditError::Elsewhere { line: 2 }),
        (edit(10..10, " # note"), EditError::NotAValue { range: 10..10 }),
    ];
    for (edits, expected) in table {
        assert_eq!(replace_checked(source, &edits), Err(expected), "{edits:?}");
    }
}

#[test]
fn edits_must_be_in_order_and_within_the_source() {
    let edit = |range: std::ops::Range<usize>| Edit { range, new: "x".into() };
    assert_eq!(apply(b"abc", &[edit(0..1), edit(2..3)]).unwrap(), b"xbx");
    assert_eq!(apply(b"abc", &[edit(1..1)]).unwrap(), b"axbc");
    assert_eq!(apply(b"abc", &[edit(1..3), edit(0..1)]), Err(EditError::Overlap { at: 0 }));
    assert_eq!(apply(b"abc", &[edit(1..1), edit(1..1)]), Err(EditError::Overlap { at: 1 }));
    let beyond = EditError::OutOfBounds { range: 2..4, length: 3 };
    assert_eq!(apply(b"abc", &[edit(2..4)]), Err(beyond));
}

#[test]
fn a_node_of_another_source_is_refused() {
    let root = root("tag: 'long text'\n");
    let node = root.get("tag").unwrap();
    assert_eq!(set_scalar(b"tag: v\n", node, "w"), Err(EditError::Stale { line: 1 }));
    assert_eq!(set_scalar(b"tag: long text and\n", node, "w"), Err(EditError::Stale { line: 1 }));
}
