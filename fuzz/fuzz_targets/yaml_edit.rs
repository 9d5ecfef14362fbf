//! An edit that is accepted reads back as the text it was given.
//!
//! Input: the new text, a zero byte, and the source; the length of the text picks the entry.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_yaml::{Entry, Node, Value, parse, replace_checked, set_scalar};

fuzz_target!(|input: &[u8]| {
    let Some(zero) = input.iter().position(|b| *b == 0) else { return };
    let (Ok(new), source) = (std::str::from_utf8(&input[..zero]), &input[zero + 1..]) else {
        return;
    };
    let Ok(documents) = parse(source) else { return };
    let Some(document) = documents.first() else { return };
    let mut all = Vec::new();
    entries(&document.root, &mut all);
    if all.is_empty() {
        return;
    }
    let picked = new.len() % all.len();
    let Ok(edit) = set_scalar(source, &all[picked].value, new) else { return };
    let Ok(result) = replace_checked(source, std::slice::from_ref(&edit)) else { return };
    let changed = parse(&result).expect("a checked result is readable");
    let mut after = Vec::new();
    entries(&changed[0].root, &mut after);
    assert_eq!(all.len(), after.len());
    assert_eq!(after[picked].value.as_str(), Some(new), "{edit:?}");
});

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
