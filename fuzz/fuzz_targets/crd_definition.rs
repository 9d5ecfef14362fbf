//! Any JSON is a definition that can be prepared and compared with itself, or is refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_schema::crd::schema::Schema;
use towpath_schema::crd::{Definition, compare};

fuzz_target!(|data: &[u8]| {
    let Ok(value) = serde_json::from_slice(data) else { return };
    let Ok(definition) = Definition::parse(&value) else { return };
    assert_eq!(compare(&definition, &definition).iter().filter(|c| c.was != c.is).count(), 0);
    for version in &definition.versions {
        let schema = Schema::of(&definition, version);
        let _ = schema.validate(&value);
    }
});
