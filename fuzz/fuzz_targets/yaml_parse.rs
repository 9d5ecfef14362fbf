//! Any bytes are read or refused with a place inside them, by either reading; every value stands
//! where it says, and what is written of it is read back as the same. What is skimmed is what is read.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_yaml::{Limits, Node, Reading, Style, Value, parse, parse_with, skim, write};

fuzz_target!(|source: &[u8]| {
    if let Some(skimmed) = skim(source) {
        let parsed = parse(source).expect("what is skimmed is YAML");
        assert_eq!(parsed.len(), skimmed.len());
        for (document, skimmed) in parsed.iter().zip(&skimmed) {
            for entry in document.root.as_map().expect("a mapping") {
                let path = [entry.key.text.as_str()];
                let text = entry.value.as_str().filter(|_| !skimmed.is_block(&path));
                assert!(skimmed.has(&path) && skimmed.text(&path) == text);
            }
        }
    }
    for reading in [Reading::GoYaml2, Reading::GoYaml3] {
        let limits = Limits { reading, ..Limits::default() };
        match parse_with(source, &limits) {
            Ok(documents) => documents.iter().for_each(|document| {
                check(&document.root, source);
                check_writing(&document.root.to_json(), &limits);
            }),
            Err(error) => {
                assert!(error.span().start <= error.span().end);
                assert!(error.span().end <= source.len());
                let _shown = error.report("fuzz.yaml", source);
            }
        }
    }
});

/// Go's JSON makes whole numbers of floats, so it is the second writing that must be like the first.
fn check_writing(value: &serde_json::Value, limits: &Limits) {
    let text = write(value);
    // What go-yaml writes as it is, and our reader refuses to guess at.
    if text.contains(['\u{2028}', '\u{2029}']) || text.contains("<<") {
        return;
    }
    let read = parse_with(text.as_bytes(), limits).expect("what was written is YAML");
    let again = read.first().map(|document| write(&document.root.to_json()));
    assert_eq!(again.as_deref(), Some(text.as_str()));
}

fn check(node: &Node, source: &[u8]) {
    let token = &source[node.span.range()];
    let token = std::str::from_utf8(token).expect("spans lie between characters");
    let quoted = |quote| token.len() >= 2 && token.starts_with(quote) && token.ends_with(quote);
    match node.style {
        Style::SingleQuoted => assert!(quoted('\''), "{token:?}"),
        Style::DoubleQuoted => assert!(quoted('"'), "{token:?}"),
        Style::Literal => assert!(token.starts_with('|'), "{token:?}"),
        Style::Folded => assert!(token.starts_with('>'), "{token:?}"),
        Style::Empty => assert!(token.is_empty(), "{token:?}"),
        Style::Plain => {
            assert!(token.contains(['\n', '\r']) || node.tagged || node.text() == Some(token), "{token:?}");
        }
        Style::Flow => assert!(token.ends_with([']', '}']), "{token:?}"),
        Style::Block => {}
    }
    match &node.value {
        Value::Seq(items) => items.iter().for_each(|item| check(item, source)),
        Value::Map(mapping) => mapping.iter().for_each(|entry| {
            assert!(std::str::from_utf8(&source[entry.key.span.range()]).is_ok());
            check(&entry.value, source);
        }),
        _ => {}
    }
}
