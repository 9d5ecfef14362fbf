//! Laws that hold for every source: parsing never panics, quoting round-trips, edits stay local.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use towpath_yaml::{
    Entry, Limits, Node, Reading, Style, Value, parse, parse_with, quote, replace_checked,
    set_entry, set_scalar, write,
};

/// Text that is likely to be misread.
fn tricky() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[-+.0-9_:eExXob]{1,8}",
        "[ -~]{0,12}",
        "[ #:,?\\[\\]{}&*!|>'\"%@`\\\\\t\n-]{0,6}",
        prop::sample::select(vec![
            "yes",
            "No",
            "~",
            "null",
            "<<",
            "=",
            "---",
            "...",
            "1.10",
            "0777",
            "1_000",
            "2026-11-21",
            "1:30",
            "é: ü",
            "- a",
            "a: b",
            "a #b",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "",
            " ",
            "🚢",
            ".inf",
            "0x1F",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ]
}

/// A document written by hand, as it were: any style, comments and line endings.
fn document() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        4 => tricky().prop_map(|text| quote(&text).into_owned()),
        1 => "[a-z0-9.]{1,6}",
        1 => Just("''".to_owned()),
        1 => Just("\"d\u{e9}\\n\"".to_owned()),
        1 => Just(String::new()),
        1 => Just("\"two\n         lines\"".to_owned()),
        1 => Just("two\n         lines".to_owned()),
    ];
    let comment = prop::sample::select(vec!["", "", " # c", "   # \u{fc} | 'x", "  "]);
    let line = (scalar, comment, 0..8_u8);
    prop::collection::vec(line, 1..12).prop_map(|lines| {
        let mut out = String::from("# first\n");
        for (i, (scalar, comment, shape)) in lines.into_iter().enumerate() {
            let flow = if scalar.contains('\n') || scalar.is_empty() { "'x'" } else { &scalar };
            out += &match shape {
                0 => format!("k{i}: {scalar}{comment}\n"),
                1 => format!("k{i}:\n  - a: {scalar}{comment}\n    b: 1\n  - c{comment}\n"),
                2 => format!("k{i}:\n- {scalar}{comment}\n-{comment}\n"),
                3 => format!("k{i}: {{ a: {flow}, 'b': [{flow} , 1]}}{comment}\n"),
                4 => format!("'k{i}' : |\n  text # no\n\nl{i}: {scalar}{comment}\n"),
                5 => format!("k{i}: &a{i} {scalar}{comment}\nl{i}: *a{i}\n"),
                6 => format!("k{i}:\n  l: &m{i} {{x: 1, z: {flow}}}\nm{i}: {{<<: *m{i}, x: 2}}\n"),
                _ => format!("\"k{i}\":{comment}\n    l:   {scalar}{comment}\n\n"),
            };
        }
        out
    })
}

fn entries<'n>(node: &'n Node, found: &mut Vec<&'n Entry>) {
    match &node.value {
        Value::Seq(items) => items.iter().for_each(|item| entries(item, found)),
        Value::Map(mapping) => mapping.iter().for_each(|entry| {
            found.push(entry);
            entries(&entry.value, found);
        }),
        _ => {}
    }
}

/// The tree as it is meant, without places.
fn meaning(node: &Node) -> String {
    format!("{}", node.to_json())
}

/// Any value that JSON can hold, of text that is likely to be misread.
fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        4 => tricky().prop_map(serde_json::Value::from),
        1 => "([a-z]{1,9}  ?){0,30}".prop_map(serde_json::Value::from),
        1 => "([ a-z#-]{0,4}\n){0,4}[ a]{0,2}".prop_map(serde_json::Value::from),
        1 => any::<i64>().prop_map(serde_json::Value::from),
        1 => any::<f64>().prop_map(serde_json::Value::from),
        1 => any::<bool>().prop_map(serde_json::Value::from),
        1 => Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::vec((tricky(), inner), 0..4)
                .prop_map(|pairs| serde_json::Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// The value as it is after Go's JSON: a float without a fraction is a whole number.
fn as_go(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Json::Array(list) => list.iter().map(as_go).collect(),
        Json::Object(map) => map.iter().map(|(key, value)| (key.clone(), as_go(value))).collect(),
        Json::Number(number) if number.is_f64() => {
            parse(write(value).as_bytes()).unwrap()[0].root.to_json()
        }
        other => other.clone(),
    }
}

/// What go-yaml writes as it is, and our reader refuses to guess at.
fn is_ambiguous(text: &str) -> bool {
    text.contains(['\u{2028}', '\u{2029}']) || text.contains("<<")
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(error) = parse(&bytes) {
            let _shown = error.report("a", &bytes);
        }
    }

    #[test]
    fn any_yaml_like_text_is_read_or_refused(text in "[ \ta-c0-1:,?\\[\\]{}&*!|>'\"%#<\\\\\n\ré-]{0,60}") {
        if let Err(error) = parse(text.as_bytes()) {
            prop_assert!(error.span().end <= text.len());
            let _shown = error.report("a", text.as_bytes());
        }
    }

    #[test]
    fn quoting_round_trips(text in tricky()) {
        let quoted = quote(&text);
        for source in [
            quoted.to_string(),
            format!("k: {quoted} # c\n"),
            format!("{quoted}: v\n"),
            format!("- {quoted}\n"),
            format!("[{quoted}, {quoted}]\n"),
            format!("{{{quoted}: {quoted}}}\n"),
        ] {
            if text.chars().count() > 500 && source.contains(": v") {
                continue;
            }
            let read = parse(source.as_bytes());
            prop_assert!(read.is_ok(), "{source:?}: {read:?}");
            let root = read.unwrap().remove(0).root;
            let strings: Vec<&str> = match &root.value {
                Value::String(found) => vec![found],
                Value::Seq(items) => items.iter().filter_map(Node::as_str).collect(),
                Value::Map(mapping) => mapping
                    .iter()
                    .flat_map(|entry| [Some(entry.key.text.as_str()), entry.value.as_str()])
                    .flatten()
                    .filter(|found| !["k", "v"].contains(found))
                    .collect(),
                _ => vec![],
            };
            let plain_key_or_value = ["k", "v"].contains(&text.as_str());
            prop_assert!(plain_key_or_value || !strings.is_empty(), "{source:?}");
            prop_assert!(strings.iter().all(|found| *found == text), "{source:?}: {strings:?}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_by_either_reading(value in json()) {
        let text = write(&value);
        for reading in [Reading::GoYaml2, Reading::GoYaml3] {
            let limits = Limits { reading, ..Limits::default() };
            match parse_with(text.as_bytes(), &limits) {
                Ok(_) if is_ambiguous(&text) => {}
                Ok(read) => prop_assert_eq!(read[0].root.to_json(), as_go(&value), "{}", text),
                Err(error) => {
                    prop_assert!(is_ambiguous(&text), "{}", error.report("a", text.as_bytes()));
                }
            }
        }
    }

    #[test]
    fn an_edit_changes_one_value_and_no_other_byte(
        source in document(),
        crlf in any::<bool>(),
        bom in any::<bool>(),
        pick in any::<prop::sample::Index>(),
        rename in any::<bool>(),
        new in tricky(),
    ) {
        let source = if crlf { source.replace('\n', "\r\n") } else { source };
        let source = if bom { format!("\u{feff}{source}") } else { source };
        let read = parse(source.as_bytes());
        prop_assert!(read.is_ok(), "{source}\n{}", read.unwrap_err().report("a", source.as_bytes()));
        let root = read.unwrap().remove(0).root;
        let mut all = Vec::new();
        entries(&root, &mut all);
        let entry = all[pick.index(all.len())];
        let key = if rename { "renamed" } else { entry.key.text.as_str() };
        let edits = if rename {
            set_entry(source.as_bytes(), entry, key, &new)
        } else {
            set_scalar(source.as_bytes(), &entry.value, &new).map(|edit| vec![edit])
        };
        let Ok(edits) = edits else {
            let may_refuse = entry.value.aliased
                || entry.value.anchored
                || entry.value.text().is_none()
                || matches!(entry.value.style, Style::Literal | Style::Folded | Style::Empty);
            prop_assert!(may_refuse, "{source}\n{entry:?}: {edits:?}");
            return Ok(());
        };
        let result = match replace_checked(source.as_bytes(), &edits) {
            Ok(result) => result,
            Err(error) => {
                prop_assert!(source.contains('&'), "{source}\n{edits:?}: {error:?}");
                return Ok(());
            }
        };
        // Outside the edits every byte is the same.
        let (mut old, mut fresh) = (source.as_bytes(), result.as_slice());
        let mut at = 0;
        for edit in &edits {
            let kept = edit.range.start - at;
            prop_assert_eq!(&old[..kept], &fresh[..kept]);
            prop_assert_eq!(&fresh[kept..kept + edit.new.len()], edit.new.as_bytes());
            old = &old[kept + edit.range.len()..];
            fresh = &fresh[kept + edit.new.len()..];
            at = edit.range.end;
        }
        prop_assert_eq!(old, fresh);
        // The tree differs in that entry alone.
        let changed = parse(&result).unwrap().remove(0).root;
        let mut after = Vec::new();
        entries(&changed, &mut after);
        prop_assert_eq!(all.len(), after.len());
        for (before, after) in all.iter().zip(&after) {
            if std::ptr::eq(*before, entry) {
                prop_assert_eq!(after.key.text.as_str(), key);
                prop_assert_eq!(after.value.as_str(), Some(new.as_str()));
                let quotes = [Style::SingleQuoted, Style::DoubleQuoted];
                if before.value.style == Style::DoubleQuoted {
                    prop_assert_eq!(after.value.style, Style::DoubleQuoted);
                }
                if before.value.style == Style::SingleQuoted {
                    prop_assert!(quotes.contains(&after.value.style));
                }
            } else if before.value.text().is_some() {
                prop_assert_eq!(&before.key.text, &after.key.text);
                prop_assert_eq!(meaning(&before.value), meaning(&after.value));
            }
        }
    }
}
