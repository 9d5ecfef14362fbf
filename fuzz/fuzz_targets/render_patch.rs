//! Patches of any form: no panic, and a strategic merge done twice is the same as once where that can be promised.
//!
//! Input: the object and the patch as YAML, with a zero byte between them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use towpath_render::kustomize::patch::{json6902, schema::Schema, strategic};
use towpath_yaml::{Limits, Reading, parse_with};

fuzz_target!(|input: &[u8]| {
    let Some(zero) = input.iter().position(|b| *b == 0) else { return };
    let (Some(target), Some(patch)) = (read(&input[..zero]), read(&input[zero + 1..])) else { return };
    if let Ok(operations) = json6902::from_value(patch.clone()) {
        let mut target = target.clone();
        let _ = json6902::apply(&mut target, &operations);
    }
    if !target.is_object() || !patch.is_object() {
        return;
    }
    let mut once = target;
    if strategic::merge(&mut once, &patch, Schema::builtin()).is_err() || !known(&once) || !known(&patch) {
        return;
    }
    let mut twice = once.clone();
    if strategic::merge(&mut twice, &patch, Schema::builtin()).is_ok() {
        assert_eq!(once, twice);
    }
});

/// Without directives, and without lists: what a list does depends on keys that may be missing.
fn known(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().all(|(key, value)| key != "$patch" && known(value)),
        Value::Array(_) | Value::Null => false,
        _ => true,
    }
}

fn read(source: &[u8]) -> Option<Value> {
    let limits = Limits { reading: Reading::GoYaml3, ..Limits::default() };
    Some(parse_with(source, &limits).ok()?.first()?.root.to_json())
}
