//! What a Kubernetes reader sees, and where it stands.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value as Json, json};
use towpath_yaml::{Duplicates, Limits, Node, Reading, Style, Value, parse, parse_with};

fn documents(source: &str) -> Vec<Node> {
    match parse(source.as_bytes()) {
        Ok(documents) => documents.into_iter().map(|document| document.root).collect(),
        Err(error) => panic!("{}", error.report("test.yaml", source.as_bytes())),
    }
}

fn root(source: &str) -> Node {
    documents(source).remove(0)
}

fn json(source: &str) -> Json {
    root(source).to_json()
}

#[test]
fn plain_scalars_follow_go_yaml_v2() {
    let truths = ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"];
    let lies = ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"];
    truths.iter().for_each(|text| assert_eq!(json(text), json!(true), "{text}"));
    lies.iter().for_each(|text| assert_eq!(json(text), json!(false), "{text}"));
    for text in ["~", "null", "Null", "NULL"] {
        assert_eq!(json(text), Json::Null, "{text}");
    }
    let numbers = [
        ("0", json!(0)),
        ("-0", json!(0)),
        ("+12", json!(12)),
        ("0777", json!(511)),
        ("-0777", json!(-511)),
        ("0o17", json!(15)),
        ("0O17", json!(15)),
        ("0x1F", json!(31)),
        ("0b1", json!(1)),
        ("-0b11", json!(-3)),
        ("1_000", json!(1000)),
        ("0_7", json!(7)),
        ("08", json!(8)),
        ("1e3", json!(1000)),
        ("1E-1", json!(0.1)),
        (".5", json!(0.5)),
        ("+.5", json!(0.5)),
        ("1.", json!(1)),
        ("1.10", json!(1.1)),
        ("9223372036854775807", json!(i64::MAX)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("18446744073709551615", json!(u64::MAX)),
        ("18446744073709551616", json!(18446744073709551616.0)),
        ("0b-11", json!(-3)),
        (".5_0", json!(0.5)),
        (".nan", Json::Null),
        ("-.inf", Json::Null),
    ];
    for (text, expected) in numbers {
        assert_eq!(json(text), expected, "{text}");
    }
}

#[test]
fn what_looks_like_something_else_stays_a_string() {
    let texts = [
        "yEs",
        "tRue",
        "nULL",
        "oN",
        "1:30",
        "2026-11-21",
        "2026-11-21T10:00:00Z",
        "0x",
        "0x1_0000_0000_0000_0000",
        "0o-7",
        ".5_",
        ".5__0",
        "0xg",
        "0b2",
        "0o8",
        "1.2.3",
        "v1",
        "1e",
        "1e999",
        "._5",
        ".",
        "..",
        "+",
        "-",
        "_1",
        "1k",
        "100m",
        "=",
        "Nan",
        "nan",
        "inf",
        ".infinity",
        "0.0.x",
        "a#b",
        "a:b",
        "http://x",
        "-a",
        "?a",
        ":a",
        "10.0.0.0/8",
    ];
    for text in texts {
        if text == "-" {
            continue;
        }
        assert_eq!(json(text), json!(text), "{text}");
    }
    for text in ["'yes'", "\"1\"", "'null'", "''", "\"~\"", "|-\n  1", ">-\n  true"] {
        assert!(json(text).is_string(), "{text}");
    }
}

#[test]
fn explicit_tags_are_honoured() {
    let table = [
        ("!!str 1.10", json!("1.10")),
        ("!!str yes", json!("yes")),
        ("!!str", json!("")),
        ("!!int '3'", json!(3)),
        ("!!float 3", json!(3)),
        ("!!bool \"yes\"", json!(true)),
        ("!!null ''", Json::Null),
        ("!!timestamp 2026-11-21", json!("2026-11-21")),
        ("!<tag:yaml.org,2002:str> 5", json!("5")),
        ("!local 5", json!("5")),
        ("! 5", json!(5)),
        ("!!map {a: !!seq [1]}", json!({"a": [1]})),
        ("!local {a: 1}", json!({"a": 1})),
        ("!!str # why\n  5", json!("5")),
    ];
    for (source, expected) in table {
        assert_eq!(json(source), expected, "{source}");
    }
}

#[test]
fn keys_become_the_strings_that_json_holds() {
    let table = [
        ("8080: x", "8080"),
        ("0x10: x", "16"),
        ("yes: x", "true"),
        ("1.50: x", "1.5"),
        ("1e6: x", "1e+06"),
        ("100000.0: x", "100000"),
        ("0.00001: x", "1e-05"),
        (".inf: x", ".inf"),
        ("2026-11-21: x", "2026-11-21"),
        ("'8080': x", "8080"),
        ("? k\n: x", "k"),
        ("!!str 1: x", "1"),
        ("'<<': x", "<<"),
    ];
    for (source, key) in table {
        assert_eq!(json(source), json!({ key: "x" }), "{source}");
    }
}

#[test]
fn merge_keys_yield_to_own_keys_and_to_earlier_mappings() {
    let base = "a: &a {p: 1, q: 1}\nb: &b {q: 2, r: 2}\n";
    let table = [
        ("c: {<<: *a, p: 0}", json!({"p": 0, "q": 1})),
        ("c: {p: 0, <<: *a}", json!({"p": 0, "q": 1})),
        ("c: {<<: [*b, *a]}", json!({"q": 2, "r": 2, "p": 1})),
        ("c: {<<: [*a, {w: 3}], v: 4}", json!({"v": 4, "p": 1, "q": 1, "w": 3})),
        ("c:\n  <<: *a\n  <<: *b", json!({"p": 1, "q": 1, "r": 2})),
    ];
    for (source, expected) in table {
        let root = root(&format!("{base}{source}\n"));
        assert_eq!(root.get("c").unwrap().to_json(), expected, "{source}");
    }
    let root = root(&format!("{base}c: {{<<: *a, v: 1}}\n"));
    let aliased = |key: &str| root.at(&["c", key]).unwrap().aliased;
    assert!(aliased("p"));
    assert!(!aliased("v"));
    assert!(!root.at(&["a", "p"]).unwrap().aliased);
}

#[test]
fn aliases_repeat_the_last_anchor_of_the_name() {
    let root = root("a: &x 1\nb: *x\nc: &x [2]\nd: *x\n*x : no\n".split("*x :").next().unwrap());
    assert_eq!(root.to_json(), json!({"a": 1, "b": 1, "c": [2], "d": [2]}));
    assert!(root.at(&["d", "0"]).unwrap().aliased);
    assert_eq!(json("a: &k key\n*k : v\n"), json!({"a": "key", "key": "v"}));
}

#[test]
fn documents_without_content_are_left_out() {
    let table: [(&str, &[Json]); 9] = [
        ("", &[]),
        ("# only a comment\n", &[]),
        ("---\n---\n# x\n", &[]),
        ("---\na: 1\n---\n# none\n---\nb: 2\n...\n", &[json!({"a": 1}), json!({"b": 2})]),
        ("%YAML 1.2\n---\na: 1\n", &[json!({"a": 1})]),
        ("%YAML 1.1\n%TAG !e! tag:x,1:\n--- !e!t\na: 1\n", &[json!({"a": 1})]),
        ("--- null\n", &[Json::Null]),
        ("--- a\n--- |\n  b\n", &[json!("a"), json!("b\n")]),
        ("\u{feff}# c\n---\na: 1\n", &[json!({"a": 1})]),
    ];
    for (source, expected) in table {
        let found: Vec<Json> = documents(source).iter().map(Node::to_json).collect();
        assert_eq!(found, expected, "{source:?}");
    }
}

#[test]
fn spans_are_the_bytes_of_the_value_alone() {
    let table = [
        ("k: v", "v", Style::Plain),
        ("k: v # c", "v", Style::Plain),
        ("k:   'v'   \nj: 1", "'v'", Style::SingleQuoted),
        ("k: 'it''s' # c\nj: 1", "'it''s'", Style::SingleQuoted),
        ("k: \"a\\\"b\" \n\nj: 1", "\"a\\\"b\"", Style::DoubleQuoted),
        ("é: \"ü\" # ö\n", "\"ü\"", Style::DoubleQuoted),
        ("k: &a v", "v", Style::Plain),
        ("k: !!str v # c", "v", Style::Plain),
        ("k: !!str &a 'v'", "'v'", Style::SingleQuoted),
        ("k: &a # c\n  v # d\n", "v", Style::Plain),
        ("k: !<tag:a,b> v", "v", Style::Plain),
        ("k: one\n  two\n\n# c\n", "one\n  two", Style::Plain),
        ("k: one\r\n  two\r\n", "one\r\n  two", Style::Plain),
        ("k: \"one\n  two\" ", "\"one\n  two\"", Style::DoubleQuoted),
        ("k: | # c | d\n  a\n  b\n\nj: 1\n", "| # c | d\n  a\n  b\n\n", Style::Literal),
        ("k:\n  |+\n   a\n", "|+\n   a\n", Style::Literal),
        ("k: &a >-\n  a\nj: 1", ">-\n  a\n", Style::Folded),
        ("k:\n  j: |\n    a\n  l: 1\n", "j: |\n    a\n  l: 1", Style::Block),
        ("k:", "", Style::Empty),
        ("k: # c\nj: 1", "", Style::Empty),
        ("k: &a\nj: 1", "", Style::Empty),
        ("k:\n- a\n- b # c\nj: 1", "- a\n- b", Style::Block),
        ("k:\n  a: b\n  c:\nj: 1", "a: b\n  c:", Style::Block),
        ("k: [a, {b: c}] # c", "[a, {b: c}]", Style::Flow),
        ("k: &a [b]", "[b]", Style::Flow),
        ("k: &a\n  b: c\n", "b: c", Style::Block),
        ("k:\n-   - a\n    - b", "-   - a\n    - b", Style::Block),
        ("k: &a\n- b", "- b", Style::Block),
        ("k:\n  - - b", "- - b", Style::Block),
        ("- - b", "- b", Style::Block),
        ("- [a: [b], -: []]", "[a: [b], -: []]", Style::Flow),
        ("k: {a: b, # c\n }", "{a: b, # c\n }", Style::Flow),
        ("k: [a, ] # c", "[a, ]", Style::Flow),
        ("k: {}", "{}", Style::Flow),
        ("{k: v, j: w}", "v", Style::Plain),
        ("{\"k\":\"v\"}", "\"v\"", Style::DoubleQuoted),
    ];
    for (source, token, style) in table {
        let root = root(source);
        let node = match &root.value {
            Value::Seq(items) => &items[0],
            _ => &root.as_map().unwrap().entries()[0].value,
        };
        assert_eq!(&source[node.span.range()], token, "{source:?}");
        assert_eq!(node.style, style, "{source:?}");
    }
}

#[test]
fn lines_and_columns_count_characters_from_one() {
    let table = [
        ("\u{feff}é: v", 1, 4),
        ("# ü\r\nk: v", 2, 4),
        ("# c\rk: v", 2, 4),
        ("k: !!str\n  &a  v", 2, 7),
        ("---\n\n- k: v", 3, 6),
        ("k:\n\n  # c\n  v", 4, 3),
        ("日: {本: v}", 1, 8),
        ("%ODD \u{449}\u{449} x\n---\n\u{449}: v", 3, 4),
    ];
    for (source, line, column) in table {
        let mut node = &root(source);
        while let Some(inner) = match &node.value {
            Value::Map(mapping) => Some(&mapping.entries()[0].value),
            Value::Seq(items) => items.first(),
            _ => None,
        } {
            node = inner;
        }
        assert_eq!((node.span.line, node.span.column), (line, column), "{source:?}");
        assert_eq!(node.text(), Some("v"), "{source:?}");
    }
}

#[test]
fn text_is_the_scalar_as_written() {
    let root = root("a: 1.10\nb: 'x'\nc: ~\nd:\ne: 0o7\nf: Yes\ng: [1]\n");
    let text = |key: &str| root.get(key).unwrap().text();
    assert_eq!(text("a"), Some("1.10"));
    assert_eq!(text("b"), Some("x"));
    assert_eq!(text("c"), Some("~"));
    assert_eq!(text("d"), Some(""));
    assert_eq!(text("e"), Some("0o7"));
    assert_eq!(text("f"), Some("Yes"));
    assert_eq!(text("g"), None);
}

#[test]
fn large_mappings_find_every_key_in_order() {
    let source: String = (0..1000).map(|i| format!("k{}: {i}\n", (i * 7) % 1000)).collect();
    let root = root(&source);
    let mapping = root.as_map().unwrap();
    for i in 0..1000 {
        assert_eq!(root.get(&format!("k{}", (i * 7) % 1000)).unwrap().as_i64(), Some(i));
    }
    assert!(mapping.get("k1000").is_none());
    let keys: Vec<&str> = mapping.iter().take(3).map(|entry| entry.key.text.as_str()).collect();
    assert_eq!(keys, ["k0", "k7", "k14"]);
}

#[test]
fn a_scalar_of_a_megabyte_is_fine() {
    let long = "x".repeat(1 << 20);
    assert_eq!(json(&format!("a: {long}\nb: \"{long}\"\n"))["b"], json!(long));
}

#[test]
fn tabs_are_fine_where_they_do_not_indent() {
    let table = [
        ("a:\t'b'", json!({"a": "b"})),
        ("a: \tb", json!({"a": "b"})),
        ("a: b\t# c", json!({"a": "b"})),
        ("a: [\n \tb,\n \tc\n ]", json!({"a": ["b", "c"]})),
        ("a: 'b\n \tc'", json!({"a": "b c"})),
        ("a: |\n  \tb\n", json!({"a": "\tb\n"})),
        ("a: b\tc", json!({"a": "b\tc"})),
        ("a: b\n  \tc", json!({"a": "b c"})),
        ("- &x\tb", json!(["b"])),
    ];
    for (source, expected) in table {
        assert_eq!(json(source), expected, "{source:?}");
    }
}

/// Each row was asked of Kustomize 5.8.1.
#[test]
fn scalars_as_kustomize_reads_them() {
    let limits = Limits { reading: Reading::GoYaml3, ..Limits::default() };
    let table = [
        ("yes", json!("yes"), Some("yes")),
        ("off", json!("off"), Some("off")),
        ("y", json!("y"), Some("y")),
        ("TRUE", json!(true), None),
        ("False", json!(false), None),
        ("~", Json::Null, None),
        ("0777", json!(511), Some("511")),
        ("0o17", json!(15), Some("15")),
        ("0o-7", json!(-7), Some("-7")),
        ("0b-1", json!(-1), Some("-1")),
        ("1_000", json!(1000), Some("1000")),
        ("0x_1F", json!(31), Some("31")),
        ("0x10000000000000000", json!("0x10000000000000000"), Some("0x10000000000000000")),
        ("18446744073709551615", json!(u64::MAX), Some("18446744073709551615")),
        ("1e3", json!(1000), None),
        ("1.0", json!(1), None),
        ("08", json!(8), None),
        (".5_0", json!(0.5), None),
        ("1:30", json!("1:30"), Some("1:30")),
        ("2026-11-21", json!("2026-11-21T00:00:00Z"), Some("2026-11-21T00:00:00Z")),
        ("2026-13-40", json!("2026-13-40"), Some("2026-13-40")),
        ("!!timestamp 2026-1-2", json!("2026-01-02T00:00:00Z"), Some("2026-01-02T00:00:00Z")),
        ("!!binary aGVsbG8=", json!("hello"), Some("hello")),
        ("!!str yes", json!("yes"), Some("yes")),
        ("!!float 3", json!(3), None),
        ("!local 5", json!("5"), Some("5")),
        ("=", json!("="), Some("=")),
    ];
    for (text, value, key) in table {
        let source = format!("v: {text}\n");
        let read = parse_with(source.as_bytes(), &limits).unwrap().remove(0).root;
        assert_eq!(read.to_json(), json!({"v": value}), "{text}");
        let source = format!("{text}: v\n");
        let read = parse_with(source.as_bytes(), &limits);
        let found = read.ok().map(|documents| documents[0].root.to_json());
        assert_eq!(found, key.map(|key| json!({key: "v"})), "{text} as a key");
    }
    let source = b"a: 2026-11-21\nb: !!binary aGVsbG8=\nc: yes\n";
    let read = parse_with(source, &limits).unwrap().remove(0).root;
    let written = ["a", "b", "c"].map(|key| read.get(key).unwrap().text().unwrap());
    assert_eq!(written, ["2026-11-21", "aGVsbG8=", "yes"]);
    let refused = parse_with(b"a: !!bool yes\n", &limits);
    assert!(refused.is_err(), "{refused:?}");
}

#[test]
fn of_two_equal_keys_the_last_can_be_made_to_count() {
    let limits = Limits { duplicates: Duplicates::LastWins, ..Limits::default() };
    let source = b"a: 1\nb: &x {c: 1, c: 2}\na: {d: 3}\ne: {<<: *x, f: 4}\n";
    assert!(parse(source).is_err());
    let read = parse_with(source, &limits).unwrap().remove(0).root;
    let text = serde_json::to_string(&read.to_json()).unwrap();
    assert_eq!(text, r#"{"a":{"d":3},"b":{"c":2},"e":{"f":4,"c":2}}"#);
}
