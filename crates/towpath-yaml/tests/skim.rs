//! What is skimmed is what the parser reads, or nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use towpath_yaml::{LEVELS, Node, Skimmed, Style, parse, skim};

/// Fails where a source is skimmed and the parser refuses it, or reads something else. Whether it was skimmed.
fn agrees(source: &str) -> bool {
    let Some(skimmed) = skim(source.as_bytes()) else { return false };
    let parsed = parse(source.as_bytes());
    let parsed = parsed.unwrap_or_else(|error| panic!("{error} in what is skimmed: {source:?}"));
    let roots: Vec<&Node> = parsed.iter().map(|document| &document.root).collect();
    assert_eq!(roots.len(), skimmed.len(), "{source:?}");
    for (root, document) in roots.into_iter().zip(&skimmed) {
        assert_eq!((root.span.line, root.span.column), (document.line, 1), "{source:?}");
        same(root, document, &mut Vec::new(), source);
    }
    true
}

fn same<'n>(node: &'n Node, document: &Skimmed<'_>, path: &mut Vec<&'n str>, source: &str) {
    for entry in node.as_map().into_iter().flatten() {
        path.push(&entry.key.text);
        assert!(document.has(path), "{path:?} in {source:?}");
        let is_block = matches!(entry.value.style, Style::Literal | Style::Folded);
        assert_eq!(document.is_block(path), is_block, "{path:?} in {source:?}");
        let text = entry.value.as_str().filter(|_| !is_block);
        assert_eq!(document.text(path), text, "{path:?} in {source:?}");
        if path.len() < LEVELS {
            same(&entry.value, document, path, source);
        }
        path.pop();
    }
    path.push("absent");
    assert!(!document.has(path), "{path:?} in {source:?}");
    path.pop();
}

const MANIFEST: &str = "\
# What a platform has.
---
apiVersion: apps/v1 # served
kind: Deployment
metadata:
  name: web
  labels: {app: web, \"tier\": front}
  annotations:
    note: |
      first

        second # no comment
spec:
  replicas: 3
  template:
    spec:
      containers:
      - name: web
        image: \"registry.example.com/web:1.2.3\"
        args: [--port, '80', -v]
        command:
          - /bin/sh
          - -c
          - >-
            echo
        resources:
          requests: {cpu: 100m, memory: 64Mi}
      # nothing else
      volumes: []
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, labels: {app: web}}
data:
  empty:
  a.properties: 'a: b'
";

#[test]
fn a_plain_manifest_is_skimmed() {
    let plain = MANIFEST.replace("\"tier\"", "tier").replace("[--port, '80', -v]", "[a, '80']");
    assert!(agrees(&plain));
    let documents = skim(plain.as_bytes()).unwrap();
    assert_eq!(documents[0].text(&["metadata", "labels", "app"]), Some("web"));
    assert_eq!(documents[0].text(&["spec", "replicas"]), None);
    assert!(documents[0].is_block(&["metadata", "annotations", "note"]));
    assert_eq!(documents[1].line, 31);
    assert_eq!(documents[1].text(&["data", "a.properties"]), Some("a: b"));
}

#[test]
fn what_only_a_parser_can_tell_is_left_to_it() {
    for source in [
        "a: 1\na: 2\n",
        "a: {b: 1, b: 2}\n",
        "a: &b 1\n",
        "a: *b\n",
        "a: !!str 1\n",
        "a:\tb\n",
        "a: b\r\n",
        "a: b: c\n",
        "a: 'it''s'\n",
        "a: \"\\n\"\n",
        "a: \"b\n",
        "a: b\n  c\n",
        "a: |2\n   b\n",
        "a: |\n    b\n  c\n",
        "a: |\n \n  b\n",
        "a: [b,\n  c]\n",
        "a:\n    b: 1\n  c: 2\n",
        "a:\n  - b\n c: 1\n",
        "<<: {a: 1}\n",
        "yes: 1\n",
        "null: 1\n",
        "? a\n",
        "- a\n",
        "{a: 1}\n",
        "text\n",
        "--- a\n",
        "a: 1\n...\n",
        "%YAML 1.1\n---\na: 1\n",
        "a: \u{e9}\n",
        "a: b\n- c\n",
        "a: - b\n",
        "a: b #c\n  d\n",
    ] {
        assert!(!agrees(source), "{source:?}");
    }
    let deep: String = (0..200).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    assert!(!agrees(&deep));
}

/// Pieces of sources, plain ones first.
const PIECES: [&str; 60] = [
    "a", "b", "c:", "d: ", "e: f", "\n", "\n", "\n", "\n  ", "\n  ", "\n    ", "- ", "- ", "-",
    ": ", " ", "  ", "|\n", "|-\n", ">+\n", "\n---\n", "---", "# g", " # h", "'i'", "\"j\"", "{",
    "}", "[", "]", ", ", ",", "{k: l}", "[m, n]", "{}", "[]", "1", "1.5", "yes", "null", "~", "''",
    "\"\"", ":", "#", "'", "\"", "|", ">", "?", "...", "--", "-o", "/p", "$(q)", "r:s", "=", "<<",
    "!", "%",
];

/// Sources of lines that could each stand in a manifest, at any indentation.
fn lines() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec!["a", "b", "metadata", "app.kubernetes.io/name", "on"]);
    let value = prop::sample::select(vec![
        "",
        "",
        "",
        " x",
        " x",
        " 1",
        " 'y'",
        " \"z\"",
        " {a: b}",
        " [a, b]",
        " |",
        " >-",
        " # c",
        " x # c",
        " |\n        text\n\n          more",
        " -x",
        " --",
        " x: y",
        " {a: {b: c}, d: [e, {f: g}]}",
        " {}  # c",
        " ---",
        " x ",
        "  ",
        " ...",
        " .",
        " -",
        " - x",
        " ''",
        " ~",
    ]);
    let start = prop::sample::select(vec!["", "", "", "", "- ", "- ", "-   ", "- - ", "# "]);
    let line = (0..5_usize, start, key, value, 0..12_u8);
    prop::collection::vec(line, 0..10).prop_map(|lines| {
        let mut out = String::new();
        let mut indent = 0_usize;
        for (change, start, key, value, shape) in lines {
            indent = match change {
                0 => indent + 2,
                1 => indent.saturating_sub(2),
                2 => indent.saturating_sub(4),
                _ => indent,
            };
            let lead = " ".repeat(indent);
            out += &match shape {
                0 => "---\n".to_owned(),
                1 => "\n".to_owned(),
                2 => format!("{lead}{start}{}\n", value.trim_start()),
                3 => format!("{lead}{key}{value}\n"),
                4 => format!("{lead} {start}{key}:{value}\n"),
                _ => format!("{lead}{start}{key}:{value}\n"),
            };
            if start.starts_with('-') && change > 2 {
                indent += start.len();
            }
        }
        out
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn what_is_skimmed_of_any_lines_is_what_is_parsed(source in lines()) {
        agrees(&source);
    }

    #[test]
    fn what_is_skimmed_of_any_pieces_is_what_is_parsed(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..16),
    ) {
        agrees(&pieces.concat());
    }

    #[test]
    fn what_is_skimmed_of_a_changed_manifest_is_what_is_parsed(
        at in 0..MANIFEST.len(),
        taken in 0..6_usize,
        piece in prop::sample::select(&PIECES[..]),
    ) {
        let mut source = MANIFEST.replace("\"tier\"", "tier").replace("[--port, '80', -v]", "[a, '80']");
        let at = at.min(source.len());
        let end = (at + taken).min(source.len());
        source.replace_range(at..end, piece);
        agrees(&source);
    }
}
