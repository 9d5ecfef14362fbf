//! Any bytes are read or refused with a place inside them, and every value stands where it says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_yaml::{Node, Style, Value, parse};

fuzz_target!(|source: &[u8]| {
    match parse(source) {
        Ok(documents) => documents.iter().for_each(|document| check(&document.root, source)),
        Err(error) => {
            assert!(error.span().start <= error.span().end);
            assert!(error.span().end <= source.len());
            let _shown = error.report("fuzz.yaml", source);
        }
    }
});

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
            assert!(token.contains(['\n', '\r']) || node.text() == Some(token), "{token:?}");
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
