//! Any bytes are an object that JSON can write, or are refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use towpath_apimachinery::proto::decode;

fuzz_target!(|data: &[u8]| {
    if let Ok(value) = decode(data) {
        assert!(value.is_object());
        assert!(serde_json::to_vec(&value).is_ok());
    }
});
