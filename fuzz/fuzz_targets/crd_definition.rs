//! Any JSON is a definition that can be prepared and compared with itself, or is refused, by the reader or in the words
//! of the API server.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_schema::crd::schema::Schema;
use towpath_schema::crd::{Definition, MAX_REFUSALS, compare, refusals, refusals_of_update};

fuzz_target!(|data: &[u8]| {
    let Ok(value) = serde_json::from_slice(data) else { return };
    assert!(refusals(&value).len() <= MAX_REFUSALS);
    let _ = refusals_of_update(&value, &value);
    let Ok(definition) = Definition::parse(&value) else { return };
    assert_eq!(compare(&definition, &definition).iter().filter(|c| c.was != c.is).count(), 0);
    for version in &definition.versions {
        let schema = Schema::of(&definition, version);
        let _ = schema.validate(&value);
    }
});
