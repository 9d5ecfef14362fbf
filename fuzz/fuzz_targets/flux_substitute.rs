//! Any text is substituted or refused, alone and as a value inside an object, strictly and leniently.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use towpath_render::flux::{Strictness, Variables, expand};

fuzz_target!(|text: &str| {
    let known = [("a", "value"), ("empty", ""), ("path", "/one/two.three"), ("x", "1:30")];
    let known: BTreeMap<String, String> =
        known.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        let variables = Variables::of(known.clone());
        let expanded = expand(text, &variables, strictness);
        if let Ok(expanded) = &expanded {
            assert!(expanded.unknown.is_empty());
            if !text.contains('$') {
                assert_eq!(expanded.text, text);
            }
        }
        let object = serde_json::json!({"kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": text}});
        let _ = variables.substitute(&object, strictness);
    }
});
